"""The servers and the bad network do what they say; the tests that use them rest on this."""

import contextlib
import os
import random
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import imapclient
import pytest
import trustme

from servers import dovecot as dovecot_module
from servers.dovecot import LOOPBACK, PASSWORD, Dovecot, find_dovecot, require_dovecot
from servers.proxy import RST_ON_CLOSE, ClientTalk, FaultProxy, Faults, choose_faults
from servers.smtp import DROP, HANG, Drop, Late, Replies, SmtpSink

MAIL = b"From: a@example.test\r\nSubject: hello\r\n\r\nOne line.\r\n.\r\n..two dots\r\n"
DRAFT = b"Message-ID: <draft@example.test>\r\nSubject: a draft\r\n\r\n" + b"All of the text. " * 100
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
GONE = (OSError, imapclient.IMAPClient.AbortError, imapclient.IMAPClient.Error)


# Dovecot


def test_a_delivered_mail_arrives_byte_for_byte(dovecot: Dovecot) -> None:
    accepted_at = dovecot.deliver(MAIL)
    assert 0 <= time.monotonic() - accepted_at < 5
    with dovecot.client() as client:
        client.select_folder("INBOX", readonly=True)
        assert client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"].endswith(MAIL)


def test_a_delivery_pushes_to_a_client_in_idle(dovecot: Dovecot) -> None:
    with dovecot.client() as client:
        client.select_folder("INBOX", readonly=True)
        client.idle()
        dovecot.deliver(MAIL)
        assert (1, b"EXISTS") in client.idle_check(timeout=10)
        client.idle_done()


def test_the_two_people_do_not_see_each_others_mail(dovecot: Dovecot) -> None:
    dovecot.deliver(MAIL, user="bob")
    assert len(dovecot.snapshot("INBOX", user="bob")) == 1
    assert dovecot.snapshot("INBOX", user="alice") == {}


def test_every_special_folder_is_there_with_its_special_use(dovecot: Dovecot) -> None:
    with dovecot.client() as client:
        found = {(name, flag) for flags, _, name in client.list_folders() for flag in flags}
    assert {(name, b"\\" + name.encode()) for name in ("Drafts", "Sent", "Trash", "Junk")} <= found


def test_filled_mails_keep_their_order_their_time_and_their_flags(dovecot: Dovecot) -> None:
    mails = [(b"Subject: %d\n\nbody\n" % number, NEW_YEAR) for number in range(50)]
    assert dovecot.fill("INBOX", mails, spread_days=49, flags="S") == 50
    with dovecot.client() as client:
        client.select_folder("INBOX", readonly=True)
        fetched = client.fetch(list(range(1, 51)), ["INTERNALDATE", "FLAGS", "BODY.PEEK[]"])
    for uid, data in fetched.items():
        assert data[b"BODY[]"] == b"Subject: %d\r\n\r\nbody\r\n" % (uid - 1)
        assert data[b"INTERNALDATE"] == NEW_YEAR - timedelta(days=50 - uid)
        assert b"\\Seen" in data[b"FLAGS"]


def test_a_folder_with_an_odd_name_is_filled_while_a_mail_delivered_later_comes_last(dovecot: Dovecot) -> None:
    dovecot.fill("Stellen/Zürich & Köln", [(MAIL, NEW_YEAR)])
    dovecot.fill("INBOX", [(MAIL, NEW_YEAR)] * 3)
    dovecot.deliver(b"Subject: last\r\n\r\n")
    assert [len(dovecot.snapshot(name)) for name in ("Stellen/Zürich & Köln", "INBOX")] == [1, 4]
    assert dovecot.snapshot("INBOX")[4].internaldate > NEW_YEAR


def test_three_thousand_mails_are_on_disk_within_seconds(dovecot: Dovecot) -> None:
    started = time.monotonic()
    assert dovecot.fill("INBOX", ((MAIL, NEW_YEAR) for _ in range(3000))) == 3000
    assert time.monotonic() - started < 20  # 0.5 s on a quiet machine
    with dovecot.client() as client:
        assert client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 3000


def test_another_uidvalidity_is_what_the_next_client_sees(dovecot: Dovecot) -> None:
    dovecot.deliver(MAIL)
    dovecot.set_uidvalidity("INBOX", 4711)
    with dovecot.client() as client:
        assert client.select_folder("INBOX", readonly=True)[b"UIDVALIDITY"] == 4711
        assert client.search() == [1]


def test_a_snapshot_changes_nothing_and_a_second_one_is_equal(dovecot: Dovecot) -> None:
    dovecot.fill("INBOX", [(MAIL, NEW_YEAR)] * 5)
    dovecot.deliver(MAIL)
    first = dovecot.snapshot("INBOX")
    assert list(first) == [1, 2, 3, 4, 5, 6]
    assert dovecot.snapshot("INBOX") == first
    dovecot.stop()
    dovecot.start()
    assert dovecot.snapshot("INBOX") == first


def test_a_snapshot_tells_when_somebody_read_a_mail(dovecot: Dovecot) -> None:
    dovecot.fill("INBOX", [(MAIL, NEW_YEAR)] * 2)
    before = dovecot.snapshot("INBOX")
    with dovecot.client() as client:
        client.select_folder("INBOX")
        client.fetch([2], ["BODY[]"])
    after = dovecot.snapshot("INBOX")
    assert after[1] == before[1]
    assert after[2].flags == ("\\Seen",)
    assert after[2].modseq > before[2].modseq
    assert after[2][2:] == before[2][2:]


def test_a_kick_ends_connections_and_lets_new_ones_in(dovecot: Dovecot) -> None:
    dovecot.kick()  # nobody is there, and that is fine
    client = dovecot.client()
    dovecot.kick()
    with pytest.raises(GONE):
        client.noop()
    dovecot.client().noop()


def test_a_restart_keeps_the_port_and_the_mail(dovecot: Dovecot) -> None:
    dovecot.deliver(MAIL)
    port = dovecot.imap_port
    dovecot.stop()
    with pytest.raises(ConnectionRefusedError):
        dovecot.client()
    dovecot.start()
    assert dovecot.imap_port == port
    assert len(dovecot.snapshot("INBOX")) == 1


def test_tls_is_checked_against_its_own_authority() -> None:
    require_dovecot()
    with Dovecot(tls=True) as dovecot:
        context = ssl.create_default_context(cafile=str(dovecot.ca_file))
        for name in ("localhost", LOOPBACK):
            connection = imapclient.IMAPClient(name, dovecot.imaps_port, ssl_context=context, timeout=10)
            with connection as client:
                client.login("alice", PASSWORD)
        with pytest.raises(ssl.SSLCertVerificationError):
            imapclient.IMAPClient("localhost", dovecot.imaps_port, timeout=10)


def test_one_connection_too_many_is_refused() -> None:
    require_dovecot()
    with Dovecot(max_userip_connections=1) as dovecot:
        dovecot.client()
        with pytest.raises(imapclient.IMAPClient.Error, match="Maximum number of connections"):
            dovecot.client()


def test_submission_relays_to_the_sink(smtp_sink: SmtpSink) -> None:
    require_dovecot()
    with (
        Dovecot(submission_relay_port=smtp_sink.port) as dovecot,
        smtplib.SMTP(LOOPBACK, dovecot.submission_port, timeout=10) as smtp,
    ):
        smtp.login("alice", PASSWORD)
        smtp.sendmail("alice@example.test", ["hr@example.test"], MAIL)
    assert smtp_sink.mails[0].rcpt_tos == ("hr@example.test",)
    assert smtp_sink.mails[0].data.endswith(MAIL)


def test_nothing_is_left_of_a_dovecot_afterwards() -> None:
    require_dovecot()
    with Dovecot() as dovecot:
        dovecot.deliver(MAIL)
        process = dovecot._process
        assert process is not None
        assert dovecot_module.group_runs(process.pid)
    assert not dovecot_module.group_runs(process.pid)
    assert not dovecot.folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, dovecot.imap_port))


def test_a_missing_dovecot_skips_here_and_fails_on_the_ci_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dovecot_module, "find_dovecot", lambda: None)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install --no-install-recommends dovecot-imapd"):
        require_dovecot()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install --no-install-recommends dovecot-imapd"):
        require_dovecot()


def test_dovecot_without_its_imap_part_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dovecot_module, "PROGRAM_FOLDERS", (str(tmp_path),))
    assert find_dovecot() is None


# The bad network, before a Dovecot


@pytest.fixture
def network(dovecot: Dovecot) -> Iterator[FaultProxy]:
    with FaultProxy(dovecot.imap_port, record=True) as proxy:
        yield proxy


@contextlib.contextmanager
def connected(network: FaultProxy, timeout: float = 10) -> Iterator[imapclient.IMAPClient]:
    """Log alice in through the network; close without a word, as the network may be dead by then."""
    client = imapclient.IMAPClient(LOOPBACK, network.port, ssl=False, timeout=timeout)
    try:
        client.login("alice", PASSWORD)
        yield client
    finally:
        with contextlib.suppress(OSError):
            client.shutdown()


def append_draft(client: imapclient.IMAPClient) -> bytes:
    answer: bytes = client.append("Drafts", DRAFT, flags=["\\Draft"])
    return answer


def eventually(condition: Callable[[], bool], seconds: float = 5) -> bool:
    """Wait until the condition holds, and say whether it did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_without_faults_the_network_only_passes_bytes(dovecot: Dovecot, network: FaultProxy) -> None:
    with connected(network) as client:
        assert b"APPENDUID" in append_draft(client)
        client.logout()
    assert len(dovecot.snapshot("Drafts")) == 1
    assert eventually(lambda: network.open_connections == 0)


def test_a_lost_ack_leaves_one_mail_and_no_ok(dovecot: Dovecot, network: FaultProxy) -> None:
    with connected(network) as client:
        network.faults = Faults(lose_append_ack=True)
        with pytest.raises(GONE):
            append_draft(client)
    assert len(dovecot.snapshot("Drafts")) == 1
    received = b"".join(data for direction, data in network.wire[0] if direction == "to_client")
    assert b"APPENDUID" in received  # the server did say so


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_in_the_literal_leaves_no_mail(dovecot: Dovecot, network: FaultProxy, reset: bool) -> None:
    with connected(network) as client:
        network.faults = Faults(cut_in_literal=200, reset=reset)
        with pytest.raises(GONE):
            append_draft(client)
    assert eventually(lambda: network.open_connections == 0)
    assert dovecot.snapshot("Drafts") == {}


@pytest.mark.parametrize("reset", [False, True])
def test_a_delayed_commit_lands_after_the_client_died(dovecot: Dovecot, network: FaultProxy, reset: bool) -> None:
    with connected(network, timeout=0.3) as client:
        network.faults = Faults(delay_commit=1.0)
        with pytest.raises(GONE):
            append_draft(client)
        if reset:
            client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            os.close(client.socket().detach())  # past imaplib, whose own end begins with a FIN
    assert dovecot.snapshot("Drafts") == {}
    assert eventually(lambda: len(dovecot.snapshot("Drafts")) == 1)


def test_a_refused_connection_is_refused_and_the_port_stays_the_same(network: FaultProxy) -> None:
    network.faults = Faults(refuse=True)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, network.port))
    network.faults = Faults()
    with connected(network) as client:
        client.noop()


def test_latency_is_felt(network: FaultProxy) -> None:
    with connected(network) as client:
        network.faults = Faults(latency=0.1)
        started = time.monotonic()
        client.noop()
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("place", [1, 2, 17])
def test_a_split_write_arrives_in_two_pieces_and_whole(network: FaultProxy, place: int) -> None:
    with connected(network) as client:
        network.faults = Faults(split_at=place)
        client.socket().sendall(b"X1 NOOP\r\n")
        pieces = [client.socket().recv(4096), client.socket().recv(4096)]
    assert len(pieces[0]) == place
    assert b"".join(pieces).startswith(b"X1 OK NOOP completed")


def test_a_drip_is_slow_and_can_be_ended(network: FaultProxy) -> None:
    with connected(network, timeout=10) as client:
        network.faults = Faults(drip=100)
        started = time.monotonic()
        client.noop()  # about forty bytes
        assert time.monotonic() - started >= 0.3
        network.faults = Faults(drip=1)
        client.socket().sendall(b"X1 NOOP\r\n")
        time.sleep(0.1)
        network.faults = Faults()
        assert eventually(lambda: b"X1 OK" in client.socket().recv(4096, socket.MSG_PEEK))


@pytest.mark.parametrize("reset", [False, True])
def test_the_network_cuts_after_so_many_bytes_to_the_client(network: FaultProxy, reset: bool) -> None:
    with connected(network) as client:
        network.faults = Faults(cut_to_client=10, reset=reset)
        client.socket().sendall(b"X1 NOOP\r\n")
        if reset:
            with pytest.raises(ConnectionResetError):
                while client.socket().recv(4096):
                    pass
        else:
            assert client.socket().recv(4096) == b"X1 OK NOOP"
            assert client.socket().recv(4096) == b""


def test_the_network_cuts_after_so_many_bytes_to_the_server(dovecot: Dovecot, network: FaultProxy) -> None:
    with connected(network) as client:
        network.faults = Faults(cut_to_server=300)
        with pytest.raises(GONE):
            append_draft(client)
    assert dovecot.snapshot("Drafts") == {}


def test_a_held_connection_is_silent_and_goes_on_when_released(network: FaultProxy) -> None:
    with connected(network) as client:
        network.hold()
        client.socket().sendall(b"X1 NOOP\r\n")
        client.socket().settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket().recv(4096)
        network.release()
        client.socket().settimeout(10)
        assert client.socket().recv(4096).startswith(b"X1 OK")


def test_a_held_connection_that_lost_bytes_stays_silent_and_new_ones_live(network: FaultProxy) -> None:
    with connected(network, timeout=0.3) as client:
        network.hold()
        with pytest.raises(TimeoutError):
            client.noop()
        network.release(deliver=False)
        with connected(network) as second:
            second.noop()
        client.socket().settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket().recv(4096)


@pytest.mark.parametrize("reset", [False, True])
def test_drop_all_ends_every_connection(network: FaultProxy, reset: bool) -> None:
    with connected(network) as one, connected(network) as other:
        network.drop_all(reset=reset)
        assert network.open_connections == 0
        for client in (one, other):
            with pytest.raises(GONE):
                client.noop()


def test_a_client_learns_that_the_server_left(dovecot: Dovecot, network: FaultProxy) -> None:
    with connected(network) as client:
        dovecot.stop()
        with pytest.raises(GONE):
            client.noop()
    with pytest.raises(GONE), connected(network):
        pass


def test_commands_have_no_tags_no_literals_and_no_passwords(network: FaultProxy) -> None:
    with connected(network) as client:
        append_draft(client)
        client.select_folder("INBOX", readonly=True)
        client.idle()
        client.idle_done()
    with connected(network) as client:
        client.logout()

    def without_capability(commands: list[str]) -> list[str]:
        return [text for text in commands if text != "CAPABILITY"]  # which IMAPClient asks when it likes

    assert without_capability(network.commands(0)) == [
        "LOGIN",
        f'APPEND "Drafts" (\\Draft) {{{len(DRAFT)}}}',
        'EXAMINE "INBOX"',
        "IDLE",
        "DONE",
    ]
    assert without_capability(network.commands(1)) == ["LOGIN", "LOGOUT"]
    assert network.commands() == network.commands(0) + network.commands(1)
    assert len(network.arrivals) == 2
    assert b"secret" in b"".join(data for _, data in network.wire[0])  # the wire itself hides nothing


def test_the_answers_of_an_authentication_are_no_commands() -> None:
    talk = ClientTalk()
    sent = b"A1 AUTHENTICATE PLAIN\r\nAGFsaWNlAHNlY3JldA==\r\n"
    commands = [piece.command for piece in talk.feed(sent)]
    talk.hear(b"+ \r\nA1 OK Logged in.\r\n")
    commands += [piece.command for piece in talk.feed(b"A2 AUTHENTICATE XOAUTH2 c2VjcmV0\r\n")]
    talk.hear(b"A2 NO no.\r\n")
    commands += [piece.command for piece in talk.feed(b"A3 LOGIN alice {6}\r\nsecret\r\n")]
    assert [text for text in commands if text] == ["AUTHENTICATE PLAIN", "AUTHENTICATE XOAUTH2", "LOGIN"]


def test_a_conversation_torn_anywhere_is_followed_the_same() -> None:
    sent = b"A1 APPEND Drafts {9}\r\nA9 FAKE\r\n\r\nA2 APPEND Drafts {3+}\r\nabc\r\nA3 NOOP\r\n"
    for place in range(len(sent)):
        talk = ClientTalk()
        pieces = [*talk.feed(sent[:place]), *talk.feed(sent[place:])]
        assert b"".join(piece.data for piece in pieces) == sent
        assert [piece.command for piece in pieces if piece.command] == [
            "APPEND Drafts {9}",
            "APPEND Drafts {3+}",
            "NOOP",
        ]


def test_random_faults_are_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[Faults]:
        return [choose_faults(random.Random(f"{seed}:{number}"), 0.5) for number in range(40)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 5 < drawn(1).count(Faults()) < 35


def test_each_connection_gets_its_random_fault(dovecot: Dovecot, network: FaultProxy) -> None:
    network.random_faults(seed=1, rate=1.0, kinds=["lose_append_ack"])
    with pytest.raises(GONE), connected(network) as client:
        append_draft(client)
    network.faults = Faults()
    with connected(network) as client:
        append_draft(client)
    assert len(dovecot.snapshot("Drafts")) == 2


# The sink


def send(sink: SmtpSink, mail: bytes = MAIL, rcpt_tos: tuple[str, ...] = ("hr@example.test",)) -> None:
    """Send as a careful client does, and wait 0.5 s for an answer at most."""
    with contextlib.closing(smtplib.SMTP(LOOPBACK, sink.port, timeout=0.5)) as smtp:
        smtp.sendmail("alice@example.test", rcpt_tos, mail)
        smtp.quit()


def test_the_sink_keeps_what_it_takes_byte_for_byte(smtp_sink: SmtpSink) -> None:
    send(smtp_sink, rcpt_tos=("hr@example.test", "ceo@example.test"))
    (mail_from, rcpt_tos, data) = smtp_sink.mails[0]
    assert (mail_from, rcpt_tos) == ("alice@example.test", ("hr@example.test", "ceo@example.test"))
    assert data == MAIL
    assert smtp_sink.verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ({"GREETING": "421 too busy"}, smtplib.SMTPConnectError),
        ({"EHLO": "550 no", "MAIL": "550 no"}, smtplib.SMTPException),
        ({"MAIL": "451 try later"}, smtplib.SMTPSenderRefused),
        ({"RCPT": "550 no such user"}, smtplib.SMTPRecipientsRefused),
        ({"DATA": "451 try later"}, smtplib.SMTPDataError),
        ({"DOT": "554 looks like spam"}, smtplib.SMTPDataError),
        ({"GREETING": DROP}, smtplib.SMTPServerDisconnected),
        ({"MAIL": DROP}, smtplib.SMTPServerDisconnected),
        ({"RCPT": Drop(reset=True)}, smtplib.SMTPServerDisconnected),
        ({"DATA": DROP}, smtplib.SMTPServerDisconnected),
        ({"BODY": DROP}, (smtplib.SMTPServerDisconnected, OSError)),
        ({"GREETING": HANG}, smtplib.SMTPServerDisconnected),
        ({"MAIL": HANG}, (smtplib.SMTPServerDisconnected, TimeoutError)),
        ({"BODY": HANG}, (smtplib.SMTPServerDisconnected, TimeoutError)),
    ],
    ids=str,
)
def test_a_fault_before_the_final_dot_leaves_no_mail(
    smtp_sink: SmtpSink, replies: Replies, error: type[Exception]
) -> None:
    smtp_sink.replies.update(replies)
    with pytest.raises(error):
        send(smtp_sink)
    assert smtp_sink.mails == []


@pytest.mark.parametrize("reply", [DROP, Drop(reset=True), HANG], ids=str)
def test_a_fault_after_the_final_dot_leaves_the_mail_and_no_answer(smtp_sink: SmtpSink, reply: Drop | Late) -> None:
    smtp_sink.replies["DOT"] = reply
    with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
        send(smtp_sink)
    assert [mail.data for mail in smtp_sink.mails] == [MAIL]


def test_a_late_answer_to_the_final_dot_comes(smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["DOT"] = Late(0.2)
    started = time.monotonic()
    send(smtp_sink)
    assert time.monotonic() - started >= 0.2
    assert len(smtp_sink.mails) == 1


def test_one_of_two_recipients_is_refused(smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["RCPT"] = [None, "550 no such user"]
    send(smtp_sink, rcpt_tos=("hr@example.test", "nobody@example.test"))
    assert smtp_sink.mails[0].rcpt_tos == ("hr@example.test",)
    send(smtp_sink)  # the script is used up
    assert len(smtp_sink.mails) == 2


def test_a_drop_at_quit_leaves_the_mail(smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["QUIT"] = DROP
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(smtp_sink)
    assert len(smtp_sink.mails) == 1


def test_the_sink_advertises_only_what_it_is_told_to() -> None:
    with SmtpSink() as plain, SmtpSink(without=["SIZE", "8BITMIME"], user="alice") as bare:
        found = []
        for sink in (plain, bare):
            with smtplib.SMTP(LOOPBACK, sink.port, timeout=10) as smtp:
                smtp.ehlo()
                found.append(set(smtp.esmtp_features))
    assert found == [{"size", "8bitmime", "smtputf8"}, {"smtputf8", "auth"}]


def test_a_mail_over_the_size_limit_is_refused() -> None:
    with SmtpSink(size_limit=50) as sink:
        with pytest.raises(smtplib.SMTPSenderRefused, match="552"):
            send(sink)
        assert sink.mails == []


def test_the_sink_wants_the_right_password_first() -> None:
    with SmtpSink(user="alice", password="right") as sink:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            send(sink)
        with smtplib.SMTP(LOOPBACK, sink.port, timeout=10) as smtp:
            with pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
                smtp.login("alice", "wrong")
            smtp.login("alice", "right")
            smtp.sendmail("alice@example.test", ["hr@example.test"], MAIL)
        assert len(sink.mails) == 1


def test_the_sink_speaks_tls_from_the_first_byte() -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    with SmtpSink(tls_context=server) as sink:
        with smtplib.SMTP_SSL("localhost", sink.port, timeout=10, context=client) as smtp:
            smtp.sendmail("alice@example.test", ["hr@example.test"], MAIL)
        assert len(sink.mails) == 1
        sink.replies["DOT"] = Drop(reset=True)
        lost = pytest.raises((smtplib.SMTPServerDisconnected, ssl.SSLError))
        with lost, smtplib.SMTP_SSL("localhost", sink.port, timeout=10, context=client) as smtp:
            smtp.sendmail("alice@example.test", ["hr@example.test"], MAIL)
        assert len(sink.mails) == 2


def test_a_client_that_hangs_does_not_keep_the_sink_from_closing() -> None:
    with SmtpSink({"MAIL": HANG}) as sink:
        open_client = smtplib.SMTP(LOOPBACK, sink.port, timeout=10)
        open_client.ehlo()
        open_client.putcmd("MAIL FROM:<alice@example.test>")
    open_client.close()
