"""Which application a mail belongs to, and how far that application has come.

Pure. The stage is read from the events, in order; nothing is ever overwritten. A mail is matched by its
thread, then by a requisition id, then by company and role; when two applications fit equally well, none does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from onward.core.model import Address, Application, ApplicationChange, Label, Message, Prediction, Stage

EVENTS: dict[Label, str] = {
    Label.ACKNOWLEDGEMENT: "acknowledged",
    Label.STATUS_UPDATE: "update",
    Label.INTERVIEW: "interview",
    Label.ASSESSMENT: "assessment",
    Label.OFFER: "offer",
    Label.REJECTION: "rejection",
    Label.WITHDRAWAL: "withdrawn",
}
_STAGES = {
    "screen": Stage.SCREEN,
    "assessment": Stage.SCREEN,
    "interview": Stage.INTERVIEW,
    "final": Stage.FINAL,
    "offer": Stage.OFFER,
}
_ORDER = tuple(Stage)
_CLOSING = frozenset({"rejection", "withdrawn"})
_SCREEN = re.compile(
    r"\b(phone screen|screening call|intro(?:ductory)? call|first call|quick call|short call|get to know"
    r"|telefoninterview"
    r"|kennenlern\w*|erstgespräch|premier échange|primera llamada|eerste gesprek|första samtal|primeira conversa"
    r"|primo colloquio)\b",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"\b(final (?:round|interview|stage)|last round|on-?site|panel|letzte runde|dernier entretien|entretien final"
    r"|última entrevista|laatste gesprek|sista intervju|slutintervju|última etapa|colloquio finale)\b",
    re.IGNORECASE,
)
_TALKED = re.compile(  # "thank you for the interview", in a no: they met, whatever mails we have
    r"\b(?:thank(?:s| you)|enjoyed|pleasure|appreciate\w*)\b[^.!?]{0,80}\b(?:interview\w*|met|meeting|speaking|talking"
    r"|spoke|conversations?)\b"
    r"|\b(?:dank\w*|gefreut)\b[^.!?]{0,80}\b(?:gespräch\w*|vorstellungsgespräch\w*|kennenlernen|kennenzulernen)\b"
    r"|\b(?:merci|remerci\w*)\b[^.!?]{0,80}\b(?:entretiens?|échanges?|rencontr\w*)\b"
    r"|\b(?:gracias|agradec\w*)\b[^.!?]{0,80}\b(?:entrevistas?|conversación|conocerte|conocerle)\b"
    r"|\b(?:bedankt|dank)\b[^.!?]{0,80}\b(?:gesprek\w*|interview\w*|kennismaking)\b"
    r"|\btack\b[^.!?]{0,80}\b(?:intervjun?|samtal\w*|mötet|träffa\w*)\b"
    r"|\b(?:obrigad[oa]|agradec\w*)\b[^.!?]{0,80}\b(?:entrevistas?|conversas?)\b"
    r"|\b(?:grazie|ringrazi\w*)\b[^.!?]{0,80}\b(?:colloqui\w*|incontr\w*)\b",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(inc|incorporated|llc|ltd|limited|plc|gmbh|ag|se|kg|co|corp|corporation|company|sa|sas|sarl|srl|spa|bv|nv|ab|oy"
    r"|aps|as|lda|ltda|group|holding)\b"
)


def application(
    id: int,
    company: str,
    role: str,
    requisition: str | None,
    events: Sequence[tuple[str, str | None]],
    thread: frozenset[str],
    people: tuple[Address, ...],
) -> Application:
    """An application as its events (kind, message key), oldest first, tell it."""
    stage, closed_by, closed = Stage.APPLIED, None, False
    for kind, message_key in events:
        reached = _STAGES.get(kind, stage)
        stage = max(stage, reached, key=_ORDER.index)
        if kind in _CLOSING:
            closed, closed_by = True, message_key
    return Application(id, company, role, stage, closed, requisition, thread, people, closed_by)


def match(message: Message, prediction: Prediction, applications: Sequence[Application]) -> Application | None:
    """The application a mail belongs to, or None: a new one, or not certain enough."""
    by_thread = [each for each in applications if in_thread(message, each)]
    if by_thread:
        return _best(by_thread, prediction) or by_thread[-1]
    if prediction.requisition is not None:
        wanted = prediction.requisition.value.lower()
        by_requisition = [each for each in applications if (each.requisition or "").lower() == wanted]
        if by_requisition:
            return by_requisition[-1]
    if prediction.company is None:
        return None
    company = plain(prediction.company.value)
    at_company = [each for each in applications if each.company and plain(each.company) == company]
    return _best(at_company, prediction)


def in_thread(message: Message, application: Application) -> bool:
    """Whether a mail answers, or is, one of the mails of an application."""
    return not application.thread.isdisjoint((message.message_id, *message.references))


def known_no(message: Message, application: Application) -> bool:
    """Whether this mail follows a no that came before, in its thread or from one of its people."""
    people = {person.email for person in application.people}
    near = in_thread(message, application) or (message.sender is not None and message.sender.email in people)
    return application.closed and near


def _best(candidates: Sequence[Application], prediction: Prediction) -> Application | None:
    """The one candidate whose role fits; without a role on either side, the only one still open."""
    if prediction.role is not None:
        role = plain(prediction.role.value)
        same = [each for each in candidates if each.role and _same_role(plain(each.role), role)]
        unnamed = [each for each in candidates if not each.role]
        fitting = same or unnamed
    else:
        fitting = list(candidates)
    still_open = [each for each in fitting if not each.closed]
    if len(still_open) == 1:
        return still_open[0]
    if not still_open and fitting:
        return fitting[-1]
    return None


def _same_role(one: str, other: str) -> bool:
    return one == other or one in other or other in one


def change_for(
    message: Message, prediction: Prediction, matched: Application | None, label: Label
) -> ApplicationChange | None:
    """The event a mail adds to the log; None when it adds none.

    An acknowledgement after an application was closed is a new attempt, not a reopening.
    """
    event = EVENTS.get(label)
    if event is None:
        return None
    if label is Label.INTERVIEW:
        words = f"{message.subject}\n{message.text[:4000]}"
        event = "final" if _FINAL.search(words) else "screen" if _SCREEN.search(words) else "interview"
    if matched is not None and matched.closed and label is Label.ACKNOWLEDGEMENT:
        matched = None
    return ApplicationChange(
        application_id=matched.id if matched else None,
        company=prediction.company.value if prediction.company else "",
        role=prediction.role.value if prediction.role else "",
        event=event,
        requisition=prediction.requisition.value if prediction.requisition else None,
    )


def stage_reached(message: Message, matched: Application | None) -> Stage:
    """How far it had come when the no arrived: as its events tell, or at least as the no itself says."""
    known = matched.stage if matched is not None else Stage.APPLIED
    told = Stage.INTERVIEW if _TALKED.search(message.text[:4000]) else Stage.APPLIED
    return max(known, told, key=_ORDER.index)


@lru_cache(maxsize=8192)  # every mail is compared with every application
def plain(name: str) -> str:
    """A company or role without case, accents, punctuation and legal form, for comparing."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    words = re.sub(r"[^\w\s]", " ", bare)
    without = " ".join(_LEGAL.sub(" ", words).split())
    return without or " ".join(words.split())
