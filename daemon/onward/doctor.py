"""Try every edge once, and say what to type where one does not hold.

Translates and never mends: nothing is written but a file that is removed at once, nothing is read of the mail, and
each server is signed in to a single time. Order is that of a mail's way: what is configured, what is on this
machine, what is reached over the network, what runs.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from onward import config as configuration
from onward import service
from onward.config import AccountConfig, Config
from onward.core import agenda
from onward.core.model import (
    ConfigError,
    OnwardError,
    SignInRefused,
)
from onward.edges import Mailbox, Role, db, secrets, smtp
from onward.edges.files import is_running
from onward.edges.imap import ImapMailbox
from onward.edges.maildir import MaildirMailbox
from onward.edges.render import TEMPLATES, Renderer, find_mistakes, shipped_templates
from onward.edges.store import Store

State = Literal["ok", "warn", "bad"]

LITTLE_SPACE = 100 * 1024 * 1024  # bytes free below which the disk is spoken of
NO_SPACE = 10 * 1024 * 1024
CLOCK_SKEW = timedelta(hours=2)  # a mail that arrived further ahead than this means that our clock is behind
SILENT_FOR = timedelta(minutes=20)  # without a look, for a service that looks every few minutes
BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right shows less
REMINDERS = ("booked", "day", "soon", "after")
SILENT: Callable[[str], None] = lambda edge: None  # noqa: E731 -- a default, named for what it does


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look at one edge found."""

    edge: str
    state: State
    words: str
    next_command: str = ""  # '' when there is nothing to do


def examine(path: Path | None, home: Path | None, on_edge: Callable[[str], None] = SILENT) -> list[Finding]:
    """Everything, the configuration file first: without it there is nothing else to look at."""
    on_edge("the configuration")
    where = path or configuration.default_path()
    try:
        config = configuration.load(path, home)
    except ConfigError as error:
        return [Finding("configuration", "bad", str(error), "onward config edit")]
    return [check_file(where, config), *check(config, on_edge)]


def check(config: Config, on_edge: Callable[[str], None] = SILENT) -> list[Finding]:
    """Every edge of a configuration that could be read."""
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("the clock", partial(check_clock, config)),
        ("the home", partial(check_home, config)),
        ("the database", partial(check_database, config)),
        ("the templates", partial(check_templates, config)),
        ("the classifier", partial(check_classifier, config)),
        ("reminders", partial(check_reminders, config)),
    ]
    for account in config.accounts:
        looks.append((account.host or str(account.path), partial(check_account, account, config)))
        looks.append((f"sending for {account.name}", partial(check_smtp, account)))
    looks.append(("the service", partial(check_service, config)))
    found: list[Finding] = []
    for edge, look in looks:
        on_edge(edge)
        try:
            found += look()
        except Exception as error:  # what no look foresaw must not hide what the others find
            words = f"looking at it failed ({type(error).__name__}): a mistake in Onward; please report it"
            found.append(Finding(edge, "bad", words, "onward --version"))
    return found


# --- what is configured ------------------------------------------------------------------------------------


def check_file(path: Path, config: Config) -> Finding:
    """The file itself: who can change it can have a password_command of theirs run."""
    accounts = f"{len(config.accounts)} account{'s' if len(config.accounts) > 1 else ''}"
    if path.stat().st_mode & stat.S_IWOTH:
        words = f"{path} can be changed by anyone on this machine, and so can the commands in it"
        return Finding("configuration", "bad", words, f"chmod 600 {shlex.quote(str(path))}")
    return Finding("configuration", "ok", f"{path}, {accounts}")


def check_clock(config: Config) -> Iterator[Finding]:
    """The time zone sessions are booked in, and whether the clock can be right."""
    now, zone = service.utc_now(), config.hours.timezone
    if now < BUILT:
        yield Finding("clock", "bad", f"it says {now:%d %B %Y}, which cannot be", "timedatectl set-ntp true")
        return
    newest = newest_arrival(config)
    if newest is not None and newest - now > CLOCK_SKEW:
        words = f"mail arrived {newest - now} ahead of it: it is behind, or the mail server's is ahead"
        yield Finding("clock", "warn", words.partition(".")[0], "timedatectl status")
        return
    yield Finding("clock", "ok", f"it is {agenda.say_clock(now, agenda.zone_of(zone))} in {zone}")


def newest_arrival(config: Config) -> datetime | None:
    """When the newest mail came, as far as it is known."""
    try:
        with _reading(config.database) as connection:
            row = connection.execute("SELECT MAX(arrived_at) FROM message").fetchone()
    except (sqlite3.Error, OSError):
        return None
    return db.moment(row[0]) if row and row[0] else None


# --- what is on this machine -------------------------------------------------------------------------------


def check_home(config: Config) -> Iterator[Finding]:
    """A folder of the person's own, that can be written."""
    home, quoted = config.home, shlex.quote(str(config.home))
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=home, prefix=".doctor-"):
            pass
        free = shutil.disk_usage(home).free
        mode = home.stat().st_mode
    except OSError as error:
        yield Finding("home", "bad", f"{home} cannot be written ({error.strerror})", f"ls -ld {quoted}")
        return
    if mode & 0o077:
        yield Finding("home", "warn", f"others on this machine can look into {home}", f"chmod 700 {quoted}")
    elif free < LITTLE_SPACE:
        state: State = "bad" if free < NO_SPACE else "warn"
        yield Finding("home", state, f"{home} has only {free // 1_000_000} MB left", f"df -h {quoted}")
    else:
        yield Finding("home", "ok", f"{home} can be written")


def check_database(config: Config) -> Iterator[Finding]:
    """Whether the file is whole, ours alone, and what in it waits for the person."""
    path = config.database
    if not path.exists():
        yield Finding("database", "ok", "none yet; the first run makes it")
        return
    keep = f"cp {shlex.quote(str(path))} {shlex.quote(f'{path}.broken')}"
    try:
        with _reading(path) as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            yield Finding("database", "bad", f"{path} is damaged: {said}. Keep a copy before anything else", keep)
            return
        store = Store(path)
    except (sqlite3.Error, ConfigError) as error:
        yield Finding("database", "bad", str(error) or type(error).__name__, keep)
        return
    try:
        [row] = store.rows(
            """SELECT (SELECT COUNT(*) FROM message WHERE state = 'stuck') AS stuck,
                 (SELECT COUNT(*) FROM message) AS mails,
                 (SELECT COUNT(*) FROM effect WHERE state = 'failed') AS failed"""
        )
    finally:
        store.close()
    if path.stat().st_mode & 0o077:
        words = f"others on this machine can read {path}"
        yield Finding("database", "warn", words, f"chmod 600 {shlex.quote(str(path))}")
    elif row["stuck"]:
        words = f"whole; {row['stuck']} of {row['mails']} mails are set aside"
        yield Finding("database", "warn", words, "onward stuck")
    else:
        yield Finding("database", "ok", f"whole; {row['mails']} mails known")


class _reading:
    """A connection that cannot write and makes no file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def check_templates(config: Config) -> Iterator[Finding]:
    """Every letter and reminder, filled once with all facts known and once with few."""
    if mistakes := find_mistakes(Renderer(config.templates)):
        mine = config.templates
        yield Finding("templates", "bad", mistakes[0], f"ls -R {shlex.quote(str(mine or shipped_templates()))}")
        return
    own = own_templates(config)
    unused = sorted(own - set(TEMPLATES))
    if unused:
        words = f"{unused[0]} in your templates folder is never used; it would have to be called like one of ours"
        yield Finding("templates", "warn", words, f"ls -R {shlex.quote(str(shipped_templates()))}")
    else:
        yield Finding(
            "templates", "ok", f"all can be filled; {len(own)} of them your own" if own else "all can be filled"
        )


def own_templates(config: Config) -> set[str]:
    """Names of the person's own templates."""
    folder = config.templates
    if folder is None or not folder.is_dir():
        return set()
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.txt")}


def check_classifier(config: Config) -> Iterator[Finding]:
    """The weights, whose hash is checked as they load, and what the person taught."""
    from onward_classifiers.score import Classifier  # reads 1 MB; only here is it needed

    try:
        version = Classifier.load().weights.version
    except ConfigError as error:
        yield Finding("classifier", "bad", str(error), "pip install --force-reinstall onward-mail")
        return
    try:
        personal = Classifier.load(home=config.home).personal
    except ConfigError as error:
        yield Finding("classifier", "warn", str(error), "onward learn")
        return
    learned = f", and what it learned from {len(personal.learned_from)} of your corrections" if personal else ""
    yield Finding("classifier", "ok", version + learned)


def check_reminders(config: Config) -> Iterator[Finding]:
    """Whether any of the ways to speak to the person works here."""
    desktop = has_desktop()
    if not config.remind_by_mail and not config.remind_on_desktop:
        yield Finding("reminders", "warn", "all are switched off in [reminders]", "onward config edit")
    elif config.remind_on_desktop and not desktop and not config.remind_by_mail:
        yield Finding("reminders", "bad", "there is no desktop to show them on, and mail is off", install_desktop())
    elif config.remind_on_desktop and not desktop:
        yield Finding("reminders", "ok", "by mail to yourself; there is no desktop to show them on")
    else:
        ways = (("mail to yourself", config.remind_by_mail), ("desktop notification", config.remind_on_desktop))
        yield Finding("reminders", "ok", "by " + " and ".join(way for way, wanted in ways if wanted))


def has_desktop() -> bool:
    """Whether a notification could be shown, without showing one."""
    if sys.platform == "darwin":
        return True
    bus = os.environ.get("DBUS_SESSION_BUS_ADDRESS") or Path("/run/user", str(os.getuid()), "bus").exists()
    return bool(bus) and shutil.which("notify-send") is not None


def install_desktop() -> str:
    """What to type for notifications, or to do without them."""
    return "onward config edit" if shutil.which("notify-send") else "sudo apt-get install libnotify-bin"


# --- what is reached over the network ----------------------------------------------------------------------


def check_account(account: AccountConfig, config: Config) -> Iterator[Finding]:
    """The password can be had, the server lets us in, and the folders are there."""
    edge = f"account {account.name}"
    if account.kind == "imap":
        problem = find_password_problem(account.secret, account.name)
        if problem is not None:
            yield Finding(edge, "bad", problem, mend_password(account.secret, account.name))
            return
    mailbox: Mailbox | None = None
    try:
        mailbox = service.open_mailbox(account, config)
        assert isinstance(mailbox, ImapMailbox | MaildirMailbox)  # both can be asked how they are
        yield Finding(edge, "ok", f"{where(account)}: {mailbox.check()}")
        yield check_folders(account, mailbox)
    except OnwardError as error:
        yield Finding(edge, "bad", str(error), mend_account(account, error))
    finally:
        if mailbox is not None:
            mailbox.close()


def check_folders(account: AccountConfig, mailbox: Mailbox) -> Finding:
    """Where letters are laid and sent mail is filed."""
    edge = f"folders {account.name}"
    for folder in account.folders:
        try:
            mailbox.place(folder)
        except OnwardError as error:
            return Finding(edge, "bad", f"{folder} cannot be watched: {error}", "onward config edit")
    names: dict[Role, str] = {}
    roles: tuple[Role, ...] = ("drafts", "sent")
    for role in roles:
        try:
            names[role] = mailbox.folder_for(role)
            mailbox.place(names[role])
        except OnwardError as error:
            words = f'{error}. Write under this [[account]]: {role} = "the folder\'s name"'
            # Without Sent a letter can still be written; without Drafts nothing can.
            return Finding(edge, "bad" if role == "drafts" else "warn", words, "onward config edit")
    words = f"watches {', '.join(account.folders)}; {names['drafts']} and {names['sent']} found"
    try:
        teaching = mailbox.teaching_folders()
    except OnwardError as error:
        return Finding(edge, "warn", f"{words}; folders for teaching cannot be looked for: {error}", "onward learn")
    return Finding(edge, "ok", words + (f"; learns from {' and '.join(teaching)}" if teaching else ""))


def check_smtp(account: AccountConfig) -> Iterator[Finding]:
    """The outgoing server takes the sign-in; nothing is sent."""
    edge = f"sending {account.name}"
    if account.smtp is None:
        yield Finding(edge, "ok", "not set up: letters are sent from your mail program, reminders are laid into INBOX")
        return
    if account.smtp.secret:
        problem = find_password_problem(account.smtp.secret, account.name)
        if problem is not None:
            yield Finding(edge, "bad", problem, mend_password(account.smtp.secret, account.name))
            return
    try:
        server = service.smtp_server(account)
        assert server is not None
        yield Finding(edge, "ok", smtp.check(server))
    except OnwardError as error:
        yield Finding(edge, "bad", str(error), mend_smtp(account, error))


def find_password_problem(source: object, name: str) -> str | None:
    """Why the password cannot be had; None when it can."""
    try:
        secrets.resolve(dict(source) if isinstance(source, dict) else {}, name)()
    except OnwardError as error:
        return str(error).partition(":\n")[0]
    return None


def where(account: AccountConfig) -> str:
    """The mailbox as a person would name it."""
    return str(account.path) if account.kind == "maildir" else f"{account.host}:{account.port}"


def mend_account(account: AccountConfig, error: OnwardError) -> str:
    """What to type when a mailbox does not open."""
    if account.kind == "maildir":
        return f"ls -la {shlex.quote(str(account.path))}"
    if is_refusal(error):
        return mend_password(account.secret, account.name)
    if "certificate" in str(error):
        return f"openssl s_client -connect {shlex.quote(account.host)}:{account.port}"
    if "folder" in str(error).lower():
        return "onward config edit"
    return f"nc -vz {shlex.quote(account.host)} {account.port}"


def mend_smtp(account: AccountConfig, error: OnwardError) -> str:
    """What to type when mail cannot be handed over."""
    assert account.smtp is not None
    if is_refusal(error):
        return mend_password(account.smtp.secret, account.name)
    return f"nc -vz {shlex.quote(account.smtp.host)} {account.smtp.port}"


def is_refusal(error: OnwardError) -> bool:
    """Whether the server knows us not."""
    return isinstance(error, SignInRefused) or "sign-in" in str(error)


def mend_password(source: object, name: str) -> str:
    """The command that shows or sets the password where it is kept. Never the words of a command: one may be secret."""
    kept = dict(source) if isinstance(source, dict) else {}
    if kept.get("password_keyring"):
        service_name = kept["password_keyring"] if isinstance(kept["password_keyring"], str) else "onward"
        return f"keyring set {shlex.quote(service_name)} {shlex.quote(name)}"
    if isinstance(kept.get("password_file"), str):
        return f"ls -l {kept['password_file']}"
    if isinstance(kept.get("password_env"), str):
        return f"printenv {shlex.quote(kept['password_env'])} | wc -c"
    if isinstance(kept.get("password_credential"), str):
        return "systemctl cat onward"
    return "onward config edit"


# --- what runs ---------------------------------------------------------------------------------------------


def check_service(config: Config) -> Iterator[Finding]:
    """Whether Onward runs, whether it gets on, and whether it would start by itself."""
    running = (config.home / "lock").exists() and is_running(config.home)
    unit = find_unit()
    if running:
        yield check_progress(config)
    else:
        words = "it does not run; nothing is looked at meanwhile, and nothing is lost"
        yield Finding("service", "warn", words, start_command(unit))
    yield from check_unit(unit)


def check_progress(config: Config) -> Finding:
    """The last word of each watcher of the service that runs."""
    if not config.database.exists():
        return Finding("service", "ok", "it runs, and has just begun")
    store = Store(config.database)
    try:
        health = store.health()
    finally:
        store.close()
    now = service.utc_now()
    for account in config.accounts:
        words, heard_at = health.get(f"watch {account.name}", ("", None))
        if heard_at is None:
            return Finding("service", "ok", f"it runs; its first look at {account.name} is under way")
        if words != "ok":
            return Finding("service", "bad", f"it runs, but {account.name} has trouble: {words}", "onward status")
        silent = now - heard_at
        if silent > max(SILENT_FOR, 2 * timedelta(seconds=account.poll_seconds)):
            minutes = int(silent / timedelta(minutes=1))
            return Finding(
                "service",
                "bad",
                f"it runs, but has not looked at {account.name} for {minutes} minutes",
                restart_command(),
            )
    return Finding("service", "ok", "it runs, and has looked at every account")


def find_unit() -> Path | None:
    """The systemd unit that starts Onward, if there is one."""
    places = (Path.home() / ".config/systemd/user/onward.service", Path("/etc/systemd/system/onward.service"))
    return next((path for path in places if path.is_file()), None)


def check_unit(unit: Path | None) -> Iterator[Finding]:
    """A unit that notices a hang, and does not end when the person logs out."""
    if unit is None:
        return
    text = unit.read_text(encoding="utf-8", errors="replace")
    if not re.search(r"(?m)^WatchdogSec=\s*\S", text) or not re.search(r"(?m)^Type=\s*notify", text):
        words = f"{unit} does not watch for a hang; copy the one that comes with Onward"
        yield Finding("systemd", "warn", words, f"systemctl{user_of(unit)} edit --full onward")
    elif user_of(unit) and not Path("/var/lib/systemd/linger", os.environ.get("USER", "")).is_file():
        words = "Onward stops when you log out, and the 48 hours run on"
        yield Finding("systemd", "warn", words, "loginctl enable-linger")
    else:
        yield Finding("systemd", "ok", f"{unit} starts it and watches for a hang")


def user_of(unit: Path) -> str:
    """' --user' for a unit of the person's own."""
    return "" if unit.is_relative_to("/etc") else " --user"


def start_command(unit: Path | None) -> str:
    """How it is started here."""
    return "onward run" if unit is None else f"systemctl{user_of(unit)} enable --now onward"


def restart_command() -> str:
    """How it is started anew."""
    unit = find_unit()
    return "onward run" if unit is None else f"systemctl{user_of(unit)} restart onward"
