"""A small IMAP4rev1 server in memory, for `onward demo` and for tests that need no network.

Knows the protocol (RFC 9051 in its IMAP4rev1 dress, plus UIDPLUS, MOVE, IDLE, CONDSTORE, SPECIAL-USE) and
how real providers bend it: every `Quirks` switch is one observed misbehaviour. Knows nothing of Onward.

It listens on 127.0.0.1 only, runs in one daemon thread with an event loop of its own, and keeps no files.
Read it in this order: what a test touches (`Quirks`, `Mailbox`, `EmbeddedServer`), one connection
(`Session`), then the plain functions that parse commands, search, and render answers.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import threading
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from enum import IntEnum
from types import TracebackType
from typing import Self, TypeAlias

MAX_LINE = 1_000_000  # bytes in one line; 20,000 UIDs fit
MAX_LITERAL = 40 * 1024 * 1024  # bytes in one command, literals included
MAX_WORDS = 1_000  # words in one command; a UID set is one word
MAX_DEPTH = 20  # brackets in brackets, NOT of NOT
MAX_NAME = 200  # letters in a folder name
SPLIT_PAUSE = 0.001  # seconds between the two halves of a split line
HUGE = 99_999_999_999  # octets announced by the `huge_literal` quirk

FOLDERS = {
    "INBOX": "",
    "Drafts": r"\Drafts",
    "Sent": r"\Sent",
    "Trash": r"\Trash",
    "Junk": r"\Junk",
    "Archive": r"\Archive",
}
SPECIAL_USE = {rb"\all", rb"\archive", rb"\drafts", rb"\flagged", rb"\junk", rb"\sent", rb"\trash"}
SYSTEM_FLAGS = rb"\Answered \Flagged \Deleted \Seen \Draft"


@dataclass(frozen=True, slots=True)
class Quirks:
    """How this server misbehaves. The default is a well-mannered server."""

    lower_case_flags: bool = False  # LIST says \drafts, as Cyrus does
    no_special_use: bool = False  # LIST says nothing about what a folder is for
    no_uidplus: bool = False  # no APPENDUID, no COPYUID, no UID EXPUNGE
    no_idle: bool = False
    exists_before_plus: bool = False  # `* n EXISTS` comes before the answer to IDLE
    coalesce_idle: bool = False  # the answer to IDLE and `* n EXISTS` come in one segment
    split_writes: bool = False  # every line comes in two segments
    bye_as_greeting: int = 0  # the first n connections are turned away
    bye_in_idle: bool = False  # every IDLE ends at once with BYE
    message_limit: int | None = None  # FETCH of more mails than this is refused; None: no limit
    append_refusal: bytes | None = None  # such as b"NO [OVERQUOTA] full"; None: APPEND works
    drop_after_append: int = 0  # the first n APPENDs are stored, then the connection dies before OK
    append_delay: float = 0.0  # seconds until an APPEND is stored, even if the connection died meanwhile
    search_header_serverbug: bool = False  # Yahoo's answer to SEARCH HEADER
    throttled: bool = False  # Gmail's remark on every OK
    missing_uids: frozenset[int] | set[int] = frozenset()  # FETCH says OK and sends nothing for these
    huge_literal: int | None = None  # the UID whose body is announced as 100 GB; None: no lies
    preauth: bool = False  # greets with PREAUTH; LOGIN is then out of place
    refuse_logins: int = 0  # the first n logins fail, right password or not


COUNTED = ("bye_as_greeting", "drop_after_append", "refuse_logins")  # quirks that wear off


@dataclass(frozen=True, slots=True)
class Stored:
    """One mail in one folder. A changed flag makes a new `Stored`."""

    uid: int
    flags: frozenset[bytes]  # system flags as in the RFC: b"\\Seen"; keywords as first written
    arrived_at: datetime  # UTC; INTERNALDATE on the wire
    raw: bytes  # lines end in CRLF
    modseq: int  # RFC 7162: number of the change that made it so


class Mailbox:
    """One folder. Every method may be called from any thread."""

    def __init__(self, name: str, attributes: str, uidvalidity: int) -> None:
        self.name = name  # as on the wire: modified UTF-7
        self.attributes = attributes.encode()
        self.uidvalidity = uidvalidity
        self.uidnext = 1
        self._by_uid: dict[int, Stored] = {}  # in UID order: mails are only ever added at the end
        self._journal: list[int] = []  # the UID touched by change n stands at n - 2; MODSEQ starts at 1
        self._lock = threading.RLock()
        self._watchers: set[Callable[[], None]] = set()  # one per client in IDLE

    @property
    def messages(self) -> list[Stored]:
        """What the folder holds now, in UID order."""
        with self._lock:
            return list(self._by_uid.values())

    @property
    def modseq(self) -> int:
        """HIGHESTMODSEQ: the number of the latest change."""
        return 1 + len(self._journal)

    def deliver(self, raw: bytes, arrived_at: datetime | None = None, flags: Iterable[bytes] = ()) -> int:
        """Add a mail, tell every client in IDLE, return the UID. `arrived_at` is aware; None: now."""
        if raw.count(b"\n") != raw.count(b"\r\n"):
            raw = re.sub(rb"\r?\n", b"\r\n", raw)
        arrived_at = (arrived_at or datetime.now(UTC)).astimezone(UTC)
        with self._lock:
            uid, self.uidnext = self.uidnext, self.uidnext + 1
            self._by_uid[uid] = Stored(uid, canonical(flags), arrived_at, raw, self.modseq + 1)
            self._changed(uid)
        return uid

    def change_flags(self, uid: int, flags: Iterable[bytes], sign: bytes = b"") -> Stored | None:
        """Set the flags; with sign b"+" add them, with b"-" take them off. None: no such mail."""
        with self._lock:
            before = self._by_uid.get(uid)
            if before is None:
                return None
            wanted = canonical(flags)
            if sign:
                wanted = before.flags | wanted if sign == b"+" else before.flags - wanted
            if wanted != before.flags:
                self._by_uid[uid] = replace(before, flags=wanted, modseq=self.modseq + 1)
                self._changed(uid)
            return self._by_uid[uid]

    def remove(self, uids: Iterable[int]) -> None:
        """Take mails away for good, as another client's EXPUNGE would."""
        with self._lock:
            for uid in uids:
                if self._by_uid.pop(uid, None) is not None:
                    self._changed(uid)

    def rebuild(self, uidvalidity: int) -> None:
        """Number the mails 1..n again under a new UIDVALIDITY."""
        with self._lock:
            kept = self.messages
            self.uidvalidity, self.uidnext = uidvalidity, 1
            self._by_uid.clear()
            for mail in kept:
                self.deliver(mail.raw, mail.arrived_at, mail.flags)
            for wake in self._watchers:
                wake()

    def find(self, uid: int) -> Stored | None:
        return self._by_uid.get(uid)

    def look(self) -> tuple[list[int], int]:
        """The UIDs, and the number of the change they are true for."""
        with self._lock:
            return list(self._by_uid), self.modseq

    def touched_since(self, modseq: int) -> list[int]:
        """The UIDs of later changes, oldest first: new, re-flagged or gone."""
        with self._lock:
            return self._journal[modseq - 1 :]

    def watch(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._watchers.add(wake)

    def unwatch(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._watchers.discard(wake)

    def _changed(self, uid: int) -> None:
        self._journal.append(uid)
        for wake in self._watchers:
            wake()


class EmbeddedServer:
    """The server. Use it in a `with`, or call `start` and `stop`; a stopped server may start again.

    `folders` maps names as on the wire (modified UTF-7) to their LIST attributes, "" for none:
    `{"INBOX": "", "[Gmail]": r"\\Noselect", "[Gmail]/Brouillons": r"\\Drafts"}`. All users share them.
    `quirks` may be replaced while the server runs; counted quirks then start afresh.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        quirks: Quirks | None = None,
        folders: Mapping[str, str] = FOLDERS,
        port: int = 0,  # 0: any free one; known after start
    ) -> None:
        self.users = {name.encode(): password.encode() for name, password in users.items()}
        self.quirks = quirks or Quirks()
        self.port = port
        self.failures: list[Exception] = []  # our own bugs, met while answering a client
        self.mailboxes: dict[str, Mailbox] = {}
        for name, attributes in folders.items():
            self.create(name, attributes)
        self._log: deque[tuple[int, bytes]] = deque(maxlen=100_000)
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._connections = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event

    @property
    def quirks(self) -> Quirks:
        return self._quirks

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._left: dict[str, int] = {name: getattr(quirks, name) for name in COUNTED}

    @property
    def log(self) -> list[tuple[int, bytes]]:
        """Connection number and line of every command so far; literals and passwords are left out."""
        return list(self._log)

    def mailbox(self, name: str) -> Mailbox:
        """The folder of this name; INBOX in any spelling (RFC 9051 §5.1)."""
        return self.mailboxes["INBOX" if name.upper() == "INBOX" else name]

    def create(self, name: str, attributes: str = "") -> Mailbox:
        """Add a folder."""
        self.mailboxes[name] = Mailbox(name, attributes, uidvalidity=1001 + len(self.mailboxes))
        return self.mailboxes[name]

    def set_uidvalidity(self, name: str, uidvalidity: int) -> None:
        """Rebuild a folder. A client that has it open gets BYE: in IDLE at once, else at its next command."""
        self.mailbox(name).rebuild(uidvalidity)

    def drop_connections(self) -> None:
        """Cut every connection at once, without a word."""

        def cut_all() -> None:
            for session in self._sessions:
                session.cut()

        self._in_loop(cut_all)

    def start(self) -> Self:
        """Listen, and return once clients can connect. Raises OSError if the port is taken."""
        started: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="embedded-imap", daemon=True)
        self._thread.start()
        self.port = started.result()
        return self

    def stop(self) -> None:
        """Cut every connection and end the thread. The mail stays. Safe to call twice."""
        if self._thread is not None and self._thread.is_alive():
            self._in_loop(self._stopping.set)
            self._thread.join()
        self._thread = None

    close = stop

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- inside the thread ---------------------------------------------------------------------------

    def spend(self, quirk: str) -> bool:
        """Whether a counted quirk strikes now. Each time it does there is one less to come."""
        self._left[quirk] -= 1
        return self._left[quirk] >= 0

    def note(self, connection: int, line: bytes) -> None:
        self._log.append((connection, line))

    def _run(self, started: Future[int]) -> None:
        try:
            asyncio.run(self._serve(started))
        except OSError as error:
            started.set_exception(error)

    async def _serve(self, started: Future[int]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        listener = await asyncio.start_server(self._welcome, "127.0.0.1", self.port, limit=MAX_LINE)
        started.set_result(int(listener.sockets[0].getsockname()[1]))
        await self._stopping.wait()
        listener.close()
        await asyncio.sleep(0.001)  # connections just accepted get as far as a session
        tasks = list(self._sessions.values())
        for session, task in list(self._sessions.items()):
            session.cut()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        session = Session(self, self._connections, reader, writer)
        self._sessions[session] = self._loop.create_task(self._attend(session))

    async def _attend(self, session: Session) -> None:
        try:
            await session.run()
        except (ConnectionError, asyncio.IncompleteReadError, HangUp):
            pass  # the client is gone, or has been told to go
        finally:
            session.writer.close()
            with suppress(OSError):
                await session.writer.wait_closed()
            del self._sessions[session]

    def _in_loop(self, action: Callable[[], object]) -> None:
        """Run `action` in the server's thread and wait for it; nothing to do while stopped."""
        if self._thread is None or not self._thread.is_alive():
            return
        done: Future[None] = Future()

        def act() -> None:
            action()
            done.set_result(None)

        self._loop.call_soon_threadsafe(act)
        done.result()


class HangUp(Exception):
    """This connection is over; everything to be said has been said."""


class Refused(Exception):
    """The command is answered with this NO or BAD."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


class State(IntEnum):
    """RFC 9051 §3: what a connection may do."""

    GREETED = 0
    AUTHENTICATED = 1
    SELECTED = 2


class Session:
    """One connection. Handlers return the text after the tag, or raise `Refused`."""

    def __init__(
        self, server: EmbeddedServer, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.number, self.reader, self.writer = server, number, reader, writer
        self.authenticated = False
        self.selected: Mailbox | None = None
        self.uidvalidity = 0  # of the open folder, when it was opened
        self.read_only = False
        self.condstore = False  # the client has shown that it understands MODSEQ
        self.view: list[int] = []  # UIDs this client knows; sequence number n is at n - 1
        self.modseq = 1  # the view is true for this change
        self.own: set[int] = set()  # later changes made, and so known, by this client

    @property
    def quirks(self) -> Quirks:
        return self.server.quirks

    @property
    def box(self) -> Mailbox:
        """The open folder. Its UIDs mean nothing once UIDVALIDITY has changed (RFC 9051 §2.3.1.1)."""
        if self.selected is None:
            raise Refused(b"BAD no folder is selected")
        if self.selected.uidvalidity != self.uidvalidity:
            self.say_bye()
            raise HangUp
        return self.selected

    # -- the conversation ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Greet, then answer one command after another until somebody hangs up."""
        if self.server.spend("bye_as_greeting"):
            await self.send(b"* BYE [UNAVAILABLE] too busy, come back later")
            return
        self.authenticated = self.quirks.preauth
        word = b"PREAUTH" if self.quirks.preauth else b"OK"
        await self.send(b"* %s [CAPABILITY %s] Onward mailbox ready" % (word, self.capabilities()))
        while True:
            pieces = await self.read_command()
            if pieces is not None:
                await self.answer(pieces)

    async def read_command(self) -> list[bytes] | None:
        """One command as text, literal, text, literal, …, text. None: refused for its size."""
        pieces: list[bytes] = []
        total = 0
        while True:
            text = (await self.read_line()).rstrip(b"\r\n")
            announced = LITERAL.search(text)
            if announced is None:
                self.note([*pieces, text])
                return [*pieces, text]
            size = int(announced[1])
            total += len(text) + size
            if total > (MAX_LITERAL if self.authenticated else MAX_LINE):
                self.note([*pieces, text])
                if announced[2]:  # RFC 7888 §4: it is being sent already, so the connection is lost
                    self.say_bye(b"[TOOBIG] literal too large")
                    raise HangUp
                await self.send(first_word([*pieces, text]) + b" NO [TOOBIG] literal too large")
                return None
            if not announced[2]:
                await self.send(b"+ send it")
            pieces += [text[: announced.start()], await self.reader.readexactly(size)]

    async def read_line(self) -> bytes:
        try:
            line = await self.reader.readline()
        except ValueError:
            self.say_bye(b"line too long")
            raise HangUp from None
        if not line.endswith(b"\n"):
            raise HangUp
        return line

    async def answer(self, pieces: list[bytes]) -> None:
        """Obey one command, then tell what else has happened, then finish it with its tag."""
        tag = first_word(pieces)
        if not TAG.fullmatch(tag):
            return await self.send(b"* BAD no tag")
        name, tell = b"", True
        try:
            arguments = Arguments(words_of(pieces)[1:])
            name = arguments.text().upper()
            by_uid = name == b"UID"
            if by_uid:
                name = arguments.text().upper()
            needed, handler = COMMANDS.get(name, (State.GREETED, None))
            if handler is None or (by_uid and name not in TAKES_UID):
                raise Refused(b"BAD unknown command")
            if self.state() < needed:
                raise Refused(b"BAD not now")
            # RFC 9051 §7.5.1: sequence numbers must not move under these three.
            tell = by_uid or name not in (b"FETCH", b"STORE", b"SEARCH")
            reply = await handler(self, arguments, by_uid)
        except Refused as refused:
            reply = refused.reply
        except (OSError, HangUp, asyncio.IncompleteReadError):
            raise
        except Exception as error:
            self.server.failures.append(error)
            reply = b"NO [SERVERBUG] " + type(error).__name__.encode()
        if self.quirks.throttled and self.authenticated and reply.startswith(b"OK ") and b"[" not in reply:
            reply = b"OK [THROTTLED] " + reply[3:]
        await self.send(*(self.news() if tell else ()), tag + b" " + reply)
        if name == b"LOGOUT" and reply.startswith(b"OK"):
            raise HangUp
        return None

    async def send(self, *lines: bytes) -> None:
        if not self.quirks.split_writes:
            self.writer.write(b"".join(line + b"\r\n" for line in lines))
            return await self.writer.drain()
        for line in lines:
            cut = max(1, len(line.partition(b"\r\n")[0]) // 2)
            for part in (line[:cut], line[cut:] + b"\r\n"):
                self.writer.write(part)
                await self.writer.drain()
                await asyncio.sleep(SPLIT_PAUSE)
        return None

    def say_bye(self, reason: bytes = b"session state is no longer valid") -> None:
        self.writer.write(b"* BYE " + reason + b"\r\n")
        self.writer.close()

    def cut(self) -> None:
        self.writer.transport.abort()

    def note(self, pieces: list[bytes]) -> None:
        """Write a command to the log, without literals, and without anything that may be a password."""
        words = pieces[0].split(None, 3)
        name = words[1].upper() if len(words) > 1 else b""
        if name == b"LOGIN":
            line = words[0] + b" LOGIN <withheld>"
        elif name == b"AUTHENTICATE":
            line = b" ".join(words[:3]) + (b" <withheld>" if len(words) > 3 else b"")
        elif name not in COMMANDS and not self.authenticated:
            line = b"<%d octets, withheld>" % len(pieces[0])
        else:
            line = b"".join(b"<%d octets>" % len(p) if n % 2 else p for n, p in enumerate(pieces))
        self.server.note(self.number, line[:MAX_LINE])

    def state(self) -> State:
        if not self.authenticated:
            return State.GREETED
        return State.AUTHENTICATED if self.selected is None else State.SELECTED

    def news(self) -> list[bytes]:
        """What changed in the open folder since this client last heard: gone, then new, then re-flagged."""
        if self.selected is None:
            return []
        box = self.box
        touched = box.touched_since(self.modseq)
        known, lines = len(self.view), []
        fresh: set[int] = set()
        flagged: dict[int, Stored] = {}
        for number, uid in enumerate(touched, self.modseq + 1):
            mail, position = box.find(uid), self.position_of(uid)
            if mail is None and position is not None:
                del self.view[position]
                fresh.discard(uid)
                if position < known:
                    known -= 1
                    lines.append(b"* %d EXPUNGE" % (position + 1))
            elif mail is not None and position is None:
                self.view.append(uid)
                fresh.add(uid)
            elif mail is not None and uid not in fresh and number not in self.own:
                flagged[uid] = mail
        self.modseq += len(touched)
        self.own = {number for number in self.own if number > self.modseq}
        if len(self.view) > known:
            lines.append(b"* %d EXISTS" % len(self.view))
        return lines + [self.flag_line(mail, by_uid=True) for mail in flagged.values() if mail.uid in self.view]

    def position_of(self, uid: int) -> int | None:
        position = bisect_left(self.view, uid)
        return position if position < len(self.view) and self.view[position] == uid else None

    def flag_line(self, mail: Stored, by_uid: bool, silent: bool = False) -> bytes:
        """An untagged FETCH about flags; with MODSEQ for those who asked (RFC 7162 §3.2)."""
        parts = [] if silent else [show_flags(mail)]
        if by_uid:
            parts.append(b"UID %d" % mail.uid)
        if self.condstore:
            parts.append(b"MODSEQ (%d)" % mail.modseq)
        return b"* %d FETCH (%s)" % (bisect_left(self.view, mail.uid) + 1, b" ".join(parts))

    def positions(self, numbers: bytes, by_uid: bool) -> list[int]:
        """Where the mails of a sequence set stand in the view. `*` is the last one, so that `n:*` always
        names at least one mail (RFC 9051 §6.4.9); numbers beyond the end name nothing."""
        spans = []
        last = (self.view[-1] if by_uid else len(self.view)) if self.view else 0
        for part in numbers.split(b","):
            match = SPAN.fullmatch(part)
            if match is None:
                raise Refused(b"BAD not a sequence set")
            low = last if match[1] == b"*" else int(match[1])
            high = low if match[2] is None else last if match[2] == b"*" else int(match[2])
            low, high = min(low, high), max(low, high)
            if by_uid:
                spans.append((bisect_left(self.view, low), bisect_right(self.view, high)))
            else:
                spans.append((max(low - 1, 0), min(high, len(self.view))))
        found: list[int] = []
        reached = 0
        for first, end in sorted(spans):
            found.extend(range(max(first, reached), end))
            reached = max(reached, end)
        return found

    def folder(self, name: bytes, refusal: bytes = b"NO [NONEXISTENT] no such folder") -> Mailbox:
        try:
            mailbox = self.server.mailbox(name.decode("ascii"))
        except (KeyError, UnicodeDecodeError):
            raise Refused(refusal) from None
        if rb"\noselect" in mailbox.attributes.lower():
            raise Refused(refusal)
        return mailbox

    def must_write(self) -> None:
        if self.read_only:
            raise Refused(b"NO [READ-ONLY] this folder was opened with EXAMINE")

    # -- commands in any state -----------------------------------------------------------------------

    def capabilities(self) -> bytes:
        limit = self.quirks.message_limit
        words = [
            b"IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ID ENABLE NAMESPACE UNSELECT MOVE CONDSTORE",
            b"APPENDLIMIT=%d" % MAX_LITERAL,
            b"" if self.quirks.no_idle else b"IDLE",
            b"" if self.quirks.no_uidplus else b"UIDPLUS",
            b"" if self.quirks.no_special_use else b"SPECIAL-USE",
            b"" if limit is None else b"MESSAGELIMIT=%d" % limit,
        ]
        return b" ".join(word for word in words if word)

    async def capability(self, arguments: Arguments, by_uid: bool) -> bytes:
        await self.send(b"* CAPABILITY " + self.capabilities())
        return b"OK CAPABILITY done"

    async def id(self, arguments: Arguments, by_uid: bool) -> bytes:
        await self.send(b'* ID ("name" "Onward embedded mailbox")')
        return b"OK ID done"

    async def noop(self, arguments: Arguments, by_uid: bool) -> bytes:
        return b"OK done"

    async def logout(self, arguments: Arguments, by_uid: bool) -> bytes:
        self.selected = None
        await self.send(b"* BYE see you")
        return b"OK LOGOUT done"

    async def login(self, arguments: Arguments, by_uid: bool) -> bytes:
        return self.admit(arguments.text(), arguments.text())

    async def authenticate(self, arguments: Arguments, by_uid: bool) -> bytes:
        """SASL PLAIN (RFC 4616), with the answer in the same line (RFC 4959) or after a `+`."""
        if arguments.text().upper() != b"PLAIN":
            return b"NO only PLAIN"
        if arguments.more():
            answer = arguments.text()
        else:
            await self.send(b"+ ")
            answer = (await self.read_line()).strip()
            self.server.note(self.number, b"<withheld>")
        try:
            _, name, password = base64.b64decode(answer, validate=True).split(b"\0")
        except (ValueError, binascii.Error):
            return b"BAD not a PLAIN answer"
        return self.admit(name, password)

    def admit(self, name: bytes, password: bytes) -> bytes:
        if self.authenticated:
            raise Refused(b"BAD already logged in")
        if self.server.spend("refuse_logins") or self.server.users.get(name) != password:
            return b"NO [AUTHENTICATIONFAILED] wrong name or password"
        self.authenticated = True
        return b"OK welcome"

    # -- commands about folders ----------------------------------------------------------------------

    async def enable(self, arguments: Arguments, by_uid: bool) -> bytes:
        wanted = {arguments.text().upper() for _ in range(len(arguments.words))}
        self.condstore |= b"CONDSTORE" in wanted
        await self.send(b"* ENABLED CONDSTORE" if b"CONDSTORE" in wanted else b"* ENABLED")
        return b"OK ENABLE done"

    async def namespace(self, arguments: Arguments, by_uid: bool) -> bytes:
        await self.send(b'* NAMESPACE (("" "/")) NIL NIL')
        return b"OK NAMESPACE done"

    async def list_folders(self, arguments: Arguments, by_uid: bool) -> bytes:
        """LIST, LSUB (everything is subscribed), and the SPECIAL-USE forms of RFC 6154 §5."""
        only_special = arguments.at_group() and b"SPECIAL-USE" in arguments.upper_group()
        reference = arguments.text()
        patterns = arguments.group() if arguments.at_group() else [arguments.text()]
        if patterns == [b""]:
            await self.send(rb'* LIST (\Noselect) "/" ""')
        for mailbox in list(self.server.mailboxes.values()):
            attributes = self.attributes_of(mailbox)
            if only_special and not SPECIAL_USE & set(attributes.lower().split()):
                continue
            if any(isinstance(p, bytes) and fits(reference + p, mailbox.name) for p in patterns):
                await self.send(b'* LIST (%s) "/" %s' % (attributes, quote(mailbox.name.encode())))
        return b"OK LIST done"

    async def lsub(self, arguments: Arguments, by_uid: bool) -> bytes:
        reference, pattern = arguments.text(), arguments.text()
        for mailbox in list(self.server.mailboxes.values()):
            if fits(reference + pattern, mailbox.name):
                await self.send(b'* LSUB () "/" ' + quote(mailbox.name.encode()))
        return b"OK LSUB done"

    def attributes_of(self, mailbox: Mailbox) -> bytes:
        words = mailbox.attributes.split()
        if self.quirks.no_special_use:
            words = [word for word in words if word.lower() not in SPECIAL_USE]
        if self.quirks.lower_case_flags:
            words = [word.lower() for word in words]
        inside = any(name.startswith(mailbox.name + "/") for name in self.server.mailboxes)
        return b" ".join([rb"\HasChildren" if inside else rb"\HasNoChildren", *words])

    async def status(self, arguments: Arguments, by_uid: bool) -> bytes:
        mailbox, wanted = self.folder(arguments.text()), arguments.upper_group()
        mails = mailbox.messages
        self.condstore |= b"HIGHESTMODSEQ" in wanted
        facts = {
            b"MESSAGES": len(mails),
            b"RECENT": 0,
            b"UIDNEXT": mailbox.uidnext,
            b"UIDVALIDITY": mailbox.uidvalidity,
            b"UNSEEN": sum(rb"\Seen" not in mail.flags for mail in mails),
            b"HIGHESTMODSEQ": mailbox.modseq,
        }
        if not set(wanted) <= set(facts):
            raise Refused(b"BAD unknown STATUS item")
        said = b" ".join(b"%s %d" % (item, facts[item]) for item in wanted)
        await self.send(b"* STATUS %s (%s)" % (quote(mailbox.name.encode()), said))
        return b"OK STATUS done"

    async def select(self, arguments: Arguments, by_uid: bool, read_only: bool = False) -> bytes:
        self.selected = None  # RFC 9051 §6.3.2: also when the new one cannot be opened
        mailbox = self.folder(arguments.text())
        self.condstore |= arguments.at_group() and b"CONDSTORE" in arguments.upper_group()
        self.view, self.modseq = mailbox.look()
        self.selected, self.uidvalidity = mailbox, mailbox.uidvalidity
        self.read_only, self.own = read_only, set()
        await self.send(
            b"* FLAGS (" + SYSTEM_FLAGS + b")",
            b"* OK [PERMANENTFLAGS (%s)] kept" % (b"" if read_only else SYSTEM_FLAGS + rb" \*"),
            b"* %d EXISTS" % len(self.view),
            b"* 0 RECENT",
            b"* OK [UIDVALIDITY %d] UIDs are valid" % mailbox.uidvalidity,
            b"* OK [UIDNEXT %d] predicted" % mailbox.uidnext,
            b"* OK [HIGHESTMODSEQ %d] counted" % self.modseq,
        )
        return b"OK [READ-ONLY] EXAMINE done" if read_only else b"OK [READ-WRITE] SELECT done"

    async def examine(self, arguments: Arguments, by_uid: bool) -> bytes:
        return await self.select(arguments, by_uid, read_only=True)

    async def create(self, arguments: Arguments, by_uid: bool) -> bytes:
        name = arguments.text().decode("ascii", "replace").rstrip("/")
        if not name or not name.isascii() or not name.isprintable() or len(name) > MAX_NAME:
            return b"NO [CANNOT] not a name for a folder"
        if name in self.server.mailboxes or name.upper() == "INBOX":
            return b"NO [ALREADYEXISTS] there is one already"
        if len(self.server.mailboxes) >= MAX_WORDS:
            return b"NO [LIMIT] too many folders"
        self.server.create(name)
        return b"OK CREATE done"

    async def append(self, arguments: Arguments, by_uid: bool) -> bytes:
        """Store a mail (RFC 9051 §6.3.12). A lost answer here makes a double draft, hence the quirks."""
        mailbox = self.folder(arguments.text(), b"NO [TRYCREATE] no such folder")
        flags = arguments.flags() if arguments.at_group() else []
        arrived_at = read_moment(arguments.text()) if len(arguments.words) > 1 else None
        raw = arguments.text()
        if arguments.more() or not raw:
            raise Refused(b"BAD one mail, please")
        if self.quirks.append_refusal is not None:
            return self.quirks.append_refusal
        if self.quirks.append_delay:
            await asyncio.sleep(self.quirks.append_delay)
        uid = mailbox.deliver(raw, arrived_at, flags)
        if self.server.spend("drop_after_append"):
            self.cut()
            raise HangUp
        if self.quirks.no_uidplus:
            return b"OK APPEND done"
        return b"OK [APPENDUID %d %d] APPEND done" % (mailbox.uidvalidity, uid)

    async def idle(self, arguments: Arguments, by_uid: bool) -> bytes:
        """Push what happens until the client says DONE (RFC 2177)."""
        if self.quirks.no_idle:
            raise Refused(b"BAD unknown command")
        if self.quirks.bye_in_idle:
            await self.send(b"+ idling")
            self.say_bye(b"idle for too long")
            raise HangUp
        news = self.news()
        with_exists = dict.fromkeys([*news, b"* %d EXISTS" % len(self.view)])
        if self.quirks.exists_before_plus:
            await self.send(*with_exists, b"+ idling")
        elif self.quirks.coalesce_idle:
            self.writer.write(b"\r\n".join([b"+ idling", *with_exists, b""]))
        else:
            await self.send(b"+ idling")
            await self.send(*news)
        line = await self.push_until_a_line_comes()
        self.server.note(self.number, line if line.upper() == b"DONE" else b"<not DONE>")
        return b"OK IDLE done" if line.upper() == b"DONE" else b"BAD expected DONE"

    async def push_until_a_line_comes(self) -> bytes:
        happened, loop = asyncio.Event(), asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(happened.set)

        mailbox = self.selected
        if mailbox is not None:
            mailbox.watch(wake)
        line = asyncio.create_task(self.read_line())
        line.add_done_callback(lambda _: happened.set())
        try:
            while not line.done():
                happened.clear()
                if lines := self.news():
                    await self.send(*lines)
                if not line.done():
                    await happened.wait()
            return (await line).strip()
        finally:
            line.cancel()
            if mailbox is not None:
                mailbox.unwatch(wake)

    # -- commands about mails ------------------------------------------------------------------------

    async def search(self, arguments: Arguments, by_uid: bool) -> bytes:
        if arguments.peek() == b"CHARSET":
            arguments.text()
            if arguments.text().upper() not in (b"UTF-8", b"US-ASCII"):
                return b"NO [BADCHARSET (UTF-8 US-ASCII)] unknown charset"
        box, matches = self.box, read_search(arguments, self)
        found = []
        for position, uid in enumerate(self.view):
            mail = box.find(uid)
            if mail is not None and matches(position, mail):
                found.append(uid if by_uid else position + 1)
        await self.send(b"* SEARCH" + b"".join(b" %d" % number for number in found))
        return b"OK SEARCH done"

    async def fetch(self, arguments: Arguments, by_uid: bool) -> bytes:
        """Send what was asked about each mail; a mail that is gone is passed over (RFC 2180 §4.1)."""
        positions = self.positions(arguments.text(), by_uid)
        items = arguments.upper_group() if arguments.at_group() else [arguments.text().upper()]
        since = 0
        if arguments.more():
            since = read_modifier(arguments, b"CHANGEDSINCE")
            items.append(b"MODSEQ")
        if by_uid:
            items.append(b"UID")
        self.condstore |= b"MODSEQ" in items
        parts = [show_item(item, self.quirks.huge_literal) for item in dict.fromkeys(items)]
        marks_seen = not self.read_only and any(READS_BODY.match(item) for item in items)
        limit = self.quirks.message_limit
        if limit is not None and len(positions) > limit:
            return b"NO [LIMIT] at most %d mails in one FETCH" % limit
        for count, position in enumerate(positions):
            mail = self.box.find(self.view[position])
            if mail is None or mail.modseq <= since or mail.uid in self.quirks.missing_uids:
                continue
            untold: list[bytes] = []
            if marks_seen and rb"\Seen" not in mail.flags:
                mail = self.flag(mail, [rb"\Seen"], b"+")
                untold = [] if b"FLAGS" in items else [show_flags(mail)]
            shown = [*(part(mail) for part in parts), *untold]
            await self.send(b"* %d FETCH (%s)" % (position + 1, b" ".join(shown)))
            if count % 100 == 99:
                await asyncio.sleep(0)  # let the others have a turn
        return b"OK FETCH done"

    async def store(self, arguments: Arguments, by_uid: bool) -> bytes:
        self.must_write()
        positions = self.positions(arguments.text(), by_uid)
        limit = read_modifier(arguments, b"UNCHANGEDSINCE") if arguments.at_group() else None
        item = STORE_ITEM.fullmatch(arguments.text())
        if item is None:
            raise Refused(b"BAD FLAGS, +FLAGS or -FLAGS")
        flags = arguments.flags()
        modified = []
        for position in positions:
            mail = self.box.find(self.view[position])
            if mail is None:
                continue
            if limit is not None and mail.modseq > limit:
                modified.append(mail.uid if by_uid else position + 1)
                continue
            mail = self.flag(mail, flags, item[1])
            if not item[2] or self.condstore:
                await self.send(self.flag_line(mail, by_uid, silent=bool(item[2])))
        return b"OK [MODIFIED %s] STORE done" % show_numbers(modified) if modified else b"OK STORE done"

    def flag(self, mail: Stored, flags: Iterable[bytes], sign: bytes) -> Stored:
        """Change flags in this client's name: it need not be told again."""
        after = self.box.change_flags(mail.uid, flags, sign)
        if after is not None and after.modseq > mail.modseq:
            self.own.add(after.modseq)
        return after or mail

    async def copy(self, arguments: Arguments, by_uid: bool, move: bool = False) -> bytes:
        """COPY and MOVE with the UIDs on both sides (RFC 4315 §3, RFC 6851 §4.3)."""
        positions = self.positions(arguments.text(), by_uid)
        target = self.folder(arguments.text(), b"NO [TRYCREATE] no such folder")
        mails = [mail for p in positions if (mail := self.box.find(self.view[p])) is not None]
        copies = [target.deliver(mail.raw, mail.arrived_at, mail.flags) for mail in mails]
        code = b""
        if mails and not self.quirks.no_uidplus:
            sides = show_numbers([mail.uid for mail in mails]), show_numbers(copies)
            code = b"[COPYUID %d %s %s] " % (target.uidvalidity, *sides)
        if move:
            if code:
                await self.send(b"* OK " + code + b"moved")
            self.box.remove([mail.uid for mail in mails])
            return b"OK MOVE done"
        return b"OK " + code + b"COPY done"

    async def move(self, arguments: Arguments, by_uid: bool) -> bytes:
        self.must_write()
        return await self.copy(arguments, by_uid, move=True)

    async def expunge(self, arguments: Arguments, by_uid: bool) -> bytes:
        self.must_write()
        if by_uid and self.quirks.no_uidplus:
            raise Refused(b"BAD unknown command")
        positions = self.positions(arguments.text(), by_uid) if by_uid else list(range(len(self.view)))
        mails = [self.box.find(self.view[position]) for position in positions]
        self.box.remove([mail.uid for mail in mails if mail is not None and rb"\Deleted" in mail.flags])
        return b"OK EXPUNGE done"

    async def close(self, arguments: Arguments, by_uid: bool) -> bytes:
        if not self.read_only:
            await self.expunge(arguments, by_uid=False)
        return await self.unselect(arguments, by_uid)

    async def unselect(self, arguments: Arguments, by_uid: bool) -> bytes:
        self.selected = None
        return b"OK done"


Handler: TypeAlias = Callable[[Session, "Arguments", bool], Awaitable[bytes]]
COMMANDS: dict[bytes, tuple[State, Handler]] = {
    b"CAPABILITY": (State.GREETED, Session.capability),
    b"ID": (State.GREETED, Session.id),
    b"NOOP": (State.GREETED, Session.noop),
    b"LOGOUT": (State.GREETED, Session.logout),
    b"LOGIN": (State.GREETED, Session.login),
    b"AUTHENTICATE": (State.GREETED, Session.authenticate),
    b"ENABLE": (State.AUTHENTICATED, Session.enable),
    b"NAMESPACE": (State.AUTHENTICATED, Session.namespace),
    b"LIST": (State.AUTHENTICATED, Session.list_folders),
    b"LSUB": (State.AUTHENTICATED, Session.lsub),
    b"STATUS": (State.AUTHENTICATED, Session.status),
    b"SELECT": (State.AUTHENTICATED, Session.select),
    b"EXAMINE": (State.AUTHENTICATED, Session.examine),
    b"CREATE": (State.AUTHENTICATED, Session.create),
    b"SUBSCRIBE": (State.AUTHENTICATED, Session.noop),
    b"UNSUBSCRIBE": (State.AUTHENTICATED, Session.noop),
    b"APPEND": (State.AUTHENTICATED, Session.append),
    b"IDLE": (State.AUTHENTICATED, Session.idle),
    b"CHECK": (State.SELECTED, Session.noop),
    b"SEARCH": (State.SELECTED, Session.search),
    b"FETCH": (State.SELECTED, Session.fetch),
    b"STORE": (State.SELECTED, Session.store),
    b"COPY": (State.SELECTED, Session.copy),
    b"MOVE": (State.SELECTED, Session.move),
    b"EXPUNGE": (State.SELECTED, Session.expunge),
    b"CLOSE": (State.SELECTED, Session.close),
    b"UNSELECT": (State.SELECTED, Session.unselect),
}
TAKES_UID = (b"SEARCH", b"FETCH", b"STORE", b"COPY", b"MOVE", b"EXPUNGE")


# -- reading commands --------------------------------------------------------------------------------

Word: TypeAlias = "bytes | list[Word]"  # an atom or string, or a group in brackets

LITERAL = re.compile(rb"\{(\d{1,20})(\+?)\}$")
TAG = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\+]{1,100}')
SPAN = re.compile(rb"(\*|[1-9]\d{0,9})(?::(\*|[1-9]\d{0,9}))?")
STORE_ITEM = re.compile(rb"([+-]?)FLAGS(\.SILENT)?", re.IGNORECASE)
READS_BODY = re.compile(rb"BODY\[|RFC822$|RFC822\.TEXT$")
TOKEN = re.compile(
    rb"[ \t]*(?:"
    rb"([()])"
    rb'|"((?:[^"\\]|\\.)*+)"'
    rb'|((?:[^\x00-\x20()"\[\]]++|\[[^\]]*+\])++)'  # an atom; BODY[HEADER.FIELDS (A B)] counts as one
    rb"|$)"
)


def first_word(pieces: list[bytes]) -> bytes:
    return pieces[0].partition(b" ")[0]


def words_of(pieces: list[bytes]) -> list[Word]:
    """Take a command apart: words, with brackets as lists. `pieces` is text, literal, text, …"""
    open_groups: list[list[Word]] = [[]]
    count = 0
    for number, piece in enumerate(pieces):
        if number % 2:
            open_groups[-1].append(piece)
            continue
        at = 0
        while at < len(piece):
            token = TOKEN.match(piece, at)
            count += 1
            if token is None or count > MAX_WORDS:
                raise Refused(b"BAD cannot read this")
            at = token.end()
            if token[1] == b"(":
                group: list[Word] = []
                open_groups[-1].append(group)
                open_groups.append(group)
            elif token[1] == b")":
                open_groups.pop()
            elif token[2] is not None:
                open_groups[-1].append(re.sub(rb"\\(.)", rb"\1", token[2]))
            elif token[3] is not None:
                open_groups[-1].append(token[3])
            if not 0 < len(open_groups) <= MAX_DEPTH:
                raise Refused(b"BAD brackets")
    if len(open_groups) != 1:
        raise Refused(b"BAD brackets")
    return open_groups[0]


class Arguments:
    """The words after a command's name, taken from the left."""

    def __init__(self, words: Iterable[Word]) -> None:
        self.words = deque(words)

    def more(self) -> bool:
        return bool(self.words)

    def at_group(self) -> bool:
        return bool(self.words) and isinstance(self.words[0], list)

    def peek(self) -> bytes | None:
        return self.words[0].upper() if self.words and isinstance(self.words[0], bytes) else None

    def text(self) -> bytes:
        if not self.words or not isinstance(word := self.words.popleft(), bytes):
            raise Refused(b"BAD a word is missing")
        return word

    def number(self) -> int:
        if not re.fullmatch(rb"\d{1,19}", text := self.text()):
            raise Refused(b"BAD not a number")
        return int(text)

    def group(self) -> list[Word]:
        if not self.words or not isinstance(word := self.words.popleft(), list):
            raise Refused(b"BAD a list is missing")
        return word

    def upper_group(self) -> list[bytes]:
        inside = Arguments(self.group())
        return [inside.text().upper() for _ in range(len(inside.words))]

    def flags(self) -> list[bytes]:
        """Flags in brackets, or bare to the end of the line as STORE allows."""
        inside = Arguments(self.group()) if self.at_group() else self
        flags = [inside.text() for _ in range(len(inside.words))]
        if not all(re.fullmatch(rb'\\?[^\x00-\x20\x7f-\xff(){%*"\\\]]{1,100}', flag) for flag in flags):
            raise Refused(b"BAD not a flag")
        return flags


def read_modifier(arguments: Arguments, name: bytes) -> int:
    """`(CHANGEDSINCE 7)` or `(UNCHANGEDSINCE 7)`, RFC 7162 §3.1."""
    inside = Arguments(arguments.group())
    if inside.text().upper() != name:
        raise Refused(b"BAD unknown modifier")
    return inside.number()


MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DAY = re.compile(rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4})")
MOMENT = re.compile(DAY.pattern + rb" (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")


def read_day(text: bytes) -> date:
    match = DAY.fullmatch(text)
    try:
        if match is not None:
            return date(int(match[3]), 1 + MONTHS.index(match[2].capitalize()), int(match[1]))
    except ValueError:
        pass
    raise Refused(b"BAD not a date")


def read_moment(text: bytes) -> datetime:
    match = MOMENT.fullmatch(text)
    if match is None:
        raise Refused(b"BAD not a date-time")
    day = read_day(text[: text.rindex(b" ", 0, match.start(4))])
    offset = timedelta(hours=int(match[8]), minutes=int(match[9])) * (-1 if match[7] == b"-" else 1)
    try:
        hour, minute, second = (int(match[n]) for n in (4, 5, 6))
        moment = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=timezone(offset))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(b"BAD not a date-time") from None


def fits(pattern: bytes, name: str) -> bool:
    """RFC 9051 §6.3.9: `*` runs over everything, `%` stops at the delimiter. Keeps every place in the name
    that the pattern so far can reach, so that no pattern takes long."""
    signs = pattern[:MAX_NAME].decode("ascii", "replace")
    if name == "INBOX":
        signs = signs.upper()
    reached = {0}
    for sign in signs:
        if sign == "*":
            reached = set(range(min(reached), len(name) + 1))
        elif sign == "%":
            ends = [(at, name.find("/", at)) for at in reached]
            reached = {n for at, end in ends for n in range(at, (end if end >= 0 else len(name)) + 1)}
        else:
            reached = {at + 1 for at in reached if name[at : at + 1] == sign}
        if not reached:
            return False
    return len(name) in reached


# -- searching ---------------------------------------------------------------------------------------

Test: TypeAlias = Callable[[int, Stored], bool]  # position in the view, mail
FLAG_KEYS = {flag[1:].upper(): flag for flag in SYSTEM_FLAGS.split()}
HEADER_KEYS = (b"FROM", b"TO", b"CC", b"BCC", b"SUBJECT")


def read_search(arguments: Arguments, session: Session, depth: int = 0) -> Test:
    """All keys to the end of the line or group; every one must hold (RFC 9051 §6.4.4)."""
    if not arguments.more():
        raise Refused(b"BAD search for what?")
    tests = []
    while arguments.more():
        tests.append(read_search_key(arguments, session, depth))
    if len(tests) == 1:
        return tests[0]
    return lambda position, mail: all(test(position, mail) for test in tests)


def read_search_key(arguments: Arguments, session: Session, depth: int) -> Test:
    if depth > MAX_DEPTH:
        raise Refused(b"BAD search too deep")
    if arguments.at_group():
        return read_search(Arguments(arguments.group()), session, depth + 1)
    key = arguments.text().upper()
    if key in (b"ALL", b"OLD"):  # no mail is ever \Recent here
        return lambda position, mail: True
    if key in (b"RECENT", b"NEW"):
        return lambda position, mail: False
    if key in FLAG_KEYS or key in (b"KEYWORD", b"UNKEYWORD") or (key[:2] == b"UN" and key[2:] in FLAG_KEYS):
        flag = (FLAG_KEYS.get(key.removeprefix(b"UN")) or arguments.text()).lower()
        wanted = not key.startswith(b"UN")
        return lambda position, mail: (flag in {one.lower() for one in mail.flags}) is wanted
    if key == b"NOT":
        inner = read_search_key(arguments, session, depth + 1)
        return lambda position, mail: not inner(position, mail)
    if key == b"OR":
        left = read_search_key(arguments, session, depth + 1)
        right = read_search_key(arguments, session, depth + 1)
        return lambda position, mail: left(position, mail) or right(position, mail)
    if key == b"UID" or SPAN.match(key):
        by_uid = key == b"UID"
        chosen = set(session.positions(arguments.text() if by_uid else key, by_uid))
        return lambda position, mail: position in chosen
    if key in (b"LARGER", b"SMALLER"):
        size, sign = arguments.number(), 1 if key == b"LARGER" else -1
        return lambda position, mail: (len(mail.raw) - size) * sign > 0
    if key.removeprefix(b"SENT") in (b"SINCE", b"BEFORE", b"ON"):
        return date_test(key, read_day(arguments.text()))
    if key in HEADER_KEYS:
        return header_test(key, arguments.text())
    if key == b"HEADER":
        if session.quirks.search_header_serverbug:
            raise Refused(b"NO [SERVERBUG] SEARCH server error, please try again later")
        return header_test(arguments.text(), arguments.text())
    if key in (b"TEXT", b"BODY"):
        needle, whole = arguments.text().lower(), key == b"TEXT"
        return lambda position, mail: needle in (mail.raw if whole else body_of(mail.raw)).lower()
    raise Refused(b"BAD unknown search key")


def date_test(key: bytes, day: date) -> Test:
    """Compare days, without times and zones. SENT… looks at the Date header, the others at INTERNALDATE."""
    how = key.removeprefix(b"SENT")
    sent = key.startswith(b"SENT")

    def test(position: int, mail: Stored) -> bool:
        this = sent_day(mail.raw) if sent else mail.arrived_at.date()
        if this is None:
            return False
        return this >= day if how == b"SINCE" else this < day if how == b"BEFORE" else this == day

    return test


def header_test(name: bytes, value: bytes) -> Test:
    """Substring, in any case, of the header as people read it. An empty value asks for its presence."""
    pattern, needle = field_pattern([name]), value.decode("utf-8", "replace").lower()
    return lambda position, mail: any(needle in readable(v).lower() for v in values(pattern, mail.raw))


# -- reading mails -----------------------------------------------------------------------------------


def head_of(raw: bytes) -> bytes:
    """The header with its empty line; all of it if there is no empty line."""
    if raw.startswith(b"\r\n"):
        return raw[:2]
    end = raw.find(b"\r\n\r\n")
    return raw if end < 0 else raw[: end + 4]


def body_of(raw: bytes) -> bytes:
    return raw[len(head_of(raw)) :]


def field_pattern(names: Iterable[bytes], others: bool = False) -> re.Pattern[bytes]:
    """Finds the header fields of these names, or all but these, whole with their folded lines."""
    named = b"(?:%s)[ \t]*:" % b"|".join(re.escape(name) for name in names)
    start = b"(?!%s)[^ \t\r\n:]+[ \t]*:" % named if others else named
    return re.compile(b"^%s([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\\Z)" % start, re.MULTILINE | re.IGNORECASE)


def values(pattern: re.Pattern[bytes], raw: bytes) -> list[bytes]:
    """The values of the fields found, unfolded."""
    found = pattern.finditer(head_of(raw))
    return [match[1].replace(b"\r\n", b"").replace(b"\n", b"").strip() for match in found]


def readable(value: bytes) -> str:
    """A header value with its encoded words decoded, or as it is when they are broken."""
    text = value.decode("utf-8", "replace")
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):
        return text


def sent_day(raw: bytes) -> date | None:
    for value in values(DATE_FIELD, raw)[:1]:
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            return parsedate_to_datetime(value.decode("ascii", "replace")).date()
    return None


DATE_FIELD = field_pattern([b"Date"])


def canonical(flags: Iterable[bytes]) -> frozenset[bytes]:
    """System flags in the RFC's spelling; \\Recent is nobody's to set."""
    spelled = (b"\\" + flag[1:].capitalize() if flag[:1] == b"\\" else flag for flag in flags)
    return frozenset(flag for flag in spelled if flag != rb"\Recent")


# -- rendering answers -------------------------------------------------------------------------------

Part: TypeAlias = Callable[[Stored], bytes]
SECTION = re.compile(
    rb"BODY(?:\.PEEK)?\[(HEADER|TEXT|HEADER\.FIELDS(\.NOT)? \(([^()]*)\)|)\]"
    rb"(?:<(\d{1,10})\.(\d{1,10})>)?"  # partial: from octet a, b octets
)
OLD_NAMES = {b"RFC822": b"BODY[]", b"RFC822.HEADER": b"BODY[HEADER]", b"RFC822.TEXT": b"BODY[TEXT]"}
ENVELOPE_FIELDS = {
    name: field_pattern([name])
    for name in b"Date Subject From Sender Reply-To To Cc Bcc In-Reply-To Message-ID".split()
}


def show_item(item: bytes, huge_uid: int | None) -> Part:
    """How to answer one FETCH item, worked out once for all mails."""
    if item in PARTS:
        return PARTS[item]
    section = SECTION.fullmatch(OLD_NAMES.get(item, item))
    if section is None:
        raise Refused(b"BAD unknown FETCH item")
    label = item if item in OLD_NAMES else b"BODY[" + section[1].upper() + b"]"
    start, length = int(section[4] or 0), int(section[5] or MAX_LITERAL)
    if section[4] is not None:
        label += b"<%d>" % start
    take = section_reader(section)

    def show(mail: Stored) -> bytes:
        data = take(mail.raw)[start : start + length]
        return b"%s {%d}\r\n%s" % (label, HUGE if mail.uid == huge_uid else len(data), data)

    return show


def section_reader(section: re.Match[bytes]) -> Callable[[bytes], bytes]:
    """RFC 9051 §6.4.5.1, without the numbered parts of a multipart."""
    if section[3] is not None:
        names = [name.strip(b'"') for name in section[3].split()]
        pattern = field_pattern(names, others=section[2] is not None)
        return lambda raw: b"".join(found[0] for found in pattern.finditer(head_of(raw))) + b"\r\n"
    kinds = {b"": lambda raw: raw, b"HEADER": head_of, b"TEXT": body_of}
    return kinds[section[1].upper()]


def show_flags(mail: Stored) -> bytes:
    return b"FLAGS (%s)" % b" ".join(sorted(mail.flags))


def show_arrival(mail: Stored) -> bytes:
    at = mail.arrived_at
    day = b"%02d-%s-%04d" % (at.day, MONTHS[at.month - 1], at.year)
    return b'INTERNALDATE "%s %02d:%02d:%02d +0000"' % (day, at.hour, at.minute, at.second)


def show_envelope(mail: Stored) -> bytes:
    """RFC 9051 §7.5.2: Sender and Reply-To fall back to From."""
    first = {name: next(iter(values(found, mail.raw)), None) for name, found in ENVELOPE_FIELDS.items()}
    sender = first[b"From"]
    shown = [
        show_string(first[b"Date"]),
        show_string(first[b"Subject"]),
        show_addresses(sender),
        show_addresses(first[b"Sender"] or sender),
        show_addresses(first[b"Reply-To"] or sender),
        *(show_addresses(first[name]) for name in (b"To", b"Cc", b"Bcc")),
        show_string(first[b"In-Reply-To"]),
        show_string(first[b"Message-ID"]),
    ]
    return b"ENVELOPE (%s)" % b" ".join(shown)


def show_addresses(value: bytes | None) -> bytes:
    """(name NIL mailbox host) for each address; one without @ is left out, for a NIL host means a group."""
    try:
        pairs = getaddresses([(value or b"").decode("utf-8", "surrogateescape")])
    except (RecursionError, ValueError, IndexError):
        pairs = []
    shown = []
    for name, address in pairs:
        user, _, host = address.encode("utf-8", "surrogateescape").rpartition(b"@")
        if host:
            person = show_string(name.encode("utf-8", "surrogateescape") or None)
            shown.append(b"(%s NIL %s %s)" % (person, show_string(user or host), show_string(host)))
    return b"(%s)" % b"".join(shown) if shown else b"NIL"


def show_string(value: bytes | None) -> bytes:
    if value is None:
        return b"NIL"
    return quote(value) if re.fullmatch(rb"[\x20-\x7e]{0,500}", value) else b"{%d}\r\n%s" % (len(value), value)


def quote(text: bytes) -> bytes:
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def show_numbers(numbers: list[int]) -> bytes:
    return b",".join(b"%d" % number for number in numbers)


PARTS: dict[bytes, Part] = {
    b"FLAGS": show_flags,
    b"UID": lambda mail: b"UID %d" % mail.uid,
    b"RFC822.SIZE": lambda mail: b"RFC822.SIZE %d" % len(mail.raw),
    b"INTERNALDATE": show_arrival,
    b"MODSEQ": lambda mail: b"MODSEQ (%d)" % mail.modseq,
    b"ENVELOPE": show_envelope,
}
