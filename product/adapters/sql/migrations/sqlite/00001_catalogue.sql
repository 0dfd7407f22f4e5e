-- +goose Up
-- A number of AUTOINCREMENT is never given twice, so no old link, ETag or cache
-- entry ever means another product. A price of 0 has only what an older system
-- sold without one.
CREATE TABLE products (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL,
    name_folded TEXT    NOT NULL,
    description TEXT,
    price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
    quantity    INTEGER NOT NULL CHECK (quantity >= 0),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT;
CREATE INDEX products_by_name ON products (name_folded, id);
CREATE INDEX products_by_price ON products (price_minor, id);
CREATE INDEX products_by_created_at ON products (created_at, id);

-- No foreign key: a product may be deleted whatever is reserved of it.
CREATE TABLE reservations (
    id               TEXT    NOT NULL PRIMARY KEY,
    product_id       INTEGER NOT NULL,
    quantity         INTEGER NOT NULL,
    product_name     TEXT    NOT NULL,
    unit_price_minor INTEGER NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('open', 'confirmed', 'released')),
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    due_at           INTEGER NOT NULL,
    attempts         INTEGER NOT NULL,
    purge_at         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_due ON reservations (due_at) WHERE state = 'open';
CREATE INDEX reservations_purge ON reservations (purge_at) WHERE purge_at IS NOT NULL;

CREATE TABLE inbox (
    queue       TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (queue, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_received ON inbox (received_at);

-- +goose Down
DROP TABLE inbox;
DROP TABLE reservations;
DROP TABLE products;
