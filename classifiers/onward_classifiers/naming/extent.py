"""Find where the name of a job begins and ends: around a job's word, and where the words before it call for one.

Every place where it could is given, with what speaks for it; which is right, the weights decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from onward_classifiers.naming import patterns
from onward_classifiers.naming.passage import LONGEST_NAME, Passage
from onward_classifiers.naming.vocabulary import Kinds, applies, is_english_job, kinds_of, seeks


def titles(passage: Passage) -> Iterator[tuple[int, int, set[str]]]:
    """Stretches that may name a job: around a job's word, and where the words before or after call for one."""
    known, low = kinds_of(passage.language), passage.low
    kinds = [known[word] for word in low]
    for number, kind in enumerate(kinds):
        if not kind & _NAMES_JOB and not (number and kinds[number - 1] & Kinds.CALLS):
            continue
        word = low[number]
        if kind & Kinds.JOB and (passage.language != "de" or passage.capital[number]):
            endings = list(_endings(passage, number))
            for first, how in _beginnings(passage, number):
                signs = how | _signs_before_role(passage, first)
                yield from ((first, last, signs | more) for last, more in endings)
        elif kind & Kinds.NOUN:
            if number and _joined(passage, number) and (first := _to_the_left(passage, number - 1, number)) < number:
                signs = _signs_before_role(passage, first)
                yield first, number - 1, {"before the noun"} | signs
                signs |= {"with the noun", f"with the noun {word}"}
                yield from ((first, last, signs | more) for last, more in _endings(passage, number))
        elif number and kinds[number - 1] & Kinds.CALLS and word not in passage.small and is_called(passage, number):
            signs = _signs_before_role(passage, number)
            yield from ((number, last, signs | more) for last, more in _endings(passage, number))


_NAMES_JOB = Kinds.JOB | Kinds.NOUN


def _beginnings(passage: Passage, head: int) -> Iterator[tuple[int, set[str]]]:
    """Where the name of a job may begin that centres on a word: as far to the left as it reaches, or at the word."""
    first = _to_the_left(passage, head, head + 1)
    if first == head:
        yield first, {"a job's word", "begins with a job's word"}
        return
    yield first, {"a job's word", f"begins with {passage.low[first]}"}
    yield head, {"a job's word", "begins with a job's word", "more before it", f"leaves out {passage.low[head - 1]}"}


def _endings(passage: Passage, head: int) -> Iterator[tuple[int, set[str]]]:
    """Every place where the name of a job may end that centres on a word, with what speaks for it."""
    family = f"{_family(passage.language)}, {'capital' if passage.capital[head] else 'small'}"
    last, signs = head, set[str]()
    while last - head <= LONGEST_NAME:
        edge, on = _boundary(passage, last), f"{min(last - head, 3)} words on"
        told = {edge, on, f"{edge}, {family}", f"{on}, {family}", _what_follows(passage, last)}
        if last > head:
            told |= _signs_of_last(passage, last)
        yield last, signs | told
        step = _step_on(passage, last, capital=passage.capital[head])
        if step is None:
            return
        last, signs = step[0], signs | step[1]


def _what_follows(passage: Passage, last: int) -> str:
    """The word after the end of a name, or the mark that parts it from the next."""
    if last == passage.last:
        return "then nothing"
    gap = passage.gaps[last + 1]
    if gap in _TIES:
        return f"then {passage.low[last + 1]}"
    return f"then {gap.strip()[:1]} and {'a capital' if passage.capital[last + 1] else 'no capital'}"


def _signs_of_last(passage: Passage, last: int) -> set[str]:
    """What the last word of a name says: itself, and how it ends where it could be a verb."""
    word = passage.low[last]
    if word.isdecimal():
        return {"ends with a number"}
    return {f"ends with {word}"} if passage.capital[last] else {f"ends with {word}", f"ends in -{word[-3:]}"}


def _family(language: str | None) -> str:
    return "romance" if language in patterns.ROMANCE else language or "?"


def _step_on(passage: Passage, last: int, *, capital: bool) -> tuple[int, set[str]] | None:
    """The next word that may belong to the name of a job, with what it is reached over; None: it ends here."""
    following = last + 1
    if following > passage.last:
        return None
    word, gap, upper = passage.low[following], passage.gaps[following], passage.capital[following]
    if gap in _FIELD and upper and capital and word not in passage.small:
        return following, {"with its field", f"with its field after {gap.strip()}"}
    if gap not in _TIES:
        return None
    if word in patterns.ROLE_JOINS or (word == "i" and passage.language == "sv" and not upper):
        reached = _over_joins(passage, following)
        to = "a capital" if passage.capital[reached] else "no capital"
        over = word.strip("'’")
        return (reached, {f"over {over}", f"over {over} to {to}"}) if reached else None
    if _is_stop(passage, following):
        return None
    if capital and not upper and passage.language in {"en", "de", None} and not word.isdecimal():
        return None
    return following, {"a capital on" if upper else "no capital on"}


_FIELD = {", ", " - ", " – ", " — ", " ("}


def _boundary(passage: Passage, last: int) -> str:
    """What follows the end of a name: nothing of its kind, or a word that could carry it on."""
    if last >= passage.last:
        return "ends the text"
    gap = passage.gaps[last + 1]
    if gap not in _TIES:
        return "ends before a mark"
    word = passage.low[last + 1]
    if word in passage.nouns:
        return "ends before the noun"
    if word in patterns.AT_COMPANY:
        return "ends before 'at'"
    if word in patterns.ROLE_JOINS:
        return "ends before a joining word"
    if _is_stop(passage, last + 1):
        return "ends before a small word"
    return "ends before a capital" if passage.capital[last + 1] else "ends before a word"


def _is_stop(passage: Passage, number: int) -> bool:
    """Whether a word ends the name of a job."""
    word = passage.low[number]
    if word in _ROLE_ENDS:
        return not (word == "i" and passage.capital[number])
    if word in patterns.ROLE_PARTS or word in patterns.RANKS:
        return not (passage.capital[number] or passage.language in patterns.ROMANCE)
    return word in passage.small


_ROLE_ENDS = patterns.ROLE_STOPS | patterns.WHEN


def is_called(passage: Passage, number: int) -> bool:
    """Whether the words before another say that it begins the name of a job: 'position of', 'applied for' …"""
    gap = passage.gaps[number]
    if not number or (":" in gap and passage.low[number - 1] in passage.nouns):
        return number > 0
    if gap in _AFTER_NUMBER and passage.capital[number] and figures(passage.low[number - 1]) > 2:
        return True
    place = passage.before(number, articles=True)
    if place < 0:
        return False
    word = passage.low[place]
    if word in passage.nouns:
        return True
    if word in patterns.OF_JOB and not passage.nouns.isdisjoint(passage.low[max(0, place - 2) : place]):
        return True
    return word in patterns.AS_JOB and any(map(applies, passage.low[max(0, place - 4) : place]))


def _signs_before_role(passage: Passage, first: int) -> set[str]:
    """What the words before a job's name say: 'position of', 'applied for', 'as a', 'looking for a' …"""
    signs, gap = set[str](), passage.gaps[first]
    if gap.rstrip(" \t\n*")[-1:] in _QUOTES and gap:
        signs.add("quoted")
    if first and ":" in gap and passage.low[first - 1] in passage.nouns:
        return signs | {"a label"}
    if first and gap in _AFTER_NUMBER and passage.capital[first] and figures(passage.low[first - 1]) > 2:
        signs.add("a number before")
    if first and gap in {", ", " ("} and passage.capital[first - 1] and passage.low[first - 1] not in passage.small:
        signs.add("beside a name")
    number = passage.before(first, articles=True)
    if number < 0:
        return signs | {"begins a sentence"}
    if number < first - 1:
        signs.add("an article")
    return signs | _signs_of_words_before(passage, number)


def _signs_of_words_before(passage: Passage, number: int) -> set[str]:
    """What a word and the few before it say of what follows."""
    signs = set()
    word, earlier = passage.low[number], passage.low[max(0, number - 4) : number]
    if word in passage.nouns:
        signs.add("the noun before")
    elif word in patterns.OF_JOB and not passage.nouns.isdisjoint(earlier[-2:]):
        signs.add("named")
    if word in patterns.AS_JOB:
        signs.add(f"after {'as' if word in patterns.AS else 'for'}")
        if any(map(applies, earlier)):
            signs.add("applied for")
    if seeks(word) or any(map(seeks, earlier[-2:])):
        signs.add("sought")
    return signs


def figures(word: str) -> int:
    return 0 if word.isalpha() else sum(map(str.isdecimal, word))


_AFTER_NUMBER = frozenset({" (", ", ", " - ", " – ", " ", ": "})
_QUOTES = frozenset('„“«"”')


def _joined(passage: Passage, number: int) -> bool:
    """Whether a word follows the one before it with nothing but a space or a quotation mark between."""
    return passage.gaps[number].strip("\"“”»«' -") == "" and "\n" not in passage.gaps[number]


def _to_the_left(passage: Passage, head: int, end: int) -> int:
    """How far the name of a job reaches to the left of a word that belongs to it."""
    english = end > head and is_english_job(passage.low[head], passage.language)
    heads_first = passage.language in patterns.ROMANCE and not english
    first = head
    while first > 0 and end - first < 6:
        gap, word = passage.gaps[first], passage.low[first - 1]
        if gap not in _TIES and not (gap == ". " and word in patterns.SHORTENED):
            break
        if word in _AND_ALSO and first > 1 and passage.gaps[first - 1] == "- ":
            first -= 2
            continue
        if word not in patterns.RANKS and not _leads_to(passage, first - 1, head, heads_first=heads_first):
            break
        first -= 1
    return first


def _leads_to(passage: Passage, number: int, head: int, *, heads_first: bool) -> bool:
    """Whether a word on the left of a job's word belongs to the name: 'night' in 'night receptionist'."""
    word, upper, capital = passage.low[number], passage.capital[number], passage.capital[head]
    if word in _ROLE_ENDS or (word in patterns.ORDINALS and not upper) or word in passage.articles:
        return False
    if word in patterns.SHORTENED or _NTH.match(word):
        return True
    in_text = passage.where != "subject"
    begins = in_text and (number == 0 or passage.stops[number])
    if upper and capital and in_text and not begins and passage.language != "de":
        return True
    if word in patterns.ROLE_PARTS and upper == capital:
        return True
    if upper and capital and word in patterns.PERHAPS_ROLE_PARTS and passage.language in {"en", None}:
        return True
    if word in passage.nouns or word in passage.small or patterns.OF_AN_APPLICATION.search(word):
        return False
    if capital and not upper:
        return word.isdecimal() and len(word) < 3 and not begins and passage.capital[number - 1]
    return not (heads_first and not upper) and not (upper and not capital and (heads_first or begins))


def _over_joins(passage: Passage, number: int) -> int:
    """The word reached over 'of', 'de la', 'and' …, or 0."""
    if passage.low[number] in patterns.BARE_ARTICLES:
        return 0
    for following in range(number + 1, min(number + 2, passage.last) + 1):
        if passage.gaps[following] not in _TIES:
            return 0
        if passage.low[following] in patterns.ROLE_JOINS or passage.low[following] in passage.articles:
            continue
        return 0 if _is_stop(passage, following) else following
    return 0


_TIES = frozenset({" ", "-", "/", " / ", " & ", "", "  "})
_AND_ALSO = frozenset({"und", "en", "och"})  # 'Gesundheits- und Krankenpflegerin'
_NTH = re.compile(r"\d{1,2}(?:st|nd|rd|th)$")
