"""The configuration file: what may stand in it, what it means, and one clear line for every mistake.

`config.example.toml` documents each setting; a test holds the two together. Passwords never stand here, only
where to find them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from onward.core.model import ConfigError, Policy, ReflectionHours

Security = Literal["tls", "starttls", "plain"]
PASSWORD_KEYS = ("password_env", "password_file", "password_command", "password_credential", "password_keyring")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PORTS = {("imap", "tls"): 993, ("imap", "starttls"): 143, ("imap", "plain"): 143}
_SMTP_PORTS = {"tls": 465, "starttls": 587, "plain": 25}


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """Where an account's mail is handed over for sending."""

    host: str
    port: int
    user: str
    security: Security
    secret: Mapping[str, object]  # the one password_… setting, as written
    ca_file: str | None = None
    file_sent: bool = True  # False where the provider files sent mail itself


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One mailbox with its identity and sign-in."""

    name: str
    kind: Literal["imap", "maildir"]
    addresses: tuple[str, ...]
    folders: tuple[str, ...] = ("INBOX",)
    roles: Mapping[str, str] = field(default_factory=dict)  # 'drafts', 'sent' -> folder
    host: str = ""
    port: int = 993
    user: str = ""
    security: Security = "tls"
    secret: Mapping[str, object] = field(default_factory=dict)
    ca_file: str | None = None
    path: Path | None = None  # of a Maildir
    poll_seconds: float = 300.0
    smtp: SmtpConfig | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the person set, checked."""

    accounts: tuple[AccountConfig, ...]
    name: str
    hours: ReflectionHours
    learn: timedelta = timedelta(days=180)
    answer_within: timedelta = timedelta(days=3)
    drafts_per_day: int = 5
    draft_letters: bool = True
    cool_off: timedelta = timedelta(hours=24)
    quiet_after: timedelta = timedelta(days=14)
    feedback_wait: timedelta = timedelta(days=14)
    unused_limit: int = 4
    remind_by_mail: bool = True
    remind_on_desktop: bool = True
    undo: timedelta = timedelta(seconds=60)
    home: Path = Path()
    templates: Path | None = None  # the person's own templates, looked at first

    @property
    def policy(self) -> Policy:
        """What the person allows, as the core speaks of it."""
        return Policy(
            name=self.name,
            own_addresses=frozenset(address for account in self.accounts for address in account.addresses),
            hours=self.hours,
            answer_within=self.answer_within,
            drafts_per_day=self.drafts_per_day,
            draft_letters=self.draft_letters,
            cool_off=self.cool_off,
            quiet_after=self.quiet_after,
            feedback_wait=self.feedback_wait,
            unused_limit=self.unused_limit,
        )

    def account(self, name: str) -> AccountConfig:
        """One account by its name. Raises ConfigError."""
        for account in self.accounts:
            if account.name == name:
                return account
        raise ConfigError(f"no account is called {name!r}; there are: {', '.join(each.name for each in self.accounts)}")

    @property
    def database(self) -> Path:
        """The one SQLite file."""
        return self.home / "onward.db"


def default_path() -> Path:
    """Where the configuration is looked for: $ONWARD_CONFIG, else the user's configuration folder."""
    return Path(os.environ.get("ONWARD_CONFIG") or platformdirs.user_config_path("onward") / "config.toml")


def default_home() -> Path:
    """Where Onward keeps its database: $ONWARD_HOME, systemd's StateDirectory, else the user's data folder."""
    given = os.environ.get("ONWARD_HOME") or os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else platformdirs.user_data_path("onward")


def load(path: Path | None = None, home: Path | None = None) -> Config:
    """Read and check the file. Raises ConfigError with the place and the remedy."""
    path = path or default_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"no configuration at {path}; begin with: onward config edit") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    return parse(table, home or default_home(), path)


def parse(table: dict[str, Any], home: Path, path: Path = Path("config.toml")) -> Config:
    """A checked Config from a parsed file."""
    top = _Table(table, str(path))
    reflection = _Table(top.take("reflection", dict, {}), f"{path}: [reflection]")
    letters = _Table(top.take("letters", dict, {}), f"{path}: [letters]")
    reminders = _Table(top.take("reminders", dict, {}), f"{path}: [reminders]")
    accounts = top.take("account", list, [])
    if not accounts:
        raise ConfigError(f"{path}: there is no [[account]]; see: onward config example")
    timezone = _timezone(top)
    config = Config(
        accounts=tuple(_account(each, f"{path}: [[account]] {number}") for number, each in enumerate(accounts, 1)),
        name=top.take("name", str),
        hours=ReflectionHours(
            timezone=timezone,
            weekdays=_weekdays(reflection),
            start=_clock(reflection, "from", time(17)),
            end=_clock(reflection, "to", time(20)),
            night_start=_clock(reflection, "night_from", time(21, 30)),
            night_end=_clock(reflection, "night_to", time(8)),
        ),
        learn=timedelta(days=top.number("learn_days", 180, 0, 3650)),
        answer_within=timedelta(days=top.number("answer_within_days", 3, 0, 30)),
        drafts_per_day=int(top.number("drafts_per_day", 5, 0, 1000)),
        draft_letters=top.take("draft_letters", bool, True),
        cool_off=timedelta(hours=letters.number("remind_after_hours", 24, 0, 72)),
        quiet_after=timedelta(days=letters.number("quiet_after_days", 14, 3, 365)),
        feedback_wait=timedelta(days=letters.number("feedback_within_days", 14, 3, 365)),
        unused_limit=int(letters.number("stop_after_unused", 4, 1, 1000)),
        remind_by_mail=reminders.take("mail", bool, True),
        remind_on_desktop=reminders.take("desktop", bool, True),
        undo=timedelta(seconds=top.number("undo_seconds", 60, 0, 3600)),
        home=home,
        templates=path.parent / "templates",
    )
    for table_read in (top, reflection, letters, reminders):
        table_read.refuse_the_rest()
    names = [account.name for account in config.accounts]
    if len(set(names)) != len(names):
        raise ConfigError(f"{path}: two accounts have the same name; each needs its own")
    if config.hours.start >= config.hours.end:
        raise ConfigError(f"{path}: [reflection] 'from' must be earlier in the day than 'to'")
    return config


class _Table:
    """One table of the file: every setting taken once, the rest refused by name."""

    def __init__(self, table: object, where: str) -> None:
        if not isinstance(table, dict):
            raise ConfigError(f"{where} must be a table")
        self._table, self.where = dict(table), where

    def take(self, key: str, kind: type[Any], default: Any = ...) -> Any:
        if key not in self._table:
            if default is ...:
                raise ConfigError(f"{self.where}: '{key}' is missing")
            return default
        value = self._table.pop(key)
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            names = {str: "a text in quotes", bool: "true or false", list: "a list", dict: "a table", int: "a number"}
            raise ConfigError(f"{self.where}: '{key}' must be {names.get(kind, 'of another kind')}")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self._table.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ConfigError(f"{self.where}: '{key}' must be a number from {low} to {high}")
        return float(value)

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> Any:
        value = self._table.pop(key, default)
        if value not in allowed:
            raise ConfigError(f"{self.where}: '{key}' must be one of {', '.join(allowed)}")
        return value

    def has(self, key: str) -> bool:
        return key in self._table

    def refuse_the_rest(self) -> None:
        if self._table:
            raise ConfigError(f"{self.where}: '{sorted(self._table)[0]}' is not a setting Onward knows")


def _account(table: object, where: str) -> AccountConfig:
    entry = _Table(table, where)
    kind = entry.choice("kind", ("imap", "maildir"), "imap")
    name = entry.take("name", str, "main")
    addresses = entry.take("addresses", list) if entry.has("addresses") else [entry.take("address", str)]
    if not addresses or not all(isinstance(each, str) and "@" in each for each in addresses):
        raise ConfigError(f"{where}: 'address' must be a mail address")
    roles = {role: entry.take(role, str) for role in ("drafts", "sent") if entry.has(role)}
    folders = tuple(entry.take("folders", list, ["INBOX"]))
    if not folders or not all(isinstance(each, str) and each for each in folders):
        raise ConfigError(f"{where}: 'folders' must be a list of folder names")
    common: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "addresses": tuple(each.lower() for each in addresses),
        "folders": folders,
        "roles": roles,
        "poll_seconds": entry.number("poll_seconds", 300, 1, 86_400),
        "smtp": _smtp(entry.take("smtp", dict), f"{where} smtp", addresses[0]) if entry.has("smtp") else None,
    }
    if kind == "maildir":
        common["path"] = Path(entry.take("path", str)).expanduser()
    else:
        security = entry.choice("security", ("tls", "starttls", "plain"), "tls")
        common |= {
            "host": entry.take("host", str),
            "security": security,
            "port": int(entry.number("port", _PORTS[("imap", security)], 1, 65_535)),
            "user": entry.take("user", str, addresses[0]),
            "ca_file": entry.take("ca_file", str, None),
            "secret": _secret(entry),
        }
    entry.refuse_the_rest()
    return AccountConfig(**common)


def _smtp(table: object, where: str, address: str) -> SmtpConfig:
    entry = _Table(table, where)
    security = entry.choice("security", ("tls", "starttls", "plain"), "tls")
    config = SmtpConfig(
        host=entry.take("host", str),
        port=int(entry.number("port", _SMTP_PORTS[security], 1, 65_535)),
        user=entry.take("user", str, address),
        security=security,
        secret=_secret(entry),
        ca_file=entry.take("ca_file", str, None),
        file_sent=entry.take("file_sent", bool, True),
    )
    entry.refuse_the_rest()
    return config


def _secret(entry: _Table) -> dict[str, object]:
    found = {key: entry.take(key, object) for key in PASSWORD_KEYS if entry.has(key)}
    if entry.has("password"):
        raise ConfigError(
            f"{entry.where}: a password does not belong in this file; use one of {', '.join(PASSWORD_KEYS)} instead"
        )
    return found


def _timezone(top: _Table) -> str:
    name: str = top.take("timezone", str, "") or _local_timezone()
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"{top.where}: '{name}' is no time zone; write it like \"Europe/Berlin\"") from None
    return name


def _local_timezone() -> str:
    """This machine's zone by name."""
    import tzlocal  # comes with APScheduler

    return tzlocal.get_localzone_name() or "UTC"


def _weekdays(entry: _Table) -> frozenset[int]:
    names = entry.take("weekdays", list, list(WEEKDAYS))
    try:
        days = frozenset(WEEKDAYS.index(str(each).lower()[:3]) for each in names)
    except ValueError:
        raise ConfigError(f"{entry.where}: 'weekdays' must be a list of {', '.join(WEEKDAYS)}") from None
    if not days:
        raise ConfigError(f"{entry.where}: 'weekdays' must name at least one day")
    return days


def _clock(entry: _Table, key: str, default: time) -> time:
    text = entry.take(key, str, default.isoformat("minutes"))
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise ConfigError(f"{entry.where}: '{key}' must be a time of day like \"17:30\"") from None
