"""Decide what a message means and what should follow from it.

Pure: no clock, no database, no network. What it needs arrives as arguments; what it wants leaves as values.
Step 7 of the walk in ARCHITECTURE.md.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from onward.core import agenda, letters, talks, tracker
from onward.core.model import (
    Application,
    ApplicationChange,
    Band,
    Booking,
    Decision,
    Feedback,
    FeedbackKind,
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

EXPECTED = 3.0  # the odds of a no about an open application, to those of the same words elsewhere
UNHEARD_OF = 0.2  # … from a sender who has only ever written of other things
AFTER_A_NO = 0.03  # probability of a feedback reply from which an answer in the thread of a known no is one
HARDLY_OTHER = 0.2  # the odds of something else, from somebody behind an open application
ASKED_WITHIN = timedelta(days=14)  # of a mail that reopens an application, or may belong to another
MANY = 3  # mails that make such a sender


def decide(message: Message, prediction: Prediction, known: Known, policy: Policy, now: datetime) -> Decision:
    """Turn one prediction into a verdict, the rows to change and the letter and session to make."""
    found = tracker.match(message, prediction, known.applications)
    verdict = hold(message, prediction, known, policy, found.best)
    if verdict.band is Band.ASK:
        if now - message.arrived_at > policy.answer_within:
            left = replace(verdict, band=Band.LEAVE)
            return Decision(left, ("not sure, and too long ago to ask about",))
        return Decision(verdict, ("not sure enough to act: the question is yours",), question=ask(message, prediction))
    if verdict.label is Label.REJECTION:
        decision = decide_rejection(message, prediction, known, policy, now, verdict, found.best)
    elif answers := decide_answer(message, prediction, known, policy, now, verdict, found.best):
        decision = answers
    else:
        change = tracker.change_for(message, prediction, found.best, verdict.label)
        decision = Decision(verdict, (f"{_said(verdict.label)}: nothing to answer",), change)
        one = found.best
        if one is not None and one.ended == "rejection" and change is not None and change.application_id == one.id:
            decision = replace(decision, question=reopened(one, change.event))
    if decision.change is None:
        return decision
    if now - message.arrived_at > ASKED_WITHIN and decision.question is not None:
        decision = replace(decision, question=None)  # the months before are learned from, not asked about
    elif now - message.arrived_at <= ASKED_WITHIN and decision.question is None:
        decision = replace(decision, question=tracker.doubt(found, message))
    people = letters.with_doubts(tracker.people_in(message, prediction, policy), message, prediction, found.best)
    return replace(decision, people=people)


def decide_answer(
    message: Message,
    prediction: Prediction,
    known: Known,
    policy: Policy,
    now: datetime,
    verdict: Verdict,
    matched: Application | None,
) -> Decision | None:
    """What follows from an answer to a letter of the person's; None: the mail is none."""
    if matched is None:
        return None
    if not tracker.in_thread(message, matched) and verdict.label is not Label.FEEDBACK_REPLY:
        return None
    if "own" in message.signs:
        wrote = ApplicationChange(matched.id, "", "", "wrote")
        return Decision(verdict, ("your own mail: it shows who is behind the application",), wrote)
    heard = prediction.feedback
    if "bounce" in message.signs and matched.closed:
        words = f"Your letter to {tracker.named_of(matched)} came back: its address does not work."
        heard, question = Feedback(FeedbackKind.BOUNCE), Question("bounce", words, (matched.id,))
        return Decision(verdict, ("your letter came back",), feedback=heard, question=question, about=matched.id)
    if heard is not None and heard.kind is FeedbackKind.AWAY and matched.closed:
        return Decision(verdict, ("out of office: no answer yet",), feedback=heard, about=matched.id)
    if verdict.label is not Label.FEEDBACK_REPLY:
        return None
    heard = heard or Feedback(FeedbackKind.VAGUE)
    change = tracker.change_for(message, prediction, matched, verdict.label)
    if heard.kind is FeedbackKind.REOPENS:
        question = reopened(matched, "feedback")
        return Decision(
            verdict, ("they answered: it may go on",), change, feedback=heard, question=question, about=matched.id
        )
    if heard.kind is not FeedbackKind.GIVEN:
        refused = heard.kind is FeedbackKind.REFUSED
        said = "that they give no feedback" if refused else "kindly, with nothing to learn from"
        return Decision(
            verdict, (f"they answered {said}: nothing to answer",), change, feedback=heard, about=matched.id
        )
    letter, reason = letters.plan_thanks(message, prediction, policy, known, matched)
    if now - message.arrived_at > policy.answer_within:
        letter, reason = None, f"older than {policy.answer_within.days} days when first seen: remembered, not answered"
    return Decision(verdict, (reason,), change, letter=letter, feedback=heard, about=matched.id)


def reopened(one: Application, event: str) -> Question:
    """A no is followed by word that it goes on."""
    named = tracker.named_of(one)
    if event == "feedback":
        return Question("reopened", f"Their answer sounds as if it goes on after all: {named}. Does it?", (one.id,))
    return Question("reopened", f"After the no there is news as if it went on: {named}. Does it?", (one.id,))


def hold(
    message: Message, prediction: Prediction, known: Known, policy: Policy, matched: Application | None = None
) -> Verdict:
    """What is held true: the person's word before ours, and a question where a mistake would cost too much."""
    if known.correction is not None:
        return Verdict(known.correction, Source.PERSON, 1.0, Band.ACT)
    chance = prediction.probabilities.get(Label.REJECTION, 0.0)
    if prediction.label is Label.REJECTION:
        chance = max(chance, prediction.confidence)
    feedback = prediction.probabilities.get(Label.FEEDBACK_REPLY, 0.0)
    if not any(tracker.known_no(message, one) for one in known.applications):
        chance += feedback if chance >= policy.ask_above else 0.0  # feedback without a no before it is the no
    elif feedback >= AFTER_A_NO and any(
        one.ended == "rejection" and tracker.in_thread(message, one) for one in known.applications
    ):
        return Verdict(Label.FEEDBACK_REPLY, Source.MODEL, chance + feedback, Band.ACT)  # a second no hardly comes
    chance = with_history(chance, known, matched)
    if chance >= policy.ask_above and (prediction.language is None or chance < policy.act_above):
        return Verdict(Label.REJECTION, Source.MODEL, chance, Band.ASK)
    if chance >= policy.act_above:
        return Verdict(Label.REJECTION, Source.MODEL, chance, Band.ACT)
    label = label_with_history(message, prediction, matched)
    band = Band.LEAVE if label is Label.OTHER else Band.ACT
    return Verdict(label, Source.MODEL, prediction.probabilities.get(label, prediction.confidence), band)


def label_with_history(message: Message, prediction: Prediction, matched: Application | None) -> Label:
    """What a mail is: one of somebody behind an open application is hardly about something else."""
    if prediction.label is not Label.OTHER or matched is None or matched.closed or message.sender is None:
        return prediction.label
    known = any(each.address.domain == message.sender.domain for each in matched.people)
    if "own" in message.signs or not (known or tracker.in_thread(message, matched)):
        return Label.OTHER
    shares = {label: share for label, share in prediction.probabilities.items() if label in tracker.EVENTS}
    best = max(shares, key=shares.__getitem__, default=Label.OTHER)
    rival = HARDLY_OTHER * prediction.probabilities.get(Label.OTHER, 0.0)
    return best if best is not Label.REJECTION and shares.get(best, 0.0) > rival else Label.OTHER


def with_history(chance: float, known: Known, matched: Application | None) -> float:
    """The chance of a no, after what is known of its sender and of the application it is about.

    The two factors are set by hand: no labelled mail comes with a history to learn them from.
    """
    if matched is not None and not matched.closed:
        return times_odds(EXPECTED, chance)
    return times_odds(UNHEARD_OF, chance) if known.sender_other >= MANY else chance


def ask(message: Message, prediction: Prediction) -> Question:
    """The question for a mail that may be a no."""
    if prediction.language is None:
        return Question("language", "This mail is in a language Onward does not read. Is it a rejection?")
    return Question("label", "This may be a rejection. Is it?")


def decide_rejection(
    message: Message,
    prediction: Prediction,
    known: Known,
    policy: Policy,
    now: datetime,
    verdict: Verdict,
    matched: Application | None,
) -> Decision:
    """What follows from a no: an event, at most one letter and one session, each with its reason."""
    if "known id, other body" in message.flags and verdict.source is not Source.PERSON:
        question = Question("forged", "A second mail under a known Message-ID says something else. Is it a rejection?")
        return Decision(Verdict(verdict.label, verdict.source, verdict.confidence, Band.ASK), (), question=question)
    stage = talks.stage_reached(message, matched)
    repeat = find_repeat(message, known, matched) or ""
    late = now - message.arrived_at > policy.answer_within
    letter, reason = letters.plan_letter(message, prediction, stage, policy, known, matched, late=late, repeat=repeat)
    if repeat:
        change = ApplicationChange(matched.id, "", "", "repeat") if matched is not None else None
        return Decision(verdict, (reason,), change, stage=stage)
    change = tracker.change_for(message, prediction, matched, Label.REJECTION)
    if late:
        return Decision(verdict, (reason,), change, stage=stage)
    unused = known.unused >= policy.unused_limit and not known.told_unused
    return Decision(
        verdict,
        (reason,),
        change,
        letter=letter,
        booking=book(message, known, policy, now),
        stage=stage,
        question=Question("unused", UNUSED.format(known.unused)) if unused else None,
    )


UNUSED = "Your last {} letters were not used. Onward writes no more of them, until you want them again."


def find_repeat(message: Message, known: Known, matched: Application | None) -> str | None:
    """Why this no is one we have already, or None when it is news."""
    if known.twin is not None and known.twin != message.key:
        return "the same mail came before: one no, one letter, one session"
    if matched is not None and matched.ended in ("rejection", "withdrawn") and matched.closed_by != message.key:
        return "this application is closed already: one no, one letter, one session"
    return None


def book(message: Message, known: Known, policy: Policy, now: datetime) -> Booking:
    """One hour of reflection within 48 hours."""
    return agenda.book(message.arrived_at, message.noticed_at, now, policy.hours, known.busy)


def _said(label: Label) -> str:
    return label.value.replace("_", " ")
