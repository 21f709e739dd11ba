"""The weights of the naming come from labelled mails alone, and the same mails make the same file."""

import ast
from typing import Any

import pytest

from onward_classifiers.labelled import labelled
from onward_classifiers.naming import fit
from onward_classifiers.naming.choice import likeliest
from onward_classifiers.naming.fit import COMPANY, ROLE, Example, Heeded

COMPANIES = ["Brook Lane", "Delta Grid", "Marsh Foods", "North Sail", "Pine Works", "Quill Bank", "Reed House"]
ROLES = ["Night Auditor", "Site Engineer", "Data Analyst", "Line Cook", "Store Manager", "Welder", "Nurse"]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of mails is enough for a sign to be weighed."""
    monkeypatch.setattr(fit, "LEAST_OFTEN", 1)
    monkeypatch.setattr(fit, "LEAST_OFTEN_HEARD", 1)


def example(number: int, company: str, role: str, **more: Any) -> Example:
    line = {
        "id": f"m-{number}",
        "label": "rejection",
        "from": "no-reply@greenhouse.io",
        "subject": "Your application",
        "body": f"Hello Priya Nair,\n\nthank you for applying to the {role} position at {company}. We met Ruth "
        "Ansel and chose someone else.",
        "company": company,
        "role": role,
    }
    return Example.of(labelled(line | more, complete=True))


EXAMPLES = [example(n, company, role) for n, (company, role) in enumerate(zip(COMPANIES, ROLES, strict=True))]
UNSEEN = example(99, "Veltro Nord", "Harbour Pilot")


def test_what_the_examples_name_is_found_in_a_mail_that_was_not_among_them() -> None:
    table = fit.fit_choices(COMPANY, fit.company_choices(EXAMPLES))
    found = likeliest(fit.company_choices([UNSEEN])[0].candidates, table)
    assert found is not None and found.value == "Veltro Nord"
    assert table["after at"] > 0 > table["greeted"]


def test_labels_decide_what_a_sign_weighs() -> None:
    """The same mails, labelled with whom they greet: now greeting speaks for a name, and 'at' against it."""
    greeted = [
        example(number, "Priya Nair", role, body=one.mail.message.text)
        for number, (role, one) in enumerate(zip(ROLES, EXAMPLES, strict=True))
    ]
    table = fit.fit_choices(COMPANY, fit.company_choices(greeted))
    assert table["greeted"] > 0 > table["after at"]


def test_a_role_is_chosen_with_all_its_words_and_no_more() -> None:
    table = fit.fit_choices(ROLE, fit.role_choices(EXAMPLES, {}))
    found = likeliest(fit.role_choices([UNSEEN], {})[0].candidates, table)
    assert found is not None and found.value == "Harbour Pilot"


def test_nothing_is_judged_by_weights_that_saw_it() -> None:
    choices = fit.company_choices(EXAMPLES)
    assert len({one.example.fold for one in choices}) > 1
    counted = fit.outcomes(COMPANY, choices, fit.cross_validated(COMPANY, choices), 0.0)
    assert sum(counted.values()) == len(EXAMPLES)
    never = fit.outcomes(COMPANY, choices, fit.cross_validated(COMPANY, choices), 1.0)
    assert never == {"null": len(EXAMPLES)}


def test_concepts_are_told_apart_and_those_that_tell_nothing_are_left_out() -> None:
    rows = [Heeded(number % 5, frozenset({"FILL", "WE"}), "filled") for number in range(30)]
    rows += [Heeded(number % 5, frozenset({"HOLD", "WE"}), "frozen") for number in range(30)]
    rows += [Heeded(number % 5, frozenset({"NOT", "WE"}), "plain") for number in range(30)]
    tables = fit.fit_concepts(rows)
    assert tables["filled"]["FILL"] > 0 and tables["frozen"]["HOLD"] > 0
    assert all("WE" not in table for table in tables.values())
    assert fit.told_apart(rows) == (90, 90)


def test_the_same_examples_make_the_same_file_and_the_file_can_be_read() -> None:
    def text() -> str:
        table = fit.fit_choices(COMPANY, fit.company_choices(EXAMPLES))
        return fit.written({"company": table}, {"kind": {"plain": {"always": 0.5}, "filled": {"always": -0.5}}})

    assert text() == text()
    names = [node.target.id for node in ast.walk(ast.parse(text())) if isinstance(node, ast.AnnAssign)]  # type: ignore[union-attr]
    assert names == ["COMPANY_SIGNS", "KIND_SIGNS"]
    assert max(map(len, text().splitlines())) <= fit.WIDTH
