"""The classifier on mail written apart from its examples: what was reached must not be lost again.

The floors lie a little below what docs/figures.md says was measured; `make evaluate` prints the figures themselves.
"""

from pathlib import Path

import pytest

from onward.core.model import Label
from onward_classifiers import evaluate, labelled
from onward_classifiers.evaluate import Judged
from onward_classifiers.score import Classifier

JUDGED = sorted((Path(__file__).resolve().parents[1] / "mail").glob("*.jsonl"))
LANGUAGES = {"en", "de", "fr", "es", "nl", "sv", "pt", "it"}


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    return evaluate.judge(Classifier.load(), labelled.read(JUDGED))[0]


def share(judged: list[Judged], of: set[Label], said: set[Label]) -> float:
    """Of the mails that are one of these, how many are said to be one of those."""
    there = [one.said.label in said for one in judged if one.truth in of]
    return sum(there) / len(there)


def test_there_is_enough_to_judge_by(judged: list[Judged]) -> None:
    assert len(judged) >= 500
    assert {one.truth for one in judged} == set(Label)
    for language in LANGUAGES:
        assert sum(one.mail.language == language for one in judged) >= 50


def test_no_judged_mail_is_nearly_an_example() -> None:
    pairs = evaluate.alike(labelled.read(JUDGED), labelled.read(labelled.shipped()))
    assert pairs
    assert pairs[0].likeness <= evaluate.NEAR


def test_there_are_enough_examples_in_every_language_and_of_every_kind() -> None:
    examples = labelled.read(labelled.shipped())
    assert len(examples) >= 1_500
    assert len({one.message.text for one in examples if one.message.text}) == len(
        [one for one in examples if one.message.text]
    )
    for language in LANGUAGES:
        assert sum(one.language == language for one in examples) >= 100
    for label in Label:
        assert sum(one.label is label for one in examples) >= 100


def test_what_is_called_a_rejection_is_one(judged: list[Judged]) -> None:
    called = [one.truth is Label.REJECTION for one in judged if one.said.label is Label.REJECTION]
    assert sum(called) / len(called) >= PRECISION


def test_most_rejections_are_found(judged: list[Judged]) -> None:
    assert share(judged, {Label.REJECTION}, {Label.REJECTION}) >= RECALL


def test_neighbours_are_hardly_ever_taken_for_rejections(judged: list[Judged]) -> None:
    near = [one.said.label is Label.REJECTION for one in judged if one.mail.neighbour]
    assert sum(near) / len(near) <= FALSE_ALARMS


def test_every_label_is_told_apart(judged: list[Judged]) -> None:
    for row in evaluate.label_rows([one.truth for one in judged], [one.said.label for one in judged]):
        assert row.f1 >= WORST_LABEL, row


PRECISION, RECALL, FALSE_ALARMS, WORST_LABEL = 0.94, 0.82, 0.05, 0.75
