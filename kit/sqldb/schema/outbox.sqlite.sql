CREATE TABLE outbox (
    position    INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    type        TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    sequence    INTEGER NOT NULL,
    payload     TEXT    NOT NULL,
    trace       TEXT    NOT NULL,
    occurred_at INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    lease       TEXT    NOT NULL DEFAULT '',
    not_before  INTEGER NOT NULL DEFAULT 0,
    sent_at     INTEGER,
    last_error  TEXT    NOT NULL DEFAULT '',
    UNIQUE (key, sequence)
) STRICT;
CREATE INDEX outbox_unsent ON outbox (position) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
