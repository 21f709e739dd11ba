-- People, notes and feedback; letters for other occasions than a no; every change by hand can be taken back.

CREATE TABLE person (              -- one sighting of somebody behind an application, with the mail that shows them
    id             INTEGER PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES application (id),
    name           TEXT NOT NULL,
    role           TEXT NOT NULL,       -- as a mail says it; '': none does
    email          TEXT NOT NULL,       -- '': none is known
    source         TEXT NOT NULL CHECK (source IN
                   ('from', 'reply-to', 'cc', 'signature', 'calendar', 'text', 'your mail', 'you')),
    message_key    TEXT REFERENCES message (key),  -- NULL: the person said so
    doubted        INTEGER NOT NULL DEFAULT 0,  -- 1: their address may be that of somebody who poses as them
    at             TEXT NOT NULL
) STRICT;
CREATE INDEX person_of ON person (application_id);
CREATE UNIQUE INDEX person_once ON person (message_key, email, name) WHERE message_key IS NOT NULL;

INSERT INTO person (application_id, name, role, email, source, message_key, at)
SELECT application_id, COALESCE(sender_name, ''), '', sender_email, 'from', key, arrived_at
FROM (SELECT DISTINCT application_id, key, sender_name, sender_email, arrived_at
      FROM event JOIN message ON key = message_key WHERE revoked_at IS NULL AND sender_email IS NOT NULL);

CREATE TABLE note (                -- what the person wrote down about an application
    id             INTEGER PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES application (id),
    kind           TEXT NOT NULL CHECK (kind IN ('note', 'interview')),
    text           TEXT NOT NULL,
    asked          TEXT NOT NULL DEFAULT '',  -- of an interview: the questions,
    stumped        TEXT NOT NULL DEFAULT '',  -- … what was hard to answer,
    present        TEXT NOT NULL DEFAULT '',  -- … and who was there
    at             TEXT NOT NULL
) STRICT;
CREATE INDEX note_of ON note (application_id);

CREATE TABLE feedback (            -- what came of asking for it
    id             INTEGER PRIMARY KEY,
    application_id INTEGER REFERENCES application (id),
    message_key    TEXT UNIQUE REFERENCES message (key),  -- NULL: no answer came
    kind           TEXT NOT NULL CHECK (kind IN
                   ('given', 'refused', 'vague', 'reopens', 'away', 'bounce', 'silence')),
    words          TEXT NOT NULL,       -- the answer word for word, without what it quotes
    point          TEXT NOT NULL,       -- the sentence that holds the main thing
    themes         TEXT NOT NULL,       -- JSON list, the main one first
    at             TEXT NOT NULL
) STRICT;

CREATE TABLE change (              -- what the person changed by hand, so that it can be taken back
    id        INTEGER PRIMARY KEY,
    at        TEXT NOT NULL,
    words     TEXT NOT NULL,
    rows      TEXT NOT NULL,            -- JSON list of [table, id, row before or null, row after or null]
    undone_at TEXT
) STRICT;

ALTER TABLE message ADD COLUMN invited TEXT NOT NULL DEFAULT '[]';  -- JSON: who stands in its invitation
ALTER TABLE event ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN numbers TEXT NOT NULL DEFAULT '[]';  -- JSON list: what the mail gives as reference
ALTER TABLE effect ADD COLUMN words TEXT;      -- of a mail added to a folder: hash of its words, to know it unchanged
ALTER TABLE question ADD COLUMN application_id INTEGER REFERENCES application (id);

CREATE TABLE letter (
    id             INTEGER PRIMARY KEY,
    message_key    TEXT NOT NULL REFERENCES message (key),
    occasion       TEXT NOT NULL DEFAULT 'no' CHECK (occasion IN
                   ('no', 'feedback', 'silence', 'mentor', 'keep in touch')),
    number         INTEGER NOT NULL DEFAULT 1,  -- of the letters that the person wished for on one occasion
    application_id INTEGER REFERENCES application (id),
    account        TEXT NOT NULL,
    kind           TEXT NOT NULL,
    language       TEXT NOT NULL DEFAULT 'en',
    state          TEXT NOT NULL CHECK (state IN ('to confirm', 'proposed', 'in the mailbox', 'sending', 'sent',
                   'discarded', 'deleted', 'undecided', 'failed')),
    recipient      TEXT NOT NULL,
    recipient_name TEXT NOT NULL,
    sender         TEXT NOT NULL,
    sender_name    TEXT NOT NULL,
    subject        TEXT NOT NULL,
    body           TEXT NOT NULL,
    proposed       TEXT NOT NULL DEFAULT '',  -- the words as they were first proposed
    wished         INTEGER NOT NULL DEFAULT 0,  -- 1: the person asked for it
    in_reply_to    TEXT,
    refs           TEXT NOT NULL,
    warning        TEXT NOT NULL DEFAULT '',  -- what speaks against the address; shown wherever the letter is
    unconfirmed    INTEGER NOT NULL DEFAULT 0,  -- 1: the person has yet to say that the address is right
    version        INTEGER NOT NULL DEFAULT 1,  -- each edit is a new version, a new mail and a new key
    folder         TEXT,                -- where it stands once appended
    uidvalidity    INTEGER,
    uid            INTEGER,
    seen_body      TEXT,                -- its words as the person changed them in their mail program
    seen_hash      TEXT,                -- … and the hash of that whole mail's words
    sent_id        TEXT,                -- the Message-ID it was sent with, where that is another than ours
    created_at     TEXT NOT NULL,
    settled_at     TEXT,
    UNIQUE (message_key, occasion, number)  -- one rejection, one draft; more only on the person's word
) STRICT;
INSERT INTO letter (id, message_key, application_id, account, kind, state, recipient, recipient_name, sender, sender_name,
                    subject, body, proposed, in_reply_to, refs, version, folder, uidvalidity, uid, created_at, settled_at)
SELECT id, message_key, application_id, account, kind, state, recipient, recipient_name, sender, sender_name,
       subject, body, body, in_reply_to, refs, version, folder, uidvalidity, uid, created_at, settled_at FROM draft;
CREATE TABLE letter_grant (        -- the person's word to send exactly these bytes to exactly this address
    id         INTEGER PRIMARY KEY,
    draft_id   INTEGER NOT NULL REFERENCES letter (id),
    sha256     TEXT NOT NULL,
    raw        BLOB NOT NULL,
    mail_from  TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT;
INSERT INTO letter_grant SELECT * FROM send_grant;
DROP TABLE send_grant;
DROP TABLE draft;
ALTER TABLE letter RENAME TO draft;
ALTER TABLE letter_grant RENAME TO send_grant;
