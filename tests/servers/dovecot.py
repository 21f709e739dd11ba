"""Run a real Dovecot 2.3 of our own: private folder, free loopback ports, nothing of the system touched.

Knows how to start, fill, disturb and read it. Knows nothing about Onward.
"""

import functools
import grp
import hashlib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import imapclient
import pytest
import trustme
from imapclient.imap_utf7 import encode as encode_folder

LOOPBACK = "127.0.0.1"
PASSWORD = "secret"
USERS = ("alice", "bob")
SPECIAL_FOLDERS = ("Drafts", "Sent", "Trash", "Junk")  # each has the special use of the same name
NOBODY = 65534  # imap-login refuses to run as root, so root starts the server as this user
NOT_INSTALLED = (
    "Dovecot is not installed: "
    "sudo apt-get install --no-install-recommends dovecot-imapd dovecot-lmtpd dovecot-submissiond"
)
WRONG_VERSION = "Dovecot {version} is installed, and these tests write the configuration of 2.3"
PROGRAM_FOLDERS = ("/usr/lib/dovecot", "/usr/libexec/dovecot", "/usr/local/libexec/dovecot")
NOBODY_TO_KICK = 68  # doveadm's exit code (EX_NOHOST) when the user has no connection


class MailState(NamedTuple):
    """All a mailbox keeps about one mail. Two equal ones: nobody touched the mail in between."""

    flags: tuple[str, ...]  # sorted; without \\Recent, which belongs to a session, not to the mail
    modseq: int
    internaldate: datetime  # aware
    size: int  # bytes
    body_sha256: str


class Dovecot:
    """One server with the users alice and bob (password "secret"), running while the `with` block runs."""

    def __init__(
        self,
        *,
        tls: bool = False,  # also listen with implicit TLS; `ca_file` signs for localhost and 127.0.0.1
        submission_relay_port: int | None = None,  # None: no submission; else relays to this loopback port
        max_userip_connections: int | None = None,  # None: Dovecot's own limit, 10
        settings: Iterable[str] = (),  # more lines for dovecot.conf
    ) -> None:
        self.tls = tls
        self.submission_relay_port = submission_relay_port
        self.max_userip_connections = max_userip_connections
        self.settings = tuple(settings)
        self.imap_port = self.imaps_port = self.lmtp_port = self.submission_port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[imapclient.IMAPClient] = []
        self._filled = 0

    def __enter__(self) -> Self:
        program = find_dovecot()
        if program is None:
            raise RuntimeError(NOT_INSTALLED)
        self._program = program
        # Always /tmp: a unix socket's path may have 107 bytes, and $TMPDIR may be long, or closed to nobody.
        self.folder = Path(tempfile.mkdtemp(prefix="onward-dovecot-", dir="/tmp"))
        self.ca_file = self.folder / "ca.pem"  # exists only with tls=True
        self._uid, self._gid = (NOBODY, NOBODY) if os.getuid() == 0 else (os.getuid(), os.getgid())
        try:
            self._prepare_folder()
            self._start_on_free_ports()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def deliver(self, raw: bytes, user: str = "alice") -> float:
        """Hand one mail to the server by LMTP and return time.monotonic() of its 250 OK."""
        with smtplib.LMTP(LOOPBACK, self.lmtp_port, timeout=30) as lmtp:
            lmtp.sendmail("sender@example.test", [user], raw)
            return time.monotonic()

    def client(self, user: str = "alice") -> imapclient.IMAPClient:
        """Return a logged-in connection: the person at another program. The server's end closes it too."""
        client = imapclient.IMAPClient(LOOPBACK, self.imap_port, ssl=False, timeout=30)
        self._clients.append(client)
        client._imap.debug = 0  # formatting debug lines nobody reads halves the speed
        client.normalise_times = False  # True is an hour wrong across a change of daylight saving time
        client.login(user, PASSWORD)
        return client

    def fill(
        self,
        folder: str,
        mails: Iterable[tuple[bytes, datetime]],
        *,
        user: str = "alice",
        spread_days: float | None = None,
        flags: str = "",  # Maildir letters: S seen, D draft, R replied, F flagged
    ) -> int:
        """Write mails straight to disk and return how many. UIDs follow the order given.

        The datetime becomes INTERNALDATE. With `spread_days` the mails lie evenly over that many days,
        and the last one keeps its datetime.
        """
        if spread_days is not None:
            mails = spread(list(mails), timedelta(days=spread_days))
        maildir = self._maildir(folder, user)
        count = 0
        for raw, received in mails:
            self._filled += 1
            count += 1
            # Dovecot numbers new files by the leading number of their name; W is the size with CRLF lines.
            virtual_size = len(raw) + raw.count(b"\n") - raw.count(b"\r\n")
            name = f"{1_000_000_000 + self._filled}.onward,S={len(raw)},W={virtual_size}"
            path = maildir / "tmp" / name
            path.write_bytes(raw)
            os.chown(path, self._uid, self._gid)
            os.utime(path, (received.timestamp(), received.timestamp()))
            path.rename(maildir / "cur" / f"{name}:2,{''.join(sorted(flags))}")
        if self._process is not None:
            with self.client(user) as client:  # a look gives them their UIDs, before any mail delivered later
                client.folder_status(folder, ["UIDNEXT"])
        return count

    def set_uidvalidity(self, folder: str, uidvalidity: int, user: str = "alice") -> None:
        """Give the folder another UIDVALIDITY, as after a rebuilt index. The UIDs stay; the modseqs rise."""
        self._doveadm("mailbox", "update", "-u", user, "--uid-validity", str(uidvalidity), folder)

    def kick(self, user: str = "alice") -> None:
        """Drop every connection of this user, now."""
        self._doveadm("kick", user, accept=(0, NOBODY_TO_KICK))

    def snapshot(self, folder: str, user: str = "alice") -> dict[int, MailState]:
        """Read what the folder keeps about each mail, by UID, without changing anything."""
        with self.client(user) as client:
            # Dovecot counts modseqs from the first time anybody asks: ask before the first look.
            client.folder_status(folder, ["HIGHESTMODSEQ"])
            client.select_folder(folder, readonly=True)
            uids = client.search()
            states: dict[int, MailState] = {}
            for start in range(0, len(uids), 200):
                for uid, data in client.fetch(uids[start : start + 200], SNAPSHOT_ITEMS).items():
                    states[uid] = mail_state(data)
        return states

    def start(self) -> None:
        """Start on the ports and the mail of before; returns when connections are accepted."""
        command = [*self._as_user(), self._program, "-F", "-c", str(self._config)]
        with (self.folder / "stderr").open("ab") as stderr:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, start_new_session=True
            )
        for port in self._ports():
            self._wait_until_listening(port)

    def stop(self) -> None:
        """Stop every process of this server. Connections are cut, the mail stays."""
        process, self._process = self._process, None
        if process is None:
            return
        # To all at once, because a lone master sleeps a second before it looks for its children's end;
        # and again, because a child being born just now misses the first.
        kill_at = time.monotonic() + 5
        while process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM if time.monotonic() < kill_at else signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
        self._wait_until_gone(process.pid)

    def log(self) -> str:
        """Return the server's own log, for a test that has to explain a failure."""
        paths = (self.folder / "stderr", self.folder / "log")
        return "".join(path.read_text(errors="replace") for path in paths if path.exists())

    # Setting up

    def _prepare_folder(self) -> None:
        (self.folder / "mail").mkdir()
        self._users_file = self.folder / "users"
        self._users_file.write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}::::::\n" for user in USERS))
        if self.tls:
            authority = trustme.CA()
            authority.cert_pem.write_to_path(self.ca_file)
            authority.issue_cert("localhost", LOOPBACK).private_key_and_cert_chain_pem.write_to_path(
                self.folder / "server.pem"
            )
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, self._uid, self._gid)

    def _start_on_free_ports(self) -> None:
        """Start; another program may take a port between our look and Dovecot's, so look three times."""
        for tries_left in (2, 1, 0):
            self._choose_ports()
            self._config = self.folder / "dovecot.conf"
            self._config.write_text(self._config_text())
            try:
                self.start()
                return
            except RuntimeError:
                self.stop()
                if not tries_left or "Address already in use" not in self.log():
                    raise

    def _choose_ports(self) -> None:
        ports = iter(free_ports(5))
        self.imap_port, self.lmtp_port = next(ports), next(ports)
        self.imaps_port = next(ports) if self.tls else 0
        self.submission_port = next(ports) if self.submission_relay_port is not None else 0

    def _ports(self) -> list[int]:
        ports = (self.imap_port, self.imaps_port, self.lmtp_port, self.submission_port)
        return [port for port in ports if port]

    def _config_text(self) -> str:
        here = self.folder
        user, group = pwd.getpwuid(self._uid).pw_name, grp.getgrgid(self._gid).gr_name
        limit = self.max_userip_connections
        lines = [
            f"base_dir={here}/run",
            f"state_dir={here}/state",
            f"log_path={here}/log",
            f"protocols=imap lmtp{' submission' if self.submission_port else ''}",
            f"listen={LOOPBACK}",
            *([f"ssl_cert=<{here}/server.pem", f"ssl_key=<{here}/server.pem"] if self.tls else []),
            f"ssl={'yes' if self.tls else 'no'}",
            "disable_plaintext_auth=no",
            "auth_mechanisms=plain login",
            f"default_internal_user={user}",
            f"default_internal_group={group}",
            f"default_login_user={user}",
            f"mail_uid={user}",
            f"mail_gid={group}",
            "first_valid_uid=1",  # an ordinary user may be anybody but root
            "mail_location=maildir:~/maildir",
            "mail_fsync=never",
            "postmaster_address=postmaster@example.test",
            *([] if limit is None else [f"mail_max_userip_connections={limit}"]),
            *block("passdb", "driver=passwd-file", f"args=scheme=PLAIN username_format=%n {self._users_file}"),
            *block("userdb", "driver=static", f"args=uid={user} gid={group} home={here}/mail/%n"),
            *block("namespace inbox", "inbox=yes", "separator=/", *special_folders()),
            *block(
                "service imap-login",
                "chroot=",
                *block("inet_listener imap", f"port={self.imap_port}"),
                *block("inet_listener imaps", f"port={self.imaps_port}", f"ssl={'yes' if self.tls else 'no'}"),
            ),
            *block("service lmtp", *block("inet_listener lmtp", f"address={LOOPBACK}", f"port={self.lmtp_port}")),
            *block("service anvil", "chroot="),
        ]
        if self.submission_port:
            lines += [
                f"submission_relay_host={LOOPBACK}",
                f"submission_relay_port={self.submission_relay_port}",
                *block(
                    "service submission-login",
                    "chroot=",
                    *block("inet_listener submission", f"port={self.submission_port}"),
                    *block("inet_listener submissions", "port=0"),
                ),
            ]
        return "\n".join((*lines, *self.settings, ""))

    def _maildir(self, folder: str, user: str) -> Path:
        """Return the folder's place on disk (Maildir++), made if it was not there."""
        home = self.folder / "mail" / user
        maildir = home / "maildir"
        if folder.upper() != "INBOX":
            maildir /= "." + encode_folder(folder.replace("/", ".")).decode("ascii")
        for path in (home, home / "maildir", maildir, maildir / "tmp", maildir / "new", maildir / "cur"):
            if not path.exists():
                path.mkdir(mode=0o700)
                os.chown(path, self._uid, self._gid)
        return maildir

    # Processes

    def _as_user(self) -> list[str]:
        if os.getuid() != 0:
            return []
        return ["setpriv", "--reuid", str(self._uid), "--regid", str(self._gid), "--clear-groups"]

    def _doveadm(self, *arguments: str, accept: tuple[int, ...] = (0,)) -> None:
        doveadm = shutil.which("doveadm") or str(Path(self._program).parent.parent / "bin" / "doveadm")
        command = [*self._as_user(), doveadm, "-c", str(self._config), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        if done.returncode not in accept:
            raise RuntimeError(f"doveadm {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")

    def _wait_until_listening(self, port: int) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"Dovecot ended at once:\n{self.log()}")
            with suppress(ConnectionRefusedError), socket.create_connection((LOOPBACK, port), timeout=5):
                return
            time.sleep(0.01)
        raise RuntimeError(f"Dovecot does not listen:\n{self.log()}")

    def _wait_until_gone(self, group: int) -> None:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and group_runs(group):
            time.sleep(0.01)
        if group_runs(group):
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def _close(self) -> None:
        with ExitStack() as last:
            last.callback(shutil.rmtree, self.folder, ignore_errors=True)
            last.callback(self.stop)
            for client in self._clients:
                with suppress(OSError):  # it had logged out already
                    client.shutdown()


SNAPSHOT_ITEMS = ["FLAGS", "MODSEQ", "INTERNALDATE", "RFC822.SIZE", "BODY.PEEK[]"]


def mail_state(data: dict[bytes, object]) -> MailState:
    """Turn one FETCH answer into what we compare."""
    flags, modseq, internaldate, size, body = (
        data[key] for key in (b"FLAGS", b"MODSEQ", b"INTERNALDATE", b"RFC822.SIZE", b"BODY[]")
    )
    assert isinstance(flags, tuple) and isinstance(modseq, tuple) and isinstance(internaldate, datetime)
    assert isinstance(size, int) and isinstance(body, bytes)
    kept = sorted(flag.decode("ascii") for flag in flags if flag != rb"\Recent")
    return MailState(tuple(kept), modseq[0], internaldate, size, hashlib.sha256(body).hexdigest())


def spread(mails: list[tuple[bytes, datetime]], over: timedelta) -> list[tuple[bytes, datetime]]:
    """Lay the mails evenly over a time that ends with the last one's own."""
    if len(mails) < 2:
        return mails
    end, step = mails[-1][1], over / (len(mails) - 1)
    return [(raw, end - step * (len(mails) - 1 - place)) for place, (raw, _) in enumerate(mails)]


def find_dovecot() -> str | None:
    """Return the path of a Dovecot complete with IMAP and LMTP (packages of their own on Debian), or None."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    parts = [Path(folder) for folder in PROGRAM_FOLDERS]
    return program if any((part / "imap-login").exists() and (part / "lmtp").exists() for part in parts) else None


def require_dovecot() -> None:
    """Skip the test where Dovecot is missing; fail it on the CI machine, where it must not be missing."""
    program = find_dovecot()
    version = None if program is None else dovecot_version(program)
    if version is not None and version.startswith("2.3."):
        return
    reason = NOT_INSTALLED if version is None else WRONG_VERSION.format(version=version)
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@functools.cache
def dovecot_version(program: str) -> str:
    """Return such as "2.3.19.1"; 2.4 has another configuration language."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.split()[0]


def free_ports(count: int) -> list[int]:
    """Return loopback ports nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]


def group_runs(group: int) -> bool:
    """Tell whether any process of this group still runs. A zombie does not: not every init buries at once."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _parent, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def block(name: str, *lines: str) -> list[str]:
    """Return a block of dovecot.conf, which wants one brace a line."""
    return [f"{name} {{", *(f"  {line}" for line in lines), "}"]


def special_folders() -> list[str]:
    """Return the mailbox blocks of the folders every provider has."""
    return [
        line for name in SPECIAL_FOLDERS for line in block(f"mailbox {name}", f"special_use=\\{name}", "auto=subscribe")
    ]
