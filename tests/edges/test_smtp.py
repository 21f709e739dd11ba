"""A letter is handed in once, and at every failure it is known whether it can have left."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import trustme

from onward.core.model import ConfigError, EdgeError, Permanent, Temporary, Uncertain
from onward.edges import smtp
from onward.edges.smtp import SmtpServer, check, submit
from servers.smtp import SmtpSink

ME, ANN, BEN = "sam@home.example", "ann@acme.example", "ben@acme.example"
PASSWORD = "hunter2-ünd-mehr"
LETTER = (
    b"From: sam@home.example\r\nTo: ann@acme.example\r\nSubject: Thank you\r\n\r\n"
    b"Dear Ann,\r\n.\r\n..and a line with dots\r\nSam\r\n"
)
BEFORE_THE_DOT = ["connect", "hello", "auth", "mail", "rcpt", "data", "body"]
WHOLE_WAY = [*BEFORE_THE_DOT, "dot", "accepted"]
OFFERS = b"250-here\r\n250-8BITMIME\r\n250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN\r\n"

DROP = b"<drop>"  # close without a word
RESET = b"<reset>"  # close with an RST
HANG = b"<hang>"  # say nothing and wait
PAUSE = b"<pause>"  # a moment, then go on
SHORT = 0.3  # seconds of patience where silence is the point
Reply = bytes | tuple[bytes, ...]  # several are done one after the other
USUAL = {
    "greeting": b"220 here\r\n",
    "EHLO": OFFERS,
    "STARTTLS": b"220 go\r\n",
    "AUTH": b"235 welcome\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go\r\n",
    "dot": b"250 taken\r\n",
    "NOOP": b"250 ok\r\n",
    "QUIT": b"221 bye\r\n",
}


class Scripted:
    """A raw SMTP server on loopback that answers each verb as told and remembers every octet it was sent.

    A list of replies is used up one by one; the last one stays.
    """

    def __init__(
        self,
        replies: Mapping[str, Reply | list[Reply]] | None = None,
        context: ssl.SSLContext | None = None,  # None: no TLS
        at_once: bool = False,  # TLS before the greeting
    ) -> None:
        self.replies: dict[str, list[Reply]] = {
            verb: list(reply) if isinstance(reply, list) else [reply]
            for verb, reply in {**USUAL, **(replies or {})}.items()
        }
        self.heard: list[bytes] = []  # commands, without their line ends
        self.letters: list[bytes] = []  # as they came, dots still stuffed; kept only when the dot came
        self.connections = 0
        self.before_tls = b""  # heard in the clear, if TLS was spoken
        self._context, self._at_once = context, at_once
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Scripted:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        assert not self._thread.is_alive()

    @property
    def verbs(self) -> list[str]:
        return [line.split(b" ")[0].decode(errors="replace") for line in self.heard]

    def _serve(self) -> None:
        while True:
            try:
                talk, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            talk.settimeout(5)
            with contextlib.suppress(OSError, EOFError), contextlib.closing(_Line(talk)) as line:
                self._talk(line)

    def _talk(self, line: _Line) -> None:
        if self._context is not None and self._at_once:
            line.encrypt(self._context)
        line.answer(self._next("greeting"))
        while True:
            words = line.read()
            self.heard.append(words)
            verb = words.split(b" ")[0].decode("latin-1").upper()
            reply = self._next(verb)
            line.answer(reply)
            if verb == "STARTTLS" and self._context is not None:
                self.before_tls = b"\n".join(self.heard)
                line.encrypt(self._context)
            elif verb == "DATA" and reply == USUAL["DATA"]:
                self.letters.append(line.letter())
                line.answer(self._next("dot"))
            elif verb == "QUIT":
                return

    def _next(self, verb: str) -> Reply:
        replies = self.replies.get(verb, [b"250 ok\r\n"])
        return replies.pop(0) if len(replies) > 1 else replies[0]


class _Line:
    """One connection: lines in, scripted answers out."""

    def __init__(self, talk: socket.socket) -> None:
        self._talk = talk
        self._file = talk.makefile("rb")

    def encrypt(self, context: ssl.SSLContext) -> None:
        self._file.close()
        self._talk = context.wrap_socket(self._talk, server_side=True)
        self._file = self._talk.makefile("rb")

    def read(self) -> bytes:
        line = self._file.readline()
        if not line:
            raise EOFError
        return line.rstrip(b"\r\n")

    def letter(self) -> bytes:
        lines: list[bytes] = []
        while (line := self._file.readline()) != b".\r\n":
            if not line:
                raise EOFError
            lines.append(line)
        return b"".join(lines)

    def answer(self, reply: Reply) -> None:
        for part in reply if isinstance(reply, tuple) else (reply,):
            if part == PAUSE:
                time.sleep(0.4)
                continue
            if part == HANG:
                while self._talk.recv(4096):
                    pass
            if part == RESET:
                self._talk.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if part in (HANG, DROP, RESET):
                raise EOFError
            self._talk.sendall(part)

    def close(self) -> None:
        self._file.close()
        self._talk.close()


def at(port: int, **options: object) -> SmtpServer:
    """The server on this port, spoken to in plain text and signed in to, unless said otherwise."""
    usual: dict[str, object] = {"security": "plain", "user": ME, "password": lambda: PASSWORD}
    return SmtpServer("127.0.0.1", port, **{**usual, "timeout": 5.0, "dot_timeout": 5.0, **options})  # type: ignore[arg-type]


def send(server: SmtpServer, raw: bytes = LETTER, to: tuple[str, ...] = (ANN,), me: str = ME) -> list[str]:
    stages: list[str] = []
    submit(server, raw, me, to, stages.append)
    return stages


def failing(server: SmtpServer, raw: bytes = LETTER, to: tuple[str, ...] = (ANN,)) -> tuple[EdgeError, list[str]]:
    """What the attempt raised, and the stages it went through."""
    stages: list[str] = []
    with pytest.raises(EdgeError) as caught:
        submit(server, raw, ME, to, stages.append)
    return caught.value, stages


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def proves(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


# --- when all goes well ------------------------------------------------------------------------------------


def test_a_letter_arrives_as_it_was_reviewed_dots_included() -> None:
    with SmtpSink(user=ME, password=PASSWORD) as sink:
        stages = send(at(sink.port, timeout=5), to=(ANN, BEN))
    assert [tuple(mail) for mail in sink.mails] == [(ME, (ANN, BEN), LETTER)]
    assert stages == ["connect", "hello", "auth", "mail", "rcpt", "rcpt", "data", "body", "dot", "accepted"]


def test_a_real_server_that_refuses_the_password_takes_nothing() -> None:
    with SmtpSink(user=ME, password="another") as sink:
        error, stages = failing(at(sink.port, timeout=5))
    assert isinstance(error, Permanent)
    assert stages[-1] == "auth"
    assert sink.mails == []


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_over_tls_a_letter_arrives_and_nothing_private_travels_in_the_clear(
    how: str, authority: trustme.CA, ca_file: str
) -> None:
    context = proves(authority, "127.0.0.1")
    replies = {"EHLO": b"250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"}
    with Scripted(replies, context, at_once=how == "tls") as server:
        stages = send(at(server.port, security=how, ca_file=ca_file, timeout=5))
    assert len(server.letters) == 1
    assert stages[:4] == (["connect", "tls", "hello", "auth"] if how == "tls" else ["connect", "hello", "tls", "hello"])
    assert b"AUTH" not in server.before_tls and b"MAIL" not in server.before_tls


def test_the_stage_is_told_before_its_first_byte_leaves() -> None:
    heard_by_then: dict[str, list[str]] = {}
    with Scripted() as server:
        submit(at(server.port), LETTER, ME, [ANN], lambda stage: heard_by_then.update({stage: server.verbs[:]}))
    for stage, verb in {"hello": "ehlo", "auth": "AUTH", "mail": "MAIL", "rcpt": "RCPT", "data": "DATA"}.items():
        assert verb not in heard_by_then[stage]


def test_while_the_dot_is_being_written_down_the_server_has_no_whole_letter() -> None:
    taken_by_then: list[int] = []

    def remember(stage: str) -> None:
        if stage == "dot":
            time.sleep(0.1)  # time enough for any byte already on its way
            taken_by_then.append(len(server.letters))

    with Scripted() as server:
        submit(at(server.port), LETTER, ME, [ANN], remember)
    assert taken_by_then == [0]
    assert len(server.letters) == 1


@pytest.mark.parametrize("stage", WHOLE_WAY[:-1])
def test_if_a_stage_cannot_be_written_down_the_letter_does_not_leave(stage: str) -> None:
    class DiskFull(Exception):
        pass

    def write_down(now: str) -> None:
        if now == stage:
            raise DiskFull

    with Scripted() as server, pytest.raises(DiskFull):
        submit(at(server.port), LETTER, ME, [ANN], write_down)
    assert server.letters == []


def test_a_letter_without_a_last_line_end_is_given_one() -> None:
    with Scripted() as server:
        send(at(server.port), b"Subject: x\r\n\r\nbye")
    assert server.letters == [b"Subject: x\r\n\r\nbye\r\n"]


def test_a_line_of_one_dot_cannot_end_the_letter_early() -> None:
    with Scripted() as server:
        send(at(server.port), b"Subject: x\r\n\r\n.\r\nRCPT TO:<eve@evil.example>\r\n")
    assert server.letters == [b"Subject: x\r\n\r\n..\r\nRCPT TO:<eve@evil.example>\r\n"]
    assert server.verbs.count("RCPT") == 1


def test_a_slow_dot_is_waited_for_longer_than_any_other_reply() -> None:
    with Scripted({"dot": (PAUSE, USUAL["dot"])}) as server:
        assert send(at(server.port, timeout=0.25, dot_timeout=5.0)) == WHOLE_WAY


def test_the_wait_for_the_dot_is_ten_minutes_unless_told_otherwise() -> None:
    assert SmtpServer("smtp.example.org", 465).dot_timeout == 600  # RFC 5321 §4.5.3.2.6


# --- the table: what each failure at each stage means ------------------------------------------------------

NOTHING_LEFT = [
    (verb, stage, reply, expected)
    for verb, stage in {
        "greeting": "connect",
        "EHLO": "hello",
        "AUTH": "auth",
        "MAIL": "mail",
        "RCPT": "rcpt",
        "DATA": "data",
    }.items()
    for reply, expected in {
        b"421 later\r\n": Temporary,
        b"451-wait\r\n451 a bit\r\n": Temporary,
        b"554 never\r\n": Permanent,
        b"500-no\r\n500 never\r\n": Permanent,
        DROP: Temporary,
        RESET: Temporary,
        HANG: Temporary,
        b"hello there\r\n": Temporary,
        (b"25", DROP): Temporary,
        b"250-and\r\n354 now\r\n": Temporary,
    }.items()
]


@pytest.mark.parametrize(("verb", "stage", "reply", "expected"), NOTHING_LEFT)
def test_before_the_dot_a_failure_means_nothing_was_sent(
    verb: str, stage: str, reply: Reply, expected: type[EdgeError]
) -> None:
    with Scripted({verb: reply}) as server:
        error, stages = failing(at(server.port, timeout=SHORT if reply == HANG else 5.0))
    assert type(error) is expected, error
    assert stages == BEFORE_THE_DOT[: BEFORE_THE_DOT.index(stage) + 1]
    assert server.letters == []


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"451 try later\r\n", Temporary),
        (b"421 shutting down\r\n", Temporary),
        (b"452-full\r\n452 disk\r\n", Temporary),
        (b"550 spam\r\n", Permanent),
        (b"554-no\r\n554 thanks\r\n", Permanent),
        (DROP, Uncertain),
        (RESET, Uncertain),
        (HANG, Uncertain),
        ((b"2", DROP), Uncertain),
        ((b"250-almost\r\n", DROP), Uncertain),
        (b"250-said\r\n550 and taken back\r\n", Uncertain),
        (b"354 again\r\n", Uncertain),
        (b"hello\r\n", Uncertain),
    ],
)
def test_after_the_dot_only_a_clear_no_means_nothing_was_sent(reply: Reply, expected: type[EdgeError]) -> None:
    with Scripted({"dot": reply}) as server:
        error, stages = failing(at(server.port, dot_timeout=SHORT if reply == HANG else 5.0))
    assert type(error) is expected, error
    assert stages == [*BEFORE_THE_DOT, "dot"]
    assert server.connections == 1  # nothing here tries a second time


@pytest.mark.parametrize("reply", [DROP, RESET, HANG, b"421 bye\r\n", b"gibberish\r\n", b"599 no\r\n"])
def test_once_accepted_no_trouble_at_the_goodbye_matters(reply: bytes) -> None:
    with Scripted({"QUIT": reply}) as server:
        assert send(at(server.port, timeout=SHORT)) == WHOLE_WAY
    assert len(server.letters) == 1


@pytest.mark.parametrize("end", [DROP, RESET])
def test_accepted_and_dropped_at_once_is_accepted(end: bytes) -> None:
    with Scripted({"dot": (USUAL["dot"], PAUSE, end)}) as server:  # an RST could overtake what is not yet read
        assert send(at(server.port)) == WHOLE_WAY


def test_a_server_that_goes_away_under_a_large_letter_never_saw_the_dot() -> None:
    large = LETTER + (b"y" * 76 + b"\r\n") * 200_000
    offers = b"250-here\r\n250 AUTH PLAIN\r\n"
    with Scripted({"EHLO": offers, "DATA": (USUAL["DATA"], DROP)}) as server:
        error, stages = failing(at(server.port, timeout=5), large)
    assert isinstance(error, Temporary)
    assert stages[-1] == "body"


def test_a_server_that_stops_reading_a_large_letter_never_saw_the_dot() -> None:
    large = LETTER + (b"y" * 76 + b"\r\n") * 200_000
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def read_until_data() -> None:
        talk, _ = listener.accept()
        with talk, talk.makefile("rb") as lines:
            for reply in (b"220 here", b"250 here", b"250 ok", b"250 ok", b"354 go"):
                talk.sendall(reply + b"\r\n")
                lines.readline()
            done.wait(10)

    thread = threading.Thread(target=read_until_data)
    thread.start()
    with listener:
        error, stages = failing(at(listener.getsockname()[1], password=None, timeout=SHORT), large)
    done.set()
    thread.join(10)
    assert isinstance(error, Temporary)
    assert "stopped listening" in str(error)
    assert stages[-1] == "body"


def test_an_answer_sent_ahead_is_not_taken_for_the_answer_to_the_dot() -> None:
    with Scripted({"DATA": b"354 go\r\n250 taken\r\n"}) as server:
        error, stages = failing(at(server.port))
    assert isinstance(error, Temporary)
    assert "dot" not in stages
    assert server.letters == []


def test_one_refused_recipient_keeps_the_letter_from_all() -> None:
    with Scripted({"RCPT": [b"250 ok\r\n", b"550 5.1.1 no such user\r\n"]}) as server:
        error, stages = failing(at(server.port), to=(ANN, BEN))
    assert isinstance(error, Permanent)
    assert BEN in str(error) and "no such user" in str(error)
    assert stages[-2:] == ["rcpt", "rcpt"]
    assert server.verbs[-1] == "QUIT"
    assert server.letters == []


def test_a_server_that_drips_its_answer_does_not_hold_us_past_the_deadline() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        talk, _ = listener.accept()
        with talk, contextlib.suppress(OSError):
            for _ in range(100):
                talk.sendall(b"2")
                time.sleep(0.02)

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with listener:
        error, _ = failing(at(listener.getsockname()[1], timeout=0.3))
        assert time.monotonic() - began < 1.5
    thread.join(10)
    assert isinstance(error, Temporary)


def test_an_endless_answer_is_cut_off() -> None:
    with Scripted({"EHLO": b"250-" + b"x" * 200_000 + b"\r\n250 ok\r\n"}) as server:
        error, stages = failing(at(server.port, timeout=5))
    assert isinstance(error, Temporary)
    assert stages[-1] == "hello"


def test_a_server_that_is_not_there_is_tried_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error, stages = failing(at(port))
    assert isinstance(error, Temporary)
    assert stages == ["connect"]
    assert "refused" in str(error)


def test_a_name_that_cannot_be_found_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    error, _ = failing(SmtpServer("smtp.nowhere.example", 465))
    assert isinstance(error, Temporary)
    assert "online" in str(error)


# --- encryption --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["smtp.example.org", "192.0.2.1", "10.0.0.1", "2001:db8::1", "localhost.evil.example"])
def test_plain_text_off_this_machine_is_refused_before_anything_is_opened(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object, **__: object) -> socket.socket:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", opened)
    monkeypatch.setattr(socket, "getaddrinfo", opened)
    error, stages = failing(SmtpServer(host, 25, "plain"))
    assert isinstance(error, Permanent)
    assert stages == []


def test_a_localhost_that_is_elsewhere_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted() as server:
        monkeypatch.setattr(smtp, "_is_loopback", lambda host: False)
        error, stages = failing(SmtpServer("localhost", server.port, "plain", timeout=1))
    assert isinstance(error, Permanent)
    assert (stages, server.heard) == (["connect"], [])


@pytest.mark.parametrize("how", ["tls", "starttls"])
@pytest.mark.parametrize("trouble", ["another name", "an unknown authority"])
def test_a_server_that_does_not_prove_its_name_is_told_nothing(
    how: str, trouble: str, authority: trustme.CA, ca_file: str
) -> None:
    stranger = trouble == "an unknown authority"
    context = proves(trustme.CA() if stranger else authority, "127.0.0.1" if stranger else "other.example")
    replies = {"EHLO": b"250-here\r\n250 STARTTLS\r\n"}
    with Scripted(replies, context, at_once=how == "tls") as server:
        error, stages = failing(at(server.port, security=how, ca_file=ca_file, timeout=5))
    assert isinstance(error, Permanent)
    assert stages[-1] == "tls"
    assert not {"AUTH", "MAIL"} & set(server.verbs)


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ({"EHLO": b"250-h\r\n250 STARTTLS\r\n", "STARTTLS": b"454 not now\r\n"}, Temporary),
        ({"EHLO": b"250-h\r\n250 STARTTLS\r\n", "STARTTLS": b"501 no\r\n"}, Permanent),
        ({"EHLO": b"250-h\r\n250 STARTTLS\r\n", "STARTTLS": DROP}, Temporary),
        ({"EHLO": b"250-h\r\n250 STARTTLS\r\n", "STARTTLS": HANG}, Temporary),
    ],
)
def test_without_starttls_nothing_goes_on_in_the_clear(replies: dict[str, bytes], expected: type[EdgeError]) -> None:
    with Scripted(replies) as server:
        error, _ = failing(at(server.port, security="starttls", timeout=SHORT))
    assert type(error) is expected, error
    assert not {"AUTH", "MAIL"} & set(server.verbs)


@pytest.mark.parametrize(
    "offer",
    [b"250-here\r\n250 AUTH PLAIN\r\n", b"250 STARTTLS\r\n"],
    ids=["taken out on the way", "only the greeting line says it"],
)
def test_where_starttls_is_not_offered_it_is_not_tried(offer: bytes) -> None:
    with Scripted({"EHLO": offer}) as server:
        error, _ = failing(at(server.port, security="starttls"))
    assert isinstance(error, Permanent)
    assert "does not offer STARTTLS" in str(error)
    assert server.verbs == ["ehlo"]


def test_words_slipped_in_before_the_encryption_are_not_heard_as_encrypted(authority: trustme.CA, ca_file: str) -> None:
    replies = {"EHLO": b"250-h\r\n250 STARTTLS\r\n", "STARTTLS": b"220 go\r\n250-h\r\n250 AUTH PLAIN\r\n"}
    with Scripted(replies, proves(authority, "127.0.0.1")) as server:
        error, _ = failing(at(server.port, security="starttls", ca_file=ca_file))
    assert isinstance(error, Permanent)
    assert "before the encryption" in str(error)
    assert server.verbs == ["ehlo", "STARTTLS"]


def test_what_a_server_offered_before_encryption_is_forgotten(authority: trustme.CA, ca_file: str) -> None:
    offers: list[Reply] = [b"250-h\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", b"250-h\r\n250 SIZE\r\n"]
    with Scripted({"EHLO": offers}, proves(authority, "127.0.0.1")) as server:
        error, _ = failing(at(server.port, security="starttls", ca_file=ca_file, timeout=5))
    assert isinstance(error, Permanent)
    assert server.verbs == ["ehlo", "STARTTLS", "ehlo"]


def test_a_server_that_speaks_plain_text_on_a_tls_port_is_named_as_such() -> None:
    with Scripted() as server:
        error, _ = failing(at(server.port, security="tls", timeout=5))
    assert isinstance(error, Permanent)
    assert "starttls" in str(error)
    assert not any(PASSWORD.encode() in line for line in server.heard)


def test_a_ca_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    error, stages = failing(at(9, security="tls", ca_file=str(tmp_path / "none.pem")))
    assert isinstance(error, Permanent)
    assert "none.pem" in str(error)
    assert stages == []


def test_an_unknown_kind_of_security_is_a_mistake_in_the_configuration() -> None:
    with pytest.raises(ConfigError, match="starttls"):
        SmtpServer("smtp.example.org", 465, "ssl")  # type: ignore[arg-type]


# --- signing in, and the password --------------------------------------------------------------------------


def decoded(line: bytes) -> bytes:
    return base64.b64decode(line.split(b" ")[-1])


def test_the_password_is_sent_once_even_if_more_ways_are_offered() -> None:
    with Scripted({"AUTH": b"535 5.7.8 no\r\n"}) as server:
        failing(at(server.port))
    assert server.verbs == ["ehlo", "AUTH", "QUIT"]
    assert decoded(server.heard[1]) == f"\0{ME}\0{PASSWORD}".encode()


def test_a_server_that_knows_only_login_is_signed_in_to() -> None:
    user = base64.b64encode(ME.encode()).decode()
    secret = base64.b64encode(PASSWORD.encode()).decode().upper()
    replies = {"EHLO": b"250-h\r\n250 AUTH=LOGIN\r\n", "AUTH": b"334 VXNlcm5hbWU6\r\n"}
    replies |= {user.upper(): b"334 UGFzc3dvcmQ6\r\n", secret: b"235 in\r\n"}
    with Scripted(replies) as server:
        send(at(server.port))
    assert [decoded(line) for line in server.heard[2:4]] == [ME.encode(), PASSWORD.encode()]


def test_a_server_that_asks_again_after_the_first_response_is_answered() -> None:
    plain = base64.b64encode(f"\0{ME}\0{PASSWORD}".encode()).decode().upper()
    with Scripted({"AUTH": b"334 \r\n", plain: b"235 in\r\n"}) as server:
        send(at(server.port))
    assert len(server.letters) == 1


def test_a_server_that_never_stops_asking_is_left() -> None:
    plain = base64.b64encode(f"\0{ME}\0{PASSWORD}".encode()).decode().upper()
    with Scripted({"AUTH": b"334 \r\n", plain: b"334 \r\n"}) as server:
        error, _ = failing(at(server.port))
    assert isinstance(error, Temporary)
    assert len(server.heard) <= 4


@pytest.mark.parametrize("offer", [b"250 SIZE\r\n", b"250 AUTH XOAUTH2\r\n", b"250 AUTH\r\n"])
def test_where_a_password_is_of_no_use_it_is_not_shown(offer: bytes) -> None:
    with Scripted({"EHLO": b"250-here\r\n" + offer}) as server:
        error, stages = failing(at(server.port))
    assert isinstance(error, Permanent)
    assert "auth" not in stages


def test_without_a_password_there_is_no_sign_in() -> None:
    with Scripted({"EHLO": b"250 here\r\n"}) as server:
        assert "auth" not in send(at(server.port, password=None))
    assert "AUTH" not in server.verbs


def test_a_server_that_wants_a_sign_in_says_so_to_one_who_has_none() -> None:
    with Scripted({"MAIL": b"530 5.7.0 authentication required\r\n"}) as server:
        error, _ = failing(at(server.port, password=None))
    assert isinstance(error, Permanent)
    assert "password" in str(error)


@pytest.mark.parametrize("code", [534, 535, 530, 538])
def test_a_refused_sign_in_names_the_next_step(code: int) -> None:
    with Scripted({"AUTH": b"%d 5.7.9 no\r\n" % code}) as server:
        error, _ = failing(at(server.port))
    assert isinstance(error, Permanent)
    assert "app password" in str(error)


def everything_said(error: BaseException | None) -> str:
    """The text and repr of an error and of all it came from."""
    said = ""
    while error is not None:
        said += f"{error} {error!r} {error.args!r} {vars(error)!r}\n"
        error = error.__cause__ or error.__context__
    return said


def test_no_error_repeats_the_password_even_if_the_server_does() -> None:
    plain = base64.b64encode(f"\0{ME}\0{PASSWORD}".encode())
    secret = base64.b64encode(PASSWORD.encode())
    echo = b"535 5.7.8 you said " + PASSWORD.encode() + b" that is " + plain + b" or " + secret + b"\r\n"
    with Scripted({"AUTH": echo}) as server:
        error, _ = failing(at(server.port))
    said = everything_said(error)
    for form in (PASSWORD, ascii(PASSWORD)[1:-1], repr(PASSWORD.encode())[2:-1], plain.decode(), secret.decode()):
        assert form not in said


def test_a_server_written_out_does_not_show_the_password() -> None:
    server = at(465)
    assert "password" not in repr(server) and PASSWORD not in repr(server)


@pytest.mark.parametrize("password", ["", "two\0parts", "half-\ud800-a-sign"])
def test_a_password_that_cannot_be_one_is_refused_without_being_repeated(password: str) -> None:
    with Scripted() as server:
        error, _ = failing(at(server.port, password=lambda: password))
    assert isinstance(error, Permanent)
    assert not password or ascii(password)[1:-1] not in everything_said(error)
    assert "AUTH" not in server.verbs


def test_a_password_that_cannot_be_had_ends_the_attempt_with_its_reason() -> None:
    def nowhere() -> str:
        raise ConfigError("home: the environment variable X is not set")

    with Scripted() as server:
        error, _ = failing(at(server.port, password=nowhere))
    assert isinstance(error, Permanent)
    assert "X is not set" in str(error)


def test_what_a_server_says_is_shown_as_one_short_line() -> None:
    nasty = "550-\x1b]52;c;evil\x07 first\r\n550 \u202esecond " + "z" * 900 + "\r\n"
    with Scripted({"RCPT": nasty.encode()}) as server:
        error, _ = failing(at(server.port))
    assert str(error).isprintable()
    assert len(str(error)) < 350


# --- what may be handed in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nRCPT TO:<eve@evil.example>",
        "a\n@b.example",
        "a\0@b.example",
        "a@b.example> SIZE=1",
        "<a@b.example",
        "a b@c.example",
        "a\u2028@b.example",
        "nobody",
        "@b.example",
        "a@",
        "",
        "a" * 250 + "@b.example",
    ],
)
def test_an_address_that_could_be_more_than_an_address_is_refused(address: str) -> None:
    with Scripted() as server:
        for me, to in ((ME, (ANN, address)), (address, (ANN,))):
            with pytest.raises(Permanent):
                send(at(server.port), me=me, to=to)
    assert server.connections == 0


def test_a_letter_to_nobody_is_refused() -> None:
    for nobody in ((), ANN):  # a bare string would be taken letter by letter
        with pytest.raises(Permanent):
            submit(at(9), LETTER, ME, nobody, lambda stage: None)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"Subject: x\n\nbody\n",
        b"Subject: x\r\n\r\nbare\rreturn\r\n",
        b"Subject: x\r\n\r\n\n.\nMAIL FROM:<eve@evil.example>\r\n",
        b"Subject: x\r\n\r\n\r.\r\r\n",
        b"Subject: x\r\n\r\nnul\0\r\n",
        b"Subject: x\r\n\r\n" + b"y" * 999 + b"\r\n",
    ],
)
def test_a_letter_that_would_be_changed_or_misread_on_the_way_is_refused(raw: bytes) -> None:
    with Scripted() as server:
        error, stages = failing(at(server.port), raw)
    assert isinstance(error, Permanent)
    assert (stages, server.connections) == ([], 0)


def test_a_line_of_998_octets_is_still_a_line() -> None:
    with Scripted() as server:
        send(at(server.port), b"Subject: x\r\n\r\n" + b"." * 998 + b"\r\n")
    assert server.letters == [b"Subject: x\r\n\r\n." + b"." * 998 + b"\r\n"]


EIGHT_BIT = "Subject: x\r\n\r\nGrüße\r\n".encode()


def test_8_bit_text_is_announced_where_it_is_taken() -> None:
    with Scripted() as server:
        send(at(server.port), EIGHT_BIT)
    assert server.heard[2] == b"MAIL FROM:<%s> SIZE=%d BODY=8BITMIME" % (ME.encode(), len(EIGHT_BIT))
    assert server.letters == [EIGHT_BIT]


@pytest.mark.parametrize(
    ("raw", "to"),
    [
        (EIGHT_BIT, ANN),
        (LETTER, "jörg@acme.example"),
        ("Subject: Grüße\r\n\r\nx\r\n".encode(), ANN),
        (LETTER + b"x\r\n" * 400_000, ANN),
    ],
    ids=["8-bit text", "an address beyond ASCII", "a header beyond ASCII", "more than the server takes"],
)
def test_what_the_server_cannot_carry_is_not_begun(raw: bytes, to: str) -> None:
    with Scripted({"EHLO": b"250-here\r\n250-SIZE 1000000\r\n250 AUTH PLAIN\r\n"}) as server:
        error, stages = failing(at(server.port), raw, (to,))
    assert isinstance(error, Permanent)
    assert "mail" not in stages


@pytest.mark.parametrize("limit", [b"", b" 0", b" 1000000", b" " + b"9" * 5000, b" lots"])
def test_a_letter_within_the_limit_is_taken_however_the_limit_is_written(limit: bytes) -> None:
    with Scripted({"EHLO": b"250-h\r\n250-SIZE" + limit + b"\r\n250 AUTH PLAIN\r\n"}) as server:
        assert send(at(server.port)) == WHOLE_WAY


def test_an_address_beyond_ascii_goes_where_it_is_understood() -> None:
    with Scripted({"EHLO": b"250-h\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n"}) as server:
        send(at(server.port), to=("jörg@acme.example",))
    assert server.heard[2] == f"MAIL FROM:<{ME}> SMTPUTF8".encode()
    assert server.heard[3] == "RCPT TO:<jörg@acme.example>".encode()


# --- doctor ------------------------------------------------------------------------------------------------


def test_doctor_hears_in_one_line_that_all_is_well(authority: trustme.CA, ca_file: str) -> None:
    with Scripted(None, proves(authority, "127.0.0.1"), at_once=True) as server:
        line = check(at(server.port, security="tls", ca_file=ca_file, timeout=5))
    assert line == f"127.0.0.1:{server.port} takes mail: TLSv1.3, signed in as {ME}"
    assert server.verbs == ["ehlo", "AUTH", "noop", "QUIT"]


def test_doctor_hears_that_there_is_no_sign_in() -> None:
    with Scripted({"QUIT": DROP}) as server:
        line = check(at(server.port, password=None))
    assert line.endswith("takes mail: no encryption (loopback), no sign-in configured")


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ({"AUTH": b"535 no\r\n"}, Permanent),
        ({"NOOP": b"421 no\r\n"}, Temporary),
        ({"NOOP": DROP}, Temporary),
        ({"greeting": b"554 no\r\n"}, Permanent),
        ({"greeting": HANG}, Temporary),
    ],
)
def test_doctor_hears_what_is_wrong(replies: dict[str, bytes], expected: type[EdgeError]) -> None:
    with Scripted(replies) as server, pytest.raises(expected) as caught:
        check(at(server.port, timeout=SHORT))
    assert "\n" not in str(caught.value)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() <= before
