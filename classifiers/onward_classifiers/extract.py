"""Find what a mail names: company, role, reference number, and a person who would read an answer.

Each value comes with the place it was found and how sure that is; nothing is named on a guess. The systems that send
mail for many employers are known here only so that none of them is taken for the company or written to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

from onward.core.model import Address, Found, Message, Span
from onward_classifiers import patterns
from onward_classifiers.concepts import concepts
from onward_classifiers.features import looks_automatic, words
from onward_classifiers.text import Prepared, Sentence

READ = 5_000  # characters of each piece of text that are searched
TRIED = 8  # places at which one wording is tried


@dataclass(frozen=True, slots=True)
class Named:
    """What one mail names. None: not found."""

    company: Found | None = None
    role: Found | None = None
    requisition: Found | None = None
    contact: Address | None = None
    feedback_offered: bool = False
    feedback_refused: bool = False


def extract(message: Message, prepared: Prepared, sentences: Sequence[Sentence], language: str | None = None) -> Named:
    """Everything one mail names, looked for with the wordings of its language."""
    contact = find_contact(message, prepared)
    offered, refused = feedback(sentences, language)
    return Named(
        company=find_company(message, prepared, language),
        role=find_role(message, prepared, language),
        requisition=find_requisition(message, prepared),
        contact=contact,
        feedback_offered=offered and not refused,
        feedback_refused=refused,
    )


def speaks_to_applicant(text: str) -> bool:
    """Whether a text speaks to its reader of the reader's own application."""
    return patterns.YOUR_APPLICATION.search(text[:READ]) is not None


# ---- company


def find_company(message: Message, prepared: Prepared, language: str | None = None) -> Found | None:
    """The employer: the best of what the text, the subject, the sender's name and the sender's domain say."""
    label = domain_name(message.sender.email) if message.sender else ""
    candidates = [
        *_companies_in_text(prepared, language),
        *_companies_in_subject(message.subject),
        *_company_of_sender(message.sender),
        *_company_of_domain(message, prepared, label),
    ]
    candidates = [found for found in candidates if _may_be_company(found.value, message)]
    if _sends_for_others(message.sender):
        candidates = [found for found in candidates if not _is_named_after(found.value, label)]
    if not candidates:
        return None
    rated = [
        replace(found, confidence=round(min(0.95, found.confidence + _agreement(found, candidates, label)), 2))
        for found in candidates
    ]
    return max(rated, key=lambda found: (found.confidence, found.span.start >= 0))


def _sends_for_others(sender: Address | None) -> bool:
    """A machine's address with another's display name than its domain's: 'Acme Careers <no-reply@ats.example>'.

    That is how the systems that send for many employers look, those on no list included.
    """
    if sender is None or not looks_automatic(sender.email):
        return False
    bare = _without_generic(patterns.VIA.sub("", _one_line(sender.name.strip("\"' "))[:120]))
    return bool(bare) and not _is_named_after(bare, domain_name(sender.email))


def _agreement(found: Found, candidates: list[Found], label: str) -> float:
    """A name that several places give is surer than one that stands alone."""
    plain = _plain(found.value)
    others = sum(1 for other in candidates if other is not found and _plain(other.value) == plain)
    return min(others, 3) * 0.06 + (0.1 if label and plain.startswith(label) else 0.0)


def _companies_in_text(prepared: Prepared, language: str | None) -> Iterator[Found]:
    for pattern, confidence in _wordings(patterns.COMPANY, language):
        for start, end in prepared.own:
            for match in islice(pattern.finditer(prepared.text, start, min(end, start + READ)), TRIED):
                span = _without_tail(prepared.text, *match.span("company"))
                yield Found(_one_line(prepared.text[span.start : span.end]), span, confidence)


def _companies_in_subject(subject: str) -> Iterator[Found]:
    subject = _PREFIXES.sub("", subject[:300])
    for pattern in patterns.COMPANY_IN_SUBJECT:
        for match in pattern.finditer(subject):
            span = _without_tail(subject, *match.span("company"))
            yield Found(_one_line(subject[span.start : span.end]), Span(), 0.8, "subject")


def _company_of_sender(sender: Address | None) -> Iterator[Found]:
    """'Acme Careers', 'Acme via Greenhouse', 'Anna from Acme', 'Anna (Acme)' …"""
    if sender is None or not sender.name or "@" in sender.name:
        return
    name = _one_line(sender.name.strip("\"' "))[:120]
    label = domain_name(sender.email)
    if match := patterns.PERSON_AT.search(name):
        if bare := _without_generic(match["company"]):
            yield Found(bare, Span(), 0.75, "from")
        return
    bare = _without_generic(patterns.VIA.sub("", name))
    if not bare:
        return
    if _is_named_after(bare, label):
        yield Found(bare, Span(), 0.72, "from")
    elif bare != name or _sends_for_others(sender):
        yield Found(bare, Span(), 0.8 if not is_own_domain(sender.email) else 0.5, "from")


def _is_named_after(name: str, label: str) -> bool:
    """Whether a name and a domain belong together: 'Harrow & Pike' and 'harrowpike', 'Weldon Council' and 'weldon'."""
    plain, chosen = _ascii(_plain(name)), _ascii(label.replace("-", ""))
    return len(plain) > 1 and len(chosen) > 1 and (plain.startswith(chosen) or chosen.startswith(plain))


def _company_of_domain(message: Message, prepared: Prepared, label: str) -> Iterator[Found]:
    """The sender's own domain, spelt the way the mail spells it where it does."""
    if not label or message.sender is None or not is_own_domain(message.sender.email):
        return
    for start, end in prepared.own:
        if span := _spelling(label, prepared.text, start, min(end, start + READ)):
            yield Found(_one_line(prepared.text[span.start : span.end]), span, 0.7)
            return
    for text, where in ((message.subject, "subject"), (message.sender.name, "from")):
        if span := _spelling(label, text, 0, min(len(text), 300)):
            yield Found(_one_line(text[span.start : span.end]), Span(), 0.65, where)
            return
    if not message.signs & {"list", "bulk"} and len(label) > 2:
        yield Found(label.replace("-", " ").title(), Span(), 0.45, "from")


def _spelling(label: str, text: str, start: int, end: int) -> Span | None:
    """Where a text writes the name a domain stands for: 'harrowpike' is 'Harrow & Pike'."""
    plain = label.replace("-", "")
    for match in patterns.CAPITALISED.finditer(text, start, end):
        if not plain.startswith(_plain(match[0])[:3]):
            continue
        stop = match.end()
        while True:
            written = _plain(text[match.start() : stop])
            if written == plain and len(plain) > 1:
                legal = patterns.LEGAL_FORM.match(text, stop, end)
                return Span(match.start(), legal.end() if legal else stop)
            following = patterns.NEXT_WORD.match(text, stop, end)
            if not plain.startswith(written) or following is None:
                break
            stop = following.end()
    return None


def _may_be_company(name: str, message: Message) -> bool:
    """No system that sends for many, no role word, no name of the person at either end."""
    plain = _plain(name)
    if (
        len(plain) < 2
        or plain in patterns.ATS_NAMES
        or plain in patterns.NO_COMPANY
        or len(name) > 60
        or plain.isdigit()
    ):
        return False
    if patterns.GENERIC.fullmatch(name.strip()) or not (name[0].isupper() or name[0].isdigit()):
        return False
    person = message.sender.name if message.sender else ""
    if message.sender and looks_automatic(message.sender.email):
        return True  # no person writes from there: the display name is the employer's
    return not (person and plain == _plain(person) and looks_like_person(person) and not _is_sender(message))


def _is_sender(message: Message) -> bool:
    """Whether the sender's display name is that of the domain itself."""
    sender = message.sender
    return sender is not None and _plain(sender.name) == domain_name(sender.email)


def _without_generic(name: str) -> str:
    """A display name without 'Careers', 'Talent Team', 'HR' … at either end."""
    bare = name
    for _ in range(4):
        shorter = patterns.GENERIC_TAIL.sub("", patterns.GENERIC_HEAD.sub("", bare)).strip(" -–—|:,@·•/")
        if shorter == bare:
            break
        bare = shorter
    return bare


def _without_tail(text: str, start: int, end: int) -> Span:
    """A captured name without the full stop or the small words that follow it."""
    value = text[start:end]
    trimmed = patterns.AFTER_NAME.sub("", value)
    trimmed = trimmed.rstrip(" .,;:!?-–'’\"\n\t")
    return Span(start, start + len(trimmed))


def domain_name(address: str) -> str:
    """The part of a domain its owner chose: 'mail.acme.co.uk' is 'acme'."""
    parts = address.rpartition("@")[2].lower().rstrip(".").split(".")
    if len(parts) < 2:
        return ""
    short = len(parts) > 2 and ((len(parts[-1]) == 2 and parts[-2] in patterns.SECOND_LEVEL) or parts[-2] == "example")
    return parts[-3] if short else parts[-2]


def organisation(address: str) -> str:
    """The registered domain of an address."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    name = domain_name(address)
    return domain[domain.rfind(name) :] if name else domain


def is_own_domain(address: str) -> bool:
    """Whether a domain belongs to an employer: no applicant tracking system, no free mail."""
    domain = address.rpartition("@")[2].lower()
    name = domain_name(address)
    return not (
        name in patterns.ATS_DOMAINS
        or name in patterns.FREE_MAIL
        or any(part in patterns.ATS_DOMAINS for part in domain.split("."))
    )


# ---- role


def find_role(message: Message, prepared: Prepared, language: str | None = None) -> Found | None:
    """The job the mail is about, as the text names it, else the subject."""
    found: list[Found] = []
    for pattern, confidence in _wordings(patterns.ROLE, language):
        for start, end in prepared.own:
            for match in islice(pattern.finditer(prepared.text, start, min(end, start + READ)), TRIED):
                if role := clean_role(match["role"]):
                    found.append(Found(role, Span(*match.span("role")), confidence))
                    break
    for pattern in patterns.ROLE_IN_SUBJECT:
        named = pattern.search(message.subject[:300])
        if named is not None and (role := clean_role(named["role"])):
            found.append(Found(role, Span(), 0.7, "subject"))
            break
    if not found:
        return None
    best = max(found, key=lambda one: one.confidence)
    agree = sum(1 for one in found if one.value.casefold() == best.value.casefold())
    return replace(best, confidence=min(0.95, best.confidence + 0.1 * (agree > 1)))


def clean_role(text: str) -> str:
    """A job title without '(m/w/d)', numbers, places after a dash; '' when it is none."""
    role = _one_line(text)
    role = patterns.GENDER.sub(" ", role)
    role = patterns.NUMBERS.sub(" ", role)
    role = _one_line(role).strip(" .,;:-–—|/\"'“”„«»*()[]")
    head, dash, tail = _partition_dash(role)
    if dash and head and not patterns.TITLE_WORD.search(tail) and len(tail.split()) <= 4:
        role = head
    role = patterns.ROLE_EDGE.sub("", role).strip(" .,;:-–—|/\"'“”„«»*()[]")
    if not 2 <= len(role) <= 80 or len(role.split()) > 9 or patterns.NO_ROLE.search(role) or not _LETTER.search(role):
        return ""
    return role


def _partition_dash(role: str) -> tuple[str, str, str]:
    match = patterns.DASH.search(role)
    return (role[: match.start()], match[0], role[match.end() :]) if match else (role, "", "")


# ---- reference number


def find_requisition(message: Message, prepared: Prepared) -> Found | None:
    """The employer's number for the vacancy."""
    for pattern in patterns.REQUISITION:
        if match := pattern.search(message.subject[:300]):
            return Found(match["number"].strip("-/_."), Span(), 0.9, "subject")
        for start, end in prepared.own:
            if match := pattern.search(prepared.text, start, min(end, start + READ)):
                return Found(match["number"].strip("-/_."), Span(*match.span("number")), 0.85)
    return None


# ---- contact


def find_contact(message: Message, prepared: Prepared) -> Address | None:
    """A person who would read an answer: where answers are asked to go, else the sender; or None."""
    sender = message.sender
    signed = signed_name(prepared)
    for address in message.reply_to:
        if sender and address.email != sender.email and not _may_answer_for(address, sender):
            continue
        if person := _person(address, signed):
            return person
    if message.reply_to and sender and all(a.email != sender.email for a in message.reply_to):
        return None if not _same_house(message.reply_to[0], sender) else _person(sender, signed)
    return _person(sender, signed) if sender else None


def _may_answer_for(address: Address, sender: Address) -> bool:
    """Whether a Reply-To may be trusted: of the sender's own house, or the sender is a system for many."""
    return _same_house(address, sender) or not is_own_domain(sender.email)


def _same_house(one: Address, other: Address) -> bool:
    return organisation(one.email) == organisation(other.email)


def _person(address: Address, signed: str) -> Address | None:
    """The address with a person's name, where it looks like a person's."""
    local, _, domain = address.email.lower().rpartition("@")
    in_ats = any(part in patterns.ATS_DOMAINS for part in domain.split("."))
    if not local or in_ats or looks_automatic(address.email) or patterns.ROLE_MAILBOX.search(local):
        return None
    place = patterns.PERSON_AT.search(address.name)
    shown = _one_line((address.name[: place.start()] if place else address.name).strip("\"' ,|-–"))
    if place and place[0].startswith(", ") and " " not in shown and " " not in place["company"]:
        shown = f"{place['company']} {shown}"  # 'Keller, Anna'
    if looks_like_person(shown, single=True) and _fits(shown, local):
        return Address(address.email, signed if signed.startswith(f"{shown} ") else shown)
    if signed and _fits(signed, local):
        return Address(address.email, signed)
    if patterns.FIRST_LAST.fullmatch(local) and not looks_like_person(shown):
        return Address(address.email, " ".join(part.capitalize() for part in re.split(r"[._-]", local)))
    return None


def signed_name(prepared: Prepared) -> str:
    """The name under the closing words, or ''."""
    for start, end in reversed(prepared.own):
        closings = list(patterns.CLOSING.finditer(prepared.text, max(start, end - 2_500), end))
        for closing in reversed(closings):
            for line in prepared.text[closing.end() : min(end, closing.end() + 200)].split("\n")[:4]:
                name = line.strip(" ,*_\r\t")
                if not name:
                    continue
                return name if looks_like_person(name, single=True) else ""
    return ""


def looks_like_person(name: str, *, single: bool = False) -> bool:
    """Whether a name is that of one human being, as far as its shape tells."""
    if not patterns.PERSON.fullmatch(name) or len(name) > 50:
        return False
    parts = name.split()
    if len(parts) < 2 and not single:
        return False
    return not any(
        patterns.GENERIC.fullmatch(part) or _plain(part) in patterns.ATS_NAMES for part in parts
    ) and not patterns.LEGAL_FORM.search(name)


def _fits(name: str, local: str) -> bool:
    """Whether a name belongs to an address: 'Anna Keller' to 'anna', 'a.keller', 'akeller' or 'ak'."""
    parts = [_ascii(_plain(part)) for part in name.split()]
    plain = _ascii(_plain(local))
    initials = "".join(part[:1] for part in parts)
    return plain == initials or any(len(part) > 1 and part in plain for part in parts)


# ---- feedback


def feedback(sentences: Sequence[Sentence], language: str | None = None) -> tuple[bool, bool]:
    """Whether the mail offers feedback, and whether it says there will be none."""
    offered = refused = False
    for sentence in sentences:
        lower = sentence.text.lower()
        if not patterns.FEEDBACK.search(lower):
            continue
        if "NOT" in concepts(words(sentence.text), language) and patterns.GIVE.search(lower):
            refused = True
        elif patterns.GLADLY.search(lower):
            offered = True
    return offered, refused


# ---- shared


def _wordings(table: patterns.Wordings, language: str | None) -> Iterator[tuple[re.Pattern[str], float]]:
    """The wordings of one language; of every language where it is unknown."""
    for known, rows in table.items():
        if language is None or known == language:
            yield from ((_compiled(pattern), confidence) for pattern, confidence in rows)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first needed: all of them at once would double the time the program takes to start."""
    return re.compile(pattern)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    """Letters and digits only, without the little words that join names."""
    return _NOT_PLAIN.sub("", _JOINING.sub(" ", text.casefold()))


def _ascii(text: str) -> str:
    """Letters as addresses spell them: without accents, ö as o."""
    if text.isascii():
        return text
    text = text.translate(_SPELT_OUT)
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


_SPELT_OUT = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
_PREFIXES = re.compile(r"^(?:\s*(?:re|aw|sv|vs|antw|rif|rv|res|tr|ref|fwd?|wg)\s*(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE)
_NOT_PLAIN = re.compile(r"[\W_]+")
_JOINING = re.compile(r"(?<=\w)\s(?:and|und|et|y|och|en|e)\s(?=\w)")
_LETTER = re.compile(r"[^\W\d_]")
