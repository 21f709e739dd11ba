"""IDLE on IMAPClient's socket (RFC 2177), read by ourselves.

IMAPClient's own `idle_check` misses mail that arrives between SELECT and IDLE (the line stays in a buffer it
does not look at), spins when the server closes, and breaks on a line split over two packets. So: bytes that
imaplib has buffered first, then the socket, whole lines only, and an end of file is an error.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from typing import Any

LINE_CAP = 1_000_000  # bytes in one line

_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Gone(ConnectionError):
    """The server closed, refused, or did not answer in time; the connection is of no more use."""


class Refused(Exception):
    """The server offers IDLE and answers NO or BAD to it; the connection is as good as before."""


class Idle:
    """One IDLE on one connection: `start`, `wait` once or more, `done`. Used by one thread."""

    def __init__(self, client: Any, wake: socket.socket, patience: float = 30.0) -> None:
        """`client` is an IMAPClient; `wake` becomes readable when another thread wants `wait` to end;
        `patience` is how many seconds an answer may take."""
        self._client = client
        self._imap = client._imap
        self._socket: socket.socket = client.socket()
        self._wake = wake
        self._patience = patience
        self._buffer = b""
        self._early: list[bytes] = []  # untagged lines that came before the continuation
        self._tag = b""

    def start(self) -> None:
        """Send IDLE and wait for the server's continuation. Raises Gone, or Refused."""
        self._tag = self._imap._new_tag()
        self._imap.send(self._tag + b" IDLE\r\n")
        line = self._until((b"+", self._tag + b" "), self._early)
        if not line.startswith(b"+"):
            self._finish()
            raise Refused(line.partition(b" ")[2][:200].decode("ascii", "replace"))

    def wait(self, seconds: float) -> list[bytes]:
        """Untagged lines as they come; [] when the time is over or another thread woke us. Raises Gone."""
        lines, self._early = self._early, []
        if not lines:
            line = self._line(time.monotonic() + seconds, wakeable=True)
            if line is not None:
                lines.append(line)
        while b"\r\n" in self._buffer:
            lines.append(self._take())
        for line in lines:
            if line.upper().startswith(b"* BYE"):
                raise Gone(f"the server said goodbye: {line[5:205].decode('ascii', 'replace').strip()}")
            if line.startswith(self._tag + b" "):
                raise Gone("the server ended IDLE by itself")
        return lines

    def done(self) -> list[bytes]:
        """End the IDLE; the untagged lines that still came, all that is buffered among them. Raises Gone."""
        lines: list[bytes] = []
        self._imap.send(b"DONE\r\n")
        self._until((self._tag + b" ",), lines)
        return lines + self._finish()

    def _finish(self) -> list[bytes]:
        """What we hold beyond the last line: imaplib reads on from the socket and would miss it."""
        lines: list[bytes] = []
        while self._buffer:
            line = self._line(time.monotonic() + self._patience)
            if line is None:
                raise Gone("the server stopped within a line")
            lines.append(line)
        self._imap.tagged_commands.pop(self._tag, None)
        return lines

    def _until(self, prefixes: tuple[bytes, ...], others: list[bytes]) -> bytes:
        end = time.monotonic() + self._patience
        while (line := self._line(end)) is not None:
            if line.startswith(prefixes):
                return line
            if line.upper().startswith(b"* BYE"):
                raise Gone(f"the server said goodbye: {line[5:205].decode('ascii', 'replace').strip()}")
            others.append(line)
            if len(others) > 10_000:
                raise Gone("the server talks without end")
        raise TimeoutError("the server did not answer in time")

    def _line(self, end: float, wakeable: bool = False) -> bytes | None:
        """One line without its end; None at the deadline or when woken."""
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > LINE_CAP:
                raise Gone("the server sent a line without end")
            if not self._fill(end, wakeable):
                return None
        return self._take()

    def _take(self) -> bytes:
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _fill(self, end: float, wakeable: bool) -> bool:
        """At least one more byte in the buffer, or False at the deadline or when woken."""
        self._socket.setblocking(False)
        try:
            while True:
                data = self._buffered() or self._received()
                if data:
                    self._buffer += data
                    return True
                left = end - time.monotonic()
                if left <= 0:
                    return False
                poll = select.poll()
                poll.register(self._socket, select.POLLIN)
                if wakeable:
                    poll.register(self._wake, select.POLLIN)
                ready = {fd for fd, _ in poll.poll(left * 1000)}
                if self._wake.fileno() in ready:
                    return False
        finally:
            self._socket.setblocking(True)
            self._client._set_read_timeout()

    def _buffered(self) -> bytes:
        """What imaplib's buffered reader swallowed beyond the last reply."""
        reader = getattr(self._imap, "_file", None) or self._imap.file  # the name changed in Python 3.14
        try:
            waiting = len(reader.peek(1))
            return bytes(reader.read(waiting)) if waiting else b""
        except _NOT_YET:
            return b""

    def _received(self) -> bytes:
        try:
            data = self._socket.recv(65536)
        except _NOT_YET:
            return b""
        if not data:
            raise Gone("the server closed the connection")
        return data
