"""The demo plays to the end on any machine, tells what happened, and leaves the sample mailbox as it was."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onward.core import letters, mail
from onward.core.model import Found, Label, Message, Prediction, RawMail
from onward.demo import story
from onward.demo.sample import ADDRESS, MAILBOX, SampleMail, read_sample
from onward.demo.server import EmbeddedServer
from onward.service import Service, utc_now

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def message_id(each: SampleMail) -> str:
    found = re.search(rb"^Message-ID: (<\S+>)", each.text, re.MULTILINE | re.IGNORECASE)
    assert found is not None, each.file
    return found[1].decode()


@dataclass
class CarefulReader:
    """Says of every sample mail what a careful person would; `mistakes` are what it takes for something else."""

    mistakes: dict[str, Label]

    def predict(self, message: Message) -> Prediction:
        each = next((one for one in read_sample() if message_id(one) == message.message_id), None)
        if each is None or "own" in message.signs:
            return Prediction(Label.OTHER, 0.99, {Label.OTHER: 0.99})
        label = self.mistakes.get(each.file, each.label)
        sender = message.sender
        reachable = sender is not None and not letters.nobody_reads(sender.email)
        return Prediction(
            label,
            0.96,
            {label: 0.96},
            evidence=next((line for line in message.text.split("\n")[2:] if len(line) > 40), message.subject),
            language=entry_of(each)["lang"],
            company=Found(each.company) if each.company else None,
            role=Found(each.role) if each.role else None,
            contact=sender if reachable else None,
        )


def entry_of(each: SampleMail) -> dict[str, Any]:
    index = tomllib.loads((MAILBOX / "index.toml").read_text())
    return next(entry for entry in index["mail"] if entry["file"] == each.file)


def play(
    capsys: pytest.CaptureFixture[str],
    mistakes: dict[str, Label] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> tuple[int, str]:
    """The demo's status and everything it said, read by a careful reader but for these mistakes."""
    status = story.play(CarefulReader(mistakes or {}), 0, stay=False, clock=clock)
    return status, capsys.readouterr().out


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> list[EmbeddedServer]:
    """The demo's own server, to look at when it is over."""
    made: list[EmbeddedServer] = []

    def make(*arguments: Any, **named: Any) -> EmbeddedServer:
        made.append(EmbeddedServer(*arguments, **named))
        return made[0]

    monkeypatch.setattr(story, "EmbeddedServer", make)
    return made


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
        message = mail.read(RawMail("INBOX", 1, 1, at, raw), "sample", at)
        assert message.sent_at == at, each.file
        assert ADDRESS in {address.email.lower() for address in message.to} or "list" in message.signs, each.file


def test_a_meeting_stands_on_its_day_and_hour_in_the_persons_zone() -> None:
    each = next(one for one in read_sample() if one.file.startswith("51-"))
    raw = each.arriving(NOON - timedelta(days=2, hours=1), "Europe/Berlin")
    assert b"DTSTART:20261121T100000Z" in raw  # tomorrow at 11:00
    assert b"DTEND:20261121T104500Z" in raw


# --- the story --------------------------------------------------------------------------------------------


def test_every_live_no_of_a_reachable_person_is_answered_once_and_nothing_else_is(
    capsys: pytest.CaptureFixture[str], server: list[EmbeddedServer]
) -> None:
    status, said = play(capsys)
    assert status == 0, said
    drafts = [stored.raw for stored in server[0].mailbox("Drafts").messages]
    answered = [found[1].decode() for raw in drafts if (found := re.search(rb"^In-Reply-To: (\S+)", raw, re.MULTILINE))]
    live = {message_id(each): each.file for each in read_sample() if each.age is None}
    assert sorted(live[key] for key in answered if key in live) == [
        "57-northlight-priyanka-decision.eml",
        "61-kassenwerk-absage.eml",
    ]
    past = {message_id(each): each.file for each in read_sample() if each.age is not None}
    assert sorted(past[key] for key in answered if key in past) == [
        "50-halvorsen-callum-two-lines.eml",
        "55-ordinal-maps-idris-feedback.eml",
    ]
    assert "Dear Priyanka," in said
    assert "Now in Drafts" in said
    assert "No letter: a machine sent it and names nobody to answer." in said
    assert said.count("An hour to look back is kept") == 5
    assert "Onward is wrong" not in said


def test_the_mailbox_is_as_it_was_and_nothing_was_sent(
    capsys: pytest.CaptureFixture[str], server: list[EmbeddedServer]
) -> None:
    play(capsys)
    inbox = server[0].mailbox("INBOX").messages
    theirs = [stored for stored in inbox if b"X-Draft-Key" not in stored.raw]
    assert len(theirs) == len(read_sample())
    assert [stored.uid for stored in theirs][:55] == list(range(1, 56))
    assert {stored.flags for stored in theirs} == {frozenset(), frozenset({b"\\Seen"})}
    assert all(not server[0].mailbox(name).messages for name in ("Sent", "Trash", "Junk", "Archive"))
    said = b" ".join(line.upper() for _, line in server[0].log)
    assert not re.search(rb" (SELECT|STORE|COPY|MOVE|EXPUNGE|DELETE)\b|BODY\[", said)


def test_a_mail_marked_read_by_mistake_would_be_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, server: list[EmbeddedServer]
) -> None:
    look_back = story.Story.look_back

    def and_mark(self: story.Story) -> None:
        look_back(self)
        server[0].mailbox("INBOX").change_flags(7, [b"\\Flagged"], b"+")

    monkeypatch.setattr(story.Story, "look_back", and_mark)
    status, said = play(capsys)
    assert status == 1
    assert "This did not go as it should: 1 mail of the mailbox changed" in said


def test_a_no_that_is_misread_is_shown_as_a_mistake(
    capsys: pytest.CaptureFixture[str], server: list[EmbeddedServer]
) -> None:
    status, said = play(capsys, {"57-northlight-priyanka-decision.eml": Label.INTERVIEW})
    assert status == 0
    assert "Onward is wrong here: a careful person would say it is a no." in " ".join(said.split())
    assert "Dear Priyanka" not in said


def test_what_does_not_happen_is_said_plainly_and_the_status_tells(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mute(CarefulReader):
        def predict(self, message: Message) -> Prediction:
            if "Priyanka" in str(message.sender):
                raise RuntimeError("no words")
            return super().predict(message)

    monkeypatch.setattr(story, "PATIENCE", 3.0)
    status = story.play(Mute({}), 0, stay=False)
    said = " ".join(capsys.readouterr().out.split())
    assert status == 1
    assert "This did not go as it should: 17-northlight" in said or "not every mail of the past month" in said


def test_a_service_that_dies_ends_the_story_with_its_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: Service) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Service, "run", die)
    status, said = play(capsys)
    assert status == 1
    assert "the service ended: OSError: the disk is full" in " ".join(said.split())


def test_at_night_the_reminders_are_told_with_the_time_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    now = utc_now()
    shift = now.replace(hour=1, minute=30) + timedelta(days=1) - now
    status, said = play(capsys, clock=lambda: utc_now() + shift)
    assert status == 0, said
    notes = re.findall(r"Notes to yourself: (\S+ \S+|now) ", said)
    assert notes


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_it_fits_the_terminal_and_is_plain_when_piped(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    status, said = play(capsys)
    assert status == 0
    assert max(len(line) for line in said.split("\n")) <= min(columns, 80)
    assert "\x1b" not in said
    assert "\n\n\n" not in said


def test_a_taken_port_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with EmbeddedServer({"sam": "secret"}) as other:
        assert story.play(CarefulReader({}), other.port, stay=False) == 1
    assert f"Port {other.port} is taken" in capsys.readouterr().out


def test_nothing_is_left_behind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(here))
    status, _ = play(capsys)
    assert status == 0
    assert list(here.iterdir()) == []


def test_with_the_shipped_classifier_it_tells_what_truly_happened(
    capsys: pytest.CaptureFixture[str], server: list[EmbeddedServer]
) -> None:
    status = story.demo_command()
    said = capsys.readouterr().out
    assert status == 0, said
    drafts = len(server[0].mailbox("Drafts").messages)
    assert f"{drafts} letter" in said


def test_with_the_shipped_classifier_every_live_no_is_seen_and_its_neighbours_are_left_alone(
    capsys: pytest.CaptureFixture[str], server: list[EmbeddedServer]
) -> None:
    assert story.demo_command(stay=False) == 0
    said = capsys.readouterr().out
    live = {message_id(each): each.file for each in read_sample() if each.age is None}
    drafts = [stored.raw for stored in server[0].mailbox("Drafts").messages]
    answered = [found[1].decode() for raw in drafts if (found := re.search(rb"^In-Reply-To: (\S+)", raw, re.MULTILINE))]
    assert sorted(live[key] for key in answered if key in live) == [
        "57-northlight-priyanka-decision.eml",
        "61-kassenwerk-absage.eml",
    ]
    assert "Onward is wrong" not in said.partition("And now, mail arrives")[2]
