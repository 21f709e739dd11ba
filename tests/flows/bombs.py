"""Twenty-seven mails built to break whoever reads them, and a yardstick for what reading them costs.

    python -m flows.bombs                     (from tests/; every bomb in a process of its own, within 1 GB)
    python -m flows.bombs --tar PATH          (the mails of an archive, one after the other in one process)

Every bomb is written here, by size and shape alone, and built only when it is thrown. After each, an ordinary
rejection goes through the same pipeline. One JSON object a line; the last line sums up.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import logging
import os
import resource
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flows.home import BEGIN, OWN, classifier, rejection
from onward.core.model import Cursor, Policy, RawMail, ReflectionHours
from onward.edges import Batch
from onward.edges.render import Renderer
from onward.edges.store import Store
from onward.pipeline import Pipeline

MEMORY = 1024**3  # bytes of address space one process may have
CANARY = "zq7canary"  # stands in every subject, address and text of a bomb: it must never reach the log

WORDS = (
    f"Dear Sam {CANARY},\r\n\r\nthank you for the interviews. Unfortunately we have decided not to move forward "
    "with your application and chose another candidate.\r\n\r\nMara\r\n"
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
    words = ("=?utf-8?q?=e2=82=ac?=", "=?utf-8?b?4oKs?=", "=?x-none?q?=00?=", "=?iso-8859-1?q?=0d=0a?=", "=?utf-8?b?A?=")
    return mail_of(WORDS, subject=CANARY + "\r\n " + " ".join(words * 8_000))


def parameters() -> bytes:
    """A content type with more parameters than text."""
    listed = "".join(f';\r\n a{number}="{number}"' for number in range(20_000))
    return mail_of(WORDS, kind="text/plain" + listed)


def continuations() -> bytes:
    """One parameter in ten thousand numbered pieces (RFC 2231), some twice, some missing."""
    listed = "".join(f";\r\n charset*{number}*=utf-8''%75" for number in range(0, 20_000, 2))
    return mail_of(WORDS, kind=f"text/plain; charset*=utf-8''utf-8{listed}")


def boundary_flood() -> bytes:
    """Nothing but boundary lines, with and without an end."""
    return mail_of("--x\r\n--x--\r\n" * 200_000, kind='multipart/alternative; boundary="x"')


def prefix_boundaries() -> bytes:
    """Boundaries each of which begins like the one around it, never closed."""
    opened = "".join(
        f"--{'a' * level}\r\nContent-Type: multipart/mixed; boundary={'a' * (level + 1)}\r\n\r\n"
        for level in range(1, 900)
    )
    return mail_of(opened + WORDS, kind="multipart/mixed; boundary=a")


def big_base64() -> bytes:
    """30 MB of base64 that is text."""
    text = base64.encodebytes((WORDS * 90_000).encode()).replace(b"\n", b"\r\n")
    return mail_of(text, "Content-Transfer-Encoding: base64")


def nul_and_bare_cr() -> bytes:
    """NUL, bare CR, vertical tabs and escapes between and within all fields and lines."""
    raw = mail_of(WORDS * 100, "X\x00Y: z", subject=f"Your\x00 appli\rcation {CANARY}\x1b]52;c;aGk=\x07")
    return raw.replace(b"\r\n\r\n", b"\r\r\n\n", 1).replace(b"a", b"a\x00").replace(b"e", b"e\r")


def charset(name: str, encoded: bytes) -> bytes:
    """A body and a subject in a character set that is none."""
    word = f"=?{name}?b?{base64.b64encode(encoded[:60]).decode()}?="
    return mail_of(encoded * 50, subject=f"{CANARY} {word} {word}", kind=f'text/plain; charset="{name}"')


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
    Bomb("charset idna", lambda: charset("idna", b"xn--" + b"a" * 100 + b"." * 300)),
    Bomb("charset punycode", lambda: charset("punycode", b"a-" + b"9" * 5_000)),
    Bomb("charset zlib_codec", lambda: charset("zlib_codec", b"\x78\x9c\xff\xfe" * 100)),
    Bomb("charset unknown and NUL", lambda: charset("no\x00such\r\n\tset", b"\xff\x00\xfe" * 100)),
    Bomb("absurd dates", absurd_dates),
    Bomb("deep HTML", deep_html),
    Bomb("huge HTML", huge_html),
    Bomb("zip bomb", zip_bomb),
    Bomb("one endless line", one_line),
)
