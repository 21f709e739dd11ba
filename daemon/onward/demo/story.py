"""`onward demo`: the real service at work on a sample mailbox, told in the terminal as it happens.

An IMAP server in memory, a throwaway home, the same `Service` that `onward run` starts. Nothing here decides
or pretends: every line is read from what the service said and from what stands on the server and in the
database afterwards. Where the classifier is wrong, the story says so.
"""

from __future__ import annotations

import contextlib
import email
import io
import logging
import os
import re
import secrets
import shutil
import sys
import tempfile
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import policy as mail_policy
from email.message import EmailMessage
from pathlib import Path

from onward import config, screen, service
from onward.config import Config
from onward.core import agenda, mail, tracker
from onward.core.model import Address, Application, Band, Decision, Label, Letter, OnwardError, Stage
from onward.demo.sample import ADDRESS, OWNER, SampleMail, read_sample
from onward.demo.server import EmbeddedServer, Stored
from onward.edges.store import Store
from onward.pipeline import Classifier, Outcome
from onward_classifiers import score

PATIENCE = 15.0  # seconds for each thing that is expected to happen
READ_FLAG = timedelta(days=2)  # mails older than this were read by their owner
WIDEST = 80  # columns
READS_ONLY = re.compile(  # what may be said to a server without changing a mail; APPEND only ever adds one
    r"CAPABILITY|LOGIN|AUTHENTICATE|ID|NAMESPACE|LIST|STATUS|EXAMINE|NOOP|IDLE|DONE|APPEND|LOGOUT|UID SEARCH|UID FETCH"
)
MARKS_READ = re.compile(r"BODY\[|RFC822(?!\.SIZE)", re.IGNORECASE)  # in a FETCH (RFC 9051 §6.4.5)
SAID = {
    Label.REJECTION: "a no",
    Label.ACKNOWLEDGEMENT: "a receipt",
    Label.STATUS_UPDATE: "news with nothing decided",
    Label.INTERVIEW: "mail about an interview",
    Label.ASSESSMENT: "a task to solve",
    Label.OFFER: "an offer",
    Label.WITHDRAWAL: "an application withdrawn",
    Label.RECRUITER_OUTREACH: "a recruiter writing first",
    Label.JOB_ALERT: "a list of jobs",
    Label.FEEDBACK_REPLY: "feedback",
    Label.OTHER: "other mail",
}
REACHED = {
    Stage.APPLIED: "applied",
    Stage.SCREEN: "first talk",
    Stage.INTERVIEW: "interview",
    Stage.FINAL: "final round",
    Stage.OFFER: "offer",
}
REMINDED = {
    "booked": "it is kept",
    "day": "it is today",
    "soon": "it begins soon",
    "after": "how was it?",
}


class Disappointed(OnwardError):
    """Something the story had reason to expect did not happen."""


def demo_command(port: int | None = None, stay: bool | None = None) -> int:
    """Play the story. 0: all of it happened; 1: something did not, and it was said what; 130: interrupted.

    `stay` keeps the mailbox up for a look around; None: when a person sits at a terminal.
    """
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return play(score.Classifier.load(), port or 0, at_terminal if stay is None else stay)


def play(classifier: Classifier, port: int, stay: bool, clock: Callable[[], datetime] = service.utc_now) -> int:
    """The whole story, with this classifier and this clock."""
    page = Page()
    with tempfile.TemporaryDirectory(prefix="onward-demo-") as folder, _log_kept() as kept:
        try:
            server = EmbeddedServer({ADDRESS: f"robin-{secrets.token_hex(3)}"}, port=port).start()
        except OSError:
            page.say(f"Port {port} is taken on this machine. Leave it out, and a free one is found: onward demo")
            return 1
        try:
            _tell(page, server, Path(folder), classifier, clock, stay)
        except Disappointed as error:
            page.gap()
            page.say(f"This did not go as it should: {error}")
            page.lines(kept)
            return 1
        except KeyboardInterrupt:
            page.gap()
            page.say("Ended. Nothing is left behind.")
            return 130
        finally:
            server.stop()
    return 0


def _tell(
    page: Page, server: EmbeddedServer, folder: Path, classifier: Classifier, clock: Callable[[], datetime], stay: bool
) -> None:
    settings = make_config(server, folder)
    story = Story(page, server, settings, clock, read_sample())
    story.open()
    with story.running(classifier):
        story.look_back()
        story.live()
        story.close()
        if stay:
            story.stay()


def make_config(server: EmbeddedServer, folder: Path) -> Config:
    """The configuration a person would write, and its password in a file beside it."""
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_bytes(server.users[ADDRESS.encode()])
    table = {
        "name": OWNER,
        "reminders": {"desktop": False},  # the invented noes of Robin's are no business of this desktop
        "account": [
            {
                "name": "sample",
                "address": ADDRESS,
                "host": "127.0.0.1",
                "port": server.port,
                "security": "plain",
                "password_file": str(password),
            }
        ],
    }
    return config.parse(table, folder / "home", folder / "config.toml")


@dataclass
class Heard:
    """What the service said of each mail, by Message-ID. Written by its threads, waited for by ours."""

    _said: dict[str, Outcome] = field(default_factory=dict)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, outcome: Outcome) -> None:
        """One mail was handled."""
        with self._news:
            self._said[outcome.message.message_id or outcome.message.key] = outcome
            self._news.notify_all()

    def find(self, message_id: str) -> Outcome | None:
        """What was said of this mail so far."""
        with self._news:
            return self._said.get(message_id)


@dataclass
class Story:
    """The demo as it unfolds: what was delivered, what was heard, what was told."""

    page: Page
    server: EmbeddedServer
    settings: Config
    clock: Callable[[], datetime]
    sample: list[SampleMail]
    heard: Heard = field(default_factory=Heard)
    ready: threading.Event = field(default_factory=threading.Event)
    delivered: dict[str, tuple[SampleMail, Stored]] = field(default_factory=dict)  # by Message-ID, as it was then
    running_service: service.Service | None = None
    ended: list[BaseException] = field(default_factory=list)  # what the service died of

    # --- the parts -----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Lay out the past month."""
        now = self.clock()
        history = [each for each in self.sample if each.age is not None]
        for each in sorted(history, key=lambda one: one.age or timedelta(), reverse=True):
            assert each.age is not None
            self._deliver(each, now - each.age, [b"\\Seen"] if each.age > READ_FLAG else [])
        self.page.title("Onward: a no, and what comes after it")
        self.page.say(
            f"This is the mailbox of {OWNER}, who looks for work. Every mail is invented. The mail server, the "
            "service and its database are real; they run on this machine only and are gone when the story ends."
        )

    @contextlib.contextmanager
    def running(self, classifier: Classifier) -> Iterator[None]:
        """The service at work, as `onward run` has it."""
        self.running_service = running = service.Service(
            self.settings, classifier, clock=self.clock, on_outcome=self.heard.hear, on_ready=self.ready.set
        )

        def run() -> None:
            try:
                running.run()
            except BaseException as error:
                self.ended.append(error)

        thread = threading.Thread(target=run, name="service", daemon=True)
        thread.start()
        try:
            yield
        finally:
            running.stop()
            thread.join(PATIENCE)

    def look_back(self) -> None:
        """The first look over the past month."""
        begun = time.monotonic()
        history = [key for key, (each, _) in self.delivered.items() if each.age is not None]
        self._until(self.ready.is_set, "the first look over the mailbox did not come to an end")
        self._until(
            lambda: all(self.heard.find(key) for key in history),
            lambda: "not every mail of the past month was handled" + self._stuck(),
        )
        unread = sum(b"\\Seen" not in stored.flags for _, stored in self.delivered.values())
        self.page.heading("The first look")
        self.page.say(
            f"{len(history)} mails of the past month read in {time.monotonic() - begun:.1f} seconds. The {unread} "
            "that were unread still are."
        )
        with self._store() as store:
            applications = store.applications()
        self.page.gap()
        self.page.say(f"{screen.count(len(applications), 'application')} found in them:")
        self.page.columns([self._application_row(each) for each in applications])
        self._tell_past_noes(history)
        self._tell_past_misreadings(history)

    def live(self) -> None:
        """What arrives while Onward watches."""
        self.page.heading("And now, mail arrives")
        begun = time.monotonic()
        for each in sorted((one for one in self.sample if one.age is None), key=lambda one: one.after):
            time.sleep(max(0.0, begun + each.after - time.monotonic()))
            key = self._deliver(each, self.clock(), [])
            self._until(
                lambda key=key: self.heard.find(key) is not None,  # type: ignore[misc]
                lambda each=each: f"{each.file} arrived and was not handled{self._stuck()}",  # type: ignore[misc]
            )
            outcome = self.heard.find(key)
            assert outcome is not None
            self._tell_live(each, outcome)

    def close(self) -> None:
        """What a person would find now, that nothing of theirs was changed, and what to do next."""
        self._until(self._nothing_is_due, "something that was due was not carried out")
        drafts = [self._draft(each) for each in self.server.mailbox("Drafts").messages]
        notes = len(self.server.mailbox("INBOX").messages) - len(self.delivered)
        with self._store() as store:
            sessions = store.reflections()
            questions = store.rows("SELECT 1 FROM question WHERE answered_at IS NULL")
        self.page.heading("What you would find now")
        people = ", ".join(_named(letter["To"]) for letter in drafts)
        days = Counter(self._day(each.starts_at) for each in sessions)
        inbox = f"your mail, and {screen.count(notes, 'note')} from Onward to you about those hours"
        rows = [
            ("Drafts", f"{screen.count(len(drafts), 'letter')}, unsent" + (f": {people}" if people else "")),
            (
                "Calendar",
                f"{screen.count(len(sessions), 'hour')} to look back"
                + (": " + ", ".join(f"{day} {number}" for day, number in days.items()) if days else ""),
            ),
            ("Inbox", inbox if notes else "your mail; notes about those hours come in the morning, not at night"),
        ]
        if questions:
            rows.append(("Questions", f"{len(questions)} that Onward would rather ask than guess"))
        self.page.fields(rows)
        self.page.heading("What was done to the mailbox")
        self._prove_untouched()
        self.page.heading("Next")
        self.page.say("Try it on your own past mail (.eml files, an mbox or a Maildir); it only reads:")
        self.page.command("onward rehearse ~/Mail")
        self.page.say("Then write a configuration, and let it watch:")
        self.page.command("onward config edit")

    def stay(self) -> None:
        """Up for a look around, until the person has seen enough."""
        self.page.heading("Look around, if you like")
        self.page.say("The mailbox stays up. Any mail client on this machine can open it:")
        self.page.fields(
            [
                ("IMAP", f"127.0.0.1, port {self.server.port}, no encryption"),
                ("User", ADDRESS),
                ("Password", self.server.users[ADDRESS.encode()].decode()),
            ]
        )
        self.page.gap()
        self.page.say("Enter or Ctrl-C ends it, and nothing is left behind.")
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.readline()

    # --- what was delivered --------------------------------------------------------------------------------

    def _deliver(self, each: SampleMail, at: datetime, flags: list[bytes]) -> str:
        """Put one mail into the inbox. Returns its Message-ID."""
        raw = each.arriving(at, self.settings.hours.timezone)
        _, message_id = mail.key_of(raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0])
        assert message_id is not None  # a test reads the whole sample
        inbox = self.server.mailbox("INBOX")
        stored = inbox.find(inbox.deliver(raw, at, flags))
        assert stored is not None
        self.delivered[message_id] = (each, stored)
        return message_id

    # --- the first look ------------------------------------------------------------------------------------

    def _application_row(self, application: Application) -> tuple[str, str, str]:
        ended = ", closed" if application.closed else ""
        return application.company or "(no name found)", application.role, REACHED[application.stage] + ended

    def _tell_past_noes(self, history: list[str]) -> None:
        """Noes of the past: remembered; the last days' answered still."""
        now, noes = self.clock(), [each for key in history if _is_no(each := self._outcome(key))]
        old = [each for each in noes if now - each.message.arrived_at > self.settings.answer_within]
        recent = [each for each in noes if each not in old]
        if old:
            self.page.gap()
            count = screen.count(len(old), "no", "noes")
            self.page.say(f"{count} of the past weeks: remembered, and not answered so late.")
            self.page.columns([(_place(each), f"{(now - each.message.arrived_at).days} days ago", "") for each in old])
        if recent:
            self.page.gap()
            count = screen.count(len(recent), "no", "noes")
            self.page.say(f"{count} of the last {self.settings.answer_within.days} days, not too late to answer:")
            for each in recent:
                self.page.gap()
                self.page.say(f"{_sender(each)}, {_place(each)}", "  ")
                self._tell_consequences(each, whole_letter=False)

    def _tell_past_misreadings(self, history: list[str]) -> None:
        """Honest about the classifier: what a careful person would have read otherwise."""
        wrong = [
            (key, self.delivered[key][0]) for key in history if _misread(self._outcome(key), self.delivered[key][0])
        ]
        asked = [key for key in history if self._outcome(key).decision.question is not None]
        if asked:
            self.page.gap()
            self.page.say(
                f"{screen.count(len(asked), 'mail')} it was not sure about: "
                "it asks you about those, and does nothing by itself."
            )
        noes = [(key, each) for key, each in wrong if Label.REJECTION in (each.label, _taken_for(self._outcome(key)))]
        if noes:
            self.page.gap()
            self.page.say("Misread, a careful person would say:")
            for key, each in noes:
                taken = SAID[_taken_for(self._outcome(key))]
                self.page.say(f"· {_sender(self._outcome(key))}: taken for {taken}, and is {SAID[each.label]}", "  ")
        others = len(wrong) - len(noes)
        if others:
            self.page.gap()
            more = " more" if noes else ""
            self.page.say(f"{screen.count(others, 'mail')}{more} put under another label; nothing follows from that.")

    # --- a mail that arrives -------------------------------------------------------------------------------

    def _tell_live(self, each: SampleMail, outcome: Outcome) -> None:
        """What arrived, what it was taken for and why, and what followed."""
        prediction, decision = outcome.prediction, outcome.decision
        self.page.gap()
        self.page.strong(f"{_sender(outcome)}: {outcome.message.subject}")
        if decision.verdict.band is Band.ASK:
            self.page.say(f"Perhaps a no ({_sure(decision.verdict.confidence)}): not enough to act on.", "  ")
        else:
            self.page.say(f"Taken for {SAID[decision.verdict.label]} ({_sure(decision.verdict.confidence)}).", "  ")
        said = decision.feedback.point if decision.feedback is not None else ""
        if (said or prediction.evidence) and decision.verdict.label is not Label.OTHER:
            self.page.quote(said or prediction.evidence, "  ")
        if _misread(outcome, each):
            followed = decision.letter is not None or decision.booking is not None
            remedy = "takes back all that followed" if followed else "puts it right"
            self.page.say(
                f"Onward is wrong here: a careful person would say it is {SAID[each.label]}. One correction {remedy}.",
                "  ",
            )
        if decision.question is not None:
            self.page.say(f"It asks you: {decision.question.text}", "  ")
        elif _is_no(outcome):
            self._tell_consequences(outcome, whole_letter=True)
        elif decision.feedback is not None:
            about = " and ".join(theme.replace("_", " and ") for theme in decision.feedback.themes)
            self.page.say(f"Kept word for word{f'. It is about {about}' if about else ''}.", "  ")
            if decision.letter is not None:
                self._tell_draft(outcome, whole=True)
        elif decision.change is not None:
            self.page.say(f"Noted{_with_place(outcome)}. Nothing to answer.", "  ")
        elif decision.verdict.label is Label.OTHER and not _misread(outcome, each):
            self.page.say("Left alone: it answers no application.", "  ")
        else:
            self.page.say("Left alone.", "  ")

    def _tell_consequences(self, outcome: Outcome, whole_letter: bool) -> None:
        """The draft as it stands on the server, the hour as it stands in the database; or why there is none."""
        decision = outcome.decision
        if decision.letter is None:
            self.page.say(f"No letter: {'; '.join(decision.reasons)}.", "  ")
        else:
            self._tell_draft(outcome, whole_letter)
        if decision.booking is None:
            return
        slot, hours = decision.booking.slot, self.settings.hours
        with self._store() as store:
            if slot.starts_at not in [each.starts_at for each in store.reflections()]:
                raise Disappointed("an hour was decided on and is not in the database")
        when = agenda.say_when(slot.starts_at, slot.ends_at, self.clock(), hours.timezone)
        self.page.say(f"An hour to look back is kept: {when}." + (f" ({slot.reason}.)" if slot.reason else ""), "  ")
        if whole_letter:
            self.page.say(f"Notes to yourself: {self._reminders(decision)}.", "  ")

    def _tell_draft(self, outcome: Outcome, whole: bool) -> None:
        message, letter = outcome.message, outcome.decision.letter
        assert letter is not None
        replies: list[Stored] = []

        def arrived() -> bool:
            replies[:] = [
                each
                for each in self.server.mailbox("Drafts").messages
                if str(self._draft(each)["In-Reply-To"]).strip() == message.message_id
            ]
            return bool(replies)

        self._until(arrived, f"the letter to {letter.recipient} did not reach Drafts")
        if len(replies) > 1:
            raise Disappointed(f"there are {len(replies)} drafts for one no")
        draft = self._draft(replies[0])
        thread = str(draft["References"]).split()
        if b"\\Draft" not in replies[0].flags or message.message_id not in thread:
            raise Disappointed("the draft is not marked as one, or not in the thread")
        if not whole:
            self.page.say(f"In Drafts: a letter to {_named(draft['To'])}, unsent.", "  ")
            return
        self.page.say(f"{_capital(outcome.decision.reasons[0])}. Now in Drafts, in the same thread, unsent:", "  ")
        self.page.gap()
        self.page.letter(
            [f"To: {draft['To']}", f"Subject: {draft['Subject']}", "", *str(draft.get_content()).rstrip().split("\n")]
        )
        self.page.gap()
        self._tell_what_to_mend(outcome, letter)

    def _tell_what_to_mend(self, outcome: Outcome, letter: Letter) -> None:
        """Why a letter waits to be read: what is wrong with this one, as far as the sample knows."""
        company = self.delivered[outcome.message.message_id or ""][0].company
        named = tracker.plain(letter.facts["company"])
        if named and named not in tracker.plain(company):
            self.page.say(f"(It has the name wrong, it is {company}: a letter waits to be read before it goes.)", "  ")

    def _reminders(self, decision: Decision) -> str:
        """When word of the hour comes, and what it says: 'now (it is kept), today 16:45 (it begins soon), …'."""
        assert decision.booking is not None
        now, zone = self.clock(), agenda.zone_of(self.settings.hours.timezone)
        told = []
        for kind, due in decision.booking.reminders:
            day = agenda.say_day(due, now, zone).partition(" (")[0]
            when = "now" if due <= now else f"{day} {agenda.say_clock(due, zone)}"
            told.append(f"{when} ({REMINDED.get(kind, kind)})")
        return ", ".join(told)

    # --- the proof -----------------------------------------------------------------------------------------

    def _prove_untouched(self) -> None:
        """Every mail as it was delivered: number, flags, bytes. And the words Onward used on the wire."""
        inbox = self.server.mailbox("INBOX")
        now = {each.uid: each for each in inbox.messages}
        changed = [before for _, before in self.delivered.values() if not _same(before, now.get(before.uid))]
        if changed:
            raise Disappointed(f"{screen.count(len(changed), 'mail')} of the mailbox changed")
        elsewhere = {name: len(box.messages) for name, box in self.server.mailboxes.items() if name != "INBOX"}
        strangers = {name for name, number in elsewhere.items() if number and name != "Drafts"}
        if strangers:
            raise Disappointed(f"there is mail in {', '.join(sorted(strangers))}, where none should be")
        verbs = self._verbs()
        if self.server.failures:
            raise Disappointed(f"the sample mail server failed: {self.server.failures[0]}")
        self.page.say(
            f"All {len(self.delivered)} mails are where they were: the same numbers, the same flags, the same "
            "bytes. None was moved or marked as read. Sent is empty: nothing went out to anyone."
        )
        self.page.gap()
        self.page.say("All that Onward ever said to the server:")
        self.page.say(", ".join(verbs), "  ")
        self.page.say(
            "EXAMINE opens a folder for reading only; APPEND added the letters and notes. "
            "No SELECT, no STORE, no MOVE, no EXPUNGE."
        )

    def _verbs(self) -> list[str]:
        """The commands Onward gave, in the order they were first given. Raises Disappointed for one it must not."""
        verbs: dict[str, None] = {}
        for _, line in self.server.log:
            if line == b"<withheld>":  # the password
                continue
            tag, _, command = line.decode("ascii", "replace").partition(" ")
            words = (command or tag).upper().split()
            verb = " ".join(words[:2]) if words[:1] == ["UID"] else words[0]
            if not READS_ONLY.fullmatch(verb) or (verb == "UID FETCH" and MARKS_READ.search(command)):
                raise Disappointed(f"Onward said {verb} to the mailbox in a way that can change it")
            verbs[verb] = None
        return list(verbs)

    # --- waiting and looking -------------------------------------------------------------------------------

    def _until(self, happened: Callable[[], bool], otherwise: str | Callable[[], str]) -> None:
        """Wait for something. Raises Disappointed when it does not come, or the service is gone."""
        end = time.monotonic() + PATIENCE
        while not happened():
            if self.ended:
                raise Disappointed(f"the service ended: {type(self.ended[0]).__name__}: {self.ended[0]}")
            if time.monotonic() > end:
                raise Disappointed(otherwise if isinstance(otherwise, str) else otherwise())
            time.sleep(0.01)

    def _outcome(self, message_id: str) -> Outcome:
        outcome = self.heard.find(message_id)
        assert outcome is not None  # waited for
        return outcome

    def _nothing_is_due(self) -> bool:
        with self._store() as store:
            return not store.due_effects(self.clock())

    def _stuck(self) -> str:
        with self._store() as store:
            rows = store.rows("SELECT subject, reason FROM message WHERE state = 'stuck'")
        return "".join(f"; set aside: {row['subject']} ({row['reason']})" for row in rows)

    @contextlib.contextmanager
    def _store(self) -> Iterator[Store]:
        store = Store(self.settings.database)
        try:
            yield store
        finally:
            store.close()

    def _draft(self, stored: Stored) -> EmailMessage:
        parsed = email.message_from_bytes(stored.raw, policy=mail_policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def _day(self, moment: datetime) -> str:
        zone = agenda.zone_of(self.settings.hours.timezone)
        return agenda.say_day(moment, self.clock(), zone).partition(" (")[0]


# --- small words -----------------------------------------------------------------------------------------


def _is_no(outcome: Outcome) -> bool:
    return outcome.decision.verdict.label is Label.REJECTION and outcome.decision.question is None


def _taken_for(outcome: Outcome) -> Label:
    verdict = outcome.decision.verdict
    return outcome.prediction.label if verdict.band is Band.ASK else verdict.label


def _misread(outcome: Outcome, each: SampleMail) -> bool:
    """Whether it was held for something it is not. A question holds nothing."""
    return outcome.decision.question is None and outcome.decision.verdict.label is not each.label


def _sender(outcome: Outcome) -> str:
    sender = outcome.message.sender
    return _spoken(sender) if sender else "nobody"


def _spoken(address: Address) -> str:
    """A name as it is said: 'Sabine Oehlert' for 'Oehlert, Sabine'; else the address."""
    last, comma, first = address.name.partition(", ")
    return f"{first} {last}" if comma and "," not in first else address.name or address.email


def _place(outcome: Outcome) -> str:
    """'Acme, Data Engineer', as far as the mail names them; else who wrote."""
    found = (outcome.prediction.company, outcome.prediction.role)
    return ", ".join(each.value for each in found if each) or _sender(outcome)


def _with_place(outcome: Outcome) -> str:
    found = (outcome.prediction.company, outcome.prediction.role)
    named = ", ".join(each.value for each in found if each)
    return f" for {named}" if named else ""


def _sure(confidence: float) -> str:
    return f"{min(confidence, 0.99):.0%} sure"


def _named(header: object) -> str:
    """The name in an address field, else the address."""
    found = mail.addresses([(each.display_name, each.addr_spec) for each in getattr(header, "addresses", ())])
    return _spoken(found[0]) if found else str(header)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _same(before: Stored, after: Stored | None) -> bool:
    return after is not None and (after.flags, after.raw, after.modseq) == (before.flags, before.raw, before.modseq)


# --- the page --------------------------------------------------------------------------------------------


class Page:
    """Where the story is written: short lines, two weights of type, nothing that moves."""

    def __init__(self) -> None:
        columns = shutil.get_terminal_size((WIDEST, 24)).columns
        self.width = max(40, min(columns, WIDEST))
        self._styled = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that knows few letters
        self._empty = True  # the last line was

    def title(self, text: str) -> None:
        self._write(self._bold(text))
        self.gap()

    def heading(self, text: str) -> None:
        self.gap()
        self._write(self._bold(text))
        self._write("─" * min(len(text), self.width))

    def strong(self, text: str) -> None:
        for each in self._folded(text, ""):
            self._write(self._bold(each))

    def say(self, text: str, indent: str = "") -> None:
        for each in self._folded(text, indent):
            self._write(each)

    def quote(self, text: str, indent: str) -> None:
        """A sentence of the mail itself."""
        self.say(f"“{text}”", indent)

    def letter(self, paragraphs: list[str]) -> None:
        """A mail, with a line down its side."""
        for each in paragraphs:
            for one in self._folded(each, "  │ ") or ["  │"]:
                self._write(one.rstrip())

    def command(self, text: str) -> None:
        self._write("  " + self._bold(text))

    def lines(self, texts: list[str]) -> None:
        for each in texts:
            self.say(each, "  ")

    def fields(self, rows: list[tuple[str, str]]) -> None:
        widest = max(len(name) for name, _ in rows) + 2
        for name, value in rows:
            folded = self._folded(value, " " * widest)
            self._write(f"{name:<{widest}}{folded[0][widest:]}")
            for each in folded[1:]:
                self._write(each)

    def columns(self, rows: list[tuple[str, str, str]]) -> None:
        """Three columns; the widest give way."""
        from rich.cells import cell_len, set_cell_size

        cells = [[screen.line(each) for each in row] for row in rows]
        widths = [max((cell_len(row[column]) for row in cells), default=0) for column in range(3)]
        while sum(widths) + 6 > self.width:
            widths[widths.index(max(widths))] -= 1
        for row in cells:
            shown = [set_cell_size(screen.cut(each, size), size) for each, size in zip(row, widths, strict=True)]
            self._write("  " + "  ".join(shown).rstrip())

    def gap(self) -> None:
        """One empty line, however often it is asked for."""
        if not self._empty:
            self._write("")

    def _folded(self, text: str, indent: str) -> list[str]:
        folded = textwrap.wrap(screen.line(text), self.width - len(indent), break_on_hyphens=False)
        return [indent + each for each in folded]

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._styled else text

    def _write(self, text: str) -> None:
        self._empty = not text
        print(text, flush=True)


@contextlib.contextmanager
def _log_kept() -> Iterator[list[str]]:
    """The service's warnings, kept for the case that something goes wrong instead of printed in between."""
    kept: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    log, keeper = logging.getLogger("onward"), Keeper(logging.WARNING)
    propagate, log.propagate = log.propagate, False
    log.addHandler(keeper)
    try:
        yield kept
    finally:
        log.removeHandler(keeper)
        log.propagate = propagate
