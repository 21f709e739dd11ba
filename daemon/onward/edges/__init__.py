"""The only I/O: one file per outside thing, raising Temporary, Permanent or Uncertain.

`Mailbox` is the protocol that every kind of account speaks; one contract suite in the tests runs against
each kind and each server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from onward.core.model import Cursor, Hint, RawMail

EVER = datetime(1970, 1, 1, tzinfo=UTC)  # a `since` that leaves nothing out

RECENT = 30  # mails looked through for one that answers none
Role = Literal["drafts", "sent", "trash", "inbox"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some mails in ascending UID order, and the cursor once they are stored."""

    mails: tuple[RawMail, ...]
    cursor: Cursor
    done: int  # of this look, this batch included
    total: int  # mails this look will bring
    rescan: bool = False  # the folder was renumbered: these are looked at again by date


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next mail appended to a folder will stand: a proof, later, of whether one was."""

    uidvalidity: int
    uidnext: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A mail of our own, or one that the person made from it, as it stands in a folder now."""

    folder: str
    uid: int
    raw: bytes


class Mailbox(Protocol):
    """One account: read without a trace, added to with care. Owned by one thread."""

    def fetch_after(
        self, folder: str, cursor: Cursor | None, since: datetime, all_new: bool = False
    ) -> Iterator[Batch]:
        """Mails of `folder` after `cursor`, or all since `since` when there is none or it is void.

        Nothing older than `since` is brought, unless `all_new`: then everything above a cursor that holds is,
        however old it says it is. The last batch may hold no mail and only move the cursor.
        """
        ...

    def wait(self, folder: str, seconds: float) -> bool:
        """Until something may have changed in `folder`, `stop_waiting` is called, or the time is over."""
        ...

    def stop_waiting(self) -> None:
        """Wake `wait` from another thread."""
        ...

    def folder_for(self, role: Role) -> str:
        """The folder that plays `role`. Raises Permanent when there is none, with what to configure."""
        ...

    def place(self, folder: str) -> Place:
        """UIDVALIDITY and UIDNEXT of `folder`, from a view of it that is not stale."""
        ...

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> Place | None:
        """Add one mail. Returns (UIDVALIDITY, its UID) where the server tells; raises Uncertain when it may
        have been added and may not."""
        ...

    def find(self, folder: str, key: str, message_id: str, from_uid: int = 1) -> Copy | None:
        """Our own mail with this key or Message-ID among the UIDs from `from_uid` on, at most 500 back."""
        ...

    def replies(self, folder: str, message_id: str, from_uid: int = 1) -> list[Copy]:
        """Mails that answer the mail of this Message-ID, among the UIDs from `from_uid` on, at most 500 back.

        Without a Message-ID: the newest mails, whatever they answer.
        """
        ...

    def folders(self) -> list[str]:
        """Every folder that can hold mail."""
        ...

    def uids(self, folder: str, from_uid: int) -> list[int]:
        """UIDs present from `from_uid` on, ascending: when none is missing, nothing was added and removed."""
        ...

    def withdraw(self, folder: str, uid: int, key: str) -> bool:
        """Remove our own draft at `uid`, having made sure that it carries `key`. False: it is not there."""
        ...

    def teaching_folders(self) -> dict[str, Hint]:
        """The folders there are for moving a mail into to say what it is. Once asked, `wait` heeds them too."""
        ...

    def make_teaching_folders(self) -> dict[str, Hint]:
        """Make those that are missing: the only folders ever made, and only when the person asks for them."""
        ...

    def close(self) -> None:
        """Leave; never raises."""
        ...
