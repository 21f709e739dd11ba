"""Speak to the person's desktop, and to the service manager that started us.

Both are courtesies: a machine without a desktop, or without systemd, is no error here. What to say, when, and
what to do where there is no desktop is decided elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import unicodedata
from pathlib import Path

PATIENCE = 5.0  # seconds for a notification server to answer
TITLE_CAP = 120
BODY_CAP = 500

# Many desktops read markup in the text, and notify-send itself reads backslash escapes (g_strcompress):
# look-alikes are shown the same everywhere, where an escaped '&lt;' would be shown as such by half of them.
_LOOK_ALIKES = str.maketrans({"<": "‹", ">": "›", "&": "＆", "\\": "＼"})
_SAY_ON_MACOS = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)


def desktop(title: str, body: str, tag: str) -> bool:
    """Show a notification, in place of the last with the same tag. False: no desktop to show it on."""
    title, body = _scrub(title, TITLE_CAP), _scrub(body, BODY_CAP)
    if sys.platform == "darwin":
        return _run(_macos_command(title, body), dict(os.environ))
    program, bus = shutil.which("notify-send"), _session_bus()
    if program is None or bus is None:
        return False
    # notify-send splits a hint at every colon, so the tag must hold none.
    hint = "string:x-canonical-private-synchronous:" + re.sub(r"[^A-Za-z0-9_.-]", "-", tag)[:120]
    command = [program, "--app-name=Onward", "-h", hint, "--", title, body]
    return _run(command, {**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus})


def sd_notify(state: str) -> None:
    """Tell systemd, say 'READY=1' or 'WATCHDOG=1'. Does nothing where it is absent, and never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):  # sd_notify(3): a path, or an abstract name
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1.0)  # a full queue must not hold up the thread that proves we are alive
            sock.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
    except (OSError, ValueError):
        return


def watchdog_interval() -> float | None:
    """Seconds between two 'WATCHDOG=1': half of what systemd allows. None: nobody watches this process."""
    try:
        allowed = int(os.environ.get("WATCHDOG_USEC", ""))
        watched = int(os.environ.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return allowed / 2_000_000 if allowed > 0 and watched == os.getpid() else None


def _session_bus() -> str | None:
    """The person's message bus. A service started without a session finds it where logind puts it."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    if address:
        return address
    path = Path("/run/user", str(os.getuid()), "bus")
    try:
        return f"unix:path={path}" if path.is_socket() else None
    except OSError:
        return None


def _macos_command(title: str, body: str) -> list[str]:
    """The script is fixed, the texts are its arguments. A first one with a dash would be an option."""
    script = [part for line in _SAY_ON_MACOS for part in ("-e", line)]
    return ["/usr/bin/osascript", *script, f" {title}" if title.startswith("-") else title, body]


def _run(command: list[str], environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _scrub(text: str, cap: int) -> str:
    """One line without control signs, direction signs or anything a desktop could take for markup."""
    visible = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    line = " ".join(visible.split()).translate(_LOOK_ALIKES)
    return line if len(line) <= cap else line[: cap - 1] + "…"
