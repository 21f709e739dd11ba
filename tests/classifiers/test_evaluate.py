"""The judge is judged: intervals, calibration, likeness and evidence on cases worked out by hand."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from onward.core.model import LABELS, Address, Found, Label, Policy, Prediction
from onward_classifiers import evaluate, labelled
from onward_classifiers.evaluate import (
    Judged,
    Pair,
    Program,
    Share,
    alike,
    as_json,
    band_shares,
    bins,
    by_keywords,
    calibration_error,
    draw,
    evidence_shares,
    fact_counts,
    fact_outcome,
    five_grams,
    judging_sets,
    measure,
    misread,
    near_report,
    overlaps,
    page,
    refuses,
    report,
    row,
    slices,
)
from onward_classifiers.labelled import Labelled

NO, THANKS, NEWS = Label.REJECTION, Label.ACKNOWLEDGEMENT, Label.OTHER
PROGRAMS: dict[str, Program] = {"keyword list": by_keywords, "TF-IDF + regression": lambda mails: [NEWS] * len(mails)}

POLICY = Policy()


def mail(label: Label = NO, body: str = "Unfortunately it is a no.", id: str = "a", **facts: object) -> Labelled:
    return labelled.labelled(
        {"id": id, "label": label.value, "from": "hr@acme.example", "subject": "", "body": body, **facts}
    )


def said(label: Label, sure: float = 0.9, evidence: str = "", **named: object) -> Prediction:
    shares = {one: sure if one is label else (1 - sure) / (len(LABELS) - 1) for one in LABELS}
    return Prediction(label, sure, shares, evidence=evidence, language="en", **named)  # type: ignore[arg-type]


def judged(*pairs: tuple[Label, Label]) -> list[Judged]:
    return [Judged(mail(truth, id=f"m{number}"), said(guess)) for number, (truth, guess) in enumerate(pairs)]


# ---- shares and their intervals


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (50, 100, 0.4038, 0.5962),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_the_interval_of_a_share_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert Share(part, whole).interval == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_can_be_anything() -> None:
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_row_counts_precision_recall_and_false_alarms() -> None:
    found = row("all", [NO, NO, NO, THANKS, NEWS], [NO, NO, THANKS, NO, NEWS])
    assert (found.precision, found.recall, found.alarms) == (Share(2, 3), Share(2, 3), Share(1, 2))
    assert found.accuracy == Share(3, 5)
    assert found.macro_f1 == pytest.approx((2 / 3 + 0 + 1) / 3)


def test_a_slice_of_rejections_alone_says_nothing_about_precision() -> None:
    found = row("no refusing word", [NO, NO], [NO, NEWS])
    assert (found.precision, found.recall, found.alarms) == (None, Share(1, 2), None)


def test_a_slice_without_rejections_has_false_alarms_only() -> None:
    found = row("neighbours", [THANKS, NEWS], [NO, NEWS])
    assert (found.precision, found.recall, found.alarms) == (None, None, Share(1, 2))


def test_a_program_that_knows_rejections_only_has_no_accuracy() -> None:
    found = row("keyword list", [NO, NEWS], by_keywords([mail(), mail(NEWS, "See you at six.")]))
    assert (found.precision, found.recall, found.accuracy, found.macro_f1) == (Share(1, 1), Share(1, 1), None, None)


# ---- calibration


def test_the_calibration_error_of_a_case_worked_out_by_hand() -> None:
    found = bins([0.95, 0.97, 0.95, 0.97, 0.5], [True, True, True, False, False])
    assert [one.n for one in found] == [0] * 7 + [1] + [0] * 6 + [4]
    assert calibration_error(found) == pytest.approx(4 / 5 * abs(0.75 - 0.96) + 1 / 5 * 0.5)


def test_whoever_is_as_sure_as_right_has_no_calibration_error() -> None:
    assert calibration_error(bins([1.0, 1.0], [True, True])) == 0
    assert calibration_error(bins([0.5, 0.5], [True, False])) == 0
    assert calibration_error(bins([], [])) == 0


# ---- bands, evidence, facts, slices


def test_the_bands_are_those_of_the_policy() -> None:
    some = [
        Judged(mail(truth), said(NO, sure)) for truth, sure in ((NO, 0.95), (NO, 0.6), (NEWS, 0.92), (THANKS, 0.55))
    ]
    found = band_shares(some)
    assert found[f"acts, from {POLICY.act_above:.2f}: precision"] == Share(1, 2)
    assert found[f"acts, from {POLICY.act_above:.2f}: recall"] == Share(1, 2)
    assert found[f"acts, from {POLICY.act_above:.2f}: false alarms"] == Share(1, 2)
    assert found[f"asks, from {POLICY.ask_above:.2f}: of job mail"] == Share(2, 3)
    assert found[f"asks, from {POLICY.ask_above:.2f}: of other mail"] == Share(0, 1)


@pytest.mark.parametrize(
    ("shown", "marked", "same"),
    [
        ("We chose someone else.", "Sadly, we chose someone else.", True),
        ("Sadly, we chose  someone else!", "we chose someone else", True),
        ("we went with a stronger candidate today", "we went with another candidate today", True),
        ("we liked you a lot", "we went with another candidate", False),
        ("a b c x", "a b c y", False),
        ("her", "we chose another", False),
        ("", "we chose someone else", False),
        ("…", "we chose someone else", False),
    ],
)
def test_evidence_is_right_when_it_overlaps_the_marked_sentence(shown: str, marked: str, same: bool) -> None:
    assert overlaps(shown, marked) is same
    assert overlaps(marked, shown) is same


def test_evidence_is_counted_where_it_was_marked() -> None:
    some = [
        Judged(mail(NO, evidence="It is a no."), said(NO, evidence="It is a no.")),
        Judged(mail(NO, evidence="It is a no."), said(NEWS)),
        Judged(mail(NO), said(NO, evidence="It is a no.")),
        Judged(mail(THANKS, evidence="We got it."), said(THANKS, evidence="We got it.")),
        Judged(mail(NEWS, evidence="Rain."), said(NEWS, evidence="Sun.")),
    ]
    assert evidence_shares(some) == {
        "evidence right: rejections": Share(1, 2),
        "evidence right: all but other": Share(2, 3),
    }


@pytest.mark.parametrize(
    ("held", "found", "outcome"),
    [
        ("Acme GmbH", "ACME", "right"),
        ("Ferrand S.A.S.", "Ferrand", "right"),
        ("Marsh & Co. KG", "marsh &", "right"),
        ("Data Analyst (m/w/d)", "data analyst", "right"),
        ("Chargée d’études H/F", "Chargée d'études", "right"),
        ("SE", "se", "right"),
        ("Acme", "Apex", "wrong"),
        ("Acme", None, "null"),
    ],
)
def test_a_fact_is_right_whatever_its_case_and_legal_form(held: str, found: str | None, outcome: str) -> None:
    assert fact_outcome(held, found) == outcome


def test_facts_are_counted_in_the_mails_that_hold_them() -> None:
    prediction = said(NO, company=Found("Acme"), contact=Address("jo@acme.example"))
    some = [
        Judged(mail(company="Acme Ltd", role="Cook", contact="Jo@acme.example"), prediction),
        Judged(mail(company="Apex"), prediction),
        Judged(mail(), prediction),
        Judged(mail(NEWS, company="Acme"), prediction),
    ]
    assert fact_counts(some) == {"company": {"right": 1, "wrong": 1}, "role": {"null": 1}, "contact": {"right": 1}}


@pytest.mark.parametrize(
    "text",
    [
        "We regret to inform you",
        "Leider nein",
        "Malheureusement",
        "Purtroppo",
        "Lamentamos",
        "Infelizmente",
        "Helaas",
        "Tyvärr",
    ],
)
def test_refusing_words_are_known_in_eight_languages(text: str) -> None:
    assert refuses(mail(body=text))
    assert not refuses(mail(body="We went with somebody nearer to Leiden."))


def test_the_hard_slices_hold_what_their_names_say() -> None:
    plain, final, page_only, news = (
        mail(NO, "We went with somebody else.", "plain"),
        mail(NO, "Unfortunately no. " * 201, "final", stage="final"),
        mail(NO, "", "page", html="<p>Sorry, no.</p>"),
        mail(NEWS, "Unfortunately the train is late.", "news", neighbour=True),
    )
    found = {
        name: [one.mail.id for one in part]
        for name, part in slices([Judged(one, said(NO)) for one in (plain, final, page_only, news)])
    }
    assert found == {
        "no refusing word": ["plain"],
        "refusing word alone": ["news"],
        "neighbours": ["news"],
        "after an interview": ["final"],
        "HTML only": ["page"],
        "under 20 words": ["plain", "page", "news"],
        "over 400 words": ["final"],
    }


# ---- near-duplicates


def test_the_likeness_of_two_mails_is_the_share_of_five_words_in_a_row_they_share() -> None:
    ours, theirs = mail(body="One two three four five six seven"), mail(body="two three four five SIX eight", id="b")
    assert alike([ours], [theirs]) == [Pair("a", "b", 1 / 4)]
    assert len(five_grams(ours.message.text)) == 3
    assert five_grams("Just four words here") == {("just", "four", "words", "here")}
    assert five_grams("") == set()


def test_every_pair_above_the_mark_is_listed_and_otherwise_the_nearest() -> None:
    words = "one two three four five six seven eight"
    examples = [
        mail(body=words, id="same"),
        mail(body=f"{words} nine", id="near"),
        mail(body=f"x {words[:30]}", id="far"),
    ]
    pairs = alike([mail(body=words)], examples)
    assert [(pair.example, round(pair.likeness, 2)) for pair in pairs] == [("same", 1.0), ("near", 0.8)]
    assert "a and same, 5-gram Jaccard similarity 1.00; pairs above 0.4: 2" in near_report(pairs)
    assert near_report(pairs, every=True).endswith("  1.00 a same\n  0.80 a near")


def test_an_example_is_not_compared_with_itself() -> None:
    assert alike([mail()], [mail()]) == []
    assert "no judged mail" in near_report([])


# ---- the whole command


def test_the_page_fits_a_hundred_columns_and_carries_no_colour() -> None:
    some = [
        Judged(
            mail(
                label,
                f"{body} {number}",
                f"m{number}",
                neighbour=True,
                stage="interview",
                evidence=body,
                company="Acme",
            ),
            said(LABELS[(place + number % 2) % len(LABELS)], company=Found("Apex")),
        )
        for number, (place, label) in enumerate([*enumerate(LABELS)] * 300)
        for body in ["Unfortunately no." if number % 3 else "You are in."]
    ]
    text = page(measure("tests/mail", some, 1.25, PROGRAMS), Console(width=100, force_terminal=False))
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text and "\x1b" not in text
    for name in ("keyword list", "TF-IDF + regression", "language en", "refusing word alone", "recruiter_outreach"):
        assert f"\n{name} " in text
    for name in (f"acts, from {POLICY.act_above:.2f}: precision", "calibration error, 15 bins", "company right"):
        assert f"\n{name} " in text


def test_the_same_figures_are_there_for_a_program() -> None:
    block = measure("made up", judged((NO, NO), (NO, NEWS), (NEWS, NEWS)), 1.0, PROGRAMS)
    read = json.loads(as_json([block], [Pair("a", "b", 0.2), Pair("c", "d", 0.1)], "weights-1"))
    assert read["near"] == [{"mail": "a", "example": "b", "likeness": 0.2}]
    first = read["sets"][0]["groups"][0][0]
    assert first["name"] == "all mails"
    assert first["recall"] == {"part": 1, "whole": 2, "share": 0.5, "interval": [0.0945, 0.9055]}
    assert read["sets"][0]["labels"][0]["f1"] == 0.6667


def test_what_was_misread_is_listed_by_id_the_surest_first() -> None:
    some = [Judged(mail(NO, "secret", "x"), said(NEWS, 0.6)), Judged(mail(NEWS, "secret", "y"), said(NO, 0.9))]
    lines = misread(some).splitlines()
    assert [line.split()[1] for line in lines] == ["y:", "x:"]
    assert "other read as rejection (rejection 0.90)" in lines[0]
    assert "secret" not in misread(some)


def test_sets_that_are_not_there_are_named(tmp_path: Path) -> None:
    sets, absent = judging_sets([], tmp_path / "main")
    assert sets == {} and len(absent) == 2
    for folder in ("main/tests/mail", "shared/mail"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("a.jsonl", "b.jsonl"):
            (tmp_path / folder / name).touch()
    sets, absent = judging_sets([], tmp_path / "main")
    assert [(name, len(paths)) for name, paths in sets.items()] == [
        ("tests/mail", 2),
        ("shared/mail/a.jsonl", 1),
        ("shared/mail/b.jsonl", 1),
    ]
    assert absent == []


@pytest.mark.parametrize(("body", "status"), [("An entirely new mail.", 0), (None, 1)])
def test_near_fails_when_a_judging_mail_is_a_shipped_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], body: str | None, status: int
) -> None:
    ours = "We have thought about it for long and chose somebody else."
    shipped, judging = tmp_path / "shipped.jsonl", tmp_path / "judging.jsonl"
    shipped.write_text(line("example", ours))
    judging.write_text(line("judge", body or ours))
    monkeypatch.setattr(labelled, "shipped", lambda: [shipped])
    assert evaluate.main(["--near", str(judging)]) == status
    assert ("1.00 judge example" in capsys.readouterr().out) is bool(status)


def line(id: str, body: str) -> str:
    return json.dumps({"id": id, "label": "rejection", "body": body})


def test_both_pictures_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pairs: Sequence[tuple[Label, Label]] = [(NO, NO), (NO, THANKS), (THANKS, THANKS), (NEWS, NEWS)]
    assert "reliability.png" in draw("made up", judged(*pairs), tmp_path / "new" / "folder")
    for name in ("reliability.png", "confusion.png"):
        assert (tmp_path / "new" / "folder" / name).read_bytes().startswith(b"\x89PNG")


def test_the_report_of_the_training_has_a_line_for_each_label_and_band() -> None:
    text = report([NO, NO, NEWS], [said(NO).probabilities, said(NEWS).probabilities, said(NEWS).probabilities])
    assert text.splitlines()[1].split() == ["rejection", "2", "1.000", "0.500", "0.667", "false", "alarms", "0"]
    assert "accuracy 0.667" in text
    assert f"rejection, ask ≥ {POLICY.ask_above}" in text and f"rejection, act ≥ {POLICY.act_above}" in text
