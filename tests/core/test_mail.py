"""Mail as it comes, read as a person reads it; and mail of our own, which says what was meant or is not written."""

from __future__ import annotations

import base64
import binascii
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onward.core import mail
from onward.core.mail import Outgoing, build, check, clean_message_id, reply_subject, scrub, words_of
from onward.core.model import ATTACHED, Address, Message, RawMail, Unreadable

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
OWN = "sam@example.org"

properties = settings(deadline=None, database=None, max_examples=150)


def raw_mail(*fields: str, body: str | bytes = "We regret.\r\n", sender: str = "Mara <mara@harbour.example>") -> bytes:
    """A mail with a sender and these fields."""
    head = "\r\n".join((f"From: {sender}", *fields)).encode("utf-8", "surrogateescape")
    return head + b"\r\n\r\n" + (body if isinstance(body, bytes) else body.encode())


def read(raw: bytes, *, truncated: bool = False) -> Message:
    mail_found = RawMail("INBOX", 7, 1, NOW, raw, truncated)
    return mail.read(mail_found, "main", NOW, frozenset({OWN}))


def multipart(*parts: str, kind: str = "mixed") -> bytes:
    """A mail of several parts, each written with its own header."""
    body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
    return raw_mail(f'Content-Type: multipart/{kind}; boundary="x"', body=body)


# --- reading: the header -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        ("Subject: Your application", "Your application"),
        ("Subject: Your\r\n application\r\n\tat Harbour", "Your application at Harbour"),
        ("subject:Your application", "Your application"),
        ("SUBJECT: =?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("Subject: =?utf-8?q?Ihre?= =?utf-8?q?_Bewerbung?=", "Ihre Bewerbung"),
        ("Subject: =?iso-8859-1?q?f=FCr?=\r\n =?utf-8?b?8J+Ygg==?=", "für😂"),
        ("Subject: =?gb18030?b?xOO6ww==?=", "你好"),
        ("Subject: =?utf-8?q?no=0D=0ABcc:_x@evil.example?=", "no Bcc: x@evil.example"),
        ("Subject: a\u202eb\u200bc", "a b c"),
        ("Subject: =?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("X-Subject: other", ""),
        ("Subject:", ""),
    ],
)
def test_a_subject_is_one_line_of_plain_words(field: str, subject: str) -> None:
    assert read(raw_mail(field)).subject == subject


def test_of_a_field_that_comes_twice_the_first_counts_and_it_is_told() -> None:
    message = read(raw_mail("From: Eve <eve@evil.example>", "Subject: one", "Subject: two", "X-A: 1", "X-A: 2"))
    assert message.sender == Address("mara@harbour.example", "Mara")
    assert message.subject == "one"
    assert message.flags == {"repeated from", "repeated subject"}


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("Mara Lindqvist <mara@harbour.example>", Address("mara@harbour.example", "Mara Lindqvist")),
        ("mara@Harbour.EXAMPLE", Address("mara@harbour.example")),
        ('"Lindqvist, Mara (HR)" <mara@harbour.example>', Address("mara@harbour.example", "Lindqvist, Mara (HR)")),
        ("=?utf-8?q?J=C3=B6rg?= <j@harbour.example>", Address("j@harbour.example", "Jörg")),
        ("'Mara' <mara@harbour.example>", Address("mara@harbour.example", "Mara")),
        ("m@mueller.example, two@b.example", Address("m@mueller.example")),
        ("mara@a..b", None),
        ("mara@.b", None),
        (f"mara@{'b' * 64}.example", None),
        ("undisclosed-recipients:;", None),
        ("<>", None),
        ("", None),
        ("Mara", None),
    ],
)
def test_a_sender_is_an_address_or_nobody(sender: str, address: Address | None) -> None:
    assert read(raw_mail(sender=sender)).sender == address


def test_recipients_are_capped_and_replies_go_where_they_are_wanted() -> None:
    many = ", ".join(f"p{number}@b.example" for number in range(300))
    message = read(raw_mail("Reply-To: Jobs <jobs@harbour.example>", f"To: {many}", f"Cc: {many}"))
    assert message.reply_to == (Address("jobs@harbour.example", "Jobs"),)
    assert (len(message.to), len(message.cc)) == (50, 50)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("<a@b.example>", "<a@b.example>"),
        ("  <a@b.example> (comment)", "<a@b.example>"),
        ("<no-at-sign-at-all>", "<no-at-sign-at-all>"),
        ("<a@b.example> <c@d.example>", "<a@b.example>"),
        ("a@b.example", None),
        ("<a b@c.example>", None),
        ("<a\r\nBcc: x@evil.example>", None),
        ("<a@b.example\x00>", None),
        ("<jörg@b.example>", None),
        ('<"a"@b.example>', None),
        ("<=?utf-8?q?a=0D=0A?=@b.example>", None),
        (f"<{'a' * 600}@b.example>", None),
        ("<>", None),
        ("", None),
    ],
)
def test_a_message_id_is_well_formed_or_none(value: str, found: str | None) -> None:
    assert clean_message_id(value) == found


def test_a_mail_without_a_usable_id_is_known_by_its_words() -> None:
    one, same = read(raw_mail("Subject: no")), read(raw_mail("Subject: no", "Message-ID: <a b>"))
    other = read(raw_mail("Subject: no", body="We really regret.\r\n"))
    assert one.message_id is same.message_id is None
    assert one.key == same.key != other.key


def test_a_mail_with_an_id_is_known_by_it_in_its_account() -> None:
    one = read(raw_mail("Message-ID: <a@b.example>"))
    other = read(raw_mail("Message-ID: <a@b.example>", body="Something else.\r\n"))
    assert one.key == other.key
    assert one.content_hash != other.content_hash
    assert mail.as_other_mail(other).key not in (one.key, other.key)
    assert "known id, other body" in mail.as_other_mail(other).flags


def test_a_long_thread_keeps_its_first_and_its_newest_mails() -> None:
    thread = " ".join(f"<{number}@b.example>" for number in range(50))
    message = read(raw_mail(f"References: {thread}", "In-Reply-To: <parent@b.example>"))
    assert len(message.references) == mail.REFERENCES_CAP == 20
    assert message.references[0] == "<0@b.example>"
    assert message.references[-2:] == ("<49@b.example>", "<parent@b.example>")


def test_the_parent_stands_last_and_once() -> None:
    fields = ("References: <p@b> <a@b> <a@b> junk <c@d>", "In-Reply-To: <p@b>")
    assert read(raw_mail(*fields)).references == ("<a@b>", "<c@d>", "<p@b>")


@pytest.mark.parametrize(
    ("value", "sent_at"),
    [
        ("Mon, 02 Mar 2026 09:00:00 +0100", datetime(2026, 3, 2, 8, 0, tzinfo=UTC)),
        ("2 Mar 2026 09:00:00 -0000", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        ("Mon, 99 Foo 9999999999 99:99:99 +99999999", None),
        ("Thu, 01 Jan 1970 00:00:00 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("yesterday", None),
        ("(" * 500, None),
    ],
)
def test_a_date_is_a_moment_or_none(value: str, sent_at: datetime | None) -> None:
    assert read(raw_mail(f"Date: {value}")).sent_at == sent_at


@pytest.mark.parametrize(
    ("fields", "sign"),
    [
        (("List-Id: <jobs.example>",), "list"),
        (("List-Post: <mailto:x@y.example>",), "list"),
        (("List-Unsubscribe: <https://x.example>", "List-Unsubscribe: <mailto:x@y.example>"), "unsubscribe"),
        (("Precedence: Bulk",), "bulk"),
        (("Auto-Submitted: auto-generated",), "auto-submitted"),
        (("Auto-Submitted: auto-replied; owner=x",), "auto-submitted"),
        (("Return-Path: <>",), "bounce"),
    ],
)
def test_what_says_that_no_person_wrote_it(fields: tuple[str, ...], sign: str) -> None:
    message = read(raw_mail(*fields))
    assert message.signs == {sign}
    assert message.flags == frozenset()


def test_a_report_of_a_mail_server_is_a_bounce() -> None:
    assert read(multipart("\r\nIt came back.", kind="report")).signs == {"bounce"}


def test_a_person_shows_no_sign() -> None:
    assert read(raw_mail("Auto-Submitted: no", "Return-Path: <mara@harbour.example>")).signs == frozenset()


@pytest.mark.parametrize(
    ("sender", "sign"),
    [(f"Sam <{OWN.upper()}>", "own"), ("MAILER-DAEMON@mx.example", "bounce"), ("Postmaster@b.example", "bounce")],
)
def test_a_sender_that_is_a_sign(sender: str, sign: str) -> None:
    assert read(raw_mail(sender=sender)).signs == {sign}


# --- reading: the text -------------------------------------------------------------------------------------

WORDS = "Wir müssen Ihnen für die Größe absagen."


@pytest.mark.parametrize(
    ("charset", "encoded"),
    [
        ("utf-8", WORDS.encode()),
        ("iso-8859-1", WORDS.encode("latin-1")),
        ("windows-1252", WORDS.encode("cp1252")),
        ("utf-16", WORDS.encode("utf-16")),
        ("gb18030", WORDS.encode("gb18030")),
        ("x-no-such-charset", WORDS.encode()),
        ("us-ascii", WORDS.encode()),
        ("idna", WORDS.encode()),
        ("punycode", WORDS.encode()),
        ("zlib_codec", WORDS.encode()),
        ("unicode_escape", WORDS.encode()),
    ],
)
@pytest.mark.parametrize("transfer", ["base64", "quoted-printable", "8bit"])
def test_a_text_is_read_in_its_charset_or_as_utf_8(charset: str, encoded: bytes, transfer: str) -> None:
    if charset == "utf-16":  # is never sent in 8 bits
        transfer = "base64"
    if transfer == "base64":
        encoded = base64.encodebytes(encoded)
    elif transfer == "quoted-printable":
        encoded = binascii.b2a_qp(encoded)
    fields = (f"Content-Type: text/plain; charset={charset}", f"Content-Transfer-Encoding: {transfer}")
    assert read(raw_mail(*fields, body=encoded)).text == WORDS


def test_broken_letters_are_replaced_not_refused() -> None:
    assert read(raw_mail("Content-Type: text/plain; charset=utf-8", body=b"f\xfcr Sie\r\n")).text == "f\ufffdr Sie"


def test_line_ends_are_of_one_kind_and_controls_are_gone() -> None:
    text = read(raw_mail(body="one\r\ntwo\rthree\n\x1b[31mred\x00\u202e\x07\ttab\r\n\r\n")).text
    assert text == "one\ntwo\nthree\n[31mred\ttab"


def test_an_html_mail_is_read_as_text_and_says_so() -> None:
    body = '<p style="display:none">You are hired</p><p>We regret.</p><blockquote>I apply</blockquote>'
    message = read(raw_mail("Content-Type: text/html", body=body))
    assert (message.text, message.html_only) == ("We regret.\n\n> I apply", True)


def test_of_two_renderings_the_plain_one_is_read() -> None:
    raw = multipart("\r\nplain words", "Content-Type: text/html\r\n\r\n<p>html words</p>", kind="alternative")
    assert (read(raw).text, read(raw).html_only) == ("plain words", False)


def test_a_plain_part_that_only_points_at_the_html_one_is_not_read() -> None:
    raw = multipart("\r\nThis mail needs HTML.", "Content-Type: text/html\r\n\r\n<p>We regret.</p>", kind="alternative")
    assert (read(raw).text, read(raw).html_only) == ("We regret.", True)


@pytest.mark.parametrize(
    "attached",
    [
        "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nYou are hired",
        "Content-Type: text/plain; name=offer.txt\r\n\r\nYou are hired",
        "Content-Type: text/html; name=offer.html\r\n\r\n<p>You are hired</p>",
        "Content-Type: application/pdf\r\n\r\nYou are hired",
        "Content-Type: text/calendar; method=request\r\n\r\nSUMMARY:You are hired",
        "Content-Type: text/x-vcard\r\n\r\nYou are hired",
    ],
)
def test_what_is_attached_does_not_speak(attached: str) -> None:
    message = read(multipart("Content-Type: text/plain\r\n\r\nWe regret.", attached))
    assert message.text == "We regret."


@pytest.mark.parametrize(
    "attached",
    [
        "Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: Your bid\r\n\r\nWe chose another.",
        "Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\nSubject: =?utf-8?q?Your?= bid\r\n\r\n"
        "We chose another.",
        "Content-Type: multipart/digest; boundary=y\r\n\r\n--y\r\n\r\nSubject: Your bid\r\n\r\n"
        "We chose another.\r\n--y--",
        "Content-Type: message/rfc822\r\n\r\nSubject: Your bid\r\nContent-Type: text/html\r\n\r\n"
        "<p>We chose another.</p>",
    ],
)
def test_an_attached_mail_is_read_below_a_line_that_tells_it_apart(attached: str) -> None:
    message = read(multipart("Content-Type: text/plain\r\n\r\nPlease see below.", attached))
    assert message.text == f"Please see below.\n\n{ATTACHED}\nYour bid\n\nWe chose another."


def test_only_the_first_attached_mails_are_looked_into() -> None:
    parts = [f"Content-Type: message/rfc822\r\n\r\nSubject: {count}\r\n\r\nNo {count}." for count in range(9)]
    message = read(multipart("Content-Type: text/plain\r\n\r\nAll of them.", *parts))
    assert message.text.count(ATTACHED) == mail.ATTACHED_CAP


@pytest.mark.parametrize("subject", ["=?utf-8?b?%%%?=", "=?no-such-charset?q?x?=", "=?idna?q?x?="])
def test_an_attached_mail_with_a_broken_subject_is_read_all_the_same(subject: str) -> None:
    attached = f"Content-Type: message/rfc822\r\n\r\nSubject: {subject}\r\n\r\nWe chose another."
    assert read(multipart("Content-Type: text/plain\r\n\r\nSee.", attached)).text.endswith("We chose another.")


def test_a_pdf_is_noticed_but_not_read() -> None:
    message = read(
        multipart("Content-Type: text/plain\r\n\r\nOur letter.", "Content-Type: application/pdf\r\n\r\n%PDF")
    )
    assert (message.text, message.flags) == ("Our letter.", frozenset({"pdf"}))


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("text/calendar; method=REQUEST", "REQUEST"),
        ("text/calendar; method=cancel; charset=utf-8", "CANCEL"),
        ("text/calendar", "PUBLISH"),
        ("text/plain", None),
    ],
)
def test_the_method_of_an_invitation_is_known(kind: str, method: str | None) -> None:
    assert read(multipart("\r\nSee you.", f"Content-Type: {kind}\r\n\r\nBEGIN:VCALENDAR")).calendar_method == method


def test_a_mail_beyond_the_cap_is_read_up_to_it_and_says_so() -> None:
    message = read(raw_mail(body=b"We regret.\r\n" * 400_000))
    assert message.flags == {"truncated"}
    assert len(message.text) <= mail.TEXT_CAP
    assert read(raw_mail(), truncated=True).flags == {"truncated"}


def test_a_separator_line_and_empty_lines_before_the_header_are_skipped() -> None:
    assert read(b"\r\n\r\n" + raw_mail("Subject: no")).subject == "no"
    assert read(b"From mara@harbour.example Mon Mar  2 10:00:00 2026\n" + raw_mail("Subject: no")).subject == "no"


def test_a_mail_of_nothing_is_a_mail() -> None:
    assert read(b"").text == ""
    assert read(b"\r\n").sender is None
    assert read(b"no header at all").text == ""


# --- reading: bounds ---------------------------------------------------------------------------------------


def chain(depth: int) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" * depth + raw_mail()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (lambda: raw_mail(*(f"X-{n}: y" for n in range(100_000))), "header block is larger"),
        (lambda: multipart(*["\r\nno"] * 3_000), "more than 2,000 parts"),
        (lambda: chain(3_000), "nested too deeply"),
        (lambda: b"Content-Type: message/rfc822\r\n\r\n" + multipart(*["\r\nno"] * 3_000), "more than 2,000 parts"),
        (lambda: nested(300, lines=200_000), "too many parts within parts"),
    ],
)
def test_what_is_too_much_is_refused_with_its_reason(raw: Callable[[], bytes], reason: str) -> None:
    began = time.process_time()
    with pytest.raises(Unreadable, match=reason):
        read(raw())
    assert time.process_time() - began < 2


def nested(depth: int, lines: int = 0) -> bytes:
    opened = "".join(f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n" for n in range(depth))
    text = f"--b{depth}\r\n\r\nWe regret.\r\n" + "\r\n" * lines
    return raw_mail("Content-Type: multipart/mixed; boundary=b0", body=opened + text)


def test_parts_within_parts_of_an_ordinary_depth_are_read() -> None:
    assert read(nested(20, lines=2_000)).text == "We regret."


def test_what_the_edge_could_not_fetch_is_unreadable_with_its_words() -> None:
    with pytest.raises(Unreadable, match="the server answers without it"):
        mail.read(RawMail("INBOX", 7, 1, NOW, b"", problem="the server answers without it"), "main", NOW)


def test_a_stand_in_keeps_the_place_and_two_of_them_stay_apart() -> None:
    gone = RawMail("INBOX", 7, 1, NOW, b"", problem="gone")
    broken = RawMail("INBOX", 7, 3, NOW, chain(3_000))
    (one, why), (other, _), (third, reason), (fine, none) = mail.read_all(
        [gone, replace(gone, uid=2), broken, replace(broken, raw=raw_mail())], "main", NOW
    )
    assert len({one.key, other.key, third.key, fine.key}) == 4
    assert (why, reason, none) == ("gone", "its parts are nested too deeply to be read", None)
    assert (third.uid, third.subject) == (3, "(not readable)")


HOSTILE = {
    "spaces": lambda: raw_mail(body=" " * 65_536),
    "nbsp": lambda: raw_mail("Content-Type: text/html", body="&nbsp;" * 200_000),
    "blockquotes": lambda: raw_mail("Content-Type: text/html", body="<blockquote>" * 150_000),
    "angles": lambda: raw_mail("Content-Type: text/html", body="<" * 1_900_000),
    "quote marks": lambda: raw_mail(body=">" * 1_900_000),
    "line ends": lambda: raw_mail(body="\r\n" * 900_000),
    "angles in an id": lambda: raw_mail(f"Message-ID: {'<a' * 8_000}", f"References: {'<a' * 8_000}"),
    "long id": lambda: raw_mail(f"References: <{'a' * 16_000}"),
    "brackets": lambda: raw_mail(sender="(" * 200_000),
    "quotes": lambda: raw_mail(sender='"\\' * 100_000),
    "colons": lambda: raw_mail(sender=":;" * 100_000),
    "at signs": lambda: raw_mail(sender="a@" * 100_000),
    "dots": lambda: raw_mail(sender="a@" + "b." * 100_000),
    "encoded words": lambda: raw_mail("Subject: " + "=?utf-8?q?a?= " * 30_000),
    "semicolons": lambda: raw_mail("Content-Type: text/plain" + ";" * 400_000),
    "semicolons of a part": lambda: multipart("Content-Type: text/plain" + ";\r\n a=b" * 200_000 + "\r\n\r\nno"),
    "disposition of a part": lambda: multipart("Content-Disposition: x" + ";\r\n filename*1*=b" * 90_000 + "\r\n\r\n"),
    "punycode": lambda: coded("punycode", b"-" + b"a" * 1_400_000),
    "idna": lambda: coded("idna", b"xn--" + b"a" * 1_400_000),
    "utf-7": lambda: coded("utf-7", b"+AAAA-" * 200_000),
    "hz": lambda: coded("hz", b"~{" * 700_000),
    "punycode in 8 bits": lambda: raw_mail(
        "Content-Type: text/plain; charset=punycode", body=b"-" + b"a" * 10**6 + b"\xff"
    ),
    "idna in 8 bits": lambda: raw_mail("Content-Type: text/plain; charset=idna", body=b"xn--" + b"a" * 10**6 + b"\xff"),
    "soft line ends": lambda: raw_mail("Content-Transfer-Encoding: quoted-printable", body="=\r\n" * 600_000),
}


def coded(charset: str, body: bytes) -> bytes:
    fields = (f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: base64")
    return raw_mail(*fields, body=base64.encodebytes(body))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_mail_takes_long(name: str) -> None:
    raw = HOSTILE[name]()
    began = time.process_time()
    try:
        read(raw)
    except Unreadable as refused:
        assert str(refused)
    assert time.process_time() - began < 2


@properties
@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_unreadable(raw: bytes) -> None:
    try:
        message = read(raw)
    except Unreadable as refused:
        assert str(refused)
    else:
        (message.subject + message.text).encode()


HEADS = st.sampled_from(
    ["From", "To", "Subject", "Content-Type", "Message-ID", "Reply-To", "Date", "Content-Transfer-Encoding"]
)
PIECES = (*'abc@.<>"\\();:,=?_ \t\r\n-/0', "=?utf-8?q?", "?=", "multipart/mixed; boundary=", "\u00e4", "\ud800")
VALUES = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@properties
@given(st.lists(st.tuples(HEADS, VALUES), max_size=8), VALUES)
def test_any_header_is_read_or_unreadable(fields: list[tuple[str, str]], body: str) -> None:
    head = "\r\n".join(f"{name}: {value}" for name, value in fields)
    try:
        message = read((head + "\r\n\r\n" + body).encode("utf-8", "replace"))
    except Unreadable as refused:
        assert str(refused)
        return
    said = (message.subject, *(each.name + each.email for each in (message.sender, *message.reply_to) if each))
    assert all(text.isprintable() for text in said)
    assert "\r" not in message.text


# --- writing -----------------------------------------------------------------------------------------------

SAM, MARA = Address(OWN, "Sam Doe"), Address("mara@harbour.example", "Mara Lindqvist")


def letter(**changed: object) -> Outgoing:
    """An ordinary letter with some things changed."""
    plain: dict[str, object] = {
        "sender": SAM,
        "recipient": MARA,
        "subject": "Re: Your application",
        "body": "Dear Mara,\n\nthank you.\n\nSam\n",
        "message_id": "<1@example.org>",
        "date": NOW,
        "in_reply_to": "<no@harbour.example>",
        "references": ("<a@harbour.example>", "<no@harbour.example>"),
        "key": "append_draft:1",
    }
    return Outgoing(**(plain | changed))  # type: ignore[arg-type]


def test_a_letter_says_what_was_meant() -> None:
    raw = build(letter())
    assert words_of(raw) == (("mara@harbour.example",), "Re: Your application", "Dear Mara,\n\nthank you.\n\nSam")
    assert mail.key_of(raw.partition(b"\r\n\r\n")[0]) == (mail.key_header("append_draft:1"), "<1@example.org>")
    head = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert "In-Reply-To: <no@harbour.example>" in head
    assert head[head.index("References: <a@harbour.example>") + 1] == " <no@harbour.example>"
    assert "To: Mara Lindqvist <mara@harbour.example>" in head


def test_the_same_letter_is_the_same_bytes() -> None:
    assert build(letter()) == build(letter())


def test_a_mail_to_oneself_says_that_it_is_automatic_and_carries_its_calendar() -> None:
    raw = build(letter(recipient=SAM, automatic=True, attachment=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"))
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in raw
    assert b"text/calendar" in raw
    assert b'method="PUBLISH"' in raw
    assert words_of(raw)[2] == "Dear Mara,\n\nthank you.\n\nSam"


def test_the_message_id_follows_from_the_act() -> None:
    one = mail.new_message_id("append_draft:1", SAM)
    assert one == mail.new_message_id("append_draft:1", SAM) != mail.new_message_id("append_draft:2", SAM)
    assert one.endswith("@example.org>")
    assert clean_message_id(one) == one
    assert mail.new_message_id("x", Address("sam@müller.example")).endswith("@xn--mller-kva.example>")


@pytest.mark.parametrize(
    ("recipient", "wire"),
    [
        (Address("j@harbour.example", "Jörg Müller"), "j@harbour.example"),
        (Address("j@harbour.example", "Müller, Jörg (HR) “x” <a@b>"), "j@harbour.example"),
        (Address("j@harbour.example", "😀" * 60), "j@harbour.example"),
        (Address("j@harbour.example", "=?utf-8?q?=0D=0ABcc:_x@evil.example?="), "j@harbour.example"),
        (Address("j@müller.example", "Jörg"), "j@xn--mller-kva.example"),
        (Address("j@MÜLLER.example"), "j@xn--mller-kva.example"),
        (Address("j@例え.example"), "j@xn--r8jz45g.example"),
        (Address("o'neil+jobs=x@harbour.example"), "o'neil+jobs=x@harbour.example"),
    ],
)
def test_names_and_domains_of_any_script_are_written(recipient: Address, wire: str) -> None:
    raw = build(letter(recipient=recipient))
    assert words_of(raw)[0] == (wire,)
    assert raw.partition(b"\r\n\r\n")[0].isascii()
    assert b"\nBcc" not in raw


@pytest.mark.parametrize(
    "changed",
    [
        {"message_id": "<1@example.org>\r\nBcc: x@evil.example"},
        {"in_reply_to": "<a@b>\r\nBcc: x@evil.example"},
        {"in_reply_to": "<a@b>\nBcc: x@evil.example"},
        {"references": ("<a@b>\r\nBcc: x@evil.example",)},
        {"references": ("<a@b>\rBcc: x@evil.example",)},
        {"recipient": Address("mara@harbour.example\r\nBcc: x@evil.example")},
        {"recipient": Address("mara@harbour.example, x@evil.example")},
        {"recipient": Address("mara@harbour.example> <x@evil.example")},
        {"recipient": Address("mara@a..b")},
        {"recipient": Address(f"mara@{'b' * 64}.example")},
        {"recipient": Address("jörg@harbour.example")},
        {"recipient": Address("mara@straße.example")},  # IDNA 2003 would make it strasse.example
        {"recipient": Address("mara@ｈａｒｂｏｕｒ.example")},
        {"recipient": Address("=?utf-8?q?x?=@harbour.example")},
        {"recipient": Address("mara")},
        {"recipient": Address("")},
        {"sender": Address("sam@a..b")},
        {"in_reply_to": f"<{'a' * 1_000}@b>"},
        {"subject": "Re: =?utf-8?q?Bcc?="},
    ],
)
def test_what_cannot_be_said_in_a_mail_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        build(letter(**changed))


@pytest.mark.parametrize("name", ["a\r\nBcc: x@evil.example", "a\x00b", "a\u2028b", "\u202eb"])
def test_control_signs_in_a_name_or_subject_are_taken_out(name: str) -> None:
    raw = build(letter(recipient=Address("mara@harbour.example", name), subject=f"Re: {name}"))
    assert b"\nBcc" not in raw
    assert words_of(raw)[:2] == (("mara@harbour.example",), scrub(f"Re: {name}"))


@pytest.mark.parametrize(
    "body", ["x" * 5_000, "x " * 5_000, "ä" * 5_000, "one\n" + "y" * 990 + "\ntwo", "From me\n.\n"]
)
def test_long_lines_are_wrapped_on_the_wire_and_whole_when_read(body: str) -> None:
    raw = build(letter(body=body))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert words_of(raw)[2] == body.strip()


def test_identifiers_as_long_as_exchange_makes_them_are_written_as_they_are() -> None:
    parent = "<DB9PR10MB4567B1C2D3E4F5A6978012345678AAA@DB9PR10MB4567.EURPRD10.PROD.OUTLOOK.COM>"
    head = build(letter(in_reply_to=parent, references=("<a@b.example>", parent))).partition(b"\r\n\r\n")[0].decode()
    assert f"\r\nIn-Reply-To: {parent}\r\n" in head
    assert f"\r\nReferences: <a@b.example>\r\n {parent}\r\n" in head


def test_a_long_thread_is_folded() -> None:
    thread = tuple(f"<{'x' * 200}{number}@b.example>" for number in range(20))
    raw = build(letter(references=thread))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert read(raw.replace(b"In-Reply-To", b"X-Parent")).references == thread


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (b"To: Mara", b"Bcc: x@evil.example\r\nTo: Mara", "Cc or Bcc"),
        (b"To: Mara", b"cC: x@evil.example\r\nTo: Mara", "Cc or Bcc"),
        (b"To: Mara", b"To: x@evil.example\r\nTo: Mara", "2 to fields"),
        (b"Subject: Re", b"X: Re", "0 subject fields"),
        (b"<mara@harbour.example>", b"<mara@evil.example>", "another address"),
        (b"<mara@harbour.example>", b"<mara@harbour.example>, x@evil.example", "another address"),
        (b"<sam@example.org>", b"<eve@example.org>", "another address"),
        (b"Message-ID: <1@", b"Message-ID: <2@", "not answer what was meant"),
        (b"In-Reply-To: <no@", b"In-Reply-To: <yes@", "not answer what was meant"),
        (b"<a@harbour.example>\r\n ", b"", "not answer what was meant"),
        (b"Subject: Re:", b"Subject: Fwd:", "subject would not"),
        (b"thank you.", b"thank you, swine.", "words would not"),
        (b"thank you.\r\n", b"thank you.\n", "bare line end"),
        (b"thank you.", b"thank\ryou.", "bare line end"),
        (b"thank you.", b"thank\x00you.", "NUL"),
        (b"thank you.", b"x" * 999, "more than 998"),
    ],
)
def test_a_tampered_mail_does_not_pass(before: bytes, after: bytes, reason: str) -> None:
    raw = build(letter())
    assert before in raw
    with pytest.raises(Unreadable, match=reason):
        check(raw.replace(before, after, 1), letter())


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Engineer développeur·euse förvärv 日本語 für –",
        "Re: role 𐀀𐀀 Engineer Senior général développeur·euse größere förvärv 𐀀𐀀 développeur·euse à",
        "Re: Ihre Bewerbung für die Stelle als Pflegefachkraft für Kinder in der größten Klinik der Länder",
    ],
)
def test_a_long_subject_with_accents_keeps_its_spaces(subject: str) -> None:
    assert words_of(build(letter(subject=subject)))[1] == subject


TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)
NAMES = st.text(st.characters(codec="utf-8"), max_size=60)


@properties
@given(TEXTS, NAMES, NAMES)
def test_what_is_written_is_what_is_read(body: str, subject: str, name: str) -> None:
    subject = reply_subject(subject)
    raw = build(letter(recipient=Address("mara@harbour.example", name), subject=subject, body=body))
    recipients, read_subject, text = words_of(raw)
    assert recipients == ("mara@harbour.example",)
    assert read_subject == scrub(subject)
    assert text == unicodedata.normalize("NFC", plain(body)).strip()
    assert raw.isascii()


def plain(text: str) -> str:
    """What of a text a mail may hold: no controls, no direction marks, one kind of line end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    dropped = {*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200E, 0x200F, 0xFEFF}
    return "".join(c for c in text if (ord(c) >= 32 or c in "\t\n") and ord(c) not in dropped).strip()


@properties
@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=40))
def test_any_address_and_thread_is_written_as_meant_or_refused(local: str, domain: str, parent: str) -> None:
    meant = letter(recipient=Address(f"{local}@{domain}", local), in_reply_to=parent, references=(parent,))
    try:
        raw = build(meant)
    except Unreadable:
        return
    assert raw.count(b"\r\nTo: ") + raw.count(b"\r\nTo:\r\n") == 1
    assert b"\r\nBcc:" not in raw


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Your application", "Re: Your application"),
        ("Re: Your application", "Re: Your application"),
        ("RE: re: Re[2]: Your application", "Re: Your application"),
        ("AW: Ihre Bewerbung", "Re: Ihre Bewerbung"),
        ("Antw: Uw sollicitatie", "Re: Uw sollicitatie"),
        ("SV: Din ansökan", "Re: Din ansökan"),
        ("RV: Su solicitud", "Re: Su solicitud"),
        ("RES: Sua candidatura", "Re: Sua candidatura"),
        ("Rif: La tua candidatura", "Re: La tua candidatura"),
        ("TR : Votre candidature", "Re: Votre candidature"),
        ("Réponse: Votre candidature", "Re: Réponse: Votre candidature"),
        ("Research role: no", "Re: Research role: no"),
        ("Re:", "Re: your message"),
        ("", "Re: your message"),
        ("no\r\nBcc: x@evil.example", "Re: no Bcc: x@evil.example"),
        ("=?utf-8?b?A?=", "Re: = ?utf-8?b?A?="),
        ("x" * 400, "Re: " + "x" * 196),
    ],
)
def test_an_answer_is_marked_once(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer
    assert reply_subject(answer) == answer
    build(letter(subject=answer))


def test_a_draft_the_person_changed_is_read_with_all_its_recipients() -> None:
    changed = EmailMessage()
    changed["To"], changed["Cc"], changed["Bcc"] = "mara@harbour.example", "b@c.example", "d@e.example"
    changed["Subject"] = "Re: no"
    changed.set_content("My own words.\n")
    assert words_of(changed.as_bytes()) == (
        ("mara@harbour.example", "b@c.example", "d@e.example"),
        "Re: no",
        "My own words.",
    )


@properties
@given(st.text(max_size=200))
def test_a_scrubbed_text_is_one_printable_line(text: str) -> None:
    scrubbed = scrub(text)
    assert scrubbed == scrub(scrubbed)
    assert not set(scrubbed) & {*map(chr, range(32)), "\x7f", "\u2028", "\u202e", "\u200b"}
    scrubbed.encode()


@pytest.mark.parametrize(
    ("results", "failed"),
    [
        ("mx.example; dmarc=fail (p=reject) header.from=harbour.example; spf=pass", True),
        ("mx.example; spf=fail smtp.mailfrom=x.example; dkim=none", True),
        ("mx.example; spf=fail smtp.mailfrom=x.example; dkim=pass", False),
        ("mx.example; dmarc=pass; spf=fail; dkim=fail", False),
        ("mx.example; spf=softfail; dkim=none", False),
        ("", False),
    ],
)
def test_a_mail_its_provider_calls_false_is_marked(results: str, failed: bool) -> None:
    fields = ["Authentication-Results: " + results] if results else []
    if results and not failed:
        fields.append("Authentication-Results: elsewhere.example; dmarc=fail")  # not the topmost: anybody's
    raw = "\n".join([*fields, "From: Mara <mara@harbour.example>", "Subject: hi", "", "hello", ""])
    found = mail.read(RawMail("INBOX", 1, 1, NOW, raw.encode()), "main", NOW)
    assert ("auth-failed" in found.signs) is failed


def test_who_stands_in_an_invitation_is_read_from_it() -> None:
    written = EmailMessage()
    written["From"] = "Scheduler <meet@slots.example>"
    written["Subject"] = "Confirmed"
    written.set_content("Your meeting is booked.")
    event = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
        "ATTENDEE;CN=Sam Doe;ROLE=REQ-PARTICIPANT:mailto:sam@example.or\r\n"
        ' g\r\nATTENDEE;CN="Keane, Tom":mailto:tom@harbour.example\r\n'
        "ORGANIZER;CN=Priya Nair:mailto:priya@harbour.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    written.add_alternative(event, subtype="calendar", params={"method": "REQUEST"})
    found = mail.read(RawMail("INBOX", 1, 1, NOW, written.as_bytes()), "main", NOW)
    assert found.calendar_method == "REQUEST"
    assert found.invited == (
        Address("priya@harbour.example", "Priya Nair"),
        Address("sam@example.org", "Sam Doe"),
        Address("tom@harbour.example", "Keane, Tom"),
    )
