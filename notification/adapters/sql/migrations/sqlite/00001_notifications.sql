-- +goose Up
CREATE TABLE inbox (
    queue       TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (queue, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_received ON inbox (received_at);

-- The newest sequence handled of each order: older changes of status are ignored.
CREATE TABLE order_progress (
    order_id INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE notifications (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id          TEXT    NOT NULL,
    event             TEXT    NOT NULL,
    occurred_at       INTEGER NOT NULL,
    order_id          INTEGER NOT NULL,
    user_id           INTEGER NOT NULL,
    product_name      TEXT    NOT NULL,
    quantity          INTEGER NOT NULL,
    unit_price_minor  INTEGER NOT NULL,
    total_price_minor INTEGER NOT NULL,
    status            TEXT    NOT NULL,
    channel           TEXT    NOT NULL,
    recipient         TEXT    NOT NULL, -- Contact data: emptied when the notification has ended.
    locale            TEXT    NOT NULL,
    trace             TEXT    NOT NULL,
    state             TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
    attempts          INTEGER NOT NULL,
    reason            TEXT    NOT NULL,
    due_at            INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    sent_at           INTEGER,
    UNIQUE (event_id, channel)
) STRICT;
CREATE INDEX notifications_user ON notifications (user_id, id);
CREATE INDEX notifications_order ON notifications (order_id, id);
CREATE INDEX notifications_due ON notifications (channel, due_at, id) WHERE state = 'pending';

-- +goose Down
DROP TABLE notifications;
DROP TABLE order_progress;
DROP TABLE inbox;
