"""The two transactions every mail passes through: received, then handled.

`receive` reads raw mail and stores it together with the cursor behind it. `handle_next` takes what waits,
asks the classifier, lets the core decide, and stores the decision with everything that follows from it.
Attempts are counted before they are made; the third failure sets a mail aside with its reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from onward.core import agenda, letters, mail, talks, tracker
from onward.core.decide import decide
from onward.core.model import (
    LABELS,
    Address,
    Application,
    Band,
    ConfigError,
    Cursor,
    Decision,
    Effect,
    EffectKind,
    Hint,
    Known,
    Label,
    Letter,
    LetterKind,
    Message,
    Policy,
    Prediction,
    RawMail,
    Refused,
)
from onward.edges import Batch
from onward.edges.render import Renderer
from onward.edges.store import Store

log = logging.getLogger("onward")

STRIKES = 3  # attempts, counted before they are made, after which a mail is set aside
HANDLED_AT_ONCE = 100


class Classifier(Protocol):
    """What reads a message and gives advice. `onward_classifiers.score.Classifier` is ours."""

    def predict(self, message: Message) -> Prediction:
        """Label, confidence, evidence and what was extracted."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message: for rehearse, the demo and the log."""

    message: Message
    prediction: Prediction
    decision: Decision
    body: str = ""  # the letter's text


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything between a raw mail and the rows that follow from it. Belongs to the store's thread."""

    store: Store
    classifier: Classifier
    renderer: Renderer
    policy: Policy
    clock: Callable[[], datetime]
    channels: tuple[EffectKind, ...] = (EffectKind.NOTIFY_MAIL, EffectKind.NOTIFY_DESKTOP)
    on_outcome: Callable[[Outcome], None] = lambda outcome: None

    # --- receive ------------------------------------------------------------------------------------------

    def receive(self, account: str, folder: str, batch: Batch, hint: Hint | None = None) -> int:
        """Transaction A for one batch. Returns how many messages are new.

        `hint` is what the folder says of the mails in it, where the person moved them there to teach.
        """
        attempts, most = self.begin(account, folder, batch)
        if most <= 1:
            return self.take(account, folder, batch, self.read(account, batch.mails), hint)
        new = 0  # a look at these was cut short before: one at a time, so that only the culprit is set aside
        for each in batch.mails:
            alone = replace(batch, mails=(each,), cursor=Cursor(each.uidvalidity, each.uid))
            if len(batch.mails) > 1:
                attempts, _ = self.begin(account, folder, alone)
            if attempts > STRIKES:
                each = replace(each, problem=f"reading it was cut short {STRIKES} times")
            new += self.take(account, folder, alone, self.read(account, [each]), hint)
        return new + self.take(account, folder, batch, ())

    def begin(self, account: str, folder: str, batch: Batch) -> tuple[int, int]:
        """Count the attempt to read a batch: how many it makes, and the most that any of its mails was part of."""
        if not batch.mails:
            return 1, 1
        uids = [each.uid for each in batch.mails]
        return self.store.begin_reading(account, folder, batch.cursor.uidvalidity, uids)

    def read(self, account: str, mails: Sequence[RawMail]) -> list[mail.ReadMail]:
        """Parse some mails, here and now."""
        return mail.read_all(mails, account, self.clock(), self.policy.own_addresses)

    def take(
        self, account: str, folder: str, batch: Batch, read: Sequence[mail.ReadMail], hint: Hint | None = None
    ) -> int:
        """Store what was read and the cursor behind it. Returns how many messages are new."""
        messages = [message for message, problem in read if problem is None]
        unread = [(message, problem) for message, problem in read if problem is not None]
        for message, _ in unread:
            log.warning("set aside account=%s uid=%d", account, message.uid)
        return self.store.receive(account, folder, batch.cursor, messages, unread, hint, batch.rescan)

    def label_meant(self, message: Message, hint: Hint) -> Label:
        """The verdict behind a hint: what is no rejection is what it most likely is instead."""
        if hint is Hint.REJECTION:
            return Label.REJECTION
        try:
            shares = self.classifier.predict(message).probabilities
        except Exception:  # one odd mail never stops the others; what it is not, we were told
            return Label.OTHER
        others = [label for label in LABELS if label is not Label.REJECTION]
        return max(others, key=lambda label: (shares.get(label, 0.0), label is Label.OTHER))

    # --- handle -------------------------------------------------------------------------------------------

    def handle_next(self) -> int:
        """Handle what waits longest, many at once where nothing follows from them. Returns how many."""
        waiting = self.store.next_received(HANDLED_AT_ONCE)
        if not waiting:
            return 0
        fresh = [message for message, attempts in waiting if attempts == 0]
        if not fresh:
            message, attempts = waiting[0]
            self._handle_alone(message, attempts)
            return 1
        self.store.count_attempt([message.key for message in fresh])
        self._handle_together(fresh)
        return len(fresh)

    def _handle_together(self, messages: Sequence[Message]) -> None:
        """One attempt for each of these. Mails that cause nothing but a verdict share a transaction."""
        quiet: list[tuple[Message, Prediction, Decision]] = []
        eventful: list[tuple[Message, Prediction]] = []
        corrected = self.store.corrected_among([message.key for message in messages])
        for message in messages:
            try:
                prediction = self.classifier.predict(message)
                decision = decide(message, prediction, Known(), self.policy, self.clock())
            except Exception as error:  # one odd mail never stops the others
                self._failed(message, error, 1)
                continue
            recent = self.clock() - message.arrived_at <= self.policy.answer_within
            told = recent or message.key in corrected  # the person waits for what follows
            answers = message.references and message.signs & {"own", "bounce"}  # … and may be about an application
            if prediction.label is Label.OTHER and decision.verdict.band is Band.LEAVE and not (told or answers):
                quiet.append((message, prediction, decision))
            else:
                eventful.append((message, prediction))
        try:
            if quiet:
                self.store.save_quiet(quiet, self.clock())
        except Exception as error:  # one of them cannot be kept: each is tried alone, and the one set aside
            for message, _, _ in quiet:
                self._failed(message, error, 1)
            quiet = []
        for message, prediction, decision in quiet:
            self.on_outcome(Outcome(message, prediction, decision))
        for message, prediction in eventful:
            try:
                self._decide_and_save(message, prediction)
            except Exception as error:  # as above; anything but a crash of the process is counted and set aside
                self._failed(message, error, 1)

    def _handle_alone(self, message: Message, attempts: int) -> None:
        if attempts >= STRIKES:
            self.store.set_aside(message.key, f"handling it was cut short {STRIKES} times")
            return
        self.store.count_attempt([message.key])
        try:
            self._decide_and_save(message, self.classifier.predict(message))
        except Exception as error:  # the third time, the mail is set aside where the person sees it
            self._failed(message, error, attempts + 1)

    def _failed(self, message: Message, error: Exception, attempts: int) -> None:
        log.warning("failed message=%s attempt=%d error=%s", message.key[:8], attempts, type(error).__name__)
        if attempts >= STRIKES:
            self.store.set_aside(message.key, f"{type(error).__name__}: {mail.scrub(str(error))[:200]}")

    def _decide_and_save(self, message: Message, prediction: Prediction) -> None:
        """Steps 6 to 8 of a mail's life: one read, one decision, one transaction."""
        now = self.clock()
        known = self.store.load_known(message, now)
        decision = decide(message, prediction, known, self.policy, now)
        decision, body = self._write(decision)
        recent = now - message.arrived_at <= self.policy.answer_within
        keep_text = recent or decision.verdict.label is not Label.OTHER
        self.store.save(message, prediction, decision, body, self._effects(decision, now), now, keep_text)
        log.info(
            "decided message=%s verdict=%s band=%s confidence=%.2f model=%s draft=%s session=%s",
            message.key[:8],
            decision.verdict.label,
            decision.verdict.band,
            decision.verdict.confidence,
            prediction.model,
            decision.letter is not None,
            decision.booking is not None,
        )
        self.on_outcome(Outcome(message, prediction, decision, body))

    def _write(self, decision: Decision) -> tuple[Decision, str]:
        """The letter's words. A broken template costs the letter, never the session."""
        if decision.letter is None:
            return decision, ""
        try:
            return decision, self.words(decision.letter)
        except ConfigError as error:
            return replace(decision, letter=None, reasons=(*decision.reasons, f"no letter: {error}")), ""

    def words(self, letter: Letter) -> str:
        """A letter's text. Raises ConfigError for a template that cannot be filled."""
        body = self.renderer.fill(letter_template(letter), letter.facts)
        return letters.shortened(body) if letter.facts["brief"] else body

    def _effects(self, decision: Decision, now: datetime) -> list[Effect]:
        """The outward acts a decision wishes for. The store fills in '{append}', '{draft}' and '{reflection}'."""
        effects: list[Effect] = []
        if decision.letter is not None:
            effects += self.letter_effects(decision.letter, now)
        if decision.booking is not None:
            booking = decision.booking
            effects += agenda.session_effects(
                "{reflection}", 0, booking.slot.starts_at, booking.reminders, self.channels, now
            )
        return effects

    def letter_effects(self, letter: Letter, now: datetime) -> list[Effect]:
        """A letter goes into Drafts, unless its address waits for the person's word; and it is spoken of later."""
        spoken_of = agenda.letter_effects("{draft}", now, self.policy.cool_off, self.policy.hours, self.channels)
        if letter.to_confirm:
            return spoken_of
        return [Effect("{append}", EffectKind.APPEND_DRAFT, now, {"draft": "{draft}"}), *spoken_of]

    # --- what the passing of time brings --------------------------------------------------------------------

    def look_at_silence(self) -> int:
        """Applications gone quiet, old ties, and letters that asked for feedback in vain. Returns how many were new."""
        if self.store.is_looking_back():  # what looks like silence may only not be read yet
            return 0
        now = self.clock()
        applications = self.store.applications()
        found = tracker.find_silent(applications, self.policy, now)
        noted = sum(self.store.note_quiet(one, kind, _quiet_words(one, kind, now), now) for one, kind in found)
        for one in tracker.find_to_greet(applications, self.policy, now):
            words = f"Months have passed since the no: {tracker.named_of(one)}. You had talked. A sign of life?"
            noted += self.store.ask_once(one.id, "greet", words, now)
        return noted + self.store.note_no_feedback(now - self.policy.feedback_wait, now)

    # --- letters on the person's word -------------------------------------------------------------------------

    def write_letter(self, application_id: int, kind: LetterKind | None, to: Address | None = None) -> int:
        """Write the letter that the person asks for; None: the answer to the no. Returns the draft's number.

        Raises Refused where there is nothing to answer or nobody to write to.
        """
        now = self.clock()
        one = self.store.get_application(application_id)
        answers = kind in (None, LetterKind.MENTOR)
        key = (one.closed_by if answers else None) or self.store.last_mail_of(application_id)
        if key is None or (kind is None and one.ended != "rejection"):
            raise Refused(
                f"application {application_id} holds no mail that could be answered; see: onward applications show "
                f"{application_id}"
            )
        message = self.store.get_message(key)
        others = self.store.people([application_id], without=key).get(
            application_id, []
        )  # it does not vouch for itself
        one = replace(one, people=tuple(each for each in others if each.email))
        prediction, known = self.classifier.predict(message), self.store.load_known(message, now)
        letter: Letter | None
        if kind is None:
            stage = talks.stage_reached(message, one)
            letter, why = letters.plan_letter(message, prediction, stage, self.policy, known, one, wanted=True, to=to)
        else:
            letter = letters.plan_other(kind, message, prediction, one, self.policy, known, now, to)
            why = "nobody is known to write it to"
        if letter is None:
            named = f" --kind {kind.value.replace('_', '-')}" if kind else ""
            raise Refused(f"{why}. Say to whom it goes: onward drafts write {application_id}{named} --to ADDRESS")
        body = self.words(letter)
        return self.store.add_letter(message, one.id, letter, body, self.letter_effects(letter, now), now)


def _quiet_words(one: Application, kind: str, now: datetime) -> str:
    """The question to the person about an application gone quiet."""
    days = (now - one.heard_at).days if one.heard_at else 0
    if kind == "silent":
        return f"Still no word for {days} days: {tracker.named_of(one)}. Silence is an answer, too. Close it?"
    return f"No word for {days} days after you talked: {tracker.named_of(one)}. Ask politely how things stand?"


def letter_template(letter: Letter) -> str:
    """The template's name."""
    return f"letters/{letter.language}/{letter.kind}.txt"


def keep_texts_for(policy: Policy) -> timedelta:
    """How long the text of a mail that has nothing to do with the search is kept: while it could be answered."""
    return policy.answer_within + timedelta(days=1)
