"""IDLE, in clear and in TLS: nothing missed, nothing taken apart wrongly, no end of a connection overlooked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from edges.test_imap_wire import LETTER, NOON, Scripted, TlsFront, opened, serving, uids
from onward.core.model import Temporary
from onward.demo.server import EmbeddedServer, Quirks
from onward.edges.imap import ImapMailbox
from servers.dovecot import Dovecot
from servers.proxy import FaultProxy, Faults


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost")


@pytest.fixture(params=["plain", "tls"])
def reach(
    request: pytest.FixtureRequest, authority: trustme.CA, certificate: trustme.LeafCert, tmp_path: Path
) -> Iterator[Reach]:
    """Opens a mailbox on a port, in clear or through TLS."""
    with ExitStack() as last:

        def open_(port: int, **changes: object) -> ImapMailbox:
            if request.param == "tls":
                authority.cert_pem.write_to_path(tmp_path / "ca.pem")
                front = last.enter_context(TlsFront(port, certificate))
                tls = {"host": "localhost", "security": "tls", "ca_file": str(tmp_path / "ca.pem")}
                return last.enter_context(opened(front.port, **tls, **changes))
            return last.enter_context(opened(port, **changes))

        yield open_


Reach = Callable[..., ImapMailbox]


@contextmanager
def soon(act: Callable[[], object], seconds: float = 0.1) -> Iterator[None]:
    timer = threading.Timer(seconds, act)
    timer.start()
    yield
    timer.join()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def quirks_of(name: str) -> Quirks:
    settings: dict[str, Any] = {name: True} if name else {}
    return Quirks(**settings)


def deliver(server: EmbeddedServer) -> None:
    server.mailbox("INBOX").deliver(LETTER, NOON)


# --- (a) to (d) of engineering.md §1 ---------------------------------------------------------------------


@pytest.mark.parametrize("quirk", ["", "coalesce_idle", "exists_before_plus", "split_writes", "throttled"])
def test_mail_between_fetch_and_idle_is_noticed_however_it_is_told(reach: Reach, quirk: str) -> None:
    with serving(quirks_of(quirk), mails=1) as server:
        mailbox = reach(server.port)
        assert uids(mailbox) == [1]
        deliver(server)
        with within(5):
            assert mailbox.wait("INBOX", 10) is True
        assert uids(mailbox) == [1, 2]


@pytest.mark.parametrize("quirk", ["", "coalesce_idle", "exists_before_plus", "split_writes"])
def test_mail_during_idle_is_noticed_and_nothing_else_is_news(reach: Reach, quirk: str) -> None:
    with serving(quirks_of(quirk), mails=3) as server:
        mailbox = reach(server.port)
        assert uids(mailbox) == [1, 2, 3]
        assert mailbox.wait("INBOX", 0.1) is False  # the number of mails, told again, is no news
        inbox = server.mailbox("INBOX")
        with soon(lambda: inbox.change_flags(1, [b"\\Seen"])), soon(lambda: inbox.remove([2])):
            assert mailbox.wait("INBOX", 0.4) is False
        with within(5), soon(lambda: deliver(server)):
            assert mailbox.wait("INBOX", 10) is True
        assert uids(mailbox) == [1, 3, 4]


def test_one_mail_gone_and_one_come_is_news(reach: Reach) -> None:
    with serving(mails=3) as server:
        mailbox = reach(server.port)
        assert uids(mailbox) == [1, 2, 3]
        server.mailbox("INBOX").remove([1])
        deliver(server)
        with within(5):
            assert mailbox.wait("INBOX", 10) is True


def test_the_connection_is_in_step_after_many_idles(reach: Reach) -> None:
    with serving(Quirks(split_writes=True), mails=1) as server:
        mailbox = reach(server.port)
        assert uids(mailbox) == [1]
        for count in range(2, 7):
            with soon(lambda: deliver(server), 0.02):
                assert mailbox.wait("INBOX", 10) is True
            assert uids(mailbox) == list(range(1, count + 1))
        assert sum(b"AUTHENTICATE" in line for _, line in server.log) == 1


@pytest.mark.parametrize("cut", [1, 2, 5, 13])
def test_lines_torn_anywhere_are_put_together(reach: Reach, cut: int) -> None:
    with serving(mails=1) as server, FaultProxy(server.port) as proxy:
        proxy.faults = Faults(split_at=cut)
        mailbox = reach(proxy.port)
        assert uids(mailbox) == [1]
        with within(5), soon(lambda: deliver(server)):
            assert mailbox.wait("INBOX", 10) is True
        assert uids(mailbox) == [1, 2]
        assert mailbox.wait("INBOX", 0.05) is False


def test_dovecot_pushes_within_its_half_second(dovecot: Dovecot) -> None:
    with opened(dovecot.imap_port, user="alice", read_timeout=30.0) as mailbox:
        assert uids(mailbox) == []
        with within(4), soon(lambda: dovecot.deliver(LETTER)):
            assert mailbox.wait("INBOX", 10) is True
        assert uids(mailbox) == [1]


# --- the end of a connection -----------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("when", [0.0, 0.15], ids=["before", "during"])
def test_a_cut_connection_is_noticed_at_once_and_made_anew(reach: Reach, reset: bool, when: float) -> None:
    with serving(mails=1) as server, FaultProxy(server.port) as proxy:
        mailbox = reach(proxy.port)
        assert uids(mailbox) == [1]
        if not when:
            proxy.drop_all(reset=reset)
        with within(5), soon(lambda: proxy.drop_all(reset=reset), when), pytest.raises(Temporary):
            mailbox.wait("INBOX", 10)
        assert mailbox.wait("INBOX", 0.05) is False
        assert uids(mailbox) == [1]


def test_bye_is_the_end(reach: Reach) -> None:
    with serving(Quirks(bye_in_idle=True), mails=1) as server:
        mailbox = reach(server.port)
        for _ in range(3):
            with within(5), pytest.raises(Temporary):
                mailbox.wait("INBOX", 10)
        assert uids(mailbox) == [1]


@pytest.mark.parametrize("read", ["done", "start"])
def test_a_half_open_connection_is_noticed_within_the_read_timeout(reach: Reach, read: str) -> None:
    with serving(mails=1) as server, FaultProxy(server.port) as proxy:
        mailbox = reach(proxy.port, read_timeout=0.5)
        assert uids(mailbox) == [1]
        with within(5), soon(proxy.hold, 0.2 if read == "done" else 0), pytest.raises(Temporary, match="in time"):
            time.sleep(0.05)
            mailbox.wait("INBOX", 0.6)
        proxy.release(deliver=False)
        assert uids(mailbox) == [1]


def test_mail_that_came_while_the_connection_was_dead_is_noticed_at_once(reach: Reach) -> None:
    with serving(mails=1) as server:
        mailbox = reach(server.port)
        assert uids(mailbox) == [1]
        server.drop_connections()
        with pytest.raises(Temporary):
            mailbox.wait("INBOX", 10)
        deliver(server)
        with within(5):
            assert mailbox.wait("INBOX", 10) is True


# --- odd servers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        b"TAG NO [UNAVAILABLE] not now\r\n",
        b"* BYE [UNAVAILABLE] no\r\n",
        b"+ idling\r\nTAG OK I have had enough\r\n",
        b"x" * 1_100_000,
        b"* 1 FETCH (FLAGS ())\r\n" * 20_000,
        None,
    ],
    ids=["NO", "BYE", "ended", "endless line", "flood", "silence and FIN"],
)
def test_an_idle_that_goes_wrong_is_temporary(said: bytes | None) -> None:
    with (
        Scripted({"IDLE": said}) as server,
        opened(server.port, read_timeout=0.5) as mailbox,
        within(4),
        pytest.raises(Temporary),
    ):
        mailbox.wait("INBOX", 2)


@pytest.mark.parametrize("said", [b"TAG NO not now\r\n", b"TAG BAD what\r\n* 3 EXISTS\r\n"])
def test_an_idle_that_is_offered_and_refused_becomes_a_poll(said: bytes) -> None:
    with Scripted({"IDLE": said}) as server, opened(server.port) as mailbox:
        for _ in range(3):
            started = time.monotonic()
            assert mailbox.wait("INBOX", 0.15) is False
            assert time.monotonic() - started > 0.1
            assert uids(mailbox) == [1, 2, 3]
        assert server.connections == 1
        assert sum(line.endswith(b" IDLE") for line in server.lines) == 1


def test_what_comes_with_the_end_of_idle_is_not_lost() -> None:
    torn = [b"TAG OK done\r\n* 4 EXI", b"STS\r\n* 5 EXISTS\r\n"]
    sockets: list[socket.socket] = []

    class Torn(Scripted):
        def serve(self, client: socket.socket) -> None:
            sockets.append(client)
            super().serve(client)

    def done(tag: bytes, line: bytes) -> bytes:
        sockets[-1].sendall(torn[0].replace(b"TAG", tag))
        time.sleep(0.05)
        return torn[1]

    with Torn({"DONE": done}) as server, opened(server.port) as mailbox:
        assert mailbox.wait("INBOX", 0.05) is True
        assert uids(mailbox) == [1, 2, 3]
        assert server.connections == 1


def test_without_idle_waiting_is_only_time_and_can_be_ended() -> None:
    with serving(Quirks(no_idle=True), mails=1) as server, opened(server.port) as mailbox:
        assert uids(mailbox) == [1]
        started = time.monotonic()
        assert mailbox.wait("INBOX", 0.3) is False
        assert 0.25 < time.monotonic() - started < 2
        with within(5), soon(mailbox.stop_waiting):
            assert mailbox.wait("INBOX", 20) is False
        assert not any(b"IDLE" in line for _, line in server.log)


def test_idle_is_renewed_long_before_the_server_or_a_router_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.edges.imap.RENEW_IDLE", 0.1)
    with serving(mails=1) as server, opened(server.port) as mailbox:
        with within(5):
            assert mailbox.wait("INBOX", 20) is False
        assert [line.split()[-1] for _, line in server.log][-2:] == [b"IDLE", b"DONE"]


def test_waiting_tells_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    signs: list[float] = []
    with serving(mails=1) as server, opened(server.port) as mailbox:
        mailbox._on_progress = lambda: signs.append(time.monotonic())
        mailbox.wait("INBOX", 0.1)
    assert len(signs) >= 3


def test_a_thousand_wakes_are_one(reach: Reach) -> None:
    with serving(mails=1) as server:
        mailbox = reach(server.port)
        for _ in range(100_000):
            mailbox.stop_waiting()
        with within(5):
            assert mailbox.wait("INBOX", 20) is False
        started = time.monotonic()
        assert mailbox.wait("INBOX", 0.2) is False
        assert time.monotonic() - started > 0.15
