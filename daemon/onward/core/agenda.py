"""Find the hour for a session, say when to speak of it, and read and say times as people do.

Pure: `now` is an argument and always aware UTC; the only thing looked up is the time zone table.

Time is stepped through in UTC and the wall clock is read off each instant, never the other way round: every
instant has a wall time, while some wall times never come (the hour skipped in spring) and some come twice.
Only a wall time that a person names ("18:00", the end of the night) is turned into an instant, by `instants`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from onward.core.model import HOUR, Booking, Busy, ConfigError, Effect, EffectKind, ReflectionHours, Refused, Slot

WITHIN = timedelta(hours=48)  # elapsed, from when the rejection counts as arrived (promise 4)
LATE_AFTER = timedelta(hours=24)  # noticed later than this: counted from the notice
CLOCK_SKEW = timedelta(minutes=5)  # an arrival further ahead than this is not believed
LEAD = timedelta(hours=2)  # a no needs a little air
SHORT_LEAD = timedelta(minutes=30)  # the least in which a person can hear of a session and get there
STEP = timedelta(minutes=15)  # quarter hours: every zone's offset since 1972 is a multiple of it
NIGHT_EDGE = timedelta(hours=2)  # how far into the night an hour still lies at its edge

SOON = timedelta(minutes=15)
DAY_NOTICE = timedelta(hours=3)  # a session this close to the morning needs no morning reminder
AFTER = timedelta(hours=12)

DAY = timedelta(days=1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

Reminders = tuple[tuple[str, datetime], ...]


def counted_from(arrived_at: datetime, noticed_at: datetime) -> tuple[datetime, bool]:
    """From when the 48 hours run, and whether that is the notice because the arrival cannot be used."""
    in_the_future = arrived_at - noticed_at > CLOCK_SKEW
    long_ago = noticed_at - arrived_at > LATE_AFTER
    if in_the_future or long_ago:
        return noticed_at, True
    return arrived_at, False


def book(
    arrived_at: datetime, noticed_at: datetime, now: datetime, hours: ReflectionHours, busy: Sequence[Busy]
) -> Booking:
    """Choose the hour for one session and when to speak of it. There is always an answer."""
    counted, late = counted_from(arrived_at, noticed_at)
    deadline = counted + WITHIN
    slot = find_slot(max(now, counted), deadline, hours, busy)
    if slot is None:
        slot = find_overdue_slot(now, hours, busy)
    return Booking(slot, deadline, late, reminders_for(slot.starts_at, slot.ends_at, now, hours))


def find_slot(now: datetime, deadline: datetime, hours: ReflectionHours, busy: Sequence[Busy]) -> Slot | None:
    """The best hour that starts by the deadline; None when no quarter hour is left before it."""
    candidates = candidates_between(now, deadline, hours, busy)
    if not candidates:
        return None
    best = min(candidates, key=Candidate.badness)
    return Slot(best.starts_at, best.ends_at, reason_for(best, candidates))


def find_overdue_slot(now: datetime, hours: ReflectionHours, busy: Sequence[Busy]) -> Slot:
    """After downtime: the first free hour the person can still hear of, in their usual hours or not."""
    candidates = candidates_between(now, now + WITHIN, hours, busy)
    best = min(candidates, key=Candidate.lateness)
    reason = "the two days were over before it could be booked"
    if best.overlap:
        return Slot(best.starts_at, best.ends_at, f"{reason}, and everything is taken: this overlaps least")
    return Slot(best.starts_at, best.ends_at, f"{reason}, so this is the first free hour")


def reminders_for(starts_at: datetime, ends_at: datetime, booked_at: datetime, hours: ReflectionHours) -> Reminders:
    """When to speak of a session, in order. Nothing at night but 'soon', which follows the session."""
    zone = zone_of(hours.timezone)
    booked = awake_at(booked_at, hours)
    soon = max(starts_at - SOON, booked_at)  # a session booked at the last minute is still announced
    morning = awake_at(instants(starts_at.astimezone(zone).date(), hours.night_end, zone)[0], hours)
    reminders: list[tuple[str, datetime]] = []
    if booked < soon:  # else 'soon' says it all
        reminders.append(("booked", booked))
    if booked < morning and starts_at - morning >= DAY_NOTICE:
        reminders.append(("day", morning))
    if soon <= starts_at:
        reminders.append(("soon", soon))
    reminders.append(("after", awake_at(ends_at + AFTER, hours)))
    return tuple(reminders)


def session_effects(
    reflection: str,
    sequence: int,
    starts_at: datetime,
    reminders: Reminders,
    channels: Sequence[EffectKind],
    now: datetime,
) -> list[Effect]:
    """The outward acts of one session as it stands: its reminders on every channel, and the calendar file.

    `sequence` counts the times it was changed, so that a reminder of an earlier hour is known as such.
    """
    named = {"reflection": reflection, "sequence": str(sequence)}
    effects = [
        Effect(f"{channel}:{reflection}:{sequence}:{kind}", channel, due, {**named, "reminder": kind})
        for kind, due in reminders
        for channel in channels
        if channel is EffectKind.NOTIFY_MAIL or kind in ("booked", "soon")
    ]
    return [*effects, Effect(f"write_calendar:{reflection}:{sequence}", EffectKind.WRITE_CALENDAR, now)]


def letter_effects(
    draft: str, now: datetime, cool_off: timedelta, hours: ReflectionHours, channels: Sequence[EffectKind]
) -> list[Effect]:
    """A letter that still waits is spoken of once, when the first sting is over and the person is awake."""
    due = awake_at(now + cool_off, hours)
    named = {"letter": draft, "reminder": "letter"}
    return [Effect(f"{channel}:letter:{draft}", channel, due, named) for channel in channels]


def awake_at(moment: datetime, hours: ReflectionHours) -> datetime:
    """The moment itself outside the night, else the night's end."""
    zone = zone_of(hours.timezone)
    if not is_night(moment.astimezone(zone), hours):
        return moment
    today = moment.astimezone(zone).date()
    ends = [end for days in range(3) for end in instants(today + days * DAY, hours.night_end, zone)]
    return min(end for end in ends if end >= moment and not is_night(end.astimezone(zone), hours))


@dataclass(frozen=True)
class Candidate:
    """One hour that could be booked, seen on the wall clock of the person."""

    starts_at: datetime
    lead: timedelta  # between now and its start
    overlap: timedelta  # with what is in the calendar, summed
    hours: ReflectionHours
    zone: ZoneInfo

    def badness(self) -> tuple[int, timedelta, bool, timedelta, bool, bool, bool, timedelta, datetime]:
        """What makes one hour worse than another, the gravest first. Equal ones: the earlier."""
        return (
            self.kind,
            self.overlap,
            self.lead < SHORT_LEAD,
            self.into_the_night,
            self.lead < LEAD,
            not self.in_hours,
            not self.on_allowed_day,
            self.from_hours,
            self.starts_at,
        )

    def lateness(self) -> tuple[int, timedelta, bool, timedelta, datetime]:
        """The same when the deadline has passed: the usual hours no longer count, only sooner or later."""
        return self.kind, self.overlap, self.lead < SHORT_LEAD, self.into_the_night, self.starts_at

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + HOUR

    @cached_property
    def walls(self) -> tuple[datetime, ...]:
        """What the wall clock shows at the beginning of each of its quarter hours."""
        return tuple((self.starts_at + quarter * STEP).astimezone(self.zone) for quarter in range(4))

    @property
    def starts_on_wall(self) -> datetime:
        return self.walls[0]

    @cached_property
    def kind(self) -> int:
        """0: free by day; 1: free at the edge of the night; 2: taken, by day; 3: in the night."""
        if not self.at_night:
            return 2 if self.overlap else 0
        at_the_edge = self.into_the_night <= NIGHT_EDGE
        return 1 if at_the_edge and not self.overlap else 3

    @cached_property
    def at_night(self) -> bool:
        """Whether any part of it is: a quarter hour begins in the night, or the night begins in it."""
        if self.hours.night_start == self.hours.night_end:
            return False
        begins_within = any(clockwise(wall.time(), self.hours.night_start) < STEP for wall in self.walls)
        return begins_within or any(is_night(wall, self.hours) for wall in self.walls)

    @cached_property
    def into_the_night(self) -> timedelta:
        """How far it reaches into the night from the nearer side, by the wall clock; zero by day."""
        if not self.at_night:
            return timedelta(0)
        after_dusk = (clockwise(self.hours.night_start, self.walls[-1].time()) + STEP) % DAY
        before_dawn = clockwise(self.starts_on_wall.time(), self.hours.night_end)
        return min(after_dusk, before_dawn)

    @cached_property
    def in_hours(self) -> bool:
        """Whether all of it lies in the reflection hours of an allowed day."""
        length = hours_length(self.hours)
        inside = (clockwise(self.hours.start, wall.time()) + STEP <= length for wall in self.walls)
        return self.on_allowed_day and all(inside)

    @cached_property
    def on_allowed_day(self) -> bool:
        """Hours that last past midnight belong to the day they began on."""
        day = self.starts_on_wall
        past_midnight = self.hours.end <= self.hours.start and day.time() < self.hours.end
        return (day - DAY if past_midnight else day).weekday() in self.hours.weekdays

    @cached_property
    def from_hours(self) -> timedelta:
        """How far its start lies from one inside the reflection hours, round the clock face."""
        begun = clockwise(self.hours.start, self.starts_on_wall.time())
        too_late = max(begun - (hours_length(self.hours) - HOUR), timedelta(0))
        return min(too_late, clockwise(self.starts_on_wall.time(), self.hours.start))


def candidates_between(
    now: datetime, last_start: datetime, hours: ReflectionHours, busy: Sequence[Busy]
) -> list[Candidate]:
    """Every hour that starts on a quarter hour from now on, up to and including the last start."""
    zone = zone_of(hours.timezone)
    near = merged([taken for taken in busy if taken.ends_at > now and taken.starts_at < last_start + HOUR])
    starts = []
    start = next_quarter(now)
    while start <= last_start:
        starts.append(start)
        start += STEP
    if not starts and now <= last_start:  # minutes before the deadline: the promise outranks the round time
        starts = [last_start]
    return [
        Candidate(start, start - now, sum((shared(start, taken) for taken in near), timedelta(0)), hours, zone)
        for start in starts
    ]


def reason_for(best: Candidate, candidates: Sequence[Candidate]) -> str:
    """A word on why this hour is not one of the usual ones; '' when it is."""
    if best.kind == 3:
        overlapping = " and overlaps what is in your calendar" if best.overlap else ""
        return f"only night is left before the deadline, so this hour lies in it{overlapping}"
    if best.kind == 2:
        minutes = -(-best.overlap // timedelta(minutes=1))
        return f"everything is taken, so this overlaps your calendar as little as can be ({minutes} min)"
    if best.kind == 1:
        any_day = any(candidate.kind == 2 for candidate in candidates)
        why = "your days are taken" if any_day else "no daytime is left before the deadline"
        return f"{why}, so this is a free hour at the edge of the night"
    if best.in_hours:
        return ""
    part = part_of_day(best.starts_on_wall.time())
    where = f"in the {part}" if best.on_allowed_day else f"on {weekday_of(best.starts_on_wall)} {part}"
    return f"{why_not_in_hours(best, candidates)}, so this is a free hour {where}"


def why_not_in_hours(best: Candidate, candidates: Sequence[Candidate]) -> str:
    usual = [candidate for candidate in candidates if candidate.in_hours and not candidate.at_night]
    if not usual:
        return "none of your reflection hours falls before the deadline"
    name = name_of_hours(best)
    if all(candidate.overlap for candidate in usual):
        return f"your {name} are taken"
    return f"your {name} are taken or too soon"


def name_of_hours(best: Candidate) -> str:
    """'evenings' for hours within the evening, where that tells them apart from the hour that was found."""
    hours = best.hours
    last_moment = (datetime.combine(date.min, hours.end) + DAY - timedelta(microseconds=1)).time()
    part = part_of_day(hours.start)
    within = hours.start < hours.end and part == part_of_day(last_moment)
    return f"{part}s" if within and part != part_of_day(best.starts_on_wall.time()) else "reflection hours"


def part_of_day(clock: time) -> str:
    return "morning" if clock.hour < 12 else "afternoon" if clock.hour < 17 else "evening"


def is_night(wall: datetime, hours: ReflectionHours) -> bool:
    """Whether the wall clock shows a time in the night. A night that starts when it ends never comes."""
    length = clockwise(hours.night_start, hours.night_end)
    return clockwise(hours.night_start, wall.time()) < length


def hours_length(hours: ReflectionHours) -> timedelta:
    return clockwise(hours.start, hours.end) or DAY


def clockwise(start: time, end: time) -> timedelta:
    """From one time to the next on the clock face, forwards: at least 0, less than a day."""
    return (datetime.combine(date.min, end) - datetime.combine(date.min, start)) % DAY


def next_quarter(moment: datetime) -> datetime:
    """The moment itself on a quarter hour, else the next one."""
    past = (moment - datetime.min.replace(tzinfo=UTC)) % STEP
    return moment if not past else moment - past + STEP


def merged(busy: Sequence[Busy]) -> list[Busy]:
    """The same taken time without overlaps, so that two meetings at once count once."""
    apart: list[Busy] = []
    for taken in sorted(busy, key=lambda taken: taken.starts_at):
        if apart and taken.starts_at <= apart[-1].ends_at:
            apart[-1] = Busy(apart[-1].starts_at, max(apart[-1].ends_at, taken.ends_at))
        else:
            apart.append(taken)
    return apart


def shared(starts_at: datetime, taken: Busy) -> timedelta:
    """How much of the hour from `starts_at` is taken."""
    return max(min(starts_at + HOUR, taken.ends_at) - max(starts_at, taken.starts_at), timedelta(0))


def instants(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """When a wall time comes, in UTC: once, or twice in the hour repeated in autumn, the earlier first.

    In the hour skipped in spring it never comes: then once, moved forward by what was skipped.
    """
    wall = datetime.combine(day, clock, zone)
    first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return (first, second) if first < second else (first,)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name, or a sentence on what a name looks like."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of the time zone table
        raise ConfigError(
            f"this machine knows no time zone {printable(name)!r}; write one like Europe/Berlin"
        ) from None


# What a person types and reads.

WHEN_FORMS = '"18:00", "today 19:00", "tomorrow 17:30", "friday 17:00", "24 Nov 18:00", "2026-11-24 18:00" or "+2h"'
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)"
_FROM_NOW = re.compile(r"\+ ?(?:(?P<hours>\d{1,3}) ?h)? ?(?:(?P<minutes>\d{1,4}) ?m(?:in)?)?", re.ASCII)
_ISO = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[t ]{_CLOCK}", re.ASCII)
_DAY_MONTH = re.compile(rf"(?P<day>\d{{1,2}}) (?P<month>[a-z]{{3,9}})(?: (?P<year>\d{{4}}))? {_CLOCK}", re.ASCII)
_DAY_WORD = re.compile(rf"(?:(?P<word>[a-z]{{3,9}}) )?{_CLOCK}", re.ASCII)


def parse_when(text: str, now: datetime, timezone: str) -> datetime:
    """The instant a person means by what they typed, in UTC; always ahead of now."""
    words = " ".join(text.replace(",", " ").lower().split())
    zone = zone_of(timezone)
    try:
        moment = find_moment(words, now, zone)
    except (ValueError, OverflowError):  # the 31st of November, 25:00, a year no clock shows
        moment = None
    if moment is None:
        raise Refused(f"{printable(text)!r} is not a time I understand; write it like {WHEN_FORMS}")
    if moment <= now:
        raise Refused(f"{say_day(moment, now, zone)}, {say_clock(moment, zone)} is already past; write a later time")
    return moment


def find_moment(words: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant meant, past or not. None: not one of the forms; ValueError: no such date or time."""
    if (match := _FROM_NOW.fullmatch(words)) and (match["hours"] or match["minutes"]):
        return now + timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    if match := _ISO.fullmatch(words):
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
        return ahead(day, clock_of(match), now, zone)
    if match := _DAY_MONTH.fullmatch(words):
        return on_day_of_month(match, now, zone)
    if match := _DAY_WORD.fullmatch(words):
        return on_named_day(match["word"], clock_of(match), now, zone)
    return None


def on_day_of_month(match: re.Match[str], now: datetime, zone: ZoneInfo) -> datetime | None:
    """'24 Nov 18:00'. Without a year, the one that brings it nearest: on 30 December '2 Jan' is ahead."""
    month = find_name(match["month"], MONTHS)
    if month is None:
        return None
    this_year = now.astimezone(zone).year
    years = [int(match["year"])] if match["year"] else [this_year, this_year - 1, this_year + 1]
    moments = []
    for year in years:
        try:
            moments.append(ahead(date(year, month + 1, int(match["day"])), clock_of(match), now, zone))
        except ValueError:  # 29 February, in the other years
            continue
    return min(moments, key=lambda moment: abs(moment - now), default=None)


def on_named_day(word: str | None, clock: time, now: datetime, zone: ZoneInfo) -> datetime | None:
    """'18:00', 'today 19:00', 'tomorrow 17:30', 'friday 17:00': the next time it comes round."""
    today = now.astimezone(zone).date()
    if word in ("today", "tomorrow"):
        return ahead(today if word == "today" else today + DAY, clock, now, zone)
    if word is None:
        days = (today, today + DAY)
    else:
        weekday = find_name(word, WEEKDAYS)
        if weekday is None:
            return None
        next_one = today + (weekday - today.weekday()) % 7 * DAY
        days = (next_one, next_one + 7 * DAY)
    moments = [ahead(day, clock, now, zone) for day in days]
    return next((moment for moment in moments if moment > now), None)


def find_name(word: str, names: Sequence[str]) -> int | None:
    """Which of the names begins with the word; three letters tell them all apart."""
    return next((index for index, name in enumerate(names) if name.lower().startswith(word)), None)


def ahead(day: date, clock: time, now: datetime, zone: ZoneInfo) -> datetime:
    """A wall time as an instant: the first time it comes after now, else the last time it came."""
    moments = instants(day, clock, zone)
    return next((moment for moment in moments if moment > now), moments[-1])


def clock_of(match: re.Match[str]) -> time:
    return time(int(match["hour"]), int(match["minute"]))


def say_when(starts_at: datetime, ends_at: datetime, now: datetime, timezone: str) -> str:
    """As one tells a friend: 'tomorrow (Tue 24 Nov), 17:30–18:30'."""
    zone = zone_of(timezone)
    return f"{say_day(starts_at, now, zone)}, {say_clock(starts_at, zone)}–{say_clock(ends_at, zone)}"


def say_day(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """'today (Mon 23 Nov)', 'Thu 26 Nov', 'Fri 1 Jan 2027' in another year than now's."""
    wall, today = moment.astimezone(zone), now.astimezone(zone)
    plain = f"{weekday_of(wall)[:3]} {wall.day} {MONTHS[wall.month - 1][:3]}"
    if wall.year != today.year:
        plain += f" {wall.year}"
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((wall.date() - today.date()).days)
    return f"{near} ({plain})" if near else plain


def say_clock(moment: datetime, zone: ZoneInfo) -> str:
    """'17:30'; with the zone's short name in the hour that comes twice in autumn: '02:30 CEST'."""
    wall = moment.astimezone(zone)
    comes_twice = wall.utcoffset() != wall.replace(fold=1 - wall.fold).utcoffset()
    return f"{wall.hour:02}:{wall.minute:02}" + (f" {wall.tzname()}" if comes_twice else "")


def weekday_of(wall: datetime) -> str:
    return WEEKDAYS[wall.weekday()]


def printable(text: str) -> str:
    """Enough of what was typed to recognise it, and nothing that moves a terminal's cursor."""
    shown = "".join(letter for letter in text if letter.isprintable())
    return shown if len(shown) <= 40 else shown[:39] + "…"
