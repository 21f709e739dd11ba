"""Whether a rejection is answered, to whom, with which letter, and with which facts.

Pure. The words themselves stand in `templates/letters/`; this module only says which.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from onward.core import mail, tracker
from onward.core.model import (
    LANGUAGES,
    Address,
    Application,
    Found,
    Known,
    Letter,
    LetterKind,
    Message,
    Policy,
    Prediction,
    Stage,
)

SURE = 0.7  # confidence from which an extracted name may stand in a letter
ALWAYS_FIRST_NAMES = frozenset({"en", "sv"})
READ = 4_000  # characters of a mail that show how its writer speaks


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides which letter answers a no."""

    stage: Stage
    prediction: Prediction

    @property
    def met(self) -> bool:
        """Whether they had talked, or a task had been set."""
        return self.stage is not Stage.APPLIED


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the gate: where it fits, which letter, and why in words."""

    fits: Callable[[Situation], bool]
    kind: LetterKind
    reason: str


GATE = (  # the first row that fits decides; whether there is a letter at all is decided before
    Row(
        lambda it: it.prediction.other_role is not None,
        LetterKind.OTHER_ROLE,
        "they propose another role: thanks, and an open answer",
    ),
    Row(
        lambda it: it.prediction.feedback_given and not it.prediction.feedback_offered,
        LetterKind.THANKS_FOR_FEEDBACK,
        "they gave feedback already: thanks for it, nothing asked",
    ),
    Row(
        lambda it: it.prediction.feedback_refused,
        LetterKind.THANKS,
        "they do not give feedback: a short thank-you only",
    ),
    Row(
        lambda it: it.met,
        LetterKind.THANKS_AND_FEEDBACK,
        "you had come to the {stage} stage: thanks, and one question",
    ),
    Row(
        lambda it: it.prediction.feedback_offered,
        LetterKind.THANKS_AND_FEEDBACK,
        "they offer feedback: thanks, and one question",
    ),
    Row(lambda it: True, LetterKind.THANKS, "a person wrote, no interview yet: a short thank-you"),
)


def plan_letter(
    message: Message,
    prediction: Prediction,
    stage: Stage,
    policy: Policy,
    known: Known,
    matched: Application | None = None,
) -> tuple[Letter | None, str]:
    """The letter for a rejection at `stage`, or None; and the reason either way."""
    if not policy.draft_letters:
        return None, "letters are switched off"
    recipient, evidence = find_recipient(message, prediction), ""
    if recipient is None and matched is not None:
        recipient, evidence = find_met(message, matched, policy)
    if recipient is None:
        return None, "nobody reads replies to this sender, and nobody else of this application is known"
    if recipient.email.lower() in policy.own_addresses:
        return None, "the only address is your own"
    if doubt := find_doubt(recipient, prediction, matched):
        return None, f"no letter to {recipient.email}: {doubt}. If it is right, write to it yourself"
    if known.drafts_today >= policy.drafts_per_day:
        return None, f"{policy.drafts_per_day} letters were drafted within a day already"
    row = next(row for row in GATE if row.fits(Situation(stage, prediction)))
    letter = Letter(
        kind=row.kind,
        account=message.account,
        recipient=recipient,
        from_address=find_own_address(message, policy),
        subject=mail.reply_subject(message.subject),
        in_reply_to=message.message_id,
        references=_thread(message),
        facts=_facts(message, prediction, stage, policy, known, recipient),
        language=language_of(prediction),
    )
    return letter, row.reason.format(stage=stage) + evidence


def language_of(prediction: Prediction) -> str:
    """The language a letter is written in: that of the mail, English where we write none in it."""
    return prediction.language if prediction.language in LANGUAGES else LANGUAGES[0]


def _facts(
    message: Message, prediction: Prediction, stage: Stage, policy: Policy, known: Known, recipient: Address
) -> dict[str, str]:
    """What a letter may use; '' for what is not known, or not surely enough."""
    language = language_of(prediction)
    formal = language not in ALWAYS_FIRST_NAMES and writes_formally(message.text, language)
    company = _sure(prediction.company)
    house = tracker.plain(company) or recipient.domain
    before = sum(tracker.plain(name) == house for name in known.written_to)
    return {
        "contact": greeting_name(recipient, first_name_only=not formal),
        "company": company,
        "role": _sure(prediction.role),
        "other_role": _sure(prediction.other_role),
        "name": policy.name,
        "stage": stage,
        "topic": "technical" if _TECHNICAL.search(message.text[:READ]) and stage is not Stage.APPLIED else "",
        "offered": "yes" if prediction.feedback_offered else "",
        "formal": "yes" if formal else "",
        "variant": f"{house}:{before}",
    }


def writes_formally(text: str, language: str) -> bool:
    """Whether a mail keeps its distance: Sie, vous, usted, u, Lei. Where nothing shows, it does."""
    near, far = _ADDRESS.get(language, (_NEVER, _NEVER))
    return len(near.findall(text[:READ])) <= len(far.findall(text[:READ]))


def find_doubt(recipient: Address, prediction: Prediction, matched: Application | None) -> str:
    """Why an address may be that of somebody who only poses as the employer; '' where nothing speaks for it."""
    house = recipient.domain
    if not house.isascii() or "xn--" in house:
        return "its domain is spelt with letters that look like others"
    shown = _ADDRESS_SHOWN.search(recipient.name)
    if shown is not None and shown[1].lower() != house:
        return f"its name shows another address, at {shown[1]}"
    known = [one for one in matched.people if not mail.nobody_reads(one.email)] if matched is not None else []
    if not known or any(_same_house(recipient, one) for one in known):
        return ""
    names = [tracker.plain(name) for name in (_sure(prediction.company), matched.company if matched else "") if name]
    if any(len(name) > 3 and name.split()[0] in _registered(house) for name in names):
        return ""
    return f"mails about this application came from {known[-1].domain} before"


def _registered(house: str) -> str:
    """The part of a domain its owner chose: 'acme' of 'mail.acme.co.uk'."""
    labels = house.split(".")
    short_end = len(labels) > 2 and len(labels[-2]) <= 3
    return labels[-3] if short_end else labels[-2] if len(labels) > 1 else house


def find_met(message: Message, matched: Application, policy: Policy) -> tuple[Address | None, str]:
    """Whoever last wrote about this application and is a person, with the words that say so."""
    for person in reversed(matched.people):
        machine = mail.nobody_reads(person.email) or not greeting_name(person)
        own = person.email.lower() in policy.own_addresses
        if not machine and not own and (message.sender is None or person.email != message.sender.email):
            return person, f"; to {person.name}, who wrote to you about it before"
    return None, ""


def find_recipient(message: Message, prediction: Prediction) -> Address | None:
    """A person who would read an answer: what the classifier found, if the mail itself bears it out.

    Only the addresses in From and Reply-To count, and a Reply-To of another organisation does not:
    no letter ever goes to an address found in a body.
    """
    sender = message.sender
    if sender is None:
        return None
    for reply_to in message.reply_to:
        if not mail.nobody_reads(reply_to.email) and _same_house(reply_to, sender):
            return reply_to if reply_to.name else Address(reply_to.email, _name_for(reply_to, sender, prediction))
    if message.reply_to and not any(each.email == sender.email for each in message.reply_to):
        return None
    if mail.nobody_reads(sender.email) or prediction.contact is None:
        return None
    return sender if sender.name else Address(sender.email, prediction.contact.name)


def _name_for(reply_to: Address, sender: Address, prediction: Prediction) -> str:
    if prediction.contact is not None and prediction.contact.email == reply_to.email:
        return prediction.contact.name
    return sender.name if sender.email == reply_to.email else ""


def _same_house(one: Address, other: Address) -> bool:
    """The same domain, or one below the other."""
    a, b = one.domain, other.domain
    return a == b or a.endswith("." + b) or b.endswith("." + a)


def find_own_address(message: Message, policy: Policy) -> Address:
    """The address of the person's that the mail was sent to, so that the answer comes from it."""
    for address in (*message.to, *message.cc):
        if address.email.lower() in policy.own_addresses:
            return Address(address.email, policy.name)
    return Address(min(policy.own_addresses, default="me@localhost"), policy.name)


def _sure(found: Found | None) -> str:
    """A value certain enough to stand in a letter; a wrong company in a thank-you is worse than none."""
    return found.value if found is not None and found.confidence >= SURE else ""


def greeting_name(address: Address, first_name_only: bool = True) -> str:
    """A name to greet with, or '' where the name is a team's, a company's or missing.

    The first name alone where English is written; elsewhere both names, which is never too familiar.
    """
    name = re.sub(r"\(.*?\)|\bvia\b.*|\bat\b.*|[|/].*|\s[–-]\s.*", "", address.name).strip()
    if "," in name:  # "Moravec, Tessa"
        last, _, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}"
    words = [word for word in name.split() if word.lower().rstrip(".") not in _TITLES]
    if not 2 <= len(words) <= 4 or any(word.lower().strip(".,&") in _TEAM_WORDS for word in words):
        return ""
    if not all(word[0].isupper() or word in _PARTICLES for word in words):
        return ""
    if not all(word.replace("-", "").replace("'", "").replace(".", "").isalpha() for word in words):
        return ""
    return words[0] if first_name_only else " ".join(words)


_PARTICLES = frozenset(("van", "von", "der", "den", "de", "da", "di", "du", "la", "le", "del", "dos", "ter", "zu"))
_TITLES = frozenset(("mr", "mrs", "ms", "mx", "dr", "prof", "herr", "frau", "m", "mme", "sr", "sra", "dhr", "mevr"))
_TEAM_WORDS = frozenset(
    (
        *(
            "team",
            "careers",
            "career",
            "talent",
            "recruiting",
            "recruitment",
            "hiring",
            "hr",
            "people",
            "jobs",
            "job",
        ),
        *(
            "acquisition",
            "human",
            "resources",
            "personal",
            "personalabteilung",
            "bewerbermanagement",
            "recruiter",
        ),
        *(
            "recrutement",
            "rh",
            "empleo",
            "selección",
            "seleccion",
            "rekrytering",
            "vacatures",
            "gmbh",
            "inc",
            "ltd",
        ),
        *(
            "ag",
            "llc",
            "sa",
            "bv",
            "ab",
            "group",
            "office",
            "support",
            "noreply",
            "notifications",
            "the",
            "&",
            "and",
        ),
    )
)


def _thread(message: Message) -> tuple[str, ...]:
    """References of the answer: the mail's own, then the mail (RFC 5322 §3.6.4)."""
    own = (message.message_id,) if message.message_id else ()
    kept = tuple(each for each in message.references if each not in own)
    return (kept[:1] + kept[-(mail.REFERENCES_CAP - 2) :] if len(kept) >= mail.REFERENCES_CAP else kept) + own


_ADDRESS_SHOWN = re.compile(r"[^\s@<]@([\w.-]+\.\w+)")
_NEVER = re.compile(r"(?!)")
_ADDRESS = {  # words of somebody who says du, and of somebody who says Sie
    "de": (
        re.compile(r"\b(?:[Dd]u|[Dd]ir|[Dd]ich|[Dd]ein\w{0,2}|[Ee]uch)\b"),
        re.compile(r"\b(?:Sie|Ihnen|Ihr(?:e[nmrs]?)?)\b"),
    ),
    "fr": (
        re.compile(r"(?i)\b(?:tu|toi|te|ton|ta|tes)\b|\bt['’]"),
        re.compile(r"(?i)\b(?:vous|votre|vos)\b"),
    ),
    "es": (
        re.compile(r"(?i)\b(?:tú|ti|te|tu|tus|contigo|vos|quieres|puedes|tienes|has)\b"),
        re.compile(r"(?i)\b(?:usted|le|su|sus|estimad[oa])\b"),
    ),
    "nl": (
        re.compile(r"(?i)\b(?:je|jij|jou|jouw)\b"),
        re.compile(r"(?i)\b(?:u|uw)\b"),
    ),
    "it": (
        re.compile(r"\b(?:[Tt]u|[Tt]i|[Tt]e|[Tt]u[oaei]|[Tt]uoi)\b"),
        re.compile(r"\b(?:Lei|Le|La|Suo|Sua|Suoi|Sue|[Gg]entile|[Ee]gregi[oa])\b|\w(?:Le|La)\b"),
    ),
    "pt": (
        re.compile(r"(?i)\b(?:tu|te|ti|teu|tua|contigo|você|oi)\b"),
        re.compile(r"(?i)\b(?:senhor|senhora|sr|sra|lhe|prezad[oa]|exm[oa])\b"),
    ),
}
_TECHNICAL = re.compile(
    r"(?i)\b(?:technical (?:interview|round|test|task|depth|skills?)|coding|live[- ]coding|pair programming"
    r"|fachgespräch|technische[nrs]? (?:gespräch|interview|aufgabe|test)|entretien technique|test technique"
    r"|prueba técnica|entrevista técnica|technisch (?:gesprek|interview)|teknisk(?:a|t)? (?:intervju|test)"
    r"|prova técnica|teste técnico"
    r"|prova tecnica|colloquio tecnico)"
)
