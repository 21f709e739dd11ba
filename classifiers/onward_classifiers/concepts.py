"""The concepts behind words: 'hired', 'eingestellt' and 'embauché' are one.

What is learned from mail in one language so holds in the others. One table for each language lies in `concepts/`, a
concept a line: `HIRE: hire hired recruit*`, where `*` stands for any ending; the longest stem that fits counts beside
the word itself. They are written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

TABLES = Path(__file__).parent / "concepts"
DEFAULT = "en"  # for a mail whose language could not be told
SHORTEST_STEM = 3
REMEMBERED = 16_384  # words of a language
NEAR = 2  # concepts that follow one another this closely belong together

Table = tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]  # whole words, stems


def concepts(words: Iterable[str], language: str | None, tables: Path = TABLES) -> list[str]:
    """The concepts of a sentence, in the order of its words; a word mostly stands for none or one."""
    known = _known(language or DEFAULT, tables)
    return [concept for word in words for concept in known[word]]


class _Known(dict[str, tuple[str, ...]]):
    """The concepts of the words of one language, of each word looked up once."""

    def __init__(self, table: Path) -> None:
        self.words, self.stems = _table(table)

    def __missing__(self, word: str) -> tuple[str, ...]:
        found = dict.fromkeys(self.words.get(word, ()))
        for length in range(len(word), SHORTEST_STEM - 1, -1):
            if (more := self.stems.get(word[:length])) is not None:
                found.update(dict.fromkeys(more))
                break
        if len(self) < REMEMBERED:
            self[word] = tuple(found)
        return tuple(found)


def pairs(found: list[str]) -> list[str]:
    """Concepts that follow one another closely: 'NOT>PROCEED'."""
    return [
        f"{first}>{second}"
        for distance in range(1, NEAR + 1)
        for first, second in zip(found, found[distance:], strict=False)
        if first != second
    ]


@cache
def _known(language: str, tables: Path) -> _Known:
    return _Known(tables / f"{language}.txt")


def _table(path: Path) -> Table:
    """The table of one language."""
    words: dict[str, list[str]] = {}
    stems: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        concept, _, rest = line.partition(":")
        for word in rest.split():
            place = stems if word.endswith("*") else words
            place.setdefault(word.rstrip("*"), []).append(concept)
    return _frozen(words), _frozen(stems)


def _frozen(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {word: tuple(dict.fromkeys(found)) for word, found in table.items()}
