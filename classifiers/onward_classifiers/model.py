"""The model: two linear readings of a mail, and a third that weighs them. Pure Python, no scikit-learn, no numpy.

The first reading takes the mail as a whole, the second each sentence by itself: what it would be if it decided. The
third sees both at once, with where the deciding sentence stands and what the header says. All three are softmax over
linear scores. Their weights come from `train.py` and lie in one file that can be read and compared line by line.

What a feature weighs for every label is kept as one long integer, a field of 32 bits for each: adding up the weights of
a sentence is then one addition a feature.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, log, log1p, sqrt
from operator import add
from pathlib import Path
from typing import Any

from onward.core.model import LABELS, ConfigError
from onward_classifiers.features import Features, Reading

NOTHING = "none"  # what a sentence is that decides nothing
SENTENCE_LABELS = (*(label.value for label in LABELS if label.value != "other"), NOTHING)
LEAST = 1e-5  # probability: nothing is impossible
FLOOR = log(LEAST)
HALF = 1 << 31
AT_ONCE = 200  # lines of a table

SCALE = 1_000  # weights are kept in thousandths

Row = Sequence[float]
Table = dict[str, int]  # of a feature the square of its idf, then idf × coefficient for each label, packed


@dataclass(frozen=True, slots=True)
class Reader:
    """One linear reading: coefficients · unit vectors of idf of two blocks, plus intercepts."""

    words: Table
    concepts: Table
    intercepts: Row

    def scores(self, found: Features) -> Row:
        """One score for each label, not yet a probability."""
        scores = self.intercepts
        for names, table in ((found.words, self.words), (found.concepts, self.concepts)):
            scores = [*map(add, scores, _block(names, table, len(scores)))]
        return scores


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything that was learned."""

    version: str
    mail: Reader  # labels as in LABELS
    sentence: Reader  # labels as in SENTENCE_LABELS
    judge: Sequence[Row]  # for each label of LABELS: intercept, then a coefficient for each value of `weigh`
    temperature: float
    plainly_other: float  # from this lead of 'other' in the first reading on, the second is not needed


def probabilities(scores: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Softmax."""
    top = max(scores)
    powers = [exp((score - top) / temperature) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def odds(scores: Sequence[float]) -> list[float]:
    """How likely a sentence decides for each label of LABELS but 'other', as log odds within ±FLOOR."""
    return [log((share + LEAST) / (1 - share + LEAST)) for share in probabilities(scores)[:-1]]


def weigh(reading: Reading, whole: Sequence[float], parts: Sequence[Sequence[float]]) -> list[float]:
    """What the third reading sees: the scores of the mail, and for each label its subject and two best sentences.

    `parts` are the odds of the subject, then of each sentence.
    """
    middle = sum(whole) / len(whole)
    subject = parts[0]
    columns = list(zip(*parts[1:], strict=True)) or [(FLOOR,)] * (len(SENTENCE_LABELS) - 1)
    best = [max(column) for column in columns]
    second = [sorted(column)[-2] if len(column) > 1 else FLOOR for column in columns]
    message = reading.message
    return [
        *[score - middle for score in whole],
        *best,
        *second,
        *subject,
        log1p(len(columns[0])),
        columns[0].index(best[0]) / max(len(columns[0]) - 1, 1) if best[0] > 0 else 0.0,
        float(reading.prepared.forwarded),
        float(reading.prepared.quoted),
        float("list" in message.signs),
        float("auto-submitted" in message.signs),
        float(bool(message.references)),
        float(message.calendar_method == "CANCEL"),
        float(bool(message.calendar_method)),
        float(reading.language is None),
    ]


def lead_of_other(scores: Sequence[float]) -> float:
    """How far 'other', the last of LABELS, is ahead of every other label in the first reading."""
    return scores[-1] - max(scores[:-1])


def _block(names: list[str], table: Table, labels: int) -> Sequence[float]:
    """What one block of features adds to each label: its idf vector, of length one, times the coefficients."""
    square, *sums = unpack(sum(filter(None, map(table.get, set(names)))), labels + 1)
    if not square:
        return sums
    length = sqrt(square * SCALE)
    return [value / length for value in sums]


# ---- rows as integers


def pack(values: Sequence[int]) -> int:
    """Values below 2³¹ as one integer; the sum of such integers holds the sums of their values."""
    middle = _middle(len(values))
    return (int.from_bytes(struct.pack(f"<{len(values)}i", *values), "little") ^ middle) - middle


def unpack(packed: int, count: int) -> list[int]:
    """The values in an integer made by `pack`, or in a sum of such integers."""
    raw = (packed + _middle(count)).to_bytes(4 * count, "little")
    return [value - HALF for value in struct.unpack(f"<{count}I", raw)]


@cache
def _middle(count: int) -> int:
    """Every field at half of what it can hold."""
    return sum(HALF << 32 * place for place in range(count))


# ---- the file


# Small values come first, then a table for each block of each reading: `"mail words": {`, one feature a line, `},`.


def read_weights(path: Path) -> Weights:
    """The weights in a file, after its hash has been checked.

    The tables are read in pieces: as one document they would need four times their memory while they are read.
    """
    version, small, tables = read_tables(path)
    mail_words, mail_concepts, sentence_words, sentence_concepts = tables
    return Weights(
        version,
        Reader(mail_words, mail_concepts, small["mail intercepts"]),
        Reader(sentence_words, sentence_concepts, small["sentence intercepts"]),
        small["judge"],
        small["temperature"],
        small["plainly_other"],
    )


def read_tables(path: Path) -> tuple[str, dict[str, Any], list[Table]]:
    """(version, small values, tables) of a file of weights, after its hash has been checked."""
    version, payload = _checked(path)
    beginning, *sections = payload.split(b": {\n")
    return version, json.loads(b"{" + beginning.rpartition(b",\n")[0] + b"}"), list(map(_table, sections))


def read_checked(path: Path) -> tuple[str, dict[str, Any]]:
    """(version, content) of a small file of weights. Raises ConfigError where it is missing or not as written."""
    version, payload = _checked(path)
    return version, json.loads(b"{" + payload)


def _checked(path: Path) -> tuple[str, bytes]:
    """(version, all after the first line). Raises ConfigError where the file is missing, damaged or was changed."""
    try:
        head, newline, payload = path.read_bytes().partition(b"\n")
        written = json.loads(head.rstrip(b",") + b"}")
    except OSError as error:
        raise ConfigError(f"The weights {path} cannot be read ({error.strerror}): reinstall Onward.") from error
    except ValueError as error:
        raise ConfigError(f"The weights {path} are damaged: reinstall Onward.") from error
    if not newline or hashlib.sha256(payload).hexdigest() != written.get("sha256"):
        raise ConfigError(f"The weights {path} were changed after they were written: reinstall Onward.")
    return str(written["version"]), payload


def write_checked(path: Path, name: str, lines: Iterable[str]) -> str:
    """Write the lines of a JSON object's inside with a head that holds their hash; returns the version."""
    payload = ("\n".join(lines) + "}\n").encode()
    digest = hashlib.sha256(payload).hexdigest()
    version = f"{name}-{digest[:8]}"
    head = json.dumps({"version": version, "sha256": digest})[:-1] + ",\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(head.encode() + payload)
    unfinished.replace(path)
    return version


def _table(section: bytes) -> Table:
    lines = section[: section.index(b"\n}")].split(b",\n")
    table: Table = {}
    for start in range(0, len(lines), AT_ONCE):
        rows = json.loads(b"{" + b",".join(lines[start : start + AT_ONCE]) + b"}")
        table.update(zip(rows, map(pack, rows.values()), strict=True))
    return table
