"""Private files written whole or not at all, and the lock that keeps a second service away."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from onward.core.model import Refused, Temporary


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, readable by its owner alone. Raises Temporary when the disk refuses."""
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise Temporary(f"{path} could not be written: {error.strerror}") from None


@contextlib.contextmanager
def only_one(home: Path, patience: float = 0.3) -> Iterator[None]:
    """Hold the home's lock; the kernel lets go of it when the process ends, however it ends.

    Raises Refused when another Onward holds it.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(home / "lock", os.O_CREAT | os.O_RDWR, 0o600), "r+b") as file:
        if not _lock(file, patience):
            raise Refused(f"Onward is running already for {home}; see: onward status")
        yield


def _lock(file: BinaryIO, patience: float) -> bool:
    """True once the lock is ours; a command that only looks whether a service runs holds it for an instant."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)
        else:
            return True


def is_running(home: Path) -> bool:
    """True while a service holds the home's lock."""
    try:
        with only_one(home, patience=0.0):
            return False
    except Refused:
        return True
