"""The one SQLite file: how it is opened, written and brought up to date.

`journal_mode=DELETE, synchronous=EXTRA`: SQLite before 3.51.3 can corrupt a WAL that two connections reset
together, and one commit costs about a millisecond here. Every write is a `BEGIN IMMEDIATE`, so that a read
followed by a write never fails half-way. Migrations are numbered files, run by sqlite-utils inside one such
transaction; a database newer than this program is refused.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onward.core.model import ConfigError

MIGRATIONS = Path(__file__).parent / "migrations"


def connect(path: Path, timeout: float = 10.0) -> sqlite3.Connection:
    """A connection of one thread's own, the schema up to date. Raises ConfigError for what cannot be used."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    try:
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA trusted_schema = OFF")
        _migrate(connection)
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{path} cannot be used as Onward's database: {error}") from error
    return connection


@contextlib.contextmanager
def write(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction: all of the block is kept, or none of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def stamp(moment: datetime) -> str:
    """A moment as stored: UTC, microseconds, text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """A stored moment as an aware datetime."""
    return datetime.fromisoformat(text)


def _migrate(connection: sqlite3.Connection) -> None:
    files = sorted(MIGRATIONS.glob("[0-9]*.sql"))
    newest = int(files[-1].name[:4])
    current = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if current == newest:
        return
    if current > newest:
        raise ConfigError(
            f"a newer Onward wrote this database (schema {current}, this one knows {newest}): update Onward"
        )
    sqlite_utils = _import_sqlite_utils()
    migrations = sqlite_utils.Migrations("onward")
    for file in files:
        migrations(name=file.stem)(_Script(file))
    with write(connection):
        migrations.apply(sqlite_utils.Database(connection))
        connection.execute(f"PRAGMA user_version = {newest}")


def _import_sqlite_utils() -> Any:
    """sqlite-utils, needed only when the schema changes, without the numpy it would load where there is one: 14 MB."""
    hidden = "numpy" not in sys.modules
    if hidden:
        sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("sqlite_utils")
    finally:
        if hidden:
            del sys.modules["numpy"]


class _Script:
    """One migration file, run statement by statement: `executescript` would commit half of it."""

    def __init__(self, file: Path) -> None:
        self.__name__ = file.stem
        self._file = file

    def __call__(self, db: object) -> None:
        connection: sqlite3.Connection = db.conn  # type: ignore[attr-defined]
        statement = ""
        for line in self._file.read_text().splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                connection.execute(statement)
                statement = ""
