"""What a person sees in the terminal: sentences, tables without borders, one JSON document, the run as it goes.

Knows how things are shown, nothing of what they mean. Whatever may come from a mail or a server passes `line`
or `lines` first, so that no mail moves a cursor, sets a title or fills a clipboard. rich is imported where a
table or a bar is drawn: most commands print a sentence, and should be there at once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import sys
import textwrap
import threading
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from onward.core.model import Learned
    from onward.edges.store import OpenEffect
    from onward.pipeline import Outcome

WIDEST = 100  # columns; longer lines are hard to read
NARROW = 80  # columns; below it a table leaves out what matters least
JOINERS = "\u200c\u200d"  # invisible, but letters of some scripts and many pictures need them
READABLE = 12  # columns that a name should keep
GAP = "  "
_COMMAND = re.compile(r"(?:(?<=: )|(?<=\())onward [a-z0-9 -]+(?=[.;)]|   |$)")


# --- text from outside -------------------------------------------------------------------------------------


def line(text: str) -> str:
    """One line, fit for a terminal: no control, direction or private signs, whatever a mail held."""
    from onward.core import mail  # brings the mail parser along, which `onward --help` does not need

    return mail.scrub(_visible(text))


def lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(_visible(each.expandtabs(4)).rstrip() for each in text.replace("\r\n", "\n").split("\n"))


def _visible(text: str) -> str:
    return "".join(sign if sign in JOINERS or unicodedata.category(sign)[0] != "C" else " " for sign in text)


def cut(text: str, width: int) -> str:
    """At most `width` columns, with … where something was left out."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


# --- sentences ---------------------------------------------------------------------------------------------


def width() -> int:
    """Columns to write in: the terminal's, up to what reads well; for a pipe, what reads well."""
    columns = shutil.get_terminal_size((0, 0)).columns
    if not columns:
        with contextlib.suppress(OSError):
            columns = os.get_terminal_size(2).columns  # `| less` is read in the terminal that has stderr
    return min(columns or WIDEST, WIDEST)


def say(text: str = "", indent: str = "", *, err: bool = False) -> None:
    """Sentences, wrapped between words; a line that stands alone stays alone."""
    for paragraph in lines(text).split("\n"):
        click.echo(wrapped(paragraph, indent, err=err), err=err)


def wrapped(paragraph: str, indent: str = "", *, err: bool = False) -> str:
    """One paragraph in lines of the terminal's width; untouched in a pipe, where a program may read it."""
    if not (sys.stderr if err else sys.stdout).isatty():
        return (indent + paragraph).rstrip()
    own = indent + paragraph[: len(paragraph) - len(paragraph.lstrip(" "))]
    return filled(paragraph.strip(), own, own) or own.rstrip()


def filled(text: str, first: str, others: str) -> str:
    """Words in lines of the terminal's width. A command that ends a sentence stays whole, to be copied."""
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", "\u00a0"), text)
    made = textwrap.fill(
        whole,
        width(),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return made.replace("\u00a0", " ")


def next_commands(*pairs: tuple[str, str]) -> None:
    """What to type next, one a line, the commands under each other: they are there to be copied whole."""
    widest = max((len(words) for words, _ in pairs), default=0)
    for words, command in pairs:
        click.echo(f"{words + ':' if words else '':<{widest + 1}} {command}")


def fields(pairs: Iterable[tuple[str, str]], indent: str = "") -> None:
    """Names and values, the values aligned and wrapped under themselves."""
    pairs = [(name, lines(value)) for name, value in pairs]
    widest = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        first = f"{indent}{name:<{widest}}{GAP}"
        text = wrapped(value, " " * len(first))
        click.echo(first + text[len(first) :])


def marked(rows: Sequence[tuple[str, str, str, str]]) -> None:
    """(state, name, words, command) line by line: words wrapped under themselves, the command whole under them."""
    marks = {"ok": ("ok", "green"), "warn": ("look", "yellow"), "bad": ("BAD", "red")}
    widest = max(len(name) for _, name, _, _ in rows)
    for state, name, words, command in rows:
        mark, colour = marks[state]
        start = f"{mark:<4}{GAP}{line(name):<{widest}}{GAP}"
        text = wrapped(line(words), " " * len(start))
        shown = mark if os.environ.get("NO_COLOR") else click.style(mark, fg=colour)
        click.echo(shown + start[len(mark) :] + text[len(start) :])
        if command:
            click.echo(f"{'':<{len(start)}}{line(command)}")


def as_json(value: object) -> None:
    """One JSON document. ASCII only: what a terminal could take for a command is escaped, in any locale."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


# --- tables ------------------------------------------------------------------------------------------------


def console(*, err: bool = False) -> Console:
    """rich, told to take nothing in a text for a command of its own."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    size = None if stream.isatty() else width()
    return Console(file=stream, width=size, highlight=False, markup=False, emoji=False, soft_wrap=False)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], give: Sequence[str], drop: Sequence[str] = ()) -> None:
    """Columns under their heads. On a narrow terminal the first of `drop` is left out, and the others one by one where
    nothing readable would be left of those in `give`, which are cut, the longest first."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    screen = console()
    kept = [index for index, head in enumerate(heads) if head not in drop[:1] or screen.width >= NARROW]
    for dropped in drop[1:]:
        natural = [max(cell_len(line(row[index])) for row in (heads, *rows)) for index in kept]
        least = [
            min(size, READABLE) if heads[index] in give else size for index, size in zip(kept, natural, strict=True)
        ]
        if sum(least) + len(GAP) * (len(kept) - 1) > screen.width:
            kept.remove(heads.index(dropped))
    heads = [heads[index] for index in kept]
    cells = [[line(row[index]) for index in kept] for row in rows]
    widths = [max(cell_len(cell) for cell in column) for column in zip(heads, *cells, strict=True)]
    spare = [index for index, head in enumerate(heads) if head in give]
    while sum(widths) + len(GAP) * (len(heads) - 1) > screen.width:
        widest = max(spare, key=lambda index: widths[index])
        if widths[widest] <= 8:
            break
        widths[widest] -= 1
    drawn = Table(box=None, show_edge=False, pad_edge=False, padding=(0, len(GAP), 0, 0), header_style="bold")
    for head, size in zip(heads, widths, strict=True):
        drawn.add_column(head, width=size, no_wrap=True, overflow="ellipsis")
    for row in cells:
        drawn.add_row(*(Text(cut(cell, size)) for cell, size in zip(row, widths, strict=True)))
    with screen.capture() as drawing:
        screen.print(drawn)
    for each in drawing.get().splitlines():
        click.echo(each.rstrip())


@contextlib.contextmanager
def busy(words: str) -> Iterator[Callable[[str], None]]:
    """A word on what is going on, on the terminal only, gone when it is over."""
    if not sys.stderr.isatty():
        yield lambda words: None
        return
    with console(err=True).status(line(words)) as status:
        yield lambda words: status.update(line(words))


# --- times -------------------------------------------------------------------------------------------------


def short(moment: datetime, now: datetime, timezone: str) -> str:
    """'today 17:30', 'Thu 26 Nov 17:30': for tables."""
    from onward.core import agenda

    zone = agenda.zone_of(timezone)
    return f"{agenda.say_day(moment, now, zone).partition(' (')[0]} {agenda.say_clock(moment, zone)}"


def count(number: int, one: str, many: str = "") -> str:
    """'1 mail', '3 mails'."""
    return f"{number} {one if number == 1 else many or one + 's'}"


# --- the run -----------------------------------------------------------------------------------------------


class KeyValue(logging.Formatter):
    """One event, one line. Never a traceback: what an exception says may hold what a mail said."""

    def __init__(self, journal: bool) -> None:
        super().__init__()
        self._journal = journal  # systemd adds the time itself and reads the level from '<4>' (sd-daemon(3))

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = traceback.extract_tb(error.__traceback__)
            where = f" at={Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
            text += f" error={type(error).__name__}{where}"
        text = line(text)
        if self._journal:
            return f"<{3 if record.levelno >= logging.ERROR else 4 if record.levelno >= logging.WARNING else 6}>{text}"
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return f"time={at} level={record.levelname.lower()} {text}"


def log_to(stream: Any, level: int) -> None:
    """Our own log as key=value lines; libraries only when something is wrong."""
    journal = bool(os.environ.get("JOURNAL_STREAM")) and not stream.isatty()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(KeyValue(journal))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("onward").setLevel(level)
    for name in ("imapclient", "apscheduler", "mailparser"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_nowhere() -> None:
    """The terminal is told in sentences instead."""
    logging.getLogger().handlers[:] = [logging.NullHandler()]


@dataclass
class Watching:
    """The service as it runs, told to a person: a bar for the first look, then a line for what matters."""

    timezone: str
    answer_within: timedelta  # what is older was only learned from
    clock: Callable[[], datetime]
    _bar: Progress | None = None
    _tasks: dict[str, TaskID] = field(default_factory=dict)
    _trouble: dict[str, str] = field(default_factory=dict)
    _asked_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on_progress(self, account: str, done: int, total: int) -> None:
        """The first look over past months."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        with self._lock:
            if self._bar is None:
                words = TextColumn("Looking back, {task.description}", markup=False)
                columns = (words, BarColumn(bar_width=20), MofNCompleteColumn(), TimeRemainingColumn())
                self._bar = Progress(*columns, console=console(), transient=True)
                self._bar.start()
            if account not in self._tasks:
                self._tasks[account] = self._bar.add_task(line(account), total=total)
            self._bar.update(self._tasks[account], completed=done, total=total)

    def on_ready(self) -> None:
        """Every account has been looked at."""
        self.close()
        self._print("Watching. Stop with Ctrl-C; nothing is lost by it.")

    def on_outcome(self, outcome: Outcome) -> None:
        """What became of one mail, where anything did."""
        from onward.core import agenda
        from onward.core.model import Label

        decision, prediction = outcome.decision, outcome.prediction
        now = self.clock()
        company = prediction.company.value if prediction.company else ""
        if decision.question is not None:
            # The first look may find many at once: one line for them.
            if self._asked_at is None or now - self._asked_at >= timedelta(minutes=1):
                self._print("A mail Onward is not sure about: onward questions")
            self._asked_at = now
        elif decision.booking is not None:
            slot = decision.booking.slot
            when = agenda.say_when(slot.starts_at, slot.ends_at, now, self.timezone)
            self._print(f"A no{f' from {company}' if company else ''}. An hour is kept for you: {when}.")
        elif now - outcome.message.arrived_at <= self.answer_within and decision.change is not None:
            said = Label(decision.verdict.label).value.replace("_", " ")
            self._print(f"{said.capitalize()}{f': {company}' if company else ''}.")

    def on_settled(self, effect: OpenEffect, state: str) -> None:
        """What became of an outward act the person cares about."""
        draft = effect.payload.get("draft", "?")
        told = {
            ("append_draft", "done"): f"The letter is in your Drafts. Read and send it: onward drafts send {draft}",
            ("send_mail", "done"): f"Letter {draft} has left.",
            ("send_mail", "failed"): f"Letter {draft} was not sent: onward questions",
        }
        if state == "undecided":
            self._print("Something only you can tell: onward questions")
        elif words := told.get((str(effect.kind), state)):
            self._print(words)

    def on_learned(self, learned: Learned) -> None:
        """What came of learning from the person."""
        if learned.promoted:
            self._print(f"Learned from {count(learned.corrections, 'correction')} of yours.")
        else:
            self._print(f"Not learned from your corrections: {learned.reason}. See: onward learn")

    def on_health(self, name: str, words: str) -> None:
        """An account that cannot be read, once, and when it can be again."""
        account = name.removeprefix("watch ")
        before = self._trouble.get(account, "ok")
        self._trouble[account] = words
        if words == before:
            return
        if words == "ok":
            self._print(f"{account} can be read again.")
        else:
            self._print(f"{account} cannot be read: {words}. Onward keeps trying. See: onward doctor")

    def close(self) -> None:
        """Take the bar away."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None
                self._tasks.clear()

    def _print(self, words: str) -> None:
        clock = short(self.clock(), self.clock(), self.timezone).rpartition(" ")[2]
        text = filled(f"{clock}  {line(words)}", "", " " * 7)
        with self._lock:
            bar = self._bar
        if bar is not None:
            bar.console.print(text)
        else:
            click.echo(text)


def split_commands(text: str) -> tuple[str, list[tuple[str, str]]]:
    """A sentence that ends in commands, apart: ('Draft 3 is …', [('Write it anew', 'onward drafts again 3')])."""
    pairs = re.findall(r"(?:^|(?<=[.?!]) |   )([^.:?!]+): (onward (?:(?!   ).)+)", text)
    sentence = text.partition(f"{pairs[0][0]}: {pairs[0][1]}")[0] if pairs else text
    return sentence.strip(), [(words.strip(), command.strip()) for words, command in pairs]
