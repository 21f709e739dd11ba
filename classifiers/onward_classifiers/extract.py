"""Find what a mail names: company, role, reference number, and a person who would read an answer."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.model import Address, Found, Message
from onward_classifiers.text import Prepared, Sentence


@dataclass(frozen=True, slots=True)
class Named:
    company: Found | None = None
    role: Found | None = None
    requisition: Found | None = None
    contact: Address | None = None
    feedback_offered: bool = False
    feedback_refused: bool = False


def extract(message: Message, prepared: Prepared, sentences: tuple[Sentence, ...]) -> Named:
    return Named()


def speaks_to_applicant(text: str) -> bool:
    return "your application" in text.lower()
