"""Which application a mail belongs to, and how far that had come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from onward.core.model import Address, Application, Message, Stage
from onward.core.tracker import Happening, application, plain, stage_reached

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
