"""Say what one mail is, with the sentence that says so.

Knows the order of the readings and the few rules that outrank them. What the mail names (company, role, a person) is
found by `naming/`, and only in mails that may matter: most of a mailbox is other mail and leaves early.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from operator import mul
from pathlib import Path

from onward.core.model import LABELS, Feedback, FeedbackKind, Label, Message, Prediction, Span, times_odds
from onward_classifiers import answers, formulas, language
from onward_classifiers.features import Features, Reading, mail_features, read, sentence_features
from onward_classifiers.model import LEAST, Row, Weights, lead_of_other, odds, probabilities, read_weights, weigh
from onward_classifiers.naming import extract, speaks_to_applicant
from onward_classifiers.personal import Personal, personal_features, read_personal
from onward_classifiers.text import Sentence

WEIGHTS = Path(__file__).parent / "weights" / "model.json"
WORTH_A_LOOK = 0.15  # other mail with a lower probability of rejection is not looked into
SURE = 0.99  # of a rule
UNSURE = 0.3  # what is left of a rejection that a rule doubts: below every band that acts or asks
SILENT = -4.0  # log odds: a sentence with less has nothing to say for a label
ASK_ABOUT = 0.6  # a mail about an application that nobody here can read
TELLS_ENOUGH = 0.9  # probability of a label from which on a PDF beside the text is not asked about
OVERHEARD = 0.05  # probability of rejection from which on a set phrase of a no counts …
SET_PHRASE = 8.0  # … and by how much it multiplies the odds: in a mailbox they are commoner than among the examples
PERHAPS_FEEDBACK = 0.02  # probability of a feedback reply from which a mail in a thread is heard as one
SHORT = 400  # characters of a mail that may only point at its attachment

_AWAY = re.compile(
    r"(?i)\s*(?:re:\s*)?(?:automatic reply|auto(?:mated)?[- ]?(?:reply|response)|out of (?:the )?office"
    r"|automatische antwort|abwesend|abwesenheit\w{0,10}|réponse automatique|absence du bureau"
    r"|respuesta automática|fuera de la oficina|automatisch antwoord|afwezig|autosvar|automatiskt svar|frånvaro"
    r"|resposta automática|ausência|risposta automatica|fuori sede)\b"
)

Shares = dict[Label, float]


@dataclass(frozen=True, slots=True)
class Look:
    """One mail as the shipped model sees it, before any rule and before what the person taught."""

    reading: Reading
    whole: Features
    scores: list[float]  # log probabilities, as in LABELS
    parts: list[list[float]]  # odds of the subject and of each sentence; empty: plainly other mail

    @property
    def names(self) -> list[str]:
        """What a person's corrections may know it by."""
        return personal_features(self.reading, self.whole)


class Classifier:
    """Reads one message at a time. Holds nothing but its weights; safe to share between threads."""

    def __init__(self, weights: Weights, personal: Personal | None = None, home: Path | None = None) -> None:
        self.weights = weights
        self.personal = personal
        self._home = home
        self._seen = _stamp(home)

    @classmethod
    def load(cls, path: Path | None = None, home: Path | None = None) -> Classifier:
        """The classifier with the weights in this file, or those that come with the program.

        With a home, what the person taught it comes on top.
        """
        weights = read_weights(path or WEIGHTS)
        return cls(weights, read_personal(personal_path(home), weights.version) if home else None, home)

    def refresh(self) -> None:
        """Take up what was learned since. Costs one look at a file where nothing was."""
        if self._home is None or (now := _stamp(self._home)) == self._seen:
            return
        self.personal = read_personal(personal_path(self._home), self.weights.version)
        self._seen = now

    @property
    def version(self) -> str:
        """Names the model behind a verdict: the shipped one, and the person's part of it."""
        return f"{self.weights.version}+{self.personal.version}" if self.personal else self.weights.version

    def predict(self, message: Message) -> Prediction:
        """What this message is, how sure that is, the sentence that says so, and what it names."""
        if "own" in message.signs or "bounce" in message.signs:
            return self._prediction(dict(zip(LABELS, _other(), strict=True)), None)
        look = self.look(message)
        if _AWAY.match(message.subject):  # an automatic reply is none of these, whatever it quotes
            away = self._prediction(dict(zip(LABELS, _other(), strict=True)), look.reading.language)
            return replace(away, feedback=Feedback(FeedbackKind.AWAY, look.reading.prepared.own_text.strip()))
        scores = self.personal.adjust(look.scores, look.names) if self.personal else look.scores
        reading = look.reading
        shares = dict(zip(LABELS, probabilities(scores), strict=True))
        prediction = self._prediction(outrank(reading, shares), reading.language)
        if prediction.label is Label.OTHER and prediction.probabilities[Label.REJECTION] < WORTH_A_LOOK:
            return prediction
        return _in_full(reading, look.parts or self._parts(reading), prediction)

    def look(self, message: Message) -> Look:
        """What the shipped model says of a message; plainly other mail is not looked at sentence by sentence."""
        reading = read(message)
        found = mail_features(reading)
        whole = self.weights.mail.scores(found)
        if lead_of_other(whole) > self.weights.plainly_other:
            return Look(reading, found, [log(share) for share in _other()], [])
        parts = self._parts(reading)
        return Look(reading, found, [log(share + LEAST) for share in self._judge(reading, whole, parts)], parts)

    def _parts(self, reading: Reading) -> list[list[float]]:
        return [odds(self.weights.sentence.scores(found)) for found in sentence_features(reading)]

    def _judge(self, reading: Reading, whole: Row, parts: Sequence[Sequence[float]]) -> list[float]:
        seen = weigh(reading, whole, parts)
        scores = [row[0] + sum(map(mul, row[1:], seen)) for row in self.weights.judge]
        return probabilities(scores, self.weights.temperature)

    def _prediction(self, shares: Shares, tongue: str | None) -> Prediction:
        label = max(shares, key=shares.__getitem__)
        return Prediction(label, shares[label], shares, language=tongue, model=self.version)


def personal_path(home: Path) -> Path:
    """Where what the person taught is kept."""
    return home / "personal.json"


def _stamp(home: Path | None) -> tuple[int, int] | None:
    """What changes when the file of the personal layer does."""
    try:
        status = personal_path(home).stat() if home else None
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size) if status else None


def _other() -> list[float]:
    """The shares of mail that is other mail without a further look."""
    rest = (1 - SURE) / (len(LABELS) - 1)
    return [SURE if label is Label.OTHER else rest for label in LABELS]


def _in_full(reading: Reading, parts: Sequence[Sequence[float]], prediction: Prediction) -> Prediction:
    """A prediction with the sentence that says so, and what the mail names."""
    sentences = reading.texts
    shown = Label.REJECTION if prediction.label is Label.OTHER else prediction.label  # why it is worth a look
    best = evidence(sentences, parts, shown)
    no = prediction.label is Label.REJECTION
    meant = [one.concepts for one in reading.sentences]
    named = extract(reading.message, reading.prepared, sentences, prediction.language, meant, no=no)
    return replace(
        prediction,
        evidence=best.text if best else reading.message.subject,
        evidence_span=best.span if best else Span(),
        company=named.company,
        role=named.role,
        requisition=named.requisition,
        numbers=named.numbers,
        contact=named.contact,
        people=named.people,
        dates=named.dates,
        kind=named.kind,
        reason=named.reason,
        other_role=named.other_role,
        stage=named.stage,
        feedback_given=named.feedback_given,
        feedback_offered=named.feedback_offered,
        feedback_refused=named.feedback_refused,
        feedback=answers.hear(reading) if may_answer(reading, prediction) else None,
    )


def may_answer(reading: Reading, prediction: Prediction) -> bool:
    """Whether a mail may be an answer to a letter: it stands in a thread, and is not plainly something else."""
    likely = prediction.probabilities.get(Label.FEEDBACK_REPLY, 0.0) >= PERHAPS_FEEDBACK
    return likely and bool(reading.message.references)


def evidence(sentences: Sequence[Sentence], parts: Sequence[Sequence[float]], label: Label) -> Sentence | None:
    """The sentence that speaks most for a label. None: the subject does."""
    best = strongest(parts, label)
    return sentences[best - 1] if best else None


def strongest(parts: Sequence[Sequence[float]], label: Label) -> int:
    """Which part speaks most for a label. The first is the subject: it does where no sentence has anything to say."""
    place = LABELS.index(label)
    best = max(range(len(parts)), key=lambda number: (number > 0, parts[number][place]))
    return best if parts[best][place] > SILENT else 0


def outrank(reading: Reading, shares: Shares) -> Shares:
    """What the model says, after the rules that know better.

    A rejection is doubted where it cannot be the person's own, whatever its words; and a mail about an application in a
    language nobody here reads, or one that only points at a letter in a PDF, is neither taken for a rejection nor
    overlooked: it is asked about. A set phrase of a no makes one likelier, where the model does not exclude it.
    """
    message, own = reading.message, reading.prepared.own_text
    rejection = shares[Label.REJECTION]
    if reading.language is None and language.hints_at_application(own):
        return _with_rejection(shares, ASK_ABOUT)
    if "pdf" in message.flags and _points_at_letter(own) and max(shares.values()) < TELLS_ENOUGH:
        return _with_rejection(shares, max(rejection, ASK_ABOUT))
    if rejection < OVERHEARD:
        return shares
    if reading.prepared.forwarded or ("list" in message.signs and not speaks_to_applicant(own)):
        return _with_rejection(shares, rejection * UNSURE)
    if formulas.says_no((one.text for one in reading.texts), reading.language):
        return _with_rejection(shares, times_odds(SET_PHRASE, rejection))
    return shares


def _points_at_letter(text: str) -> bool:
    """Whether a mail is short and speaks of the reader's application: what matters stands in the attachment."""
    return len(text) < SHORT and speaks_to_applicant(text)


def _with_rejection(shares: Shares, value: float) -> Shares:
    """Give rejection this probability and other mail the whole difference, or all labels their share of it."""
    rejection = shares[Label.REJECTION]
    changed = dict(shares)
    if value <= rejection:
        changed[Label.OTHER] += rejection - value
    else:
        rest = (1 - value) / (1 - rejection) if rejection < 1 else 0.0
        changed = {label: share * rest for label, share in shares.items()}
    changed[Label.REJECTION] = value
    return changed
