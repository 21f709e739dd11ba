"""What the store remembers of learning: the person's latest word, what was learned, what was forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onward import actions
from onward.core.model import (
    Address,
    Band,
    Cursor,
    Decision,
    Hint,
    Label,
    Learned,
    Message,
    Prediction,
    Source,
    Verdict,
)
from onward.edges import db
from onward.edges.store import Store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=90)
TAKEN = Learned(True, 1, "it follows every correction", 1.5, "personal-1")
REFUSED = Learned(False, 1, "it would misread more", 1.5)


def message(number: int, text: str = "Thank you, but no.", signs: frozenset[str] = frozenset()) -> Message:
    return Message(
        key=f"{number:032x}",
        account="main",
        folder="INBOX",
        uidvalidity=7,
        uid=number,
        arrived_at=LONG_AGO,
        noticed_at=LONG_AGO,
        message_id=f"<{number}@acme.example>",
        content_hash=f"hash {number}",
        subject=f"Number {number}",
        sender=Address("ann@acme.example"),
        text=text,
        signs=signs,
    )


def settle(store: Store, *messages: Message, label: Label = Label.OTHER) -> None:
    """Handled, as mails are that have nothing to do with the search."""
    verdict = Verdict(label, Source.MODEL, 0.9, Band.LEAVE)
    store.save_quiet([(each, Prediction(label, 0.9), Decision(verdict)) for each in messages], NOW)


def teach(store: Store, number: int, label: Label) -> None:
    actions.correct(store, message(number).key, label, NOW)


def learned(store: Store, what: Learned = TAKEN) -> bool:
    return store.note_learning(what, store.corrections(), NOW)


def taught(store: Store) -> list[tuple[int, Label]]:
    return [(each.uid, label) for each, label in store.corrections()]


def trained_as(store: Store) -> dict[int, str]:
    rows = store.rows("SELECT uid, trained_as FROM message WHERE trained_as IS NOT NULL ORDER BY uid")
    return {row["uid"]: row["trained_as"] for row in rows}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three mails that came long ago, none of them handled."""
    opened = Store(tmp_path / "onward.db")
    opened.receive("main", "INBOX", Cursor(7, 3), [message(number) for number in (1, 2, 3)])
    yield opened
    opened.close()


def test_nothing_is_learned_where_nothing_was_said(store: Store) -> None:
    assert store.corrections() == []
    assert not store.needs_learning()


def test_the_latest_word_on_each_mail_counts_in_the_order_it_was_said(store: Store) -> None:
    for number, label in ((2, Label.OTHER), (1, Label.REJECTION), (2, Label.INTERVIEW)):
        teach(store, number, label)
    assert taught(store) == [(1, Label.REJECTION), (2, Label.INTERVIEW)]
    assert store.last_correction(message(2).key) is Label.INTERVIEW
    assert store.last_correction(message(3).key) is None
    assert store.corrected_among([message(number).key for number in (2, 3)]) == {message(2).key}


def test_what_was_said_is_learned_once(store: Store) -> None:
    teach(store, 1, Label.REJECTION)
    assert store.needs_learning()
    assert learned(store)
    assert trained_as(store) == {1: "rejection"}
    assert not store.needs_learning()
    teach(store, 1, Label.REJECTION)
    assert not store.needs_learning()
    teach(store, 1, Label.OTHER)
    assert store.needs_learning()


def test_what_is_said_during_a_training_is_learned_after_it(store: Store) -> None:
    for number, during in ((1, 2), (2, 2)):
        teach(store, number, Label.REJECTION)
        corrections = store.corrections()
        teach(store, during, Label.OTHER)
        assert store.note_learning(REFUSED if number == 1 else TAKEN, corrections, NOW)
        assert store.needs_learning()
        learned(store)
        assert not store.needs_learning()


def test_what_was_refused_waits_for_the_next_word(store: Store) -> None:
    teach(store, 1, Label.REJECTION)
    learned(store, REFUSED)
    assert trained_as(store) == {}
    assert not store.needs_learning()
    teach(store, 2, Label.OTHER)
    assert store.needs_learning()
    learned(store)
    assert trained_as(store) == {1: "rejection", 2: "other"}


def test_a_word_that_is_taken_back_is_unlearned(store: Store) -> None:
    teach(store, 1, Label.REJECTION)
    learned(store)
    store.connection.execute("DELETE FROM correction")
    assert store.needs_learning()
    learned(store, REFUSED)
    assert not store.needs_learning()
    teach(store, 2, Label.OTHER)
    learned(store)
    assert trained_as(store) == {2: "other"}


def test_what_was_forgotten_stays_said_and_is_learned_no_longer(store: Store) -> None:
    teach(store, 1, Label.REJECTION)
    learned(store)
    store.note_forgotten(NOW)
    assert (store.corrections(), trained_as(store), store.needs_learning()) == ([], {}, False)
    assert store.last_correction(message(1).key) is Label.REJECTION
    assert store.load_known(message(1), NOW).correction is Label.REJECTION
    teach(store, 2, Label.OTHER)
    assert taught(store) == [(2, Label.OTHER)]
    assert store.needs_learning()


def test_a_training_that_ends_after_the_person_asked_to_forget_does_not_count(store: Store) -> None:
    teach(store, 1, Label.REJECTION)
    corrections = store.corrections()
    store.note_forgotten(NOW)
    assert not store.note_learning(TAKEN, corrections, NOW)
    assert trained_as(store) == {}
    assert [row["kind"] for row in store.rows("SELECT kind FROM learning")] == ["forgotten"]


def test_what_was_learned_and_lost_is_learned_anew(store: Store) -> None:
    teach(store, 1, Label.REJECTION)
    learned(store)
    teach(store, 2, Label.OTHER)
    learned(store, REFUSED)
    store.note_lost()
    assert store.needs_learning()
    learned(store, REFUSED)
    store.note_lost()
    assert not store.needs_learning()  # a model that was never there is not lost


def test_the_text_of_a_mail_that_teaches_stays(store: Store) -> None:
    teach(store, 1, Label.OTHER)
    settle(store, message(1), message(2))
    texts = {row["uid"]: row["text"] for row in store.rows("SELECT uid, text FROM message")}
    assert texts == {1: "Thank you, but no.", 2: "", 3: "Thank you, but no."}
    assert store.prune(NOW, timedelta(days=4)) == 0
    assert [each.text for each, _ in store.corrections()] == ["Thank you, but no."]
    store.note_forgotten(NOW)
    assert store.prune(NOW, timedelta(days=4)) == 1


def test_a_mail_in_a_folder_for_teaching_is_a_hint_until_it_is_a_correction(store: Store) -> None:
    store.receive("main", "Onward/Rejection", Cursor(8, 1), [message(4), message(1)], hint=Hint.REJECTION)
    assert [(each.uid, hint) for each, hint in store.hints()] == [(1, Hint.REJECTION), (4, Hint.REJECTION)]
    teach(store, 4, Label.REJECTION)
    store.receive("main", "Onward/Not a rejection", Cursor(9, 1), [message(1)], hint=Hint.NO_REJECTION)
    assert [(each.uid, hint) for each, hint in store.hints()] == [(1, Hint.NO_REJECTION)]


def test_a_hint_brings_back_a_text_that_had_been_dropped(store: Store) -> None:
    settle(store, message(1))
    store.receive("main", "Onward/Rejection", Cursor(8, 1), [message(1)], hint=Hint.REJECTION)
    assert [each.text for each, _ in store.hints()] == ["Thank you, but no."]


def test_what_the_person_wrote_themselves_is_no_hint(store: Store) -> None:
    own = message(5, signs=frozenset({"own"}))
    store.receive("main", "Onward/Rejection", Cursor(8, 1), [own], hint=Hint.REJECTION)
    assert store.hints() == []


def test_a_renumbered_folder_says_nothing_new_of_what_was_spoken_of(store: Store) -> None:
    teach(store, 1, Label.OTHER)
    store.receive("main", "Onward/Rejection", Cursor(8, 2), [message(1), message(2)], hint=Hint.REJECTION, rescan=True)
    assert [each.uid for each, _ in store.hints()] == [2]


def test_a_hint_that_says_what_was_said_before_is_left_alone(store: Store) -> None:
    teach(store, 1, Label.INTERVIEW)
    store.receive("main", "Onward/Not a rejection", Cursor(8, 1), [message(1)], hint=Hint.NO_REJECTION)
    assert not actions.take_hint(store, message(1), Label.OTHER, NOW)
    assert store.hints() == []
    assert store.last_correction(message(1).key) is Label.INTERVIEW
    store.receive("main", "Onward/Rejection", Cursor(9, 1), [message(1)], hint=Hint.REJECTION)
    assert actions.take_hint(store, message(1), Label.REJECTION, NOW)
    assert store.hints() == []
    assert store.last_correction(message(1).key) is Label.REJECTION


def test_a_home_of_the_first_version_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tmp_path / "migrations"
    first.mkdir()
    shipped = db.MIGRATIONS / "0001_first_flow.sql"
    (first / shipped.name).write_text(shipped.read_text())
    with monkeypatch.context() as before:
        before.setattr(db, "MIGRATIONS", first)
        connection = db.connect(tmp_path / "onward.db")
        columns = [row["name"] for row in connection.execute("PRAGMA table_info(message)")]
        assert "trained_as" not in columns
        connection.close()
    store = Store(tmp_path / "onward.db")
    store.receive("main", "INBOX", Cursor(7, 1), [message(1)])
    teach(store, 1, Label.OTHER)
    assert store.needs_learning()
    store.close()


# --- the act of learning -----------------------------------------------------------------------------------


def test_a_training_that_fails_is_noted_and_changes_nothing(store: Store) -> None:
    def fails(corrections: object) -> Learned:
        raise TimeoutError("Dear Sam")

    teach(store, 1, Label.REJECTION)
    result = actions.learn(store, fails, lambda: NOW)
    assert result is not None and not result.promoted
    [row] = store.rows("SELECT kind, corrections, reason FROM learning")
    assert row == {"kind": "refused", "corrections": 1, "reason": "the training did not come to its end (TimeoutError)"}
    assert not store.needs_learning()


def test_a_training_that_is_cut_short_by_the_end_is_made_at_the_next_start(store: Store) -> None:
    def dies(corrections: object) -> Learned:
        raise ChildProcessError

    teach(store, 1, Label.REJECTION)
    assert actions.learn(store, dies, lambda: NOW, is_stopping=lambda: True) is None
    assert store.needs_learning()


def test_forgetting_during_a_training_leaves_no_model_behind(store: Store) -> None:
    trained: list[int] = []

    def train(corrections: object) -> Learned:
        assert isinstance(corrections, list | tuple)
        trained.append(len(corrections))
        if corrections:
            store.note_forgotten(NOW)
        return TAKEN

    teach(store, 1, Label.REJECTION)
    actions.learn(store, train, lambda: NOW)
    assert trained == [1, 0]  # the second time, of nothing: what the first left behind goes
    assert not store.needs_learning()


def test_a_sender_is_known_by_what_they_wrote_before(store: Store) -> None:
    settle(store, message(1))
    assert store.load_known(message(3), NOW).sender_other == 1
    settle(store, message(2), label=Label.ACKNOWLEDGEMENT)
    assert store.load_known(message(3), NOW).sender_other == 0
