"""Which application a mail belongs to, and how far that had come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onward.core.model import (
    Address,
    Application,
    Found,
    Label,
    Message,
    Person,
    Policy,
    Prediction,
    Stage,
)
from onward.core.talks import stage_reached, talk_in
from onward.core.tracker import Happening, application, find_silent, in_domain, match, people_in, plain

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


def no(text: str) -> Message:
    return Message(
        "k", "main", "INBOX", 1, 1, NOW, NOW, "<a@b>", "h", "A no", Address("mara@harbour.example"), text=text
    )


def made(*events: str) -> Application:
    log = [Happening(kind, NOW, f"m-{kind}") for kind in events]
    return application(1, "Harbour", "Baker", None, log, frozenset(), ())


@pytest.mark.parametrize(
    ("events", "stage", "closed"),
    [
        ((), Stage.APPLIED, False),
        (("acknowledged",), Stage.APPLIED, False),
        (("acknowledged", "screen"), Stage.SCREEN, False),
        (("interview", "acknowledged"), Stage.INTERVIEW, False),
        (("screen", "interview", "final", "rejection"), Stage.FINAL, True),
        (("assessment", "withdrawn"), Stage.SCREEN, True),
        (("interview", "rejection", "final"), Stage.FINAL, False),
        (("interview", "rejection", "feedback"), Stage.INTERVIEW, True),
        (("interview", "quiet", "silent"), Stage.INTERVIEW, True),
        (("interview", "quiet", "silent", "update"), Stage.INTERVIEW, False),
    ],
)
def test_the_stage_is_the_furthest_its_events_tell(events: tuple[str, ...], stage: Stage, closed: bool) -> None:
    found = made(*events)
    assert (found.stage, found.closed) == (stage, closed)


def test_the_mail_that_closed_it_is_known() -> None:
    assert made("interview", "rejection").closed_by == "m-rejection"


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for taking the time to interview with us.",
        "We enjoyed our conversation last week.",
        "Vielen Dank für das angenehme Gespräch am Montag.",
        "Je vous remercie pour nos échanges de jeudi.",
        "Muchas gracias por la entrevista.",
        "Bedankt voor het gesprek van dinsdag.",
        "Tack för intervjun i fredags.",
        "Obrigada pela entrevista.",
        "La ringrazio per il colloquio.",
    ],
)
def test_a_no_that_thanks_for_a_talk_came_after_one(text: str) -> None:
    assert stage_reached(no(text), None) is Stage.INTERVIEW


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for your application. We will not invite you to an interview.",
        "Thank you for your interest. Only a few candidates were invited to interviews.",
        "Vielen Dank für Ihre Bewerbung. Zu einem Gespräch können wir Sie nicht einladen.",
    ],
)
def test_a_no_that_only_speaks_of_interviews_did_not(text: str) -> None:
    assert stage_reached(no(text), None) is Stage.APPLIED


def test_what_the_events_tell_is_never_lessened() -> None:
    assert stage_reached(no("Thank you for the interview."), made("final")) is Stage.FINAL


def test_a_name_is_compared_without_case_accents_and_legal_form() -> None:
    assert plain("Hafenbäckerei GmbH & Co. KG") == plain("hafenbackerei")
    assert plain("AB") == "ab"


@pytest.mark.parametrize(
    ("subject", "text", "talk"),
    [
        ("Telefontermin", "Ich würde gern vorab 20 Minuten mit Ihnen telefonieren.", "screen"),
        ("Chat next week?", "I'd love 30 min with you to talk about the backend role.", "screen"),
        ("Next step", "Björn and Mirja would like 75 minutes with you, and read code together.", "interview"),
        ("Invitación", "Cuándo: jueves 6 de marzo, 17:00 - 18:00", "interview"),
        (
            "Re: Quick call?",
            "Thanks for the open talk. Can you come to us on Tuesday?\n> a quick call of 20 min?",
            "interview",
        ),
        ("Dernière étape", "Vous rencontrerez le comité de direction.", "final"),
        ("Intro call", "Does Monday suit you?", "screen"),
        ("Your interview", "We would like to invite you to our office.", "interview"),
    ],
)
def test_what_kind_of_talk_an_invitation_is_to(subject: str, text: str, talk: str) -> None:
    assert talk_in(replace(no(text), subject=subject)) == talk


# --- which application -----------------------------------------------------------------------------------------

IRIS = Person("Iris Vale", email="iris@harbour.example", where="from")
OPEN = Application(1, "Harbour GmbH", "Baker", people=(IRIS,), names=frozenset({"iris vale"}))
UNSAID = Prediction(Label.INTERVIEW, 0.95, {Label.INTERVIEW: 0.95}, language="en")


def told(sender: str = "desk@elsewhere.example", subject: str = "A date", text: str = "") -> Message:
    return replace(no(text), sender=Address(sender), subject=subject)


def matched(message: Message, *known: Application, **said: object) -> int | None:
    found = match(message, replace(UNSAID, **said), known).best  # type: ignore[arg-type]
    return found.id if found else None


def test_a_number_ties_a_mail_to_its_application_whatever_else_it_says() -> None:
    numbered = replace(OPEN, numbers=frozenset({"r 20871"}))
    other = replace(OPEN, id=2, role="Cook")
    assert matched(told(subject="Your file R-20871"), numbered, other) == 1


def test_the_same_number_written_otherwise_is_the_same() -> None:
    numbered = replace(OPEN, requisition="R-2231")
    assert matched(told(), numbered, replace(OPEN, id=2), requisition=Found("r 2231")) == 1


def test_a_mail_that_names_somebody_met_belongs_to_their_application() -> None:
    assert matched(told(text="After your talk with Iris Vale we would like to see you in Marseille."), OPEN) == 1
    assert matched(told(text="Ms Vale asked me to find a date with you."), OPEN) == 1


def test_somebody_only_named_before_is_known_when_they_write() -> None:
    named = replace(OPEN, people=(), names=frozenset({"ornella priano"}))
    assert matched(replace(told(), sender=Address("o@x.example", "Ornella Priano")), named) == 1


def test_a_domain_made_of_the_companys_name_speaks_for_it() -> None:
    green = replace(OPEN, company="Grünspan Digital GmbH", people=(), names=frozenset())
    assert matched(told("leonie@gruenspan-jobs.example"), green) == 1
    assert in_domain("Gemeente Lekstroom", "lekstroom.example")
    assert not in_domain("Acme", "elsewhere.example")


def test_a_job_of_the_same_title_elsewhere_is_another_application() -> None:
    assert matched(told(), OPEN, role=Found("Baker")) is None


def test_an_acknowledgement_of_a_company_not_known_begins_an_application() -> None:
    agency = replace(OPEN, company="", people=(), names=frozenset())
    begun = {"label": Label.ACKNOWLEDGEMENT, "company": Found("Bay Ltd"), "role": Found("Baker")}
    assert matched(told(), agency, **begun) is None


def test_an_agency_may_name_its_client() -> None:
    agency = replace(OPEN, company="Harbour Search")
    assert matched(told("assistant@harbour.example"), agency, company=Found("Aeroval"), role=Found("Baker")) == 1


def test_a_recruiter_may_have_two_applications_at_two_companies() -> None:
    about = told("iris@harbour.example")
    assert matched(about, replace(OPEN, company="Bay Ltd"), company=Found("Cove Ltd"), role=Found("Cook")) is None


def test_people_are_kept_with_the_role_a_mail_gives_them() -> None:
    named = (Person("Iris Vale", role="Head of Bakery", where="signature"), Person("Ada Poe", where="text"))
    mail = replace(told("iris@harbour.example"), sender=Address("iris@harbour.example", "Iris Vale"))
    policy = Policy(own_addresses=frozenset({"sam@example.org"}))
    copied = replace(mail, cc=(Address("jo@harbour.example", "Jo Park"), Address("sam@example.org")))
    found = people_in(copied, replace(UNSAID, people=named), policy)
    assert [(each.name, each.role, each.where) for each in found] == [
        ("Iris Vale", "Head of Bakery", "from"),
        ("Jo Park", "", "cc"),
        ("Ada Poe", "", "text"),
    ]


# --- silence ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "stage", "days", "silence"),
    [
        ("interview", Stage.INTERVIEW, 13, None),
        ("interview", Stage.INTERVIEW, 14, "quiet"),
        ("acknowledged", Stage.APPLIED, 90, None),
        ("quiet", Stage.INTERVIEW, 40, None),
        ("check-in", Stage.INTERVIEW, 14, "silent"),
        ("waiting", Stage.SCREEN, 14, "silent"),
        ("offer", Stage.OFFER, 40, None),
    ],
)
def test_silence_after_a_talk_is_noticed(last: str, stage: Stage, days: int, silence: str | None) -> None:
    one = replace(OPEN, stage=stage, last=last, heard_at=NOW)
    found = find_silent([one], Policy(), NOW + timedelta(days=days))
    assert [kind for _, kind in found] == ([silence] if silence else [])
