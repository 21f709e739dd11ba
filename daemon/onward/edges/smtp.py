"""Hand one letter to the person's own mail server, and know at every moment whether it can have left.

smtplib cannot say whether a lost connection was lost before or after the final dot. Here the stage is told to
the caller before every command, and the dot, the three bytes that make a letter sent, travels alone and last:
until `on_stage('dot')` has returned, nothing can have been accepted; after it, silence means Uncertain.

Knows nothing of drafts, approvals or retries. Sentences in errors are for the person: they may name an
address, so they belong on pages and in rows, not in logs. They never hold a password.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import re
import smtplib
import socket
import ssl
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from onward.core.model import ConfigError, EdgeError, Permanent, Temporary, Uncertain

DOT_TIMEOUT = 600.0  # RFC 5321 §4.5.3.2.6: a server may take ten minutes over the dot
QUIT_TIMEOUT = 5.0  # by then all is decided; nobody should wait long for a goodbye
LINE_CAP = 998  # RFC 5322 §2.1.1, octets without CRLF
REPLY_CAP = 64 * 1024  # octets of one reply, all its lines together
BLOCK = 64 * 1024
OWN_NAME = "[127.0.0.1]"  # what EHLO says: a literal is allowed (RFC 5321 §4.1.3), and tells recipients nothing

_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?\r?\n", re.DOTALL)
_REFUSALS = {
    "connect": "does not want to talk",
    "hello": "does not accept the greeting",
    "tls": "does not begin the encryption",
    "auth": "refused the sign-in of {user}",
    "mail": "refused the sender {mail_from}",
    "rcpt": "refused the recipient {recipient}",
    "data": "does not take the letter",
    "body": "does not take the letter",
    "dot": "refused the letter",
    "noop": "signed in, but does nothing more",
}
_PLAIN_SPEAKERS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
_TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"})


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where letters are handed in, and how one signs in there."""

    host: str
    port: int
    security: Literal["tls", "starttls", "plain"] = "tls"  # plain: loopback only
    user: str = ""
    password: Callable[[], str] | None = field(default=None, repr=False)  # None: this server asks for none
    ca_file: str | None = None  # None: the system's authorities; else only those in this file
    timeout: float = 30.0  # seconds, for connecting and for each reply but the one to the dot
    dot_timeout: float = DOT_TIMEOUT

    def __post_init__(self) -> None:
        if self.security not in ("tls", "starttls", "plain"):
            raise ConfigError(f"smtp security is 'tls', 'starttls' or 'plain', not {self.security!r}")

    @property
    def place(self) -> str:
        """The server as a person would write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def submit(
    server: SmtpServer, raw: bytes, mail_from: str, recipients: Sequence[str], on_stage: Callable[[str], None]
) -> None:
    """Hand in these very bytes once, to all recipients or to none.

    Returns when the server has taken the letter. Temporary and Permanent: it did not leave. Uncertain: it
    may have. `on_stage` hears 'connect', 'hello', 'tls', 'auth', 'mail', 'rcpt', 'data', 'body', 'dot',
    'accepted', each before the first byte of that stage; what it raises ends the attempt and comes through.
    """
    _check_envelope(mail_from, recipients)
    _check_letter(raw)
    with _conversation(server, on_stage) as session:
        session.sign_in()
        session.mail_from(mail_from, raw, international=not "".join((mail_from, *recipients)).isascii())
        for recipient in recipients:
            session.rcpt_to(recipient)
        session.hand_over(raw)
        session.goodbye()


def check(server: SmtpServer) -> str:
    """Connect, greet, sign in and leave; one line on how it went. Raises Temporary or Permanent."""
    with _conversation(server, lambda stage: None) as session:
        signed_in = session.sign_in()
        session.enter("noop")
        session.require(session.noop(), 2)
        tls = session.tls_version()
        session.goodbye()
    who = f"signed in as {server.user}" if signed_in else "no sign-in configured"
    return f"{server.place} takes mail: {tls or 'no encryption (loopback)'}, {who}"


# --- before any byte ---------------------------------------------------------------------------------------


def _check_envelope(mail_from: str, recipients: Sequence[str]) -> None:
    if isinstance(recipients, str) or not recipients:
        raise Permanent("the letter names nobody to send it to")
    for address in (mail_from, *recipients):
        local, at, domain = address.rpartition("@")
        odd = any(unicodedata.category(sign)[0] in "CZ" or sign in "<>" for sign in address)
        if odd or not (local and at and domain) or len(address.encode(errors="replace")) > 254:
            raise Permanent(f"{ascii(address)[:100]} is not an address mail can be sent with; nothing was sent")


def _check_letter(raw: bytes) -> None:
    """Bare CR or LF would let a letter's text pass for commands (RFC 5321 §2.3.8); NUL is lost on the way."""
    text = raw.replace(b"\r\n", b"")
    if not text:
        raise Permanent("the letter is empty; nothing was sent")
    if b"\r" in text or b"\n" in text or b"\0" in text:
        raise Permanent("the letter holds a stray line break or NUL; nothing was sent")
    if any(len(line) > LINE_CAP for line in raw.split(b"\r\n")):
        raise Permanent(f"the letter has a line longer than {LINE_CAP} octets; nothing was sent")


def _refuse_plain_text(server: SmtpServer) -> None:
    """Only names that mean this machine without asking a name server."""
    if server.security != "plain" or server.host.lower() == "localhost" or _is_loopback(server.host):
        return
    raise Permanent(
        f"{server.place} would be spoken to without encryption, which is done on this machine only; "
        "set security to 'tls' (port 465) or 'starttls' (port 587)"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls_context(server: SmtpServer) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:  # ssl.SSLError is one: the file is no certificate
        raise Permanent(f"the ca_file {server.ca_file} cannot be used: {_reason(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


# --- the conversation --------------------------------------------------------------------------------------


class _Lost(Exception):
    """The conversation ended without a usable reply; the text says how."""


class _No(Exception):
    """The server answered, and it was not yes."""

    def __init__(self, code: int, said: bytes) -> None:
        super().__init__(code)
        self.code = code
        self.said = said


@contextlib.contextmanager
def _conversation(server: SmtpServer, on_stage: Callable[[str], None]) -> Iterator[_Session]:
    """An open, greeted and encrypted session; closed whatever happens, its troubles told as EdgeErrors."""
    _refuse_plain_text(server)
    session = _Session(server, on_stage)
    try:
        session.open()
        yield session
    except _No as no:
        meaning = session.meaning_of_no(no)
        if session.stage not in ("body", "dot"):
            session.goodbye()
        raise meaning from no
    except _Lost as lost:
        raise session.meaning_of_silence(lost) from lost
    finally:
        session.close()


class _Session(smtplib.SMTP):
    """smtplib's commands: the stage known before each, a deadline on each reply, no reply unasked for."""

    def __init__(self, server: SmtpServer, on_stage: Callable[[str], None]) -> None:
        super().__init__(local_hostname=OWN_NAME, timeout=server.timeout)  # without a host: does not connect
        self.stage = "connect"
        self._server = server
        self._on_stage = on_stage
        self._patience = server.timeout
        self._unread = b""
        self._names = {"user": server.user, "mail_from": "", "recipient": ""}
        self._hidden: tuple[bytes, ...] = ()  # never repeated, even if the server does

    def enter(self, stage: str) -> None:
        """The next byte belongs to this stage. The caller may write that down first."""
        self._on_stage(stage)
        self.stage = stage

    def open(self) -> None:
        """Connect, encrypt as configured, greet."""
        server = self._server
        context = None if server.security == "plain" else _tls_context(server)
        self.enter("connect")
        self._connect()
        if context is not None and server.security == "tls":
            self.enter("tls")
            self._encrypt(context)
        self.require(self.getreply(), 2)
        self._greet()
        if context is not None and server.security == "starttls":
            self.enter("tls")
            self._start_tls(context)
            self._greet()

    def _connect(self) -> None:
        server = self._server
        try:
            self.sock = socket.create_connection((server.host, server.port), server.timeout)
            # The dot travels alone: it need not wait until the letter before it is acknowledged.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except socket.gaierror as error:
            raise _Lost("cannot be found; is this machine online, and the name right?") from error
        except (OSError, UnicodeError) as error:
            raise _Lost(f"cannot be reached ({_reason(error)})") from error
        if server.security == "plain" and not _is_loopback(self.sock.getpeername()[0]):
            raise Permanent(f"{server.place} is not on this machine, so it is not spoken to without encryption")

    def _encrypt(self, context: ssl.SSLContext) -> None:
        server = self._server
        if self.sock is None or self._unread:
            # Bytes from before the encryption must never pass for bytes from within it (CVE-2011-0411).
            raise Permanent(f"{server.place} speaks before the encryption begins; it is not to be trusted")
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=server.host)
        except ssl.SSLCertVerificationError as error:
            raise Permanent(
                f"{server.place} does not prove that it is {server.host}: "
                f"{error.verify_message.rstrip('.')}. No password was shown to it"
            ) from error
        except ssl.SSLError as error:
            if error.reason in _PLAIN_SPEAKERS:
                hint = "on port 587 security is usually 'starttls'"
                raise Permanent(f"{server.place} does not speak TLS from the start; {hint}") from error
            if error.reason in _TOO_OLD:
                raise Permanent(f"{server.place} offers only encryption too old to protect a password") from error
            raise _Lost(f"broke off while encryption began ({_reason(error)})") from error
        except (OSError, ValueError) as error:  # ValueError: a host name TLS cannot carry
            raise _Lost(f"broke off while encryption began ({_reason(error)})") from error

    def _start_tls(self, context: ssl.SSLContext) -> None:
        if not self.has_extn("starttls"):
            raise Permanent(
                f"{self._server.place} does not offer STARTTLS (or someone on the way removed it); "
                "Onward does not go on without encryption"
            )
        self.require(self.docmd("STARTTLS"), 2)
        self._encrypt(context)

    def _greet(self) -> None:
        """EHLO; everything heard in an earlier greeting is forgotten (RFC 3207 §4.2)."""
        self.enter("hello")
        self.require(self.ehlo(), 2)

    def sign_in(self) -> bool:
        """AUTH PLAIN or LOGIN, one try. smtplib's own tries each mechanism, which locks accounts sooner."""
        if self._server.password is None:
            return False
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" not in offered and "LOGIN" not in offered:
            kinds = f"only with {', '.join(offered[:8])}" if offered else "not at all"
            raise Permanent(f"{self._server.place} lets one sign in {_scrub(kinds)}; a password does not help here")
        self.enter("auth")
        user, secret = self._server.user.encode(errors="replace"), self._secret()
        plain = _base64(b"\0" + user + b"\0" + secret)
        self._hidden = (secret, plain.encode(), _base64(secret).encode())
        if "PLAIN" in offered:
            answers = [plain]
            reply = self.docmd("AUTH", f"PLAIN {answers.pop()}")
            answers.append(plain)  # for a server that ignored the initial response
        else:
            answers = [_base64(secret), _base64(user)]
            reply = self.docmd("AUTH", "LOGIN")
        while reply[0] == 334 and answers:
            reply = self.docmd(answers.pop())
        self.require(reply, 2)
        return True

    def _secret(self) -> bytes:
        """The password as bytes. Raised outside the `except`: that exception carries the password."""
        secret = b""
        if self._server.password is not None:
            try:
                secret = self._server.password().encode("utf-8", "surrogateescape")
            except ConfigError as error:
                raise Permanent(str(error)) from error
            except UnicodeEncodeError:
                pass
        if not secret or b"\0" in secret:
            raise Permanent(f"the password for {self._server.user} is empty, or is not text")
        return secret

    def mail_from(self, address: str, raw: bytes, international: bool) -> None:
        """MAIL, and what the server must know of the letter; refuses what it could not carry unharmed."""
        self._names["mail_from"] = address
        place = self._server.place
        limit = self.esmtp_features.get("size", "")
        if re.fullmatch(r"[0-9]{1,18}", limit) and 0 < int(limit) < len(raw):  # 0: no limit (RFC 1870 §4)
            raise Permanent(f"the letter is larger ({len(raw)} octets) than {place} takes ({int(limit)})")
        options = f" SIZE={len(raw)}" if self.has_extn("size") else ""
        if not raw.isascii():
            if not self.has_extn("8bitmime"):
                raise Permanent(f"the letter holds 8-bit text, which {place} does not take; nothing was sent")
            options += " BODY=8BITMIME"
        if international or not raw.partition(b"\r\n\r\n")[0].isascii():
            if not self.has_extn("smtputf8"):
                raise Permanent(f"{place} cannot carry letters beyond ASCII in addresses or headers")
            options += " SMTPUTF8"
            self.command_encoding = "utf-8"
        self.enter("mail")
        self.require(self.docmd("MAIL", f"FROM:<{address}>{options}"), 2)

    def rcpt_to(self, address: str) -> None:
        """RCPT. The first refusal ends the attempt: a letter goes to all it was approved for, or to none."""
        self._names["recipient"] = address
        self.enter("rcpt")
        self.require(self.docmd("RCPT", f"TO:<{address}>"), 2)

    def hand_over(self, raw: bytes) -> None:
        """DATA, the letter, and the dot by itself. Only 250 to the dot means it was taken."""
        stuffed = re.sub(rb"(?m)^\.", b"..", raw)  # RFC 5321 §4.5.2
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"  # the line before the dot is always ended (RFC 5321 §4.1.1.4)
        self.enter("data")
        self.require(self.docmd("DATA"), 3)
        self.enter("body")
        for start in range(0, len(stuffed), BLOCK):
            self.send(stuffed[start : start + BLOCK])
        self.enter("dot")
        self._patience = self._server.dot_timeout
        self.send(b".\r\n")
        code, said = self.getreply()
        if code != 250:
            raise _No(code, said)
        self.enter("accepted")

    def goodbye(self) -> None:
        """QUIT, for politeness: whatever comes of it changes nothing."""
        self._patience = min(self._server.timeout, QUIT_TIMEOUT)
        with contextlib.suppress(_Lost, _No):
            self.docmd("QUIT")

    def tls_version(self) -> str | None:
        """'TLSv1.3', or None on a plain connection."""
        return self.sock.version() if isinstance(self.sock, ssl.SSLSocket) else None

    # --- bytes out, replies in ---

    def require(self, reply: tuple[int, bytes], kind: int) -> None:
        """The reply begins with this digit, or it is a no (RFC 5321 §4.2.1)."""
        code, said = reply
        if code // 100 != kind:
            raise _No(code, said)

    def send(self, s: bytes | str) -> None:  # type: ignore[override]  # smtplib's also takes any buffer
        """As smtplib, but a reply that came unasked, or a lost connection, is noticed first."""
        self._refuse_unasked()
        if self.sock is not None:
            self.sock.settimeout(self._server.timeout)
        try:
            super().send(s)
        except smtplib.SMTPServerDisconnected as error:
            stuck = isinstance(error.__context__, TimeoutError)
            raise _Lost("stopped listening" if stuck else "closed the connection") from error

    def _refuse_unasked(self) -> None:
        if self._unread:  # a '250' sent ahead must not be taken for the answer to the dot
            self._unread = b""
            raise _Lost("answers before it is asked")

    def getreply(self) -> tuple[int, bytes]:
        """One whole reply, of bounded size, within one deadline: a byte now and then does not extend it."""
        deadline = time.monotonic() + self._patience
        code, said, size = b"", [], 0
        while True:
            line = self._line(deadline)
            size += len(line)
            found = _REPLY_LINE.fullmatch(line)
            if found is None or size > REPLY_CAP or (code and found[1] != code):
                raise _Lost("answers something that is not SMTP")
            code = found[1]
            said.append((found[3] or b"").strip())
            if found[2] != b"-":
                return int(code), self._redact(b"\n".join(said))

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._unread and len(self._unread) <= REPLY_CAP:
            left = deadline - time.monotonic()
            if self.sock is None:
                raise _Lost("closed the connection")
            if left <= 0:
                raise _Lost(f"did not answer within {self._patience:g} s")
            self.sock.settimeout(left)
            try:
                more = self.sock.recv(4096)
            except TimeoutError as error:
                raise _Lost(f"did not answer within {self._patience:g} s") from error
            except OSError as error:
                raise _Lost(f"closed the connection ({_reason(error)})") from error
            if not more:
                raise _Lost("closed the connection")
            self._unread += more
        line, end, self._unread = self._unread.partition(b"\n")
        return line + end

    def _redact(self, said: bytes) -> bytes:
        for secret in self._hidden:
            said = said.replace(secret, b"...")
        return said

    # --- what it means ---

    def meaning_of_no(self, no: _No) -> EdgeError:
        """4xx: not now. 5xx: not ever. Anything else is no answer to what was asked."""
        place, kind = self._server.place, no.code // 100
        said = _scrub(no.said.decode("utf-8", "replace"))
        sentence = f"{place} {_REFUSALS[self.stage].format(**self._names)}: {no.code} {said}".rstrip(" .")
        if kind == 4:
            return Temporary(sentence)
        if kind == 5:
            return Permanent(sentence + self._advice(no.code))
        if self.stage == "dot":
            return Uncertain(_uncertain(place, f"answered with an unknown code, {no.code}"))
        return Temporary(f"{place} answers {no.code}, which is no answer to what was asked")

    def meaning_of_silence(self, lost: _Lost) -> EdgeError:
        """Before the dot nothing can have happened; after it, it may have."""
        place = self._server.place
        if self.stage == "dot":
            return Uncertain(_uncertain(place, str(lost)))
        hint = ""
        if self.stage == "connect" and self._server.port == 465 and self._server.security != "tls":
            hint = "; on port 465 security is 'tls'"
        return Temporary(f"{place} {lost}{hint}")

    def _advice(self, code: int) -> str:
        if self.stage == "auth":
            return ". Check the user name and password; many providers want an app password here"
        if code == 530 and self._server.password is None:
            return ". It wants a sign-in: configure a user and a password"
        return ""


def _uncertain(place: str, how: str) -> str:
    return (
        f"{place} {how} after the whole letter was handed over, so it may have been sent. "
        "Look in Sent before sending it again"
    )


def _base64(secret: bytes) -> str:
    return base64.b64encode(secret).decode("ascii")


def _reason(error: Exception) -> str:
    """The system's own words, without numbers, paths or Python."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").replace("_", " ").lower()
    return (error.strerror if isinstance(error, OSError) else None) or "the connection failed"


def _scrub(text: str) -> str:
    """A server's words, fit to show: one line, no control or direction signs, not long."""
    visible = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    return " ".join(visible.split())[:200]
