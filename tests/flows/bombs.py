"""Twenty-seven mails built to break whoever reads them, and a yardstick for what reading them costs.

    python -m flows.bombs                (from tests/; every bomb in a process of its own, within 1 GB)
    python -m flows.bombs --tar PATH     (the mails of an archive, one after the other in one process)

Every bomb is written here, known by size and shape alone, and built only when it is thrown. After each, an
ordinary rejection goes through the same pipeline. One JSON object a line; the last line sums up.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import logging
import os
import resource
import signal
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flows.home import BEGIN, OWN, Clock, classifier, rejection
from onward.core.model import Cursor, Policy, RawMail, ReflectionHours
from onward.edges import Batch
from onward.edges.render import Renderer
from onward.edges.store import Store
from onward.pipeline import Classifier, Pipeline

MEMORY = 1024**3  # bytes of address space one process may have
PATIENCE = 60  # seconds after which a process that does not end is ended
CANARY = "zq7canary"  # stands in every subject, address and text of a bomb: it must never reach the log

WORDS = (
    f"Dear Sam {CANARY},\r\n\r\nthank you for the interviews for the Data Engineer role at Harbour Optics. We were "
    "impressed, but after careful thought we have decided not to move forward with your application and chose "
    "another candidate for the position.\r\n\r\nWe wish you all the best for your search.\r\n\r\nMara Lindqvist\r\n"
)


@dataclass(frozen=True, slots=True)
class Bomb:
    """One hostile mail, built when asked for."""

    name: str
    build: Callable[[], bytes]


def mail_of(body: str | bytes, *fields: str, kind: str = "text/plain", **replaced: str) -> bytes:
    """A mail with ordinary fields, some of them replaced, some added."""
    usual = {
        "from": f"Mara {CANARY} <mara.{CANARY}@harbour.example>",
        "to": f"Sam Doe <{OWN}>",
        "subject": f"Your application {CANARY}",
        "date": "Mon, 02 Mar 2026 09:00:00 +0000",
        "message_id": f"<{CANARY}@harbour.example>",
    } | replaced
    head = [f"{name.replace('_', '-').title()}: {value}" for name, value in usual.items()]
    head += ["MIME-Version: 1.0", f"Content-Type: {kind}", *fields]
    raw = body if isinstance(body, bytes) else body.encode("utf-8")
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + raw


def nested(depth: int) -> bytes:
    """A multipart in a multipart in a multipart …"""
    opened = "".join(
        f"--b{level}\r\nContent-Type: multipart/mixed; boundary=b{level + 1}\r\n\r\n" for level in range(depth)
    )
    closed = "".join(f"--b{level}--\r\n" for level in range(depth, -1, -1))
    text = f"--b{depth}\r\nContent-Type: text/plain\r\n\r\n{WORDS}\r\n"
    return mail_of(opened + text + closed, kind="multipart/mixed; boundary=b0")


def chained(depth: int) -> bytes:
    """A mail that holds a mail that holds a mail …"""
    link = f"From: a{CANARY}@b.example\r\nSubject: no\r\nContent-Type: message/rfc822\r\n\r\n"
    return mail_of(link * depth + WORDS, kind="message/rfc822")


def parts(count: int) -> bytes:
    """Many small parts side by side."""
    part = "--x\r\nContent-Type: text/plain\r\n\r\nno\r\n"
    return mail_of(part * count + "--x--\r\n", kind="multipart/mixed; boundary=x")


def folded_header() -> bytes:
    """One field of 1 MB, folded into short lines."""
    return mail_of(WORDS, subject=CANARY + "\r\n unfortunately we have decided" * 34_000)


def endless_header() -> bytes:
    """One field of 1 MB on a single line."""
    return mail_of(WORDS, references="<" + "a" * 1_000_000 + "@b.example>")


def headers(count: int) -> bytes:
    """More fields than anyone counts."""
    return mail_of(WORDS, *(f"X-Field-{number}: {CANARY}" for number in range(count)))


def many_addresses() -> bytes:
    """Twenty thousand recipients, and as many who would like the answer."""
    listed = ",\r\n ".join(f'"{CANARY}, {n}" <p{n}@harbour.example>' for n in range(20_000))
    return mail_of(WORDS, f"Reply-To: {listed}", to=listed)


def encoded_words() -> bytes:
    """A subject of nothing but encoded words, of every encoding."""
    words = (
        "=?utf-8?q?=e2=82=ac?=",
        "=?utf-8?b?4oKs?=",
        "=?x-none?q?=00?=",
        "=?iso-8859-1?q?=0d=0a?=",
        "=?utf-8?b?A?=",
    )
    return mail_of(WORDS, subject=CANARY + "\r\n " + " ".join(words * 8_000))


def parameters() -> bytes:
    """A part, in a mail, each with more parameters than text."""
    listed = "".join(f';\r\n a{number}="{number}"' for number in range(20_000))
    part = f"--x\r\nContent-Type: text/plain{listed * 3}\r\n\r\n{WORDS}\r\n--x--\r\n"
    return mail_of(part, kind="multipart/mixed; boundary=x" + listed)


def continuations() -> bytes:
    """One parameter in ten thousand numbered pieces (RFC 2231), some twice, some missing."""
    listed = "".join(f";\r\n charset*{number}*=utf-8''%75" for number in range(0, 20_000, 2))
    return mail_of(WORDS, kind=f"text/plain; charset*=utf-8''utf-8{listed}")


def boundary_flood() -> bytes:
    """Nothing but boundary lines, with and without an end."""
    return mail_of("--x\r\n--x--\r\n" * 200_000, kind='multipart/alternative; boundary="x"')


def prefix_boundaries() -> bytes:
    """Boundaries each of which begins like the one around it, never closed, and lines to hold against them."""
    opened = "".join(
        f"--{'a' * level}\r\nContent-Type: multipart/mixed; boundary={'a' * (level + 1)}\r\n\r\n"
        for level in range(1, 200)
    )
    return mail_of(opened + WORDS + "\r\n" * 900_000, kind="multipart/mixed; boundary=a")


def big_base64() -> bytes:
    """30 MB of base64 that is text."""
    text = base64.encodebytes((WORDS * 140_000).encode()).replace(b"\n", b"\r\n")
    return mail_of(text, "Content-Transfer-Encoding: base64")


def nul_and_bare_cr() -> bytes:
    """NUL, bare CR, vertical tabs and escapes between and within all fields and lines."""
    raw = mail_of(WORDS * 100, "X\x00Y: z", subject=f"Your\x00 appli\rcation {CANARY}\x1b]52;c;aGk=\x07")
    return raw.replace(b"\r\n\r\n", b"\r\r\n\n", 1).replace(b"a", b"a\x00").replace(b"e", b"e\r")


def charset(name: str, encoded: bytes) -> bytes:
    """A body and a subject in a character set that is none."""
    word = f"=?{name}?b?{base64.b64encode(encoded[:60]).decode()}?="
    fields = (f"Subject: {CANARY} {word} {word}", "Content-Transfer-Encoding: base64")
    return mail_of(base64.encodebytes(encoded), *fields, kind=f'text/plain; charset="{name}"').replace(
        b"Subject: Your application", b"X-Subject:"
    )


def absurd_dates() -> bytes:
    """Dates no calendar has, in every field that may hold one."""
    absurd = "Mon, 99 Foo 99999999999999999999 99:99:99 +99999999 (" + "(" * 500
    return mail_of(WORDS, f"Resent-Date: {absurd}", f"Received: from x by y; {absurd}", date=absurd)


def deep_html() -> bytes:
    """Elements in elements, none of them closed."""
    return mail_of("<blockquote><div><table><tr><td>" * 60_000 + WORDS, kind="text/html")


def huge_html() -> bytes:
    """Megabytes of spaces, comments never closed, entities and half tags before the first word."""
    junk = "<!--" * 20_000 + "--> <style>" * 20_000 + "&nbsp;" * 100_000 + "<" * 300_000 + "&#x" * 100_000
    return mail_of(f"<html><body>{junk}<p>{WORDS}</p>", kind="text/html; charset=utf-8")


def zip_bomb() -> bytes:
    """An attachment of 100 KB that unpacks to 100 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("cv.txt", "w") as file:
        for _ in range(100):
            file.write(b"\x00" * 1_000_000)
    content = base64.encodebytes(packed.getvalue()).decode()
    attached = (
        "--x\r\nContent-Type: application/zip; name=cv.zip\r\nContent-Disposition: attachment; filename=cv.zip\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{content}\r\n"
    )
    text = f"--x\r\nContent-Type: text/plain\r\n\r\n{WORDS}\r\n"
    return mail_of(text + attached + "--x--\r\n", kind="multipart/mixed; boundary=x")


def one_line() -> bytes:
    """Two megabytes of words and marks without one line end."""
    words = "we have decided not to move forward. > On Monday you wrote: ---- From: " + "a" * 50 + " "
    return mail_of(words * 17_000, kind="text/plain; charset=utf-8")


BOMBS: tuple[Bomb, ...] = (
    Bomb("nest 50", lambda: nested(50)),
    Bomb("nest 5,000", lambda: nested(5_000)),
    Bomb("message/rfc822 chain", lambda: chained(5_000)),
    Bomb("10k parts", lambda: parts(10_000)),
    Bomb("100k parts", lambda: parts(100_000)),
    Bomb("1 MB folded header", folded_header),
    Bomb("1 MB header line", endless_header),
    Bomb("100k headers", lambda: headers(100_000)),
    Bomb("20k addresses", many_addresses),
    Bomb("encoded words", encoded_words),
    Bomb("((((", lambda: mail_of(WORDS, **{"from": "(" * 100_000 + f" {CANARY} <mara@harbour.example>"})),
    Bomb("::::", lambda: mail_of(WORDS, **{"from": ":;" * 100_000 + f" {CANARY} <mara@harbour.example>"})),
    Bomb("parameter list", parameters),
    Bomb("parameter continuations", continuations),
    Bomb("boundary flood", boundary_flood),
    Bomb("prefix boundaries", prefix_boundaries),
    Bomb("30 MB base64", big_base64),
    Bomb("NUL and bare CR", nul_and_bare_cr),
    Bomb("charset idna", lambda: charset("idna", b"xn--" + b"a" * 1_400_000)),
    Bomb("charset punycode", lambda: charset("punycode", b"-" + b"a" * 1_400_000)),
    Bomb("charset zlib_codec", lambda: charset("zlib_codec", b"\x78\x9c\xff\xfe" * 100_000)),
    Bomb("charset unknown and NUL", lambda: charset("no\x00such\r\n\tset", b"\xff\x00\xfe" * 100_000)),
    Bomb("absurd dates", absurd_dates),
    Bomb("deep HTML", deep_html),
    Bomb("huge HTML", huge_html),
    Bomb("zip bomb", zip_bomb),
    Bomb("one endless line", one_line),
)


# --- the yardstick -----------------------------------------------------------------------------------------


class Heard(logging.Handler):
    """Every line any logger says, whatever its level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def forged(self) -> list[str]:
        """Lines that are not one line of printable text."""
        return [line for line in self.lines if not line.isprintable()]

    def with_any(self, secrets: Sequence[str]) -> list[str]:
        """Which of these were said."""
        everything = "\n".join(self.lines)
        return [secret for secret in secrets if secret in everything]


@dataclass
class Rig:
    """The real pipeline on a store of its own: mails are thrown in, what became of them is looked up."""

    path: Path
    reader: Classifier = field(default_factory=classifier)
    clock: Clock = field(default_factory=Clock)
    letters: int = 10_000  # drafts a day: hostile mails come many a day
    thrown: int = 0

    def __post_init__(self) -> None:
        self.store = Store(self.path / "onward.db")
        self.store.connection.execute("PRAGMA synchronous = OFF")  # nothing here is about power
        self.policy = Policy(
            name="Sam Doe",
            own_addresses=frozenset({OWN}),
            hours=ReflectionHours("Europe/Berlin"),
            drafts_per_day=self.letters,
        )
        self.pipeline = Pipeline(self.store, self.reader, Renderer(), self.policy, self.clock)

    def throw(self, *mails: bytes, at: datetime | None = None) -> range:
        """Mails arrive in one batch and are dealt with to the end. Returns their numbers."""
        uids = self.receive(*mails, at=at)
        while self.pipeline.handle_next():
            pass
        return uids

    def receive(self, *mails: bytes, at: datetime | None = None) -> range:
        """Mails arrive in one batch, and are read."""
        uids = range(self.thrown + 1, self.thrown + len(mails) + 1)
        self.thrown += len(mails)
        found = tuple(RawMail("INBOX", 1, uid, at or self.clock(), raw) for uid, raw in zip(uids, mails, strict=True))
        self.pipeline.receive("main", "INBOX", Batch(found, Cursor(1, self.thrown), len(found), len(found)))
        return uids

    def fate(self, uid: int) -> tuple[str, str]:
        """State and reason of one mail; ('repeated', '') for one that said what an earlier one had said."""
        rows = self.store.rows("SELECT state, reason FROM message WHERE uid = :uid", uid=uid)
        return (str(rows[0]["state"]), str(rows[0]["reason"] or "")) if rows else ("repeated", "")

    def secrets(self) -> list[str]:
        """What the log must not say: senders, subjects, and lines of every mail's text."""
        found: set[str] = set()
        for row in self.store.rows("SELECT subject, sender_email, sender_name, text FROM message"):
            found |= {row["subject"], row["sender_email"] or "", row["sender_name"] or ""}
            found |= set(row["text"].split("\n")[:20])
        return [each for each in found if len(each) >= 8 and each != "(not readable)"]

    def close(self) -> None:
        self.store.close()


@dataclass(frozen=True, slots=True)
class Thrown:
    """What one hostile mail did."""

    name: str
    state: str  # 'handled', 'stuck', 'repeated'; anything else is a defect
    reason: str
    seconds: float
    after: float = 0.0  # seconds the ordinary rejection behind it took
    after_state: str = "handled"
    peak_mb: float = 0.0
    leaks: tuple[str, ...] = ()  # what the log should not have said

    @property
    def held(self) -> bool:
        """True when all that was promised was kept."""
        ended = self.state in ("handled", "repeated") or (self.state == "stuck" and self.reason != "")
        quick = self.seconds <= 10 and self.after <= 5 and self.peak_mb <= 1024
        return ended and quick and self.after_state == "handled" and not self.leaks


def throw(rig: Rig, name: str, raw: bytes, number: int = 0) -> Thrown:
    """One hostile mail, then an ordinary rejection of that number unless it is 0; both timed."""
    began = time.perf_counter()
    try:
        (uid,) = rig.throw(raw)
        state, reason = rig.fate(uid)
    except BaseException as error:  # this is what we look for
        state, reason = f"escaped {type(error).__name__}", str(error)[:200]
    done = time.perf_counter()
    if not number:
        return Thrown(name, state, reason, done - began)
    (uid,) = rig.throw(rejection(number))
    verdicts = rig.store.rows(
        "SELECT label FROM verdict JOIN message ON key = message_key WHERE uid = :uid AND state = 'handled'", uid=uid
    )
    after_state = "handled" if [row["label"] for row in verdicts] == ["rejection"] else rig.fate(uid)[0]
    return Thrown(name, state, reason, done - began, time.perf_counter() - done, after_state)


def throw_alone(bomb: Bomb, number: int) -> dict[str, Any]:
    """One bomb in this process, which is a child and ends with it."""
    heard = Heard()
    logging.basicConfig(level=logging.DEBUG, handlers=[heard], force=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.alarm(PATIENCE)
    with tempfile.TemporaryDirectory(prefix="onward-bomb-") as folder:
        rig = Rig(Path(folder))
        found = asdict(throw(rig, bomb.name, bomb.build(), number))
        rig.close()
    return found | {"leaks": heard.with_any([CANARY]) + heard.forged()}


def in_a_child(work: Callable[[], dict[str, Any]], name: str) -> Thrown:
    """`work` done in a forked process; how it ended and the most memory it had."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        ending = 1
        try:
            with os.fdopen(writing, "w") as answer:
                json.dump(work(), answer)
            ending = 0
        finally:
            os._exit(ending)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    _, status, usage = os.wait4(child, 0)
    if status or not said:
        ended = f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {status >> 8}"
        return Thrown(name, ended, "", 0.0)
    return Thrown(**json.loads(said) | {"peak_mb": round(usage.ru_maxrss / 1024, 1)})


def throw_bombs() -> Iterator[Thrown]:
    """Every bomb, each in a process of its own."""
    classifier()  # once, before the processes part
    for number, bomb in enumerate(BOMBS, 1):
        yield in_a_child(lambda bomb=bomb, number=number: throw_alone(bomb, number), bomb.name)  # type: ignore[misc]


def throw_archive(path: Path) -> Iterator[Thrown]:
    """Every mail of a tar archive, in one process that lives on, as the service does."""
    heard = Heard()
    logging.basicConfig(level=logging.DEBUG, handlers=[heard], force=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory(prefix="onward-hostile-") as folder:
        rig = Rig(Path(folder))
        for number, (name, raw) in enumerate(mails_in(path), 1):
            rig.clock.now = BEGIN + timedelta(minutes=number)
            yield throw(rig, name, raw, 0 if number % 20 else number)
        leaks = tuple(heard.with_any(rig.secrets()) + heard.forged())
        rig.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Thrown("(all of them)", "handled", "", 0.0, peak_mb=round(peak, 1), leaks=leaks)


def mails_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file in an archive, in order of name."""
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, file.read()


def main() -> int:
    """Throw, print, sum up; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tar", type=Path, help="an archive of mails to throw instead of the bombs")
    given = parser.parse_args()
    found: list[Thrown] = []
    for each in throw_archive(given.tar) if given.tar else throw_bombs():
        found.append(each)
        print(json.dumps(asdict(each)), flush=True)
    slowest = max(found, key=lambda each: each.seconds)
    summary = {
        "thrown": len(found),
        "stuck": sum(each.state == "stuck" for each in found),
        "broken": [each.name for each in found if not each.held],
        "slowest": slowest.name,
        "slowest_seconds": round(slowest.seconds, 3),
        "slowest_after_seconds": round(max(each.after for each in found), 3),
        "peak_mb": max(each.peak_mb for each in found),
    }
    print(json.dumps(summary))
    return 1 if summary["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
