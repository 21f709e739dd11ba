"""What the person changes by hand in their applications. Every change can be taken back.

Each act is one transaction, and notes what it changed in which rows: the columns as they were and as they became.
Taking it back writes them as they were. A later change by hand that rests on it is taken back first; a later mail that
rests on it keeps it; what the program itself notes meanwhile in other columns does not matter.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from onward.core import tracker
from onward.core.model import Address, Application, Refused, Stage
from onward.edges import db
from onward.edges.store import Store

KEYS = {"verdict": "message_key"}  # the column that names a row, where it is not 'id'
BELONGING = ("event", "person", "note", "feedback", "draft", "question", "verdict")  # tables that name an application
OF_A_MAIL = ("event", "person", "feedback", "draft", "question", "verdict")  # … and a mail

Row = dict[str, Any]


@dataclass
class _Record:
    """What was changed in one change, in order: table, key, columns before (None: no row), columns after."""

    connection: sqlite3.Connection
    rows: list[tuple[str, object, Row | None, Row]] = field(default_factory=list)

    def add(self, table: str, **values: object) -> int:
        """A new row; its number."""
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        key = self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values).lastrowid
        assert key is not None
        self.rows.append((table, key, None, values))
        return key

    def change(self, table: str, key: object, **values: object) -> None:
        """Some columns of a row; those that stay as they are do not count."""
        row = _row(self.connection, table, key)
        assert row is not None
        if after := {name: value for name, value in values.items() if row[name] != value}:
            _set(self.connection, table, key, after)
            self.rows.append((table, key, {name: row[name] for name in after}, after))

    def move(self, tables: Sequence[str], to: int, where: str, *bound: object) -> None:
        """Every row that fits, to another application."""
        for table in tables:
            name = KEYS.get(table, "id")
            for row in self.connection.execute(f"SELECT {name} AS key FROM {table} WHERE {where}", bound).fetchall():
                self.change(table, row["key"], application_id=to)

    def answer(self, application_id: int, kinds: Sequence[str], answer: str, now: datetime) -> None:
        """The open questions that this change answers."""
        for row in self.connection.execute(
            """SELECT id FROM question WHERE answered_at IS NULL AND application_id = ?
               AND kind IN (SELECT value FROM json_each(?))""",
            (application_id, json.dumps(kinds)),
        ).fetchall():
            self.change("question", row["id"], answered_at=db.stamp(now), answer=answer)

    def answer_about(self, message_key: str, answer: str, now: datetime) -> None:
        """The open question to which application a mail belongs."""
        for row in self.connection.execute(
            "SELECT id FROM question WHERE answered_at IS NULL AND kind = 'match' AND message_key = ?", (message_key,)
        ).fetchall():
            self.change("question", row["id"], answered_at=db.stamp(now), answer=answer)

    def close(self, words: str, now: datetime) -> None:
        """Note the change."""
        self.connection.execute(
            "INSERT INTO change (at, words, rows) VALUES (?, ?, ?)",
            (db.stamp(now), words, json.dumps(self.rows, ensure_ascii=False)),
        )


def _row(connection: sqlite3.Connection, table: str, key: object) -> Row | None:
    found = connection.execute(f"SELECT * FROM {table} WHERE {KEYS.get(table, 'id')} = ?", (key,)).fetchone()
    return dict(found) if found is not None else None


def _set(connection: sqlite3.Connection, table: str, key: object, values: Row) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    connection.execute(f"UPDATE {table} SET {names} WHERE {KEYS.get(table, 'id')} = ?", (*values.values(), key))


# --- applications ------------------------------------------------------------------------------------------


def add(store: Store, company: str, role: str, event: str, at: datetime, now: datetime) -> int:
    """An application that no mail has told of. Returns its number."""
    if not (company.strip() or role.strip()):
        raise Refused("say where you applied: onward applications add --company NAME --role TITLE")

    def change(connection: sqlite3.Connection) -> int:
        record = _Record(connection)
        id = record.add("application", company=company.strip(), role=role.strip(), created_at=db.stamp(at))
        record.add("event", application_id=id, kind=event, at=db.stamp(at), by_hand=1)
        record.close(f"added {_named(company, role)}", now)
        return id

    return int(store.change("ledger add", change))


def edit(store: Store, id: int, now: datetime, **values: str) -> None:
    """Another company, role or requisition number."""
    one = store.get_application(id)
    if not values:
        raise Refused(f"say what to change: onward applications edit {id} --company NAME --role TITLE")

    def change(connection: sqlite3.Connection) -> None:
        record = _Record(connection)
        record.change("application", id, **{name: value.strip() for name, value in values.items()})
        record.close(f"edited {tracker.named_of(one)}", now)

    store.change("ledger edit", change)


def add_event(store: Store, id: int, kind: str, at: datetime, now: datetime) -> None:
    """Something that happened and that no mail tells of: an interview by phone, a no by phone."""
    one = store.get_application(id)

    def change(connection: sqlite3.Connection) -> None:
        record = _Record(connection)
        record.add("event", application_id=id, kind=kind, at=db.stamp(at), by_hand=1)
        record.answer(id, ("quiet", "silent", "reopened"), kind, now)
        record.close(f"noted {_an(kind)} for {tracker.named_of(one)}", now)

    store.change("ledger event", change)


def wait(store: Store, id: int, now: datetime) -> None:
    """Silence is given more time. Raises Refused where there is none."""
    one = store.get_application(id)
    if one.closed or one.stage is Stage.APPLIED:
        stands = "closed" if one.closed else "only sent"
        raise Refused(f"application {id} is {stands}, with no silence to wait out; see: onward applications show {id}")
    add_event(store, id, "waiting", now, now)


def merge(store: Store, into: int, other: int, now: datetime) -> Application:
    """Two applications are one: all of `other` goes to `into`, which keeps its names where it has any."""
    if into == other:
        raise Refused("an application cannot be merged with itself")
    kept, gone = store.get_application(into), store.get_application(other)

    def change(connection: sqlite3.Connection) -> None:
        record = _Record(connection)
        record.move(BELONGING, into, "application_id = ?", other)
        names = {"company": kept.company or gone.company, "role": kept.role or gone.role}
        record.change("application", into, **names, requisition=kept.requisition or gone.requisition)
        record.answer(into, ("match",), "merged", now)
        record.close(f"merged {tracker.named_of(gone)} into {tracker.named_of(kept)}", now)

    store.change("ledger merge", change)
    return store.get_application(into)


def split(store: Store, id: int, mails: Sequence[str], now: datetime) -> int:
    """Some mails of an application are about another one. Returns the number of the new application."""
    one = store.get_application(id)
    keys = [store.get_message(each).key for each in mails]
    there = {row["message_key"] for row in _mails_of(store, id)}
    if not keys:
        raise Refused(f"say which mails: onward applications split {id} KEY …; see: onward applications show {id}")
    if strange := [key for key in keys if key not in there]:
        raise Refused(f"mail {strange[0][:8]} does not belong to application {id}; see: onward applications show {id}")
    if there <= set(keys):
        raise Refused("these are all its mails: nothing would be left")

    def change(connection: sqlite3.Connection) -> int:
        record = _Record(connection)
        named = _names_in(connection, keys)
        new = record.add("application", company=named[0] or one.company, role=named[1], created_at=db.stamp(now))
        _move_mails(record, keys, new)
        for key in keys:
            record.answer_about(key, "split", now)
        record.close(f"split {len(keys)} of the mails off {tracker.named_of(one)}", now)
        return new

    return int(store.change("ledger split", change))


def assign(store: Store, mail_key: str, id: int | None, now: datetime) -> int:
    """A mail belongs to another application, or (None) to a new one. Returns the number of the application."""
    message = store.get_message(mail_key)
    one = store.get_application(id) if id is not None else None

    def change(connection: sqlite3.Connection) -> int:
        record = _Record(connection)
        to = id
        if to is None:
            company, role = _names_in(connection, [message.key])
            to = record.add("application", company=company, role=role, created_at=db.stamp(message.arrived_at))
        _move_mails(record, [message.key], to)
        events = connection.execute(
            "SELECT id, kind, revoked_at FROM event WHERE message_key = ?", (message.key,)
        ).fetchall()
        if revoked := [row for row in events if row["kind"] == "update" and row["revoked_at"] is not None]:
            record.change("event", revoked[0]["id"], revoked_at=None)
        elif all(row["revoked_at"] is not None for row in events):
            at = db.stamp(message.arrived_at)
            record.add("event", application_id=to, kind="update", message_key=message.key, at=at, by_hand=1)
        record.answer_about(message.key, "assigned", now)
        words = tracker.named_of(one) if one else "a new application"
        record.close(f"moved a mail to {words}", now)
        return to

    return int(store.change("ledger assign", change))


# --- people and notes --------------------------------------------------------------------------------------


def add_person(store: Store, id: int, who: Address, role: str, now: datetime) -> None:
    """Somebody behind an application, as the person knows them."""
    one = store.get_application(id)

    def change(connection: sqlite3.Connection) -> None:
        record = _Record(connection)
        record.add(
            "person",
            application_id=id,
            name=who.name,
            role=role,
            email=who.email,
            source="you",
            at=db.stamp(now),
        )
        record.close(f"noted {who.name or who.email} for {tracker.named_of(one)}", now)

    store.change("ledger person", change)


def add_note(
    store: Store,
    id: int,
    now: datetime,
    text: str,
    *,
    interview: bool = False,
    asked: str = "",
    stumped: str = "",
    present: str = "",
) -> None:
    """A note; of an interview what was asked, what was hard to answer and who was there."""
    one = store.get_application(id)
    if not any(part.strip() for part in (text, asked, stumped, present)):
        raise Refused(f"a note needs words: onward applications note {id} TEXT")

    def change(connection: sqlite3.Connection) -> None:
        record = _Record(connection)
        record.add(
            "note",
            application_id=id,
            kind="interview" if interview else "note",
            text=text.strip(),
            asked=asked.strip(),
            stumped=stumped.strip(),
            present=present.strip(),
            at=db.stamp(now),
        )
        record.close(f"wrote a note on {tracker.named_of(one)}", now)

    store.change("ledger note", change)


# --- taking back -------------------------------------------------------------------------------------------


def changes(store: Store, limit: int = 20) -> list[Row]:
    """The last changes by hand, the newest first."""
    return store.rows("SELECT id, at, words, undone_at FROM change ORDER BY id DESC LIMIT :limit", limit=limit)


def undo(store: Store, change_id: int | None, now: datetime) -> str:
    """Take back a change, the last one without a number. Returns what was taken back."""
    wanted = "id = :id" if change_id is not None else "undone_at IS NULL ORDER BY id DESC LIMIT 1"
    found = store.rows(f"SELECT * FROM change WHERE {wanted}", id=change_id)
    if not found:
        raise Refused(
            f"there is no change {change_id}; see: onward applications changes"
            if change_id is not None
            else "there is no change by hand left to take back"
        )
    [row] = found
    if row["undone_at"] is not None:
        raise Refused(f"change {row['id']} was taken back already; see: onward applications changes")

    def change(connection: sqlite3.Connection) -> None:
        rows = [tuple(each) for each in json.loads(row["rows"])]
        if (later := _resting_on(connection, int(row["id"]), rows)) is not None:
            raise Refused(
                f"a later change rests on it ({later['words']}); take that back first: "
                f"onward applications undo {later['id']}"
            )
        for table, key, before, after in reversed(rows):
            _take_back(connection, table, key, before, after, str(row["words"]))
        connection.execute("UPDATE change SET undone_at = ? WHERE id = ?", (db.stamp(now), row["id"]))

    store.change("ledger undo", change)
    return str(row["words"])


def _resting_on(connection: sqlite3.Connection, id: int, rows: Sequence[tuple[Any, ...]]) -> sqlite3.Row | None:
    """The latest change after this one that touched the same columns of a row, or a row that this one made."""
    touched = {(table, str(key)): None if before is None else set(after) for table, key, before, after in rows}
    made = {int(key) for table, key, before, _ in rows if table == "application" and before is None}
    found: list[sqlite3.Row] = connection.execute(
        "SELECT * FROM change WHERE id > ? AND undone_at IS NULL ORDER BY id DESC", (id,)
    ).fetchall()
    for later in found:
        for table, key, _, after in json.loads(later["rows"]):
            columns = touched.get((table, str(key)), set())
            if columns is None or columns & set(after) or after.get("application_id") in made:
                return later
    return None


def _take_back(
    connection: sqlite3.Connection, table: str, key: object, before: Row | None, after: Row, words: str
) -> None:
    row = _row(connection, table, key)
    if row is None or (before is not None and any(row[name] != value for name, value in after.items())):
        raise Refused(f"it has changed since ({words}); see: onward applications changes")
    name = KEYS.get(table, "id")
    try:
        if before is None:
            connection.execute(f"DELETE FROM {table} WHERE {name} = ?", (key,))
        else:
            _set(connection, table, key, before)
    except sqlite3.IntegrityError:
        raise Refused(
            f"mails have come to it since ({words}); it can be changed, but not taken back: onward applications edit"
        ) from None


# --- parts -------------------------------------------------------------------------------------------------


def _mails_of(store: Store, id: int) -> list[Row]:
    return store.rows(
        "SELECT message_key FROM event WHERE application_id = :id AND revoked_at IS NULL AND message_key IS NOT NULL",
        id=id,
    )


def _move_mails(record: _Record, keys: Sequence[str], to: int) -> None:
    for key in keys:
        record.move(OF_A_MAIL, to, "message_key = ?", key)


def _names_in(connection: sqlite3.Connection, keys: Sequence[str]) -> tuple[str, str]:
    """The company and role that the first of these mails to name them names."""
    rows = connection.execute(
        """SELECT COALESCE(company, '') AS company, COALESCE(role, '') AS role FROM verdict
           JOIN message ON key = message_key
           WHERE message_key IN (SELECT value FROM json_each(?)) ORDER BY arrived_at""",
        (json.dumps(list(keys)),),
    ).fetchall()
    return (
        next((row["company"] for row in rows if row["company"]), ""),
        next((row["role"] for row in rows if row["role"]), ""),
    )


def _named(company: str, role: str) -> str:
    return ", ".join(part.strip() for part in (company, role) if part.strip())


def _an(kind: str) -> str:
    """'an interview', 'a screen'."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
