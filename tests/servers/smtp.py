"""Take mail by SMTP and keep it, or go wrong at exactly the step a test names.

One table says what goes wrong: `replies`, by step. The steps are GREETING, EHLO, AUTH, MAIL, RCPT, DATA,
BODY (the first line after 354), DOT (the whole mail is here), RSET and QUIT.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOOPBACK = "127.0.0.1"
RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection instead of answering."""

    reset: bool = False  # with an RST rather than a FIN


@dataclass(frozen=True, slots=True)
class Late:
    """Answer only after some seconds."""

    seconds: float
    reply: str | None = None  # None: the usual answer


DROP: Final = Drop()
HANG: Final = Late(3600)  # longer than any test: never answers
Reply = str | Drop | Late | None  # a string is a refusal (4xx, 5xx) to send; None is the usual answer
Replies = dict[str, Reply | list[Reply]]  # by step; a list is used up one by one, then the usual answers follow


class Mail(NamedTuple):
    """One mail the sink took, as it came over the wire with the dots undone."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    data: bytes


class SmtpSink:
    """An SMTP server on a loopback `port` that keeps all it accepts in `mails`. Change `replies` at any time.

    A mail is kept once its final dot has come, unless the reply to DOT is a refusal: so with DROP, HANG or
    Late at DOT the mail has left although the client cannot know.
    """

    def __init__(
        self,
        replies: Replies | None = None,
        *,
        user: str | None = None,  # None: no AUTH offered; else AUTH PLAIN is demanded before MAIL
        password: str = "secret",
        without: Iterable[str] = (),  # extensions not to advertise: "SIZE", "8BITMIME", "SMTPUTF8"
        size_limit: int = 33_554_432,  # bytes
        tls_context: ssl.SSLContext | None = None,  # implicit TLS
    ) -> None:
        self.replies: Replies = dict(replies or {})
        self.mails: list[Mail] = []
        self.verbs: list[str] = []  # of all connections as they came
        self.user = user
        self.password = password
        self.without = {"HELP", *without} if user is not None else {"HELP", "AUTH", *without}
        self.size_limit = size_limit
        self._tls_context = tls_context
        self._talks: set[Talk] = set()
        self._started = False

    def __enter__(self) -> Self:
        self._controller = LoopbackController(self, self._tls_context)
        self._controller.start()
        self.port = self._controller.port
        self._started = True  # the controller's own first connection has met no script
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end_talks(), self._controller.loop).result(timeout=10)
        self._controller.stop()

    def next_reply(self, step: str) -> Reply:
        """Take this step's reply from the script."""
        reply = self.replies.get(step) if self._started else None
        if isinstance(reply, list):
            return reply.pop(0) if reply else None
        return reply

    # What aiosmtpd calls

    async def handle_EHLO(
        self, talk: SMTP, session: Session, envelope: Envelope, hostname: str, lines: list[str]
    ) -> list[str]:
        session.host_name = hostname
        names = [line[4:] for line in lines]
        kept = [name for name in names if name.split()[0] not in self.without]
        return [*(f"250-{name}" for name in kept[:-1]), f"250 {kept[-1]}"]

    async def handle_DATA(self, talk: "Talk", session: Session, envelope: Envelope) -> str:
        reply = self.next_reply("DOT")
        if not isinstance(reply, str):
            assert envelope.mail_from is not None and envelope.original_content is not None
            self.mails.append(Mail(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.original_content))
        return await talk.act(reply) or "250 OK"

    def check_password(
        self, talk: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object
    ) -> AuthResult:
        expected = (self.user or "", self.password)
        right = isinstance(login, LoginPassword) and login == LoginPassword(*map(str.encode, expected))
        return AuthResult(success=right, handled=False)

    async def _end_talks(self) -> None:
        """Abort what is open, and wait: a loop closed under a living transport leaks its socket."""
        for talk in list(self._talks):
            talk.end(reset=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)


class Talk(SMTP):
    """One client's conversation, with the script's word before every usual answer."""

    def __init__(self, sink: SmtpSink, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            sink,
            loop=loop,
            hostname="sink.example.test",
            data_size_limit=sink.size_limit,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN"],
            authenticator=sink.check_password,
        )
        self._sink = sink
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sink._talks.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._sink._talks.discard(self)

    async def act(self, reply: Reply) -> str | None:
        """Do what the script says and return the refusal to send; None: answer as usual."""
        if isinstance(reply, Late):
            await asyncio.sleep(reply.seconds)
            return reply.reply
        if isinstance(reply, Drop):
            self.end(reset=reply.reset)
            raise asyncio.CancelledError
        return reply

    async def push(self, status: str | bytes) -> None:
        """Send one line. The greeting and the 354 are steps too, and nothing else tells when they come."""
        text = status.decode() if isinstance(status, bytes) else status
        if not self._greeted:
            self._greeted = True
            text = await self.act(self._sink.next_reply("GREETING")) or text
        await super().push(text)
        if text.startswith("421"):
            self.end()
        elif text.startswith("354") and (reply := self._sink.next_reply("BODY")) is not None:
            await self._reader.readuntil(b"\n")
            if refusal := await self.act(reply):
                await self.push(refusal)

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._refuse("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._refuse("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if await self._refuse("MAIL"):
            return
        assert self.session is not None
        if self._sink.user is not None and not self.session.authenticated:
            await self.push("530 5.7.0 Authentication required")
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._refuse("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._refuse("DATA"):
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:
        if not await self._refuse("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        if not await self._refuse("QUIT"):
            await super().smtp_QUIT(arg)

    async def _refuse(self, verb: str) -> bool:
        self._sink.verbs.append(verb)
        refusal = await self.act(self._sink.next_reply(verb))
        if refusal is not None:
            await self.push(refusal)
        return refusal is not None

    def end(self, reset: bool = False) -> None:
        """Close after what is written, or at once with an RST."""
        transport = self.transport
        if not isinstance(transport, asyncio.Transport):
            return
        if reset:
            end: socket.socket = transport.get_extra_info("socket")
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            transport.abort()
        else:
            transport.close()


class LoopbackController(Controller):
    """aiosmtpd's thread and loop, on a port the system chooses."""

    def __init__(self, sink: SmtpSink, tls_context: ssl.SSLContext | None) -> None:
        super().__init__(sink, hostname=LOOPBACK, ssl_context=tls_context)
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]

    def factory(self) -> Talk:
        return Talk(self.handler, self.loop)

    def _create_server(self) -> Coroutine[Any, Any, asyncio.Server]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener, ssl=self.ssl_context)
