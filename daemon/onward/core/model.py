"""The vocabulary: every noun the program speaks of, as frozen values.

Pure. One word per thing, the same here, in tables, on pages and in talk; the list is in ARCHITECTURE.md.
All times are aware and in UTC unless a comment says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum


class OnwardError(Exception):
    """Something the person can read: one sentence, and the next command to type where there is one."""


class ConfigError(OnwardError):
    """The configuration cannot be used as it stands."""


class Refused(OnwardError):
    """The person asked for something that cannot be done now; the sentence says why and what can."""


class EdgeError(OnwardError):
    """Something outside this program went wrong. The subclass says what to do next."""


class Temporary(EdgeError):
    """It did not happen. Try again later."""

    def __init__(self, message: str, *, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.wait = wait  # the least time to wait, where the server said so


class Permanent(EdgeError):
    """It did not happen, and trying again will not help. Ask a person."""


class SignInRefused(Permanent):
    """The server does not take the name or password. Never tried in a loop: accounts are locked for that."""


class Uncertain(EdgeError):
    """It may have happened. Look before trying again; never send twice on a guess."""


class Unreadable(OnwardError):
    """A mail that cannot be read safely; the sentence is the reason it is set aside with."""


class Label(StrEnum):
    """What a mail is to a person looking for work (product row B1)."""

    REJECTION = "rejection"
    ACKNOWLEDGEMENT = "acknowledgement"
    STATUS_UPDATE = "status_update"
    INTERVIEW = "interview"
    ASSESSMENT = "assessment"
    OFFER = "offer"
    WITHDRAWAL = "withdrawal"
    RECRUITER_OUTREACH = "recruiter_outreach"
    JOB_ALERT = "job_alert"
    FEEDBACK_REPLY = "feedback_reply"
    OTHER = "other"


class Hint(StrEnum):
    """What the person says of a mail by moving it into a folder that is there for this (product row B6)."""

    REJECTION = "rejection"
    NO_REJECTION = "not a rejection"


class Band(StrEnum):
    """What is done with a prediction: act on it, ask the person, or leave the mail alone."""

    ACT = "act"
    ASK = "ask"
    LEAVE = "leave"


class Stage(StrEnum):
    """How far an application got. Read from its events, never overwritten."""

    APPLIED = "applied"
    SCREEN = "screen"
    INTERVIEW = "interview"
    FINAL = "final"
    OFFER = "offer"


class Source(StrEnum):
    """Who holds a verdict to be true. A person outranks a rule, a rule outranks the model."""

    MODEL = "model"
    RULE = "rule"
    PERSON = "person"


LANGUAGES = ("en", "de", "fr", "es", "nl", "sv", "pt", "it")  # read and written; the first stands in for others


def times_odds(factor: float, chance: float) -> float:
    """The chance whose odds are so many times as high."""
    return factor * chance / (1 - chance + factor * chance)


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of one person or machine, scrubbed of control characters."""

    email: str  # lower-case domain, no angle brackets
    name: str = ""

    @property
    def domain(self) -> str:
        """What stands after the '@'."""
        return self.email.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one folder of one account has been read. A UID means nothing without its UIDVALIDITY."""

    uidvalidity: int  # RFC 9051 §2.3.1.1
    uid: int  # the highest UID received; 0: nothing yet


@dataclass(frozen=True, slots=True)
class RawMail:
    """One mail as an edge hands it over: bytes and where they were found."""

    folder: str
    uidvalidity: int
    uid: int
    arrived_at: datetime  # INTERNALDATE, or a file's time
    raw: bytes  # at most the edge's cap; `truncated` says when the rest was left on the server
    truncated: bool = False
    problem: str | None = None  # why no bytes could be had, e.g. the server answers without the mail


ATTACHED = "----- Attached message -----"  # stands above the text of a mail attached to another


@dataclass(frozen=True, slots=True)
class Message:
    """One parsed mail. Its key is account + Message-ID (or content hash), never the UID."""

    key: str  # 32 hex digits
    account: str
    folder: str
    uidvalidity: int
    uid: int
    arrived_at: datetime
    noticed_at: datetime
    message_id: str | None  # with its angle brackets; None: absent or unusable
    content_hash: str  # SHA-256 of sender, date, subject and body: what the mail says it is
    subject: str = ""
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    references: tuple[str, ...] = ()  # oldest first, at most 20, In-Reply-To last
    sent_at: datetime | None = None  # the Date header: shown, never decided on
    text: str = ""  # what a reader sees, quotes, signature and attached mails included; at most 64 KiB
    html_only: bool = False
    calendar_method: str | None = None  # REQUEST, CANCEL …: shown, never applied
    invited: tuple[Address, ...] = ()  # who stands in its invitation, the organizer first
    signs: frozenset[str] = frozenset()  # 'list', 'bulk', 'auto-submitted', 'bounce': no person; 'own', 'auth-failed'
    flags: frozenset[str] = frozenset()  # 'truncated', 'repeated header', 'known id, other body', 'pdf' attached


@dataclass(frozen=True, slots=True)
class Span:
    """Where in a message's text something stands: text[start:end]. start == -1: not in the text."""

    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Found:
    """One value taken from a mail, with the place it came from and how sure we are."""

    value: str
    span: Span = Span()
    confidence: float = 1.0  # 0..1
    where: str = "text"  # 'text', 'subject', 'from', 'signature', 'calendar', 'cc'


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a mail names, and where."""

    name: str
    role: str = ""  # as the mail says it; '': it does not
    email: str = ""  # '': none is given
    where: str = "text"  # 'from', 'reply-to', 'cc', 'signature', 'calendar', 'text', 'your mail', 'you'
    doubted: bool = False  # it may be somebody who poses as them

    @property
    def address(self) -> Address:
        """How to write to them."""
        return Address(self.email, self.name)


class FeedbackKind(StrEnum):
    """What came of asking for feedback."""

    GIVEN = "given"
    REFUSED = "refused"
    VAGUE = "vague"  # kind words, nothing to learn from
    REOPENS = "reopens"  # it goes on after all
    AWAY = "away"  # out of office
    BOUNCE = "bounce"
    SILENCE = "silence"


class Theme(StrEnum):
    """What a piece of feedback is about (product row F1)."""

    TECHNICAL = "technical"
    BEHAVIOURAL = "behavioural"
    COMMUNICATION = "communication"
    EXPERIENCE = "experience"
    MOTIVATION_FIT = "motivation_fit"
    COMPENSATION = "compensation"
    LOGISTICS = "logistics"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What an answer to a letter says: word for word, and what it is about."""

    kind: FeedbackKind
    words: str = ""  # without what it quotes
    point: str = ""  # the sentence that holds the main thing
    themes: tuple[Theme, ...] = ()  # the main one first


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the classifier says about one message. Advice; the verdict comes later."""

    label: Label
    confidence: float  # 0..1, of `label`
    probabilities: dict[Label, float] = field(default_factory=dict)
    evidence: str = ""  # the sentence that decided it, as it stands in the text or the subject
    evidence_span: Span = Span()
    language: str | None = None  # ISO 639-1; None: not one of the languages it knows
    company: Found | None = None  # None: not found
    role: Found | None = None
    requisition: Found | None = None
    numbers: frozenset[str] = frozenset()  # every number it gives for a vacancy or an application
    contact: Address | None = None  # a person who would read an answer
    people: tuple[Person, ...] = ()  # everybody it names besides the reader, who writes first
    dates: tuple[Found, ...] = ()  # days and times in the mail's own words
    kind: Found | None = None  # of a no: 'plain', 'filled', 'cancelled', 'frozen', 'later', 'other_role'
    reason: Found | None = None  # of a no: the words that give one
    other_role: Found | None = None  # of a no: the job proposed instead
    stage: Stage | None = None  # how far the application had come, as the mail itself shows it
    feedback_given: bool = False
    feedback_offered: bool = False
    feedback_refused: bool = False
    feedback: Feedback | None = None  # what the mail says if it answers a letter; None: it hardly can
    model: str = "rules-1"  # lets any verdict be traced to the model behind it


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of one training from a person's corrections."""

    promoted: bool  # whether the new model is the one in use now
    corrections: int  # how many it was trained from
    reason: str  # why it was taken, or why not
    seconds: float
    model: str = ""  # its version; '': there is none


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is held true of one message: by model, rule or person."""

    label: Label
    source: Source
    confidence: float
    band: Band


@dataclass(frozen=True, slots=True)
class Slot:
    """A free interval for a session, with a word on why it is not in the usual hours, if it is not."""

    starts_at: datetime
    ends_at: datetime
    reason: str = ""  # '' when it lies in the person's reflection hours


@dataclass(frozen=True, slots=True)
class Busy:
    """A half-open interval in which the person is taken: [starts_at, ends_at)."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ReflectionHours:
    """When the person likes to sit down and think. Local wall time in `timezone`."""

    timezone: str = "UTC"  # IANA name
    weekdays: frozenset[int] = frozenset(range(7))  # Monday is 0
    start: time = time(17, 0)
    end: time = time(20, 0)
    night_start: time = time(21, 30)  # no session begins or lasts into the night
    night_end: time = time(8, 0)


class EffectKind(StrEnum):
    """The outward acts there are."""

    APPEND_DRAFT = "append_draft"
    WITHDRAW_DRAFT = "withdraw_draft"
    SEND_MAIL = "send_mail"
    FILE_SENT = "file_sent"
    NOTIFY_MAIL = "notify_mail"  # a mail to oneself
    NOTIFY_DESKTOP = "notify_desktop"
    WRITE_CALENDAR = "write_calendar"  # the private .ics file


class EffectState(StrEnum):
    """Where an effect stands. `started` found after a crash means: look before trying again."""

    WAITING = "waiting"
    STARTED = "started"
    DONE = "done"
    UNDECIDED = "undecided"  # it may have happened and looking could not tell: the person says
    FAILED = "failed"  # it did not happen and will not without the person
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Effect:
    """One outward act wanted once. The same key twice is one act."""

    key: str  # 'append_draft:<message key>'
    kind: EffectKind
    due_at: datetime
    payload: dict[str, str] = field(default_factory=dict)  # what the act needs beyond the rows it names


class LetterKind(StrEnum):
    """The letters there are; each has its template."""

    THANKS_AND_FEEDBACK = "thanks_and_feedback"
    THANKS = "thanks"
    THANKS_FOR_FEEDBACK = "thanks_for_feedback"
    OTHER_ROLE = "other_role"
    CHECK_IN = "check_in"
    MENTOR = "mentor"
    KEEP_IN_TOUCH = "keep_in_touch"


class Occasion(StrEnum):
    """What a letter is about; each mail has one letter for each at most."""

    NO = "no"
    FEEDBACK = "feedback"
    SILENCE = "silence"
    MENTOR = "mentor"
    KEEP_IN_TOUCH = "keep in touch"


OCCASIONS = {
    LetterKind.CHECK_IN: Occasion.SILENCE,
    LetterKind.MENTOR: Occasion.MENTOR,
    LetterKind.KEEP_IN_TOUCH: Occasion.KEEP_IN_TOUCH,
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A text Onward proposes: which template, to whom, and the facts it may use."""

    kind: LetterKind
    account: str
    recipient: Address
    from_address: Address
    subject: str
    in_reply_to: str | None
    references: tuple[str, ...]
    facts: dict[str, str] = field(default_factory=dict)  # the template's; '' when not known
    language: str = "en"
    occasion: Occasion = Occasion.NO
    warning: str = ""  # what is to be known of the address before writing to it
    to_confirm: bool = False  # it waits for the person's word on the address, and stands in no folder until then


class DraftState(StrEnum):
    """Where a draft stands."""

    TO_CONFIRM = "to confirm"  # its address is in doubt: the person says
    PROPOSED = "proposed"
    IN_MAILBOX = "in the mailbox"
    SENDING = "sending"
    SENT = "sent"
    DISCARDED = "discarded"
    DELETED = "deleted"  # by the person, in their mail program
    UNDECIDED = "undecided"
    FAILED = "failed"


OVER = (DraftState.SENT, DraftState.DISCARDED, DraftState.DELETED)  # nothing is left to do for the person


class ReflectionState(StrEnum):
    """Where a session stands."""

    BOOKED = "booked"
    DONE = "done"
    SKIPPED = "skipped"
    MISSED = "missed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Booking:
    """One hour of reflection to be booked, and when to speak of it."""

    slot: Slot
    deadline: datetime  # 48 h of elapsed time after the rejection counts as arrived
    late: bool = False  # noticed more than 24 h after it arrived: counted from the notice
    reminders: tuple[tuple[str, datetime], ...] = ()  # (kind, due): 'booked', 'day', 'soon'


@dataclass(frozen=True, slots=True)
class Application:
    """One attempt at one role at one company, as its events tell it."""

    id: int
    company: str
    role: str
    stage: Stage = Stage.APPLIED
    requisition: str | None = None
    thread: frozenset[str] = frozenset()  # Message-IDs known to belong to it
    people: tuple[Person, ...] = ()  # with an address, those heard of last at the end
    closed_by: str | None = None  # key of the message that closed it
    subjects: frozenset[str] = frozenset()  # of its mails, as `tracker.topic` gives them
    numbers: frozenset[str] = frozenset()  # reference numbers in its mails, as `tracker.plain_words` writes them
    names: frozenset[str] = frozenset()  # of its people, those without an address too
    ended: str = ""  # how it came to its end: 'rejection', 'withdrawn', 'silent'; '': it did not
    heard_at: datetime | None = None  # the last word about it, of the person's too
    last: str = ""  # the kind of the latest event

    @property
    def closed(self) -> bool:
        """Whether it came to an end: by a no, by silence, or by the person."""
        return bool(self.ended)

    @property
    def state(self) -> str:
        """How it stands, in a word."""
        return self.ended or ("quiet" if self.last in ("quiet", "check-in", "waiting") else "open")


@dataclass(frozen=True, slots=True)
class Habits:
    """What the person's own changes to letters plainly show."""

    brief: bool = False  # they make them shorter
    formal: bool | None = None  # they make them more formal, or less; None: neither


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows that bears on one message: the only read before a decision."""

    applications: tuple[Application, ...] = ()
    correction: Label | None = None  # a person's verdict on this very message
    twin: str | None = None  # key of an earlier message that is the same mail come twice
    busy: tuple[Busy, ...] = ()
    drafts_today: int = 0
    written_to: tuple[str, ...] = ()  # the companies of earlier letters
    sender_other: int = 0  # earlier mails of this sender, where none of them was about an application
    unused: int = 0  # letters in a row, the latest first, that the person did not use
    told_unused: bool = False  # … and that they were told so
    habits: Habits = Habits()


@dataclass(frozen=True, slots=True)
class Policy:
    """What the person allows."""

    name: str = ""
    own_addresses: frozenset[str] = frozenset()
    hours: ReflectionHours = ReflectionHours()
    answer_within: timedelta = timedelta(days=3)  # nothing older is answered
    act_above: float = 0.9  # confidence of a rejection from which Onward acts: a false alarm costs ten questions
    ask_above: float = 0.35  # … and from which it asks: a missed no costs three
    drafts_per_day: int = 5
    draft_letters: bool = True
    cool_off: timedelta = timedelta(hours=24)  # before a letter that waits is spoken of
    quiet_after: timedelta = timedelta(days=14)  # without a word after an interview; and the second wait
    greet_after: timedelta = timedelta(days=120)  # since a no after a talk: time for a sign of life
    feedback_wait: timedelta = timedelta(days=14)  # then no answer is an answer
    unused_limit: int = 4  # letters in a row not used, after which none is written


@dataclass(frozen=True, slots=True)
class ApplicationChange:
    """One event for the log, and the application it belongs to (None: a new one)."""

    application_id: int | None
    company: str
    role: str
    event: str  # applied, acknowledged, screen, assessment, interview, offer, rejection, withdrawn, update
    requisition: str | None = None
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Question:
    """Something Onward will not guess. Shown to the person with the evidence."""

    kind: str  # 'label', 'language', 'forged', 'match', 'reopened', 'unused', 'quiet', 'silent', 'bounce', 'greet'
    text: str
    among: tuple[int, ...] = ()  # of a 'match': the applications it may belong to


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdict, changes, wishes and reasons; a value. Carrying it out is the shell's work."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    change: ApplicationChange | None = None
    letter: Letter | None = None
    booking: Booking | None = None
    question: Question | None = None
    stage: Stage | None = None  # for a rejection: how far the application had come
    people: tuple[Person, ...] = ()  # whom the mail shows to be behind its application
    feedback: Feedback | None = None
    about: int | None = None  # the application, where the mail adds no event to it


LABELS = tuple(Label)
HOUR = timedelta(hours=1)
