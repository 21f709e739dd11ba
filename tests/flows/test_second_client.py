"""A second program on the person's mailbox: what they do to a draft there, at any moment, with power cuts in between.

Every seed is one schedule against a real Dovecot. Beside the mailbox the test keeps an account of its own: which copies
of the one letter stand where, who gave them their words, and what the person said last. A failure prints the seed, what
happened in order, and the line that replays it.
"""

from __future__ import annotations

import contextlib
import email
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest

from flows.crash_soak import AppendThenRecord
from flows.home import BEGIN, OWN, Clock, CuttableMailbox, PowerCut, account_on, classifier, rejection
from onward import actions, config, drafts
from onward.core import mail
from onward.core.model import Address, Cursor, DraftState, EffectState, RawMail, Refused
from onward.edges import Batch, Mailbox, Place
from onward.edges.render import Renderer
from onward.edges.store import Draft, OpenEffect, Store
from onward.outbox import Identity, Outbox
from onward.pipeline import Pipeline
from onward.service import open_mailbox
from servers.dovecot import Dovecot, require_dovecot

SCHEDULES = 300
RARE = (1735, 2903, 3132, 4169)  # `again` after an edit; power cuts while versions follow each other
QUICK = (  # sign-in processes that stay: a connection costs 3 ms then, not 20
    *("service imap-login {", "service_count=0", "process_min_avail=1", "}"),
    *("service imap {", "service_count=1000", "process_min_avail=2", "}"),
)
FOLDERS = ("Drafts", "Later", "Sent", "Trash")
ALIVE = ("Drafts", "Later", "Sent")
MOMENTS = (  # of Onward's work: the power may go there, or the person do something; more often while a draft is added
    *("before append", "after append", "after start append_draft", "before settle done") * 2,
    *("before find", "before place", "before replies", "before uids", "before start append_draft", "after settle done"),
    *("before withdraw", "after withdraw", "before note_fate", "after note_fate", "after look_again"),
)

SECOND = "a second copy"
LOST = "a lost letter"
REMOVED = "the person's words removed"
UNTRUE = "an untrue state"


@dataclass(eq=False)
class Standing:
    """One copy of the letter, as the person sees it in their mailbox."""

    folder: str
    version: int  # of Onward's, which it is or was made from
    is_own: bool  # bears Onward's key
    message_id: str
    words: str  # their hash
    edited_at: int = 0  # the moment the person gave it these words; 0: they are Onward's
    touched_at: int = 0  # the moment the person last had it in hand; 0: never


@dataclass(frozen=True)
class Word:
    """What the person said to Onward, and was not refused."""

    act: str  # 'edit', 'discard' or 'again'
    at: int  # for an edit: when they began, not when they were done
    version: int  # that was wished for, or dropped
    shown: str = ""  # hash of the words in the mailbox that they were shown before


@dataclass
class WatchedMailbox(CuttableMailbox):
    """A mailbox that tells what Onward really added and removed."""

    on_append: Callable[[str, bytes], None]
    on_withdraw: Callable[[str, int], Callable[[], None]]

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> Place | None:
        self.on_step("before append")
        place = self.inner.append(folder, raw, flags, at)
        self.on_append(folder, raw)
        self.on_step("after append")
        return place

    def withdraw(self, folder: str, uid: int, key: str) -> bool:
        self.on_step("before withdraw")
        note = self.on_withdraw(folder, uid)
        gone = self.inner.withdraw(folder, uid, key)
        if gone:
            note()
        self.on_step("after withdraw")
        return gone


@dataclass
class Table:
    """What the schedules of this module share: the server, the person's mail program, and a database to begin from."""

    server: Dovecot
    path: Path
    client: Any

    def settings(self, home: Path) -> config.Config:
        account = account_on(self.server.imap_port, "alice")
        quiet = {"mail": False, "desktop": False}
        return config.parse({"name": "Sam Doe", "reminders": quiet, "account": [account]}, home)

    def home(self) -> Path:
        """A home in which a rejection was just handled: one draft is wished for, and no folder holds any."""
        for folder in FOLDERS:
            if self.client.select_folder(folder)[b"EXISTS"]:
                self.client.delete_messages("1:*", silent=True)
                self.client.expunge()
        home = Path(tempfile.mkdtemp(dir=self.path))
        shutil.copy(self.path / "begin" / "onward.db", home / "onward.db")
        return home


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """One Dovecot for all schedules, with one more folder, and what the real pipeline made of one rejection."""
    require_dovecot()
    with Dovecot(settings=QUICK) as server:
        client = server.client()
        client.create_folder("Later")
        made = Table(server, tmp_path_factory.mktemp("second-client"), client)
        given = made.settings(made.path / "begin")
        store = Store(given.database)
        pipeline = Pipeline(store, classifier(), Renderer(), given.policy, Clock(), ())
        arrived = RawMail("INBOX", 1, 1, BEGIN, rejection())
        pipeline.receive("main", "INBOX", Batch((arrived,), Cursor(1, 1), 1, 1))
        pipeline.handle_next()
        assert [each.state for each in store.drafts()] == [DraftState.PROPOSED]
        store.close()
        yield made


class Schedule:
    """One seed: Onward, its clock, and a person with two programs, in an order drawn by lot."""

    def __init__(self, table: Table, seed: int, outbox_class: type[Outbox] = Outbox) -> None:
        self.client, self.seed, self.outbox_class = table.client, seed, outbox_class
        self.chance = random.Random(seed)
        self.settings = table.settings(table.home())
        self.clock = Clock()
        self.renderer = Renderer()
        self.trail: list[str] = []
        self.broken: list[str] = []  # promises, each with how
        self.copies: list[Standing] = []
        self.said: list[Word] = []
        self.added: Counter[int] = Counter()  # version -> how often Onward added it
        self.cut_while_adding: set[str] = set()  # effects
        self.has_removed = False  # the person, from Drafts or Later
        self.cut_at = self.meanwhile_at = ""  # the moment at which it happens in this run; '': never
        self.in_onward = self.in_person = False
        self.start()

    def live(self) -> list[str]:
        """The whole schedule, then rest. Returns the promises broken."""
        try:
            for _ in range(self.chance.randint(4, 9)):
                weights = (4, 2, 1.5, 5 if self.copies else 1)
                self.chance.choices((self.run, self.look, self.wait, self.person), weights)[0]()
            self.rest()
            self.account()
        except Exception as error:
            error.add_note(self.report())
            raise
        finally:
            self.store.close()
            shutil.rmtree(self.settings.home)
        return self.broken

    def report(self) -> str:
        """What happened, in order, and what was broken."""
        return "\n".join((f"seed {self.seed}", *self.trail, "", *self.broken))

    # --- Onward -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The process begins: everything is opened anew."""
        self.store = self.opened()
        self.store.on_commit = self.step
        self.outbox = self.outbox_class(
            store=self.store,
            identities={"main": Identity(self.watched, Address(OWN, "Sam Doe"))},
            renderer=self.renderer,
            policy=self.settings.policy,
            clock=self.clock,
            calendar_file=self.settings.home / "reflections.ics",
            desktop=lambda title, line, tag: False,
        )

    def opened(self) -> Store:
        store = Store(self.settings.database)
        store.connection.execute("PRAGMA synchronous = OFF")  # the disk is another test's matter
        return store

    def mailbox(self) -> Mailbox:
        return open_mailbox(self.settings.accounts[0], self.settings)

    def watched(self) -> Mailbox:
        return WatchedMailbox(self.mailbox(), self.step, self.on_append, self.on_withdraw)

    def step(self, name: str) -> None:
        """Every place where the power may go, or the person do something at this very moment."""
        if name == self.meanwhile_at:
            self.meanwhile_at = ""
            self.note(f"  {name}:")
            self.person()
        if name == self.cut_at:
            raise PowerCut(name)

    def run(self) -> None:
        self.onward("Onward runs what is due", self.outbox.run_due)

    def look(self) -> None:
        self.onward("Onward looks at the drafts", self.outbox.look_at_drafts)

    def onward(self, name: str, act: Callable[[], object]) -> None:
        self.note(name)
        self.in_onward = True
        if self.chance.random() < 0.6:
            self.cut_at = self.chance.choice(MOMENTS)
        if self.chance.random() < 0.4 and not self.in_person:
            self.meanwhile_at = self.chance.choice(MOMENTS)
        try:
            act()
        except PowerCut as cut:
            self.note(f"  the power goes {cut}")
            started = self.store.rows("SELECT key FROM effect WHERE kind = 'append_draft' AND state = 'started'")
            self.cut_while_adding.update(row["key"] for row in started)
            self.store.close()
            self.start()
        finally:
            self.cut_at = self.meanwhile_at = ""
            self.in_onward = False

    def wait(self) -> None:
        minutes = self.chance.choice((0.5, 1, 3, 20, 180, 700))
        self.clock.forward(minutes=minutes)
        self.note(f"{minutes} minutes pass")

    def rest(self) -> None:
        """Onward runs undisturbed until nothing is due within the hour, then looks twice, and does what follows."""
        self.note("rest")
        for _ in range(40):
            self.outbox.run_due()
            due = self.store.next_due()
            if due is None or due > self.clock.now + timedelta(hours=1):
                break
            self.clock.now = max(self.clock.now, due)
        else:
            self.breaks(UNTRUE, "it never comes to rest")
        self.outbox.look_at_drafts()
        self.outbox.look_at_drafts()
        self.outbox.run_due()

    def on_append(self, folder: str, raw: bytes) -> None:
        """Onward has added a mail."""
        draft = self.draft()
        _, message_id = mail.key_of(raw)
        version = next(
            each
            for each in range(1, draft.version + 1)
            if mail.new_message_id(replace(draft, version=each).append_key, draft.sender) == message_id
        )
        self.note(f"  + version {version} to {folder}")
        self.copies.append(standing(folder, raw, version))
        self.added[version] += 1
        if self.added[version] > 1:
            self.breaks(SECOND, f"version {version} was added {self.added[version]} times")

    def on_withdraw(self, folder: str, uid: int) -> Callable[[], None]:
        """Onward is about to remove a mail; call what is returned once it is gone."""
        raw = self.read(folder).get(uid, b"")
        copy = self.copy_like(standing(folder, raw, 0))

        def note() -> None:
            if copy is None:
                self.breaks(REMOVED, "a mail that is no copy of the letter")
                return
            self.note(f"  - {named(copy)}")
            self.copies.remove(copy)
            if copy.edited_at and not self.may_go(copy):
                since = sorted({each.act for each in self.said if each.at > copy.edited_at})
                self.breaks(REMOVED, f"{named(copy)}; said after that: {', '.join(since) or 'nothing'}")
            elif not self.may_go(copy):
                self.breaks(LOST, f"{named(copy)} was removed, and nobody asked for it")

        return note

    def may_go(self, copy: Standing) -> bool:
        """Whether Onward may remove this copy. The person's own words go only if they dropped the letter after writing
        them, or began from these very words when they changed it through Onward."""
        if copy.edited_at:
            return self.was_shown(copy) or any(each.act == "discard" and each.at > copy.edited_at for each in self.said)
        return bool(self.said) and (copy.version < self.draft().version or self.is_dropped)

    def must_go(self, copy: Standing) -> bool:
        """Whether Onward has to remove this copy: it is its own, and the person did nothing with it since."""
        may_go = self.may_go(copy) and (not copy.edited_at or self.was_shown(copy))
        return may_go and copy.is_own and copy.folder == "Drafts" and copy.touched_at < self.said[-1].at

    def is_theirs(self, copy: Standing) -> bool:
        """Whether this older copy stands beside the letter by the person's own doing: they asked for one more, or had
        this one in hand after they had begun to change it through Onward. Before that, Onward has to see it."""
        wish = next((each for each in self.said if each.act != "discard" and each.version == copy.version + 1), None)
        meant = wish is not None and (wish.act == "again" or copy.touched_at > wish.at)
        return meant and not self.must_go(copy)

    def was_shown(self, copy: Standing) -> bool:
        return any(each.shown == copy.words and each.at > copy.edited_at for each in self.said)

    @property
    def is_dropped(self) -> bool:
        return bool(self.said) and self.said[-1].act == "discard"

    # --- the person ---------------------------------------------------------------------------------------

    def person(self) -> None:
        """One thing the person does, in their mail program or on Onward's command line."""
        self.in_person = True
        at_hand = [each for each in self.copies if each.folder != "Sent"]
        if at_hand and self.chance.random() < 0.65:
            self.in_parts(self.in_mail_program(self.chance.choice(at_hand)))
        elif self.chance.random() < 0.1:
            self.note("the person begins another letter")
            self.client.append("Drafts", rejection(99), [rb"\Draft"], self.clock.now)
        else:
            self.in_parts(self.on_command_line())
        self.in_person = False

    def in_parts(self, parts: Iterator[None]) -> None:
        """What takes the person two steps may have Onward's work between them."""
        for _ in parts:
            if not self.in_onward and self.chance.random() < 0.35:
                self.chance.choice((self.run, self.look))()

    def in_mail_program(self, copy: Standing) -> Iterator[None]:
        if copy.folder == "Drafts":
            acts = (self.edits, self.sends, self.deletes, self.expunges, self.puts_off)
            return self.chance.choices(acts, (4, 2, 2, 1, 2))[0](copy)
        if copy.folder == "Later":
            return self.chance.choices((self.takes_back, self.deletes), (3, 1))[0](copy)
        return self.takes_back(copy)

    def edits(self, copy: Standing) -> Iterator[None]:
        raw = self.raw_of(copy)
        keeps = self.chance.random() < 0.5
        words = self.reworded(words_in(raw))
        changed = self.rewritten(raw, words, keeps)
        self.note(f"the person edits {named(copy)}, {'the key kept' if keeps else 'as a mail of their own'}")
        yield from self.replaces(copy, "Drafts", changed, True)

    def sends(self, copy: Standing) -> Iterator[None]:
        raw = self.raw_of(copy)
        edited = self.chance.random() < 0.4
        words = self.reworded(words_in(raw)) if edited else words_in(raw)
        changed = self.rewritten(raw, words, self.chance.random() < 0.5) if edited else raw
        self.note(f"the person sends {named(copy)}{', edited' if edited else ''}")
        yield from self.replaces(copy, "Sent", changed, edited)

    def replaces(self, copy: Standing, folder: str, raw: bytes, edited: bool) -> Iterator[None]:
        """The new mail is added and the old one expunged, in either order."""

        def adds() -> None:
            self.note(f"  their program adds to {folder}")
            flags = [rb"\Seen", rb"\Draft"] if folder == "Drafts" else [rb"\Seen"]
            self.client.append(folder, raw, flags, self.clock.now)
            at = len(self.trail)
            self.copies.append(standing(folder, raw, copy.version, at if edited else copy.edited_at, at))

        def expunges() -> None:
            self.note("  their program expunges the old one")
            self.expunge(copy)

        first, second = (adds, expunges) if self.chance.random() < 0.5 else (expunges, adds)
        first()
        yield
        second()

    def deletes(self, copy: Standing) -> Iterator[None]:
        self.moves(copy, "Trash", "deletes")
        self.has_removed = True
        yield

    def puts_off(self, copy: Standing) -> Iterator[None]:
        self.moves(copy, "Later", "puts off")
        yield

    def takes_back(self, copy: Standing) -> Iterator[None]:
        self.moves(copy, "Drafts", "takes back")
        yield

    def expunges(self, copy: Standing) -> Iterator[None]:
        self.note(f"the person expunges {named(copy)}")
        self.expunge(copy)
        self.has_removed = True
        yield

    def moves(self, copy: Standing, folder: str, verb: str) -> None:
        self.note(f"the person {verb} {named(copy)}")
        self.client.move([self.uid_of(copy)], folder)
        copy.folder, copy.touched_at = folder, len(self.trail)

    def expunge(self, copy: Standing) -> None:
        if copy in self.copies:  # else Onward was first
            uid = self.uid_of(copy)
            self.client.delete_messages([uid], silent=True)
            self.client.expunge([uid])
            self.copies.remove(copy)

    def on_command_line(self) -> Iterator[None]:
        return self.chance.choices((self.rewrites, self.discards, self.writes_again), (3, 1.5, 1.5))[0]()

    def rewrites(self) -> Iterator[None]:
        """`onward drafts edit`: shown as it stands, then changed in an editor for as long as the person likes."""
        self.note("$ onward drafts edit")
        at = len(self.trail)
        with self.answered() as store:
            review = actions.review_draft(store, 1, self.mailbox)
            yield
            if not self.in_onward and self.chance.random() < 0.25 and self.copies:
                here = [each for each in self.copies if each.folder == "Drafts"]
                for copy in here[:1]:
                    self.in_parts(self.edits(copy))
            words = self.reworded(review.body)
            actions.edit_draft(store, 1, review.subject, words, self.clock.now, review.seen)
            self.says("edit", at, review.seen)

    def discards(self) -> Iterator[None]:
        self.note("$ onward drafts discard")
        with self.answered() as store:
            actions.discard_draft(store, 1, self.clock.now)
            self.says("discard", len(self.trail))
        yield

    def writes_again(self) -> Iterator[None]:
        self.note("$ onward drafts again")
        with self.answered() as store:
            actions.write_again(store, 1, self.clock.now)
            self.says("again", len(self.trail))
        yield

    def says(self, act: str, at: int, shown: str = "") -> None:
        """Onward took the person at their word."""
        version = self.draft().version
        self.said.append(Word(act, at, version, shown))
        self.note(f"  version {version} is {'dropped' if act == 'discard' else 'wished for'}")

    @contextlib.contextmanager
    def answered(self) -> Iterator[Store]:
        """The store of a command; that it is refused is fine."""
        store = self.opened()
        try:
            yield store
        except Refused as refused:
            self.note(f"  refused: {refused}")
        finally:
            store.close()

    def reworded(self, text: str) -> str:
        """A few words changed, or a third of them dropped."""
        parts = re.split(r"(\s+)", text.strip())
        count = len(parts) // 2 + 1
        if self.chance.random() < 0.5 and count > 20:
            first = self.chance.randrange(count * 2 // 3)
            del parts[2 * first : 2 * (first + count // 3)]
        else:
            for place in self.chance.sample(range(count), min(3, count)):
                parts[2 * place] = f"other{len(self.trail)}"
        return "".join(parts).strip() + "\n"

    def rewritten(self, raw: bytes, text: str, keeps_key: bool) -> bytes:
        """The mail with other words, as a mail program lays it out."""
        message = email.message_from_bytes(raw, policy=policy.SMTP)
        message.set_content(text)
        if not keeps_key:
            del message[mail.KEY_HEADER]
            message.replace_header("Message-ID", f"<own-{len(self.trail)}@mailer.example>")
        return message.as_bytes()

    # --- the mailbox as the person's program sees it ---------------------------------------------------------

    def read(self, folder: str) -> dict[int, bytes]:
        self.client.select_folder(folder)
        uids = self.client.search("ALL")
        found = self.client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
        return {uid: items[b"BODY[]"] for uid, items in found.items()}

    def uid_of(self, copy: Standing) -> int:
        return next(uid for uid, raw in self.read(copy.folder).items() if is_same(copy, standing(copy.folder, raw, 0)))

    def raw_of(self, copy: Standing) -> bytes:
        return self.read(copy.folder)[self.uid_of(copy)]

    def copy_like(self, seen: Standing) -> Standing | None:
        return next((each for each in self.copies if is_same(each, seen)), None)

    # --- the account --------------------------------------------------------------------------------------

    def note(self, words: str) -> None:
        self.trail.append(words)

    def breaks(self, promise: str, how: str) -> None:
        self.broken.append(f"{promise}: {how}")
        self.note(f"  !! {promise}: {how}")

    def draft(self) -> Draft:
        found = self.store.find_draft(1)
        assert found is not None
        return found

    def account(self) -> None:
        """Everything is at rest: what must be true now."""
        draft = self.draft()
        self.note(f"in the end version {draft.version} is {draft.state.value!r}, and there are:")
        self.trail += [f"    {named(each)}" for each in self.copies] or ["    no copies"]
        seen = [standing(folder, raw, 0) for folder in FOLDERS for raw in self.read(folder).values()]
        letters = [each for each in seen if each.message_id != "<no-99@harbour99.example>"]
        if sorted(map(place_of, letters)) != sorted(map(place_of, self.copies)):
            self.breaks(LOST, "the mailbox holds other copies than were put there")
        self.count(draft)
        self.judge(draft)

    def count(self, draft: Draft) -> None:
        """Never a second copy but by the person's own doing, and never none but by their own doing."""
        alive = [each for each in self.copies if each.folder in ALIVE]
        theirs = [each for each in alive if self.is_theirs(each)]
        is_certain = draft.state is not DraftState.UNDECIDED
        if is_certain and len(alive) - len(theirs) > 1:
            self.breaks(SECOND, ", ".join(named(each) for each in alive if each not in theirs))
        waits = any(each.folder in ("Drafts", "Later") for each in alive)
        is_over = self.is_dropped or (not waits and draft.append_key in self.cut_while_adding)  # sent or deleted, older
        if is_certain and not is_over and not self.added[draft.version]:
            self.breaks(LOST, f"version {draft.version} was wished for and never came")
        if is_certain and not alive and not self.has_removed and not any(each.act == "discard" for each in self.said):
            self.breaks(LOST, "no copy stands anywhere")

    def judge(self, draft: Draft) -> None:
        """The state is the true one, and so are the words."""
        there = {each.folder for each in self.copies}
        true = {DraftState.IN_MAILBOX} if there & {"Drafts", "Later"} else set()
        true |= {DraftState.SENT} if "Sent" in there else set()
        put_off = [each for each in self.copies if each.folder == "Later" and each.version < draft.version]
        if all(each in put_off or each.folder == "Trash" for each in self.copies) and self.added[draft.version]:
            true.add(DraftState.DELETED)  # an older one that the person put off does not make the letter wait
        if not there & set(ALIVE):
            true.add(DraftState.DELETED)
        if self.is_dropped:
            used_since = any(each.touched_at > self.said[-1].at for each in self.copies)
            true = {DraftState.DISCARDED} | (true if used_since else set())
            for each in filter(self.must_go, self.copies):
                self.breaks(UNTRUE, f"discarded, and there is {named(each)}")
        elif draft.append_key in self.cut_while_adding:
            true.add(DraftState.UNDECIDED)
        if draft.state not in true:
            self.breaks(UNTRUE, f"{draft.state.value!r}, and the letter stands in {', '.join(sorted(there)) or 'none'}")
        elif draft.state in (DraftState.IN_MAILBOX, DraftState.SENT):
            words = (draft.seen_body or draft.body).split()
            if words not in [words_in(raw).split() for raw in self.read(draft.folder or "Drafts").values()]:
                self.breaks(UNTRUE, f"the words shown do not stand in {draft.folder}")


def standing(folder: str, raw: bytes, version: int, edited_at: int = 0, touched_at: int = 0) -> Standing:
    """A mail as an entry in the account."""
    key, message_id = mail.key_of(raw.partition(b"\r\n\r\n")[0])
    return Standing(folder, version, key is not None, message_id or "", mail.words_hash(raw), edited_at, touched_at)


def words_in(raw: bytes) -> str:
    return mail.words_of(raw)[2]


def place_of(copy: Standing) -> tuple[str, str, str]:
    return copy.folder, copy.message_id, copy.words


def is_same(one: Standing, other: Standing) -> bool:
    return place_of(one) == place_of(other)


def named(copy: Standing) -> str:
    words = "the person's words" if copy.edited_at else "Onward's words"
    return f"version {copy.version} in {copy.folder} ({words}{'' if copy.is_own else ', a mail of their own'})"


# --- the promise, and strategies that break it -----------------------------------------------------------------


@pytest.mark.parametrize("seed", [*range(SCHEDULES), *RARE])
def test_whatever_a_second_client_does_there_is_one_letter_and_its_true_state(
    table: Table, seed: int, request: pytest.FixtureRequest
) -> None:
    schedule = Schedule(table, seed)
    if schedule.live():
        pytest.fail(f"{schedule.report()}\nreplay: pytest '{request.node.nodeid}'", pytrace=False)


class AppendsWhatIsMissing(Outbox):
    """Adds a draft again whenever it is not in Drafts."""

    def look_at_drafts(self, only: str = "") -> int:
        for draft in self.store.watched_drafts([DraftState.IN_MAILBOX], self.clock() - drafts.LOOKED_FOR):
            mailbox, (raw, message_id) = self._mailbox(draft.account), self.draft_mail(draft)
            if mailbox.find("Drafts", mail.key_header(draft.append_key), message_id) is None:
                mailbox.append("Drafts", raw, [r"\Draft"], self.clock())
        return super().look_at_drafts(only)


class RemovesWhatItWrote(Outbox):
    """Takes an older version out whatever the person has made of it since."""

    def _withdraw_draft(self, effect: OpenEffect) -> None:
        payload = {name: value for name, value in effect.payload.items() if name != "only"}
        self.store.connection.execute("UPDATE effect SET words = NULL WHERE key = ?", (payload["append_key"],))
        super()._withdraw_draft(replace(effect, payload=payload))


class NeverAddsTwice(Outbox):
    """Gives an addition up for done when the power went during it."""

    def _append_draft(self, effect: OpenEffect) -> None:
        if effect.state is EffectState.STARTED:
            draft = self._draft_of(effect)
            assert draft is not None
            settled = self.store.draft_settled(draft, DraftState.IN_MAILBOX, self.clock())
            self._settle(effect, EffectState.DONE, then=settled)
        else:
            super()._append_draft(effect)


class NeverLooks(Outbox):
    """Holds what it last did for the truth."""

    def look_at_drafts(self, only: str = "") -> int:
        return 0


@pytest.mark.parametrize(
    ("naive", "promise"),
    [
        (AppendsWhatIsMissing, SECOND),
        (AppendThenRecord, SECOND),
        (NeverAddsTwice, LOST),
        (RemovesWhatItWrote, REMOVED),
        (NeverLooks, UNTRUE),
    ],
)
def test_this_suite_sees_what_a_naive_strategy_breaks(table: Table, naive: type[Outbox], promise: str) -> None:
    for seed in range(SCHEDULES):
        fine, broken = (Schedule(table, seed, each).live() for each in (Outbox, naive))
        if not any(each.startswith(promise) for each in fine) and any(each.startswith(promise) for each in broken):
            return
    raise AssertionError(f"no schedule shows {promise}")
