"""SIGKILL at random moments, behind a faulty network, against a real Dovecot; then count.

    python tests/soak.py --runs 500 --seed 7            (`make soak`)

Prints the seed first, so that a run can be repeated. With `--strategy` the same suite runs two strategies that
are not ours; it must see their duplicates, or it is blind.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.home import account_on, classifier, rejection
from onward import config
from onward.core import mail
from onward.edges import Place, Role
from onward.edges.store import OpenEffect, Store
from onward.outbox import Outbox, Patience
from onward.service import Service
from servers.dovecot import Dovecot
from servers.proxy import RANDOM_KINDS, FaultProxy, Faults

IN_FLIGHT = 1.0  # seconds: bytes of a dead client may still be committed for so long; the proxy sees to it


def patience(in_flight: float) -> Patience:
    """Our waiting times, in the proportions of the real ones, for a network that is late by `in_flight` seconds."""
    return Patience(
        quarantine=timedelta(seconds=in_flight + 0.5),
        second_look=timedelta(seconds=0.3),
        first_retry=timedelta(seconds=0.1),
        last_retry=timedelta(seconds=0.5),
    )


class AppendThenRecord(Outbox):
    """Append, then write down that it was done."""

    looks_first = False

    def _append(
        self,
        effect: OpenEffect,
        account: str,
        role: Role,
        raw: bytes,
        message_id: str,
        flags: Sequence[str],
        on_done: Callable[[Place | None, str], None],
    ) -> None:
        mailbox = self._mailbox(account)
        folder = mailbox.folder_for(role)
        found = mailbox.find(folder, mail.key_header(effect.key), message_id) if self.looks_first else None
        on_done(Place(0, found.uid) if found else mailbox.append(folder, raw, flags, self.clock()), folder)


class SearchThenAppend(AppendThenRecord):
    """Look whether it is there, append if not, then write down that it was done."""

    looks_first = True


STRATEGIES: dict[str, type[Outbox]] = {
    "ours": Outbox,
    "append-then-record": AppendThenRecord,
    "search-then-append": SearchThenAppend,
}


def settings(home: Path, port: int) -> config.Config:
    """A configuration for alice, in a time zone where it is about noon, so that reminders are due at once."""
    offset = (12 - datetime.now(UTC).hour + 12) % 24 - 12
    table = {
        "name": "Sam Doe",
        "timezone": f"Etc/GMT{-offset:+d}",
        "drafts_per_day": 1000,
        "reminders": {"desktop": False},
        "account": [account_on(port, "alice")],
    }
    return config.parse(table, home)


def serve(home: str, port: int, strategy: str, in_flight: float) -> None:
    """The service in a process of its own, until it is killed."""
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    outbox_class = STRATEGIES[strategy]

    class TestedService(Service):
        def _outbox(self, store: Store) -> Outbox:
            made = super()._outbox(store)
            return outbox_class(**{name: getattr(made, name) for name in made.__dataclass_fields__ if name[0] != "_"})

    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        TestedService(settings(Path(home), port), classifier(), patience=patience(in_flight)).run()


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found when everything had come to rest."""

    runs: int
    rejections: int
    duplicate_drafts: int
    lost: int
    undecided: int
    duplicate_sessions: int
    missing_sessions: int
    duplicate_reminders: int
    sent: int
    seconds: float

    @property
    def clean(self) -> bool:
        """True when every promise held."""
        broken = (
            self.duplicate_drafts,
            self.lost,
            self.duplicate_sessions,
            self.missing_sessions,
            self.duplicate_reminders,
            self.sent,
        )
        return not any(broken)


def soak(
    runs: int,
    seed: int,
    strategy: str = "ours",
    rate: float = 0.6,
    kinds: tuple[str, ...] = RANDOM_KINDS,
    delay: float | None = None,
    report: bool = False,
) -> Tally:
    """`runs` lives of the service, each ended by SIGKILL; then one undisturbed; then the count.

    With `delay`, every APPEND is committed that many seconds late, even if the client dies meanwhile; otherwise
    each connection has a fault with probability `rate`.
    """
    in_flight = IN_FLIGHT if delay is None else delay
    chance = random.Random(seed)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="onward-soak-"))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["flows.crash_soak"])
    delivered = 0
    with Dovecot() as dovecot, FaultProxy(dovecot.imap_port) as proxy:
        if delay is None:
            proxy.random_faults(seed, rate, kinds)
        else:
            proxy.faults = Faults(delay_commit=delay)
        for run in range(runs):
            process = context.Process(target=serve, args=(str(folder), proxy.port, strategy, in_flight), daemon=True)
            process.start()
            if run % 2 == 0:
                delivered += 1
                dovecot.deliver(rejection(delivered, datetime.now(UTC)))
            time.sleep(chance.choice((0.1, 0.25, 0.5, 1.0) if delay is None else (1.0, 1.5)) * chance.uniform(0.3, 1.7))
            if process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
            process.join()
            process.close()
            if report and (run + 1) % 50 == 0:
                print(f"  {run + 1} runs, {delivered} rejections, {time.monotonic() - began:.0f} s", flush=True)
        time.sleep(in_flight)
        rest(folder, dovecot, strategy, in_flight, context)
        tally = count(folder, dovecot, runs, delivered, time.monotonic() - began)
    shutil.rmtree(folder, ignore_errors=True)
    return tally


def rest(
    folder: Path, dovecot: Dovecot, strategy: str, in_flight: float, context: multiprocessing.context.ForkServerContext
) -> None:
    """One undisturbed life, until nothing is received, waiting or started any more."""
    process = context.Process(target=serve, args=(str(folder), dovecot.imap_port, strategy, in_flight), daemon=True)
    process.start()
    quiet = 0
    for _ in range(600):
        time.sleep(0.2)
        store = Store(folder / "onward.db")
        soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat(timespec="microseconds")
        waiting = store.rows(
            """SELECT (SELECT COUNT(*) FROM message WHERE state = 'received')
                 + (SELECT COUNT(*) FROM effect WHERE state IN ('waiting', 'started') AND due_at < :soon) AS n""",
            soon=soon,
        )[0]["n"]
        store.close()
        quiet = quiet + 1 if waiting == 0 else 0
        if quiet >= 10:
            break
    if process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
    process.join()


def count(folder: Path, dovecot: Dovecot, runs: int, rejections: int, seconds: float) -> Tally:
    """Compare the mailbox, read by a second client, with what was delivered."""
    store = Store(folder / "onward.db")
    undecided = len(store.rows("SELECT 1 FROM draft WHERE state = 'undecided'"))
    sessions = [row["message_key"] for row in store.rows("SELECT message_key FROM reflection_rejection")]
    booked = len(store.rows("SELECT 1 FROM reflection WHERE state = 'booked'"))
    handled = len(store.rows("SELECT 1 FROM verdict WHERE label = 'rejection'"))
    store.close()
    answered: Counter[str] = Counter()
    reminders: Counter[str] = Counter()
    client = dovecot.client()
    try:
        for name, tally in (("Drafts", answered), ("INBOX", reminders)):
            client.select_folder(name, readonly=True)
            uids = client.search("ALL")
            for some in range(0, len(uids), 200):
                for items in client.fetch(uids[some : some + 200], ["BODY.PEEK[HEADER]"]).values():
                    head = items[b"BODY[HEADER]"]
                    if b"X-Draft-Key" in head:
                        tally[mail.key_of(head)[0] or ""] += 1
        client.select_folder("Sent", readonly=True)
        sent = len(client.search("ALL"))
    finally:
        client.logout()
    return Tally(
        runs=runs,
        rejections=rejections,
        duplicate_drafts=sum(answered.values()) - len(answered),
        lost=max(0, rejections - len(answered) - undecided) + max(0, rejections - handled),
        undecided=undecided,
        duplicate_sessions=max(0, booked - rejections),
        missing_sessions=rejections - len(set(sessions)),
        duplicate_reminders=sum(reminders.values()) - len(reminders),
        sent=sent,
        seconds=round(seconds, 1),
    )


def main() -> int:
    """Print the seed, soak, print the tally as JSON; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--strategy", choices=STRATEGIES, default="ours")
    given = parser.parse_args()
    print(f"seed {given.seed}, strategy {given.strategy}", flush=True)
    tally = soak(given.runs, given.seed, given.strategy, report=True)
    print(json.dumps({name: getattr(tally, name) for name in tally.__dataclass_fields__}))
    return 0 if tally.clean or given.strategy != "ours" else 1
