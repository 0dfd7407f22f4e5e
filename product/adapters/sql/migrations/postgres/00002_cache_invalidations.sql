-- +goose Up
-- Products whose copies in a cache that processes share may be old: the change of
-- a product notes it here, and the note goes once the cache has dropped its copy.
CREATE TABLE cache_invalidations (
    product_id BIGINT PRIMARY KEY,
    version    BIGINT NOT NULL
) WITH (fillfactor = 50); -- Notes are overwritten in place.

-- +goose Down
DROP TABLE cache_invalidations;
