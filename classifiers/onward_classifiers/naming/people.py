"""Find the people a mail names, and the one who would read an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from onward.core.model import Address, Found, Person
from onward_classifiers.features import looks_automatic
from onward_classifiers.naming import patterns
from onward_classifiers.naming.address import PARTICLES, fits_address, looks_like_person, shown_name, shown_person
from onward_classifiers.naming.company import company_key
from onward_classifiers.naming.house import is_own_domain, is_system, organisation
from onward_classifiers.naming.passage import CLOSING_PART, PARTS, Mail, Passage, is_part_of_name
from onward_classifiers.naming.spelling import spaced
from onward_classifiers.naming.vocabulary import is_job
from onward_classifiers.text import Prepared

MOST_PEOPLE = 12


def find_people(mail: Mail, contact: Address | None, company: Found | None) -> tuple[Person, ...]:
    """Everybody a mail names besides its reader: who writes, who signs, who is copied, who is spoken of."""
    found: dict[str, Person] = {}
    if mail.person and mail.message.sender and (mail.person_fits or contact):
        sender = mail.message.sender
        _meet(
            found,
            Person(
                contact.name if contact and contact.email == sender.email else mail.person, "", sender.email, "from"
            ),
        )
    elif contact:
        _meet(found, Person(contact.name, "", contact.email, "from"))
    known = company_key(company.value) if company else ""
    for person in signers(mail):
        if not (known and known in company_key(person.name)):
            _meet(found, person)
    for address in mail.message.cc:
        if name := shown_person(address):
            _meet(found, Person(name, "", address.email, "cc"))
    for person in _people_spoken_of(mail):
        _meet(found, person)
    return tuple(found.values())[:MOST_PEOPLE]


def _meet(found: dict[str, Person], person: Person) -> None:
    """Note a person, or what is new about one already met: the fuller name, the role, the address."""
    parts = set(spaced(patterns.TITLE.sub("", person.name)).split())
    for key, known in found.items():
        if parts and (parts <= set(key.split()) or set(key.split()) <= parts):
            name = person.name if len(person.name) > len(known.name) and len(parts) > 1 else known.name
            found[key] = replace(known, name=name, role=known.role or person.role, email=known.email or person.email)
            return
    if parts:
        found[spaced(patterns.TITLE.sub("", person.name))] = person


def signers(mail: Mail) -> Iterator[Person]:
    """The people who sign: a name under the closing words or in a short line at the end, with the role beside it."""
    for passage in mail.passages:
        closing = passage.end - CLOSING_PART if passage.where == "text" else passage.start
        text = passage.text[max(passage.start, closing) : passage.end]
        parts = [part.strip(" \t*_") for part in PARTS.split(text) if part.strip(" \t*_")]
        for number, part in enumerate(parts):
            name = part.removeprefix("/").strip()
            if len(name) >= 45 or not looks_like_person(name, single=True):
                continue
            single = number > 0 and (_is_closing(parts[number - 1]) or name == mail.person)
            known = bool(mail.person) and is_part_of_name(name.lower().split()[:1], mail.person)
            if (single or known or looks_like_person(name)) and _names_nothing_else(name, mail):
                yield Person(name, _role_beside(parts, number, mail), "", "signature")


def _is_closing(text: str) -> bool:
    return patterns.CLOSING.match(f"{text}\n") is not None


def _names_nothing_else(name: str, mail: Mail) -> bool:
    """Whether no word of a name is a small word or a job's: then it may be a person's."""
    low = name.lower().split()
    return not any(
        word in mail.subject.small
        or is_job(word, mail.language)
        or word in patterns.WHEN
        or word in patterns.NO_COMPANY
        for word in (part.strip(".,") for part in low)
        if word not in PARTICLES and len(word) > 1
    )


def _role_beside(parts: list[str], number: int, mail: Mail) -> str:
    """What the part of a signature after a name says the person is."""
    for part in parts[number + 1 : number + 2]:
        low = spaced(part).split()
        if len(part) < 60 and any(is_job(word, mail.language) or word in patterns.GENERIC - PARTICLES for word in low):
            return part
    return ""


def _people_spoken_of(mail: Mail) -> Iterator[Person]:
    """People named in the text: after a title, or with a full name after 'with', 'by' …"""
    where = "calendar" if mail.message.calendar_method else "text"
    for passage in mail.passages:
        for first, last in passage.names:
            number = passage.before(first)
            word = passage.low[number] if number >= 0 else ""
            titled = word in patterns.TITLES or passage.low[first] in patterns.TITLES
            if passage.before(number) >= 0 and passage.low[passage.before(number)] in patterns.GREETING:
                continue
            if word in patterns.GREETING or not (titled or (word in patterns.MEETING and last > first)):
                continue
            begin = number if word in patterns.TITLES else first
            name = passage.phrase(begin, last)
            if last - begin < 4 and looks_like_person(name) and _names_nothing_else(patterns.TITLE.sub("", name), mail):
                yield Person(name, _note_after(passage, last, mail), "", where)


def _note_after(passage: Passage, last: int, mail: Mail) -> str:
    """What stands in brackets after a name, if it is a job: 'Karim (lead narration)'."""
    note = _NOTE.match(passage.text, passage.ends[last], passage.end)
    return note[1] if note and any(is_job(word, mail.language) for word in note[1].lower().split()) else ""


_NOTE = re.compile(
    r"\s?(?:\(|,\s(?:our|unser|unsere|notre|nuestr[oa]|onze|vår|noss[oa]|il\snostro)\s)([^()\n,.]{3,50})"
)


def find_contact(mail: Mail) -> Address | None:
    """A person who would read an answer: where answers are asked to go, else the sender; or None."""
    message = mail.message
    sender = message.sender
    signed = signed_name(mail.prepared)
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
    if not local or is_system(domain) or looks_automatic(address.email) or is_desk(local):
        return None
    shown = shown_name(address)
    if looks_like_person(shown, single=True) and fits_address(shown, local):
        return Address(address.email, signed if signed.startswith(f"{shown} ") else shown)
    if signed and fits_address(signed, local):
        return Address(address.email, signed)
    if patterns.FIRST_LAST.fullmatch(local) and not looks_like_person(shown):
        return Address(address.email, " ".join(part.capitalize() for part in re.split(r"[._-]", local)))
    return None


def is_desk(local: str) -> bool:
    """Whether the local part of an address is that of a desk: 'jobs', 'hr-team', 'segreteria'."""
    if patterns.ROLE_MAILBOX.search(local):
        return True
    parts = [part for part in re.split(r"[._+-]", local) if len(part) > 1 and not part.isdecimal()]
    return bool(parts) and all(
        part in patterns.DESKS or part in patterns.INSTITUTION or is_job(part, None) for part in parts
    )


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
