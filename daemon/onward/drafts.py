"""What became of a letter in the person's mailbox: it stands there, was changed, sent, moved or deleted.

Only looks. A letter changed in a mail program is mostly a new mail without our key; it is known by the mail it answers
and by its words. What cannot be seen at one look (a program may delete the old version before it adds the new one) is
seen at the next: a letter held for deleted is looked for a week longer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from onward.core import mail
from onward.core.model import DraftState, Permanent
from onward.edges import Copy, Mailbox, Role
from onward.edges.store import Draft

WATCHED = (DraftState.IN_MAILBOX, DraftState.UNDECIDED, DraftState.DELETED)
LOOKED_FOR = timedelta(days=7)  # after it seemed deleted
ALIKE = 0.3  # share of neighbouring words, of the shorter text, from which two texts are one letter
MOST_FOLDERS = 60


@dataclass(frozen=True, slots=True)
class Fate:
    """Where a letter stands now, and its words if the person changed them."""

    state: DraftState
    folder: str | None = None
    uid: int | None = None
    body: str | None = None


def find_fate(mailbox: Mailbox, draft: Draft) -> Fate:
    """What became of a letter that was put into Drafts. One that is nowhere was deleted, if it ever stood there.

    Of one that may have been sent by us, only standing in Sent tells anything: until then it stays in Drafts.
    """
    undecided = draft.state is DraftState.UNDECIDED
    copy, state = next(_copies(mailbox, draft), (None, DraftState.DELETED))
    if (copy is None and undecided) or (undecided and draft.folder is not None and state is not DraftState.SENT):
        return Fate(draft.state, draft.folder, draft.uid, draft.seen_body)
    if copy is None:
        return Fate(DraftState.DELETED, draft.folder, draft.uid, draft.seen_body)
    _, subject, words = mail.words_of(copy.raw)
    changed = (subject, words.split()) != (draft.subject, draft.body.split())
    return Fate(state, copy.folder, copy.uid, words + "\n" if changed else None)


def _copies(mailbox: Mailbox, draft: Draft) -> Iterator[tuple[Copy, DraftState]]:
    """The letter wherever it stands, the likeliest places first."""
    seen = set()
    places: tuple[tuple[Role, DraftState], ...] = (
        ("drafts", DraftState.IN_MAILBOX),
        ("sent", DraftState.SENT),
        ("trash", DraftState.DELETED),
    )
    for role, state in places:
        with contextlib.suppress(Permanent):  # a mailbox without such a folder
            folder = mailbox.folder_for(role)
            seen.add(folder)
            if (copy := _in_folder(mailbox, folder, draft)) is not None:
                yield copy, state
    for folder in mailbox.folders()[:MOST_FOLDERS]:
        if folder not in seen and folder.upper() != "INBOX":
            with contextlib.suppress(Permanent):
                if (copy := _own(mailbox, folder, draft)) is not None:
                    yield copy, DraftState.IN_MAILBOX  # moved somewhere else: it waits there


def _own(mailbox: Mailbox, folder: str, draft: Draft) -> Copy | None:
    return mailbox.find(folder, mail.key_header(draft.append_key), mail.new_message_id(draft.append_key, draft.sender))


def _in_folder(mailbox: Mailbox, folder: str, draft: Draft) -> Copy | None:
    """Our own mail, else the most similar of those that answer the same one."""
    if (own := _own(mailbox, folder, draft)) is not None or not draft.in_reply_to:
        return own
    words = [draft.body] if draft.seen_body is None else [draft.body, draft.seen_body]
    weighed = [
        (max(likeness(mail.words_of(copy.raw)[2], each) for each in words), copy.uid, copy)
        for copy in mailbox.replies(folder, draft.in_reply_to)
    ]
    best = max(weighed, key=lambda one: one[:2], default=None)
    return best[2] if best is not None and best[0] >= ALIKE else None


def likeness(one: str, other: str) -> float:
    """How much of the shorter text's neighbouring words the other one shares: 0 to 1."""
    a, b = (set(pairwise(text.lower().split())) for text in (one, other))
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0
