"""Past mail replayed shows what Onward would have done, in order, at the time it came, and touches nothing."""

from __future__ import annotations

import json
import mailbox
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from onward import rehearse
from onward.core.model import ConfigError, Found, Label, Message, Prediction, Refused
from onward.demo.server import EmbeddedServer
from onward_classifiers.score import Classifier

NOW = datetime.now(UTC).replace(microsecond=0)
OWN = "sam.doe@example.org"
LONG_AGO = NOW - timedelta(days=60)
CLASSIFIED = ["file", "label", "confidence", "probabilities", "evidence", "language", "company", "role", "contact"]
REHEARSED = [
    *("file", "message_id", "label", "confidence", "evidence", "language", "company", "role", "stage", "contact"),
    *("application", "draft", "draft_reason", "draft_text", "session", "session_start", "feedback_theme"),
]


@dataclass
class PlainReader:
    """Takes a mail for what its subject begins with, 'rejection: Acme'; 'perhaps' is a rejection half believed."""

    def predict(self, message: Message) -> Prediction:
        word, _, company = message.subject.partition(": ")
        if "own" in message.signs:
            return Prediction(Label.OTHER, 0.99, {Label.OTHER: 0.99})
        if word == "broken":
            raise RuntimeError("no words for this")
        if word == "perhaps":
            return Prediction(
                Label.STATUS_UPDATE, 0.5, {Label.STATUS_UPDATE: 0.5, Label.REJECTION: 0.45}, "hm", language="en"
            )
        label = Label(word) if word in set(Label) else Label.OTHER
        return Prediction(
            label,
            0.97,
            {label: 0.97},
            evidence=message.text.split("\n")[0],
            language="en",
            company=Found(company) if company else None,
            role=Found("Data Engineer"),
            contact=message.sender,
        )


@pytest.fixture(autouse=True)
def nobody_configured(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No configuration, a plain reader, and a place for temporary files that can be looked at."""
    here = tmp_path_factory.mktemp("apart")
    (here / "temporary").mkdir()
    monkeypatch.setenv("ONWARD_CONFIG", str(here / "config.toml"))
    monkeypatch.setenv("ONWARD_HOME", str(here / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(here / "temporary"))
    monkeypatch.setattr(Classifier, "load", lambda home: PlainReader())
    return here


def raw_mail(
    subject: str,
    at: datetime = LONG_AGO,
    number: int = 1,
    sender: str = "Mara Lindqvist <mara@acme.example>",
    to: str = f"Sam Doe <{OWN}>",
    text: str = "Dear Sam, here is what we have to say.\n\nMara",
) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Date"], made["Message-ID"] = format_datetime(at), f"<m{number}-{at:%Y%m%d%H%M}@acme.example>"
    made.set_content(text)
    return made.as_bytes()


def write(folder: Path, **mails: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in mails.items():
        (folder / f"{name}.eml").write_bytes(raw)
    return folder


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def rehearsed(capsys: pytest.CaptureFixture[str], *paths: Path) -> list[dict[str, Any]]:
    assert rehearse.rehearse_command(paths, None, None, as_json=True) == 0
    return said(capsys)


# --- what a line says ----------------------------------------------------------------------------------------


def test_a_rehearsed_mail_has_exactly_the_promised_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [row] = rehearsed(capsys, write(tmp_path, no=raw_mail("rejection: Acme")))
    assert list(row) == REHEARSED
    assert row["label"] == "rejection"
    assert row["stage"] == "application"
    assert row["contact"] == "mara@acme.example"
    assert row["company"] == "Acme"
    assert isinstance(row["application"], int)
    assert row["draft_reason"] == "a person wrote, no interview yet: a short thank-you"
    assert row["feedback_theme"] is None
    assert row["message_id"] == f"<m1-{LONG_AGO:%Y%m%d%H%M}@acme.example>"


def test_a_classified_mail_has_exactly_the_promised_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rehearse.classify_command([write(tmp_path, no=raw_mail("rejection: Acme"))], as_json=True) == 0
    [row] = said(capsys)
    assert list(row) == CLASSIFIED
    assert set(row["probabilities"]) == set(Label)
    assert row["file"] == str(tmp_path / "no.eml")
    assert (row["label"], row["contact"], row["role"]) == ("rejection", "mara@acme.example", "Data Engineer")


def test_classify_knows_no_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=raw_mail("rejection: Acme"), b=raw_mail("rejection: Acme"))
    assert rehearse.classify_command([tmp_path], as_json=True) == 0
    first, second = said(capsys)
    assert first | {"file": ""} == second | {"file": ""}


# --- time ----------------------------------------------------------------------------------------------------


def test_mails_are_told_in_order_of_arrival(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        tmp_path,
        a=raw_mail("other", LONG_AGO + timedelta(days=3)),
        b=raw_mail("other", LONG_AGO),
        c=raw_mail("other", LONG_AGO + timedelta(days=1)),
    )
    assert [Path(row["file"]).stem for row in rehearsed(capsys, tmp_path)] == ["b", "c", "a"]


def test_the_clock_stands_at_each_arrival(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [row] = rehearsed(capsys, write(tmp_path, no=raw_mail("rejection: Acme", LONG_AGO)))
    assert row["draft"] is True
    assert row["draft_text"].startswith("Dear Mara,")
    assert row["draft_text"].rstrip().endswith("Sam Doe")
    start = datetime.fromisoformat(row["session_start"])
    assert row["session"] is True
    assert row["session_start"].endswith("+00:00")
    assert LONG_AGO <= start <= LONG_AGO + timedelta(hours=48)


def test_what_came_before_tells_the_stage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, word in enumerate(["acknowledgement", "interview", "status_update", "rejection", "feedback_reply"]):
        write(tmp_path, **{word: raw_mail(f"{word}: Acme", LONG_AGO + timedelta(days=number), number)})
    rows = rehearsed(capsys, tmp_path)
    assert [row["stage"] for row in rows] == [None, None, None, "interview", None]
    assert len({row["application"] for row in rows}) == 1
    assert [row["draft"] for row in rows] == [False, False, False, True, False]
    assert rows[3]["draft_text"].count("?") == 1


def test_an_arrival_is_the_topmost_received_then_the_date_then_the_file(tmp_path: Path) -> None:
    def arrival(head: str) -> datetime:
        (tmp_path / "one.eml").write_text(f"{head}Subject: x\n\ntext\n")
        os.utime(tmp_path / "one.eml", (1_600_000_000, 1_600_000_000))
        return next(rehearse.read_paths([tmp_path / "one.eml"])).arrived_at

    received = (
        "Received: from a by b\n\tfor <c>; Tue, 3 Feb 2026 10:00:00 +0100 (CET)\n"
        "Received: by a; Mon, 2 Feb 2026 1:00:00 +0000\n"
    )
    date = "Date: Sun, 1 Feb 2026 12:00:00 +0000\n"
    assert arrival(received + date) == datetime(2026, 2, 3, 9, tzinfo=UTC)
    assert arrival(date) == datetime(2026, 2, 1, 12, tzinfo=UTC)
    assert arrival("Received: from a by b; never\n" + date) == datetime(2026, 2, 1, 12, tzinfo=UTC)
    assert arrival("Received: by b; Tue, 3 Feb 2099 10:00:00 +0000\n" + date) == datetime(2026, 2, 1, 12, tzinfo=UTC)
    assert arrival("Date: yesterday\n") == datetime.fromtimestamp(1_600_000_000, UTC)


# --- one no, one letter --------------------------------------------------------------------------------------


def test_the_same_mail_twice_is_one_letter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=raw_mail("rejection: Acme"), b=raw_mail("rejection: Acme"))
    first, second = rehearsed(capsys, tmp_path)
    assert (first["draft"], second["draft"]) == (True, False)
    assert (first["session"], second["session"]) == (True, False)
    assert second["draft_reason"] == "the same mail came before: one no, one letter, one session"
    assert first["application"] == second["application"]


def test_a_second_no_to_one_application_belongs_to_it_and_is_not_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, a=raw_mail("rejection: Acme", number=1, text="No."))
    write(tmp_path, b=raw_mail("rejection: Acme", LONG_AGO + timedelta(hours=1), number=2, text="Really no."))
    first, second = rehearsed(capsys, tmp_path)
    assert second["draft"] is False
    assert second["application"] == first["application"]


def test_a_question_counts_as_what_was_predicted_and_drafts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [row] = rehearsed(capsys, write(tmp_path, a=raw_mail("perhaps: Acme")))
    assert (row["label"], row["confidence"], row["draft"], row["session"]) == ("status_update", 0.5, False, False)
    assert row["draft_reason"] == "not sure enough to act: the question is yours"


# --- whose mail it is ----------------------------------------------------------------------------------------


def test_without_a_configuration_the_person_is_who_most_mail_was_sent_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        tmp_path,
        a=raw_mail("other", number=1, to="list@example.com"),
        b=raw_mail("other", number=2, to="=?utf-8?q?S=C3=A5m?= Doe <Sam.Doe@Example.org>"),
        c=raw_mail("rejection: Acme", number=3, to=f"{OWN}, hr@acme.example"),
        d=raw_mail("rejection: Mine", number=4, sender=f"Sam <{OWN}>"),
        e=raw_mail("other", number=5, to="=?utf-8?q?S=C3=A5m?= Doe <Sam.Doe@Example.org>"),
    )
    rows = {Path(row["file"]).stem: row for row in rehearsed(capsys, tmp_path)}
    assert rows["c"]["draft_text"].rstrip().endswith("Såm Doe")
    assert rows["d"]["label"] == "other"


def test_a_letter_of_nobody_known_is_signed_with_nothing_odd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [row] = rehearsed(capsys, write(tmp_path, a=raw_mail("rejection: Acme", to="undisclosed-recipients:;")))
    assert row["draft_text"].rstrip().endswith("Best regards,")


def test_a_configuration_says_who_signs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], nobody_configured: Path
) -> None:
    (nobody_configured / "config.toml").write_text(
        f'name = "S. Doe"\ntimezone = "Europe/Berlin"\n[[account]]\naddress = "{OWN}"\nhost = "imap.example.org"\n'
    )
    [row] = rehearsed(capsys, write(tmp_path, a=raw_mail("rejection: Acme")))
    assert row["draft_text"].rstrip().endswith("S. Doe")


# --- nothing is touched --------------------------------------------------------------------------------------


def test_nothing_is_touched_and_nothing_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], nobody_configured: Path
) -> None:
    all_kinds(tmp_path)
    for path in tmp_path.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    before = [(p, p.stat().st_atime_ns, p.stat().st_mtime_ns) for p in sorted(tmp_path.rglob("*")) if p.is_file()]
    kept = {p: p.read_bytes() for p, _, _ in before}
    for path, atime, mtime in before:
        os.utime(path, ns=(atime, mtime))
    rehearsed(capsys, tmp_path)
    rehearse.classify_command([tmp_path], as_json=False)
    after = [(p, p.stat().st_atime_ns, p.stat().st_mtime_ns) for p in sorted(tmp_path.rglob("*")) if p.is_file()]
    assert after == before
    assert {p: p.read_bytes() for p in kept} == kept
    assert [path.name for path in nobody_configured.iterdir()] == ["temporary"]
    assert list((nobody_configured / "temporary").iterdir()) == []


def test_told_to_end_it_still_takes_its_copies_along(tmp_path: Path) -> None:
    mails, temporary = tmp_path / "mails", tmp_path / "temporary"
    temporary.mkdir()
    write(mails, **{f"m{number}": raw_mail("other", number=number) for number in range(300)})
    program = (
        "from onward.rehearse import rehearse_command; import sys; rehearse_command(sys.argv[1:], None, None, True)"
    )
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(mails)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        running.stdout.read()
    assert running.returncode == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []


def test_an_account_is_only_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], nobody_configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAM_PASSWORD", "secret")
    with EmbeddedServer({OWN: "secret"}) as server:
        inbox = server.mailbox("INBOX")
        inbox.deliver(raw_mail("rejection: Acme", NOW - timedelta(days=40)), NOW - timedelta(days=40))
        inbox.deliver(raw_mail("other", NOW - timedelta(days=200), 2), NOW - timedelta(days=200))
        before = inbox.messages
        (nobody_configured / "config.toml").write_text(
            f'name = "Sam Doe"\n[[account]]\nname = "main"\naddress = "{OWN}"\nhost = "127.0.0.1"\n'
            f'port = {server.port}\nsecurity = "plain"\npassword_env = "SAM_PASSWORD"\n'
        )
        assert rehearse.rehearse_command([], "main", "90d", as_json=True) == 0
        [row] = said(capsys)
        assert inbox.messages == before
        assert not server.mailbox("Drafts").messages
        words = b" ".join(line.upper() for _, line in server.log)
    assert (row["file"], row["draft"]) == ("main/INBOX#1", True)
    assert b"EXAMINE" in words
    assert not any(verb in words for verb in (b"SELECT", b"APPEND", b"STORE", b"BODY["))
    assert [path.name for path in nobody_configured.iterdir() if path.name != "config.toml"] == ["temporary"]


def test_an_account_nobody_configured_is_a_sentence(nobody_configured: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration at"):
        rehearse.rehearse_command([], "main", None, as_json=True)


@pytest.mark.parametrize("account", [None, "main"])
def test_paths_or_an_account_one_of_the_two(tmp_path: Path, account: str | None) -> None:
    with pytest.raises(Refused, match="one of the two"):
        rehearse.rehearse_command([tmp_path] if account else [], account, None, as_json=True)


def test_since_is_a_length_of_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=raw_mail("other", NOW - timedelta(days=100), 1), b=raw_mail("other", NOW - timedelta(days=5), 2))
    assert rehearse.rehearse_command([tmp_path], None, "2w", as_json=True) == 0
    assert [Path(row["file"]).stem for row in said(capsys)] == ["b"]
    with pytest.raises(Refused, match="write it like 90d, 12w or 36h"):
        rehearse.rehearse_command([tmp_path], None, "since \x1b[2J May", as_json=True)


# --- where mails lie -----------------------------------------------------------------------------------------

TEXT = "From here on it is said:\n\nFrom Monday 10:00 to 12:00 we meet.\nNote: bring >From with you.\n\nMara\n"


def all_kinds(folder: Path) -> list[Path]:
    """The same two mails as files, as an mbox and as a Maildir."""
    mails = [
        raw_mail("interview: Acme", LONG_AGO, 1, text=TEXT),
        raw_mail("rejection: Acme", LONG_AGO + timedelta(days=1), 2, text=TEXT),
    ]
    write(folder / "files" / "deep" / "er", b=mails[1])
    write(folder / "files", a=mails[0])
    box = mailbox.mbox(folder / "mbox")
    maildir = mailbox.Maildir(folder / "maildir")
    for raw in mails:
        box.add(raw)
        maildir.add(raw)
    box.close()
    (folder / "files" / "notes.txt").write_text("From me: not a mail\n")
    (folder / "maildir" / "tmp" / "half").write_bytes(mails[0][:100])
    return [folder / "files", folder / "mbox", folder / "maildir"]


def test_files_an_mbox_and_a_maildir_are_read_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [rehearsed(capsys, path) for path in all_kinds(tmp_path)]
    without_names = [[row | {"file": ""} for row in rows] for rows in kinds]
    assert without_names[0] == without_names[1] == without_names[2]
    assert [row["label"] for row in kinds[0]] == ["interview", "rejection"]
    assert [row["file"] for row in kinds[1]] == [f"{tmp_path}/mbox#1", f"{tmp_path}/mbox#2"]


def mbox_subjects(path: Path, raw: bytes) -> list[str]:
    path.write_bytes(raw)
    subjects = []
    for source in rehearse.read_paths([path]):
        subjects.append(source.raw.partition(b"Subject: ")[2].splitlines()[0].decode())
        assert source.raw.count(b"Subject:") == 1
    return subjects


def test_an_mbox_is_cut_where_mails_begin_and_nowhere_else(tmp_path: Path) -> None:
    line = b"From a Mon Feb  2 10:00:00 2026\n"
    first, second = b"Subject: one\n\ntext\n", b"Subject: two\n\ntext\n"
    box = tmp_path / "box"
    assert mbox_subjects(box, line + first + b"\n" + line + second) == ["one", "two"]
    assert mbox_subjects(box, (line + first + b"\n" + line + second).replace(b"\n", b"\r\n")) == ["one", "two"]
    assert mbox_subjects(box, line + first + line + second) == ["one", "two"]  # joined without an empty line
    assert mbox_subjects(box, b"From \n" + first + b"\nFrom \n" + second) == ["one", "two"]  # Thunderbird
    assert mbox_subjects(box, line + first + b"\nFrom Monday 10:00 in 2026:\nno field here\n") == ["one"]
    assert mbox_subjects(box, line + first + b"\n>From a Mon Feb  2 10:00:00 2026\nSubject lines\n") == ["one"]
    assert mbox_subjects(box, line + first + b"x" * 200_000 + b"From a Mon Feb  2 10:00:00 2026\n") == ["one"]
    assert mbox_subjects(box, line) == []


def test_an_mbox_of_any_size_is_read_piece_by_piece(tmp_path: Path) -> None:
    import tracemalloc

    box = tmp_path / "box"
    with box.open("wb") as file:
        for number in range(3):
            file.write(b"From a Mon Feb  2 10:00:00 2026\nSubject: %d\n\n" % number + b"y" * 79 + b"\n")
            for _ in range(20):
                file.write(b"z" * 1_000_000)
            file.write(b"\n\n")
    tracemalloc.start()
    try:
        sources = list(rehearse.read_paths([box]))
        assert [len(source.raw) for source in sources] == [2 * 1024 * 1024 + 1] * 3
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert all(source.fetch(1).truncated for source in sources)


# --- what cannot be read -------------------------------------------------------------------------------------


def test_an_unreadable_mail_is_reported_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, a=b"", b=b"Subject: x\n" + b"X" * 600_000, c=raw_mail("rejection: Acme"))
    (tmp_path / "d.eml").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "e.eml")
    assert rehearse.classify_command([tmp_path], as_json=True) == 0
    told = capsys.readouterr()
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert [list(row) for row in rows] == [CLASSIFIED] * 4
    assert [(Path(row["file"]).stem, row["label"]) for row in rows] == [
        ("a", None),
        ("b", None),
        ("c", "rejection"),
        ("e", None),
    ]
    assert all(value is None for key, value in rows[0].items() if key != "file")
    assert f"{tmp_path}/a.eml: the file is empty" in told.err
    assert f"{tmp_path}/b.eml: its header block is larger than 512 KB" in told.err
    assert f"{tmp_path}/d.eml: it cannot be read (No such file or directory)" in told.err
    assert f"{tmp_path}/e.eml: it is not a file" in told.err

    assert rehearse.rehearse_command([tmp_path], None, None, as_json=True) == 0
    told = capsys.readouterr()
    rows = sorted((json.loads(line) for line in told.out.splitlines()), key=lambda row: str(row["file"]))
    assert [list(row) for row in rows] == [REHEARSED] * 4
    assert [(row["label"], row["draft"], row["session"]) for row in rows] == [
        (None, False, False),
        (None, False, False),
        ("rejection", True, True),
        (None, False, False),
    ]
    assert rows[0]["draft_reason"] == "the file is empty"
    assert f"{tmp_path}/b.eml: its header block is larger than 512 KB" in told.err


def test_a_mail_that_breaks_the_reader_is_set_aside_at_the_third_attempt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, a=raw_mail("broken: Acme"), b=raw_mail("other", NOW, 2))
    first, second = rehearsed(capsys, tmp_path)
    assert (first["label"], first["draft_reason"]) == (None, "RuntimeError: no words for this")
    assert second["label"] == "other"


def test_when_nothing_can_be_read_the_status_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=b"")
    (tmp_path / "empty").mkdir()
    assert rehearse.classify_command([tmp_path / "a.eml"], as_json=True) == 1
    assert rehearse.rehearse_command([tmp_path / "empty"], None, None, as_json=False) == 1
    assert "there is no mail in it" in capsys.readouterr().err


def test_a_path_that_does_not_exist_begins_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=raw_mail("rejection: Acme"))
    paths = [tmp_path / "a.eml", tmp_path / "gone.eml"]
    assert rehearse.classify_command(paths, as_json=True) == 2
    assert rehearse.rehearse_command(paths, None, None, as_json=True) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{tmp_path}/gone.eml: there is no such file or folder" in told.err


@pytest.mark.parametrize(
    "name", [b"a\x1b]0;owned\x07b", b"two\nlines", b"not \xff text", "right \u202e left".encode(), b"-rf"]
)
def test_a_hostile_file_name_moves_no_terminal_and_is_told_back_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: bytes
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name + b".eml"))
    path.write_bytes(raw_mail("rejection: Acme"))
    path.with_name(path.stem + "2.eml").write_bytes(b"")
    rows = rehearsed(capsys, tmp_path)
    assert str(path) in [row["file"] for row in rows]
    assert rehearse.classify_command([tmp_path], as_json=False) == 0
    told = capsys.readouterr()
    shown = (told.out + told.err).encode("utf-8")  # and so it can be printed
    assert not any(sign in shown for sign in (b"\x1b", b"\x07", b"\nlines", "\u202e".encode()))


# --- for people ----------------------------------------------------------------------------------------------


def test_a_person_reads_a_story_and_what_it_comes_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    write(
        tmp_path,
        a=raw_mail("interview: Acme", LONG_AGO, 1),
        b=raw_mail("rejection: Acme", LONG_AGO + timedelta(days=1), 2),
        c=raw_mail("perhaps: Brightmoor", LONG_AGO + timedelta(days=2), 3),
        d=raw_mail("rejection: Corvane", LONG_AGO + timedelta(days=3), 4, sender="Jobs <no-reply@ats.example>"),
    )
    assert rehearse.rehearse_command([tmp_path], None, None, as_json=False) == 0
    told = capsys.readouterr().out
    story = " ".join(told.split())
    assert "A letter to mara@acme.example: you had come to the interview stage" in story
    assert "│ Dear Mara," in told
    assert "Not sure enough to act: Onward would have asked you." in story
    assert "No letter: nobody reads replies to this sender" in story
    assert "4 mails, " in story
    assert ": 2 noes." in story
    assert "1 letter in your Drafts, booked 2 hours to look back and asked you 1 question." in story
    assert story.endswith("Nothing was touched: no mail was marked, moved, written or sent.")
    assert max(len(line) for line in told.split("\n")) <= 60
    assert "\n\n\n" not in told


def test_classify_shows_the_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=raw_mail("rejection: Acme"), b=raw_mail("offer: Acme", number=2))
    assert rehearse.classify_command([tmp_path], as_json=False) == 0
    told = capsys.readouterr().out
    assert "rejection, 97% sure · Acme · Data Engineer · answers go to mara@acme.example" in told
    assert "“Dear Sam, here is what we have to say.”" in told
    assert "2 mails: 1 rejection, 1 offer" in told


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[Path]:
    from onward.demo.sample import read_sample

    for each in read_sample():
        (tmp_path / each.file).write_bytes(each.arriving(NOW - (each.age or timedelta()), "Europe/Berlin"))
    yield tmp_path


def test_the_shipped_classifier_rehearses_the_sample_in_seconds(
    sample: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("ONWARD_CONFIG", str(sample / "none.toml"))
    begun = time.monotonic()
    rows = rehearsed(capsys, sample)
    assert time.monotonic() - begun < 10
    assert len(rows) == len(list(sample.glob("*.eml")))
    assert all(list(row) == REHEARSED for row in rows)
    assert all(0 <= row["confidence"] <= 1 and row["label"] in set(Label) for row in rows)
    assert all(row["label"] == "rejection" for row in rows if row["session"])
    assert all(row["label"] in ("rejection", "feedback_reply") for row in rows if row["draft"])
    assert rows[-1]["file"].endswith("62-oakhurst-marguerite-replies.eml")
