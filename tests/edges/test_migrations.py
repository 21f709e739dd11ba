"""A home of an earlier version is brought up to date with all that was in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from onward.core.model import DraftState, Occasion
from onward.edges import db
from onward.edges.store import Store

AT = db.stamp(datetime(2026, 3, 2, 10, tzinfo=UTC))
BEFORE = ("0001_first_flow.sql", "0002_learning.sql", "0003_senders.sql")
ROWS = (
    """INSERT INTO message (key, account, folder, uidvalidity, uid, message_id, content_hash, words_hash, subject,
         sender_name, sender_email, reply_to, recipients, copies, refs, arrived_at, noticed_at, text, html_only, signs,
         flags, state)
       VALUES ('k', 'main', 'INBOX', 1, 1, '<no@h.example>', 'h', 'w', 'A no', 'Mara Lindqvist', 'mara@h.example', '[]',
         '[]', '[]', '[]', :at, :at, 'no', 0, '[]', '[]', 'handled')""",
    "INSERT INTO application (id, company, role, created_at) VALUES (1, 'Harbour', 'Baker', :at)",
    "INSERT INTO event (application_id, kind, message_key, at) VALUES (1, 'rejection', 'k', :at)",
    """INSERT INTO draft (id, message_key, application_id, account, kind, state, recipient, recipient_name, sender,
         sender_name, subject, body, refs, folder, created_at)
       VALUES (5, 'k', 1, 'main', 'thanks', 'in the mailbox', 'mara@h.example', 'Mara Lindqvist', 'sam@example.org',
         'Sam', 'Re: A no', 'Thank you.', '[]', 'Drafts', :at)""",
    """INSERT INTO send_grant (id, draft_id, sha256, raw, mail_from, recipient, granted_at, expires_at)
       VALUES (9, 5, 'x', x'41', 'sam@example.org', 'mara@h.example', :at, :at)""",
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    earlier = tmp_path / "migrations"
    earlier.mkdir()
    for name in BEFORE:
        (earlier / name).write_text((db.MIGRATIONS / name).read_text())
    with monkeypatch.context() as before:
        before.setattr(db, "MIGRATIONS", earlier)
        connection = db.connect(tmp_path / "onward.db")
        for row in ROWS:
            connection.execute(row, {"at": AT})
        connection.close()
    return Store(tmp_path / "onward.db")


def test_letters_and_grants_of_before_are_kept(store: Store) -> None:
    [draft] = store.drafts()
    assert (draft.id, draft.state, draft.occasion, draft.body) == (
        5,
        DraftState.IN_MAILBOX,
        Occasion.NO,
        "Thank you.",
    )
    assert draft.append_key == "append_draft:k"  # the key it stands in the mailbox with
    grant = store.find_grant(9)
    assert grant is not None and grant.draft_id == 5
    assert store.rows("PRAGMA foreign_key_check") == []


def test_whoever_wrote_before_is_known_as_somebody_behind_the_application(store: Store) -> None:
    [one] = store.applications()
    assert [(each.name, each.email, each.where) for each in one.people] == [
        ("Mara Lindqvist", "mara@h.example", "from")
    ]
    assert one.ended == "rejection"
