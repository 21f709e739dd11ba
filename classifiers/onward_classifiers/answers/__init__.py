"""What an answer to a letter says: feedback and what it is about, a refusal, kind words, absence, or that it goes on.

Each of its sentences is read by a small linear model of its own, over words and concepts; from what it says of all of
them follows the kind of answer, and from those that are about something the themes. Loaded when the first answer comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import log1p
from operator import mul
from pathlib import Path

from onward.core.model import Feedback, FeedbackKind, Message, Theme
from onward_classifiers.concepts import concepts, pairs
from onward_classifiers.features import Features, Read, Reading, shape_features
from onward_classifiers.model import LEAST, Reader, Row, probabilities, read_tables
from onward_classifiers.text import Sentence

WEIGHTS = Path(__file__).parent.parent / "weights" / "answers.json"
TABLES = Path(__file__).parent / "concepts"
KINDS = (FeedbackKind.GIVEN, FeedbackKind.REFUSED, FeedbackKind.VAGUE, FeedbackKind.REOPENS, FeedbackKind.AWAY)
# Log odds of each kind in a mailbox to those among the examples, of which every fourth is vague to teach what that is.
# Set by hand; where it is wrong, kind words get two lines of thanks, which does less harm than feedback overlooked.
LIKELIER = (0.36, 0.0, -0.83, -0.56, 0.5)
SENTENCE_KINDS = (*(theme.value for theme in Theme), "refuses", "reopens", "away", "none")
THEMES = len(Theme)
SHORTEST = 12  # characters of a sentence that says something
ABOUT_NOTHING = 0.4  # a sentence less likely to be about something does not count
SHARPNESS = 3  # a sentence that is surely about one thing counts more than two that may be
ALSO = 0.4  # of the main theme's weight, from which a second one is named


@dataclass(frozen=True, slots=True)
class Heard:
    """One sentence, and how likely it is each of SENTENCE_KINDS."""

    sentence: Sentence
    shares: Sequence[float]

    @property
    def about(self) -> float:
        """How likely it is about something."""
        return sum(self.shares[:THEMES])


def hear(reading: Reading) -> Feedback:
    """What a mail says if it answers a letter that asked for feedback."""
    reader, judge = _weights()
    heard = hear_sentences(reading, reader)
    seen = weigh(heard, reading.message)
    scores = [row[0] + likelier + sum(map(mul, row[1:], seen)) for row, likelier in zip(judge, LIKELIER, strict=True)]
    kind = KINDS[max(range(len(KINDS)), key=scores.__getitem__)]
    words = reading.prepared.own_text.strip()
    if kind is not FeedbackKind.GIVEN:
        return Feedback(kind, words)
    return Feedback(kind, words, max(heard, key=lambda one: one.about).sentence.text, themes_of(heard))


def hear_sentences(reading: Reading, reader: Reader) -> list[Heard]:
    """Each sentence of an answer, or its subject where it has none."""
    said = [one for one in reading.sentences if len(one.sentence.text) > SHORTEST] or [reading.subject]
    return [Heard(one.sentence, probabilities(reader.scores(sentence_features(one, reading.language)))) for one in said]


def sentence_features(one: Read, tongue: str | None) -> Features:
    """The features of a sentence: its words, the concepts of all mail, and those of feedback."""
    own = concepts(one.words, tongue, TABLES)
    meant = [f"f:{concept}" for concept in own] + [f"f:{pair}" for pair in pairs(own)]
    return Features(one.spoken, one.meant + meant + shape_features(one))


def weigh(heard: Sequence[Heard], message: Message) -> list[float]:
    """What tells the kind of a whole answer: the strongest sentences of each kind, and how much it speaks of things."""
    columns = [sorted(column, reverse=True) for column in zip(*(one.shares for one in heard), strict=True)]
    about = sorted((one.about for one in heard), reverse=True)
    single = max(max(one.shares[:THEMES]) for one in heard)
    refuses, reopens, away, none = columns[THEMES:]
    second = [column[1] if len(column) > 1 else 0.0 for column in (refuses, reopens, away, about)]
    return [
        *(refuses[0], reopens[0], away[0], single, about[0]),
        *second,
        sum(about) / len(about),
        sum(none) / len(none),
        log1p(len(heard)),
        float("auto-submitted" in message.signs),
    ]


def themes_of(heard: Sequence[Heard]) -> tuple[Theme, ...]:
    """What the answer is about, the main thing first; a second one where it weighs nearly as much."""
    weights = dict.fromkeys(Theme, 0.0)
    for one in heard:
        counts = max(one.about - ABOUT_NOTHING, LEAST) / max(one.about, LEAST)
        for theme, share in zip(Theme, one.shares, strict=False):
            weights[theme] += (share * counts) ** SHARPNESS
    first, second, *_ = sorted(weights, key=weights.__getitem__, reverse=True)
    return (first, second) if weights[second] >= ALSO * weights[first] else (first,)


@cache
def _weights() -> tuple[Reader, Sequence[Row]]:
    _, small, (words, meant) = read_tables(WEIGHTS)
    return Reader(words, meant, small["intercepts"]), small["judge"]
