"""The words no letter of ours may hold."""

from __future__ import annotations

import pytest

from onward.core.model import LetterKind
from wording import complaints

FINE = (
    "Dear Mara, thank you for letting me know. I understand the decision. "
    + "All the best to you and your colleagues. " * 2
)


def test_a_plain_thank_you_is_fine() -> None:
    assert complaints(FINE, LetterKind.THANKS) == []


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("Would you reconsider, please.", "an argument: reconsider"),
        ("Ich bitte Sie, das zu überdenken.", "an argument: überdenken"),
        ("I am more qualified than most.", "a comparison: more qualified than"),
        ("I would be thrilled.", "a sales word: thrilled"),
        ("Why? When?", "more than one question"),
        ("Thank you!", "an exclamation mark"),
        ("Great, wonderful, amazing and impressive.", "praise in heaps"),
    ],
)
def test_what_may_not_be_said_is_named(words: str, what: str) -> None:
    assert complaints(FINE + words, LetterKind.THANKS) == [what]


def test_a_long_letter_is_not_read() -> None:
    assert complaints(FINE * 3, LetterKind.THANKS) == ["84 words, where 25 to 65 are read gladly"]
