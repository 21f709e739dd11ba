"""A local Maildir behind the Mailbox protocol, as mbsync or offlineimap keep one beside a server.

Read without a trace: files are opened for reading only and without touching their access time; none is
renamed, not even from new/ to cur/. A Maildir has no UIDs, so they are kept here, outside of it: one list
per folder, only ever added to, of the names mails have had. A name counts up to its first ':' and without
the server's UID that synchronising programs put into it later; so a mail keeps its number when it is marked
read, answered or uploaded. A lost or broken list becomes a new UIDVALIDITY, and the folder is looked at
again by date, as after a server's renumbering.

A mail arrived when its file was last modified. Delivery writes a file once; flags are renames, which leave
that time alone; mbsync (CopyArrivalDate) and offlineimap set it to the server's INTERNALDATE where asked.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote_to_bytes

from imapclient import imap_utf7

from onward.core import mail
from onward.core.model import Cursor, EdgeError, Hint, Permanent, RawMail, Temporary, Uncertain
from onward.edges import EVER, RECENT, Batch, Copy, Place, Role
from onward.edges.folders import TEACHING, find_all, find_hints, find_role, no_such_role

BATCH_MAILS = 100
BATCH_BYTES = 8 * 1024 * 1024
LOOK_BACK = 500  # mails of a folder looked at when searching for one of our own
HEAD_CAP = 64 * 1024  # bytes of a mail read when only its key is wanted
POLL = 1.0  # seconds between two looks at the times of new/ and cur/
PATIENCE = 5.0  # seconds in which a mail that others rename all the time is to be found
SETTLED = 2.0  # seconds after which a folder's time is sure to change again; coarse clocks exist
DEPTH = 4  # how deep plain sub-folders are looked for
FORGET_AFTER = 10_000  # names of mails long gone that a list may hold before it is written anew

_T = TypeVar("_T")
_LETTERS = {"\\draft": "D", "\\flagged": "F", "\\passed": "P", "\\answered": "R", "\\seen": "S"}
_ADDED_LATER = re.compile(rb",(?:U=\d+|FMD5=[0-9a-f]{32})")  # by mbsync and offlineimap, once uploaded


@dataclass(slots=True)
class _Folder:
    """One folder on disk, and what is known of it."""

    name: str
    path: Path
    list_path: Path
    validity: int = 0
    uids: dict[bytes, int] = field(default_factory=dict)  # base name -> UID, ascending, gone ones included
    signature: tuple[int, ...] = ()  # of the list file these were read from
    files: dict[bytes, bytes] = field(default_factory=dict)  # base name -> 'cur/name', as last listed
    sure: bool = False  # nobody changed the folder while it was listed: what is not in `files` is gone
    looked: int = -1  # the highest UID a fetch has brought or passed over; -1: none was made yet

    @property
    def next_uid(self) -> int:
        return next(reversed(self.uids.values()), 0) + 1


class MaildirMailbox:
    """A Mailbox on a local Maildir: Maildir++ ('.Drafts') or plain sub-folders ('Drafts')."""

    def __init__(
        self,
        path: Path,
        home: Path,
        folders: Mapping[str, str] = {},
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        """`home` is Onward's own folder, for the lists; `folders` names roles the person configured."""
        self._root = path
        self._lists = home / "maildir"
        self._configured = dict(folders)
        self._on_progress = on_progress
        self._known: dict[str, _Folder] = {}
        self._wake = threading.Event()

    # --- reading ---------------------------------------------------------------------------------------

    def fetch_after(
        self, folder: str, cursor: Cursor | None, since: datetime, all_new: bool = False
    ) -> Iterator[Batch]:
        """See Mailbox. Times and sizes first, then the mails in batches of bounded count and bytes."""
        with self._translated(folder):
            box = self._listed(folder)
            validity, last = box.validity, box.next_uid - 1
            rescan = cursor is not None and (cursor.uidvalidity != validity or cursor.uid > last)
            after = cursor.uid if cursor is not None and not rescan else 0
            if all_new and cursor is not None and not rescan:
                since = EVER
            wanted = self._arrived_since(box, after, since)
        done, told = 0, cursor
        for some in _groups(wanted):
            with self._translated(folder):
                mails = tuple(found for each in some if (found := self._read(box, each)) is not None)
            done, told = done + len(some), Cursor(validity, some[-1].uid)
            yield Batch(mails, told, done, len(wanted), rescan)
        box.looked = last
        if told != Cursor(validity, last):
            yield Batch((), Cursor(validity, last), done, len(wanted), rescan)

    def wait(self, folder: str, seconds: float) -> bool:
        """See Mailbox. Asks for the times of new/ and cur/ every second; lists them only when one changed."""
        end = time.monotonic() + seconds
        with self._translated(folder):
            box = self._find(folder)
            if box.looked < 0:
                box.looked = self._listed(folder).next_uid - 1
            taught = [each for name in self._hints() if (each := self._known.get(name)) and each.looked >= 0]
            watched = [box, *taught]
            times: tuple[int, ...] = ()
            unsure = True
            while True:
                now = tuple(moment for each in watched for moment in _times(each.path))
                if now != times or (unsure and _settled(now)):
                    times, unsure = now, not _settled(now)
                    if any(self._has_unseen(each) for each in watched):
                        return True
                left = end - time.monotonic()
                if self._wake.wait(max(0.0, min(left, POLL))) or left <= 0:
                    self._wake.clear()
                    return False
                self._on_progress()

    def stop_waiting(self) -> None:
        """Wake `wait`; safe from any thread, any number of times."""
        self._wake.set()

    # --- adding ----------------------------------------------------------------------------------------

    def folder_for(self, role: Role) -> str:
        """See Mailbox. As configured, else by the usual names."""
        if role in self._configured:
            return self._configured[role]
        if role == "inbox":
            return "INBOX"
        with self._translated(role):
            found = find_role(role, [((), b"/", name) for name in self._names()])
        if found is None:
            raise Permanent(no_such_role(role))
        return found

    def place(self, folder: str) -> Place:
        """See Mailbox."""
        with self._translated(folder):
            box = self._listed(folder)
            return Place(box.validity, box.next_uid)

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> Place | None:
        """See Mailbox. The file is named after the mail's key: the same mail again is the same file, once."""
        with self._translated(folder):
            box = self._listed(folder)
            tag = _tag_of(raw)
            base = b"%d.%s.%s" % (int(at.timestamp()), tag, _host())
            for name in [name for name in box.uids if _tag_in(name) == tag]:
                if self._stat(box, name) is not None:
                    return Place(box.validity, box.uids[name])
            letters = "".join(sorted({_LETTERS.get(flag.lower(), "") for flag in flags}))
            self._write(box, base, raw.replace(b"\r\n", b"\n"), letters.encode(), at)
            try:
                _sync(box.path / "cur")
                box = self._listed(folder)
            except (OSError, EdgeError) as error:
                raise Uncertain(f"{folder}: the mail was written, but perhaps not for good") from error
            uid = box.uids.get(base)
            return None if uid is None else Place(box.validity, uid)

    def find(self, folder: str, key: str, message_id: str, from_uid: int = 1) -> Copy | None:
        """See Mailbox. Files named after the key first, then the header fields of the newest mails."""
        with self._translated(folder):
            box = self._listed(folder)
            known = [(uid, base) for base, uid in box.uids.items() if uid >= from_uid]
            here = [each for each in known if each[1] in box.files]
            tags = {_tag(key), _tag(message_id)}
            ours = [each for each in known if _tag_in(each[1]) in tags]
            for uid, base in ours + here[-LOOK_BACK:]:
                head = self._bytes_of(box, base, HEAD_CAP)
                found_key, found_id = mail.key_of(_head(head[0])) if head else (None, None)
                if (key and found_key == key) or (message_id and found_id == message_id):
                    whole = self._bytes_of(box, base, mail.READ_CAP)
                    if whole is not None:
                        return Copy(folder, uid, re.sub(rb"(?<!\r)\n", b"\r\n", whole[0]))
            return None

    def replies(self, folder: str, message_id: str, from_uid: int = 1) -> list[Copy]:
        """See Mailbox."""
        found: list[Copy] = []
        with self._translated(folder):
            box = self._listed(folder)
            here = [(uid, base) for base, uid in box.uids.items() if uid >= from_uid and base in box.files]
            for uid, base in here[-(LOOK_BACK if message_id else RECENT) :]:
                head = self._bytes_of(box, base, HEAD_CAP)
                if head is not None and (not message_id or message_id in mail.answered_in(_head(head[0]))):
                    whole = self._bytes_of(box, base, mail.READ_CAP)
                    if whole is not None:
                        found.append(Copy(folder, uid, re.sub(rb"(?<!\r)\n", b"\r\n", whole[0])))
        return found

    def folders(self) -> list[str]:
        """See Mailbox."""
        with self._translated("the folders"):
            return find_all([((), b"/", name) for name in self._names()])

    def uids(self, folder: str, from_uid: int) -> list[int]:
        """See Mailbox."""
        with self._translated(folder):
            box = self._listed(folder)
            return sorted(uid for base, uid in box.uids.items() if base in box.files and uid >= from_uid)

    def withdraw(self, folder: str, uid: int, key: str) -> bool:
        """See Mailbox. The file is unlinked; the synchronising program carries that to the server."""
        with self._translated(folder):
            box = self._listed(folder)
            base = next((base for base, each in box.uids.items() if each == uid), None)
            head = self._bytes_of(box, base, HEAD_CAP) if base is not None else None
            if base is None or head is None or not key or mail.key_of(_head(head[0]))[0] != key:
                return False
            if self._with_file(box, base, _unlink) is None:
                return False
            _sync(box.path / "cur")
            return True

    # --- folders for teaching ---------------------------------------------------------------------------

    def teaching_folders(self) -> dict[str, Hint]:
        """See Mailbox."""
        with self._translated("INBOX"):
            return self._hints()

    def make_teaching_folders(self) -> dict[str, Hint]:
        """See Mailbox. As the folders beside them are: '.Onward.Rejection', or 'Onward/Rejection'."""
        with self._translated("INBOX"):
            known = self._hints()
            for hint, parts in TEACHING.items():
                if hint not in known.values():
                    path = self._root / ("." + ".".join(parts) if self._is_dotted() else Path(*parts))
                    for each in (path.parent, path, path / "tmp", path / "new", path / "cur"):
                        each.mkdir(mode=0o700, exist_ok=True)
            return self._hints()

    def _hints(self) -> dict[str, Hint]:
        return find_hints([((), b"/", name) for name in self._names()])

    def _is_dotted(self) -> bool:
        """Whether folders are kept the Maildir++ way: as those that are here, or where there are none yet."""
        others = [path for path in self._names().values() if path != self._root]
        return not others or any(path.name.startswith(".") for path in others)

    def check(self) -> str:
        """One line about the Maildir, for doctor."""
        with self._translated("INBOX"):
            box = self._listed("INBOX")
            count = len(list(self._names()))
        return f"a Maildir of {count} folders; {len(box.files)} mails in the inbox"

    def close(self) -> None:
        """Nothing is held open."""
        self._wake.set()

    # --- folders on disk -------------------------------------------------------------------------------

    def _names(self) -> dict[str, Path]:
        """Folders by the name people know, INBOX first. Modified UTF-7, as servers name them, is read."""
        if not self._root.is_dir():
            raise FileNotFoundError(self._root)
        found: dict[str, Path] = {}
        if _is_maildir(self._root):
            found["INBOX"] = self._root
        for path, parts in _below(self._root, ()):
            name = "/".join(_readable(part) for part in parts)
            if name.upper() == "INBOX":
                name = "INBOX"
            found.setdefault(name, path)
        return found

    def _find(self, folder: str) -> _Folder:
        box = self._known.get(folder)
        if box is None:
            names = self._names()
            name = "INBOX" if folder.upper() == "INBOX" else folder
            path = names.get(name) or names.get(_readable(name))
            if path is None:
                known = ", ".join(sorted(names)) or "none"
                raise Permanent(f"{self._root}: no folder {folder} is here; there are: {known}")
            here = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:8]  # two accounts may share a home
            safe = quote(name, safe="").replace(".", "%2E")[:100]
            box = self._known[folder] = _Folder(folder, path, self._lists / f"{safe}-{here}.uids")
        return box

    def _listed(self, folder: str) -> _Folder:
        """The folder with its files and their UIDs as of now; files without a UID are given one, oldest first."""
        box = self._find(folder)
        with _locked(box.list_path):
            _load(box)
            box.files, box.sure = _scan(box.path)  # after the list: who gave a UID had seen the file before us
            fresh = [base for base in box.files if base not in box.uids]
            if fresh:
                dated = sorted((self._age(box, base), base) for base in fresh)
                _add(box, [base for _, base in dated])
            if box.sure and len(box.uids) > 2 * len(box.files) + FORGET_AFTER:
                last = next(reversed(box.uids))
                kept = {base: uid for base, uid in box.uids.items() if base in box.files or base == last}
                _replace(box, box.validity, kept)
        self._on_progress()
        return box

    def _has_unseen(self, box: _Folder) -> bool:
        return any(box.uids.get(base, box.looked + 1) > box.looked for base in _scan(box.path)[0])

    def _age(self, box: _Folder, base: bytes) -> int:
        found = self._stat(box, base)
        return found.st_mtime_ns if found else 0

    def _with_file(self, box: _Folder, base: bytes, act: Callable[[bytes], _T]) -> _T | None:
        """`act` on the file of a mail, found again if it was renamed; None: it is gone.

        Gone is what a listing without it shows that nobody disturbed. Else a mail that is renamed while we
        list would be passed over for good; one renamed faster than we can open it is for the next look.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            name = box.files.get(base)
            if name is not None:
                with contextlib.suppress(FileNotFoundError):
                    return act(os.fsencode(box.path) + b"/" + name)
            elif box.sure:
                return None
            late = time.monotonic() > deadline
            if late and name is not None:
                raise Temporary(f"{self._root}: {box.name} changes faster than it can be read")
            box.files, box.sure = _scan(box.path)
            if base not in box.files and not box.sure:
                box.sure = late  # clocks may differ; never seen in all this time is gone, too
                time.sleep(0.02)

    def _stat(self, box: _Folder, base: bytes) -> os.stat_result | None:
        return self._with_file(box, base, os.lstat)

    def _bytes_of(self, box: _Folder, base: bytes, cap: int) -> tuple[bytes, bool] | None:
        """At most `cap` bytes of a mail, and whether that is not all; None: it is gone."""
        return self._with_file(box, base, lambda path: _read_file(path, cap))

    def _arrived_since(self, box: _Folder, after: int, since: datetime) -> list[_Found]:
        """The mails above a UID that arrived at `since` or later, ascending."""
        earliest = since.timestamp()
        found = []
        for base, uid in list(box.uids.items()):
            if uid > after:
                about = self._stat(box, base)
                if about is not None and stat.S_ISREG(about.st_mode) and about.st_mtime >= earliest:
                    found.append(_Found(uid, base, about.st_size, about.st_mtime))
        return found

    def _read(self, box: _Folder, found: _Found) -> RawMail | None:
        raw, truncated, problem = b"", False, None
        try:
            got = self._bytes_of(box, found.base, mail.READ_CAP)
            if got is None:
                return None  # deleted in the meantime by the person
            raw, truncated = got
            if not raw:
                problem = "the file of this mail is empty"
        except PermissionError:
            problem = "the file of this mail may not be read by this user"
        except OSError as error:
            problem = f"the file of this mail cannot be read ({error.strerror})"
        at = datetime.fromtimestamp(found.arrived, UTC)
        return RawMail(box.name, box.validity, found.uid, at, raw, truncated, problem)

    def _write(self, box: _Folder, base: bytes, raw: bytes, letters: bytes, at: datetime) -> None:
        """tmp/, fsync, then one rename into cur/: the mail is there whole or not at all."""
        folder = os.fsencode(box.path)
        temporary, final = folder + b"/tmp/" + base, folder + b"/cur/" + base + b":2," + letters
        (box.path / "tmp").mkdir(mode=0o700, exist_ok=True)
        try:
            with open(temporary, "wb", opener=_private) as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            os.utime(temporary, (at.timestamp(), at.timestamp()))
            os.rename(temporary, final)  # noqa: PTH104
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise

    @contextlib.contextmanager
    def _translated(self, folder: str) -> Iterator[None]:
        """What the file system raises, as one of our three errors."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Temporary(f"{self._root}: the folder {folder} is not there; is the disk mounted?") from error
        except PermissionError as error:
            where = os.fsdecode(error.filename or os.fsencode(self._root))
            raise Permanent(f"{where}: this user may not go there; check owner and mode") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Temporary(f"{self._root}: the disk is full", wait=timedelta(minutes=15)) from error
            if error.errno == errno.EROFS:
                raise Permanent(f"{self._root}: the disk is mounted read-only") from error
            raise Temporary(f"{self._root}: {error.strerror or 'the disk does not answer'}") from error


@dataclass(frozen=True, slots=True)
class _Found:
    """One mail on disk, before it is read."""

    uid: int
    base: bytes
    size: int
    arrived: float  # seconds since 1970


# --- plain functions on files --------------------------------------------------------------------------


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _below(path: Path, parts: tuple[str, ...]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Sub-folders that are Maildirs, in order: '.A.B' as (A, B), and plain ones nested."""
    for entry in sorted(path.iterdir()):
        if entry.name in ("cur", "new", "tmp") or not entry.is_dir():
            continue
        dotted = entry.name.startswith(".")
        names = entry.name.strip(".").split(".") if dotted and not parts else [entry.name]
        if not all(names) or (dotted and parts):
            continue
        if _is_maildir(entry):
            yield entry, (*parts, *names)
        if not dotted and len(parts) < DEPTH:
            yield from _below(entry, (*parts, *names))


def _readable(name: str) -> str:
    """A folder's name out of modified UTF-7; as it is when it is something else."""
    try:
        return imap_utf7.decode(name.encode("ascii"))  # type: ignore[no-any-return]
    except ValueError:
        return name


def _times(path: Path) -> tuple[int, int]:
    return (path / "new").stat().st_mtime_ns, (path / "cur").stat().st_mtime_ns


def _settled(times: tuple[int, ...]) -> bool:
    """False while a further change could leave the same time behind."""
    return time.time() - max(times) / 1e9 > SETTLED


def _scan(path: Path) -> tuple[dict[bytes, bytes], bool]:
    """Base name -> 'cur/name', and whether that is surely all.

    new/ first: mails only ever go from there to cur/, so none is missed. But one renamed within cur/ while it
    is listed may be passed over (readdir(3)), so a disturbed folder is listed again.
    """
    found: dict[bytes, bytes] = {}
    for _ in range(5):
        before = _times(path)
        sure = _settled(before)
        if sure:
            found = {}
        for part in (b"new", b"cur"):
            with os.scandir(os.fsencode(path) + b"/" + part) as entries:
                for entry in entries:
                    if not entry.name.startswith(b"."):
                        found[_base(entry.name)] = part + b"/" + entry.name
        if _times(path) == before:
            return found, sure
    return found, False


def _base(name: bytes) -> bytes:
    return _ADDED_LATER.sub(b"", name.partition(b":")[0])


def _groups(found: Sequence[_Found]) -> Iterator[list[_Found]]:
    """Runs of mails within one batch's count and share of memory."""
    group: list[_Found] = []
    held = 0
    for each in found:
        size = min(each.size, mail.READ_CAP)
        if group and (len(group) == BATCH_MAILS or held + size > BATCH_BYTES):
            yield group
            group, held = [], 0
        group.append(each)
        held += size
    if group:
        yield group


def _read_file(path: bytes, cap: int) -> tuple[bytes, bool]:
    """Without a trace: O_NOATIME is only for a file's owner, and others leave what every reader leaves."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        handle = os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:
        handle = os.open(path, flags)
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return b"", False
        raw = b""
        while len(raw) < cap and (piece := os.read(handle, min(cap - len(raw), about.st_size + 1))):
            raw += piece
        return raw, about.st_size > cap
    finally:
        os.close(handle)


def _unlink(path: bytes) -> bool:
    os.unlink(path)  # noqa: PTH108 — a name in bytes
    return True


def _head(raw: bytes) -> bytes:
    end = re.search(rb"\r?\n\r?\n", raw)
    return raw[: end.end()] if end else raw


def _tag(text: str) -> bytes:
    """What stands in a file's name for a key or Message-ID."""
    return b"O" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24].encode()


def _tag_of(raw: bytes) -> bytes:
    key, message_id = mail.key_of(_head(raw[:HEAD_CAP]))
    return _tag(key or message_id or hashlib.sha256(raw).hexdigest())


def _tag_in(base: bytes) -> bytes:
    parts = base.split(b".")
    return parts[1] if len(parts) > 1 else b""


def _host() -> bytes:
    """This machine's name, with what may not stand in a file's name replaced (maildir(5))."""
    return re.sub(rb"[^A-Za-z0-9-]", b"_", socket.gethostname().encode("utf-8", "replace"))[:40] or b"localhost"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- the list of UIDs ----------------------------------------------------------------------------------
# First line: the validity. Then one line a mail: UID, space, base name with odd bytes as %xx. A line counts
# once its line end is on disk; only then is its UID handed out, so a torn last line has never been seen.


@contextlib.contextmanager
def _locked(list_path: Path) -> Iterator[None]:
    """One writer at a time: `onward doctor` may look while the service runs."""
    list_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(list_path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _load(box: _Folder) -> None:
    """Read the list unless it is the one known; begin a new one when it is lost or broken."""
    try:
        about = box.list_path.stat()
        signature = (about.st_ino, about.st_size, about.st_mtime_ns)
        if signature == box.signature:
            return
        text = box.list_path.read_bytes()
    except FileNotFoundError:
        text, signature = b"", (0, 0, 0)
    whole, _, torn = text.rpartition(b"\n")
    parsed = _parse(whole)
    if parsed is None:
        known = re.match(rb"\d{1,18}$", whole.partition(b"\n")[0])
        validity = max(time.time_ns() // 1_000_000, int(known[0]) + 1 if known else 0, box.validity + 1)
        _replace(box, validity, {})
        box.looked = min(box.looked, 0)  # whatever has been looked at had other UIDs
        return
    box.validity, box.uids = parsed
    box.signature = signature
    if torn:
        _replace(box, box.validity, box.uids)


def _parse(text: bytes) -> tuple[int, dict[bytes, int]] | None:
    """(validity, UIDs by base name), or None when this is no list of ours."""
    first, *lines = text.split(b"\n")
    if not re.fullmatch(rb"[1-9]\d{0,17}", first):
        return None
    uids: dict[bytes, int] = {}
    last = 0
    for line in lines:
        match = re.fullmatch(rb"([1-9]\d{0,17}) (\S+)", line)
        base = unquote_to_bytes(match[2]) if match else b""
        if match is None or int(match[1]) <= last or base in uids:
            return None
        last = uids[base] = int(match[1])
    return int(first), uids


def _lines(uids: Mapping[bytes, int]) -> bytes:
    return b"".join(b"%d %s\n" % (uid, quote(base, safe=",=+:@").encode()) for base, uid in uids.items())


def _add(box: _Folder, bases: Sequence[bytes]) -> None:
    """Give UIDs to some more mails, and have them on disk before anyone hears of them."""
    fresh = dict(zip(bases, range(box.next_uid, box.next_uid + len(bases)), strict=True))
    with box.list_path.open("ab") as file:
        file.write(_lines(fresh))
        file.flush()
        os.fsync(file.fileno())
    box.uids.update(fresh)
    _sign(box)


def _replace(box: _Folder, validity: int, uids: dict[bytes, int]) -> None:
    """The whole list anew, in one step."""
    temporary = box.list_path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(b"%d\n" % validity + _lines(uids))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(box.list_path)
    _sync(box.list_path.parent)
    box.validity, box.uids = validity, uids
    _sign(box)


def _sign(box: _Folder) -> None:
    about = box.list_path.stat()
    box.signature = (about.st_ino, about.st_size, about.st_mtime_ns)
