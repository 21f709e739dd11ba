"""A bad network, odd servers and lying ones: one of three errors each time, nothing lost, nothing twice."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edges.test_imap_wire import (
    LETTER,
    LONG_AGO,
    NOON,
    Scripted,
    a_draft,
    fetched,
    one_fetched,
    opened,
    serving,
    uids,
)
from onward.core import mail
from onward.core.model import Cursor, EdgeError, Permanent, RawMail, Temporary, Uncertain
from onward.demo.server import FOLDERS, EmbeddedServer, Quirks
from onward.edges import Batch
from onward.edges.folders import find_role
from onward.edges.imap import ImapMailbox
from servers.dovecot import Dovecot
from servers.proxy import FaultProxy, Faults

QUARTER = timedelta(minutes=15)
DRAFT, KEY, MESSAGE_ID = a_draft()


def mails_of(mailbox: ImapMailbox, cursor: Cursor | None = None) -> list[RawMail]:
    return [each for batch in mailbox.fetch_after("INBOX", cursor, LONG_AGO) for each in batch.mails]


def persist(mailbox: ImapMailbox, tries: int, cursor: Cursor | None = None) -> tuple[list[RawMail], int]:
    """Fetch as the service does: from the stored cursor on, again after each Temporary. Returns the errors too."""
    found: list[RawMail] = []
    for errors in range(tries):
        try:
            for batch in mailbox.fetch_after("INBOX", cursor, LONG_AGO):
                found += batch.mails
                cursor = batch.cursor
        except Temporary:
            continue
        return found, errors
    raise AssertionError(f"no end after {tries} tries, {len(found)} mails")


# --- the network -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_a_connection_may_be_cut_anywhere_and_no_mail_is_lost_or_doubled(reset: bool) -> None:
    with serving(mails=3) as server, FaultProxy(server.port) as proxy:
        for cut in range(0, 2600, 130):
            with opened(proxy.port) as mailbox:
                proxy.faults = Faults(cut_to_client=cut, reset=reset)
                seen: list[int] = []
                cursor: Cursor | None = None
                try:
                    for batch in mailbox.fetch_after("INBOX", None, LONG_AGO):
                        seen += [each.uid for each in batch.mails]
                        assert all(each.raw == LETTER for each in batch.mails)
                        cursor = batch.cursor
                except Temporary:
                    proxy.faults = Faults()
                    rest = mails_of(mailbox, cursor)
                    seen += [each.uid for each in rest]
                assert seen == [1, 2, 3]


@pytest.mark.parametrize("cut", [0, 20, 60, 120, 200, 300])
def test_a_connection_may_be_cut_under_any_command(cut: int) -> None:
    acts: list[Callable[[ImapMailbox], object]] = [
        lambda mailbox: mailbox.place("Drafts"),
        lambda mailbox: mailbox.find("Drafts", KEY, MESSAGE_ID),
        lambda mailbox: mailbox.folder_for("sent"),
        lambda mailbox: mailbox.wait("INBOX", 0.1),
        lambda mailbox: mailbox.check(),
        lambda mailbox: mailbox.withdraw("Drafts", 1, KEY),
    ]
    with serving(mails=1) as server, FaultProxy(server.port) as proxy:
        for act in acts:
            with opened(proxy.port) as mailbox:
                proxy.faults = Faults(cut_to_client=cut)
                with pytest.raises(Temporary):
                    act(mailbox)
                    act(mailbox)
                    raise Temporary("it passed before the cut")
                proxy.faults = Faults()
                act(mailbox)


@pytest.mark.parametrize("size", [1, 2, 7, 16])
def test_pieces_of_any_size_give_the_same_mails(size: int) -> None:
    with serving(mails=5) as server, FaultProxy(server.port) as proxy, opened(proxy.port) as mailbox:
        proxy.faults = Faults(split_at=size)
        assert [each.raw for each in mails_of(mailbox)] == [LETTER] * 5


def test_split_writes_give_the_same_mails() -> None:
    with serving(Quirks(split_writes=True), mails=5) as server, opened(server.port) as mailbox:
        assert [each.raw for each in mails_of(mailbox)] == [LETTER] * 5
        mailbox.append(mailbox.folder_for("drafts"), DRAFT, ["\\Draft"], NOON)
        copy = mailbox.find("Drafts", KEY, MESSAGE_ID)
        assert copy is not None and copy.raw == DRAFT


def test_silence_is_noticed_within_the_read_timeout() -> None:
    with (
        serving(mails=1) as server,
        FaultProxy(server.port) as proxy,
        opened(proxy.port, read_timeout=0.4) as mailbox,
    ):
        assert uids(mailbox) == [1]
        proxy.hold()
        for act in (lambda: uids(mailbox), lambda: mailbox.place("Drafts")):
            started = time.monotonic()
            with pytest.raises(Temporary, match="in time"):
                act()
            assert time.monotonic() - started < 6
            proxy.release(deliver=False)
            assert uids(mailbox) == [1]
            proxy.hold()
        proxy.release(deliver=False)


def test_a_drip_is_no_answer() -> None:
    with (
        serving(mails=1) as server,
        FaultProxy(server.port) as proxy,
        opened(proxy.port, read_timeout=0.4) as mailbox,
    ):
        assert uids(mailbox) == [1]
        proxy.faults = Faults(drip=20)  # each byte well within the socket's own timeout
        started = time.monotonic()
        with pytest.raises(Temporary, match="in time"):
            uids(mailbox)
        assert time.monotonic() - started < 4
        proxy.faults = Faults()
        assert uids(mailbox) == [1]


# --- what servers refuse ---------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3, 10, 150])
def test_a_server_that_takes_few_mails_at_a_time_gets_few(limit: int) -> None:
    with serving(Quirks(message_limit=limit), mails=230) as server, opened(server.port) as mailbox:
        assert uids(mailbox) == list(range(1, 231))
        before = len(server.log)
        assert uids(mailbox) == list(range(1, 231))
        refused = sum(len(line.split(b",")) > limit for _, line in server.log[before:] if b"FETCH" in line)
        assert refused <= 8  # it is remembered, and tried again only now and then


@pytest.mark.parametrize("code", ["THROTTLED", "OVERQUOTA", "LIMIT", "UNAVAILABLE", "SERVERBUG", "INUSE"])
def test_a_fetch_refused_for_now_asks_for_a_long_wait(code: str) -> None:
    with Scripted({"UID FETCH": f"TAG NO [{code}] not now\r\n".encode()}) as server, opened(server.port) as mailbox:
        with pytest.raises(Temporary) as caught:
            uids(mailbox)
        assert caught.value.wait is not None
        assert caught.value.wait >= QUARTER
        assert len(server.lines) < 30
        server.answers["UID FETCH"] = fetched
        assert uids(mailbox) == [1, 2, 3]


@pytest.mark.parametrize("verb", ["EXAMINE", "UID SEARCH", "STATUS", "LIST", "NOOP", "IDLE"])
@pytest.mark.parametrize("said", [b"TAG NO [UNAVAILABLE] x\r\n", b"TAG NO no\r\n", b"TAG BAD no\r\n", b"TAG NO\r\n"])
def test_any_command_may_be_refused(verb: str, said: bytes) -> None:
    acts: list[Callable[[ImapMailbox], object]] = [
        lambda mailbox: mails_of(mailbox),
        lambda mailbox: mailbox.place("Drafts"),
        lambda mailbox: mailbox.folder_for("drafts"),
        lambda mailbox: mailbox.wait("INBOX", 0.05),
    ]
    with Scripted({verb: said}) as server, opened(server.port) as mailbox:
        refused = 0
        for act in acts:
            try:
                act(mailbox)
            except Temporary as error:
                refused += 1
                assert (error.wait is not None) == (b"[UNAVAILABLE]" in said)
        assert refused > 0 or (verb == "IDLE" and b"[" not in said)
        assert server.connections < 8


def test_throttling_that_is_only_a_remark_is_no_refusal() -> None:
    with serving(Quirks(throttled=True), mails=3) as server, opened(server.port) as mailbox:
        assert uids(mailbox) == [1, 2, 3]


def test_a_folder_that_is_gone_is_said_so_and_the_rest_goes_on() -> None:
    with serving(mails=1) as server, opened(server.port) as mailbox:
        with pytest.raises(Permanent, match="gone"):
            list(mailbox.fetch_after("Elsewhere", None, LONG_AGO))
        assert uids(mailbox) == [1]
        assert sum(b"AUTHENTICATE" in line for _, line in server.log) == 1


# --- single mails ----------------------------------------------------------------------------------------


def test_a_mail_the_server_announces_and_does_not_send_is_set_aside_with_the_reason() -> None:
    with serving(Quirks(missing_uids={2, 4}), mails=5) as server, opened(server.port) as mailbox:
        found = mails_of(mailbox)
        assert [each.uid for each in found] == [1, 2, 3, 4, 5]
        assert [each.problem is None for each in found] == [True, False, True, False, True]
        assert "sends nothing" in str(found[1].problem)
        assert found[1].raw == b""
        server.quirks = Quirks()
        assert [each.problem for each in mails_of(mailbox)] == [None] * 5


def answering(special: dict[int, bytes]) -> Callable[[bytes, bytes], bytes]:
    """FETCH of bodies: a plain answer for most UIDs; for `special` ones that answer, for the whole command."""

    def answer(tag: bytes, line: bytes) -> bytes:
        match = re.search(rb"UID FETCH (\S+) ", line)
        assert match
        asked = [int(uid) for uid in match[1].split(b",")]
        for uid, said in special.items():
            if uid in asked and b"BODY.PEEK[]" in line:
                return said
        return b"".join(one_fetched(uid, line) for uid in asked) + b"TAG OK done\r\n"

    return answer


@pytest.mark.parametrize(
    "said",
    [
        b"TAG NO this mail is broken\r\n",
        b"TAG NO [UNAVAILABLE] this mail is broken\r\n",
        b"TAG NO [SERVERBUG] internal error\r\n",
        b"TAG BAD internal error\r\n",
        b"* 2 FETCH (UID 2 BODY[]<0> NIL)\r\nTAG OK done\r\n",
        b"* 2 FETCH (UID 2 BODY[]<0> {0}\r\n)\r\nTAG OK done\r\n",
        b"* 2 FETCH (UID 2 FLAGS (\\Seen))\r\nTAG OK done\r\n",
        b"* 2 FETCH (UID 2 BODY[]<0>)\r\nTAG OK done\r\n",
        b"* 2 FETCH (((((\r\nTAG OK done\r\n",
        b"* 2 FETCH " + b"(" * 50_000 + b"\r\nTAG OK done\r\n",
        b"* 2 FETCH NIL\r\nTAG OK done\r\n",
        b'* 2 FETCH (UID 2 BODY[]<0> "unclosed)\r\nTAG OK done\r\n',
        b"TAG OK done\r\n",
    ],
    ids=range(13),
)
def test_one_mail_that_cannot_be_had_does_not_stop_the_others(said: bytes) -> None:
    with Scripted({"UID FETCH": answering({2: said})}) as server, opened(server.port) as mailbox:
        found, errors = persist(mailbox, 1)
        assert errors == 0
        assert [(each.uid, each.problem is None) for each in found] == [(1, True), (2, False), (3, True)]
        assert server.connections == 1 or b"BAD" in said


@pytest.mark.parametrize(
    "said",
    [
        b"* 2 FETCH (UID 2 BODY[]<0> {99999999999}\r\n",
        b"* 2 FETCH (UID 2 BODY[]<0> {3000000}\r\n",
        b"* 2 FETCH (UID 2 BODY[]<0> {9999999999999999999999999999999999999999}\r\n",
        b"* BYE [UNAVAILABLE] I stumbled\r\n",
        b"gibberish\r\n",
        b"* x FETCH (UID x BODY[]<0> x)\r\nTAG OK done\r\n",
        b"* 2 FETCH (UID 2 BODY[]<0> {10}\r\n123",
        b"",
    ],
    ids=["100 GB", "3 MB", "a number", "BYE", "gibberish", "no number", "short literal", "silence"],
)
def test_one_mail_that_breaks_the_connection_is_set_aside_in_the_end(said: bytes) -> None:
    with Scripted({"UID FETCH": answering({2: said})}) as server, opened(server.port, read_timeout=0.1) as mailbox:
        found, errors = persist(mailbox, 10)
        assert [(each.uid, each.problem is None) for each in found] == [(1, True), (2, False), (3, True)]
        assert 3 <= errors <= 7
        assert "connection breaks" in str(found[1].problem)


def test_a_huge_literal_costs_no_memory() -> None:
    with serving(Quirks(huge_literal=2), mails=3) as server, opened(server.port) as mailbox:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(Temporary, match="more than was asked for"):
            uids(mailbox)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB
        server.quirks = Quirks()
        assert uids(mailbox) == [1, 2, 3]


def test_a_flood_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.edges.imap.RESPONSE_CAP", 1_000_000)
    monkeypatch.setattr("onward.edges.imap.LINE_CAP", 200_000)
    for said in (b"* OK nothing\r\n" * 100_000, b"* OK " + b"x" * 300_000):
        with (
            Scripted({"NOOP": said}) as server,
            opened(server.port, read_timeout=0.5) as mailbox,
            pytest.raises(Temporary, match="without end"),
        ):
            mailbox.place("Drafts")


def test_a_server_that_refuses_everything_costs_no_mail() -> None:
    """Exchange says BAD to everything on a connection gone bad; that is not the mails' fault."""
    with serving(mails=30) as server, opened(server.port) as mailbox:
        cursor = Cursor(server.mailbox("INBOX").uidvalidity, 0)
    refusing = {"UID FETCH": b"TAG BAD User is authenticated but not connected.\r\n"}
    with Scripted(refusing) as server2, opened(server2.port) as mailbox:
        for _ in range(2):
            with pytest.raises(Temporary):
                mails_of(mailbox, Cursor(7, cursor.uid))
        server2.answers["UID FETCH"] = fetched
        assert [each.problem for each in mails_of(mailbox)] == [None] * 3


def test_big_batches_that_make_the_server_hang_up_become_small_ones() -> None:
    def answer(tag: bytes, line: bytes) -> bytes | None:
        return None if line.count(b",") >= 5 and b"BODY" in line else fetched(tag, line)

    examined = b"* 40 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 41] n\r\nTAG OK done\r\n"

    def search(tag: bytes, line: bytes) -> bytes:
        match = re.search(rb"UID (\d+):\*", line)
        first = int(match[1]) if match else 1
        found = [b"%d" % uid for uid in range(min(first, 40), 41)]
        return b"* SEARCH " + b" ".join(found) + b"\r\nTAG OK done\r\n"

    answers: dict[str, Any] = {"EXAMINE": examined, "UID SEARCH": search, "UID FETCH": answer}
    with Scripted(answers) as server, opened(server.port) as mailbox:
        found, errors = persist(mailbox, 5)
        assert [each.uid for each in found] == list(range(1, 41))
        assert [each.problem for each in found] == [None] * 40
        assert errors <= 3


# --- odd answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("UID SEARCH", b"* SEARCH 1\r\n* SEARCH 2 3\r\nTAG OK done\r\n"),
        ("UID SEARCH", b"* SEARCH 3 2 1 1\r\nTAG OK\r\n"),
        ("UID SEARCH", b"* SEARCH 1 2 3 (MODSEQ 917162500)\r\nTAG OK done\r\n"),
        ("UID SEARCH", b"* 1 FETCH (FLAGS (\\Seen))\r\n* SEARCH 1 2 3\r\n* 3 EXISTS\r\nTAG OK done\r\n"),
        ("EXAMINE", b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\nTAG OK\r\n"),
        ("EXAMINE", b"* OK [UIDNEXT 4]\r\n* OK [UIDVALIDITY 7]\r\n* OK [NOMODSEQ]\r\n* 3 EXISTS\r\nTAG OK x\r\n"),
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1 auth=plain\r\nTAG OK\r\n"),
        ("NOOP", b'* 3 EXISTS\r\n* 1 RECENT\r\n* 2 FETCH (FLAGS ())\r\n* BAD odd "one\r\nTAG OK [ALERT] \x1b[31m\r\n'),
    ],
)
def test_unusual_answers_are_understood(verb: str, said: bytes) -> None:
    with Scripted({verb: said}) as server, opened(server.port) as mailbox:
        mailbox.place("Drafts")
        assert uids(mailbox) == [1, 2, 3]


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("UID SEARCH", b"* SEARCH one two\r\nTAG OK done\r\n"),
        ("UID SEARCH", b"nonsense\r\n"),
        ("UID SEARCH", b"* SEARCH 1 2 3\r\nWRONG1 OK done\r\n"),
        ("EXAMINE", b"* many EXISTS\r\n* OK [UIDVALIDITY x]\r\nTAG OK done\r\n"),
        ("EXAMINE", b"* OK [UIDVALIDITY]\r\n* FLAGS\r\nTAG OK done\r\n"),
        ("STATUS", b"TAG OK done\r\n"),
        ("STATUS", b"* STATUS Drafts (UIDNEXT)\r\nTAG OK done\r\n"),
        ("STATUS", b'* STATUS "Drafts (\r\nTAG OK done\r\n'),
        ("LIST", b"* LIST\r\n* LIST ()\r\nTAG OK done\r\n"),
        ("LIST", b"* LIST (\\Drafts NIL\r\nTAG OK done\r\n"),
        ("CAPABILITY", b"TAG OK done\r\n"),
        ("CAPABILITY", b"* CAPABILITY \xff\xfe\r\nTAG OK done\r\n"),
    ],
)
def test_answers_that_make_no_sense_are_temporary(verb: str, said: bytes) -> None:
    with Scripted({verb: said}) as server, opened(server.port, read_timeout=0.2) as mailbox:
        with pytest.raises((Temporary, Permanent)) as caught:
            mailbox.folder_for("drafts")
            mailbox.place("Drafts")
            uids(mailbox)
        assert "\n" not in str(caught.value)


def test_mails_nobody_asked_for_are_not_taken_for_others() -> None:
    def answer(tag: bytes, line: bytes) -> bytes:
        foreign = one_fetched(9, line, b"Subject: foreign\r\n\r\n") + b"* 2 FETCH (FLAGS (\\Seen))\r\n"
        return foreign + fetched(tag, line)

    with Scripted({"UID FETCH": answer}) as server, opened(server.port) as mailbox:
        assert [(each.uid, each.raw) for each in mails_of(mailbox)] == [(1, LETTER), (2, LETTER), (3, LETTER)]


@pytest.mark.parametrize("date", [b"99-Nov-2026 12:00:00 +0000", b"20-Nov-2026 12:00:00 +9999", b"soon", b""])
def test_an_absurd_date_costs_no_mail(date: bytes) -> None:
    def answer(tag: bytes, line: bytes) -> bytes:
        return fetched(tag, line).replace(b"20-Nov-2026 12:00:00 +0000", date)

    with Scripted({"UID FETCH": answer}) as server, opened(server.port) as mailbox:
        found = mails_of(mailbox)
        assert [each.uid for each in found] == [1, 2, 3]
        assert all(each.arrived_at.tzinfo is UTC for each in found)


def test_time_zones_and_daylight_saving_do_not_move_a_mail() -> None:
    winter = b"15-Jan-2026 14:00:00 +0100"

    def answer(tag: bytes, line: bytes) -> bytes:
        return fetched(tag, line).replace(b"20-Nov-2026 12:00:00 +0000", winter)

    with Scripted({"UID FETCH": answer}) as server, opened(server.port) as mailbox:
        assert {each.arrived_at for each in mails_of(mailbox)} == {datetime(2026, 1, 15, 13, tzinfo=UTC)}


def test_uids_that_went_back_are_looked_at_again() -> None:
    with serving(mails=3) as server, opened(server.port) as mailbox:
        validity = server.mailbox("INBOX").uidvalidity
        batches = list(mailbox.fetch_after("INBOX", Cursor(validity, 50), LONG_AGO))
        assert [each.uid for batch in batches for each in batch.mails] == [1, 2, 3]
        assert all(batch.rescan for batch in batches)
        assert batches[-1].cursor == Cursor(validity, 3)


def test_a_folder_renumbered_while_it_is_read_is_read_anew() -> None:
    with serving(mails=250) as server, opened(server.port) as mailbox:
        batches = mailbox.fetch_after("INBOX", None, LONG_AGO)
        cursor = next(batches).cursor
        server.set_uidvalidity("INBOX", 4242)
        with pytest.raises(Temporary):
            list(batches)
        again = list(mailbox.fetch_after("INBOX", cursor, LONG_AGO))
        assert sum(len(batch.mails) for batch in again) == 250
        assert all(batch.rescan for batch in again)


def test_a_search_reply_of_many_uids_is_read() -> None:
    numbers = b"* SEARCH " + b" ".join(b"%d" % uid for uid in range(4_000_000_000, 4_000_200_000)) + b"\r\n"
    examined = b"* 200000 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 4000200000] n\r\nTAG OK done\r\n"
    assert len(numbers) > 2_000_000
    with (
        Scripted({"EXAMINE": examined, "UID SEARCH": numbers + b"TAG OK done\r\n"}) as server,
        opened(server.port, read_timeout=30.0) as mailbox,
    ):
        batch: Batch = next(mailbox.fetch_after("INBOX", None, LONG_AGO))
        assert batch.total == 200_000
        assert batch.mails[0].uid == 4_000_000_000


# --- adding ----------------------------------------------------------------------------------------------


def drafts_of(server: EmbeddedServer) -> int:
    return len(server.mailbox("Drafts").messages)


def test_a_lost_answer_to_append_is_uncertain_and_the_draft_is_found() -> None:
    with serving(Quirks(drop_after_append=1)) as server, opened(server.port) as mailbox:
        folder = mailbox.folder_for("drafts")
        with pytest.raises(Uncertain):
            mailbox.append(folder, DRAFT, ["\\Draft"], NOON)
        assert mailbox.find(folder, KEY, MESSAGE_ID) is not None
        assert drafts_of(server) == 1


@pytest.mark.parametrize(
    "fault",
    [Faults(lose_append_ack=True), Faults(lose_append_ack=True, reset=True), Faults(cut_in_literal=100)],
    ids=["FIN for an answer", "RST for an answer", "cut in the literal"],
)
def test_a_connection_cut_after_the_first_byte_of_a_draft_is_uncertain(dovecot: Dovecot, fault: Faults) -> None:
    with FaultProxy(dovecot.imap_port) as proxy, opened(proxy.port, user="alice", read_timeout=10.0) as mailbox:
        folder = mailbox.folder_for("drafts")
        before = mailbox.place(folder)
        proxy.faults = fault
        with pytest.raises(Uncertain):
            mailbox.append(folder, DRAFT, ["\\Draft"], NOON)
        proxy.faults = Faults()
        came = mailbox.place(folder).uidnext - before.uidnext
        copy = mailbox.find(folder, KEY, MESSAGE_ID, before.uidnext)
        assert (came == 1) == (copy is not None) == (fault.cut_in_literal is None)


def test_an_answer_to_append_that_comes_too_late_is_uncertain() -> None:
    with serving(Quirks(append_delay=0.6)) as server, opened(server.port, read_timeout=0.2) as mailbox:
        folder = mailbox.folder_for("drafts")
        with pytest.raises(Uncertain):
            mailbox.append(folder, DRAFT, ["\\Draft"], NOON)
        assert drafts_of(server) == 0
        time.sleep(0.7)
        assert drafts_of(server) == 1


@pytest.mark.parametrize("said", [None, b"* BYE no\r\n", b"TAG NO [UNAVAILABLE] no\r\n", b"TAG NO [SERVERBUG]\r\n"])
def test_a_connection_lost_before_the_first_byte_of_a_draft_is_temporary(said: bytes | None) -> None:
    with (
        Scripted({"APPEND": said}) as server,
        opened(server.port, read_timeout=0.3) as mailbox,
        pytest.raises(Temporary),
    ):
        mailbox.append("Drafts", DRAFT, ["\\Draft"], NOON)


@pytest.mark.parametrize("said", [None, b"* BYE no\r\n", b"nonsense\r\n", b""])
def test_an_answer_to_append_that_makes_no_sense_is_uncertain(said: bytes | None) -> None:
    with (
        Scripted({"LITERAL": said}) as server,
        opened(server.port, read_timeout=0.2) as mailbox,
        pytest.raises(Uncertain),
    ):
        mailbox.append("Drafts", DRAFT, ["\\Draft"], NOON)


@pytest.mark.parametrize("code", ["OVERQUOTA", "LIMIT", "THROTTLED", "UNAVAILABLE"])
def test_a_full_mailbox_asks_for_a_long_wait(code: str) -> None:
    with serving(Quirks(append_refusal=f"NO [{code}] full".encode())) as server, opened(server.port) as mailbox:
        with pytest.raises(Temporary) as caught:
            mailbox.append(mailbox.folder_for("drafts"), DRAFT, ["\\Draft"], NOON)
        assert caught.value.wait is not None
        assert caught.value.wait >= QUARTER
        server.quirks = Quirks()
        assert mailbox.append("Drafts", DRAFT, ["\\Draft"], NOON) is not None


@pytest.mark.parametrize("said", [b"BAD zero byte message", b"NO [CANNOT] never", b"NO [NOPERM] not yours"])
def test_an_append_refused_for_good_is_permanent(said: bytes) -> None:
    with serving(Quirks(append_refusal=said)) as server, opened(server.port) as mailbox, pytest.raises(Permanent):
        mailbox.append(mailbox.folder_for("drafts"), DRAFT, ["\\Draft"], NOON)


def test_a_drafts_folder_that_was_renamed_is_looked_for_again() -> None:
    with serving() as server, opened(server.port) as mailbox:
        assert mailbox.folder_for("drafts") == "Drafts"
        server.mailboxes["Unsent"] = server.mailboxes.pop("Drafts")
        server.mailboxes["Unsent"].name = "Unsent"
        with pytest.raises(Temporary):
            mailbox.append("Drafts", DRAFT, ["\\Draft"], NOON)
        assert mailbox.folder_for("drafts") == "Unsent"
        assert mailbox.append("Unsent", DRAFT, ["\\Draft"], NOON) is not None


def test_a_restarted_outbox_may_append_without_asking_for_the_folder_first() -> None:
    with serving() as server, opened(server.port) as mailbox:
        assert mailbox.append("Drafts", DRAFT, ["\\Draft", "\\Seen"], NOON) is not None
        stored = server.mailbox("Drafts").messages[0]
        assert stored.flags == {b"\\Draft", b"\\Seen"}
        assert stored.arrived_at == NOON
        assert stored.raw == DRAFT


def test_without_uidplus_a_draft_is_added_and_found_but_not_withdrawn() -> None:
    with serving(Quirks(no_uidplus=True)) as server, opened(server.port) as mailbox:
        folder = mailbox.folder_for("drafts")
        assert mailbox.append(folder, DRAFT, ["\\Draft"], NOON) is None
        copy = mailbox.find(folder, KEY, MESSAGE_ID)
        assert copy is not None
        with pytest.raises(Permanent, match="mail program"):
            mailbox.withdraw(folder, copy.uid, KEY)
        assert drafts_of(server) == 1


def test_withdrawing_leaves_what_others_marked_deleted() -> None:
    with serving() as server, opened(server.port) as mailbox:
        drafts = server.mailbox("Drafts")
        drafts.deliver(LETTER, NOON, [b"\\Deleted"])
        mailbox.append("Drafts", DRAFT, ["\\Draft"], NOON)
        assert mailbox.withdraw("Drafts", 2, KEY) is True
        assert [each.uid for each in drafts.messages] == [1]
        server.mailbox("INBOX").deliver(DRAFT, NOON)
        assert mailbox.withdraw("Archive", 1, KEY) is False


def test_no_search_is_needed_to_find_a_draft() -> None:
    with serving(Quirks(search_header_serverbug=True)) as server, opened(server.port) as mailbox:
        for count in range(300):
            server.mailbox("Drafts").deliver(b"Message-ID: <%d@x>\r\n\r\n" % count, NOON)
        mailbox.append("Drafts", DRAFT, ["\\Draft"], NOON)
        copy = mailbox.find("Drafts", KEY, MESSAGE_ID)
        assert copy is not None and copy.uid == 301
        assert mailbox.find("Drafts", "", "<7@x>") is not None
        assert mailbox.find("Drafts", "", "<7@X>") is None


# --- folders ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folders", "drafts", "sent"),
    [
        ({"Drafts": r"\Drafts", "Sent": r"\Sent"}, "Drafts", "Sent"),
        ({"Drafts": "", "Unsent": r"\drafts", "Out": r"\sent"}, "Unsent", "Out"),
        ({"Entw&APw-rfe": "", "Gesendete Elemente": ""}, "Entwürfe", "Gesendete Elemente"),
        (
            {"[Gmail]": r"\Noselect", "[Gmail]/Brouillons": r"\Drafts", "[Gmail]/Messages envoy&AOk-s": r"\Sent"},
            "[Gmail]/Brouillons",
            "[Gmail]/Messages envoyés",
        ),
        ({"INBOX/Drafts": "", "INBOX/Sent": ""}, "INBOX/Drafts", "INBOX/Sent"),
        ({"Old/Drafts": "", "Drafts": "", "Old/Sent": "", "sent": ""}, "Drafts", "sent"),
        ({"&BCcENQRABD0EPgQyBDgEOgQ4-": "", "&Zg,,w-bad&": "", "Sent Items": ""}, "Черновики", "Sent Items"),
        ({"Drafts": r"\Noselect \Drafts", "Draft": "", "Sent": r"\NonExistent", "Sent Mail": ""}, "Draft", "Sent Mail"),
        ({'a "quoted" \\ name': r"\Drafts", "R&-D": r"\Sent"}, 'a "quoted" \\ name', "R&D"),
    ],
)
def test_folders_are_found_by_use_then_by_name_in_any_language(folders: dict[str, str], drafts: str, sent: str) -> None:
    with serving(folders={"INBOX": "", **folders}) as server, opened(server.port) as mailbox:
        assert mailbox.folder_for("drafts") == drafts
        assert mailbox.folder_for("sent") == sent
        mailbox.append(drafts, DRAFT, ["\\Draft"], NOON)
        copy = mailbox.find(drafts, KEY, MESSAGE_ID)
        assert copy is not None
        assert mailbox.withdraw(drafts, copy.uid, KEY) is True


@pytest.mark.parametrize("quirks", [Quirks(lower_case_flags=True), Quirks(no_special_use=True)])
def test_the_way_a_server_lists_folders_does_not_matter(quirks: Quirks) -> None:
    with serving(quirks, folders=FOLDERS) as server, opened(server.port) as mailbox:
        assert (mailbox.folder_for("drafts"), mailbox.folder_for("sent")) == ("Drafts", "Sent")


def test_a_missing_folder_names_the_setting_and_the_setting_decides() -> None:
    with serving(folders={"INBOX": "", "Kram": ""}) as server:
        with opened(server.port) as mailbox, pytest.raises(Permanent, match=r"folders\.drafts = "):
            mailbox.folder_for("drafts")
        with opened(server.port, folders={"drafts": "Kram"}) as mailbox:
            assert mailbox.folder_for("drafts") == "Kram"
            assert mailbox.append("Kram", DRAFT, ["\\Draft"], NOON) is not None


def test_odd_list_replies_cost_only_themselves() -> None:
    said = (
        b'* LIST () NIL INBOX\r\n* LIST () NIL NIL\r\n* LIST () "/" 2024\r\n* LIST () "/" {5}\r\nx"y&-\r\n'
        b'* LIST (\\HasNoChildren \\Drafts) NIL "Entw&APw-rfe"\r\nTAG OK done\r\n'
    )
    with Scripted({"LIST": said}) as server, opened(server.port) as mailbox:
        assert mailbox.folder_for("drafts") == "Entwürfe"


def test_roles_by_name_are_told_apart_by_any_delimiter() -> None:
    listed: list[tuple[list[bytes], bytes | None, str]] = [
        ([], b".", "INBOX.Drafts"),
        ([], None, "Sent"),
        ([], b"/", "Entwu\u0308rfe"),
    ]
    assert find_role("drafts", listed) == "INBOX.Drafts"
    assert find_role("sent", listed) == "Sent"
    assert find_role("drafts", listed[1:]) == "Entwu\u0308rfe"
    assert find_role("drafts", []) is None


# --- the whole -------------------------------------------------------------------------------------------


def test_no_fault_lets_anything_out_but_our_three_errors() -> None:
    with serving(mails=40) as server, FaultProxy(server.port) as proxy:
        cursor: Cursor | None = None
        seen: list[int] = []
        proxy.random_faults(7, 0.5, ("cut_to_client", "cut_to_server", "split_at", "drip", "latency"))
        with opened(proxy.port, read_timeout=0.3, connect_timeout=0.5) as mailbox:
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                try:
                    for batch in mailbox.fetch_after("INBOX", cursor, LONG_AGO):
                        seen += [each.uid for each in batch.mails]
                        cursor = batch.cursor
                    mailbox.wait("INBOX", 0.02)
                    mailbox.place("Drafts")
                except EdgeError:
                    continue
                if cursor is not None and cursor.uid >= 60:
                    break
                server.mailbox("INBOX").deliver(LETTER, NOON)
                mailbox._disconnect()
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) >= 41


@pytest.mark.slow
def test_the_speed_of_reading(dovecot: Dovecot, capsys: pytest.CaptureFixture[str]) -> None:
    letter = LETTER + b"All of the text, and some more of it.\r\n" * 730
    dovecot.fill("INBOX", [(letter, NOON)] * 5_000)
    with opened(dovecot.imap_port, user="alice", read_timeout=60.0) as mailbox:
        started, busy = time.monotonic(), time.process_time()
        count = sum(len(batch.mails) for batch in mailbox.fetch_after("INBOX", None, LONG_AGO))
        took, worked = time.monotonic() - started, time.process_time() - busy
    with capsys.disabled():
        print(f"\n5,000 mails of {len(letter):,} bytes by IMAP: {took:.2f} s, {worked:.2f} s of it ours")
    assert count == 5_000
    assert len(letter) < mail.READ_CAP
