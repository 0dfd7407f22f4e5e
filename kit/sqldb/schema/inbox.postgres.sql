CREATE TABLE inbox (
    queue       TEXT   NOT NULL,
    message_id  TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (queue, message_id)
);
CREATE INDEX inbox_received ON inbox (received_at);
