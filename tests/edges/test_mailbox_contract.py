"""What every kind of mailbox promises, on every kind there is: the embedded server, Dovecot, a Maildir.

A test here may use only what the Mailbox protocol says and what `Account` can do to the other side.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from onward.core import mail
from onward.core.model import Address, Cursor, Hint, Permanent, RawMail, Temporary
from onward.demo.server import EmbeddedServer
from onward.edges import Batch, Mailbox, Place
from onward.edges.imap import ImapMailbox, ImapServer
from onward.edges.maildir import MaildirMailbox
from servers.dovecot import Dovecot, require_dovecot

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = NOW - timedelta(days=400)
DRAFT_FLAGS = ("\\Draft", "\\Seen")


def letter(number: int, size: int = 0) -> bytes:
    """A mail with LF line ends, as a Maildir keeps it."""
    head = (
        f"From: Ann <ann@acme.example>\nTo: sam@home.example\nSubject: Your application {number}\n"
        f"Message-ID: <m{number}@acme.example>\n\nDear Sam, number {number}\n"
    )
    return head.encode() + b"All of the text. \n" * (size // 18)


def draft(name: str) -> tuple[bytes, str, str]:
    """A draft of ours: bytes, key, Message-ID."""
    sender = Address("sam@home.example", "Sam")
    message_id = mail.new_message_id(name, sender)
    outgoing = mail.Outgoing(
        sender, Address("ann@acme.example"), f"Re: {name}", "Thank you.", message_id, NOW, key=name
    )
    return mail.build(outgoing), mail.key_header(name), message_id


class Account(Protocol):
    """The other side of a mailbox: what the person, their provider and the world can do to it."""

    def open(self) -> Mailbox:
        """A new mailbox on this account, as after a restart."""
        ...

    def fill(self, mails: Sequence[tuple[bytes, datetime]]) -> None:
        """Mails that have been in the inbox since the given times."""
        ...

    def deliver(self, raw: bytes) -> None:
        """A mail that comes in now."""
        ...

    def remove(self, uid: int) -> None:
        """The person deletes a mail of the inbox for good."""
        ...

    def renumber(self) -> None:
        """The inbox gets another UIDVALIDITY."""
        ...

    def move(self, uid: int, folder: str) -> None:
        """The person moves a mail of the inbox into another folder."""
        ...

    def folders(self) -> set[str]:
        """All folders there are, as the person's mail program names them."""
        ...

    def snapshot(self) -> object:
        """All that is kept about the mails of the inbox."""
        ...

    def interrupted(self) -> Any:
        """A context in which what was open is broken."""
        ...

    def drafts(self) -> list[bytes]:
        """The drafts, as the person's mail program shows them."""
        ...

    def close(self) -> None: ...


class Embedded:
    """The embedded server."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedServer({"sam": "secret"}).start()

    def open(self) -> Mailbox:
        server = ImapServer("127.0.0.1", self.server.port, "sam", lambda: "secret", "plain", read_timeout=5)
        return ImapMailbox(server)

    def fill(self, mails: Sequence[tuple[bytes, datetime]]) -> None:
        for raw, at in mails:
            self.server.mailbox("INBOX").deliver(raw, at)

    def deliver(self, raw: bytes) -> None:
        self.server.mailbox("INBOX").deliver(raw)

    def remove(self, uid: int) -> None:
        self.server.mailbox("INBOX").remove([uid])

    def renumber(self) -> None:
        self.server.set_uidvalidity("INBOX", self.server.mailbox("INBOX").uidvalidity + 7)

    def move(self, uid: int, folder: str) -> None:
        found = self.server.mailbox("INBOX").find(uid)
        assert found is not None
        self.server.mailbox(folder).deliver(found.raw, found.arrived_at, found.flags)
        self.remove(uid)

    def folders(self) -> set[str]:
        return set(self.server.mailboxes)

    def snapshot(self) -> object:
        return self.server.mailbox("INBOX").messages

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        self.server.drop_connections()
        yield

    def drafts(self) -> list[bytes]:
        return [each.raw for each in self.server.mailbox("Drafts").messages]

    def close(self) -> None:
        self.server.stop()
        assert self.server.failures == []


class RealServer:
    """Dovecot."""

    def __init__(self, folder: Path) -> None:
        require_dovecot()
        self.last = ExitStack()
        self.server = self.last.enter_context(Dovecot())

    def open(self) -> Mailbox:
        server = ImapServer("localhost", self.server.imap_port, "alice", lambda: "secret", "plain")
        return ImapMailbox(server)

    def fill(self, mails: Sequence[tuple[bytes, datetime]]) -> None:
        self.server.fill("INBOX", mails)

    def deliver(self, raw: bytes) -> None:
        self.server.deliver(raw)

    def remove(self, uid: int) -> None:
        with self.server.client() as client:
            client.select_folder("INBOX")
            client.delete_messages([uid])
            client.uid_expunge([uid])

    def renumber(self) -> None:
        self.server.set_uidvalidity("INBOX", 77_777)

    def move(self, uid: int, folder: str) -> None:
        with self.server.client() as client:
            client.select_folder("INBOX")
            client.move([uid], folder)

    def folders(self) -> set[str]:
        with self.server.client() as client:
            listed = {name for _, _, name in client.list_folders()}
            assert {name for _, _, name in client.list_sub_folders()} >= {name for name in listed if "Onward/" in name}
            return listed

    def snapshot(self) -> object:
        return self.server.snapshot("INBOX")

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        self.server.kick()
        yield

    def drafts(self) -> list[bytes]:
        with self.server.client() as client:
            client.select_folder("Drafts", readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def close(self) -> None:
        self.last.close()


class Folder:
    """A Maildir; `plain`: INBOX and Drafts as sub-folders of a plain folder."""

    def __init__(self, folder: Path, plain: bool = False) -> None:
        self.home, self.root = folder / "home", folder / "Mail"
        self.inbox = self.root / "Inbox" if plain else self.root
        self.drafts_folder = self.root / ("Drafts" if plain else ".Drafts")
        for path in (self.inbox, self.drafts_folder):
            for part in ("cur", "new", "tmp"):
                (path / part).mkdir(parents=True)
        self.count = 0

    def open(self) -> Mailbox:
        return MaildirMailbox(self.root, self.home)

    def fill(self, mails: Sequence[tuple[bytes, datetime]]) -> None:
        for raw, at in mails:
            self.put(raw, at, "cur", ":2,S")

    def deliver(self, raw: bytes) -> None:
        self.put(raw, datetime.now(UTC), "new", "")

    def put(self, raw: bytes, at: datetime, part: str, end: str) -> None:
        self.count += 1
        name = f"{1_000_000_000 + self.count}.M{self.count}.host"
        temporary = self.inbox / "tmp" / name
        temporary.write_bytes(raw)
        os.utime(temporary, (at.timestamp(), at.timestamp()))
        temporary.rename(self.inbox / part / (name + end))

    def files(self) -> list[Path]:
        return sorted((*(self.inbox / "cur").iterdir(), *(self.inbox / "new").iterdir()), key=lambda p: p.name)

    def remove(self, uid: int) -> None:
        self.files()[uid - 1].unlink()

    def renumber(self) -> None:
        for path in (self.home / "maildir").glob("*.uids"):
            path.unlink()

    def move(self, uid: int, folder: str) -> None:
        path = self.files()[uid - 1]
        inside = folder if self.inbox != self.root else "." + folder.replace("/", ".")
        path.rename(self.root / inside / "cur" / path.name)

    def folders(self) -> set[str]:
        found = {path.parent.relative_to(self.root).as_posix() for path in self.root.rglob("cur")}
        return {name.removeprefix(".").replace(".", "/") if name.startswith(".") else name for name in found}

    def snapshot(self) -> object:
        return [(path, path.stat()) for path in self.files()]

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        away = self.root.with_name("unmounted")
        self.root.rename(away)
        yield
        away.rename(self.root)

    def drafts(self) -> list[bytes]:
        files = sorted((self.drafts_folder / "cur").iterdir())
        return [path.read_bytes().replace(b"\n", b"\r\n") for path in files]

    def close(self) -> None:
        assert list((self.inbox / "tmp").iterdir()) == []
        assert list((self.drafts_folder / "tmp").iterdir()) == []


KINDS: dict[str, Callable[[Path], Account]] = {
    "embedded": Embedded,
    "dovecot": RealServer,
    "maildir++": Folder,
    "plain maildir": lambda folder: Folder(folder, plain=True),
}


@pytest.fixture(autouse=True)
def _fine_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk under the tests tells changes apart that are 10 ms from one another."""
    monkeypatch.setattr("onward.edges.maildir.SETTLED", 0.2)


@pytest.fixture(params=list(KINDS))
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
    made = KINDS[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def mailbox(account: Account) -> Iterator[Mailbox]:
    opened = account.open()
    yield opened
    opened.close()


@dataclass(frozen=True)
class Look:
    """All of one fetch."""

    batches: list[Batch]

    @property
    def mails(self) -> list[RawMail]:
        return [each for batch in self.batches for each in batch.mails]

    @property
    def numbers(self) -> list[int]:
        return [number_of(each) for each in self.mails]

    @property
    def cursor(self) -> Cursor:
        return self.batches[-1].cursor


def number_of(found: RawMail) -> int:
    return int(found.raw.partition(b"<m")[2].partition(b"@")[0])


def look(mailbox: Mailbox, cursor: Cursor | None = None, since: datetime = LONG_AGO) -> Look:
    """Fetch everything, checking what holds of every fetch."""
    batches = list(mailbox.fetch_after("INBOX", cursor, since))
    found = Look(batches)
    uids = [each.uid for each in found.mails]
    assert uids == sorted(set(uids))
    for batch in batches:
        assert len(batch.mails) <= 100
        assert sum(len(each.raw) for each in batch.mails) <= 8 * 1024 * 1024 + mail.READ_CAP
        assert all(each.uid <= batch.cursor.uid for each in batch.mails)
        assert all(each.uidvalidity == batch.cursor.uidvalidity for each in batch.mails)
        assert all(each.arrived_at >= since and each.arrived_at.tzinfo is not None for each in batch.mails)
        assert batch.done <= batch.total
    cursors = [batch.cursor.uid for batch in batches]
    assert cursors == sorted(cursors)
    if batches:
        assert batches[-1].done == batches[-1].total
    return found


# --- reading ---------------------------------------------------------------------------------------------


def test_an_empty_inbox_gives_a_cursor_and_no_mail(mailbox: Mailbox) -> None:
    found = look(mailbox)
    assert found.mails == []
    assert found.cursor.uid == 0
    assert look(mailbox, found.cursor).batches == []


def test_mail_comes_once_in_order_and_byte_for_byte(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW - timedelta(hours=10 - n)) for n in range(1, 6)])
    found = look(mailbox)
    assert found.numbers == [1, 2, 3, 4, 5]
    assert [each.raw.replace(b"\r\n", b"\n") for each in found.mails] == [letter(n) for n in range(1, 6)]
    assert [each.arrived_at for each in found.mails] == [NOW - timedelta(hours=10 - n) for n in range(1, 6)]
    assert look(mailbox, found.cursor).mails == []
    account.fill([(letter(6), NOW)])
    assert look(mailbox, found.cursor).numbers == [6]


def test_a_cursor_is_good_after_a_restart(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in range(1, 4)])
    first = look(mailbox)
    account.fill([(letter(4), NOW)])
    again = account.open()
    assert look(again, first.cursor).numbers == [4]
    middle = Cursor(first.cursor.uidvalidity, first.mails[0].uid)
    assert look(again, middle).numbers == [2, 3, 4]
    again.close()


def test_nothing_older_is_brought_to_the_second(account: Account, mailbox: Mailbox) -> None:
    since = NOW - timedelta(days=3)
    moments = (-timedelta(days=30), -timedelta(hours=23), -timedelta(seconds=1), timedelta(0), timedelta(1))
    account.fill([(letter(n), since + each) for n, each in enumerate(moments, 1)])
    found = look(mailbox, None, since)
    assert found.numbers == [4, 5]
    assert found.cursor.uid == 5
    assert look(mailbox, Cursor(found.cursor.uidvalidity, 1), since).numbers == [4, 5]


def test_many_mails_come_in_bounded_batches(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in range(1, 451)])
    found = look(mailbox)
    assert found.numbers == list(range(1, 451))
    assert [len(batch.mails) for batch in found.batches] == [100, 100, 100, 100, 50]
    assert [batch.done for batch in found.batches] == [100, 200, 300, 400, 450]
    assert {batch.total for batch in found.batches} == {450}


def test_many_bytes_come_in_bounded_batches(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n, 1_500_000), NOW) for n in range(1, 13)])
    found = look(mailbox)
    assert found.numbers == list(range(1, 13))
    assert len(found.batches) == 3


def test_stopping_between_batches_loses_nothing(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in range(1, 302)])
    seen: list[int] = []
    cursor: Cursor | None = None
    while cursor is None or len(seen) < 301:
        batch = next(iter(mailbox.fetch_after("INBOX", cursor, LONG_AGO)))
        seen += [number_of(each) for each in batch.mails]
        cursor = batch.cursor
    assert seen == list(range(1, 302))


def test_another_use_of_the_mailbox_between_batches_does_no_harm(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in range(1, 302)])
    raw, key, message_id = draft("between")
    seen: list[int] = []
    for batch in mailbox.fetch_after("INBOX", None, LONG_AGO):
        seen += [number_of(each) for each in batch.mails]
        assert {each.folder for each in batch.mails} <= {"INBOX"}
        mailbox.append(mailbox.folder_for("drafts"), raw, DRAFT_FLAGS, NOW)
        assert mailbox.find(mailbox.folder_for("drafts"), key, message_id) is not None
    assert seen == list(range(1, 302))


def test_a_renumbered_inbox_is_looked_at_again_by_date(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(1), NOW - timedelta(days=9)), (letter(2), NOW), (letter(3), NOW)])
    first = look(mailbox)
    assert not any(batch.rescan for batch in first.batches)
    mailbox.close()
    account.renumber()
    again = account.open()
    second = look(again, first.cursor, NOW - timedelta(days=2))
    assert second.numbers == [2, 3]
    assert all(batch.rescan for batch in second.batches)
    assert second.cursor.uidvalidity != first.cursor.uidvalidity
    assert look(again, second.cursor).batches == []
    again.close()


def test_deleted_mails_leave_gaps_and_nothing_else(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in range(1, 6)])
    first = look(mailbox)
    account.remove(2)
    assert look(mailbox).numbers == [1, 3, 4, 5]
    account.fill([(letter(6), NOW)])
    later = look(mailbox, first.cursor)
    assert later.numbers == [6]
    assert later.mails[0].uid == 6


def test_a_mail_deleted_while_others_are_read_is_passed_over(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in range(1, 106)])
    batches = mailbox.fetch_after("INBOX", None, LONG_AGO)
    first = next(batches)
    assert len(first.mails) == 100
    account.remove(103)
    rest = [each for batch in batches for each in batch.mails]
    assert [number_of(each) for each in rest] == [101, 102, 104, 105]


def test_a_big_mail_is_cut_at_the_cap_and_says_so(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(1), NOW), (letter(2, 3_000_000), NOW), (letter(3), NOW)])
    found = look(mailbox)
    assert found.numbers == [1, 2, 3]
    assert [each.truncated for each in found.mails] == [False, True, False]
    assert [len(each.raw) <= mail.READ_CAP for each in found.mails] == [True, True, True]
    assert len(found.mails[1].raw) == mail.READ_CAP


def test_no_trace_is_left_on_a_thousand_mails(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW - timedelta(minutes=1001 - n)) for n in range(1, 1001)])
    before = account.snapshot()
    found = look(mailbox)
    assert len(found.mails) == 1000
    mailbox.wait("INBOX", 0.05)
    mailbox.place("INBOX")
    mailbox.find("INBOX", "no such key", "<m990@acme.example>")
    mailbox.folder_for("drafts")
    look(mailbox, Cursor(found.cursor.uidvalidity, 500))
    assert mailbox.withdraw("INBOX", 7, mail.key_header("x")) is False
    assert account.snapshot() == before


def test_a_folder_that_is_not_there_is_said_so(mailbox: Mailbox) -> None:
    with pytest.raises((Permanent, Temporary), match=r"Nowhere|folder|exist"):
        list(mailbox.fetch_after("Nowhere", None, LONG_AGO))
    assert look(mailbox).mails == []


# --- waiting ---------------------------------------------------------------------------------------------


@contextmanager
def later(act: Callable[[], None], seconds: float = 0.1) -> Iterator[None]:
    timer = threading.Timer(seconds, act)
    timer.start()
    yield
    timer.join()


def test_waiting_ends_at_a_delivery(account: Account, mailbox: Mailbox) -> None:
    cursor = look(mailbox).cursor
    started = time.monotonic()
    with later(lambda: account.deliver(letter(1))):
        assert mailbox.wait("INBOX", 20) is True
    assert time.monotonic() - started < 3
    assert look(mailbox, cursor).numbers == [1]


def test_waiting_ends_with_the_time(mailbox: Mailbox) -> None:
    look(mailbox)
    started = time.monotonic()
    assert mailbox.wait("INBOX", 0.3) is False
    assert 0.25 < time.monotonic() - started < 3


def test_waiting_ends_when_asked_to_even_beforehand(mailbox: Mailbox) -> None:
    look(mailbox)
    started = time.monotonic()
    with later(mailbox.stop_waiting):
        assert mailbox.wait("INBOX", 20) is False
    mailbox.stop_waiting()
    mailbox.stop_waiting()
    assert mailbox.wait("INBOX", 20) is False
    assert time.monotonic() - started < 3
    assert mailbox.wait("INBOX", 0.1) is False
    assert time.monotonic() - started < 4


def test_mail_between_a_fetch_and_the_wait_is_noticed_at_once(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(1), NOW)])
    cursor = look(mailbox).cursor
    account.deliver(letter(2))
    started = time.monotonic()
    assert mailbox.wait("INBOX", 20) is True
    assert time.monotonic() - started < 3
    assert look(mailbox, cursor).numbers == [2]
    assert mailbox.wait("INBOX", 0.1) is False


def test_mail_during_other_work_is_noticed_at_once(account: Account, mailbox: Mailbox) -> None:
    cursor = look(mailbox).cursor
    account.deliver(letter(1))
    raw, key, message_id = draft("elsewhere")
    mailbox.append(mailbox.folder_for("drafts"), raw, DRAFT_FLAGS, NOW)
    mailbox.find(mailbox.folder_for("drafts"), key, message_id)
    mailbox.place("INBOX")
    assert mailbox.wait("INBOX", 20) is True
    assert look(mailbox, cursor).numbers == [1]


# --- adding ----------------------------------------------------------------------------------------------


def test_a_draft_is_added_found_and_withdrawn(account: Account, mailbox: Mailbox) -> None:
    folder = mailbox.folder_for("drafts")
    raw, key, message_id = draft("first")
    before = mailbox.place(folder)
    added = mailbox.append(folder, raw, DRAFT_FLAGS, NOW)
    assert added is not None
    assert added.uidvalidity == before.uidvalidity
    assert added.uidnext == before.uidnext
    assert mailbox.place(folder) == Place(before.uidvalidity, before.uidnext + 1)

    for copy in (
        mailbox.find(folder, key, "<other@x>"),
        mailbox.find(folder, "other", message_id),
        mailbox.find(folder, key, message_id, before.uidnext),
    ):
        assert copy is not None
        assert (copy.folder, copy.uid, copy.raw) == (folder, added.uidnext, raw)
    assert mailbox.find(folder, "other", "<other@x>") is None
    assert mailbox.find(folder, "", "") is None
    assert mailbox.find(folder, key, message_id, before.uidnext + 1) is None
    assert account.drafts() == [raw]


def test_a_new_connection_finds_what_another_added(account: Account, mailbox: Mailbox) -> None:
    folder = mailbox.folder_for("drafts")
    other = account.open()
    before = other.place(folder)
    raw, key, message_id = draft("shared")
    mailbox.append(folder, raw, DRAFT_FLAGS, NOW)
    assert other.place(folder).uidnext == before.uidnext + 1
    assert other.find(folder, key, message_id) is not None
    other.close()


def test_only_our_own_draft_goes_and_only_with_its_key(account: Account, mailbox: Mailbox) -> None:
    folder = mailbox.folder_for("drafts")
    drafts = [draft(name) for name in ("one", "two", "three")]
    uids = []
    for raw, _, _ in drafts:
        mailbox.append(folder, raw, DRAFT_FLAGS, NOW)
    for _, key, message_id in drafts:
        copy = mailbox.find(folder, key, message_id)
        assert copy is not None
        uids.append(copy.uid)
    assert mailbox.withdraw(folder, uids[1], drafts[0][1]) is False
    assert mailbox.withdraw(folder, uids[1], "") is False
    assert mailbox.withdraw(folder, uids[2] + 10, drafts[1][1]) is False
    assert len(account.drafts()) == 3
    assert mailbox.withdraw(folder, uids[1], drafts[1][1]) is True
    assert account.drafts() == [drafts[0][0], drafts[2][0]]
    assert mailbox.withdraw(folder, uids[1], drafts[1][1]) is False
    assert mailbox.find(folder, drafts[1][1], drafts[1][2]) is None


def test_the_drafts_folder_and_the_inbox_are_found(mailbox: Mailbox) -> None:
    assert mailbox.folder_for("drafts") == "Drafts"
    assert mailbox.folder_for("inbox") == "INBOX"


# --- folders for teaching --------------------------------------------------------------------------------

TEACHING = {"Onward/Rejection": Hint.REJECTION, "Onward/Not a rejection": Hint.NO_REJECTION}


def test_there_are_no_folders_for_teaching_until_they_are_made(account: Account, mailbox: Mailbox) -> None:
    before = account.folders()
    assert mailbox.teaching_folders() == {}
    assert account.folders() == before
    assert mailbox.make_teaching_folders() == TEACHING
    assert mailbox.teaching_folders() == TEACHING
    assert account.folders() - before - {"Onward"} == set(TEACHING)


def test_folders_for_teaching_made_twice_are_made_once(account: Account, mailbox: Mailbox) -> None:
    mailbox.make_teaching_folders()
    once = account.folders()
    assert mailbox.make_teaching_folders() == TEACHING
    again = account.open()
    assert again.make_teaching_folders() == TEACHING
    again.close()
    assert account.folders() == once


def test_a_mail_moved_into_a_folder_for_teaching_is_found_there_with_its_time(
    account: Account, mailbox: Mailbox
) -> None:
    account.fill([(letter(n), NOW - timedelta(hours=n)) for n in range(1, 4)])
    mailbox.make_teaching_folders()
    for folder, uid in zip(TEACHING, (2, 1), strict=True):
        account.move(uid, folder)
        [batch] = mailbox.fetch_after(folder, None, LONG_AGO)
        assert [(number_of(each), each.arrived_at) for each in batch.mails] == [(uid, NOW - timedelta(hours=uid))]
        assert list(mailbox.fetch_after(folder, batch.cursor, LONG_AGO)) == []


def taught(mailbox: Mailbox) -> None:
    """A look at all there is, as the service makes it before it waits."""
    look(mailbox)
    for folder in mailbox.teaching_folders():
        list(mailbox.fetch_after(folder, None, LONG_AGO))


def test_waiting_ends_when_a_mail_is_moved_there(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in (1, 2)])
    mailbox.make_teaching_folders()
    taught(mailbox)
    assert mailbox.wait("INBOX", 0.1) is False
    started = time.monotonic()
    with later(lambda: account.move(1, "Onward/Rejection")):
        assert mailbox.wait("INBOX", 20) is True
    assert time.monotonic() - started < 3
    taught(mailbox)
    assert mailbox.wait("INBOX", 0.1) is False


def test_a_move_between_the_look_and_the_wait_is_noticed_at_once(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in (1, 2)])
    mailbox.make_teaching_folders()
    taught(mailbox)
    account.move(2, "Onward/Not a rejection")
    started = time.monotonic()
    assert mailbox.wait("INBOX", 20) is True
    assert time.monotonic() - started < 3


def test_a_deleted_mail_is_no_news_where_nobody_teaches(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(n), NOW) for n in (1, 2)])
    taught(mailbox)
    with later(lambda: account.remove(1)):
        assert mailbox.wait("INBOX", 0.6) is False


# --- trouble ---------------------------------------------------------------------------------------------


def insist(act: Callable[[], object]) -> None:
    """Again and again until it raises: a server takes a moment to drop somebody."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        act()
        time.sleep(0.02)


def test_what_broke_is_temporary_and_works_again(account: Account, mailbox: Mailbox) -> None:
    account.fill([(letter(1), NOW)])
    cursor = look(mailbox).cursor
    with account.interrupted(), pytest.raises(Temporary):
        insist(lambda: mailbox.place("INBOX"))
    account.fill([(letter(2), NOW)])
    assert look(mailbox, cursor).numbers == [2]
    with account.interrupted(), pytest.raises(Temporary):
        insist(lambda: mailbox.wait("INBOX", 1))
    assert mailbox.wait("INBOX", 0.1) is False
    with account.interrupted(), pytest.raises(Temporary):
        insist(lambda: list(mailbox.fetch_after("INBOX", cursor, LONG_AGO)))
    assert look(mailbox, cursor).numbers == [2]


def test_closing_is_quiet_and_may_be_repeated(account: Account) -> None:
    opened = account.open()
    opened.close()
    opened = account.open()
    look(opened)
    with account.interrupted():
        opened.close()
    opened.close()
    opened.stop_waiting()
