"""What leaves on the wire: only what may, whole, and nothing at all of what may not.

Also holds the two small servers that other tests of the IMAP edge borrow: one that says what it is told to,
and one that puts TLS in front of another.
"""

from __future__ import annotations

import ast
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
import trustme

import onward.edges.imap as imap_module
from onward.core import mail
from onward.core.model import Address, Hint, Permanent, Temporary
from onward.demo.server import FOLDERS, EmbeddedServer, Quirks
from onward.edges.imap import ForbiddenCommand, ImapMailbox, ImapServer
from servers.dovecot import Dovecot
from servers.proxy import FaultProxy

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LETTER = (
    b"From: Ann <ann@acme.example>\r\nSubject: Your application\r\nMessage-ID: <m@acme.example>\r\n\r\nDear Sam\r\n"
)
ALLOWED = re.compile(
    r"CAPABILITY|NOOP|LOGOUT|IDLE|DONE|LOGIN|AUTHENTICATE PLAIN|STARTTLS"
    r'|(?:LIST|STATUS|EXAMINE|APPEND "Drafts"|UID SEARCH) .*'
    r"|UID FETCH [\d,:]+ \((?:(?:RFC822\.SIZE|INTERNALDATE|BODY\.PEEK\[[^]]*\](?:<0\.\d+>)?) ?)+\)"
)


def account(port: int, **changes: Any) -> ImapServer:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "user": "sam",
        "password": lambda: "secret",
        "security": "plain",
        "connect_timeout": 5.0,
        "read_timeout": 5.0,
    }
    return ImapServer(**settings | changes)


@contextmanager
def opened(port: int, **changes: Any) -> Iterator[ImapMailbox]:
    mailbox = ImapMailbox(account(port, **changes))
    try:
        yield mailbox
    finally:
        mailbox.close()


@contextmanager
def serving(
    quirks: Quirks | None = None, mails: int = 0, folders: Mapping[str, str] | None = None
) -> Iterator[EmbeddedServer]:
    with EmbeddedServer({"sam": "secret"}, quirks, folders or FOLDERS) as server:
        for _ in range(mails):
            server.mailbox("INBOX").deliver(LETTER, NOON)
        yield server
    assert server.failures == []


def uids(mailbox: ImapMailbox, **how: Any) -> list[int]:
    batches = mailbox.fetch_after("INBOX", how.get("cursor"), LONG_AGO)
    return [each.uid for batch in batches for each in batch.mails]


def a_draft(name: str = "thanks") -> tuple[bytes, str, str]:
    """A draft of ours: bytes, key, Message-ID."""
    sender = Address("sam@home.example", "Sam")
    message_id = mail.new_message_id(name, sender)
    outgoing = mail.Outgoing(sender, Address("ann@acme.example"), "Re: x", "Thanks.", message_id, NOON, key=name)
    return mail.build(outgoing), mail.key_header(name), message_id


# --- two small servers -----------------------------------------------------------------------------------

Answer = bytes | Callable[[bytes, bytes], bytes | None] | None


class Listener:
    """A listening socket and a thread for each connection; all of them gone at the end."""

    def __enter__(self) -> Self:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        for each in list(self.open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(timeout=10)
            assert not thread.is_alive()
        self.listener.close()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open.append(client)
            self.threads.append(threading.Thread(target=self.guarded, args=(client,), daemon=True))
            self.threads[-1].start()

    def guarded(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            self.serve(client)

    def serve(self, client: socket.socket) -> None:
        raise NotImplementedError


class Scripted(Listener):
    """A server with manners until told otherwise: `answers` by verb; TAG stands for the tag, None: hang up."""

    def __init__(self, answers: Mapping[str, Answer] | None = None, greeting: bytes = b"* OK hello\r\n") -> None:
        self.answers: dict[str, Answer] = {
            "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE UIDPLUS\r\nTAG OK done\r\n",
            "NOOP": b"TAG OK done\r\n",
            "LOGOUT": b"* BYE bye\r\nTAG OK done\r\n",
            "AUTHENTICATE": b"+ \r\n",
            "": b"TAG OK welcome\r\n",  # after the answer to AUTHENTICATE
            "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 4] n\r\nTAG OK [READ-ONLY] done\r\n",
            "LIST": b'* LIST (\\Drafts) "/" Drafts\r\nTAG OK done\r\n',
            "STATUS": b"* STATUS Drafts (UIDVALIDITY 8 UIDNEXT 5)\r\nTAG OK done\r\n",
            "UID SEARCH": b"* SEARCH 1 2 3\r\nTAG OK done\r\n",
            "UID FETCH": fetched,
            "APPEND": b"+ go\r\n",
            "LITERAL": b"TAG OK [APPENDUID 8 5] done\r\n",
            "IDLE": b"+ idling\r\n",
            "DONE": b"TAG OK done\r\n",
            **(answers or {}),
        }
        self.greeting = greeting
        self.lines: list[bytes] = []  # all that came, of all connections
        self.connections = 0

    def serve(self, client: socket.socket) -> None:
        self.connections += 1
        client.sendall(self.greeting)
        reader, tag, verb = client.makefile("rb"), b"", ""
        with reader:
            while line := reader.readline():
                self.lines.append(line.rstrip(b"\r\n"))
                literal = re.search(rb"\{(\d+)\}\r\n$", line)
                if verb == "AUTHENTICATE":
                    verb = ""
                elif line.strip().upper() == b"DONE":
                    verb = "DONE"
                else:
                    tag, _, rest = line.strip().partition(b" ")
                    words = rest.decode("latin-1").upper().split() or [""]
                    verb = " ".join(words[:2]) if words[0] == "UID" else words[0]
                said = self.say(client, verb, tag, line)
                if said is not None and said.startswith(b"+"):
                    if verb == "":
                        verb = "AUTHENTICATE"
                    if literal:
                        reader.read(int(literal[1]))
                        reader.readline()
                        said = self.say(client, "LITERAL", tag, line)
                if said is None:
                    return

    def say(self, client: socket.socket, verb: str, tag: bytes, line: bytes) -> bytes | None:
        answer = self.answers.get(verb, b"TAG BAD unknown\r\n")
        said = answer(tag, line) if callable(answer) else answer
        if said is not None:
            client.sendall(said.replace(b"TAG", tag))
        return said


def fetched(tag: bytes, line: bytes) -> bytes:
    """The answer to UID FETCH of a server that has every mail asked for."""
    match = re.search(rb"UID FETCH (\S+) ", line)
    assert match
    return b"".join(one_fetched(int(uid), line) for uid in match[1].split(b",")) + b"TAG OK done\r\n"


def one_fetched(uid: int, line: bytes, raw: bytes = LETTER) -> bytes:
    said = [b"UID %d" % uid]
    if b"RFC822.SIZE" in line:
        said.append(b"RFC822.SIZE %d" % len(raw))
    if b"INTERNALDATE" in line:
        said.append(b'INTERNALDATE "20-Nov-2026 12:00:00 +0000"')
    if b"BODY.PEEK[" in line:
        section = b"[]<0>" if b"BODY.PEEK[]" in line else b"[HEADER.FIELDS (X-DRAFT-KEY MESSAGE-ID)]"
        said.append(b"BODY%s {%d}\r\n%s" % (section, len(raw), raw))
    return b"* %d FETCH (%s)\r\n" % (uid, b" ".join(said))


class TlsFront(Listener):
    """TLS in front of another server; keeps what came in clear, which is nothing when the client refuses."""

    def __init__(self, target: int, certificate: trustme.LeafCert) -> None:
        self.target = target
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self.context)
        self.heard = b""

    def serve(self, client: socket.socket) -> None:
        with self.context.wrap_socket(client, server_side=True) as inside:
            self.open.append(inside)
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.pump(inside, server)

    def pump(self, inside: ssl.SSLSocket, server: socket.socket) -> None:
        while True:
            ready = [inside] if inside.pending() else select.select([inside, server], [], [])[0]
            for each in ready:
                data = each.recv(65536)
                if not data:
                    return
                if each is inside:
                    self.heard += data
                    server.sendall(data)
                else:
                    inside.sendall(data)


# --- the firewall ----------------------------------------------------------------------------------------

FORBIDDEN: dict[str, Callable[[Any], object]] = {
    "STORE": lambda client: client.add_flags([1], [b"\\Seen"]),
    "STORE silent": lambda client: client.set_flags([1], [b"\\Deleted"], silent=True),
    "EXPUNGE": lambda client: client.expunge(),
    "UID EXPUNGE": lambda client: client.uid_expunge([1]),
    "MOVE": lambda client: client.move([1], "Trash"),
    "COPY": lambda client: client.copy([1], "Trash"),
    "SELECT": lambda client: client.select_folder("INBOX"),
    "SELECT Drafts": lambda client: client.select_folder("Drafts"),
    "CREATE": lambda client: client.create_folder("x"),
    "CREATE for teaching, unasked": lambda client: client.create_folder("Onward/Rejection"),
    "DELETE": lambda client: client.delete_folder("Archive"),
    "RENAME": lambda client: client.rename_folder("Archive", "x"),
    "SUBSCRIBE": lambda client: client.subscribe_folder("Archive"),
    "UNSUBSCRIBE": lambda client: client.unsubscribe_folder("Archive"),
    "CLOSE": lambda client: client.close_folder(),
    "FETCH RFC822": lambda client: client.fetch([1], ["RFC822"]),
    "FETCH BODY[]": lambda client: client.fetch([1], ["BODY[]"]),
    "FETCH peek and not": lambda client: client.fetch([1], ["BODY.PEEK[]", "BODY[TEXT]"]),
    "FETCH ENVELOPE": lambda client: client.fetch([1], ["ENVELOPE"]),
    "APPEND elsewhere": lambda client: client.append("Archive", b"x"),
    "APPEND to nothing": lambda client: client.append("", b"x"),
    "ENABLE": lambda client: client._imap.send(b"AAAA9 ENABLE CONDSTORE\r\n"),
    "SETACL": lambda client: client._imap._simple_command("SETACL", "INBOX", "eve", "lrs"),
    "UNSELECT": lambda client: client.unselect_folder(),
    "two lines": lambda client: client._imap._simple_command("LIST", '""', '"x\r\nAAAA9 DELETE Archive"'),
    "a bare line": lambda client: client._imap.send(b"DELETE Archive\r\n"),
    "a foreign tag": lambda client: client._imap.send(b"a1 DELETE Archive\r\n"),
    "DONE without IDLE": lambda client: client._imap.send(b"DONE\r\n"),
    "in two pieces": lambda client: [client._imap.send(each) for each in (b"AAAA9 UID ST", b"ORE 1\r\n")],
}


@pytest.mark.parametrize("verb", FORBIDDEN)
def test_a_forbidden_command_raises_before_a_byte_is_written(verb: str) -> None:
    with serving(mails=1) as server, FaultProxy(server.port, record=True) as proxy:
        with opened(proxy.port) as mailbox:
            assert uids(mailbox) == [1]
            mailbox.folder_for("drafts")
            before = mailbox._client
            sent = written(proxy)
            with pytest.raises(ForbiddenCommand), mailbox._translated():
                FORBIDDEN[verb](before)
            assert written(proxy) == sent
            assert uids(mailbox) == [1]  # on a new connection
        assert server.mailbox("INBOX").messages[0].flags == frozenset()


def written(proxy: FaultProxy) -> bytes:
    return b"".join(data for link in proxy.wire for direction, data in list(link) if direction == "to_server")


def test_a_literal_can_be_no_longer_than_announced() -> None:
    with serving() as server, opened(server.port) as mailbox:
        mailbox.folder_for("drafts")
        wire: Any = mailbox._wire
        wire.send(b'AAAA9 APPEND "Drafts" (\\Draft) {5}\r\n')
        with pytest.raises(ForbiddenCommand):
            wire.send(b"12345\r\nAAAA10 DELETE Archive\r\n")


def test_after_a_refused_literal_the_next_line_is_a_command_again() -> None:
    refused = {"APPEND": b"TAG NO [OVERQUOTA] full\r\n"}
    with Scripted(refused) as server, opened(server.port) as mailbox:
        with pytest.raises(Temporary):
            mailbox.append("Drafts", a_draft()[0], ["\\Draft"], NOON)
        with pytest.raises(ForbiddenCommand):
            mailbox._client._imap.send(b"DELETE Archive\r\n")


def test_everything_a_mailbox_does_is_on_the_list(dovecot: Dovecot) -> None:
    dovecot.fill("INBOX", [(LETTER, NOON)] * 300)
    raw, key, message_id = a_draft()
    with FaultProxy(dovecot.imap_port) as proxy:
        with opened(proxy.port, user="alice", read_timeout=30.0) as mailbox:
            assert len(uids(mailbox)) == 300
            mailbox.wait("INBOX", 0.05)
            drafts = mailbox.folder_for("drafts")
            mailbox.place(drafts)
            mailbox.append(drafts, raw, ["\\Draft", "\\Seen"], NOON)
            copy = mailbox.find(drafts, key, message_id)
            assert copy is not None
            assert mailbox.check().startswith("signed in")
            commands = proxy.commands()
            assert [each for each in commands if not ALLOWED.fullmatch(each)] == []
            assert mailbox.withdraw(drafts, copy.uid, key)
        unusual = [each for each in proxy.commands() if not ALLOWED.fullmatch(each)]
    assert unusual == [
        'SELECT "Drafts"',
        f"UID STORE {copy.uid} +FLAGS.SILENT (\\Deleted)",
        f"UID EXPUNGE {copy.uid}",
    ]
    with dovecot.client() as client:
        client.select_folder("INBOX", readonly=True)
        flags = {flag for each in client.fetch(client.search(), ["FLAGS"]).values() for flag in each[b"FLAGS"]}
    assert flags <= {b"\\Recent"}


@pytest.mark.parametrize("act", ["create_folder", "subscribe_folder", "delete_folder", "select_folder"])
@pytest.mark.parametrize("name", ["Onward/Rejections", "Onward/rejection", "Rejection", "onward", "x Onward/Rejection"])
def test_while_folders_for_teaching_are_made_no_other_can_be(act: str, name: str, dovecot: Dovecot) -> None:
    class Mistaken(ImapMailbox):
        @staticmethod
        def _refused(act_meant: Callable[[str], object], name_meant: str) -> bool:
            return ImapMailbox._refused(getattr(act_meant.__self__, act), name)  # type: ignore[attr-defined]

    with FaultProxy(dovecot.imap_port) as proxy:
        mailbox = Mistaken(account(proxy.port, user="alice"))
        with pytest.raises(ForbiddenCommand):
            mailbox.make_teaching_folders()
        mailbox.close()
        assert [each for each in proxy.commands() if not (ALLOWED.fullmatch(each) or each == "NAMESPACE")] == []


def test_making_folders_for_teaching_writes_nothing_else(dovecot: Dovecot) -> None:
    with FaultProxy(dovecot.imap_port) as proxy, opened(proxy.port, user="alice") as mailbox:
        mailbox.make_teaching_folders()
        mailbox.make_teaching_folders()
        unusual = [each for each in proxy.commands() if not (ALLOWED.fullmatch(each) or each == "NAMESPACE")]
    names = ("Onward/Rejection", "Onward/Not a rejection")
    assert unusual == [f'{verb} "{name}"' for name in names for verb in ("CREATE", "SUBSCRIBE")]


def test_folders_for_teaching_stand_below_the_inbox_where_all_folders_do() -> None:
    made: list[bytes] = []

    def create(tag: bytes, line: bytes) -> bytes:
        made.append(line.partition(b"CREATE ")[2].strip())
        return b"TAG OK done\r\n"

    def listed(tag: bytes, line: bytes) -> bytes:
        return b"".join(b'* LIST () "." %s\r\n' % name for name in (b"INBOX", *made)) + b"TAG OK done\r\n"

    courier: dict[str, Answer] = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN NAMESPACE\r\nTAG OK done\r\n",
        "NAMESPACE": b'* NAMESPACE (("INBOX." ".")) NIL (("shared." "."))\r\nTAG OK done\r\n',
        "LIST": listed,
        "CREATE": create,
        "SUBSCRIBE": b"TAG NO not here\r\n",
    }
    with Scripted(courier) as server, opened(server.port) as mailbox:
        assert mailbox.make_teaching_folders() == {
            "INBOX.Onward.Rejection": Hint.REJECTION,
            "INBOX.Onward.Not a rejection": Hint.NO_REJECTION,
        }
    assert made == [b'"INBOX.Onward.Rejection"', b'"INBOX.Onward.Not a rejection"']


def test_a_server_that_lets_nobody_make_folders_names_those_to_make_by_hand() -> None:
    strict: dict[str, Answer] = {
        "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
        "CREATE": b"TAG NO [NOPERM] no\r\n",
        "SUBSCRIBE": b"TAG NO no\r\n",
    }
    with Scripted(strict) as server, opened(server.port) as mailbox, pytest.raises(Permanent, match="Onward/Rejection"):
        mailbox.make_teaching_folders()


def test_a_server_that_wants_the_folder_above_first_gets_it() -> None:
    made: list[bytes] = []

    def create(tag: bytes, line: bytes) -> bytes:
        name = line.partition(b"CREATE ")[2].strip()
        if name != b'"Onward"' and b'"Onward"' not in made:
            return b"TAG NO [CANNOT] there is nothing above it\r\n"
        made.append(name)
        return b"TAG OK done\r\n"

    def listed(tag: bytes, line: bytes) -> bytes:
        return b"".join(b'* LIST () "/" %s\r\n' % name for name in (b"INBOX", *made)) + b"TAG OK done\r\n"

    answers: dict[str, Answer] = {"LIST": listed, "CREATE": create, "SUBSCRIBE": b"TAG OK done\r\n"}
    with Scripted(answers) as server, opened(server.port) as mailbox:
        assert len(mailbox.make_teaching_folders()) == 2
    assert made == [b'"Onward"', b'"Onward/Rejection"', b'"Onward/Not a rejection"']


def test_commands_go_out_in_one_piece() -> None:
    with serving(mails=3) as server, FaultProxy(server.port, record=True) as proxy:
        with opened(proxy.port) as mailbox:
            assert uids(mailbox) == [1, 2, 3]
        pieces = [data for direction, data in proxy.wire[0] if direction == "to_server"]
    assert all(piece.endswith(b"\r\n") for piece in pieces)


def test_only_withdraw_may_select_for_writing() -> None:
    tree = ast.parse(Path(imap_module.__file__).read_text())
    unsafe = [
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("select_folder", "select")
        and not any(
            word.arg == "readonly" and isinstance(word.value, ast.Constant) and word.value.value is True
            for word in call.keywords
        )
        and not (isinstance(call.func.value, ast.Name) and call.func.value.id == "select")  # the module
    ]
    assert unsafe == ["withdraw"]


@pytest.mark.parametrize("source", sorted(Path(imap_module.__file__).parent.glob("*.py")), ids=lambda p: p.name)
def test_no_other_edge_speaks_imap(source: Path) -> None:
    words = re.findall(r"\bimport imaplib\b|\bIMAPClient\(|\.idle_check\b|\.select_folder\b", source.read_text())
    assert words == [] or source.name == "imap.py"
    assert ".idle_check" not in words
