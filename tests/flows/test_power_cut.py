"""The power goes at every step there is: nothing is lost, nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable

from flows.crash_soak import AppendThenRecord
from flows.home import Home, rejection
from onward.core import mail
from onward.demo.server import Quirks


def steps_of_a_whole_run(make_home: Callable[..., Home]) -> int:
    home = make_home("measured")
    home.deliver(rejection())
    assert home.run()
    return home.steps


def test_a_rejection_becomes_one_draft_and_one_session(make_home: Callable[..., Home]) -> None:
    home = make_home("plain")
    home.deliver(rejection())
    home.settle()
    assert len(home.drafts) == 1
    assert len(home.sessions) == 1
    assert b"In-Reply-To: <no-1@harbour1.example>" in home.drafts[0]


def test_a_power_cut_at_any_step_loses_nothing_and_drafts_once(make_home: Callable[..., Home]) -> None:
    steps = steps_of_a_whole_run(make_home)
    assert steps > 20
    for step in range(1, steps + 1):
        home = make_home(f"cut-{step}")
        home.deliver(rejection())
        assert not home.run(cut_at=step)
        where = home.trail[-1]
        home.settle()
        assert (len(home.drafts), len(home.sessions)) == (1, 1), f"after a cut {where}"
        assert len(home.reminders) == len({mail.key_of(each)[0] for each in home.reminders}), where
        assert home.server.mailbox("Sent").messages == []
        home.server.stop()


def test_a_second_power_cut_during_the_recovery_changes_nothing(make_home: Callable[..., Home]) -> None:
    steps = steps_of_a_whole_run(make_home)
    for step in range(1, steps + 1, 2):
        for second in (2, 5, 9, 14):
            home = make_home(f"cut-{step}-{second}")
            home.deliver(rejection())
            assert not home.run(cut_at=step)
            home.clock.forward(seconds=121)
            home.run(cut_at=second)
            home.settle()
            assert (len(home.drafts), len(home.sessions)) == (1, 1), f"cuts at {step} and {second}"
            home.server.stop()


def test_an_append_whose_answer_is_lost_is_found_again(make_home: Callable[..., Home]) -> None:
    home = make_home("ack-lost", Quirks(drop_after_append=1))
    home.deliver(rejection())
    home.settle()
    assert len(home.drafts) == 1
    assert home.rows("SELECT state FROM effect WHERE kind = 'append_draft'") == [{"state": "done"}]


def test_a_draft_the_person_removed_meanwhile_is_asked_about_not_written_again(make_home: Callable[..., Home]) -> None:
    home = make_home("removed", Quirks(drop_after_append=1))
    home.deliver(rejection())
    home.run()
    drafts = home.server.mailbox("Drafts")
    drafts.remove([each.uid for each in drafts.messages])
    home.settle()
    assert home.drafts == []
    assert home.rows("SELECT state FROM draft") == [{"state": "undecided"}]
    questions = home.rows("SELECT text FROM question WHERE answered_at IS NULL")
    assert len(questions) == 1
    assert "onward drafts again 1" in str(questions[0]["text"])


def test_other_drafts_written_meanwhile_do_not_make_it_undecided(make_home: Callable[..., Home]) -> None:
    home = make_home("others")
    home.deliver(rejection())
    steps = steps_of_a_whole_run(make_home)
    home.run()
    trail = home.trail
    before_append = trail.index("before append") + 1
    again = make_home("others-again")
    again.deliver(rejection())
    assert steps >= before_append
    assert not again.run(cut_at=before_append)
    again.server.mailbox("Drafts").deliver(rejection(99), again.clock.now)
    again.settle()
    own = [each for each in again.drafts if b"X-Draft-Key" in each]
    assert len(own) == 1
    assert again.rows("SELECT state FROM draft") == [{"state": "in the mailbox"}]


def test_this_suite_sees_the_duplicates_of_append_then_record(make_home: Callable[..., Home]) -> None:
    home = make_home("measured-naive", outbox_class=AppendThenRecord)
    home.deliver(rejection())
    home.run()
    duplicates = 0
    for step in range(1, home.steps + 1):
        naive = make_home(f"naive-{step}", outbox_class=AppendThenRecord)
        naive.deliver(rejection())
        naive.run(cut_at=step)
        naive.settle()
        duplicates += len(naive.drafts) > 1
        naive.server.stop()
    assert duplicates > 0
