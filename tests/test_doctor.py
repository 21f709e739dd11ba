"""Doctor finds what does not hold, says so in a sentence, and names the next command to type."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from onward import doctor, service
from onward.cli import cli
from onward.core.model import ConfigError
from onward.demo.server import FOLDERS, EmbeddedServer
from onward.doctor import Finding
from onward.edges import files
from onward.edges.store import Store
from onward_classifiers.model import write_checked
from onward_classifiers.score import Classifier, personal_path
from servers.smtp import SmtpSink

PASSWORD = "correct horse battery"


@dataclass
class Patient:
    """A configuration that is well, until a test breaks one thing."""

    path: Path
    account: dict[str, object]
    smtp: dict[str, object]
    top: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.path / "home"

    def doctor(self, *words: str) -> Result:
        """Type `onward doctor`."""
        lines = ['name = "Sam Doe"', 'timezone = "Europe/Berlin"', *self.top, "[[account]]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in self.account.items()]
        if self.smtp:
            lines += ["[account.smtp]", *(f"{key} = {json.dumps(value)}" for key, value in self.smtp.items())]
        config = self.path / "config.toml"
        config.write_text("\n".join(lines))
        result = CliRunner().invoke(cli, ["--config", str(config), "--home", str(self.home), "doctor", *words])
        assert result.exit_code in (0, 1) and "unexpected" not in result.stderr, result.output
        assert PASSWORD not in result.output and "wrong one" not in result.output
        return result

    def findings(self) -> dict[str, Finding]:
        """What was found, by edge, through the same door as a person's."""
        found = json.loads(self.doctor("--json").stdout)
        assert all(set(each) == {"edge", "state", "words", "next_command"} for each in found)
        assert all(each["next_command"] for each in found if each["state"] != "ok"), found
        return {
            each["edge"]: Finding(each["edge"], each["state"], each["words"], each["next_command"] or "")
            for each in found
        }


@pytest.fixture
def make_server() -> Iterator[Callable[..., EmbeddedServer]]:
    servers: list[EmbeddedServer] = []

    def make(folders: dict[str, str] = FOLDERS) -> EmbeddedServer:
        servers.append(EmbeddedServer({"sam": PASSWORD}, folders=folders).start())
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink(user="sam", password=PASSWORD) as made:
        yield made


@pytest.fixture
def patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_server: Callable[..., EmbeddedServer], sink: SmtpSink
) -> Patient:
    monkeypatch.setenv("GOOD", PASSWORD)
    monkeypatch.setenv("BAD", "the wrong one")
    monkeypatch.setenv("HOME", str(tmp_path))  # no unit of the machine the tests run on
    monkeypatch.setattr(doctor, "find_unit", lambda: None)
    plain = {"host": "127.0.0.1", "security": "plain", "user": "sam", "password_env": "GOOD"}
    account = {"name": "main", "address": "sam@example.org", "port": make_server().port, **plain}
    return Patient(tmp_path, dict(account), {"port": sink.port, **plain})


def test_all_is_well_but_that_it_does_not_run(patient: Patient) -> None:
    found = patient.findings()
    assert [each.edge for each in found.values() if each.state != "ok"] == ["service"]
    assert found["service"].next_command == "onward run"
    assert "Drafts and Sent found" in found["folders main"].words
    assert set(found) == {
        *("configuration", "clock", "home", "database", "templates", "classifier", "reminders"),
        *("account main", "folders main", "sending main", "service"),
    }
    result = patient.doctor()
    assert result.exit_code == 0
    assert "Onward can work. 1 thing could be better." in result.stdout
    assert "\x1b" not in result.stdout


def test_what_was_learned_and_where_it_is_taught_is_told(
    patient: Patient, make_server: Callable[..., EmbeddedServer]
) -> None:
    server = make_server()
    for folder in ("Onward/Rejection", "Onward/Not a rejection"):
        server.create(folder)
    patient.account["port"] = server.port
    assert "learned" not in patient.findings()["classifier"].words
    shipped = Classifier.load().weights.version
    write_checked(
        personal_path(patient.home),
        "personal",
        [f'"base": {json.dumps(shipped)}, "learned_from": {{"a": "rejection", "b": "other"}}, "rows": {{}}'],
    )
    found = patient.findings()
    assert "what it learned from 2 of your corrections" in found["classifier"].words
    assert "learns from Onward/Rejection and Onward/Not a rejection" in found["folders main"].words
    personal_path(patient.home).write_text("{")
    assert (found := patient.findings())["classifier"].state == "warn"
    assert found["classifier"].next_command == "onward learn"


def test_a_running_service_that_looks_is_well(patient: Patient) -> None:
    patient.doctor()
    store = Store(patient.home / "onward.db")
    store.note_health("watch main", "ok", service.utc_now())
    store.close()
    with files.only_one(patient.home):
        assert patient.findings()["service"].state == "ok"
        assert patient.doctor().stdout.splitlines()[-1] == "All is well."


def test_a_wrong_password_is_tried_once_and_told_where_it_is_kept(
    patient: Patient, make_server: Callable[..., EmbeddedServer]
) -> None:
    server = make_server()
    patient.account |= {"password_env": "BAD", "port": server.port}
    found = patient.findings()["account main"]
    assert (found.state, found.next_command) == ("bad", "printenv BAD | wc -c")
    assert "sign-in" in found.words
    tries = [line for _, line in server.log if b"LOGIN" in line.upper() or b"AUTHENTICATE" in line.upper()]
    assert len(tries) == 1, server.log
    assert patient.doctor().exit_code == 1


def test_a_wrong_password_for_sending_is_its_own_finding(patient: Patient) -> None:
    patient.smtp["password_env"] = "BAD"
    found = patient.findings()
    assert (found["sending main"].state, found["account main"].state) == ("bad", "ok")
    assert found["sending main"].next_command == "printenv BAD | wc -c"


def test_a_password_that_cannot_be_had_is_told_before_any_server_is_asked(patient: Patient) -> None:
    del patient.account["password_env"]
    patient.account["password_file"] = str(patient.path / "password")
    found = patient.findings()["account main"]
    assert (found.state, found.next_command) == ("bad", f"ls -l {patient.path / 'password'}")
    assert "No such file" in found.words


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ({"password_keyring": True}, "keyring set onward main"),
        ({"password_keyring": "mail"}, "keyring set mail main"),
        ({"password_command": ["pass", "s3cret"]}, "onward config edit"),
        ({"password_credential": "imap_password"}, "systemctl cat onward"),
    ],
)
def test_each_place_for_a_password_has_its_command(source: dict[str, object], command: str) -> None:
    assert doctor.mend_password(source, "main") == command


def test_a_server_that_is_not_there_is_told_with_a_way_to_try_it(patient: Patient) -> None:
    patient.account["port"] = 1
    found = patient.findings()["account main"]
    assert (found.state, found.next_command) == ("bad", "nc -vz 127.0.0.1 1")


def test_without_a_drafts_folder_the_setting_is_named(
    patient: Patient, make_server: Callable[..., EmbeddedServer]
) -> None:
    patient.account["port"] = make_server({"INBOX": "", "Sent": r"\Sent"}).port
    found = patient.findings()["folders main"]
    assert (found.state, found.next_command) == ("bad", "onward config edit")
    assert "drafts = " in found.words


def test_without_a_sent_folder_letters_can_still_be_written(
    patient: Patient, make_server: Callable[..., EmbeddedServer]
) -> None:
    patient.account["port"] = make_server({"INBOX": "", "Drafts": r"\Drafts"}).port
    assert patient.findings()["folders main"].state == "warn"


def test_a_watched_folder_that_does_not_exist_is_told(patient: Patient) -> None:
    patient.account["folders"] = ["INBOX", "Jobs"]
    found = patient.findings()["folders main"]
    assert found.state == "bad" and "Jobs" in found.words


def test_without_smtp_the_person_sends_by_their_mail_program(patient: Patient) -> None:
    patient.smtp = {}
    found = patient.findings()["sending main"]
    assert found.state == "ok" and "mail program" in found.words


def test_a_maildir_is_looked_at_too(patient: Patient) -> None:
    root = patient.path / "Mail"
    for folder in (root, root / ".Drafts", root / ".Sent"):
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
    patient.account = {"name": "local", "kind": "maildir", "address": "sam@example.org", "path": str(root)}
    found = patient.findings()
    assert (found["account local"].state, found["folders local"].state) == ("ok", "ok")
    patient.account["path"] = str(root / "nowhere")
    found = patient.findings()
    assert found["account local"].state == "bad" and found["account local"].next_command.startswith("ls -la ")


def test_a_broken_configuration_is_the_only_finding(patient: Patient) -> None:
    patient.top = ['nmae = "Sam"']
    found = patient.findings()
    assert set(found) == {"configuration"}
    assert "nmae" in found["configuration"].words
    assert found["configuration"].next_command == "onward config edit"
    assert patient.doctor().exit_code == 1


def test_a_configuration_anyone_can_change_is_dangerous(patient: Patient) -> None:
    patient.doctor()
    file = patient.path / "config.toml"
    file.chmod(0o666)
    found = patient.findings()["configuration"]
    assert (found.state, found.next_command) == ("bad", f"chmod 600 {file}")


def test_a_home_others_can_look_into_is_told(patient: Patient) -> None:
    patient.home.mkdir(mode=0o755)
    patient.home.chmod(0o755)
    found = patient.findings()["home"]
    assert (found.state, found.next_command) == ("warn", f"chmod 700 {patient.home}")


def test_a_home_that_cannot_be_written_is_told(patient: Patient) -> None:
    patient.home.write_text("a file")
    found = patient.findings()["home"]
    assert found.state == "bad" and found.next_command.startswith("ls -ld ")


def test_a_damaged_database_is_kept_before_anything_else(patient: Patient) -> None:
    Store(patient.home / "onward.db").close()
    raw = bytearray((patient.home / "onward.db").read_bytes())
    raw[4096 : 4096 * 6] = os.urandom(4096 * 5)
    (patient.home / "onward.db").write_bytes(raw)
    found = patient.findings()["database"]
    assert found.state == "bad"
    assert found.next_command == f"cp {patient.home / 'onward.db'} {patient.home / 'onward.db'}.broken"


def test_a_database_of_a_newer_onward_is_told(patient: Patient) -> None:
    Store(patient.home / "onward.db").close()
    connection = sqlite3.connect(patient.home / "onward.db")
    connection.execute("PRAGMA user_version = 9000")
    connection.close()
    found = patient.findings()["database"]
    assert found.state == "bad" and "update Onward" in found.words


def test_an_own_template_with_a_mistake_is_named_with_its_line(patient: Patient) -> None:
    folder = patient.path / "templates" / "letters" / "en"
    folder.mkdir(parents=True)
    (folder / "thanks.txt").write_text("Dear {{ contact }},\n{{ salary }}\n")
    found = patient.findings()["templates"]
    assert found.state == "bad" and "salary" in found.words
    (folder / "thanks.txt").write_text("Dear {{ contact }}")
    assert "1 of them your own" in patient.findings()["templates"].words
    (folder / "thankyou.txt").write_text("Dear {{ contact }}")
    found = patient.findings()["templates"]
    assert found.state == "warn" and "letters/en/thankyou.txt" in found.words


def test_changed_weights_are_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(path: object = None, home: object = None) -> Classifier:
        raise ConfigError("The weights were changed after they were written: reinstall Onward.")

    monkeypatch.setattr(Classifier, "load", changed)
    found = patient.findings()["classifier"]
    assert found.state == "bad" and "pip install" in found.next_command


def test_reminders_that_reach_nobody_are_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "has_desktop", lambda: False)
    assert patient.findings()["reminders"].state == "ok"  # by mail
    patient.top = ["[reminders]", "mail = false"]
    assert patient.findings()["reminders"].state == "bad"
    patient.top = ["[reminders]", "mail = false", "desktop = false"]
    assert patient.findings()["reminders"].state == "warn"


@pytest.mark.parametrize(
    ("words", "ago", "said"),
    [
        ("ok", timedelta(minutes=55), "has not looked at main for 55 minutes"),
        ("it is down", timedelta(0), "it is down"),
    ],
)
def test_a_service_that_runs_and_gets_nowhere_is_told(patient: Patient, words: str, ago: timedelta, said: str) -> None:
    store = Store(patient.home / "onward.db")
    store.note_health("watch main", words, service.utc_now() - ago)
    store.close()
    with files.only_one(patient.home):
        found = patient.findings()["service"]
    assert found.state == "bad" and said in found.words


def test_a_clock_from_another_decade_is_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    then = doctor.BUILT - timedelta(days=4000)
    monkeypatch.setattr(service, "utc_now", lambda: then)
    found = patient.findings()["clock"]
    assert (found.state, found.next_command) == ("bad", "timedatectl set-ntp true")


def test_a_unit_without_a_watchdog_and_one_that_ends_with_the_session_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "nobody-lingers")
    shipped = Path(__file__).parent.parent / "systemd" / "onward-user.service"
    unit = tmp_path / "onward.service"
    unit.write_text(shipped.read_text())
    [found] = doctor.check_unit(unit)
    assert (found.state, found.next_command) == ("warn", "loginctl enable-linger")
    unit.write_text("[Service]\nExecStart=onward run\n")
    [found] = doctor.check_unit(unit)
    assert found.state == "warn" and "hang" in found.words
    assert doctor.start_command(unit) == "systemctl --user enable --now onward"
