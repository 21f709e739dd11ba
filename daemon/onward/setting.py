"""Where one call of `onward` looks and keeps things, and what every command says in the same words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onward import screen

if TYPE_CHECKING:
    from onward.config import Config
    from onward.edges.store import Store

KEY = 8  # digits of a mail's key that are shown: enough to tell a person's mails apart


@dataclass
class Setting:
    """Where this call of `onward` looks and keeps things."""

    config_path: Path | None
    home: Path | None

    @cached_property
    def config(self) -> Config:
        """The configuration, read when first needed. Raises ConfigError."""
        from onward import config

        return config.load(self.config_path, self.home)

    @property
    def path(self) -> Path:
        """The configuration file, whether it exists or not."""
        from onward.config import default_path

        return self.config_path or default_path()

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """What Onward remembers."""
        from onward.edges.store import Store

        store = Store(self.config.database)
        try:
            yield store
        finally:
            store.close()

    @property
    def is_running(self) -> bool:
        """Whether a service works on this home now."""
        from onward.edges.files import is_running

        # Asking takes the lock for an instant; where there is no lock yet, nobody can hold it.
        return (self.config.home / "lock").exists() and is_running(self.config.home)

    def short(self, moment: datetime) -> str:
        """A moment for a table, in the person's zone."""
        return screen.short(moment, now(), self.config.hours.timezone)

    def day(self, moment: datetime) -> str:
        """The day alone, where the hour says nothing."""
        return self.short(moment).rpartition(" ")[0]

    def when(self, starts_at: datetime, ends_at: datetime) -> str:
        """An hour as one tells a friend."""
        from onward.core import agenda

        return agenda.say_when(starts_at, ends_at, now(), self.config.hours.timezone)


pass_setting = click.make_pass_decorator(Setting)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")


def now() -> datetime:
    """The clock of the command line, in UTC."""
    return datetime.now(UTC)


def at(text: str) -> datetime:
    """A moment as the database holds it."""
    return datetime.fromisoformat(text)


def soon(setting: Setting, what: str) -> str:
    """When something will happen that the service does."""
    return f"{what} within seconds." if setting.is_running else f"{what} when Onward runs."


def now_commands(setting: Setting) -> list[tuple[str, str]]:
    """What to type where nothing happens by itself."""
    return [] if setting.is_running else [("Let it run", "onward run --once")]


def nudge(setting: Setting) -> None:
    """Where nothing is to be seen because nothing looks."""
    if not setting.is_running:
        screen.next_commands(("Onward is not running", "onward run"))
