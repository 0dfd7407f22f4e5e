-- +goose Up
-- An identity is never given twice, so events and history of a deleted order
-- never become those of another one.
CREATE TABLE orders (
    id                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id           BIGINT  NOT NULL,
    product_id        BIGINT  NOT NULL,
    product_name      TEXT    NOT NULL,
    quantity          BIGINT  NOT NULL CHECK (quantity > 0),
    unit_price_minor  BIGINT  NOT NULL,
    total_price_minor BIGINT  NOT NULL,
    status            TEXT    NOT NULL CHECK (status IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')),
    reservation_id    TEXT    NOT NULL,
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL,
    version           BIGINT  NOT NULL
);
CREATE INDEX orders_of_user ON orders (user_id, id);
CREATE INDEX orders_of_user_by_status ON orders (user_id, status, id);

-- What an order went through. It outlives the order.
CREATE TABLE order_history (
    order_id BIGINT  NOT NULL,
    sequence BIGINT  NOT NULL,
    status   TEXT    NOT NULL,
    at       BIGINT  NOT NULL,
    trace_id TEXT    NOT NULL,
    PRIMARY KEY (order_id, sequence)
);

-- What became of a reservation, for good: who comes first, an order or its
-- abandonment, has the row. It outlives the order.
CREATE TABLE reservations (
    id         TEXT    NOT NULL PRIMARY KEY,
    outcome    TEXT    NOT NULL CHECK (outcome IN ('ordered', 'abandoned')),
    order_id   BIGINT  UNIQUE,
    decided_at BIGINT  NOT NULL
);

CREATE TABLE idempotency_keys (
    user_id        BIGINT  NOT NULL,
    key            TEXT    NOT NULL,
    request        TEXT    NOT NULL,
    reservation_id TEXT    NOT NULL,
    attempt        BIGINT  NOT NULL,
    lease_until    BIGINT  NOT NULL,
    outcome        TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

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

-- +goose Down
DROP TABLE outbox;
DROP TABLE idempotency_keys;
DROP TABLE reservations;
DROP TABLE order_history;
DROP TABLE orders;
