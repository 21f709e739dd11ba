"""Threads, stop signal, tick, heartbeats: what keeps the flow moving, unattended.

One watcher per account fetches; one worker decides and acts; a learner learns from what the person corrects; a
ticker wakes them, asks for what has come due and feeds the watchdog, which happens only when every thread has
made progress. Wishes of the person come in as rows, whoever wrote them. What is due is always read from the
table, never remembered here.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from onward import actions
from onward.config import AccountConfig, Config
from onward.core import mail
from onward.core.model import (
    Address,
    ConfigError,
    EdgeError,
    EffectKind,
    EffectState,
    Hint,
    Learned,
    Permanent,
    Refused,
    SignInRefused,
    Temporary,
)
from onward.edges import EVER, Batch, Mailbox, notify, secrets, smtp
from onward.edges.files import only_one
from onward.edges.imap import ImapMailbox, ImapServer
from onward.edges.maildir import MaildirMailbox
from onward.edges.render import Renderer
from onward.edges.store import OpenEffect, Store
from onward.outbox import Identity, Outbox, Patience
from onward.pipeline import Classifier, Outcome, Pipeline, keep_texts_for

log = logging.getLogger("onward")

LOOK_AT_DRAFTS = timedelta(minutes=5)  # between two looks at what the person did with our letters
LOOK_AT_SILENCE = timedelta(hours=1)
TICK = 30.0  # seconds; never sleep longer, so that a suspended machine catches up at once
LOOK_FOR_WISHES = 2.0  # seconds between two looks at what the person wished meanwhile
WATCHER_SILENCE = 150.0  # seconds a watcher may be silent: a read timeout and a reconnect
WORKER_SILENCE = 900.0  # … and the worker: a server may take ten minutes to answer the final dot
LEARNER_SILENCE = 180.0  # … and the learner: a training may take a minute
SIGN_IN_TRIES = 3
DIES_WITH_US = 1.0  # seconds in which a training that is ended along with us is told from one that fails
STOPS_WITHIN = 8.0  # seconds, all threads together
HINTS_WITHIN = 60.0  # seconds until a mail is seen that was moved into a folder for teaching from anywhere
FIRST_WAIT, LAST_WAIT = 5.0, 900.0  # seconds between attempts to reach a server, with jitter

MANY_MAILS = 1_000  # from here on, mails are read by a second process while this one fetches and stores
ORPHANED_AFTER = 2.0  # seconds in which that process notices that this one is gone
READ_AHEAD = 1  # batches handed to it beyond the one that is waited for

Progress = Callable[[str, int, int], None]


def utc_now() -> datetime:
    """The clock everything else is handed."""
    return datetime.now(UTC)


def open_mailbox(account: AccountConfig, config: Config, on_progress: Callable[[], None] = lambda: None) -> Mailbox:
    """The account's mailbox, not yet connected. Raises ConfigError when it cannot be signed in to."""
    if account.kind == "maildir":
        assert account.path is not None  # config.parse saw to it
        return MaildirMailbox(account.path, config.home, dict(account.roles), on_progress)
    server = ImapServer(
        host=account.host,
        port=account.port,
        user=account.user,
        password=secrets.resolve(account.secret, account.name),
        security=account.security,
        ca_file=account.ca_file,
        folders=dict(account.roles),
    )
    return ImapMailbox(server, on_progress)


def smtp_server(account: AccountConfig) -> smtp.SmtpServer | None:
    """Where the account hands mail over, or None when nothing is configured."""
    if account.smtp is None:
        return None
    password = secrets.resolve(account.smtp.secret, account.name) if account.smtp.secret else None
    return smtp.SmtpServer(
        host=account.smtp.host,
        port=account.smtp.port,
        security=account.smtp.security,
        user=account.smtp.user if password else "",
        password=password,
        ca_file=account.smtp.ca_file,
    )


def identity_for(account: AccountConfig, config: Config, opened: Callable[[], Mailbox]) -> Identity:
    """How the outbox reaches one account; `opened` gives it a mailbox of its own."""
    server = smtp_server(account)
    submit = None
    if server is not None:
        reached = server

        def submit(raw: bytes, mail_from: str, recipients: object, on_stage: Callable[[str], None]) -> None:
            smtp.submit(reached, raw, mail_from, recipients, on_stage)  # type: ignore[arg-type]

    return Identity(
        open_mailbox=opened,
        address=Address(account.addresses[0], config.name),
        submit=submit,
        file_sent=account.smtp.file_sent if account.smtp else True,
    )


def channels_for(config: Config) -> tuple[EffectKind, ...]:
    """The ways the person wants to be reminded."""
    wanted = {EffectKind.NOTIFY_MAIL: config.remind_by_mail, EffectKind.NOTIFY_DESKTOP: config.remind_on_desktop}
    return tuple(kind for kind, on in wanted.items() if on)


def pipeline_for(
    config: Config,
    store: Store,
    classifier: Classifier,
    clock: Callable[[], datetime],
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> Pipeline:
    """The pipeline of this configuration, over a store of the thread's own."""
    return Pipeline(
        store=store,
        classifier=classifier,
        renderer=Renderer(config.templates),
        policy=config.policy,
        clock=clock,
        channels=channels_for(config),
        on_outcome=on_outcome,
    )


@dataclass
class Heartbeats:
    """When each thread last got somewhere, and how long it may be silent."""

    clock: Callable[[], float] = time.monotonic
    _last: dict[str, tuple[float, float]] = field(default_factory=dict)

    def beat(self, name: str, allowance: float) -> None:
        """The thread `name` has made progress."""
        self._last[name] = (self.clock(), allowance)

    def silent(self) -> list[str]:
        """Threads that have been silent for longer than they may."""
        now = self.clock()
        return [name for name, (last, allowance) in list(self._last.items()) if now - last > allowance]


@dataclass
class Service:
    """The program as it runs. `run` blocks until `stop`; `run_once` does one round and returns."""

    config: Config
    classifier: Classifier
    clock: Callable[[], datetime] = utc_now
    patience: Patience = field(default_factory=Patience)
    on_progress: Progress = lambda account, done, total: None  # the first look over past months
    on_outcome: Callable[[Outcome], None] = lambda outcome: None
    on_settled: Callable[[OpenEffect, EffectState], None] = lambda effect, state: None
    on_health: Callable[[str, str], None] = lambda name, words: None  # what became of a look: 'ok', or why not
    on_ready: Callable[[], None] = lambda: None
    learn: actions.Trainer | None = None  # learns from corrections; None: nobody does
    refresh: Callable[[], None] = lambda: None  # has the classifier take up what was learned or forgotten
    on_learned: Callable[[Learned], None] = lambda learned: None
    mailboxes: Mapping[str, Callable[[], Mailbox]] = field(default_factory=dict)  # for tests: account -> mailbox
    heartbeats: Heartbeats = field(default_factory=Heartbeats)
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._work = threading.Event()  # something arrived or fell due
        self._watching: dict[str, Mailbox] = {}
        self._looked: set[str] = set()  # accounts whose first look is done
        self.renderer = Renderer(self.config.templates)

    # --- running ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Watch, decide and act until told to stop. Raises Refused when another Onward holds the home."""
        _collect_seldom()
        with only_one(self.config.home):
            Store(self.config.database).close()  # the schema is brought up to date before threads open it
            threads = [
                threading.Thread(
                    target=self._guarded, args=(self._watch, account), name=f"watch {account.name}", daemon=True
                )
                for account in self.config.accounts
            ]
            threads.append(threading.Thread(target=self._guarded, args=(self._work_on,), name="worker", daemon=True))
            if self.learn is not None:
                threads.append(
                    threading.Thread(target=self._guarded, args=(self._learn_on,), name="learner", daemon=True)
                )
            ticker = self._start_ticker()
            notify.sd_notify("READY=1")
            for thread in threads:
                thread.start()
            try:
                self._stopping.wait()
            finally:
                notify.sd_notify("STOPPING=1")
                self.stop()
                ticker.shutdown(wait=False)
                end = time.monotonic() + STOPS_WITHIN  # a thread in the middle of a read is left: nothing is lost
                for thread in threads:
                    thread.join(max(0.0, end - time.monotonic()))
            if self.failure is not None:
                raise self.failure

    def run_once(self) -> int:
        """One look at every folder, everything handled, learned and due tried. Returns how many mails were handled.

        Raises the first EdgeError at the end, when an account could not be reached.
        """
        with only_one(self.config.home):
            store = Store(self.config.database)
            pipeline, outbox = self._pipeline(store), self._outbox(store)
            handled = 0
            unreached: list[EdgeError] = []
            try:
                for account in self.config.accounts:
                    mailbox = self._open(account)
                    try:
                        for folder in account.folders:
                            self._look(pipeline, mailbox, account, folder)
                        self._look_for_hints(pipeline, mailbox, account)
                        self._note(store, f"watch {account.name}", "ok")
                    except EdgeError as error:  # the other accounts and what is due are not held up by it
                        self._note(store, f"watch {account.name}", str(error))
                        unreached.append(error)
                    finally:
                        mailbox.close()
                self._take_hints(pipeline)
                while some := pipeline.handle_next():
                    handled += some
                while outbox.run_due():
                    pass
                outbox.look_at_drafts()
                pipeline.look_at_silence()
                self._learn_if_needed(store)
            finally:
                store.close()
            if unreached:
                raise unreached[0]
            return handled

    def stop(self) -> None:
        """End all threads soon. Safe from any thread and from a signal handler."""
        self._stopping.set()
        self._work.set()
        for mailbox in list(self._watching.values()):
            mailbox.stop_waiting()

    def wake(self) -> None:
        """There may be something to do."""
        self._work.set()

    def _guarded(self, target: Callable[..., None], *arguments: object) -> None:
        """A thread that dies takes the process along: systemd starts it anew, nothing is lost."""
        try:
            target(*arguments)
        except BaseException as error:
            log.exception("thread died")
            self.failure = error
            self.stop()

    def _start_ticker(self) -> BackgroundScheduler:
        """APScheduler as a clockwork only: in memory, idempotent, late is better than never."""
        ticker = BackgroundScheduler(timezone=UTC)
        ticker.add_job(self._tick, "interval", seconds=TICK, misfire_grace_time=None, coalesce=True, max_instances=1)
        ticker.start()
        return ticker

    def _tick(self) -> None:
        self._work.set()
        silent = self.heartbeats.silent()
        if not silent:
            notify.sd_notify("WATCHDOG=1")
        else:
            log.error("no progress threads=%s", ",".join(silent))

    # --- the watcher --------------------------------------------------------------------------------------

    def _watch(self, account: AccountConfig) -> None:
        """Fetch, wait, fetch: every wake, connect and timeout leads to the same look."""
        name = f"watch {account.name}"
        store = Store(self.config.database)
        pipeline = self._pipeline(store)

        def beat() -> None:
            self.heartbeats.beat(name, WATCHER_SILENCE)

        mailbox = self._open(account, beat)
        self._watching[account.name] = mailbox
        failures = refusals = 0
        try:
            while not self._stopping.is_set():
                beat()
                try:
                    for folder in account.folders:
                        self._look(pipeline, mailbox, account, folder)
                    longest = self._look_for_hints(pipeline, mailbox, account)
                    self._note(store, name, "ok")
                    failures = refusals = 0
                    self._ready(account)
                    if longest is None:
                        self._pause(name, FIRST_WAIT)
                    seconds = min(account.poll_seconds, longest or HINTS_WITHIN)
                    mailbox.wait(account.folders[0], seconds * random.uniform(0.9, 1.0))
                except Temporary as error:
                    failures += 1
                    self._note(store, name, str(error))
                    self._pause(name, max(_backoff(failures), error.wait.total_seconds() if error.wait else 0.0))
                except SignInRefused as error:
                    refusals += 1
                    self._note(store, name, str(error))
                    if refusals >= SIGN_IN_TRIES:
                        self._tell_sign_in(store, name, account, error)
                        self._pause(name, float("inf"))
                    self._pause(name, 30.0 * refusals)
                except Permanent as error:
                    failures += 1
                    self._note(store, name, str(error))
                    self._pause(name, LAST_WAIT)
        finally:
            self._watching.pop(account.name, None)
            mailbox.close()
            store.close()

    def _look_for_hints(self, pipeline: Pipeline, mailbox: Mailbox, account: AccountConfig) -> float | None:
        """What the person moved into folders for teaching. Returns when to look again at the latest.

        None: there was trouble, which is no reason not to watch the other folders.
        """
        try:
            folders = mailbox.teaching_folders()
            for folder, hint in folders.items():
                self._look(pipeline, mailbox, account, folder, hint)
        except SignInRefused:
            raise
        except EdgeError as error:
            log.warning("cannot look for hints account=%s error=%s", account.name, type(error).__name__)
            return None
        return HINTS_WITHIN if folders else float("inf")

    def _look(
        self, pipeline: Pipeline, mailbox: Mailbox, account: AccountConfig, folder: str, hint: Hint | None = None
    ) -> None:
        """Everything new in one folder, received batch by batch; interrupted, it goes on from the last."""
        cursor, first_done = pipeline.store.get_cursor(account.name, folder)
        since = self.clock() - self.config.learn if hint is None else EVER
        batches = mailbox.fetch_after(folder, cursor, since, first_done)
        for batch in self._received(pipeline, account, folder, batches, hint):
            self._work.set()
            if not first_done and batch.total and hint is None:
                self.on_progress(account.name, batch.done, batch.total)
            if self._stopping.is_set():
                return
        if not first_done:
            pipeline.store.finish_first_look(account.name, folder)

    def _note(self, store: Store, name: str, words: str) -> None:
        """The last word on an account: for status and doctor, and for whoever looks on."""
        store.note_health(name, words, self.clock())
        if words != "ok":  # the words may name an address: they are for status, not for the log
            log.warning("cannot look thread=%s", name.replace(" ", ":"))
        self.on_health(name, words)

    def _received(
        self,
        pipeline: Pipeline,
        account: AccountConfig,
        folder: str,
        batches: Iterator[Batch],
        hint: Hint | None,
    ) -> Iterator[Batch]:
        """Each batch once it is stored. Where there are very many mails, a second process reads ahead."""
        reading: deque[tuple[Batch, Future[list[mail.ReadMail]]]] = deque()
        cut_short = pipeline.store.was_cut_short(account.name, folder)  # then one at a time, in this process
        with contextlib.ExitStack() as stack:
            pool: ProcessPoolExecutor | None = None
            for batch in batches:
                if batch.total < MANY_MAILS or cut_short:
                    pipeline.receive(account.name, folder, batch, hint)
                    cut_short = cut_short and pipeline.store.was_cut_short(account.name, folder)
                    yield batch
                    continue
                if pool is None:
                    pool = stack.enter_context(_reader())
                pipeline.begin(account.name, folder, batch)
                arguments = (batch.mails, account.name, self.clock(), self.config.policy.own_addresses)
                reading.append((batch, pool.submit(mail.read_all, *arguments)))
                if len(reading) > READ_AHEAD:
                    yield self._take(pipeline, account, folder, *reading.popleft(), hint)
            while reading:
                yield self._take(pipeline, account, folder, *reading.popleft(), hint)

    def _take(
        self,
        pipeline: Pipeline,
        account: AccountConfig,
        folder: str,
        batch: Batch,
        future: Future[list[mail.ReadMail]],
        hint: Hint | None,
    ) -> Batch:
        pipeline.take(account.name, folder, batch, future.result(), hint)
        return replace(batch, mails=())

    def _ready(self, account: AccountConfig) -> None:
        """The first time every account has been looked at, we are up."""
        if account.name in self._looked:
            return
        self._looked.add(account.name)
        log.info("watching account=%s", account.name)
        if len(self._looked) == len(self.config.accounts):
            self.on_ready()

    def _pause(self, name: str, seconds: float) -> None:
        """Wait, alive, unless the program stops."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.heartbeats.beat(name, WATCHER_SILENCE)
            if self._stopping.wait(min(left, TICK)):
                return

    def _tell_sign_in(self, store: Store, name: str, account: AccountConfig, error: EdgeError) -> None:
        words = f"{error}. Onward stopped trying; mend the password, then restart it. See: onward doctor"
        self._note(store, name, words)
        log.error("sign-in refused account=%s", account.name)
        notify.desktop("Onward cannot read your mail", words, f"sign-in-{account.name}")

    # --- the worker ---------------------------------------------------------------------------------------

    def _work_on(self) -> None:
        """Handle what was received, carry out what is due, and wait for more."""
        store = Store(self.config.database)
        pipeline, outbox = self._pipeline(store), self._outbox(store)
        pruned_at = self.clock() - timedelta(days=1)
        looked_at_drafts = looked_at_silence = datetime.min.replace(tzinfo=UTC)
        try:
            while not self._stopping.is_set():
                self.heartbeats.beat("worker", WORKER_SILENCE)
                self._work.clear()
                self._take_hints(pipeline)
                handled = pipeline.handle_next()
                due = store.next_due()
                if due is not None and due <= self.clock():
                    outbox.run_due()
                elif handled:
                    continue
                elif self.clock() - looked_at_drafts >= LOOK_AT_DRAFTS:
                    looked_at_drafts = self.clock()
                    outbox.look_at_drafts()
                elif self.clock() - looked_at_silence >= LOOK_AT_SILENCE:
                    looked_at_silence = self.clock()
                    pipeline.look_at_silence()
                else:
                    if self.clock() - pruned_at >= timedelta(days=1):
                        pruned_at = self.clock()
                        store.prune(pruned_at, keep_texts_for(self.config.policy))
                    self._work.wait(LOOK_FOR_WISHES)
        finally:
            outbox.close()
            store.close()

    def _take_hints(self, pipeline: Pipeline) -> None:
        """What the person said by moving mails is a correction, before those mails are handled."""
        for message, hint in pipeline.store.hints():
            try:
                label = pipeline.label_meant(message, hint)
                if actions.take_hint(pipeline.store, message, label, self.clock()):
                    log.info("corrected message=%s verdict=%s", message.key[:8], label)
            except Refused:  # its letter or its hour changed at this very moment: the next round
                log.warning("not corrected yet message=%s", message.key[:8])

    # --- the learner --------------------------------------------------------------------------------------

    def _learn_on(self) -> None:
        """Look now and then whether the person said something new."""
        store = Store(self.config.database)
        try:
            while not self._stopping.is_set():
                self.heartbeats.beat("learner", LEARNER_SILENCE)
                self._learn_if_needed(store)
                self._stopping.wait(LOOK_FOR_WISHES)
        finally:
            store.close()

    def _learn_if_needed(self, store: Store) -> None:
        """Learn where there is something new, and take up what was learned, here or by `onward learn`."""
        if self.learn is None:
            return
        if store.needs_learning():
            learned = actions.learn(store, self.learn, self.clock, lambda: self._stopping.wait(DIES_WITH_US))
            if learned is None:
                return
            log.info(
                "learned taken=%s corrections=%d seconds=%.1f", learned.promoted, learned.corrections, learned.seconds
            )
            self.on_learned(learned)
        try:
            self.refresh()
        except ConfigError:
            log.warning("what was learned is damaged: it is learned anew")
            actions.learn_anew(store, self.learn)

    # --- parts --------------------------------------------------------------------------------------------

    def _open(self, account: AccountConfig, beat: Callable[[], None] = lambda: None) -> Mailbox:
        opened = self.mailboxes.get(account.name)
        return opened() if opened is not None else open_mailbox(account, self.config, beat)

    def _identity(self, account: AccountConfig) -> Identity:
        return identity_for(account, self.config, lambda: self._open(account))

    def _pipeline(self, store: Store) -> Pipeline:
        return pipeline_for(self.config, store, self.classifier, self.clock, self.on_outcome)

    def _outbox(self, store: Store) -> Outbox:
        return Outbox(
            store=store,
            identities={each.name: self._identity(each) for each in self.config.accounts},
            renderer=self.renderer,
            policy=self.config.policy,
            clock=self.clock,
            calendar_file=self.config.home / "reflections.ics",
            desktop=notify.desktop,
            patience=self.patience,
            on_settled=self.on_settled,
        )


def _reader() -> ProcessPoolExecutor:
    """One process that parses mail beside us."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _beside, (os.getpid(),))


def _beside(parent: int) -> None:
    """In that process: Ctrl-C is not for it to answer, and it does not outlive us, however we end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _collect_seldom()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHANED_AFTER)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _collect_seldom() -> None:
    """What was loaded until now stays, and mails leave few cycles: searching for them took a tenth of a first run."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _backoff(failures: int) -> float:
    """Seconds until the next attempt: doubling, with jitter, a quarter of an hour at most."""
    return float(min(FIRST_WAIT * 2 ** (failures - 1), LAST_WAIT) * random.uniform(0.5, 1.0))
