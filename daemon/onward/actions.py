"""What a person can do: the desk and the command line call these and nothing else.

Each act is one transaction: it records what was wished and the effects that follow; the outbox carries them
out. An act that cannot be done now is `Refused`, with the reason and what can be done instead.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onward.core import agenda, mail
from onward.core.model import (
    OVER,
    Address,
    DraftState,
    Effect,
    EffectKind,
    Label,
    Learned,
    Message,
    Occasion,
    Policy,
    ReflectionState,
    Refused,
)
from onward.edges import Mailbox, db
from onward.edges.store import Draft, Reflection, Store
from onward.outbox import withdrawal

Trainer = Callable[[Sequence[tuple[Message, Label]]], Learned]

GRANT_LASTS = timedelta(minutes=10)
OPEN = (
    DraftState.TO_CONFIRM,
    DraftState.PROPOSED,
    DraftState.IN_MAILBOX,
    DraftState.UNDECIDED,
    DraftState.FAILED,
)


@dataclass(frozen=True, slots=True)
class Review:
    """Exactly what would be sent: shown to the person before they say yes."""

    draft: Draft
    recipient: str
    subject: str
    body: str
    raw: bytes
    edited: bool  # the person changed it in their mail program
    seen: str = ""  # hash of the words as they stand in the mailbox; '': they stand in none

    @property
    def sha256(self) -> str:
        """What the grant is bound to."""
        return hashlib.sha256(self.raw).hexdigest()


# --- drafts ------------------------------------------------------------------------------------------------


def get_draft(store: Store, draft_id: int) -> Draft:
    """One draft. Raises Refused when there is none of that number."""
    draft = store.find_draft(draft_id)
    if draft is None:
        raise Refused(f"there is no draft {draft_id}; see: onward drafts list")
    return draft


def review_draft(store: Store, draft_id: int, open_mailbox: Callable[[], Mailbox]) -> Review:
    """The letter as it stands in the mailbox now, the person's own changes included."""
    draft = get_draft(store, draft_id)
    check_confirmed(draft)
    if draft.state not in OPEN:
        raise Refused(f"draft {draft_id} is {draft.state}; see: onward drafts list")
    recipients: tuple[str, ...] = (draft.recipient.email,)
    subject, body, edited, seen = draft.subject, draft.body, False, ""
    if draft.folder is not None and draft.state not in (DraftState.PROPOSED, DraftState.FAILED):
        mailbox = open_mailbox()  # in those two an earlier version stands there, or none
        try:
            message_id = mail.new_message_id(draft.append_key, draft.sender)
            copy = mailbox.find(mailbox.folder_for("drafts"), mail.key_header(draft.append_key), message_id)
        finally:
            mailbox.close()
        if copy is None and draft.seen_body is not None:
            raise Refused(f"draft {draft_id} is a mail of your own now, in your mail program: change and send it there")
        if copy is None:
            raise Refused(
                f"draft {draft_id} is no longer in your Drafts: sent or deleted there? "
                f"To write it anew: onward drafts again {draft_id}"
            )
        recipients, subject, found = mail.words_of(copy.raw)
        edited = (subject, found.split()) != (draft.subject, draft.body.split())
        body, seen = found + "\n" if edited else draft.body, mail.words_hash(copy.raw)
    if len(recipients) != 1:
        raise Refused(f"draft {draft_id} has {len(recipients)} recipients; send it from your mail program")
    named = Address(recipients[0], draft.recipient.name if recipients[0] == draft.recipient.email else "")
    raw = mail.build(
        mail.Outgoing(
            sender=draft.sender,
            recipient=named,
            subject=subject,
            body=body,
            message_id=mail.new_message_id(draft.append_key, draft.sender),
            date=draft.created_at,
            in_reply_to=draft.in_reply_to,
            references=draft.references,
            key=draft.append_key,
        )
    )
    return Review(draft, recipients[0], subject, body, raw, edited, seen)


def check_confirmed(draft: Draft) -> None:
    """Raises Refused while the address of a letter waits for the person's word."""
    if draft.unconfirmed and draft.state is DraftState.TO_CONFIRM:
        raise Refused(f"the address of letter {draft.id} is in doubt; first: onward drafts confirm {draft.id}")


def check_ready(draft: Draft) -> None:
    """Raises Refused while what stands in Drafts is not yet, or not any more, this version of the letter."""
    check_confirmed(draft)
    if draft.state is DraftState.PROPOSED:  # the outbox may be adding it at this very moment
        raise Refused(
            f"draft {draft.id} is still on its way to your Drafts; "
            "try again in a moment, or let Onward bring it there: onward run --once"
        )
    if draft.state is DraftState.FAILED and draft.folder is not None:
        raise Refused(f"draft {draft.id} has words that are not in your Drafts; first: onward drafts again {draft.id}")


def send_draft(store: Store, review: Review, now: datetime, undo: timedelta) -> datetime:
    """Grant the sending of exactly what was reviewed. Returns when it leaves; until then it can be undone."""
    draft, leaves_at = review.draft, now + undo
    check_ready(draft)

    def change(connection: sqlite3.Connection) -> None:
        _move(connection, draft, (draft.state,), DraftState.SENDING, now)  # as it was when it was reviewed
        grant = connection.execute(
            """INSERT INTO send_grant (draft_id, sha256, raw, mail_from, recipient, granted_at, expires_at)
               VALUES (:draft, :sha256, :raw, :mail_from, :recipient, :now, :expires)""",
            {
                "draft": draft.id,
                "sha256": review.sha256,
                "raw": review.raw,
                "mail_from": draft.sender.email,
                "recipient": review.recipient,
                "now": db.stamp(now),
                "expires": db.stamp(leaves_at + GRANT_LASTS),
            },
        ).lastrowid
        payload = {"draft": str(draft.id), "grant": str(grant)}
        store.wish(connection, [Effect(f"send_mail:{draft.id}:{grant}", EffectKind.SEND_MAIL, leaves_at, payload)], now)
        _answer(connection, now, "sent", draft=draft)

    store.change("send_draft", change)
    return leaves_at


def undo_send(store: Store, draft_id: int, now: datetime) -> None:
    """Take the word back while the letter has not begun to leave. Raises Refused after that."""
    draft = get_draft(store, draft_id)

    def change(connection: sqlite3.Connection) -> None:
        stopped = connection.execute(
            """UPDATE effect SET state = 'cancelled', settled_at = :now
               WHERE kind = 'send_mail' AND state = 'waiting' AND json_extract(payload, '$.draft') = :draft""",
            {"now": db.stamp(now), "draft": str(draft_id)},
        ).rowcount
        if not stopped or draft.state is not DraftState.SENDING:
            raise Refused(f"draft {draft_id} is {draft.state}; there is nothing to take back")
        connection.execute("UPDATE send_grant SET revoked_at = ? WHERE draft_id = ?", (db.stamp(now), draft_id))
        back = DraftState.IN_MAILBOX if draft.folder is not None else DraftState.PROPOSED
        _move(connection, draft, (DraftState.SENDING,), back, now)

    store.change("undo_send", change)


def edit_draft(store: Store, draft_id: int, subject: str, body: str, now: datetime, seen: str = "") -> None:
    """Replace the letter's words: a new version goes to Drafts, then the old one is withdrawn.

    `seen` is the hash of the old words as they were shown; what the person changes elsewhere meanwhile stays.
    """
    draft = get_draft(store, draft_id)
    check_confirmed(draft)
    changed = replace(draft, subject=mail.scrub(subject), body=body, version=draft.version + 1)
    mail.build(  # refused here, before anything is written, if it cannot be a mail
        mail.Outgoing(
            changed.sender,
            changed.recipient,
            changed.subject,
            changed.body,
            mail.new_message_id(changed.append_key, changed.sender),
            now,
        )
    )

    def change(connection: sqlite3.Connection) -> None:
        _check_settled(connection, draft)
        _move(connection, draft, OPEN, DraftState.PROPOSED, now)
        connection.execute(
            """UPDATE draft SET subject = :subject, body = :body, version = :version, seen_body = NULL, seen_hash = NULL
               WHERE id = :id""",
            {"subject": changed.subject, "body": body, "version": changed.version, "id": draft.id},
        )
        _append_anew(store, connection, changed, now, seen)

    store.change("edit_draft", change)


def write_again(store: Store, draft_id: int, now: datetime) -> None:
    """Put the letter into Drafts once more, on the person's word: as a new version with a key of its own.

    One whose address they have not confirmed yet waits for that.
    """
    draft = get_draft(store, draft_id)
    check_confirmed(draft)
    again = replace(draft, version=draft.version + 1)
    to = DraftState.TO_CONFIRM if draft.unconfirmed else DraftState.PROPOSED

    def change(connection: sqlite3.Connection) -> None:
        _check_settled(connection, draft)
        _move(connection, draft, (*OPEN, DraftState.DISCARDED, DraftState.DELETED), to, now)
        connection.execute("UPDATE draft SET version = ? WHERE id = ?", (again.version, draft.id))
        if to is DraftState.PROPOSED:
            _append_anew(store, connection, again, now)
        _answer(connection, now, "again", draft=draft)

    store.change("write_again", change)


def confirm_address(store: Store, draft_id: int, address: Address | None, now: datetime) -> Draft:
    """The person says that a letter's address is right, or gives another one: the letter goes into Drafts."""
    draft = get_draft(store, draft_id)
    to = address or draft.recipient
    if not to.email:
        raise Refused(f"letter {draft_id} has no address yet: onward drafts confirm {draft_id} --to ADDRESS")
    confirmed = replace(draft, recipient=to)

    def change(connection: sqlite3.Connection) -> None:
        _move(connection, draft, (DraftState.TO_CONFIRM,), DraftState.PROPOSED, now)
        connection.execute(
            "UPDATE draft SET recipient = ?, recipient_name = ?, unconfirmed = 0 WHERE id = ?",
            (to.email, to.name, draft.id),
        )
        append = Effect(draft.append_key, EffectKind.APPEND_DRAFT, now, {"draft": str(draft.id)})
        store.wish(connection, [append], now)

    store.change("confirm_address", change)
    return confirmed


def leave_question(store: Store, question_id: int, now: datetime) -> None:
    """A question is left without an answer, and not shown any more. Raises Refused when there is none open."""
    left = store.change(
        "leave_question",
        lambda connection: (
            connection.execute(
                "UPDATE question SET answered_at = ?, answer = 'left' WHERE id = ? AND answered_at IS NULL",
                (db.stamp(now), question_id),
            ).rowcount
        ),
    )
    if not left:
        raise Refused(f"there is no open question {question_id}; see: onward questions")


def want_letters(store: Store, now: datetime) -> None:
    """Letters are wanted again, after they lay unused and Onward stopped writing them."""
    store.note_health("letters wanted", "yes", now)
    store.change(
        "want_letters",
        lambda connection: connection.execute(
            "UPDATE question SET answered_at = ?, answer = 'yes' WHERE kind = 'unused' AND answered_at IS NULL",
            (db.stamp(now),),
        ),
    )


def discard_draft(store: Store, draft_id: int, now: datetime) -> None:
    """Drop the letter and take it out of Drafts."""
    _be_done_with(store, draft_id, DraftState.DISCARDED, "discarded", now)


def mark_sent(store: Store, draft_id: int, now: datetime) -> None:
    """The person says that the letter went, by whatever way."""
    _be_done_with(store, draft_id, DraftState.SENT, "sent", now)


def _be_done_with(store: Store, draft_id: int, to: DraftState, answer: str, now: datetime) -> None:
    draft = get_draft(store, draft_id)

    def change(connection: sqlite3.Connection) -> None:
        _move(connection, draft, OPEN, to, now)
        store.wish(connection, _withdrawals(draft, draft.version, now), now)
        _answer(connection, now, answer, draft=draft)

    store.change(f"draft {answer}", change)


def _check_settled(connection: sqlite3.Connection, draft: Draft) -> None:
    """Raises Refused while it is not known whether this version reached the mailbox: the next would stand beside it."""
    row = connection.execute("SELECT state FROM effect WHERE key = ?", (draft.append_key,)).fetchone()
    if row is not None and row["state"] == "started":
        raise Refused(
            f"letter {draft.id} is being put into your Drafts at this moment; try again in a few minutes, "
            "or let Onward find out: onward run --once"
        )


def _append_anew(store: Store, connection: sqlite3.Connection, draft: Draft, now: datetime, seen: str = "") -> None:
    """The outbox withdraws the version before, once the new one stands; those older still go now."""
    payload = {"draft": str(draft.id), **({"only": seen} if seen else {})}
    append = Effect(draft.append_key, EffectKind.APPEND_DRAFT, now, payload)
    store.wish(connection, [append, *_withdrawals(draft, draft.version - 2, now)], now)


def _withdrawals(draft: Draft, newest: int, now: datetime) -> list[Effect]:
    """The wishes to take versions up to `newest` out of the mailbox: which of them stands there is not known here."""
    seen = draft.seen_hash or ""
    return [withdrawal(replace(draft, version=version), now, seen) for version in range(1, newest + 1)]


def _move(
    connection: sqlite3.Connection, draft: Draft, expected: tuple[DraftState, ...], to: DraftState, now: datetime
) -> None:
    """Change a draft's state from one of those expected. Raises Refused when it is in none of them."""
    row = connection.execute("SELECT state FROM draft WHERE id = ?", (draft.id,)).fetchone()
    if row["state"] not in expected:
        raise Refused(f"draft {draft.id} is {row['state']}; see: onward drafts list")
    settled = db.stamp(now) if to in OVER else None
    connection.execute("UPDATE draft SET state = ?, settled_at = ? WHERE id = ?", (to, settled, draft.id))


def _answer(
    connection: sqlite3.Connection,
    now: datetime,
    answer: str,
    draft: Draft | None = None,
    message_key: str | None = None,
) -> None:
    """The questions this act answers."""
    connection.execute(
        """UPDATE question SET answered_at = :now, answer = :answer
           WHERE answered_at IS NULL AND (message_key = :key OR effect_key IN (
             SELECT key FROM effect WHERE json_extract(payload, '$.draft') = :draft))""",
        {
            "now": db.stamp(now),
            "answer": answer,
            "key": message_key or "",
            "draft": str(draft.id) if draft else "",
        },
    )


# --- sessions ----------------------------------------------------------------------------------------------


def get_reflection(store: Store, reflection_id: int) -> Reflection:
    """One session. Raises Refused when there is none of that number."""
    reflection = store.find_reflection(reflection_id)
    if reflection is None:
        raise Refused(f"there is no session {reflection_id}; see: onward sessions list")
    return reflection


def move_session(
    store: Store,
    reflection_id: int,
    starts_at: datetime,
    policy: Policy,
    channels: tuple[EffectKind, ...],
    now: datetime,
) -> Reflection:
    """Another hour, of the person's choosing; its reminders move along, the old ones fall silent."""
    reflection = get_reflection(store, reflection_id)
    if starts_at <= now:
        raise Refused("that time has passed; choose one that is still to come")
    moved = replace(
        reflection,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        state=ReflectionState.BOOKED,
        reason="you moved it",
        sequence=reflection.sequence + 1,
        changed_at=now,
    )
    reminders = agenda.reminders_for(moved.starts_at, moved.ends_at, now, policy.hours)
    wanted = tuple(each for each in reminders if each[0] != "booked")  # they know: they moved it themselves
    _change_session(store, reflection, moved, now, wanted, channels)
    return moved


def finish_session(store: Store, reflection_id: int, state: ReflectionState, now: datetime) -> None:
    """Done, or skipped: either is fine, and its reminders fall silent."""
    reflection = get_reflection(store, reflection_id)
    if reflection.state not in (ReflectionState.BOOKED, ReflectionState.MISSED):
        raise Refused(f"session {reflection_id} is {reflection.state} already")
    changed = replace(reflection, state=state, sequence=reflection.sequence + 1, changed_at=now)
    _change_session(store, reflection, changed, now, (), ())


def _change_session(
    store: Store,
    before: Reflection,
    after: Reflection,
    now: datetime,
    reminders: agenda.Reminders,
    channels: tuple[EffectKind, ...],
) -> None:
    def change(connection: sqlite3.Connection) -> None:
        _write_session(store, connection, before, after, now, reminders, channels)

    store.change("change_session", change)


def _write_session(
    store: Store,
    connection: sqlite3.Connection,
    before: Reflection,
    after: Reflection,
    now: datetime,
    reminders: agenda.Reminders = (),
    channels: tuple[EffectKind, ...] = (),
) -> None:
    changed = connection.execute(
        """UPDATE reflection SET starts_at = :starts_at, ends_at = :ends_at, reason = :reason, state = :state,
             sequence = :sequence, changed_at = :now
           WHERE id = :id AND sequence = :expected""",
        {
            "starts_at": db.stamp(after.starts_at),
            "ends_at": db.stamp(after.ends_at),
            "reason": after.reason,
            "state": after.state,
            "sequence": after.sequence,
            "now": db.stamp(now),
            "id": after.id,
            "expected": before.sequence,
        },
    ).rowcount
    if not changed:
        raise Refused(f"session {after.id} was changed at the same moment; see: onward sessions list")
    effects = agenda.session_effects(str(after.id), after.sequence, after.starts_at, reminders, channels, now)
    store.wish(connection, effects, now)


# --- verdicts ----------------------------------------------------------------------------------------------


def correct(store: Store, key: str, label: Label, now: datetime) -> Message:
    """The person's verdict replaces ours. What followed from ours is undone; what follows from theirs, done.

    The mail is handled anew, so that its consequences come about as for any other.
    """
    message = store.get_message(key)
    answers = (Occasion.NO, Occasion.FEEDBACK)
    draft = next(
        (each for each in store.drafts() if each.message_key == message.key and each.occasion in answers), None
    )
    sessions = _sessions_about(store, message.key)

    def change(connection: sqlite3.Connection) -> None:
        row = connection.execute("SELECT label FROM verdict WHERE message_key = ?", (message.key,)).fetchone()
        connection.execute(
            "INSERT INTO correction (message_key, label, was, corrected_at) VALUES (?, ?, ?, ?)",
            (message.key, label, row["label"] if row else "", db.stamp(now)),
        )
        connection.execute("DELETE FROM hint WHERE message_key = ?", (message.key,))
        _answer(connection, now, label, message_key=message.key)
        if row is not None and row["label"] == label == Label.REJECTION and (draft or sessions):
            connection.execute("UPDATE verdict SET source = 'person' WHERE message_key = ?", (message.key,))
            return
        if draft is not None and draft.state in OPEN:
            _move(connection, draft, OPEN, DraftState.DISCARDED, now)
            store.wish(connection, _withdrawals(draft, draft.version, now), now)
        for session in sessions:
            cancelled = replace(session, state=ReflectionState.CANCELLED, sequence=session.sequence + 1)
            _write_session(store, connection, session, cancelled, now)
        connection.execute(
            "UPDATE event SET revoked_at = ? WHERE message_key = ? AND revoked_at IS NULL", (db.stamp(now), message.key)
        )
        connection.execute("DELETE FROM person WHERE message_key = ?", (message.key,))
        connection.execute(
            "UPDATE message SET state = 'received', attempts = 0 WHERE key = ? AND state = 'handled'", (message.key,)
        )

    store.change("correct", change)
    return message


def take_hint(store: Store, message: Message, label: Label, now: datetime) -> bool:
    """A mail moved into a folder for teaching is a correction. False: it says what the person said before."""
    said = store.last_correction(message.key)
    if said is not None and (said is Label.REJECTION) == (label is Label.REJECTION):
        store.change(
            "take_hint",
            lambda connection: connection.execute("DELETE FROM hint WHERE message_key = ?", (message.key,)),
        )
        return False
    correct(store, message.key, label, now)
    return True


def _sessions_about(store: Store, message_key: str) -> list[Reflection]:
    """Booked sessions that are about this mail alone."""
    rows = store.rows(
        """SELECT reflection_id FROM reflection_rejection WHERE message_key = :key
           AND (SELECT COUNT(*) FROM reflection_rejection AS other
                WHERE other.reflection_id = reflection_rejection.reflection_id) = 1""",
        key=message_key,
    )
    wanted = {row["reflection_id"] for row in rows}
    return [each for each in store.reflections() if each.id in wanted and each.state is ReflectionState.BOOKED]


def retry_stuck(store: Store, key: str) -> None:
    """Three new attempts for a mail that was set aside."""
    message = store.get_message(key)
    if not store.try_again(message.key):
        raise Refused("that mail cannot be read at all; open it in your mail program")


# --- learning ----------------------------------------------------------------------------------------------


def learn(
    store: Store, train: Trainer, clock: Callable[[], datetime], is_stopping: Callable[[], bool] = lambda: False
) -> Learned | None:
    """Learn from all corrections, and note what came of it. A training that fails changes nothing.

    None: it was cut short because Onward stops, which says nothing about it; it is tried at the next start.
    """
    corrections = store.corrections()
    try:
        learned = train(corrections)
    except Exception as error:  # whatever goes wrong in there, Onward goes on with what it knew before
        if is_stopping():
            return None
        reason = f"the training did not come to its end ({type(error).__name__})"
        learned = Learned(False, len(corrections), reason, 0.0)
    if not store.note_learning(learned, corrections, clock()):
        train(())  # forgotten meanwhile: what was just learned goes, too
    return learned


def learn_anew(store: Store, train: Trainer) -> None:
    """What was learned cannot be read any more: drop it, and have it learned once more."""
    train(())
    store.note_lost()


def forget_learned(store: Store, forget: Callable[[], bool], now: datetime) -> None:
    """Back to the shipped model. What was corrected stays corrected, and is learned from no longer."""
    store.note_forgotten(now)
    forget()
