"""Choose among candidates: everything that could be the company or the role, with the signs for and against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from math import exp

from onward.core.model import Found, Span

MOST_CANDIDATES = 250  # a mail has ten; only a hostile one has so many
LIKELY = 0.5  # what is less likely than this is not named


@dataclass(slots=True)
class Candidate:
    """What could be the company or the role, and the signs for and against it."""

    key: str
    value: str
    span: Span
    where: str
    signs: set[str] = field(default_factory=set)
    fits_domain: bool = False  # a sign ties it to the sender's domain

    def score(self, weights: dict[str, float]) -> float:
        """What its signs weigh."""
        return weights["always"] + sum(map(weights.get, self.signs, repeat(0.0)))


def likeliest(candidates: Sequence[Candidate], weights: dict[str, float], likely: float = LIKELY) -> Found | None:
    """The likeliest of the candidates, if it is likely enough beside the others and beside none."""
    odds = [exp(one.score(weights)) for one in candidates]
    best = max(range(len(odds)), key=odds.__getitem__, default=-1)
    if best < 0:
        return None
    sure = odds[best] / (1 + sum(odds))
    if sure < likely:
        return None
    found = candidates[best]
    return Found(found.value, found.span, round(min(sure, 0.97), 2), found.where)


class Pool:
    """Candidates by what they spell; the same name found twice collects the signs of both."""

    def __init__(self) -> None:
        self.found: dict[str, Candidate] = {}

    def add(self, key: str, value: str, span: Span, where: str, signs: set[str]) -> None:
        known = self.found.get(key)
        if known is None:
            if len(self.found) == MOST_CANDIDATES:
                return
            self.found[key] = Candidate(key, value, span, where, signs)
            return
        if where == known.where == "text" and span != known.span:
            known.signs.add("twice")
        if known.span.start < 0 <= span.start:
            known.value, known.span, known.where = value, span, where
        known.signs |= signs
