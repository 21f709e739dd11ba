"""The words of a language as the searches ask for them: small words, articles, nouns for a job, and jobs themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from onward_classifiers.naming import patterns


@cache
def callers_of_job(language: str | None) -> frozenset[str]:
    """The words after which a job may be named without any word for one."""
    return patterns.OF_JOB | patterns.AS_JOB | articles_of(language) | job_nouns(language)


class Kinds(dict[str, int]):
    """What the words of one language are good for in the name of a job, each looked up once."""

    JOB, NOUN, CALLS = 1, 2, 4  # names a job; means 'a job'; may stand before the name of one
    REMEMBERED = 32_768

    def __init__(self, language: str | None) -> None:
        self.language, self.nouns, self.callers = language, job_nouns(language), callers_of_job(language)

    def __missing__(self, word: str) -> int:
        kind = is_job(word, self.language) * self.JOB + (word in self.nouns) * self.NOUN
        kind += (word in self.callers or word[-1:].isdecimal()) * self.CALLS
        if len(self) < self.REMEMBERED:
            self[word] = kind
        return kind


@cache
def kinds_of(language: str | None) -> Kinds:
    """The kinds of the words of a language."""
    return Kinds(language)


@lru_cache(maxsize=8_192)
def applies(word: str) -> bool:
    """Whether a word speaks of applying, and so may stand before the name of a job."""
    return word.startswith(patterns.APPLIED)


@lru_cache(maxsize=8_192)
def concerns_work(word: str) -> bool:
    """Whether a word speaks of applying or of work, and so may stand before an employer."""
    return word.startswith(patterns.APPLYING)


@lru_cache(maxsize=8_192)
def seeks(word: str) -> bool:
    """Whether a word says that somebody is looked for."""
    return word.startswith(patterns.SEEKING)


@lru_cache(maxsize=32_768)
def is_job(word: str, language: str | None) -> bool:
    """Whether a word in small letters names a job or a part of one, in this language or in English."""
    if word in patterns.NOT_JOBS:
        return False
    if not word.isalpha() and (bare := patterns.EITHER.sub("", word)) != word:
        return is_job(bare, language)
    return _is_job_of(word, "en") or (language not in (None, "en") and _is_job_of(word, str(language)))


def _is_job_of(word: str, language: str) -> bool:
    known = _jobs(language)
    return (
        word in known.exact
        or (word[-1:] == "s" and word[:-1] in known.exact)
        or not known.beginnings.isdisjoint([word[:size] for size in range(known.shortest, len(word) + 1)])
        or not known.endings.isdisjoint([word[place:] for place in range(len(word) - 2)])
    )


def is_english_job(word: str, language: str | None) -> bool:
    """Whether a mail in another language uses an English word for a job."""
    return language not in (None, "en") and is_job(word, "en") and not _is_job_of(word, str(language))


@dataclass(frozen=True, slots=True)
class Jobs:
    """The words of one language that name jobs: whole, by their beginning, by their ending."""

    exact: frozenset[str]
    beginnings: frozenset[str]
    endings: frozenset[str]
    shortest: int  # letters of the shortest beginning


@cache
def _jobs(language: str) -> Jobs:
    exact, beginnings, endings = set[str](), set[str](), set[str]()
    for word in patterns.JOBS[language]:
        bare = word.strip("*")
        if word.startswith("*"):
            endings.update(bare + more for more in _INFLECTIONS)
        elif word.endswith("*"):
            beginnings.add(bare)
        else:
            exact.add(bare)
    shortest = min(map(len, beginnings), default=99)
    return Jobs(frozenset(exact), frozenset(beginnings), frozenset(endings), shortest)


_INFLECTIONS = ("", "s", "n", "en", "r", "er", "in", "innen")


@cache
def small_words(language: str | None) -> frozenset[str]:
    """The words that name nothing: of a language and English, or of all."""
    if language is None:
        return frozenset().union(*patterns.SMALL.values())
    return patterns.SMALL[language] | patterns.SMALL["en"]


@cache
def articles_of(language: str | None) -> frozenset[str]:
    """The articles of a language, or of all but for those that are prepositions in another."""
    if language is None:
        return frozenset().union(*patterns.ARTICLES.values()) - patterns.BY_COMPANY
    return patterns.ARTICLES[language]


@cache
def job_nouns(language: str | None) -> frozenset[str]:
    """The nouns for 'a job': of a language, with the English ones where those are in use, or of all."""
    if language is None:
        return frozenset().union(*patterns.JOB_NOUNS.values())
    return patterns.JOB_NOUNS[language] | (frozenset() if language in patterns.ROMANCE else patterns.JOB_NOUNS["en"])
