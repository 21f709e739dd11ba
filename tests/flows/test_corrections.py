"""The person's verdict replaces ours, and everything that followed from ours is undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.home import Home, chatter, rejection
from onward import actions
from onward.core.model import EffectKind, Label, ReflectionState, Refused

CHANNELS = (EffectKind.NOTIFY_MAIL,)


def key_of_only_mail(home: Home) -> str:
    return str(home.rows("SELECT key FROM message WHERE sender_email NOT LIKE 'sam%'")[0]["key"])


def correct(home: Home, label: Label) -> None:
    with home.opened() as store:
        actions.correct(store, key_of_only_mail(home), label, home.clock.now)
    home.settle()


def test_a_false_alarm_loses_its_draft_its_session_and_its_event(home: Home) -> None:
    home.deliver(rejection())
    home.settle()
    correct(home, Label.OTHER)
    assert home.drafts == []
    assert home.sessions == []
    assert home.rows("SELECT 1 AS n FROM event WHERE kind = 'rejection' AND revoked_at IS NULL") == []
    assert home.rows("SELECT label, source FROM verdict WHERE label <> 'other' OR source = 'person'") == [
        {"label": "other", "source": "person"}
    ]
    assert b"STATUS:CANCELLED" in (home.path / "reflections.ics").read_bytes()


def test_reminders_of_an_undone_session_stay_silent(home: Home) -> None:
    home.deliver(rejection())
    home.settle()
    before = len(home.reminders)
    correct(home, Label.OTHER)
    home.clock.forward(days=4)
    home.settle()
    assert len(home.reminders) == before


def test_a_missed_no_gets_its_draft_and_session_when_the_person_says_so(home: Home) -> None:
    home.deliver(chatter(1))
    home.settle()
    assert home.drafts == []
    correct(home, Label.REJECTION)
    assert len(home.sessions) == 1


def test_a_mind_changed_twice_ends_with_one_draft_and_one_session(home: Home) -> None:
    home.deliver(rejection())
    home.settle()
    correct(home, Label.OTHER)
    correct(home, Label.REJECTION)
    assert len(home.drafts) == 1
    assert len(home.sessions) == 1
    correct(home, Label.OTHER)
    assert home.drafts == []
    assert home.sessions == []


def test_confirming_a_verdict_changes_nothing_but_who_holds_it(home: Home) -> None:
    home.deliver(rejection())
    home.settle()
    correct(home, Label.REJECTION)
    assert len(home.drafts) == 1
    assert len(home.sessions) == 1
    assert home.rows("SELECT source FROM verdict WHERE label = 'rejection'") == [{"source": "person"}]


def test_the_same_mail_arriving_twice_makes_one_draft(home: Home) -> None:
    raw = rejection()
    home.deliver(raw)
    home.deliver(raw)
    home.settle()
    home.deliver(raw.replace(b"<no-1@", b"<copy-of-no-1@"))  # the same words under another Message-ID
    home.settle()
    assert len(home.drafts) == 1
    assert len(home.sessions) == 1


def test_a_known_message_id_with_other_words_is_asked_about(home: Home) -> None:
    home.deliver(rejection(1))
    home.settle()
    other = rejection(2).replace(b"<no-2@harbour2.example>", b"<no-1@harbour1.example>")
    home.deliver(other)
    home.settle()
    assert len(home.drafts) == 1
    assert len(home.rows("SELECT 1 FROM question WHERE kind = 'forged' AND answered_at IS NULL")) == 1


def test_an_old_no_is_remembered_and_not_answered(home: Home) -> None:
    home.deliver(rejection(), home.clock.now - timedelta(days=4))
    home.settle()
    assert home.drafts == []
    assert home.sessions == []
    assert len(home.rows("SELECT 1 FROM event WHERE kind = 'rejection'")) == 1


def test_a_moved_session_keeps_its_calendar_entry_and_takes_its_reminders_along(home: Home) -> None:
    home.deliver(rejection())
    home.settle()
    before = home.sessions[0]
    uid_before = [line for line in (home.path / "reflections.ics").read_text().splitlines() if line.startswith("UID")]
    with home.opened() as store:
        to = home.clock.now + timedelta(days=1, hours=7)
        actions.move_session(store, 1, to, home.config.policy, CHANNELS, home.clock.now)
    home.settle()
    text = (home.path / "reflections.ics").read_text()
    assert [line for line in text.splitlines() if line.startswith("UID")] == uid_before
    assert "SEQUENCE:1" in text
    assert home.sessions[0]["starts_at"] != before["starts_at"]
    home.clock.forward(days=3)
    home.settle()
    fired = home.rows(
        """SELECT key FROM effect WHERE kind = 'notify_mail' AND state = 'done' AND key NOT LIKE '%:letter:%'
           ORDER BY key"""
    )
    assert [str(row["key"]).rpartition(":")[2] for row in fired if ":1:1:" in str(row["key"])] == [
        *("after", "day", "soon"),
    ]
    assert [row for row in fired if ":1:0:" in str(row["key"]) and not str(row["key"]).endswith("booked")] == []


def test_a_session_that_is_done_is_not_spoken_of_again(home: Home) -> None:
    home.deliver(rejection())
    home.settle()
    with home.opened() as store:
        actions.finish_session(store, 1, ReflectionState.DONE, home.clock.now)
        with pytest.raises(Refused, match="done already"):
            actions.finish_session(store, 1, ReflectionState.SKIPPED, home.clock.now)
    before = len(home.reminders)
    home.clock.forward(days=4)
    home.settle()
    assert len(home.reminders) == before


def test_two_noes_on_one_day_do_not_share_an_hour(home: Home) -> None:
    home.deliver(rejection(1))
    home.deliver(rejection(2))
    home.settle()
    assert len(home.drafts) == 2
    starts = [str(each["starts_at"]) for each in home.sessions]
    assert len(set(starts)) == 2
