"""Whether a no is answered, to whom, and with which facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from onward.core.letters import find_recipient, greeting_name, plan_letter, writes_formally
from onward.core.mail import nobody_reads
from onward.core.model import Address, Application, Found, Known, Label, LetterKind, Message, Policy, Prediction, Stage

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MARA = Address("mara@harbour.example", "Mara Lindqvist")
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


@pytest.mark.parametrize(
    ("stage", "said", "kind"),
    [
        (Stage.APPLIED, {}, LetterKind.THANKS),
        (Stage.SCREEN, {}, LetterKind.THANKS_AND_FEEDBACK),
        (Stage.FINAL, {}, LetterKind.THANKS_AND_FEEDBACK),
        (Stage.APPLIED, {"feedback_offered": True}, LetterKind.THANKS_AND_FEEDBACK),
        (Stage.FINAL, {"feedback_refused": True}, LetterKind.THANKS),
        (Stage.FINAL, {"feedback_given": True}, LetterKind.THANKS_FOR_FEEDBACK),
        (Stage.FINAL, {"feedback_given": True, "feedback_offered": True}, LetterKind.THANKS_AND_FEEDBACK),
        (Stage.FINAL, {"other_role": Found("Baker")}, LetterKind.OTHER_ROLE),
        (Stage.APPLIED, {"other_role": Found("Baker"), "feedback_refused": True}, LetterKind.OTHER_ROLE),
    ],
)
def test_the_situation_decides_the_letter(stage: Stage, said: dict[str, object], kind: LetterKind) -> None:
    letter, _ = plan_letter(message(), rejection(**said), stage, POLICY, Known())
    assert letter is not None
    assert letter.kind is kind


def test_a_machines_no_is_answered_to_the_person_one_has_met() -> None:
    machine = message(Address("no-reply@ats.example", "Harbour"))
    met = Application(1, "Harbour", "Baker", Stage.INTERVIEW, people=(Address("no-reply@ats.example", "Harbour"), MARA))
    letter, reason = plan_letter(machine, rejection(contact=None), Stage.INTERVIEW, POLICY, Known(), met)
    assert letter is not None
    assert letter.recipient == MARA
    assert reason.endswith("to Mara Lindqvist, who wrote to you about it before")


def test_nobody_is_written_to_whom_one_does_not_know() -> None:
    machine = message(Address("no-reply@ats.example", "Harbour"))
    desks = Application(1, "Harbour", "Baker", people=(Address("jobs@harbour.example", "Harbour Careers"),))
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
            "its name shows another address, at harbour.example",
        ),
        (Address("mara@elsewhere.example", "Mara Lindqvist"), "came from harbour.example before"),
        (Address("mara@harbour.example.acme-jobs.evil.test", "Mara"), "came from harbour.example before"),
    ],
)
def test_who_only_poses_as_the_employer_gets_no_letter(address: Address, doubt: str) -> None:
    met = Application(1, "Acme", "Baker", Stage.INTERVIEW, people=(MARA,))
    said = rejection(contact=address, company=Found("Acme"))
    letter, reason = plan_letter(message(address), said, Stage.INTERVIEW, POLICY, Known(), met)
    assert letter is None
    assert doubt in reason
    assert address.email in reason


def test_the_employers_own_domain_is_not_doubted_after_an_agencys() -> None:
    agency = Application(1, "Harbour", "Baker", Stage.INTERVIEW, people=(Address("jo@agency.example", "Jo Park"),))
    assert plan_letter(message(), rejection(), Stage.INTERVIEW, POLICY, Known(), agency)[0] is not None
