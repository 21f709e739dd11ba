"""One IMAP account behind the Mailbox protocol: read by EXAMINE and BODY.PEEK only, added to by APPEND.

Every command passes a firewall on the socket's only way out: what is not on the list raises before a byte is
written, so a mistake elsewhere cannot mark, move or delete a mail. The only exceptions are `withdraw`, which
removes one draft of our own after reading its key, by UID (RFC 4315), and `make_teaching_folders`, which makes
two folders of fixed names. What comes in is bounded in size and in time. Whatever imaplib, IMAPClient, ssl or
the socket raise leaves here as Temporary, Permanent or Uncertain; after any of them that may have left the
stream out of step, the next call connects anew.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import logging
import re
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

from imapclient import IMAPClient, SocketTimeout, exceptions, imap_utf7

from onward.core import mail
from onward.core.model import Cursor, EdgeError, Hint, Permanent, RawMail, SignInRefused, Temporary, Uncertain
from onward.edges import EVER, RECENT, Batch, Copy, Place, Role
from onward.edges.folders import PARENT, TEACHING, Listed, find_all, find_hints, find_role, no_such_role
from onward.edges.idle import Idle, Refused

BATCH_MAILS = 100  # UIDs in one FETCH; some servers refuse more than 1,000
BATCH_BYTES = 8 * 1024 * 1024
LOOK_BACK = 500  # mails of a folder looked at when searching for one of our own
RENEW_IDLE = 9 * 60.0  # well under the 29 minutes of RFC 2177 §3; some servers go deaf after less
LITERAL_CAP = mail.READ_CAP + 65_536  # bytes in one literal: never more than was asked for
LINE_CAP = 16 * 1024 * 1024  # bytes in one line: a SEARCH reply of a million UIDs
RESPONSE_CAP = 64 * 1024 * 1024  # bytes in all of what comes in answer to one command
SLOWEST = 1_000  # bytes a second below which an answer counts as none
STRIKES = 6  # that one mail alone may earn before it is set aside: one where a connection just broke …
FAULT = 2  # … and so many for an answer that no server should give
SLOW_DOWN = (
    "THROTTLED",
    "OVERQUOTA",
    "LIMIT",
    "UNAVAILABLE",
    "SERVERBUG",
    "INUSE",
)  # RFC 5530, and providers' own

_ITEMS = rb"UID|FLAGS|INTERNALDATE|RFC822\.SIZE|MODSEQ|BODY\.PEEK\[[^\]]*\](?:<\d+\.\d+>)?"
_ALLOWED = re.compile(
    rb"(?:CAPABILITY|NOOP|LOGOUT|IDLE|NAMESPACE|STARTTLS|ID (?:NIL|\(.*\))|LOGIN .*|AUTHENTICATE \S+"
    rb"|LIST .*|STATUS .*|EXAMINE .*|UID SEARCH .*"
    rb"|UID FETCH [\d:,]+ \((?:" + _ITEMS + rb")(?: (?:" + _ITEMS + rb"))*\))",
    re.IGNORECASE,
)
_APPEND = re.compile(rb'APPEND ("(?:[^"\\]|\\.)*"|[^\s"]+) (?:\([^()]*\) )?(?:"[^"]*" )?\{(\d+)\}')
_KEY_FIELDS = b"BODY.PEEK[HEADER.FIELDS (X-DRAFT-KEY MESSAGE-ID)]"
_THREAD_FIELDS = b"BODY.PEEK[HEADER.FIELDS (IN-REPLY-TO REFERENCES)]"
_TAG = re.compile(rb"[A-P]{4}\d+")
_BARE_TAGGED = re.compile(rb"[A-P]{4}\d+ (?:OK|NO|BAD)\r\n")
_UNTRUSTED_TLS = re.compile(r"WRONG_VERSION|UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|NO_PROTOCOLS|HANDSHAKE_FAILURE")
_GARBLED = (KeyError, ValueError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError)


class ForbiddenCommand(AssertionError):
    """A command that could change the person's mailbox. Our own mistake; nothing was written."""


class Greedy(ConnectionError):
    """The server sends more, or for longer, than was asked for."""


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where an account lives and how it is signed in to."""

    host: str
    port: int
    user: str
    password: Callable[[], str]
    security: Literal["tls", "starttls", "plain"] = "tls"
    ca_file: str | None = None
    folders: dict[str, str] = field(default_factory=dict)  # role -> name, where the person configured one
    connect_timeout: float = 15.0
    read_timeout: float = 60.0


class ImapMailbox:
    """A Mailbox on an IMAP server. Connects when first needed; after any error, connects anew."""

    def __init__(self, server: ImapServer, on_progress: Callable[[], None] = lambda: None) -> None:
        """`on_progress` is called whenever the server has answered: proof of life for the watchdog."""
        self._server = server
        self._on_progress = on_progress
        self._client: Any = None  # an IMAPClient, which has no types
        self._wire: _Wire | None = None
        self._examined: tuple[str, Place] | None = None  # the folder we have open, as it was then
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._names: dict[Role, str] = {}
        self._extra: re.Pattern[bytes] | None = None
        self._no_idle = False  # it was refused once
        self._looked: dict[str, Place] = {}  # per folder: UIDVALIDITY and UIDNEXT of the last fetch
        self._held: dict[str, int] = {}  # per folder: how many mails it held then
        self._teaching: dict[str, Hint] = {}  # the folders for teaching, as last listed
        self._most = BATCH_MAILS  # mails in one FETCH; less on servers that refuse or break off
        self._easy = 0  # FETCHes in a row that went well since
        self._careful: set[int] = set()  # UIDs of a FETCH that broke the connection: one at a time
        self._strikes: dict[tuple[str, int, int], int] = {}  # folder, UIDVALIDITY, UID -> times refused alone
        self.commands: list[bytes] = []  # the verbs of the last 1,000 commands, for doctor and tests

    # --- reading ---------------------------------------------------------------------------------------

    def fetch_after(
        self, folder: str, cursor: Cursor | None, since: datetime, all_new: bool = False
    ) -> Iterator[Batch]:
        """See Mailbox. Sizes and times first, then bodies in batches of bounded count and bytes."""
        with self._translated():
            place = self._examine(folder)
            self._held[folder] = self._exists
            validity, last = place.uidvalidity, place.uidnext - 1
            # A UIDNEXT that went back means renumbering too, whatever UIDVALIDITY says.
            rescan = cursor is not None and (cursor.uidvalidity != validity or cursor.uid > last)
            after = cursor.uid if cursor is not None and not rescan else 0
            if all_new and cursor is not None and not rescan:
                since = EVER
            uids = self._search(after, last, since)
        done, told = 0, cursor
        while done < len(uids):
            some = uids[done : done + self._most]
            with self._translated():
                sizes = self._sizes_since(folder, validity, some, since)
            for group in self._groups(sizes):
                with self._translated():
                    mails = self._mails(folder, validity, group, since)
                told = Cursor(validity, max(group))
                passed = done + sum(1 for uid in some if uid <= told.uid)
                yield Batch(tuple(mails), told, passed, len(uids), rescan)
            done += len(some)
        last = max([last, *uids[-1:]])  # a mail that came after EXAMINE is among those found
        self._looked[folder] = Place(validity, last + 1)
        if told != Cursor(validity, last):
            yield Batch((), Cursor(validity, last), done, len(uids), rescan)

    def wait(self, folder: str, seconds: float) -> bool:
        """See Mailbox. IDLE where the server offers it; otherwise simply the time."""
        with self._translated():
            if self._has_news(folder):
                return True
            wire = self._wire
            if wire is None or self._no_idle or not self._connected().has_capability("IDLE"):
                self._sleep(seconds)
                return False
            idle = Idle(self._client, self._wake_out, self._server.read_timeout)
            try:
                idle.start()
            except Refused as error:  # offered, and then not given: polling is the truth either way
                if (wait := _asked_wait(str(error))) is not None:
                    raise Temporary(f"{self._server.host} asks to wait: {error}", wait=wait) from error
                self._no_idle = True
                self._sleep(seconds)
                return False
            self._on_progress()
            end = time.monotonic() + min(seconds, RENEW_IDLE)
            while not self._is_news(folder) and (left := end - time.monotonic()) > 0:
                wire.note_counts(idle.wait(min(left, 30.0)))
                self._on_progress()
                if self._woken():
                    break
            wire.note_counts(idle.done())
            return self._is_news(folder)

    def stop_waiting(self) -> None:
        """Wake `wait`; safe from any thread, any number of times."""
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_in.send(b"x")

    def _has_news(self, folder: str) -> bool:
        """Whether mail has come since the last look, told to us while we were not in IDLE or elsewhere."""
        self._connected()
        if self._examined is None or self._examined[0] != folder:
            self._examine(folder)
        assert self._examined is not None and self._wire is not None
        place = self._examined[1]
        looked = self._looked.get(folder, place)
        return self._is_news(folder) or place.uidvalidity != looked.uidvalidity or place.uidnext > looked.uidnext

    def _is_news(self, folder: str) -> bool:
        """Whether mail has come; or gone, where there are folders for teaching that it may have gone to."""
        assert self._wire is not None
        return self._wire.grown or (bool(self._teaching) and self._exists < self._held.get(folder, 0))

    def _woken(self) -> bool:
        woken = False
        with contextlib.suppress(BlockingIOError):
            while self._wake_out.recv(1024):
                woken = True
        return woken

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._woken() and (left := end - time.monotonic()) > 0:
            select.select([self._wake_out], [], [], min(left, 30.0))
            self._on_progress()

    # --- adding ----------------------------------------------------------------------------------------

    def folder_for(self, role: Role) -> str:
        """See Mailbox. As configured, else by SPECIAL-USE (RFC 6154, any case), else by usual names."""
        if role in self._server.folders:
            return self._server.folders[role]
        if role == "inbox":
            return "INBOX"
        if role not in self._names:
            with self._translated():
                found = find_role(role, self._listed())
            if found is None:
                raise Permanent(no_such_role(role))
            self._names[role] = found
        return self._names[role]

    def place(self, folder: str) -> Place:
        """See Mailbox. STATUS, after a NOOP: some servers answer from a stale view (RFC 9051 §6.3.11)."""
        with self._translated():
            self._noop()
            status = self._client.folder_status(folder, ["UIDVALIDITY", "UIDNEXT"])
            return Place(int(status[b"UIDVALIDITY"]), int(status[b"UIDNEXT"]))

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> Place | None:
        """See Mailbox. A synchronising literal: nothing of the mail leaves before the server's '+'."""
        self._learn(folder)
        with self._translated():
            self._noop()  # a connection that died is noticed here, where nothing is lost yet
        with self._translated(adding=folder):
            answer = self._client.append(folder, raw, flags, at)
        found = re.search(rb"APPENDUID (\d+) (\d+)", answer if isinstance(answer, bytes) else b"")
        return Place(int(found[1]), int(found[2])) if found else None

    def find(self, folder: str, key: str, message_id: str, from_uid: int = 1) -> Copy | None:
        """See Mailbox. Compares header fields itself: servers' SEARCH HEADER is not to be trusted."""
        with self._translated():
            fits = partial(_is_ours, key=key, message_id=message_id)
            return next(self._standing(folder, from_uid, LOOK_BACK, _KEY_FIELDS, fits), None)

    def replies(self, folder: str, message_id: str, from_uid: int = 1) -> list[Copy]:
        """See Mailbox."""
        most = LOOK_BACK if message_id else RECENT
        with self._translated():
            return list(
                self._standing(
                    folder,
                    from_uid,
                    most,
                    _THREAD_FIELDS,
                    lambda head: not message_id or message_id in mail.answered_in(head),
                )
            )

    def _standing(
        self, folder: str, from_uid: int, most: int, fields: bytes, fits: Callable[[bytes], bool]
    ) -> Iterator[Copy]:
        """The mails of a folder whose header fields fit, among the newest; only those are fetched whole."""
        place = self._examine(folder)
        uids = self._search(from_uid - 1, place.uidnext - 1, None)[-most:]
        while uids:
            some, uids = uids[: self._most], uids[self._most :]
            heads, refused = self._fetch(some, fields)
            if refused and not heads:
                raise Temporary(f"{self._server.host} does not hand over the mails of {folder}")
            for uid in sorted(heads):
                if fits(_body(heads[uid])):
                    whole, _ = self._fetch([uid], b"BODY.PEEK[]<0.%d>" % mail.READ_CAP)
                    if raw := _body(whole.get(uid, {})):
                        yield Copy(folder, uid, raw)

    def folders(self) -> list[str]:
        """See Mailbox."""
        with self._translated():
            return find_all(self._listed())

    def uids(self, folder: str, from_uid: int) -> list[int]:
        """See Mailbox."""
        with self._translated():
            status = self._examine(folder)
            return [uid for uid in self._search(from_uid - 1, status.uidnext, None) if uid >= from_uid]

    def withdraw(self, folder: str, uid: int, key: str) -> bool:
        """See Mailbox. Needs UIDPLUS, so that nothing else that is marked \\Deleted goes with it."""
        self._learn(folder)
        with self._translated():
            client = self._connected()
            if not client.has_capability("UIDPLUS"):
                raise Permanent("this server cannot remove one draft alone; please delete it in your mail program")
            place = self._examine(folder)
            if not key or not self._is_own_folder(folder) or self._key_at(uid) != key:
                return False
            only = rb"SELECT " + re.escape(client._normalise_folder(folder))
            only += rb"|UID STORE %d \+FLAGS\.SILENT \(\\Deleted\)|UID EXPUNGE %d" % (uid, uid)
            with self._also_allowed(re.compile(only)):
                self._examined = None
                selected = client.select_folder(folder)
                if int(selected.get(b"UIDVALIDITY", 0)) == place.uidvalidity and self._key_at(uid) == key:
                    client.add_flags([uid], [b"\\Deleted"], silent=True)
                    client.uid_expunge([uid])
            self._examine(folder)
            return self._key_at(uid) is None

    # --- folders for teaching ---------------------------------------------------------------------------

    def teaching_folders(self) -> dict[str, Hint]:
        """See Mailbox. One LIST of the little that bears the name."""
        with self._translated():
            self._teaching = find_hints(self._listed(f"*{PARENT}*"))
            return dict(self._teaching)

    def make_teaching_folders(self) -> dict[str, Hint]:
        """See Mailbox. CREATE makes what is above as well (RFC 9051 §6.3.4); where it does not, that goes first."""
        known = self.teaching_folders()
        with self._translated():
            client, (prefix, delimiter) = self._connected(), self._namespace()
            missing = [prefix + delimiter.join(path) for hint, path in TEACHING.items() if hint not in known.values()]
            wire = rb"|".join(re.escape(client._normalise_folder(name)) for name in (prefix + PARENT, *missing))
            with self._also_allowed(re.compile(rb"(?:CREATE|SUBSCRIBE) (?:%s)" % wire)):
                for name in missing:
                    if self._refused(client.create_folder, name):
                        self._refused(client.create_folder, prefix + PARENT)
                        self._refused(client.create_folder, name)
                    self._refused(client.subscribe_folder, name)
        made = self.teaching_folders()
        if len(made) < len(TEACHING):
            raise Permanent(
                f"{self._server.host} lets us make no folders; please make them yourself: {', '.join(missing)}"
            )
        return made

    def _namespace(self) -> tuple[str, str]:
        """What the names of the person's folders begin with, and what stands between their parts (RFC 2342)."""
        client = self._connected()
        if client.has_capability("NAMESPACE") and (personal := client.namespace().personal):
            prefix, delimiter = personal[0]
        else:
            prefix, delimiter = "", next((each.decode("latin-1") for _, each, _ in self._listed() if each), None)
        if not delimiter:
            raise Permanent(f"{self._server.host} has no folders within folders")
        return (prefix if prefix.upper() == f"INBOX{delimiter}" else ""), delimiter

    @staticmethod
    def _refused(act: Callable[[str], object], name: str) -> bool:
        """Try one command on one folder; False where the server did as asked."""
        try:
            act(name)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            return True
        return False

    def _key_at(self, uid: int) -> str | None:
        found, _ = self._fetch([uid], _KEY_FIELDS)
        return mail.key_of(_body(found[uid]))[0] if uid in found else None

    def _learn(self, folder: str) -> None:
        """Find out which folders are drafts and sent, when we have not asked yet."""
        if not self._is_own_folder(folder):
            roles: tuple[Role, ...] = ("drafts", "sent")
            for role in roles:
                with contextlib.suppress(Permanent):
                    self.folder_for(role)

    # --- the connection --------------------------------------------------------------------------------

    def check(self) -> str:
        """Connect and sign in; one line about the server, for doctor."""
        with self._translated():
            names = {name.decode("ascii", "replace") for name in self._connected().capabilities()}
        offered = [name for name in ("IDLE", "UIDPLUS", "SPECIAL-USE", "CONDSTORE") if name in names]
        return f"signed in; offers {', '.join(offered) or 'none of the extensions we use'}"

    def close(self) -> None:
        """Log out where that still works, and close the socket. Never raises."""
        client, wire = self._client, self._wire
        if client is not None and wire is not None:
            with contextlib.suppress(Exception):
                wire.hurry(2.0)
                client.logout()
        self._disconnect()
        self._wake_in.close()
        self._wake_out.close()

    def _disconnect(self) -> None:
        wire, self._client, self._wire, self._examined = self._wire, None, None, None
        if wire is not None:
            wire.drop()

    def _connected(self) -> Any:
        if self._client is None:
            self._connect()
        return self._client

    def _connect(self) -> None:
        server = self._server
        if server.security == "plain" and not is_loopback(server.host):
            raise Permanent(f'{server.host}: plain text is allowed to this machine only; use security = "tls"')
        logging.getLogger("imapclient").setLevel(logging.WARNING)  # below that it prints mails
        context = self._tls_context()
        client = _Client(server, context, self._permit)
        wire: _Wire = client._imap
        try:
            client.normalise_times = False
            wire.debug = 0  # imaplib formats every line for its log otherwise: half the speed
            if wire.state != "NONAUTH":
                raise Permanent(f"{server.host} greets as already signed in, which is not to be trusted")
            if server.security == "starttls":
                if "STARTTLS" not in wire.capabilities:
                    raise Permanent(f'{server.host} does not offer STARTTLS; try security = "tls"')
                client.starttls(context)
                wire.untagged_responses.clear()  # whatever was said before is not to be trusted
            self._sign_in(client, wire)
        except BaseException:
            wire.drop()
            raise
        self._client, self._wire = client, wire
        self._on_progress()

    def _tls_context(self) -> ssl.SSLContext | None:
        if self._server.security == "plain":
            return None
        try:
            return ssl.create_default_context(cafile=self._server.ca_file)
        except OSError as error:
            raise Permanent(f"{self._server.ca_file}: the CA file cannot be read ({error.strerror})") from error

    def _sign_in(self, client: Any, wire: _Wire) -> None:
        host, user, password = self._server.host, self._server.user, self._server.password()
        plain = client.has_capability("AUTH=PLAIN")
        if not plain and client.has_capability("LOGINDISABLED"):
            raise Permanent(f"{host} offers no way to sign in with a password here")
        if not plain and not re.fullmatch(r"[\x20-\x7e]*", user + password):
            raise Permanent(f"{host} cannot take the letters of this user name or password; use plain ones")
        if plain:
            wire.literal = _Plain(user, password).answer  # type: ignore[assignment]
            kind, data = wire._simple_command("AUTHENTICATE", "PLAIN")
        else:
            kind, data = wire._simple_command("LOGIN", wire._quote(user), wire._quote(password))
        if kind == "OK":
            wire.state = "AUTH"
            return
        words = mail.scrub(b" ".join(each for each in data if each).decode("utf-8", "replace"))
        if (wait := _asked_wait(words)) is not None:
            raise Temporary(f"{host} asks to wait before signing in", wait=wait)
        alert = words if words.upper().startswith("[ALERT]") and password not in words else ""
        raise SignInRefused(f"{host} refused the sign-in of {user} {alert[:200]}".rstrip())

    # --- the firewall ----------------------------------------------------------------------------------

    def _permit(self, command: bytes) -> None:
        """Raise ForbiddenCommand unless this command, whole and without its tag, is one we may give."""
        append = _APPEND.fullmatch(command)
        if (
            _ALLOWED.fullmatch(command)
            or (self._extra is not None and self._extra.fullmatch(command))
            or (append and self._is_own_folder(_unquoted(append[1])))
        ):
            words = command.split(None, 2)
            self.commands.append(b" ".join(words[:2]) if words[0].upper() == b"UID" else words[0])
            del self.commands[:-1000]
            return
        raise ForbiddenCommand(f"not allowed on the person's mailbox: {command[:60]!r}")

    def _is_own_folder(self, name: str) -> bool:
        """APPEND goes to the drafts and sent folders, and to the inbox for mails to oneself."""
        return name.upper() == "INBOX" or name in {*self._names.values(), *self._server.folders.values()}

    @contextlib.contextmanager
    def _also_allowed(self, pattern: re.Pattern[bytes]) -> Iterator[None]:
        self._extra = pattern
        try:
            yield
        finally:
            self._extra = None

    @contextlib.contextmanager
    def _translated(self, adding: str | None = None) -> Iterator[None]:
        """Everything imaplib, IMAPClient, ssl and the socket raise, as one of our three errors.

        `adding`: an APPEND to this folder is under way; once a byte of the mail has left, a broken
        connection proves nothing.
        """
        host = self._server.host
        try:
            yield
            self._on_progress()
        except EdgeError:
            raise
        except ForbiddenCommand:
            self._disconnect()
            raise
        except ssl.SSLCertVerificationError as error:
            self._disconnect()
            raise Permanent(f"{host}: the certificate cannot be trusted ({error.verify_message})") from None
        except (OSError, imaplib.IMAP4.abort, exceptions.ProtocolError, MemoryError, *_GARBLED) as error:
            left = adding is not None and self._wire is not None and self._wire.literal_left
            self._disconnect()
            if left:
                raise Uncertain(f"{host}: the connection broke while a mail was being added") from error
            raise _breakdown(host, error) from _harmless(error)
        except imaplib.IMAP4.error as error:
            if "command error: BAD" in str(error):  # Exchange says so for ever on a connection gone bad
                self._disconnect()
            if adding is not None and _code_in(str(error), ("TRYCREATE", "NONEXISTENT")):
                self._names.clear()  # renamed by the person, perhaps: ask again which it is
            raise _refusal(host, str(error), adding) from _harmless(error)

    @property
    def _exists(self) -> int:
        """How many mails there are in the folder we have open, as far as we were told."""
        return self._wire.exists if self._wire is not None else 0

    # --- single commands -------------------------------------------------------------------------------

    def _noop(self) -> None:
        kind, data = self._connected()._imap._simple_command("NOOP")
        if kind != "OK":
            raise exceptions.IMAPClientError(f"noop failed: {(data[-1] or b'').decode('ascii', 'replace')}")

    def _listed(self, pattern: str = "*") -> list[Listed]:
        """LIST of everything, or of what fits; a name that is not in modified UTF-7 is left out, not stumbled over."""
        client = self._connected()
        client.folder_encode = False
        try:
            answer = client.list_folders(pattern=pattern)
        finally:
            client.folder_encode = True
        found: list[Listed] = []
        for flags, delimiter, name in answer:
            with contextlib.suppress(ValueError):
                decoded = imap_utf7.decode(name) if isinstance(name, bytes) else str(name)
                attributes = [flag for flag in flags if isinstance(flag, bytes)]
                found.append((attributes, delimiter if isinstance(delimiter, bytes) else None, decoded))
        return found

    def _examine(self, folder: str) -> Place:
        """A fresh view of `folder`. All counts and news from here on are relative to it."""
        client = self._connected()
        self._examined = None
        answer = client.select_folder(folder, readonly=True)
        validity, following = int(answer.get(b"UIDVALIDITY", 0)), int(answer.get(b"UIDNEXT", 0))
        if not validity:
            raise Permanent(f"{self._server.host} does not number its mails for good (no UIDVALIDITY)")
        if not following:  # not required of an IMAP4rev1 server (RFC 3501 §7.1)
            following = max(self._search_for(b"UID *"), default=0) + 1 if answer.get(b"EXISTS") else 1
        place = Place(validity, following)
        self._examined = (folder, place)
        wire: _Wire = client._imap
        wire.grown = False
        return place

    def _view(self, folder: str, validity: int) -> None:
        """Make sure that what we ask about UIDs is asked about `folder` as it was numbered."""
        opened = self._examined
        if self._client is not None and opened is not None and opened[0] == folder:
            place = opened[1]
        else:
            place = self._examine(folder)
        if place.uidvalidity != validity:
            raise Temporary(f"{self._server.host} renumbered the folder while it was being read")

    def _search(self, after: int, last: int, since: datetime | None) -> list[int]:
        """UIDs above `after`, ascending; with `since`, about as far back: SEARCH knows only days."""
        if last <= after:
            return []
        criteria = b"UID %d:*" % (after + 1)
        if since is not None and since.year > 1970:
            day = since - timedelta(days=1)  # the server's day may be another than ours
            criteria += b" SINCE %02d-%s-%04d" % (day.day, _MONTHS[day.month - 1], day.year)
        # n:* always brings the last mail, RFC 9051 §6.4.4
        return sorted({uid for uid in self._search_for(criteria) if uid > after})

    def _search_for(self, criteria: bytes) -> list[int]:
        """The numbers of all SEARCH replies: some servers send several."""
        client = self._connected()
        client._imap.untagged_responses.pop("SEARCH", None)
        lines = client._raw_command_untagged(b"SEARCH", [criteria])
        self._on_progress()
        return [int(uid) for line in lines if line for uid in line.partition(b"(")[0].split()]

    def _fetch(self, uids: Sequence[int], *items: bytes) -> tuple[dict[int, dict[bytes, Any]], dict[int, str]]:
        """Items by UID, and refusals by UID. A refused FETCH of many is tried again in halves.

        Raises what broke the connection, and the refusals that mean all mails alike.
        """
        client = self._connected()
        found: dict[int, dict[bytes, Any]] = {}
        refused: dict[int, str] = {}
        pending = [list(uids)]
        while pending:
            some = pending.pop()
            try:
                found.update(client.fetch(some, items))
                self._on_progress()
            except imaplib.IMAP4.abort:
                raise
            except (imaplib.IMAP4.error, *_GARBLED) as error:
                client._imap.untagged_responses.pop("FETCH", None)  # part of an answer is no answer
                half = len(some) // 2
                if _code_in(str(error), ("LIMIT",)):
                    self._most, self._easy = max(1, min(self._most, half)), 0
                if half:
                    pending += [some[half:], some[:half]]
                elif _code_in(str(error), ("THROTTLED", "OVERQUOTA", "LIMIT")):
                    raise
                else:
                    refused[some[0]] = str(error)
        return found, refused

    def _sizes_since(
        self, folder: str, validity: int, uids: Sequence[int], since: datetime
    ) -> dict[int, tuple[int, datetime | None]]:
        """Size and arrival of those that arrived at `since` or later, ascending.

        One the server says nothing about is kept, as if it were large: what is wrong shows when it is read.
        """
        self._view(folder, validity)
        found, _ = self._fetch(uids, b"RFC822.SIZE", b"INTERNALDATE")
        sizes = {}
        for uid in uids:
            items = found.get(uid, {})
            size, at = items.get(b"RFC822.SIZE"), _utc(items.get(b"INTERNALDATE"))
            if at is None or at >= since:
                sizes[uid] = (size if isinstance(size, int) else mail.READ_CAP + 1, at)
        return sizes

    def _groups(
        self, sizes: dict[int, tuple[int, datetime | None]]
    ) -> Iterator[dict[int, tuple[int, datetime | None]]]:
        """Runs of mails whose bytes stay within one batch's share of memory; careful ones alone."""
        group: dict[int, tuple[int, datetime | None]] = {}
        held = 0
        for uid, each in sizes.items():
            size = min(each[0], mail.READ_CAP)
            full = held + size > BATCH_BYTES or len(group) >= self._most
            if group and (full or uid in self._careful or next(iter(group)) in self._careful):
                yield group
                group, held = {}, 0
            group[uid] = each
            held += size
        if group:
            yield group

    def _mails(
        self, folder: str, validity: int, group: dict[int, tuple[int, datetime | None]], since: datetime
    ) -> list[RawMail]:
        """The mails of one group; what one of them does to the connection is held against that one."""
        self._view(folder, validity)
        problems = {
            uid: "the connection breaks whenever this mail is fetched"
            for uid in group
            if self._strikes.get((folder, validity, uid), 0) >= STRIKES
        }
        wanted = [uid for uid in group if uid not in problems]
        try:
            found, refused = self._bodies(wanted)
        except (OSError, imaplib.IMAP4.abort, MemoryError) as error:
            self._careful.update(wanted)
            self._most, self._easy = max(1, self._most // 2), 0
            if len(wanted) == 1:
                self._strike(folder, validity, wanted[0], FAULT if isinstance(error, Greedy) else 1)
            raise
        self._careful.difference_update(group)
        if len(found) < len(wanted):
            problems |= self._explain(folder, validity, wanted, found, refused)
        elif self._most < BATCH_MAILS and (easy := self._easy + 1):
            self._most, self._easy = (self._most * 2, 0) if easy >= 50 else (self._most, easy)
        mails = []
        for uid, (size, announced) in group.items():
            items, problem = found.get(uid, {}), problems.get(uid)
            raw = _body(items)
            at = announced or _utc(items.get(b"INTERNALDATE"))
            if (not raw and problem is None) or (at is not None and at < since):
                continue  # deleted in the meantime by the person; or older, and its time came late
            cut = len(raw) >= mail.READ_CAP and size != len(raw)
            mails.append(RawMail(folder, validity, uid, at or datetime.now(UTC), raw, cut, problem))
        return mails

    def _bodies(self, uids: Sequence[int]) -> tuple[dict[int, dict[bytes, Any]], dict[int, str]]:
        """Bodies that have bytes in them; those that came without are asked for once more, alone."""
        items = (b"INTERNALDATE", b"BODY.PEEK[]<0.%d>" % mail.READ_CAP)
        found, refused = self._fetch(uids, *items) if uids else ({}, {})
        found = {uid: got for uid, got in found.items() if _body(got)}
        missing = [uid for uid in uids if uid not in found]
        if missing:
            self._noop()
        for uid in missing:
            again, still = self._fetch([uid], *items)
            refused.pop(uid, None)
            refused.update(still)
            found.update({uid: got for uid, got in again.items() if _body(got)})
        return found, refused

    def _explain(
        self,
        folder: str,
        validity: int,
        wanted: Sequence[int],
        found: dict[int, dict[bytes, Any]],
        refused: dict[int, str],
    ) -> dict[int, str]:
        """Why each missing mail is missing; those that are simply gone are left out.

        When the server refuses all that it is asked for, that is the server's trouble and not the mails':
        raises Temporary, until the same mails have been refused often enough.
        """
        if refused and not found and min([self._strike(folder, validity, uid, FAULT) for uid in refused]) < STRIKES:
            raise _refusal(self._server.host, next(iter(refused.values())), None)
        missing = [uid for uid in wanted if uid not in found and uid not in refused]
        there = self._search_for(b"UID %s" % b",".join(b"%d" % uid for uid in missing)) if missing else []
        problems = dict.fromkeys(refused, "the server does not hand this mail over")
        for uid in missing:
            if uid in there:
                problems[uid] = "the server announces this mail but sends nothing of it"
        return problems

    def _strike(self, folder: str, validity: int, uid: int, weight: int) -> int:
        place = (folder, validity, uid)
        self._strikes[place] = self._strikes.get(place, 0) + weight
        return self._strikes[place]


# --- imaplib, walled in ------------------------------------------------------------------------------------


class _Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient on a `_Wire`, so that the firewall and the limits hold from the greeting on."""

    def __init__(self, server: ImapServer, context: ssl.SSLContext | None, permit: Callable[[bytes], None]) -> None:
        self._made = (server, context if server.security == "tls" else None, permit)
        super().__init__(
            server.host,
            server.port,
            ssl=server.security == "tls",
            timeout=SocketTimeout(connect=server.connect_timeout, read=server.read_timeout),
        )

    def _create_IMAP4(self) -> _Wire:
        return _Wire(*self._made)


class _Wire(imaplib.IMAP4):
    """imaplib with a firewall on what goes out, and limits on what comes in."""

    def __init__(self, server: ImapServer, context: ssl.SSLContext | None, permit: Callable[[bytes], None]) -> None:
        self._server, self._context, self._permit = server, context, permit
        self._line = b""  # a command under way; written when it is whole
        self._owed = 0  # octets of a literal announced and not yet written
        self._mode: Literal["", "literal", "sasl", "idle"] = ""  # what may come besides a command
        self._began, self._came = time.monotonic(), 0  # of the answer under way: since when, how much
        self.literal_left = False  # whether a byte of the last command's literal was written
        self.exists = 0  # mails in the folder, as far as we were told
        self.grown = False  # whether that number has risen since the folder was opened
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), self._server.connect_timeout)
        _keep_alive(plain)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def send(self, data: Any) -> None:
        """Nothing but whole permitted commands, their literals, sign-in answers and DONE."""
        if self._mode == "literal" and self._owed:
            if len(data) > self._owed:
                raise ForbiddenCommand("more than the literal that was announced")
            self._owed -= len(data)
            self.literal_left = True
            return self.sock.sendall(data)
        self._line += data
        if not self._line.endswith(b"\r\n"):
            return None
        whole, self._line = self._line, b""
        text = whole[:-2]
        if re.search(rb"[\r\n\0]", text):
            raise ForbiddenCommand("more than one line in a command")
        if (
            (self._mode == "literal" and not text)
            or (self._mode == "sasl" and re.fullmatch(rb"[A-Za-z0-9+/]*=*|\*", text))
            or (self._mode == "idle" and text == b"DONE")
        ):
            return self.sock.sendall(whole)
        tag, _, command = text.partition(b" ")
        if not _TAG.fullmatch(tag):
            raise ForbiddenCommand(f"no command: {text[:20]!r}")
        self._permit(command)
        self._began, self._came, self.literal_left = time.monotonic(), 0, False
        verb, literal = command.partition(b" ")[0].upper(), re.search(rb"\{(\d+)\}$", command)
        self._owed = int(literal[1]) if literal else 0
        self._mode = "literal" if literal else {b"AUTHENTICATE": "sasl", b"IDLE": "idle"}.get(verb, "")  # type: ignore[assignment]
        return self.sock.sendall(whole)

    def _command_complete(self, name: str, tag: bytes) -> Any:
        try:
            return super()._command_complete(name, tag)  # type: ignore[misc]
        finally:
            self._mode, self._owed = "", 0

    def readline(self) -> bytes:
        """One line, of bounded length, in bounded time."""
        reader, line = self._reader(), b""
        while not line.endswith(b"\n"):
            waiting = reader.peek(1)
            if not waiting:
                return b""  # the end: imaplib says so
            line += self._counted(reader.read(waiting.find(b"\n") + 1 or len(waiting)))
            if len(line) > LINE_CAP:
                raise Greedy("the server sent a line without end")
        if _BARE_TAGGED.fullmatch(line):  # without the text that RFC 9051 §7.1 asks for
            return line[:-2] + b" \r\n"
        return line

    def read(self, size: int) -> bytes:
        """The literal that was announced, if it is no longer than any we asked for."""
        if size > LITERAL_CAP:
            raise Greedy("the server announced more than was asked for")
        reader, pieces, left = self._reader(), [], size
        while left:
            piece = self._counted(reader.read1(min(left, 65_536)))
            if not piece:
                raise self.abort("the server closed the connection")
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def _reader(self) -> Any:
        return getattr(self, "_file", None) or self.file  # the name changed in Python 3.14

    def _counted(self, piece: bytes) -> bytes:
        self._came += len(piece)
        if self._came > RESPONSE_CAP:
            raise Greedy("the server sends without end")
        if time.monotonic() - self._began > 2 * self._server.read_timeout + self._came / SLOWEST:
            raise TimeoutError("the answer comes too slowly")
        return piece

    def _append_untagged(self, typ: str, dat: Any) -> None:
        if typ in ("EXISTS", "EXPUNGE") and isinstance(dat, bytes):
            self.note_counts([b"* %s %s" % (dat, typ.encode())])
        super()._append_untagged(typ, dat)  # type: ignore[misc]

    def note_counts(self, lines: Iterable[bytes]) -> None:
        """Follow how many mails there are: only a number that rises is news."""
        for line in lines:
            match = re.fullmatch(rb"\* (\d{1,10}) (EXISTS|EXPUNGE)\s*", line, re.IGNORECASE)
            if match and match[2].upper() == b"EXPUNGE":
                self.exists = max(0, self.exists - 1)
            elif match:
                self.grown |= int(match[1]) > self.exists
                self.exists = int(match[1])

    def hurry(self, seconds: float) -> None:
        """Give what is left to say this long."""
        self.sock.settimeout(seconds)

    def drop(self) -> None:
        """Close the socket without a word. Never raises."""
        with contextlib.suppress(Exception):
            self.shutdown()
        with contextlib.suppress(OSError):
            self.sock.close()


class _Plain:
    """The one answer of SASL PLAIN (RFC 4616), whatever the challenge says; a second one is called off."""

    def __init__(self, user: str, password: str) -> None:
        self._answers = [b"*", base64.b64encode(f"\0{user}\0{password}".encode())]

    def answer(self, challenge: bytes) -> bytes:
        if not self._answers:
            raise Greedy("the server asks for the password again and again")
        return self._answers.pop()


# --- plain functions ---------------------------------------------------------------------------------------

_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def is_loopback(host: str) -> bool:
    """True for the names and addresses that never leave this machine."""
    return host in ("localhost", "::1", "[::1]") or bool(re.fullmatch(r"127\.\d+\.\d+\.\d+", host))


def _keep_alive(sock: socket.socket) -> None:
    """Let the kernel notice a silent peer within about a minute, and not hold small commands back."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_NODELAY", 1),
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", 60_000),
    ):
        if hasattr(socket, name):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _unquoted(folder: bytes) -> str:
    if folder.startswith(b'"'):
        folder = re.sub(rb"\\(.)", rb"\1", folder[1:-1])
    try:
        return str(imap_utf7.decode(folder))
    except ValueError:
        return ""


def _body(items: dict[bytes, Any]) -> bytes:
    """The BODY[...] item, whatever spelling the server gives its key back in."""
    for name, value in items.items():
        if name.upper().startswith(b"BODY[") and isinstance(value, bytes):
            return value
    return b""


def _is_ours(head: bytes, key: str, message_id: str) -> bool:
    found_key, found_id = mail.key_of(head)
    return bool((key and found_key == key) or (message_id and found_id == message_id))


def _utc(at: object) -> datetime | None:
    """An INTERNALDATE; None for one that no calendar has."""
    try:
        return at.astimezone(UTC) if isinstance(at, datetime) else None
    except (ValueError, OverflowError):
        return None


def _code_in(words: str, codes: Sequence[str]) -> bool:
    """Whether a response code (RFC 5530) is one of these; text is never interpreted."""
    return any(code in codes for code in re.findall(r"\[([A-Z][A-Z-]+)", words.upper()))


def _asked_wait(words: str) -> timedelta | None:
    """How long the server asks us to stay away."""
    return timedelta(minutes=15) if _code_in(words, SLOW_DOWN) else None


def _harmless(error: BaseException) -> BaseException | None:
    """The cause to keep, unless it carries what was being encoded: that may be a password."""
    return None if isinstance(error, UnicodeError) else error


def _breakdown(host: str, error: BaseException) -> EdgeError:
    """A connection that did not come about, or broke, as the error that says what to do next."""
    if isinstance(error, socket.gaierror):
        return Temporary(f"{host}: the name cannot be found; is this machine online?")
    if isinstance(error, ssl.SSLError) and _UNTRUSTED_TLS.search(str(error).upper()):
        return Permanent(f"{host} does not speak TLS 1.2 or later on this port; check port and security")
    if isinstance(error, TimeoutError):
        said = "no answer in time"
    elif isinstance(error, ConnectionRefusedError):
        said = "nobody answers on that port"
    elif isinstance(error, Greedy):
        said = str(error)
    elif isinstance(error, OSError | imaplib.IMAP4.abort):
        said = "the connection broke"
    else:
        said = "its answer makes no sense"
    return Temporary(f"{host}: {said}", wait=_asked_wait(str(error)))


def _refusal(host: str, words: str, adding: str | None) -> EdgeError:
    """A NO or BAD, as the error that says what to do next. `adding`: the folder of an APPEND."""
    said = mail.scrub(words)[:200]
    if (wait := _asked_wait(said)) is not None:
        return Temporary(f"{host} asks to wait: {said}", wait=wait)
    if _code_in(said, ("TRYCREATE", "NONEXISTENT")):
        if adding is not None:
            return Temporary(f"{host}: the folder {adding} is gone; it is looked for again: {said}")
        return Permanent(f"{host}: the folder is gone: {said}")
    if _code_in(said, ("CANNOT", "NOPERM")) or (adding is not None and "command error: BAD" in said):
        return Permanent(f"{host} refused: {said}")
    return Temporary(f"{host} refused for now: {said}")
