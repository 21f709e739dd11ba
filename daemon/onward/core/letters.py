"""Whether a rejection is answered, to whom, with which letter, and with which facts.

Pure. The words themselves stand in `templates/letters/`; this module only says which.
"""

from __future__ import annotations

import re

from onward.core import mail
from onward.core.model import Address, Found, Letter, LetterKind, Message, Policy, Prediction, Stage

SURE = 0.7  # confidence from which an extracted name may stand in a letter

_MACHINE = re.compile(
    r"(?:^|[._+-])(?:no[._-]?reply|do[._-]?not[._-]?reply|donotreply|noreply\w*|nepasrepondre|ne[._-]pas[._-]repondre"
    r"|keine?[._-]?antwort|nicht[._-]?antworten|no[._-]?responder|no[._-]?responda|nao[._-]?responda|geen[._-]?antwoord"
    r"|svara[._-]?(?:ej|inte)|non[._-]?rispondere|mailer-daemon|postmaster|bounces?|notifications?|notify|automated"
    r"|auto[._-]?reply|unattended|unmonitored)(?:$|[._+-]|\d)",
    re.IGNORECASE,
)


def nobody_reads(address: str) -> bool:
    """True for an address that says of itself that answers reach nobody."""
    return bool(_MACHINE.search(address.rpartition("@")[0]))


def plan_letter(
    message: Message, prediction: Prediction, stage: Stage, policy: Policy, drafts_today: int
) -> tuple[Letter | None, str]:
    """The letter for a rejection at `stage`, or None; and the reason either way."""
    if not policy.draft_letters:
        return None, "letters are switched off"
    if "auto-submitted" in message.signs and not message.reply_to:
        return None, "a machine sent it and names nobody to answer"
    recipient = find_recipient(message, prediction)
    if recipient is None:
        return None, "nobody reads replies to this sender"
    if recipient.email.lower() in policy.own_addresses:
        return None, "the only address is your own"
    if drafts_today >= policy.drafts_per_day:
        return None, f"{policy.drafts_per_day} letters were drafted within a day already"
    ask = not prediction.feedback_refused and (stage is not Stage.APPLIED or prediction.feedback_offered)
    letter = Letter(
        kind=LetterKind.THANKS_AND_FEEDBACK if ask else LetterKind.THANKS,
        account=message.account,
        recipient=recipient,
        from_address=find_own_address(message, policy),
        subject=mail.reply_subject(message.subject),
        in_reply_to=message.message_id,
        references=_thread(message),
        facts={
            "contact": greeting_name(recipient, first_name_only=prediction.language == "en"),
            "company": _sure(prediction.company),
            "role": _sure(prediction.role),
            "name": policy.name,
            "stage": stage,
        },
    )
    if prediction.feedback_refused:
        return letter, "they do not give feedback: a short thank-you only"
    if stage is not Stage.APPLIED:
        return letter, f"you had come to the {stage} stage: thanks, and one question"
    if ask:
        return letter, "they offer feedback: thanks, and one question"
    return letter, "a person wrote, no interview yet: a short thank-you"


def find_recipient(message: Message, prediction: Prediction) -> Address | None:
    """A person who would read an answer: what the classifier found, if the mail itself bears it out.

    Only the addresses in From and Reply-To count, and a Reply-To of another organisation does not:
    no letter ever goes to an address found in a body.
    """
    sender = message.sender
    if sender is None:
        return None
    for reply_to in message.reply_to:
        if not nobody_reads(reply_to.email) and _same_house(reply_to, sender):
            return reply_to if reply_to.name else Address(reply_to.email, _name_for(reply_to, sender, prediction))
    if message.reply_to and not any(each.email == sender.email for each in message.reply_to):
        return None
    if nobody_reads(sender.email) or prediction.contact is None:
        return None
    return sender if sender.name else Address(sender.email, prediction.contact.name)


def _name_for(reply_to: Address, sender: Address, prediction: Prediction) -> str:
    if prediction.contact is not None and prediction.contact.email == reply_to.email:
        return prediction.contact.name
    return sender.name if sender.email == reply_to.email else ""


def _same_house(one: Address, other: Address) -> bool:
    """The same domain, or one below the other."""
    a, b = one.email.rpartition("@")[2], other.email.rpartition("@")[2]
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
