"""How well `naming/` finds what a mail names: `python tests/measure_naming.py [PATH.jsonl …] [--wrong FIELD]`.

Of the mails that hold a value it counts how often that value was found, more or less of the same name ('near': 'Acme
Foods' for 'Acme'), none, or another; of the mails that are known to hold none, how often something was found. Mails
about no application are left out. The classifier has no part in it: only the extraction is measured, on the labelled
mails that come with the program unless others are given.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "classifiers"), str(HERE.parent / "daemon")]

from onward.core.model import Found, Label  # noqa: E402
from onward_classifiers import labelled, language  # noqa: E402
from onward_classifiers.labelled import Labelled  # noqa: E402
from onward_classifiers.naming import Named, extract  # noqa: E402
from onward_classifiers.naming.same import (  # noqa: E402
    bare_company,
    bare_role,
    near,
    plain,
    same_company,
    same_role,
    same_words,
)
from onward_classifiers.text import prepare  # noqa: E402

LEFT_OUT = {Label.OTHER, Label.JOB_ALERT}
NOES = {Label.REJECTION}
NOES_AND_ANSWERS = {Label.REJECTION, Label.FEEDBACK_REPLY}

HELD = ("right", "near", "null", "wrong")  # what may become of a value a mail holds

Facts = dict[str, Any]
Values = list[str]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a mail may name: how it was labelled, how it was found, and when both are the same."""

    held: Callable[[Facts], Values]
    found: Callable[[Named], Values]
    same: Callable[[str, str], bool]
    labels: frozenset[Label] = frozenset(Label) - LEFT_OUT
    bare: Callable[[str], str] | None = None  # what is left of a name to tell whether one is a part of another
    several: bool = False  # more may be found than were labelled, and none is taken for another


@dataclass(frozen=True, slots=True)
class Miss:
    """One labelled value that was not found, or one that was found where none is."""

    mail: Labelled
    held: str
    found: Values


# ---- what is the same


def same_number(one: str, other: str) -> bool:
    return _bare_number(one) == _bare_number(other)


def _bare_number(number: str) -> str:
    return re.sub(r"^(?:ref|req|id|nr|no|jobid|reqid)(?=\d)", "", re.sub(r"[\W_]", "", number.casefold()))


def same_person(one: str, other: str) -> bool:
    first, second = set(plain(_TITLE.sub("", one)).split()), set(plain(_TITLE.sub("", other)).split())
    return first <= second or second <= first


_TITLE = re.compile(r"(?i)\b(?:dr|prof|mr|mrs|ms|miss|herr|frau|mme|dott|dra?|ing|sig|sra?)\b\.?")


# ---- the fields


def _fact(name: str) -> Callable[[Facts], Values]:
    return lambda facts: [facts[name]] if facts.get(name) else []


def _value(name: str) -> Callable[[Named], Values]:
    def value(named: Named) -> Values:
        found = getattr(named, name)
        return [found.value] if isinstance(found, Found) else []

    return value


def _feedback(named: Named) -> Values:
    said = {"given": named.feedback_given, "refused": named.feedback_refused, "offered": named.feedback_offered}
    return [name for name, is_so in said.items() if is_so][:1]


def _equal(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


STAGES = {"application": "applied"}
FIELDS = {
    "company": Field(_fact("company"), _value("company"), same_company, bare=bare_company),
    "role": Field(_fact("role"), _value("role"), same_role, bare=bare_role),
    "requisition": Field(_fact("requisition"), _value("requisition"), same_number),
    "contact": Field(_fact("contact"), lambda named: [named.contact.email] if named.contact else [], _equal),
    "kind": Field(_fact("kind"), _value("kind"), _equal, frozenset(NOES)),
    "feedback": Field(_fact("feedback"), _feedback, _equal, frozenset(NOES_AND_ANSWERS)),
    "reason": Field(_fact("reason"), _value("reason"), same_words, frozenset(NOES)),
    "other_role": Field(_fact("other_role"), _value("other_role"), same_role, frozenset(NOES)),
    "stage": Field(
        lambda facts: [str(STAGES.get(facts["stage"], facts["stage"]))] if facts.get("stage") else [],
        lambda named: [named.stage.value] if named.stage else [],
        _equal,
        frozenset(NOES),
    ),
    "people": Field(
        lambda facts: [person["name"] for person in facts.get("people") or ()],
        lambda named: [person.name for person in named.people],
        same_person,
        several=True,
    ),
    "dates": Field(
        lambda facts: list(facts.get("dates") or ()),
        lambda named: [date.value for date in named.dates],
        same_words,
        several=True,
    ),
}


# ---- counting


@dataclass
class Tally:
    """What became of one field, for one language or for all."""

    outcomes: Counter[str]
    misses: list[Miss]

    def row(self) -> str:
        counts = self.outcomes
        held = sum(counts[name] for name in HELD)
        free = counts["none"] + counts["spurious"]
        shares = [f"{counts[name] / held:7.1%}" if held else "      -" for name in HELD]
        spurious = f"{counts['spurious'] / free:7.1%}" if free else "      -"
        return f"{held:6} {' '.join(shares)} {free:8} {spurious}"


def outcomes(field: Field, mail: Labelled, named: Named, *, complete: bool) -> Iterator[tuple[str, str, Values]]:
    """What became of each value one mail holds: (outcome, labelled value, what was found)."""
    held, found = field.held(mail.facts or {}), field.found(named)
    for value in held:
        if any(field.same(value, one) for one in found):
            yield "right", value, found
        else:
            yield _miss(field, value, found), value, found
    if complete and not held:
        yield "spurious" if found else "none", "", found


def _miss(field: Field, value: str, found: Values) -> str:
    """What became of a value that was not found as it is labelled."""
    if not found or field.several:
        return "null"
    if field.bare:
        return "near" if near(field.bare(value), field.bare(found[0])) else "wrong"
    return "wrong"


def measure(paths: list[Path], *, complete: bool) -> tuple[dict[tuple[str, str], Tally], list[float]]:
    """Every field counted by language and for all ('all'), and the seconds each mail took."""
    tallies: dict[tuple[str, str], Tally] = defaultdict(lambda: Tally(Counter(), []))
    spent = []
    for path in paths:
        for mail in labelled.read([path]):
            if mail.label in LEFT_OUT:
                continue
            named, seconds = _timed(mail)
            spent.append(seconds)
            for name, field in FIELDS.items():
                if mail.label not in field.labels:
                    continue
                for outcome, held, found in outcomes(field, mail, named, complete=complete or mail.complete):
                    for tongue in ("all", mail.language):
                        tallies[name, tongue].outcomes[outcome] += 1
                    if outcome not in {"right", "none"}:
                        tallies[name, "all"].misses.append(Miss(mail, held, found))
    return tallies, spent


def _timed(mail: Labelled) -> tuple[Named, float]:
    prepared = prepare(mail.message)
    sentences = list(islice(prepared.sentences(), 60))
    tongue = language.detect(prepared.own_text or mail.message.subject)
    start = time.thread_time()
    named = extract(mail.message, prepared, sentences, tongue)
    return named, time.thread_time() - start


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("paths", nargs="*", type=Path, metavar="PATH.jsonl")
    arguments.add_argument("--wrong", choices=FIELDS, help="list what this field got wrong")
    arguments.add_argument("--languages", action="store_true", help="every field for every language")
    chosen = arguments.parse_args()
    tallies, spent = measure(chosen.paths or labelled.shipped(), complete=bool(chosen.paths))
    if chosen.wrong:
        for miss in tallies[chosen.wrong, "all"].misses:
            print(f"{miss.mail.id}\t{miss.mail.language}\t{miss.mail.label}\t{miss.held!r}\t{miss.found}")
        return
    print(f"{'':24}{'held':>6}   right    near    null   wrong  holds no  something found")
    for name, tongue in sorted(tallies, key=lambda key: (list(FIELDS).index(key[0]), key[1] != "all", key[1])):
        if tongue == "all" or chosen.languages:
            print(f"{name if tongue == 'all' else '':14}{tongue:10}{tallies[name, tongue].row()}")
    spent.sort()
    median, late = statistics.median(spent) * 1e3, spent[int(len(spent) * 0.99)] * 1e3
    print(f"\nextraction: half of {len(spent)} mails below {median:.2f} ms, 99 of 100 below {late:.2f} ms")


if __name__ == "__main__":
    main()
