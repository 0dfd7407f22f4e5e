CREATE TABLE inbox (
    queue       TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (queue, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_received ON inbox (received_at);
