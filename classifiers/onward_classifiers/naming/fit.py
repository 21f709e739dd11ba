"""Learn what every sign weighs, and write `weights.py`: `python -m onward_classifiers.naming.fit [--out FILE]`.

For development only; scikit-learn and scipy are loaded nowhere else in this package. It learns from the examples that
come with the program, but for those held out, and prints what becomes of examples a fold was not fitted on. The same
examples make the same file.

Company and role are fitted as a choice: each candidate has the odds its signs add up to, no candidate has the odds 1,
and what is labelled is to be the likeliest. What a no says is fitted by its concepts, with a penalty that drops what
tells little.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from onward.core.model import Found, Label
from onward_classifiers import labelled, language
from onward_classifiers.labelled import Labelled
from onward_classifiers.naming.choice import LIKELY, Candidate, likeliest
from onward_classifiers.naming.company import company_candidates
from onward_classifiers.naming.no import UNKNOWN, Heard, hear, weight_of, whole_mail
from onward_classifiers.naming.passage import Mail
from onward_classifiers.naming.role import role_candidates
from onward_classifiers.naming.same import bare_company, bare_role, near, same_company, same_role, same_words
from onward_classifiers.text import prepare

WEIGHTS = Path(__file__).parent / "weights.py"
FOLDS = 5
LEFT_OUT = frozenset({Label.OTHER, Label.JOB_ALERT})  # of these nothing is named
LEAST_OFTEN = 24  # candidates that must have a sign before it is weighed …
LEAST_OFTEN_HEARD = 4  # … or mails that must hold a concept
LEAST_WEIGHT = 0.05  # what weighs less is left out
HOLDS_NONE = 0.1  # how much a mail counts that is labelled with no role: many of these name one all the same
RIDGE = 1.0
SPARSE = 0.4  # of the concepts: the smaller, the fewer are kept

Table = dict[str, float]
Tables = dict[str, Table]

# What examples cannot teach, for their addresses are invented: how mail of systems for many employers looks.
KNOWN: dict[str, Table] = {
    "company": {
        "sent via": 1.5, "the sender's house, a system": 3.5, "the sender, a system": 3.2, "the sender's house": 1.0,
        "at after whom one speaks to, a service": 1.5,
    },
    "role": {},
}  # fmt: skip


@dataclass(frozen=True)
class Example:
    """One labelled mail, taken apart."""

    labelled: Labelled
    mail: Mail

    @classmethod
    def of(cls, one: Labelled) -> Example:
        prepared = prepare(one.message)
        return cls(one, Mail(one.message, prepared, language.detect(prepared.own_text or one.message.subject)))

    @cached_property
    def heard(self) -> list[Heard]:
        """Its sentences as concepts."""
        return hear(list(self.mail.prepared.sentences()), self.mail.language)

    @cached_property
    def signs(self) -> frozenset[str]:
        """The concepts of the whole mail."""
        return whole_mail(self.mail, self.heard)

    @cached_property
    def fold(self) -> int:
        """The part of the examples it belongs to."""
        return int(hashlib.sha256(self.labelled.id.encode()).hexdigest()[:8], 16) // labelled.HELD_OUT % FOLDS

    def fact(self, name: str) -> str:
        """What it is labelled with; '': nothing."""
        return str((self.labelled.facts or {}).get(name) or "")


@dataclass(frozen=True)
class Choice:
    """One mail with the candidates for one thing it may name, and which of them are what it is labelled with."""

    example: Example
    held: str  # '': it holds none
    candidates: list[Candidate]
    right: list[bool]


@dataclass(frozen=True, slots=True)
class Heeded:
    """A mail or a sentence as its concepts, and what it is."""

    fold: int
    signs: frozenset[str]
    truth: str


@dataclass(frozen=True, slots=True)
class Field:
    """What is chosen among candidates: when two names are the same, and when one is a part of the other."""

    name: str
    same: Callable[[str, str], bool]
    bare: Callable[[str], str]

    def choice(self, example: Example, candidates: list[Candidate]) -> Choice:
        """A mail with its candidates."""
        held = example.fact(self.name)
        return Choice(example, held, candidates, [bool(held) and self.same(held, one.value) for one in candidates])

    def outcome(self, held: str, found: str) -> str:
        """What became of a value that a mail holds, or of none."""
        if not held:
            return "spurious" if found else "none"
        if not found:
            return "null"
        if self.same(held, found):
            return "right"
        return "near" if near(self.bare(held), self.bare(found)) else "wrong"


HELD = ("right", "near", "null", "wrong")  # what may become of a value a mail holds
SAID = {"application": "applied"}  # stages as the examples call them
ANSWERS = frozenset({Label.REJECTION, Label.FEEDBACK_REPLY})
YES, NO = "yes", "no"
WIDTH = 120
HEAD = '''"""How sure each sign makes us: logarithms of odds, fitted by `fit.py` on the labelled mails. Data only."""

from __future__ import annotations

'''
COMPANY = Field("company", same_company, bare_company)
ROLE = Field("role", same_role, bare_role)


# ---- the examples


def examples() -> list[Example]:
    """The examples that may be learned from."""
    return [
        Example.of(one) for one in labelled.read(labelled.shipped()) if not one.held_out and one.label not in LEFT_OUT
    ]


def company_choices(found: Sequence[Example]) -> list[Choice]:
    """Every mail of which it is known whether it names an employer."""
    known = [one for one in found if one.fact("company") or one.labelled.complete]
    return [COMPANY.choice(one, company_candidates(one.mail)) for one in known]


def role_choices(found: Sequence[Example], companies: Mapping[str, Found]) -> list[Choice]:
    """Every mail of which it is known whether it names a job, beside the company found in it."""
    known = [one for one in found if one.fact("role") or one.labelled.complete]
    return [ROLE.choice(one, role_candidates(one.mail, companies.get(one.labelled.id))) for one in known]


# ---- a choice among candidates


def fit_choices(field: Field, choices: Sequence[Choice]) -> Table:
    """The weights of the signs under which what is labelled is the likeliest."""
    often = Counter(sign for one in choices for candidate in one.candidates for sign in candidate.signs)
    known = KNOWN[field.name]
    names = ["always", *sorted({sign for sign, count in often.items() if count >= LEAST_OFTEN} | known.keys())]
    places = {sign: place for place, sign in enumerate(names)}
    prior = np.array([known.get(sign, 0.0) for sign in names])
    rows: list[int] = []
    columns: list[int] = []
    group: list[int] = []
    for number, one in enumerate(choices):
        for candidate in one.candidates:
            told = [0, *sorted(places[sign] for sign in candidate.signs if sign in places)]
            rows += [len(group)] * len(told)
            columns += told
            group.append(number)
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(group), len(names)))
    right = np.array([is_right for one in choices for is_right in one.right], float)
    of = np.array(group)
    holds = np.bincount(of, right, len(choices)) > 0
    worth = np.array([1.0 if one.held or field is COMPANY else HOLDS_NONE for one in choices])

    def cost(weights: Any) -> tuple[float, Any]:
        odds = np.exp(np.clip(matrix @ weights, -30, 30))
        total = 1 + np.bincount(of, odds, len(choices))
        wanted = np.where(holds, np.bincount(of, odds * right, len(choices)), 1.0)
        shares = np.where(holds[of], odds * right / np.maximum(wanted[of], 1e-30), 0.0)
        slope = matrix.T @ ((shares - odds / total[of]) * worth[of])
        off = weights - prior
        off[0] = 0
        likelihood = float(((np.log(np.maximum(wanted, 1e-30)) - np.log(total)) * worth).sum())
        return RIDGE / 2 * float(off @ off) - likelihood, RIDGE * off - slope

    fitted = minimize(cost, prior, jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    return _table(zip(names, fitted, strict=True))


def cross_validated(field: Field, choices: Sequence[Choice]) -> dict[str, Found | None]:
    """The likeliest candidate of every mail by weights that were fitted without its fold, however likely it is."""
    found: dict[str, Found | None] = {}
    for fold in range(FOLDS):
        table = fit_choices(field, [one for one in choices if one.example.fold != fold])
        for one in choices:
            if one.example.fold == fold:
                found[one.example.labelled.id] = likeliest(one.candidates, table, 0.0)
    return found


def outcomes(field: Field, choices: Sequence[Choice], found: Mapping[str, Found | None], likely: float) -> Counter[str]:
    """What becomes of the mails when nothing is named that is less likely."""
    counted: Counter[str] = Counter()
    for one in choices:
        best = found[one.example.labelled.id]
        counted[field.outcome(one.held, best.value if best and best.confidence >= likely else "")] += 1
    return counted


# ---- what a no says


def fit_concepts(rows: Sequence[Heeded]) -> Tables:
    """For each of several things the weights of the concepts that tell it from the others."""
    often = Counter(sign for one in rows for sign in one.signs)
    vectorizer = DictVectorizer(sort=True)
    matrix = vectorizer.fit_transform(
        [{sign: 1.0 for sign in sorted(one.signs) if often[sign] >= LEAST_OFTEN_HEARD} for one in rows]
    )
    matrix.indices, matrix.indptr = matrix.indices.astype("int32"), matrix.indptr.astype("int32")
    model = LogisticRegression(C=SPARSE, l1_ratio=1.0, solver="saga", max_iter=2_000, tol=1e-3, random_state=0)
    model.fit(matrix, [one.truth for one in rows])
    names = [str(name) for name in vectorizer.get_feature_names_out()]
    shown = model.classes_[1:] if len(model.classes_) == 2 else model.classes_
    return {
        str(name): _table([("always", intercept), *zip(names, weights, strict=True)])
        for name, weights, intercept in zip(shown, model.coef_, model.intercept_, strict=True)
    }


def heard_of(found: Sequence[Example], fact: str) -> list[Heeded]:
    """Every mail labelled with a fact of a no, by its concepts."""
    return [Heeded(one.fold, one.signs, SAID.get(one.fact(fact), one.fact(fact))) for one in found if one.fact(fact)]


def stages(found: Sequence[Example]) -> list[Heeded]:
    """Every no by its concepts, with the stage it is labelled with, or that it tells of none."""
    told = heard_of(found, "stage")
    silent = (one for one in found if one.labelled.label is Label.REJECTION and one.labelled.complete)
    return told + [Heeded(one.fold, one.signs, UNKNOWN) for one in silent if not one.fact("stage")]


def feedback_given(found: Sequence[Example]) -> list[Heeded]:
    """Every no and every answer to a question about one, and whether it gives feedback."""
    answers = (one for one in found if one.labelled.label in ANSWERS and one.labelled.complete)
    return [Heeded(one.fold, one.signs, YES if one.fact("feedback") == "given" else NO) for one in answers]


def reasons(found: Sequence[Example]) -> list[Heeded]:
    """Every sentence of every no, and whether it gives the reason."""
    rows = []
    for one in found:
        if one.labelled.label is not Label.REJECTION or not one.labelled.complete:
            continue
        reason = one.fact("reason")
        for heard in one.heard:
            gives = bool(reason) and same_words(reason, heard.sentence.text)
            rows.append(Heeded(one.fold, heard.signs, YES if gives else NO))
    return rows


def told_apart(rows: Sequence[Heeded]) -> tuple[int, int]:
    """How many are told rightly by tables that were fitted without their fold, and how many there are."""
    right = 0
    for fold in range(FOLDS):
        tables = fit_concepts([one for one in rows if one.fold != fold])
        for one in rows:
            if one.fold == fold:
                right += _likelier(one.signs, tables) == one.truth
    return right, len(rows)


def _likelier(signs: frozenset[str], tables: Tables) -> str:
    scores = {name: weight_of(signs, table) for name, table in tables.items()}
    if set(scores) == {YES}:
        return YES if scores[YES] > 0 else NO
    return max(scores, key=scores.__getitem__)


# ---- the file


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit everything, say how good it is, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the file to write")
    chosen = parser.parse_args(arguments)
    found = examples()
    print(f"{len(found)} examples, {FOLDS} folds")
    companies = company_choices(found)
    named = cross_validated(COMPANY, companies)
    report(COMPANY, companies, named)
    roles = role_choices(found, {id: one for id, one in named.items() if one and one.confidence >= LIKELY})
    report(ROLE, roles, cross_validated(ROLE, roles))
    heard = {
        "kind": heard_of(found, "kind"),
        "stage": stages(found),
        "given": feedback_given(found),
        "reason": reasons(found),
    }
    for name, rows in heard.items():
        right, of = told_apart(rows)
        print(f"{name}: {right / of:.1%} of {of} right")
    chosen.out.write_text(
        written(
            {"company": fit_choices(COMPANY, companies), "role": fit_choices(ROLE, roles)}
            | {name: fit_concepts(heard[name])[YES] for name in ("given", "reason")},
            {name: fit_concepts(heard[name]) for name in ("kind", "stage")},
        ),
        encoding="utf-8",
    )


def report(field: Field, choices: Sequence[Choice], found: Mapping[str, Found | None]) -> None:
    """Print what becomes of mails that no weight was fitted on, for several thresholds."""
    possible = sum(any(one.right) for one in choices)
    for likely in sorted({0.3, 0.4, 0.5, 0.6, 0.7, 0.8, LIKELY}):
        counted = outcomes(field, choices, found, likely)
        held = sum(counted[name] for name in HELD)
        free = max(counted["none"] + counted["spurious"], 1)
        shares = "  ".join(f"{name} {counted[name] / held:.1%}" for name in HELD)
        mark = "*" if likely == LIKELY else " "
        print(f"{mark} {field.name} from {likely:.2f}:  {shares}  spurious {counted['spurious'] / free:.1%}")
    print(f"  {field.name}: {possible / max(held, 1):.1%} of {held} are among the candidates")


def written(tables: Mapping[str, Table], several: Mapping[str, Tables]) -> str:
    """The tables as the text of a module, formatted as the house formats."""
    parts = [HEAD]
    for name, table in tables.items():
        parts.append(f"{name.upper()}_SIGNS: dict[str, float] = {{\n{_rows(table, 4)}}}  # fmt: skip\n")
    for name, one_of in several.items():
        inner = "".join(f'    "{one}": {{\n{_rows(table, 8)}    }},\n' for one, table in sorted(one_of.items()))
        parts.append(f"{name.upper()}_SIGNS: dict[str, dict[str, float]] = {{\n{inner}}}  # fmt: skip\n")
    return "".join(parts)


def _rows(table: Table, indent: int) -> str:
    """The entries of a table, as many in a line as fit."""
    lines, line = [], " " * indent
    for name, weight in table.items():
        entry = f"{json.dumps(name, ensure_ascii=False)}: {weight},"
        if len(line) + len(entry) + 1 > WIDTH:
            lines.append(line.rstrip())
            line = " " * indent
        line += f"{entry} "
    return "\n".join([*lines, line.rstrip(), ""])


def _table(weights: Iterable[tuple[str, Any]]) -> Table:
    rounded = {str(sign): round(float(weight), 2) for sign, weight in weights}
    kept = {sign: weight for sign, weight in rounded.items() if abs(weight) >= LEAST_WEIGHT or sign == "always"}
    return dict(sorted(kept.items(), key=lambda item: (-item[1], item[0])))


if __name__ == "__main__":
    main()
