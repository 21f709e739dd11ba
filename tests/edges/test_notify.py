"""The desktop and systemd are spoken to where they are there, safely, and not missed where they are not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from onward.edges import notify
from onward.edges.notify import desktop, sd_notify, watchdog_interval

# --- the desktop -------------------------------------------------------------------------------------------


class Desk:
    """A notify-send that writes down how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "notify-send"
        self.behave("pass")

    def behave(self, ending: str) -> None:
        self.program.write_text(
            f"#!{sys.executable} -I\nimport json, os, sys, time\n"
            f"with open({str(self.folder / 'called')!r}, 'w') as file:\n"
            "    json.dump([sys.argv[1:], os.environ['DBUS_SESSION_BUS_ADDRESS']], file)\n"
            f"print('x' * 100); {ending}\n"
        )
        self.program.chmod(0o755)

    @property
    def words(self) -> list[str]:
        words: list[str] = json.loads((self.folder / "called").read_text())[0]
        return words

    @property
    def bus(self) -> str:
        bus: str = json.loads((self.folder / "called").read_text())[1]
        return bus


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
    return Desk(tmp_path)


def test_a_notification_is_shown_with_its_words_and_its_tag(desk: Desk) -> None:
    assert desktop("An hour for you", "Tomorrow at 17:00", "reflection-7") is True
    hint = "string:x-canonical-private-synchronous:reflection-7"
    assert desk.words == ["--app-name=Onward", "-h", hint, "--", "An hour for you", "Tomorrow at 17:00"]


def test_text_that_looks_like_an_option_stays_text(desk: Desk) -> None:
    desktop("--icon=/etc/passwd", "-u critical", "t")
    assert desk.words[-3:] == ["--", "--icon=/etc/passwd", "-u critical"]


def test_a_tag_with_colons_does_not_break_the_hint(desk: Desk) -> None:
    desktop("a", "b", "notify_desktop:8f3a:soon\n:x")
    assert desk.words[2] == "string:x-canonical-private-synchronous:notify_desktop-8f3a-soon--x"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<b>Acme</b> & <img src=x>", "‹b›Acme‹/b› ＆ ‹img src=x›"),
        ("one\ntwo\r\n\x1b[31mthree\x07\0", "one two [31mthree"),
        (r"\033]52;\n", "＼033]52;＼n"),  # notify-send would turn these into control signs
        ("a\u202eb\u2028c", "a b c"),
        ("y" * 600, "y" * 499 + "…"),
        ("Grüße, 你好 🎈", "Grüße, 你好 🎈"),
    ],
)
def test_no_markup_and_no_control_sign_reaches_the_desktop(given: str, shown: str, desk: Desk) -> None:
    desktop("t", given, "t")
    assert desk.words[-1] == shown


def test_without_the_program_there_is_no_desktop(desk: Desk) -> None:
    desk.program.unlink()
    assert desktop("a", "b", "c") is False


def test_without_a_session_there_is_no_desktop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)  # /run/user has no folder for this one
    assert desktop("a", "b", "c") is False
    assert not (desk.folder / "called").exists()


def test_a_service_without_a_session_of_its_own_finds_the_persons_bus(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(desk.folder / "bus"))
        monkeypatch.setattr(notify, "Path", lambda *parts: desk.folder / "bus")
        assert desktop("a", "b", "c") is True
    assert desk.bus == f"unix:path={desk.folder / 'bus'}"


def test_a_desktop_that_refuses_is_none(desk: Desk) -> None:
    desk.behave("sys.exit(1)")
    assert desktop("a", "b", "c") is False


def test_a_desktop_that_hangs_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.behave("time.sleep(60)")
    monkeypatch.setattr(notify, "PATIENCE", 0.2)
    assert desktop("a", "b", "c") is False


def test_a_program_that_cannot_run_is_no_desktop(desk: Desk) -> None:
    desk.program.write_text("#!/nowhere/interpreter\n")
    assert desktop("a", "b", "c") is False


def test_on_macos_the_words_are_arguments_and_never_script(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", run)
    assert desktop('-e"', '" & (do shell script "id") & "', "t") is True
    program, *words = ran[0]
    assert program == "/usr/bin/osascript"
    script, texts = words[:6], words[6:]
    assert script[::2] == ["-e", "-e", "-e"]
    assert script[1::2] == list(notify._SAY_ON_MACOS)
    assert texts == [' -e"', '" ＆ (do shell script "id") ＆ "']


# --- systemd -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_hears_what_is_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@onward-test-{os.getpid()}"
    if kind == "abstract" and not sys.platform.startswith("linux"):
        pytest.skip("abstract sockets are Linux's own")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0"))
        manager.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        sd_notify("READY=1\nSTATUS=Watching 2 accounts – all well")
        assert manager.recv(4096).decode() == "READY=1\nSTATUS=Watching 2 accounts – all well"


@pytest.mark.parametrize("name", ["", "relative/path", "vsock:2:1234", "/nowhere/at/all", "@" + "x" * 300])
def test_where_systemd_is_not_nothing_happens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    sd_notify("READY=1")


def test_without_systemds_variable_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    sd_notify("WATCHDOG=1")


def test_words_that_cannot_be_sent_are_left_unsaid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    sd_notify("STATUS=\ud800")


def test_a_manager_that_does_not_read_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as flood:
            flood.setblocking(False)
            with pytest.raises(BlockingIOError):
                for _ in range(100_000):
                    flood.sendto(b"x", str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        sd_notify("WATCHDOG=1")


@pytest.mark.parametrize(
    ("allowed", "watched", "interval"),
    [
        ("180000000", None, 90.0),
        ("180000000", str(os.getpid()), 90.0),
        ("180000000", "1", None),  # meant for the process that started us
        ("180000000", "nobody", None),
        ("0", None, None),
        ("-5", None, None),
        ("soon", None, None),
        (None, None, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_systemd_asks(
    allowed: str | None, watched: str | None, interval: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WATCHDOG_USEC", allowed), ("WATCHDOG_PID", watched)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert watchdog_interval() == interval
