-- +goose Up

-- Which queues take which event types. Every program that opens the file adds
-- what it knows; nothing is ever removed by itself.
CREATE TABLE bindings (
    type  TEXT NOT NULL,
    queue TEXT NOT NULL,
    PRIMARY KEY (type, queue)
) WITHOUT ROWID;

CREATE TABLE messages (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- The order of publication.
    queue       TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    sequence    INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL, -- Microseconds since 1970, like every time here.
    data        BLOB    NOT NULL,
    trace       TEXT    NOT NULL, -- JSON object.
    attempts    INTEGER NOT NULL DEFAULT 0,
    first       INTEGER NOT NULL,            -- 1: the oldest of its key in its queue, the only one that may be delivered.
    due_at      INTEGER NOT NULL DEFAULT 0,  -- Not to be delivered before: the end of a wait, or of its consumer's claim.
    owner       TEXT    NOT NULL DEFAULT ''  -- The consumer that has claimed it.
);

CREATE INDEX messages_key ON messages (queue, key);
CREATE INDEX messages_first ON messages (queue) WHERE first = 1;

CREATE TABLE dead_letters (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    queue       TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    sequence    INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    data        BLOB    NOT NULL,
    trace       TEXT    NOT NULL,
    attempts    INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    dead_at     INTEGER NOT NULL
);

CREATE INDEX dead_letters_queue ON dead_letters (queue);

-- +goose Down
DROP TABLE dead_letters;
DROP TABLE messages;
DROP TABLE bindings;
