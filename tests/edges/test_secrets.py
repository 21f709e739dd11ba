"""A password is read from the one place the configuration names, and is repeated nowhere."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from onward.core.model import ConfigError, OnwardError, Temporary
from onward.edges import secrets
from onward.edges.secrets import FORMS, resolve

PASSWORD = "correct horse-ünd-battery"


def everything_said(error: BaseException | None) -> str:
    """The text and repr of an error and of all it came from."""
    said = ""
    while error is not None:
        said += f"{error} {error!r} {error.args!r} {vars(error)!r}\n"
        error = error.__cause__ or error.__context__
    return said


def refused(read: Callable[[], object], kind: type[OnwardError] = ConfigError, hidden: str = PASSWORD) -> str:
    """Why reading failed, after a look that nothing of the password is in the error or its causes."""
    with pytest.raises(kind) as caught:
        read()
    said = everything_said(caught.value)
    for form in (hidden, ascii(hidden)[1:-1], repr(hidden.encode("utf-8", "surrogateescape"))[2:-1]):
        assert form not in said
    assert "home" in str(caught.value)  # the account
    return str(caught.value)


def private(path: Path, content: str | bytes = PASSWORD + "\n") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


# --- which place -------------------------------------------------------------------------------------------


def test_without_a_place_all_five_are_offered() -> None:
    said = refused(lambda: resolve({"host": "imap.example.org"}, "home"))
    for form in FORMS.values():
        assert form in said


def test_a_password_in_the_configuration_itself_is_refused_and_not_repeated() -> None:
    said = refused(lambda: resolve({"password": PASSWORD}, "home"))
    assert "not written into the configuration" in said


def test_two_places_are_one_too_many() -> None:
    said = refused(lambda: resolve({"password_env": "X", "password_keyring": True}, "home"))
    assert "password_env" in said and "password_keyring" in said


def test_a_place_switched_off_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", PASSWORD)
    assert resolve({"password_env": "X", "password_keyring": False, "password_file": None}, "home")() == PASSWORD


@pytest.mark.parametrize(
    "source",
    [
        {"password_env": 7},
        {"password_env": ""},
        {"password_env": PASSWORD},
        {"password_file": ["a"]},
        {"password_file": PASSWORD},
        {"password_file": "pass\nword"},
        {"password_command": f"echo {PASSWORD}"},
        {"password_command": []},
        {"password_command": [""]},
        {"password_command": ["echo", 7]},
        {"password_command": ["echo", "a\0b"]},
        {"password_credential": "../imap_password"},
        {"password_credential": ".."},
        {"password_credential": True},
        {"password_keyring": 1},
        {"password_keyring": ["onward"]},
    ],
)
def test_a_place_written_wrongly_is_noticed_at_once_and_shown_written_rightly(source: dict[str, object]) -> None:
    said = refused(lambda: resolve(source, "home"))
    assert FORMS[next(iter(source))] in said


@pytest.mark.parametrize("source", [{"password_env": "X"}, {"password_command": ["echo", PASSWORD]}])
def test_the_function_itself_does_not_show_the_password(
    source: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X", PASSWORD)
    read = resolve(source, "home")
    assert read() == PASSWORD
    assert PASSWORD not in f"{read} {read!r}"


# --- a variable --------------------------------------------------------------------------------------------


def test_a_variable_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    read = resolve({"password_env": "MAIL_PASSWORD"}, "home")
    for password in ("first", "second"):
        monkeypatch.setenv("MAIL_PASSWORD", password)
        assert read() == password


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAIL_PASSWORD", raising=False)
    assert "MAIL_PASSWORD is not set" in refused(resolve({"password_env": "MAIL_PASSWORD"}, "home"))


@pytest.mark.parametrize("value", ["", "two\nlines", "\udcff\udcfe"])
def test_a_variable_that_holds_no_password_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", value)
    refused(resolve({"password_env": "X"}, "home"), hidden=value or PASSWORD)


# --- a file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_is_read_without_its_line_end(end: str, tmp_path: Path) -> None:
    path = private(tmp_path / "password", f" {PASSWORD} {end}")
    assert resolve({"password_file": str(path)}, "home")() == f" {PASSWORD} "


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = private(tmp_path / "password", "first\n")
    read = resolve({"password_file": str(path)}, "home")
    assert read() == "first"
    private(path, "second\n")
    assert read() == "second"


def test_a_file_may_be_named_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    private(tmp_path / "password")
    assert resolve({"password_file": "~/password"}, "home")() == PASSWORD


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o777])
def test_a_file_others_can_touch_is_refused_with_the_command_that_mends_it(mode: int, tmp_path: Path) -> None:
    path = private(tmp_path / "password")
    path.chmod(mode)
    assert f"chmod 600 {path}" in refused(resolve({"password_file": str(path)}, "home"))


def test_a_file_of_someone_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = private(tmp_path / "password")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert "another user" in refused(resolve({"password_file": str(path)}, "home"))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(private(tmp_path / "password"))
    assert "link" in refused(resolve({"password_file": str(tmp_path / "link")}, "home"))


def test_a_pipe_or_a_folder_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("pipe", "folder"):  # a pipe nobody writes to would be waited on for ever
        assert "not a file" in refused(resolve({"password_file": str(tmp_path / name)}, "home"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert str(path) in refused(resolve({"password_file": str(path)}, "home"))


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb\n", b"nul\0", b"\xff\xfe\xfd\n", b"x" * 100_000])
def test_a_file_that_holds_no_password_is_refused(content: bytes, tmp_path: Path) -> None:
    path = private(tmp_path / "password", content)
    hidden = content.decode("utf-8", "surrogateescape")
    refused(resolve({"password_file": str(path)}, "home"), hidden=hidden if len(hidden) > 1 else PASSWORD)


# --- a credential ------------------------------------------------------------------------------------------


def test_a_credential_is_read_where_systemd_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = private(tmp_path / "imap_password")
    path.chmod(0o440)  # as systemd leaves it where it uses an ACL
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert resolve({"password_credential": "imap_password"}, "home")() == PASSWORD


def test_outside_systemd_a_credential_says_how_it_is_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    said = refused(resolve({"password_credential": "imap_password"}, "home"))
    assert "LoadCredentialEncrypted=imap_password:" in said


def test_a_credential_that_was_not_handed_over_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "imap_password" in refused(resolve({"password_credential": "imap_password"}, "home"))


# --- a command ---------------------------------------------------------------------------------------------


def python(script: str) -> dict[str, object]:
    return {"password_command": [sys.executable, "-I", "-c", script]}


def test_the_first_line_a_command_prints_is_the_password() -> None:
    script = f"import sys; sys.stdout.buffer.write({PASSWORD!r}.encode() + b'\\r\\nlogin: sam\\n')"
    assert resolve(python(script), "home")() == PASSWORD


def test_a_command_is_run_each_time(tmp_path: Path) -> None:
    count = private(tmp_path / "count", "0")
    read = resolve(
        python(
            f"import pathlib; p = pathlib.Path({str(count)!r}); n = int(p.read_text()) + 1; "
            "p.write_text(str(n)); print('try', n)"
        ),
        "home",
    )
    assert (read(), read()) == ("try 1", "try 2")


def test_no_shell_reads_a_command() -> None:
    assert resolve({"password_command": ["echo", "$HOME; `id` *"]}, "home")() == "$HOME; `id` *"


def test_a_command_that_fails_may_work_later_and_its_words_are_not_repeated() -> None:
    script = f"import sys; print({PASSWORD!r}); print({PASSWORD!r}, file=sys.stderr); sys.exit(3)"
    said = refused(resolve(python(script), "home"), Temporary)
    assert "failed (3)" in said


def test_a_command_that_hangs_is_ended_and_what_it_printed_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_TIMEOUT", 0.5)
    script = f"import time; print({PASSWORD!r}, flush=True); time.sleep(60)"
    said = refused(resolve(python(script), "home"), Temporary)
    assert "longer than 0.5 s" in said


def test_a_command_that_is_not_there_is_named() -> None:
    read = resolve({"password_command": ["/nowhere/pass", PASSWORD]}, "home")
    assert "/nowhere/pass" in refused(read)


@pytest.mark.parametrize("script", ["pass", "print()", "import sys; sys.stdout.buffer.write(b'\\xff\\xfe')"])
def test_a_command_that_prints_no_password_is_refused(script: str) -> None:
    refused(resolve(python(script), "home"))


def test_a_command_cannot_wait_for_our_keyboard() -> None:
    assert resolve(python("import sys; print('read', repr(sys.stdin.read()))"), "home")() == "read ''"


# --- the keyring -------------------------------------------------------------------------------------------


class KeyringError(Exception):
    pass


class NoKeyringError(KeyringError, RuntimeError):
    pass


class Keyring:
    """A stand-in for the keyring package, which is an extra and not always installed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.trouble: Exception | None = None
        package = types.ModuleType("keyring")
        errors = types.ModuleType("keyring.errors")
        for name, value in (("KeyringError", KeyringError), ("NoKeyringError", NoKeyringError)):
            setattr(errors, name, value)
        for name, thing in (("errors", errors), ("get_password", self.get_password)):
            setattr(package, name, thing)
        monkeypatch.setitem(sys.modules, "keyring", package)
        monkeypatch.setitem(sys.modules, "keyring.errors", errors)

    def get_password(self, service: str, user: str) -> str | None:
        if self.trouble is not None:
            raise self.trouble
        return self.held.get((service, user))


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    return Keyring(monkeypatch)


def test_the_keyring_is_asked_for_the_account_each_time(keyring: Keyring) -> None:
    read = resolve({"password_keyring": True}, "home")
    for password in ("first", "second"):
        keyring.held["onward", "home"] = password
        assert read() == password


def test_the_keyring_may_hold_it_under_another_service(keyring: Keyring) -> None:
    keyring.held["my mail", "home"] = PASSWORD
    assert resolve({"password_keyring": "my mail"}, "home")() == PASSWORD


def test_a_keyring_without_it_says_how_to_put_it_there(keyring: Keyring) -> None:
    assert "keyring set onward home" in refused(resolve({"password_keyring": True}, "home"))


def test_a_machine_without_a_keyring_is_pointed_to_the_other_places(keyring: Keyring) -> None:
    keyring.trouble = NoKeyringError(PASSWORD)
    assert "password_command" in refused(resolve({"password_keyring": True}, "home"))


def test_a_locked_keyring_may_be_open_later(keyring: Keyring) -> None:
    keyring.trouble = KeyringError(PASSWORD)
    assert "locked" in refused(resolve({"password_keyring": True}, "home"), Temporary)


def test_without_the_package_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)  # what the import system does when there is none
    read = resolve({"password_keyring": True}, "home")
    assert "pip install 'onward-mail[keyring]'" in refused(read)


def test_the_keyring_is_not_imported_for_those_who_do_not_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setenv("X", PASSWORD)
    assert resolve({"password_env": "X"}, "home")() == PASSWORD
