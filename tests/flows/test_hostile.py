"""Hostile mail: read within bounds or set aside with a reason, and nothing of it reaches a letter or the log."""

from __future__ import annotations

import email
import email.header
import email.policy
import json
import logging
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

import pytest

from flows import bombs
from flows.bombs import BOMBS, CANARY, Heard, Rig, Thrown, mail_of, mails_in
from flows.home import BEGIN, OWN, Home, PowerCut, chatter, classifier, rejection
from onward import actions
from onward.core import mail
from onward.core.letters import plan_letter
from onward.core.model import (
    Address,
    Found,
    Known,
    Label,
    Letter,
    Message,
    Prediction,
    RawMail,
    Refused,
    Stage,
    Unreadable,
)
from onward.demo.server import EmbeddedServer
from onward.edges.store import Draft, Store
from onward.notices import notice_mail
from onward.outbox import Identity, Outbox

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "hostile.tar.gz"
FIELDS = {
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "x-draft-key"),
    *("mime-version", "content-type", "content-transfer-encoding"),
}
MUTANTS = 3_000


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Everything the log is told, at every level."""
    handler, root = Heard(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(before)
    root.removeHandler(handler)


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(reader: object = None) -> Rig:
        rig = Rig(tmp_path / f"rig{len(made)}", reader or classifier())  # type: ignore[arg-type]
        made.append(rig)
        return rig

    yield make
    for rig in made:
        rig.close()


class EverythingIsANo:
    """The most gullible reader there is: every mail is a no of whoever says to have sent it, about `named`."""

    def __init__(self, named: str = "Harbour Optics") -> None:
        self.named = named

    def predict(self, message: Message) -> Prediction:
        return Prediction(
            Label.REJECTION,
            0.99,
            {Label.REJECTION: 0.99},
            evidence=message.text[:200],
            language="en",
            company=Found(f"{self.named} {message.uid}"),
            role=Found(f"{self.named} {message.uid}"),
            contact=message.sender,
            feedback_offered=True,
        )


def drafts_of(rig: Rig) -> list[tuple[Draft, bytes]]:
    """Every draft and the bytes the outbox would lay into the mailbox; those refused as unfit are left out."""
    box = outbox(rig)
    found = []
    for draft in rig.store.drafts():
        try:
            found.append((draft, box.draft_mail(draft)[0]))
        except Unreadable:  # the outbox tells the person; nothing is laid anywhere
            continue
    return found


def outbox(rig: Rig, said: list[tuple[str, str]] | None = None) -> Outbox:
    def desktop(title: str, body: str, tag: str) -> bool:
        if said is not None:
            said.append((title, body))
        return True

    return Outbox(
        store=rig.store,
        identities={"main": Identity(lambda: (_ for _ in ()).throw(AssertionError), Address(OWN, "Sam Doe"))},
        renderer=rig.pipeline.renderer,
        policy=rig.policy,
        clock=rig.clock,
        calendar_file=rig.path / "reflections.ics",
        desktop=desktop,
    )


def header_lines(raw: bytes) -> list[str]:
    """The header block, one entry a field, as another program would see it."""
    head, _, _ = raw.partition(b"\r\n\r\n")
    return re.sub(rb"\r\n(?=[ \t])", b"", head).decode("ascii").split("\r\n")


def assert_sound(meant: Address, raw: bytes) -> None:
    """Every field known and there once, the one recipient, no long line, no bare line end: seen from outside."""
    names = [line.partition(":")[0].lower() for line in header_lines(raw)]
    assert set(names) <= FIELDS
    assert len(names) == len(set(names))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw)
    tree = email.message_from_bytes(raw)
    ((_, recipient),) = getaddresses([str(tree["To"])])
    assert recipient.rpartition("@")[2].encode().decode("idna") == meant.email.rpartition("@")[2]
    assert recipient.rpartition("@")[0] == meant.email.rpartition("@")[0]


# --- bombs -------------------------------------------------------------------------------------------------


def throw_all(*arguments: str) -> tuple[dict[str, Thrown], dict[str, object]]:
    """`python -m flows.bombs` in a process of its own; what it found, and its summary."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    done = subprocess.run(
        [sys.executable, "-m", "flows.bombs", *arguments],
        cwd=Path(__file__).parents[1],
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stdout, done.stderr[-2000:]
    *lines, summary = [json.loads(line) for line in done.stdout.splitlines()]
    print(summary)
    return {line["name"]: Thrown(**line) for line in lines}, summary


@pytest.fixture(scope="module")
def thrown() -> dict[str, Thrown]:
    return throw_all()[0]


def test_there_are_twenty_seven_bombs_each_with_a_name_of_its_own() -> None:
    assert len({bomb.name for bomb in BOMBS}) == len(BOMBS) == 27


@pytest.mark.parametrize("name", [bomb.name for bomb in BOMBS])
def test_a_bomb_is_read_or_set_aside_in_time_and_the_next_mail_is_handled(thrown: dict[str, Thrown], name: str) -> None:
    found = thrown[name]
    assert found.state == "handled" or (found.state == "stuck" and found.reason)
    assert found.seconds <= 10
    assert found.peak_mb <= 1024
    assert (found.after_state, found.after <= 5) == ("handled", True)
    assert not found.leaks


@pytest.mark.skipif(not ARCHIVE.exists(), reason=f"{ARCHIVE.name} is not beside the project")
def test_the_nasty_mails_of_other_projects_do_no_harm() -> None:
    found, summary = throw_all("--tar", str(ARCHIVE))
    assert len(found) > 500
    assert [each for each in found.values() if not each.held] == []
    assert summary["peak_mb"] <= 1024  # type: ignore[operator]


@pytest.mark.skipif(not ARCHIVE.exists(), reason=f"{ARCHIVE.name} is not beside the project")
def test_whatever_is_drafted_to_nasty_mails_is_sound_and_goes_to_who_wrote_them(make_rig: Callable[..., Rig]) -> None:
    policy, gullible, written = make_rig().policy, EverythingIsANo(), 0
    for _, raw in mails_in(ARCHIVE):
        message = mail.read(RawMail("INBOX", 1, 1, BEGIN, raw), "main", BEGIN, policy.own_addresses)
        letter, _ = plan_letter(message, gullible.predict(message), Stage.FINAL, policy, Known())
        written_mail = write_or_refuse(letter) if letter is not None else None
        if letter is not None and written_mail is not None:
            assert_sound(letter.recipient, written_mail)
            assert letter.recipient.email.lower() in senders(raw)
            written += 1
    assert written > 200


def senders(raw: bytes) -> str:
    """What From and Reply-To say, encoded words included, in lower case."""
    head, _, _ = re.sub(rb"\r\n?", b"\n", raw).lstrip(b"\n").partition(b"\n\n")
    fields = re.findall(r"(?im)^(?:from|reply-to)[ \t]*:(.*(?:\n[ \t].*)*)", head.decode("utf-8", "replace"))
    said = [" ".join(field.split()) for field in fields]
    said += [decoded(each) for each in said if "=?" in each]
    return " ".join(said + [address for _, address in getaddresses(said)]).lower()  # comments within and without


def test_whatever_is_drafted_to_bombs_is_sound(make_rig: Callable[..., Rig], heard: Heard) -> None:
    rig = make_rig(EverythingIsANo())
    small = [bomb for bomb in BOMBS if bomb.name not in ("30 MB base64", "zip bomb", "100k parts")]
    rig.throw(*(replace_id(bomb.build(), number) for number, bomb in enumerate(small)))
    drafts = drafts_of(rig)
    assert len(drafts) >= 5
    for draft, raw in drafts:
        assert_sound(draft.recipient, raw)
        assert draft.recipient.email == f"mara.{CANARY}@harbour.example"
    assert heard.with_any([CANARY]) == []
    assert heard.forged() == []


def decoded(value: str) -> str:
    """A field with its encoded words decoded."""
    return str(email.header.make_header(email.header.decode_header(value)))


def replace_id(raw: bytes, number: int) -> bytes:
    """The same mail under a Message-ID of its own."""
    return raw.replace(f"<{CANARY}@".encode(), f"<{CANARY}{number}@".encode(), 1)


# --- what must not get through -----------------------------------------------------------------------------

INJECTED = "=0D=0ABcc:_x@evil.example"


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": f"=?utf-8?q?Your_application{INJECTED}?="},
        {"from": f"=?utf-8?q?Mara{INJECTED}?= <mara@harbour.example>"},
        {"from": f'"Mara =?utf-8?q?{INJECTED}?=" <mara@harbour.example>'},
        {"message_id": f"=?utf-8?q?<no{INJECTED}@harbour.example>?="},
        {"message_id": f"<no=?utf-8?q?{INJECTED}?=@harbour.example>"},
        {"message_id": "<no@harbour.example>\r\n\tBcc: x@evil.example"},
        {"references": f"<a@b.example> =?utf-8?q?{INJECTED}?= <c@d.example>"},
        {"references": f"<a=?utf-8?q?{INJECTED}?=@b.example>"},
        {"in_reply_to": f"=?utf-8?q?<a@b.example>{INJECTED}?="},
        {"reply_to": f"=?utf-8?q?Mara{INJECTED}?= <mara@harbour.example>"},
        {"to": f"=?utf-8?q?Sam{INJECTED}?= <{OWN}>"},
        {"subject": "Your application\r\n \r\n\tBcc: x@evil.example"},
        {"subject": "Your application\rBcc: x@evil.example"},
        {"subject": "Your application\u2028Bcc: x@evil.example"},
    ],
)
def test_an_injected_field_never_reaches_the_draft(
    make_rig: Callable[..., Rig], heard: Heard, fields: dict[str, str]
) -> None:
    plain = {"from": "Mara Lindqvist <mara@harbour.example>", "message_id": "<no-1@harbour.example>"}
    rig = make_rig(EverythingIsANo())
    rig.throw(mail_of(bombs.WORDS, **(plain | fields)))
    drafts = drafts_of(rig)
    assert drafts or "=?" in fields.get("from", "")  # such a sender is taken for none, or for somebody who poses
    for draft, raw in drafts:
        assert_sound(draft.recipient, raw)
        assert draft.recipient.email == "mara@harbour.example"
        assert [line for line in header_lines(raw) if line.lower().startswith(("bcc", "cc"))] == []
        for line in header_lines(raw):  # however often another program decodes it, it stays one line
            assert not re.search(r"[\r\n\x00-\x1f\u2028]", decoded(decoded(line)))
    assert heard.with_any(["evil.example", "harbour.example", "Your application", CANARY]) == []
    assert heard.forged() == []


SEVENS = "{{7*7}}{% for x in y %}{{ config }}"


def test_template_words_in_a_mail_stay_words_in_letters_and_reminders(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(EverythingIsANo(SEVENS))
    fields = dict.fromkeys(("from", "reply_to"), f"{SEVENS} <mara@harbour.example>")
    fields |= {"subject": SEVENS, "to": f"{SEVENS} <{OWN}>", "references": f"<{SEVENS}@b>", "list_id": SEVENS}
    rig.throw(mail_of(f"{SEVENS}\r\n\r\n{bombs.WORDS}", message_id="<{{7*7}}@harbour.example>", **fields))
    ((draft, raw),) = drafts_of(rig)
    words = mail.words_of(raw)
    assert SEVENS in words[1]
    assert SEVENS in words[2]
    assert "49" not in draft.body
    said: list[tuple[str, str]] = []
    box = outbox(rig, said)
    reminders = rig.store.rows(
        "SELECT key FROM effect WHERE kind = 'notify_mail' AND key NOT LIKE '%:letter:%' ORDER BY due_at"
    )
    assert len(reminders) >= 3
    for row in reminders:
        effect = rig.store.get_effect(row["key"])
        assert effect is not None
        notice = box._notice(effect)
        assert notice is not None
        letter, _ = notice_mail(effect, notice, Address(OWN))
        assert SEVENS in mail.words_of(letter)[2]
        assert "49" not in mail.words_of(letter)[2]


def test_template_words_a_sender_writes_stay_words_with_the_reader_that_ships(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.throw(rejection(1, company="{{7*7}} Optics", role="{{7*7}} Engineer"))
    ((draft, raw),) = drafts_of(rig)
    assert "{{7*7}}" in draft.subject
    assert "49" not in raw.decode()


def test_the_log_says_nothing_of_what_mails_say(make_rig: Callable[..., Rig], heard: Heard) -> None:
    rig = make_rig()
    forged = "=?utf-8?q?no=0D=0Adecided_message=3Dfeed?="
    rig.throw(
        rejection(1),
        chatter(1),
        mail_of(bombs.WORDS, subject=f"{CANARY} =?utf-8?b?A?="),  # mail-parser logs what it cannot decode
        mail_of(bombs.WORDS, subject=f"{CANARY} {forged} \x1b]52;c;aGk=\x07", message_id="<2@b.example>"),
        bombs.nested(3_000),
    )
    assert any("decided message=" in line for line in heard.lines)
    assert heard.with_any([*rig.secrets(), CANARY, "message=feed", "harbour"]) == []
    assert heard.forged() == []


# --- mails that kill ---------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with EmbeddedServer(users={"sam": "secret"}) as server:
        yield Home(tmp_path / "home", server)


def kill_whoever_reads(monkeypatch: pytest.MonkeyPatch, subject: bytes, times: int) -> list[int]:
    """The process is gone whenever a mail with this in it is read, `times` times."""
    kills: list[int] = []
    read = mail.read

    def deadly(raw: RawMail, *arguments: object) -> Message:
        if raw.problem is None and subject in raw.raw and len(kills) < times:
            kills.append(raw.uid)
            raise PowerCut("read")
        return read(raw, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(mail, "read", deadly)
    return kills


def lives_until_quiet(home: Home) -> int:
    """How many times the process had to be started until a round came to its end."""
    for life in range(1, 20):
        if home.run():
            return life
    raise AssertionError("it never gets past the mail")


def test_a_mail_whose_reading_kills_the_process_is_set_aside_after_three_attempts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.deliver(mail_of(bombs.WORDS, subject="deadly"))
    kills = kill_whoever_reads(monkeypatch, b"deadly", 1_000)
    assert lives_until_quiet(home) == 4
    assert len(kills) == 3
    assert home.rows("SELECT state, reason FROM message WHERE uid = 1") == [
        {"state": "stuck", "reason": "reading it was cut short 3 times"}
    ]


def test_the_mails_around_one_that_kills_are_handled(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 4):
        home.deliver(rejection(number))
    deadly = home.deliver(mail_of(bombs.WORDS, subject="deadly"))
    for number in range(4, 7):
        home.deliver(rejection(number))
    kills = kill_whoever_reads(monkeypatch, b"deadly", 1_000)
    lives_until_quiet(home)
    assert len(kills) == 4  # once among the others, which blames nobody, then three times alone
    stuck = home.rows("SELECT uid, reason FROM message WHERE state = 'stuck'")
    assert stuck == [{"uid": deadly, "reason": "reading it was cut short 3 times"}]
    labels = home.rows("SELECT label, COUNT(*) AS n FROM verdict WHERE label = 'rejection' GROUP BY label")
    assert labels == [{"label": "rejection", "n": 6}]
    assert len(home.sessions) == 6


def test_a_mail_that_killed_three_times_by_bad_luck_is_still_handled(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.deliver(rejection(1))
    home.deliver(rejection(2))
    kill_whoever_reads(monkeypatch, b"Harbour2", 3)
    lives_until_quiet(home)
    assert home.rows("SELECT 1 FROM message WHERE state = 'stuck'") == []
    assert len(home.sessions) == 2


class Stumbling:
    """The shipped reader, which stumbles over mails with a word in their subject while `times` lasts."""

    def __init__(self, word: str, error: BaseException, times: int = 1_000) -> None:
        self.word, self.error, self.times, self.stumbles = word, error, times, 0

    def predict(self, message: Message) -> Prediction:
        if self.word in message.subject and self.stumbles < self.times:
            self.stumbles += 1
            raise self.error
        return classifier().predict(message)


def test_a_mail_whose_handling_fails_three_times_is_stuck_and_can_be_tried_again(
    make_rig: Callable[..., Rig], heard: Heard
) -> None:
    stumbling = Stumbling("Harbour2", ValueError(f"odd\r\nmail of {CANARY}"), times=3)
    rig = make_rig(stumbling)
    rig.throw(rejection(1), rejection(2), rejection(3))
    assert [rig.fate(uid) for uid in (1, 3)] == [("handled", ""), ("handled", "")]
    assert rig.fate(2) == ("stuck", f"ValueError: odd mail of {CANARY}")
    assert stumbling.stumbles == 3
    (row,) = rig.store.rows("SELECT key FROM message WHERE uid = 2")
    actions.retry_stuck(rig.store, str(row["key"])[:8])
    while rig.pipeline.handle_next():
        pass
    assert rig.fate(2) == ("handled", "")
    assert len(rig.store.drafts()) == 3
    assert heard.with_any([CANARY, "Harbour"]) == []


def test_a_mail_whose_handling_kills_the_process_is_set_aside_too(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(Stumbling("Harbour2", PowerCut("handle")))
    rig.receive(rejection(1), rejection(2), rejection(3))
    for _ in range(10):
        try:
            if not rig.pipeline.handle_next():
                break
        except PowerCut:
            continue
    assert [rig.fate(uid)[0] for uid in (1, 2, 3)] == ["handled", "stuck", "handled"]
    assert rig.fate(2)[1] == "handling it was cut short 3 times"


def test_a_quiet_mail_that_cannot_be_saved_does_not_stop_the_quiet_ones_beside_it(
    make_rig: Callable[..., Rig],
) -> None:
    class Odd:
        def predict(self, message: Message) -> Prediction:
            found = classifier().predict(message)
            return replace(found, language="\ud800") if "number 2 " in message.subject else found

    rig = make_rig(Odd())
    rig.throw(*(chatter(number) for number in (1, 2, 3)), at=BEGIN.replace(month=1))
    assert [rig.fate(uid)[0] for uid in (1, 2, 3)] == ["handled", "stuck", "handled"]


def test_a_mail_that_could_never_be_read_is_not_tried_again(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.throw(bombs.parts(10_000))
    (row,) = rig.store.rows("SELECT key, state FROM message")
    assert row["state"] == "stuck"
    with pytest.raises(Refused, match="open it in your mail program"):
        actions.retry_stuck(rig.store, row["key"])


# --- mutants -----------------------------------------------------------------------------------------------


def originals() -> list[bytes]:
    """Small mails of every shape there is, for mutating."""
    alternative = EmailMessage()
    alternative["From"], alternative["To"] = "Jörg Müller <j.mueller@harbour.example>", OWN
    alternative["Subject"] = "Ihre Bewerbung als Datenbankentwickler (m/w/d) – Absage für Größe"
    alternative["Message-ID"], alternative["References"] = "<a1@harbour.example>", "<a0@harbour.example> <b@c.example>"
    alternative.set_content("Leider müssen wir Ihnen absagen.\n" * 5, cte="quoted-printable")
    alternative.add_alternative("<html><body><p>Leider <b>müssen</b> wir absagen.</p></body></html>", subtype="html")
    alternative.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="Brief ä.pdf")
    carrier = EmailMessage()
    carrier["From"], carrier["To"], carrier["Subject"] = "x@y.example", OWN, "Fwd: no"
    carrier.set_content("see below")
    carrier.add_attachment(email.message_from_bytes(rejection(2), policy=email.policy.default))
    invite = mail_of(
        f"--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{bombs.WORDS}"
        "\r\n--x\r\nContent-Type: text/calendar; method=CANCEL\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n--x--\r\n",
        kind='multipart/alternative; boundary="x"',
    )
    html_only = mail_of("<style>p{}</style><p>We have decided not to move forward.<br>Mara</p>", kind="text/html")
    encoded = mail_of(
        "VW5mb3J0dW5hdGVseSB3ZSB3aWxsIG5vdCBtb3ZlIGZvcndhcmQu\r\n",
        "Content-Transfer-Encoding: base64",
        "Reply-To: =?utf-8?b?SsO2cmc=?= <jobs@harbour.example>, <x@harbour.example>",
        subject="=?utf-8?q?Ihre_Bewerbung?= =?iso-8859-1?q?_f=FCr?=\r\n =?gb18030?b?xOO6ww==?=",
    )
    report = mail_of("--r\r\n\r\ngone\r\n--r--\r\n", kind="multipart/report; boundary=r", **{"from": "<>"})
    listed = [rejection(1), chatter(1), invite, html_only, encoded, report, bombs.nested(5), bombs.chained(3)]
    return [*listed, alternative.as_bytes(), carrier.as_bytes()]


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """The mail with one to four things wrong with it."""
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(raw) + 1)
        match chance.randrange(8):
            case 0:
                raw = raw[:place] + bytes([chance.randrange(256)]) + raw[place + 1 :]
            case 1:
                raw = raw[: place or 1]
            case 2:
                raw = raw[:place] + raw[place + chance.randrange(200) :]
            case 3:  # a field, or any line, twice
                lines = raw.split(b"\n")
                line = chance.choice(lines)
                lines.insert(chance.randrange(len(lines)), line)
                raw = b"\n".join(lines)
            case 4:  # boundaries swapped, opened, closed
                marks = re.findall(rb"\n--[^\n]{1,70}", raw) or [b"\n--x"]
                raw = raw[:place] + chance.choice(marks) + chance.choice((b"", b"--", b"\n", b"x")) + raw[place:]
            case 5:  # lines in another order
                lines = raw.split(b"\n")
                one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
                lines[one], lines[other] = lines[other], lines[one]
                raw = b"\n".join(lines)
            case 6:
                odd = (
                    b"\x00",
                    b"\r",
                    b"\xff\xfe",
                    b"=?utf-8?b?",
                    b"?=",
                    b'"',
                    b"(",
                    b";",
                    b"<",
                    b"=\n",
                    b"\xed\xa0\x80",
                )
                raw = raw[:place] + chance.choice(odd) * chance.randint(1, 3) + raw[place:]
            case _:
                words = (b"text/plain", b"multipart/mixed", b"message/rfc822", b"utf-8", b"base64", b"boundary")
                raw = raw.replace(chance.choice(words), chance.choice(words), 1)
    return raw


def test_three_thousand_mutants_escape_nobody(make_rig: Callable[..., Rig]) -> None:
    chance = random.Random(20261122)
    sources = originals()
    began = time.process_time()
    gullible, shipped, rig = EverythingIsANo(), classifier(), make_rig()
    mutants = [mutate(chance.choice(sources), chance) for _ in range(MUTANTS)]
    written = 0
    for number, raw in enumerate(mutants):
        try:
            message = mail.read(RawMail("INBOX", 1, number, BEGIN, raw), "main", BEGIN, frozenset({OWN}))
        except Unreadable as unreadable:
            assert str(unreadable)
            continue
        shipped.predict(message)
        letter, _ = plan_letter(message, gullible.predict(message), Stage.FINAL, rig.policy, Known())
        if letter is not None:
            written += write_or_refuse(letter) is not None
    assert written > MUTANTS / 4
    for some in range(0, MUTANTS, 250):
        rig.throw(*mutants[some : some + 250], at=BEGIN.replace(month=1))
    assert rig.store.rows("SELECT 1 FROM message WHERE state = 'received'") == []
    assert rig.store.rows("SELECT 1 FROM message WHERE state = 'stuck' AND COALESCE(reason, '') = ''") == []
    seconds = time.process_time() - began
    print(f"{MUTANTS} mutants in {seconds:.1f} s, {written} letters")
    assert seconds < 40  # four readings of each; twice what a quiet machine needs


def write_or_refuse(letter: Letter) -> bytes | None:
    """One letter as a mail, or None where it is refused as unfit; anything else escapes."""
    outgoing = mail.Outgoing(
        sender=letter.from_address,
        recipient=letter.recipient,
        subject=letter.subject,
        body="\n".join(letter.facts.values()),
        message_id=mail.new_message_id(letter.subject, letter.from_address),
        date=BEGIN,
        in_reply_to=letter.in_reply_to,
        references=letter.references,
        key=letter.subject,
    )
    try:
        return mail.build(outgoing)
    except Unreadable:
        return None


def test_the_store_is_whole_after_all_of_it(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.throw(*(bomb.build() for bomb in BOMBS if bomb.name in ("NUL and bare CR", "absurd dates", "one endless line")))
    again = Store(rig.path / "onward.db")
    assert again.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    again.close()
