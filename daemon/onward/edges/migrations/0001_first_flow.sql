-- Everything the first flow remembers. Times are UTC, ISO 8601 with microseconds, so that text order is
-- time order. Addresses and lists are JSON.

CREATE TABLE cursor (              -- how far each folder has been read
    account     TEXT NOT NULL,
    folder      TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid         INTEGER NOT NULL,
    first_done  INTEGER NOT NULL DEFAULT 0,  -- 1 once the first look over past months is complete
    PRIMARY KEY (account, folder)
) STRICT;

CREATE TABLE reading (             -- mails being read right now: what is here after a crash is read one by one
    account     TEXT NOT NULL,
    folder      TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid_from    INTEGER NOT NULL,
    uid_to      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    PRIMARY KEY (account, folder, uidvalidity, uid_from, uid_to)
) STRICT;

CREATE TABLE message (
    key             TEXT PRIMARY KEY,   -- account + Message-ID (or content hash), never the UID
    account         TEXT NOT NULL,
    folder          TEXT NOT NULL,
    uidvalidity     INTEGER NOT NULL,
    uid             INTEGER NOT NULL,
    message_id      TEXT,
    content_hash    TEXT NOT NULL,      -- sender, date, subject, text: the same mail come twice
    words_hash      TEXT NOT NULL,      -- sender, subject, text: the same words sent twice
    subject         TEXT NOT NULL,
    sender_name     TEXT,
    sender_email    TEXT,
    reply_to        TEXT NOT NULL,
    recipients      TEXT NOT NULL,
    copies          TEXT NOT NULL,
    refs            TEXT NOT NULL,
    sent_at         TEXT,
    arrived_at      TEXT NOT NULL,
    noticed_at      TEXT NOT NULL,
    text            TEXT NOT NULL,      -- '' once a mail that has nothing to do with the search is settled
    html_only       INTEGER NOT NULL,
    calendar_method TEXT,
    signs           TEXT NOT NULL,
    flags           TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('received', 'handled', 'stuck')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    reason          TEXT                -- why it is stuck
) STRICT;
CREATE INDEX message_waiting ON message (arrived_at) WHERE state = 'received';
CREATE INDEX message_by_id ON message (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX message_by_words ON message (words_hash);
CREATE INDEX message_by_time ON message (arrived_at);

CREATE TABLE verdict (             -- what is held true of a message, and why
    message_key    TEXT PRIMARY KEY REFERENCES message (key),
    label          TEXT NOT NULL,
    source         TEXT NOT NULL CHECK (source IN ('model', 'rule', 'person')),
    band           TEXT NOT NULL CHECK (band IN ('act', 'ask', 'leave')),
    confidence     REAL NOT NULL,
    evidence       TEXT NOT NULL,
    evidence_start INTEGER NOT NULL,
    evidence_end   INTEGER NOT NULL,
    language       TEXT,
    company        TEXT,
    role           TEXT,
    contact_name   TEXT,
    contact_email  TEXT,
    model          TEXT NOT NULL,
    reasons        TEXT NOT NULL,       -- JSON list of sentences
    application_id INTEGER REFERENCES application (id),
    stage          TEXT,                -- for a rejection: how far it had come
    decided_at     TEXT NOT NULL
) STRICT;

CREATE TABLE application (
    id          INTEGER PRIMARY KEY,
    company     TEXT NOT NULL,          -- '' when no mail named it
    role        TEXT NOT NULL,
    requisition TEXT,
    created_at  TEXT NOT NULL
) STRICT;

CREATE TABLE event (               -- append-only: the stage is read from it, never overwritten
    id             INTEGER PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES application (id),
    kind           TEXT NOT NULL,
    message_key    TEXT REFERENCES message (key),
    at             TEXT NOT NULL,
    revoked_at     TEXT,                -- set when a correction takes the event back
    UNIQUE (kind, message_key)
) STRICT;
CREATE INDEX event_of ON event (application_id);

CREATE TABLE draft (
    id             INTEGER PRIMARY KEY,
    message_key    TEXT NOT NULL UNIQUE REFERENCES message (key),  -- one rejection, one draft
    application_id INTEGER REFERENCES application (id),
    account        TEXT NOT NULL,
    kind           TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN
                   ('proposed', 'in the mailbox', 'sending', 'sent', 'discarded', 'undecided', 'failed')),
    recipient      TEXT NOT NULL,
    recipient_name TEXT NOT NULL,
    sender         TEXT NOT NULL,
    sender_name    TEXT NOT NULL,
    subject        TEXT NOT NULL,
    body           TEXT NOT NULL,
    in_reply_to    TEXT,
    refs           TEXT NOT NULL,
    version        INTEGER NOT NULL DEFAULT 1,  -- each edit is a new version, a new mail and a new key
    folder         TEXT,                -- where it stands once appended
    uidvalidity    INTEGER,
    uid            INTEGER,
    created_at     TEXT NOT NULL,
    settled_at     TEXT
) STRICT;

CREATE TABLE send_grant (          -- the person's word to send exactly these bytes to exactly this address
    id         INTEGER PRIMARY KEY,
    draft_id   INTEGER NOT NULL REFERENCES draft (id),
    sha256     TEXT NOT NULL,
    raw        BLOB NOT NULL,
    mail_from  TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT;

CREATE TABLE reflection (          -- a session in the calendar about one or more rejections
    id         INTEGER PRIMARY KEY,
    starts_at  TEXT NOT NULL,
    ends_at    TEXT NOT NULL,
    deadline   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('booked', 'done', 'skipped', 'missed', 'cancelled')),
    sequence   INTEGER NOT NULL DEFAULT 0,  -- RFC 5545 §3.8.7.4
    booked_at  TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;

CREATE TABLE reflection_rejection (
    reflection_id INTEGER NOT NULL REFERENCES reflection (id),
    message_key   TEXT NOT NULL UNIQUE REFERENCES message (key)   -- one rejection, one session
) STRICT;

CREATE TABLE effect (              -- the outbox: written down before it is tried
    key         TEXT PRIMARY KEY,       -- 'append_draft:<message key>': the same wish twice is one row
    kind        TEXT NOT NULL CHECK (kind IN ('append_draft', 'withdraw_draft', 'send_mail', 'file_sent',
                'notify_mail', 'notify_desktop', 'write_calendar')),
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'started', 'done', 'undecided', 'failed', 'cancelled')),
    wanted_at   TEXT NOT NULL,          -- when it was to happen
    due_at      TEXT NOT NULL,          -- when it is tried, or looked after, next
    attempts    INTEGER NOT NULL DEFAULT 0,
    payload     TEXT NOT NULL,          -- JSON
    started_at  TEXT,
    folder      TEXT,                   -- the intent: where the mail was to stand …
    uidvalidity INTEGER,                -- … and what the folder's numbers were just before
    uidnext     INTEGER,
    unchanged   INTEGER NOT NULL DEFAULT 0,  -- looks in a row that found those numbers unchanged
    stage       TEXT,                   -- how far an SMTP submission had come
    last_error  TEXT,
    created_at  TEXT NOT NULL,
    settled_at  TEXT
) STRICT;
CREATE INDEX effect_open ON effect (due_at) WHERE state IN ('waiting', 'started');

CREATE TABLE question (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    message_key TEXT REFERENCES message (key),
    effect_key  TEXT REFERENCES effect (key),
    text        TEXT NOT NULL,
    asked_at    TEXT NOT NULL,
    answered_at TEXT,
    answer      TEXT,
    UNIQUE (kind, message_key),
    UNIQUE (kind, effect_key)
) STRICT;

CREATE TABLE correction (
    id           INTEGER PRIMARY KEY,
    message_key  TEXT NOT NULL REFERENCES message (key),
    label        TEXT NOT NULL,
    was          TEXT NOT NULL,
    corrected_at TEXT NOT NULL
) STRICT;

CREATE TABLE health (              -- the last word of each thread and edge, for status and doctor
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at    TEXT NOT NULL
) STRICT;
