"""Train the weights from the examples and write them down: python -m onward_classifiers.train

Prints what the model would have said about examples it had not seen (cross-validation), and exports a file one can
read and compare line by line. The third reading learns only from what the first two said of mails they had not seen.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from scipy.sparse import hstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from onward.core.model import LABELS, Label
from onward_classifiers import labelled
from onward_classifiers.evaluate import overlaps, report
from onward_classifiers.features import (
    Features,
    Reading,
    lone_sentence_features,
    looks_automatic,
    mail_features,
    read,
    sentence_features,
)
from onward_classifiers.labelled import Labelled
from onward_classifiers.model import (
    LEAST,
    NOTHING,
    SCALE,
    SENTENCE_LABELS,
    lead_of_other,
    weigh,
    write_checked,
)
from onward_classifiers.score import WEIGHTS, strongest

FOLDS = 4
WORKERS = 2  # processes
STRENGTH = 6.0  # inverse of the regularisation, of both readings
STRENGTH_OF_JUDGE = 0.1
WEIGHT_OF_CONCEPTS = 0.6  # length of their block where that of the words is 1
MAIL_WORDS, SENTENCE_WORDS = 8_000, 12_000  # features kept of those that tell most: the file stays small
MAIL_CONCEPTS, SENTENCE_CONCEPTS = 4_000, 5_000
DOUBTFUL = 0.15  # from here on a sentence that was not marked may decide as well: nothing is learned from it
ROUGHLY, ITERATIONS = 30, 150
FAR_AHEAD = 400  # one mail in so many is other mail by the first reading, wrongly, and not read again
LISTED = 8  # one machine in so many sends its mail with a list's header
MOST_PARTS = 8  # of other mails that make a long one


Bank = Sequence[tuple[Features, str]]  # sentences written by themselves, with their labels

_SHARED: dict[str, Any] = {}  # what the processes of the folds read


@dataclass(slots=True)
class Example:
    """One mail, read, with what there is to learn from it."""

    mail: Labelled
    reading: Reading
    whole: Features
    parts: list[Features]
    targets: list[str]  # for the subject and each sentence its label, or NOTHING

    @property
    def label(self) -> str:
        return self.mail.label.value

    @property
    def marked(self) -> bool:
        """Whether its sentences are told apart: the deciding one is known, or none decides."""
        return self.mail.label is Label.OTHER or any(target != NOTHING for target in self.targets)


class Linear:
    """A linear model over two blocks of features, pruned to those that tell most."""

    def __init__(self, words: int, concepts: int) -> None:
        self.most = (words, concepts)
        self.blocks: list[Any] = []
        self.model: Any = None

    def fit(self, documents: Sequence[Features], truth: Sequence[str], weights: Any) -> Linear:
        """Learn roughly from every feature that occurs twice, then well from those that told most."""
        columns = ([one.words for one in documents], [one.concepts for one in documents])
        self.blocks = [_vectorizer(min_df=2).fit(column) for column in columns]
        self._fit(documents, truth, weights, ROUGHLY)
        told = self.model.coef_.max(axis=0) - self.model.coef_.min(axis=0)
        start = 0
        for place, (block, column) in enumerate(zip(list(self.blocks), columns, strict=True)):
            names = block.get_feature_names_out()
            worth = told[start : start + len(names)] * block.idf_
            start += len(names)
            best = sorted(names[i] for i in np.argsort(-worth, kind="stable")[: self.most[place]])
            self.blocks[place] = _vectorizer(vocabulary=best).fit(column)
        return self.again(documents, truth, weights)

    def again(self, documents: Sequence[Features], truth: Sequence[str], weights: Any) -> Linear:
        """Learn anew from the features that were chosen."""
        self._fit(documents, truth, weights, ITERATIONS)
        return self

    def _fit(self, documents: Sequence[Features], truth: Sequence[str], weights: Any, iterations: int) -> None:
        self.model = LogisticRegression(C=STRENGTH, max_iter=iterations)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the first round is meant to be a rough one
            self.model.fit(self.matrix(documents), truth, sample_weight=weights)

    def matrix(self, documents: Sequence[Features]) -> Any:
        """Documents as rows, the two blocks side by side."""
        words = self.blocks[0].transform([one.words for one in documents])
        concepts = self.blocks[1].transform([one.concepts for one in documents])
        return hstack([words, concepts * WEIGHT_OF_CONCEPTS], format="csr")

    def scores(self, documents: Sequence[Features], labels: Sequence[str]) -> Any:
        """Scores of every document; columns as in `labels`."""
        scores = np.full((len(documents), len(labels)), -30.0)
        if documents:
            scores[:, [labels.index(name) for name in self.model.classes_]] = self.model.decision_function(
                self.matrix(documents)
            )
        return scores

    def intercepts(self, labels: Sequence[str]) -> Any:
        """One for each label."""
        return self.model.intercept_[self._order(labels)]

    def tables(self, name: str, labels: Sequence[str]) -> Iterator[str]:
        """Both blocks as tables, one feature a line."""
        coefficients = self.model.coef_[self._order(labels)].T
        split = len(self.blocks[0].vocabulary_)
        yield f'"{name} words": {{'
        yield _rows(self.blocks[0], coefficients[:split])
        yield "},"
        yield f'"{name} concepts": {{'
        yield _rows(self.blocks[1], coefficients[split:] * WEIGHT_OF_CONCEPTS)
        yield "}"

    def _order(self, labels: Sequence[str]) -> list[int]:
        return [list(self.model.classes_).index(label) for label in labels]


class Judge:
    """The third reading: linear over what `model.weigh` gives, each value brought to the same spread."""

    def fit(self, seen: Any, truth: Sequence[str]) -> Judge:
        self.middle, self.spread = seen.mean(axis=0), seen.std(axis=0) + 1e-9
        self.model = LogisticRegression(C=STRENGTH_OF_JUDGE, max_iter=2000)
        self.model.fit((seen - self.middle) / self.spread, truth)  # unweighted: its shares are to mean what they say
        self.order = [list(self.model.classes_).index(label.value) for label in LABELS]
        return self

    def scores(self, seen: Any) -> Any:
        """Columns as in LABELS."""
        return self.model.decision_function((seen - self.middle) / self.spread)[:, self.order]

    def rows(self) -> Any:
        """For each label the intercept and the coefficients, for values as they are."""
        coefficients = self.model.coef_[self.order] / self.spread
        intercepts = self.model.intercept_[self.order] - coefficients @ self.middle
        return np.column_stack([intercepts, coefficients])


@dataclass(slots=True)
class Trained:
    """All three readings."""

    mail: Linear
    sentence: Linear
    judge: Judge
    temperature: float = 1.0
    plainly_other: float = 99.0


@dataclass(slots=True)
class Heard:
    """What models that had not seen them said of mails."""

    places: list[int]  # which example; -1: one made to be long
    truth: list[str]
    seen: Any  # what the judge sees
    scores: Any  # what a judge said that had not seen it
    leads: list[float]
    parts: list[list[list[float]]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the cross-validated figures, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m onward_classifiers.train", description=__doc__)
    parser.add_argument("examples", nargs="*", type=Path, help="files of labelled mails; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args(arguments)
    examples = [example(mail) for mail in labelled.read(chosen.examples or labelled.shipped()) if not mail.held_out]
    bank = sentence_bank()
    _say(f"{len(examples)} mails, {len(bank)} sentences by themselves")
    trained, heard = train(examples, bank)
    shares = softmax(heard.scores / trained.temperature)
    print("mails not seen in training:")
    print(report([Label(name) for name in heard.truth], [said(row) for row in shares]))
    print(f"the deciding sentence is found in {evidence_right(examples, heard):.3f} of the marked mails")
    version = export(trained, chosen.out)
    print(f"wrote {chosen.out}: {version}, {chosen.out.stat().st_size / 1e6:.1f} MB")


def example(mail: Labelled) -> Example:
    """One mail, read the way the daemon reads it."""
    mail = with_list_sign(mail)
    reading = read(mail.message)
    targets = [
        mail.label.value if mail.label is not Label.OTHER and overlaps(one.sentence.text, mail.evidence) else NOTHING
        for one in (reading.subject, *reading.sentences)
    ]
    return Example(mail, reading, mail_features(reading), sentence_features(reading), targets)


def with_list_sign(mail: Labelled) -> Labelled:
    """The mail itself; of those from machines one in LISTED as some systems send it, with a list's header.

    No writer thought of it, and a no would never be believed that has one.
    """
    sender = mail.message.sender
    listed = sender is not None and looks_automatic(sender.email) and crc32(mail.id.encode()) % LISTED == 0
    return replace(mail, message=replace(mail.message, signs=mail.message.signs | {"list"})) if listed else mail


def sentence_bank() -> Bank:
    """The sentences written by themselves."""
    return [
        (lone_sentence_features(sentence, tongue), label)
        for label, sentence, tongue in labelled.read_sentences(labelled.shipped_sentences())
    ]


def train(examples: Sequence[Example], bank: Bank) -> tuple[Trained, Heard]:
    """All three readings, and what was heard of each mail from readings that had not seen it."""
    heard = hear(examples, bank)
    _say("all examples")
    judge = Judge().fit(heard.seen, heard.truth)
    trained = Trained(fit_mail(examples), fit_sentence(examples, bank), judge)
    trained.temperature = temperature(heard.scores, heard.truth)
    trained.plainly_other = plainly_other(heard)
    return trained, heard


def hear(examples: Sequence[Example], bank: Bank) -> Heard:
    """What the first two readings say of mails they have not seen, fold by fold.

    Other mail is often long, and the most suspicious of many sentences is suspicious: so that the third reading knows
    it, it also hears mails of many parts, made for this of other mails of the same fold.
    """
    splits = folds(examples)
    _SHARED.update(examples=examples, bank=bank, splits=splits)
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("fork")) as pool:  # what is shared is not copied
        heard = list(pool.map(_hear_fold, range(FOLDS)))
    _SHARED.clear()
    places = [place for (_, unseen), one in zip(splits, heard, strict=True) for place in (*unseen, *one.beyond(unseen))]
    whole = [row for one in heard for row in one.whole]
    parts = [row for one in heard for row in one.parts]
    truth = [examples[i].label if i >= 0 else Label.OTHER.value for i in places]
    seen = np.array([weigh(*row) for one in heard for row in zip(one.readings, one.whole, one.parts, strict=True)])
    return Heard(places, truth, seen, judge_scores(seen, truth), [lead_of_other(row) for row in whole], parts)


class _Fold(NamedTuple):
    """What was heard of the mails of one fold, then of the long ones made of them."""

    whole: list[list[float]]
    parts: list[list[list[float]]]
    readings: list[Reading]

    def beyond(self, real: Sequence[int]) -> list[int]:
        """No example's place for each long mail."""
        return [-1] * (len(self.readings) - len(real))


def _hear_fold(number: int) -> _Fold:
    """One fold, in a process of its own."""
    examples, bank = _SHARED["examples"], _SHARED["bank"]
    seen, unseen = _SHARED["splits"][number]
    learned, fresh = [examples[i] for i in seen], [examples[i] for i in unseen]
    fresh += long_mails(fresh, random.Random(number))
    whole = fit_mail(learned).scores([one.whole for one in fresh], LABELS).tolist()
    parts = list(part_odds(fit_sentence(learned, bank), fresh))
    _say(f"fold {number + 1} of {FOLDS}")
    return _Fold(whole, parts, [one.reading for one in fresh])


def long_mails(examples: Sequence[Example], chance: random.Random) -> list[Example]:
    """Mails of many parts: the texts of several other mails, one below the other."""
    others = [one.mail for one in examples if one.mail.label is Label.OTHER and not one.mail.neighbour]
    made = []
    for number in range(len(others) if len(others) >= MOST_PARTS else 0):
        chosen = [others[number], *chance.sample(others, chance.randint(2, MOST_PARTS - 1))]
        text = "\n\n".join(one.message.text for one in chosen)
        made.append(example(replace(chosen[0], message=replace(chosen[0].message, text=text))))
    return made


def plainly_other(heard: Heard) -> float:
    """The lead of 'other' in the first reading from which on the second is left out.

    Hardly any mail is that far ahead of which the third reading rightly says that it is something: one in FAR_AHEAD.
    """
    said_rightly = [
        lead
        for lead, row, label in zip(heard.leads, heard.scores, heard.truth, strict=True)
        if label != Label.OTHER.value and LABELS[int(row.argmax())].value == label
    ]
    return round(float(np.quantile(said_rightly, 1 - 1 / FAR_AHEAD)), 3)


def evidence_right(examples: Sequence[Example], heard: Heard) -> float:
    """The share of marked mails whose deciding sentence is found, given the label."""
    right = counted = 0
    for place, parts in zip(heard.places, heard.parts, strict=True):
        if place < 0 or not examples[place].marked or examples[place].mail.label is Label.OTHER:
            continue
        counted += 1
        right += examples[place].targets[strongest(parts, examples[place].mail.label)] != NOTHING
    return right / max(counted, 1)


def folds(examples: Sequence[Example]) -> list[tuple[Any, Any]]:
    """(seen, unseen) places, each label and language in equal shares."""
    kinds = [f"{one.label} {one.mail.language}" for one in examples]
    counts = Counter(kinds)
    strata = [kind if counts[kind] >= FOLDS else "rare" for kind in kinds]
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(strata, strata))


def fit_mail(examples: Sequence[Example]) -> Linear:
    """The first reading. Sentences written by themselves do not help it: it calls more other mail a rejection."""
    truth = [one.label for one in examples]
    return Linear(MAIL_WORDS, MAIL_CONCEPTS).fit([one.whole for one in examples], truth, fair(truth))


def fit_sentence(examples: Sequence[Example], bank: Bank) -> Linear:
    """The second reading, in two rounds: what the first round doubts is left out of the second."""
    rows = [
        (found, target, one.label)
        for one in examples
        if one.marked
        for found, target in zip(one.parts, one.targets, strict=True)
    ]
    rows += [(found, label, label) for found, label in bank]
    documents, truth = [row[0] for row in rows], [row[1] for row in rows]
    model = Linear(SENTENCE_WORDS, SENTENCE_CONCEPTS).fit(documents, truth, fair(truth, NOTHING))
    shares = softmax(model.scores(documents, SENTENCE_LABELS))
    own = [SENTENCE_LABELS.index(row[2]) if row[2] in SENTENCE_LABELS[:-1] else -1 for row in rows]
    keep = [
        place
        for place, label in enumerate(own)
        if not (label >= 0 and truth[place] == NOTHING and shares[place, label] > DOUBTFUL)
    ]
    kept = [truth[place] for place in keep]
    return model.again([documents[i] for i in keep], kept, fair(kept, NOTHING))


def part_odds(sentence: Linear, examples: Sequence[Example]) -> Iterator[list[list[float]]]:
    """For each example the odds of its sentences, as `model.odds` gives them."""
    shares = softmax(sentence.scores([found for one in examples for found in one.parts], SENTENCE_LABELS))[:, :-1]
    rows = (np.log(shares + LEAST) - np.log(1 - shares + LEAST)).tolist()
    start = 0
    for one in examples:
        yield rows[start : start + len(one.parts)]
        start += len(one.parts)


def judge_scores(seen: Any, truth: Sequence[str]) -> Any:
    """Scores of the third reading for mails it was not fitted on; columns as in LABELS."""
    scores = np.zeros((len(truth), len(LABELS)))
    for known, unknown in StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(seen, truth):
        scores[unknown] = Judge().fit(seen[known], [truth[i] for i in known]).scores(seen[unknown])
    return scores


def fair(truth: Sequence[str], common: str | None = None) -> Any:
    """A weight for each example: the rarer its label, the more, by the square root; the common one counts as one."""
    counts = Counter(truth)
    average = len(truth) / len(counts)
    return np.array([1.0 if label == common else (average / counts[label]) ** 0.5 for label in truth])


def temperature(scores: Any, truth: Sequence[str]) -> float:
    """What the scores must be divided by, so that a probability means what it says (Guo et al. 2017, §4.2)."""
    places = [LABELS.index(Label(name)) for name in truth]
    rows = np.arange(len(places))

    def loss(candidate: float) -> float:
        return float(-np.log(softmax(scores / candidate)[rows, places] + 1e-12).mean())

    return round(float(min(np.arange(0.3, 3.0, 0.02), key=loss)), 2)


def softmax(scores: Any) -> Any:
    """Row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def said(row: Any) -> dict[Label, float]:
    """One row of probabilities under the names of its labels."""
    return dict(zip(LABELS, row.tolist(), strict=True))


def export(trained: Trained, path: Path) -> str:
    """Write the weights; returns their version."""
    mail_labels = [label.value for label in LABELS]
    return write_checked(
        path,
        "readings-3",
        [
            f'"temperature": {trained.temperature},',
            f'"plainly_other": {trained.plainly_other},',
            f'"mail intercepts": {short(trained.mail.intercepts(mail_labels), 4)},',
            f'"sentence intercepts": {short(trained.sentence.intercepts(SENTENCE_LABELS), 4)},',
            '"judge": [',
            ",\n".join(short(row, 4) for row in trained.judge.rows()),
            "],",
            *trained.mail.tables("mail", mail_labels),
            ",",
            *trained.sentence.tables("sentence", SENTENCE_LABELS),
        ],
    )


def _vectorizer(**options: Any) -> Any:
    return TfidfVectorizer(analyzer=as_it_is, lowercase=False, binary=True, **options)


def as_it_is(document: list[str]) -> list[str]:
    """The features are made already."""
    return document


def _rows(vectorizer: Any, coefficients: Any) -> str:
    """One feature a line: its name, the square of its idf, and idf × coefficient for each label, in thousandths."""
    idf = vectorizer.idf_[:, None]
    rows = np.rint(np.hstack([idf * idf, idf * coefficients]) * SCALE).astype(int)
    names = vectorizer.get_feature_names_out()
    return ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}:[{','.join(map(str, row))}]"
        for name, row in zip(names, rows, strict=True)
    )


def short(row: Any, digits: int) -> str:
    """Numbers as a list of JSON, with as few digits as may be."""
    return "[" + ",".join(f"{round(float(value), digits):g}" for value in row) + "]"


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
