"""Mails with a label, one JSON object a line: read for training and for measuring, never at run time.

A line holds id, lang, label, from, subject and body, and where it matters signs, in_thread and calendar.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from onward.core.model import Address, Label, Message

EXAMPLES = Path(__file__).parent / "examples"
SOME_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One mail and what it is."""

    id: str
    language: str
    label: Label
    message: Message
    group: str  # mails that share sentences are trained on together or measured on together; else the id


def read(paths: Iterable[Path]) -> list[Labelled]:
    """Every labelled mail in these files, in order."""
    return [
        labelled(json.loads(line))
        for path in paths
        for line in path.read_text(encoding="utf-8").split("\n")
        if line.strip()
    ]


def shipped() -> list[Path]:
    """The files of examples that come with the program."""
    return sorted(EXAMPLES.glob("*.jsonl"))


def labelled(line: dict[str, Any]) -> Labelled:
    """One line as a labelled mail."""
    return Labelled(
        line["id"], line.get("lang") or "en", Label(line["label"]), as_message(line), line.get("group") or line["id"]
    )


def as_message(line: dict[str, Any]) -> Message:
    """One line as the daemon would hand the mail over."""
    name, address = parseaddr(line.get("from") or "")
    content = json.dumps([line.get("from"), line.get("subject"), line.get("body")])
    digest = hashlib.sha256(content.encode()).hexdigest()
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
        sender=Address(address, name) if address else None,
        references=("<earlier@examples.example>",) if line.get("in_thread") else (),
        text=line.get("body") or "",
        html_only=bool(line.get("html_only")),
        calendar_method=line.get("calendar"),
        signs=frozenset(line.get("signs") or ()),
    )
