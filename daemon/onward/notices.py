"""What is said to the person: reminders of an hour, and word of a letter that waits.

Reads what an effect is about, and makes the words. A notice whose hour was moved, or whose letter was dealt with, is
not said any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from onward.core import agenda, calendar, mail
from onward.core.model import Address, DraftState, Occasion, Policy, ReflectionState
from onward.edges.render import Renderer
from onward.edges.store import OpenEffect, Reflection, Store

LATE = timedelta(minutes=10)
WHAT = {
    Occasion.NO: "a short thank-you",
    Occasion.FEEDBACK: "a line of thanks",
    Occasion.SILENCE: "a polite question",
    Occasion.MENTOR: "a letter",
    Occasion.KEEP_IN_TOUCH: "a sign of life",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell the person."""

    title: str
    words: str  # of the mail
    line: str  # of the notification
    attachment: bytes | None = None
    leads_in: bool = False  # into a session: it is said at night, too


def notice_for(effect: OpenEffect, store: Store, renderer: Renderer, policy: Policy, now: datetime) -> Notice | None:
    """What an effect has to say now; None: nothing any more."""
    if "letter" in effect.payload:
        return _of_letter(effect, store, renderer, policy, now)
    return _of_session(effect, store, renderer, policy, now)


def _of_letter(effect: OpenEffect, store: Store, renderer: Renderer, policy: Policy, now: datetime) -> Notice | None:
    draft = store.find_draft(int(effect.payload["letter"]))
    if draft is None or draft.state not in (DraftState.TO_CONFIRM, DraftState.IN_MAILBOX):
        return None
    [row] = store.rows(
        """SELECT COALESCE(company, '') AS company FROM draft
           LEFT JOIN application ON application.id = application_id WHERE draft.id = :id""",
        id=draft.id,
    )
    confirm = draft.state is DraftState.TO_CONFIRM
    to = draft.recipient.name or draft.recipient.email
    words = renderer.fill(
        "reminders/letter.txt",
        {
            "name": _called(policy),
            "recipient": to,
            "company": row["company"],
            "draft": draft.id,
            "confirm": confirm,
            "what": WHAT[draft.occasion],
        },
    )
    title = "A letter whose address is in doubt" if confirm else f"A letter waits: to {to}"
    return Notice(title, words + _late(effect, now), f"onward drafts show {draft.id}")


def _of_session(effect: OpenEffect, store: Store, renderer: Renderer, policy: Policy, now: datetime) -> Notice | None:
    session = store.find_reflection(int(effect.payload["reflection"]))
    if session is None or session.state is not ReflectionState.BOOKED:
        return None
    if str(session.sequence) != effect.payload["sequence"]:
        return None
    kind = effect.payload["reminder"]
    when = agenda.say_when(session.starts_at, session.ends_at, now, policy.hours.timezone)
    company, role = session.about[0] if session.about else ("", "")
    words = renderer.fill(
        f"reminders/{kind}.txt",
        {
            "name": _called(policy),
            "company": company,
            "role": role,
            "when": when,
            "reason": session.reason,
            "draft": _has_draft(store, session),
            "session": session.id,
            "late": bool(_late(effect, now)),
        },
    )
    title = {"booked": f"An hour for you: {when}", "after": "How was your hour?"}.get(kind, f"Your hour: {when}")
    event = calendar.single(session_event(session)) if kind == "booked" else None
    return Notice(title, words + _late(effect, now), when, event, kind == "soon" and now <= session.starts_at)


def notice_mail(effect: OpenEffect, notice: Notice, own: Address) -> tuple[bytes, str]:
    """The notice as a mail to oneself, and its Message-ID; the same for every attempt."""
    message_id = mail.new_message_id(effect.key, own)
    raw = mail.build(
        mail.Outgoing(
            sender=Address(own.email, "Onward"),
            recipient=own,
            subject=notice.title,
            body=notice.words,
            message_id=message_id,
            date=max(effect.wanted_at, effect.created_at),
            key=effect.key,
            attachment=notice.attachment,
            automatic=True,
        )
    )
    return raw, message_id


def session_event(reflection: Reflection) -> calendar.Event:
    """A session as a calendar shows it. The company stays out of the title: calendars are seen by others."""
    about = "\n".join(", ".join(part for part in each if part) or "an application" for each in reflection.about)
    return calendar.Event(
        uid=calendar.event_uid(f"reflection:{reflection.id}:{reflection.booked_at.isoformat()}"),
        starts_at=reflection.starts_at,
        ends_at=reflection.ends_at,
        summary="An hour to look back",
        description=f'About: {about}\nMoved easily: onward sessions move {reflection.id} "tomorrow 18:00"',
        sequence=reflection.sequence,
        status="CANCELLED" if reflection.state in (ReflectionState.CANCELLED, ReflectionState.SKIPPED) else "CONFIRMED",
        updated_at=reflection.changed_at,
    )


def _called(policy: Policy) -> str:
    return policy.name.split(" ")[0]


def _late(effect: OpenEffect, now: datetime) -> str:
    late = now - effect.wanted_at > LATE
    return "\n(This comes late: Onward was not running when it was due.)\n" if late else ""


def _has_draft(store: Store, session: Reflection) -> bool:
    return bool(
        store.rows(
            """SELECT 1 FROM draft JOIN reflection_rejection USING (message_key)
               WHERE reflection_id = :id AND state IN ('proposed', 'in the mailbox')""",
            id=session.id,
        )
    )
