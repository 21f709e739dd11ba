"""The main job against a real Dovecot, with the service running as it does for a person."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.home import OWN, account_on, chatter, classifier, rejection, serving
from onward import config
from onward.edges.imap import ImapMailbox
from onward.edges.store import Store
from onward.service import Service, open_mailbox
from servers.dovecot import Dovecot
from servers.proxy import FaultProxy, Faults

ALLOWED = {
    *("CAPABILITY", "NOOP", "LOGOUT", "IDLE", "NAMESPACE", "LOGIN", "AUTHENTICATE", "LIST", "STATUS", "EXAMINE"),
    *("ID", "UID SEARCH", "UID FETCH", "APPEND", "DONE"),
}


def settings(home: Path, port: int) -> config.Config:
    reminders = {"mail": False, "desktop": False}
    account = account_on(port, "alice")
    return config.parse({"name": "Sam Doe", "drafts_per_day": 1000, "reminders": reminders, "account": [account]}, home)


@contextmanager
def running(home: Path, port: int) -> Iterator[Service]:
    """The service in threads of this process, up when the block begins."""
    with serving(Service(settings(home, port), classifier())) as service:
        yield service


def drafts_in(dovecot: Dovecot) -> list[bytes]:
    client = dovecot.client()
    client.select_folder("Drafts", readonly=True)
    found = client.fetch(client.search("ALL"), ["BODY.PEEK[]"])
    client.logout()
    return [items[b"BODY[]"] for items in found.values()]


def until(condition: Callable[[], bool], seconds: float = 10.0) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"did not happen in {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - began


def test_a_no_that_arrives_while_it_idles_is_answered_within_half_a_second(dovecot: Dovecot, tmp_path: Path) -> None:
    gaps = []
    with running(tmp_path, dovecot.imap_port):
        watcher, drafts = dovecot.client(), dovecot.client()
        watcher.select_folder("INBOX", readonly=True)
        for number in range(1, 6):
            watcher.idle()
            dovecot.deliver(rejection(number, datetime.now(UTC)))
            while not watcher.idle_check(timeout=5):
                pass
            pushed = time.monotonic()
            watcher.idle_done()
            until(lambda n=number: int(drafts.folder_status("Drafts", ["MESSAGES"])[b"MESSAGES"]) == n)  # type: ignore[misc]
            gaps.append(time.monotonic() - pushed)
    assert statistics.median(gaps) < 0.5, gaps
    raw = drafts_in(dovecot)[0]
    assert b"In-Reply-To: <no-1@harbour1.example>" in raw
    assert f"From: Sam Doe <{OWN}>".encode() in raw
    client = dovecot.client()
    client.select_folder("Drafts", readonly=True)
    assert all(b"\\Draft" in flags[b"FLAGS"] for flags in client.fetch(client.search("ALL"), ["FLAGS"]).values())
    store = Store(tmp_path / "onward.db")
    assert len(store.reflections()) == 5
    store.close()


def test_a_no_that_arrives_between_look_and_idle_is_seen(dovecot: Dovecot, tmp_path: Path) -> None:
    given = settings(tmp_path, dovecot.imap_port)
    delivered: list[float] = []

    class Late(ImapMailbox):
        def wait(self, folder: str, seconds: float) -> bool:
            if not delivered:
                delivered.append(dovecot.deliver(rejection(1, datetime.now(UTC))))
                time.sleep(0.7)  # Dovecot has told no one: the session was not idle yet
            return super().wait(folder, seconds)

    inner = open_mailbox(given.accounts[0], given)
    assert isinstance(inner, ImapMailbox)
    service = Service(given, classifier(), mailboxes={"main": lambda: Late(inner._server)})
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        until(lambda: bool(drafts_in(dovecot)))
    finally:
        service.stop()
        thread.join(15)
        inner.close()


def test_a_no_that_arrives_while_the_server_is_gone_is_answered_afterwards(dovecot: Dovecot, tmp_path: Path) -> None:
    with FaultProxy(dovecot.imap_port) as proxy, running(tmp_path, proxy.port):
        proxy.faults = Faults(refuse=True)
        proxy.drop_all(reset=True)
        time.sleep(0.2)
        dovecot.deliver(rejection(1, datetime.now(UTC)))
        proxy.faults = Faults()
        until(lambda: bool(drafts_in(dovecot)), 30)
    assert len(drafts_in(dovecot)) == 1


def test_a_restarted_server_needs_no_restart_of_ours(dovecot: Dovecot, tmp_path: Path) -> None:
    with running(tmp_path, dovecot.imap_port):
        dovecot.stop()
        dovecot.start()
        dovecot.deliver(rejection(1, datetime.now(UTC)))
        until(lambda: bool(drafts_in(dovecot)), 30)


def test_a_renumbered_mailbox_brings_no_old_no_again_and_loses_no_new_one(dovecot: Dovecot, tmp_path: Path) -> None:
    with running(tmp_path, dovecot.imap_port):
        dovecot.deliver(rejection(1, datetime.now(UTC)))
        until(lambda: len(drafts_in(dovecot)) == 1)
        dovecot.set_uidvalidity("INBOX", 1_900_000_000)
        dovecot.kick()
        dovecot.deliver(rejection(2, datetime.now(UTC)))
        until(lambda: len(drafts_in(dovecot)) == 2, 30)
        time.sleep(1)
    assert len(drafts_in(dovecot)) == 2


def test_a_mailbox_of_a_thousand_mails_is_the_same_afterwards(dovecot: Dovecot, tmp_path: Path) -> None:
    begin = datetime.now(UTC) - timedelta(days=100)
    mails = [(chatter(number, begin), begin + timedelta(hours=2 * number)) for number in range(990)]
    fresh = datetime.now(UTC) - timedelta(hours=1)
    mails += [(rejection(number, fresh), fresh) for number in range(10)]
    dovecot.fill("INBOX", mails)
    before = dovecot.snapshot("INBOX")
    assert len(before) == 1000
    with FaultProxy(dovecot.imap_port, record=True) as proxy:
        with running(tmp_path, proxy.port):
            until(lambda: len(drafts_in(dovecot)) == 10, 60)
        said = proxy.commands()
    assert dovecot.snapshot("INBOX") == before
    verbs = {" ".join(line.upper().split()[: 2 if line.upper().startswith("UID ") else 1]) for line in said}
    assert verbs <= ALLOWED, verbs - ALLOWED
    assert "EXAMINE" in verbs
    assert all("BODY.PEEK" in line or "BODY" not in line for line in said)


def test_an_interrupted_first_look_goes_on_where_it_was(dovecot: Dovecot, tmp_path: Path) -> None:
    begin = datetime.now(UTC) - timedelta(days=50)
    dovecot.fill("INBOX", [(chatter(n, begin), begin + timedelta(minutes=n)) for n in range(1_500)])
    seen: list[tuple[int, int]] = []
    given = settings(tmp_path, dovecot.imap_port)
    first = Service(given, classifier(), on_progress=lambda account, done, total: seen.append((done, total)))
    stopped = threading.Thread(target=first.run)
    stopped.start()
    until(lambda: bool(seen), 30)
    first.stop()
    stopped.join(20)
    assert seen[0][1] == 1_500
    again: list[tuple[int, int]] = []
    Service(given, classifier(), on_progress=lambda account, done, total: again.append((done, total))).run_once()
    assert again[0][1] < 1_500
    store = Store(given.database)
    assert store.rows("SELECT COUNT(*) AS n FROM message WHERE state = 'handled'") == [{"n": 1_500}]
    store.close()
