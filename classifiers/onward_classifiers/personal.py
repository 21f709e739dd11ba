"""What one person's corrections add to the shipped model: a small linear layer over it. Pure Python.

It is trained by `learn.py` from the corrections, and knows only the words and senders of the corrected mails: for all
other mail it adds nothing. Deleting its file returns to the shipped model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from onward.core.model import LABELS, ConfigError
from onward_classifiers.features import Features, Reading
from onward_classifiers.model import Row, read_checked

FEW = 3  # known words: a mail that shares fewer with the corrected ones is none of their kind


@dataclass(frozen=True, slots=True)
class Personal:
    """What is added to the scores of each label, for a mail that speaks like the corrected ones."""

    version: str
    base: str  # the shipped weights it was trained on; with others it does not count
    learned_from: dict[str, str]  # message key -> label it was trained as
    rows: Mapping[str, Row]

    def adjust(self, scores: Sequence[float], names: Sequence[str]) -> list[float]:
        """Scores of the shipped model (log probabilities), changed by what the person said."""
        known = [row for name in names if (row := self.rows.get(name))]
        if len(known) < FEW:
            return list(scores)
        share = 1 / sqrt(len(names))
        return [score + share * sum(column) for score, column in zip(scores, zip(*known, strict=True), strict=True)]


def personal_features(reading: Reading, whole: Features) -> list[str]:
    """By what a mail is like a corrected one: its words, its subject, its sender; each once."""
    names = dict.fromkeys(name for name in whole.words if not name.endswith("…"))
    sender = reading.message.sender
    if sender is not None:
        address = sender.email.lower()
        names |= dict.fromkeys((f"from:{address}", f"from:{address.rpartition('@')[2]}", f"by:{sender.name.lower()}"))
    return list(names)


def read_personal(path: Path, base: str) -> Personal | None:
    """What was learned, or None: nothing yet, or for weights that are no longer the shipped ones.

    Raises ConfigError where the file was damaged or changed.
    """
    if not path.exists():
        return None
    try:
        version, content = read_checked(path)
    except ConfigError as error:
        raise ConfigError(f"What Onward learned from you in {path} is damaged. See: onward learn --forget") from error
    if content["base"] != base:
        return None
    rows = {name: tuple(row) for name, row in content["rows"].items()}
    if any(len(row) != len(LABELS) for row in rows.values()):
        return None
    return Personal(version, content["base"], content["learned_from"], rows)
