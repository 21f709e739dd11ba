"""What became of a letter in the person's mailbox: it stands there, was changed, sent, moved or deleted.

Only looks. A letter changed in a mail program is mostly a new mail without our key; it is known by the mail it answers
and by its words. What cannot be seen at one look (a program may delete the old version before it adds the new one) is
seen at the next: a letter held for deleted is looked for a week longer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
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


def find_fate(mailbox: Mailbox, draft: Draft) -> Draft:
    """What became of a letter that was put into Drafts. One that is nowhere was deleted, if it ever stood there.

    Of one that may have been sent by us, only standing in Sent tells anything: until then it stays in Drafts.
    """
    undecided = draft.state is DraftState.UNDECIDED
    copy, state = next(_copies(mailbox, draft), (None, DraftState.DELETED))
    if undecided and (copy is None or (draft.folder is not None and state is not DraftState.SENT)):
        return draft
    if copy is None:
        return replace(draft, state=DraftState.DELETED)
    _, subject, words = mail.words_of(copy.raw)
    _, message_id = mail.key_of(copy.raw.partition(b"\r\n\r\n")[0])
    sent_id = message_id if state is DraftState.SENT else None
    found = replace(
        draft, state=state, folder=copy.folder, uid=copy.uid, seen_body=None, seen_hash=None, sent_id=sent_id
    )
    if (subject, words.split()) == (draft.subject, draft.body.split()):
        return found
    return replace(found, seen_body=words + "\n", seen_hash=mail.words_hash(copy.raw))


def _copies(mailbox: Mailbox, draft: Draft) -> Iterator[tuple[Copy, DraftState]]:
    """The letter wherever it stands: where it waits before where it lies thrown away."""
    trash = _folder_for(mailbox, "trash")
    known: dict[Role, DraftState] = {"drafts": DraftState.IN_MAILBOX, "sent": DraftState.SENT}
    places = [(_folder_for(mailbox, role), state) for role, state in known.items()]
    named = {folder for folder, _ in places} | {trash}
    others = [each for each in mailbox.folders() if each not in named and each.upper() != "INBOX"]
    places += [(each, DraftState.IN_MAILBOX) for each in others[:MOST_FOLDERS]]  # moved: it waits there
    for folder, state in [*places, (trash, DraftState.DELETED)]:
        with contextlib.suppress(Permanent):  # a folder that went meanwhile
            if folder is not None and (copy := _in_folder(mailbox, folder, draft)) is not None:
                yield copy, state


def _folder_for(mailbox: Mailbox, role: Role) -> str | None:
    try:
        return mailbox.folder_for(role)
    except Permanent:  # a mailbox without such a folder
        return None


def _in_folder(mailbox: Mailbox, folder: str, draft: Draft) -> Copy | None:
    """Our own mail, else the most similar of those that answer the same one; of one undecided, only our own."""
    message_id = mail.new_message_id(draft.append_key, draft.sender)
    own = mailbox.find(folder, mail.key_header(draft.append_key), message_id)
    if own is not None or draft.state is DraftState.UNDECIDED:
        return own
    words = [draft.body] if draft.seen_body is None else [draft.body, draft.seen_body]
    older = {mail.key_header(replace(draft, version=version).append_key) for version in range(1, draft.version)}
    weighed = [
        (max(likeness(mail.words_of(copy.raw)[2], each) for each in words), copy.uid, copy)
        for copy in mailbox.replies(folder, draft.in_reply_to or "")
        if draft.in_reply_to or draft.recipient.email in mail.words_of(copy.raw)[0]
        if mail.key_of(copy.raw.partition(b"\r\n\r\n")[0])[0] not in older
    ]
    best = max(weighed, key=lambda one: one[:2], default=None)
    return best[2] if best is not None and best[0] >= ALIKE else None


def likeness(one: str, other: str) -> float:
    """How much of the shorter text's neighbouring words the other one shares: 0 to 1."""
    a, b = (set(pairwise(text.lower().split())) for text in (one, other))
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0
