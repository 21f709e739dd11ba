"""Whether a no is answered, to whom, and with which facts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from onward.core.letters import (
    GATE,
    find_recipient,
    greeting_name,
    habits,
    is_person,
    plan_letter,
    shortened,
    writes_formally,
)
from onward.core.mail import nobody_reads
from onward.core.model import (
    Address,
    Application,
    Found,
    Habits,
    Known,
    Label,
    LetterKind,
    Message,
    Person,
    Policy,
    Prediction,
    Stage,
)

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MARA = Address("mara@harbour.example", "Mara Lindqvist")
MET = Person("Mara Lindqvist", email="mara@harbour.example", where="from")
MACHINE = Person("Harbour", email="no-reply@ats.example", where="from")
POLICY = Policy(name="Sam Doe", own_addresses=frozenset({"sam@example.org"}))


def message(sender: Address | None = MARA, **more: object) -> Message:
    base = Message("k", "main", "INBOX", 1, 1, NOW, NOW, "<no@harbour.example>", "h", "Your application", sender)
    return replace(base, to=(Address("sam@example.org"),), **more)  # type: ignore[arg-type]


def rejection(**more: object) -> Prediction:
    base = Prediction(Label.REJECTION, 0.97, language="en", contact=MARA, company=Found("Harbour"), role=Found("Baker"))
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        *("no-reply@a.example", "noreply@a.example", "do-not-reply@a.example", "DoNotReply@a.example"),
        *("careers-noreply@a.example", "no_reply@a.example", "noreply123@a.example", "nicht-antworten@a.example"),
        *("ne-pas-repondre@a.example", "notifications@a.example", "mailer-daemon@a.example", "bounces@a.example"),
    ],
)
def test_a_machines_address_is_never_written_to(address: str) -> None:
    assert nobody_reads(address)
    letter, reason = plan_letter(message(Address(address, "Harbour")), rejection(), Stage.INTERVIEW, POLICY, Known())
    assert letter is None
    assert reason.startswith("nobody reads replies to this sender")


@pytest.mark.parametrize("address", ["mara@a.example", "noreen@a.example", "renor@a.example", "jobs@a.example"])
def test_a_persons_address_is_not_mistaken_for_a_machines(address: str) -> None:
    assert not nobody_reads(address)


def test_after_an_interview_the_letter_thanks_and_asks_one_thing() -> None:
    letter, reason = plan_letter(message(), rejection(), Stage.INTERVIEW, POLICY, Known())
    assert letter is not None
    assert letter.kind is LetterKind.THANKS_AND_FEEDBACK
    assert letter.recipient == MARA
    assert (letter.subject, letter.in_reply_to) == ("Re: Your application", "<no@harbour.example>")
    assert letter.from_address == Address("sam@example.org", "Sam Doe")
    assert reason == "you had come to the interview stage: thanks, and one question"


def test_without_an_interview_it_only_thanks() -> None:
    letter, _ = plan_letter(message(), rejection(), Stage.APPLIED, POLICY, Known())
    assert letter is not None
    assert letter.kind is LetterKind.THANKS


def test_who_refuses_feedback_is_not_asked_for_it() -> None:
    letter, _ = plan_letter(message(), rejection(feedback_refused=True), Stage.FINAL, POLICY, Known())
    assert letter is not None
    assert letter.kind is LetterKind.THANKS


def test_who_offers_feedback_is_asked_even_without_an_interview() -> None:
    letter, _ = plan_letter(message(), rejection(feedback_offered=True), Stage.APPLIED, POLICY, Known())
    assert letter is not None
    assert letter.kind is LetterKind.THANKS_AND_FEEDBACK


def test_no_more_letters_than_the_person_allows_in_a_day() -> None:
    letter, reason = plan_letter(message(), rejection(), Stage.FINAL, POLICY, Known(drafts_today=POLICY.drafts_per_day))
    assert letter is None
    assert "within a day" in reason


def test_letters_can_be_switched_off() -> None:
    letter, _ = plan_letter(message(), rejection(), Stage.FINAL, replace(POLICY, draft_letters=False), Known())
    assert letter is None


def test_a_reply_address_in_the_same_house_is_used() -> None:
    desk = Address("people@harbour.example", "")
    noreply = Address("no-reply@mail.harbour.example", "Harbour")
    assert find_recipient(message(noreply, reply_to=(desk,)), rejection(contact=None)) == desk


def test_a_reply_address_of_another_organisation_is_not_used() -> None:
    stranger = Address("mara@harb0ur.example", "Mara Lindqvist")
    assert find_recipient(message(reply_to=(stranger,)), rejection()) is None


def test_an_address_in_the_body_is_never_used() -> None:
    elsewhere = Address("mara@elsewhere.example", "Mara")
    noreply = Address("no-reply@harbour.example", "")
    assert find_recipient(message(noreply), rejection(contact=elsewhere)) is None


def test_a_wrong_company_is_left_out_rather_than_guessed() -> None:
    letter, _ = plan_letter(message(), rejection(company=Found("Re", confidence=0.4)), Stage.FINAL, POLICY, Known())
    assert letter is not None
    assert letter.facts["company"] == ""


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        *(("Mara Lindqvist", "Mara"), ("Lindqvist, Mara", "Mara"), ("Dr. Mara Lindqvist", "Mara")),
        *(("Mara van der Berg", "Mara"), ("Jean-Luc Moreau (RH)", "Jean-Luc"), ("Mara Lindqvist | Harbour", "Mara")),
        *(("Harbour Careers", ""), ("The Harbour Team", ""), ("Talent Acquisition", ""), ("mara", ""), ("", "")),
        *(("HR Department Harbour", ""), ("Harbour GmbH", "")),
    ],
)
def test_a_person_is_greeted_by_first_name_and_a_team_by_none(name: str, greeted: str) -> None:
    assert greeting_name(Address("x@harbour.example", name)) == greeted


def test_outside_english_both_names_are_used() -> None:
    assert greeting_name(Address("x@k.example", "Oehlert, Sabine"), first_name_only=False) == "Sabine Oehlert"


# --- the gate: one row of the table at a time ---------------------------------------------------------------


def plan(stage: Stage = Stage.FINAL, **more: Any) -> tuple[LetterKind | None, str]:
    """What the gate says of Mara's no, with something changed."""
    named = {name: more.pop(name) for name in ("policy", "known", "late", "repeat", "sender") if name in more}
    sender, policy, known = named.pop("sender", MARA), named.pop("policy", POLICY), named.pop("known", Known())
    letter, reason = plan_letter(message(sender), rejection(**more), stage, policy, known, None, **named)
    return letter.kind if letter else None, reason


KINDS = {kind: Found(kind) for kind in ("plain", "filled", "cancelled", "frozen", "later")}
ROBOT = Address("no-reply@ats.example", "Harbour")
ROWS: list[tuple[dict[str, Any], LetterKind | None, str]] = [
    # what was the case                                            the letter                       why
    ({"repeat": "this came before"}, None, "this came before"),
    ({"late": True}, None, "older than 3 days"),
    ({"policy": replace(POLICY, draft_letters=False)}, None, "switched off"),
    ({"sender": ROBOT, "contact": None}, None, "nobody reads replies"),
    ({"policy": replace(POLICY, own_addresses=frozenset({MARA.email}))}, None, "your own"),
    ({"known": Known(unused=4)}, None, "your last 4 letters were not used"),
    ({"known": Known(drafts_today=5)}, None, "5 letters were drafted within a day"),
    ({"other_role": Found("Cook")}, LetterKind.OTHER_ROLE, "they propose another role"),
    ({"other_role": Found("Cook"), "feedback_refused": True}, LetterKind.OTHER_ROLE, "they propose another role"),
    ({"feedback_given": True}, LetterKind.THANKS_FOR_FEEDBACK, "they gave feedback already"),
    ({"feedback_given": True, "feedback_offered": True}, LetterKind.THANKS_AND_FEEDBACK, "they offer feedback"),
    ({"feedback_refused": True}, LetterKind.THANKS, "they do not give feedback"),
    ({"stage": Stage.APPLIED, "feedback_offered": True}, LetterKind.THANKS_AND_FEEDBACK, "they offer feedback"),
    ({"kind": KINDS["frozen"]}, LetterKind.THANKS, "the job itself went away"),
    ({"kind": KINDS["cancelled"], "stage": Stage.APPLIED}, LetterKind.THANKS, "the job itself went away"),
    ({"kind": KINDS["later"], "stage": Stage.APPLIED}, LetterKind.THANKS, "try again later"),
    ({"kind": KINDS["later"]}, LetterKind.THANKS_AND_FEEDBACK, "final stage"),
    ({"kind": KINDS["filled"]}, LetterKind.THANKS_AND_FEEDBACK, "final stage"),
    ({"stage": Stage.SCREEN}, LetterKind.THANKS_AND_FEEDBACK, "screen stage"),
    ({"stage": Stage.APPLIED}, LetterKind.THANKS, "a person wrote, no interview yet"),
]


@pytest.mark.parametrize(("case", "kind", "why"), ROWS, ids=[why for _, _, why in ROWS])
def test_the_situation_decides_whether_there_is_a_letter_and_which(
    case: dict[str, Any], kind: LetterKind | None, why: str
) -> None:
    found, reason = plan(**case)
    assert found is kind
    assert why in reason


def test_no_row_of_the_gate_is_without_a_test() -> None:
    reasons = [plan(**dict(case))[1] for case, _, _ in ROWS]
    patterns = {row.reason: re.sub(r"\\\{.*?\\\}", ".+", re.escape(row.reason)) for row in GATE}
    untested = [reason for reason, pattern in patterns.items() if not any(re.match(pattern, each) for each in reasons)]
    assert untested == []


def test_a_machines_no_is_answered_to_the_person_one_has_met() -> None:
    machine = message(Address("no-reply@ats.example", "Harbour"))
    met = Application(1, "Harbour", "Baker", Stage.INTERVIEW, people=(MACHINE, MET))
    letter, reason = plan_letter(machine, rejection(contact=None), Stage.INTERVIEW, POLICY, Known(), met)
    assert letter is not None
    assert letter.recipient == MARA
    assert reason.endswith("to Mara Lindqvist, who wrote to you about it before")


def test_nobody_is_written_to_whom_one_does_not_know() -> None:
    machine = message(Address("no-reply@ats.example", "Harbour"))
    desks = Application(1, "Harbour", "Baker", people=(Person("Harbour Careers", email="jobs@harbour.example"),))
    assert plan_letter(machine, rejection(contact=None), Stage.APPLIED, POLICY, Known(), desks)[0] is None


@pytest.mark.parametrize(
    ("language", "text", "formal"),
    [
        ("de", "Vielen Dank für Ihre Bewerbung. Wir wünschen Ihnen alles Gute.", True),
        ("de", "danke für deine Bewerbung, wir wünschen dir alles Gute", False),
        ("fr", "Nous vous remercions de votre candidature.", True),
        ("fr", "Merci pour ta candidature, on te souhaite bonne chance.", False),
        ("es", "Le agradecemos su interés.", True),
        ("es", "Gracias por tu interés, te deseamos suerte.", False),
        ("it", "La ringraziamo per la Sua candidatura.", True),
        ("it", "ti ringraziamo per la tua candidatura", False),
        ("nl", "Hartelijk dank voor uw sollicitatie.", True),
        ("nl", "Bedankt voor je sollicitatie.", False),
        ("pt", "Agradecemos o seu interesse, Sr. Lopes.", True),
        ("pt", "Obrigada pela tua candidatura.", False),
        ("de", "Die Stelle ist besetzt.", True),
    ],
)
def test_who_says_du_is_answered_with_du(language: str, text: str, formal: bool) -> None:
    assert writes_formally(text, language) is formal
    german = rejection(language=language)
    letter, _ = plan_letter(message(text=text), german, Stage.INTERVIEW, POLICY, Known())
    assert letter is not None
    assert letter.language == language
    assert letter.facts["contact"] == ("Mara Lindqvist" if formal else "Mara")


def test_a_second_letter_to_one_company_reads_otherwise() -> None:
    first, _ = plan_letter(message(), rejection(), Stage.FINAL, POLICY, Known())
    second, _ = plan_letter(message(), rejection(), Stage.FINAL, POLICY, Known(written_to=("Harbour Ltd", "Acme")))
    assert first is not None and second is not None
    assert (first.facts["variant"], second.facts["variant"]) == ("harbour:0", "harbour:1")


@pytest.mark.parametrize(
    ("address", "doubt"),
    [
        (Address("mara@hаrbour.example", "Mara Lindqvist"), "letters that look like others"),
        (Address("mara@xn--hrbour-6fg.example", "Mara Lindqvist"), "letters that look like others"),
        (
            Address("x@elsewhere.example", '"mara@harbour.example"'),
            "shows another address, at harbour.example",
        ),
        (Address("mara@elsewhere.example", "Mara Lindqvist"), "came from harbour.example before"),
        (Address("mara@harbour.example.acme-jobs.evil.test", "Mara"), "came from harbour.example before"),
    ],
)
def test_an_address_in_doubt_waits_for_the_persons_word(address: Address, doubt: str) -> None:
    met = Application(1, "Acme", "Baker", Stage.INTERVIEW, people=(MET,))
    said = rejection(contact=address, company=Found("Acme"))
    letter, reason = plan_letter(message(address), said, Stage.INTERVIEW, POLICY, Known(), met)
    assert letter is not None
    assert letter.to_confirm
    assert doubt in letter.warning
    assert doubt in reason


def test_the_employers_own_domain_is_not_doubted_after_an_agencys() -> None:
    agency = Application(1, "Harbour", "Baker", Stage.INTERVIEW, people=(Person("Jo Park", email="jo@agency.example"),))
    assert plan_letter(message(), rejection(), Stage.INTERVIEW, POLICY, Known(), agency)[0] is not None


# --- whom to, and other occasions -----------------------------------------------------------------------------


def test_a_first_mail_from_a_house_is_said_to_be_one() -> None:
    letter, _ = plan_letter(message(), rejection(), Stage.APPLIED, POLICY, Known())
    assert letter is not None and not letter.to_confirm
    assert letter.warning == "this is the first mail about it from harbour.example: make sure that the address is right"
    met = Application(1, "Harbour", "Baker", people=(MET,))
    letter, _ = plan_letter(message(), rejection(), Stage.APPLIED, POLICY, Known(), met)
    assert letter is not None and letter.warning == ""


def test_answers_to_another_organisation_wait_for_the_persons_word() -> None:
    stranger = Address("mara@harb0ur.example", "Mara Lindqvist")
    letter, reason = plan_letter(message(reply_to=(stranger,)), rejection(), Stage.APPLIED, POLICY, Known())
    assert letter is not None and letter.to_confirm
    assert "mara@harb0ur.example" in reason and "harbour.example" in reason


def test_a_mail_its_provider_calls_false_is_answered_to_nobody() -> None:
    false = message(signs=frozenset({"auth-failed"}))
    letter, _ = plan_letter(false, rejection(), Stage.FINAL, POLICY, Known())
    assert letter is not None and letter.to_confirm
    assert letter.recipient == Address("")
    assert "not from whom it names (mara@harbour.example)" in letter.warning


def test_whoever_wrote_comes_before_whoever_was_copied() -> None:
    machine = message(Address("no-reply@ats.example", "Harbour"))
    copied = Person("Iris Vale", email="iris@harbour.example", where="cc")
    met = Application(1, "Harbour", "Baker", Stage.INTERVIEW, people=(MET, copied))
    letter, _ = plan_letter(machine, rejection(contact=None), Stage.INTERVIEW, POLICY, Known(), met)
    assert letter is not None and letter.recipient == MARA


def test_what_the_person_keeps_changing_is_a_habit() -> None:
    ours = "Guten Tag Mara Lindqvist, danke für Ihre Nachricht. " + "Ich wünsche Ihnen alles Gute. " * 6
    du = "Hallo Mara, danke für deine Nachricht. Ich wünsche dir alles Gute."
    assert habits([(ours, du, "de"), (ours, du, "de")]) == Habits(brief=True, formal=False)
    assert habits([(ours, du, "de")]) == Habits()
    assert habits([(ours, ours, "de"), (ours, ours, "de"), (ours, du, "de")]) == Habits()


def test_a_habit_shapes_the_next_letter() -> None:
    german = rejection(language="de")
    formal = message(text="Vielen Dank für Ihre Bewerbung.")
    letter, _ = plan_letter(formal, german, Stage.FINAL, POLICY, Known(habits=Habits(brief=True, formal=False)))
    assert letter is not None
    assert (letter.facts["formal"], letter.facts["brief"], letter.facts["contact"]) == ("", "yes", "Mara")


def test_a_shortened_letter_keeps_its_question_and_its_ending() -> None:
    assert shortened("Hi,\n\nThanks.\n\nOne question?\n\nAll the best.\n\nKind regards,\nSam\n") == (
        "Hi,\n\nThanks.\n\nOne question?\n\nKind regards,\nSam\n"
    )
    assert shortened("Hi,\n\nThanks.\n\nKind regards,\nSam\n") == "Hi,\n\nThanks.\n\nKind regards,\nSam\n"


@pytest.mark.parametrize(
    ("address", "more", "said", "answered"),
    [
        ("hello@harbour.example", {}, {"people": (Person("Jens Ahl", where="signature"),)}, True),
        ("hello@harbour.example", {"references": ("<mine@example.org>",)}, {}, True),
        ("hello@harbour.example", {}, {}, False),  # nobody's name, and no answer to a mail of one's own
        ("hello@ats.example", {"references": ("<mine@example.org>",)}, {}, False),  # a system for many employers
        ("jobs@harbour.example", {"references": ("<mine@example.org>",)}, {}, False),
        ("hello@harbour.example", {"signs": frozenset({"auto-submitted"})}, {}, False),
    ],
)
def test_the_desk_of_a_small_house_is_answered_where_somebody_reads_it(
    address: str, more: dict[str, Any], said: dict[str, Any], answered: bool
) -> None:
    desk = message(Address(address, "Harbour"), **more)
    letter, _ = plan_letter(desk, rejection(contact=None, **said), Stage.APPLIED, POLICY, Known())
    assert (letter is not None) is answered


@pytest.mark.parametrize(
    ("name", "email", "person"),
    [
        ("Mara Lindqvist", "mara@harbour.example", True),
        ("Mara Lindqvist", "desk7@harbour.example", True),
        ("Sharpkata Assessments", "invite@sharpkata.example", False),
        ("Transeo Shared Services", "jobs@transeo-holding.example", False),
        ("Harbour Careers", "careers@harbour.example", False),
    ],
)
def test_the_name_of_a_house_is_no_persons(name: str, email: str, person: bool) -> None:
    assert is_person(Address(email, name)) is person
