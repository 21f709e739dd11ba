"""A Maildir beside other programs: they rename, add and delete as they like, and never notice us."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edges.test_imap_wire import LETTER, LONG_AGO, NOON, a_draft
from onward.core.model import Cursor, Permanent, RawMail, Temporary, Uncertain
from onward.edges import Batch
from onward.edges.maildir import MaildirMailbox

DRAFT, KEY, MESSAGE_ID = a_draft()
FLAGS = ("\\Draft", "\\Seen")


class Mail:
    """A person's Maildir in a temporary folder, and Onward's home beside it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "Mail", folder / "home"
        self.make(".")
        self.make(".Drafts")
        self.mailbox = MaildirMailbox(self.root, self.home)

    def make(self, name: str) -> Path:
        for part in ("cur", "new", "tmp"):
            (self.root / name / part).mkdir(parents=True)
        return self.root / name

    def put(self, name: str, raw: bytes = LETTER, at: datetime = NOON, folder: str = ".") -> Path:
        path = self.root / folder / name
        path.write_bytes(raw)
        os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    def fetch(self, cursor: Cursor | None = None, since: datetime = LONG_AGO, folder: str = "INBOX") -> list[Batch]:
        return list(self.mailbox.fetch_after(folder, cursor, since))

    def mails(self, cursor: Cursor | None = None, folder: str = "INBOX") -> list[RawMail]:
        return [each for batch in self.fetch(cursor, folder=folder) for each in batch.mails]

    def uids(self, cursor: Cursor | None = None) -> list[int]:
        return [each.uid for each in self.mails(cursor)]

    def list_file(self) -> Path:
        (found,) = (self.home / "maildir").glob("INBOX-*.uids")
        return found

    def again(self) -> None:
        """As after a restart."""
        self.mailbox = MaildirMailbox(self.root, self.home)


@pytest.fixture(autouse=True)
def _fine_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk under the tests tells changes apart that are 10 ms from one another."""
    monkeypatch.setattr("onward.edges.maildir.SETTLED", 0.2)


@pytest.fixture
def person(tmp_path: Path) -> Mail:
    return Mail(tmp_path)


# --- numbers ---------------------------------------------------------------------------------------------


def test_a_mail_keeps_its_number_whatever_is_done_to_its_name(person: Mail) -> None:
    path = person.put("new/1.a.host")
    person.put("new/2.b.host")
    cursor = person.fetch()[-1].cursor
    for name in ("cur/1.a.host:2,", "cur/1.a.host:2,S", "cur/1.a.host,U=7:2,RS", "cur/1.a.host,U=7:2,"):
        path = path.rename(person.root / name)
        person.again()
        assert [(each.uid, each.raw) for each in person.mails()] == [(1, LETTER), (2, LETTER)]
        assert person.uids(cursor) == []


def test_new_mails_are_numbered_by_age_and_numbers_are_never_used_again(person: Mail) -> None:
    person.put("cur/z:2,S", at=NOON - timedelta(days=2))
    person.put("new/a", at=NOON)
    person.put("cur/m:2,", at=NOON - timedelta(days=1))
    found = person.mails()
    assert [(each.uid, each.arrived_at) for each in found] == [
        (1, NOON - timedelta(days=2)),
        (2, NOON - timedelta(days=1)),
        (3, NOON),
    ]
    (person.root / "new/a").unlink()
    person.again()
    cursor = person.fetch()[-1].cursor
    assert cursor.uid == 3
    person.put("new/b")
    assert person.uids(cursor) == [4]


def test_a_list_that_is_lost_or_broken_is_begun_anew_under_another_validity(person: Mail) -> None:
    person.put("cur/1:2,S", at=NOON - timedelta(days=9))
    person.put("cur/2:2,S")
    cursor = person.fetch()[-1].cursor
    text = person.list_file().read_bytes()
    first = text.split(b"\n")[0]
    seen = {cursor.uidvalidity}
    for broken in (
        None,
        b"",
        b"\n",
        b"not a number\n1 1\n",
        first + b"\n1 1\n1 2\n",
        first + b"\n2 1\n1 2\n",
        first + b"\n1 1\n2 1\n",
        first + b"\n1\n2 2\n",
        b"\0" * 100 + b"\n",
        first[:-3] + b"\n1 1",
    )[:9]:
        person.list_file().unlink()
        if broken is not None:
            next((person.home / "maildir").glob("*.lock")).with_suffix(".uids").write_bytes(broken)
        person.again()
        batches = person.fetch(cursor, NOON - timedelta(days=1))
        assert [each.uid for batch in batches for each in batch.mails] == [2]
        assert all(batch.rescan for batch in batches)
        cursor = batches[-1].cursor
        assert cursor.uidvalidity not in seen
        seen.add(cursor.uidvalidity)
        assert person.fetch(cursor) == []


def test_a_last_line_torn_by_a_power_cut_was_never_handed_out(person: Mail) -> None:
    person.put("cur/1:2,S")
    cursor = person.fetch()[-1].cursor
    with person.list_file().open("ab") as file:
        file.write(b"2 half-of-a-na")
    person.put("new/2")
    person.again()
    assert person.uids(cursor) == [2]
    person.again()
    assert person.uids() == [1, 2]
    assert person.fetch()[-1].cursor.uidvalidity == cursor.uidvalidity


def test_what_cannot_be_written_down_is_not_handed_out(person: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    person.put("new/1")
    fsync = os.fsync

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Temporary, match="full") as caught:
        person.fetch()
    assert caught.value.wait is not None
    monkeypatch.setattr(os, "fsync", fsync)
    assert person.uids() == [1]


def test_two_readers_of_one_home_agree(person: Mail) -> None:
    others = [MaildirMailbox(person.root, person.home) for _ in range(4)]
    results: list[list[tuple[int, bytes]]] = [[] for _ in others]
    deadline = time.monotonic() + 20

    def read(place: int) -> None:
        cursor: Cursor | None = None
        while len(results[place]) < 100 and time.monotonic() < deadline:
            for batch in others[place].fetch_after("INBOX", cursor, LONG_AGO):
                results[place] += [(each.uid, each.raw) for each in batch.mails]
                cursor = batch.cursor

    threads = [threading.Thread(target=read, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for count in range(100):
        path = person.put(f"tmp/{count}", b"Subject: %d\n\n" % count)
        path.rename(person.root / "new" / path.name)  # whole at once, as every delivery does
    for thread in threads:
        thread.join()
    whole = {each.uid: each.raw for each in person.mails()}
    assert len(whole) == 100
    for result in results:
        assert result == sorted(whole.items())


def test_names_of_mails_long_gone_are_forgotten_in_time(person: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.edges.maildir.FORGET_AFTER", 5)
    for count in range(12):
        person.put(f"cur/{count:02}:2,S")
    cursor = person.fetch()[-1].cursor
    for count in range(1, 12):
        (person.root / f"cur/{count:02}:2,S").unlink()
    time.sleep(0.25)  # until it is sure that they are gone
    assert person.uids() == [1]
    assert len(person.list_file().read_text().splitlines()) == 3  # the validity, the one, the last
    person.again()
    person.put("new/x")
    assert person.uids(cursor) == [13]


def test_two_accounts_may_share_a_home(person: Mail, tmp_path: Path) -> None:
    other = Mail(tmp_path / "other")
    other.mailbox = MaildirMailbox(other.root, person.home)
    person.put("new/1")
    other.put("new/2")
    other.put("new/3")
    assert person.uids() == [1]
    assert other.uids() == [1, 2]
    assert person.uids() == [1]


# --- reading ---------------------------------------------------------------------------------------------


def test_not_even_the_access_time_changes(person: Mail) -> None:
    path = person.put("new/1")
    os.utime(path, (1_000_000_000, NOON.timestamp()))  # so old that any reader would bring it up to date
    before = path.stat()
    assert person.uids() == [1]
    person.mailbox.find("INBOX", "x", "<y@z>")
    assert path.stat() == before


def test_a_mail_renamed_between_listing_and_reading_is_found_by_its_base_name(person: Mail) -> None:
    for count in range(150):
        person.put(f"new/{count:03}.a.host", b"Subject: %d\n\n" % count)
    batches = person.mailbox.fetch_after("INBOX", None, LONG_AGO)
    next(batches)
    for path in list((person.root / "new").iterdir()):
        path.rename(person.root / "cur" / f"{path.name},U=9:2,S")
    rest = [each for batch in batches for each in batch.mails]
    assert [each.raw for each in rest] == [b"Subject: %d\n\n" % count for count in range(100, 150)]


def test_what_is_no_mail_is_passed_over_and_what_cannot_be_read_is_set_aside(person: Mail) -> None:
    person.put("cur/.hidden")
    (person.root / "cur/folder").mkdir()
    os.mkfifo(person.root / "cur/pipe")
    (person.root / "cur/link").symlink_to(person.put("tmp/elsewhere"))
    person.put("cur/empty:2,", b"")
    person.put("cur/good:2,")
    found = {each.raw: each.problem for each in person.mails()}
    assert found == {LETTER: None, b"": "the file of this mail is empty"}


@pytest.mark.parametrize("name", ["with space", "line\nend", "100%", "ünï", "\udcff\udc80", "a,U=3,S=5", "=+:2,S"])
def test_any_name_a_file_may_have_is_kept(person: Mail, name: str) -> None:
    person.put(f"cur/{name}")
    cursor = person.fetch()[-1].cursor
    person.again()
    assert person.uids() == [1]
    assert person.fetch(cursor) == []


def test_arrival_is_the_time_of_the_file(person: Mail) -> None:
    person.put("cur/1700000000.a.host:2,S", at=NOON - timedelta(days=5))
    person.put("cur/1800000000.b.host:2,S", at=NOON)
    assert [each.arrived_at for each in person.mails()] == [NOON - timedelta(days=5), NOON]
    since = NOON - timedelta(days=1)
    assert [each.uid for batch in person.fetch(None, since) for each in batch.mails] == [2]


# --- folders ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folders", "drafts", "sent"),
    [
        ([".", ".Drafts", ".Sent"], "Drafts", "Sent"),
        ([".", ".Entw&APw-rfe", ".Gesendet"], "Entwürfe", "Gesendet"),
        (["INBOX", "Drafts", "Sent Items"], "Drafts", "Sent Items"),
        (["Inbox", "[Gmail]/Brouillons", "[Gmail]/Messages envoyés"], "[Gmail]/Brouillons", "[Gmail]/Messages envoyés"),
        ([".", ".INBOX.Drafts", ".Archive.Drafts.Old", ".Sent"], "INBOX/Drafts", "Sent"),
        ([".", "Drafts", "Archive/2024/Drafts", "Sent"], "Drafts", "Sent"),
    ],
)
def test_both_layouts_and_any_language_are_understood(
    tmp_path: Path, folders: list[str], drafts: str, sent: str
) -> None:
    for folder in folders:
        for part in ("cur", "new", "tmp"):
            (tmp_path / "Mail" / folder / part).mkdir(parents=True)
    mailbox = MaildirMailbox(tmp_path / "Mail", tmp_path / "home")
    assert (mailbox.folder_for("drafts"), mailbox.folder_for("sent")) == (drafts, sent)
    assert mailbox.append(drafts, DRAFT, FLAGS, NOON) is not None
    copy = mailbox.find(drafts, KEY, MESSAGE_ID)
    assert copy is not None
    assert mailbox.withdraw(drafts, copy.uid, KEY) is True
    assert [batch.cursor.uid for batch in mailbox.fetch_after("inbox", None, LONG_AGO)] == [0]


def test_a_missing_folder_names_the_setting_and_the_setting_decides(tmp_path: Path) -> None:
    person = Mail(tmp_path)
    for part in (person.root / ".Drafts").iterdir():
        part.rmdir()
    with pytest.raises(Permanent, match=r"folders\.drafts = "):
        person.mailbox.folder_for("drafts")
    person.make(".Kram")
    mailbox = MaildirMailbox(person.root, person.home, {"drafts": "Kram"})
    assert mailbox.folder_for("drafts") == "Kram"
    assert mailbox.append("Kram", DRAFT, FLAGS, NOON) is not None
    with pytest.raises(Permanent, match="Kram"):
        mailbox.place("Nowhere")


def test_no_name_leads_out_of_the_maildir(person: Mail) -> None:
    outside = person.root.parent / "outside"
    for part in ("cur", "new", "tmp"):
        (outside / part).mkdir(parents=True)
    for name in ("../outside", "..", "/etc", str(outside), ""):
        with pytest.raises(Permanent):
            person.mailbox.place(name)


def test_doctor_is_told_what_is_there(person: Mail) -> None:
    person.put("new/1")
    assert person.mailbox.check() == "a Maildir of 2 folders; 1 mails in the inbox"


# --- adding ----------------------------------------------------------------------------------------------


def drafts(person: Mail) -> list[Path]:
    return sorted((person.root / ".Drafts" / "cur").iterdir())


def test_a_draft_is_one_file_with_its_flags_in_its_name(person: Mail) -> None:
    person.mailbox.append("Drafts", DRAFT, ("\\Seen", "\\Draft"), NOON)
    (path,) = drafts(person)
    assert path.name.endswith(":2,DS")
    assert path.read_bytes() == DRAFT.replace(b"\r\n", b"\n")
    assert path.stat().st_mtime == NOON.timestamp()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list((person.root / ".Drafts" / "tmp").iterdir()) == []


def test_the_same_draft_again_is_the_same_file(person: Mail) -> None:
    first = person.mailbox.append("Drafts", DRAFT, FLAGS, NOON)
    person.again()
    assert person.mailbox.append("Drafts", DRAFT, FLAGS, NOON + timedelta(hours=1)) == first
    (path,) = drafts(person)
    path.rename(path.with_name(path.name.partition(":")[0] + ",U=12:2,S"))
    assert person.mailbox.append("Drafts", DRAFT, FLAGS, NOON) == first
    assert len(drafts(person)) == 1
    assert person.mailbox.append("Drafts", a_draft("other")[0], FLAGS, NOON) != first
    assert len(drafts(person)) == 2


def test_a_draft_is_found_and_withdrawn_under_whatever_name_it_now_has(person: Mail) -> None:
    person.mailbox.append("Drafts", DRAFT, FLAGS, NOON)
    (path,) = drafts(person)
    path = path.rename(path.with_name(path.name.partition(":")[0] + ",U=12:2,DRS"))
    copy = person.mailbox.find("Drafts", KEY, "")
    assert copy is not None and copy.raw == DRAFT
    path.rename(path.with_name("1799999999_0.77.offlineimap,U=12,FMD5=" + "a" * 32 + ":2,DS"))
    copy = person.mailbox.find("Drafts", KEY, MESSAGE_ID)
    assert copy is not None and copy.raw == DRAFT
    assert person.mailbox.withdraw("Drafts", copy.uid, "x" * 40) is False
    assert person.mailbox.withdraw("Drafts", copy.uid, KEY) is True
    assert drafts(person) == []


def test_a_file_that_only_bears_our_name_is_not_ours(person: Mail) -> None:
    person.mailbox.append("Drafts", DRAFT, FLAGS, NOON)
    (path,) = drafts(person)
    path.write_bytes(LETTER)
    assert person.mailbox.find("Drafts", KEY, MESSAGE_ID) is None
    assert person.mailbox.withdraw("Drafts", 1, KEY) is False
    assert len(drafts(person)) == 1


@pytest.mark.parametrize(
    ("number", "kind", "wait"),
    [
        (errno.ENOSPC, Temporary, True),
        (errno.EDQUOT, Temporary, True),
        (errno.EIO, Temporary, False),
        (errno.EROFS, Permanent, False),
        (errno.EACCES, Permanent, False),
    ],
)
def test_a_draft_that_cannot_be_written_leaves_nothing_behind(
    person: Mail, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception], wait: bool
) -> None:
    person.mailbox.place("Drafts")

    def fails(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(kind) as caught:
            person.mailbox.append("Drafts", DRAFT, FLAGS, NOON)
    assert (getattr(caught.value, "wait", None) is not None) == wait
    assert drafts(person) == []
    assert list((person.root / ".Drafts" / "tmp").iterdir()) == []
    assert person.mailbox.append("Drafts", DRAFT, FLAGS, NOON) is not None


def test_a_draft_that_may_not_last_is_uncertain_and_found(person: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    person.mailbox.place("Drafts")
    fsync, calls = os.fsync, []

    def fails_second(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 1:
            raise OSError(errno.EIO, "Input/output error")
        fsync(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails_second)
        with pytest.raises(Uncertain):
            person.mailbox.append("Drafts", DRAFT, FLAGS, NOON)
    assert person.mailbox.find("Drafts", KEY, MESSAGE_ID) is not None
    assert len(drafts(person)) == 1


def test_what_a_power_cut_left_in_tmp_is_in_nobodys_way(person: Mail) -> None:
    person.mailbox.append("Drafts", DRAFT, FLAGS, NOON)
    (path,) = drafts(person)
    path.rename(person.root / ".Drafts" / "tmp" / path.name.partition(":")[0])
    assert person.mailbox.find("Drafts", KEY, MESSAGE_ID) is None
    assert person.mailbox.append("Drafts", DRAFT, FLAGS, NOON) is not None
    assert len(drafts(person)) == 1
    assert list((person.root / ".Drafts" / "tmp").iterdir()) == []


# --- waiting ---------------------------------------------------------------------------------------------


@contextmanager
def soon(act: Callable[[], object], seconds: float = 0.1) -> Iterator[None]:
    timer = threading.Timer(seconds, act)
    timer.start()
    yield
    timer.join()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.edges.maildir.POLL", 0.05)
    monkeypatch.setattr("onward.edges.maildir.SETTLED", 0.3)


@pytest.mark.usefixtures("quick")
def test_a_mail_read_flagged_or_deleted_is_no_news(person: Mail) -> None:
    path = person.put("new/1")
    person.put("new/2")
    cursor = person.fetch()[-1].cursor
    moved = person.root / "cur/1:2,S"
    with soon(lambda: path.rename(moved)), soon(moved.unlink, 0.2):
        assert person.mailbox.wait("INBOX", 0.5) is False
    with soon(lambda: person.put("new/3")):
        assert person.mailbox.wait("INBOX", 10) is True
    assert person.uids(cursor) == [3]


@pytest.mark.usefixtures("quick")
def test_a_mail_that_leaves_the_folders_time_as_it_was_is_noticed_all_the_same(person: Mail) -> None:
    """Some file systems count in seconds: two changes may bear the same time."""
    person.fetch()
    folder = person.root / "new"
    os.utime(folder)
    before = folder.stat()

    def deliver() -> None:
        person.put("new/1")
        os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))

    with soon(deliver):
        assert person.mailbox.wait("INBOX", 10) is True


@pytest.mark.usefixtures("quick")
def test_an_idle_wait_lists_nothing(person: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    person.put("new/1")
    for part in ("new", "cur"):
        os.utime(person.root / part, (1_700_000_000, 1_700_000_000))
    person.fetch()
    calls: list[object] = []
    scandir = os.scandir

    def counted(path: Any) -> Any:
        calls.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    assert person.mailbox.wait("INBOX", 0.6) is False
    assert len(calls) <= 2  # once, new/ and cur/, at the start


@pytest.mark.usefixtures("quick")
def test_mail_numbered_by_another_look_is_still_news(person: Mail) -> None:
    cursor = person.fetch()[-1].cursor
    person.put("new/1")
    person.mailbox.place("INBOX")
    started = time.monotonic()
    assert person.mailbox.wait("INBOX", 10) is True
    assert time.monotonic() - started < 2
    assert person.uids(cursor) == [1]


@pytest.mark.usefixtures("quick")
def test_a_list_begun_anew_makes_everything_news(person: Mail) -> None:
    person.put("new/1")
    cursor = person.fetch()[-1].cursor
    person.list_file().write_bytes(b"broken\n")
    person.mailbox.place("INBOX")
    assert person.mailbox.wait("INBOX", 0.2) is True
    assert person.uids(cursor) == [1]


# --- trouble ---------------------------------------------------------------------------------------------


def test_a_disk_that_is_not_mounted_is_temporary_and_costs_no_number(person: Mail) -> None:
    person.put("new/1")
    cursor = person.fetch()[-1].cursor
    away = person.root.rename(person.root.with_name("away"))
    acts: list[Callable[[], object]] = [
        person.fetch,
        lambda: person.mailbox.wait("INBOX", 1),
        lambda: person.mailbox.place("Drafts"),
        lambda: person.mailbox.folder_for("drafts"),
        lambda: person.mailbox.append("Drafts", DRAFT, FLAGS, NOON),
        lambda: person.mailbox.find("Drafts", KEY, MESSAGE_ID),
        lambda: person.mailbox.withdraw("Drafts", 1, KEY),
        lambda: person.mailbox.check(),
    ]
    for mailbox in (person.mailbox, MaildirMailbox(person.root, person.home)):
        person.mailbox = mailbox
        for act in acts:
            with pytest.raises(Temporary, match="mounted"):
                act()
    away.rename(person.root)
    assert person.fetch(cursor) == []
    assert person.uids() == [1]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; so be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_maildir_that_may_not_be_read_is_permanent_and_named() -> None:
    with tempfile.TemporaryDirectory(prefix="onward-maildir-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # pytest's own folders are closed to nobody
        person = Mail(folder)
        path = person.put("new/1")
        person.home.mkdir()
        person.home.chmod(0o777)
        (person.root / "new").chmod(0)
        with as_nobody(), pytest.raises(Permanent, match="new: this user may not go there"):
            person.fetch()
        (person.root / "new").chmod(0o755)
        path.chmod(0)
        with as_nobody():
            (found,) = person.mails()
        assert "may not be read" in str(found.problem)


def test_renaming_without_end_hides_no_mail(person: Mail) -> None:
    for count in range(300):
        person.put(f"cur/{count:03}.a.host:2,", b"Subject: %d\n\n" % count)
    person.mailbox.place("INBOX")  # they have numbers
    over = threading.Event()

    def rename() -> None:
        while not over.is_set():
            for path in (person.root / "cur").iterdir():
                end = "" if path.name.endswith("S") else "S"
                path.rename(path.with_name(path.name.partition(":")[0] + ":2," + end))

    thread = threading.Thread(target=rename)
    thread.start()
    try:
        for _ in range(20):
            assert person.uids() == list(range(1, 301))
    finally:
        over.set()
        thread.join()


# --- speed -----------------------------------------------------------------------------------------------


def test_five_thousand_mails_are_read_well_under_five_seconds(person: Mail, capsys: pytest.CaptureFixture[str]) -> None:
    letter = LETTER + b"All of the text, and some more of it.\n" * 760
    first = person.put("tmp/first", letter, datetime.now(UTC))
    for count in range(5_000):
        os.link(first, person.root / f"cur/{1_700_000_000 + count}.M{count}.host:2,S")
    started = time.monotonic()
    count = sum(len(batch.mails) for batch in person.mailbox.fetch_after("INBOX", None, LONG_AGO))
    took = time.monotonic() - started
    with capsys.disabled():
        print(f"\n5,000 mails of {len(letter):,} bytes in a Maildir: {took:.2f} s")
    assert count == 5_000
    assert took < 5
