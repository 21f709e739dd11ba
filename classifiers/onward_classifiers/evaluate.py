"""Judge the classifier on labelled mail: python -m onward_classifiers.evaluate [PATH.jsonl …]

Without a path the judging mails are read: tests/mail of this checkout, and shared/mail beside it. Each set of files has
its own figures, every share with its 95 % interval, next to what two simple programs make of the same mails: a list
of keywords, and TF-IDF with logistic regression taught by the examples that are shipped. Two pictures show how far a
confidence can be trusted and what is taken for what. It prints ids and counts, never a text.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from math import sqrt
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from onward.core.decide import hold
from onward.core.model import LABELS, Band, ConfigError, Known, Label, Policy, Prediction
from onward_classifiers import labelled
from onward_classifiers.labelled import Labelled
from onward_classifiers.score import Classifier

CHECKOUT = Path(__file__).resolve().parents[2]
WIDTH = 100  # columns
NEAR = 0.4  # mails more alike than this are not two mails
GRAM = 5  # words
BINS = 15
SURELY_95 = 1.959964  # standard deviations on both sides of the mean that hold 95 %
SHORT, LONG = 20, 400  # words
NO_JOB_OF_ONES_OWN = {Label.OTHER, Label.JOB_ALERT}  # what such a mail names is not looked up

Guess = Label | None  # None: no rejection, and that is all the program can say


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """0..1; 0 of 0 is 0."""
        return self.part / self.whole if self.whole else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (1927): also right near 0 and 1, where the figures lie."""
        if not self.whole:
            return 0.0, 1.0
        square = SURELY_95**2 / self.whole
        middle = (self.value + square / 2) / (1 + square)
        half = sqrt(self.value * (1 - self.value) * square + square * square / 4) / (1 + square)
        return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """How a rejection is told from the rest, in one slice. None: the slice cannot tell."""

    name: str
    n: int
    precision: Share | None
    recall: Share | None
    alarms: Share | None  # other mails called a rejection
    macro_f1: float | None = None  # over the labels that occur
    accuracy: Share | None = None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """How one label is told from the rest."""

    label: Label
    precision: Share
    recall: Share

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, from the counts."""
        return 2 * self.recall.part / max(self.precision.whole + self.recall.whole, 1)


@dataclass(frozen=True, slots=True)
class Judged:
    """One mail and what the classifier said."""

    mail: Labelled
    said: Prediction

    @property
    def truth(self) -> Label:
        return self.mail.label


@dataclass(frozen=True, slots=True)
class Bin:
    """The mails of one stretch of confidence."""

    n: int
    confidence: float  # mean
    right: float  # share


@dataclass(frozen=True, slots=True)
class Block:
    """Every figure of one set of mails."""

    name: str
    n: int
    milliseconds: float  # for each mail
    seen: bool  # the weights have learned from these mails
    groups: list[list[Row]]
    labels: list[LabelRow]
    shares: dict[str, Share]  # bands and evidence
    calibration_error: float
    facts: dict[str, Counter[str]]  # 'right', 'wrong', 'null' for company, role, contact


@dataclass(frozen=True, slots=True)
class Pair:
    """A judged mail and a shipped example, and how alike they are."""

    mail: str
    example: str
    likeness: float  # Jaccard, 0..1


Program = Callable[[Sequence[Labelled]], Sequence[Guess]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures, draw the pictures; 1 when --near finds something or there is nothing to judge."""
    chosen = _options().parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    sets, absent = judging_sets(chosen.paths, CHECKOUT)
    for line in absent:
        print(line, file=sys.stderr if chosen.json else sys.stdout)
    mails = {name: labelled.read(paths) for name, paths in sets.items()}
    if not any(mails.values()):
        print("nothing to judge: name a file of labelled mails", file=sys.stderr)
        return 1
    shipped = labelled.read(labelled.shipped())
    pairs = alike(labelled.read(dict.fromkeys(chain(*sets.values()))), shipped)
    if chosen.near:
        print(near_report(pairs, every=True))
        return int(any(pair.likeness > NEAR for pair in pairs))
    try:
        classifier = Classifier.load(chosen.weights)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    programs: dict[str, Program] = {"keyword list": by_keywords, "TF-IDF + regression": learned_baseline(shipped)}
    known = {_identity(mail) for mail in shipped}
    if not chosen.json:
        print(LEGEND)
    blocks = []
    for name, read in mails.items():
        judged, spent = judge(classifier, read)
        seen = not known.isdisjoint(_identity(mail) for mail in read)
        blocks.append(measure(name, judged, spent, programs, seen=seen))
        if len(blocks) == 1:
            drawn = draw(name, judged, chosen.pictures)
        if not chosen.json:
            print(page(blocks[-1], console))
            if chosen.wrong:
                print(misread(judged))
    if chosen.json:
        print(as_json(blocks, pairs, classifier.weights.version))
    else:
        print(f"\n{near_report(pairs)}\n{drawn}\nweights {classifier.weights.version}")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m onward_classifiers.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH.jsonl", help="default: the judging mails")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="other weights than those that ship")
    parser.add_argument("--wrong", action="store_true", help="list the ids that were misread, surest first")
    parser.add_argument("--json", action="store_true", help="the same figures for a program")
    parser.add_argument("--near", action="store_true", help="only look for mails that are nearly a shipped example")
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        default=CHECKOUT / "build" / "evaluate",
        help="where the pictures of the first set go (default: build/evaluate)",
    )
    return parser


# ---- which mails


def judging_sets(paths: Sequence[Path], checkout: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """The files to judge by the name of their set, and a line for each set that is not there."""
    if paths:
        names = Counter(path.name for path in paths)
        sets = {path.name if names[path.name] == 1 else str(path): [path] for path in paths}
        return ({f"all {len(paths)} files": list(paths)} if len(paths) > 1 else {}) | sets, []
    sets, absent = {}, []
    own = sorted((checkout / "tests" / "mail").glob("*.jsonl"))
    if own:
        sets["tests/mail"] = own
    else:
        absent.append("tests/mail: no judging mails in this checkout")
    beside = sorted((checkout.parent / "shared" / "mail").glob("*.jsonl"))
    sets |= {f"shared/mail/{path.name}": [path] for path in beside}
    if not beside:
        absent.append("../shared/mail: not there, so no mail of other people is judged")
    return sets, absent


def judge(classifier: Classifier, mails: Sequence[Labelled]) -> tuple[list[Judged], float]:
    """Every mail with what the classifier says, and the milliseconds each took."""
    start = time.perf_counter()
    judged = [Judged(mail, classifier.predict(mail.message)) for mail in mails]
    return judged, (time.perf_counter() - start) / max(len(mails), 1) * 1000


# ---- the figures of one set


def measure(
    name: str, judged: Sequence[Judged], milliseconds: float, programs: dict[str, Program], *, seen: bool = False
) -> Block:
    """Every figure of one set, with what simple programs make of it."""
    mails = [one.mail for one in judged]
    truth = [mail.label for mail in mails]
    own = row("all mails", truth, [one.said.label for one in judged])
    others = [row(title, truth, program(mails)) for title, program in programs.items()]
    groups = [
        [slice_row(title, part) for title, part in parts if part] for parts in (languages(judged), slices(judged))
    ]
    return Block(
        name,
        len(judged),
        milliseconds,
        seen,
        [[own, *others], *[group for group in groups if group]],
        label_rows(truth, [one.said.label for one in judged]),
        band_shares(judged) | evidence_shares(judged),
        calibration_error(bins([one.said.confidence for one in judged], [_right(one) for one in judged])),
        fact_counts(judged),
    )


def row(name: str, truth: Sequence[Label], guesses: Sequence[Guess]) -> Row:
    """One row; accuracy and macro-F1 for programs that tell all labels."""
    called = [guess is Label.REJECTION for guess in guesses]
    refused = [label is Label.REJECTION for label in truth]
    both = sum(t and c for t, c in zip(refused, called, strict=True))
    rejections, others = sum(refused), len(truth) - sum(refused)
    every = None not in guesses
    lines = label_rows(truth, guesses)
    occurring = [line.f1 for line in lines if line.recall.whole]
    return Row(
        name,
        len(truth),
        Share(both, sum(called)) if rejections and others and sum(called) else None,
        Share(both, rejections) if rejections else None,
        Share(sum(called) - both, others) if others else None,
        sum(occurring) / len(occurring) if every and len(occurring) > 1 else None,
        Share(sum(t is g for t, g in zip(truth, guesses, strict=True)), len(truth)) if every else None,
    )


def slice_row(name: str, part: Sequence[Judged]) -> Row:
    """The row of a part of the mails, which tells rejections only."""
    found = row(name, [one.truth for one in part], [one.said.label for one in part])
    return Row(found.name, found.n, found.precision, found.recall, found.alarms)


def languages(judged: Sequence[Judged]) -> list[tuple[str, list[Judged]]]:
    """The mails of each language, the most frequent first."""
    counts = Counter(one.mail.language for one in judged)
    return [
        (f"language {tongue}", [one for one in judged if one.mail.language == tongue])
        for tongue, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def slices(judged: Sequence[Judged]) -> list[tuple[str, list[Judged]]]:
    """The mails that are hard, each kind by its name."""
    return [
        ("no refusing word", [one for one in judged if one.truth is Label.REJECTION and not refuses(one.mail)]),
        ("refusing word alone", [one for one in judged if one.truth is not Label.REJECTION and refuses(one.mail)]),
        ("neighbours", [one for one in judged if one.mail.neighbour]),
        ("after an interview", [one for one in judged if (one.mail.facts or {}).get("stage") in AFTER_INTERVIEW]),
        ("HTML only", [one for one in judged if one.mail.message.html_only]),
        (f"under {SHORT} words", [one for one in judged if len(one.mail.message.text.split()) < SHORT]),
        (f"over {LONG} words", [one for one in judged if len(one.mail.message.text.split()) > LONG]),
    ]


def refuses(mail: Labelled) -> bool:
    """Whether a word stands in subject or text by which people know a refusal."""
    return _REFUSING.search(f"{mail.message.subject}\n{mail.message.text}") is not None


def label_rows(truth: Sequence[Label], guesses: Sequence[Guess]) -> list[LabelRow]:
    """One row for each label that occurs or was guessed."""
    right = Counter(t for t, g in zip(truth, guesses, strict=True) if t is g)
    held, said = Counter(truth), Counter(guesses)
    return [
        LabelRow(label, Share(right[label], said[label]), Share(right[label], held[label]))
        for label in LABELS
        if held[label] or said[label]
    ]


def band_shares(judged: Sequence[Judged]) -> dict[str, Share]:
    """How right Onward is where it acts on a rejection, and how much it asks, by the policy that ships."""
    policy = Policy()
    verdicts = [hold(one.mail.message, one.said, Known(), policy) for one in judged]
    asked = [verdict.band is Band.ASK for verdict in verdicts]
    acted = [
        one
        for one, verdict in zip(judged, verdicts, strict=True)
        if verdict.band is Band.ACT and verdict.label is Label.REJECTION
    ]
    both = sum(one.truth is Label.REJECTION for one in acted)
    rejections = sum(one.truth is Label.REJECTION for one in judged)
    job = [one.truth is not Label.OTHER for one in judged]
    found = {}
    if rejections:
        found[f"acts, from {policy.act_above:.2f}: precision"] = Share(both, len(acted))
        found[f"acts, from {policy.act_above:.2f}: recall"] = Share(both, rejections)
    if rejections < len(judged):
        found[f"acts, from {policy.act_above:.2f}: false alarms"] = Share(len(acted) - both, len(judged) - rejections)
    if any(job):
        found[f"asks, from {policy.ask_above:.2f}: of job mail"] = Share(
            sum(a and j for a, j in zip(asked, job, strict=True)), sum(job)
        )
    if not all(job):
        found[f"asks, from {policy.ask_above:.2f}: of other mail"] = Share(
            sum(a and not j for a, j in zip(asked, job, strict=True)), len(job) - sum(job)
        )
    return found


def bins(confidences: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """Fifteen stretches of confidence of the same width, from 0 to 1."""
    members: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, is_right in zip(confidences, right, strict=True):
        members[min(int(confidence * BINS), BINS - 1)].append((confidence, is_right))
    return [
        Bin(len(some), sum(c for c, _ in some) / max(len(some), 1), sum(r for _, r in some) / max(len(some), 1))
        for some in members
    ]


def calibration_error(found: Sequence[Bin]) -> float:
    """Expected calibration error (Guo et al. 2017, §2): how far confidence and share right are apart on average."""
    return sum(one.n * abs(one.right - one.confidence) for one in found) / max(sum(one.n for one in found), 1)


def evidence_shares(judged: Sequence[Judged]) -> dict[str, Share]:
    """How often the sentence shown is the one that was marked."""
    marked = [one for one in judged if one.mail.evidence and one.truth is not Label.OTHER]
    kinds = {"rejections": [one for one in marked if one.truth is Label.REJECTION], "all but other": marked}
    return {
        f"evidence right: {name}": Share(sum(overlaps(one.said.evidence, one.mail.evidence) for one in some), len(some))
        for name, some in kinds.items()
        if some
    }


def overlaps(shown: str, marked: str) -> bool:
    """Whether two sentences are the same one: one holds the other, or they share the words of the shorter one."""
    ours, theirs = _words(shown), _words(marked)
    if not ours or not theirs:
        return False
    if f" {' '.join(ours)} " in f" {' '.join(theirs)} " or f" {' '.join(theirs)} " in f" {' '.join(ours)} ":
        return True
    first, second = set(ours), set(theirs)
    both = len(first & second)
    return both >= 4 and both >= 0.8 * min(len(first), len(second))


def fact_counts(judged: Sequence[Judged]) -> dict[str, Counter[str]]:
    """For what the mails about an application name: how often it was found, another was, or none."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("company", "role", "contact")}
    for one in judged:
        facts, said = one.mail.facts or {}, one.said
        if one.truth in NO_JOB_OF_ONES_OWN:
            continue
        found = {
            "company": said.company.value if said.company else None,
            "role": said.role.value if said.role else None,
            "contact": said.contact.email if said.contact else None,
        }
        for name, value in found.items():
            if facts.get(name):
                counts[name][fact_outcome(facts[name], value)] += 1
    return {name: count for name, count in counts.items() if count}


def fact_outcome(held: str, found: str | None) -> str:
    """right, wrong or null; case, legal forms and '(m/w/d)' tell nothing apart."""
    if found is None:
        return "null"
    return "right" if _bare(held) == _bare(found) else "wrong"


def misread(judged: Sequence[Judged]) -> str:
    """Which mails were misread, surest first: ids and labels, no texts."""
    wrong = sorted((one for one in judged if not _right(one)), key=lambda one: -one.said.confidence)
    return "\n".join(
        f"  {one.said.confidence:.2f} {one.mail.id}: {one.truth} read as {one.said.label}"
        f" (rejection {one.said.probabilities[Label.REJECTION]:.2f})"
        for one in wrong
    )


def _right(one: Judged) -> bool:
    return one.said.label is one.truth


def _bare(value: str) -> str:
    bare = _LEGAL_FORM.sub(" ", _GENDER.sub(" ", value.casefold()))
    return " ".join(_words(bare)) or " ".join(_words(value))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


# ---- two simple programs


def by_keywords(mails: Sequence[Labelled]) -> list[Guess]:
    """Rejection where one of a list of keywords stands, the way most programs do it."""
    found = [_KEYWORDS.search(f"{mail.message.subject}\n{mail.message.text}") for mail in mails]
    return [Label.REJECTION if match else None for match in found]


def learned_baseline(shipped: Iterable[Labelled]) -> Program:
    """TF-IDF of words and pairs with logistic regression, taught by the shipped examples but the held out ones."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    examples = [mail for mail in shipped if not mail.held_out]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10.0, class_weight="balanced", max_iter=300),
    )
    model.fit([_plain_text(mail) for mail in examples], [mail.label.value for mail in examples])

    def program(mails: Sequence[Labelled]) -> list[Guess]:
        return [Label(str(name)) for name in model.predict([_plain_text(mail) for mail in mails])] if mails else []

    return program


def _plain_text(mail: Labelled) -> str:
    return f"{mail.message.subject}\n{mail.message.text}"


# ---- near-duplicates


def alike(mails: Iterable[Labelled], examples: Iterable[Labelled]) -> list[Pair]:
    """Each mail with the example most like it, and every pair above the mark; the most alike first.

    A mail that is itself a shipped example is left out.
    """
    counts: list[int] = []
    ids: list[str] = []
    known: set[tuple[str, str]] = set()
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        grams = five_grams(example.message.text)
        counts.append(len(grams))
        ids.append(example.id)
        known.add(_identity(example))
        for gram in grams:
            index[gram].append(place)
    pairs = []
    for mail in mails:
        if _identity(mail) in known:
            continue
        grams = five_grams(mail.message.text)
        shared = Counter(chain.from_iterable(index[gram] for gram in grams if gram in index))
        found = [Pair(mail.id, ids[place], n / (len(grams) + counts[place] - n)) for place, n in shared.items()]
        if found:
            best = max(found, key=lambda pair: pair.likeness)
            pairs += [pair for pair in found if pair.likeness > NEAR or pair is best]
    return sorted(pairs, key=lambda pair: (-pair.likeness, pair.mail, pair.example))


def five_grams(text: str) -> set[tuple[str, ...]]:
    """Every five words in a row, lower-cased; of a shorter text all its words."""
    spoken = re.findall(r"\w+", text.lower())
    if len(spoken) < GRAM:
        return {tuple(spoken)} if spoken else set()
    return {tuple(spoken[start : start + GRAM]) for start in range(len(spoken) - GRAM + 1)}


def _identity(mail: Labelled) -> tuple[str, str]:
    return mail.id, mail.message.key


def near_report(pairs: Sequence[Pair], *, every: bool = False) -> str:
    """One line on the most alike pair and how many are too much alike; with `every` those, too."""
    if not pairs:
        return "nearest to a shipped example: no judged mail shares five words in a row with a shipped example"
    too_near = [pair for pair in pairs if pair.likeness > NEAR]
    first = pairs[0]
    lines = [
        f"nearest to a shipped example: {first.mail} and {first.example}, 5-gram Jaccard similarity"
        f" {first.likeness:.2f}; pairs above {NEAR}: {len(too_near) or 'none'}"
    ]
    return "\n".join(lines + [f"  {pair.likeness:.2f} {pair.mail} {pair.example}" for pair in too_near if every])


# ---- how it looks


LEGEND = """\
A rejection is called where it is the most likely label. Beside each share: its 95 % interval.
No refusing word: rejections without one. Refusing word alone: mails with one and no rejection.
Macro-F1: over the labels that occur. Acts, asks: the bands of the policy that ships."""


def page(block: Block, console: Console) -> str:
    """One set of mails: its table, the labels, and what else was measured."""
    with console.capture() as printed:
        console.print(f"\n[bold]{escape(block.name)}[/]: {block.n} mails, {block.milliseconds:.2f} ms each")
        if block.seen:
            console.print(
                "among them shipped examples, which the weights may have learned from: this is no test of them"
            )
        for table in (slice_table(block.groups), label_table(block.labels), other_table(block)):
            console.print()
            console.print(table)
    return "\n".join(line.rstrip() for line in printed.get().splitlines())


def slice_table(groups: Sequence[Sequence[Row]]) -> Table:
    """The rows of all slices: a rejection is what the most likely label says."""
    table = _table("rejection", "n")
    for title in ("precision", "recall"):
        table.add_column(title, no_wrap=True)
    table.add_column("false\nalarms", justify="right", no_wrap=True)
    for title in ("their share", "macro\nF1", "accu-\nracy"):
        table.add_column(title, no_wrap=True)
    for place, group in enumerate(groups):
        if place:
            table.add_section()
        for one in group:
            table.add_row(
                one.name,
                str(one.n),
                _share(one.precision),
                _share(one.recall),
                f"{one.alarms.part}/{one.alarms.whole}" if one.alarms else "–",
                _share(one.alarms),
                _number(one.macro_f1) if one.macro_f1 is not None else "",
                _number(one.accuracy.value) if one.accuracy else "",
            )
    return table


def label_table(rows: Sequence[LabelRow]) -> Table:
    """F1 of each label."""
    table = _table("label", "n")
    for title in ("precision", "recall"):
        table.add_column(title, no_wrap=True)
    table.add_column("F1", justify="right", no_wrap=True)
    for one in rows:
        table.add_row(
            one.label.value,
            str(one.recall.whole),
            _share(one.precision),
            _share(one.recall),
            _number(one.f1) if one.recall.whole else "–",
        )
    return table


def other_table(block: Block) -> Table:
    """Bands, calibration, evidence and facts."""
    table = _table("measure", "of")
    table.add_column("share", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name, share in block.shares.items():
        table.add_row(name, str(share.whole), _share(share), f"{share.part}")
    table.add_row(f"calibration error, {BINS} bins", str(block.n), _number(block.calibration_error), "")
    for name, counts in block.facts.items():
        whole = sum(counts.values())
        table.add_row(
            f"{name} right",
            str(whole),
            _share(Share(counts["right"], whole)),
            f"{counts['right']}; wrong {counts['wrong']}, null {counts['null']}",
        )
    return table


def _table(first: str, second: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), collapse_padding=True)
    table.add_column(first, no_wrap=True)
    table.add_column(second, justify="right", no_wrap=True)
    return table


def _share(share: Share | None) -> str:
    """'.975 .943–.989': the share and its interval, or a dash."""
    if share is None or not share.whole:
        return "–"
    low, high = share.interval
    return f"{_number(share.value)} [dim]{_number(low)}–{_number(high)}[/]"


def _number(value: float) -> str:
    """Four characters: '.975', '1.00'."""
    return f"{value:.3f}"[1:] if value < 0.9995 else f"{value:.2f}"


def as_json(blocks: Sequence[Block], pairs: Sequence[Pair], version: str) -> str:
    """Every figure for a program to read."""
    near = [pair for place, pair in enumerate(pairs) if place == 0 or pair.likeness > NEAR]
    return json.dumps({"weights": version, "sets": blocks, "near": near}, default=_plain, ensure_ascii=False, indent=1)


def _plain(value: Any) -> dict[str, Any]:
    """A value as JSON knows it: its fields, and of a share what it comes to."""
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Share):
        found |= {"share": round(value.value, 4), "interval": [round(end, 4) for end in value.interval]}
    if isinstance(value, LabelRow):
        found["f1"] = round(value.f1, 4)
    return found


def report(truth: Sequence[Label], said: Sequence[dict[Label, float]]) -> str:
    """Figures for each label that occurs, and for rejection at each band: the training's own look at itself."""
    guesses = [max(shares, key=shares.__getitem__) for shares in said]
    lines = [f"{'label':20} {'n':>5} {'precision':>9} {'recall':>7} {'F1':>6}"]
    for label in LABELS:
        if label in truth or label in guesses:
            lines.append(_line(label.value, [t is label for t in truth], [g is label for g in guesses]))
    right = sum(t is g for t, g in zip(truth, guesses, strict=True))
    lines.append(f"accuracy {right / max(len(truth), 1):.3f}")
    policy = Policy()
    for name, threshold in (("ask", policy.ask_above), ("act", policy.act_above)):
        called = [shares[Label.REJECTION] >= threshold for shares in said]
        lines.append(_line(f"rejection, {name} ≥ {threshold}", [t is Label.REJECTION for t in truth], called))
    return "\n".join(lines)


def _line(name: str, truth: Sequence[bool], called: Sequence[bool]) -> str:
    both = sum(t and c for t, c in zip(truth, called, strict=True))
    precision = both / max(sum(called), 1)
    recall = both / max(sum(truth), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    alarms = sum(called) - both
    return f"{name:20} {sum(truth):5} {precision:9.3f} {recall:7.3f} {f1:6.3f}  false alarms {alarms}"


def draw(name: str, judged: Sequence[Judged], folder: Path) -> str:
    """Both pictures of one set; says where they are, or why there are none."""
    try:
        import matplotlib
    except ImportError:
        return "no pictures: matplotlib is not installed (it is in the group dev)"
    matplotlib.use("Agg")
    from onward_classifiers import pictures

    folder.mkdir(parents=True, exist_ok=True)
    found = bins([one.said.confidence for one in judged], [_right(one) for one in judged])
    pictures.draw_reliability(name, found, folder / "reliability.png")
    pictures.draw_confusion(
        name, [one.truth for one in judged], [one.said.label for one in judged], folder / "confusion.png"
    )
    shown = folder.relative_to(CHECKOUT) if folder.is_relative_to(CHECKOUT) else folder
    return f"pictures of {name}: {shown}/reliability.png, {shown}/confusion.png"


AFTER_INTERVIEW = {"interview", "final"}
_KEYWORDS = re.compile(
    r"(?i)unfortunately|regret to|not (?:be )?moving forward|other candidates|not (?:been )?selected|unsuccessful"
    r"|decided not to|not to proceed|will not be proceeding|leider|malheureusement|lamentablemente|helaas|tyvärr"
    r"|infelizmente|purtroppo"
)
# Words by which a refusal is known; wider than the keywords: a rejection without any of them says no in plain words.
_REFUSING = re.compile(
    r"(?i)\b(?:unfortunately|regret|regrettably|sorry|reject|declin|unsuccessful|unable|turned? down|other candidates?"
    r"|not (?:been )?(?:selected|successful|shortlisted)|disappoint"
    r"|leider|bedauer|absage|abgesagt|absagen|abgelehnt|ablehn|andere[nr]? (?:bewerb|kandidat)|nicht berücksichtig"
    r"|malheureusement|désolé|refus|défavorable|pas (?:été )?retenu|autres? candidat"
    r"|purtroppo|spiacent|dispiace|rammaric|altri candidati|esito negativo"
    r"|lamentabl|lamentamos|lamento|desafortunad|desgraciad|sentimos|rechaz|otros? candidat|descartad"
    r"|infelizmente|lamentavel|rejeit|recus|outros? candidat|não foi selecionad"
    r"|helaas|spijt|jammer|afgewezen|afwijz|andere kandida"
    r"|tyvärr|beklag|ledsen|avslag|andra (?:kandidater|sökande))"
)
_LEGAL_FORM = re.compile(
    r"(?i)(?<!\w)(?:inc|llc|llp|ltd|limited|plc|corp(?:oration)?|co|gmbh(?:\s*&\s*co\.?\s*kgaa|\s*&\s*co\.?\s*kg)?|ggmbh"
    r"|ag|se|kgaa|kg|ohg|e\.\s?v|eg|sarl|s\.\s?a\.\s?r\.\s?l|sas|s\.\s?a\.\s?s|s\.\s?a|sa|s\.\s?l\.\s?u?|slu?|s\.\s?p\.\s?a|spa"
    r"|s\.\s?r\.\s?l|srl|lda|ltda|b\.\s?v|bv|n\.\s?v|nv|vof|ab|publ|a/s|as|oy)\.?(?!\w)"
)
_GENDER = re.compile(r"[(\[]?(?<!\w)[mwfdxhv](?:\s?[/|]\s?[mwfdxhv]){1,2}(?!\w)[)\]]?")

if __name__ == "__main__":
    sys.exit(main())
