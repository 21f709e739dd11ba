"""The demo plays to the end on any machine, tells what happened, and leaves the sample mailbox as it was."""

from __future__ import annotations

import contextlib
import io
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tzlocal

from onward.core import mail
from onward.core.model import Found, Label, Message, Prediction, RawMail
from onward.demo import story
from onward.demo.sample import ADDRESS, MAILBOX, SampleMail, read_sample
from onward.demo.server import EmbeddedServer
from onward.service import Service, utc_now

SLOWNESS = 3  # of a machine busy with other tests
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def message_id(each: SampleMail) -> str:
    found = re.search(rb"^Message-ID: (<\S+>)", each.text, re.MULTILINE | re.IGNORECASE)
    assert found is not None, each.file
    return found[1].decode()


@cache
def sample() -> dict[str, tuple[SampleMail, str]]:
    """Every sample mail with its language, by Message-ID."""
    index = tomllib.loads((MAILBOX / "index.toml").read_text())["mail"]
    return {message_id(each): (each, entry["lang"]) for each, entry in zip(read_sample(), index, strict=True)}


@dataclass
class CarefulReader:
    """Says of every sample mail what a careful person would; `mistakes` are what it takes for something else."""

    mistakes: dict[str, Label]

    def predict(self, message: Message) -> Prediction:
        each, language = sample().get(message.message_id or "", (None, ""))
        if each is None or "own" in message.signs:
            return Prediction(Label.OTHER, 0.99, {Label.OTHER: 0.99})
        label = self.mistakes.get(each.file, each.label)
        sender = message.sender
        reachable = sender is not None and not mail.nobody_reads(sender.email)
        return Prediction(
            label,
            0.96,
            {label: 0.96},
            evidence=next((line for line in message.text.split("\n")[2:] if len(line) > 40), message.subject),
            language=language,
            company=Found(each.company) if each.company else None,
            role=Found(each.role) if each.role else None,
            contact=sender if reachable else None,
        )


def play(mistakes: dict[str, Label] | None = None, clock: Callable[[], datetime] = utc_now) -> tuple[int, str]:
    """The demo's status and everything it said, read by a careful reader but for these mistakes."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = story.play(CarefulReader(mistakes or {}), 0, stay=False, clock=clock)
    return status, said.getvalue()


@contextlib.contextmanager
def seen_server() -> Iterator[list[EmbeddedServer]]:
    """The demo's own server, to look at when it is over; its live mails come without a pause."""
    made: list[EmbeddedServer] = []

    def make(*arguments: Any, **named: Any) -> EmbeddedServer:
        made.append(EmbeddedServer(*arguments, **named))
        return made[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "EmbeddedServer", make)
        patch.setattr(story, "read_sample", lambda: [replace(each, after=0.0) for each in read_sample()])
        yield made


@pytest.fixture
def server() -> Iterator[list[EmbeddedServer]]:
    with seen_server() as made:
        yield made


@dataclass
class Played:
    """One performance, for all who only look at it."""

    status: int
    said: str
    server: EmbeddedServer

    @property
    def words(self) -> str:
        return " ".join(self.said.split())

    def answered(self, live: bool) -> list[str]:
        """Which mails have a draft that answers them."""
        files = {message_id(each): each.file for each in read_sample() if (each.age is None) is live}
        drafts = [stored.raw for stored in self.server.mailbox("Drafts").messages]
        keys = [found[1].decode() for raw in drafts for found in re.finditer(rb"(?m)^In-Reply-To: (\S+)", raw)]
        return sorted(files[key] for key in keys if key in files)


@pytest.fixture(scope="module")
def played() -> Played:
    with seen_server() as made:
        status, said = play()
    return Played(status, said, made[0])


ANSWERED = ["57-northlight-priyanka-decision.eml", "61-kassenwerk-absage.eml"]
THANKED = "62-oakhurst-marguerite-replies.eml"  # feedback: two lines of thanks


# --- the sample -------------------------------------------------------------------------------------------


def test_the_sample_is_a_whole_month_of_mail() -> None:
    sample = read_sample()
    assert len(sample) >= 40
    assert {each.label for each in sample} >= {Label.REJECTION, Label.INTERVIEW, Label.ACKNOWLEDGEMENT, Label.OTHER}
    assert len({message_id(each) for each in sample}) == len(sample)
    assert {path.name for path in MAILBOX.glob("*.eml")} == {each.file for each in sample}


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu"])
def test_every_mail_of_the_sample_can_be_read_and_holds_no_placeholder(timezone: str) -> None:
    for each in read_sample():
        at = NOON - (each.age or timedelta())
        raw = each.arriving(at, timezone)
        assert not re.search(rb"@[A-Z]+@", raw), each.file
        mail.read(RawMail("INBOX", 1, 1, at, raw), "sample", at)
        assert b"\nDate: " + format_datetime(at.astimezone(ZoneInfo(timezone))).encode() in raw, each.file


def test_a_meeting_stands_on_its_day_and_hour_in_the_persons_zone() -> None:
    each = next(one for one in read_sample() if one.file.startswith("51-"))
    raw = each.arriving(NOON - timedelta(days=2, hours=1), "Europe/Berlin")
    assert b"DTSTART:20261121T100000Z" in raw  # tomorrow at 11:00
    assert b"DTEND:20261121T104500Z" in raw


# --- the story --------------------------------------------------------------------------------------------


def test_every_live_no_of_a_reachable_person_is_answered_once_and_nothing_else_is(played: Played) -> None:
    assert played.status == 0, played.said
    assert played.answered(live=True) == ANSWERED
    assert played.answered(live=False) == ["50-halvorsen-callum-two-lines.eml", "55-ordinal-maps-idris-feedback.eml"]


def test_the_story_tells_the_letters_the_hours_and_why_mails_were_left_alone(played: Played) -> None:
    assert "4 noes of the past weeks: remembered, and not answered so late." in played.words
    assert "│ Dear Priyanka," in played.said
    assert "Now in Drafts, in the same thread, unsent:" in played.words
    assert (
        "No letter: nobody reads replies to this sender, and nobody else of this application is known." in played.words
    )
    assert played.said.count("An hour to look back is kept") == 5
    assert "Onward is wrong" not in played.said
    assert "4 letters, unsent: Callum Reyes, Idris Bakare, Priyanka Deol, Sabine Oehlert" in played.words
    assert "onward config edit" in played.said


def test_the_mailbox_is_as_it_was_and_nothing_was_sent(played: Played) -> None:
    inbox = played.server.mailbox("INBOX").messages
    theirs = [stored for stored in inbox if b"X-Draft-Key" not in stored.raw]
    assert len(theirs) == len(read_sample()) >= 40
    assert [stored.uid for stored in theirs][:55] == list(range(1, 56))
    assert {stored.flags for stored in theirs} == {frozenset(), frozenset({b"\\Seen"})}
    assert all(not played.server.mailbox(name).messages for name in ("Sent", "Trash", "Junk", "Archive"))
    said = b" ".join(line.upper() for _, line in played.server.log)
    assert not re.search(rb" (SELECT|STORE|COPY|MOVE|EXPUNGE|DELETE)\b|BODY\[", said)
    assert f"All {len(theirs)} mails are where they were" in played.words


def test_a_mail_marked_read_by_mistake_would_be_told(
    monkeypatch: pytest.MonkeyPatch, server: list[EmbeddedServer]
) -> None:
    look_back = story.Story.look_back

    def and_mark(self: story.Story) -> None:
        look_back(self)
        server[0].mailbox("INBOX").change_flags(7, [b"\\Flagged"], b"+")

    monkeypatch.setattr(story.Story, "look_back", and_mark)
    status, said = play()
    assert status == 1
    assert "This did not go as it should: 1 mail of the mailbox changed" in said


def test_a_no_that_is_misread_is_shown_as_a_mistake(server: list[EmbeddedServer]) -> None:
    status, said = play({"57-northlight-priyanka-decision.eml": Label.INTERVIEW})
    assert status == 0
    assert "Onward is wrong here: a careful person would say it is a no." in " ".join(said.split())
    assert "Dear Priyanka" not in said


def test_what_does_not_happen_is_said_plainly_and_the_status_tells(
    monkeypatch: pytest.MonkeyPatch, server: list[EmbeddedServer]
) -> None:
    class Mute(CarefulReader):
        def predict(self, message: Message) -> Prediction:
            if message.subject.startswith("Ihre Bewerbung als Softwareentwickler:in"):
                raise RuntimeError("no words")
            return super().predict(message)

    monkeypatch.setattr(story, "PATIENCE", 5.0)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert story.play(Mute({}), 0, stay=False) == 1
    words = " ".join(said.getvalue().split())
    assert "This did not go as it should: 61-kassenwerk-absage.eml arrived and was not handled; set aside" in words
    assert "RuntimeError: no words" in words


def test_a_service_that_dies_ends_the_story_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(self: Service) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Service, "run", die)
    status, said = play()
    assert status == 1
    assert "the service ended: OSError: the disk is full" in " ".join(said.split())


def test_at_night_the_notes_are_told_with_the_time_they_come(server: list[EmbeddedServer]) -> None:
    now = utc_now()
    night = now.astimezone(ZoneInfo(tzlocal.get_localzone_name())).replace(hour=1, minute=30) + timedelta(days=1)
    status, said = play(clock=lambda: utc_now() + (night - now))
    words = " ".join(said.split())
    assert status == 0, said
    assert "Notes to yourself: today 08:00 (it is kept)" in words
    assert "your mail; notes about those hours come in the morning, not at night" in words


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_it_fits_the_terminal_and_is_plain_when_piped(
    columns: int, monkeypatch: pytest.MonkeyPatch, server: list[EmbeddedServer]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    status, said = play()
    assert status == 0
    assert max(len(line) for line in said.split("\n")) <= min(columns, 80)
    assert "\x1b" not in said
    assert "\n\n\n" not in said


def test_a_taken_port_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with EmbeddedServer({"sam": "secret"}) as other:
        assert story.play(CarefulReader({}), other.port, stay=False) == 1
    assert f"Port {other.port} is taken" in capsys.readouterr().out


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: list[EmbeddedServer]) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    status, _ = play()
    assert status == 0
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def shipped() -> Played:
    """The demo as everybody sees it, its pauses included."""
    with (
        seen_server() as made,
        contextlib.redirect_stdout(io.StringIO()) as said,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(story, "read_sample", read_sample)
        begun = time.monotonic()
        status = story.demo_command()
    assert time.monotonic() - begun < 12 * SLOWNESS
    return Played(status, said.getvalue(), made[0])


def test_the_demo_ends_well_without_a_terminal(shipped: Played) -> None:
    assert shipped.status == 0, shipped.said
    drafts = len(shipped.server.mailbox("Drafts").messages)
    assert f"{drafts} letter" in shipped.said


def test_as_shipped_every_live_no_is_seen_and_its_neighbours_are_left_alone(shipped: Played) -> None:
    assert shipped.answered(live=True) == [*ANSWERED, THANKED]


def test_at_a_terminal_it_stays_up_and_says_how_to_look_around(
    server: list[EmbeddedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
        assert story.play(CarefulReader({}), 0, stay=True) == 0
    assert f"IMAP      127.0.0.1, port {server[0].port}, no encryption" in said.getvalue()
    assert server[0].users[ADDRESS.encode()].decode() in said.getvalue()
