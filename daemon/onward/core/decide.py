"""Decide what a message means and what should follow from it.

Pure: no clock, no database, no network. What it needs arrives as arguments; what it wants leaves as values.
Step 7 of the walk in ARCHITECTURE.md.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from onward.core import agenda, letters, tracker
from onward.core.model import (
    Application,
    Band,
    Booking,
    Decision,
    Known,
    Label,
    Message,
    Policy,
    Prediction,
    Question,
    Source,
    Verdict,
    times_odds,
)

EXPECTED = 2.0  # the odds of a no in the thread of an open application, to those of the same words elsewhere
UNHEARD_OF = 0.2  # … from a sender who has only ever written of other things
AFTER_A_NO = 0.03  # probability of a feedback reply from which an answer in the thread of a known no is one
MANY = 3  # mails that make such a sender


def decide(message: Message, prediction: Prediction, known: Known, policy: Policy, now: datetime) -> Decision:
    """Turn one prediction into a verdict, the rows to change and the letter and session to make."""
    verdict = hold(message, prediction, known, policy)
    if verdict.band is Band.ASK:
        if now - message.arrived_at > policy.answer_within:
            left = replace(verdict, band=Band.LEAVE)
            return Decision(left, ("not sure, and too long ago to ask about",))
        return Decision(verdict, ("not sure enough to act: the question is yours",), question=ask(message, prediction))
    if verdict.label is not Label.REJECTION:
        matched = tracker.match(message, prediction, known.applications)
        change = tracker.change_for(message, prediction, matched, verdict.label)
        return Decision(verdict, (f"{_said(verdict.label)}: nothing to answer",), change)
    return decide_rejection(message, prediction, known, policy, now, verdict)


def hold(message: Message, prediction: Prediction, known: Known, policy: Policy) -> Verdict:
    """What is held true: the person's word before ours, and a question where a mistake would cost too much."""
    if known.correction is not None:
        return Verdict(known.correction, Source.PERSON, 1.0, Band.ACT)
    chance = prediction.probabilities.get(Label.REJECTION, 0.0)
    if prediction.label is Label.REJECTION:
        chance = max(chance, prediction.confidence)
    feedback = prediction.probabilities.get(Label.FEEDBACK_REPLY, 0.0)
    if not any(tracker.known_no(message, one) for one in known.applications):
        chance += feedback if chance >= policy.ask_above else 0.0  # feedback without a no before it is the no
    elif feedback >= AFTER_A_NO and any(one.closed and tracker.in_thread(message, one) for one in known.applications):
        return Verdict(Label.FEEDBACK_REPLY, Source.MODEL, chance + feedback, Band.ACT)  # a second no hardly comes
    chance = with_history(chance, message, known)
    if chance >= policy.ask_above and (prediction.language is None or chance < policy.act_above):
        return Verdict(Label.REJECTION, Source.MODEL, chance, Band.ASK)
    if chance >= policy.act_above:
        return Verdict(Label.REJECTION, Source.MODEL, chance, Band.ACT)
    band = Band.LEAVE if prediction.label is Label.OTHER else Band.ACT
    return Verdict(prediction.label, Source.MODEL, prediction.confidence, band)


def with_history(chance: float, message: Message, known: Known) -> float:
    """The chance of a no, after what is known of its sender and its thread.

    The two factors are set by hand: no labelled mail comes with a history to learn them from.
    """
    if any(tracker.in_thread(message, one) for one in known.applications if not one.closed):
        return times_odds(EXPECTED, chance)
    return times_odds(UNHEARD_OF, chance) if known.sender_other >= MANY else chance


def ask(message: Message, prediction: Prediction) -> Question:
    """The question for a mail that may be a no."""
    if prediction.language is None:
        return Question("language", "This mail is in a language Onward does not read. Is it a rejection?")
    return Question("label", "This may be a rejection. Is it?")


def decide_rejection(
    message: Message, prediction: Prediction, known: Known, policy: Policy, now: datetime, verdict: Verdict
) -> Decision:
    """What follows from a no: an event, at most one letter and one session, each with its reason."""
    if "known id, other body" in message.flags and verdict.source is not Source.PERSON:
        question = Question("forged", "A second mail under a known Message-ID says something else. Is it a rejection?")
        return Decision(Verdict(verdict.label, verdict.source, verdict.confidence, Band.ASK), (), question=question)
    matched = tracker.match(message, prediction, known.applications)
    stage = tracker.stage_reached(message, matched)
    if (repeat := find_repeat(message, known, matched)) is not None:
        return Decision(verdict, (repeat,), stage=stage)
    change = tracker.change_for(message, prediction, matched, Label.REJECTION)
    if now - message.arrived_at > policy.answer_within:
        days = policy.answer_within.days
        return Decision(
            verdict,
            (f"older than {days} days when first seen: remembered, not answered",),
            change,
            stage=stage,
        )
    letter, reason = letters.plan_letter(message, prediction, stage, policy, known, matched)
    return Decision(
        verdict,
        (reason,),
        change,
        letter=letter,
        booking=book(message, known, policy, now),
        stage=stage,
    )


def find_repeat(message: Message, known: Known, matched: Application | None) -> str | None:
    """Why this no is one we have already, or None when it is news."""
    if known.twin is not None and known.twin != message.key:
        return "the same mail came before: one no, one letter, one session"
    if matched is not None and matched.closed and matched.closed_by != message.key:
        return "this application is closed already: one no, one letter, one session"
    return None


def book(message: Message, known: Known, policy: Policy, now: datetime) -> Booking:
    """One hour of reflection within 48 hours."""
    return agenda.book(message.arrived_at, message.noticed_at, now, policy.hours, known.busy)


def _said(label: Label) -> str:
    return label.value.replace("_", " ")
