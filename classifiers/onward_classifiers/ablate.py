"""What each part of the model brings: python -m onward_classifiers.ablate [--every N] (a quarter of an hour)

Trains it from the shipped examples with parts left out, and prints a table of cross-validated figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, f1_score

from onward.core.model import LABELS, Label
from onward_classifiers import labelled
from onward_classifiers.features import Features
from onward_classifiers.train import Example, example, hear, judge_scores, sentence_bank

WHOLE, SENTENCES, EVERYTHING = 11, 31, None  # columns of what the judge sees


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m onward_classifiers.ablate", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth example: quicker, and lower")
    every = parser.parse_args(arguments).every
    examples = [example(mail) for mail in labelled.read(labelled.shipped())[::every] if not mail.held_out]
    bank = sentence_bank()[::every]
    print("| parts | accuracy | macro-F1 | rejection: average precision | precision | recall |")
    print("|---|---|---|---|---|---|")
    words = [without_concepts(one) for one in examples]
    heard = hear(words, [])
    _row("words of the whole mail", heard, WHOLE)
    _row("… and of its sentences", heard, SENTENCES)
    heard = hear(words, [(_words_only(found), label) for found, label in bank])
    _row("… with sentences written by themselves", heard, SENTENCES)
    heard = hear(examples, bank)
    _row("… with concepts", heard, SENTENCES)
    _row("… with the subject by itself, the header, length and place: all", heard, EVERYTHING)


def without_concepts(one: Example) -> Example:
    """The same example, of which only words are known."""
    return replace(one, whole=_words_only(one.whole), parts=[_words_only(found) for found in one.parts])


def _words_only(found: Features) -> Features:
    return Features(found.words, ["m:none"])


def _row(name: str, heard: Any, columns: int | None) -> None:
    """Figures over the example mails themselves, without those made to be long."""
    scores = heard.scores if columns is None else judge_scores(heard.seen[:, :columns], heard.truth)
    real = [row for row, place in enumerate(heard.places) if place >= 0]
    truth = np.array([LABELS.index(Label(heard.truth[row])) for row in real])
    said = scores[real].argmax(axis=1)
    right, called = truth == 0, said == 0
    print(
        f"| {name} | {np.mean(said == truth):.3f} | {f1_score(truth, said, average='macro'):.3f}"
        f" | {average_precision_score(right, scores[real][:, 0] - scores[real][:, 1:].max(axis=1)):.3f}"
        f" | {(right & called).sum() / called.sum():.3f} | {(right & called).sum() / right.sum():.3f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
