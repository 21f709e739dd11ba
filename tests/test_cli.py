"""What a person types, and what is said in return: every command, against a real mailbox on this machine."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from onward import cli as command_line
from onward import screen
from onward.cli import cli
from onward.core import mail
from onward.core.model import Found, Label, Learned, Message, Prediction
from onward.demo.server import EmbeddedServer
from onward.edges import files
from onward.edges.store import Store
from onward_classifiers import learn as learner
from onward_classifiers.score import Classifier
from servers.smtp import SmtpSink

OWN = "sam.doe@example.org"
ESCAPES = "\x1b]0;owned\x07\x1b[31m\u202ered\x9b2J"


class Reader:
    """Reads as told by the mail itself, so that these tests do not hang on what was learned."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home

    @property
    def personal(self) -> object:
        return True if self.home is not None and (self.home / "personal.json").exists() else None

    def refresh(self) -> None:
        pass

    def predict(self, message: Message) -> Prediction:
        words = message.text
        no = 0.97 if "decided not to" in words else 0.6 if "perhaps not" in words else 0.02
        label = Label.REJECTION if no > 0.5 else Label.INTERVIEW if "invite you" in words else Label.OTHER
        company = f"Harbour{ESCAPES} Optics" if "ESCAPE" in words else "Harbour Optics"
        named = label is not Label.OTHER
        return Prediction(
            label,
            max(no, 0.9) if no < 0.5 else no,
            {Label.REJECTION: no},
            evidence=next((line for line in words.splitlines() if "not" in line), ""),
            language="en",
            company=Found(company) if named else None,
            role=Found("Lens Engineer") if named else None,
        )


def written(words: str, number: int = 1, at: datetime | None = None, name: str = "Mara Lindqvist") -> bytes:
    """One mail from a person at Harbour Optics."""
    made = EmailMessage()
    made["From"] = f'"{name}" <mara@harbour.example>'
    made["Reply-To"] = f'"{name}" <mara@harbour.example>'
    made["To"] = OWN
    made["Subject"] = f"Your application, number {number}"
    made["Date"] = format_datetime(at or datetime.now(UTC))
    made["Message-ID"] = f"<{number}@harbour.example>"
    made.set_content(f"Dear Sam,\n\n{words}\n\nMara\n")
    return made.as_bytes()


NO = "we have decided not to go on with your application."
PERHAPS = "perhaps not this time, who knows."


@dataclass
class Desk:
    """A person at a terminal, with a mailbox, a configuration and a home."""

    path: Path
    server: EmbeddedServer
    sink: SmtpSink
    settings: list[str] = field(default_factory=list)
    smtp: bool = True
    trained: list[list[Label]] = field(default_factory=list)  # the labels of each training

    def train(self, home: Path, corrections: Sequence[tuple[Message, Label]]) -> Learned:
        """Stands for the trainer, and leaves a model behind as it does."""
        self.trained.append([label for _, label in corrections])
        (home / "personal.json").write_text("learned")
        return Learned(True, len(corrections), "it follows every correction", 1.25, "personal-1")

    def configure(self) -> Path:
        """The configuration as a file."""
        account = [f'address = "{OWN}"', 'host = "127.0.0.1"', f"port = {self.server.port}", 'security = "plain"']
        account += ['user = "sam"', 'password_env = "ONWARD_TEST_PASSWORD"']
        silent = ["[reminders]", "mail = false", "desktop = false"]  # whatever the hour these tests run at
        lines = ['name = "Sam Doe"', 'timezone = "Europe/Berlin"', *self.settings, *silent, "[[account]]", *account]
        if self.smtp:
            lines += ["[account.smtp]", 'host = "127.0.0.1"', f"port = {self.sink.port}", 'security = "plain"']
        file = self.path / "config.toml"
        file.write_text("\n".join(lines))
        return file

    def type(self, *words: str, input: str | None = None, here: bool = True) -> Result:
        """Type `onward …` and see what is said."""
        config = str(self.configure()) if here else str(self.path / "nowhere.toml")
        return CliRunner().invoke(cli, ["--config", config, "--home", str(self.home), *words], input=input)

    def said(self, *words: str, input: str | None = None) -> str:
        """What is said by a command that works."""
        result = self.type(*words, input=input)
        assert result.exit_code == 0, result.output
        assert "\x1b" not in result.stdout
        return result.stdout

    def json(self, *words: str) -> Any:
        """The one JSON document a command prints."""
        return json.loads(self.said(*words, "--json"))

    @property
    def home(self) -> Path:
        return self.path / "home"

    @property
    def drafts(self) -> list[str]:
        """The words of what stands in Drafts."""
        return [mail.words_of(each.raw)[2] for each in self.server.mailbox("Drafts").messages]

    def deliver(self, words: str, number: int = 1, at: datetime | None = None, name: str = "Mara Lindqvist") -> None:
        self.server.mailbox("INBOX").deliver(written(words, number, at, name), at)

    @contextmanager
    def store(self) -> Iterator[Store]:
        store = Store(self.home / "onward.db")
        try:
            yield store
        finally:
            store.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smtp_sink: SmtpSink) -> Iterator[Desk]:
    monkeypatch.setenv("ONWARD_TEST_PASSWORD", "secret")
    monkeypatch.setattr(Classifier, "load", lambda path=None, home=None: Reader(home))
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


@pytest.fixture
def answered(desk: Desk) -> Desk:
    """A no has come; its letter is in Drafts and its hour is booked."""
    desk.deliver(NO)
    assert desk.said("run", "--once") == "1 mail read, 1 letter put into your Drafts, 1 hour booked.\n"
    return desk


@pytest.fixture
def doubtful(desk: Desk) -> Desk:
    """A mail has come that Onward does not dare to judge."""
    desk.deliver(PERHAPS)
    assert desk.said("run", "--once") == "1 mail read, 1 question for you.\n"
    return desk


def every_command(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*words, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*words, name))


# --- help and errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), *every_command(cli)], ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*words, "--help"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 4
    first = result.stdout.split("\n\n")[1].strip()
    assert first.split("\n")[0].rstrip().endswith((".", ",")) or len(first) > 60, first


def test_every_command_stands_in_the_help_once() -> None:
    assert sorted(name for names in command_line.SECTIONS.values() for name in names) == sorted(cli.commands)
    assert all(len(cli.commands[name].get_short_help_str(200)) <= 60 for name in cli.commands)


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(cli, ["--version"]).stdout.startswith("onward ")


def test_help_needs_none_of_the_heavy_modules(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from onward.cli import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        "heavy = {'rich', 'mailparser', 'imapclient', 'apscheduler', 'sqlite_utils', 'jinja2', 'onward_classifiers'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    source = Path(command_line.__file__).parent.parent
    environment = {"PYTHONPATH": f"{source}:{source.parent / 'classifiers'}", "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "broken",
    ["name = ", "name = 3", 'nmae = "Sam"', 'name = "Sam"\n', 'name = "S"\ntimezone = "Mars/Olympus"\n[[account]]\n'],
)
def test_a_broken_configuration_is_one_sentence_and_never_a_traceback(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(broken)
    for words in (["status"], ["run"], ["drafts", "list", "--json"], ["config", "check"]):
        result = CliRunner().invoke(cli, ["--config", str(file), "--home", str(tmp_path / "home"), *words])
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr.startswith("onward: ")
        assert "Traceback" not in result.stderr and len(result.stderr.splitlines()) <= 2


def test_a_missing_configuration_names_the_first_step(desk: Desk) -> None:
    result = desk.type("status", here=False)
    assert result.exit_code == 2
    assert "onward config edit" in result.stderr


def test_a_typing_mistake_exits_with_2(desk: Desk) -> None:
    assert desk.type("draftz").exit_code == 2
    assert desk.type("drafts", "show", "one").exit_code == 2


def test_something_unexpected_is_one_line_and_the_way_to_see_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError(f"Dear Sam, {ESCAPES}")

    monkeypatch.setattr(command_line, "status_of", broken)
    result = desk.type("status")
    assert result.exit_code == 1
    assert "ValueError" in result.stderr and "Dear Sam" not in result.stderr
    assert "onward --debug --config" in result.stderr
    assert "Traceback" in CliRunner().invoke(cli, ["--debug", "--config", str(desk.configure()), "status"]).stderr


def test_ctrl_c_is_quiet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "status_of", interrupted)
    result = desk.type("status")
    assert (result.exit_code, result.output.strip()) == (1, "")


def test_a_server_that_does_not_answer_is_a_sentence(desk: Desk) -> None:
    desk.configure()
    desk.server.stop()
    result = desk.type("run", "--once")
    assert result.exit_code == 1
    assert "onward doctor" in result.stderr and "Traceback" not in result.stderr
    assert desk.json("status")["accounts"][0]["state"] == "trouble"


# --- nothing there yet -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("status", "not looked at yet"),
        ("applications", "No applications yet"),
        ("drafts list", "No letter waits for you"),
        ("sessions list", "No hour is booked"),
        ("questions", "No questions"),
        ("stuck", "Nothing is set aside"),
        ("learn", "There is nothing to learn from yet"),
    ],
)
def test_an_empty_home_says_what_will_stand_here(desk: Desk, words: str, sentence: str) -> None:
    assert sentence in desk.said(*words.split())


@pytest.mark.parametrize("words", ["applications", "drafts list", "sessions list", "questions", "stuck"])
def test_an_empty_list_is_an_empty_list_in_json(desk: Desk, words: str) -> None:
    assert desk.json(*words.split()) == []


def test_a_quiet_mailbox_is_nothing_new(desk: Desk) -> None:
    assert desk.said("run", "--once") == "Nothing new.\n"


# --- running -----------------------------------------------------------------------------------------------


def test_the_service_ends_in_order_on_sigterm_and_logs_no_content(desk: Desk) -> None:
    desk.deliver(NO)
    started = time.monotonic()

    def stop_when_done() -> None:
        while not desk.drafts and time.monotonic() - started < 20:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_when_done).start()
    result = desk.type("run")
    assert result.exit_code == 0, result.output
    assert time.monotonic() - started < 10
    assert len(desk.drafts) == 1
    lines = result.stdout.splitlines()
    assert any("level=info decided message=" in line and "verdict=rejection" in line for line in lines)
    assert all("=" in line for line in lines)
    for secret in ("harbour", "Harbour", "Mara", "number 1", OWN, "secret"):
        assert secret not in result.output
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_service_on_the_same_home_is_refused(desk: Desk) -> None:
    desk.said("status")
    with files.only_one(desk.home):
        result = desk.type("run", "--once")
    assert result.exit_code == 1
    assert "running already" in result.stderr


def test_what_happens_is_told_in_short_lines_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "width", lambda: 120)
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    view = screen.Watching("Europe/Berlin", timedelta(days=3), lambda: now)
    view.on_health("watch main", "ok")
    view.on_health("watch main", "imap.example.org does not answer")
    view.on_health("watch main", "imap.example.org does not answer")
    view.on_health("watch main", "ok")
    view.on_ready()
    view.on_learned(Learned(True, 2, "it follows every correction", 1.0))
    view.on_learned(Learned(False, 1, "it would misread more", 1.0))
    assert capsys.readouterr().out.splitlines() == [
        "11:00  main cannot be read: imap.example.org does not answer. Onward keeps trying. See: onward doctor",
        "11:00  main can be read again.",
        "11:00  Watching. Stop with Ctrl-C; nothing is lost by it.",
        "11:00  Learned from 2 corrections of yours.",
        "11:00  Not learned from your corrections: it would misread more. See: onward learn",
    ]


def test_an_exception_in_the_log_is_named_and_not_quoted() -> None:
    try:
        raise ValueError("Dear Sam, unfortunately")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("onward", logging.ERROR, __file__, 1, "thread died\nreally", None, info)
    said = screen.KeyValue(journal=True).format(record)
    assert said.startswith("<3>thread died really error=ValueError at=test_cli.py:")
    assert "Dear Sam" not in said


# --- status and applications -------------------------------------------------------------------------------


def test_status_says_what_waits(answered: Desk) -> None:
    said = answered.said("status")
    assert "Onward is not running." in said and "onward run" in said
    assert "about Harbour Optics, Lens Engineer" in said
    assert "1 open" in said and "onward drafts list" in said
    found = answered.json("status")
    assert found["running"] is False
    assert found["mails"] == {"waiting": 0, "stuck": 0, "handled": 1}
    assert found["drafts_open"] == 1
    assert found["next_session"]["about"] == [{"company": "Harbour Optics", "role": "Lens Engineer"}]
    assert (found["accounts"][0]["state"], found["accounts"][0]["looking_back"]) == ("ok", False)
    assert set(found) >= {"version", "home", "questions_open", "oldest_undecided_at"}


def test_status_knows_a_running_service(answered: Desk) -> None:
    with files.only_one(answered.home):
        assert "Onward is running." in answered.said("status")
        assert answered.json("status")["running"] is True


def test_applications_stand_with_their_latest_news(answered: Desk) -> None:
    said = answered.said("applications")
    assert "Harbour Optics" in said and "Lens Engineer" in said and "closed" in said and "today" in said
    [found] = answered.json("applications")
    assert (found["company"], found["stage"], found["state"]) == ("Harbour Optics", "applied", "closed")
    assert found["last_event"] == "rejection"
    assert answered.json("applications", "--open") == []


def test_a_narrow_terminal_cuts_names_and_never_wraps_a_row(answered: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "width", lambda: 34)
    said = answered.said("applications").partition("\n\n")[0].splitlines()
    assert len(said) == 2
    assert max(map(len, said)) <= 34 and "…" in said[1] and said[1].startswith("1 ")


# --- letters -----------------------------------------------------------------------------------------------


def test_a_letter_is_listed_and_shown_with_the_sentence_behind_it(answered: Desk) -> None:
    said = answered.said("drafts", "list")
    assert "Mara Lindqvist" in said and "in Drafts" in said and "onward drafts send 1" in said
    [found] = answered.json("drafts", "list")
    assert (found["id"], found["state"], found["recipient"]) == (1, "in the mailbox", "mara@harbour.example")
    shown = answered.said("drafts", "show", "1")
    assert "To       Mara Lindqvist <mara@harbour.example>" in shown
    assert "Dear Mara," in shown
    assert f"Written because of: “{NO}” (97% sure)" in shown
    assert f"onward correct {found['message'][:8]} other" in shown
    assert "Dear Mara," in answered.json("drafts", "show", "1")["body"]


def test_a_letter_that_is_not_there_is_said_so(answered: Desk) -> None:
    result = answered.type("drafts", "show", "9")
    assert result.exit_code == 1
    assert result.stderr == "onward: there is no draft 9; see: onward drafts list\n"


def test_a_letter_gets_other_words_from_a_file_or_a_pipe(answered: Desk) -> None:
    assert "has your new words" in answered.said("drafts", "edit", "1", "--text", "-", input="Dear Mara,\n\nhej.\n")
    answered.said("run", "--once")
    assert answered.drafts == ["Dear Mara,\n\nhej."]
    answered.said("drafts", "edit", "1", "--subject", "Thank you")
    shown = answered.said("drafts", "show", "1")
    assert "Subject  Thank you" in shown and "hej." in shown


def test_a_letter_is_changed_in_the_editor(answered: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def editor(text: str, **_: object) -> str:
        opened.append(text)
        return text.replace("Subject: Re:", "Subject: About:").replace("Dear Mara", "Hej Mara")

    monkeypatch.setattr(click, "edit", editor)
    answered.said("drafts", "edit", "1")
    assert opened[0].startswith("Subject: Re: Your application, number 1\n\nDear Mara,")
    shown = answered.said("drafts", "show", "1")
    assert "About: Your application" in shown and "Hej Mara" in shown
    monkeypatch.setattr(click, "edit", lambda text, **_: None)
    assert answered.said("drafts", "edit", "1") == "Nothing was changed.\n"


def test_a_letter_changed_twice_before_onward_runs_stands_in_drafts_once(answered: Desk) -> None:
    for words in ("one", "two", "three"):
        answered.said("drafts", "edit", "1", "--text", "-", input=f"Dear Mara,\n\n{words}.\n")
    result = answered.type("drafts", "send", "1", "--yes")
    assert result.exit_code == 1 and "onward run --once" in result.stderr
    answered.said("run", "--once")
    answered.said("run", "--once")
    assert answered.drafts == ["Dear Mara,\n\nthree."]


def test_a_letter_changed_and_dropped_before_onward_runs_is_gone_from_drafts(answered: Desk) -> None:
    answered.said("drafts", "edit", "1", "--text", "-", input="Dear Mara,\n\none.\n")
    answered.said("drafts", "discard", "1")
    answered.said("run", "--once")
    assert answered.drafts == []


def test_an_empty_letter_is_refused(answered: Desk) -> None:
    result = answered.type("drafts", "edit", "1", "--text", "-", input="\n \n")
    assert result.exit_code == 1
    assert "onward drafts discard 1" in result.stderr


def test_sending_without_a_terminal_and_without_a_yes_is_refused(answered: Desk) -> None:
    result = answered.type("drafts", "send", "1", input="y\n")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert answered.json("drafts", "list")[0]["state"] == "in the mailbox"


def test_a_letter_is_shown_whole_and_sent_only_after_a_yes(answered: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "person_is_there", lambda: True)
    said = answered.said("drafts", "send", "1", input="\n")
    assert "Nothing was sent" in said
    answered.settings = ["undo_seconds = 0"]
    said = answered.said("drafts", "send", "1", input="y\n")
    head, _, rest = said.partition("Send this? [y/N]")
    assert f"From     Sam Doe <{OWN}>" in head
    assert "To       Mara Lindqvist <mara@harbour.example>" in head
    assert "Subject  Re: Your application, number 1" in head
    assert answered.drafts[0].splitlines()[-1] in head
    assert "onward drafts undo 1" in rest and "onward run --once" in rest
    assert "1 letter sent" in answered.said("run", "--once")
    [sent] = answered.sink.mails
    assert sent.rcpt_tos == ("mara@harbour.example",)
    answered.said("run", "--once")
    assert answered.drafts == [] and len(answered.server.mailbox("Sent").messages) == 1
    assert answered.said("drafts", "list").startswith("No letter waits for you")
    assert answered.json("drafts", "list", "--all")[0]["state"] == "sent"


def test_a_letter_can_be_taken_back_within_the_minute(answered: Desk) -> None:
    said = answered.said("drafts", "send", "1", "--yes")
    assert "in a minute" in said
    assert "It is about to be sent. It leaves at" in answered.said("drafts", "show", "1")
    assert " A letter leaves at today " in answered.said("run", "--once")
    assert answered.said("drafts", "undo", "1").startswith("Taken back.")
    assert answered.json("drafts", "list")[0]["state"] == "in the mailbox"
    assert answered.sink.mails == []
    result = answered.type("drafts", "undo", "1")
    assert result.exit_code == 1 and "nothing to take back" in result.stderr


def test_what_the_person_changed_in_their_mail_program_is_what_is_shown(answered: Desk) -> None:
    drafts = answered.server.mailbox("Drafts")
    [own] = drafts.messages
    drafts.remove([own.uid])
    drafts.deliver(own.raw.replace(b"Dear Mara", b"Hej Mara"), flags=own.flags)
    said = answered.said("drafts", "send", "1", "--yes")
    assert "Hej Mara" in said and "as you changed it" in said


def test_a_letter_gone_from_drafts_is_not_sent_on_a_guess(answered: Desk) -> None:
    drafts = answered.server.mailbox("Drafts")
    drafts.remove([each.uid for each in drafts.messages])
    result = answered.type("drafts", "send", "1", "--yes")
    assert result.exit_code == 1
    assert "onward drafts again 1" in result.stderr


def test_without_an_outgoing_server_the_mail_program_is_named(answered: Desk) -> None:
    answered.smtp = False
    result = answered.type("drafts", "send", "1", "--yes")
    assert result.exit_code == 1
    assert "[account.smtp]" in result.stderr and "mail program" in result.stderr


def test_a_letter_is_dropped_and_written_again(answered: Desk) -> None:
    assert "onward drafts again 1" in answered.said("drafts", "discard", "1")
    answered.said("run", "--once")
    assert answered.drafts == []
    assert "written once more" in answered.said("drafts", "again", "1")
    answered.said("run", "--once")
    assert len(answered.drafts) == 1


def test_a_letter_that_went_by_other_ways_is_settled(answered: Desk) -> None:
    assert "counts as sent" in answered.said("drafts", "sent", "1")
    assert answered.json("drafts", "list") == []


# --- hours -------------------------------------------------------------------------------------------------


def test_an_hour_is_listed_moved_and_called_done(answered: Desk) -> None:
    said = answered.said("sessions", "list")
    assert "Harbour Optics, Lens Engineer" in said and "onward sessions move 1" in said
    before = answered.json("sessions", "list")[0]
    assert set(before) == {"id", "state", "starts_at", "ends_at", "deadline", "reason", "about"}
    assert answered.said("sessions", "move", "1", "+26h").startswith("Moved: ")
    after = answered.json("sessions", "list")[0]
    assert after["starts_at"] != before["starts_at"]
    assert answered.said("sessions", "done", "1").startswith("Done.")
    assert answered.json("sessions", "list") == []
    assert answered.json("sessions", "list", "--all")[0]["state"] == "done"
    assert answered.type("sessions", "move", "1", "+2h").exit_code == 1


def test_an_hour_is_skipped(answered: Desk) -> None:
    assert answered.said("sessions", "skip", "1").startswith("Skipped;")
    assert answered.json("sessions", "list", "--all")[0]["state"] == "skipped"


def test_a_time_nobody_understands_is_answered_with_examples(answered: Desk) -> None:
    result = answered.type("sessions", "move", "1", "someday", "soon")
    assert result.exit_code == 1
    assert "tomorrow 17:30" in result.stderr


def test_an_hour_that_does_not_exist_is_said_so(answered: Desk) -> None:
    for words in (("move", "7", "+2h"), ("done", "7"), ("skip", "7")):
        result = answered.type("sessions", *words)
        assert (result.exit_code, result.stderr) == (1, "onward: there is no session 7; see: onward sessions list\n")


# --- questions and corrections -----------------------------------------------------------------------------


def test_a_question_shows_its_evidence_and_how_to_answer(doubtful: Desk) -> None:
    said = doubtful.said("questions")
    assert "From     Mara Lindqvist <mara@harbour.example>" in said
    assert f"It says  “{PERHAPS}”" in said and "60%" in said
    [found] = doubtful.json("questions")
    commands = [each["command"] for each in found["answers"]]
    key = found["message"][:8]
    assert commands == [f"onward correct {key} rejection", f"onward correct {key} other"]
    assert all(command in said for command in commands)


def test_answering_yes_writes_the_letter_and_books_the_hour(doubtful: Desk) -> None:
    [question] = doubtful.json("questions")
    assert "Noted: a rejection." in doubtful.said("correct", question["message"][:8], "rejection")
    assert doubtful.json("questions") == []
    doubtful.said("run", "--once")
    assert len(doubtful.drafts) == 1
    assert len(doubtful.json("sessions", "list")) == 1


def test_answering_no_leaves_the_mail_alone(doubtful: Desk) -> None:
    [question] = doubtful.json("questions")
    assert "Noted: not a rejection." in doubtful.said("correct", question["message"][:8], "other")
    doubtful.said("run", "--once")
    assert (doubtful.drafts, doubtful.json("questions"), doubtful.json("sessions", "list")) == ([], [], [])


def test_a_correction_undoes_letter_and_hour_and_can_itself_be_undone(answered: Desk) -> None:
    [draft] = answered.json("drafts", "list")
    said = answered.said("correct", draft["message"][:8], "other")
    assert "Letter 1 is dropped." in said and "The hour kept for it is cancelled." in said
    answered.said("run", "--once")
    assert (answered.drafts, answered.json("sessions", "list"), answered.json("applications")) == ([], [], [])
    answered.said("correct", draft["message"][:8], "rejection")
    answered.said("run", "--once")
    assert answered.json("stuck") == []
    assert len(answered.drafts) == 1
    assert [each["state"] for each in answered.json("sessions", "list")] == ["booked"]


def test_a_key_nobody_knows_is_said_so(answered: Desk) -> None:
    result = answered.type("correct", "ffffffff", "other")
    assert result.exit_code == 1 and "no mail begins with" in result.stderr
    assert answered.type("correct", "ffffffff", "nonsense").exit_code == 2


def test_commands_in_a_question_stand_on_their_own_lines() -> None:
    text, pairs = screen.split_commands(
        "Draft 3 may have reached your Drafts and left it again. Write it anew: onward drafts again 3   "
        "Leave it: onward drafts discard 3"
    )
    assert text == "Draft 3 may have reached your Drafts and left it again."
    assert pairs == [("Write it anew", "onward drafts again 3"), ("Leave it", "onward drafts discard 3")]
    said = "Letter 2 was not sent: smtp.example.org: 550 no. When you are ready: onward drafts send 2"
    assert screen.split_commands(said) == (
        "Letter 2 was not sent: smtp.example.org: 550 no.",
        [("When you are ready", "onward drafts send 2")],
    )
    assert screen.split_commands("Is it?") == ("Is it?", [])


# --- learning ------------------------------------------------------------------------------------------------


def corrected(desk: Desk, label: str = "interview") -> str:
    key = desk.json("drafts", "list")[0]["message"]
    return desk.said("correct", key[:8], label)


def test_a_correction_is_learned_from_and_says_so(answered: Desk) -> None:
    said = corrected(answered)
    assert "Onward learns from it when it runs." in said and "onward learn" in said
    assert answered.said("learn") == (
        "Read 1 correction of yours in 1.2 seconds. Learned: it follows every correction.\n"
    )
    assert answered.trained == [[Label.INTERVIEW]]
    with files.only_one(answered.home), answered.store() as store:
        [row] = store.rows("SELECT key FROM message")
        assert "Onward learns from it within seconds." in answered.said("correct", row["key"][:8], "other")


def test_there_is_nothing_to_learn_where_nothing_was_corrected(desk: Desk) -> None:
    assert "nothing to learn from yet" in desk.said("learn")
    assert desk.trained == []


def test_one_round_learns_by_itself_and_says_so(answered: Desk) -> None:
    corrected(answered)
    assert answered.said("run", "--once") == "1 mail read, learned from 1 correction.\n"
    assert answered.said("run", "--once") == "Nothing new.\n"
    assert answered.trained == [[Label.INTERVIEW]]


def test_a_lost_model_is_learned_anew(answered: Desk) -> None:
    corrected(answered)
    answered.said("learn")
    (answered.home / "personal.json").unlink()
    assert answered.said("run", "--once") == "1 mail read, learned from 1 correction.\n"
    assert len(answered.trained) == 2


def test_why_a_model_was_not_taken_is_said(answered: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "learn", lambda home, given: Learned(False, len(given), "it would misread more", 2.0))
    corrected(answered)
    assert "1 correction not learned from (onward learn)" in answered.said("run", "--once")
    said = answered.said("learn")
    assert "Not learned: it would misread more." in said and "stays corrected" in said
    assert "not from your last correction: it would misread more" in answered.said("status")


def test_what_was_learned_is_forgotten_after_a_yes(answered: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    corrected(answered)
    answered.said("learn")
    refused = answered.type("learn", "--forget", input="y\n")
    assert refused.exit_code == 2 and "--yes" in refused.stderr
    monkeypatch.setattr(command_line, "person_is_there", lambda: True)
    assert "Nothing was forgotten." in answered.said("learn", "--forget", input="\n")
    assert (answered.home / "personal.json").exists()
    assert "Forgotten" in answered.said("learn", "--forget", "--yes")
    assert not (answered.home / "personal.json").exists()
    assert "nothing to learn from yet" in answered.said("learn")
    assert answered.json("learn")["last"][0]["kind"] == "forgotten"


def test_what_was_learned_stands_in_status_and_in_json(answered: Desk) -> None:
    assert "Learned    nothing from you yet" in answered.said("status")
    corrected(answered)
    assert "1 correction of yours, not all of them learned yet" in answered.said("status")
    [before] = answered.json("learn")["corrections"]
    assert (before["subject"], before["label"], before["trained_as"]) == (
        "Your application, number 1",
        "interview",
        None,
    )
    answered.said("learn")
    found = answered.json("learn")
    assert found["model"] == "personal-1" and not found["waiting"]
    assert found["corrections"] == [before | {"trained_as": "interview"}]
    assert [(each["kind"], each["corrections"]) for each in found["last"]] == [("learned", 1)]
    assert "Learned    from 1 correction of yours, today" in answered.said("status")
    assert answered.json("status")["learned"]["corrections"] == 1


def test_the_folders_for_teaching_are_made_and_used(answered: Desk) -> None:
    said = answered.said("learn", "--folders")
    assert "main: Onward/Rejection and Onward/Not a rejection are there." in said
    assert answered.said("learn", "--folders") == said
    [mail_of_no] = answered.server.mailbox("INBOX").messages
    answered.server.mailbox("Onward/Not a rejection").deliver(mail_of_no.raw, mail_of_no.arrived_at)
    assert "learned from 1 correction" in answered.said("run", "--once")
    assert (answered.drafts, answered.trained) == ([], [[Label.OTHER]])


def test_an_account_that_cannot_be_reached_keeps_no_folders_from_the_others(desk: Desk) -> None:
    desk.configure()
    desk.server.stop()
    result = desk.type("learn", "--folders")
    assert result.exit_code == 1
    assert "onward doctor" in result.stderr


def test_one_thing_at_a_time_is_asked_of_learning(desk: Desk) -> None:
    assert desk.type("learn", "--forget", "--folders").exit_code == 2


# --- set aside ---------------------------------------------------------------------------------------------


def test_a_mail_set_aside_stands_with_its_reason_and_can_be_tried_again(answered: Desk) -> None:
    with answered.store() as store:
        store.connection.execute("UPDATE message SET state = 'stuck', attempts = 3, reason = 'ValueError: odd'")
    said = answered.said("stuck")
    assert "Mara Lindqvist" in said and "ValueError: odd" in said
    [found] = answered.json("stuck")
    assert (found["reason"], found["can_retry"]) == ("ValueError: odd", True)
    assert "It is tried again" in answered.said("stuck", "--retry", found["key"][:8])
    answered.said("run", "--once")
    assert answered.json("stuck") == []


# --- what a mail holds never rules the terminal -------------------------------------------------------------


def test_no_sign_of_a_mail_reaches_the_terminal_as_a_command(desk: Desk) -> None:
    desk.deliver(f"ESCAPE {ESCAPES} {NO}", 1, name="Mara")
    desk.deliver(f"ESCAPE {ESCAPES} {PERHAPS}", 2)
    desk.said("run", "--once")
    with desk.store() as store:  # as if every guard before had failed
        store.connection.execute("UPDATE message SET subject = subject || :bad, sender_name = :bad", {"bad": ESCAPES})
        store.connection.execute("UPDATE verdict SET evidence = evidence || :bad", {"bad": ESCAPES})
        store.connection.execute("UPDATE application SET company = :bad, role = :bad", {"bad": ESCAPES})
        store.connection.execute(
            "UPDATE draft SET subject = :bad, recipient_name = :bad, body = body || :bad", {"bad": ESCAPES}
        )
        store.connection.execute("UPDATE health SET value = :bad", {"bad": ESCAPES})
        store.connection.execute("UPDATE reflection SET reason = :bad", {"bad": ESCAPES})
        store.connection.execute("UPDATE message SET state = 'stuck', reason = :bad", {"bad": ESCAPES})
        store.connection.execute(
            "INSERT INTO correction (message_key, label, was, corrected_at) SELECT key, 'other', '', '' FROM message"
        )
        store.connection.execute(
            """INSERT INTO learning (at, kind, corrections, reason, model, newest)
               VALUES (:at, 'refused', 1, :bad, '', 9)""",
            {"at": datetime.now(UTC).isoformat(), "bad": ESCAPES},
        )
    listings = ["status", "applications", "drafts list", "drafts show 1", "sessions list", "questions", "stuck"]
    for words in [*listings, "learn --json", "export --with-text", "export"]:
        for form in ([], ["--json"]):
            said = desk.said(*words.split(), *form)
            bad = [sign for sign in said if sign != "\n" and unicodedata.category(sign)[0] == "C"]
            assert bad == [], words
    result = desk.type("drafts", "send", "1", "--yes")
    assert not any(sign in result.output for sign in "\x1b\x07\x9b\u202e")


# --- configuration and export ------------------------------------------------------------------------------


def test_the_example_is_a_configuration_that_works(tmp_path: Path) -> None:
    example = CliRunner().invoke(cli, ["config", "example"])
    assert example.exit_code == 0
    file = tmp_path / "config.toml"
    file.write_text(example.stdout)
    checked = CliRunner().invoke(cli, ["--config", str(file), "--home", str(tmp_path), "config", "check"])
    assert checked.exit_code == 0, checked.output
    assert "robin@example.org at imap.example.org:993, tls" in checked.stdout


def test_the_path_of_the_configuration_is_told_alone(desk: Desk) -> None:
    assert desk.said("config", "path") == f"{desk.path / 'config.toml'}\n"


def test_a_password_place_that_is_none_is_found_by_the_check(desk: Desk) -> None:
    file = desk.configure()
    file.write_text(file.read_text().replace('password_env = "ONWARD_TEST_PASSWORD"', ""))
    result = CliRunner().invoke(cli, ["--config", str(file), "config", "check"])
    assert result.exit_code == 2
    assert "password_keyring" in result.stderr


def test_the_configuration_is_edited_beginning_with_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(click, "edit", lambda **named: opened.append(named["filename"]))
    file = tmp_path / "new" / "config.toml"
    result = CliRunner().invoke(cli, ["--config", str(file), "--home", str(tmp_path), "config", "edit"])
    assert result.exit_code == 0, result.output
    assert opened == [str(file)]
    assert file.stat().st_mode & 0o777 == 0o600
    assert "onward doctor" in result.stdout


def test_everything_remembered_is_one_document_without_mail_text(answered: Desk) -> None:
    found = answered.json("export")
    assert found["with_text"] is False
    tables = found["tables"]
    assert {"message", "verdict", "application", "event", "draft", "reflection", "effect", "question"} <= set(tables)
    [message] = tables["message"]
    assert "text" not in message and message["recipients"] == [[OWN, ""]]
    with_text = json.loads(answered.said("export", "--with-text"))
    assert NO in with_text["tables"]["message"][0]["text"]
