"""Past mail read again: what each mail is (`classify`), and what Onward would have done (`rehearse`).

Translates, never decides: the decisions are the pipeline's own, in a throwaway home, with the clock standing
at each mail's arrival. There is no outbox here and nothing is opened for writing but that home, so nothing
outside of it can change. An account is only read, by the same fetch the service uses.
"""

from __future__ import annotations

import contextlib
import email.header
import email.utils
import io
import json
import os
import re
import signal
import stat
import sys
import tempfile
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import click

from onward import config, screen, service
from onward.config import Config
from onward.core import agenda, mail, tracker
from onward.core.model import (
    HOUR,
    Address,
    Application,
    Band,
    Cursor,
    FeedbackKind,
    Label,
    Message,
    Policy,
    Prediction,
    RawMail,
    Refused,
    Stage,
    Unreadable,
)
from onward.edges import Batch
from onward.edges.render import Renderer
from onward.edges.store import Store
from onward.pipeline import Classifier, Outcome, Pipeline
from onward_classifiers import score

HEAD_CAP = 64 * 1024  # bytes of a mail looked at for its dates and addressees
LINE_CAP = 64 * 1024  # bytes of one line of an mbox held at once
ACCOUNT, FOLDER = "rehearsal", "INBOX"  # what the throwaway home calls the mails it is given
SINCE = timedelta(days=90)  # of an account, when the person does not say
STAGES = {
    Stage.APPLIED: "application",
    Stage.SCREEN: "screen",
    Stage.INTERVIEW: "interview",
    Stage.FINAL: "final",
    Stage.OFFER: "final",
}


# --- what is said of one mail -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Classified:
    """One line of `onward classify --json`, its fields named as there. All but `file` None: not readable."""

    file: str
    label: str | None = None
    confidence: float | None = None
    probabilities: dict[str, float] | None = None  # of every label
    evidence: str | None = None
    language: str | None = None
    company: str | None = None
    role: str | None = None
    contact: str | None = None  # an address


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One line of `onward rehearse --json`, its fields named as there."""

    file: str
    message_id: str | None = None
    label: str | None = None  # None: the mail would have been set aside; `draft_reason` says why
    confidence: float | None = None
    evidence: str | None = None
    language: str | None = None
    company: str | None = None
    role: str | None = None
    stage: str | None = None  # of a rejection: application, screen, interview, final
    contact: str | None = None  # an address: the letter's recipient, else who would read an answer
    application: int | None = None
    draft: bool = False
    draft_reason: str | None = None
    draft_text: str | None = None
    session: bool = False  # this mail caused a booking
    session_start: str | None = None  # ISO 8601, UTC
    feedback_theme: str | None = None


# --- the two commands -------------------------------------------------------------------------------------


def classify_command(paths: Iterable[str | Path], as_json: bool) -> int:
    """Each mail on its own, without history. 0: something was read; 1: nothing; 2: a path does not exist."""
    _never_choke_on_letters()
    if (found := _existing(paths)) is None:
        return 2
    settings = _configured()
    own = settings.policy.own_addresses if settings is not None else frozenset[str]()
    classifier = _taught(settings)
    labels: Counter[str] = Counter()
    for source in read_paths(found):
        row = classify(source, classifier, own)
        labels[row.label or "not readable"] += 1
        if as_json:
            _print_json(asdict(row))
        else:
            _show_classified(row)
    if not as_json and labels.total() > 1:
        counted = ", ".join(f"{number} {_words(label)}" for label, number in labels.most_common())
        _say(f"{screen.count(labels.total(), 'mail')}: {counted}")
    return _status(labels.total() - labels["not readable"])


def rehearse_command(paths: Iterable[str | Path], account: str | None, since: str | None, as_json: bool) -> int:
    """What Onward would have done with past mail, from files or from one account, touching nothing.

    `since` is written like '90d'. 0: something was read; 1: nothing was; 2: a path does not exist.
    """
    _never_choke_on_letters()
    if (found := _existing(paths)) is None:
        return 2
    if bool(found) == bool(account):
        raise Refused("say what to rehearse: files and folders of mails, or --account NAME, one of the two")
    span = parse_span(since) if since else None
    settings = config.load() if account else _configured()
    with _ends_tidily(), tempfile.TemporaryDirectory(prefix="onward-rehearse-") as folder:
        home = Path(folder)
        if account and settings is not None:
            sources = list(_read_account(settings, account, _now() - (span or SINCE), home))
        else:
            sources = _find_all(found, span)
        sources.sort(key=lambda source: source.arrived_at)
        policy = settings.policy if settings is not None else guess_policy(sources, home)
        telling = _Telling(policy.hours.timezone)
        played = rehearse(sources, policy, _taught(settings), home, settings.templates if settings else None)
        with contextlib.closing(played), _progress(len(sources)) as advance:
            for each in played:
                advance()
                telling.count(each)
                if each.message is None:
                    _complain(each.row.file, each.row.draft_reason or "it cannot be read")
                if as_json:
                    _print_json(asdict(each.row))
                else:
                    telling.tell(each)
        if not as_json:
            telling.end()
    return _status(telling.read)


def _taught(settings: Config | None) -> Classifier:
    """The classifier, with what the person taught it where Onward is set up."""
    return score.Classifier.load(home=settings.home if settings is not None else None)


def _find_all(paths: Iterable[Path], span: timedelta | None) -> list[Source]:
    """Where every mail lies, those older than the span left out."""
    sources: list[Source] = []
    earliest = _now() - span if span is not None else datetime.min.replace(tzinfo=UTC)
    with screen.busy("Looking for mails") as say:
        for source in read_paths(paths):
            if source.arrived_at >= earliest:
                sources.append(source)
            if len(sources) % 1_000 == 0:
                say(f"Looking for mails: {len(sources):,} so far")
    return sources


def parse_span(text: str) -> timedelta:
    """'90d', '12w', '36h' as a length of time. Raises Refused."""
    match = re.fullmatch(r"(\d{1,5}) ?(h|d|w)", text.strip().lower(), re.ASCII)
    if match is None:
        raise Refused(f"{agenda.printable(text)!r} is not a length of time; write it like 90d, 12w or 36h")
    return int(match[1]) * {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}[match[2]]


def classify(source: Source, classifier: Classifier, own: frozenset[str]) -> Classified:
    """One mail on its own. What cannot be read is said on stderr."""
    try:
        message = mail.read(source.fetch(1), ACCOUNT, source.arrived_at, own)
    except Unreadable as error:
        _complain(source.file, str(error))
        return Classified(source.file)
    prediction = classifier.predict(message)
    return Classified(
        file=source.file,
        label=prediction.label,
        confidence=round(prediction.confidence, 4),
        probabilities={label: round(prediction.probabilities.get(label, 0.0), 4) for label in Label},
        evidence=prediction.evidence or None,
        language=prediction.language,
        company=prediction.company.value if prediction.company else None,
        role=prediction.role.value if prediction.role else None,
        contact=prediction.contact.email if prediction.contact else None,
    )


# --- the rehearsal ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """One mail of the rehearsal: what is printed of it, and what a person is shown beside."""

    row: Rehearsed
    message: Message | None = None  # None: it could not be read or handled
    question: bool = False


def rehearse(
    sources: Sequence[Source], policy: Policy, classifier: Classifier, home: Path, templates: Path | None = None
) -> Generator[Played]:
    """Every mail through the pipeline, in the order given, the clock standing at its arrival."""
    store = _Throwaway(home / "rehearsal.db")
    policy = replace(policy, unused_limit=sys.maxsize)  # nobody can use a letter here
    now = datetime.min.replace(tzinfo=UTC)
    heard: list[Outcome] = []
    pipeline = Pipeline(store, classifier, Renderer(templates), policy, lambda: now, on_outcome=heard.append)
    try:
        for number, source in enumerate(sources, 1):
            now, raw = source.arrived_at, source.fetch(number)
            heard.clear()
            batch = Batch((raw,), Cursor(raw.uidvalidity, number), number, len(sources))
            new = pipeline.receive(ACCOUNT, FOLDER, batch)
            while pipeline.handle_next():  # until it is handled, or set aside at the third attempt
                pass
            if heard:
                outcome = heard[-1]
                yield Played(_row(store, source, outcome), outcome.message, outcome.decision.question is not None)
            elif new:
                yield Played(Rehearsed(source.file, draft_reason=_why_set_aside(store, number)))
            else:
                yield _repeated(store, source, raw, policy, classifier)
    finally:
        store.close()


class _Throwaway(Store):
    """The store of a rehearsal: nobody misses it after a power cut, nobody else writes to it, nothing is revoked.

    So an application is read anew only after a mail added an event to it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("PRAGMA journal_mode = MEMORY")
        self._known: dict[int, Application] = {}
        self._newest = 0  # the last event looked at

    def applications(self, among: Sequence[int] | None = None) -> list[Application]:
        """See Store."""
        events = self.rows("SELECT id, application_id FROM event WHERE id > :newest ORDER BY id", newest=self._newest)
        if events:
            self._newest = events[-1]["id"]
            changed = super().applications([event["application_id"] for event in events])
            self._known.update({each.id: each for each in changed})
        return [each for each in self._known.values() if among is None or each.id in among]


def _row(store: Store, source: Source, outcome: Outcome) -> Rehearsed:
    """One decision in the words of product row J2."""
    message, prediction, decision = outcome.message, outcome.prediction, outcome.decision
    asked = decision.verdict.band is Band.ASK
    label = prediction.label if asked else decision.verdict.label
    application, stage = _application(store, message, prediction, label)
    letter = decision.letter if decision.letter and not decision.letter.to_confirm else None
    contact = letter.recipient if letter else None if decision.letter else prediction.contact
    heard = decision.feedback
    given = heard is not None and heard.kind is FeedbackKind.GIVEN
    return replace(
        _described(source, message, prediction),
        label=label,
        confidence=round(prediction.confidence if asked else decision.verdict.confidence, 4),
        stage=STAGES[decision.stage or stage] if label is Label.REJECTION else None,
        contact=contact.email if contact else None,
        application=application,
        draft=letter is not None,
        draft_reason="; ".join(decision.reasons) or (decision.question.text if decision.question else None),
        draft_text=outcome.body if letter else None,
        session=decision.booking is not None,
        session_start=decision.booking.slot.starts_at.astimezone(UTC).isoformat() if decision.booking else None,
        feedback_theme=(heard.themes[0] if heard.themes else "none") if heard and given else None,
    )


def _described(source: Source, message: Message, prediction: Prediction) -> Rehearsed:
    return Rehearsed(
        file=source.file,
        message_id=message.message_id,
        label=prediction.label,
        confidence=round(prediction.confidence, 4),
        evidence=prediction.evidence or None,
        language=prediction.language,
        company=prediction.company.value if prediction.company else None,
        role=prediction.role.value if prediction.role else None,
        contact=prediction.contact.email if prediction.contact else None,
    )


_OF_AN_APPLICATION = frozenset({*tracker.EVENTS, Label.FEEDBACK_REPLY})


def _application(store: Store, message: Message, prediction: Prediction, label: Label) -> tuple[int | None, Stage]:
    """The application a mail went to; for one that added no event to any, the one it speaks of."""
    rows = store.rows("SELECT application_id FROM verdict WHERE message_key = :key", key=message.key)
    number: int | None = rows[0]["application_id"] if rows else None
    if number is not None or label not in _OF_AN_APPLICATION:
        return number, Stage.APPLIED
    matched = tracker.match(message, prediction, store.applications()).best
    return (matched.id, matched.stage) if matched else (None, Stage.APPLIED)


def _why_set_aside(store: Store, number: int) -> str:
    rows = store.rows("SELECT reason FROM message WHERE state = 'stuck' AND uid = :uid", uid=number)
    return str(rows[0]["reason"]) if rows else "it could not be handled"


def _repeated(store: Store, source: Source, raw: RawMail, policy: Policy, classifier: Classifier) -> Played:
    """A mail that came before, to the letter: described again, and nothing follows from it."""
    try:
        message = mail.read(raw, ACCOUNT, source.arrived_at, policy.own_addresses)
    except Unreadable as error:
        return Played(Rehearsed(source.file, draft_reason=str(error)))
    prediction = classifier.predict(message)
    rows = store.rows(
        """SELECT application_id, stage FROM verdict JOIN message ON key = message_key
           WHERE content_hash = :hash ORDER BY arrived_at LIMIT 1""",
        hash=message.content_hash,
    )
    before = rows[0] if rows else {"application_id": None, "stage": None}
    a_no = prediction.label is Label.REJECTION
    row = replace(
        _described(source, message, prediction),
        stage=STAGES[Stage(before["stage"] or Stage.APPLIED)] if a_no else None,
        application=before["application_id"],
        draft_reason="the same mail came before" + (": one no, one letter, one session" if a_no else ""),
    )
    return Played(row, message)


def guess_policy(sources: Iterable[Source], home: Path) -> Policy:
    """Whose mail this is, without a configuration: the address most of it was sent to, and the name there.

    All else is as the configuration has it when nothing is set.
    """
    seen: Counter[str] = Counter()
    names: dict[str, Counter[str]] = {}
    for source in sources:
        for address in _addressees(source.to):
            own = address.email.lower()
            seen[own] += 1
            if address.name and "@" not in address.name:
                names.setdefault(own, Counter())[address.name] += 1
    own = seen.most_common(1)[0][0] if seen else "me@localhost"
    name = names[own].most_common(1)[0][0] if own in names else ""
    return config.parse({"name": name, "account": [{"address": own, "host": "localhost"}]}, home).policy


def _addressees(header: str) -> tuple[Address, ...]:
    try:
        pairs = email.utils.getaddresses([header])[:20]
        return mail.addresses((_decoded(name), address) for name, address in pairs)
    except (ValueError, TypeError, IndexError, AttributeError):  # the standard library, on hostile headers
        return ()


def _decoded(name: str) -> str:
    try:
        return str(email.header.make_header(email.header.decode_header(name)))
    except (ValueError, LookupError):
        return name


# --- where mails lie --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """One mail where it lies. Its bytes are read when asked for: a mailbox of any size fits in memory."""

    file: str  # the path; of a mail in an mbox 'path#3'
    arrived_at: datetime
    path: Path
    start: int = 0
    size: int | None = None  # bytes; None: to the end of the file
    quoted: bool = False  # in an mbox, where '>From ' at the beginning of a line stands for 'From '
    to: str = ""  # its To field as it stands there
    truncated: bool = False  # the server holds more of it
    problem: str | None = None  # why there are no bytes

    @property
    def raw(self) -> bytes:
        """Its bytes: one more than is ever read, if there are more. Raises OSError."""
        wanted = mail.READ_CAP + 1
        with open_untouched(self.path) as file:
            file.seek(self.start)
            raw = file.read(wanted if self.size is None else min(self.size, wanted))
        return _QUOTED_FROM.sub(rb"\1", raw) if self.quoted else raw

    def fetch(self, number: int) -> RawMail:
        """The mail as an edge would hand it over. Whatever keeps it from being read is its `problem`."""
        raw, problem = b"", self.problem
        if problem is None:
            try:
                raw = self.raw
            except OSError as error:
                problem = f"the file cannot be read ({error.strerror or error})"
        if problem is None and not raw.strip():
            problem = "the file is empty"
        truncated = self.truncated or len(raw) > mail.READ_CAP
        return RawMail(FOLDER, 1, number, self.arrived_at, raw[: mail.READ_CAP], truncated, problem)


_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_SEPARATOR = re.compile(rb"From (?:\r?\n|.*\d\d?:\d\d.*\b(?:19|20)\d\d\b)")  # Thunderbird's may be bare
_DATED = re.compile(rb"From .*\d\d?:\d\d:\d\d.*\b(?:19|20)\d\d\b")
_FIELD = re.compile(rb"[!-9;-~]{1,80}:")


def read_paths(paths: Iterable[str | Path]) -> Iterator[Source]:
    """Every mail in these files, folders of .eml files, mbox files and Maildirs.

    A file that cannot be read is said on stderr, and the rest goes on.
    """
    for path in map(Path, paths):
        found = False
        for file, whole in _files(path):
            try:
                for source in [_one(file)] if whole else _mbox(file):
                    found = True
                    yield source
            except OSError as error:
                found = True
                _complain(str(file), f"it cannot be read ({error.strerror or error})")
        if not found:
            _complain(str(path), "there is no mail in it (.eml files, an mbox, or a Maildir)")


def _files(path: Path) -> Iterator[tuple[Path, bool]]:
    """Files that hold mail, in order of their names, and whether each is one mail (else an mbox)."""
    if not path.is_dir():
        yield path, path.suffix.lower() == ".eml" or not _begins_like_mbox(path)
        return
    for folder, names, files in os.walk(path, onerror=_complain_of_folder):
        here = Path(folder)
        maildir = {"cur", "new"} <= set(names)
        names[:] = sorted(name for name in names if not (maildir and name == "tmp") and _worth_a_look(here, name))
        in_maildir = here.name in ("cur", "new") and all((here.parent / name).is_dir() for name in ("cur", "new"))
        for name in sorted(files):
            kept_in_maildir = in_maildir and not name.startswith(".")
            if kept_in_maildir or name.lower().endswith(".eml") or name.isdecimal():  # numbers: as MH keeps mail
                yield here / name, True
            elif name.lower().endswith((".mbox", ".mbx")) or ("." not in name and _begins_like_mbox(here / name)):
                yield here / name, False


def _worth_a_look(folder: Path, name: str) -> bool:
    """Not what programs hide in folders, except the folders of a Maildir."""
    return not name.startswith(".") or (folder / name / "cur").is_dir()


def _begins_like_mbox(path: Path) -> bool:
    try:
        with open_untouched(path) as file:
            return file.read(5) == b"From "
    except OSError:
        return False


def _one(path: Path) -> Source:
    """A file that is one mail. A file that cannot be opened is a mail that cannot be read."""
    about = path.stat()
    changed = datetime.fromtimestamp(about.st_mtime, UTC)
    if not stat.S_ISREG(about.st_mode):
        return Source(str(path), changed, path, problem="it is not a file")
    try:
        with open_untouched(path) as file:
            head = file.read(HEAD_CAP)
    except OSError as error:
        return Source(str(path), changed, path, problem=f"the file cannot be read ({error.strerror or error})")
    fields = _fields(head)
    return Source(str(path), _arrival(fields, changed), path, to=fields.get("to", ""))


def _mbox(path: Path) -> Iterator[Source]:
    """The mails of an mbox, line by line: where each begins and ends, not what it says.

    A mail begins after a separator line that a header field follows, and that either follows an empty line
    or is dated to the second; so a sentence that begins with 'From' does not cut a mail in two.
    """
    with open_untouched(path) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is not a file")
        changed = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        number, start, offset = 0, -1, 0
        head = _Head()
        separator: tuple[int, int] | None = None  # where the mail before it ends, and where the next begins
        at_line_start, gap = True, 0  # gap: bytes of the empty line just passed
        first = True
        while line := file.readline(LINE_CAP):
            if separator is not None:
                if start < 0 or _FIELD.match(line):
                    if start >= 0:
                        number += 1
                        yield _mbox_source(path, number, start, separator[0] - start, head, changed)
                    start, head = separator[1], _Head()
                separator = None
            looks_right = _SEPARATOR if first or gap else _DATED
            if at_line_start and line.startswith(b"From ") and looks_right.match(line):
                separator = (offset - gap, offset + len(line))
            if separator is None:
                head.add(line)
            gap = len(line) if at_line_start and line in (b"\n", b"\r\n") else 0
            at_line_start, first = line.endswith(b"\n"), False
            offset += len(line)
        if start >= 0:
            yield _mbox_source(path, number + 1, start, offset - gap - start, head, changed)


def _mbox_source(path: Path, number: int, start: int, size: int, head: _Head, changed: datetime) -> Source:
    fields = _fields(head.text)
    return Source(f"{path}#{number}", _arrival(fields, changed), path, start, size, True, fields.get("to", ""))


@dataclass(slots=True)
class _Head:
    """The header block of a mail, as its lines go by."""

    text: bytes = b""
    complete: bool = False

    def add(self, line: bytes) -> None:
        if not self.complete:
            self.text += line
            self.complete = line in (b"\n", b"\r\n") or len(self.text) > HEAD_CAP


def _read_account(settings: Config, name: str, since: datetime, home: Path) -> Iterator[Source]:
    """The mails of an account, copied into the throwaway home: a server is not asked twice."""
    account = settings.account(name)
    mailbox = service.open_mailbox(account, replace(settings, home=home))
    copies = home / "mails"
    try:
        with copies.open("wb") as file, screen.busy("Reading the account") as say:
            for folder in account.folders:
                for batch in mailbox.fetch_after(folder, None, since):
                    for each in batch.mails:
                        start = file.tell()
                        file.write(each.raw)
                        yield Source(
                            file=f"{name}/{folder}#{each.uid}",
                            arrived_at=each.arrived_at.astimezone(UTC),
                            path=copies,
                            start=start,
                            size=len(each.raw),
                            truncated=each.truncated,
                            problem=each.problem,
                        )
                    say(f"Reading the account: {batch.done:,} of {batch.total:,} mails of {folder}")
    finally:
        mailbox.close()


def open_untouched(path: Path) -> BinaryIO:
    """Open for reading without a trace: mail programs tell new mail by a file's access time."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a named pipe keeps nobody waiting
    try:
        handle = os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:  # only the owner may ask for that
        handle = os.open(path, flags)
    return os.fdopen(handle, "rb")


def _fields(head: bytes) -> dict[str, str]:
    """The first Received, Date and To fields of a header block, unfolded."""
    block = re.split(rb"\r?\n\r?\n", head.lstrip(b"\r\n"), maxsplit=1)[0]
    found: dict[str, str] = {}
    for line in re.sub(rb"\r?\n[ \t]+", b" ", block).splitlines():
        name, colon, value = line.partition(b":")
        key = name.strip().lower().decode("ascii", "replace")
        if colon and key in ("received", "date", "to"):
            found.setdefault(key, value.decode("utf-8", "replace").strip()[:2_000])
    return found


def _arrival(fields: dict[str, str], changed: datetime) -> datetime:
    """When a mail arrived: the topmost Received, else Date, else when its file was last changed.

    A moment still to come is believed only when there is no better one.
    """
    said = [_moment(fields.get("received", "").rpartition(";")[2]), _moment(fields.get("date", ""))]
    sane = [moment for moment in said if moment is not None]
    tomorrow = _now() + timedelta(days=1)
    return next((moment for moment in sane if moment <= tomorrow), sane[0] if sane else changed)


def _moment(text: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text.strip()[:100])
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if 1990 <= moment.year < 2100 else None


# --- what the person sees ---------------------------------------------------------------------------------


def _show_classified(found: Classified) -> None:
    """One mail in a few lines: what it is, how sure that is, and why."""
    if found.label is None or found.confidence is None:
        return  # said on stderr
    named = [found.company, found.role, found.contact and f"answers go to {found.contact}"]
    click.echo(screen.line(_name(found.file)))
    _say(" · ".join([f"{_words(found.label)}, {found.confidence:.0%} sure", *(each for each in named if each)]), "  ")
    if found.evidence:
        _say(f"“{screen.line(found.evidence)}”", "  ")
    click.echo()


@dataclass(slots=True)
class _Telling:
    """The rehearsal as a person reads it, and what it comes to in the end."""

    timezone: str
    mails: int = 0
    read: int = 0
    noes: int = 0
    letters: int = 0
    hours: int = 0
    questions: int = 0
    first: datetime | None = None
    last: datetime | None = None
    gap: bool = True  # the last line was empty

    def count(self, played: Played) -> None:
        """Keep the sums, whether it is told or not."""
        self.mails += 1
        if played.message is not None:
            self.read += 1
            self.noes += played.row.label == Label.REJECTION and not played.question
            self.letters += played.row.draft
            self.hours += played.row.session
            self.questions += played.question
            self.first, self.last = self.first or played.message.arrived_at, played.message.arrived_at

    def tell(self, played: Played) -> None:
        """A line for a mail nothing follows from; for a no, and for a question, all there is to say."""
        row, message = played.row, played.message
        if message is None:
            return  # said on stderr
        zone = agenda.zone_of(self.timezone)
        what = f"{message.arrived_at.astimezone(zone):%Y-%m-%d %H:%M}  {_words(row.label or '')}"
        if row.confidence is not None:
            what += f" {row.confidence:.0%}"
        named = " · ".join(each for each in (row.company, row.role) if each)
        sender = (message.sender.name or message.sender.email) if message.sender else "nobody"
        if row.label != Label.REJECTION and not played.question:
            self.gap = False
            click.echo(screen.cut(f"{what}  {screen.line(named or f'{sender}: {message.subject}')}", screen.width()))
            return
        if not self.gap:
            click.echo()
        _say(f"{what}  {named}")
        _say(f"{sender}: {message.subject}", "  ")
        if row.evidence:
            _say(f"“{screen.line(row.evidence)}”", "  ")
        if played.question:
            _say("Not sure enough to act: Onward would have asked you.", "  ")
        elif row.draft_text:
            _say(f"A letter to {row.contact}: {row.draft_reason}", "  ")
            for paragraph in screen.lines(row.draft_text).rstrip().split("\n"):
                _say(paragraph, "  │ ")
        else:
            _say(f"No letter: {row.draft_reason}", "  ")
        if row.session_start is not None:
            starts_at = datetime.fromisoformat(row.session_start)
            when = agenda.say_when(starts_at, starts_at + HOUR, message.arrived_at, self.timezone)
            _say(f"An hour to look back: {when}", "  ")
        click.echo()
        self.gap = True

    def end(self) -> None:
        """What it comes to."""
        if self.first is None or self.last is None:
            return
        zone = agenda.zone_of(self.timezone)
        days = " to ".join(f"{each.astimezone(zone):%Y-%m-%d}" for each in (self.first, self.last))
        if not self.gap:
            click.echo()
        _say(f"{screen.count(self.mails, 'mail')}, {days}: {screen.count(self.noes, 'no', 'noes')}.")
        _say(
            f"Onward would have left {screen.count(self.letters, 'letter')} in your Drafts, booked "
            f"{screen.count(self.hours, 'hour')} to look back and asked you {screen.count(self.questions, 'question')}."
        )
        if self.read < self.mails:
            _say(f"{screen.count(self.mails - self.read, 'mail')} could not be read and would be shown to you.")
        _say("Nothing was touched: no mail was marked, moved, written or sent.")


def _say(text: str, indent: str = "") -> None:
    """One paragraph, wrapped at the width of the terminal; an empty one is an empty line."""
    shown = screen.line(text)
    folded = textwrap.wrap(shown, screen.width() - len(indent), break_on_hyphens=False) or [""]
    click.echo("\n".join((indent + each).rstrip() for each in folded))


def _words(label: str) -> str:
    return label.replace("_", " ")


def _name(file: str) -> str:
    """A file's name for people; bytes in it that are no text are replaced."""
    return os.fsencode(file).decode("utf-8", "replace")


def _print_json(row: dict[str, object]) -> None:
    """One object a line. ASCII only: what a terminal could take for a command is escaped, in any locale."""
    click.echo(json.dumps(row, ensure_ascii=True))


def _complain(file: str, why: str) -> None:
    click.echo(f"{screen.line(_name(file))}: {screen.line(why)}", err=True)


def _complain_of_folder(error: OSError) -> None:
    _complain(str(error.filename), f"the folder cannot be read ({error.strerror})")


# --- common to both ---------------------------------------------------------------------------------------


def _existing(paths: Iterable[str | Path]) -> list[Path] | None:
    """The paths, or None when one of them does not exist: then nothing is begun."""
    found = [Path(path) for path in paths]
    missing = [path for path in found if not path.exists()]
    for path in missing:
        _complain(str(path), "there is no such file or folder")
    return None if missing else found


def _configured() -> Config | None:
    """The person's configuration, or None when there is none yet."""
    return config.load() if config.default_path().exists() else None


def _status(read: int) -> int:
    return 0 if read else 1


def _now() -> datetime:
    return datetime.now(UTC)


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A word on how far it is, where nothing else is written to the terminal."""
    if sys.stdout.isatty():
        yield lambda: None
        return
    done = 0
    with screen.busy("Rehearsing") as say:

        def advance() -> None:
            nonlocal done
            done += 1
            if done % 50 == 0:
                say(f"Rehearsing: {done:,} of {total:,} mails")

        yield advance


def _never_choke_on_letters() -> None:
    """A terminal that knows few letters gets '?' for the others, instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextlib.contextmanager
def _ends_tidily() -> Iterator[None]:
    """Told to end, leave by way of the clean-up: the throwaway home holds mail."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # nohup
                signal.signal(number, _end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
