"""Whether a mail is answered, to whom, with which letter, and with which facts.

Pure. The words themselves stand in `templates/letters/`; this module only says which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from onward.core import mail, tracker
from onward.core.model import (
    LANGUAGES,
    OCCASIONS,
    Address,
    Application,
    Found,
    Habits,
    Known,
    Letter,
    LetterKind,
    Message,
    Occasion,
    Person,
    Policy,
    Prediction,
    Stage,
)

SURE = 0.7  # confidence from which an extracted name may stand in a letter
ALWAYS_FIRST_NAMES = frozenset({"en", "sv"})
READ = 4_000  # characters of a mail that show how its writer speaks
NOT_ABOUT_YOU = frozenset({"cancelled", "frozen"})  # kinds of a no where the job itself went away
MUCH_SHORTER = 0.7  # of our words, in a letter as the person sent it
PLAIN = 2  # letters changed in one way that show a habit


@dataclass(frozen=True, slots=True)
class Situation:
    """All that decides whether a no is answered, and with which letter."""

    prediction: Prediction
    stage: Stage
    policy: Policy
    known: Known
    recipient: Address | None = None
    late: bool = False  # too old to be answered
    repeat: str = ""  # why it is no news; '': it is

    @property
    def met(self) -> bool:
        """Whether they had talked, or a task had been set."""
        return self.stage is not Stage.APPLIED

    @property
    def kind(self) -> str:
        """Of the no: 'plain', 'filled', 'cancelled' …"""
        return self.prediction.kind.value if self.prediction.kind else "plain"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the gate: where it fits, which letter or none, and why in words."""

    fits: Callable[[Situation], bool]
    kind: LetterKind | None
    reason: str


GATE = (  # the first row that fits decides
    Row(lambda it: bool(it.repeat), None, "{it.repeat}"),
    Row(
        lambda it: it.late,
        None,
        "older than {it.policy.answer_within.days} days when first seen: remembered, not answered",
    ),
    Row(lambda it: not it.policy.draft_letters, None, "letters are switched off"),
    Row(
        lambda it: it.recipient is None,
        None,
        "nobody reads replies to this sender, and nobody else of this application is known",
    ),
    Row(
        lambda it: it.recipient is not None and it.recipient.email.lower() in it.policy.own_addresses,
        None,
        "the only address is your own",
    ),
    Row(
        lambda it: it.known.unused >= it.policy.unused_limit,
        None,
        "your last {it.known.unused} letters were not used, so none was written",
    ),
    Row(
        lambda it: it.known.drafts_today >= it.policy.drafts_per_day,
        None,
        "{it.policy.drafts_per_day} letters were drafted within a day already",
    ),
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
        lambda it: it.prediction.feedback_offered,
        LetterKind.THANKS_AND_FEEDBACK,
        "they offer feedback: thanks, and one question",
    ),
    Row(
        lambda it: it.kind in NOT_ABOUT_YOU,
        LetterKind.THANKS,
        "the job itself went away, which says nothing about you: thanks, nothing asked",
    ),
    Row(
        lambda it: it.kind == "later" and not it.met,
        LetterKind.THANKS,
        "they ask you to try again later: thanks, and the door left open",
    ),
    Row(
        lambda it: it.met,
        LetterKind.THANKS_AND_FEEDBACK,
        "you had come to the {it.stage} stage: thanks, and one question",
    ),
    Row(lambda it: True, LetterKind.THANKS, "a person wrote, no interview yet: a short thank-you"),
)


def judge(it: Situation) -> tuple[LetterKind | None, str]:
    """The gate: which letter, or none; and why."""
    row = next(row for row in GATE if row.fits(it))
    return row.kind, row.reason.format(it=it)


@dataclass(frozen=True, slots=True)
class Addressee:
    """To whom a letter goes, what shows that they are the right one, and what speaks against it."""

    address: Address
    evidence: str = ""
    warning: str = ""
    to_confirm: bool = False


def plan_letter(
    message: Message,
    prediction: Prediction,
    stage: Stage,
    policy: Policy,
    known: Known,
    matched: Application | None = None,
    *,
    late: bool = False,
    repeat: str = "",
    wanted: bool = False,
    to: Address | None = None,
) -> tuple[Letter | None, str]:
    """The letter for a rejection at `stage`, or None; and the reason either way.

    `wanted`: the person asked for one, perhaps to an address they name, and only what makes it impossible counts.
    """
    found = Addressee(to) if to is not None else find_addressee(message, prediction, policy, matched)
    situation = Situation(prediction, stage, policy, known, found.address if found else None, late, repeat)
    if wanted:
        anything = Policy(own_addresses=policy.own_addresses)
        situation = Situation(prediction, stage, anything, Known(), situation.recipient)
    kind, reason = judge(situation)
    if kind is None or found is None:
        return None, reason
    letter = _letter(kind, Occasion.NO, message, prediction, stage, policy, known, found)
    if found.to_confirm:
        return letter, f"{reason}; but {found.warning}"
    return letter, reason + found.evidence


def plan_thanks(
    message: Message, prediction: Prediction, policy: Policy, known: Known, matched: Application | None
) -> tuple[Letter | None, str]:
    """Two lines of thanks for feedback that came; and the reason."""
    to = find_addressee(message, prediction, policy, matched)
    situation = Situation(prediction, Stage.APPLIED, policy, known, to.address if to else None)
    refused = next((row for row in GATE if row.kind is None and row.fits(situation)), None)
    if refused is not None or to is None:
        return None, refused.reason.format(it=situation) if refused else ""
    kind, stage = LetterKind.THANKS_FOR_FEEDBACK, matched.stage if matched else Stage.APPLIED
    letter = _letter(kind, Occasion.FEEDBACK, message, prediction, stage, policy, known, to)
    return letter, "they answered with feedback: thanks for it, nothing asked"


def plan_other(
    kind: LetterKind,
    message: Message,
    prediction: Prediction,
    one: Application,
    policy: Policy,
    known: Known,
    now: datetime,
    to: Address | None = None,
) -> Letter | None:
    """A letter the person asked for on another occasion than a no; None: nobody is known to write it to.

    `message` is the latest mail about the application. A mentor is written to outside of its thread.
    """
    addressee = Addressee(to) if to is not None else find_addressee(message, prediction, policy, one)
    if addressee is None or (kind is LetterKind.MENTOR and to is None):  # a mentor is nobody of the employer's
        return None
    letter = _letter(kind, OCCASIONS[kind], message, prediction, one.stage, policy, known, addressee)
    days = (now - message.arrived_at).days
    facts = letter.facts | {
        "company": one.company,
        "role": one.role,
        "weeks": str(max(1, round(days / 7))),
        "months": str(max(1, round(days / 30.4))),
    }
    if kind is not LetterKind.MENTOR:
        return replace(letter, facts=facts)
    facts |= {"contact": greeting_name(addressee.address), "formal": ""}
    return replace(letter, facts=facts, subject=tracker.named_of(one), in_reply_to=None, references=())


def _letter(
    kind: LetterKind,
    occasion: Occasion,
    message: Message,
    prediction: Prediction,
    stage: Stage,
    policy: Policy,
    known: Known,
    to: Addressee,
) -> Letter:
    return Letter(
        kind=kind,
        account=message.account,
        recipient=to.address,
        from_address=find_own_address(message, policy),
        subject=mail.reply_subject(message.subject),
        in_reply_to=message.message_id,
        references=_thread(message),
        facts=_facts(message, prediction, stage, policy, known, to.address),
        language=language_of(prediction),
        occasion=occasion,
        warning=to.warning,
        to_confirm=to.to_confirm,
    )


def find_addressee(
    message: Message, prediction: Prediction, policy: Policy, matched: Application | None
) -> Addressee | None:
    """Who reads an answer, with what shows it. None: nobody does.

    Only the addresses in From and Reply-To, and those met before, count: no letter ever goes to one found in a text.
    """
    if "auth-failed" in message.signs:
        claimed = f" ({message.sender.email})" if message.sender else ""
        warning = f"your mail provider says that this mail is not from whom it names{claimed}"
        return Addressee(Address(""), "", warning, to_confirm=True)
    recipient = find_recipient(message, prediction)
    if recipient is not None:
        if doubt := find_doubt(recipient, prediction, matched):
            return Addressee(recipient, "", doubt, to_confirm=True)
        return Addressee(recipient, "", find_news(recipient, matched))
    if matched is not None and (met := find_met(message, matched, policy)) is not None:
        known_by = WHERE.get(met.where, "is known from this application")
        return Addressee(met.address, f"; to {met.name}, who {known_by}")
    elsewhere = next((each for each in message.reply_to if not mail.nobody_reads(each.email)), None)
    if elsewhere is not None and message.sender is not None:
        warning = f"answers would go to {elsewhere.email}, while the mail comes from {message.sender.domain}"
        return Addressee(elsewhere, "", warning, to_confirm=True)
    return None


WHERE = {
    "from": "wrote to you about it before",
    "reply-to": "is named for answers in an earlier mail",
    "cc": "was copied in an earlier mail",
    "calendar": "stands in an invitation",
    "your mail": "you wrote to about it",
    "you": "you noted for it",
}


def find_news(recipient: Address, matched: Application | None) -> str:
    """What to say of an address that nobody has written from before; '' where somebody has."""
    if any(_same_house(recipient, one) for one in known_addresses(matched)):
        return ""
    return f"this is the first mail about it from {recipient.domain}: make sure that the address is right"


def language_of(prediction: Prediction) -> str:
    """The language a letter is written in: that of the mail, English where we write none in it."""
    return prediction.language if prediction.language in LANGUAGES else LANGUAGES[0]


def _facts(
    message: Message, prediction: Prediction, stage: Stage, policy: Policy, known: Known, recipient: Address
) -> dict[str, str]:
    """What a letter may use; '' for what is not known, or not surely enough."""
    language = language_of(prediction)
    formal = language not in ALWAYS_FIRST_NAMES and writes_formally(message.text, language)
    if known.habits.formal is not None and language not in ALWAYS_FIRST_NAMES:
        formal = known.habits.formal
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
        "brief": "yes" if known.habits.brief else "",
        "variant": f"{house}:{before}",
    }


def habits(letters: Sequence[tuple[str, str, str]]) -> Habits:
    """What the letters that the person changed plainly show: (as proposed, as sent, language), the latest first."""
    shorter = sum(len(sent.split()) < MUCH_SHORTER * len(ours.split()) for ours, sent, _ in letters)
    changed = [
        writes_formally(sent, language)
        for ours, sent, language in letters
        if writes_formally(ours, language) != writes_formally(sent, language)
    ]
    one_way = len(changed) >= PLAIN and len(set(changed)) == 1
    return Habits(shorter >= PLAIN and 2 * shorter > len(letters), changed[0] if one_way else None)


def shortened(body: str) -> str:
    """A letter without the wishes before its ending, for somebody who keeps striking them out."""
    parts = body.strip("\n").split("\n\n")
    return "\n\n".join((*parts[:-2], parts[-1]) if len(parts) > MANY_PARTS else parts) + "\n"


MANY_PARTS = 4  # greeting, thanks, question and ending; a fifth holds wishes


def writes_formally(text: str, language: str) -> bool:
    """Whether a mail keeps its distance: Sie, vous, usted, u, Lei. Where nothing shows, it does."""
    near, far = _ADDRESS.get(language, (_NEVER, _NEVER))
    return len(near.findall(text[:READ])) <= len(far.findall(text[:READ]))


def known_addresses(matched: Application | None) -> list[Address]:
    """Who has written of an application before and is a person, as far as nothing speaks against it."""
    people = matched.people if matched is not None else ()
    return [one.address for one in people if not mail.nobody_reads(one.email) and not one.doubted]


def with_doubts(
    people: tuple[Person, ...], message: Message, prediction: Prediction, matched: Application | None
) -> tuple[Person, ...]:
    """People as a mail shows them, those marked whose address is in doubt: they do not vouch for themselves later."""
    if "own" in message.signs:
        return people
    false = "auth-failed" in message.signs
    return tuple(
        replace(one, doubted=bool(one.email) and (false or bool(find_doubt(one.address, prediction, matched))))
        for one in people
    )


def find_disguise(address: Address) -> str:
    """Why an address may be made to look like another one; '' where nothing says so."""
    house = address.domain
    if not house.isascii() or "xn--" in house:
        return f"the domain of {address.email} is spelt with letters that look like others"
    shown = _ADDRESS_SHOWN.search(address.name)
    if shown is not None and shown[1].lower() != house:
        return f"the name of {address.email} shows another address, at {shown[1]}"
    return ""


def find_doubt(recipient: Address, prediction: Prediction, matched: Application | None) -> str:
    """Why an address may be that of somebody who only poses as the employer; '' where nothing speaks for it."""
    if disguise := find_disguise(recipient):
        return disguise
    house = recipient.domain
    known = known_addresses(matched)
    if not known or any(_same_house(recipient, one) for one in known):
        return ""
    names = (_sure(prediction.company), matched.company if matched else "")
    if any(tracker.in_domain(name, house) for name in names):
        return ""
    return f"mails about this application came from {known[-1].domain} before, and this one from {house}"


def find_met(message: Message, matched: Application, policy: Policy) -> Person | None:
    """Whoever was last heard of in this application and is a person; those who wrote before those who were copied."""
    sender = message.sender.email.lower() if message.sender else ""
    people = [
        one
        for one in reversed(matched.people)
        if not mail.nobody_reads(one.email)
        and not one.doubted
        and is_person(one.address)
        and one.email.lower() not in (*policy.own_addresses, sender)
        and not find_disguise(one.address)
    ]
    return min(people, key=lambda one: one.where == "cc", default=None)


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
    if mail.nobody_reads(sender.email):
        return None
    if prediction.contact is None:
        return find_small_desk(message, prediction)
    return sender if sender.name else Address(sender.email, prediction.contact.name)


def find_small_desk(message: Message, prediction: Prediction) -> Address | None:
    """The desk of a small employer, read by whoever signed the mail: 'hello@…' at a domain of its own name."""
    sender = message.sender
    if sender is None or message.signs or sender.email.partition("@")[0].lower() not in _SMALL_DESKS:
        return None
    if prediction.company is None or not tracker.in_domain(prediction.company.value, sender.domain):
        return None
    signed = next((each for each in prediction.people if each.where == "signature" and each.name), None)
    if signed is None and not message.references:  # nobody's name, and no answer to the person's own mail
        return None
    return Address(sender.email, signed.name if signed else "")


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


def is_person(address: Address) -> bool:
    """Whether a name is a person's, as far as it shows: not that of the house whose address it has."""
    name = greeting_name(address, first_name_only=False)
    if not name:
        return False
    words = tracker.plain(name).split()
    local = tracker.plain_words(address.email.partition("@")[0]).replace(" ", "")
    if any(word in local for word in words if len(word) > 2):
        return True
    house = tracker.registered_name(address.domain)
    return not any(word in house for word in words if len(word) > 3) and local not in _SMALL_DESKS | _DESKS


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


_SMALL_DESKS = frozenset(
    (
        *("info", "hello", "hallo", "hi", "hey", "hej", "hola", "ola", "ciao", "bonjour", "contact", "contacto"),
        *("kontakt", "contatti", "contato", "office", "post", "mail", "bureau", "kantoor", "studio", "team"),
    )
)
_DESKS = frozenset(
    (
        *("jobs", "job", "careers", "career", "karriere", "bewerbung", "bewerbungen", "recruiting", "recruitment"),
        *("recrutement", "empleo", "seleccion", "selezione", "vacatures", "rekrytering", "recrutamento", "hr", "rh"),
        *("talent", "people", "invite", "invitation", "notifications", "candidatures", "personal", "system", "updates"),
    )
)
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
