"""Bytes to Message, and words to mail bytes. The only module that knows what a mail looks like on the wire.

Pure. Reading: a cheap scan of the header block first (reliability.md's lesson: a parser meets only what a
scan has sized), then the standard library's compat32 parser, then mail-parser on the pruned tree. Whatever
any of them throws becomes `Unreadable`, and the mail is set aside with that reason.
Writing: `EmailMessage` under `policy.SMTP` from scrubbed values, then the finished bytes are read back and
compared with what was meant. A mail that came in is never re-serialised.
"""

from __future__ import annotations

import codecs
import email
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import policy
from email.header import Header, decode_header, make_header
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.message import Message as ParsedMail
from email.utils import format_datetime, parsedate_to_datetime

import mailparser

from onward.core import html
from onward.core.model import ATTACHED, Address, Message, RawMail, Unreadable

READ_CAP = 2 * 1024 * 1024  # bytes read of one mail; text beyond is not looked at
HEADER_CAP = 512 * 1024  # bytes of header block scanned
FIELD_CAP = 16 * 1024  # bytes kept of one header field
TEXT_CAP = 64 * 1024  # characters kept of a mail's text
PARTS_CAP = 2_000  # boundary lines in one multipart mail
PART_FIELD_CAP = 2 * 1024  # bytes of one header field of a part: parameters cost the square of their number
LOOKS_CAP = 2_000_000  # multiparts × lines: the parser holds every line against every boundary around it
REFERENCES_CAP = 20
CALENDAR_CAP = 64 * 1024  # bytes of an invitation looked at
INVITED_CAP = 20  # people in it

ATTACHED_CAP = 3  # attached mails looked into

KEY_HEADER = "X-Draft-Key"
ANSWERS = re.compile(
    r"^(?:\s*(?:re|aw|sv|antw|antwort|rif|r|ref|fwd?|wg|tr|vs)\s?:)+", re.IGNORECASE
)  # before a subject

_WANTED = frozenset(
    (
        *(
            "from",
            "reply-to",
            "sender",
            "to",
            "cc",
            "subject",
            "date",
            "message-id",
            "in-reply-to",
            "references",
        ),
        *("return-path", "list-id", "list-post", "list-unsubscribe", "precedence", "auto-submitted"),
        "authentication-results",
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
    )
)
_REPEATABLE = frozenset({"list-post", "list-unsubscribe"})
_INVISIBLE = r"\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff\ud800-\udfff"
_CONTROLS = re.compile(rf"[\x00-\x1f{_INVISIBLE}]+")
_TEXT_CONTROLS = re.compile(rf"[\x00-\x08\x0b-\x1f{_INVISIBLE}]+")
_ASCII_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n")
_MESSAGE_ID = re.compile(r"<[^<>\s\"\x00-\x20\x7f-\uffff]{1,250}@?[^<>\s\x00-\x20\x7f-\uffff]{0,250}>")
_LABEL = r"[A-Za-z0-9\u00a1-\uffff-]{1,63}"
_ADDRESS = re.compile(rf"[^\s@<>(),;:\"\[\]\\\x00-\x20\x7f]{{1,64}}@{_LABEL}(?:\.{_LABEL}){{0,60}}\.?")
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,80}")
_FIELD_END = re.compile(rb"\n(?![ \t])")
_WORDS_OR_PARTS = (b"text/", b"multipart/", b"message/")
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})


# --- reading ---------------------------------------------------------------------------------------------


def read(mail: RawMail, account: str, noticed_at: datetime, own: frozenset[str] = frozenset()) -> Message:
    """One Message from `mail`, as noticed by `account` at `noticed_at`; `own` are the person's addresses.

    Raises Unreadable, with the reason a person reads, for whatever cannot be read safely.
    """
    if mail.problem is not None:
        raise Unreadable(mail.problem)
    try:
        return _read(mail, account, noticed_at, own)
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("its parts are nested too deeply to be read") from None
    except MemoryError:
        raise Unreadable("it needs more memory than one mail may have") from None
    except Exception as error:  # mail-parser and the standard library raise many kinds on hostile mail
        raise Unreadable(f"its structure is broken ({type(error).__name__})") from error


ReadMail = tuple[Message, str | None]  # a message; or a stand-in for it, and why it could not be read


def read_all(
    mails: Sequence[RawMail], account: str, noticed_at: datetime, own: frozenset[str] = frozenset()
) -> list[ReadMail]:
    """Every mail read or stood in for, in order. A plain function of values, so that another process can do it."""
    found: list[ReadMail] = []
    for each in mails:
        try:
            found.append((read(each, account, noticed_at, own), None))
        except Unreadable as error:
            found.append((_stand_in(each, account, noticed_at), str(error)))
    return found


def _stand_in(mail: RawMail, account: str, noticed_at: datetime) -> Message:
    """What is known of a mail that could not be read: its place, and its bytes where there are any."""
    place = f"{mail.folder} {mail.uidvalidity} {mail.uid}"
    identity = hashlib.sha256(mail.raw[:READ_CAP]).hexdigest() if mail.raw else place
    return Message(
        key=message_key(account, identity),
        account=account,
        folder=mail.folder,
        uidvalidity=mail.uidvalidity,
        uid=mail.uid,
        arrived_at=mail.arrived_at,
        noticed_at=noticed_at,
        message_id=None,
        content_hash=identity,
        subject="(not readable)",
    )


def _read(mail: RawMail, account: str, noticed_at: datetime, own: frozenset[str]) -> Message:
    truncated = mail.truncated or len(mail.raw) > READ_CAP
    head, body, oddities = _sift(mail.raw[:READ_CAP])
    if any(kind in head.lower() for kind in (b"multipart/", b"message/")):
        body = _sift_parts(body)
    tree = email.message_from_bytes(head + b"\n" + body)
    attached = _attached_text(tree)
    if _holds_pdf(tree):
        oddities.add("pdf")
    invited = _invited(tree)
    calendar_method = _prune(tree)
    parsed = _Parser(tree)

    subject = scrub(_single(parsed, "subject"))[:998]
    sender = _first(addresses(parsed.from_))
    text, html_only = _text(parsed)
    text = (text + attached)[:TEXT_CAP]
    sent_at = _date(str(tree.get("date", "")))
    content_hash = _hash(str(sender and sender.email), sent_at.isoformat() if sent_at else "", subject, text)
    message_id = clean_message_id(str(tree.get("message-id", "")))
    references = _references(str(tree.get("references", "")), str(tree.get("in-reply-to", "")))
    return Message(
        key=message_key(account, message_id or content_hash),
        account=account,
        folder=mail.folder,
        uidvalidity=mail.uidvalidity,
        uid=mail.uid,
        arrived_at=mail.arrived_at.astimezone(UTC),
        noticed_at=noticed_at,
        message_id=message_id,
        content_hash=content_hash,
        subject=subject,
        sender=sender,
        reply_to=addresses(parsed.reply_to),
        to=addresses(parsed.to)[:50],
        cc=addresses(parsed.cc)[:50],
        references=references,
        sent_at=sent_at,
        text=text,
        html_only=html_only,
        calendar_method=calendar_method,
        invited=invited,
        signs=_signs(tree, sender, own),
        flags=frozenset(oddities | ({"truncated"} if truncated else set())),
    )


class _Parser(mailparser.MailParser):  # type: ignore[misc]
    """mail-parser without the two summary dictionaries it makes of every mail: a third of its time, unused here."""

    def _make_mail(self, complete: bool = True) -> dict[str, object]:
        return {}


def _sift(raw: bytes) -> tuple[bytes, bytes, set[str]]:
    """Header block with only the fields we read, each bounded and once; the body; what was odd."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\x00", b"")
    start = 0
    while raw.startswith(b"\n", start) and start < 64:
        start += 1
    if raw.startswith(b"From ", start):  # an mbox separator
        start = raw.find(b"\n", start) + 1 or len(raw)
    end = raw.find(b"\n\n", start, start + HEADER_CAP)
    if end < 0:
        if len(raw) - start > HEADER_CAP:
            raise Unreadable(f"its header block is larger than {HEADER_CAP // 1024} KB")
        end = len(raw)
    seen: set[bytes] = set()
    oddities: set[str] = set()
    kept: list[bytes] = []
    keep = False
    size = 0
    for line in raw[start:end].split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            if keep and size < FIELD_CAP:
                kept.append(line[: FIELD_CAP - size])  # unfolded: words that were encoded keep their spaces so
                size += len(line)
            continue
        name, colon, _ = line.partition(b":")
        lowered = name.strip().lower()
        keep = bool(colon) and lowered.decode("ascii", "replace") in _WANTED and bool(_FIELD_NAME.match(lowered))
        if keep and lowered in seen and lowered.decode() not in _REPEATABLE:
            if (
                lowered != b"authentication-results"
            ):  # every server on the way adds its own; the first is the last added
                oddities.add(
                    f"repeated {lowered.decode()}"
                )  # RFC 5322 §3.6: an attack or an accident; the first counts
            keep = False
        if keep:
            seen.add(lowered)
            kept.append(b"\n" + line[:FIELD_CAP])
            size = len(line)
    return b"".join(kept)[1:] + b"\n", raw[end + 2 :], oddities


def _sift_parts(body: bytes) -> bytes:
    """The body of a mail made of parts, refused where it would cost too much to take apart.

    Fields of its parts are bounded like those of the mail itself.
    """
    if body.count(b"\n--") > PARTS_CAP:
        raise Unreadable(f"it claims more than {PARTS_CAP:,} parts")
    lowered = b"\n" + body.lower()  # a field may stand on the first line
    if lowered.count(b"multipart/") * lowered.count(b"\n") > LOOKS_CAP:
        raise Unreadable("it has too many parts within parts for its length")
    return _without_data(_with_bounded_fields(body, lowered))


def _with_bounded_fields(body: bytes, lowered: bytes) -> bytes:
    """The body with every field of its parts cut to a bearable length; `lowered` is one line end ahead of it."""
    kept: list[bytes] = []
    position = start = 0
    while (start := lowered.find(b"\ncontent-", start)) >= 0:
        found = _FIELD_END.search(lowered, start + 1)
        end = found.start() if found else len(lowered)
        if end - start > PART_FIELD_CAP:
            kept.append(body[position : start + PART_FIELD_CAP])
            position = end - 1
        start = end
    return b"".join((*kept, body[position:]))


def _without_data(body: bytes) -> bytes:
    """The body without the contents of base64 parts that are no text: pictures and files are never looked into.

    No line of base64 begins with '--' (RFC 4648 §4), so the next one that does belongs to the mail.
    """
    kept: list[bytes] = []
    position, start = 0, body.find(b"\n--")
    while start >= 0:
        following = body.find(b"\n--", start + 3)
        stop = len(body) if following < 0 else following
        end = body.find(b"\n\n", start, stop)
        if end >= 0 and _holds_data(body[start:end].lower()):
            kept.append(body[position : end + 2])
            position = stop
        start = following
    return b"".join((*kept, body[position:]))


def _holds_data(head: bytes) -> bool:
    """Whether the fields of a part announce a file rather than words or further parts."""
    return b"base64" in head and b"content-type:" in head and not any(kind in head for kind in _WORDS_OR_PARTS)


def _prune(tree: ParsedMail) -> str | None:
    """Take out of the tree what is not this mail's own text: attachments, attached mails, pictures.

    Returns the METHOD of a calendar part, if there is one. What stays is at most 20 text parts.
    """
    method: str | None = None
    texts = 0
    for part in _walk(tree):
        kind = part.get_content_type()
        if kind == "text/calendar":
            found = part.get_param("method")
            method = scrub(str(found)).upper()[:20] if found else (method or "PUBLISH")
        keep = (
            kind in ("text/plain", "text/html")
            and texts < 20
            and part.get_content_disposition() != "attachment"
            and not part.get_filename()
        )
        if part is tree and kind not in ("text/plain", "text/html"):
            keep = kind.startswith("text/") and kind != "text/calendar"
        if keep:
            texts += 1
            if _is_no_charset(str(part.get_param("charset", ""))):
                part.set_param("charset", "utf-8")
        else:
            for name in part.keys() if part is not tree else ():
                del part[name]
            part.set_payload("")
            part.set_type("application/octet-stream")
    for part in tree.walk():  # mail-parser recovers text from broken epilogues, and stumbles over some
        part.defects.clear()
        part.epilogue = None
    return method


def _invited(tree: ParsedMail) -> tuple[Address, ...]:
    """Who stands in an invitation as its organizer or as invited (RFC 5545 §3.8.4.1, §3.8.4.3), the organizer first."""
    part = next((part for part in _walk(tree) if part.get_content_type() == "text/calendar"), None)
    if part is None:
        return ()
    payload = part.get_payload(decode=True)
    text = payload[:CALENDAR_CAP].decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    found: dict[str, Address] = {}
    for kind in ("ORGANIZER", "ATTENDEE"):
        for parameters, email_address in re.findall(rf"(?im)^{kind}([^:\n]*):mailto:([^\s>]+)", unfolded)[:INVITED_CAP]:
            name = re.search(r'(?i);CN="?([^";]*)', parameters)
            for each in addresses([(scrub(name[1]) if name else "", email_address)]):
                found.setdefault(each.email, each)
    return tuple(found.values())


def _attached_text(tree: ParsedMail) -> str:
    """What the first mails attached to this one say (RFC 2046 §5.2.1), each below a line that tells it apart."""
    found: list[str] = []
    for part in _walk(tree):
        if part.get_content_type() != "message/rfc822" or len(found) == ATTACHED_CAP:
            continue
        inner = part.get_payload()
        mail = inner[0] if isinstance(inner, list) and inner else None
        if not isinstance(mail, ParsedMail):
            continue
        words = next((text for leaf in _walk(mail) if (text := _leaf_text(leaf))), "")
        found.append(f"\n\n{ATTACHED}\n{_plain_subject(mail)}\n\n{words}".rstrip())
    return "".join(found)


def _plain_subject(mail: ParsedMail) -> str:
    """The subject of an attached mail, as it stands where it cannot be decoded."""
    raw = str(mail.get("subject", ""))[:FIELD_CAP]
    try:
        return scrub(str(make_header(decode_header(raw))))[:300]
    except (ValueError, LookupError):  # UnicodeError and HeaderParseError among them
        return scrub(raw)[:300]


def _leaf_text(leaf: ParsedMail) -> str:
    """The words of one text part, '' where it has none."""
    kind = leaf.get_content_type()
    if kind not in ("text/plain", "text/html") or leaf.get_content_disposition() == "attachment":
        return ""
    raw = leaf.get_payload(decode=True)
    charset = str(leaf.get_content_charset() or "utf-8")
    if not isinstance(raw, bytes):
        return ""
    try:
        text = raw.decode("utf-8" if _is_no_charset(charset) else charset, "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return _clean_text(html.to_text(text) if kind == "text/html" else text)


def _holds_pdf(tree: ParsedMail) -> bool:
    """Whether a PDF is attached: it is not read, but a letter may be in it."""
    return any(part.get_content_type() == "application/pdf" for part in _walk(tree))


def _is_no_charset(name: str) -> bool:
    """True for a codec Python knows that no mail is written in; several take the square of a text's length."""
    try:
        return codecs.lookup(name).name.replace("-", "_") in _NO_CHARSETS
    except (LookupError, ValueError):  # unknown: the text is read as UTF-8
        return False


def _walk(tree: ParsedMail) -> Iterable[ParsedMail]:
    """The leaves of a mail, attached mails counted as leaves. Without recursion: depth costs nothing."""
    stack = [tree]
    while stack:
        part = stack.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            stack.extend(reversed([child for child in part.get_payload() if isinstance(child, ParsedMail)]))
        else:
            yield part


def _text(parsed: _Parser) -> tuple[str, bool]:
    """The text a reader sees, and whether it had to be taken from HTML."""
    plain = "\n\n".join(part for part in parsed.text_plain if part.strip())[:TEXT_CAP]
    if plain.strip() and not (_is_placeholder(plain) and parsed.text_html):
        return _clean_text(plain), False
    if parsed.text_html:
        text = html.to_text("\n".join(parsed.text_html))
        return _clean_text(text or plain), True
    return _clean_text("\n\n".join(parsed.text_not_managed)[:TEXT_CAP] or plain), False


def _is_placeholder(plain: str) -> bool:
    """A plain part that only says to look at the HTML one."""
    return len(plain) < 200 and "html" in plain.lower()


def _clean_text(text: str) -> str:
    """Line ends as one kind; tabs and line ends the only controls."""
    text = text[:TEXT_CAP].replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():  # most mail: ten times faster than the search below
        return text.encode().translate(None, _ASCII_CONTROLS).decode().strip()
    return _TEXT_CONTROLS.sub("", text.replace("\u00a0", " ")).strip()


def _signs(tree: ParsedMail, sender: Address | None, own: frozenset[str]) -> frozenset[str]:
    """What says that no person stands behind a mail (RFC 3834 §2, RFC 2369), or that the person does."""
    signs: set[str] = set()
    if tree.get("list-id") or tree.get("list-post"):
        signs.add("list")
    if str(tree.get("precedence", "")).strip().lower() in ("bulk", "junk", "list"):
        signs.add("bulk")
    if str(tree.get("auto-submitted", "no")).strip().lower().split(";")[0] != "no":
        signs.add("auto-submitted")
    if tree.get("list-unsubscribe"):
        signs.add("unsubscribe")
    return_path = str(tree.get("return-path", "")).strip()
    local = sender.email.partition("@")[0].lower() if sender else ""
    if return_path == "<>" or local in ("mailer-daemon", "postmaster") or tree.get_content_type() == "multipart/report":
        signs.add("bounce")
    if sender and sender.email.lower() in own:
        signs.add("own")
    if _failed(str(tree.get("authentication-results", ""))):
        signs.add("auth-failed")
    return frozenset(signs)


def _failed(results: str) -> bool:
    """Whether the topmost Authentication-Results (RFC 8601 §5: the last one added, by the person's provider) says no.

    One that a sender forged would hardly say so; of one that says 'pass' nothing is believed. Only the result that each
    part begins with counts: what stands after it, or in a comment, may be the sender's own words.
    """
    bare = results.lower()[:4_096]
    for _ in range(8):  # comments may hold comments
        bare = _COMMENT.sub(" ", bare)
    said: dict[str, set[str]] = {}
    for part in bare.split(";"):
        if found := _RESULT.match(part):
            said.setdefault(found[1], set()).add(found[2])
    if "dmarc" in said:
        return "fail" in said["dmarc"]
    return said.get("spf") == {"fail"} and "pass" not in said.get("dkim", set())


_COMMENT = re.compile(r'\([^()]*\)|"[^"]*"')
_RESULT = re.compile(r"\s*(dmarc|spf|dkim)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)")


def _single(parsed: _Parser, name: str) -> str:
    value = getattr(parsed, name, "")
    return value if isinstance(value, str) else ""


def _first(found: Sequence[Address]) -> Address | None:
    return found[0] if found else None


def addresses(pairs: Iterable[tuple[str, str]] | str) -> tuple[Address, ...]:
    """Scrubbed addresses from mail-parser's (name, address) pairs; anything that is no address is dropped."""
    found: list[Address] = []
    for name, mailbox in list(pairs)[:200] if not isinstance(pairs, str) else []:
        match = _ADDRESS.fullmatch(scrub(mailbox).strip("<> "))
        if match:
            local, _, domain = match[0].rpartition("@")
            found.append(Address(f"{local}@{domain.lower().rstrip('.')}", scrub(name).strip("'\" ")[:120]))
    return tuple(found)


def scrub(text: str) -> str:
    """One line without control characters, direction marks or lone surrogates: safe to show, log or send."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def clean_message_id(value: str) -> str | None:
    """The first well-formed message identifier in a header value (RFC 5322 §3.6.4), or None."""
    match = _MESSAGE_ID.search(value[:2_000])
    return match[0] if match and "=?" not in match[0] else None  # an encoded word would change on its way


def _references(references: str, in_reply_to: str) -> tuple[str, ...]:
    """Thread identifiers, oldest first; the first and the newest kept when there are too many."""
    found = [each for each in dict.fromkeys(_MESSAGE_ID.findall(references[:8_192])) if "=?" not in each]
    parent = clean_message_id(in_reply_to)
    if parent:
        found = [each for each in found if each != parent] + [parent]
    return tuple(found if len(found) <= REFERENCES_CAP else found[:1] + found[1 - REFERENCES_CAP :])


def _date(value: str) -> datetime | None:
    """The Date header as UTC, or None when it is absent or absurd."""
    try:
        moment = parsedate_to_datetime(scrub(value)[:100])
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if 1980 < moment.year < 2100 else None


def message_key(account: str, identity: str) -> str:
    """The key of a message: no UID and no secret, so a rebuilt database agrees with the old."""
    return _hash(account, identity)[:32]


def as_other_mail(message: Message) -> Message:
    """The same message under a key of its own: its Message-ID is known with other words."""
    return replace(
        message,
        key=message_key(message.account, f"{message.message_id} {message.content_hash}"),
        flags=message.flags | {"known id, other body"},
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


# --- writing ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Everything one outgoing mail says, before it is bytes. Exactly one recipient; never a Bcc."""

    sender: Address
    recipient: Address
    subject: str
    body: str
    message_id: str
    date: datetime
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    key: str = ""  # the effect key behind it, so that our own work is found again
    attachment: bytes | None = None  # an .ics file
    automatic: bool = False  # a mail to oneself: says so, so that no other program answers it


def new_message_id(effect_key: str, sender: Address) -> str:
    """A Message-ID that follows from the effect's key, so that the same act always carries the same one."""
    domain = _on_the_wire(sender).rpartition("@")[2] or "localhost"
    return f"<{_hash(effect_key)[:40]}@{domain}>"


def build(mail: Outgoing) -> bytes:
    """The mail's bytes, CRLF, read back and compared with `mail`. Raises Unreadable when they differ."""
    try:
        raw = _build(mail)
        check(raw, mail)
    except Unreadable:
        raise
    except Exception as error:  # a line end in a field, and whatever the standard library makes of odd names
        raise Unreadable("the letter would hold a field no mail can have") from error
    return raw


class _Wire(policy.EmailPolicy):
    """policy.SMTP without its two faults in folding.

    It would write a message identifier of more than 65 letters as encoded words: no thread then. And it loses the
    space between two encoded words of a subject (measured: in 1,184 of 20,000 subjects of accented words).
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == "subject" and not value.isascii():
            encoded = Header(str(value), "utf-8", header_name=name).encode(linesep=self.linesep)
            return f"{name}: {encoded}{self.linesep}".encode("ascii")
        if name.lower() not in ("message-id", "in-reply-to", "references"):
            return super().fold_binary(name, value)
        return f"{name}: {f'{self.linesep} '.join(value.split())}{self.linesep}".encode("ascii")


_WIRE = _Wire(linesep="\r\n")


def _build(mail: Outgoing) -> bytes:
    message = EmailMessage(policy=_WIRE)
    message["From"] = _header_address(mail.sender)
    message["To"] = _header_address(mail.recipient)
    message["Subject"] = scrub(mail.subject)
    message["Date"] = format_datetime(mail.date)
    message["Message-ID"] = mail.message_id
    if mail.in_reply_to:
        message["In-Reply-To"] = mail.in_reply_to
    if mail.references:
        message["References"] = " ".join(mail.references)
    if mail.key:
        message[KEY_HEADER] = _hash(mail.key)[:40]
    if mail.automatic:
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(_body(mail.body), cte="quoted-printable" if _needs_encoding(mail.body) else "7bit")
    if mail.attachment is not None:
        message.add_attachment(
            mail.attachment,
            maintype="text",
            subtype="calendar",
            filename="reflection.ics",
            params={"method": "PUBLISH"},
        )
    return message.as_bytes()


def check(raw: bytes, mail: Outgoing) -> None:
    """Refuse bytes that say anything but `mail`: header fields once, the one recipient, no line too long.

    Raises Unreadable. Lines ≤ 998 octets and CRLF only: RFC 5322 §2.1.1, RFC 5321 §2.3.8.
    """
    if b"\x00" in raw or re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        raise Unreadable("the letter would hold a bare line end or a NUL")
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        raise Unreadable("the letter would hold a line of more than 998 characters")
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    for name in (b"from", b"to", b"subject", b"date", b"message-id"):
        if names.count(name) != 1:
            raise Unreadable(f"the letter would hold {names.count(name)} {name.decode()} fields")
    if b"bcc" in names or b"cc" in names:
        raise Unreadable("the letter would hold a Cc or Bcc")
    again = email.message_from_bytes(raw, policy=policy.SMTP)
    recipients, senders = ([each.addr_spec for each in again[name].addresses] for name in ("To", "From"))
    if recipients != [_on_the_wire(mail.recipient)] or senders != [_on_the_wire(mail.sender)]:
        raise Unreadable("the letter would go to, or come from, another address than was meant")
    thread = (again["Message-ID"], again.get("In-Reply-To"), again.get("References", "").split())
    if thread != (mail.message_id, mail.in_reply_to or None, list(mail.references)):
        raise Unreadable("the letter would not answer what was meant")
    if scrub(str(again["Subject"])) != scrub(mail.subject):  # a fold right after "Subject:" reads as a space
        raise Unreadable("the letter's subject would not be what was meant")
    if words_of(raw)[2] != _body(mail.body).strip():
        raise Unreadable("the letter's words would not be what was meant")


def words_of(raw: bytes) -> tuple[tuple[str, ...], str, str]:
    """Recipients (To, Cc and Bcc), subject and text of one of our own drafts, as it stands in the mailbox now."""
    head, end, body = re.sub(rb"\r\n?", b"\n", raw[:READ_CAP]).partition(b"\n\n")
    parsed = _Parser(email.message_from_bytes(re.sub(rb"\n(?=[ \t])", b"", head) + end + body))
    recipients = (*addresses(parsed.to), *addresses(parsed.cc), *addresses(parsed.bcc))
    text, _ = _text(parsed)
    return tuple(each.email for each in recipients), scrub(_single(parsed, "subject")), text


def words_hash(raw: bytes) -> str:
    """SHA-256 of recipients, subject and words: the same mail however a program has laid it out."""
    recipients, subject, text = words_of(raw)
    return _hash(*recipients, subject, " ".join(text.split()))


def key_of(head: bytes) -> tuple[str | None, str | None]:
    """(draft key, Message-ID) in a header block: how our own work is recognised."""
    tree = email.message_from_bytes(head)
    return scrub(str(tree.get(KEY_HEADER, ""))) or None, clean_message_id(str(tree.get("message-id", "")))


def answered_in(head: bytes) -> tuple[str, ...]:
    """The Message-IDs of the mails that a mail with this header block answers, oldest first."""
    tree = email.message_from_bytes(head)
    return _references(str(tree.get("references", "")), str(tree.get("in-reply-to", "")))


def key_header(effect_key: str) -> str:
    """The value of the key field for an effect."""
    return _hash(effect_key)[:40]


def reply_subject(subject: str) -> str:
    """'Re: …', without piling prefixes up; AW, SV, RV and the like count as one."""
    bare = re.sub(r"^(?:\s*(?:re|aw|sv|antw|rif|rv|res|tr|ref)\s*(?:\[\d+\])?\s*:)+\s*", "", scrub(subject), flags=re.I)
    bare = unicodedata.normalize("NFC", bare)  # as every reader shows it
    return f"Re: {_not_encoded(bare)}"[:200].rstrip() if bare else "Re: your message"


def _header_address(address: Address) -> HeaderAddress:
    local, _, domain = _on_the_wire(address).rpartition("@")
    return HeaderAddress(_not_encoded(scrub(address.name)), local, domain)


def _not_encoded(text: str) -> str:
    """The text so that it does not look encoded: what an encoded word of a stranger's hides stays hidden."""
    return text.replace("=?", "= ?")


def _on_the_wire(address: Address) -> str:
    """The address as ASCII, as servers speak of it (RFC 5890). Raises Unreadable where it has no such form.

    A domain that Python's IDNA 2003 would turn into another one, as it does 'straße', has none.
    """
    local, _, domain = address.email.rpartition("@")
    try:
        wire = domain.encode("idna")
        same = domain.isascii() or wire.decode("idna") == unicodedata.normalize("NFC", domain.lower())
        if local.isascii() and same:
            return f"{local}@{wire.decode()}"
    except UnicodeError:
        pass
    raise Unreadable("no mail can be written to an address with such letters")


def _body(text: str) -> str:
    """Line ends as one kind, no control characters, one line end at the end."""
    return unicodedata.normalize("NFC", _clean_text(text)) + "\n"


def _needs_encoding(text: str) -> bool:
    return not text.isascii() or any(len(line) > 900 for line in text.split("\n"))


_MACHINE = re.compile(
    r"(?:^|[._+-])(?:no[._-]?reply|do[._-]?not[._-]?reply|donotreply|noreply\w*|nepasrepondre|ne[._-]pas[._-]repondre"
    r"|keine?[._-]?antwort|nicht[._-]?antworten|no[._-]?responder|no[._-]?responda|nao[._-]?responda|geen[._-]?antwoord"
    r"|svara[._-]?(?:ej|inte)|non[._-]?rispondere|mailer-daemon|postmaster|bounces?|notifications?|notify|automated"
    r"|auto[._-]?reply|unattended|unmonitored)(?:$|[._+-]|\d)",
    re.IGNORECASE,
)


def nobody_reads(address: str) -> bool:
    """True for an address that says of itself that answers reach nobody."""
    return bool(_MACHINE.search(address.rpartition("@")[0]))
