"""What a person changes by hand in their applications, and how each change is taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from onward import actions, ledger
from onward.core import tracker
from onward.core.decide import decide
from onward.core.model import (
    Address,
    Cursor,
    DraftState,
    Feedback,
    FeedbackKind,
    Found,
    Label,
    Message,
    Policy,
    Prediction,
    Refused,
    Stage,
    Theme,
)
from onward.edges.store import Store

BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW = BEGIN + timedelta(days=30)
POLICY = Policy(name="Sam Doe", own_addresses=frozenset({"sam.doe@example.org"}))

ANN = Address("ann@acme.example", "Ann Moor")
BEN = Address("ben@acme.example", "Ben Hall")
CORA = Address("cora@bay.example", "Cora Lund")
ACME, BAY, CLERK, PORTER = 1, 2, 3, 4  # the applications there are; see `store`
OF_A_MAIL = ("event", "person", "feedback", "draft", "question", "verdict")


def key(number: int) -> str:
    return f"{number:04x}".ljust(32, "0")


def message(number: int, who: Address = ANN, answers: int | None = None) -> Message:
    """A mail that arrives so many days after the beginning."""
    at = BEGIN + timedelta(days=number)
    return Message(
        key=key(number),
        account="main",
        folder="INBOX",
        uidvalidity=7,
        uid=number,
        arrived_at=at,
        noticed_at=at,
        message_id=f"<{number}@mail.example>",
        content_hash=f"hash {number}",
        subject=f"This is mail number {number}",
        sender=who,
        references=(f"<{answers}@mail.example>",) if answers else (),
        text=f"The words of mail {number}.",
    )


def arrives(
    store: Store,
    number: int,
    label: Label,
    company: str = "",
    role: str = "",
    who: Address = ANN,
    answers: int | None = None,
    feedback: Feedback | None = None,
) -> None:
    """A mail comes and is decided on by the core, as any other; only what it says is given."""
    one = message(number, who, answers)
    store.receive("main", "INBOX", Cursor(7, number), [one])
    handle(store, one, label, company, role, feedback)


def handle(
    store: Store, one: Message, label: Label, company: str = "", role: str = "", feedback: Feedback | None = None
) -> None:
    prediction = Prediction(
        label,
        0.97,
        language="en",
        company=Found(company) if company else None,
        role=Found(role) if role else None,
        contact=one.sender,
        feedback=feedback,
    )
    decision = decide(one, prediction, store.load_known(one, one.arrived_at), POLICY, one.arrived_at)
    store.save(one, prediction, decision, "Dear you", (), one.arrived_at, keep_text=True)


def arrives_in_doubt(store: Store, number: int) -> None:
    """A mail of a stranger's that may be about either application at Cove; it is held to be about the porter."""
    arrives(store, number, Label.STATUS_UPDATE, "Cove", who=Address(f"desk@hire{number}.example", f"Desk {number}"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Acme: two mails, an interview. Bay: a no with a letter, then feedback. Cove: two that no mail tells of."""
    opened = Store(tmp_path / "onward.db")
    arrives(opened, 1, Label.ACKNOWLEDGEMENT, "Acme", "Data Engineer", ANN)
    arrives(opened, 2, Label.INTERVIEW, "Acme", "Data Engineer", BEN, answers=1)
    arrives(opened, 3, Label.REJECTION, "Bay", "Analyst", CORA)
    given = Feedback(FeedbackKind.GIVEN, "More SQL.", "More SQL.", (Theme.TECHNICAL,))
    arrives(opened, 4, Label.FEEDBACK_REPLY, who=CORA, answers=3, feedback=given)
    assert ledger.add(opened, "Cove", "Clerk", "applied", BEGIN, BEGIN) == CLERK
    assert ledger.add(opened, "Cove", "Porter", "applied", BEGIN, BEGIN) == PORTER
    yield opened
    opened.close()


# --- what is looked at -------------------------------------------------------------------------------------


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table but the one that notes the changes."""
    tables = store.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'change' ORDER BY name")
    return {table["name"]: store.rows(f"SELECT * FROM {table['name']} ORDER BY 1, 2") for table in tables}


@contextmanager
def taken_back(store: Store) -> Iterator[None]:
    """What is changed inside is taken back at the end, and all is as it was."""
    before = everything(store)
    yield
    assert everything(store) != before
    undo(store)
    assert everything(store) == before


@contextmanager
def refused(store: Store, words: str) -> Iterator[None]:
    """What is tried inside is refused in these words, and nothing comes of it."""
    before = everything(store), ledger.changes(store)
    with pytest.raises(Refused, match=words):
        yield
    assert (everything(store), ledger.changes(store)) == before


def undo(store: Store, change_id: int | None = None) -> str:
    return ledger.undo(store, change_id, NOW)


def last_change(store: Store) -> int:
    return int(ledger.changes(store)[0]["id"])


def mails_of(store: Store, id: int) -> list[int]:
    rows = store.rows(
        """SELECT DISTINCT uid FROM event JOIN message ON key = message_key
           WHERE application_id = :id AND revoked_at IS NULL ORDER BY uid""",
        id=id,
    )
    return [row["uid"] for row in rows]


def names_of(store: Store, id: int) -> set[str]:
    return {each.name for each in store.people([id]).get(id, ())}


def places(store: Store, number: int) -> dict[str, list[int]]:
    """To which applications the rows of a mail belong, table by table."""
    found = {
        table: [
            row["application_id"]
            for row in store.rows(
                f"SELECT DISTINCT application_id FROM {table} WHERE message_key = :key", key=key(number)
            )
        ]
        for table in OF_A_MAIL
    }
    return {table: ids for table, ids in found.items() if ids}


def open_questions(store: Store, kind: str = "match") -> list[str | None]:
    """The mails they are about; None: one that is about no mail."""
    rows = store.rows(
        "SELECT message_key FROM question WHERE kind = :kind AND answered_at IS NULL ORDER BY id", kind=kind
    )
    return [row["message_key"] for row in rows]


def stands(store: Store, id: int) -> tuple[Stage, str]:
    one = store.get_application(id)
    return one.stage, one.state


# --- merging -----------------------------------------------------------------------------------------------


def test_two_applications_merged_are_one_with_all_their_mails_and_people(store: Store) -> None:
    ledger.add_person(store, BAY, Address("", "Dirk Sand"), "team lead", NOW)
    ledger.add_note(store, BAY, NOW, "they are one")
    merged = ledger.merge(store, ACME, BAY, NOW)
    assert (merged.id, merged.company, merged.role) == (ACME, "Acme", "Data Engineer")
    assert mails_of(store, ACME) == [1, 2, 3, 4]
    assert names_of(store, ACME) == {"Ann Moor", "Ben Hall", "Cora Lund", "Dirk Sand"}
    assert [row["application_id"] for row in store.rows("SELECT application_id FROM note")] == [ACME]
    assert [each.id for each in store.applications()] == [ACME, CLERK, PORTER]


def test_the_stage_of_merged_applications_is_read_from_the_events_of_both(store: Store) -> None:
    assert stands(store, ACME) == (Stage.INTERVIEW, "open")
    assert stands(store, BAY) == (Stage.APPLIED, "rejection")
    ledger.merge(store, BAY, ACME, NOW)
    assert stands(store, BAY) == (Stage.INTERVIEW, "rejection")


def test_a_merged_application_keeps_its_names_and_takes_those_it_lacks(store: Store) -> None:
    agency = ledger.add(store, "Hire & Co", "", "applied", BEGIN, NOW)
    ledger.edit(store, ACME, NOW, requisition="R-77")
    merged = ledger.merge(store, agency, ACME, NOW)
    assert (merged.company, merged.role, merged.requisition) == ("Hire & Co", "Data Engineer", "R-77")


def test_letters_feedback_and_verdicts_follow_their_application_when_it_is_merged(store: Store) -> None:
    for number in (3, 4):
        assert {"draft", "verdict"} <= places(store, number).keys()
        assert all(ids == [BAY] for ids in places(store, number).values())
    assert "feedback" in places(store, 4)
    before = {number: places(store, number).keys() for number in (3, 4)}
    ledger.merge(store, ACME, BAY, NOW)
    for number in (3, 4):
        assert places(store, number) == {table: [ACME] for table in before[number]}


def test_what_came_of_asking_in_vain_follows_its_application_though_no_mail_tells_of_it(store: Store) -> None:
    store.connection.execute(
        """INSERT INTO feedback (application_id, kind, words, point, themes, at)
           VALUES (?, 'silence', '', '', '[]', '2026-04-01')""",
        (CLERK,),
    )
    ledger.merge(store, PORTER, CLERK, NOW)
    [row] = store.rows("SELECT application_id FROM feedback WHERE kind = 'silence'")
    assert row["application_id"] == PORTER


def test_a_merge_answers_to_which_of_the_two_a_mail_belongs(store: Store) -> None:
    arrives_in_doubt(store, 5)
    assert open_questions(store) == [key(5)]
    ledger.merge(store, CLERK, PORTER, NOW)
    assert open_questions(store) == []
    undo(store)
    assert open_questions(store) == [key(5)]


def test_a_merge_taken_back_leaves_both_as_they_were(store: Store) -> None:
    arrives_in_doubt(store, 5)
    with taken_back(store):
        ledger.merge(store, BAY, ACME, NOW)
    with taken_back(store):
        ledger.merge(store, CLERK, PORTER, NOW)
    with taken_back(store):
        ledger.merge(store, ACME, PORTER, NOW)


def test_a_merge_that_filled_in_names_takes_them_out_again(store: Store) -> None:
    agency = ledger.add(store, "Hire & Co", "", "applied", BEGIN, NOW)
    with taken_back(store):
        ledger.merge(store, agency, ACME, NOW)
    assert store.get_application(agency).role == ""


def test_an_application_is_not_merged_with_itself(store: Store) -> None:
    with refused(store, "itself"):
        ledger.merge(store, ACME, ACME, NOW)


def test_an_application_is_not_merged_with_one_that_is_not_there(store: Store) -> None:
    for into, other in ((ACME, 99), (99, ACME)):
        with refused(store, "no application 99"):
            ledger.merge(store, into, other, NOW)


def test_an_application_merged_into_another_is_merged_no_second_time(store: Store) -> None:
    ledger.merge(store, ACME, BAY, NOW)
    with refused(store, f"no application {BAY}"):
        ledger.merge(store, CLERK, BAY, NOW)


def test_a_mail_in_the_thread_of_the_merged_one_belongs_to_the_surviving_one(store: Store) -> None:
    later = message(9, Address("eve@elsewhere.example"), answers=3)
    prediction = Prediction(Label.STATUS_UPDATE, 0.97, language="en")
    before = tracker.match(later, prediction, store.applications()).best
    assert before is not None and before.id == BAY
    ledger.merge(store, ACME, BAY, NOW)
    found = tracker.match(later, prediction, store.applications())
    assert found.best is not None and (found.best.id, found.rivals) == (ACME, ())
    arrives(store, 9, Label.STATUS_UPDATE, who=Address("eve@elsewhere.example"), answers=3)
    assert mails_of(store, ACME) == [1, 2, 3, 4, 9]
    assert places(store, 9)["verdict"] == [ACME]


def test_a_mail_that_came_after_a_merge_is_not_lost_when_the_merge_is_taken_back(store: Store) -> None:
    ledger.merge(store, ACME, BAY, NOW)
    arrives(store, 9, Label.STATUS_UPDATE, answers=1)
    undo(store)
    assert mails_of(store, ACME) == [1, 2, 9]
    assert mails_of(store, BAY) == [3, 4]


# --- splitting ---------------------------------------------------------------------------------------------


def test_mails_split_off_are_an_application_of_their_own(store: Store) -> None:
    new = ledger.split(store, ACME, [key(2)], NOW)
    assert mails_of(store, ACME) == [1]
    assert mails_of(store, new) == [2]
    assert (names_of(store, ACME), names_of(store, new)) == ({"Ann Moor"}, {"Ben Hall"})
    assert (stands(store, ACME), stands(store, new)) == ((Stage.APPLIED, "open"), (Stage.INTERVIEW, "open"))


def test_an_application_split_off_is_named_by_its_mails_or_as_the_one_it_came_from(store: Store) -> None:
    named = store.get_application(ledger.split(store, ACME, [key(2)], NOW))
    assert (named.company, named.role) == ("Acme", "Data Engineer")
    nameless = store.get_application(ledger.split(store, BAY, [key(4)], NOW))
    assert (nameless.company, nameless.role) == ("Bay", "")


def test_a_mail_to_be_split_off_may_be_named_by_the_beginning_of_its_key(store: Store) -> None:
    new = ledger.split(store, ACME, [key(2)[:4]], NOW)
    assert mails_of(store, new) == [2]


def test_letters_feedback_and_verdicts_follow_their_mail_when_it_is_split_off(store: Store) -> None:
    before = places(store, 4).keys()
    assert {"draft", "feedback", "verdict"} <= before
    stays = places(store, 3)
    new = ledger.split(store, BAY, [key(4)], NOW)
    assert places(store, 4) == {table: [new] for table in before}
    assert places(store, 3) == stays


def test_a_split_taken_back_leaves_the_application_as_it_was(store: Store) -> None:
    with taken_back(store):
        ledger.split(store, ACME, [key(2)], NOW)
    with taken_back(store):
        ledger.split(store, BAY, [key(4)], NOW)
    with taken_back(store):
        ledger.split(store, BAY, [key(3)], NOW)


def test_not_all_mails_of_an_application_are_split_off(store: Store) -> None:
    with refused(store, "nothing would be left"):
        ledger.split(store, ACME, [key(1), key(2)], NOW)


def test_a_mail_of_another_application_is_not_split_off(store: Store) -> None:
    with refused(store, f"does not belong to application {ACME}"):
        ledger.split(store, ACME, [key(2), key(3)], NOW)


def test_a_split_of_no_mails_is_refused(store: Store) -> None:
    with refused(store, "mail"):
        ledger.split(store, ACME, [], NOW)


# --- a mail belongs elsewhere ------------------------------------------------------------------------------


def test_a_mail_assigned_to_another_application_belongs_to_it(store: Store) -> None:
    assert ledger.assign(store, key(2), BAY, NOW) == BAY
    assert (mails_of(store, ACME), mails_of(store, BAY)) == ([1], [2, 3, 4])
    assert (names_of(store, ACME), names_of(store, BAY)) == ({"Ann Moor"}, {"Ben Hall", "Cora Lund"})
    assert stands(store, ACME) == (Stage.APPLIED, "open")
    assert store.get_application(BAY).stage is Stage.INTERVIEW


def test_a_mail_assigned_to_a_new_application_begins_it(store: Store) -> None:
    new = ledger.assign(store, key(2), None, NOW)
    one = store.get_application(new)
    assert (one.company, one.role, one.stage) == ("Acme", "Data Engineer", Stage.INTERVIEW)
    assert (mails_of(store, ACME), mails_of(store, new)) == ([1], [2])


def test_a_mail_that_told_of_no_application_tells_of_the_one_it_is_assigned_to(store: Store) -> None:
    arrives(store, 6, Label.OTHER, who=Address("eve@elsewhere.example"))
    ledger.assign(store, key(6), CLERK, NOW)
    assert mails_of(store, CLERK) == [6]
    assert places(store, 6) == {"event": [CLERK], "verdict": [CLERK]}
    answer = tracker.match(message(7, answers=6), Prediction(Label.OTHER, 0.9), store.applications())
    assert answer.best is not None and answer.best.id == CLERK


def test_a_mail_whose_news_was_taken_back_by_a_correction_can_be_assigned(store: Store) -> None:
    arrives(store, 6, Label.STATUS_UPDATE, "Acme", "Data Engineer")
    actions.correct(store, key(6), Label.OTHER, NOW)
    handle(store, message(6), Label.STATUS_UPDATE)
    assert mails_of(store, ACME) == [1, 2]
    with taken_back(store):
        ledger.assign(store, key(6), CLERK, NOW)
        assert mails_of(store, CLERK) == [6]


def test_letters_feedback_and_verdicts_follow_their_mail_when_it_is_assigned(store: Store) -> None:
    for to in (ACME, None):
        before = places(store, 4).keys()
        assert {"draft", "feedback", "verdict"} <= before
        stays = places(store, 3)
        now_at = ledger.assign(store, key(4), to, NOW)
        assert places(store, 4) == {table: [now_at] for table in before}
        assert places(store, 3) == stays


def test_assigning_a_mail_answers_to_which_application_it_belongs(store: Store) -> None:
    arrives_in_doubt(store, 5)
    for to in (CLERK, PORTER, None):
        assert open_questions(store) == [key(5)]
        ledger.assign(store, key(5), to, NOW)
        assert open_questions(store) == []
        undo(store)
    assert open_questions(store) == [key(5)]


@pytest.mark.parametrize("to", [CLERK, PORTER])
def test_assigning_a_mail_leaves_the_question_about_another_mail_open(store: Store, to: int) -> None:
    arrives_in_doubt(store, 5)
    arrives_in_doubt(store, 6)
    assert (open_questions(store), mails_of(store, PORTER)) == ([key(5), key(6)], [5, 6])
    ledger.assign(store, key(5), to, NOW)
    assert open_questions(store) == [key(6)]


def test_an_assigned_mail_taken_back_is_where_it_was(store: Store) -> None:
    arrives(store, 6, Label.OTHER, who=Address("eve@elsewhere.example"))
    for number, to in ((2, BAY), (4, ACME), (3, None), (6, CLERK), (6, None)):
        with taken_back(store):
            ledger.assign(store, key(number), to, NOW)


def test_the_only_mail_of_an_application_taken_from_it_comes_back_with_it(store: Store) -> None:
    arrives(store, 6, Label.ACKNOWLEDGEMENT, "Dune", "Cook", Address("fay@dune.example", "Fay Orr"))
    [dune] = [each.id for each in store.applications() if each.company == "Dune"]
    ledger.add_note(store, dune, NOW, "mind the sand")
    with taken_back(store):
        ledger.assign(store, key(6), ACME, NOW)
        assert dune not in [each.id for each in store.applications()]
    assert mails_of(store, dune) == [6]


def test_a_mail_is_not_assigned_to_an_application_that_is_not_there(store: Store) -> None:
    with refused(store, "no application 99"):
        ledger.assign(store, key(2), 99, NOW)


# --- adding and editing ------------------------------------------------------------------------------------


def test_an_application_added_by_hand_is_there(store: Store) -> None:
    at = BEGIN + timedelta(days=3)
    one = store.get_application(ledger.add(store, " Dune ", "Cook", "applied", at, NOW))
    assert (one.company, one.role, one.stage, one.state, one.heard_at) == ("Dune", "Cook", Stage.APPLIED, "open", at)


def test_an_added_application_taken_back_is_gone(store: Store) -> None:
    with taken_back(store):
        ledger.add(store, "Dune", "Cook", "applied", BEGIN, NOW)
    assert [each.company for each in store.applications()] == ["Acme", "Bay", "Cove", "Cove"]


def test_an_application_without_any_name_is_not_added(store: Store) -> None:
    with refused(store, "say where you applied"):
        ledger.add(store, " ", "", "applied", BEGIN, NOW)


def test_an_edited_application_has_its_new_names(store: Store) -> None:
    ledger.edit(store, ACME, NOW, company="Acme Labs", role=" Analyst ", requisition="R-77")
    one = store.get_application(ACME)
    assert (one.company, one.role, one.requisition) == ("Acme Labs", "Analyst", "R-77")


def test_what_is_not_edited_stays(store: Store) -> None:
    ledger.edit(store, ACME, NOW, role="Analyst")
    assert store.get_application(ACME).company == "Acme"


def test_an_edit_taken_back_brings_the_old_names_back(store: Store) -> None:
    with taken_back(store):
        ledger.edit(store, ACME, NOW, company="Acme Labs", role="Analyst", requisition="R-77")


def test_an_edit_that_says_nothing_is_refused(store: Store) -> None:
    with refused(store, "say what to change"):
        ledger.edit(store, ACME, NOW)


# --- what happened -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rejection", "withdrawn", "silent"])
def test_an_application_closed_by_hand_is_closed_until_that_is_taken_back(store: Store, kind: str) -> None:
    with taken_back(store):
        ledger.add_event(store, ACME, kind, NOW, NOW)
        assert stands(store, ACME) == (Stage.INTERVIEW, kind)
        assert store.get_application(ACME).closed
    assert stands(store, ACME) == (Stage.INTERVIEW, "open")


def test_an_application_reopened_by_hand_is_open_until_that_is_taken_back(store: Store) -> None:
    with taken_back(store):
        ledger.add_event(store, BAY, "reopened", NOW, NOW)
        assert stands(store, BAY) == (Stage.APPLIED, "open")
    assert stands(store, BAY) == (Stage.APPLIED, "rejection")


def test_an_interview_noted_by_hand_is_a_stage_until_it_is_taken_back(store: Store) -> None:
    with taken_back(store):
        ledger.add_event(store, CLERK, "interview", NOW, NOW)
        assert stands(store, CLERK) == (Stage.INTERVIEW, "open")
        assert store.get_application(CLERK).heard_at == NOW
    assert stands(store, CLERK) == (Stage.APPLIED, "open")


def test_what_happened_before_the_no_does_not_reopen_it(store: Store) -> None:
    ledger.add_event(store, BAY, "interview", BEGIN, NOW)
    assert stands(store, BAY) == (Stage.INTERVIEW, "rejection")


def test_news_noted_by_hand_answers_the_question_about_silence_until_it_is_taken_back(store: Store) -> None:
    store.note_quiet(store.get_application(ACME), "quiet", "No word. Ask?", NOW)
    assert (open_questions(store, "quiet"), stands(store, ACME)[1]) == ([None], "quiet")
    with taken_back(store):
        ledger.add_event(store, ACME, "update", NOW, NOW)
        assert (open_questions(store, "quiet"), stands(store, ACME)[1]) == ([], "open")
    assert open_questions(store, "quiet") == [None]


def test_reopening_by_hand_answers_whether_it_goes_on(store: Store) -> None:
    arrives(store, 6, Label.INTERVIEW, "Bay", "Analyst", CORA, answers=3)
    assert open_questions(store, "reopened") == [key(6)]
    with taken_back(store):
        ledger.add_event(store, BAY, "reopened", NOW, NOW)
        assert open_questions(store, "reopened") == []
    assert open_questions(store, "reopened") == [key(6)]


def test_nothing_happens_to_an_application_that_is_not_there(store: Store) -> None:
    with refused(store, "no application 99"):
        ledger.add_event(store, 99, "interview", NOW, NOW)


# --- people and notes --------------------------------------------------------------------------------------


def test_somebody_noted_by_hand_is_behind_the_application_until_that_is_taken_back(store: Store) -> None:
    with taken_back(store):
        ledger.add_person(store, ACME, Address("gil@acme.example", "Gil Roth"), "hiring manager", NOW)
        latest = store.people()[ACME][-1]
        assert (latest.name, latest.role, latest.address.email, latest.where) == (
            "Gil Roth",
            "hiring manager",
            "gil@acme.example",
            "you",
        )
        assert latest in store.get_application(ACME).people
    assert names_of(store, ACME) == {"Ann Moor", "Ben Hall"}


def test_somebody_known_from_mails_gains_the_role_that_is_noted(store: Store) -> None:
    ledger.add_person(store, ACME, Address(ANN.email), "recruiter", NOW)
    [ann] = [each for each in store.people()[ACME] if each.email == ANN.email]
    assert (ann.name, ann.role, ann.where) == ("Ann Moor", "recruiter", "from")


def test_a_note_is_kept_until_it_is_taken_back(store: Store) -> None:
    with taken_back(store):
        ledger.add_note(store, ACME, NOW, " They use Rust. ")
        [note] = store.rows("SELECT application_id, kind, text, asked, stumped, present FROM note")
        assert tuple(note.values()) == (ACME, "note", "They use Rust.", "", "", "")


def test_a_note_on_an_interview_says_what_was_asked_what_was_hard_and_who_was_there(store: Store) -> None:
    with taken_back(store):
        ledger.add_note(store, ACME, NOW, "", interview=True, asked="Why us?", stumped="Raft", present="Ann, Ben")
        [note] = store.rows("SELECT application_id, kind, text, asked, stumped, present FROM note")
        assert tuple(note.values()) == (ACME, "interview", "", "Why us?", "Raft", "Ann, Ben")


def test_a_note_without_words_is_refused(store: Store) -> None:
    with refused(store, "a note needs words"):
        ledger.add_note(store, ACME, NOW, " ", interview=True)


# --- taking back -------------------------------------------------------------------------------------------


def test_the_changes_are_listed_the_newest_first_in_words(store: Store) -> None:
    ledger.edit(store, ACME, NOW, role="Analyst")
    ledger.add_event(store, BAY, "interview", BEGIN, NOW)
    ledger.merge(store, ACME, BAY, NOW)
    found = ledger.changes(store)
    assert [each["words"] for each in found] == [
        "merged Bay, Analyst into Acme, Analyst",
        "noted an interview for Bay, Analyst",
        "edited Acme, Data Engineer",
        "added Cove, Porter",
        "added Cove, Clerk",
    ]
    assert [each["id"] for each in found] == sorted((each["id"] for each in found), reverse=True)
    assert [each["words"] for each in ledger.changes(store, limit=1)] == ["merged Bay, Analyst into Acme, Analyst"]


def test_a_change_taken_back_stays_in_the_list_with_the_time_of_that(store: Store) -> None:
    ledger.merge(store, ACME, BAY, NOW)
    assert undo(store) == "merged Bay, Analyst into Acme, Data Engineer"
    taken, *others = ledger.changes(store)
    assert datetime.fromisoformat(taken["undone_at"]) == NOW
    assert [each["undone_at"] for each in others] == [None, None]


def test_several_changes_are_taken_back_one_after_the_other(store: Store) -> None:
    arrives_in_doubt(store, 5)
    acts: list[Callable[[], object]] = [
        lambda: ledger.edit(store, ACME, NOW, role=""),
        lambda: ledger.merge(store, ACME, BAY, NOW),
        lambda: ledger.split(store, ACME, [key(1), key(4)], NOW),
        lambda: ledger.add_note(store, 5, NOW, "two of them"),
        lambda: ledger.merge(store, 5, ACME, NOW),
        lambda: ledger.assign(store, key(5), 5, NOW),
        lambda: ledger.add_event(store, 5, "withdrawn", NOW, NOW),
        lambda: ledger.add_person(store, 5, Address("", "Gil Roth"), "", NOW),
        lambda: ledger.assign(store, key(2), None, NOW),
    ]
    before = []
    for act in acts:
        before.append(everything(store))
        act()
        assert everything(store) != before[-1]
    while before:
        undo(store)
        assert everything(store) == before.pop()


def test_a_change_is_not_taken_back_twice(store: Store) -> None:
    ledger.edit(store, ACME, NOW, role="Analyst")
    number = last_change(store)
    undo(store, number)
    with refused(store, f"change {number} was taken back already"):
        undo(store, number)


def test_without_a_number_the_last_change_that_still_holds_is_taken_back(store: Store) -> None:
    ledger.edit(store, ACME, NOW, role="Analyst")
    ledger.add_note(store, ACME, NOW, "a note")
    assert [undo(store), undo(store)] == ["wrote a note on Acme, Analyst", "edited Acme, Data Engineer"]


def test_where_nothing_was_changed_nothing_is_taken_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "new.db")
    with refused(store, "no change by hand left"):
        undo(store)
    store.close()


def test_a_change_that_is_not_there_is_not_taken_back(store: Store) -> None:
    with refused(store, "no change 99"):
        undo(store, 99)


def test_an_added_application_to_which_a_mail_came_is_not_taken_back(store: Store) -> None:
    ledger.add(store, "Dune", "Cook", "applied", BEGIN, NOW)
    arrives(store, 6, Label.ACKNOWLEDGEMENT, "Dune", "Cook", Address("fay@dune.example", "Fay Orr"))
    with refused(store, "have come to it since"):
        undo(store)


def test_a_split_is_not_taken_back_after_a_mail_came_to_the_new_application(store: Store) -> None:
    new = ledger.split(store, ACME, [key(2)], NOW)
    arrives(store, 6, Label.STATUS_UPDATE, "Acme", "Data Engineer", BEN, answers=2)
    assert 6 in mails_of(store, new)
    with refused(store, "have come to it since"):
        undo(store)


def test_a_mail_assigned_to_a_new_application_stays_after_another_came_to_it(store: Store) -> None:
    new = ledger.assign(store, key(4), None, NOW)
    arrives(store, 6, Label.STATUS_UPDATE, who=CORA, answers=4)
    assert mails_of(store, new) == [4, 6]
    with refused(store, "have come to it since"):
        undo(store)


def test_a_merge_that_a_split_rests_on_is_taken_back_only_after_it(store: Store) -> None:
    before = everything(store)
    ledger.merge(store, ACME, BAY, NOW)
    merged = last_change(store)
    ledger.split(store, ACME, [key(3)], NOW)
    with refused(store, "a later change rests on it"):
        undo(store, merged)
    undo(store)
    undo(store, merged)
    assert everything(store) == before


def test_a_split_that_a_merge_rests_on_is_taken_back_only_after_it(store: Store) -> None:
    before = everything(store)
    new = ledger.split(store, ACME, [key(2)], NOW)
    split = last_change(store)
    ledger.merge(store, BAY, new, NOW)
    with refused(store, "a later change rests on it"):
        undo(store, split)
    undo(store)
    undo(store, split)
    assert everything(store) == before


def test_an_added_application_that_a_note_rests_on_is_taken_back_only_after_it(store: Store) -> None:
    before = everything(store)
    new = ledger.add(store, "Dune", "Cook", "applied", BEGIN, NOW)
    added = last_change(store)
    ledger.add_note(store, new, NOW, "mind the sand")
    with refused(store, "a later change rests on it"):
        undo(store, added)
    undo(store)
    undo(store, added)
    assert everything(store) == before


def test_an_edit_that_a_later_edit_rests_on_is_taken_back_only_after_it(store: Store) -> None:
    before = everything(store)
    ledger.edit(store, ACME, NOW, role="Analyst")
    first = last_change(store)
    ledger.edit(store, ACME, NOW, role="Cook")
    with refused(store, "a later change rests on it"):
        undo(store, first)
    undo(store)
    undo(store, first)
    assert everything(store) == before


def test_an_edit_made_once_more_later_is_not_taken_back_from_under_it(store: Store) -> None:
    before = everything(store)
    for role in ("Analyst", "Cook", "Analyst"):
        ledger.edit(store, ACME, NOW, role=role)
    with refused(store, "a later change rests on it"):
        undo(store, last_change(store) - 2)
    for _ in range(3):
        undo(store)
    assert everything(store) == before


def test_an_earlier_change_that_nothing_rests_on_is_taken_back_alone(store: Store) -> None:
    ledger.edit(store, BAY, NOW, role="Cook")
    edited = last_change(store)
    with taken_back(store):
        ledger.add_note(store, ACME, NOW, "a note")
    ledger.add_note(store, ACME, NOW, "another note")
    undo(store, edited)
    assert store.get_application(BAY).role == "Analyst"
    assert [row["text"] for row in store.rows("SELECT text FROM note")] == ["another note"]


def test_an_edit_and_a_merge_after_it_can_both_be_taken_back_whichever_is_tried_first(store: Store) -> None:
    before = everything(store)
    ledger.edit(store, ACME, NOW, role="Analyst")
    edited = last_change(store)
    ledger.merge(store, ACME, BAY, NOW)
    with suppress(Refused):
        undo(store, edited)
    for number in [each["id"] for each in ledger.changes(store) if each["undone_at"] is None and each["id"] >= edited]:
        undo(store, number)
    assert everything(store) == before


def test_a_letter_that_went_its_way_meanwhile_does_not_keep_a_merge_from_being_taken_back(store: Store) -> None:
    ledger.merge(store, ACME, BAY, NOW)
    [letter] = [each for each in store.drafts() if each.message_key == key(3)]
    assert store.note_fate(letter, NOW, replace(letter, state=DraftState.IN_MAILBOX, folder="Drafts", uid=5))
    undo(store)
    [letter] = [each for each in store.drafts() if each.message_key == key(3)]
    assert (letter.application_id, letter.state, letter.folder, letter.uid) == (
        BAY,
        DraftState.IN_MAILBOX,
        "Drafts",
        5,
    )
