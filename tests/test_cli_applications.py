"""What a person types about their applications, what came back, and letters on their word; and what is said in return.

Every command works on a real mailbox of this machine. What a mail is, is read off its words.
"""

from __future__ import annotations

import email
import json
import logging
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from onward import screen
from onward.cli_applications import EVENTS
from onward.core.mail import KEY_HEADER, nobody_reads
from onward.core.model import Feedback, FeedbackKind, Found, Label, Message, Person, Prediction, Theme
from onward.demo.server import EmbeddedServer
from onward_classifiers import learn as learner
from onward_classifiers.score import Classifier
from servers.smtp import SmtpSink
from test_cli import OWN, Desk

MARA = "Mara Lindqvist <mara@harbour.example>"
ROBOT = "Harbour Optics <no-reply@harbour.example>"
RECEIVED, TALK, NO = "<received@harbour.example>", "<talk@harbour.example>", "<no@harbour.example>"
POINT = "The others had more experience with lenses."

LABELS = {  # what a mail is, by words that it holds
    "have received": Label.ACKNOWLEDGEMENT,
    "invite you": Label.INTERVIEW,
    "decided not to": Label.REJECTION,
    "more experience": Label.FEEDBACK_REPLY,
    "give no feedback": Label.FEEDBACK_REPLY,
    "may go on": Label.FEEDBACK_REPLY,
    "a decision soon": Label.STATUS_UPDATE,
}


class Reader:
    """Reads a mail as its own words tell: 'as Lens Engineer at Harbour Optics', 'with Ines Moreau'."""

    personal = True

    def refresh(self) -> None:
        pass

    def predict(self, message: Message) -> Prediction:
        said = message.text.partition("\n> ")[0]
        label = next((label for words, label in LABELS.items() if words in said), Label.OTHER)
        named = re.search(r"as (\w+ \w+)", said), re.search(r"at (\w+ \w+)", said), re.search(r"with (\w+ \w+),", said)
        role, company, person = (Found(each[1]) if each else None for each in named)
        return Prediction(
            label,
            0.97,
            {label: 0.97},
            evidence=said.splitlines()[0],
            language="en",
            company=company,
            role=role,
            contact=message.sender if message.sender and not nobody_reads(message.sender.email) else None,
            people=(Person(person.value, "Head of Lenses"),) if person else (),
            feedback=self.hear(said.strip()),
        )

    def hear(self, said: str) -> Feedback | None:
        if "may go on" in said:
            return Feedback(FeedbackKind.REOPENS, said)
        if "give no feedback" in said:
            return Feedback(FeedbackKind.REFUSED, said)
        themes = (Theme.EXPERIENCE, Theme.MOTIVATION_FIT)
        return Feedback(FeedbackKind.GIVEN, said, POINT, themes) if "more experience" in said else None


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smtp_sink: SmtpSink) -> Iterator[Desk]:
    """A person at a terminal."""
    monkeypatch.setenv("ONWARD_TEST_PASSWORD", "secret")
    monkeypatch.setattr(Classifier, "load", lambda path=None, home=None: Reader())
    monkeypatch.setattr(screen, "width", lambda: 100)
    loggers = [logging.getLogger(name) for name in ("", "onward", "imapclient", "apscheduler", "mailparser")]
    before = [(each, list(each.handlers), each.level) for each in loggers]
    with EmbeddedServer({"sam": "secret"}) as server:
        desk = Desk(tmp_path, server, smtp_sink)
        monkeypatch.setattr(learner, "learn", desk.train)
        yield desk
    for each, handlers, level in before:
        each.handlers[:] = handlers
        each.setLevel(level)


def written(
    words: str, message_id: str, sender: str = MARA, subject: str = "Your application", answers: str = "", **fields: str
) -> bytes:
    """One mail; `answers` are the Message-IDs of its thread, `fields` more of its header: cc="…", reply_to="…"."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = fields.pop("to", OWN)
    made["Subject"] = subject
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = message_id
    if answers:
        made["In-Reply-To"], made["References"] = answers.split()[-1], answers
    for name, value in fields.items():
        made[name.replace("_", "-").title()] = value
    made.set_content(f"{words}\n")
    return made.as_bytes()


def arrives(desk: Desk, raw: bytes, days_ago: float = 0) -> None:
    """A mail comes, now or some days ago, and Onward looks."""
    desk.server.mailbox("INBOX").deliver(raw, datetime.now(UTC) - timedelta(days=days_ago))
    desk.said("run", "--once")


def received(role: str = "Lens Engineer", company: str = "Harbour Optics", house: str = "harbour") -> bytes:
    sender = f"{company} <no-reply@{house}.example>"
    words = f"We have received your application as {role} at {company}."
    return written(words, f"<{role.split()[0]}-received@{house}.example>", sender, f"{company}: {role}")


def invitation() -> bytes:
    words = "We invite you to a talk as Lens Engineer at Harbour Optics with Ines Moreau, on Thursday."
    return written(words, TALK, cc="Jonas Weber <jonas@harbour.example>")


def no() -> bytes:
    return written("We have decided not to go on, as Lens Engineer at Harbour Optics.", NO)


def feedback(words: str = POINT) -> bytes:
    return written(f"{words}\n\nMara\n\n> Dear Mara,\n> thank you.", "<answer@harbour.example>", answers=NO)


def bounce() -> bytes:
    return written(
        "Your mail could not be delivered: user unknown.",
        "<bounce@example.org>",
        "Mail Delivery System <mailer-daemon@example.org>",
        "Undelivered Mail Returned to Sender",
        f"{NO} <letter@example.org>",
        return_path="<>",
    )


@pytest.fixture
def seeking(desk: Desk) -> Desk:
    """1: Harbour Optics, with an interview. 2: Bay Foods, which only wrote that it came."""
    arrives(desk, received(), 3)
    arrives(desk, invitation(), 2)
    arrives(desk, received("Data Analyst", "Bay Foods", "bay"), 1)
    return desk


@pytest.fixture
def declined(desk: Desk) -> Desk:
    """A no has come; its letter stands in Drafts."""
    arrives(desk, no())
    assert len(desk.drafts) == 1
    return desk


@pytest.fixture
def answered(declined: Desk) -> Desk:
    """The letter went, and feedback came."""
    declined.said("drafts", "sent", "1")
    arrives(declined, feedback())
    return declined


def time_passes(desk: Desk, days: float) -> None:
    """As if all that is known had happened longer ago; and Onward looks."""
    dated = {"message": "arrived_at", "event": "at", "question": "asked_at", "draft": "settled_at", "feedback": "at"}
    with desk.store() as store:
        for table, column in dated.items():
            store.connection.execute(
                f"UPDATE {table} SET {column} = strftime('%Y-%m-%dT%H:%M:%f', {column}, ?) || '000+00:00'",
                (f"-{days} days",),
            )
    desk.said("run", "--once")


def refused(desk: Desk, *words: str) -> str:
    """What is said by a command that cannot be done."""
    result = desk.type(*words)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert result.stderr.startswith("onward: ") and "unexpected" not in result.stderr
    return result.stderr.removeprefix("onward: ").strip()


def key_of(desk: Desk, id: int, kind: str) -> str:
    """The beginning of a mail's key, as `onward applications show` tells it."""
    found = re.search(rf"{kind}  .*\(([0-9a-f]{{8}})\)", desk.said("applications", "show", str(id)))
    assert found is not None
    return found[1]


def shown(desk: Desk, id: int) -> dict[str, Any]:
    found: dict[str, Any] = desk.json("applications", "show", str(id))
    return found


def events(desk: Desk, id: int) -> list[str]:
    return [each["kind"] for each in shown(desk, id)["events"]]


def ids(desk: Desk) -> list[int]:
    return sorted(each["id"] for each in desk.json("applications"))


def everything(desk: Desk) -> list[Any]:
    """All that there is to know of the applications, but for when changes were noted."""
    found: list[Any] = [shown(desk, each) for each in ids(desk)]
    return [*found, desk.json("questions"), desk.json("feedback")]


# --- where each stands --------------------------------------------------------------------------------------------


def test_applications_are_listed_with_the_number_that_commands_want(seeking: Desk) -> None:
    said = seeking.said("applications")
    head, first, second = said.splitlines()[:3]
    assert head.split() == ["ID", "Company", "Role", "Stage", "State", "News", "On"]
    assert first.startswith("2   Bay Foods") and "applied" in first and "acknowledged" in first
    assert second.startswith("1   Harbour Optics") and "interview" in second and "open" in second
    command = said.splitlines()[-1].partition(": ")[2].strip()
    assert command == "onward applications show 2"
    assert "Bay Foods" in seeking.said(*shlex.split(command)[1:])


def test_applications_stand_in_json_with_their_people(seeking: Desk) -> None:
    bay, harbour = seeking.json("applications")
    assert set(bay) == {
        *("id", "company", "role", "requisition", "stage", "state", "last_event", "last_event_at", "message", "people")
    }
    assert (bay["id"], bay["company"], bay["stage"], bay["last_event"]) == (2, "Bay Foods", "applied", "acknowledged")
    assert (harbour["id"], harbour["role"], harbour["stage"]) == (1, "Lens Engineer", "interview")
    assert {"name": "Mara Lindqvist", "address": "mara@harbour.example", "role": ""} in harbour["people"]


def test_only_open_applications_are_listed_on_request(seeking: Desk) -> None:
    seeking.said("applications", "happened", "2", "withdrawn")
    assert [each["id"] for each in seeking.json("applications", "--open")] == [1]
    assert "Bay Foods" not in seeking.said("applications", "--open")
    assert {each["id"]: each["state"] for each in seeking.json("applications")} == {1: "open", 2: "withdrawn"}


def test_an_application_without_a_company_is_named_after_who_wrote(desk: Desk) -> None:
    arrives(desk, written("We invite you to a talk.", TALK))
    assert "(Mara Lindqvist)" in desk.said("applications")
    assert "Company    (not named)" in desk.said("applications", "show", "1")


def test_an_application_is_shown_with_its_mails_and_the_people_behind_it(seeking: Desk) -> None:
    seeking.said("applications", "person", "1", "Aylin Kaya <aylin@harbour.example>", "--role", "Team lead")
    mine = written("See you then.", "<mine@example.org>", OWN, answers=TALK, to=f"{MARA}, tomas@harbour.example")
    arrives(seeking, mine)
    said = seeking.said("applications", "show", "1")
    assert "Company    Harbour Optics" in said and "Role       Lens Engineer" in said
    assert "Stands at  interview, open" in said
    for evidence in (
        "Ines Moreau, Head of Lenses: is named in a mail",
        "Jonas Weber <jonas@harbour.example>: was copied",
        "Harbour Optics <no-reply@harbour.example>: wrote to you",
        "Mara Lindqvist <mara@harbour.example>: wrote to you",
        "<tomas@harbour.example>: you wrote to them",
        "Aylin Kaya, Team lead <aylin@harbour.example>: you noted them",
    ):
        assert f"  {evidence}\n" in said
    assert re.search(r"  acknowledged  Harbour Optics: Lens Engineer \([0-9a-f]{8}\)\n", said)
    assert re.search(r"  interview  Your application \([0-9a-f]{8}\)\n", said)
    assert "onward applications note 1 TEXT" in said and "onward applications assign KEY new" in said
    assert "onward applications happened 1 interview" in said


def test_an_application_stands_whole_in_json(answered: Desk) -> None:
    answered.said("applications", "note", "1", "Ring", "back")
    found = shown(answered, 1)
    assert (found["id"], found["company"], found["state"]) == (1, "Harbour Optics", "closed")
    assert [(each["kind"], each["subject"], each["by_hand"]) for each in found["events"]] == [
        ("rejection", "Your application", 0),
        ("feedback", "Your application", 0),
    ]
    assert found["message"] == found["events"][0]["message"]
    assert found["people"] == [
        {"name": "Mara Lindqvist", "address": "mara@harbour.example", "role": "", "evidence": "wrote to you"}
    ]
    assert [each["text"] for each in found["notes"]] == ["Ring back"]
    assert [each["kind"] for each in found["feedback"]] == ["given"]
    assert [(each["id"], each["state"]) for each in found["drafts"]] == [(1, "sent"), (2, "in the mailbox")]


def test_an_application_is_shown_with_notes_letters_and_what_came_back(answered: Desk) -> None:
    answered.said("applications", "note", "1", "--asked", "Why us?", "--stumped", "Snell", "--present", "Mara, Ines")
    said = answered.said("applications", "show", "1")
    assert f"  feedback (experience, motivation and fit): “{POINT}”\n" in said
    assert "asked: Why us?; hard: Snell; there: Mara, Ines\n" in said
    assert "  1  thanks, sent\n" in said and "  2  thanks for feedback, in the mailbox\n" in said


# --- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        *("show 9", "edit 9 --role Baker", "happened 9 interview", "merge 9 1", "merge 1 9", "split 9 KEY"),
        *("assign KEY 9", "person 9 mara@harbour.example", "note 9 hello", "wait 9"),
    ],
)
def test_an_application_that_is_not_there_is_said_so_and_nothing_changes(seeking: Desk, words: str) -> None:
    typed = words.replace("KEY", key_of(seeking, 1, "interview")).split()
    assert refused(seeking, "applications", *typed) == "there is no application 9; see: onward applications"
    assert seeking.json("applications", "changes") == []


@pytest.mark.parametrize("words", ["split 1 ffffffff", "assign ffffffff 1", "assign ffffffff new"])
def test_a_mail_that_is_not_there_is_said_so(seeking: Desk, words: str) -> None:
    said = refused(seeking, "applications", *words.split())
    assert said == "no mail begins with 'ffffffff'; see: onward applications"
    assert seeking.json("applications", "changes") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("add", "say where you applied: onward applications add --company NAME --role TITLE"),
        ("edit 1", "say what to change: onward applications edit 1 --company NAME --role TITLE"),
        ("note 1", "a note needs words: onward applications note 1 TEXT"),
        ("merge 1 1", "an application cannot be merged with itself"),
        ("undo 7", "there is no change 7; see: onward applications changes"),
        ("undo", "there is no change by hand left to take back"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(seeking: Desk, words: str, said: str) -> None:
    assert refused(seeking, "applications", *words.split()) == said
    assert seeking.json("applications", "changes") == []


@pytest.mark.parametrize(
    "words",
    [
        *("show", "show one", "happened 1 nothing", "happened 1 interview --on someday", "split 1", "merge 1"),
        *("assign KEY", "assign KEY somewhere", "add --event nothing", "undo one"),
    ],
)
def test_a_typing_mistake_exits_with_2_and_changes_nothing(seeking: Desk, words: str) -> None:
    result = seeking.type("applications", *words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert seeking.json("applications", "changes") == []


def test_a_mail_is_assigned_to_a_number_or_to_a_new_one(seeking: Desk) -> None:
    said = seeking.type("applications", "assign", key_of(seeking, 1, "interview"), "somewhere").stderr
    assert "onward applications assign KEY new" in said


# --- changes by hand ----------------------------------------------------------------------------------------------


def test_an_application_is_added_that_no_mail_told_of(desk: Desk) -> None:
    said = desk.said("applications", "add", "--company", "Cove Bikes", "--role", "Welder", "--on", "2026-01-07")
    assert said.startswith("Added as application 1.\n")
    assert "onward applications show 1" in said and "onward applications undo" in said
    desk.said("applications", "add", "--role", "Baker", "--event", "interview")
    baker, welder = desk.json("applications")
    assert (welder["company"], welder["stage"], welder["last_event"]) == ("Cove Bikes", "applied", "applied")
    assert welder["last_event_at"].startswith("2026-01-07")
    assert (baker["company"], baker["role"], baker["stage"], baker["people"]) == ("", "Baker", "interview", [])
    assert "(not named)" in desk.said("applications")
    shown_again = desk.said("applications", "show", "1")
    assert "7 Jan" in shown_again and "applied" in shown_again


def test_a_mail_about_an_added_application_belongs_to_it(desk: Desk) -> None:
    desk.said("applications", "add", *("--company", "Harbour Optics", "--role", "Lens Engineer", "--on", "2026-01-07"))
    arrives(desk, invitation())
    assert (ids(desk), events(desk, 1)) == ([1], ["applied", "interview"])


def test_company_role_and_number_are_changed(seeking: Desk) -> None:
    said = seeking.said("applications", "edit", "1", "--company", "Harbour & Sons", "--role", "Chief", "--number", "R7")
    assert said.startswith("Application 1 is changed.\n")
    found = shown(seeking, 1)
    assert (found["company"], found["role"], found["requisition"]) == ("Harbour & Sons", "Chief", "R7")
    assert "Number     R7" in seeking.said("applications", "show", "1")
    seeking.said("applications", "edit", "1", "--company", "")
    assert (shown(seeking, 1)["company"], shown(seeking, 1)["role"]) == ("", "Chief")


@pytest.mark.parametrize("event", EVENTS)
def test_whatever_happened_can_be_noted_and_taken_back(seeking: Desk, event: str) -> None:
    before = everything(seeking)
    said = seeking.said("applications", "happened", "2", event)
    assert said.startswith(f"Noted for application 2: {event}.\n") and "onward applications undo" in said
    found = shown(seeking, 2)
    assert (found["last_event"], found["events"][-1]["by_hand"]) == (event, 1)
    stage = {"screen": "screen", "assessment": "screen", "interview": "interview", "final": "final", "offer": "offer"}
    state = {"rejection": "closed", "withdrawn": "withdrawn", "silent": "silent"}
    assert (found["stage"], found["state"]) == (stage.get(event, "applied"), state.get(event, "open"))
    seeking.said("applications", "undo")
    assert everything(seeking) == before


def test_what_happened_on_another_day_stands_in_its_place(seeking: Desk) -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=9)).strftime("%Y-%m-%d")
    seeking.said("applications", "happened", "1", "applied", "--on", long_ago)
    assert events(seeking, 1) == ["applied", "acknowledged", "interview"]
    assert shown(seeking, 1)["events"][0]["at"].startswith(long_ago)


def test_two_applications_become_one_and_two_again(seeking: Desk) -> None:
    before = everything(seeking)
    said = seeking.said("applications", "merge", "1", "2")
    assert said.startswith("They are one: Harbour Optics, Lens Engineer.\n")
    assert (ids(seeking), events(seeking, 1)) == ([1], ["acknowledged", "interview", "acknowledged"])
    assert {each["address"] for each in shown(seeking, 1)["people"]} >= {"no-reply@bay.example", "mara@harbour.example"}
    assert refused(seeking, "applications", "show", "2") == "there is no application 2; see: onward applications"
    assert seeking.said("applications", "undo").startswith("Taken back: merged Bay Foods, Data Analyst into Harbour")
    assert everything(seeking) == before


def test_a_merge_names_what_no_mail_of_the_one_that_stays_did(desk: Desk) -> None:
    arrives(desk, written("We invite you to a talk.", TALK))
    desk.said("applications", "add", "--company", "Cove Bikes", "--role", "Welder")
    assert desk.said("applications", "merge", "1", "2").startswith("They are one: Cove Bikes, Welder.\n")


def test_letters_and_feedback_go_along_when_applications_become_one(answered: Desk) -> None:
    answered.said("applications", "add", "--company", "Harbour")
    answered.said("applications", "merge", "2", "1")
    found = shown(answered, 2)
    assert (found["company"], found["role"]) == ("Harbour", "Lens Engineer")
    assert ([each["id"] for each in found["drafts"]], len(found["feedback"])) == ([1, 2], 1)
    assert answered.json("feedback")[0]["application_id"] == 2


def test_mails_about_another_application_are_split_off_and_put_back(seeking: Desk) -> None:
    before = everything(seeking)
    said = seeking.said("applications", "split", "1", key_of(seeking, 1, "interview"))
    assert said.startswith("1 mail went to application 3.\n") and "onward applications show 3" in said
    assert (events(seeking, 1), events(seeking, 3)) == (["acknowledged"], ["interview"])
    assert (shown(seeking, 3)["company"], shown(seeking, 3)["role"]) == ("Harbour Optics", "Lens Engineer")
    seeking.said("applications", "undo")
    assert everything(seeking) == before


def test_what_cannot_be_split_is_said_with_where_to_look(seeking: Desk) -> None:
    key, other = key_of(seeking, 1, "interview"), key_of(seeking, 2, "acknowledged")
    said = refused(seeking, "applications", "split", "1", key, other)
    assert said == f"mail {other} does not belong to application 1; see: onward applications show 1"
    said = refused(seeking, "applications", "split", "1", key, key_of(seeking, 1, "acknowledged"))
    assert said == "these are all its mails: nothing would be left"
    assert ids(seeking) == [1, 2]


def test_a_mail_is_moved_to_the_application_it_belongs_to(seeking: Desk) -> None:
    before, key = everything(seeking), key_of(seeking, 1, "interview")
    said = seeking.said("applications", "assign", key, "2")
    assert said.startswith("The mail belongs to application 2 now.\n") and "onward applications show 2" in said
    assert (events(seeking, 1), events(seeking, 2)) == (["acknowledged"], ["interview", "acknowledged"])
    assert [each["address"] for each in shown(seeking, 1)["people"]] == ["no-reply@harbour.example"]
    assert seeking.said("applications", "assign", key, "new").startswith("The mail belongs to application 3 now.\n")
    assert (events(seeking, 2), events(seeking, 3)) == (["acknowledged"], ["interview"])
    seeking.said("applications", "undo")
    seeking.said("applications", "undo")
    assert everything(seeking) == before


def test_later_mails_of_a_thread_go_where_its_mail_was_moved_to(seeking: Desk) -> None:
    seeking.said("applications", "assign", key_of(seeking, 1, "interview"), "2")
    arrives(seeking, written("There is a decision soon.", "<news@harbour.example>", answers=TALK))
    assert events(seeking, 2)[-1] == "update"


def test_somebody_behind_an_application_is_noted(seeking: Desk) -> None:
    said = seeking.said("applications", "person", "2", "Aylin Kaya <aylin@bay.example>", "--role", "Head of Data")
    assert said.startswith("Noted.\n") and "onward applications show 2" in said
    seeking.said("applications", "person", "2", "jobs@bay.example")
    assert "  Aylin Kaya, Head of Data <aylin@bay.example>: you noted them\n" in seeking.said(
        "applications", "show", "2"
    )
    assert [(each["name"], each["address"]) for each in shown(seeking, 2)["people"][1:]] == [
        ("Aylin Kaya", "aylin@bay.example"),
        ("", "jobs@bay.example"),
    ]


@pytest.mark.parametrize("who", ["Mara", "mara@", "mara@harbour.example, ines@harbour.example", ""])
def test_what_is_no_address_is_said_so(seeking: Desk, who: str) -> None:
    said = refused(seeking, "applications", "person", "1", who)
    assert said == f'{who!r} is no address; write it like "Mara Lindqvist <mara@harbour.example>"'


def test_notes_are_written_of_an_interview_too(seeking: Desk) -> None:
    assert seeking.said("applications", "note", "1", "Ring", "back", "in", "March").startswith("Written down.\n")
    seeking.said("applications", "note", "1", "--interview", "Went", "well")
    seeking.said("applications", "note", "1", "--asked", "Why us?", "--stumped", "Snell")
    said = seeking.said("applications", "show", "1")
    assert "  Ring back in March\n" in said and "asked: Why us?; hard: Snell\n" in said
    notes = [(each["kind"], each["text"], each["asked"]) for each in shown(seeking, 1)["notes"]]
    assert notes == [
        ("note", "Ring back in March", ""),
        ("interview", "Went well", ""),
        ("interview", "", "Why us?"),
    ]


# --- changes and undo ---------------------------------------------------------------------------------------------


def test_changes_by_hand_are_listed_the_latest_first(seeking: Desk) -> None:
    assert seeking.said("applications", "changes") == "You have changed nothing by hand.\n"
    seeking.said("applications", "happened", "1", "offer")
    seeking.said("applications", "edit", "2", "--role", "Baker")
    said = seeking.said("applications", "changes")
    assert said.index("edited Bay Foods, Data Analyst") < said.index("noted an offer for Harbour Optics, Lens Engineer")
    assert "onward applications undo" in said and "taken back" not in said
    latest, first = seeking.json("applications", "changes")
    assert set(latest) == {"id", "at", "words", "undone_at"}
    assert (latest["id"], first["id"], latest["undone_at"]) == (2, 1, None)
    seeking.said("applications", "undo")
    assert "taken back" in seeking.said("applications", "changes")
    assert seeking.json("applications", "changes")[0]["undone_at"] is not None


def test_changes_are_taken_back_one_by_one_or_by_number(seeking: Desk) -> None:
    before = everything(seeking)
    seeking.said("applications", "happened", "1", "offer")
    seeking.said("applications", "edit", "2", "--role", "Baker")
    seeking.said("applications", "note", "2", "hello")
    said = seeking.said("applications", "undo", "2")
    assert said.startswith("Taken back: edited Bay Foods, Data Analyst.\n") and "onward applications changes" in said
    assert refused(seeking, "applications", "undo", "2") == (
        "change 2 was taken back already; see: onward applications changes"
    )
    assert seeking.said("applications", "undo").startswith("Taken back: wrote a note on Bay Foods")
    assert seeking.said("applications", "undo").startswith("Taken back: noted an offer for Harbour Optics")
    assert everything(seeking) == before
    assert refused(seeking, "applications", "undo") == "there is no change by hand left to take back"


def test_a_change_that_another_rests_on_names_the_command_that_comes_first(seeking: Desk) -> None:
    seeking.said("applications", "edit", "2", "--role", "Baker")
    seeking.said("applications", "edit", "2", "--role", "Miller")
    said = refused(seeking, "applications", "undo", "1")
    assert said == (
        "a later change rests on it (edited Bay Foods, Baker); take that back first: onward applications undo 2"
    )
    seeking.said(*shlex.split(said.rpartition("first: onward ")[2]))
    seeking.said("applications", "undo", "1")
    assert shown(seeking, 2)["role"] == "Data Analyst"


def test_an_application_to_which_mails_have_come_is_not_taken_back(desk: Desk) -> None:
    desk.said("applications", "add", *("--company", "Harbour Optics", "--role", "Lens Engineer", "--on", "2026-01-07"))
    arrives(desk, invitation())
    assert "onward applications edit" in refused(desk, "applications", "undo")
    assert events(desk, 1) == ["applied", "interview"]


# --- what came back -----------------------------------------------------------------------------------------------


def test_before_any_feedback_it_is_said_what_will_stand_there(desk: Desk) -> None:
    assert desk.said("feedback").startswith("No answer has come yet.")
    assert desk.json("feedback") == []


def test_feedback_is_shown_word_for_word_and_stands_in_json(answered: Desk) -> None:
    said = answered.said("feedback")
    assert "Harbour Optics, Lens Engineer" in said and "today" in said
    assert f"  feedback (experience, motivation and fit): “{POINT}”\n" in said
    assert f"    {POINT}\n\n    Mara\n" in said and "thank you" not in said
    [found] = answered.json("feedback")
    assert set(found) == {
        *("id", "kind", "words", "point", "themes", "at", "message", "application_id", "company", "role")
    }
    assert (found["kind"], found["words"], found["point"]) == ("given", f"{POINT}\n\nMara", POINT)
    assert (found["themes"], found["application_id"]) == (["experience", "motivation_fit"], 1)


def test_a_refusal_and_silence_are_outcomes_as_well(desk: Desk) -> None:
    arrives(desk, invitation())
    arrives(desk, no())
    desk.said("drafts", "sent", "1")
    time_passes(desk, 15)
    assert "  no answer\n" in desk.said("feedback")
    assert [each["kind"] for each in desk.json("feedback")] == ["silence"]
    arrives(desk, feedback("Sorry, we give no feedback."))
    assert "  they give no feedback\n" in desk.said("feedback")
    assert [each["kind"] for each in desk.json("feedback")] == ["refused"]
    assert len(desk.drafts) == 0


# --- letters on the person's word ---------------------------------------------------------------------------------


def test_a_letter_is_written_to_whom_the_person_names(desk: Desk) -> None:
    arrives(desk, written("We have decided not to go on, as Lens Engineer at Harbour Optics.", NO, ROBOT))
    assert desk.json("drafts", "list") == []
    said = refused(desk, "drafts", "write", "1")
    assert "nobody reads replies to this sender" in said
    command = said.rpartition("Say to whom it goes: ")[2]
    assert command == "onward drafts write 1 --to ADDRESS"
    said = desk.said(*shlex.split(command.replace("ADDRESS", "'Mara Lindqvist <mara@harbour.example>'"))[1:])
    assert said.startswith("Letter 1 is written. It comes into your Drafts when Onward runs.\n")
    assert "onward run --once" in said and "onward drafts show 1" in said
    desk.said("run", "--once")
    assert [each.startswith("Dear Mara,") for each in desk.drafts] == [True]
    said = refused(desk, "drafts", "write", "1", "--to", "mara@harbour.example")
    assert said == "there is a letter for this already; see: onward drafts list --all"


def test_every_kind_of_letter_can_be_asked_for(declined: Desk) -> None:
    for kind in ("check-in", "mentor", "keep-in-touch"):
        declined.said("drafts", "write", "1", "--kind", kind, "--to", "Ines Moreau <ines@friends.example>")
    declined.said("run", "--once")
    found = {each["kind"]: each for each in declined.json("drafts", "list")}
    assert set(found) == {"thanks", "check_in", "mentor", "keep_in_touch"}
    assert {each["recipient"] for kind, each in found.items() if kind != "thanks"} == {"ines@friends.example"}
    assert (found["mentor"]["subject"], found["mentor"]["occasion"]) == ("Harbour Optics, Lens Engineer", "mentor")
    assert len(declined.drafts) == 4
    assert declined.type("drafts", "write", "1", "--kind", "poem").exit_code == 2


@pytest.mark.parametrize("kind", ["check-in", "mentor", "keep-in-touch"])
def test_where_nobody_is_known_the_command_that_names_somebody_works_as_it_stands(desk: Desk, kind: str) -> None:
    arrives(desk, written("We have decided not to go on, as Lens Engineer at Harbour Optics.", NO, ROBOT))
    said = refused(desk, "drafts", "write", "1", "--kind", kind)
    assert said.startswith("nobody is known to write it to. Say to whom it goes: ")
    command = said.rpartition("Say to whom it goes: ")[2]
    assert command == f"onward drafts write 1 --kind {kind} --to ADDRESS"
    desk.said(*shlex.split(command.replace("ADDRESS", "ines@friends.example"))[1:])
    assert [each["recipient"] for each in desk.json("drafts", "list")] == ["ines@friends.example"]


def test_a_letter_that_has_nothing_to_answer_is_refused(seeking: Desk) -> None:
    assert refused(seeking, "drafts", "write", "9") == "there is no application 9; see: onward applications"
    assert "onward applications show 2" in refused(seeking, "drafts", "write", "2")
    seeking.said("applications", "add", "--company", "Cove Bikes")
    said = refused(seeking, "drafts", "write", "3", "--kind", "check-in")
    assert said == "application 3 holds no mail that could be answered; see: onward applications show 3"
    assert "is no address" in refused(seeking, "drafts", "write", "1", "--to", "nobody")


def test_the_kinds_of_letters_stand_in_the_help_each_on_its_line(desk: Desk) -> None:
    said = desk.said("drafts", "write", "--help").splitlines()
    for kind in ("answer", "check-in", "mentor", "keep-in-touch"):
        assert any(line.strip().startswith(f"{kind}  ") for line in said)


@pytest.fixture
def doubted(desk: Desk) -> Desk:
    """A no from Harbour Optics asks for answers to another house."""
    words = "We have decided not to go on, as Lens Engineer at Harbour Optics."
    arrives(desk, written(words, NO, reply_to="Hiring Desk <hiring@elsewhere.example>"))
    assert desk.drafts == []
    return desk


def test_an_address_in_doubt_is_shown_with_the_reason_and_confirmed(doubted: Desk) -> None:
    assert [each["state"] for each in doubted.json("drafts", "list")] == ["to confirm"]
    said = doubted.said("drafts", "show", "1")
    assert "Its address is in doubt, so it stands nowhere yet." in said
    assert "Look at the address: answers would go to hiring@elsewhere.example, while the mail comes from harb" in said
    assert "onward drafts confirm 1\n" in said and "onward drafts confirm 1 --to ADDRESS" in said
    said = doubted.said("drafts", "confirm", "1")
    assert said.startswith("It goes to Hiring Desk <hiring@elsewhere.example>. It comes into your Drafts")
    doubted.said("run", "--once")
    [draft] = doubted.json("drafts", "list")
    assert (draft["state"], draft["recipient"], len(doubted.drafts)) == (
        "in the mailbox",
        "hiring@elsewhere.example",
        1,
    )
    said = refused(doubted, "drafts", "confirm", "1")
    assert said == "draft 1 is in the mailbox; see: onward drafts list"


def test_another_address_is_given_for_one_in_doubt(doubted: Desk) -> None:
    assert "is no address" in refused(doubted, "drafts", "confirm", "1", "--to", "mara")
    assert doubted.said("drafts", "confirm", "1", "--to", MARA).startswith(f"It goes to {MARA}.")
    doubted.said("run", "--once")
    assert doubted.json("drafts", "list")[0]["recipient"] == "mara@harbour.example"
    assert b"mara@harbour.example" in doubted.server.mailbox("Drafts").messages[0].raw


def test_a_letter_without_an_address_waits_for_one(desk: Desk) -> None:
    words = "We have decided not to go on, as Lens Engineer at Harbour Optics."
    arrives(desk, written(words, NO, authentication_results="mx.example.org; dmarc=fail"))
    said = desk.said("drafts", "show", "1")
    assert "your mail provider says that this mail is not from whom it names (mara@harbour.example)" in said
    said = refused(desk, "drafts", "confirm", "1")
    assert said == "letter 1 has no address yet: onward drafts confirm 1 --to ADDRESS"
    desk.said("drafts", "confirm", "1", "--to", "mara@harbour.example")
    desk.said("run", "--once")
    assert len(desk.drafts) == 1


@pytest.mark.parametrize("words", ["send 1 --yes", "edit 1 --subject Hello"])
def test_a_letter_whose_address_is_in_doubt_is_neither_sent_nor_changed(doubted: Desk, words: str) -> None:
    said = refused(doubted, "drafts", *words.split())
    assert said == "the address of letter 1 is in doubt; first: onward drafts confirm 1"


@pytest.mark.parametrize("drops", [True, False], ids=["dropped before", "as it waits"])
def test_a_letter_written_again_still_waits_for_a_word_on_its_address(doubted: Desk, drops: bool) -> None:
    if drops:
        doubted.said("drafts", "discard", "1")
    doubted.type("drafts", "again", "1")
    doubted.said("run", "--once")
    assert doubted.drafts == []
    doubted.said("drafts", "confirm", "1", "--to", "mara@harbour.example")
    doubted.said("run", "--once")
    assert len(doubted.drafts) == 1


def test_there_is_no_letter_to_confirm_where_there_is_none(desk: Desk) -> None:
    assert refused(desk, "drafts", "confirm", "4") == "there is no draft 4; see: onward drafts list"


def test_a_letter_changed_in_the_mail_program_is_shown_as_it_stands_there(declined: Desk) -> None:
    folder = declined.server.mailbox("Drafts")
    [ours] = folder.messages
    changed = email.message_from_bytes(ours.raw.replace(b"Dear Mara,", b"Hello Mara,"), policy=policy.SMTP)
    del changed[KEY_HEADER]
    changed.replace_header("Message-ID", "<mine@mailer.example>")
    folder.deliver(changed.as_bytes())
    folder.remove([ours.uid])
    declined.said("run", "--once")
    [found] = declined.json("drafts", "list")
    assert (found["state"], found["changed"]) == ("in the mailbox", True)
    said = declined.said("drafts", "show", "1")
    assert "It stands in your Drafts, as you changed it." in said
    assert "Hello Mara," in said and "Dear Mara," not in said


# --- questions ----------------------------------------------------------------------------------------------------


def ask_which(desk: Desk) -> None:
    """A mail that may belong to either of two applications."""
    arrives(desk, received("Lens Engineer"))
    arrives(desk, received("Data Analyst"))
    arrives(desk, written("There is a decision soon, at Harbour Optics.", "<news@harbour.example>", subject="News"))


def ask_whether_it_goes_on(desk: Desk) -> None:
    """An invitation after a no."""
    arrives(desk, no())
    arrives(desk, written("We invite you to a talk after all.", TALK, answers=NO))


def ask_what_they_mean(desk: Desk) -> None:
    """An answer to the letter that sounds as if it went on."""
    arrives(desk, no())
    desk.said("drafts", "sent", "1")
    arrives(desk, feedback("It may go on after all."))


def ask_about_quiet(desk: Desk) -> None:
    """An interview, and more than two weeks without a word."""
    arrives(desk, invitation(), 15)


def ask_about_silence(desk: Desk) -> None:
    """… and, after a polite question, two more."""
    ask_about_quiet(desk)
    desk.said("drafts", "write", "1", "--kind", "check-in")
    desk.said("run", "--once")
    desk.said("drafts", "sent", "1")
    time_passes(desk, 15)


def ask_about_unused(desk: Desk) -> None:
    """Four letters dropped, and another no."""
    for number, (name, role) in enumerate({"Abel": "Cook", "Bea": "Baker", "Cem": "Tailor", "Dan": "Smith"}.items(), 1):
        arrives(desk, no_from(name, role))
        desk.said("drafts", "discard", str(number))
    arrives(desk, no_from("Eve", "Miller"))


def no_from(name: str, role: str) -> bytes:
    words = f"We have decided not to go on, as Chief {role} at {name} Brothers."
    house = f"{name.lower()}.example"
    return written(words, f"<no@{house}>", f"{name} Roth <{name.lower()}@{house}>", f"About {role}s and other trades")


def ask_about_a_bounce(desk: Desk) -> None:
    """The letter was sent, and came back."""
    arrives(desk, no())
    desk.said("drafts", "sent", "1")
    arrives(desk, bounce())


def ask_about_a_greeting(desk: Desk) -> None:
    """They talked, and months have passed since the no."""
    desk.server.mailbox("INBOX").deliver(invitation(), datetime.now(UTC) - timedelta(days=135))
    arrives(desk, no(), 125)


ASKED: dict[Callable[[Desk], None], tuple[str, list[str]]] = {
    ask_which: ("match", ["Harbour Optics, Data Analyst", "Harbour Optics, Lens Engineer", "To none of them"]),
    ask_whether_it_goes_on: ("reopened", ["Yes", "No"]),
    ask_what_they_mean: ("reopened", ["Yes", "No"]),
    ask_about_quiet: ("quiet", ["Ask politely", "Give it more time", "Close it as silent"]),
    ask_about_silence: ("silent", ["Ask once more", "Give it more time", "Close it as silent"]),
    ask_about_unused: ("unused", ["Write letters again", "Leave it"]),
    ask_about_a_greeting: ("greet", ["Write one", "Leave it"]),
    ask_about_a_bounce: ("bounce", ["To another address", "Leave it"]),
}


def answer(desk: Desk, means: str) -> None:
    """Type the command that stands beside an answer, as it stands."""
    [question] = desk.json("questions")
    command = {each["means"]: each["command"] for each in question["answers"]}[means]
    typed = command.replace("ADDRESS", "ines@harbour.example").replace(" ID", " 2")
    desk.said(*shlex.split(typed)[1:])


@pytest.mark.parametrize("ask", ASKED)
def test_a_question_stands_with_its_answers(desk: Desk, ask: Callable[[Desk], None]) -> None:
    ask(desk)
    kind, meanings = ASKED[ask]
    [question] = desk.json("questions")
    assert (question["kind"], [each["means"] for each in question["answers"]]) == (kind, meanings)
    said = desk.said("questions")
    assert question["text"] in said
    assert all(f"{each['means']}:" in said and each["command"] in said for each in question["answers"])
    assert ("From     " in said) == (question["message"] is not None)
    assert "1, the oldest from today" in desk.said("status")


@pytest.mark.parametrize(("ask", "means"), [(ask, means) for ask, (_, meanings) in ASKED.items() for means in meanings])
def test_every_answer_works_as_it_stands_and_settles_the_question(
    desk: Desk, ask: Callable[[Desk], None], means: str
) -> None:
    ask(desk)
    answer(desk, means)
    assert desk.json("questions") == []
    desk.said("run", "--once")
    assert desk.said("questions") == "No questions. Onward is sure of everything it has read.\n"


def test_a_mail_in_doubt_names_the_applications_and_goes_where_the_person_says(desk: Desk) -> None:
    ask_which(desk)
    text = desk.json("questions")[0]["text"]
    assert text == "To which application does this mail belong?"
    answer(desk, "Harbour Optics, Data Analyst")
    assert (events(desk, 1), events(desk, 2)) == (["acknowledged"], ["acknowledged", "update"])


def test_a_mail_in_doubt_may_belong_to_none_of_them(desk: Desk) -> None:
    ask_which(desk)
    answer(desk, "To none of them")
    assert (ids(desk), events(desk, 3)) == ([1, 2, 3], ["update"])


@pytest.mark.parametrize("ask", [ask_whether_it_goes_on, ask_what_they_mean])
@pytest.mark.parametrize(("means", "state"), [("Yes", "open"), ("No", "closed")])
def test_whether_it_goes_on_is_as_the_person_says(
    desk: Desk, ask: Callable[[Desk], None], means: str, state: str
) -> None:
    ask(desk)
    answer(desk, means)
    desk.said("run", "--once")
    assert shown(desk, 1)["state"] == state


def test_a_polite_question_is_written_where_it_is_quiet(desk: Desk) -> None:
    ask_about_quiet(desk)
    assert shown(desk, 1)["state"] == "quiet"
    answer(desk, "Ask politely")
    desk.said("run", "--once")
    assert ([each["kind"] for each in desk.json("drafts", "list")], len(desk.drafts)) == (["check_in"], 1)


def test_what_is_asked_about_an_application_without_mails_can_be_answered_as_well(desk: Desk) -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=20)).strftime("%Y-%m-%d")
    desk.said("applications", "add", "--company", "Cove Bikes", "--event", "interview", "--on", long_ago)
    desk.said("run", "--once")
    [question] = desk.json("questions")
    assert question["kind"] == "quiet"
    commands = [each["command"] for each in question["answers"]]
    assert [each for each in commands if desk.type(*shlex.split(each)[1:]).exit_code != 0] == []


def test_a_polite_question_is_not_shown_as_an_answer_to_a_no(desk: Desk) -> None:
    ask_about_quiet(desk)
    answer(desk, "Ask politely")
    said = desk.said("drafts", "show", "1")
    assert "onward drafts send 1" in said and "onward drafts discard 1" in said
    assert "It was no rejection" not in said and "nothing to answer" not in said


def test_more_time_is_given_and_that_can_be_taken_back(desk: Desk) -> None:
    ask_about_quiet(desk)
    said = desk.said("applications", "wait", "1")
    assert said.startswith("Then it waits. If no word comes within 14 days, it is asked about once more.\n")
    assert desk.json("questions") == []
    desk.said("applications", "undo")
    assert [each["kind"] for each in desk.json("questions")] == ["quiet"]
    desk.said("applications", "wait", "1")
    time_passes(desk, 15)
    assert [each["kind"] for each in desk.json("questions")] == ["silent"]


def test_what_is_closed_as_silent_stands_so(desk: Desk) -> None:
    ask_about_silence(desk)
    answer(desk, "Close it as silent")
    assert (shown(desk, 1)["state"], desk.json("applications", "--open")) == ("silent", [])
    desk.said("applications", "undo")
    assert [each["kind"] for each in desk.json("questions")] == ["silent"]


def test_letters_are_written_again_where_they_are_wanted(desk: Desk) -> None:
    ask_about_unused(desk)
    assert len(desk.json("drafts", "list", "--all")) == 4
    said = desk.said("drafts", "resume")
    assert said.startswith("Letters are written again, from the next no on.\n")
    assert "onward drafts write APPLICATION" in said
    arrives(desk, no_from("Fay", "Weaver"))
    assert [each["recipient"] for each in desk.json("drafts", "list")] == ["fay@fay.example"]
    assert desk.said("drafts", "write", "5").startswith("Letter 6 is written.")


def test_a_letter_that_came_back_is_written_to_another_address(desk: Desk) -> None:
    ask_about_a_bounce(desk)
    assert "  your letter came back\n" in desk.said("feedback")
    answer(desk, "To another address")
    desk.said("run", "--once")
    [draft] = desk.json("drafts", "list")
    assert (draft["recipient"], draft["state"]) == ("ines@harbour.example", "in the mailbox")


def test_a_question_that_is_not_there_cannot_be_left(desk: Desk) -> None:
    assert refused(desk, "questions", "--leave", "3") == "there is no open question 3; see: onward questions"


def test_what_was_noted_by_hand_stands_in_the_export(answered: Desk) -> None:
    answered.said("applications", "note", "1", "hello")
    tables = json.loads(answered.said("export"))["tables"]
    assert {"person", "note", "feedback", "change"} <= set(tables)
    assert tables["feedback"][0]["themes"] == ["experience", "motivation_fit"]
    assert "words" not in tables["feedback"][0]
