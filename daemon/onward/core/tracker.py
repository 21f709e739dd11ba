"""Which application a mail belongs to, how far that application has come, and who is behind it.

Pure. The stage is read from the events, in order; nothing is ever overwritten. A mail is matched by its thread, then by
a requisition id, then by who writes for which company about which job; where two fit almost equally well, the person is
asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from onward.core import mail, talks
from onward.core.model import (
    Address,
    Application,
    ApplicationChange,
    Found,
    Label,
    Message,
    Person,
    Policy,
    Prediction,
    Question,
    Stage,
)

EVENTS: dict[Label, str] = {
    Label.ACKNOWLEDGEMENT: "acknowledged",
    Label.STATUS_UPDATE: "update",
    Label.INTERVIEW: "interview",
    Label.ASSESSMENT: "assessment",
    Label.OFFER: "offer",
    Label.REJECTION: "rejection",
    Label.WITHDRAWAL: "withdrawn",
    Label.FEEDBACK_REPLY: "feedback",
}
_STAGES = {
    "screen": Stage.SCREEN,
    "assessment": Stage.SCREEN,
    "interview": Stage.INTERVIEW,
    "final": Stage.FINAL,
    "offer": Stage.OFFER,
}
_ORDER = tuple(Stage)

# What speaks for and against a mail's belonging to an application, and how much of it is enough.
SAME_COMPANY, OTHER_COMPANY = 3.0, 7.0
SAME_ROLE, OTHER_ROLE = 2.0, 2.0
SAME_PERSON, SAME_MACHINE, SAME_HOUSE = 4.0, 1.0, 2.0
BEGINS_ANOTHER = 4.0  # an acknowledgement of another role begins another application
SAME_SUBJECT = 2.0
NUMBER_NAMED, COMPANY_NAMED, ROLE_NAMED = 6.0, 3.0, 2.0  # by its text, whatever was extracted
PERSON_NAMED, FAMILY_NAMED, FIRST_NAMED = 2.5, 2.0, 1.0
PERSON_WRITES = 3.0  # somebody whom an earlier mail only named
UNTIED = 1.5  # nothing but the job's title speaks for it
OTHER_NAME = 1.0  # of a company, in a mail of the house that the application is named after: an agency's client
HOUSE_OF_COMPANY = 2.5  # the sender's domain is made of its name
CLOSED = 0.5
ENOUGH, CLEARLY = 2.0, 0.75
MOST_WORDS = 0.5  # of two titles
TELLING = 12  # characters of a subject
_TITLE_NOISE = re.compile(
    r"\b(?:senior|junior|lead|m f d|m w d|f m d|w m d|h f|all genders|the|of|and|und|de|en|et|y|e)\b"
)
_CLOSING = frozenset({"rejection", "withdrawn", "silent"})
_ADVANCING = frozenset({"screen", "assessment", "interview", "final", "offer", "reopened"})  # … and what reopens it
_TALKS = frozenset({Stage.SCREEN, Stage.INTERVIEW, Stage.FINAL})
LONG_AGO = timedelta(days=90)  # a silence nobody needs to be asked about any more
WAITED = frozenset({"check-in", "waiting"})  # the person knew of the silence, and gave it time
_LEGAL = re.compile(
    r"\b(inc|incorporated|llc|ltd|limited|plc|gmbh|ag|se|kg|co|corp|corporation|company|sa|sas|sarl|srl|spa|bv|nv|ab|oy"
    r"|aps|as|lda|ltda|group|holding)\b"
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One row of an application's log, as its state is read from it."""

    kind: str
    at: datetime | None = None
    message_key: str | None = None


def application(
    id: int,
    company: str,
    role: str,
    requisition: str | None,
    events: Sequence[Happening],
    thread: frozenset[str],
    people: tuple[Person, ...],
    subjects: Sequence[str] = (),
    numbers: Iterable[str] = (),
) -> Application:
    """An application as its events, oldest first, tell it.

    A no closes it, and so do silence and withdrawal; an interview or an offer afterwards opens it again, and after
    silence any word does.
    """
    stage, closed_by, ended, heard_at = Stage.APPLIED, None, "", None
    for event in events:
        stage = max(stage, _STAGES.get(event.kind, stage), key=_ORDER.index)
        if event.kind in _CLOSING:
            ended, closed_by = event.kind, event.message_key
        elif event.kind in _ADVANCING or (ended == "silent" and event.message_key):
            ended, closed_by = "", None
        if event.kind != "quiet":
            heard_at = event.at
    last = events[-1].kind if events else ""
    return Application(
        id=id,
        company=company,
        role=role,
        stage=stage,
        requisition=requisition,
        thread=thread,
        people=tuple(each for each in people if each.email),
        names=frozenset(plain(each.name) for each in people if not mail.nobody_reads(each.email)) - {""},
        closed_by=closed_by,
        subjects=frozenset(topic(each) for each in subjects) - {""},
        numbers=frozenset(plain_words(each) for each in (*numbers, requisition or "")) - {""},
        ended=ended,
        heard_at=heard_at,
        last=last,
    )


@dataclass(frozen=True, slots=True)
class Match:
    """The application a mail belongs to, if any, and those it may belong to as well as to that one."""

    best: Application | None = None
    rivals: tuple[Application, ...] = ()


def match(message: Message, prediction: Prediction, applications: Sequence[Application]) -> Match:
    """Which application a mail belongs to; none: a new one.

    A thread decides by itself, and so does a requisition number. Else signs are weighed: who writes, for whom, about
    which job, under which subject. The best application is the one, if its signs weigh enough; where another comes
    close, both are named.
    """
    by_thread = [each for each in applications if in_thread(message, each)]
    if len(by_thread) == 1:
        return Match(by_thread[0])
    if prediction.requisition is not None and not by_thread:
        wanted = _number(prediction.requisition.value)
        if by_number := [each for each in applications if _number(each.requisition or "") == wanted]:
            return Match(by_number[-1])
    said = _said(message)
    weighed = [
        (_likeness(message, prediction, each, applications, said), not each.closed, place, each)
        for place, each in enumerate(by_thread or applications)
    ]
    weighed.sort(key=lambda one: one[:3], reverse=True)
    if by_thread:
        return Match(weighed[0][3])
    if not weighed or weighed[0][0] < ENOUGH:
        return Match()
    first = weighed[0]
    rivals = [each for each in weighed[1:] if first[0] - each[0] < CLEARLY and first[1] == each[1]]
    return Match(first[3], tuple(each[3] for each in rivals))


def _number(requisition: str) -> str:
    """A requisition number without what is written around its digits: 'R-2231', 'Ref. r 2231'."""
    return re.sub(r"[\W_]+", "", requisition).lower()


def doubt(found: Match, message: Message) -> Question | None:
    """The question for a mail that may belong to one of several applications."""
    if found.best is None or not found.rivals:
        return None
    among = (found.best, *found.rivals[:3])
    answers = [(re.sub(r"[.:?!]", "", named_of(each)), str(each.id)) for each in among] + [("To none of them", "new")]
    told = "   ".join(f"{name}: onward applications assign {message.key[:8]} {to}" for name, to in answers)
    return Question("match", f"To which application does this mail belong? {told}", tuple(each.id for each in among))


def named_of(one: Application) -> str:
    """An application as one speaks of it."""
    return ", ".join(part for part in (one.company, one.role) if part) or "one that no mail names"


def _likeness(
    message: Message, prediction: Prediction, one: Application, applications: Sequence[Application], said: str
) -> float:
    """How much speaks for a mail's belonging to an application. Set by hand; `ENOUGH` says from where on it does."""
    company, role = _value(prediction.company), _value(prediction.role)
    begins = prediction.label is Label.ACKNOWLEDGEMENT
    sender = message.sender or Address("")
    address, house = sender.email.lower(), sender.domain
    tied = 0.0  # what ties a mail to this application, whatever the job is called
    if any(person.email.lower() == address for person in one.people) and _only_of(address, one, applications):
        tied += SAME_MACHINE if mail.nobody_reads(address) else SAME_PERSON
    elif any(person.address.domain == house for person in one.people) and _only_of(house, one, applications):
        tied += SAME_HOUSE
    if any(f" {number} " in said for number in one.numbers):
        tied += NUMBER_NAMED
    surely = tied >= SAME_HOUSE  # by an address or a number: names are shared by many
    if not surely and in_domain(one.company, house):
        tied += HOUSE_OF_COMPANY
    if plain(sender.name) in one.names and not surely:
        tied += PERSON_WRITES
    elif not begins:
        tied += _people_named(one, said)
    if topic(message.subject) in one.subjects:
        tied += SAME_SUBJECT
    weight = tied
    if company and one.company and same_company(company, one.company):
        weight += SAME_COMPANY
    elif _names(one.company, said):
        weight += COMPANY_NAMED
    elif company and one.company:
        client = surely and in_domain(one.company, house) and not in_domain(company, house)
        weight -= OTHER_NAME if client else OTHER_COMPANY
    elif begins and not surely:
        weight -= BEGINS_ANOTHER
    elif one.company and not tied:
        weight -= UNTIED
    if role and one.role:
        weight += SAME_ROLE if same_role(role, one.role) else -(OTHER_ROLE + BEGINS_ANOTHER * begins)
    elif _names(one.role, said):
        weight += ROLE_NAMED
    return weight - CLOSED * one.closed


def _people_named(one: Application, said: str) -> float:
    """How much it tells that a mail names people of an application: in full, or by their family name or first name."""
    best = 0.0
    for name in one.names:
        first, *rest = name.split()
        if _names(name, said):
            best = max(best, PERSON_NAMED)
        elif rest and _names(rest[-1], said):
            best = max(best, FAMILY_NAMED)
        elif _names(first, said):
            best = max(best, FIRST_NAMED)
    return best


def _only_of(sender: str, one: Application, applications: Sequence[Application]) -> bool:
    """Whether an address or domain writes for this application's company alone, as no system for many does."""
    return not any(
        other.company
        and one.company
        and not same_company(other.company, one.company)
        and any(sender in (person.email.lower(), person.address.domain) for person in other.people)
        for other in applications
    )


def _said(message: Message) -> str:
    """What a mail says, in its subject and its text, for looking up names in it; with a space at either end."""
    return f" {plain_words(message.subject)} {plain_words(message.text[:NAMES_WITHIN])} "


NAMES_WITHIN = 4_000  # characters
SHORTEST_NAME = 4  # letters of a name that is not a word by chance


def _names(name: str, said: str) -> bool:
    """Whether a text holds a name, in full."""
    bare = plain(name)
    return len(bare) >= SHORTEST_NAME and f" {bare} " in said


@lru_cache(maxsize=65_536)  # every sender is held against every company
def in_domain(company: str, domain: str) -> bool:
    """Whether a domain is made of a company's name: 'gruenspan-jobs.example' of Grünspan Digital GmbH."""
    registered = re.sub(r"[\W_]", "", registered_name(domain))
    for name in {plain(company), plain(company.casefold().translate(_SPELT_OUT))}:
        words = name.split()
        telling = [word for word in (*words[:1], max(words, key=len, default="")) if len(word) > SHORTEST_NAME]
        whole = "".join(words)
        parts = [*telling, *([whole] if len(whole) >= SHORTEST_NAME else [])]
        if any(re.search(rf"{re.escape(part)}(?!\d)", registered) for part in parts):
            return True
    return False


_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})


def registered_name(domain: str) -> str:
    """The part of a domain its owner chose: 'acme' of 'mail.acme.co.uk'."""
    labels = domain.split(".")
    short_end = len(labels) > 2 and len(labels[-2]) <= 3
    return labels[-3] if short_end else labels[-2] if len(labels) > 1 else domain


def _value(found: Found | None) -> str:
    return found.value if found is not None else ""


def same_company(one: str, other: str) -> bool:
    """Whether two names are one company's: alike without legal form; one begins the other, or abbreviates its end."""
    a, b = plain(one).split(), plain(other).split()
    shorter, longer = sorted((a, b), key=len)
    if not shorter:
        return False
    begins = longer[: len(shorter)] == shorter or "".join(a) == "".join(b)
    initials = "".join(word[0] for word in longer[len(shorter) - 1 :])
    return begins or (len(shorter) > 1 and longer[: len(shorter) - 1] == shorter[:-1] and shorter[-1] == initials)


def same_role(one: str, other: str) -> bool:
    """Whether two titles are one job's: the one holds the other, or they share most of their words."""
    a, b = (set(_TITLE_NOISE.sub(" ", plain(title)).split()) for title in (one, other))
    if not a or not b:
        return False
    return a <= b or b <= a or len(a & b) / len(a | b) >= MOST_WORDS


@lru_cache(maxsize=8192)
def topic(subject: str) -> str:
    """A subject without 'Re:' and its like, for comparing; '' where it is too short to tell."""
    bare = " ".join(mail.ANSWERS.sub("", subject.casefold()).split())
    return bare if len(bare) >= TELLING else ""


def in_thread(message: Message, application: Application) -> bool:
    """Whether a mail answers, or is, one of the mails of an application."""
    return not application.thread.isdisjoint((message.message_id, *message.references))


def known_no(message: Message, application: Application) -> bool:
    """Whether this mail follows a no that came before, in its thread or from one of its people."""
    people = {person.email for person in application.people}
    near = in_thread(message, application) or (message.sender is not None and message.sender.email in people)
    return application.ended == "rejection" and near


def change_for(
    message: Message, prediction: Prediction, matched: Application | None, label: Label
) -> ApplicationChange | None:
    """The event a mail adds to the log; None when it adds none.

    An acknowledgement after an application was closed is a new attempt, not a reopening.
    """
    event = EVENTS.get(label)
    if event is None or (label is Label.FEEDBACK_REPLY and matched is None):
        return None
    if label is Label.INTERVIEW:
        event = talks.talk_in(message)
    if matched is not None and matched.closed and label is Label.ACKNOWLEDGEMENT:
        matched = None
    return ApplicationChange(
        application_id=matched.id if matched else None,
        company=prediction.company.value if prediction.company else "",
        role=prediction.role.value if prediction.role else "",
        event=event,
        requisition=prediction.requisition.value if prediction.requisition else None,
        numbers=prediction.numbers,
    )


def people_in(message: Message, prediction: Prediction, policy: Policy) -> tuple[Person, ...]:
    """Everybody a mail shows to be behind its application; in one of the person's own, whom it is written to."""
    own = policy.own_addresses
    if "own" in message.signs:
        found = [Person(each.name, email=each.email, where="your mail") for each in (*message.to, *message.cc)]
    else:
        senders = [(message.sender, "from")] if message.sender else []
        others = [
            *((each, "reply-to") for each in message.reply_to),
            *((each, "calendar") for each in message.invited),
            *((each, "cc") for each in message.cc),
        ]
        found = [Person(each.name, email=each.email, where=where) for each, where in (*senders, *others)]
    roles = {plain(each.name): each for each in prediction.people if each.name}
    kept: dict[str, Person] = {}
    for each in found:
        if each.email.lower() not in own:
            named = roles.pop(plain(each.name), None)
            kept.setdefault(each.email.lower(), replace(each, role=named.role) if named else each)
    themselves = set(plain(policy.name).split())
    for each in roles.values():
        words = plain(each.name).split()
        nobody = not each.email and len(words) < 2  # a first name alone tells nothing
        if each.email.lower() not in (*own, *kept) and not nobody and not themselves.issuperset(words):
            kept[each.email.lower() or each.name] = each
    return tuple(kept.values())


def find_to_greet(applications: Sequence[Application], policy: Policy, now: datetime) -> list[Application]:
    """Applications that ended months ago, after a talk, with somebody who could be sent a sign of life."""
    return [
        one
        for one in applications
        if one.ended == "rejection"
        and one.stage in _TALKS
        and one.heard_at is not None
        and policy.greet_after <= now - one.heard_at <= 2 * policy.greet_after
        and any(not mail.nobody_reads(each.email) for each in one.people)
    ]


def find_silent(applications: Sequence[Application], policy: Policy, now: datetime) -> list[tuple[Application, str]]:
    """Applications after a talk from which no word has come for too long, and what that makes them.

    'quiet' after the first wait; 'silent', once the person knew of that and a second wait is over.
    """
    found = []
    for one in applications:
        asked = one.last == "quiet"
        if one.closed or asked or one.stage not in _TALKS or one.heard_at is None:
            continue
        if policy.quiet_after <= now - one.heard_at <= LONG_AGO:
            found.append((one, "silent" if one.last in WAITED else "quiet"))
    return found


@lru_cache(maxsize=8192)  # every mail is compared with every application
def plain(name: str) -> str:
    """A company or role without case, accents, punctuation and legal form, for comparing."""
    words = plain_words(name)
    return " ".join(_LEGAL.sub(" ", words).split()) or words


def plain_words(text: str) -> str:
    """A text without case, accents and punctuation, one space between words."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(_PUNCTUATION.sub(" ", "".join(c for c in bare if not unicodedata.combining(c))).split())


_PUNCTUATION = re.compile(r"[^\w\s]|_")
