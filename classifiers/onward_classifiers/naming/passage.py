"""A mail as words, each with its place: what every search shares, computed once.

Knows how runs of capitals make names. What a name is the name of, the searches decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import ne

from onward.core.model import Message
from onward_classifiers.features import looks_automatic
from onward_classifiers.naming import patterns
from onward_classifiers.naming.address import fits_address, shown_person
from onward_classifiers.naming.spelling import NOT_PLAIN, one_line
from onward_classifiers.naming.vocabulary import articles_of, job_nouns, small_words
from onward_classifiers.text import Prepared

READ = 4_000  # characters from the beginning of what the sender wrote that are searched
READ_LAST = 1_200  # … and from its end, where a longer mail is signed
LONGEST_NAME = 7  # words
LONGEST_LINE = 70  # characters of a line in a signature
READ_HISTORY = 800  # characters of a quoted mail that may still name the job
CLOSING_PART = 260  # characters before the end of a mail within which it is signed


class Passage:
    """A stretch of text as words, each with its place, in small letters, and with what stands before it (`gaps`).

    `stops` says whether that ends a sentence or a part of one.
    """

    def __init__(self, text: str, start: int, end: int, where: str, language: str | None) -> None:
        pattern = patterns.WORD_OR_ELISION if "'" in text or "’" in text else patterns.WORD
        pieces = pattern.split(text[start:end])
        bounds = list(accumulate(map(len, pieces), initial=start))
        self.text, self.start, self.end, self.where, self.language = text, start, end, where, language
        self.starts, self.ends = bounds[1:-1:2], bounds[2::2]
        self.gaps, written = pieces[::2], pieces[1::2]
        self.low = list(map(str.lower, written))
        self.capital = list(map(ne, written, self.low))
        self.stops = [gap != " " and ENDS.search(gap) is not None for gap in self.gaps]
        self.last = len(written) - 1
        self.small = small_words(language)
        self.nouns = job_nouns(language)
        self.articles = articles_of(language)

    def before(self, number: int, *, articles: bool = False) -> int:
        """The number of the word before this one in the same sentence, over articles if asked; -1: none."""
        while number > 0 and not self.stops[number]:
            number -= 1
            if not articles or self.low[number] not in self.articles:
                return number
        return -1

    @cached_property
    def names(self) -> list[tuple[int, int]]:
        """Runs of words with capitals, as (first, last)."""
        return list(_names(self))

    def line(self, number: int) -> tuple[int, int]:
        """Where the line begins and ends in which a word stands."""
        begin = max(self.text.rfind("\n", self.start, self.starts[number]) + 1, self.start)
        end = self.text.find("\n", self.ends[number], self.end)
        return begin, self.end if end < 0 else end

    def closes(self, number: int) -> bool:
        """Whether a word stands where mails are signed."""
        return self.where == "signature" or self.end - self.ends[number] < CLOSING_PART

    def key(self, first: int, last: int) -> str:
        """Letters and digits of some words, without 'and'."""
        return "".join(
            word if word.isalnum() else NOT_PLAIN.sub("", word.removesuffix("'s").removesuffix("’s"))
            for word in self.low[first : last + 1]
            if word not in AND
        )

    def phrase(self, first: int, last: int) -> str:
        """The text from one word to another."""
        return one_line(self.text[self.starts[first] : self.ends[last]])


@dataclass
class Mail:
    """One mail taken apart as far as the searches share it."""

    message: Message
    prepared: Prepared
    language: str | None

    @cached_property
    def passages(self) -> list[Passage]:
        """What the sender wrote, the signature included."""
        text, found, left = self.prepared.text, [], READ
        for start, end in self.prepared.own:
            if left > 0:
                found.append(Passage(text, start, min(end, start + left), "text", self.language))
                left -= end - start
        if left < 0:
            end = self.prepared.own[-1][1]
            start = max(end - READ_LAST, found[-1].end)
            found.append(Passage(text, start, end, "text", self.language))
        if self.prepared.signature.start >= 0:
            start, end = self.prepared.signature.start, self.prepared.signature.end
            found.append(Passage(text, start, min(end, start + READ_LAST), "signature", self.language))
        return found

    @cached_property
    def history(self) -> list[Passage]:
        """The beginning of the earlier mail that is quoted below."""
        last = self.prepared.own[-1][1] if self.prepared.own else 0
        if not self.prepared.quoted or self.prepared.forwarded:
            return []
        return [
            Passage(
                self.prepared.text, last, min(len(self.prepared.text), last + READ_HISTORY), "history", self.language
            )
        ]

    @cached_property
    def subject(self) -> Passage:
        subject = self.message.subject[:300]
        while match := patterns.SUBJECT_NOISE.match(subject):
            subject = subject[match.end() :]
        return Passage(subject, 0, len(subject), "subject", self.language)

    @cached_property
    def person(self) -> str:
        """The sender's name, where it is that of a person."""
        return shown_person(self.message.sender) if self.message.sender else ""

    @cached_property
    def person_fits(self) -> bool:
        """Whether the sender's name belongs to the address, as a person's mostly does."""
        sender = self.message.sender
        if sender is None or not self.person:
            return False
        return fits_address(self.person, sender.email.rpartition("@")[0].lower())

    @cached_property
    def shown(self) -> Passage:
        """The sender's display name, without 'via Greenhouse'."""
        name = one_line(self.message.sender.name.strip("\"' "))[:120] if self.message.sender else ""
        name = patterns.VIA.sub("", name)
        return Passage(name, 0, len(name), "from", self.language)

    @cached_property
    def writer(self) -> str:
        """Who writes: a person, a desk, or a machine."""
        sender = self.message.sender
        if sender is None or looks_automatic(sender.email):
            return "a machine"
        local = sender.email.rpartition("@")[0].lower()
        if patterns.ROLE_MAILBOX.search(local):
            return "a desk"
        return "a person" if self.person else "somebody"


def _names(passage: Passage) -> Iterator[tuple[int, int]]:
    """Runs of words with capitals, with the small words that join them, and their parts beside a joining word."""
    reached = -1
    for number, (capital, word) in enumerate(zip(passage.capital, passage.low, strict=True)):
        if not (capital or word[0] in "0123456789") or number <= reached:
            continue
        reached = number
        while reached - number < LONGEST_NAME and (following := _next_of_name(passage, reached)):
            reached = following
        first, last = _without_small(passage, number, reached)
        if first == number + 1 and passage.low[number] in patterns.BEGIN_NAMES and "\n" in passage.gaps[number]:
            yield number, last
        if first <= last and any(passage.capital[first : last + 1]):
            yield first, last
            if last > first + 1:
                yield from _parts_of_name(passage, first, last)


def _parts_of_name(passage: Passage, first: int, last: int) -> Iterator[tuple[int, int]]:
    """What stands before and after a word that may join two names or name a desk: 'Personio for Acme'."""
    for inner in range(first + 1, last):
        word = passage.low[inner]
        if word in patterns.PERHAPS_JOINING or (word in PERHAPS_DESK and word not in patterns.JOINING):
            yield inner + 1, last
            yield first, inner - 1


PERHAPS_DESK = patterns.GENERIC | patterns.PERHAPS_GENERIC | patterns.ATS_NAMES | patterns.COMPANY_NOUNS


def _next_of_name(passage: Passage, last: int) -> int:
    """The number of the word that carries a name on, or 0."""
    for following in range(last + 1, min(last + 3, passage.last) + 1):
        if not _is_tied(passage, following):
            return 0
        word = passage.low[following]
        if passage.capital[following] or word[0].isdecimal():
            ends = following > last + 1 and word in passage.small and passage.where in {"text", "signature"}
            return 0 if ends else following
        if word not in patterns.JOINING:
            return 0
    return 0


def _is_tied(passage: Passage, number: int) -> bool:
    """Whether nothing but what stands within names parts a word from the one before."""
    gap = passage.gaps[number]
    if gap == ". ":
        return passage.low[number - 1] in patterns.ABBREVIATIONS
    return gap in patterns.BETWEEN_NAMES and (gap != "" or passage.low[number - 1][-1] in "'’")


def _without_small(passage: Passage, first: int, last: int) -> tuple[int, int]:
    """A run of words without those at its ends that are no names: 'Thank', 'Unfortunately', 'The'."""
    if passage.where == "from":
        return first, last
    everywhere = passage.where == "subject" or passage.language == "de"  # where other words have capitals too
    if everywhere or not first or passage.stops[first]:
        while first <= last and passage.low[first] in passage.small:
            first += 1
    if everywhere or first == last:
        while first <= last and passage.low[last] in passage.small:
            last -= 1
    return first, last


def is_part_of_name(low: Sequence[str], person: str) -> bool:
    known = person.lower().split()
    return all(part in known for part in low)


MARKS = frozenset(",|/·–-@•(—")
AND = frozenset({"and", "und", "et", "y", "och", "en", "e"})
ENDS = re.compile(r"[.!?:;\n,(]")
PARTS = re.compile(r"[\n,|·•@(:;!?]|\s[-–—/]|[-–—/]\s|\.\s")
