"""A home in a temporary folder beside a mailbox, with a clock that only moves when told to.

Setup for flow tests in one line. The service code is the real one; what the tests add is the clock and a
mailbox that can be cut off before or after each act.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from onward import config
from onward.actions import Trainer
from onward.config import Config
from onward.core.model import Cursor, Hint
from onward.demo.server import EmbeddedServer
from onward.edges import Batch, Copy, Mailbox, Place, Role
from onward.edges.store import Store
from onward.outbox import Outbox, Patience
from onward.service import Service, open_mailbox
from onward_classifiers.score import Classifier

OWN = "sam.doe@example.org"
BEGIN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

_classifier: list[Classifier] = []


def classifier() -> Classifier:
    """The shipped classifier, loaded once for all tests."""
    if not _classifier:
        _classifier.append(Classifier.load())
    return _classifier[0]


def account_on(port: int, user: str = "sam") -> dict[str, object]:
    """An account on an IMAP server of this machine, its password in the environment."""
    os.environ["ONWARD_TEST_PASSWORD"] = "secret"
    return {
        "name": "main",
        "address": OWN,
        "host": "127.0.0.1",
        "port": port,
        "security": "plain",
        "user": user,
        "password_env": "ONWARD_TEST_PASSWORD",
    }


class PowerCut(BaseException):
    """The process is gone, here and now."""


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def rejection(number: int = 1, at: datetime = BEGIN, role: str = "Data Engineer", company: str = "") -> bytes:
    """A plain no of a person's, different for every number."""
    company = company or f"Harbour{number} Optics"
    mail = EmailMessage()
    mail["From"] = f"Mara Lindqvist <mara@harbour{number}.example>"
    mail["To"] = f"Sam Doe <{OWN}>"
    mail["Subject"] = f"Your application as {role} at {company}"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<no-{number}@harbour{number}.example>"
    mail.set_content(
        f"Dear Sam,\n\nthank you for the interviews for the {role} role at {company}. We were impressed, but after "
        f"careful thought we have decided not to move forward with your application and chose another candidate "
        f"for the position.\n\nWe wish you all the best for your search.\n\nMara Lindqvist\n"
    )
    return mail.as_bytes()


def chatter(number: int, at: datetime = BEGIN, size: int = 0) -> bytes:
    """An ordinary mail that has nothing to do with a search; `size` bytes are filled up with text."""
    mail = EmailMessage()
    mail["From"] = f"Choir <choir{number % 7}@singing.example>"
    mail["To"] = OWN
    mail["Subject"] = f"Rehearsal number {number} on Thursday"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<chat-{number}@singing.example>"
    line = f"Please bring the scores for piece {number}, and a cup of your own for the tea in the break.\n"
    mail.set_content(line * max(1, size // len(line)))
    return mail.as_bytes()


@dataclass
class CuttableMailbox:
    """A mailbox that reports each act before and after it happens, so that the power can go there."""

    inner: Mailbox
    on_step: Callable[[str], None]

    def fetch_after(
        self, folder: str, cursor: Cursor | None, since: datetime, all_new: bool = False
    ) -> Iterator[Batch]:
        self.on_step("before fetch")
        for batch in self.inner.fetch_after(folder, cursor, since, all_new):
            self.on_step("after fetch")
            yield batch

    def wait(self, folder: str, seconds: float) -> bool:
        return self.inner.wait(folder, seconds)

    def stop_waiting(self) -> None:
        self.inner.stop_waiting()

    def folder_for(self, role: Role) -> str:
        return self.inner.folder_for(role)

    def place(self, folder: str) -> Place:
        self.on_step("before place")
        return self.inner.place(folder)

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> Place | None:
        self.on_step("before append")
        place = self.inner.append(folder, raw, flags, at)
        self.on_step("after append")
        return place

    def find(self, folder: str, key: str, message_id: str, from_uid: int = 1) -> Copy | None:
        self.on_step("before find")
        return self.inner.find(folder, key, message_id, from_uid)

    def replies(self, folder: str, message_id: str, from_uid: int = 1) -> list[Copy]:
        self.on_step("before replies")
        return self.inner.replies(folder, message_id, from_uid)

    def folders(self) -> list[str]:
        return self.inner.folders()

    def uids(self, folder: str, from_uid: int) -> list[int]:
        self.on_step("before uids")
        return self.inner.uids(folder, from_uid)

    def withdraw(self, folder: str, uid: int, key: str) -> bool:
        self.on_step("before withdraw")
        gone = self.inner.withdraw(folder, uid, key)
        self.on_step("after withdraw")
        return gone

    def teaching_folders(self) -> dict[str, Hint]:
        return self.inner.teaching_folders()

    def make_teaching_folders(self) -> dict[str, Hint]:
        return self.inner.make_teaching_folders()

    def close(self) -> None:
        self.inner.close()


@dataclass
class Home:
    """One person's Onward beside an embedded mailbox."""

    path: Path
    server: EmbeddedServer
    clock: Clock = field(default_factory=Clock)
    settings: dict[str, object] = field(default_factory=dict)
    outbox_class: type[Outbox] = Outbox
    learn: Trainer | None = None  # what learns from corrections; None: nobody does
    smtp_port: int | None = None  # None: no SMTP, mails to oneself are laid into the inbox
    steps: int = 0  # how many times the power could have gone in the last run
    cut_at: int = 0  # the step at which it goes; 0: never
    trail: list[str] = field(default_factory=list)

    @property
    def config(self) -> Config:
        account = account_on(self.server.port)
        if self.smtp_port is not None:
            account["smtp"] = {"host": "127.0.0.1", "port": self.smtp_port, "security": "plain"}
        base: dict[str, object] = {"name": "Sam Doe", "timezone": "Europe/Berlin", "account": [account]}
        return config.parse({**base, **self.settings}, self.path)

    def deliver(self, raw: bytes, at: datetime | None = None) -> int:
        """A mail arrives now, or at another time."""
        return self.server.mailbox("INBOX").deliver(raw, at or self.clock.now)

    def step(self, name: str) -> None:
        """Called at every place where the power may go."""
        self.steps += 1
        self.trail.append(name)
        if self.steps == self.cut_at:
            raise PowerCut(name)

    def service(self) -> Service:
        """A service as it would start now."""
        settings = self.config
        outbox_class = self.outbox_class

        class TestedService(Service):
            def _outbox(self, store: Store) -> Outbox:
                made = super()._outbox(store)
                return outbox_class(
                    **{name: getattr(made, name) for name in made.__dataclass_fields__ if name[0] != "_"}
                )

        account = settings.accounts[0]
        return TestedService(
            settings,
            classifier(),
            clock=self.clock,
            patience=Patience(),
            learn=self.learn,
            mailboxes={"main": lambda: CuttableMailbox(open_mailbox(account, settings), self.step)},
        )

    def run(self, cut_at: int = 0) -> bool:
        """One round of the real service. False when the power went."""
        self.steps, self.cut_at, self.trail = 0, cut_at, []
        before, Store.on_commit = Store.on_commit, self.step
        try:
            self.service().run_once()
        except PowerCut:
            return False
        finally:
            Store.on_commit = staticmethod(before)
        return True

    def settle(self) -> None:
        """Rounds until nothing is due within the hour: quarantines pass, looks are made."""
        for _ in range(40):
            self.run()
            with self.opened() as store:
                due = store.next_due()
            if due is None or due > self.clock.now + timedelta(hours=1):
                return
            self.clock.now = max(self.clock.now, due)
        raise AssertionError("it never comes to rest")

    def opened(self) -> _Opened:
        """The store, closed again at the end of a `with`."""
        return _Opened(self.config.database)

    def rows(self, sql: str, **values: object) -> list[dict[str, object]]:
        """What the database says."""
        with self.opened() as store:
            return store.rows(sql, **values)

    @property
    def drafts(self) -> list[bytes]:
        """What stands in the person's Drafts folder."""
        return [each.raw for each in self.server.mailbox("Drafts").messages]

    @property
    def reminders(self) -> list[bytes]:
        """Mails to oneself about sessions that Onward laid into the inbox."""
        return [raw for raw in self.notices if b"Subject: A letter" not in raw]

    @property
    def notices(self) -> list[bytes]:
        """Mails to oneself that Onward laid into the inbox, those about letters too."""
        return [each.raw for each in self.server.mailbox("INBOX").messages if b"X-Draft-Key" in each.raw]

    @property
    def sessions(self) -> list[dict[str, object]]:
        """Sessions as booked."""
        return self.rows("SELECT * FROM reflection WHERE state <> 'cancelled' ORDER BY id")


class _Opened:
    def __init__(self, path: Path) -> None:
        self.store = Store(path)

    def __enter__(self) -> Store:
        return self.store

    def __exit__(self, *_: object) -> None:
        self.store.close()


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """A service in threads of this process, up when the block begins, ended in order after it."""
    up = threading.Event()
    service.on_ready = up.set
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        assert up.wait(10), "not up in ten seconds"
        yield service
    finally:
        service.stop()
        thread.join(15)
    assert not thread.is_alive()
    assert service.failure is None
