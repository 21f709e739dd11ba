"""Measure the classifier on labelled mail: python -m onward_classifiers.evaluate [PATH.jsonl …]

For each file: precision, recall and F1 of each label, the false alarms for rejection at the bands Onward asks and
acts in, and the same for a list of keywords, the way most programs do it. Without a path, the shipped examples are
used, which the weights have seen: that only shows the program runs.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path

from onward.core.model import LABELS, Label
from onward_classifiers import labelled
from onward_classifiers.labelled import Labelled
from onward_classifiers.score import Classifier

ACT, ASK = 0.8, 0.4


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures for each file."""
    parser = argparse.ArgumentParser(prog="python -m onward_classifiers.evaluate", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--wrong", action="store_true", help="list the ids that were misread")
    chosen = parser.parse_args(arguments)
    classifier = Classifier.load(chosen.weights)
    everything: list[tuple[Label, dict[Label, float]]] = []
    for path in chosen.paths or labelled.shipped():
        mails = labelled.read([path])
        start = time.perf_counter()
        said = [classifier.predict(mail.message).probabilities for mail in mails]
        spent = (time.perf_counter() - start) / max(len(mails), 1) * 1000
        truth = [mail.label for mail in mails]
        everything += zip(truth, said, strict=True)
        print(f"\n== {path.name}: {len(mails)} mails, {spent:.2f} ms each")
        print(report(truth, said))
        print(keyword_report(mails))
        if chosen.wrong:
            print(misread(mails, said))
    if len(chosen.paths) > 1:
        print(f"\n== all {len(chosen.paths)} files")
        print(report([label for label, _ in everything], [row for _, row in everything]))


def report(truth: Sequence[Label], said: Sequence[dict[Label, float]]) -> str:
    """Figures for each label that occurs, and for rejection at each band."""
    guesses = [max(row, key=row.__getitem__) for row in said]
    lines = [f"{'label':20} {'n':>5} {'precision':>9} {'recall':>7} {'F1':>6}"]
    for label in LABELS:
        if label in truth or label in guesses:
            lines.append(_line(label.value, [t is label for t in truth], [g is label for g in guesses]))
    right = sum(t is g for t, g in zip(truth, guesses, strict=True))
    lines.append(f"accuracy {right / max(len(truth), 1):.3f}")
    for name, threshold in (("ask", ASK), ("act", ACT)):
        called = [row[Label.REJECTION] >= threshold for row in said]
        lines.append(_line(f"rejection, {name} ≥ {threshold}", [t is Label.REJECTION for t in truth], called))
    return "\n".join(lines)


def keyword_report(mails: Sequence[Labelled]) -> str:
    """The same line for a list of keywords."""
    truth = [mail.label is Label.REJECTION for mail in mails]
    called = [_KEYWORDS.search(f"{mail.message.subject}\n{mail.message.text}") is not None for mail in mails]
    return _line("keywords instead", truth, called)


def misread(mails: Sequence[Labelled], said: Sequence[dict[Label, float]]) -> str:
    """Which mails were misread, surest first."""
    wrong = [
        (row[guess], mail.id, mail.label.value, guess.value, row[Label.REJECTION])
        for mail, row in zip(mails, said, strict=True)
        if (guess := max(row, key=row.__getitem__)) is not mail.label
    ]
    return "\n".join(
        f"  {sure:.2f} {id}: {was} read as {guess} (rejection {no:.2f})"
        for sure, id, was, guess, no in sorted(wrong, reverse=True)
    )


def _line(name: str, truth: Sequence[bool], called: Sequence[bool]) -> str:
    both = sum(t and c for t, c in zip(truth, called, strict=True))
    precision = both / max(sum(called), 1)
    recall = both / max(sum(truth), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    alarms = sum(called) - both
    return f"{name:20} {sum(truth):5} {precision:9.3f} {recall:7.3f} {f1:6.3f}  false alarms {alarms}"


_KEYWORDS = re.compile(
    r"(?i)unfortunately|regret to|not (?:be )?moving forward|other candidates|not (?:been )?selected|unsuccessful"
    r"|decided not to|not to proceed|will not be proceeding|leider|malheureusement|lamentablemente|helaas|tyvärr"
    r"|infelizmente|purtroppo"
)

if __name__ == "__main__":
    main()
