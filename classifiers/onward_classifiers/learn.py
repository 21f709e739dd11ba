"""Learn from a person's corrections, in a process of its own: the service itself never loads scikit-learn.

The shipped model stays as it is. What the person said becomes a small layer over it (`personal.py`), trained on the
corrected mails and on shipped examples together, so that it changes the verdict on mail of the same kind and on no
other. It is taken only if it is no worse on the shipped examples that no training ever sees. Each time it is trained
from all corrections anew, so a changed mind leaves no trace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from onward.core.model import LABELS, Address, Label, Learned, Message
from onward_classifiers import labelled
from onward_classifiers.model import write_checked
from onward_classifiers.personal import FEW, Personal
from onward_classifiers.score import Classifier, personal_path

TIME_LIMIT = 60.0  # seconds
EACH = 3  # every so many of the shipped examples stand for all other mail while a person's corrections are learned
FIRMNESS = (16.0, 64.0, 256.0)  # how much one correction weighs; the least that is heard by the model is taken
HEARD = 0.97  # probability of the person's label from which on a correction counts as heard
SHRINKING = 0.02  # how strongly what is learned is held small (ridge)
SILENT = 0.01  # what adds less to every label is not written down
COMMON = 0.02  # a name that more of the shipped examples have says nothing of a kind of mail
DIGITS = 3

Taught = Sequence[tuple[Message, Label]]


def learn(home: Path, corrections: Taught) -> Learned:
    """Train from all corrections in a process of its own; the model is kept only where it is no worse.

    Raises TimeoutExpired or CalledProcessError (of subprocess) where that process did not come to an end.
    """
    if not corrections:
        forget(home)
        return Learned(True, 0, "there is nothing to learn from: the shipped model decides", 0.0, "")
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "onward_classifiers.learn", str(home)],
        input=json.dumps([_line(message, label) for message, label in corrections]).encode(),
        capture_output=True,
        timeout=TIME_LIMIT,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    said = json.loads(done.stdout)
    return Learned(said["promoted"], len(corrections), said["reason"], time.monotonic() - start, said["model"])


def forget(home: Path) -> bool:
    """Return to the shipped model. False: it was the one in use."""
    path = personal_path(home)
    known = path.exists()
    path.unlink(missing_ok=True)
    return known


def main() -> None:
    """The other process: corrections come in by stdin, from the one that started it; what became of them goes out."""
    home = Path(sys.argv[1])
    corrections = [
        (replace(labelled.as_message(line), key=line["key"]), Label(line["label"])) for line in json.load(sys.stdin)
    ]
    personal, reason = Lesson().learn(corrections)
    model = _write(home, personal) if personal else ""
    json.dump({"promoted": personal is not None, "reason": reason, "model": model}, sys.stdout)


def _line(message: Message, label: Label) -> dict[str, Any]:
    """One corrected mail as `labelled.as_message` reads it."""
    return {
        "key": message.key,
        "label": label.value,
        "from": _address(message.sender) if message.sender else None,
        "subject": message.subject,
        "body": message.text,
        "html_only": message.html_only,
        "in_thread": bool(message.references),
        "calendar": message.calendar_method,
        "signs": sorted(message.signs),
    }


def _address(sender: Address) -> str:
    quoted = sender.name.replace("\\", " ").replace('"', "'")
    return f'"{quoted}" <{sender.email}>'


class _Seen(NamedTuple):
    """What is kept of a look at one mail: what the shipped model says, and what a correction may know it by."""

    scores: list[float]
    names: list[str]


class Lesson:
    """What every training starts from: the shipped model, and what it says of shipped examples."""

    def __init__(self) -> None:
        self.shipped = Classifier.load()
        examples = labelled.read(labelled.shipped())
        known = [one for one in examples if not one.held_out][::EACH]
        self.known = self._see([(one.message, one.label) for one in known])
        self.spread = Counter(name for look, _ in self.known for name in look.names)
        self.held_out = self._see([(one.message, one.label) for one in examples if one.held_out])

    def learn(self, corrections: Taught) -> tuple[Personal | None, str]:
        """The person's layer, and why it is taken; or None, and why it is not."""
        before = self.mistakes(None)
        learned_from = {message.key: label.value for message, label in corrections}
        seen = self._see(corrections)
        for firmness in FIRMNESS:
            personal = Personal("", self.shipped.weights.version, learned_from, self._fit(seen, firmness))
            after = self.mistakes(personal)
            if after > before:
                return None, f"it would misread more of the shipped examples: {after} instead of {before} points"
            taught = Classifier(self.shipped.weights, personal)
            heard = [taught.predict(message).probabilities[label] >= HEARD for message, label in corrections]
            if all(heard):
                break
        return personal, f"it follows {sum(heard)} of {len(heard)} corrections and misreads no more than before"

    def mistakes(self, personal: Personal | None) -> int:
        """Points for misread held-out examples: three where what is no rejection is taken for one, else one."""
        points = 0
        for look, label in self.held_out:
            scores = personal.adjust(look.scores, look.names) if personal else look.scores
            said = LABELS[max(range(len(LABELS)), key=scores.__getitem__)]
            points += 0 if said is label else 3 if said is Label.REJECTION else 1
        return points

    def _see(self, mails: Taught) -> list[tuple[_Seen, Label]]:
        looks = ((self.shipped.look(message), label) for message, label in mails)
        return [(_Seen(look.scores, look.names), label) for look, label in looks]

    def _is_common(self, name: str) -> bool:
        """Whether a name is found in so much mail that it says nothing of a kind."""
        return self.spread[name] > COMMON * len(self.known)

    def _fit(self, corrections: Sequence[tuple[_Seen, Label]], firmness: float) -> dict[str, tuple[float, ...]]:
        """What each name found in the corrected mails adds to each label, so that the examples stay as they are.

        Multinomial logistic regression with what the shipped model says as a fixed offset, which scikit-learn's own
        has not; found by the same method (L-BFGS).
        """
        import numpy as np
        from scipy.optimize import minimize

        names = sorted({name for look, _ in corrections for name in look.names if not self._is_common(name)})
        place = {name: number for number, name in enumerate(names)}
        looks = [*corrections, *self.known]
        offsets = np.array([look.scores for look, _ in looks])
        found = np.zeros((len(looks), len(names)))
        for row, (look, _) in enumerate(looks):
            known = [place[name] for name in look.names if name in place]
            if len(known) >= FEW:  # as Personal.adjust has it
                found[row, known] = 1 / sqrt(len(look.names))
        wanted = np.zeros_like(offsets)
        wanted[np.arange(len(looks)), [LABELS.index(label) for _, label in looks]] = 1.0
        weights = np.array([firmness] * len(corrections) + [1.0] * len(self.known))[:, None]

        def loss(flat: Any) -> tuple[float, Any]:
            told = flat.reshape(len(names), len(LABELS))
            scores = offsets + found @ told
            scores -= scores.max(axis=1, keepdims=True)
            shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            missed = -(weights * wanted * np.log(shares + 1e-12)).sum() + SHRINKING / 2 * (told**2).sum()
            return missed, (found.T @ (weights * (shares - wanted)) + SHRINKING * told).ravel()

        start = np.zeros(len(names) * len(LABELS))
        told = minimize(loss, start, jac=True, method="L-BFGS-B").x.reshape(len(names), len(LABELS))
        return {
            name: tuple(round(float(value), DIGITS) for value in row)
            for name, row in zip(names, told, strict=True)
            if abs(row).max() >= SILENT
        }


def _write(home: Path, personal: Personal) -> str:
    rows = ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(row)}" for name, row in personal.rows.items()
    )
    return write_checked(
        personal_path(home),
        "personal-1",
        [
            f'"base": {json.dumps(personal.base)},',
            f'"learned_from": {json.dumps(personal.learned_from)},',
            '"rows": {',
            rows,
            "}",
        ],
    )


if __name__ == "__main__":
    main()
