-- Learning from the person: what they taught, and what came of it.

ALTER TABLE message ADD COLUMN trained_as TEXT;  -- the label it was learned as; NULL: it was not learned from
CREATE INDEX message_trained ON message (key) WHERE trained_as IS NOT NULL;

CREATE TABLE hint (              -- mails moved into a folder for teaching, until that is a correction
    message_key TEXT PRIMARY KEY REFERENCES message (key),
    said        TEXT NOT NULL CHECK (said IN ('rejection', 'not a rejection'))
) STRICT;

CREATE TABLE learning (            -- every training, and every wish to forget
    id          INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('learned', 'refused', 'forgotten')),
    corrections INTEGER NOT NULL,       -- how many mails it was from, or were forgotten
    reason      TEXT NOT NULL,
    model       TEXT NOT NULL,          -- '' when there is none
    newest      INTEGER NOT NULL        -- id of the last correction that was known then
) STRICT;

CREATE VIEW taught AS              -- the person's latest word on each mail, since they last asked to forget
SELECT message_key, label, MAX(id) AS id
FROM correction
WHERE id > (SELECT COALESCE(MAX(newest), 0) FROM learning WHERE kind = 'forgotten')
GROUP BY message_key;
