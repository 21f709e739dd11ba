"""Learn what answers say, and write the weights down: `python -m onward_classifiers.answers.train [--out FILE]`.

For development only. The sentences are written by themselves, with their theme or kind; the whole answers teach only
how the kind of an answer follows from its sentences, and are no part of what the sentences are learned from. Prints
what becomes of sentences and answers that were not learned from.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from onward.core.model import Address, FeedbackKind, Message
from onward_classifiers.answers import (
    KINDS,
    SENTENCE_KINDS,
    WEIGHTS,
    Heard,
    hear_sentences,
    sentence_features,
    themes_of,
    weigh,
)
from onward_classifiers.features import Features, Reading, read_sentence
from onward_classifiers.model import Reader, read_tables, write_checked
from onward_classifiers.text import Sentence, prepare
from onward_classifiers.train import Linear, fair, short

EXAMPLES = Path(__file__).parent / "examples"
WORDS, CONCEPTS = 6_000, 4_000
FOLDS = 5
STRENGTH = 0.3
NAMES = {  # what the examples call some kinds
    "motivation": "motivation_fit",
    "vague": "none",
    "refused": FeedbackKind.REFUSED,
    "out_of_office": FeedbackKind.AWAY,
}
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

Answer = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print what was not learned from, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m onward_classifiers.answers.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args(arguments)
    documents, truth = sentences()
    right = 0
    for seen, unseen in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(documents, truth):
        scores = fit(documents, truth, seen).scores([documents[i] for i in unseen], SENTENCE_KINDS)
        right += sum(SENTENCE_KINDS[row.argmax()] == truth[i] for row, i in zip(scores, unseen, strict=True))
    print(f"{len(truth)} sentences; of those not learned from {right / len(truth):.3f} are told rightly")
    model = fit(documents, truth, range(len(truth)))
    intercepts = f'"intercepts": {short(model.intercepts(SENTENCE_KINDS), 4)},'
    write_checked(chosen.out, "answers-1", [intercepts, *model.tables("sentence", SENTENCE_KINDS)])
    judge = fit_judge(chosen.out)
    rows = ['"judge": [', ",\n".join(short(row, 4) for row in judge), "],"]
    version = write_checked(chosen.out, "answers-1", [intercepts, *rows, *model.tables("sentence", SENTENCE_KINDS)])
    print(f"wrote {chosen.out}: {version}, {chosen.out.stat().st_size / 1e6:.2f} MB")


def sentences() -> tuple[list[Features], list[str]]:
    """The features and the kind of each sentence."""
    documents, truth = [], []
    for path in sorted(EXAMPLES.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            tongue, kind, text = line.split("\t")
            documents.append(sentence_features(read_sentence(Sentence(text), tongue), tongue))
            truth.append(str(NAMES.get(kind, kind)) if kind != "refused" else "refuses")
    return documents, truth


def fit(documents: Sequence[Features], truth: Sequence[str], seen: Sequence[int]) -> Linear:
    """The reading of sentences."""
    known = [truth[i] for i in seen]
    return Linear(WORDS, CONCEPTS).fit([documents[i] for i in seen], known, fair(known))


def answers(paths: Sequence[Path]) -> Iterator[Answer]:
    """Whole answers; those that came back are no answers."""
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            answer = json.loads(line)
            if answer["feedback"] != "bounce":
                yield answer


def heard_of(answer: Answer, reader: Reader) -> tuple[list[Heard], Message]:
    """What the reading of sentences says of a whole answer."""
    message = Message(
        "k", "a", "INBOX", 1, 1, LONG_AGO, LONG_AGO, None, "h", answer["subject"], Address("a@b.example"),
        text=answer["body"], signs=frozenset({"auto-submitted"} if answer.get("auto_submitted") else ()),
    )  # fmt: skip
    return hear_sentences(Reading(message, prepare(message), answer["language"]), reader), message


def fit_judge(path: Path) -> Any:
    """How the kind of an answer follows from its sentences: intercept, then coefficients, for each of KINDS."""
    _, small, (words, meant) = read_tables(path)
    reader = Reader(words, meant, small["intercepts"])
    whole = list(answers(sorted(EXAMPLES.glob("replies-*.jsonl"))))
    heard = [heard_of(each, reader) for each in whole]
    seen = np.array([weigh(*each) for each in heard])
    kinds = [str(NAMES.get(each["feedback"], each["feedback"])).replace("none", "vague") for each in whole]
    right = 0
    for known, unknown in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(seen, kinds):
        rows = _judge(seen[known], [kinds[i] for i in known])
        for i in unknown:
            right += KINDS[int(np.argmax(rows[:, 0] + rows[:, 1:] @ seen[i]))].value == kinds[i]
    given = [(each, one) for each, (one, _) in zip(whole, heard, strict=True) if each["feedback"] == "given"]
    themes = sum(themes_of(one)[0] in [str(NAMES.get(theme, theme)) for theme in each["themes"]] for each, one in given)
    print(f"{len(kinds)} answers; of those not learned from {right / len(kinds):.3f} are told rightly")
    print(f"{len(given)} with feedback; the main theme is right in {themes / len(given):.3f}")
    return _judge(seen, kinds)


def _judge(seen: Any, kinds: Sequence[str]) -> Any:
    middle, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-9
    model = LogisticRegression(C=STRENGTH, max_iter=2_000).fit((seen - middle) / spread, kinds)
    order = [list(model.classes_).index(kind.value) for kind in KINDS]
    coefficients = model.coef_[order] / spread
    return np.column_stack([model.intercept_[order] - coefficients @ middle, coefficients])


if __name__ == "__main__":
    main()
