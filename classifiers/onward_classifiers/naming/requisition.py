"""Find the employer's reference number for the vacancy: after a word for it, or by its own shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from onward.core.model import Found, Span
from onward_classifiers.naming import patterns
from onward_classifiers.naming.passage import Mail, Passage


def find_numbers(mail: Mail) -> Iterator[Found]:
    """Every number a mail gives for a vacancy or an application: after a word for it, or by its own shape."""
    for passage in [mail.subject, *mail.passages]:
        in_text = passage.where != "subject"
        for number, word in enumerate(passage.low):
            if word.isalpha() or not any(map(str.isdecimal, word)) or not (sure := _sure_of_number(passage, number)):
                continue
            start, end = passage.starts[number], passage.ends[number]
            value = passage.text[start:end]
            yield Found(value, Span(start, end) if in_text else Span(), sure, "text" if in_text else "subject")


def _sure_of_number(passage: Passage, number: int) -> float:
    """How sure it is that a word with digits is the number of a vacancy; 0: it is none."""
    word = passage.low[number]
    if passage.text[passage.starts[number] - 1 : passage.starts[number]] in _MONEY:
        return 0.0
    if patterns.NO_NUMBER.fullmatch(word) or _JOINED_UNITS.match(passage.text, passage.ends[number]):
        return 0.0
    if sum(map(str.isdecimal, word)) > 1 and _after_number_word(passage, number):
        return 0.9
    if patterns.NUMBER_SHAPE.fullmatch(passage.text, passage.starts[number], passage.ends[number]):
        return 0.75
    bare = passage.where == "subject" and patterns.NUMBER_IN_SUBJECT.fullmatch(word) is not None
    return 0.6 if bare else 0.0


def _after_number_word(passage: Passage, number: int) -> bool:
    """Whether 'Ref.', 'Job ID', 'Kennziffer', 'req. no.' … stands before a word."""
    place = number
    while place > 0 and number - place < 3 and _TO_NUMBER.fullmatch(passage.gaps[place]):
        place -= 1
        if passage.low[place] in patterns.NUMBER_WORDS:
            return True
        if passage.low[place] not in patterns.NUMBER_SIGNS:
            return False
        if place and passage.gaps[place].strip(" .:#") == "" and passage.low[place - 1] in patterns.NUMBER_NOUNS:
            return True
    return "#" in passage.gaps[number] and passage.low[number].isdecimal() and len(passage.low[number]) > 3


_MONEY = frozenset("€£$")
_TO_NUMBER = re.compile(r"[ .:#°º()–-]{0,5}")
_JOINED_UNITS = re.compile(r"\s?(?:%|€|£|\$|(?:eur|usd|sek|chf|hours|stunden|uhr|h\b|kr\b))", re.IGNORECASE)
