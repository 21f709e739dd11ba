"""Mails and sentences with a label: read for training and for measuring, never at run time.

Mails: one JSON object a line with id, lang, label, from, subject and body (or html), the deciding sentence as
`evidence`, and where it matters signs, in_thread, calendar, reply_to, cc, and the facts the mail holds.
Sentences: one a line, `label<TAB>sentence`, where `none` is a sentence that decides nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from onward.core import html
from onward.core.model import Address, Label, Message

EXAMPLES = Path(__file__).parent / "examples"
SOME_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
# Files whose mails hold no other facts than those they are labelled with.
COMPLETE = ("more-", "typical-", "varied-", "near.", "ordinary-")
HELD_OUT = 10  # one example in so many is never trained on: a personal model is promoted by them


@dataclass(frozen=True, slots=True)
class Labelled:
    """One mail and what it is."""

    id: str
    language: str
    label: Label
    message: Message
    evidence: str = ""  # white space as single spaces; '' where nothing decides
    neighbour: bool = False  # no rejection, but its words could fool a program
    facts: dict[str, Any] | None = None  # the whole line: company, role, contact …
    complete: bool = False  # a fact that is absent is one the mail does not hold

    @property
    def held_out(self) -> bool:
        """Whether this example is kept from every training."""
        return int(hashlib.sha256(self.id.encode()).hexdigest()[:8], 16) % HELD_OUT == 0


def read(paths: Iterable[Path]) -> list[Labelled]:
    """Every labelled mail in these files, in order."""
    return [
        labelled(json.loads(line), complete=path.name.startswith(COMPLETE)) for path in paths for line in _lines(path)
    ]


def read_sentences(paths: Iterable[Path]) -> list[tuple[str, str, str]]:
    """(label, sentence, language) of every line; the language stands in the file's name: sentences-de.tsv."""
    found = []
    for path in paths:
        tongue = path.stem.split("-")[1]
        for line in _lines(path):
            label, _, sentence = line.partition("\t")
            found.append((label, sentence, tongue))
    return found


def shipped() -> list[Path]:
    """The files of mails that come with the program."""
    return sorted(EXAMPLES.glob("*.jsonl"))


def shipped_sentences() -> list[Path]:
    """The files of sentences that come with the program."""
    return sorted(EXAMPLES.glob("sentences-*.tsv"))


def labelled(line: dict[str, Any], *, complete: bool = False) -> Labelled:
    """One line as a labelled mail."""
    return Labelled(
        line["id"],
        line.get("lang") or "en",
        Label(line["label"]),
        as_message(line),
        one_line(line.get("evidence") or ""),
        bool(line.get("neighbour")),
        line,
        complete,
    )


def as_message(line: dict[str, Any]) -> Message:
    """One line as the daemon would hand the mail over."""
    senders = _addresses(line.get("from"))
    content = json.dumps([line.get("from"), line.get("subject"), line.get("body") or line.get("html")])
    digest = hashlib.sha256(content.encode()).hexdigest()
    only_html = not line.get("body") and bool(line.get("html"))
    return Message(
        key=digest[:32],
        account="examples",
        folder="INBOX",
        uidvalidity=1,
        uid=1,
        arrived_at=SOME_DAY,
        noticed_at=SOME_DAY,
        message_id=f"<{digest[:16]}@examples.example>",
        content_hash=digest,
        subject=line.get("subject") or "",
        sender=senders[0] if senders else None,
        reply_to=_addresses(line.get("reply_to")),
        cc=_addresses(line.get("cc")),
        references=("<earlier@examples.example>",) if line.get("in_thread") else (),
        text=html.to_text(line["html"]) if only_html else line.get("body") or "",
        html_only=only_html or bool(line.get("html_only")),
        calendar_method=line.get("calendar"),
        signs=frozenset(line.get("signs") or ()),
    )


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def _addresses(value: str | list[str] | None) -> tuple[Address, ...]:
    written = [value] if isinstance(value, str) else value or []
    return tuple(Address(email, name) for name, email in getaddresses(written) if email)


def _lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text(encoding="utf-8").split("\n") if line.strip())
