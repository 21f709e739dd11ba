"""What follows from a mail: verdict, event, letter, session or question, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onward.core.decide import decide
from onward.core.model import (
    Address,
    Application,
    Band,
    Feedback,
    FeedbackKind,
    Found,
    Known,
    Label,
    LetterKind,
    Message,
    Occasion,
    Policy,
    Prediction,
    Source,
    Stage,
    Theme,
)

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MARA = Address("mara@harbour.example", "Mara Lindqvist")
POLICY = Policy(name="Sam Doe", own_addresses=frozenset({"sam@example.org"}))
INTERVIEWED = Application(7, "Harbour GmbH", "Senior Baker", Stage.INTERVIEW)


def message(**more: object) -> Message:
    base = Message("k", "main", "INBOX", 1, 1, NOW, NOW, "<no@harbour.example>", "h", "Your application", MARA)
    return replace(base, **more)  # type: ignore[arg-type]


def rejection(confidence: float = 0.97, **more: object) -> Prediction:
    base = Prediction(
        Label.REJECTION,
        confidence,
        {Label.REJECTION: confidence, Label.OTHER: 1 - confidence},
        language="en",
        contact=MARA,
        company=Found("Harbour"),
        role=Found("Senior Baker"),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def test_a_no_closes_its_application_and_brings_a_letter_and_an_hour() -> None:
    decision = decide(message(), rejection(), Known(applications=(INTERVIEWED,)), POLICY, NOW)
    assert decision.change is not None
    assert (decision.change.application_id, decision.change.event) == (7, "rejection")
    assert decision.stage is Stage.INTERVIEW
    assert decision.letter is not None
    assert decision.booking is not None
    assert decision.booking.slot.starts_at <= NOW + timedelta(hours=48)


def test_a_no_without_a_known_application_begins_one() -> None:
    decision = decide(message(), rejection(), Known(), POLICY, NOW)
    assert decision.change is not None
    assert decision.change.application_id is None
    assert decision.stage is Stage.APPLIED


def test_a_no_from_a_machine_still_brings_its_hour() -> None:
    machine = message(sender=Address("no-reply@harbour.example", "Harbour"))
    decision = decide(machine, rejection(contact=None), Known(), POLICY, NOW)
    assert decision.letter is None
    assert decision.booking is not None
    assert decision.reasons == ("nobody reads replies to this sender, and nobody else of this application is known",)


@pytest.mark.parametrize("confidence", [0.4, 0.6, 0.69])
def test_what_is_not_sure_becomes_a_question(confidence: float) -> None:
    decision = decide(message(), rejection(confidence), Known(), POLICY, NOW)
    assert decision.verdict.band is Band.ASK
    assert decision.question is not None
    assert (decision.letter, decision.booking, decision.change) == (None, None, None)


def test_a_likely_no_behind_another_label_is_asked_about_too() -> None:
    prediction = Prediction(Label.STATUS_UPDATE, 0.5, {Label.STATUS_UPDATE: 0.5, Label.REJECTION: 0.45}, language="en")
    assert decide(message(), prediction, Known(), POLICY, NOW).question is not None


def test_a_language_it_does_not_read_is_asked_about_not_guessed() -> None:
    decision = decide(message(), rejection(language=None), Known(), POLICY, NOW)
    assert decision.question is not None
    assert decision.question.kind == "language"


def test_the_persons_word_outranks_the_model() -> None:
    decision = decide(message(), rejection(), Known(correction=Label.OTHER), POLICY, NOW)
    assert decision.verdict.source is Source.PERSON
    assert decision.letter is None
    unsure = Prediction(Label.OTHER, 0.99, {Label.OTHER: 0.99}, language="en")
    assert decide(message(), unsure, Known(correction=Label.REJECTION), POLICY, NOW).booking is not None


def test_a_closed_application_is_not_answered_twice() -> None:
    closed = replace(INTERVIEWED, ended="rejection", closed_by="earlier")
    decision = decide(message(), rejection(), Known(applications=(closed,)), POLICY, NOW)
    assert (decision.letter, decision.booking) == (None, None)
    assert "closed already" in decision.reasons[0]


def test_two_roles_at_one_company_stay_apart() -> None:
    other = replace(INTERVIEWED, id=8, role="Accountant", stage=Stage.APPLIED)
    decision = decide(message(), rejection(), Known(applications=(other, INTERVIEWED)), POLICY, NOW)
    assert decision.change is not None
    assert decision.change.application_id == 7


def test_a_no_that_could_belong_to_two_applications_is_asked_about() -> None:
    other = replace(INTERVIEWED, id=8, role="Accountant")
    decision = decide(message(), rejection(role=None), Known(applications=(other, INTERVIEWED)), POLICY, NOW)
    assert decision.change is not None
    assert decision.change.application_id in (7, 8)
    assert decision.question is not None
    assert (decision.question.kind, sorted(decision.question.among)) == ("match", [7, 8])
    assert "Harbour GmbH, Senior Baker: onward applications assign k 7" in decision.question.text


def test_word_after_a_no_that_it_goes_on_becomes_a_question() -> None:
    closed = replace(INTERVIEWED, ended="rejection", thread=frozenset({"<a@harbour.example>"}))
    answer = message(references=("<a@harbour.example>",))
    invited = Prediction(Label.INTERVIEW, 0.95, {Label.INTERVIEW: 0.95}, language="en")
    decision = decide(answer, invited, Known(applications=(closed,)), POLICY, NOW)
    assert decision.question is not None and decision.question.kind == "reopened"
    assert decision.change is not None and decision.change.event == "interview"


HEARD = Prediction(
    Label.FEEDBACK_REPLY,
    0.95,
    {Label.FEEDBACK_REPLY: 0.95},
    language="en",
    contact=MARA,
    feedback=Feedback(FeedbackKind.GIVEN, "Your examples were thin.", "Your examples were thin.", (Theme.BEHAVIOURAL,)),
)
REFUSED = replace(INTERVIEWED, ended="rejection", thread=frozenset({"<no@harbour.example>"}))
ANSWER = message(message_id="<re@harbour.example>", references=("<no@harbour.example>",))


def test_feedback_that_comes_is_kept_and_thanked_for() -> None:
    decision = decide(ANSWER, HEARD, Known(applications=(REFUSED,)), POLICY, NOW)
    assert decision.feedback == HEARD.feedback
    assert decision.letter is not None
    assert (decision.letter.kind, decision.letter.occasion) == (LetterKind.THANKS_FOR_FEEDBACK, Occasion.FEEDBACK)
    assert decision.booking is None


@pytest.mark.parametrize("kind", [FeedbackKind.REFUSED, FeedbackKind.VAGUE, FeedbackKind.AWAY, FeedbackKind.REOPENS])
def test_an_answer_without_feedback_is_noted_and_not_answered(kind: FeedbackKind) -> None:
    decision = decide(ANSWER, replace(HEARD, feedback=Feedback(kind)), Known(applications=(REFUSED,)), POLICY, NOW)
    assert decision.feedback == Feedback(kind)
    assert decision.letter is None
    assert (decision.question is not None) == (kind is FeedbackKind.REOPENS)


def test_a_letter_that_comes_back_is_told() -> None:
    bounce = Prediction(Label.OTHER, 0.99, {Label.OTHER: 0.99})
    decision = decide(replace(ANSWER, signs=frozenset({"bounce"})), bounce, Known(applications=(REFUSED,)), POLICY, NOW)
    assert decision.feedback == Feedback(FeedbackKind.BOUNCE)
    assert decision.question is not None and decision.question.kind == "bounce"


def test_ones_own_mail_shows_who_is_behind_an_application() -> None:
    own = message(
        sender=Address("sam@example.org"),
        to=(Address("iris@harbour.example", "Iris Vale"),),
        references=("<a@harbour.example>",),
        signs=frozenset({"own"}),
    )
    open_one = replace(INTERVIEWED, thread=frozenset({"<a@harbour.example>"}))
    decision = decide(own, Prediction(Label.OTHER, 0.99), Known(applications=(open_one,)), POLICY, NOW)
    assert [(each.name, each.where) for each in decision.people] == [("Iris Vale", "your mail")]


def test_when_letters_lie_unused_it_stops_and_says_so_once() -> None:
    known = Known(applications=(INTERVIEWED,), unused=4)
    decision = decide(message(), rejection(), known, POLICY, NOW)
    assert decision.letter is None and decision.booking is not None
    assert decision.question is not None and decision.question.kind == "unused"
    assert decide(message(), rejection(), replace(known, told_unused=True), POLICY, NOW).question is None


def test_the_thread_decides_before_the_names_do() -> None:
    threaded = replace(INTERVIEWED, company="", role="", thread=frozenset({"<invite@harbour.example>"}))
    decision = decide(
        message(references=("<invite@harbour.example>",)), rejection(), Known(applications=(threaded,)), POLICY, NOW
    )
    assert decision.change is not None
    assert decision.change.application_id == 7


def test_an_old_no_is_remembered_not_answered() -> None:
    old = message(arrived_at=NOW - timedelta(days=4))
    decision = decide(old, rejection(), Known(), POLICY, NOW)
    assert decision.change is not None
    assert (decision.letter, decision.booking) == (None, None)


def test_an_acknowledgement_after_a_no_is_a_new_attempt() -> None:
    closed = replace(INTERVIEWED, ended="rejection", closed_by="earlier")
    prediction = replace(rejection(), label=Label.ACKNOWLEDGEMENT, confidence=0.9, probabilities={})
    decision = decide(message(), prediction, Known(applications=(closed,)), POLICY, NOW)
    assert decision.change is not None
    assert (decision.change.application_id, decision.change.event) == (None, "acknowledged")


def test_months_old_mail_is_not_asked_about() -> None:
    decision = decide(message(arrived_at=NOW - timedelta(days=40)), rejection(0.6), Known(), POLICY, NOW)
    assert decision.question is None
    assert decision.verdict.band is Band.LEAVE


def test_a_doubtful_no_in_the_thread_of_an_open_application_is_believed() -> None:
    threaded = replace(INTERVIEWED, thread=frozenset({"<invite@harbour.example>"}))
    answer = message(references=("<invite@harbour.example>",))
    alone = decide(answer, rejection(0.85), Known(), POLICY, NOW)
    inside = decide(answer, rejection(0.85), Known(applications=(threaded,)), POLICY, NOW)
    assert (alone.verdict.band, inside.verdict.band) == (Band.ASK, Band.ACT)
    over = replace(threaded, ended="rejection", closed_by="earlier")
    assert decide(answer, rejection(0.85), Known(applications=(over,)), POLICY, NOW).verdict.band is Band.ASK


def test_a_no_from_a_sender_who_only_ever_wrote_of_other_things_is_asked_about() -> None:
    newcomer = decide(message(), rejection(0.9), Known(sender_other=2), POLICY, NOW)
    shop = decide(message(), rejection(0.9), Known(sender_other=3), POLICY, NOW)
    assert (newcomer.verdict.band, shop.verdict.band) == (Band.ACT, Band.ASK)
    assert shop.verdict.confidence == pytest.approx(0.643, abs=0.001)


def test_a_no_that_gives_feedback_is_a_no_until_one_is_known() -> None:
    torn = replace(rejection(0.6), probabilities={Label.REJECTION: 0.6, Label.FEEDBACK_REPLY: 0.36})
    assert decide(message(), torn, Known(), POLICY, NOW).verdict.band is Band.ACT
    over = replace(INTERVIEWED, ended="rejection", closed_by="earlier", thread=frozenset({"<invite@harbour.example>"}))
    answer = message(references=("<invite@harbour.example>",))
    assert decide(answer, torn, Known(applications=(over,)), POLICY, NOW).verdict.label is Label.FEEDBACK_REPLY
