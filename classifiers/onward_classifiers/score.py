"""Say what one mail is, with the sentence that says so. Pure Python: no scikit-learn, no numpy at run time.

Knows the exported weights and the few rules that outrank them. What the mail names (company, role, a person) is
found by `extract.py`, and only in mails that may matter: most of a mailbox is other mail and leaves early.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from operator import add, mul
from pathlib import Path
from typing import Any

from onward.core.model import ConfigError, Label, Message, Prediction, Span
from onward_classifiers import extract, language
from onward_classifiers.features import Features, features, sentence_features, tells_no
from onward_classifiers.text import Prepared, Sentence, prepare

WEIGHTS = Path(__file__).parent / "weights" / "model.json"
WORTH_A_LOOK = 0.15  # other mail with a lower probability of rejection is not looked into
SURE = 0.99  # of a rule
UNSURE = 0.3  # what is left of a rejection that a rule doubts: below every band that acts or asks
ASK_ABOUT = 0.6  # a mail about an application in a language nobody here reads


Row = tuple[float, ...]  # idf, then one coefficient for each label


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model: softmax((coefficients · unit vectors of tf-idf + intercepts) / temperature)."""

    version: str
    labels: tuple[Label, ...]
    intercepts: tuple[float, ...]
    temperature: float
    words: dict[str, Row]
    ideas: dict[str, Row]


class Classifier:
    """Reads one message at a time. Holds nothing but its weights; safe to share between threads."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    @classmethod
    def load(cls, path: Path | None = None) -> Classifier:
        """The classifier with the weights in this file, or those that come with the program."""
        return cls(read_weights(path or WEIGHTS))

    def predict(self, message: Message) -> Prediction:
        """What this message is, how sure that is, the sentence that says so, and what it names."""
        if "own" in message.signs or "bounce" in message.signs:
            return self._without_reading()
        prepared = prepare(message)
        found = features(message, prepared)
        tongue = language.detect(prepared.own_text or message.subject)
        probabilities = outrank(message, prepared, tongue, self.probabilities(found))
        label = max(probabilities, key=probabilities.__getitem__)
        if label is Label.OTHER and probabilities[Label.REJECTION] < WORTH_A_LOOK:
            return Prediction(label, probabilities[label], probabilities, language=tongue, model=self.weights.version)
        return self._in_full(
            message, prepared, found, Prediction(label, probabilities[label], probabilities, language=tongue)
        )

    def probabilities(self, found: Features) -> dict[Label, float]:
        """The probability of each label, given the features of a mail."""
        weights = self.weights
        scores = weights.intercepts
        for names, table in ((found.words, weights.words), (found.ideas, weights.ideas)):
            scores = tuple(map(add, scores, _block(names, table, len(scores))))
        top = max(scores)
        powers = [exp((score - top) / weights.temperature) for score in scores]
        total = sum(powers)
        return {label: power / total for label, power in zip(weights.labels, powers, strict=True)}

    def _in_full(self, message: Message, prepared: Prepared, found: Features, prediction: Prediction) -> Prediction:
        """A prediction with the sentence that says so, and what the mail names."""
        sentences = prepared.sentences
        shown = Label.REJECTION if prediction.label is Label.OTHER else prediction.label
        best = self._evidence(found, sentences, shown)
        named = extract.extract(message, prepared, sentences, prediction.language)
        return replace(
            prediction,
            evidence=best.text if best else message.subject,
            evidence_span=best.span if best else Span(),
            company=named.company,
            role=named.role,
            requisition=named.requisition,
            contact=named.contact,
            feedback_offered=named.feedback_offered,
            feedback_refused=named.feedback_refused,
            model=self.weights.version,
        )

    def _evidence(self, found: Features, sentences: tuple[Sentence, ...], label: Label) -> Sentence | None:
        """The sentence that speaks most for a label. None: the text has none, the subject must do."""
        if not sentences:
            return None
        place = self.weights.labels.index(label) + 1
        blocks = self.weights.words, self.weights.ideas
        lengths = sqrt(len(set(found.words)) or 1), sqrt(len(set(found.ideas)) or 1)

        def weight(sentence: Sentence) -> tuple[bool, float]:
            said = sentence_features(sentence.text)
            share = (
                _speaks_for(place, said.words, blocks[0]) / lengths[0]
                + _speaks_for(place, said.ideas, blocks[1]) / lengths[1]
            )
            return label is Label.REJECTION and share > 0 and tells_no(said.ideas), share

        return max(sentences, key=weight)

    def _without_reading(self) -> Prediction:
        rest = (1 - SURE) / (len(self.weights.labels) - 1)
        probabilities = {label: SURE if label is Label.OTHER else rest for label in self.weights.labels}
        return Prediction(Label.OTHER, SURE, probabilities, model=self.weights.version)


def _block(names: list[str], table: dict[str, Row], labels: int) -> Iterable[float]:
    """What one block of features adds to each label: its tf-idf vector, of length one, times the coefficients."""
    rows: list[Row] = []
    values: list[float] = []
    for name, count in Counter(names).items():
        row = table.get(name)
        if row is not None:
            rows.append(row)
            values.append(row[0] if count == 1 else row[0] * (1.0 + log(count)))
    if not rows:
        return [0.0] * labels
    length = sqrt(sum(map(mul, values, values)))
    columns = iter(zip(*rows, strict=True))
    next(columns)
    return [sum(map(mul, column, values)) / length for column in columns]


def _speaks_for(place: int, names: list[str], table: dict[str, Row]) -> float:
    """How much more features say for one label than for the labels on average."""
    rows = [row for name in set(names) if (row := table.get(name))]
    return sum(row[0] * (row[place] - sum(row[1:]) / (len(row) - 1)) for row in rows)


def outrank(
    message: Message, prepared: Prepared, tongue: str | None, probabilities: dict[Label, float]
) -> dict[Label, float]:
    """What the model says, after the rules that know better.

    A rejection is doubted where it cannot be the person's own, whatever its words; and a mail about an application
    in a language nobody here reads is neither taken for a rejection nor overlooked: it is asked about.
    """
    rejection = probabilities[Label.REJECTION]
    if tongue is None and language.hints_at_application(prepared.own_text):
        return _with_rejection(probabilities, ASK_ABOUT)
    if rejection < WORTH_A_LOOK:
        return probabilities
    if prepared.forwarded:
        return _with_rejection(probabilities, rejection * UNSURE)
    if "list" in message.signs and not extract.speaks_to_applicant(prepared.own_text):
        return _with_rejection(probabilities, rejection * UNSURE)
    return probabilities


def _with_rejection(probabilities: dict[Label, float], value: float) -> dict[Label, float]:
    """Give rejection this probability and other mail the whole difference, or all labels their share of it."""
    rejection = probabilities[Label.REJECTION]
    changed = dict(probabilities)
    if value <= rejection:
        changed[Label.OTHER] += rejection - value
    else:
        rest = (1 - value) / (1 - rejection) if rejection < 1 else 0.0
        changed = {label: share * rest for label, share in probabilities.items()}
    changed[Label.REJECTION] = value
    return changed


def read_weights(path: Path) -> Weights:
    """The weights in a file, after its hash has been checked."""
    try:
        head, newline, payload = path.read_bytes().partition(b"\n")
        written = json.loads(head.rstrip(b",") + b"}")
    except OSError as error:
        raise ConfigError(f"The weights {path} cannot be read ({error.strerror}): reinstall Onward.") from error
    except ValueError as error:
        raise ConfigError(f"The weights {path} are damaged: reinstall Onward.") from error
    if not newline or hashlib.sha256(payload).hexdigest() != written.get("sha256"):
        raise ConfigError(f"The weights {path} were changed after they were written: reinstall Onward.")
    return _weights(str(written["version"]), json.loads(b"{" + payload))


def _weights(version: str, payload: dict[str, Any]) -> Weights:
    return Weights(
        version,
        tuple(Label(name) for name in payload["labels"]),
        tuple(payload["intercepts"]),
        payload["temperature"],
        {name: tuple(row) for name, row in payload["words"].items()},
        {name: tuple(row) for name, row in payload["ideas"].items()},
    )
