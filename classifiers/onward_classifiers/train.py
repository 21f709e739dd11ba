"""Train the weights from the examples and write them down: python -m onward_classifiers.train

The only module that imports scikit-learn. Prints what the model would have said about examples it had not seen
(cross-validation), sets the temperature by the same folds, and exports a file one can read and compare line by line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from onward.core.model import LABELS, Label
from onward_classifiers import labelled
from onward_classifiers.evaluate import report
from onward_classifiers.features import Features, features
from onward_classifiers.score import WEIGHTS
from onward_classifiers.text import prepare

FOLDS = 5
VOCABULARY = 6_000  # word features kept: more tell no more, and the file stays small and loads in a blink
STRENGTH = 10.0  # inverse of the regularisation
WEIGHT_OF_IDEAS = 0.6  # length of their block where that of the words is 1
OTHER_MAIL = 6.0  # most mail of a mailbox is other mail: how much more it weighs than each label's fair share
DIGITS = 3  # of a coefficient; a probability moves by less than 0.005


@dataclass(frozen=True, slots=True)
class Trained:
    """Two vectorizers, one for each block of features, and the model over both."""

    words: Any
    ideas: Any
    model: Any

    def matrix(self, documents: Sequence[Features]) -> Any:
        """Documents as rows, the two blocks side by side."""
        words = self.words.transform([one.words for one in documents])
        ideas = self.ideas.transform([one.ideas for one in documents])
        return hstack([words, ideas * WEIGHT_OF_IDEAS], format="csr")

    def scores(self, documents: Sequence[Features]) -> Any:
        """Scores of every document; columns as in LABELS."""
        scores = np.full((len(documents), len(LABELS)), -30.0)
        columns = [LABELS.index(Label(name)) for name in self.model.classes_]
        scores[:, columns] = self.model.decision_function(self.matrix(documents))
        return scores


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the cross-validated figures, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m onward_classifiers.train", description=__doc__)
    parser.add_argument("examples", nargs="*", type=Path, help="files of labelled mails; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args(arguments)
    mails = labelled.read(chosen.examples or labelled.shipped())
    documents = [features(mail.message, prepare(mail.message)) for mail in mails]
    truth = [mail.label for mail in mails]
    scores = held_out_scores(documents, truth, [mail.group for mail in mails])
    warmth = temperature(scores, truth)
    print(f"{len(mails)} examples, {FOLDS} folds, temperature {warmth:.2f}, not seen in training:")
    print(report(truth, [said(row) for row in softmax(scores / warmth)]))
    trained = fit(documents, truth)
    version = export(trained, warmth, chosen.out)
    print(
        f"wrote {chosen.out}: {version}, {len(trained.words.vocabulary_)} words, {len(trained.ideas.vocabulary_)} ideas"
    )


def fit(documents: Sequence[Features], truth: Sequence[Label]) -> Trained:
    """Train once over every feature that occurs twice, then over the words that told most."""
    words = _vectorizer(min_df=2).fit([one.words for one in documents])
    ideas = _vectorizer(min_df=2).fit([one.ideas for one in documents])
    first = _fit_model(Trained(words, ideas, _model()), documents, truth)
    names = words.get_feature_names_out()
    if len(names) <= VOCABULARY:
        return first
    told = first.model.coef_[:, : len(names)]
    spread = (told.max(axis=0) - told.min(axis=0)) * words.idf_
    best = sorted(names[place] for place in np.argsort(-spread, kind="stable")[:VOCABULARY])
    chosen = _vectorizer(vocabulary=best).fit([one.words for one in documents])
    return _fit_model(Trained(chosen, ideas, _model()), documents, truth)


def _vectorizer(**options: Any) -> Any:
    return TfidfVectorizer(analyzer=as_it_is, lowercase=False, sublinear_tf=True, **options)


def as_it_is(document: list[str]) -> list[str]:
    """The features are made already."""
    return document


def _model() -> Any:
    return LogisticRegression(C=STRENGTH, max_iter=2000, random_state=0)


def _fit_model(trained: Trained, documents: Sequence[Features], truth: Sequence[Label]) -> Trained:
    counts = Counter(truth)
    fair = {label: len(truth) / (len(counts) * count) for label, count in counts.items()}
    fair[Label.OTHER] *= OTHER_MAIL
    weights = [fair[label] for label in truth]
    trained.model.fit(trained.matrix(documents), [label.value for label in truth], sample_weight=weights)
    return trained


def held_out_scores(documents: Sequence[Features], truth: Sequence[Label], groups: Sequence[str]) -> Any:
    """Scores of every example by a model that has seen neither it nor its group; columns as in LABELS."""
    scores = np.zeros((len(truth), len(LABELS)))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for seen, unseen in folds.split(scores, [label.value for label in truth], groups):
        trained = fit([documents[i] for i in seen], [truth[i] for i in seen])
        scores[unseen] = trained.scores([documents[i] for i in unseen])
    return scores


def temperature(scores: Any, truth: Sequence[Label]) -> float:
    """The temperature at which the held-out probabilities are most honest (least log loss)."""
    right = [LABELS.index(label) for label in truth]
    rows = np.arange(len(right))

    def loss(warmth: float) -> float:
        return float(-np.log(softmax(scores / warmth)[rows, right] + 1e-12).mean())

    return min((round(float(step), 2) for step in np.arange(0.2, 3.01, 0.02)), key=loss)


def softmax(scores: Any) -> Any:
    """Rows of scores as rows of probabilities."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def said(row: Any) -> dict[Label, float]:
    """One row of probabilities by label."""
    return {label: float(value) for label, value in zip(LABELS, row, strict=True)}


def export(trained: Trained, warmth: float, path: Path) -> str:
    """Write the weights as JSON, one feature a line, its hash in the first line. Returns the version."""
    labels = [str(name) for name in trained.model.classes_]
    split = len(trained.words.vocabulary_)
    coefficients = trained.model.coef_.T
    lines = [
        f'"labels": {json.dumps(labels)},',
        f'"intercepts": {json.dumps(np.round(trained.model.intercept_, 5).tolist())},',
        f'"temperature": {warmth},',
        '"words": {',
        _rows(trained.words, coefficients[:split]),
        '}, "ideas": {',
        _rows(trained.ideas, coefficients[split:] * WEIGHT_OF_IDEAS),
        "}}",
    ]
    payload = ("\n".join(lines) + "\n").encode()
    digest = hashlib.sha256(payload).hexdigest()
    version = f"logreg-1-{digest[:8]}"
    head = json.dumps({"version": version, "sha256": digest})[:-1] + ",\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(head.encode() + payload)
    unfinished.replace(path)
    return version


def _rows(vectorizer: Any, coefficients: Any) -> str:
    """One feature a line: its name, idf and coefficients."""
    rows = np.round(np.column_stack([vectorizer.idf_, coefficients]), DIGITS).tolist()
    names = vectorizer.get_feature_names_out()
    return ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}:{_short(row)}" for name, row in zip(names, rows, strict=True)
    )


def _short(row: list[float]) -> str:
    return "[" + ",".join(f"{value:g}" for value in row) + "]"


if __name__ == "__main__":
    main()
