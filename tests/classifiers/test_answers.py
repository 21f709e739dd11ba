"""What an answer to a letter says: the kind of answer, what it is about, and the sentence that holds it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from measure_answers import NAMES, as_message, themes
from onward.core.model import Address, Feedback, FeedbackKind, Label, Message, Theme
from onward_classifiers import answers
from onward_classifiers.features import read
from onward_classifiers.score import Classifier

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
JUDGED = Path(__file__).parents[1] / "answers" / "judged.jsonl"
QUOTED = "\n\nOn Mon, 2 Mar 2026 at 10:00, Sam Doe wrote:\n> Which of my technical answers was the least convincing?\n"


def answer_of(text: str) -> Message:
    return Message("k", "a", "INBOX", 1, 1, NOW, NOW, "<a@b>", "h", "Re: A no", Address("a@b.example"), text=text)


def heard(text: str) -> Feedback:
    return answers.hear(read(answer_of(text)))


def test_feedback_is_kept_word_for_word_without_what_it_quotes() -> None:
    said = (
        "Hi Sam,\n\nyour examples stayed general: we never heard what you did yourself and what the team did.\n\nMara"
    )
    found = heard(said + QUOTED)
    assert found.kind is FeedbackKind.GIVEN
    assert found.words == said
    assert "stayed general" in found.point
    assert found.themes[0] is Theme.BEHAVIOURAL


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("Your SQL was fine, but the query you wrote in the test had no index and timed out.", Theme.TECHNICAL),
        ("Ihre Gehaltsvorstellung lag deutlich über unserem Budget.", Theme.COMPENSATION),
        ("Il vous manquait trois ans d'expérience dans le secteur bancaire.", Theme.EXPERIENCE),
        ("Necesitábamos a alguien que pudiera empezar en abril y trabajar por turnos.", Theme.LOGISTICS),
        ("Je antwoorden waren lang en we raakten steeds de draad kwijt.", Theme.COMMUNICATION),
    ],
)
def test_what_feedback_is_about_is_told(text: str, theme: Theme) -> None:
    found = heard(text)
    assert (found.kind, found.themes[0]) == (FeedbackKind.GIVEN, theme)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("As a matter of policy we do not give individual feedback to applicants.", FeedbackKind.REFUSED),
        ("Leider dürfen wir aus rechtlichen Gründen keine Auskunft zu den Gründen geben.", FeedbackKind.REFUSED),
        (
            "Our first choice has withdrawn. Would you still be interested? We could meet on Tuesday.",
            FeedbackKind.REOPENS,
        ),
    ],
)
def test_other_answers_are_told_apart(text: str, kind: FeedbackKind) -> None:
    assert heard(text).kind is kind


def test_an_automatic_reply_is_no_answer_whatever_it_quotes() -> None:
    message = replace(answer_of("I am away until 9 March." + QUOTED), subject="Automatic reply: A no")
    found = Classifier.load().predict(message)
    assert found.label is Label.OTHER
    assert found.feedback is not None and found.feedback.kind is FeedbackKind.AWAY


def test_an_answer_without_a_sentence_is_heard_all_the_same() -> None:
    assert heard("").kind in FeedbackKind


def test_answers_written_to_judge_by_are_mostly_heard_rightly() -> None:
    kinds, about = [], []
    for line in JUDGED.read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)
        if answer["feedback"] == "bounce":
            continue
        found = answers.hear(read(as_message(answer)))
        kinds.append(found.kind.value == NAMES.get(answer["feedback"], answer["feedback"]))
        if answer["feedback"] == "given":
            about.append(bool(found.themes) and found.themes[0].value in themes(answer))
    assert len(kinds) > 140
    assert sum(kinds) / len(kinds) > 0.8
    assert sum(about) / len(about) > 0.7
