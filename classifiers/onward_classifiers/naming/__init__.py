"""Find what a mail names: company, role, reference number, people, dates, and what kind of no it is.

Company and role are chosen among everything that could be one: each candidate collects signs ('stands after "at"',
'is what the sender's domain spells', 'a job's word is in it'), `weights.py` says how much each sign weighs, and the
best is named if it is likely enough. Nothing is named on a guess. The systems that send mail for many employers are
known here only so that none of them is taken for the company or written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from onward.core.model import Address, Found, Message, Person, Stage
from onward_classifiers.naming import patterns, weights
from onward_classifiers.naming.choice import likeliest
from onward_classifiers.naming.company import find_company
from onward_classifiers.naming.dates import find_dates
from onward_classifiers.naming.no import (
    find_feedback,
    find_kind,
    find_other_role,
    find_reason,
    find_stage,
    hear,
    whole_mail,
)
from onward_classifiers.naming.passage import READ, Mail
from onward_classifiers.naming.people import find_contact, find_people
from onward_classifiers.naming.requisition import find_numbers
from onward_classifiers.naming.role import role_candidates
from onward_classifiers.text import Prepared, Sentence

MOST_NUMBERS = 5  # of one mail


@dataclass(frozen=True, slots=True)
class Named:
    """What one mail names. None: not found. The last five say something of a no only."""

    company: Found | None = None
    role: Found | None = None
    requisition: Found | None = None
    numbers: frozenset[str] = frozenset()
    contact: Address | None = None
    people: tuple[Person, ...] = ()
    dates: tuple[Found, ...] = ()
    feedback_given: bool = False
    feedback_offered: bool = False
    feedback_refused: bool = False
    kind: Found | None = None
    reason: Found | None = None
    other_role: Found | None = None
    stage: Stage | None = None


def extract(
    message: Message,
    prepared: Prepared,
    sentences: Sequence[Sentence],
    language: str | None = None,
    concepts: Sequence[Sequence[str]] = (),
    *,
    no: bool = True,
) -> Named:
    """Everything one mail names, looked for with the words of its language.

    The concepts of the sentences may be handed over where they are known; what only a no says is left out if asked.
    """
    mail = Mail(message, prepared, language)
    heard = hear(sentences, language, concepts)
    signs = whole_mail(mail, heard)
    company, contact = find_company(mail), find_contact(mail)
    roles = role_candidates(mail, company)
    role = likeliest(roles, weights.ROLE_SIGNS)
    given, offered, refused = find_feedback(heard, signs)
    numbers = list(islice(find_numbers(mail), MOST_NUMBERS))
    kind = find_kind(heard, signs) if no else None
    return Named(
        company=company,
        role=role,
        requisition=numbers[0] if numbers else None,
        numbers=frozenset(each.value for each in numbers),
        contact=contact,
        people=find_people(mail, contact, company),
        dates=find_dates(mail),
        feedback_given=given,
        feedback_offered=offered,
        feedback_refused=refused,
        kind=kind,
        reason=find_reason(heard) if no else None,
        other_role=find_other_role(mail, role, roles, heard) if kind and kind.value == "other_role" else None,
        stage=find_stage(heard, signs) if no else None,
    )


def speaks_to_applicant(text: str) -> bool:
    """Whether a text speaks to its reader of the reader's own application."""
    return patterns.YOUR_APPLICATION.search(text[:READ]) is not None
