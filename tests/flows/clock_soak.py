"""Four hundred days on a clock of our own, in six time zones: noes arrive, the machine sleeps, the clock jumps.

    python -m flows.clock_soak --days 400        (from tests/; `--zone` for one of them, `--seed` to repeat a run)

Time goes from event to event: the next arrival, the next reminder due, the next thing a person does. The pipeline,
the outbox, the store and the Maildir are the real ones. What must come of it is worked out here a second time,
from what was delivered and what was heard. Prints the seed and one tally a zone as JSON; 1 on any deviation.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import logging
import os
import random
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.home import OWN, Clock, classifier, rejection
from onward import actions
from onward.core import mail
from onward.core.model import Address, EffectKind, Policy, ReflectionHours, ReflectionState, Refused
from onward.edges import Place
from onward.edges.maildir import MaildirMailbox
from onward.edges.render import Renderer
from onward.edges.store import Store
from onward.outbox import Identity, Outbox
from onward.pipeline import Outcome, Pipeline

ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago"),
    "UTC",
)
BEGIN = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
TWO_DAYS = timedelta(seconds=172_800)
LATE = timedelta(minutes=10)  # a reminder that comes later than this says so
ANSWERED = timedelta(days=3)  # what is older when first seen is remembered, not answered
LEARN = timedelta(days=180)
NIGHT = (time(21, 30), time(8))
CHANNELS = (EffectKind.NOTIFY_MAIL, EffectKind.NOTIFY_DESKTOP)
JUMPS = tuple(timedelta(hours=hours) for hours in (48, -3, 6, 0.5, -26, 1, -1, 72))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # where a clock without a battery begins


@dataclass(frozen=True, slots=True)
class Heard:
    """One reminder, when it was heard: on our clock, and in the order of all that happened."""

    channel: EffectKind
    key: str  # as it stands in the mail's key field, or in the notification's tag
    at: datetime
    order: int
    says_late: bool


@dataclass
class Tally:
    """What happened, and in how many cases it was not what was promised."""

    zone: str
    days: int
    seed: int
    rejections: int = 0
    remembered: int = 0  # first seen too late to be answered
    sessions: int = 0
    drafts: int = 0
    moved: int = 0
    done: int = 0
    skipped: int = 0
    by_mail: int = 0
    on_the_desktop: int = 0
    late: int = 0
    overdue: int = 0  # booked after its two days were over: it was received, and the power went
    downtimes: int = 0
    jumps: int = 0
    clock_changes: int = 0  # of the zone: DST
    deviations: dict[str, int] = field(default_factory=dict)

    def deviates(self, what: str) -> None:
        self.deviations[what] = self.deviations.get(what, 0) + 1


class ListenedMaildir(MaildirMailbox):
    """The Maildir, with every mail added to it written down."""

    on_append: Callable[[str, bytes], None] = staticmethod(lambda folder, raw: None)

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> Place | None:
        self.on_append(folder, raw)
        return super().append(folder, raw, flags, at)


@dataclass
class Life:
    """One person's Onward, its machine and its clock, for some hundred days."""

    path: Path
    zone: str
    days: int
    seed: int
    rejections: int
    outbox_class: type[Outbox] = Outbox

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed} {self.zone}")
        self.tally = Tally(self.zone, self.days, self.seed)
        self.clock = Clock(BEGIN)
        self.true = BEGIN  # what time it really is; the clock may be wrong by `skew`
        self.skew = timedelta()
        self.up = True
        self.order = 0
        self.delivered: dict[str, datetime] = {}  # Message-ID -> when it really arrived
        self.outcomes: dict[str, tuple[Outcome, datetime]] = {}  # Message-ID -> what was decided, and when
        self.heard: list[Heard] = []
        self.answers: Counter[str] = Counter()  # Message-ID -> drafts added that answer it
        self.wished: dict[str, datetime] = {}  # effect -> when it was to be heard: the row forgets, once it is tried
        self.changed: dict[tuple[int, int], int] = {}  # (session, sequence) -> when it ceased to stand, in order
        self.end = BEGIN + timedelta(days=self.days)
        self.policy = Policy(
            unused_limit=1_000_000,  # nobody here uses a letter
            name="Sam Doe",
            own_addresses=frozenset({OWN}),
            hours=ReflectionHours(self.zone),
            answer_within=ANSWERED,
            drafts_per_day=1_000,
        )
        for folder in ("", ".Drafts", ".Sent"):
            for part in ("cur", "new", "tmp"):
                (self.path / "mail" / folder / part).mkdir(parents=True)
        self.plan = self.plans()
        self.start()

    # --- what will happen ---------------------------------------------------------------------------------

    def plans(self) -> list[tuple[datetime, int, str]]:
        """Everything that comes from outside, as a heap of (when, number, what)."""
        chance, span = self.chance, self.days * 86_400
        events: list[tuple[datetime, str]] = []
        at = 0.0
        for _ in range(self.rejections):
            often = 0.1 if chance.random() < 0.2 else 1.0  # bad news likes company
            at += chance.expovariate(self.rejections / span / often * 0.85)
            events.append((BEGIN + timedelta(seconds=at), "arrival"))
            if chance.random() < 0.5:
                events.append((events[-1][0] + timedelta(hours=chance.uniform(0, 60)), "act"))
        for _ in range(max(2, self.days // 10)):
            begun = BEGIN + timedelta(seconds=chance.uniform(0, span))
            events.append((begun, "down"))
            events.append((begun + timedelta(minutes=5 * 1_440 ** chance.random()), "up"))  # 5 minutes to 5 days
        for _ in range(max(2, self.days // 20)):
            jumped = BEGIN + timedelta(seconds=chance.uniform(0, span))
            events.append((jumped, "jump"))
            events.append((jumped + timedelta(hours=chance.uniform(0.2, 60)), "right"))
        events.append((BEGIN + timedelta(seconds=chance.uniform(0, span)), "epoch"))
        events += [(BEGIN + timedelta(days=day, hours=3), "tidy") for day in range(7, self.days, 7)]
        heap = [(when, number, what) for number, (when, what) in enumerate(events) if when < self.end]
        heapq.heapify(heap)
        return heap

    def live(self) -> Tally:
        """Every event in turn, then a week of rest; then the account."""
        while self.plan:
            when, _, what = self.plan[0]
            due = self.next_due()
            if due is not None and due < when:
                self.now(due)
            else:
                heapq.heappop(self.plan)
                self.now(when)
                getattr(self, f"on_{what}")()
            self.work()
        self.on_right()
        self.on_up()
        self.work()
        while (due := self.next_due()) is not None:
            self.now(due)
            self.work()
        self.account()
        self.store.close()
        return self.tally

    def until(self, when: datetime) -> None:
        """Everything that is due by then, each at its time."""
        while (due := self.next_due()) is not None and due < when:
            self.now(due)
            self.work()
        self.now(when)
        self.work()

    def now(self, when: datetime) -> None:
        """The true time is `when`; our clock shows what it shows."""
        self.true = max(self.true, when)
        self.clock.now = self.true + self.skew

    def next_due(self) -> datetime | None:
        """When, in truth, our clock will show that something is due; None while the machine is off."""
        due = self.store.next_due() if self.up else None
        return None if due is None else max(due - self.skew, self.true)

    # --- the machine --------------------------------------------------------------------------------------

    def start(self) -> None:
        """The process begins: everything is opened anew."""
        self.store = Store(self.path / "onward.db")
        self.store.connection.execute("PRAGMA synchronous = OFF")  # the power is another test's matter
        self.mailbox = ListenedMaildir(self.path / "mail", self.path)
        self.mailbox.on_append = self.on_append
        renderer = Renderer()
        self.pipeline = Pipeline(
            self.store, classifier(), renderer, self.policy, self.clock, CHANNELS, on_outcome=self.on_outcome
        )
        self.outbox = self.outbox_class(
            store=self.store,
            identities={"main": Identity(lambda: self.mailbox, Address(OWN, "Sam Doe"))},
            renderer=renderer,
            policy=self.policy,
            clock=self.clock,
            calendar_file=self.path / "reflections.ics",
            desktop=self.on_desktop,
        )

    def work(self) -> None:
        """One round of the service, if the machine is on."""
        if not self.up:
            return
        self.look()
        while self.pipeline.handle_next():
            pass
        for row in self.store.rows("SELECT key, wanted_at FROM effect WHERE kind LIKE 'notify%' AND state = 'waiting'"):
            self.wished.setdefault(row["key"], datetime.fromisoformat(row["wanted_at"]))
        for _ in range(1_000):
            if not self.outbox.run_due():
                return
        raise AssertionError("what is due never comes to an end")

    def look(self) -> None:
        cursor, first_done = self.store.get_cursor("main", "INBOX")
        for batch in self.mailbox.fetch_after("INBOX", cursor, self.clock() - LEARN, first_done):
            self.pipeline.receive("main", "INBOX", batch)
        self.store.finish_first_look("main", "INBOX")

    # --- what happens -------------------------------------------------------------------------------------

    def on_arrival(self) -> None:
        """A no, of a person's, about another place each time."""
        number = len(self.delivered) + 1
        self.delivered[f"<no-{number}@harbour{number}.example>"] = self.true
        file = self.path / "mail" / "new" / f"{number}.M{number}.sender"
        file.write_bytes(rejection(number, self.true))
        os.utime(file, (self.true.timestamp(), self.true.timestamp()))

    def on_down(self) -> None:
        """The lid is closed, or the power goes, sometimes between receiving a mail and handling it."""
        if not self.up:
            return
        self.tally.downtimes += 1
        if self.chance.random() < 0.3:
            self.on_arrival()
            self.look()
        self.up = False

    def on_up(self) -> None:
        if self.up:
            return
        self.up = True
        if self.chance.random() < 0.5:  # else it was only asleep: everything is as it was
            self.store.close()
            self.start()

    def on_jump(self) -> None:
        self.tally.jumps += 1
        self.skew = self.chance.choice(JUMPS)
        self.now(self.true)

    def on_epoch(self) -> None:
        """The machine comes up in 1970, and is put right some minutes later."""
        self.tally.jumps += 1
        self.skew = EPOCH - self.true
        self.now(self.true)
        number = len(self.plan) + 1_000_000
        heapq.heappush(self.plan, (self.true + timedelta(minutes=self.chance.uniform(1, 300)), number, "right"))

    def on_right(self) -> None:
        self.skew = timedelta()
        self.now(self.true)

    def on_tidy(self) -> None:
        """The person clears their folders of what is older than two days."""
        before = (self.true - timedelta(days=2)).timestamp()
        for folder in ("", ".Drafts"):
            for file in (self.path / "mail" / folder / "cur").iterdir():
                if file.stat().st_mtime < before:
                    file.unlink()
        for file in (self.path / "mail" / "new").iterdir():
            if file.stat().st_mtime < before and self.is_known(file):
                file.unlink()

    def is_known(self, file: Path) -> bool:
        number = file.name.partition(".")[0]
        return f"<no-{number}@harbour{number}.example>" in self.outcomes

    def on_act(self) -> None:
        """The person moves a session, or says that it is done or skipped: from a program of its own."""
        store = Store(self.path / "onward.db")
        store.connection.execute("PRAGMA synchronous = OFF")
        try:
            self.act(store)
        except Refused:
            pass
        finally:
            store.close()

    def act(self, store: Store) -> None:
        lately = self.clock() - timedelta(days=1)
        booked = [each for each in store.reflections() if each.state is ReflectionState.BOOKED]
        open_ones = [each for each in booked if each.ends_at > lately]
        if not open_ones:
            return
        session, now = self.chance.choice(open_ones), self.clock()
        what = self.chance.choice(("moved", "moved", "done", "skipped"))
        if what == "moved":
            at = now + timedelta(minutes=15 * self.chance.randint(1, 4 * 24 * 5))
            actions.move_session(store, session.id, at, self.policy, CHANNELS, now)
        else:
            actions.finish_session(store, session.id, ReflectionState(what), now)
        self.order += 1
        self.changed[session.id, session.sequence] = self.order
        setattr(self.tally, what, getattr(self.tally, what) + 1)

    def on_append(self, folder: str, raw: bytes) -> None:
        head, _, _ = raw.partition(b"\r\n\r\n")
        if folder == "INBOX":
            key, _ = mail.key_of(head)
            self.hear(EffectKind.NOTIFY_MAIL, key or "", "This comes late" in mail.words_of(raw)[2])
        else:
            line = next(line for line in head.decode().split("\r\n") if line.startswith("In-Reply-To:"))
            self.answers[line.partition(":")[2].strip()] += 1

    def on_desktop(self, title: str, body: str, tag: str) -> bool:
        self.hear(EffectKind.NOTIFY_DESKTOP, tag, False)
        return True

    def hear(self, channel: EffectKind, key: str, says_late: bool) -> None:
        self.order += 1
        self.heard.append(Heard(channel, key, self.clock(), self.order, says_late))

    def on_outcome(self, outcome: Outcome) -> None:
        if outcome.message.message_id in self.delivered:
            if outcome.message.message_id in self.outcomes:
                self.tally.deviates("handled twice")
            self.outcomes[outcome.message.message_id] = (outcome, self.clock())

    # --- the account --------------------------------------------------------------------------------------

    def account(self) -> None:
        """Hold what was heard and what is stored against what was delivered."""
        self.tally.rejections = len(self.delivered)
        zone = ZoneInfo(self.zone)
        offsets = [(BEGIN + timedelta(hours=hour)).astimezone(zone).utcoffset() for hour in range(self.days * 24)]
        self.tally.clock_changes = sum(one != other for one, other in itertools.pairwise(offsets))
        sessions = self.sessions_of()
        for message_id, arrived_at in self.delivered.items():
            self.account_for(message_id, arrived_at, sessions.get(message_id, 0))
        self.account_for_reminders()

    def sessions_of(self) -> dict[str, int]:
        rows = self.store.rows(
            "SELECT message_id, COUNT(*) AS n FROM reflection_rejection JOIN message ON key = message_key GROUP BY 1"
        )
        return {row["message_id"]: row["n"] for row in rows}

    def account_for(self, message_id: str, arrived_at: datetime, sessions: int) -> None:
        """One session and one draft for one no, within two days of when it counts as arrived."""
        if message_id not in self.outcomes:
            self.tally.deviates("lost")
            return
        outcome, handled_at = self.outcomes[message_id]
        answered = handled_at - arrived_at <= ANSWERED
        if (sessions, self.answers[message_id]) != (int(answered), int(answered)):
            self.tally.deviates("not one session and one draft")
        if not answered:
            self.tally.remembered += 1
            return
        booking = outcome.decision.booking
        if booking is None:
            self.tally.deviates("no session")
            return
        self.tally.sessions += 1
        self.tally.drafts += self.answers[message_id]
        noticed_at, starts_at = outcome.message.noticed_at, booking.slot.starts_at
        unbelievable = arrived_at - noticed_at > timedelta(minutes=5) or noticed_at - arrived_at > timedelta(hours=24)
        deadline = (noticed_at if unbelievable else arrived_at) + TWO_DAYS
        if handled_at > deadline:
            self.tally.overdue += 1
            deadline = handled_at + TWO_DAYS
        if starts_at > deadline:
            self.tally.deviates("later than 48 hours")
        if starts_at < handled_at:
            self.tally.deviates("booked in the past")

    def account_for_letter(self, found: list[Heard], key: str) -> None:
        """Word of a letter that waits: at most once, and not at night."""
        if len(found) > 1:
            self.tally.deviates("heard twice")
        for each in found:
            self.account_for_one(each, "letter", self.wished[key])

    def account_for_reminders(self) -> None:
        """Each once, for the hour that stands, not before its time and not at night."""
        heard: dict[tuple[str, str], list[Heard]] = defaultdict(list)
        for each in self.heard:
            heard[each.channel, each.key].append(each)
        standing = {each.id: each.sequence for each in self.store.reflections() if each.state is ReflectionState.BOOKED}
        kinds: dict[tuple[int, EffectKind], set[str]] = defaultdict(set)
        for row in self.store.rows("SELECT key, kind, state FROM effect WHERE kind LIKE 'notify%'"):
            if ":letter:" in row["key"]:
                self.account_for_letter(heard.pop((row["kind"], mail.key_header(row["key"])), []), row["key"])
                continue
            channel, session, sequence, kind = row["key"].split(":")
            found = heard.pop((channel, mail.key_header(row["key"])), [])
            stands = standing.get(int(session)) == int(sequence)
            if stands:
                kinds[int(session), EffectKind(channel)].add(kind)
            if len(found) > 1:
                self.tally.deviates("heard twice")
            if stands and not found:
                self.tally.deviates("not heard")
            if row["state"] not in ("done", "cancelled"):
                self.tally.deviates(f"left {row['state']}")
            for each in found:
                self.account_for_one(each, kind, self.wished[row["key"]])
                if not stands and each.order > self.changed.get((int(session), int(sequence)), 0):
                    self.tally.deviates("heard after its session was changed")
        for _ in heard:
            self.tally.deviates("heard, and nobody wished for it")
        for session_id in standing:
            if not {"soon", "after"} <= kinds[session_id, EffectKind.NOTIFY_MAIL]:
                self.tally.deviates("a session without its reminders")
            if "soon" not in kinds[session_id, EffectKind.NOTIFY_DESKTOP]:
                self.tally.deviates("a session without its notification")

    def account_for_one(self, each: Heard, kind: str, due_at: datetime) -> None:
        by_mail = each.channel is EffectKind.NOTIFY_MAIL
        self.tally.by_mail += by_mail
        self.tally.on_the_desktop += not by_mail
        late = each.at - due_at > LATE
        self.tally.late += late
        if each.at < due_at:
            self.tally.deviates("heard before its time")
        if by_mail and late != each.says_late:
            self.tally.deviates("late without a word, or a word without being late")
        if kind != "soon" and self.is_night(each.at):
            self.tally.deviates("heard at night")

    def is_night(self, moment: datetime) -> bool:
        wall = moment.astimezone(ZoneInfo(self.zone)).time()
        return wall >= NIGHT[0] or wall < NIGHT[1]


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: files here are synced often, and the disk is another test's matter."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="onward-clock-", dir=memory if os.access(memory, os.W_OK) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def soak(zone: str, days: int, seed: int, rejections: int, outbox_class: type[Outbox] = Outbox) -> Tally:
    """One zone's days."""
    with quick_folder() as folder:
        return Life(folder, zone, days, seed, rejections, outbox_class).live()


def main() -> int:
    """Print the seed, soak every zone, print the tallies; 1 when anything was not as promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--rejections", type=int, default=300)
    parser.add_argument("--zone", choices=ZONES, action="append")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    print(f"seed {given.seed}", flush=True)
    clean = True
    for zone in given.zone or ZONES:
        tally = soak(zone, given.days, given.seed, given.rejections)
        clean = clean and not tally.deviations
        print(json.dumps(asdict(tally)), flush=True)
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
