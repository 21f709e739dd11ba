"""Time passes as it does: machines sleep, clocks jump, DST comes. A reminder is heard once, an hour is kept in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flows.clock_soak import BEGIN, Heard, Life, quick_folder, soak
from onward import actions
from onward.core import agenda, mail
from onward.core.model import EffectKind, ReflectionState
from onward.edges.store import OpenEffect, Reflection
from onward.notices import Notice
from onward.outbox import Outbox

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def make_life() -> Iterator[Callable[..., Life]]:
    lives: list[Life] = []
    with quick_folder() as folder:

        def make(zone: str = "Europe/Berlin") -> Life:
            lives.append(Life(Path(folder, str(len(lives))), zone, days=10, seed=1, rejections=0))
            return lives[-1]

        yield make
        for life in lives:
            life.store.close()


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of January 2026 on a clock in Berlin."""
    return datetime(2026, 1, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def booked(life: Life) -> Reflection:
    (session,) = life.store.reflections()
    return session


def heard(life: Life, channel: EffectKind = EffectKind.NOTIFY_MAIL) -> list[str]:
    """Kinds of reminders heard on a channel, in order."""
    rows = life.store.rows("SELECT key FROM effect WHERE kind = :channel", channel=channel)
    names = {mail.key_header(row["key"]): str(row["key"]).split(":") for row in rows}
    return [names[each.key][-1] for each in of_sessions(life, channel)]


def of_sessions(life: Life, channel: EffectKind = EffectKind.NOTIFY_MAIL) -> list[Heard]:
    """What was heard of sessions on a channel; letters are spoken of apart."""
    rows = life.store.rows("SELECT key FROM effect WHERE kind = :channel AND key LIKE '%:letter:%'", channel=channel)
    letters = {mail.key_header(row["key"]) for row in rows}
    return [each for each in life.heard if each.channel is channel and each.key not in letters]


def arrive(life: Life, at: datetime) -> None:
    """A no arrives at `at`; the service looks at once if the machine is on."""
    life.now(at)
    life.on_arrival()
    life.work()


# --- the soak ----------------------------------------------------------------------------------------------


def test_four_hundred_days_without_a_deviation() -> None:
    tally = soak("Australia/Lord_Howe", days=400, seed=2026, rejections=60)
    assert tally.deviations == {}
    assert (tally.rejections >= 60, tally.clock_changes, tally.jumps > 10) == (True, 2, True)
    assert min(tally.sessions, tally.moved, tally.done, tally.skipped, tally.late, tally.downtimes) > 0
    assert tally.by_mail > 2 * tally.sessions


class Deaf(Outbox):
    """Reminds of every hour there ever was, moved or not."""

    def _notice(self, effect: OpenEffect) -> Notice | None:
        return Notice("Your hour", "It was today, or it was not.", "today")


class Forgetful(Outbox):
    """Shows a notification, then writes down that it did, unless it is interrupted: which it is, each fifth time."""

    shown = 0

    def _notify_desktop(self, effect: OpenEffect) -> None:
        Forgetful.shown += 1
        if Forgetful.shown % 5 == 0:
            self.desktop("", "", mail.key_header(effect.key))
        super()._notify_desktop(effect)


def test_the_soak_hears_a_reminder_of_an_hour_that_was_moved() -> None:
    assert "heard after its session was changed" in soak("UTC", 40, 5, 15, Deaf).deviations


def test_the_soak_hears_a_reminder_twice() -> None:
    assert "heard twice" in soak("UTC", 40, 5, 15, Forgetful).deviations


def test_the_soak_sees_an_hour_that_comes_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "LEAD", timedelta(hours=47, minutes=59))
    monkeypatch.setattr(agenda, "WITHIN", timedelta(hours=60))
    assert "later than 48 hours" in soak("UTC", 40, 5, 15).deviations


def test_the_soak_sees_a_reminder_at_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "awake_at", lambda moment, hours: moment)
    assert "heard at night" in soak("UTC", 40, 5, 15).deviations


# --- to the second -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asleep", "late"),
    [
        (timedelta(hours=1), False),
        (timedelta(hours=24), False),
        (timedelta(hours=24, seconds=1), True),
        (timedelta(hours=47), True),
        (timedelta(days=3), True),
    ],
)
def test_after_an_outage_the_two_days_run_from_the_arrival_or_from_the_notice(
    make_life: Callable[..., Life], asleep: timedelta, late: bool
) -> None:
    life = make_life()
    arrived = berlin(12, 9)
    life.until(arrived - timedelta(hours=1))
    life.up = False
    arrivals = len(life.delivered)
    arrive(life, arrived)
    life.now(arrived + asleep)
    life.on_up()
    life.work()
    outcome, _ = life.outcomes[f"<no-{arrivals + 1}@harbour{arrivals + 1}.example>"]
    assert outcome.decision.booking is not None
    counted = arrived + asleep if late else arrived
    assert outcome.decision.booking.deadline == counted + timedelta(seconds=172_800)
    assert outcome.decision.booking.late is late
    assert outcome.decision.booking.slot.starts_at <= counted + timedelta(seconds=172_800)


def test_after_five_days_a_no_is_remembered_and_not_answered(make_life: Callable[..., Life]) -> None:
    life = make_life()
    life.up = False
    arrive(life, berlin(12, 9))
    life.now(berlin(17, 9))
    life.on_up()
    life.work()
    assert life.store.reflections() == []
    assert life.store.drafts() == []
    assert life.store.rows("SELECT label FROM verdict") == [{"label": "rejection"}]


@pytest.mark.parametrize("asleep", [timedelta(minutes=5), timedelta(hours=9), timedelta(days=3)])
def test_what_was_missed_in_sleep_is_said_once_on_waking(make_life: Callable[..., Life], asleep: timedelta) -> None:
    life = make_life()
    arrive(life, berlin(12, 9))
    soon = booked(life).starts_at - timedelta(minutes=15)
    life.until(soon - timedelta(minutes=1))
    life.up = False
    life.now(soon - timedelta(minutes=1) + asleep)
    life.on_up()
    life.work()
    life.until(BEGIN + timedelta(days=30))
    assert sorted(heard(life)) == sorted(set(heard(life)))
    assert heard(life)[-2:] == ["soon", "after"]
    assert heard(life, EffectKind.NOTIFY_DESKTOP)[-1:] == ["soon"]


def test_a_clock_that_jumps_ahead_and_back_repeats_nothing(make_life: Callable[..., Life]) -> None:
    life = make_life()
    arrive(life, berlin(12, 9))
    life.skew = timedelta(days=2)
    life.now(berlin(12, 10))
    life.work()
    early = heard(life)
    assert early == ["booked", "soon", "after"] or early == ["booked", "day", "soon", "after"]
    life.on_right()
    life.until(berlin(20, 9))
    assert heard(life) == early


def test_a_clock_set_back_three_hours_delays_and_never_repeats(make_life: Callable[..., Life]) -> None:
    life = make_life()
    arrive(life, berlin(12, 9))
    before = heard(life)
    assert before == ["booked"]
    life.skew = timedelta(hours=-3)
    life.now(berlin(12, 9, 30))
    life.work()
    assert heard(life) == before
    life.on_right()
    life.until(berlin(20, 9))
    assert heard(life).count("booked") == 1
    assert len(heard(life)) == len(set(heard(life)))


def test_a_machine_that_wakes_in_1970_loses_no_mail_and_books_by_its_own_clock(make_life: Callable[..., Life]) -> None:
    life = make_life()
    life.skew = datetime(1970, 1, 1, tzinfo=UTC) - berlin(12, 9)
    arrive(life, berlin(12, 9))
    assert booked(life).starts_at.year == 1970
    life.on_right()
    life.until(berlin(12, 9, 5))
    assert heard(life) == sorted(set(heard(life)), key=heard(life).index)
    arrive(life, berlin(12, 10))
    assert len(life.store.drafts()) == 2
    later = life.store.reflections()[-1]
    assert berlin(12, 10) <= later.starts_at <= berlin(14, 10)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
        ("Africa/Casablanca", datetime(2026, 2, 15, 2, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("before", [timedelta(hours=47, minutes=30), timedelta(hours=20), timedelta(minutes=10)])
def test_around_a_change_of_the_clocks_each_reminder_is_heard_once_and_by_day(
    make_life: Callable[..., Life], zone: str, change: datetime, before: timedelta
) -> None:
    life = make_life(zone)
    arrive(life, change - before)
    session = booked(life)
    assert session.starts_at <= change - before + timedelta(seconds=172_800)
    life.until(change + timedelta(days=6))
    assert heard(life)[-2:] == ["soon", "after"]
    assert len(heard(life)) == len(set(heard(life)))
    by_kind = dict(zip(heard(life), of_sessions(life), strict=True))
    assert by_kind["soon"].at == session.starts_at - timedelta(minutes=15)
    assert not any(life.is_night(each.at) for kind, each in by_kind.items() if kind != "soon")


def test_a_session_moved_after_its_first_reminder_is_announced_at_its_new_hour_only(
    make_life: Callable[..., Life],
) -> None:
    life = make_life()
    arrive(life, berlin(12, 9))
    session = booked(life)
    actions.move_session(life.store, session.id, berlin(14, 18), life.policy, life.pipeline.channels, life.clock())
    life.until(berlin(20, 9))
    times = [each.at for each in of_sessions(life)]
    assert heard(life) == ["booked", "day", "soon", "after"]
    assert times[1:] == [berlin(14, 8), berlin(14, 17, 45), berlin(15, 8)]


def test_a_session_that_is_done_is_not_spoken_of_again(make_life: Callable[..., Life]) -> None:
    life = make_life()
    arrive(life, berlin(12, 9))
    actions.finish_session(life.store, booked(life).id, ReflectionState.DONE, life.clock())
    life.until(berlin(20, 9))
    assert heard(life) == ["booked"]


def test_what_was_missed_by_day_waits_for_the_morning_when_the_machine_wakes_at_night(
    make_life: Callable[..., Life],
) -> None:
    life = make_life()
    arrive(life, berlin(12, 9))
    life.until(booked(life).ends_at)
    life.up = False
    life.now(berlin(14, 3))
    life.on_up()
    life.work()
    assert heard(life)[-1:] == ["soon"]
    life.until(berlin(14, 9))
    assert heard(life)[-1:] == ["after"]


def test_a_mail_that_comes_while_the_clock_is_months_ahead_is_not_lost(make_life: Callable[..., Life]) -> None:
    life = make_life()
    life.until(berlin(11, 9))
    life.skew = timedelta(days=200)
    arrive(life, berlin(12, 9))
    life.on_right()
    life.until(berlin(12, 10))
    assert len(life.outcomes) == 1
