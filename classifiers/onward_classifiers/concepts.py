"""The concepts behind words: 'hired', 'eingestellt' and 'embauché' are one.

What is learned from mail in one language so holds in the others. One table for each language lies in `concepts/`, a
concept a line: `HIRE: hire hired recruit*`, where `*` stands for any ending; the longest stem that fits counts beside
the word itself. They are written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

TABLES = Path(__file__).parent / "concepts"
DEFAULT = "en"  # for a mail whose language could not be told
SHORTEST_STEM = 3
NEAR = 3  # concepts that follow one another this closely belong together

Table = tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]  # whole words, stems


@lru_cache(maxsize=32_768)
def concepts_of(word: str, language: str) -> tuple[str, ...]:
    """The concepts a word of this language stands for; mostly none or one."""
    words, stems = _table(language)
    found = dict.fromkeys(words.get(word, ()))
    for length in range(len(word), SHORTEST_STEM - 1, -1):
        if (more := stems.get(word[:length])) is not None:
            found.update(dict.fromkeys(more))
            break
    return tuple(found)


def concepts(words: Iterable[str], language: str | None) -> list[str]:
    """The concepts of a sentence, in the order of its words."""
    tongue = language or DEFAULT
    return [concept for word in words for concept in concepts_of(word, tongue)]


def pairs(found: list[str]) -> list[str]:
    """Concepts that follow one another closely: 'NOT>PROCEED'."""
    return [
        f"{first}>{second}"
        for place, first in enumerate(found)
        for second in found[place + 1 : place + 1 + NEAR]
        if first != second
    ]


@cache
def _table(language: str) -> Table:
    """The table of one language, read when it is first needed."""
    words: dict[str, list[str]] = {}
    stems: dict[str, list[str]] = {}
    for line in (TABLES / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        concept, _, rest = line.partition(":")
        for word in rest.split():
            place = stems if word.endswith("*") else words
            place.setdefault(word.rstrip("*"), []).append(concept)
    return _frozen(words), _frozen(stems)


def _frozen(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {word: tuple(dict.fromkeys(found)) for word, found in table.items()}
