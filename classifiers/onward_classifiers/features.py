"""Turn one mail into the names of its features: the same for training and for scoring.

A mail is read twice over the same words: as a whole, and sentence by sentence. Both times there are words (with
pairs of neighbours and word beginnings; stop words stay, for "not" carries the meaning) and *concepts*, which are the
same in eight languages. A sentence also knows its place and what the one before it spoke of; the mail as a whole knows
its subject and what the header says. No company and no sender is known here.
"""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise, takewhile

from onward.core.model import Message
from onward_classifiers import language
from onward_classifiers.concepts import concepts, pairs
from onward_classifiers.text import Prepared, Sentence, prepare

READ = 1_000  # characters of a mail that tell what kind of mail it is
SENTENCES = 30  # of it are looked at one by one
SUBJECT = 300  # characters
BEGINNING = 5  # letters of a longer word that stand for its other endings


@dataclass(frozen=True, slots=True)
class Features:
    """What a text says, in two blocks that are weighed apart: many words would drown a few concepts.

    A name counts once, however often it stands.
    """

    words: list[str]
    concepts: list[str]


@dataclass(frozen=True, slots=True)
class Read:
    """One sentence taken apart: its words, the concepts among them, and the features both make."""

    sentence: Sentence
    words: list[str]
    concepts: list[str]
    spoken: list[str]
    meant: list[str]


@dataclass(frozen=True)
class Reading:
    """One mail taken apart: its subject and its sentences, the later ones only when they are asked for."""

    message: Message
    prepared: Prepared
    language: str | None

    @cached_property
    def texts(self) -> list[Sentence]:
        """The first sentences, as they stand."""
        return list(islice(self.prepared.sentences(), SENTENCES))

    @cached_property
    def subject(self) -> Read:
        """The subject taken apart."""
        return read_sentence(Sentence(self.message.subject[:SUBJECT]), self.language)

    @cached_property
    def beginning(self) -> list[Read]:
        """The sentences that tell what kind of mail it is, taken apart."""
        first = takewhile(lambda one: one.span.start <= READ, islice(self.prepared.sentences(), SENTENCES))
        return [read_sentence(one, self.language) for one in first]

    @cached_property
    def sentences(self) -> list[Read]:
        """All of the first sentences, taken apart."""
        begun = len(self.beginning)
        return self.beginning + [read_sentence(one, self.language) for one in self.texts[begun:]]


def read(message: Message) -> Reading:
    """Take a mail apart: what its sender wrote, in which language, its sentences, words and concepts."""
    prepared = prepare(message)
    return Reading(message, prepared, language.detect(prepared.own_text or message.subject))


def read_sentence(sentence: Sentence, tongue: str | None) -> Read:
    """Take one sentence apart."""
    spoken = words(sentence.text)
    meant = concepts(spoken, tongue)
    return Read(sentence, spoken, meant, word_features(spoken), meant + pairs(meant))


def mail_features(reading: Reading) -> Features:
    """The features of the mail as a whole, from its beginning, its subject and its header."""
    spoken: list[str] = []
    meant: list[str] = []
    length = 0
    for one in reading.beginning:
        spoken += one.spoken
        meant += one.meant
        length += len(one.words)
    spoken += [f"s:{name}" for name in reading.subject.spoken]
    meant += [f"s:{concept}" for concept in reading.subject.concepts]
    meant += absent_features(meant)
    meant.append(f"m:words {bisect(_LENGTHS, length)}")
    meant += header_features(reading.message, reading.prepared)
    return Features(spoken, meant)


def sentence_features(reading: Reading) -> list[Features]:
    """The features of the subject and of each sentence, with its place and what the one before it spoke of."""
    subject = reading.subject
    found = [Features(subject.spoken, [*subject.meant, "m:subject", *shape_features(subject)])]
    before: list[str] = subject.concepts
    last = len(reading.sentences) - 2
    for place, one in enumerate(reading.sentences):
        where = "m:first" if place == 0 else "m:last" if place >= last else "m:middle"
        around = [f"before {concept}" for concept in dict.fromkeys(before)]
        found.append(Features(one.spoken, one.meant + around + [where, *shape_features(one)]))
        if reading.message.references:
            found[-1].concepts.append("m:thread")
        before = one.concepts
    return found


def lone_sentence_features(text: str, tongue: str | None) -> Features:
    """The features of a sentence of which nothing but its words is known."""
    one = read_sentence(Sentence(text), tongue)
    return Features(one.spoken, one.meant + shape_features(one))


def shape_features(one: Read) -> list[str]:
    """What a sentence looks like: how long it is, and whether it asks."""
    shape = [f"m:length {min(len(one.words) // 6, 5)}"]
    if "?" in one.sentence.text:
        shape.append("m:asks")
    return shape


def word_features(body: list[str]) -> list[str]:
    """Words, pairs of neighbours, and the beginnings of longer words."""
    return [
        *body,
        *[f"{first} {second}" for first, second in pairwise(body)],
        *[f"{word[:BEGINNING]}…" for word in body if len(word) > BEGINNING],
    ]


def words(text: str) -> list[str]:
    """The words of a text in lower case, numbers as 0, addresses of pages as 'url'."""
    if "’" in text:
        text = text.replace("’", "'")
    if "http" in text:
        text = _ADDRESS.sub("url", text)
    return [token if token[0] > "@" else "0" for token in _TOKEN.findall(_clean(text).lower())]


def absent_features(found: list[str]) -> list[str]:
    """Which groups of concepts a mail does not hold, in text or subject."""
    there = set(found)
    return [name for name, group in _ABSENT.items() if there.isdisjoint(group)]


def header_features(message: Message, prepared: Prepared) -> list[str]:
    """What the header says about who speaks and how."""
    found = [f"m:{sign}" for sign in sorted(message.signs)]
    if message.references:
        found.append("m:thread")
    if message.calendar_method:
        found.append(f"m:calendar {message.calendar_method.lower()[:12]}")
    if message.sender and looks_automatic(message.sender.email):
        found.append("m:automatic")
    if prepared.forwarded:
        found.append("m:forwarded")
    if prepared.quoted:
        found.append("m:quoted")
    if message.html_only:
        found.append("m:html")
    if prepared.footer.start >= 0:
        found.append("m:footer")
    return found


def looks_automatic(address: str) -> bool:
    """Whether an address by its name belongs to a machine."""
    return _AUTOMATIC.match(address) is not None


def _clean(text: str) -> str:
    return text.translate(_INVISIBLE) if any(char in text for char in "\u200b\u200c\u00ad\ufeff\u2060") else text


_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u00ad\ufeff\u2060"))
_ADDRESS = re.compile(r"(?i)https?:\S{1,2000}")
_TOKEN = re.compile(r"\w+(?:'(?:t|s|re|ll|ve|d|m)\b)?")
_AUTOMATIC = re.compile(
    r"(?i)(?:[^@]{0,60}[._+-])?(?:no|do-?not|donot|ne-?pas|nao|non|nicht|geen|inte)[._-]?(?:reply|antworten|repondre|"
    r"respond[ae]?r?|responda|rispondere|antwoord\w{0,3}|svara)|[^@]{0,60}?(?:notif|mailer|daemon|automat|alerts?\b|"
    r"newsletter|news@|bounce|system@|billing|invoice|receipts?@|updates?@)"
)
_LENGTHS = (15, 40, 80, 160, 320)
_ABSENT = {
    "no " + " ".join(group): frozenset(group) | {f"s:{concept}" for concept in group}
    for group in (
        ("APPLY", "APPLICATION", "JOB", "RECRUITER", "CANDIDATE", "INTERVIEW"),
        ("APPLY", "APPLICATION", "JOB", "RECRUITER"),
        ("CHOOSE", "DECIDE", "CLOSE", "FILL", "APPOINT", "PROCEED"),
        ("NOT", "SORRY", "UNFORTUNATELY", "REJECT", "OTHER"),
    )
}  # what a mail speaks of nowhere says as much as what it speaks of
