"""Whose name a display name is: that of a person, with or without the employer beside it."""

from __future__ import annotations

import re
from functools import lru_cache

from onward.core.model import Address
from onward_classifiers.features import looks_automatic
from onward_classifiers.naming import patterns
from onward_classifiers.naming.house import domain_name
from onward_classifiers.naming.spelling import (
    NOT_PLAIN,
    address_letters,
    as_ascii,
    begin_alike,
    one_line,
    spellings,
    squeezed,
)


@lru_cache(maxsize=1_024)
def shown_name(address: Address) -> str:
    """The display name without the employer: 'Anna (Acme)' and 'Keller, Anna' are a person's."""
    name = patterns.VIA.sub("", one_line(address.name.strip("\"' "))[:120])
    place = patterns.PERSON_AT.search(name)
    shown = name[: place.start()].strip(" ,|-–") if place else name.strip(" ,|-–")
    company = place["company"].strip() if place else ""
    if place and place[0].startswith(", ") and " " not in shown and " " not in company:
        return f"{company} {shown}"
    return shown


@lru_cache(maxsize=1_024)
def shown_person(address: Address) -> str:
    """The person's name a display name holds, or ''."""
    shown = shown_name(address)
    if not looks_like_person(shown, single=True) or looks_automatic(address.email):
        return ""
    known = address_letters(domain_name(address.email))
    named_so = bool(known) and any(begin_alike(form, known) for form in spellings(squeezed(shown)))
    return "" if named_so and not fits_address(shown, address.email.rpartition("@")[0].lower()) else shown


@lru_cache(maxsize=4_096)
def looks_like_person(name: str, *, single: bool = False) -> bool:
    """Whether a name is that of one human being, as far as its shape tells."""
    if len(name) > 50:
        return False
    bare = patterns.TITLE.sub("", name)
    if not bare[:1].isupper() or not patterns.PERSON.fullmatch(bare):
        return False
    parts = bare.split()
    if len(parts) < 2 and not single:
        return False
    low = [part.lower().strip(".") for part in parts]
    return (
        not any(part in _NO_PERSON for part in low)
        and name.rpartition(" ")[2].replace(".", "").lower() not in patterns.LEGAL_FORMS
    )


def fits_address(name: str, local: str) -> bool:
    """Whether a name belongs to an address: 'Anna Keller' to 'anna', 'a.keller', 'akeller' or 'ak'."""
    parts = [NOT_PLAIN.sub("", part) for part in re.split(r"[\s-]", name.lower()) if part]
    plain = address_letters(local)
    initials = as_ascii("".join(part[:1] for part in parts))
    return plain == initials or any(len(form) > 1 and form in plain for part in parts for form in spellings(part))


PARTICLES = frozenset({"de", "del", "della", "la", "le", "der", "of", "mi", "des", "y", "e", "et"})
_NO_PERSON = (patterns.GENERIC | patterns.ATS_NAMES | patterns.INSTITUTION | patterns.PERHAPS_GENERIC) - PARTICLES
