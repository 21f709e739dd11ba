"""What the person teaches, by a word or by moving a mail, corrects a verdict at once and is learned from soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.home import OWN, Home, account_on, chatter, classifier, rejection, serving
from flows.test_dovecot_flow import drafts_in, until
from onward import actions, config, service
from onward.core.model import ConfigError, Hint, Label, Learned, Message
from onward.edges.store import Store
from onward.service import Service
from onward_classifiers import learn as learner
from onward_classifiers.score import Classifier
from servers.dovecot import Dovecot

YES, NO = "Onward/Rejection", "Onward/Not a rejection"


@dataclass
class Pupil:
    """Stands for the trainer: keeps what it was given, and answers as it is told to."""

    takes: bool = True
    trouble: Exception | None = None
    given: list[dict[str, Label]] = field(default_factory=list)  # each time: subject -> label

    def __call__(self, corrections: Sequence[tuple[Message, Label]]) -> Learned:
        assert all(message.text for message, _ in corrections)
        self.given.append({message.subject: label for message, label in corrections})
        if self.trouble is not None:
            raise self.trouble
        return Learned(self.takes, len(corrections), "it is so", 0.1, "personal-1" if self.takes else "")


@pytest.fixture
def pupil() -> Pupil:
    return Pupil()


@pytest.fixture
def taught(home: Home, pupil: Pupil) -> Home:
    """A home whose service learns, beside a mailbox with the two folders."""
    home.learn = pupil
    for folder in (YES, NO):
        home.server.create(folder)
    return home


def move(home: Home, folder: str, source: str = "INBOX") -> None:
    """The person moves the oldest mail of a folder into another, with its time."""
    found = home.server.mailbox(source).messages[0]
    home.server.mailbox(folder).deliver(found.raw, found.arrived_at, found.flags)
    home.server.mailbox(source).remove([found.uid])


def corrections(home: Home) -> list[object]:
    return [row["label"] for row in home.rows("SELECT label FROM correction ORDER BY id")]


def verdicts(home: Home) -> list[tuple[object, object]]:
    return [
        (row["label"], row["source"]) for row in home.rows("SELECT label, source FROM verdict ORDER BY message_key")
    ]


# --- by moving a mail ----------------------------------------------------------------------------------------


def test_a_false_alarm_moved_away_loses_its_draft_and_its_hour(taught: Home, pupil: Pupil) -> None:
    taught.deliver(rejection())
    taught.settle()
    assert (len(taught.drafts), len(taught.sessions)) == (1, 1)
    move(taught, NO)
    taught.settle()
    assert (taught.drafts, taught.sessions) == ([], [])
    [said] = corrections(taught)
    assert said in set(Label) - {Label.REJECTION}
    assert list(pupil.given[-1].values()) == [said]


def test_a_no_that_was_missed_gets_its_hour_when_it_is_moved(taught: Home, pupil: Pupil) -> None:
    taught.deliver(chatter(1))
    taught.settle()
    assert taught.sessions == []
    move(taught, YES)
    taught.settle()
    assert len(taught.sessions) == 1
    assert pupil.given == [{"Rehearsal number 1 on Thursday": Label.REJECTION}]


def test_a_mail_nobody_knew_is_read_as_the_folder_says(taught: Home, pupil: Pupil) -> None:
    taught.server.mailbox(YES).deliver(rejection(1), taught.clock.now)
    taught.server.mailbox(NO).deliver(rejection(2), taught.clock.now - timedelta(days=400))
    taught.settle()
    assert (len(taught.drafts), len(taught.sessions)) == (1, 1)
    assert len(corrections(taught)) == 2
    assert len(pupil.given) == 1


def test_an_old_mail_whose_text_was_dropped_is_learned_from_its_text(taught: Home, pupil: Pupil) -> None:
    taught.deliver(chatter(1), taught.clock.now - timedelta(days=30))
    taught.settle()
    assert taught.rows("SELECT text FROM message") == [{"text": ""}]
    move(taught, YES)
    taught.settle()
    assert verdicts(taught) == [("rejection", "person")]
    assert pupil.given == [{"Rehearsal number 1 on Thursday": Label.REJECTION}]
    assert taught.drafts == []  # remembered, not answered: it is old


def test_a_mail_is_corrected_once_and_anew_when_it_is_moved_on(taught: Home, pupil: Pupil) -> None:
    taught.deliver(rejection())
    taught.settle()
    move(taught, NO)
    for _ in range(3):
        taught.settle()
    assert len(corrections(taught)) == 1
    move(taught, YES, source=NO)
    taught.settle()
    assert corrections(taught)[1:] == ["rejection"]
    assert (len(taught.drafts), len(taught.sessions)) == (1, 1)
    assert list(pupil.given[-1].values()) == [Label.REJECTION]


def test_a_later_word_outlives_the_folder_and_its_renumbering(taught: Home) -> None:
    taught.deliver(rejection())
    taught.settle()
    move(taught, YES)
    taught.settle()
    [key] = [str(row["message_key"]) for row in taught.rows("SELECT message_key FROM correction")]
    with taught.opened() as store:
        actions.correct(store, key, Label.OTHER, taught.clock.now)
    taught.server.set_uidvalidity(YES, 4711)
    taught.settle()
    assert corrections(taught) == ["rejection", "other"]


def test_the_mailbox_is_the_same_after_learning_from_it(taught: Home) -> None:
    for number in range(3):
        taught.server.mailbox(YES).deliver(rejection(number), taught.clock.now)
    before = [taught.server.mailbox(name).messages for name in (YES, NO)]
    taught.settle()
    assert [taught.server.mailbox(name).messages for name in (YES, NO)] == before


def test_no_folder_is_made_unasked(home: Home) -> None:
    before = set(home.server.mailboxes)
    home.deliver(rejection())
    home.settle()
    assert set(home.server.mailboxes) == before


def test_a_folder_that_cannot_be_read_does_not_hold_up_the_others(
    taught: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(mailbox: object) -> dict[str, Hint]:
        return {"Onward/Gone": Hint.REJECTION}

    monkeypatch.setattr("flows.home.CuttableMailbox.teaching_folders", gone)
    taught.deliver(rejection())
    taught.settle()
    assert len(taught.drafts) == 1
    assert taught.rows("SELECT value FROM health") == [{"value": "ok"}]


# --- learning ------------------------------------------------------------------------------------------------


def correct(home: Home, label: Label) -> None:
    [row] = home.rows("SELECT key FROM message WHERE sender_email NOT LIKE 'sam%' LIMIT 1")
    with home.opened() as store:
        actions.correct(store, str(row["key"]), label, home.clock.now)


def learnings(home: Home) -> list[object]:
    return [row["kind"] for row in home.rows("SELECT kind FROM learning ORDER BY id")]


def test_a_word_is_learned_once_at_the_end_of_a_round(taught: Home, pupil: Pupil) -> None:
    taught.deliver(rejection())
    taught.settle()
    assert pupil.given == []
    correct(taught, Label.INTERVIEW)
    for _ in range(3):
        taught.run()
    assert [list(each.values()) for each in pupil.given] == [[Label.INTERVIEW]]
    assert learnings(taught) == ["learned"]


def test_an_old_mail_that_is_corrected_is_held_to_be_what_the_person_said(taught: Home) -> None:
    taught.deliver(chatter(1), taught.clock.now - timedelta(days=30))
    taught.settle()
    correct(taught, Label.REJECTION)
    taught.settle()
    assert verdicts(taught) == [("rejection", "person")]


@pytest.mark.parametrize("trouble", [None, TimeoutError("60 s")])
def test_what_is_refused_is_tried_again_at_the_next_word(taught: Home, pupil: Pupil, trouble: Exception | None) -> None:
    taught.deliver(rejection())
    taught.settle()
    pupil.takes, pupil.trouble = False, trouble
    correct(taught, Label.INTERVIEW)
    for _ in range(3):
        taught.run()
    assert (len(pupil.given), learnings(taught)) == (1, ["refused"])
    pupil.takes, pupil.trouble = True, None
    correct(taught, Label.OTHER)
    taught.run()
    assert (len(pupil.given), learnings(taught)) == (2, ["refused", "learned"])


def test_a_power_cut_between_a_word_and_the_learning_leads_to_learning(
    make_home: Callable[..., Home], pupil: Pupil
) -> None:
    def just_moved(name: str) -> Home:
        home = make_home(name, learn=pupil)
        home.server.create(NO)
        home.deliver(rejection())
        home.settle()
        move(home, NO)
        return home

    measured = just_moved("measured")
    assert measured.run() and measured.steps > 20
    for step in range(1, measured.steps + 1):
        home = just_moved(f"cut-{step}")
        assert not home.run(cut_at=step)
        where = home.trail[-1]
        home.settle()
        assert len(corrections(home)) == 1, where
        assert (home.drafts, home.sessions) == ([], []), where
        assert list(pupil.given[-1].values()) == corrections(home), where
        assert learnings(home) == ["learned"], where
        home.server.stop()


def test_a_damaged_model_is_learned_anew(taught: Home, pupil: Pupil) -> None:
    taught.deliver(rejection())
    taught.settle()
    correct(taught, Label.INTERVIEW)
    taught.run()
    damaged = [True]

    def refresh() -> None:
        if damaged.pop():
            raise ConfigError("the weights are damaged")

    once = taught.service()
    once.refresh = refresh
    once.run_once()
    taught.run()
    assert [len(each) for each in pupil.given] == [1, 0, 1]  # learned, dropped, learned again


def test_what_was_taught_is_how_mail_of_that_kind_is_read_from_then_on(home: Home) -> None:
    reader = Classifier.load(home=home.path)
    home.learn = lambda corrections: learner.learn(home.path, corrections)
    home.deliver(chatter(1))
    home.settle()
    [before] = home.rows("SELECT model FROM verdict")
    correct(home, Label.STATUS_UPDATE)
    home.settle()
    [row] = home.rows("SELECT kind, reason, model FROM learning")
    assert row["kind"] == "learned", row
    reader.refresh()
    with home.opened() as store:
        [(message, label)] = store.corrections()
    prediction = reader.predict(message)
    assert (prediction.label, label) == (Label.STATUS_UPDATE, Label.STATUS_UPDATE)
    assert prediction.model != before["model"] and str(row["model"]) in prediction.model


# --- the service as it runs ----------------------------------------------------------------------------------


@contextmanager
def running(home: Path, account: dict[str, object], pupil: Pupil) -> Iterator[list[str]]:
    """The service in threads of this process; yields what it took up and said."""
    heard: list[str] = []
    reminders = {"mail": False, "desktop": False}
    given = config.parse({"name": "Sam Doe", "reminders": reminders, "account": [account]}, home)
    runs = Service(given, classifier(), learn=pupil, refresh=lambda: heard.append("refreshed"))
    runs.on_learned = lambda learned: heard.append(f"learned from {learned.corrections}")
    with serving(runs):
        yield heard
    assert set(runs.heartbeats._last) == {"watch main", "worker", "learner"}


def count(home: Path, sql: str) -> int:
    store = Store(home / "onward.db")
    try:
        return int(store.rows(sql)[0]["n"])
    finally:
        store.close()


def test_a_mail_moved_on_a_real_server_while_onward_idles_is_corrected_at_once(
    dovecot: Dovecot, tmp_path: Path, pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "HINTS_WITHIN", 1.0)
    with running(tmp_path, account_on(dovecot.imap_port, "alice"), pupil) as heard:
        person = dovecot.client()
        dovecot.deliver(rejection(1, datetime.now(UTC)))
        until(lambda: len(drafts_in(dovecot)) == 1)
        for folder in (YES, NO):
            person.create_folder(folder)
        dovecot.deliver(chatter(1))  # a look, and the folders are known
        until(lambda: count(tmp_path, "SELECT COUNT(*) AS n FROM message WHERE state = 'handled'") == 2)
        person.select_folder("INBOX")
        [uid] = person.search(["FROM", "harbour1"])
        person.move([uid], NO)
        until(lambda: drafts_in(dovecot) == [], 15)
        until(lambda: "learned from 1" in heard)
        assert "refreshed" in heard
        assert [len(each) for each in pupil.given] == [1]
        person.select_folder(NO)
        person.move(person.search(), YES)
        until(lambda: len(drafts_in(dovecot)) == 1, 15)
        until(lambda: len(pupil.given) == 2)
        assert set(pupil.given[1].values()) == {Label.REJECTION}
        assert {name for _, _, name in person.list_folders() if "Onward" in name} >= {YES, NO}


def test_a_file_moved_in_a_maildir_is_corrected_at_once(tmp_path: Path, pupil: Pupil) -> None:
    root = tmp_path / "Mail"
    for folder in (".", ".Drafts", ".Onward.Rejection", ".Onward.Not a rejection"):
        for part in ("cur", "new", "tmp"):
            (root / folder / part).mkdir(parents=True)
    home = tmp_path / "home"
    account: dict[str, object] = {"name": "main", "kind": "maildir", "address": OWN, "path": str(root)}

    def drafts() -> list[str]:
        return [path.name for path in (root / ".Drafts" / "cur").iterdir()]

    with running(home, account, pupil) as heard:
        (root / "tmp" / "1").write_bytes(rejection(1, datetime.now(UTC)))
        (root / "tmp" / "1").rename(root / "new" / "1.host")
        until(lambda: len(drafts()) == 1, 15)
        (root / "new" / "1.host").rename(root / ".Onward.Not a rejection" / "cur" / "1.host:2,S")
        until(lambda: drafts() == [], 15)
        until(lambda: "learned from 1" in heard)
        (root / ".Onward.Not a rejection" / "cur" / "1.host:2,S").rename(
            root / ".Onward.Rejection" / "cur" / "1.host:2,S"
        )
        until(lambda: len(drafts()) == 1, 15)
    assert [path.name for path in (root / ".Onward.Rejection" / "cur").iterdir()] == ["1.host:2,S"]
