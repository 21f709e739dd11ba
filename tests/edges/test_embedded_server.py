"""The embedded mailbox behaves like a real one, and misbehaves exactly as asked."""

from __future__ import annotations

import imaplib
import random
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from onward.demo.server import FOLDERS, EmbeddedServer, Mailbox, Quirks

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def mail(number: int = 1, subject: str = "Your application", day: int = 20) -> bytes:
    return (
        f"From: Ann <ann@acme.example>\r\nTo: sam@home.example\r\nSubject: {subject}\r\n"
        f"Date: Fri, {day} Nov 2026 12:00:00 +0000\r\nMessage-ID: <m{number}@acme.example>\r\n"
        f"\r\nDear Sam,\r\nnumber {number}\r\n"
    ).encode()


@contextmanager
def serving(quirks: Quirks | None = None, folders: dict[str, str] | None = None) -> Iterator[EmbeddedServer]:
    with EmbeddedServer({"sam": "secret"}, quirks, folders or FOLDERS) as server:
        yield server
    assert server.failures == []


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with serving() as server:
        yield server


@contextmanager
def signed_in(server: EmbeddedServer, folder: str | None = "INBOX", timeout: float = 5) -> Iterator[Any]:
    client = IMAPClient("127.0.0.1", server.port, ssl=False, timeout=timeout)
    try:
        if not server.quirks.preauth:
            client.login("sam", "secret")
        if folder is not None:
            client.select_folder(folder)
        yield client
    finally:
        client.shutdown()


class Wire:
    """A client without manners: says what it is told to and shows what comes."""

    def __init__(self, server: EmbeddedServer, *lines: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        self.heard = b""
        if lines:
            self.until(b"\r\n")
        for line in lines:
            self.ask(line)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def until(self, end: bytes) -> bytes:
        """What was heard up to and with `end`, or up to the end of the connection."""
        while end not in self.heard and (data := self.segment()):
            self.heard += data
        said, found, self.heard = self.heard.partition(end)
        return said + found

    def ask(self, line: bytes) -> bytes:
        """Everything that is said in answer, up to the tagged line or the end."""
        self.say(b"t " + line + b"\r\n")
        said = b""
        while heard := self.until(b"\r\n"):
            said += heard
            if heard.startswith(b"t "):
                break
        return said

    def segment(self) -> bytes:
        try:
            return self.socket.recv(1_000_000)
        except ConnectionResetError:
            return b""


LOGIN = b"LOGIN sam secret"


def wait_until(inbox: Mailbox, count: int) -> None:
    end = time.monotonic() + 5
    while len(inbox.messages) < count and time.monotonic() < end:
        time.sleep(0.005)


# -- a well-mannered mailbox -------------------------------------------------------------------------


def test_an_appended_draft_is_stored_with_its_flags_date_and_uid(server: EmbeddedServer) -> None:
    with signed_in(server, None) as client:
        reply = client.append("Drafts", mail(), [rb"\Draft", b"$Onward"], NOON)
    [draft] = server.mailbox("Drafts").messages
    assert b"[APPENDUID %d 1]" % server.mailbox("Drafts").uidvalidity in reply
    assert (draft.uid, draft.raw, draft.arrived_at) == (1, mail(), NOON)
    assert draft.flags == {rb"\Draft", b"$Onward"}


def test_imaplib_can_do_the_same(server: EmbeddedServer) -> None:
    client = imaplib.IMAP4("127.0.0.1", server.port, timeout=5)
    try:
        client.login("sam", "secret")
        when = '"20-Nov-2026 14:00:00 +0200"'
        assert client.append("Drafts", r"(\draft)", when, mail())[0] == "OK"
        assert client.select("Drafts") == ("OK", [b"1"])
        assert client.uid("SEARCH", "HEADER", "Message-ID", '"<m1@acme.example>"') == ("OK", [b"1"])
        status, parts = client.uid("FETCH", "1", "(FLAGS INTERNALDATE BODY.PEEK[])")
        assert status == "OK" and parts[0][1] == mail()
        assert b"FLAGS (\\Draft)" in parts[0][0] and b'"20-Nov-2026 12:00:00 +0000"' in parts[0][0]
        assert client.expunge() == ("OK", [None])
        assert client.close()[0] == "OK"
    finally:
        client.logout()


def test_the_draft_appears_to_the_client_that_appended_it(server: EmbeddedServer) -> None:
    with signed_in(server, "Drafts") as client:
        client.append("Drafts", mail())
        assert client.search() == [1]


def test_a_password_outside_ascii_works_through_plain(server: EmbeddedServer) -> None:
    with EmbeddedServer({"sam": "gehëim"}) as server:
        client = IMAPClient("127.0.0.1", server.port, ssl=False)
        client.plain_login("sam", "gehëim")
        client.logout()


def test_plain_may_come_in_one_line(server: EmbeddedServer) -> None:
    with Wire(server) as wire:
        wire.until(b"\r\n")
        assert b"t OK" in wire.ask(b"AUTHENTICATE PLAIN AHNhbQBzZWNyZXQ=")


def test_a_wrong_password_is_refused_by_name(server: EmbeddedServer) -> None:
    client = IMAPClient("127.0.0.1", server.port, ssl=False)
    with pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
        client.login("sam", "guess")
    client.logout()


def test_the_log_shows_commands_but_no_password_and_no_mail(server: EmbeddedServer) -> None:
    with signed_in(server, None) as client:
        client.append("Drafts", mail())
    with Wire(server) as wire:
        wire.until(b"\r\n")
        wire.ask(b"AUTHENTICATE PLAIN AHNhbQBzZWNyZXQ=")
        wire.ask(b"LOGIN {3+}\r\nsam {6+}\r\nsecret")
    log = b"\n".join(line for _, line in server.log)
    assert b"APPEND" in log and b"<%d octets>" % len(mail()) in log
    assert b"secret" not in log and b"AHNhbQ" not in log and b"Dear" not in log
    assert {number for number, _ in server.log} == {1, 2}


@pytest.mark.parametrize("rest", [0, 0.05])
def test_an_idle_client_hears_of_new_mail_at_once(server: EmbeddedServer, rest: float) -> None:
    with signed_in(server) as client:
        client.idle()
        time.sleep(rest)
        server.mailbox("INBOX").deliver(mail())
        assert client.idle_check(timeout=5) == [(1, b"EXISTS")]
        client.idle_done()


def test_the_push_takes_about_a_millisecond(server: EmbeddedServer) -> None:
    for number in range(2_000):
        server.mailbox("INBOX").deliver(mail(number))
    took = []
    with Wire(server, LOGIN, b"SELECT INBOX") as wire:
        wire.say(b"i IDLE\r\n")
        wire.until(b"+ idling\r\n")
        for number in range(50):
            start = time.perf_counter()
            server.mailbox("INBOX").deliver(mail(number))
            wire.until(b"EXISTS\r\n")
            took.append(time.perf_counter() - start)
    assert sorted(took)[25] < 0.005, "the usual push takes 0.3 ms; 5 ms leaves room for a busy machine"


def test_mail_between_select_and_idle_is_not_lost(server: EmbeddedServer) -> None:
    with Wire(server, LOGIN, b"SELECT INBOX") as wire:
        server.mailbox("INBOX").deliver(mail())
        wire.say(b"i IDLE\r\n")
        assert wire.until(b"EXISTS\r\n") == b"+ idling\r\n* 1 EXISTS\r\n"
        wire.say(b"DONE\r\n")
        assert wire.until(b"\r\n").startswith(b"i OK")


def test_an_idle_client_hears_of_flags_and_removals_by_others(server: EmbeddedServer) -> None:
    inbox = server.mailbox("INBOX")
    for number in range(3):
        inbox.deliver(mail(number))
    with signed_in(server) as client:
        client.idle()
        inbox.change_flags(3, [rb"\Seen"])
        assert client.idle_check(timeout=5) == [(3, b"FETCH", (b"FLAGS", (rb"\Seen",), b"UID", 3))]
        inbox.remove([1])
        assert client.idle_check(timeout=5) == [(1, b"EXPUNGE")]
        client.idle_done()
        assert client.search("2") == [3]


def test_drafts_is_found_by_its_use(server: EmbeddedServer) -> None:
    with signed_in(server, None) as client:
        assert client.find_special_folder(rb"\Drafts") == "Drafts"
        assert client.folder_status("Drafts", ["MESSAGES", "UIDNEXT"]) == {b"MESSAGES": 0, b"UIDNEXT": 1}
    with Wire(server, LOGIN) as wire:
        assert wire.ask(b'LIST (SPECIAL-USE) "" "*"').count(b"* LIST") == 5
        assert wire.ask(b'LIST "" "*" RETURN (SPECIAL-USE)').count(b"* LIST") == 6


def test_a_localised_drafts_folder_is_found_by_its_use() -> None:
    folders = {"INBOX": "", "[Gmail]": r"\Noselect", "[Gmail]/Entw&APw-rfe": r"\Drafts"}
    with serving(folders=folders) as server, signed_in(server, None) as client:
        assert client.find_special_folder(rb"\Drafts") == "[Gmail]/Entwürfe"
        client.append("[Gmail]/Entwürfe", mail())
        assert len(server.mailbox("[Gmail]/Entw&APw-rfe").messages) == 1
        assert [name for _, _, name in client.list_folders("", "%")] == ["INBOX", "[Gmail]"]
        with pytest.raises(IMAPClientError, match="NONEXISTENT"):
            client.select_folder("[Gmail]")


def test_a_missing_folder_asks_to_be_created(server: EmbeddedServer) -> None:
    with signed_in(server, None) as client:
        with pytest.raises(IMAPClientError, match="TRYCREATE"):
            client.append("Applications", mail())
        client.create_folder("Applications")
        client.subscribe_folder("Applications")
        client.append("Applications", mail())
    assert len(server.mailbox("Applications").messages) == 1


def test_a_peek_leaves_a_mail_unread_and_a_look_does_not(server: EmbeddedServer) -> None:
    inbox = server.mailbox("INBOX")
    inbox.deliver(mail())
    peeks = ["BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "ENVELOPE", "RFC822.SIZE"]
    with signed_in(server) as client:
        client.fetch([1], peeks)
        assert inbox.messages[0].flags == frozenset()
        client.select_folder("INBOX", readonly=True)
        client.fetch([1], ["BODY[]"])
        assert inbox.messages[0].flags == frozenset()
        client.select_folder("INBOX")
        assert client.fetch([1], ["BODY[]"])[1][b"FLAGS"] == (rb"\Seen",)
    assert inbox.messages[0].flags == {rb"\Seen"}


def test_a_mail_can_be_fetched_in_parts(server: EmbeddedServer) -> None:
    server.mailbox("INBOX").deliver(mail(), NOON)
    fields = "BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]"
    with signed_in(server) as client:
        client.normalise_times = False
        got = client.fetch([1], [fields, "BODY.PEEK[TEXT]", "ENVELOPE", "INTERNALDATE", "RFC822.SIZE"])[1]
        assert got[b"BODY[HEADER.FIELDS (SUBJECT FROM)]"] == (
            b"From: Ann <ann@acme.example>\r\nSubject: Your application\r\n\r\n"
        )
        assert got[b"BODY[TEXT]"] == b"Dear Sam,\r\nnumber 1\r\n"
        assert got[b"INTERNALDATE"] == NOON
        assert got[b"RFC822.SIZE"] == len(mail())
        envelope = got[b"ENVELOPE"]
        assert (envelope.subject, envelope.message_id) == (b"Your application", b"<m1@acme.example>")
        assert str(envelope.from_[0]) == "Ann <ann@acme.example>"
        assert client.fetch([1], ["BODY.PEEK[]<4.6>"])[1][b"BODY[]<4>"] == mail()[4:10]


def test_changed_since_names_only_what_changed(server: EmbeddedServer) -> None:
    inbox = server.mailbox("INBOX")
    for number in range(3):
        inbox.deliver(mail(number))
    before = inbox.modseq
    inbox.change_flags(2, [rb"\Flagged"], b"+")
    with signed_in(server) as client:
        changed = client.fetch([1, 2, 3], ["FLAGS"], [f"CHANGEDSINCE {before}"])
        assert {uid: facts[b"MODSEQ"] for uid, facts in changed.items()} == {2: (before + 1,)}


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("ALL", [1, 2, 3]),
        ("UID 2:3", [2, 3]),
        ("UID 9:*", [3]),
        ("1,3", [1, 3]),
        (["SINCE", date(2026, 11, 20)], [2, 3]),
        (["BEFORE", date(2026, 11, 20)], [1]),
        (["SENTSINCE", date(2026, 11, 21)], [3]),
        (["HEADER", "Message-ID", "<m2@acme.example>"], [2]),
        (["HEADER", "In-Reply-To", ""], []),
        ("SEEN", [2]),
        ("UNSEEN", [1, 3]),
        ("DRAFT", []),
        ("DELETED", [3]),
        ("UNDELETED", [1, 2]),
        ("KEYWORD $onward", [2]),
        ("NOT KEYWORD $Onward", [1, 3]),
        ("OR UID 1 UID 3", [1, 3]),
        ("(SEEN) UID 1:*", [2]),
        ("FROM ACME", [1, 2, 3]),
        ('TEXT "number 3"', [3]),
        (["SUBJECT", "Größe"], [3]),
    ],
)
def test_a_search_finds_the_window_asked_for(
    server: EmbeddedServer, criteria: str | list[object], found: list[int]
) -> None:
    inbox = server.mailbox("INBOX")
    inbox.deliver(mail(1, day=19), NOON.replace(day=19))
    inbox.deliver(mail(2), NOON, [rb"\seen", b"$Onward"])
    inbox.deliver(mail(3, "=?utf-8?q?Gr=C3=B6=C3=9Fe?=", 21), NOON.replace(day=21), [rb"\Deleted"])
    with signed_in(server) as client:
        assert client.search(criteria, "UTF-8" if "Größe" in criteria else None) == found


def test_flags_are_set_added_and_taken_off(server: EmbeddedServer) -> None:
    inbox = server.mailbox("INBOX")
    inbox.deliver(mail())
    with signed_in(server) as client:
        assert client.add_flags([1], [rb"\Flagged", b"$Onward"]) == {1: (b"$Onward", rb"\Flagged")}
        assert client.remove_flags([1], [rb"\Flagged"]) == {1: (b"$Onward",)}
        client.set_flags([1], [rb"\Answered"], silent=True)
        assert inbox.messages[0].flags == {rb"\Answered"}
        assert client.noop()[1] == []


def test_mail_moves_and_goes_away_with_its_uids_told(server: EmbeddedServer) -> None:
    inbox = server.mailbox("INBOX")
    for number in range(4):
        inbox.deliver(mail(number))
    with signed_in(server) as client:
        client.copy([1], "Archive")
        client.move([2], "Archive")
        assert [stored.uid for stored in server.mailbox("Archive").messages] == [1, 2]
        client.add_flags([3, 4], [rb"\Deleted"])
        client.uid_expunge([3])
        assert [stored.uid for stored in inbox.messages] == [1, 4]
        assert client.search() == [1, 4]
        client.close_folder()
        assert [stored.uid for stored in inbox.messages] == [1]
    with Wire(server, LOGIN, b"SELECT INBOX") as wire:
        code = b"COPYUID %d 1 1]" % server.mailbox("Trash").uidvalidity
        assert code in wire.ask(b"UID MOVE 1 Trash")


def test_a_rebuilt_mailbox_ends_the_session_and_shows_new_uids(server: EmbeddedServer) -> None:
    inbox = server.mailbox("INBOX")
    for number in range(3):
        inbox.deliver(mail(number))
    inbox.remove([1])
    with signed_in(server) as client, Wire(server, LOGIN, b"SELECT INBOX", b"NOOP") as idle:
        idle.say(b"i IDLE\r\n")
        idle.until(b"+ idling\r\n")
        server.set_uidvalidity("INBOX", 77)
        assert idle.until(b"\r\n").startswith(b"* BYE")
        with pytest.raises((IMAPClientError, OSError)):
            client.search()
    with signed_in(server, None) as client:
        assert client.select_folder("INBOX")[b"UIDVALIDITY"] == 77
        assert client.search() == [1, 2]


def test_a_dropped_client_can_come_back(server: EmbeddedServer) -> None:
    with signed_in(server) as client:
        server.drop_connections()
        with pytest.raises((IMAPClientError, OSError)):
            client.noop()
    with signed_in(server) as client:
        client.noop()


def test_a_stopped_server_keeps_its_mail_and_its_port() -> None:
    server = EmbeddedServer({"sam": "secret"}).start()
    try:
        server.mailbox("INBOX").deliver(mail())
        port = server.port
        server.stop()
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        server.start()
        with signed_in(server) as client:
            assert (server.port, client.search()) == (port, [1])
    finally:
        server.close()


def test_twenty_thousand_mails_are_read_in_a_few_seconds(server: EmbeddedServer) -> None:
    inbox = server.mailbox("INBOX")
    start = time.monotonic()
    for number in range(20_000):
        inbox.deliver(mail(number), NOON)
    with signed_in(server) as client:
        client._imap.debug = 0
        uids = client.search(["SINCE", NOON.date()])
        assert len(uids) == 20_000
        assert client.search(["HEADER", "Message-ID", "<m19999@acme.example>"]) == [20_000]
        got: dict[int, Any] = {}
        for first in range(0, len(uids), 500):
            got |= client.fetch(uids[first : first + 500], ["FLAGS", "BODY.PEEK[]"])
    assert got[20_000][b"BODY[]"] == mail(19_999) and len(got) == 20_000
    assert time.monotonic() - start < 20, "2 s is usual"


# -- quirks ------------------------------------------------------------------------------------------


def test_lower_case_flags_says_drafts_in_small_letters() -> None:
    with serving(Quirks(lower_case_flags=True)) as server, Wire(server, LOGIN) as wire:
        assert rb"\drafts" in wire.ask(b'LIST "" "*"')


def test_no_special_use_says_nothing_about_folders() -> None:
    with serving(Quirks(no_special_use=True)) as server, signed_in(server, None) as client:
        assert not client.has_capability("SPECIAL-USE")
        assert {flags for flags, _, _ in client.list_folders()} == {(rb"\HasNoChildren",)}


def test_no_uidplus_tells_no_uids() -> None:
    with serving(Quirks(no_uidplus=True)) as server, signed_in(server) as client:
        assert b"APPENDUID" not in client.append("INBOX", mail())
        assert not client.has_capability("UIDPLUS")
        with Wire(server, LOGIN, b"SELECT INBOX") as wire:
            assert b"t BAD" in wire.ask(b"UID EXPUNGE 1")


def test_no_idle_refuses_idle() -> None:
    with serving(Quirks(no_idle=True)) as server, Wire(server, LOGIN, b"SELECT INBOX") as wire:
        assert b"t BAD" in wire.ask(b"IDLE")
        assert b"IDLE" not in wire.ask(b"CAPABILITY").split()


def test_exists_before_plus_comes_first() -> None:
    quirks = Quirks(exists_before_plus=True)
    with serving(quirks) as server, Wire(server, LOGIN, b"SELECT INBOX") as wire:
        server.mailbox("INBOX").deliver(mail())
        wire.say(b"i IDLE\r\n")
        assert wire.until(b"+ idling\r\n") == b"* 1 EXISTS\r\n+ idling\r\n"


def test_coalesce_idle_sends_both_in_one_segment() -> None:
    with serving(Quirks(coalesce_idle=True)) as server, Wire(server, LOGIN, b"SELECT INBOX") as wire:
        server.mailbox("INBOX").deliver(mail())
        wire.say(b"i IDLE\r\n")
        assert wire.segment() == b"+ idling\r\n* 1 EXISTS\r\n"


def test_split_writes_sends_each_line_in_two_segments() -> None:
    with serving(Quirks(split_writes=True)) as server:
        server.mailbox("INBOX").deliver(mail())
        with Wire(server, LOGIN, b"SELECT INBOX") as wire:
            wire.say(b"t NOOP\r\n")
            assert (wire.segment(), wire.segment()) == (b"t OK", b" done\r\n")
            assert mail() in wire.ask(b"FETCH 1 BODY.PEEK[]")


def test_bye_as_greeting_turns_away_the_first_callers() -> None:
    with serving(Quirks(bye_as_greeting=2)) as server:
        for greeting in (b"* BYE", b"* BYE", b"* OK"):
            with Wire(server) as wire:
                assert wire.until(b"\r\n").startswith(greeting)


def test_bye_in_idle_ends_every_idle() -> None:
    with serving(Quirks(bye_in_idle=True)) as server, Wire(server, LOGIN, b"SELECT INBOX") as wire:
        wire.say(b"i IDLE\r\n")
        assert wire.until(b"never").startswith(b"+ idling\r\n* BYE")


def test_message_limit_refuses_a_bigger_fetch() -> None:
    with serving(Quirks(message_limit=2)) as server:
        for number in range(3):
            server.mailbox("INBOX").deliver(mail(number))
        with signed_in(server) as client:
            assert len(client.fetch([1, 2], ["FLAGS"])) == 2
            with pytest.raises(IMAPClientError, match="LIMIT"):
                client.fetch([1, 2, 3], ["FLAGS"])


def test_append_refusal_is_answered_as_given_and_stores_nothing() -> None:
    with serving(Quirks(append_refusal=b"NO [OVERQUOTA] full")) as server, signed_in(server) as client:
        with pytest.raises(IMAPClientError, match=r"\[OVERQUOTA\] full"):
            client.append("INBOX", mail())
        assert server.mailbox("INBOX").messages == []
        server.quirks = Quirks()
        client.append("INBOX", mail())
    assert len(server.mailbox("INBOX").messages) == 1


def test_drop_after_append_stores_the_draft_and_loses_the_answer() -> None:
    with serving(Quirks(drop_after_append=1)) as server:
        with signed_in(server) as client, pytest.raises((IMAPClientError, OSError)):
            client.append("Drafts", mail())
        assert len(server.mailbox("Drafts").messages) == 1
        with signed_in(server) as client:
            client.append("Drafts", mail())


def test_append_delay_stores_the_draft_after_the_connection_died() -> None:
    with serving(Quirks(append_delay=0.2)) as server:
        with signed_in(server, timeout=0.05) as client, pytest.raises(TimeoutError):
            client.append("Drafts", mail())
        server.drop_connections()
        assert server.mailbox("Drafts").messages == []
        wait_until(server.mailbox("Drafts"), 1)
        assert len(server.mailbox("Drafts").messages) == 1


def test_search_header_serverbug_refuses_that_search_only() -> None:
    with serving(Quirks(search_header_serverbug=True)) as server, signed_in(server) as client:
        assert client.search(["FROM", "ann"]) == []
        with pytest.raises(IMAPClientError, match="SERVERBUG"):
            client.search(["HEADER", "Message-ID", "<m1@acme.example>"])


def test_throttled_remarks_on_success() -> None:
    with serving(Quirks(throttled=True)) as server, Wire(server, LOGIN, b"SELECT INBOX") as wire:
        assert b"t OK [THROTTLED]" in wire.ask(b"UID SEARCH ALL")


def test_missing_uids_are_passed_over_with_ok() -> None:
    with serving(Quirks(missing_uids={1})) as server:
        server.mailbox("INBOX").deliver(mail(1))
        server.mailbox("INBOX").deliver(mail(2))
        with signed_in(server) as client:
            assert client.search() == [1, 2]
            assert list(client.fetch([1, 2], ["BODY.PEEK[]"])) == [2]


def test_huge_literal_announces_more_than_will_come() -> None:
    with serving(Quirks(huge_literal=1)) as server:
        server.mailbox("INBOX").deliver(mail())
        with Wire(server, LOGIN, b"SELECT INBOX") as wire:
            assert b"BODY[] {99999999999}\r\n" in wire.ask(b"UID FETCH 1 BODY.PEEK[]")


def test_preauth_needs_no_login() -> None:
    with serving(Quirks(preauth=True)) as server, signed_in(server) as client:
        assert client.welcome.startswith(b"* PREAUTH")
        assert client.search() == []


def test_refuse_logins_wears_off() -> None:
    with serving(Quirks(refuse_logins=1)) as server, Wire(server) as wire:
        wire.until(b"\r\n")
        assert b"NO [AUTHENTICATIONFAILED]" in wire.ask(LOGIN)
        assert b"t OK" in wire.ask(LOGIN)


# -- clumsy and hostile clients ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"FROB", b"t BAD"),
        (b"", b"t BAD"),
        (b"UID", b"t BAD"),
        (b"UID NOOP", b"t BAD"),
        (b"FETCH 0 FLAGS", b"t BAD"),
        (b"FETCH 1 (((", b"t BAD"),
        (b"FETCH 1 " + b"(" * 5_000, b"t BAD"),
        (b"FETCH 1 BODYSTRUCTURE", b"t BAD"),
        (b"FETCH 9:12 FLAGS", b"t OK"),
        (b"FETCH " + b"1:*," * 50_000 + b"1 FLAGS", b"t OK"),
        (b"SEARCH " + b"NOT " * 500 + b"ALL", b"t BAD"),
        (b"SEARCH SINCE 99-Foo-2026", b"t BAD"),
        (b"SEARCH CHARSET latin-1 ALL", b"t NO [BADCHARSET"),
        (b"STORE 1 FLAGS (bad{flag)", b"t BAD"),
        (b"STATUS INBOX (FROB)", b"t BAD"),
        (b"SELECT Nowhere", b"t NO"),
        (b'LIST "" ' + b"*a" * 3_000, b"t OK"),
        (b'CREATE "../\x01"', b"t NO [CANNOT]"),
        (b"APPEND INBOX (\\Seen) nonsense {3+}\r\nabc", b"t BAD"),
        (b"APPEND INBOX {99999999}", b"t NO [TOOBIG]"),
        (b"APPEND INBOX {99999999+}", b"* BYE"),
        (b"NOOP " + b"x" * 1_100_000, b"* BYE"),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_a_clumsy_command_gets_an_answer_and_others_are_served(
    server: EmbeddedServer, line: bytes, answer: bytes
) -> None:
    server.mailbox("INBOX").deliver(mail())
    with Wire(server, LOGIN, b"SELECT INBOX") as wire:
        assert answer in wire.ask(line)
    with signed_in(server) as client:
        assert client.search() == [1]


def test_nothing_is_served_before_login(server: EmbeddedServer) -> None:
    with Wire(server) as wire:
        wire.until(b"\r\n")
        assert b"t BAD" in wire.ask(b"SELECT INBOX")
        assert b"t BAD" in wire.ask(b"UID FETCH 1 BODY[]")
        assert b"NO [TOOBIG]" in wire.ask(b"LOGIN {2000000}")


def test_odd_mail_is_served_as_it_is(server: EmbeddedServer) -> None:
    odd = [
        b"",
        b"\r\n",
        b"no header",
        b"From: " + b"(" * 5_000,
        b"Date: never\r\nSubject: =?x?q?=FF?=\r\n\r\n\xff",
    ]
    for raw in odd:
        server.mailbox("INBOX").deliver(raw)
    with signed_in(server) as client:
        assert client.search(["SUBJECT", "nothing"]) == client.search(["SENTSINCE", NOON.date()]) == []
        got = client.fetch([1, 2, 3, 4, 5], ["BODY.PEEK[]", "ENVELOPE"])
        assert [facts[b"BODY[]"] for facts in got.values()] == odd


def test_a_thousand_mangled_lines_break_nothing(server: EmbeddedServer) -> None:
    chance = random.Random(7)
    server.mailbox("INBOX").deliver(mail())
    lines = [
        b'APPEND INBOX (\\Seen) "20-Nov-2026 12:00:00 +0000" {3+}\r\nabc',
        b"UID FETCH 1:* (FLAGS UID BODY.PEEK[HEADER.FIELDS (FROM)]<0.9> ENVELOPE) (CHANGEDSINCE 1)",
        b'UID SEARCH OR (FROM "a") NOT HEADER Message-ID "<m>" SINCE 1-Jan-2026 KEYWORD x 1:*',
        b"UID STORE 1 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen x)",
        b'LIST (SPECIAL-USE) "" ("*" %) RETURN (SPECIAL-USE)',
        b"AUTHENTICATE PLAIN AHNhbQBzZWNyZXQ=",
        b"UID MOVE 1 Archive",
    ]
    for _ in range(1_000 // 50):
        with Wire(server, LOGIN, b"SELECT INBOX") as wire:
            for _ in range(50):
                line = bytearray(chance.choice(lines))
                for _ in range(chance.randint(0, 4)):
                    at = chance.randrange(len(line))
                    line[at : at + chance.randint(0, 2)] = chance.choice([b"", b"(", b'"', b"]", b"\xff", b"{", b" "])
                wire.say(b"t " + bytes(line) + b"\r\n")
            wire.say(b"t LOGOUT\r\n")
            select.select([wire.socket], [], [], 5)
            wire.socket.shutdown(socket.SHUT_WR)
            wire.until(b"never")
    assert server.failures == []
