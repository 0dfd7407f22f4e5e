-- What the services send to place one order, for pgbench: the same statements in
-- the same transactions, on their tables as schemas of one database. (Of orders
-- that come at the same time the services make fewer and larger ones.) The
-- variables seq, run, buyer, session, products, now, payload and trace are given.
\set seq :seq + 1
\set id (:run * 10000000 + :seq) * 1000 + :client_id
\set product random(1, :products)

-- POST /validate-token of user
SELECT u.username, u.is_active, s.id IS NOT NULL AS live
FROM user_service.users u LEFT JOIN user_service.sessions s ON s.id = :session AND s.user_id = u.id
WHERE u.id = :buyer;

-- POST /internal/reservations of product
WITH changed AS (
    UPDATE product_service.products SET quantity = quantity - 1, updated_at = :now, version = version + 1
    WHERE id = :product AND quantity >= 1 AND price_minor > 0
    RETURNING id, name, name_folded, description, price_minor, quantity, created_at, updated_at, version
), reserved AS (
    INSERT INTO product_service.reservations
        (id, product_id, quantity, product_name, unit_price_minor, state, created_at, expires_at, due_at, attempts)
    SELECT lpad(:id::text, 32, '0')::uuid, id, 1, name, price_minor, 'open', CAST(:now AS bigint), CAST(:now AS bigint), CAST(:now AS bigint), 0 FROM changed
), noted AS (
    INSERT INTO product_service.cache_invalidations (product_id, version) SELECT id, version FROM changed
    ON CONFLICT (product_id) DO UPDATE SET version = excluded.version
) SELECT * FROM changed \gset product_

-- POST /orders of order
BEGIN;
INSERT INTO order_service.orders
    (user_id, product_id, product_name, quantity, unit_price_minor, total_price_minor, status, reservation_id, created_at, updated_at, version)
VALUES (:buyer, :product, :product_name, 1, :product_price_minor, :product_price_minor, 'pending', lpad(:id::text, 36, '0'), :now, :now, 1)
RETURNING id \gset order_
WITH w0 AS (
    INSERT INTO order_service.reservations (id, outcome, order_id, decided_at) VALUES (lpad(:id::text, 36, '0'), 'ordered', :order_id, :now)
), w1 AS (
    INSERT INTO order_service.order_history (order_id, sequence, status, at, trace_id) VALUES (:order_id, 1, 'pending', :now, :trace)
) INSERT INTO order_service.outbox (id, type, key, sequence, payload, trace, occurred_at)
VALUES (lpad(:id::text, 36, '0'), 'order.created', :order_id::text, 1, :payload, :trace, :now);
COMMIT;
