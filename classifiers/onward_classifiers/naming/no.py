"""Find what a no says of itself: its kind, the stage reached, the reason, feedback, and another job it proposes.

It is read from concepts, which are the same in eight languages; the weights of each lie in `weights.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from math import exp

from onward.core.model import Found, Span, Stage
from onward_classifiers.concepts import concepts
from onward_classifiers.features import words
from onward_classifiers.naming import patterns, weights
from onward_classifiers.naming.choice import Candidate, likeliest
from onward_classifiers.naming.passage import Mail
from onward_classifiers.naming.spelling import spaced
from onward_classifiers.text import Sentence

UNKNOWN = "unknown"  # the stage of a no that tells nothing of it
LIKELY_REASON = 0.25  # what is less likely is not named as a reason, which is shown as words and never acted on
EVEN = 0.5  # … of what kind of no it is
LIKELY_STAGE = 0.45
LIKELY_GIVEN = 0.6  # … of feedback given
CERTAIN = 0.6  # … of feedback given by a mail that also offers some
PERHAPS = 0.2  # … of another role, in a mail that proposes one
MOST_SENTENCES = 40


@dataclass(frozen=True, slots=True)
class Heard:
    """One sentence as its concepts: what the same mail says in any of the eight languages."""

    sentence: Sentence
    signs: frozenset[str]


def hear(sentences: Sequence[Sentence], language: str | None, known: Sequence[Sequence[str]] = ()) -> list[Heard]:
    """Every sentence as its concepts; those of the first may be known already."""
    heard = []
    for place, sentence in enumerate(sentences[:MOST_SENTENCES]):
        meant = known[place] if place < len(known) else concepts(words(sentence.text), language)
        more = {"first"} if place == 0 else {"late"} if place > 3 else set[str]()
        if "?" in sentence.text:
            more.add("asks")
        heard.append(Heard(sentence, frozenset(meant) | more))
    return heard


def whole_mail(mail: Mail, heard: Sequence[Heard]) -> frozenset[str]:
    """The concepts of a whole mail, its subject's apart, and who writes it."""
    signs = set[str]().union(*(one.signs for one in heard)) - {"first", "late"}
    signs.update(f"s:{concept}" for concept in concepts(words(mail.message.subject[:300]), mail.language))
    signs.add(f"from {mail.writer}")
    if mail.message.references:
        signs.add("thread")
    return frozenset(signs)


def _chances(signs: frozenset[str], tables: dict[str, dict[str, float]]) -> dict[str, float]:
    """How likely each of several things is, of which one must be."""
    odds = {name: exp(weight_of(signs, table)) for name, table in tables.items()}
    total = sum(odds.values())
    return {name: one / total for name, one in odds.items()}


def weight_of(signs: frozenset[str], table: dict[str, float]) -> float:
    return table["always"] + sum(map(table.get, signs, repeat(0.0)))


def find_kind(heard: Sequence[Heard], signs: frozenset[str]) -> Found | None:
    """What kind of no it is, if it is one, with the sentence that says so: 'plain' unless another is likelier."""
    if not heard:
        return None
    chances = _chances(signs, weights.KIND_SIGNS)
    kind = max(chances, key=chances.__getitem__)
    kind = kind if chances[kind] >= EVEN else "plain"
    best = max(heard, key=lambda one: weight_of(one.signs, weights.KIND_SIGNS[kind]))
    return Found(kind, best.sentence.span, round(chances[kind], 2))


def find_stage(heard: Sequence[Heard], signs: frozenset[str]) -> Stage | None:
    """How far the application had come, as far as the mail itself shows it."""
    if any(one.signs >= NOT_INVITED for one in heard):
        return Stage.APPLIED
    chances = _chances(signs, weights.STAGE_SIGNS)
    stage = max(chances, key=chances.__getitem__)
    return Stage(stage) if stage != UNKNOWN and chances[stage] >= LIKELY_STAGE else None


NOT_INVITED = frozenset({"NOT", "INVITE", "INTERVIEW"})


def find_reason(heard: Sequence[Heard]) -> Found | None:
    """The words that give a reason: the likeliest sentence, from where it says 'because' if it does."""
    if not heard:
        return None
    best = max(heard, key=lambda one: weight_of(one.signs, weights.REASON_SIGNS))
    sure = 1 / (1 + exp(-weight_of(best.signs, weights.REASON_SIGNS)))
    if sure < LIKELY_REASON:
        return None
    text, span = best.sentence.text, best.sentence.span
    because = patterns.BECAUSE.search(text)
    begin = because.end() if because else 0
    words_of_it = text[begin:].strip(" .,;:!\n")
    if len(words_of_it.split()) < 3:
        begin, words_of_it = 0, text.strip(" .,;:!\n")
    start = span.start + text.index(words_of_it, begin) if span.start >= 0 else -1
    return Found(words_of_it, Span(start, start + len(words_of_it)) if start >= 0 else Span(), round(sure, 2))


def find_other_role(
    mail: Mail, role: Found | None, candidates: Sequence[Candidate], heard: Sequence[Heard]
) -> Found | None:
    """Another job the mail proposes: one it names after the no, where it asks or offers."""
    known = f" {spaced(role.value)} " if role else ""
    best: Found | None = None
    for one in heard:
        if not one.signs & PROPOSING:
            continue
        inside = [
            found
            for found in candidates
            if one.sentence.span.start <= found.span.start < one.sentence.span.end
            and f" {found.key} " not in known
            and known not in f" {found.key} "
        ]
        if found := likeliest(inside, weights.ROLE_SIGNS, PERHAPS):
            best = best or found
    return best


PROPOSING = frozenset({"asks", "LOOKING", "INTEREST", "OTHER", "BUT", "IF"})


def find_feedback(heard: Sequence[Heard], signs: frozenset[str]) -> tuple[bool, bool, bool]:
    """Whether feedback is given, offered or refused; at most one of them."""
    refused = any(_refuses(one) for one in heard)
    offered = not refused and any(_offers(one) for one in heard)
    given = not refused and 1 / (1 + exp(-weight_of(signs, weights.GIVEN_SIGNS))) >= (
        CERTAIN if offered else LIKELY_GIVEN
    )
    return given, offered and not given, refused


def _refuses(one: Heard) -> bool:
    """'We cannot give individual feedback', 'the committee does not comment on its decisions'."""
    says_no = one.signs & {"NOT", "NOBODY", "FAIL"}
    return (
        bool(says_no)
        and "FEEDBACK" in one.signs
        and bool(one.signs & {"INDIVIDUAL", "REASON", "MANY", "POLICY", "GIVE_TO"})
    )


def _offers(one: Heard) -> bool:
    """'If you would like feedback, call me', 'happy to share some feedback'."""
    if "FEEDBACK" not in one.signs or "NOT" in one.signs:
        return False
    return bool(patterns.GLADLY.search(one.sentence.text.lower())) or bool(
        one.signs & {"IF", "WISH", "SCHEDULE", "HOUR"}
    )
