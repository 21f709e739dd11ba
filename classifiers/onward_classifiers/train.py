"""Train the weights from the examples and write them down: python -m onward_classifiers.train

The only module that imports scikit-learn. Prints what the model would have said about examples it had not seen
(cross-validation), sets the temperature by the same folds, and exports a file one can read and compare line by line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from onward.core.model import LABELS, Label
from onward_classifiers import labelled
from onward_classifiers.evaluate import report
from onward_classifiers.features import features
from onward_classifiers.score import WEIGHTS
from onward_classifiers.text import prepare

FOLDS = 5
VOCABULARY = 12_000  # features kept: the file stays near 1 MB and loads in a blink
STRENGTH = 10.0  # inverse of the regularisation
DIGITS = 3  # of a coefficient; a probability moves by less than 1e-3


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the cross-validated figures, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m onward_classifiers.train", description=__doc__)
    parser.add_argument("examples", nargs="*", type=Path, help="files of labelled mails; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--quick", action="store_true", help="write the weights without cross-validation")
    chosen = parser.parse_args(arguments)
    mails = labelled.read(chosen.examples or labelled.shipped())
    documents = [features(mail.message, prepare(mail.message)) for mail in mails]
    truth = [mail.label for mail in mails]
    warmth = 1.0
    if not chosen.quick:
        scores = held_out_scores(documents, truth)
        warmth = temperature(scores, truth)
        print(f"{len(mails)} examples, {FOLDS} folds, temperature {warmth:.2f}, not seen in training:")
        print(report(truth, [said(row) for row in softmax(scores / warmth)]))
    vectorizer, model = fit(documents, truth)
    version = export(vectorizer, model, warmth, chosen.out)
    print(f"wrote {chosen.out}: {version}, {len(vectorizer.vocabulary_)} features")


def fit(documents: Sequence[list[str]], truth: Sequence[Label]) -> tuple[Any, Any]:
    """A vectorizer and a model: once over every feature, then over those that told most."""
    vectorizer = _vectorizer(min_df=2)
    model = _fit_model(vectorizer.fit_transform(documents), truth)
    spread = (model.coef_.max(axis=0) - model.coef_.min(axis=0)) * vectorizer.idf_
    names = vectorizer.get_feature_names_out()
    best = sorted(names[place] for place in np.argsort(-spread, kind="stable")[:VOCABULARY])
    chosen = _vectorizer(vocabulary=best)
    return chosen, _fit_model(chosen.fit_transform(documents), truth)


def _vectorizer(**options: Any) -> Any:
    return TfidfVectorizer(analyzer=as_it_is, lowercase=False, sublinear_tf=True, **options)


def as_it_is(document: list[str]) -> list[str]:
    """The features are made already."""
    return document


def _fit_model(matrix: Any, truth: Sequence[Label]) -> Any:
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=2000, random_state=0)
    return model.fit(matrix, [label.value for label in truth])


def held_out_scores(documents: Sequence[list[str]], truth: Sequence[Label]) -> Any:
    """Scores of every example by a model that has not seen it; columns as in LABELS."""
    scores = np.full((len(truth), len(LABELS)), -30.0)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for seen, unseen in folds.split(np.zeros(len(truth)), [label.value for label in truth]):
        vectorizer, model = fit([documents[i] for i in seen], [truth[i] for i in seen])
        columns = [LABELS.index(Label(name)) for name in model.classes_]
        matrix = vectorizer.transform([documents[i] for i in unseen])
        scores[np.ix_(unseen, columns)] = model.decision_function(matrix)
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


def export(vectorizer: Any, model: Any, warmth: float, path: Path) -> str:
    """Write the weights as JSON, one feature a line, its hash in the first line. Returns the version."""
    labels = [str(name) for name in model.classes_]
    names = vectorizer.get_feature_names_out()
    rows = np.round(np.column_stack([vectorizer.idf_, model.coef_.T]), DIGITS).tolist()
    lines = [
        f'"labels": {json.dumps(labels)},',
        f'"intercepts": {json.dumps(np.round(model.intercept_, 5).tolist())},',
        f'"temperature": {warmth},',
        '"features": {',
        ",\n".join(f"{json.dumps(name, ensure_ascii=False)}:{_short(row)}" for name, row in zip(names, rows, strict=True)),
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


def _short(row: list[float]) -> str:
    return "[" + ",".join(f"{value:g}" for value in row) + "]"


if __name__ == "__main__":
    main()
