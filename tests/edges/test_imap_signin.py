"""Signing in: to whom a password is shown, and what a refusal means."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from edges.test_imap_wire import Scripted, TlsFront, account, opened, serving, uids
from onward.core.model import EdgeError, Permanent, Temporary
from onward.demo.server import EmbeddedServer, Quirks
from onward.edges.imap import ImapMailbox
from servers.dovecot import LOOPBACK, Dovecot, require_dovecot
from servers.proxy import FaultProxy, Faults

QUARTER = timedelta(minutes=15)


def refused(port: int, **changes: object) -> EdgeError:
    """The error of an attempt to sign in, after looking that it and what led to it name no secret."""
    with opened(port, **changes) as mailbox, pytest.raises(EdgeError) as caught:
        mailbox.check()
    error: BaseException | None = caught.value
    while error is not None:
        for secret in ("secret", "geheim", base64.b64encode(b"\0sam\0secret").decode()):
            assert secret not in repr(error)
        error = error.__cause__
    return caught.value


# --- TLS -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def test_tls_with_a_known_authority_and_the_right_name(authority: trustme.CA, ca_file: str) -> None:
    with serving(mails=2) as server, TlsFront(server.port, authority.issue_cert("localhost")) as front:
        with opened(front.port, host="localhost", security="tls", ca_file=ca_file) as mailbox:
            assert uids(mailbox) == [1, 2]
        assert b"AUTHENTICATE" in front.heard


@pytest.mark.parametrize("wrong", ["authority", "name", "expired", "not yet"])
def test_a_certificate_that_cannot_be_trusted_sees_no_byte(wrong: str, authority: trustme.CA, ca_file: str) -> None:
    now = datetime.now(UTC)
    certificate = {
        "authority": lambda: trustme.CA().issue_cert("localhost"),
        "name": lambda: authority.issue_cert("imap.acme.example"),
        "expired": lambda: authority.issue_cert(
            "localhost", not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)
        ),
        "not yet": lambda: authority.issue_cert("localhost", not_before=now + timedelta(days=1)),
    }[wrong]()
    with serving() as server, TlsFront(server.port, certificate) as front:
        error = refused(front.port, host="localhost", security="tls", ca_file=ca_file)
        assert isinstance(error, Permanent)
        assert "certificate" in str(error)
        assert front.heard == b""
        assert server.log == []


def test_starttls_checks_the_certificate_before_the_password(ca_file: str) -> None:
    require_dovecot()
    with Dovecot(tls=True) as server, FaultProxy(server.imap_port, record=True) as proxy:
        settings = {"user": "alice", "security": "starttls", "read_timeout": 30.0}
        with opened(proxy.port, host="localhost", ca_file=str(server.ca_file), **settings) as mailbox:
            assert uids(mailbox) == []
        error = refused(proxy.port, host="localhost", ca_file=ca_file, **settings)
        assert isinstance(error, Permanent)
        assert "certificate" in str(error)
        assert proxy.commands(1)[:2] == ["CAPABILITY", "STARTTLS"]
        in_clear = b"".join(data for link in proxy.wire for _, data in link)
        assert b"AUTHENTICATE" not in in_clear
        with opened(
            server.imaps_port, host="localhost", **settings | {"security": "tls"}, ca_file=str(server.ca_file)
        ) as mailbox:
            assert uids(mailbox) == []


def test_starttls_that_is_not_offered_is_not_done_without() -> None:
    with serving() as server:
        error = refused(server.port, security="starttls")
        assert isinstance(error, Permanent)
        assert "STARTTLS" in str(error)
        assert not any(b"AUTHENTICATE" in line or b"LOGIN" in line for _, line in server.log)


def test_what_is_said_before_starttls_is_forgotten(authority: trustme.CA, ca_file: str) -> None:
    """RFC 9051 §11.1: a capability or a mail slipped in before the handshake must not survive it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        client, _ = listener.accept()
        client.sendall(b"* OK hello\r\n")
        tag = client.recv(1000).split()[0]
        client.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
        tag = client.recv(1000).split()[0]
        client.sendall(tag + b" OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n* 9 EXISTS\r\n")
        with context.wrap_socket(client, server_side=True) as inside:
            while data := inside.recv(1000):
                heard.append(data)
                tag = data.split()[0]
                said = b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n" if b"CAPABILITY" in data else b""
                inside.sendall(said + tag + b" OK done\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        error = refused(listener.getsockname()[1], host="localhost", security="starttls", ca_file=ca_file)
        thread.join(10)
    assert isinstance(error, Permanent)
    assert all(b"CAPABILITY" in each for each in heard)


def test_tls_towards_a_port_without_it_says_what_to_check(ca_file: str) -> None:
    with serving() as server:
        error = refused(server.port, host="localhost", security="tls", ca_file=ca_file)
        assert isinstance(error, Permanent)
        assert "TLS" in str(error)
        assert "port" in str(error)


def test_a_ca_file_that_is_not_there_or_no_ca_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for path in (tmp_path / "absent.pem", tmp_path / "no.pem"):
        error = refused(9, security="tls", ca_file=str(path))
        assert isinstance(error, Permanent)
        assert str(path) in str(error)


def test_plain_text_never_leaves_this_machine() -> None:
    for host in ("imap.acme.example", "192.0.2.1", "localhost.acme.example", "127.0.0.1.acme.example"):
        error = refused(1, host=host)
        assert isinstance(error, Permanent)
        assert "tls" in str(error)


@pytest.mark.parametrize("security", ["plain", "starttls"])
def test_a_server_that_greets_as_signed_in_is_refused(security: str) -> None:
    with serving(Quirks(preauth=True)) as server:
        error = refused(server.port, security=security)
        assert isinstance(error, Permanent)
        assert "already signed in" in str(error)
        assert {line.split()[1] for _, line in server.log} <= {b"CAPABILITY", b"LOGOUT"}


# --- the password ----------------------------------------------------------------------------------------


def test_a_wrong_password_is_permanent_and_the_right_one_works_after() -> None:
    with serving(Quirks(refuse_logins=1), mails=1) as server:
        with opened(server.port) as mailbox:
            with pytest.raises(Permanent, match="refused the sign-in of sam"):
                uids(mailbox)
            assert uids(mailbox) == [1]
        assert isinstance(refused(server.port, password=lambda: "geheim-ä"), Permanent)


@pytest.mark.parametrize("password", ["pässwörd", "密码", 'quote " and \\', " spaces ", "{5}", "%n", "\x01"])
def test_a_password_may_hold_any_letter(password: str) -> None:
    with EmbeddedServer({"sam": password}) as server, opened(server.port, password=lambda: password) as mailbox:
        assert uids(mailbox) == []


LOGIN_ONLY = b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"


def test_login_is_used_where_plain_is_not_offered() -> None:
    answers = {"CAPABILITY": LOGIN_ONLY, "LOGIN": b"TAG OK welcome\r\n"}
    with Scripted(answers) as server, opened(server.port, password=lambda: 'a "b" \\c') as mailbox:
        assert uids(mailbox) == [1, 2, 3]
        assert server.lines[1].endswith(rb'LOGIN "sam" "a \"b\" \\c"')


@pytest.mark.parametrize("password", ["geheim-ä", "secret\r\nA1 DELETE INBOX", "secret\0"])
def test_login_cannot_take_every_password_and_says_so(password: str) -> None:
    answers = {"CAPABILITY": LOGIN_ONLY, "LOGIN": b"TAG OK welcome\r\n"}
    with Scripted(answers) as server:
        assert isinstance(refused(server.port, password=lambda: password), Permanent)
        assert not any(b"LOGIN" in line for line in server.lines)


def test_no_password_is_shown_where_login_is_disabled() -> None:
    disabled = b"* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2\r\nTAG OK done\r\n"
    with Scripted({"CAPABILITY": disabled}) as server:
        assert isinstance(refused(server.port), Permanent)
        assert not any(b"LOGIN" in line or b"AUTH" in line for line in server.lines)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "LIMIT", "THROTTLED", "INUSE", "SERVERBUG", "OVERQUOTA"])
def test_a_server_that_asks_to_wait_is_not_asked_again_soon(code: str) -> None:
    with Scripted({"": f"TAG NO [{code}] come back later\r\n".encode()}) as server:
        error = refused(server.port)
        assert isinstance(error, Temporary)
        assert error.wait is not None
        assert error.wait >= QUARTER


def test_text_that_sounds_like_a_code_is_only_text() -> None:
    with Scripted({"": b"TAG NO limit of unavailable things (LIMIT) reached\r\n"}) as server:
        assert isinstance(refused(server.port), Permanent)


def test_what_the_person_must_know_is_passed_on_without_secrets() -> None:
    said = b"TAG NO [ALERT] Application-specific password required\r\n"
    with Scripted({"": said}) as server:
        assert "Application-specific password required" in str(refused(server.port))
    with Scripted({"": b"TAG NO [ALERT] secret is wrong\r\n"}) as server:
        refused(server.port)


@pytest.mark.parametrize("challenge", [b"+ \r\n", b"+\r\n", b"+ go ahead\r\n", b"+ Z28=\r\n"])
def test_any_challenge_gets_the_one_answer(challenge: bytes) -> None:
    with Scripted({"AUTHENTICATE": challenge}) as server, opened(server.port) as mailbox:
        assert uids(mailbox) == [1, 2, 3]


def test_the_password_is_said_once_however_often_it_is_asked_for() -> None:
    with Scripted({"": b"+ again\r\n"}) as server:
        assert isinstance(refused(server.port), Temporary)
    assert sum(line == base64.b64encode(b"\0sam\0secret") for line in server.lines) == 1


# --- a bad moment ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [None, b"* BYE too busy\r\n", b"nonsense\r\n", b"TAG OK"])
def test_a_connection_lost_while_signing_in_says_nothing_about_the_password(said: bytes | None) -> None:
    with Scripted({"": lambda tag, line: said}) as server:
        error = refused(server.port, read_timeout=0.3)
        assert isinstance(error, Temporary)


def test_a_bye_as_greeting_is_temporary_and_its_code_is_heard() -> None:
    with serving(Quirks(bye_as_greeting=1), mails=1) as server, opened(server.port) as mailbox:
        with pytest.raises(Temporary) as caught:
            uids(mailbox)
        assert caught.value.wait == QUARTER
        assert uids(mailbox) == [1]


@pytest.mark.parametrize("greeting", [b"", b"\r\n", b"HTTP/1.1 400 Bad\r\n", b"* OK {99999999999}\r\n", b"* " * 5000])
def test_what_is_no_imap_server_is_temporary(greeting: bytes) -> None:
    with Scripted(greeting=greeting) as server:
        assert isinstance(refused(server.port, connect_timeout=0.3, read_timeout=0.3), Temporary)


def test_nobody_there_is_temporary_and_is_tried_anew() -> None:
    with serving(mails=1) as server, FaultProxy(server.port) as proxy, opened(proxy.port) as mailbox:
        proxy.faults = Faults(refuse=True)
        with pytest.raises(Temporary, match="nobody answers"):
            uids(mailbox)
        proxy.faults = Faults()
        assert uids(mailbox) == [1]


def test_a_name_that_is_not_known_is_temporary() -> None:
    assert isinstance(refused(1, host="no-such-host.invalid", security="tls"), Temporary)


def test_a_password_that_cannot_be_had_is_told_as_it_is() -> None:
    def locked() -> str:
        raise Permanent("the keyring is locked; unlock it")

    with serving() as server, opened(server.port, password=locked) as mailbox:
        with pytest.raises(Permanent, match="the keyring is locked"):
            mailbox.check()
        assert mailbox._client is None


def test_the_loopback_server_is_reached_by_name_too() -> None:
    with serving(mails=1) as server:
        mailbox = ImapMailbox(account(server.port, host="localhost"))
        assert uids(mailbox) == [1]
        mailbox.close()
    assert LOOPBACK == "127.0.0.1"
