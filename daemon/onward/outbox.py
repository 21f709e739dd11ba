"""The only caller of outward edges: carries effects out, once, whatever crashes in between.

An effect is written down before it is tried and looked for before it is repeated. A mail added to a folder
goes by one protocol, whether draft, sent copy or reminder: note the folder's UIDVALIDITY and UIDNEXT, append,
settle. What is found 'started' is left alone until bytes still under way must have arrived, then looked for:
found is done; numbers unchanged twice means it never happened; anything else is for the person to say.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from onward import drafts
from onward.core import agenda, calendar, mail
from onward.core.model import (
    Address,
    ConfigError,
    DraftState,
    EdgeError,
    Effect,
    EffectKind,
    EffectState,
    Permanent,
    Policy,
    Temporary,
    Uncertain,
    Unreadable,
)
from onward.edges import Mailbox, Place, Role
from onward.edges.files import write_private
from onward.edges.render import Renderer
from onward.edges.store import Draft, Grant, OpenEffect, Store
from onward.notices import Notice, notice_for, notice_mail, session_event

log = logging.getLogger("onward")

Submit = Callable[[bytes, str, Sequence[str], Callable[[str], None]], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the outbox waits before it looks or tries again."""

    quarantine: timedelta = timedelta(seconds=120)  # bytes in flight may still be committed for this long
    second_look: timedelta = timedelta(seconds=30)  # between two looks that must find nothing changed
    after_dot: timedelta = timedelta(minutes=10)  # RFC 5321 §4.5.3.2.6: so long may a server take to answer
    first_retry: timedelta = timedelta(seconds=5)
    last_retry: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Identity:
    """How the outbox reaches one account: its mailbox, how it sends, where mails to oneself go."""

    open_mailbox: Callable[[], Mailbox]
    address: Address
    submit: Submit | None = None  # None: no SMTP configured
    file_sent: bool = True


@dataclass(slots=True)
class Outbox:
    """Carries out what is due. Belongs to the store's thread."""

    store: Store
    identities: dict[str, Identity]
    renderer: Renderer
    policy: Policy
    clock: Callable[[], datetime]
    calendar_file: Path
    desktop: Callable[[str, str, str], bool]
    patience: Patience = field(default_factory=Patience)
    on_settled: Callable[[OpenEffect, EffectState], None] = lambda effect, state: None
    _mailboxes: dict[str, Mailbox] = field(default_factory=dict)

    def run_due(self) -> int:
        """Try every effect that is due. Safe to stop at any line and start again. Returns how many were tried."""
        due = self.store.due_effects(self.clock())
        try:
            for effect in due:
                self._run(effect)
        finally:
            self.close()
        return len(due)

    def close(self) -> None:
        """Leave the mailboxes: the outbox keeps no connection open between its rounds."""
        for mailbox in self._mailboxes.values():
            mailbox.close()
        self._mailboxes.clear()

    def _run(self, effect: OpenEffect) -> None:
        perform = {
            EffectKind.APPEND_DRAFT: self._append_draft,
            EffectKind.WITHDRAW_DRAFT: self._withdraw_draft,
            EffectKind.SEND_MAIL: self._send_mail,
            EffectKind.FILE_SENT: self._file_sent,
            EffectKind.NOTIFY_MAIL: self._notify_mail,
            EffectKind.NOTIFY_DESKTOP: self._notify_desktop,
            EffectKind.WRITE_CALENDAR: self._write_calendar,
        }[effect.kind]
        try:
            perform(effect)
        except Temporary as error:
            self._retry(effect, error)
        except (Permanent, ConfigError, Unreadable) as error:
            self._give_up(effect, str(error))
        except Uncertain as error:  # left 'started': it is looked for when its quarantine is over
            log.warning("uncertain effect=%s error=%s", _short(effect), type(error).__name__)

    # --- mails added to a folder ---------------------------------------------------------------------------

    def _append_draft(self, effect: OpenEffect) -> None:
        draft = self._draft_of(effect)
        wanted = (DraftState.PROPOSED, DraftState.UNDECIDED, DraftState.FAILED)
        if draft is None or draft.state not in wanted or draft.append_key != effect.key:
            self._settle(effect, EffectState.CANCELLED)
            return
        raw, message_id = self.draft_mail(draft)

        def on_done(place: Place | None, folder: str) -> None:
            now = self.clock()
            settled = self.store.draft_settled(draft, DraftState.IN_MAILBOX, now, place, folder)
            only = effect.payload.get("only", "")
            before = replace(draft, version=draft.version - 1)
            older = [withdrawal(before, now, only)] if draft.version > 1 else []
            self._settle(effect, EffectState.DONE, then=settled, follow=older)

        self._append(effect, draft.account, "drafts", raw, message_id, ("\\Draft", "\\Seen"), on_done)

    def draft_mail(self, draft: Draft) -> tuple[bytes, str]:
        """The draft as mail bytes, and its Message-ID; the same for every attempt."""
        message_id = mail.new_message_id(draft.append_key, draft.sender)
        raw = mail.build(
            mail.Outgoing(
                sender=draft.sender,
                recipient=draft.recipient,
                subject=draft.subject,
                body=draft.body,
                message_id=message_id,
                date=draft.created_at,
                in_reply_to=draft.in_reply_to,
                references=draft.references,
                key=draft.append_key,
            )
        )
        return raw, message_id

    def _file_sent(self, effect: OpenEffect) -> None:
        draft, grant = self._draft_of(effect), self._grant_of(effect)
        if draft is None or grant is None:
            self._settle(effect, EffectState.CANCELLED)
            return
        raw = grant.raw
        _, message_id = mail.key_of(raw.partition(b"\r\n\r\n")[0])
        self._append(
            effect,
            draft.account,
            "sent",
            raw,
            message_id or "",
            ("\\Seen",),
            lambda place, folder: self._settle(effect, EffectState.DONE),
        )

    def _append(
        self,
        effect: OpenEffect,
        account: str,
        role: Role,
        raw: bytes,
        message_id: str,
        flags: Sequence[str],
        on_done: Callable[[Place | None, str], None],
    ) -> None:
        """The draft protocol (docs/decisions/0003): intent, append, settle; or the look at what became of it."""
        mailbox = self._mailbox(account)
        key = mail.key_header(effect.key)
        if effect.state is EffectState.STARTED:
            self._look(effect, mailbox, key, message_id, on_done)
            return
        folder = mailbox.folder_for(role)
        if effect.started_at is None:  # another machine, or a database restored: is it there already?
            for each in self._places_to_look(mailbox, role, folder):
                if (copy := mailbox.find(each, key, message_id)) is not None:
                    on_done(Place(mailbox.place(each).uidvalidity, copy.uid), each)
                    return
        place = mailbox.place(folder)
        now = self.clock()
        words = mail.words_hash(raw)
        if not self.store.mark_started(effect, now, now + self.patience.quarantine, folder, place, words):
            return
        added = mailbox.append(folder, raw, flags, now)
        on_done(added, folder)

    def _places_to_look(self, mailbox: Mailbox, role: Role, folder: str) -> list[str]:
        """A draft may have been sent since; a mailbox without a Sent folder is looked at without it."""
        if role != "drafts":
            return [folder]
        try:
            return [folder, mailbox.folder_for("sent")]
        except Permanent:
            return [folder]

    def _look(
        self,
        effect: OpenEffect,
        mailbox: Mailbox,
        key: str,
        message_id: str,
        on_done: Callable[[Place | None, str], None],
    ) -> None:
        """What became of an append that was started and never settled."""
        if effect.folder is None or effect.place is None:
            raise Permanent("the intent behind this mail was not recorded")
        now = self.clock()
        place = mailbox.place(effect.folder)
        same_folder = place.uidvalidity == effect.place.uidvalidity
        copy = mailbox.find(effect.folder, key, message_id, effect.place.uidnext if same_folder else 1)
        if copy is not None:
            on_done(Place(place.uidvalidity, copy.uid), effect.folder)
        elif same_folder and self._nothing_is_missing(mailbox, effect.folder, effect.place, place):
            if effect.unchanged:  # all that was added since is there and is not ours, seen twice: it never happened
                self._settle(effect, EffectState.WAITING, due_at=now)
            else:
                self.store.look_again(effect.key, now + self.patience.second_look, unchanged=1)
        else:
            self._undecided(effect)

    def _nothing_is_missing(self, mailbox: Mailbox, folder: str, before: Place, now: Place) -> bool:
        """UIDs are given out in order and never again (RFC 9051 §2.3.1.1): without a gap nothing came and went."""
        if now.uidnext == before.uidnext:
            return True
        return mailbox.uids(folder, before.uidnext) == list(range(before.uidnext, now.uidnext))

    def _undecided(self, effect: OpenEffect) -> None:
        """It may be that it happened and the person moved, sent or deleted it since: only they can say."""
        if effect.kind is EffectKind.APPEND_DRAFT:
            draft = self._draft_of(effect)
            then = self.store.draft_settled(draft, DraftState.UNDECIDED, self.clock()) if draft else None
            question = (
                f"Draft {draft.id if draft else '?'} may have reached your Drafts and left it again. "
                f"Write it anew: onward drafts again {draft.id if draft else '?'}   "
                f"Leave it: onward drafts discard {draft.id if draft else '?'}"
            )
            self._settle(effect, EffectState.UNDECIDED, question=question, then=then)
        else:
            self._settle(effect, EffectState.UNDECIDED, error="whether it was filed could not be found out")

    def _withdraw_draft(self, effect: OpenEffect) -> None:
        """Remove our own draft, by its key; gone already is as good."""
        mailbox = self._mailbox(effect.payload["account"])
        folder = mailbox.folder_for("drafts")
        append_key = effect.payload["append_key"]
        key = mail.key_header(append_key)
        copy = mailbox.find(folder, key, effect.payload["message_id"])
        added = self.store.get_effect(append_key)
        ours = {each for each in (effect.payload.get("only"), added.words if added else None) if each}
        if copy is not None and (not ours or mail.words_hash(copy.raw) in ours):  # else it is theirs by now
            mailbox.withdraw(folder, copy.uid, key)
        self._settle(effect, EffectState.DONE)

    # --- sending -------------------------------------------------------------------------------------------

    def _send_mail(self, effect: OpenEffect) -> None:
        """Hand one letter over, exactly the bytes the person confirmed, at most once."""
        draft, grant = self._draft_of(effect), self._grant_of(effect)
        if draft is None or grant is None or grant.revoked or draft.state is not DraftState.SENDING:
            self._settle(effect, EffectState.CANCELLED)
            return
        identity = self.identities.get(draft.account)
        if identity is None or identity.submit is None:
            self._not_sent(effect, draft, "no SMTP server is configured for this account")
            return
        if effect.state is EffectState.STARTED:
            self._look_for_sent(effect, draft, identity)
            return
        raw, now = grant.raw, self.clock()
        if hashlib.sha256(raw).hexdigest() != grant.sha256:
            self._not_sent(effect, draft, "its text is not the one you confirmed")
            return
        if now > grant.expires_at:
            self._not_sent(effect, draft, "it could not be sent within ten minutes of your word")
            return
        if (why := self._changed_since(draft, raw)) is not None:
            self._not_sent(effect, draft, why)
            return
        if not self.store.mark_started(effect, now, now + self.patience.after_dot):
            return

        try:
            identity.submit(raw, grant.mail_from, [grant.recipient], lambda stage: self._note_dot(effect, stage))
        except Permanent as error:
            self._not_sent(effect, draft, str(error))
        else:
            self._sent(effect, draft, identity)

    def _changed_since(self, draft: Draft, raw: bytes) -> str | None:
        """Why the letter in Drafts is no longer the one confirmed; None when it still is."""
        mailbox = self._mailbox(draft.account)
        key, message_id = mail.key_of(raw.partition(b"\r\n\r\n")[0])
        copy = mailbox.find(mailbox.folder_for("drafts"), key or "", message_id or "")
        if copy is not None:
            return None if mail.words_of(copy.raw) == mail.words_of(raw) else "it was changed after you confirmed it"
        if mailbox.find(mailbox.folder_for("sent"), key or "", message_id or "") is not None:
            return "it stands in Sent already"
        return "it is no longer in your Drafts" if draft.folder is not None else None

    def _look_for_sent(self, effect: OpenEffect, draft: Draft, identity: Identity) -> None:
        """A submission that was cut short: before the final dot nothing was sent, after it only looking helps."""
        if effect.stage != "dot":
            self._settle(effect, EffectState.WAITING, due_at=self.clock())
            return
        mailbox = self._mailbox(draft.account)
        message_id = mail.new_message_id(draft.append_key, draft.sender)
        if mailbox.find(mailbox.folder_for("sent"), mail.key_header(draft.append_key), message_id) is not None:
            self._sent(effect, draft, identity)
            return
        settled = self.store.draft_settled(draft, DraftState.UNDECIDED, self.clock())
        question = (
            f"Letter {draft.id} may have been sent: the connection broke at the last moment. It is not sent again by "
            f"itself. If it went: onward drafts sent {draft.id}   If not: onward drafts send {draft.id}"
        )
        self._settle(effect, EffectState.UNDECIDED, question=question, then=settled)

    def _sent(self, effect: OpenEffect, draft: Draft, identity: Identity) -> None:
        now = self.clock()
        grant = self._grant_of(effect)
        follow = [withdrawal(draft, now, only=mail.words_hash(grant.raw) if grant else "")]
        if identity.file_sent:
            follow.insert(0, Effect(f"file_sent:{effect.key}", EffectKind.FILE_SENT, now, dict(effect.payload)))
        then = self.store.draft_settled(draft, DraftState.SENT, now)
        self._settle(effect, EffectState.DONE, then=then, follow=follow)

    def _not_sent(self, effect: OpenEffect, draft: Draft, why: str) -> None:
        state = DraftState.IN_MAILBOX if draft.folder is not None else DraftState.PROPOSED
        question = f"Letter {draft.id} was not sent: {why}. When you are ready: onward drafts send {draft.id}"
        then = self.store.draft_settled(draft, state, self.clock())
        self._settle(effect, EffectState.FAILED, error=why, question=question, then=then)

    # --- speaking to the person ----------------------------------------------------------------------------

    def _notify_mail(self, effect: OpenEffect) -> None:
        """A mail to oneself: by SMTP where there is one, else laid into the inbox."""
        notice = self._notice(effect)
        if notice is None:
            self._settle(effect, EffectState.CANCELLED)
            return
        if self._waits_for_morning(effect, notice):
            return
        account, identity = next(iter(self.identities.items()))
        raw, message_id = notice_mail(effect, notice, identity.address)

        def done(place: Place | None, folder: str) -> None:
            self._settle(effect, EffectState.DONE)

        if identity.submit is None:
            self._append(effect, account, "inbox", raw, message_id, (), done)
            return
        if effect.state is EffectState.STARTED:
            if effect.stage != "dot":
                self._settle(effect, EffectState.WAITING, due_at=self.clock())
            elif self._mailbox(account).find("INBOX", mail.key_header(effect.key), message_id) is not None:
                self._settle(effect, EffectState.DONE)
            else:
                self._settle(effect, EffectState.UNDECIDED, error="whether it arrived could not be found out")
            return
        now = self.clock()
        if not self.store.mark_started(effect, now, now + self.patience.after_dot):
            return
        own = identity.address.email
        identity.submit(raw, own, [own], lambda stage: self._note_dot(effect, stage))
        self._settle(effect, EffectState.DONE)

    def _notice(self, effect: OpenEffect) -> Notice | None:
        if "letter" in effect.payload:  # it may have been dealt with while nobody looked
            self.look_at_drafts(effect.payload["letter"])
        return notice_for(effect, self.store, self.renderer, self.policy, self.clock())

    def _waits_for_morning(self, effect: OpenEffect, notice: Notice) -> bool:
        """True when it is night: what was missed by day is not said now. Only what leads into a session is."""
        now = self.clock()
        morning = agenda.awake_at(now, self.policy.hours)
        if effect.state is EffectState.STARTED or notice.leads_in or morning <= now:
            return False
        self._settle(effect, EffectState.WAITING, due_at=morning)
        return True

    def _note_dot(self, effect: OpenEffect, stage: str) -> None:
        if stage == "dot":
            self.store.note_stage(effect.key, stage)

    def _notify_desktop(self, effect: OpenEffect) -> None:
        """One notification; where there is no desktop, the mail alone speaks."""
        notice = self._notice(effect)
        if notice is None:
            self._settle(effect, EffectState.CANCELLED)
            return
        if self._waits_for_morning(effect, notice):
            return
        if effect.state is EffectState.STARTED:  # shown or not, a second one would be one too many
            self._settle(effect, EffectState.DONE)
            return
        now = self.clock()
        if not self.store.mark_started(effect, now, now):
            return
        shown = self.desktop(notice.title, notice.line, mail.key_header(effect.key))
        self._settle(effect, EffectState.DONE, error=None if shown else "no desktop to show it on")

    # --- what became of the letters --------------------------------------------------------------------------

    def look_at_drafts(self, only: str = "") -> int:
        """Look in the mailbox what the person did with our letters, or with one of this number.

        Returns how many stand otherwise than before.
        """
        watched = self.store.watched_drafts(drafts.WATCHED, self.clock() - drafts.LOOKED_FOR)
        watched = [draft for draft in watched if only in ("", str(draft.id))]
        changed = 0
        try:
            for draft in watched:
                if draft.account in self.identities:
                    found = drafts.find_fate(self._mailbox(draft.account), draft)
                    now, older = self.clock(), []
                    if (
                        draft.state is DraftState.UNDECIDED
                        and found.state is DraftState.IN_MAILBOX
                        and draft.version > 1
                    ):
                        older = [withdrawal(replace(draft, version=draft.version - 1), now)]
                    changed += self.store.note_fate(draft, now, found, older)
        except EdgeError as error:  # what cannot be seen now is seen at the next look
            log.warning("cannot look at drafts error=%s", type(error).__name__)
        finally:
            self.close()
        return changed

    # --- the calendar ------------------------------------------------------------------------------------------

    def _write_calendar(self, effect: OpenEffect) -> None:
        """The private .ics file with every session, for a calendar program to read."""
        sessions = [session_event(each) for each in self.store.reflections()]
        write_private(self.calendar_file, calendar.feed(sessions, "Onward"))
        self._settle(effect, EffectState.DONE)

    # --- common to all -------------------------------------------------------------------------------------

    def _retry(self, effect: OpenEffect, error: Temporary) -> None:
        """It did not happen: try again later, with full jitter, no sooner than the server asked.

        A look that could not be made leaves the effect started.
        """
        wait = min(self.patience.first_retry * 2 ** min(effect.attempts, 12), self.patience.last_retry)
        wait = max(wait * random.uniform(0.5, 1.0), error.wait or timedelta())
        current = self.store.get_effect(effect.key)
        if current is not None and current.state is EffectState.STARTED and effect.state is EffectState.STARTED:
            self.store.look_again(effect.key, self.clock() + wait)
            return
        self._settle(effect, EffectState.WAITING, due_at=self.clock() + wait, error=str(error))

    def _give_up(self, effect: OpenEffect, why: str) -> None:
        """It did not happen and will not by itself: the person is told what to do."""
        draft = self._draft_of(effect)
        then = None
        question = None
        if effect.kind is EffectKind.APPEND_DRAFT and draft is not None:
            then = self.store.draft_settled(draft, DraftState.FAILED, self.clock())
            question = (
                f"Draft {draft.id} could not be put into your Drafts: {why}. Then: onward drafts again {draft.id}"
            )
        self._settle(effect, EffectState.FAILED, error=why, question=question, then=then)

    def _settle(
        self,
        effect: OpenEffect,
        state: EffectState,
        *,
        error: str | None = None,
        due_at: datetime | None = None,
        question: str | None = None,
        then: Callable[..., None] | None = None,
        follow: Sequence[Effect] = (),
    ) -> None:
        settled = self.store.settle(
            effect.key,
            state,
            self.clock(),
            error=error,
            due_at=due_at,
            question=question,
            then=then or (lambda connection: None),
            follow=follow,
        )
        if settled:
            log.info("settled effect=%s state=%s attempts=%d", _short(effect), state, effect.attempts)
            self.on_settled(effect, state)

    def _mailbox(self, account: str) -> Mailbox:
        if account not in self._mailboxes:
            identity = self.identities.get(account)
            if identity is None:
                raise Permanent(f"the account {account!r} is no longer in the configuration")
            self._mailboxes[account] = identity.open_mailbox()
        return self._mailboxes[account]

    def _draft_of(self, effect: OpenEffect) -> Draft | None:
        number = effect.payload.get("draft", "")
        return self.store.find_draft(int(number)) if number.isdecimal() else None

    def _grant_of(self, effect: OpenEffect) -> Grant | None:
        return self.store.find_grant(int(effect.payload.get("grant", "0")))


def withdrawal(draft: Draft, now: datetime, only: str = "") -> Effect:
    """The wish to take one version of a draft out of the mailbox again, while it has the words that we gave it.

    `only`: or these, which the person was shown.
    """
    return Effect(
        f"withdraw_draft:{draft.append_key}",
        EffectKind.WITHDRAW_DRAFT,
        now,
        {
            "account": draft.account,
            "append_key": draft.append_key,
            "message_id": mail.new_message_id(draft.append_key, draft.sender),
            **({"only": only} if only else {}),
        },
    )


def _short(effect: OpenEffect) -> str:
    """An effect in the log: its kind and the first characters of what it is about."""
    kind, _, rest = effect.key.partition(":")
    return f"{kind}:{rest[:8]}"
