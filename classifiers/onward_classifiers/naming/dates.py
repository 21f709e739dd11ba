"""Find the days and times a mail speaks of, in its own words."""

from __future__ import annotations

from onward.core.model import Found, Span
from onward_classifiers.naming import patterns
from onward_classifiers.naming.passage import Mail, Passage

MOST_DATES = 12


def find_dates(mail: Mail) -> tuple[Found, ...]:
    """The days and times a mail speaks of, in its own words."""
    found: list[Found] = []
    for passage in mail.passages:
        done = -1
        for number, word in enumerate(passage.low):
            if number <= done or not (word in _TIMES or word[0].isdecimal()) or not _tells_time(passage, number):
                continue
            if len(found) == MOST_DATES:
                break
            first, done = _whole_time(passage, number)
            start, end = passage.starts[first], passage.ends[done]
            found.append(Found(passage.phrase(first, done), Span(start, end), 0.8))
    return tuple(found)


def _tells_time(passage: Passage, number: int) -> bool:
    """Whether a word is a day, a month, 'tomorrow', a date in figures or '2 weeks'."""
    word = passage.low[number]
    if word in patterns.WHEN:
        return passage.capital[number] or word not in patterns.PERHAPS_WHEN
    if word in patterns.RELATIVE_DAYS:
        return True
    if patterns.DATE_SHAPE.fullmatch(word):
        return True
    return word in patterns.TIME_UNITS and number > 0 and passage.low[number - 1] in patterns.COUNTS | _FIGURES


def _whole_time(passage: Passage, number: int) -> tuple[int, int]:
    """A time with the words around it that belong to it: 'Friday 14 March at 9.15'."""
    first = last = number
    while first > 0 and number - first < 4 and passage.gaps[first] in _DATE_GAPS and _dates(passage.low[first - 1]):
        first -= 1
    while (
        last < passage.last
        and last - number < 9
        and passage.gaps[last + 1] in _DATE_GAPS
        and _dates(passage.low[last + 1])
    ):
        last += 1
    while first < number and passage.low[first] in patterns.DATE_JOINS:
        first += 1
    while last > number and passage.low[last] in patterns.DATE_JOINS:
        last -= 1
    return first, last


def _dates(word: str) -> bool:
    return (
        word in patterns.WHEN
        or word in patterns.DATE_JOINS
        or word in patterns.TIME_UNITS
        or word in patterns.RELATIVE_DAYS
        or word in patterns.DAY_PARTS
        or word in patterns.COUNTS
        or (word[0].isdecimal() and len(word) < 11)
    )


_TIMES = patterns.WHEN | patterns.RELATIVE_DAYS | patterns.TIME_UNITS
_FIGURES = frozenset(map(str, range(100)))
_DATE_GAPS = frozenset({" ", ", ", ". ", ".", ":", " - ", "-", "–", " – ", "/", " @ ", ""})
