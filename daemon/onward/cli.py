"""The command line: what can be typed, and what is said in return.

Translates and never decides: every act is one call of `actions`, every listing one read of the store. Modules that
read mail, speak to servers or draw tables are imported inside the commands that need them: `onward --help` and shell
completion should answer at once, and `onward run` should not wait for what only listings use.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onward import __version__, screen
from onward.cli_applications import address_in, applications, feedback_json, feedback_words
from onward.core.model import (
    LABELS,
    OVER,
    ConfigError,
    DraftState,
    Label,
    LetterKind,
    Occasion,
    OnwardError,
    ReflectionState,
    Refused,
)
from onward.setting import KEY, Setting, at, json_option, now, now_commands, nudge, pass_setting, soon

if TYPE_CHECKING:
    from onward.actions import Review
    from onward.config import AccountConfig, Config
    from onward.core.model import EffectState, Learned
    from onward.doctor import Finding
    from onward.edges.store import Draft, OpenEffect, Reflection, Store
    from onward.pipeline import Outcome
    from onward.service import Service
    from onward_classifiers.score import Classifier

OK, FAILED, USAGE = 0, 1, 2
OPEN_DRAFTS = tuple(state for state in DraftState if state not in OVER)
JSON_COLUMNS = frozenset(
    {
        "reply_to",
        "recipients",
        "copies",
        "refs",
        "signs",
        "flags",
        "reasons",
        "payload",
        "themes",
        "rows",
        "invited",
        "numbers",
    }
)
TEXT_COLUMNS = frozenset({("message", "text"), ("send_grant", "raw"), ("feedback", "words"), ("draft", "seen_body")})
LONGEST_ANSWER = 44  # columns of a command that answers a question, and what stands around it
OTHER_KINDS = {
    "check-in": LetterKind.CHECK_IN,
    "mentor": LetterKind.MENTOR,
    "keep-in-touch": LetterKind.KEEP_IN_TOUCH,
}
SECTIONS = {
    "Run": ("run", "status"),
    "Every day": ("applications", "drafts", "sessions", "feedback", "questions", "correct", "learn"),
    "When something is wrong": ("doctor", "stuck", "config"),
    "Try it without touching anything": ("demo", "rehearse", "classify"),
    "Take it with you": ("export",),
}


class Commands(click.Group):
    """The group on top: its help in sections, and every error told as a sentence with the next command."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        context.meta["typed"] = list(args)
        return super().parse_args(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            rows = [(name, self.commands[name].get_short_help_str(80)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for names in SECTIONS.values() for name in names]

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo(err=True)
            context.exit(FAILED)
        except Exception as error:
            if context.params.get("debug"):
                traceback.print_exc()
            else:
                explain(error, context.meta["typed"])
            context.exit(USAGE if isinstance(error, ConfigError) else FAILED)


def explain(error: Exception, typed: list[str]) -> None:
    """One sentence on stderr, and what to type next."""
    if isinstance(error, sqlite3.Error):
        error = OnwardError(f"Onward's database cannot be used just now ({error})")
    if not isinstance(error, OnwardError):
        again = shlex.join(["onward", "--debug", *typed])
        screen.say(f"onward: something unexpected happened ({type(error).__name__}).", err=True)
        click.echo(f"To see where: {screen.line(again)}", err=True)
        return
    words = str(error)
    screen.say(f"onward: {words}", err=True)
    if "onward " not in words:
        after = {ConfigError: "onward config check", Refused: ""}.get(type(error), "onward doctor")
        if after:  # what is refused says itself what can be done
            click.echo(f"Next: {after}", err=True)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": screen.WIDEST},
    epilog='Every listing takes --json. Completion for bash: eval "$(_ONWARD_COMPLETE=bash_source onward)"',
)
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Another configuration file.")
@click.option("--home", type=click.Path(path_type=Path), help="Another folder for what Onward remembers.")
@click.option("--debug", is_flag=True, help="Show where an error comes from. May show parts of mails.")
@click.version_option(__version__, message="onward %(version)s")
@click.pass_context
def cli(context: click.Context, config_path: Path | None, home: Path | None, debug: bool) -> None:
    """A no becomes a thank-you, an hour to learn from it, and a next step.

    Onward runs beside your mailbox while you look for work. Nothing is sent without your word.

    \b
    To begin:          onward config edit
    Is all in order:   onward doctor
    Then:              onward run
    """
    context.obj = Setting(config_path, home)


cli.add_command(applications)


def main() -> None:
    """The entry point: `onward`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a letter shows '?', and goes on
    cli(prog_name="onward")


# --- run ---------------------------------------------------------------------------------------------------


@cli.command()
@click.option("--once", is_flag=True, help="Look, do what is due, say what was done, and end.")
@pass_setting
def run(setting: Setting, once: bool) -> None:
    """Watch the mailbox, until Ctrl-C or SIGTERM.

    In a terminal it says in a line what happens; under systemd or in a pipe it logs key=value lines, which
    never hold a subject, a text or an address.

    \b
    As a service:   systemd/README.md
    From cron:      onward run --once
    """
    from onward.edges.render import Renderer, find_mistakes

    own = setting.config.templates  # a mistake in the configuration is told before anything heavy is imported
    for mistake in find_mistakes(Renderer(own)) if own is not None and own.is_dir() else []:
        screen.say(f"onward: {mistake}. Until it is mended, no letter is written with it.", err=True)
    (run_once if once else run_on)(setting)


def run_on(setting: Setting) -> None:
    """The service in the foreground."""
    import logging

    from onward.service import utc_now

    config = setting.config
    service = learning_service(setting)
    view = None
    if sys.stdout.isatty():
        screen.log_nowhere()
        view = screen.Watching(config.hours.timezone, config.answer_within, utc_now)
        service.on_progress, service.on_ready = view.on_progress, view.on_ready
        service.on_outcome, service.on_settled, service.on_health = view.on_outcome, view.on_settled, view.on_health
        service.on_learned = view.on_learned
        names = ", ".join(account.name for account in config.accounts)
        screen.say(f"Onward looks at {names}. What it remembers stays in {config.home}.")
    else:
        screen.log_to(sys.stdout, logging.INFO)

    with stopping(service.stop):
        try:
            service.run()
        finally:
            if view is not None:
                view.close()
    if view is not None:
        screen.say("Stopped. What is due is done at the next start: onward run")


def taught_classifier(setting: Setting) -> Classifier:
    """The classifier with what the person taught it. What of that is lost or damaged, the service learns anew."""
    from onward_classifiers import learn as learner
    from onward_classifiers.score import Classifier

    home = setting.config.home
    try:
        classifier = Classifier.load(home=home)
    except ConfigError:
        Classifier.load()  # raises where it is the shipped weights that are damaged
        learner.forget(home)
        classifier = Classifier.load(home=home)
    if classifier.personal is None:
        with setting.store() as store:
            store.note_lost()
    return classifier


def learning_service(setting: Setting) -> Service:
    """The service, reading with what the person taught it and learning from what they correct."""
    from onward.service import Service
    from onward_classifiers import learn as learner

    config, classifier = setting.config, taught_classifier(setting)
    return Service(
        config,
        classifier,
        learn=lambda corrections: learner.learn(config.home, corrections),
        refresh=classifier.refresh,
    )


@contextlib.contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM, a closed terminal and the first Ctrl-C ask for an orderly end; a second Ctrl-C does not ask."""
    asked_at: list[float] = []

    def on_signal(number: int, frame: object) -> None:
        asked_at.append(time.monotonic())
        if number == signal.SIGINT and asked_at[-1] - asked_at[0] > 1:  # some senders send it twice at once
            raise KeyboardInterrupt
        # From a thread: the main one may hold the very lock that `stop` needs at the moment of the signal.
        threading.Thread(target=stop, daemon=True).start()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_once(setting: Setting) -> None:
    """One round, and one line on it."""
    import logging

    if sys.stdout.isatty():
        screen.log_nowhere()
    else:
        screen.log_to(sys.stderr, logging.WARNING)
    done = Done()
    service = learning_service(setting)
    service.on_settled, service.on_learned = done.on_settled, done.on_learned
    with screen.busy("Looking at your mail …") as tell:

        def on_outcome(outcome: Outcome) -> None:
            done.on_outcome(outcome)
            tell(f"Reading: {screen.count(done.mails, 'mail')} …")

        service.on_outcome = on_outcome
        service.on_progress = lambda account, some, total: tell(f"Looking back, {account}: {some} of {total} mails …")
        service.run_once()
    with setting.store() as store:
        later = store.rows(
            "SELECT due_at FROM effect WHERE kind = 'send_mail' AND state = 'waiting' ORDER BY due_at LIMIT 1"
        )
    leaves = f" A letter leaves at {setting.short(at(later[0]['due_at']))}; run this again then." if later else ""
    screen.say(done.words + leaves)


@dataclass
class Done:
    """What one round did, counted. Noes are not: what follows from them is."""

    mails: int = 0
    hours: int = 0
    questions: int = 0
    drafts: int = 0
    sent: int = 0
    not_sent: int = 0
    learned: int = 0
    not_learned: int = 0

    def on_outcome(self, outcome: Outcome) -> None:
        """One mail was handled."""
        decision = outcome.decision
        self.mails += 1
        self.hours += decision.booking is not None
        self.questions += decision.question is not None

    def on_settled(self, effect: OpenEffect, state: EffectState) -> None:
        """One outward act came to its end."""
        self.drafts += (effect.kind, state) == ("append_draft", "done")
        self.sent += (effect.kind, state) == ("send_mail", "done")
        self.not_sent += (effect.kind, state) == ("send_mail", "failed")

    def on_learned(self, learned: Learned) -> None:
        """The person's corrections were learned from."""
        self.learned += learned.corrections * learned.promoted
        self.not_learned += learned.corrections * (not learned.promoted)

    @property
    def words(self) -> str:
        """The line."""
        parts = [
            screen.count(self.mails, "mail") + " read" if self.mails else "",
            screen.count(self.drafts, "letter") + " put into your Drafts" if self.drafts else "",
            screen.count(self.hours, "hour") + " booked" if self.hours else "",
            screen.count(self.questions, "question") + " for you" if self.questions else "",
            screen.count(self.sent, "letter") + " sent" if self.sent else "",
            screen.count(self.not_sent, "letter") + " not sent (onward questions)" if self.not_sent else "",
            "learned from " + screen.count(self.learned, "correction") if self.learned else "",
            screen.count(self.not_learned, "correction") + " not learned from (onward learn)"
            if self.not_learned
            else "",
        ]
        said = ", ".join(part for part in parts if part)
        return f"{said[0].upper()}{said[1:]}." if said else "Nothing new."


# --- status ------------------------------------------------------------------------------------------------


@cli.command()
@json_option
@pass_setting
def status(setting: Setting, as_json: bool) -> None:
    """Is it running, and what waits for you."""
    with setting.store() as store:
        found = status_of(setting, store)
    if as_json:
        screen.as_json(found)
        return
    screen.say("Onward is running." if found["running"] else "Onward is not running.")
    screen.say()
    for account in found["accounts"]:
        screen.fields([(account["name"], words_on_account(setting, account))])
    screen.say()
    screen.fields(words_on_counts(setting, found))
    commands = [
        ("Start it", "onward run", not found["running"]),
        ("Your letters", "onward drafts list", found["drafts_open"]),
        ("Its questions", "onward questions", found["questions_open"]),
        ("Set aside", "onward stuck", found["mails"]["stuck"]),
        ("What is wrong", "onward doctor", any(each["state"] == "trouble" for each in found["accounts"])),
    ]
    if wanted := [(words, command) for words, command, needed in commands if needed]:
        screen.say()
        screen.next_commands(*wanted)


def status_of(setting: Setting, store: Store) -> dict[str, Any]:
    """Everything `status` says, as it stands in --json."""
    health = store.health()
    [counts] = store.rows(
        """SELECT (SELECT COUNT(*) FROM message WHERE state = 'received') AS waiting,
             (SELECT COUNT(*) FROM message WHERE state = 'stuck') AS stuck,
             (SELECT COUNT(*) FROM message WHERE state = 'handled') AS handled,
             (SELECT COUNT(*) FROM question WHERE answered_at IS NULL) AS questions,
             (SELECT MIN(asked_at) FROM question WHERE answered_at IS NULL) AS oldest"""
    )
    looking_back = {row["account"] for row in store.rows("SELECT account FROM cursor WHERE first_done = 0")}
    coming = [each for each in store.reflections() if each.state is ReflectionState.BOOKED and each.ends_at > now()]
    accounts = []
    for account in setting.config.accounts:
        words, heard_at = health.get(f"watch {account.name}", ("", None))
        accounts.append(
            {
                "name": account.name,
                "address": account.addresses[0],
                "state": "never looked" if heard_at is None else "ok" if words == "ok" else "trouble",
                "trouble": words if words not in ("", "ok") else None,
                "at": heard_at.isoformat() if heard_at else None,
                "looking_back": account.name in looking_back,
            }
        )
    return {
        "version": __version__,
        "home": str(setting.config.home),
        "running": setting.is_running,
        "accounts": accounts,
        "mails": {"waiting": counts["waiting"], "stuck": counts["stuck"], "handled": counts["handled"]},
        "learned": learning_json(store),
        "drafts_open": len(store.drafts(OPEN_DRAFTS)),
        "next_session": session_json(coming[0]) if coming else None,
        "questions_open": counts["questions"],
        "oldest_undecided_at": counts["oldest"],
    }


def words_on_account(setting: Setting, account: dict[str, Any]) -> str:
    """One account's health in a sentence."""
    if account["at"] is None:
        return f"{account['address']}: not looked at yet"
    when = setting.short(at(account["at"]))
    if account["state"] == "trouble":
        return f"{account['address']}: {screen.line(account['trouble'])} ({when})"
    reading = ", still reading the months before" if account["looking_back"] else ""
    return f"{account['address']}: last looked {when}{reading}"


def words_on_counts(setting: Setting, found: dict[str, Any]) -> list[tuple[str, str]]:
    """What waits, line by line."""
    session = found["next_session"]
    hour = "none booked"
    if session is not None:
        about = f", about {about_words(session)}" if session["about"] else ""
        hour = setting.when(at(session["starts_at"]), at(session["ends_at"])) + about
    oldest = found["oldest_undecided_at"]
    waiting, stuck = found["mails"]["waiting"], found["mails"]["stuck"]
    return [
        ("Next hour", hour),
        ("Letters", f"{found['drafts_open']} open" if found["drafts_open"] else "none open"),
        ("Questions", f"{found['questions_open']}, the oldest from {setting.short(at(oldest))}" if oldest else "none"),
        (
            "Mails",
            f"{waiting} waiting, {stuck} set aside" if waiting or stuck else "none waiting",
        ),
        ("Learned", words_on_learning(setting, found["learned"])),
    ]


# --- drafts ------------------------------------------------------------------------------------------------


@cli.group()
def drafts() -> None:
    """The letters written for you: read, change, send, drop.

    Each also stands in the Drafts folder of your mail program, and may be changed and sent there as well.
    """


@drafts.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those sent and dropped.")
@json_option
@pass_setting
def list_drafts(setting: Setting, everything: bool, as_json: bool) -> None:
    """The letters that wait for you."""
    with setting.store() as store:
        found = [draft_json(store, each) for each in store.drafts(None if everything else OPEN_DRAFTS)]
        settled = 0 if everything else len(store.drafts(OVER))
    if as_json:
        screen.as_json(found)
        return
    if not found:
        screen.say("No letter waits for you. When a no can be answered, a short thank-you appears here.")
        if settled:
            screen.next_commands((f"{screen.count(settled, 'earlier letter')}", "onward drafts list --all"))
        else:
            nudge(setting)
        return
    rows = [
        (
            str(each["id"]),
            each["recipient_name"] or each["recipient"],
            each["company"] or each["subject"],
            {"in the mailbox": "in Drafts", "proposed": "on its way"}.get(each["state"], each["state"]),
            setting.short(at(each["created_at"])),
        )
        for each in found
    ]
    screen.table(("ID", "To", "About", "State", "Written"), rows, give=("To", "About"), drop=("Written",))
    first = found[0]["id"]
    screen.say()
    doubted = found[0]["state"] == DraftState.TO_CONFIRM
    then = ("If its address is right", "confirm") if doubted else ("Send one", "send")
    screen.next_commands(("Read one", f"onward drafts show {first}"), (then[0], f"onward drafts {then[1]} {first}"))


@drafts.command("show")
@click.argument("draft_id", metavar="ID", type=int)
@json_option
@pass_setting
def show_draft(setting: Setting, draft_id: int, as_json: bool) -> None:
    """One letter, and the sentence it answers."""
    from onward import actions

    with setting.store() as store:
        draft = actions.get_draft(store, draft_id)
        found = draft_json(store, draft) | {"body": draft.body, "in_reply_to": draft.in_reply_to}
    if as_json:
        screen.as_json(found)
        return
    show_letter(draft, draft.recipient.email, draft.subject, draft.seen_body or draft.body)
    screen.say()
    screen.say(words_on_draft(setting, found))
    if draft.warning:
        screen.say(f"Look at the address: {screen.line(draft.warning)}.")
    answers_a_no = draft.occasion is Occasion.NO
    for reason in found["reasons"] if answers_a_no else []:
        why = reason.removesuffix(f"; but {draft.warning}")  # said already
        screen.say(f"Why: {screen.line(why)}.")
    if found["evidence"] and draft.occasion in (Occasion.NO, Occasion.FEEDBACK):
        sure = f" ({found['confidence']:.0%} sure)" if found["confidence"] is not None else ""
        screen.say(f"Written because of: “{screen.line(found['evidence'])}”{sure}")
    screen.say()
    commands = [("Change it", f"onward drafts edit {draft.id}"), ("Drop it", f"onward drafts discard {draft.id}")]
    if draft.state is DraftState.SENDING:
        screen.next_commands(("Take it back", f"onward drafts undo {draft.id}"))
    elif draft.state in (DraftState.DISCARDED, DraftState.DELETED):
        screen.next_commands(("Write it again", f"onward drafts again {draft.id}"))
    elif draft.state is DraftState.TO_CONFIRM:
        known = f"onward drafts confirm {draft.id}"
        screen.next_commands(
            *([("The address is right", known)] if draft.recipient.email else []),
            ("Another address", f"{known} --to ADDRESS"),
            ("Drop it", f"onward drafts discard {draft.id}"),
        )
    elif draft.state in OPEN_DRAFTS:
        wrong = ("It was no rejection", f"onward correct {draft.message_key[:KEY]} other")
        screen.next_commands(
            ("Send it", f"onward drafts send {draft.id}"), *commands, *([wrong] if answers_a_no else [])
        )


@drafts.command("edit")
@click.argument("draft_id", metavar="ID", type=int)
@click.option("--text", "text_file", type=click.File("r", encoding="utf-8"), help="Take the text from a file, or - .")
@click.option("--subject", help="Another subject.")
@pass_setting
def edit_draft(setting: Setting, draft_id: int, text_file: Any, subject: str | None) -> None:
    """Change a letter's words, in your editor or from a file.

    What you changed in your mail program is where you begin; nothing of it is lost.
    """
    from onward import actions

    with setting.store() as store:
        review = reviewed(setting, store, draft_id)
        new_subject, body = subject or review.subject, review.body
        if text_file is not None:
            body = text_file.read()
        elif subject is None:
            edited = click.edit(f"Subject: {review.subject}\n\n{review.body}", extension=".txt")
            if edited is None:
                screen.say("Nothing was changed.")
                return
            new_subject, body = read_edited(edited, review.subject)
        if not body.strip():
            raise Refused(f"a letter without words is not written; to drop it: onward drafts discard {draft_id}")
        actions.edit_draft(store, draft_id, new_subject, body, now(), review.seen)
    screen.say(f"Letter {draft_id} has your new words. {soon(setting, 'They replace the old ones in your Drafts')}")
    read_or_send = ("Read it", f"onward drafts show {draft_id}"), ("Send it", f"onward drafts send {draft_id}")
    screen.next_commands(*now_commands(setting), *read_or_send)


def read_edited(text: str, subject: str) -> tuple[str, str]:
    """Subject and text as they came back from the editor. Without a subject line the old one stays."""
    first, _, rest = text.replace("\r\n", "\n").lstrip("\n").partition("\n")
    if first.lower().startswith("subject:"):
        return first[len("subject:") :].strip() or subject, rest.strip("\n") + "\n"
    return subject, text.strip("\n") + "\n"


@drafts.command("send")
@click.argument("draft_id", metavar="ID", type=int)
@click.option("--yes", is_flag=True, help="Send without asking. For scripts that have read the letter.")
@pass_setting
def send_draft(setting: Setting, draft_id: int, yes: bool) -> None:
    """Send a letter: shown as it stands now, sent after your yes.

    What leaves is exactly what you were shown. For a minute you can take it back.
    """
    from onward import actions

    if not yes and not person_is_there():
        raise click.UsageError(
            "a letter is sent after your yes, and there is no terminal to ask in. "
            f"Type it in one, or, having read it (onward drafts show {draft_id}): onward drafts send {draft_id} --yes"
        )
    with setting.store() as store:
        draft = actions.get_draft(store, draft_id)
        actions.check_ready(draft)
        account = sending_account(setting, draft)
        review = reviewed(setting, store, draft_id)
        show_letter(review.draft, review.recipient, review.subject, review.body)
        screen.say()
        if review.edited:
            screen.say("This is the letter as you changed it in your mail program.")
        if review.draft.warning:
            screen.say(f"Look at the address: {screen.line(review.draft.warning)}.")
        if review.recipient != review.draft.recipient.email:
            screen.say(f"It goes to another address than the one Onward wrote to ({review.draft.recipient.email}).")
        if not yes and not click.confirm("Send this?", default=False):
            screen.say(f"Nothing was sent. Letter {draft_id} stays where it is.")
            return
        leaves_at = actions.send_draft(store, review, now(), setting.config.undo)
    screen.say(f"Letter {draft_id} leaves {words_on_leaving(setting, leaves_at)}, through {account.name}.")
    screen.next_commands(("To take it back", f"onward drafts undo {draft_id}"))
    if not setting.is_running:
        until = clock(setting, leaves_at + actions.GRANT_LASTS)
        screen.say()
        screen.say(f"Onward is not running. The letter leaves if it runs before {until}; after that it stays here.")
        screen.next_commands(("When it is time", "onward run --once"))


def person_is_there() -> bool:
    """Whether someone can answer a question."""
    return sys.stdin.isatty()


def sending_account(setting: Setting, draft: Draft) -> AccountConfig:
    """The account a letter leaves through. Raises Refused where none is configured to send."""
    account = setting.config.account(draft.account)
    if account.smtp is None:
        raise Refused(
            f"account {account.name!r} cannot send: there is no [account.smtp] section in {setting.path}. Add one "
            f"(onward config example), or send letter {draft.id} from Drafts in your mail program"
        )
    return account


def reviewed(setting: Setting, store: Store, draft_id: int) -> Review:
    """The letter as it stands in the mailbox now."""
    from onward import actions, service

    draft = actions.get_draft(store, draft_id)
    account = setting.config.account(draft.account)
    with screen.busy("Looking at your Drafts …"):
        return actions.review_draft(store, draft_id, lambda: service.open_mailbox(account, setting.config))


def words_on_leaving(setting: Setting, leaves_at: datetime) -> str:
    """'at 17:31, in a minute'."""
    seconds = (leaves_at - now()).total_seconds()
    if seconds < 1:
        return "at once"
    within = "a minute" if 45 <= seconds <= 90 else screen.count(round(seconds / 60), "minute")
    return f"at {clock(setting, leaves_at)}, in {within if seconds >= 45 else screen.count(round(seconds), 'second')}"


def clock(setting: Setting, moment: datetime) -> str:
    """The time of day in the person's zone."""
    return setting.short(moment).rpartition(" ")[2]


@drafts.command("undo")
@click.argument("draft_id", metavar="ID", type=int)
@pass_setting
def undo_send(setting: Setting, draft_id: int) -> None:
    """Take a letter back that has not left yet."""
    from onward import actions

    with setting.store() as store:
        actions.undo_send(store, draft_id, now())
    screen.say(f"Taken back. Letter {draft_id} was not sent and waits for you.")
    screen.next_commands(("Change it", f"onward drafts edit {draft_id}"), ("Send it", f"onward drafts send {draft_id}"))


@drafts.command("discard")
@click.argument("draft_id", metavar="ID", type=int)
@pass_setting
def discard_draft(setting: Setting, draft_id: int) -> None:
    """Drop a letter and take it out of Drafts."""
    from onward import actions

    with setting.store() as store:
        actions.discard_draft(store, draft_id, now())
    screen.say(f"Letter {draft_id} is dropped. {soon(setting, 'It goes out of your Drafts')}")
    screen.next_commands(*now_commands(setting), ("Changed your mind", f"onward drafts again {draft_id}"))


@drafts.command("again")
@click.argument("draft_id", metavar="ID", type=int)
@pass_setting
def write_again(setting: Setting, draft_id: int) -> None:
    """Put a letter into Drafts once more."""
    from onward import actions

    with setting.store() as store:
        actions.write_again(store, draft_id, now())
        waits = actions.get_draft(store, draft_id).state is DraftState.TO_CONFIRM
    where = f"First: onward drafts confirm {draft_id}" if waits else soon(setting, "It comes into your Drafts")
    screen.say(f"Letter {draft_id} is written once more. {where}")
    read_or_send = ("Read it", f"onward drafts show {draft_id}"), ("Send it", f"onward drafts send {draft_id}")
    screen.next_commands(*now_commands(setting), *read_or_send)


@drafts.command("sent")
@click.argument("draft_id", metavar="ID", type=int)
@pass_setting
def mark_sent(setting: Setting, draft_id: int) -> None:
    """Say that a letter went, by whatever way."""
    from onward import actions

    with setting.store() as store:
        actions.mark_sent(store, draft_id, now())
    screen.say(f"Good: letter {draft_id} counts as sent. {soon(setting, 'What is left of it goes out of your Drafts')}")
    screen.next_commands(*now_commands(setting))


@drafts.command("confirm")
@click.argument("draft_id", metavar="ID", type=int)
@click.option("--to", help="Another address: mara@harbour.example")
@pass_setting
def confirm_address(setting: Setting, draft_id: int, to: str | None) -> None:
    """Say that a letter's address is right, or give the right one.

    A letter whose address is in doubt stands nowhere until then. Onward doubts an address that is of another
    organisation than the mails before, that is made to look like another one, or whose mail your provider calls false.
    """
    from onward import actions

    with setting.store() as store:
        draft = actions.confirm_address(store, draft_id, address_in(to) if to else None, now())
    screen.say(f"It goes to {screen.line(str(draft.recipient))}. {soon(setting, 'It comes into your Drafts')}")
    screen.next_commands(*now_commands(setting), ("Read it", f"onward drafts show {draft_id}"))


@drafts.command("write")
@click.argument("application", metavar="APPLICATION", type=int)
@click.option("--kind", type=click.Choice(["answer", *OTHER_KINDS]), default="answer", show_default=True)
@click.option("--to", help="To whom: mara@harbour.example")
@pass_setting
def write_letter(setting: Setting, application: int, kind: str, to: str | None) -> None:
    """Have a letter written that Onward would not write by itself.

    
    answer         to the no, where there was none because no person was known
    check-in       a polite question, when it has gone quiet after an interview
    mentor         what happened, and one wish, to somebody you trust (--to)
    keep-in-touch  a sign of life, months later, to somebody who was kind

    APPLICATION is its number: onward applications. The letter goes into your Drafts, as any other.
    """
    from onward.service import pipeline_for

    with setting.store() as store:
        pipeline = pipeline_for(setting.config, store, taught_classifier(setting), now)
        draft_id = pipeline.write_letter(application, OTHER_KINDS.get(kind), address_in(to) if to else None)
        draft = store.find_draft(draft_id)
    assert draft is not None
    waits = draft.state is DraftState.TO_CONFIRM
    where = "It waits for your word on the address." if waits else soon(setting, "It comes into your Drafts")
    screen.say(f"Letter {draft_id} is written. {where}")
    screen.next_commands(*now_commands(setting), ("Read it", f"onward drafts show {draft_id}"))


@drafts.command("resume")
@pass_setting
def resume_letters(setting: Setting) -> None:
    """Have letters written again, after they lay unused."""
    from onward import actions

    with setting.store() as store:
        actions.want_letters(store, now())
    screen.say("Letters are written again, from the next no on.")
    screen.next_commands(("One for an earlier no", "onward drafts write APPLICATION"))


def draft_json(store: Store, draft: Draft) -> dict[str, Any]:
    """One draft as it stands in --json; the text is in `drafts show`."""
    [row] = store.rows(
        """SELECT COALESCE(application.company, verdict.company, '') AS company,
             COALESCE(application.role, verdict.role, '') AS role, evidence, confidence, reasons,
             (SELECT MIN(due_at) FROM effect WHERE kind = 'send_mail' AND state IN ('waiting', 'started')
                AND json_extract(payload, '$.draft') = :id) AS leaves_at
           FROM message LEFT JOIN verdict ON verdict.message_key = message.key
             LEFT JOIN application ON application.id = verdict.application_id WHERE message.key = :key""",
        key=draft.message_key,
        id=str(draft.id),
    )
    return {
        "id": draft.id,
        "state": draft.state.value,
        "kind": draft.kind,
        "account": draft.account,
        "company": row["company"],
        "role": row["role"],
        "recipient": draft.recipient.email,
        "recipient_name": draft.recipient.name,
        "sender": draft.sender.email,
        "subject": draft.subject,
        "message": draft.message_key,
        "evidence": row["evidence"] or "",
        "confidence": row["confidence"],
        "reasons": json.loads(row["reasons"] or "[]"),
        "warning": draft.warning,
        "occasion": draft.occasion.value,
        "changed": draft.seen_body is not None,
        "created_at": draft.created_at.isoformat(),
        "leaves_at": row["leaves_at"],
    }


def show_letter(draft: Draft, recipient: str, subject: str, body: str) -> None:
    """Everything the other side will see."""
    name = draft.recipient.name if recipient == draft.recipient.email else ""
    screen.fields(
        [
            ("From", screen.line(str(draft.sender))),
            ("To", screen.line(f"{name} <{recipient}>" if name else recipient)),
            ("Subject", screen.line(subject)),
        ]
    )
    screen.say()
    screen.say(body.strip("\n"), indent="  ")


def words_on_draft(setting: Setting, found: dict[str, Any]) -> str:
    """Where a draft stands, in a sentence."""
    leaves = f" It leaves {words_on_leaving(setting, at(found['leaves_at']))}." if found["leaves_at"] else ""
    return {
        DraftState.PROPOSED: soon(setting, "It comes into your Drafts"),
        DraftState.TO_CONFIRM: "Its address is in doubt, so it stands nowhere yet.",
        DraftState.IN_MAILBOX: "It stands in your Drafts, as you changed it."
        if found["changed"]
        else "It stands in your Drafts. What you change there is what is sent.",
        DraftState.SENDING: f"It is about to be sent.{leaves}",
        DraftState.SENT: "It was sent.",
        DraftState.DISCARDED: "It was dropped.",
        DraftState.DELETED: "You deleted it in your mail program.",
        DraftState.UNDECIDED: "What became of it is not certain. See: onward questions",
        DraftState.FAILED: "It could not be put into your Drafts. See: onward questions",
    }[DraftState(found["state"])]


# --- sessions ----------------------------------------------------------------------------------------------


@cli.group()
def sessions() -> None:
    """The hours kept for looking back: move, done, skip."""


@sessions.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those done, skipped and cancelled.")
@json_option
@pass_setting
def list_sessions(setting: Setting, everything: bool, as_json: bool) -> None:
    """The hours to come, and those that were and wait for a word."""
    wanted = tuple(ReflectionState) if everything else (ReflectionState.BOOKED, ReflectionState.MISSED)
    with setting.store() as store:
        found = [each for each in store.reflections() if each.state in wanted]
    if as_json:
        screen.as_json([session_json(each) for each in found])
        return
    if not found:
        screen.say("No hour is booked. After a no, Onward keeps one for you within two days.")
        nudge(setting)
        return
    rows = [
        (str(each.id), setting.when(each.starts_at, each.ends_at), about_words(session_json(each)), state_of(each))
        for each in found
    ]
    screen.table(("ID", "When", "About", "State"), rows, give=("About",))
    reasons = [(f"{each.id}", each.reason) for each in found if each.reason and each.state is ReflectionState.BOOKED]
    if reasons:
        screen.say()
        screen.fields(reasons)
    first = next((each for each in found if each.state is ReflectionState.BOOKED), found[0]).id
    screen.say()
    screen.next_commands(
        ("Another time", f"onward sessions move {first} tomorrow 18:00"),
        ("You took it", f"onward sessions done {first}"),
        ("Not this time", f"onward sessions skip {first}"),
    )


@sessions.command("move")
@click.argument("session_id", metavar="ID", type=int)
@click.argument("when", metavar="WHEN", nargs=-1, required=True)
@pass_setting
def move_session(setting: Setting, session_id: int, when: tuple[str, ...]) -> None:
    """Choose another hour.

    WHEN is written as you would say it, in your own time zone:

    \b
    onward sessions move 3 18:00
    onward sessions move 3 tomorrow 17:30
    onward sessions move 3 friday 17:00
    onward sessions move 3 24 Nov 18:00
    onward sessions move 3 +2h
    """
    from onward import actions
    from onward.core import agenda
    from onward.service import channels_for

    config = setting.config
    starts_at = agenda.parse_when(" ".join(when), now(), config.hours.timezone)
    with setting.store() as store:
        before = actions.get_reflection(store, session_id)
        if before.state not in (ReflectionState.BOOKED, ReflectionState.MISSED):
            raise Refused(f"session {session_id} is {before.state} already; see: onward sessions list --all")
        moved = actions.move_session(store, session_id, starts_at, config.policy, channels_for(config), now())
    screen.say(f"Moved: {setting.when(moved.starts_at, moved.ends_at)}.")
    if not setting.is_running:
        screen.say("The calendar and the reminders follow when Onward runs.")
        screen.next_commands(*now_commands(setting))


@sessions.command("done")
@click.argument("session_id", metavar="ID", type=int)
@pass_setting
def finish_session(setting: Setting, session_id: int) -> None:
    """The hour was taken."""
    settle_session(setting, session_id, ReflectionState.DONE, "Done. That was an hour well kept.")


@sessions.command("skip")
@click.argument("session_id", metavar="ID", type=int)
@pass_setting
def skip_session(setting: Setting, session_id: int) -> None:
    """Not this one. Its reminders fall silent."""
    settle_session(setting, session_id, ReflectionState.SKIPPED, "Skipped; nothing will remind you of it.")


def settle_session(setting: Setting, session_id: int, state: ReflectionState, words: str) -> None:
    """One session comes to its end."""
    from onward import actions

    with setting.store() as store:
        actions.get_reflection(store, session_id)
        actions.finish_session(store, session_id, state, now())
    screen.say(words)


def session_json(session: Reflection) -> dict[str, Any]:
    """One session as it stands in --json."""
    return {
        "id": session.id,
        "state": session.state.value,
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "deadline": session.deadline.isoformat(),
        "reason": session.reason,
        "about": [{"company": company, "role": role} for company, role in session.about],
    }


def about_words(session: dict[str, Any]) -> str:
    """'Acme, Engineer', and how many more."""
    named = [", ".join(part for part in (each["company"], each["role"]) if part) for each in session["about"]]
    first = next((each for each in named if each), "an application")
    return screen.line(first) + (f" and {len(named) - 1} more" if len(named) > 1 else "")


def state_of(session: Reflection) -> str:
    """What a session's state means to the person."""
    over = session.state is ReflectionState.BOOKED and session.ends_at <= now()
    return "over: how was it?" if over else session.state.value


# --- feedback ----------------------------------------------------------------------------------------------


@cli.command()
@json_option
@pass_setting
def feedback(setting: Setting, as_json: bool) -> None:
    """What came of asking: word for word, and what it is about."""
    with setting.store() as store:
        found = feedback_json(store)
    if as_json:
        screen.as_json(found)
        return
    if not found:
        screen.say("No answer has come yet. When one does, it is kept here word for word.")
        nudge(setting)
        return
    for number, each in enumerate(found):
        if number:
            screen.say()
        named = ", ".join(part for part in (each["company"], each["role"]) if part) or "an application"
        screen.say(screen.line(f"{setting.day(at(each['at']))}{screen.GAP}{named}"))
        screen.say(feedback_words(each), indent="  ")
        if each["words"] and each["kind"] in ("given", "vague", "refused", "reopens"):
            screen.say()
            screen.say(screen.lines(each["words"]), indent="    ")


# --- questions, verdicts, mails set aside -------------------------------------------------------------------


@cli.command()
@click.option("--leave", "leave", metavar="ID", type=int, help="Leave this one without an answer.")
@json_option
@pass_setting
def questions(setting: Setting, leave: int | None, as_json: bool) -> None:
    """What Onward will not guess, and how to answer."""
    if leave is not None:
        from onward import actions

        with setting.store() as store:
            actions.leave_question(store, leave, now())
        screen.say("Left. Nothing follows from it.")
        return
    with setting.store() as store:
        found = [question_json(row) for row in open_questions(store)]
    if as_json:
        screen.as_json(found)
        return
    if not found:
        screen.say("No questions. Onward is sure of everything it has read.")
        return
    for number, each in enumerate(found):
        if number:
            screen.say()
        show_question(setting, each)


def open_questions(store: Store) -> list[dict[str, Any]]:
    """Every question without an answer, the oldest first."""
    return store.rows(
        """SELECT question.*, message.subject, message.sender_name, message.sender_email, message.arrived_at,
             message.account, verdict.evidence, verdict.confidence, verdict.company, verdict.role,
             EXISTS (SELECT 1 FROM event WHERE event.application_id = question.application_id
                     AND event.message_key IS NOT NULL AND revoked_at IS NULL) AS has_mail
           FROM question LEFT JOIN message ON message.key = question.message_key
             LEFT JOIN verdict ON verdict.message_key = question.message_key
           WHERE answered_at IS NULL ORDER BY asked_at, question.id"""
    )


def question_json(row: dict[str, Any]) -> dict[str, Any]:
    """One question as it stands in --json."""
    text, answers = screen.split_commands(row["text"])
    answers = answers_to(row) or answers
    return {
        "id": row["id"],
        "kind": row["kind"],
        "text": text,
        "asked_at": row["asked_at"],
        "message": row["message_key"],
        "account": row["account"],
        "sender": row["sender_email"],
        "sender_name": row["sender_name"],
        "subject": row["subject"],
        "arrived_at": row["arrived_at"],
        "company": row["company"],
        "role": row["role"],
        "evidence": row["evidence"],
        "confidence": row["confidence"],
        "answers": [{"means": means, "command": command} for means, command in answers],
    }


def answers_to(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The commands that answer a question, each with what it means."""
    key, id = (row["message_key"] or "")[:KEY], row["application_id"]
    asking = f"onward drafts write {id} --kind check-in"
    left = ("Leave it", f"onward questions --leave {row['id']}")
    closing = [
        ("Give it more time", f"onward applications wait {id}"),
        ("Close it as silent", f"onward applications happened {id} silent"),
    ]
    return {
        "label": [("Yes", f"onward correct {key} rejection"), ("No", f"onward correct {key} other")],
        "reopened": [
            ("Yes", f"onward applications happened {id} reopened"),
            ("No", f"onward correct {key} other"),
        ],
        "unused": [("Write letters again", "onward drafts resume"), left],
        "bounce": [("To another address", f"onward drafts write {id} --to ADDRESS"), left],
        "greet": [("Write one", f"onward drafts write {id} --kind keep-in-touch"), left],
        "quiet": [*([("Ask politely", asking)] if row["has_mail"] else []), *closing],
        "silent": [*([("Ask once more", asking)] if row["has_mail"] else []), *closing],
    }.get({"language": "label", "forged": "label"}.get(row["kind"], row["kind"]), [])


def show_question(setting: Setting, each: dict[str, Any]) -> None:
    """One question with its evidence and the commands that answer it."""
    screen.say(screen.line(each["text"]))
    if each["message"] is not None:
        sender = f"{each['sender_name']} <{each['sender']}>" if each["sender_name"] else each["sender"] or "unknown"
        pairs = [
            ("From", screen.line(sender)),
            ("Subject", screen.line(each["subject"])),
            ("Arrived", setting.short(at(each["arrived_at"]))),
        ]
        if each["evidence"]:
            pairs.append(("It says", f"“{screen.line(each['evidence'])}”"))
        if each["confidence"] is not None and each["kind"] in ("label", "language", "forged"):
            pairs.append(("Sure", f"{each['confidence']:.0%} that it is a no"))
        screen.fields(pairs, indent="  ")
    if each["answers"]:
        room = max(screen.width() - LONGEST_ANSWER, 16)
        screen.next_commands(
            *((f"  {screen.cut(answer['means'], room)}", answer["command"]) for answer in each["answers"])
        )


@cli.command()
@click.argument("key", metavar="KEY")
@click.argument("label", metavar="LABEL", type=click.Choice([label.value for label in LABELS]))
@pass_setting
def correct(setting: Setting, key: str, label: str) -> None:
    """Tell Onward what a mail really is.

    What followed from its mistake is undone, what follows from your word is done. KEY is shown by
    `onward questions` and `onward drafts show`; its beginning is enough.

    LABEL is rejection, other, acknowledgement, status_update, interview, assessment, offer, withdrawal,
    recruiter_outreach, job_alert or feedback_reply.
    """
    from onward import actions

    with setting.store() as store:
        full = store.get_message(key).key
        before = consequences(store, full)
        actions.correct(store, full, Label(label), now())
        after = consequences(store, full)
    word = "a rejection" if label == Label.REJECTION else "not a rejection" if label == Label.OTHER else label
    screen.say(f"Noted: {word.replace('_', ' ')}.")
    for number, state in before["drafts"].items():
        if after["drafts"][number] != state:
            screen.say(f"Letter {number} is dropped. {soon(setting, 'It goes out of your Drafts')}")
        elif state is DraftState.SENT and label != Label.REJECTION:
            screen.say(f"Letter {number} was sent already; that cannot be undone.")
        elif state is DraftState.SENDING and label != Label.REJECTION:
            screen.say(f"Letter {number} is about to leave. To stop it: onward drafts undo {number}")
    for number, state in before["sessions"].items():
        if after["sessions"][number] != state:
            screen.say("The hour kept for it is cancelled.")
    if label == Label.REJECTION and before == after:
        screen.say(soon(setting, "A letter, where one can be written, and an hour follow"))
    screen.say("Onward learns from it within seconds." if setting.is_running else "Onward learns from it when it runs.")
    screen.next_commands(
        *now_commands(setting),
        *([] if setting.is_running else [("Learn from it now", "onward learn")]),
        ("Not what you meant", f"onward correct {full[:KEY]} {opposite(label)}"),
    )


def opposite(label: str) -> str:
    """The word that takes a correction back, most likely."""
    return Label.OTHER.value if label == Label.REJECTION else Label.REJECTION.value


def consequences(store: Store, key: str) -> dict[str, Any]:
    """What has followed from one mail: its letter and the hours kept for it."""
    about = {
        row["reflection_id"]
        for row in store.rows("SELECT reflection_id FROM reflection_rejection WHERE message_key = :key", key=key)
    }
    return {
        "drafts": {each.id: each.state for each in store.drafts() if each.message_key == key},
        "sessions": {each.id: each.state for each in store.reflections() if each.id in about},
    }


@cli.command()
@click.option("--folders", is_flag=True, help="Make two folders in your mailbox: a mail moved there is corrected.")
@click.option("--forget", is_flag=True, help="Back to the shipped model. What you corrected stays corrected.")
@click.option("--yes", is_flag=True, help="Forget without asking.")
@click.option("--json", "as_json", is_flag=True, help="What was learned so far, as one JSON document.")
@pass_setting
def learn(setting: Setting, folders: bool, forget: bool, yes: bool, as_json: bool) -> None:
    """Learn from your corrections, now.

    A running Onward does so by itself, within seconds. What it learns stays on this machine, is taken only where
    it reads the examples that come with Onward no worse than before, and can be forgotten.

    Beside `onward correct` you can teach it in any mail program: move a mail into the folder Onward/Rejection or
    Onward/Not a rejection. `onward learn --folders` makes the two.
    """
    if folders + forget + as_json > 1:
        raise click.UsageError("one at a time: --folders, --forget or --json")
    if folders:
        make_folders(setting)
    elif forget:
        forget_learned(setting, yes)
    elif as_json:
        with setting.store() as store:
            screen.as_json(
                learning_json(store) | {"corrections": corrections_json(store), "last": trainings_json(store)}
            )
    else:
        learn_now(setting)


def learn_now(setting: Setting) -> None:
    """One training, and what came of it."""
    from onward import actions
    from onward_classifiers import learn as learner

    home = setting.config.home
    with setting.store() as store:
        if not store.corrections():
            learner.forget(home)  # whatever may be left of earlier days
            screen.say("There is nothing to learn from yet. Each mail you correct teaches Onward something.")
            screen.next_commands(
                ("Correct one", "onward correct KEY LABEL"), ("By moving mails", "onward learn --folders")
            )
            return
        with screen.busy("Learning …"):
            learned = actions.learn(store, lambda corrections: learner.learn(home, corrections), now)
    assert learned is not None
    screen.say(
        f"Read {screen.count(learned.corrections, 'correction')} of yours in {learned.seconds:.1f} seconds. "
        f"{'Learned' if learned.promoted else 'Not learned'}: {learned.reason}."
    )
    if not learned.promoted:
        screen.say("What you corrected stays corrected; other mail is read as before.")


def forget_learned(setting: Setting, yes: bool) -> None:
    """Back to the model that came with Onward, after a yes."""
    from onward import actions
    from onward_classifiers import learn as learner

    if not yes and not person_is_there():
        raise click.UsageError(
            "forgetting wants your yes, and there is no terminal to ask in: onward learn --forget --yes"
        )
    with setting.store() as store:
        count = screen.count(len(store.corrections()), "correction")
        if not yes and not click.confirm(f"Forget what was learned from {count}?", default=False):
            screen.say("Nothing was forgotten.")
            return
        actions.forget_learned(store, lambda: learner.forget(setting.config.home), now())
    screen.say("Forgotten: mail is read with the model that came with Onward. What you corrected stays corrected.")


def make_folders(setting: Setting) -> None:
    """The folders for teaching, in each account that can be reached."""
    from onward import service
    from onward.core.model import EdgeError

    unreached: list[EdgeError] = []
    for account in setting.config.accounts:
        mailbox = service.open_mailbox(account, setting.config)
        try:
            with screen.busy(f"Looking at {account.name} …"):
                names = mailbox.make_teaching_folders()
            screen.say(f"{account.name}: {' and '.join(names)} are there.")
        except EdgeError as error:
            unreached.append(error)
        finally:
            mailbox.close()
    if unreached:
        raise unreached[0]
    screen.say()
    screen.say("Move a mail into one of them, in any mail program, and Onward corrects itself and learns from it.")


def learning_json(store: Store) -> dict[str, Any]:
    """What was learned so far, as it stands in --json."""
    [row] = store.rows(
        "SELECT COUNT(*) AS corrections, COUNT(trained_as) AS learned FROM taught JOIN message ON key = message_key"
    )
    rows = trainings_json(store)
    taken = next((each for each in rows if each["kind"] != "refused"), None)
    return {
        "model": taken["model"] or None if taken else None,
        "at": taken["at"] if taken else None,
        "corrections": row["corrections"],
        "refused": rows[0]["reason"] if rows and rows[0]["kind"] == "refused" else None,
        "waiting": store.needs_learning(),
    }


def trainings_json(store: Store) -> list[dict[str, Any]]:
    """The last trainings, the newest first."""
    return store.rows("SELECT at, kind, corrections, reason, model FROM learning ORDER BY id DESC LIMIT 10")


def corrections_json(store: Store) -> list[dict[str, Any]]:
    """What the person taught, mail by mail."""
    return store.rows(
        """SELECT key AS message, subject, label, trained_as FROM taught JOIN message ON key = message_key
           ORDER BY taught.id"""
    )


def words_on_learning(setting: Setting, found: dict[str, Any]) -> str:
    """What was learned from the person, in a line."""
    if not found["corrections"]:
        return "nothing from you yet"
    count = screen.count(found["corrections"], "correction")
    if found["waiting"]:
        return f"{count} of yours, not all of them learned yet"
    if found["refused"]:
        return f"not from your last correction: {screen.line(found['refused'])}"
    return f"from {count} of yours, {setting.short(at(found['at']))}"


@cli.command()
@click.option("--retry", "key", metavar="KEY", help="Try this one again, three times.")
@json_option
@pass_setting
def stuck(setting: Setting, key: str | None, as_json: bool) -> None:
    """Mails that could not be handled, each with its reason."""
    from onward import actions

    with setting.store() as store:
        if key is not None:
            actions.retry_stuck(store, key)
            screen.say(soon(setting, "It is tried again"))
            screen.next_commands(*now_commands(setting))
            return
        found = store.rows(
            """SELECT key, account, folder, sender_name, sender_email, subject, arrived_at, attempts, reason
               FROM message WHERE state = 'stuck' ORDER BY arrived_at"""
        )
    if as_json:
        screen.as_json([each | {"can_retry": each["attempts"] > 0} for each in found])
        return
    if not found:
        screen.say("Nothing is set aside: every mail could be handled.")
        return
    for each in found:
        sender = each["sender_name"] or each["sender_email"] or f"someone, in {each['folder']}"
        screen.say(f"{each['key'][:KEY]}{screen.GAP}{screen.line(sender)}, {setting.short(at(each['arrived_at']))}")
        screen.fields([("", screen.line(each["subject"])), ("", screen.line(each["reason"] or ""))], indent="      ")
    screen.say()
    screen.say("They stand untouched in your mailbox; read them in your mail program.")
    if again := next((each for each in found if each["attempts"]), None):
        screen.next_commands(("Try one again", f"onward stuck --retry {again['key'][:KEY]}"))


# --- trying it out (the work is done elsewhere) --------------------------------------------------------------


@cli.command()
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@click.pass_context
def classify(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Say what each mail is, and which sentence says so.

    PATH is an .eml file, a folder of them, an mbox or a Maildir. Each mail is read on its own; nothing is
    remembered, written or sent.
    """
    from onward import rehearse

    context.exit(rehearse.classify_command(paths, as_json))


@cli.command()
@click.argument("paths", metavar="[PATH]…", nargs=-1, type=click.Path(path_type=Path))
@click.option("--account", help="Past mail of this account, read without a trace, instead of files.")
@click.option("--since", help="How far back, like 90d; an account without it: 90d.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in order of arrival.")
@pass_setting
@click.pass_context
def rehearse(
    context: click.Context,
    setting: Setting,
    paths: tuple[Path, ...],
    account: str | None,
    since: str | None,
    as_json: bool,
) -> None:
    """Show what Onward would have done with past mail.

    The same program, over .eml files, folders of them, an mbox, a Maildir or an account of yours, with the clock
    at each mail's arrival. Nothing is remembered, written or sent: it is how to decide whether to trust it.

    \b
    onward rehearse ~/old-mail/*.eml
    onward rehearse --account main --since 90d
    """
    from onward import rehearse as rehearsal

    if bool(paths) == bool(account):
        raise click.UsageError("name files or folders, or an account: onward rehearse --account main --since 90d")
    if setting.config_path is not None:
        os.environ["ONWARD_CONFIG"] = str(setting.config_path)  # it reads the configuration by itself
    context.exit(rehearsal.rehearse_command(paths, account, since or ("90d" if account else None), as_json))


@cli.command()
@click.option("--port", type=click.IntRange(1, 65_535), help="Port of the sample mailbox; any free one without it.")
@click.option("--stay/--no-stay", default=None, help="Stay when the story is told, to look around.")
@click.pass_context
def demo(context: click.Context, port: int | None, stay: bool | None) -> None:
    """Watch a month of job search on a sample mailbox.

    No account and no configuration: everything happens on this machine, in a folder that is gone afterwards.
    """
    from onward.demo import story

    context.exit(story.demo_command(port, stay))


# --- doctor, configuration, export --------------------------------------------------------------------------


@cli.command()
@json_option
@pass_setting
@click.pass_context
def doctor(context: click.Context, setting: Setting, as_json: bool) -> None:
    """Try every connection, and say what to type if one fails.

    Signs in to your mailbox and your outgoing server once. Reads nothing, sends nothing.
    """
    from onward import doctor as examination

    with screen.busy("Looking at the configuration …") as tell:
        found = examination.examine(setting.config_path, setting.home, lambda edge: tell(f"Looking at {edge} …"))
    if as_json:
        screen.as_json(
            [
                {"edge": each.edge, "state": each.state, "words": each.words, "next_command": each.next_command or None}
                for each in found
            ]
        )
    else:
        show_findings(found)
    context.exit(FAILED if any(each.state == "bad" for each in found) else OK)


def show_findings(found: list[Finding]) -> None:
    """Each finding with its mark, the command that helps under it, and what it comes to."""
    screen.marked([(each.state, each.edge, each.words, each.next_command) for each in found])
    bad, doubtful = (sum(each.state == state for each in found) for state in ("bad", "warn"))
    screen.say()
    if bad:
        screen.say(f"{screen.count(bad, 'thing')} must be mended before Onward can do its work.")
    elif doubtful:
        screen.say(f"Onward can work. {screen.count(doubtful, 'thing')} could be better.")
    else:
        screen.say("All is well.")


@cli.group("config")
def configuration() -> None:
    """The configuration file: edit, check, example, path."""


@configuration.command("check")
@pass_setting
def check_config(setting: Setting) -> None:
    """Read the file and say what it means, or what is wrong with it."""
    from onward.edges import secrets

    config = setting.config
    for account in config.accounts:
        for source in (account.secret, account.smtp.secret if account.smtp else {}):
            if source or (source is account.secret and account.kind == "imap"):
                secrets.resolve(source, account.name)
    screen.say(f"{setting.path} is fine.")
    days = "every day" if len(config.hours.weekdays) == 7 else weekdays(config)
    pairs = [
        ("You", config.name),
        ("Hours", f"{days}, {config.hours.start:%H:%M}–{config.hours.end:%H:%M} ({config.hours.timezone})"),
        *((account.name, words_on_config(account)) for account in config.accounts),
        ("Letters", f"{config.drafts_per_day} a day at most" if config.draft_letters else "none are written"),
        ("Home", str(config.home)),
    ]
    screen.fields(pairs, indent="  ")
    screen.next_commands(("Try every connection", "onward doctor"))


def weekdays(config: Config) -> str:
    """'Mon, Tue, Fri'."""
    from onward.core.agenda import WEEKDAYS

    return ", ".join(WEEKDAYS[day][:3] for day in sorted(config.hours.weekdays))


def words_on_config(account: AccountConfig) -> str:
    """One account in a line."""
    where = str(account.path) if account.kind == "maildir" else f"{account.host}:{account.port}, {account.security}"
    sends = f"sends by {account.smtp.host}" if account.smtp else "sends nothing itself"
    return f"{', '.join(account.addresses)} at {where}; {sends}"


@configuration.command("edit")
@pass_setting
def edit_config(setting: Setting) -> None:
    """Open the file in your editor, then check it.

    Where there is none yet, it begins as the example.
    """
    from onward.edges.files import write_private

    if not setting.path.exists():
        write_private(setting.path, shipped_example().encode())
    click.edit(filename=str(setting.path))
    setting.config  # noqa: B018 -- raises with the line to mend
    screen.say(f"{setting.path} is fine.")
    screen.next_commands(("Try every connection", "onward doctor"))


@configuration.command("example")
def example_config() -> None:
    """Print a configuration to begin with, every setting explained."""
    click.echo(shipped_example(), nl=False)


def shipped_example() -> str:
    """The example: inside the package when installed from a wheel, at the root of a checkout."""
    package = Path(__file__).parent
    inside = package / "config.example.toml"
    return (inside if inside.is_file() else package.parent.parent / "config.example.toml").read_text(encoding="utf-8")


@configuration.command("path")
@pass_setting
def config_path(setting: Setting) -> None:
    """Print where the configuration is looked for."""
    click.echo(str(setting.path))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="The only form there is; may be left out.")
@click.option("--with-text", is_flag=True, help="Also the text of mails and the bytes of letters sent.")
@pass_setting
def export(setting: Setting, as_json: bool, with_text: bool) -> None:
    """Everything Onward remembers, as one JSON document.

    \b
    onward export > onward.json
    """
    # Read whole, then written: a slow reader of a pipe must not keep the database from the service.
    with setting.store() as store:
        tables = exported(store, with_text)
    screen.as_json({"onward": __version__, "exported_at": now().isoformat(), "with_text": with_text, "tables": tables})


def exported(store: Store, with_text: bool) -> dict[str, list[dict[str, Any]]]:
    """Every table's rows, all of the same moment."""
    import sqlite_utils  # slow to import, and of use only here and to migrations

    database = sqlite_utils.Database(store.connection)
    store.connection.execute("BEGIN")
    try:
        return {
            table.name: [exported_row(table.name, row, with_text) for row in table.rows]
            for table in database.tables
            if not table.name.startswith(("_", "sqlite_"))
        }
    finally:
        store.connection.execute("COMMIT")


def exported_row(table: str, row: dict[str, Any], with_text: bool) -> dict[str, Any]:
    """One row: lists as lists, bytes as text, and no mail text unless it was asked for."""
    shown: dict[str, Any] = {}
    for column, value in row.items():
        if (table, column) in TEXT_COLUMNS and not with_text:
            continue
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        elif column in JSON_COLUMNS and isinstance(value, str):
            value = json.loads(value)
        shown[column] = value
    return shown
