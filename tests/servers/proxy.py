"""Stand between a client and a server, and be the bad network: late, torn, cut, silent.

One event loop in one thread moves the bytes; tests change the faults while it runs. Through TLS the faults
that look for an APPEND find nothing, because nothing can be read there.
"""

import asyncio
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Self

LOOPBACK = "127.0.0.1"
PIECES_APART = 0.005  # seconds between two pieces of one write, so that the reader sees two
LITERAL_TAIL = 16  # bytes of a literal that `delay_commit` holds back
RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds

Direction = Literal["to_server", "to_client"]


@dataclass(frozen=True, slots=True)
class Faults:
    """What the network does wrong. The default is nothing; bytes count from the moment a plan is set."""

    refuse: bool = False  # new connections get ECONNREFUSED; those that are open go on
    latency: float = 0.0  # seconds before each chunk, both ways
    split_at: int | None = None  # each chunk goes out as its first so many bytes, then the rest
    drip: float | None = None  # bytes per second towards the client
    cut_to_client: int | None = None  # the connection ends after so many bytes from the server
    cut_to_server: int | None = None  # … after so many bytes from the client
    cut_in_literal: int | None = None  # … after so many bytes of an APPEND's literal
    lose_append_ack: bool = False  # … where the tagged answer to an APPEND should come
    reset: bool = False  # every cut is an RST rather than a FIN
    hold: bool = False  # half-open: both ends stay connected, and no byte or FIN comes through
    delay_commit: float = 0.0  # seconds an APPEND's last bytes stay on the way, even if the client dies


RANDOM_KINDS = (
    *("latency", "split_at", "drip", "cut_to_client", "cut_to_server"),
    *("cut_in_literal", "lose_append_ack", "hold", "delay_commit"),
)


class Cut(Exception):
    """The network ends this connection here."""


class FaultProxy:
    """A TCP proxy on a loopback `port`, with `faults` a test may change at any time."""

    def __init__(self, target_port: int, target_host: str = LOOPBACK, *, record: bool = False) -> None:
        self.target = (target_host, target_port)
        self.record = record
        self.wire: list[list[tuple[Direction, bytes]]] = []  # per connection, as sent, before any fault
        self.arrivals: list[float] = []  # time.monotonic() of every accepted connection
        self._commands: list[tuple[int, str]] = []
        self._faults = Faults()
        self._random: tuple[int, float, tuple[str, ...]] | None = None
        self._silent = False
        self._links: dict[Link, asyncio.Task[None]] = {}
        self._accepting: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        # Bound but never listening: it keeps the port ours while connections are refused.
        self._place = new_socket()
        self._place.bind((LOOPBACK, 0))
        self.port: int = self._place.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._place.close()

    @property
    def faults(self) -> Faults:
        """The plan in force. Setting another one works at once, on open connections too."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._call(self._set_faults(faults))

    def random_faults(self, seed: int, rate: float, kinds: Iterable[str] = RANDOM_KINDS) -> None:
        """Give each new connection one fault at this rate (0..1): the same ones for the same seed.

        The n-th connection's fault depends on the seed and n alone. Setting `faults` ends this.
        """
        self._random = (seed, rate, tuple(kinds))

    def hold(self) -> None:
        """Let the network go silent: connections stay open and nothing passes."""
        self._silent = True

    def release(self, *, deliver: bool = True) -> None:
        """End the silence. Without `deliver`, connections that lost bytes in it never pass another byte."""
        self._call(self._release(deliver))

    def drop_all(self, *, reset: bool = False) -> None:
        """Cut every open connection."""
        self._call(self._drop_all(reset))

    def commands(self, connection: int | None = None) -> list[str]:
        """Return the command lines of all connections, or of one by its number from 0, as they came.

        Tags, literals and passwords are left out: LOGIN stands alone, AUTHENTICATE with its mechanism.
        """
        return [text for number, text in list(self._commands) if connection in (None, number)]

    @property
    def open_connections(self) -> int:
        return len(self._links)

    # Everything below runs in the loop's thread.

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _listen(self) -> None:
        listener = new_socket()
        listener.bind((LOOPBACK, self.port))
        listener.listen(100)
        self._accepting = asyncio.create_task(self._accept(listener))

    async def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                client, _ = await self._loop.sock_accept(listener)
                number = len(self.arrivals)
                self.arrivals.append(time.monotonic())
                self.wire.append([])
                link = Link(self, number, client, self._choose_faults(number))
                self._links[link] = asyncio.create_task(link.run())

    def _choose_faults(self, number: int) -> Faults | None:
        if self._random is None:
            return None
        seed, rate, kinds = self._random
        return choose_faults(random.Random(f"{seed}:{number}"), rate, kinds)

    async def _set_faults(self, faults: Faults) -> None:
        self._faults, self._random = faults, None
        for link in self._links:
            link.faults = None
            link.passed = {"to_server": 0, "to_client": 0}
        self._wake_links()
        if faults.refuse and self._accepting is not None:
            await ended([self._accepting])
            self._accepting = None
        elif not faults.refuse and self._accepting is None:
            await self._listen()

    async def _release(self, deliver: bool) -> None:
        for link in self._links:
            link.deaf = link.deaf or (link.caught and not deliver)
            link.faults = None if link.faults is None else replace(link.faults, hold=False)
        self._silent, self._faults = False, replace(self._faults, hold=False)
        self._wake_links()

    def _wake_links(self) -> None:
        for link in self._links:
            link.changed.set()
            link.changed = asyncio.Event()

    async def _drop_all(self, reset: bool) -> None:
        for link in self._links:
            link.reset_on_close = reset
        await ended(self._links.values())
        for link in self._links:
            link.client.close()  # one that was accepted and cut before it ran a single step
        self._links.clear()

    async def _close(self) -> None:
        if self._accepting is not None:
            await ended([self._accepting])
        await self._drop_all(reset=False)


class Link:
    """One client's connection and ours to the server behind it."""

    def __init__(self, proxy: FaultProxy, number: int, client: socket.socket, faults: Faults | None) -> None:
        self.proxy = proxy
        self.number = number
        self.client = client
        self.faults = faults  # None: the proxy's plan
        self.changed = asyncio.Event()  # set when the plan changes
        self.passed: dict[Direction, int] = {"to_server": 0, "to_client": 0}
        self.caught = False  # a byte or a FIN of it fell into the silence
        self.deaf = False  # lost bytes for good, so it stays silent
        self.reset_on_close = False
        self.talk = ClientTalk()
        self._unfinished = b""  # the server's line so far, while we look for the answer to an APPEND

    @property
    def plan(self) -> Faults:
        return self.faults or self.proxy.faults

    async def run(self) -> None:
        """Move bytes both ways until both ends have finished or the network cuts."""
        server = new_socket()
        try:
            await asyncio.get_running_loop().sock_connect(server, self.proxy.target)
            for end in (self.client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump("to_server", self.client, server))
                pumps.create_task(self._pump("to_client", server, self.client))
        except* Cut:
            self.reset_on_close = self.plan.reset
        except* OSError:
            self.reset_on_close = True  # one end broke off; the other shall see it so
        finally:
            for end in (self.client, server):  # no await here: a second cancel would leave them open
                if self.reset_on_close:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
                else:
                    shut(end)
                end.close()
            self.proxy._links.pop(self, None)

    async def _pump(self, direction: Direction, source: socket.socket, sink: socket.socket) -> None:
        while chunk := await self._read(direction, source):
            if self.proxy.record:
                self.proxy.wire[self.number].append((direction, chunk))
            await self._wait_out_silence()
            if direction == "to_server":
                await self._pass_to_server(sink, chunk)
            else:
                await self._pass_to_client(sink, chunk)
        await self._wait_out_silence()
        shut(sink)

    async def _read(self, direction: Direction, source: socket.socket) -> bytes:
        try:
            return await asyncio.get_running_loop().sock_recv(source, 65536)
        except OSError:
            if self.plan.delay_commit and direction == "to_server":
                return b""  # an RST passed on might overtake the bytes we have only just let go
            raise

    async def _wait_out_silence(self) -> None:
        while self.plan.hold or self.proxy._silent or self.deaf:
            self.caught = True
            await self.changed.wait()

    async def _pass_to_server(self, server: socket.socket, chunk: bytes) -> None:
        for piece in self.talk.feed(chunk):
            if piece.command is not None:
                self.proxy._commands.append((self.number, piece.command))
            if piece.literal_left is None:
                await self._send("to_server", server, piece.data)
                continue
            limit = self.plan.cut_in_literal
            if limit is not None and piece.literal_before + len(piece.data) > limit:
                await self._send("to_server", server, piece.data[: max(0, limit - piece.literal_before)])
                raise Cut
            if self.plan.delay_commit and piece.literal_left == 0:
                await self._send("to_server", server, piece.data[:-LITERAL_TAIL])
                await asyncio.sleep(self.plan.delay_commit)  # nobody reads the client now, so it may well die
                await self._send("to_server", server, piece.data[-LITERAL_TAIL:])
            else:
                await self._send("to_server", server, piece.data)

    async def _pass_to_client(self, client: socket.socket, chunk: bytes) -> None:
        self.talk.hear(chunk)
        try:
            if self.plan.lose_append_ack and self.talk.append_tag is not None:
                await self._pass_until_answer(client, chunk, self.talk.append_tag)
            else:
                chunk, self._unfinished = self._unfinished + chunk, b""
                await self._send("to_client", client, chunk)
        except OSError:
            if not self.plan.delay_commit:
                raise  # else the client is dead and its last bytes are still on the way to the server

    async def _pass_until_answer(self, client: socket.socket, chunk: bytes, tag: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + chunk).split(b"\r\n")
        for line in lines:
            if line.startswith(tag + b" "):
                raise Cut
            await self._send("to_client", client, line + b"\r\n")

    async def _send(self, direction: Direction, sink: socket.socket, data: bytes) -> None:
        await asyncio.sleep(self.plan.latency)
        sent = 0
        while sent < len(data):
            plan = self.plan  # anew for each piece: a drip may take hours, and the test changes its mind
            limit = plan.cut_to_client if direction == "to_client" else plan.cut_to_server
            size, pause = len(data), 0.0
            if plan.drip is not None and direction == "to_client":
                size = max(1, int(plan.drip / 100))  # a hundred sends a second are smooth enough
                pause = size / plan.drip
            elif plan.split_at and not sent:
                size, pause = plan.split_at, PIECES_APART
            if limit is not None:
                size = min(size, max(0, limit - self.passed[direction]))
            piece = data[sent : sent + size]
            await asyncio.get_running_loop().sock_sendall(sink, piece)
            sent += len(piece)
            self.passed[direction] += len(piece)
            if limit is not None and self.passed[direction] >= limit:
                raise Cut
            await asyncio.sleep(pause)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the client's bytes that lies wholly in a line or wholly in a literal."""

    data: bytes
    literal_before: int = 0  # bytes of the same APPEND's literal before these
    literal_left: int | None = None  # … and after these; None: not in the literal of an APPEND
    command: str | None = None  # the command these bytes complete


class ClientTalk:
    """Follow the client's half of an IMAP conversation: its lines and its literals."""

    _literal = re.compile(rb"\{(\d+)[+-]?\}\r\n\Z")

    def __init__(self) -> None:
        self.append_tag: bytes | None = None  # of the last APPEND
        self._line = b""
        self._command = b""  # the lines of one command so far, literals left out
        self._size = self._seen = 0  # of the literal we are in
        self._in_append = False
        self._login_tag: bytes | None = None  # while AUTHENTICATE runs, the client's lines are secrets

    def feed(self, data: bytes) -> Iterable[Piece]:
        """Cut what the client sent into pieces; together they are exactly what it sent."""
        while data:
            if left := self._size - self._seen:
                part, data = data[:left], data[left:]
                before, self._seen = self._seen, self._seen + len(part)
                yield Piece(part, before, self._size - self._seen) if self._in_append else Piece(part)
                continue
            end = data.find(b"\n") + 1 or len(data)
            part, data = data[:end], data[end:]
            self._line += part
            yield Piece(part, command=self._end_line() if part.endswith(b"\n") else None)

    def hear(self, data: bytes) -> None:
        """Look in what the server sent for the end of an AUTHENTICATE."""
        if self._login_tag is not None and re.search(rb"(?m)^" + re.escape(self._login_tag) + rb" ", data):
            self._login_tag = None

    def _end_line(self) -> str | None:
        line, self._line = self._line, b""
        self._command += line.rstrip(b"\r\n")
        tag, _, rest = self._command.partition(b" ")
        verb = rest.upper().split(b" ")[0]
        if self._login_tag is not None:
            self._command = b""
            return None
        self._in_append = verb == b"APPEND"
        if self._in_append:
            self.append_tag = tag
        if literal := self._literal.search(line):
            self._size, self._seen = int(literal[1]), 0
            return None
        self._command, self._size, self._seen = b"", 0, 0
        if verb == b"AUTHENTICATE":
            self._login_tag = tag
            rest = b" ".join(rest.split(b" ")[:2])
        elif verb == b"LOGIN":
            rest = verb
        return (rest or tag).decode("ascii", "replace")  # DONE, which ends an IDLE, has no tag


def choose_faults(chance: random.Random, rate: float, kinds: tuple[str, ...] = RANDOM_KINDS) -> Faults:
    """Draw one connection's fault, or none."""
    if chance.random() >= rate:
        return Faults()
    fault = {
        "latency": Faults(latency=chance.uniform(0.01, 0.1)),
        "split_at": Faults(split_at=chance.randint(1, 60)),
        "drip": Faults(drip=chance.uniform(500, 5000)),
        "cut_to_client": Faults(cut_to_client=chance.randint(0, 4000)),
        "cut_to_server": Faults(cut_to_server=chance.randint(0, 1500)),
        "cut_in_literal": Faults(cut_in_literal=chance.randint(0, 500)),
        "lose_append_ack": Faults(lose_append_ack=True),
        "hold": Faults(hold=True),
        "delay_commit": Faults(delay_commit=chance.uniform(0.1, 0.5)),
    }[chance.choice(kinds)]
    return replace(fault, reset=chance.random() < 0.5)


def new_socket() -> socket.socket:
    """Return a socket for the loop; SO_REUSEADDR lets the listener share its port with the one keeping it."""
    made = socket.socket()
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def shut(end: socket.socket) -> None:
    """Send a FIN, also where unread bytes would make a bare close() send an RST."""
    with suppress(OSError):  # it may be gone already
        end.shutdown(socket.SHUT_WR)


async def ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel these tasks and wait for their end."""
    waiting = list(tasks)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
