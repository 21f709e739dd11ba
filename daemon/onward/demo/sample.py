"""The sample mailbox: a month of Robin Ekman's search for work, told from now backwards.

Knows the mails in `mailbox/` and what a careful reader would call them (`index.toml`); fills in the dates.
The mails are invented, every name in them too.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from onward.core.model import Label

MAILBOX = Path(__file__).parent / "mailbox"
OWNER = "Robin Ekman"
ADDRESS = "robin.ekman@example.org"


@dataclass(frozen=True, slots=True)
class Meeting:
    """The meeting in a mail's calendar part, in the person's time zone."""

    days_ago: int  # before today; negative: ahead
    begins: time
    length: timedelta


@dataclass(frozen=True, slots=True)
class SampleMail:
    """One mail with the places for its dates, and what a careful reader would say of it."""

    file: str
    text: bytes
    label: Label
    company: str
    role: str
    age: timedelta | None  # before now; None: it arrives live
    after: float  # seconds after the live part began
    meeting: Meeting | None

    def arriving(self, at: datetime, timezone: str) -> bytes:
        """The mail as it arrives at `at`."""
        zone = ZoneInfo(timezone)
        values = {b"@DATE@": format_datetime(at.astimezone(zone)), b"@DTSTAMP@": _stamp(at)}
        if self.meeting is not None:
            today = (at + (self.age or timedelta())).astimezone(zone).date()
            day = today - timedelta(days=self.meeting.days_ago)
            begins = datetime.combine(day, self.meeting.begins, zone)
            values |= {b"@DTSTART@": _stamp(begins), b"@DTEND@": _stamp(begins + self.meeting.length)}
        text = self.text
        for place, value in values.items():
            text = text.replace(place, value.encode())
        return text


def read_sample() -> list[SampleMail]:
    """Every mail of the sample: the past month by age, then what arrives live."""
    index = tomllib.loads((MAILBOX / "index.toml").read_text(encoding="utf-8"))
    return [_mail(entry) for entry in index["mail"]]


def _mail(entry: dict[str, Any]) -> SampleMail:
    event = entry.get("event")
    return SampleMail(
        file=entry["file"],
        text=(MAILBOX / entry["file"]).read_bytes(),
        label=Label(entry["label"]),
        company=entry["company"],
        role=entry["role"],
        age=None if entry.get("live") else _age(entry["age"]),
        after=float(entry.get("after", 0)),
        meeting=event and Meeting(event["day"], time.fromisoformat(event["time"]), timedelta(minutes=event["minutes"])),
    )


def _age(text: str) -> timedelta:
    """'12d 4h'."""
    units = {"d": timedelta(days=1), "h": timedelta(hours=1)}
    return sum((int(number) * units[unit] for number, unit in re.findall(r"(\d+)([dh])", text)), timedelta())


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
