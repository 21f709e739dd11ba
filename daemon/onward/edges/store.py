"""What Onward remembers: every read and write of the SQLite file, one short transaction each.

A Store belongs to one thread. A change of state names the state it expects, so that of two who try the
second finds nothing to do. Unique keys make every repeat harmless.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from onward.core import letters, mail, tracker
from onward.core.model import (
    Address,
    Application,
    Band,
    Busy,
    Cursor,
    Decision,
    DraftState,
    Effect,
    EffectKind,
    EffectState,
    Feedback,
    Habits,
    Hint,
    Known,
    Label,
    Learned,
    Letter,
    LetterKind,
    Message,
    Occasion,
    Person,
    Prediction,
    ReflectionState,
    Refused,
    Source,
    Verdict,
)
from onward.edges import Place, db

Row = sqlite3.Row

ANSWERED_BY = {LetterKind.CHECK_IN: ("quiet", "silent"), LetterKind.KEEP_IN_TOUCH: ("greet",), LetterKind.MENTOR: ()}
LEFT_LYING = timedelta(days=14)  # a letter that still waits after this was not used
TWIN_WINDOW = timedelta(days=7)  # the same words from the same sender within this are the same mail


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft as the table holds it."""

    id: int
    message_key: str
    application_id: int | None
    account: str
    kind: str
    state: DraftState
    recipient: Address
    sender: Address
    subject: str
    body: str
    in_reply_to: str | None
    references: tuple[str, ...]
    version: int
    folder: str | None
    uid: int | None
    created_at: datetime
    occasion: Occasion = Occasion.NO
    number: int = 1  # of the letters on one occasion
    language: str = "en"
    warning: str = ""  # what speaks against the address
    unconfirmed: bool = False  # the person has yet to say that it is right
    seen_body: str | None = None  # its words as the person changed them in their mail program
    seen_hash: str | None = None  # … and the hash of that whole mail's words
    sent_id: str | None = None  # the Message-ID it was sent with, where that is another than ours

    @property
    def append_key(self) -> str:
        """The effect that puts this version into the mailbox."""
        return draft_key(self.message_key, self.version, self.occasion, self.number)


@dataclass(frozen=True, slots=True)
class OpenEffect:
    """One effect as the outbox finds it."""

    key: str
    kind: EffectKind
    state: EffectState
    wanted_at: datetime  # when it was to happen
    due_at: datetime  # when it is tried, or looked after, next
    attempts: int
    payload: dict[str, str]
    started_at: datetime | None
    folder: str | None
    place: Place | None
    unchanged: int
    stage: str | None
    words: str | None  # hash of what was added
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reflection:
    """One session as the table holds it, with the noes it is about."""

    id: int
    starts_at: datetime
    ends_at: datetime
    deadline: datetime
    reason: str
    state: ReflectionState
    sequence: int
    booked_at: datetime
    changed_at: datetime
    about: tuple[tuple[str, str], ...]  # (company, role) of each rejection


@dataclass(frozen=True, slots=True)
class Grant:
    """The person's word to send exactly these bytes to exactly this address, once, until it expires."""

    id: int
    draft_id: int
    sha256: str
    raw: bytes
    mail_from: str
    recipient: str
    expires_at: datetime
    revoked: bool


def draft_key(message_key: str, version: int = 1, occasion: Occasion = Occasion.NO, number: int = 1) -> str:
    """The key of the effect that appends one version of the letter for one mail and occasion."""
    about = "" if occasion is Occasion.NO else f":{occasion.value.replace(' ', '-')}"
    about += f":letter-{number}" if number > 1 else ""
    return f"append_draft:{message_key}{about}" + (f":{version}" if version > 1 else "")


class Store:
    """The rows. Open one per thread; close it when the thread ends."""

    on_commit: Callable[[str], None] = staticmethod(lambda name: None)  # told around each commit: tests cut power here

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = db.connect(path)

    def close(self) -> None:
        """Close the connection; what was committed is on disk."""
        self.connection.close()

    def _write(self, name: str, change: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run `change` in one transaction; `on_commit` is told before and after."""
        self.on_commit(f"before {name}")
        with db.write(self.connection):
            result = change(self.connection)
        self.on_commit(f"after {name}")
        return result

    def _all(self, sql: str, **values: object) -> list[Row]:
        return self.connection.execute(sql, values).fetchall()

    def _one(self, sql: str, **values: object) -> Row | None:
        row: Row | None = self.connection.execute(sql, values).fetchone()
        return row

    # --- transaction A: what arrived ----------------------------------------------------------------------

    def get_cursor(self, account: str, folder: str) -> tuple[Cursor | None, bool]:
        """How far a folder has been read, and whether its first look is complete."""
        row = self._one(
            "SELECT uidvalidity, uid, first_done FROM cursor WHERE account = :account AND folder = :folder",
            account=account,
            folder=folder,
        )
        return (None, False) if row is None else (Cursor(row["uidvalidity"], row["uid"]), bool(row["first_done"]))

    def begin_reading(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> tuple[int, int]:
        """Count the attempt to read these mails before it is made.

        Returns the attempts made for exactly these, and the most made for any look that held one of them.
        """
        values = {
            "account": account,
            "folder": folder,
            "uidvalidity": uidvalidity,
            "uid_from": min(uids),
            "uid_to": max(uids),
        }

        def change(connection: sqlite3.Connection) -> tuple[int, int]:
            own = connection.execute(
                """INSERT INTO reading (account, folder, uidvalidity, uid_from, uid_to, attempts)
                   VALUES (:account, :folder, :uidvalidity, :uid_from, :uid_to, 1)
                   ON CONFLICT DO UPDATE SET attempts = attempts + 1 RETURNING attempts""",
                values,
            ).fetchone()
            most = connection.execute(
                """SELECT MAX(attempts) FROM reading
                   WHERE account = :account AND folder = :folder AND uidvalidity = :uidvalidity
                     AND uid_from <= :uid_to AND uid_to >= :uid_from""",
                values,
            ).fetchone()
            return int(own[0]), int(most[0])

        counted: tuple[int, int] = self._write("begin_reading", change)
        return counted

    def was_cut_short(self, account: str, folder: str) -> bool:
        """True when a look at this folder ended while mails were being read."""
        return bool(self._all("SELECT 1 FROM reading WHERE account = :a AND folder = :f LIMIT 1", a=account, f=folder))

    def receive(
        self,
        account: str,
        folder: str,
        cursor: Cursor,
        messages: Sequence[Message],
        unread: Sequence[tuple[Message, str]] = (),
        hint: Hint | None = None,
        rescan: bool = False,
    ) -> int:
        """Transaction A: the messages of one batch and the cursor behind them, together.

        `unread` are mails that could not be read, each with its reason. `hint` is what the folder says of its
        mails, where it is one for teaching; in a `rescan` only of those the person has not spoken of. Returns how
        many were new.
        """

        def change(connection: sqlite3.Connection) -> int:
            new = 0
            for message in messages:
                kept, is_new = self._insert_message(connection, message, "received", None)
                new += is_new
                if hint is not None and "own" not in message.signs:
                    self._note_hint(connection, kept, hint, rescan)
            for message, reason in unread:
                new += self._insert_message(connection, message, "stuck", reason)[1]
            self._move_cursor(connection, account, folder, cursor)
            connection.execute(
                """DELETE FROM reading WHERE account = :account AND folder = :folder
                   AND (uidvalidity <> :uidvalidity OR uid_to <= :uid)""",
                {"account": account, "folder": folder, "uidvalidity": cursor.uidvalidity, "uid": cursor.uid},
            )
            return new

        return int(self._write("receive", change))

    def finish_first_look(self, account: str, folder: str) -> None:
        """The months before are read: from now on only what is new is looked for."""
        self._write(
            "finish_first_look",
            lambda connection: connection.execute(
                "UPDATE cursor SET first_done = 1 WHERE account = ? AND folder = ?", (account, folder)
            ),
        )

    def _move_cursor(self, connection: sqlite3.Connection, account: str, folder: str, cursor: Cursor) -> None:
        connection.execute(
            """INSERT INTO cursor (account, folder, uidvalidity, uid)
               VALUES (:account, :folder, :uidvalidity, :uid)
               ON CONFLICT DO UPDATE SET
                 uid = CASE WHEN uidvalidity = :uidvalidity THEN MAX(uid, :uid) ELSE :uid END,
                 uidvalidity = :uidvalidity""",
            {
                "account": account,
                "folder": folder,
                "uidvalidity": cursor.uidvalidity,
                "uid": cursor.uid,
            },
        )

    def _insert_message(
        self, connection: sqlite3.Connection, message: Message, state: str, reason: str | None
    ) -> tuple[Message, int]:
        """The message as it is kept, and 1 if it is new. A known Message-ID with other words is a mail of its own."""
        known = connection.execute("SELECT content_hash FROM message WHERE key = :key", {"key": message.key}).fetchone()
        if known is not None:
            if known["content_hash"] == message.content_hash:
                return message, 0
            message = mail.as_other_mail(message)
        new = connection.execute(
            """INSERT INTO message (key, account, folder, uidvalidity, uid, message_id, content_hash, words_hash,
                 subject, sender_name, sender_email, reply_to, recipients, copies, refs, sent_at, arrived_at,
                 noticed_at, text, html_only, calendar_method, invited, signs, flags, state, reason)
               VALUES (:key, :account, :folder, :uidvalidity, :uid, :message_id, :content_hash, :words_hash,
                 :subject, :sender_name, :sender_email, :reply_to, :recipients, :copies, :refs, :sent_at,
                 :arrived_at, :noticed_at, :text, :html_only, :calendar_method, :invited, :signs, :flags, :state,
                 :reason)
               ON CONFLICT DO NOTHING""",
            {
                "key": message.key,
                "account": message.account,
                "folder": message.folder,
                "uidvalidity": message.uidvalidity,
                "uid": message.uid,
                "message_id": message.message_id,
                "content_hash": message.content_hash,
                "words_hash": words_hash(message),
                "subject": message.subject,
                "sender_name": message.sender.name if message.sender else None,
                "sender_email": message.sender.email if message.sender else None,
                "reply_to": _addresses_out(message.reply_to),
                "recipients": _addresses_out(message.to),
                "copies": _addresses_out(message.cc),
                "refs": json.dumps(message.references),
                "sent_at": db.stamp(message.sent_at) if message.sent_at else None,
                "arrived_at": db.stamp(message.arrived_at),
                "noticed_at": db.stamp(message.noticed_at),
                "text": message.text,
                "html_only": int(message.html_only),
                "calendar_method": message.calendar_method,
                "invited": _addresses_out(message.invited),
                "signs": json.dumps(sorted(message.signs)),
                "flags": json.dumps(sorted(message.flags)),
                "state": state,
                "reason": reason,
            },
        ).rowcount
        return message, new

    # --- what waits to be handled -------------------------------------------------------------------------

    def next_received(self, limit: int = 1) -> list[tuple[Message, int]]:
        """The messages waiting longest in order of arrival, with the attempts made so far."""
        rows = self._all(
            "SELECT * FROM message WHERE state = 'received' ORDER BY attempts, arrived_at, key LIMIT :limit",
            limit=limit,
        )
        return [(_message(row), row["attempts"]) for row in rows]

    def count_attempt(self, keys: Sequence[str]) -> None:
        """Count the attempts to handle these messages before they are made."""

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE message SET attempts = attempts + 1 WHERE key = ? AND state = 'received'",
                [(key,) for key in keys],
            )

        self._write("count_attempt", change)

    def set_aside(self, key: str, reason: str) -> None:
        """A message that failed too often becomes stuck, with its reason, where the person sees it."""
        self._write(
            "set_aside",
            lambda connection: connection.execute(
                "UPDATE message SET state = 'stuck', reason = :reason WHERE key = :key AND state = 'received'",
                {"key": key, "reason": reason},
            ),
        )

    def try_again(self, key: str) -> bool:
        """A stuck message gets three new attempts. False when it is not stuck (or was never readable)."""
        return bool(
            self._write(
                "try_again",
                lambda connection: (
                    connection.execute(
                        "UPDATE message SET state = 'received', attempts = 0, reason = NULL "
                        "WHERE key = :key AND state = 'stuck' AND attempts > 0",
                        {"key": key},
                    ).rowcount
                ),
            )
        )

    def get_message(self, key: str) -> Message:
        """One message by its key or the beginning of it. Raises Refused when there is none or several."""
        rows = self._all(
            "SELECT * FROM message WHERE key = :key OR (LENGTH(:key) >= 4 AND key LIKE :key || '%') LIMIT 2",
            key=key,
        )
        if len(rows) != 1:
            raise Refused(
                f"{'several mails begin' if rows else 'no mail begins'} with {key!r}; see: onward applications"
            )
        return _message(rows[0])

    # --- the one read before a decision -------------------------------------------------------------------

    def load_known(self, message: Message, now: datetime) -> Known:
        """All that bears on one message: applications, twins, corrections, busy times, drafts made today."""
        today = self._one(
            "SELECT COUNT(*) AS n FROM draft WHERE created_at >= :since",
            since=db.stamp(now - timedelta(days=1)),
        )
        written = self._all("SELECT company FROM draft JOIN application ON application.id = application_id")
        unused, told = self.unused_letters(now)
        return Known(
            applications=tuple(self.applications()),
            correction=self.last_correction(message.key),
            twin=self._find_twin(message),
            busy=self.busy(now),
            drafts_today=today["n"] if today else 0,
            written_to=tuple(row["company"] for row in written),
            sender_other=self._other_mails_of(message),
            unused=unused,
            told_unused=told,
            habits=self.habits(),
        )

    def unused_letters(self, now: datetime) -> tuple[int, bool]:
        """How many of our letters in a row, the latest first, the person did not use; and whether they know that we
        stopped. What they asked for themselves, and what was written on our mistake, does not count."""
        since = self._one("SELECT MAX(at) AS at FROM health WHERE name = 'letters wanted'")
        rows = self._all(
            """SELECT state, draft.created_at FROM draft LEFT JOIN verdict USING (message_key)
               WHERE occasion IN ('no', 'feedback') AND NOT wished AND (:since IS NULL OR draft.created_at > :since)
                 AND NOT (occasion = 'no' AND COALESCE(label, 'rejection') <> 'rejection')
               ORDER BY draft.id DESC LIMIT 50""",
            since=since["at"] if since else None,
        )
        count = 0
        for row in rows:
            if row["state"] in ("sent", "sending"):
                break
            old = now - db.moment(row["created_at"]) > LEFT_LYING
            count += row["state"] in ("deleted", "discarded") or old
        told = self._one(
            "SELECT 1 FROM question WHERE kind = 'unused' AND (:since IS NULL OR asked_at > :since)",
            since=since["at"] if since else None,
        )
        return count, told is not None

    def habits(self) -> Habits:
        """What the person's changes to the last letters they sent plainly show."""
        rows = self._all(
            """SELECT proposed, COALESCE(seen_body, body) AS sent, language FROM draft WHERE state = 'sent'
               ORDER BY settled_at DESC, id DESC LIMIT 4"""
        )
        return letters.habits([(row["proposed"], row["sent"], row["language"]) for row in rows])

    def _other_mails_of(self, message: Message) -> int:
        """How many earlier mails of this sender there are, if none of them was about an application; else 0."""
        if message.sender is None:
            return 0
        row = self._one(
            """SELECT IIF(SUM(label NOT IN ('other', 'job_alert')) = 0, COUNT(*), 0) AS n
               FROM message JOIN verdict ON message_key = key
               WHERE sender_email = :email AND key <> :key""",
            email=message.sender.email,
            key=message.key,
        )
        return int(row["n"]) if row else 0

    def _find_twin(self, message: Message) -> str | None:
        """An earlier message that is the same mail: its Message-ID in another account, or its very words."""
        row = self._one(
            """SELECT key FROM message JOIN verdict ON message_key = key
               WHERE key <> :key AND label = 'rejection'
                 AND ((message_id = :message_id AND content_hash = :content_hash)
                      OR (words_hash = :words_hash AND arrived_at BETWEEN :earliest AND :latest))
               ORDER BY arrived_at LIMIT 1""",
            key=message.key,
            message_id=message.message_id,
            content_hash=message.content_hash,
            words_hash=words_hash(message),
            earliest=db.stamp(message.arrived_at - TWIN_WINDOW),
            latest=db.stamp(message.arrived_at + TWIN_WINDOW),
        )
        return row["key"] if row else None

    def busy(self, now: datetime) -> tuple[Busy, ...]:
        """Our own sessions to come: no two at the same hour."""
        rows = self._all(
            "SELECT starts_at, ends_at FROM reflection WHERE state = 'booked' AND ends_at > :now",
            now=db.stamp(now),
        )
        return tuple(Busy(db.moment(row["starts_at"]), db.moment(row["ends_at"])) for row in rows)

    def applications(self, among: Sequence[int] | None = None) -> list[Application]:
        """Every application, or those among these ids; stage and whether it is closed are read from its events."""
        ids = None if among is None else json.dumps(list(among))
        events: dict[int, list[tracker.Happening]] = {}
        threads: dict[int, set[str]] = {}
        subjects: dict[int, dict[str, None]] = {}
        numbers: dict[int, set[str]] = {}
        rows = self._all(
            """SELECT application_id, kind, message_key, message_id, refs, subject, event.at, numbers
               FROM event LEFT JOIN message ON message.key = message_key
               WHERE revoked_at IS NULL
                 AND (:ids IS NULL OR application_id IN (SELECT value FROM json_each(:ids)))
               ORDER BY event.at, event.id""",
            ids=ids,
        )
        for row in rows:
            happening = tracker.Happening(row["kind"], db.moment(row["at"]), row["message_key"])
            events.setdefault(row["application_id"], []).append(happening)
            if row["message_key"]:
                numbers.setdefault(row["application_id"], set()).update(json.loads(row["numbers"]))
                thread = threads.setdefault(row["application_id"], set())
                thread.update(json.loads(row["refs"]))
                if row["message_id"]:
                    thread.add(row["message_id"])
                subjects.setdefault(row["application_id"], {})[row["subject"]] = None
        for row in self._all(
            """SELECT application_id, message_key, version, occasion, number, sender, sent_id FROM draft
               WHERE application_id IS NOT NULL
                 AND (:ids IS NULL OR application_id IN (SELECT value FROM json_each(:ids)))""",
            ids=ids,
        ):
            key = draft_key(row["message_key"], row["version"], Occasion(row["occasion"]), row["number"])
            ours = {mail.new_message_id(key, Address(row["sender"])), *([row["sent_id"]] if row["sent_id"] else [])}
            threads.setdefault(row["application_id"], set()).update(ours)
        people = self.people(among)
        return [
            tracker.application(
                id=row["id"],
                company=row["company"],
                role=row["role"],
                requisition=row["requisition"],
                events=events[row["id"]],
                thread=frozenset(threads.get(row["id"], ())),
                people=tuple(people.get(row["id"], ())),
                subjects=tuple(subjects.get(row["id"], ())),
                numbers=numbers.get(row["id"], ()),
            )
            for row in self._all(
                """SELECT * FROM application
                   WHERE :ids IS NULL OR id IN (SELECT value FROM json_each(:ids)) ORDER BY id""",
                ids=ids,
            )
            if row["id"] in events
        ]

    def people(self, among: Sequence[int] | None = None, without: str = "") -> dict[int, list[Person]]:
        """Who is behind each application, those heard of last at the end; each of them once.

        `without`: what this mail shows does not count.
        """
        found: dict[int, dict[str, Person]] = {}
        for row in self._all(
            """SELECT * FROM person WHERE (:ids IS NULL OR application_id IN (SELECT value FROM json_each(:ids)))
                 AND message_key IS NOT :without
               ORDER BY at, id""",
            ids=None if among is None else json.dumps(list(among)),
            without=without,
        ):
            known = found.setdefault(row["application_id"], {})
            name = row["email"].lower() or row["name"]
            before = known.pop(name, None)
            latest = Person(row["name"], row["role"], row["email"], row["source"], bool(row["doubted"]))
            if before is not None:  # the fuller name and the role stay, and that they wrote outranks being copied
                latest = replace(latest, name=latest.name or before.name, role=latest.role or before.role)
                latest = replace(latest, doubted=latest.doubted and before.doubted)
                if before.where == "from":
                    latest = replace(latest, where="from")
            known[name] = latest
        return {id: list(people.values()) for id, people in found.items()}

    def get_application(self, application_id: int) -> Application:
        """One application. Raises Refused when there is none of that number."""
        found = self.applications([application_id])
        if not found:
            raise Refused(f"there is no application {application_id}; see: onward applications")
        return found[0]

    def last_mail_of(self, application_id: int) -> str | None:
        """The key of the latest mail about an application that came from somebody else."""
        row = self._one(
            """SELECT message_key FROM event JOIN message ON key = message_key
               WHERE application_id = :id AND revoked_at IS NULL AND kind <> 'wrote' ORDER BY event.at DESC LIMIT 1""",
            id=application_id,
        )
        return row["message_key"] if row else None

    def is_looking_back(self) -> bool:
        """Whether the first look over past months is not complete."""
        return self._one("SELECT 1 FROM cursor WHERE first_done = 0 LIMIT 1") is not None

    # --- silence ------------------------------------------------------------------------------------------

    def note_quiet(self, one: Application, kind: str, words: str, now: datetime) -> int:
        """An application has gone quiet: an event, and a question. 0: somebody noted it first."""

        def change(connection: sqlite3.Connection) -> int:
            latest = connection.execute(
                """SELECT kind FROM event WHERE application_id = ? AND revoked_at IS NULL
                   ORDER BY at DESC, id DESC LIMIT 1""",
                (one.id,),
            ).fetchone()
            if latest is None or latest["kind"] != one.last:
                return 0
            connection.execute(
                "INSERT INTO event (application_id, kind, at) VALUES (?, 'quiet', ?)", (one.id, db.stamp(now))
            )
            connection.execute(
                "INSERT INTO question (kind, application_id, text, asked_at) VALUES (?, ?, ?, ?)",
                (kind, one.id, words, db.stamp(now)),
            )
            return 1

        return int(self._write("note_quiet", change))

    def ask_once(self, application_id: int, kind: str, words: str, now: datetime) -> int:
        """A question about an application, if it was never asked before. Returns how many were asked."""
        return int(
            self._write(
                "ask_once",
                lambda connection: (
                    connection.execute(
                        """INSERT INTO question (kind, application_id, text, asked_at) SELECT :kind, :id, :words, :now
                           WHERE NOT EXISTS (SELECT 1 FROM question WHERE kind = :kind AND application_id = :id)""",
                        {"kind": kind, "id": application_id, "words": words, "now": db.stamp(now)},
                    ).rowcount
                ),
            )
        )

    def note_no_feedback(self, sent_before: datetime, now: datetime) -> int:
        """Letters that asked for feedback long ago and heard nothing: silence is an outcome, too."""
        return int(
            self._write(
                "note_no_feedback",
                lambda connection: (
                    connection.execute(
                        """INSERT INTO feedback (application_id, kind, words, point, themes, at)
                           SELECT DISTINCT application_id, 'silence', '', '', '[]', :now FROM draft
                           WHERE kind = 'thanks_and_feedback' AND state = 'sent' AND settled_at < :before
                             AND application_id IS NOT NULL
                             AND NOT EXISTS (SELECT 1 FROM feedback
                                             WHERE feedback.application_id = draft.application_id
                                               AND feedback.kind NOT IN ('away', 'bounce'))""",
                        {"now": db.stamp(now), "before": db.stamp(sent_before)},
                    ).rowcount
                ),
            )
        )

    def add_letter(
        self,
        message: Message,
        application_id: int,
        letter: Letter,
        body: str,
        effects: Sequence[Effect],
        now: datetime,
    ) -> int:
        """Transaction C: a letter that the person asked for. Raises Refused when there is one already."""

        def change(connection: sqlite3.Connection) -> int:
            wanted = Decision(Verdict(Label.OTHER, Source.PERSON, 1.0, Band.ACT), letter=letter)
            written = connection.execute(
                "SELECT COUNT(*) AS n FROM draft WHERE message_key = ? AND occasion = ? AND state = 'sent'",
                (message.key, letter.occasion),
            ).fetchone()["n"]
            number = written + 1  # one that went does not stand in the way of another
            draft_id, version = self._save_draft(
                connection, message, wanted, application_id, body, now, number=number, wished=True
            )
            if draft_id is None:
                raise Refused("there is a letter for this already; see: onward drafts list --all")
            append = draft_key(message.key, version, letter.occasion, number)
            names = {"draft": str(draft_id), "append": append}
            self._wish(connection, effects, now, names)
            if letter.kind is LetterKind.CHECK_IN:
                connection.execute(
                    "INSERT INTO event (application_id, kind, at, by_hand) VALUES (?, 'check-in', ?, 1)",
                    (application_id, db.stamp(now)),
                )
            _answer(connection, application_id, ANSWERED_BY.get(letter.kind, ("bounce",)), letter.kind, now)
            return draft_id

        return int(self._write("add_letter", change))

    # --- transaction B: what was decided ------------------------------------------------------------------

    def save(
        self,
        message: Message,
        prediction: Prediction,
        decision: Decision,
        body: str,
        effects: Sequence[Effect],
        now: datetime,
        keep_text: bool,
    ) -> int | None:
        """Transaction B: verdict, application, event, draft, session, question and effects of one message.

        `body` is the letter's text when there is one; `effects` are written with the session's id in
        place of '{reflection}'. Returns the draft's id. A message that is no longer waiting changes nothing.
        """

        def change(connection: sqlite3.Connection) -> int | None:
            return self._save(connection, message, prediction, decision, body, effects, now, keep_text)

        saved: int | None = self._write("save", change)
        return saved

    def save_quiet(self, settled: Sequence[tuple[Message, Prediction, Decision]], now: datetime) -> None:
        """Transaction B for many mails at once that cause nothing but a verdict."""

        def change(connection: sqlite3.Connection) -> None:
            for message, prediction, decision in settled:
                self._save(connection, message, prediction, decision, "", (), now, keep_text=False)

        self._write("save_quiet", change)

    def _save(
        self,
        connection: sqlite3.Connection,
        message: Message,
        prediction: Prediction,
        decision: Decision,
        body: str,
        effects: Sequence[Effect],
        now: datetime,
        keep_text: bool,
    ) -> int | None:
        taken = connection.execute(
            """UPDATE message SET state = 'handled',
                 text = CASE WHEN :keep OR key IN (SELECT message_key FROM taught) THEN text ELSE '' END
               WHERE key = :key AND state = 'received'""",
            {"key": message.key, "keep": int(keep_text)},
        ).rowcount
        if not taken:
            return None
        application_id = self._save_change(connection, message, decision, now)
        if application_id is not None:  # word came: what was asked about its silence is answered by itself
            _answer(connection, application_id, ("quiet", "silent"), "word came", now)
        about = application_id if application_id is not None else decision.about
        self._save_verdict(connection, message, prediction, decision, about, now)
        if application_id is not None:
            self._save_people(connection, message, decision, application_id)
        if decision.feedback is not None:
            self._save_feedback(connection, message, decision.feedback, about)
        draft_id, version = self._save_draft(connection, message, decision, application_id, body, now)
        reflection_id = self._save_booking(connection, message, decision, now)
        if decision.question is not None:
            connection.execute(
                """INSERT INTO question (kind, message_key, application_id, text, asked_at)
                   VALUES (:kind, :key, :about, :text, :now) ON CONFLICT DO NOTHING""",
                {
                    "kind": decision.question.kind,
                    "key": message.key,
                    "about": about,
                    "text": decision.question.text,
                    "now": db.stamp(now),
                },
            )
        names = {
            "reflection": str(reflection_id or ""),
            "draft": str(draft_id or ""),
            "append": draft_key(message.key, version, decision.letter.occasion if decision.letter else Occasion.NO),
        }
        self._wish(connection, effects, now, names)
        return draft_id

    def _save_change(
        self, connection: sqlite3.Connection, message: Message, decision: Decision, now: datetime
    ) -> int | None:
        change = decision.change
        if change is None:
            return None
        application_id = change.application_id
        if application_id is None:
            application_id = connection.execute(
                "INSERT INTO application (company, role, requisition, created_at) VALUES (?, ?, ?, ?)",
                (change.company, change.role, change.requisition, db.stamp(message.arrived_at)),
            ).lastrowid
        else:  # a later mail may name what an earlier one left out
            connection.execute(
                """UPDATE application SET
                     company = CASE WHEN company = '' THEN :company ELSE company END,
                     role = CASE WHEN role = '' THEN :role ELSE role END,
                     requisition = COALESCE(requisition, :requisition)
                   WHERE id = :id""",
                {
                    "id": application_id,
                    "company": change.company,
                    "role": change.role,
                    "requisition": change.requisition,
                },
            )
        connection.execute(
            """INSERT INTO event (application_id, kind, message_key, at, numbers) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET revoked_at = NULL, application_id = excluded.application_id""",
            (
                application_id,
                change.event,
                message.key,
                db.stamp(message.arrived_at),
                json.dumps(sorted(change.numbers), ensure_ascii=False),
            ),
        )
        return application_id

    def _save_people(
        self, connection: sqlite3.Connection, message: Message, decision: Decision, application_id: int
    ) -> None:
        at = db.stamp(message.arrived_at)
        connection.execute("DELETE FROM person WHERE message_key = ?", (message.key,))  # handled once more
        connection.executemany(
            """INSERT INTO person (application_id, name, role, email, source, message_key, doubted, at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
            [
                (application_id, one.name, one.role, one.email, one.where, message.key, int(one.doubted), at)
                for one in decision.people
            ],
        )

    def _save_feedback(
        self, connection: sqlite3.Connection, message: Message, heard: Feedback, application_id: int | None
    ) -> None:
        """What came of asking; whatever comes, there is silence no longer."""
        connection.execute("DELETE FROM feedback WHERE kind = 'silence' AND application_id = ?", (application_id,))
        connection.execute(
            """INSERT INTO feedback (application_id, message_key, kind, words, point, themes, at)
               VALUES (?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (message_key) DO UPDATE SET application_id = excluded.application_id, kind = excluded.kind,
                 words = excluded.words, point = excluded.point, themes = excluded.themes""",
            (
                application_id,
                message.key,
                heard.kind,
                heard.words,
                heard.point,
                json.dumps(heard.themes),
                db.stamp(message.arrived_at),
            ),
        )

    def _save_verdict(
        self,
        connection: sqlite3.Connection,
        message: Message,
        prediction: Prediction,
        decision: Decision,
        application_id: int | None,
        now: datetime,
    ) -> None:
        connection.execute(
            """INSERT OR REPLACE INTO verdict (message_key, label, source, band, confidence, evidence, evidence_start,
                 evidence_end, language, company, role, contact_name, contact_email, model, reasons, application_id,
                 stage, decided_at)
               VALUES (:key, :label, :source, :band, :confidence, :evidence, :start, :end, :language, :company, :role,
                 :contact_name, :contact_email, :model, :reasons, :application_id, :stage, :now)""",
            {
                "key": message.key,
                "label": decision.verdict.label,
                "source": decision.verdict.source,
                "band": decision.verdict.band,
                "confidence": decision.verdict.confidence,
                "evidence": prediction.evidence,
                "start": prediction.evidence_span.start,
                "end": prediction.evidence_span.end,
                "language": prediction.language,
                "company": prediction.company.value if prediction.company else None,
                "role": prediction.role.value if prediction.role else None,
                "contact_name": prediction.contact.name if prediction.contact else None,
                "contact_email": prediction.contact.email if prediction.contact else None,
                "model": prediction.model,
                "reasons": json.dumps(decision.reasons),
                "application_id": application_id,
                "stage": decision.stage,
                "now": db.stamp(now),
            },
        )

    def _save_draft(
        self,
        connection: sqlite3.Connection,
        message: Message,
        decision: Decision,
        application_id: int | None,
        body: str,
        now: datetime,
        *,
        number: int = 1,
        wished: bool = False,
    ) -> tuple[int | None, int]:
        """The draft's id and version. One that a correction took back is written anew, as its next version."""
        letter = decision.letter
        if letter is None:
            return None, 1
        row = connection.execute(
            """INSERT INTO draft (message_key, occasion, number, wished, proposed, application_id, account, kind,
                 language, state, recipient,
                 recipient_name, sender, sender_name, subject, body, in_reply_to, refs, warning, unconfirmed,
                 created_at)
               VALUES (:key, :occasion, :number, :wished, :body, :application_id, :account, :kind,
                 :language, :state, :recipient,
                 :recipient_name, :sender, :sender_name, :subject, :body, :in_reply_to, :refs, :warning, :unconfirmed,
                 :now)
               ON CONFLICT (message_key, occasion, number) DO UPDATE SET state = excluded.state, version = version + 1,
                 body = excluded.body, proposed = excluded.proposed, subject = excluded.subject,
                 recipient = excluded.recipient,
                 recipient_name = excluded.recipient_name, warning = excluded.warning, kind = excluded.kind,
                 unconfirmed = excluded.unconfirmed,
                 application_id = excluded.application_id, seen_body = NULL, seen_hash = NULL, settled_at = NULL
               WHERE state IN ('discarded', 'deleted')
               RETURNING id, version""",
            {
                "key": message.key,
                "occasion": letter.occasion,
                "number": number,
                "wished": int(wished),
                "application_id": application_id,
                "account": letter.account,
                "kind": letter.kind,
                "language": letter.language,
                "state": DraftState.TO_CONFIRM if letter.to_confirm else DraftState.PROPOSED,
                "recipient": letter.recipient.email,
                "recipient_name": letter.recipient.name,
                "sender": letter.from_address.email,
                "sender_name": letter.from_address.name,
                "subject": letter.subject,
                "body": body,
                "in_reply_to": letter.in_reply_to,
                "refs": json.dumps(letter.references),
                "warning": letter.warning,
                "unconfirmed": int(letter.to_confirm),
                "now": db.stamp(now),
            },
        ).fetchone()
        return (row["id"], row["version"]) if row is not None else (None, 1)

    def _save_booking(
        self, connection: sqlite3.Connection, message: Message, decision: Decision, now: datetime
    ) -> int | None:
        booking = decision.booking
        if booking is None:
            return None
        kept = connection.execute(  # handled once more: the hour that was kept stays, one taken back is booked anew
            """SELECT reflection_id FROM reflection_rejection JOIN reflection ON reflection.id = reflection_id
               WHERE message_key = :key AND state <> 'cancelled'""",
            {"key": message.key},
        ).fetchone()
        if kept is not None:
            return int(kept["reflection_id"])
        reflection_id = connection.execute(
            """INSERT INTO reflection (starts_at, ends_at, deadline, reason, state, booked_at, changed_at)
               VALUES (:starts_at, :ends_at, :deadline, :reason, 'booked', :now, :now)""",
            {
                "starts_at": db.stamp(booking.slot.starts_at),
                "ends_at": db.stamp(booking.slot.ends_at),
                "deadline": db.stamp(booking.deadline),
                "reason": booking.slot.reason,
                "now": db.stamp(now),
            },
        ).lastrowid
        connection.execute(
            """INSERT INTO reflection_rejection (reflection_id, message_key) VALUES (?, ?)
               ON CONFLICT (message_key) DO UPDATE SET reflection_id = excluded.reflection_id""",
            (reflection_id, message.key),
        )
        return reflection_id

    def _wish(
        self,
        connection: sqlite3.Connection,
        effects: Iterable[Effect],
        now: datetime,
        names: dict[str, str] | None = None,
    ) -> None:
        for effect in effects:
            key, payload = effect.key, dict(effect.payload)
            for name, value in (names or {}).items():
                key = key.replace("{" + name + "}", value)
                payload = {field: text.replace("{" + name + "}", value) for field, text in payload.items()}
            connection.execute(
                """INSERT INTO effect (key, kind, state, wanted_at, due_at, payload, created_at)
                   VALUES (:key, :kind, 'waiting', :due_at, :due_at, :payload, :now)
                   ON CONFLICT DO UPDATE SET state = 'waiting', due_at = excluded.due_at, payload = excluded.payload,
                     settled_at = NULL
                   WHERE kind = 'withdraw_draft' AND state IN ('done', 'cancelled', 'failed')""",
                {
                    "key": key,
                    "kind": effect.kind,
                    "due_at": db.stamp(effect.due_at),
                    "payload": json.dumps(payload, ensure_ascii=False),
                    "now": db.stamp(now),
                },
            )

    # --- the outbox ---------------------------------------------------------------------------------------

    def due_effects(self, now: datetime, limit: int = 100) -> list[OpenEffect]:
        """Effects to be tried or looked after now, in order of due time."""
        rows = self._all(
            """SELECT * FROM effect WHERE state IN ('waiting', 'started') AND due_at <= :now
               ORDER BY due_at, wanted_at, created_at, key LIMIT :limit""",
            now=db.stamp(now),
            limit=limit,
        )
        return [_effect(row) for row in rows]

    def next_due(self) -> datetime | None:
        """When the next effect falls due."""
        row = self._one("SELECT MIN(due_at) AS due FROM effect WHERE state IN ('waiting', 'started')")
        return db.moment(row["due"]) if row and row["due"] else None

    def get_effect(self, key: str) -> OpenEffect | None:
        """One effect, whatever its state."""
        row = self._one("SELECT * FROM effect WHERE key = :key", key=key)
        return _effect(row) if row else None

    def mark_started(
        self,
        effect: OpenEffect,
        now: datetime,
        look_at: datetime,
        folder: str | None = None,
        place: Place | None = None,
        words: str | None = None,
    ) -> bool:
        """Write the intent down before the act: where, and what the folder's numbers were. False: someone was first.

        `look_at` is when to look what became of it, should we not live to say.
        """
        return bool(
            self._write(
                f"start {effect.kind}",
                lambda connection: (
                    connection.execute(
                        """UPDATE effect SET state = 'started', attempts = attempts + 1, started_at = :now,
                         due_at = :look_at,
                         folder = :folder, uidvalidity = :uidvalidity, uidnext = :uidnext, unchanged = 0, stage = NULL,
                         words = :words
                       WHERE key = :key AND state = 'waiting'""",
                        {
                            "key": effect.key,
                            "now": db.stamp(now),
                            "look_at": db.stamp(look_at),
                            "folder": folder,
                            "uidvalidity": place.uidvalidity if place else None,
                            "uidnext": place.uidnext if place else None,
                            "words": words,
                        },
                    ).rowcount
                ),
            )
        )

    def note_stage(self, key: str, stage: str) -> None:
        """How far a submission has come, before the bytes that take it further leave."""
        self._write(
            f"stage {stage}",
            lambda connection: connection.execute(
                "UPDATE effect SET stage = :stage WHERE key = :key AND state = 'started'",
                {"key": key, "stage": stage},
            ),
        )

    def look_again(self, key: str, at: datetime, unchanged: int | None = None) -> None:
        """A started effect is looked after once more at `at`."""
        self._write(
            "look_again",
            lambda connection: connection.execute(
                """UPDATE effect SET due_at = :at, unchanged = COALESCE(:unchanged, unchanged)
                   WHERE key = :key AND state = 'started'""",
                {"key": key, "at": db.stamp(at), "unchanged": unchanged},
            ),
        )

    def settle(
        self,
        key: str,
        state: EffectState,
        now: datetime,
        *,
        error: str | None = None,
        due_at: datetime | None = None,
        question: str | None = None,
        then: Callable[[sqlite3.Connection], None] = lambda connection: None,
        follow: Sequence[Effect] = (),
    ) -> bool:
        """An effect leaves 'waiting' or 'started' for `state`; what follows from it is in the same transaction.

        WAITING with a `due_at` is a retry. Returns False when the effect was settled already.
        """

        def change(connection: sqlite3.Connection) -> bool:
            changed = connection.execute(
                """UPDATE effect SET state = :state, last_error = :error, due_at = COALESCE(:due_at, due_at),
                     attempts = attempts + (:state = 'waiting' AND :error IS NOT NULL),
                     settled_at = CASE WHEN :state = 'waiting' THEN NULL ELSE :now END
                   WHERE key = :key AND state IN ('waiting', 'started')""",
                {
                    "key": key,
                    "state": state,
                    "error": error,
                    "due_at": db.stamp(due_at) if due_at else None,
                    "now": db.stamp(now),
                },
            ).rowcount
            if not changed:
                return False
            if question is not None:
                connection.execute(
                    """INSERT INTO question (kind, effect_key, text, asked_at) VALUES ('effect', :key, :text, :now)
                       ON CONFLICT DO UPDATE SET text = :text, asked_at = :now, answered_at = NULL, answer = NULL""",
                    {"key": key, "text": question, "now": db.stamp(now)},
                )
            then(connection)
            self._wish(connection, follow, now)
            return True

        return bool(self._write(f"settle {state}", change))

    def draft_settled(
        self,
        draft: Draft,
        state: DraftState,
        now: datetime,
        place: Place | None = None,
        folder: str | None = None,
    ) -> Callable[[sqlite3.Connection], None]:
        """The change to a draft that goes with settling an effect of this version of it."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                """UPDATE draft SET state = :state, folder = COALESCE(:folder, folder),
                     uidvalidity = COALESCE(:uidvalidity, uidvalidity), uid = COALESCE(:uid, uid), settled_at = :now
                   WHERE id = :id AND version = :version AND state NOT IN ('discarded', 'sent')""",
                {
                    "id": draft.id,
                    "version": draft.version,
                    "state": state,
                    "folder": folder,
                    "uidvalidity": place.uidvalidity if place else None,
                    "uid": place.uidnext if place else None,
                    "now": db.stamp(now),
                },
            )

        return change

    def watched_drafts(self, states: Sequence[DraftState], since: datetime) -> list[Draft]:
        """Letters to be looked for: in one of these states, and not deleted longer ago than `since`."""
        rows = self._all(
            """SELECT * FROM draft WHERE state IN (SELECT value FROM json_each(:states))
               AND (state <> 'deleted' OR settled_at >= :since) ORDER BY id""",
            states=json.dumps(states),
            since=db.stamp(since),
        )
        return [_draft(row) for row in rows]

    def note_fate(self, draft: Draft, now: datetime, found: Draft, follow: Sequence[Effect] = ()) -> bool:
        """What became of a letter in the mailbox. False: it was changed here at the same moment, or nothing is new."""
        if draft == found:
            return False
        state = found.state

        def change(connection: sqlite3.Connection) -> bool:
            changed = connection.execute(
                """UPDATE draft SET state = :state, folder = :folder, uid = :uid, seen_body = :body, seen_hash = :hash,
                     sent_id = :sent_id,
                     settled_at = CASE WHEN :state = 'in the mailbox' THEN NULL
                                       WHEN state = :state THEN settled_at ELSE :now END
                   WHERE id = :id AND state = :before AND version = :version""",
                {
                    "id": draft.id,
                    "state": state,
                    "folder": found.folder,
                    "uid": found.uid,
                    "body": found.seen_body,
                    "hash": found.seen_hash,
                    "sent_id": found.sent_id,
                    "now": db.stamp(now),
                    "before": draft.state,
                    "version": draft.version,
                },
            ).rowcount
            if changed:
                self._wish(connection, follow, now)
            if changed and draft.state is DraftState.UNDECIDED and state is not DraftState.UNDECIDED:
                connection.execute(
                    """UPDATE question SET answered_at = :now, answer = :state
                       WHERE answered_at IS NULL AND effect_key IN (
                         SELECT key FROM effect WHERE json_extract(payload, '$.draft') = :draft)""",
                    {"now": db.stamp(now), "state": state, "draft": str(draft.id)},
                )
            return bool(changed)

        return bool(self._write("note_fate", change))

    def change(self, name: str, apply: Callable[[sqlite3.Connection], Any]) -> Any:
        """Transaction C: what a person wished, written down in one piece."""
        return self._write(name, apply)

    def wish(self, connection: sqlite3.Connection, effects: Iterable[Effect], now: datetime) -> None:
        """Add effects inside a transaction of `change`."""
        self._wish(connection, effects, now)

    # --- reading for people -------------------------------------------------------------------------------

    def rows(self, sql: str, **values: object) -> list[dict[str, Any]]:
        """A listing as plain dictionaries. `sql` is ours, `values` are bound."""
        return [dict(row) for row in self._all(sql, **values)]

    def find_draft(self, draft_id: int) -> Draft | None:
        """One draft by its number."""
        row = self._one("SELECT * FROM draft WHERE id = :id", id=draft_id)
        return _draft(row) if row else None

    def find_grant(self, grant_id: int) -> Grant | None:
        """One grant by its number."""
        row = self._one("SELECT * FROM send_grant WHERE id = :id", id=grant_id)
        if row is None:
            return None
        return Grant(
            id=row["id"],
            draft_id=row["draft_id"],
            sha256=row["sha256"],
            raw=bytes(row["raw"]),
            mail_from=row["mail_from"],
            recipient=row["recipient"],
            expires_at=db.moment(row["expires_at"]),
            revoked=row["revoked_at"] is not None,
        )

    def drafts(self, states: Sequence[DraftState] | None = None) -> list[Draft]:
        """Drafts, newest first, of the given states or all."""
        rows = self._all("SELECT * FROM draft ORDER BY id DESC")
        return [_draft(row) for row in rows if states is None or row["state"] in states]

    def find_reflection(self, reflection_id: int) -> Reflection | None:
        """One session by its number."""
        return next((each for each in self.reflections() if each.id == reflection_id), None)

    def reflections(self) -> list[Reflection]:
        """Every session, in order of time, with the noes it is about."""
        about: dict[int, list[tuple[str, str]]] = {}
        for row in self._all(
            """SELECT reflection_id, COALESCE(application.company, verdict.company, '') AS company,
                 COALESCE(application.role, verdict.role, '') AS role
               FROM reflection_rejection
               LEFT JOIN verdict USING (message_key) LEFT JOIN application ON application.id = application_id"""
        ):
            about.setdefault(row["reflection_id"], []).append((row["company"], row["role"]))
        return [
            Reflection(
                id=row["id"],
                starts_at=db.moment(row["starts_at"]),
                ends_at=db.moment(row["ends_at"]),
                deadline=db.moment(row["deadline"]),
                reason=row["reason"],
                state=ReflectionState(row["state"]),
                sequence=row["sequence"],
                booked_at=db.moment(row["booked_at"]),
                changed_at=db.moment(row["changed_at"]),
                about=tuple(about.get(row["id"], ())),
            )
            for row in self._all("SELECT * FROM reflection ORDER BY starts_at, id")
        ]

    # --- learning from the person ---------------------------------------------------------------------------

    def _note_hint(self, connection: sqlite3.Connection, message: Message, hint: Hint, rescan: bool) -> None:
        """A mail lies in a folder for teaching. Its text may have been dropped; to learn from it, it is needed."""
        connection.execute(
            """INSERT INTO hint (message_key, said) SELECT :key, :said
               WHERE NOT (:rescan AND EXISTS (SELECT 1 FROM correction WHERE message_key = :key))
               ON CONFLICT DO UPDATE SET said = excluded.said""",
            {"key": message.key, "said": hint, "rescan": rescan},
        )
        connection.execute(
            "UPDATE message SET text = :text WHERE key = :key AND text = ''", {"key": message.key, "text": message.text}
        )

    def hints(self) -> list[tuple[Message, Hint]]:
        """Mails the person moved into a folder for teaching, until that is noted as a correction."""
        rows = self._all("SELECT message.*, said FROM hint JOIN message ON key = message_key ORDER BY arrived_at, key")
        return [(_message(row), Hint(row["said"])) for row in rows]

    def last_correction(self, key: str) -> Label | None:
        """The person's latest word on a mail; None: they have not said any."""
        row = self._one("SELECT label FROM correction WHERE message_key = :key ORDER BY id DESC LIMIT 1", key=key)
        return Label(row["label"]) if row else None

    def corrected_among(self, keys: Sequence[str]) -> set[str]:
        """Those of these mails that the person has spoken of."""
        rows = self._all(
            "SELECT DISTINCT message_key FROM correction WHERE message_key IN (SELECT value FROM json_each(:keys))",
            keys=json.dumps(keys),
        )
        return {row["message_key"] for row in rows}

    def corrections(self) -> list[tuple[Message, Label]]:
        """What is to be learned: the person's latest word on each mail since they last asked to forget, in order."""
        rows = self._all("SELECT message.*, label FROM taught JOIN message ON key = message_key ORDER BY taught.id")
        return [(_message(row), Label(row["label"])) for row in rows]

    def needs_learning(self) -> bool:
        """Whether the person's word differs from what was learned. What was refused waits for their next one."""
        row = self._one(
            """SELECT (EXISTS (SELECT 1 FROM taught JOIN message ON key = message_key WHERE trained_as IS NOT label)
                    OR EXISTS (SELECT 1 FROM message WHERE trained_as IS NOT NULL
                               AND key NOT IN (SELECT message_key FROM taught)))
                 AND NOT EXISTS (SELECT 1 FROM learning
                                 WHERE id = (SELECT MAX(id) FROM learning) AND kind = 'refused'
                                 AND newest >= (SELECT COALESCE(MAX(id), 0) FROM correction)) AS needed"""
        )
        return bool(row and row["needed"])

    def note_learning(self, learned: Learned, corrections: Sequence[tuple[Message, Label]], now: datetime) -> bool:
        """What came of a training from these. False: the person asked to forget them while it went on."""
        labels = {message.key: label for message, label in corrections}

        def change(connection: sqlite3.Connection) -> bool:
            said = {row["message_key"]: row for row in connection.execute("SELECT * FROM taught")}
            if not labels.keys() <= said.keys():
                return False
            known = [row["id"] for key, row in said.items() if labels.get(key) == row["label"]]
            if learned.promoted:
                _train(connection, labels)
            kind = "learned" if learned.promoted else "refused"
            _note(connection, kind, learned, max(known, default=_newest(connection)), now)
            return True

        return bool(self._write("note_learning", change))

    def note_forgotten(self, now: datetime) -> None:
        """What was said so far stays the person's verdict, and is learned from no longer."""

        def change(connection: sqlite3.Connection) -> None:
            count = connection.execute("SELECT COUNT(*) AS n FROM taught").fetchone()["n"]
            _train(connection, {})
            _note(connection, "forgotten", Learned(False, count, "you asked for it", 0.0), _newest(connection), now)

        self._write("note_forgotten", change)

    def note_lost(self) -> None:
        """What was learned is not there any more, or is for another shipped model: it is to be learned anew."""

        def change(connection: sqlite3.Connection) -> None:
            _train(connection, {})
            connection.execute("UPDATE learning SET newest = 0 WHERE kind = 'refused'")  # perhaps not any longer

        if self._one("SELECT 1 FROM message WHERE trained_as IS NOT NULL LIMIT 1"):
            self._write("note_lost", change)

    # --- small facts --------------------------------------------------------------------------------------

    def note_health(self, name: str, value: str, now: datetime) -> None:
        """The last word of a thread or an edge."""
        self._write(
            "health",
            lambda connection: connection.execute(
                """INSERT INTO health (name, value, at) VALUES (:name, :value, :now)
                   ON CONFLICT DO UPDATE SET value = :value, at = :now""",
                {"name": name, "value": value, "now": db.stamp(now)},
            ),
        )

    def health(self) -> dict[str, tuple[str, datetime]]:
        """All last words."""
        return {row["name"]: (row["value"], db.moment(row["at"])) for row in self._all("SELECT * FROM health")}

    def prune(self, now: datetime, keep: timedelta) -> int:
        """Drop the text of settled mails that have nothing to do with the search, once no answer is possible.

        What the person taught with one of them is learned from its text: it stays.
        """
        return int(
            self._write(
                "prune",
                lambda connection: (
                    connection.execute(
                        """UPDATE message SET text = '' WHERE state = 'handled' AND text <> '' AND arrived_at < :before
                         AND key IN (SELECT message_key FROM verdict WHERE label = 'other')
                         AND key NOT IN (SELECT message_key FROM taught)""",
                        {"before": db.stamp(now - keep)},
                    ).rowcount
                ),
            )
        )


def _answer(
    connection: sqlite3.Connection, application_id: int, kinds: Sequence[str], answer: str, now: datetime
) -> None:
    """The open questions of these kinds about an application are answered."""
    connection.execute(
        """UPDATE question SET answered_at = :now, answer = :answer WHERE answered_at IS NULL
             AND application_id = :id AND kind IN (SELECT value FROM json_each(:kinds))""",
        {"now": db.stamp(now), "answer": answer, "id": application_id, "kinds": json.dumps(kinds)},
    )


def _train(connection: sqlite3.Connection, labels: Mapping[str, Label]) -> None:
    """Note what each mail was learned as, and that no other was."""
    connection.execute("UPDATE message SET trained_as = NULL WHERE trained_as IS NOT NULL")
    rows = [(label, key) for key, label in labels.items()]
    connection.executemany("UPDATE message SET trained_as = ? WHERE key = ?", rows)


def _note(connection: sqlite3.Connection, kind: str, learned: Learned, newest: int, now: datetime) -> None:
    connection.execute(
        """INSERT INTO learning (at, kind, corrections, reason, model, newest)
           VALUES (:at, :kind, :corrections, :reason, :model, :newest)""",
        {
            "at": db.stamp(now),
            "kind": kind,
            "corrections": learned.corrections,
            "reason": learned.reason,
            "model": learned.model,
            "newest": newest,
        },
    )


def _newest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COALESCE(MAX(id), 0) AS id FROM correction").fetchone()["id"])


def words_hash(message: Message) -> str:
    """SHA-256 over sender, subject and text alone: the same words under another Message-ID and date."""
    sender = message.sender.email if message.sender else ""
    words = " ".join(f"{sender} {message.subject} {message.text}".lower().split())
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def _addresses_out(found: Sequence[Address]) -> str:
    return json.dumps([[each.email, each.name] for each in found], ensure_ascii=False)


def _addresses_in(text: str) -> tuple[Address, ...]:
    return tuple(Address(email, name) for email, name in json.loads(text))


def _message(row: Row) -> Message:
    return Message(
        key=row["key"],
        account=row["account"],
        folder=row["folder"],
        uidvalidity=row["uidvalidity"],
        uid=row["uid"],
        arrived_at=db.moment(row["arrived_at"]),
        noticed_at=db.moment(row["noticed_at"]),
        message_id=row["message_id"],
        content_hash=row["content_hash"],
        subject=row["subject"],
        sender=Address(row["sender_email"], row["sender_name"] or "") if row["sender_email"] else None,
        reply_to=_addresses_in(row["reply_to"]),
        to=_addresses_in(row["recipients"]),
        cc=_addresses_in(row["copies"]),
        references=tuple(json.loads(row["refs"])),
        sent_at=db.moment(row["sent_at"]) if row["sent_at"] else None,
        text=row["text"],
        html_only=bool(row["html_only"]),
        calendar_method=row["calendar_method"],
        invited=_addresses_in(row["invited"]),
        signs=frozenset(json.loads(row["signs"])),
        flags=frozenset(json.loads(row["flags"])),
    )


def _effect(row: Row) -> OpenEffect:
    return OpenEffect(
        key=row["key"],
        kind=EffectKind(row["kind"]),
        state=EffectState(row["state"]),
        wanted_at=db.moment(row["wanted_at"]),
        due_at=db.moment(row["due_at"]),
        attempts=row["attempts"],
        payload=json.loads(row["payload"]),
        started_at=db.moment(row["started_at"]) if row["started_at"] else None,
        folder=row["folder"],
        place=Place(row["uidvalidity"], row["uidnext"]) if row["uidvalidity"] is not None else None,
        unchanged=row["unchanged"],
        stage=row["stage"],
        words=row["words"],
        created_at=db.moment(row["created_at"]),
    )


def _draft(row: Row) -> Draft:
    return Draft(
        id=row["id"],
        message_key=row["message_key"],
        application_id=row["application_id"],
        account=row["account"],
        kind=row["kind"],
        state=DraftState(row["state"]),
        recipient=Address(row["recipient"], row["recipient_name"]),
        sender=Address(row["sender"], row["sender_name"]),
        subject=row["subject"],
        body=row["body"],
        in_reply_to=row["in_reply_to"],
        references=tuple(json.loads(row["refs"])),
        version=row["version"],
        folder=row["folder"],
        uid=row["uid"],
        created_at=db.moment(row["created_at"]),
        occasion=Occasion(row["occasion"]),
        number=row["number"],
        language=row["language"],
        warning=row["warning"],
        unconfirmed=bool(row["unconfirmed"]),
        seen_body=row["seen_body"],
        seen_hash=row["seen_hash"],
        sent_id=row["sent_id"],
    )
