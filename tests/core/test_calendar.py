"""Sessions as iCalendar, read back through icalendar's own parser."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onward
from onward.core.calendar import Event, event_uid, feed, single

START = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SESSION = Event(
    uid=event_uid("reflection:8f3a"),
    starts_at=START,
    ends_at=START + HOUR,
    summary="An hour to learn from a no",
    description="What went well?\nWhat would you do again?",
    sequence=2,
    status="CONFIRMED",
    updated_at=datetime(2026, 11, 23, 9, 0, 7, tzinfo=UTC),
)
CANCELLED = replace(SESSION, uid=event_uid("reflection:77b1"), status="CANCELLED", sequence=3)
HOSTILE = 'Hi\r\nATTENDEE:mailto:boss@acme.example\r\n;x="1"\\n,\x00\x1b[31m\x85\u2028END:VEVENT\ud800\u202e'

properties = settings(deadline=None, database=None, max_examples=100)


def parsed(content: bytes) -> icalendar.Calendar:
    calendar = icalendar.Calendar.from_ical(content)
    assert isinstance(calendar, icalendar.Calendar)
    return calendar


def only_event(content: bytes) -> icalendar.Event:
    [event] = parsed(content).events
    return event


def test_an_event_is_read_back_as_it_was_written() -> None:
    event = only_event(single(SESSION))
    assert event.uid == SESSION.uid
    assert (event.start, event.end) == (SESSION.starts_at, SESSION.ends_at)
    assert event.summary == SESSION.summary
    assert event.description == SESSION.description
    assert event.sequence == 2
    assert event.status == "CONFIRMED"
    assert event.stamp == SESSION.updated_at


def test_a_mail_to_oneself_publishes_and_asks_for_no_answer() -> None:
    assert parsed(single(SESSION)).method == "PUBLISH"


def test_a_feed_holds_every_session_and_its_name() -> None:
    calendar = parsed(feed([SESSION, CANCELLED], "Onward: time to reflect"))
    assert [event.uid for event in calendar.events] == [SESSION.uid, CANCELLED.uid]
    assert calendar.calendar_name == "Onward: time to reflect"
    assert not calendar.method


def test_a_feed_without_sessions_is_still_a_calendar() -> None:
    assert parsed(feed([], "Onward")).events == []


def test_times_are_in_utc_and_no_time_zone_is_described() -> None:
    berlin = timezone(timedelta(hours=1))
    content = single(replace(SESSION, starts_at=START.astimezone(berlin), ends_at=(START + HOUR).astimezone(berlin)))
    assert b"DTSTART:20261124T163000Z\r\n" in content
    assert b"DTEND:20261124T173000Z\r\n" in content
    assert b"DTSTAMP:20261123T090007Z\r\n" in content
    assert b"TZID" not in content and b"VTIMEZONE" not in content


def test_one_alarm_rings_a_quarter_of_an_hour_before() -> None:
    [alarm] = only_event(single(SESSION)).alarms.times
    assert alarm.trigger == START - timedelta(minutes=15)
    assert only_event(single(SESSION)).walk("VALARM")[0]["ACTION"] == "DISPLAY"


def test_a_cancelled_session_says_so_blocks_nothing_and_rings_no_more() -> None:
    event = only_event(single(CANCELLED))
    assert event.status == "CANCELLED"
    assert event.transparency == "TRANSPARENT"
    assert event.walk("VALARM") == []


def test_others_who_see_the_calendar_see_no_more_than_busy() -> None:
    assert only_event(single(SESSION)).classification == "PRIVATE"


def test_nobody_is_invited() -> None:
    for content in (single(SESSION), feed([SESSION, CANCELLED], "Onward")):
        assert b"ATTENDEE" not in content and b"ORGANIZER" not in content


def test_the_same_key_gives_the_same_uid_everywhere() -> None:
    assert event_uid("reflection:8f3a") == "15281522-38a1-552c-aced-2d53f805b219"
    assert uuid.UUID(event_uid("reflection:8f3a")).version == 5
    assert event_uid("reflection:8f3a") != event_uid("reflection:8f3b")


def test_the_same_sessions_give_the_same_bytes() -> None:
    assert single(SESSION) == single(SESSION)
    assert feed([SESSION, CANCELLED], "Onward") == feed([SESSION, CANCELLED], "Onward")


@pytest.mark.parametrize("write", [single, lambda event: feed([event], HOSTILE)])
def test_hostile_text_stays_text(write: Callable[[Event], bytes]) -> None:
    content = write(replace(SESSION, summary=HOSTILE, description=HOSTILE, uid=HOSTILE))
    event = only_event(content)
    assert "ATTENDEE" not in event and "ORGANIZER" not in event
    assert event.summary == 'Hi ATTENDEE:mailto:boss@acme.example ;x="1"\\n,[31m  END:VEVENT'
    assert event.description == 'Hi\nATTENDEE:mailto:boss@acme.example\n;x="1"\\n,[31m\n\nEND:VEVENT'
    assert event.end == SESSION.ends_at


@properties
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=80), st.integers(0, 10_000))
def test_any_text_makes_a_calendar_with_the_same_lines(
    summary: str, description: str, name: str, sequence: int
) -> None:
    written = replace(SESSION, summary=summary, description=description, sequence=sequence)
    content = feed([written, CANCELLED], name)
    for line in content.split(b"\r\n"):
        assert len(line) <= 75  # RFC 5545 §3.1
        assert not any(byte < 0x20 or byte == 0x7F for byte in line)
    names = {line.split(b":")[0].split(b";")[0] for line in content.split(b"\r\n") if not line.startswith(b" ")}
    assert names <= {
        *(b"BEGIN", b"END", b"VERSION", b"PRODID", b"NAME", b"X-WR-CALNAME", b"REFRESH-INTERVAL", b""),
        *(
            b"SUMMARY",
            b"DESCRIPTION",
            b"DTSTART",
            b"DTEND",
            b"DTSTAMP",
            b"LAST-MODIFIED",
            b"UID",
            b"SEQUENCE",
        ),
        *(b"CLASS", b"STATUS", b"TRANSP", b"ACTION", b"TRIGGER"),
    }
    first, second = parsed(content).events
    assert first.sequence == sequence
    assert (first.start, second.uid) == (START, CANCELLED.uid)
    assert "\n" not in (first.summary or "")


def test_importing_the_module_does_not_import_icalendar() -> None:
    source = str(Path(onward.__file__).parents[1])
    code = "import sys, onward.core.calendar; sys.exit('icalendar' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": source}, check=False, timeout=30)
    assert finished.returncode == 0
