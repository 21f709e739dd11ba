"""How names are spelt: on one line, run together, and as addresses spell them. Knows no mail."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def begin_alike(plain: str, label: str) -> bool:
    shorter = min(len(plain), len(label))
    return shorter > 2 and plain[:shorter] == label[:shorter]


@lru_cache(maxsize=512)
def spellings(key: str) -> tuple[str, ...]:
    """How an address may spell a name: 'küche' as 'kuche' or 'kueche'."""
    plain = as_ascii(key)
    full = as_ascii(key.translate(_UMLAUTS))
    return (plain,) if full == plain else (plain, full)


def one_line(text: str) -> str:
    return " ".join(text.split())


def squeezed(text: str) -> str:
    """Letters and digits only, without the little words that join names."""
    return NOT_PLAIN.sub("", _JOINING.sub(" ", text.casefold()))


def as_ascii(text: str) -> str:
    """Letters as addresses spell them: without accents, ö as o."""
    if text.isascii():
        return text
    text = text.translate(_SPELT_OUT)
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def address_letters(text: str) -> str:
    """The letters and digits of an address in small letters."""
    if text.isascii() and text.isalnum():
        return text.lower()
    return NOT_PLAIN.sub("", as_ascii(text.lower()))


def spaced(text: str) -> str:
    """The words of a text in small letters, one space apart."""
    if not text.replace(" ", "").isalnum():
        text = NOT_PLAIN.sub(" ", text)
    return " ".join(text.casefold().split())


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
_SPELT_OUT = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
NOT_PLAIN = re.compile(r"[\W_]+")
_JOINING = re.compile(r"(?<=\w)\s(?:and|und|et|y|och|en|e)\s(?=\w)")
