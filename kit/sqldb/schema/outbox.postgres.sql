CREATE TABLE outbox (
    position    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          TEXT   NOT NULL UNIQUE,
    type        TEXT   NOT NULL,
    key         TEXT   NOT NULL,
    sequence    BIGINT NOT NULL,
    payload     TEXT   NOT NULL,
    trace       TEXT   NOT NULL,
    occurred_at BIGINT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    lease       TEXT   NOT NULL DEFAULT '',
    not_before  BIGINT NOT NULL DEFAULT 0,
    sent_at     BIGINT,
    last_error  TEXT   NOT NULL DEFAULT '',
    UNIQUE (key, sequence)
) WITH (
    fillfactor = 50, -- A row is claimed and marked soon after it was written: room to do so in place.
    autovacuum_vacuum_scale_factor = 0.02 -- What is sent soon outnumbers what waits, and must not be searched through.
);
CREATE INDEX outbox_unsent ON outbox (position) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
