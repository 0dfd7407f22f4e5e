-- +goose Up
-- A number of AUTOINCREMENT is never given twice, so events and history of a
-- deleted order never become those of another one.
CREATE TABLE orders (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id           INTEGER NOT NULL,
    product_id        INTEGER NOT NULL,
    product_name      TEXT    NOT NULL,
    quantity          INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_minor  INTEGER NOT NULL,
    total_price_minor INTEGER NOT NULL,
    status            TEXT    NOT NULL CHECK (status IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')),
    reservation_id    TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_of_user ON orders (user_id, id);
CREATE INDEX orders_of_user_by_status ON orders (user_id, status, id);

-- What an order went through. It outlives the order.
CREATE TABLE order_history (
    order_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    status   TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    trace_id TEXT    NOT NULL,
    PRIMARY KEY (order_id, sequence)
) STRICT, WITHOUT ROWID;

-- What became of a reservation, for good: who comes first, an order or its
-- abandonment, has the row. It outlives the order.
CREATE TABLE reservations (
    id         TEXT    NOT NULL PRIMARY KEY,
    outcome    TEXT    NOT NULL CHECK (outcome IN ('ordered', 'abandoned')),
    order_id   INTEGER UNIQUE,
    decided_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    user_id        INTEGER NOT NULL,
    key            TEXT    NOT NULL,
    request        TEXT    NOT NULL,
    reservation_id TEXT    NOT NULL,
    attempt        INTEGER NOT NULL,
    lease_until    INTEGER NOT NULL,
    outcome        TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

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

-- +goose Down
DROP TABLE outbox;
DROP TABLE idempotency_keys;
DROP TABLE reservations;
DROP TABLE order_history;
DROP TABLE orders;
