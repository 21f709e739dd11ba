"""Write sessions as iCalendar: the private feed to subscribe to, and one event for a mail to oneself.

Pure: bytes out, nothing read. Times are in UTC, so no VTIMEZONE is needed. There is never an ATTENDEE or an
ORGANIZER: calendar servers mail invitations for those by themselves (RFC 6638 §3.2), and nothing is sent to
anyone without the person's act.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import icalendar

PRODUCT = "-//Onward//Reflection//EN"
NAMESPACE = uuid.UUID("0b0f4f5e-6d5c-5f0b-9a53-6f6e77617264")  # fixed for ever: UIDs are derived from it
ALARM_BEFORE = timedelta(minutes=15)
REFRESH = timedelta(minutes=15)  # how often a subscriber is asked to look again: sessions move at short notice

Status = Literal["CONFIRMED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Event:
    """One session as a calendar shows it."""

    uid: str  # from `event_uid`; stays the same when the session moves
    starts_at: datetime
    ends_at: datetime
    summary: str  # one line
    description: str  # may have several lines
    sequence: int  # from 0, one more with every move or cancellation (RFC 5545 §3.8.7.4)
    status: Status
    updated_at: datetime


def event_uid(key: str) -> str:
    """The UID of a session: the same key gives the same UID on every machine."""
    return str(uuid.uuid5(NAMESPACE, key))


def feed(sessions: Sequence[Event], name: str) -> bytes:
    """All sessions as one calendar of that name, to subscribe to."""
    calendar = new_calendar()
    calendar.calendar_name = one_line(name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})  # RFC 7986 §5.7
    for session in sessions:
        calendar.add_component(component_of(session))
    return written(calendar)


def single(event: Event) -> bytes:
    """One session as the .ics attached to a mail to oneself. PUBLISH: nobody is asked for an answer."""
    calendar = new_calendar()
    calendar.method = "PUBLISH"
    calendar.add_component(component_of(event))
    return written(calendar)


def new_calendar() -> icalendar.Calendar:
    # Imported here, not above: icalendar takes longer to import than the rest of the program needs to start,
    # and many starts (status, pause, a tick with nothing due) write no calendar.
    import icalendar

    calendar = icalendar.Calendar()  # Calendar.new() would add a random UID
    calendar.prodid = PRODUCT
    calendar.version = "2.0"
    return calendar


def written(calendar: icalendar.Calendar) -> bytes:
    content: bytes = calendar.to_ical()
    return content


def component_of(event: Event) -> icalendar.Event:
    """One VEVENT. Escaping and folding are icalendar's; control characters are taken out here."""
    import icalendar  # here for the same reason as above

    cancelled = event.status == "CANCELLED"
    component = icalendar.Event.new(
        uid=one_line(event.uid),
        stamp=event.updated_at.astimezone(UTC),
        last_modified=event.updated_at.astimezone(UTC),
        start=event.starts_at.astimezone(UTC),
        end=event.ends_at.astimezone(UTC),
        summary=one_line(event.summary),
        description=scrub(event.description) or None,
        sequence=event.sequence,
        status=icalendar.STATUS(event.status),
        classification=icalendar.CLASS.PRIVATE,  # a shared calendar shows others no more than "busy"
        transparency=icalendar.TRANSP.TRANSPARENT if cancelled else icalendar.TRANSP.OPAQUE,
    )
    if not cancelled:  # some calendars ring for an event that is off
        component.add_component(alarm(one_line(event.summary)))
    return component


def alarm(text: str) -> icalendar.Alarm:
    """The one alarm. A second kind would be read as a double."""
    import icalendar  # here for the same reason as above

    component = icalendar.Alarm()
    component.add("action", "DISPLAY")
    component.add("trigger", -ALARM_BEFORE)
    component.add("description", text)  # required for DISPLAY (RFC 5545 §3.6.6)
    return component


# C0 and C1 controls but the newline, lone surrogates, and the marks that turn the direction of what follows.
_UNWANTED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NEWLINES = re.compile("\r\n|[\n\v\f\r\x85\u2028\u2029]")


def scrub(text: str) -> str:
    """Text without control characters; lines end in a plain newline, which icalendar escapes."""
    return _UNWANTED.sub("", _NEWLINES.sub("\n", text.replace("\t", " ")))


def one_line(text: str) -> str:
    return " ".join(scrub(text).split("\n"))
