-- The database of the FastAPI system, as SQLAlchemy's create_all leaves it. Money
-- is floating point, with what sums and products leave behind.
CREATE TYPE orderstatus AS ENUM ('PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'CANCELLED');
CREATE TABLE orders (
    id SERIAL NOT NULL,
    user_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    product_name VARCHAR(255) NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price DOUBLE PRECISION NOT NULL,
    total_price DOUBLE PRECISION NOT NULL,
    status orderstatus NOT NULL DEFAULT 'PENDING',
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now(),
    updated_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_orders_id ON orders (id);
CREATE INDEX ix_orders_user_id ON orders (user_id);
INSERT INTO orders (user_id, product_id, product_name, quantity, unit_price, total_price, status, created_at, updated_at) VALUES
    (1, 42, 'Điện thoại', 3, 19999.99, 19999.99::float8 + 19999.99::float8 + 19999.99::float8, 'PENDING', '2024-02-29 23:59:59.123456', NULL),
    (1, 42, 'Điện thoại', 3, 0.1, 0.1::float8 + 0.2::float8, 'CONFIRMED', '2024-03-01 00:00:00', '2024-03-02 08:30:00.5'),
    (1, 999, 'Không còn', 2, 0.00, 0.00, 'SHIPPED', '2024-03-01 00:00:00', NULL),
    (77, 42, 'Điện thoại', 1000, 99999999.99, 99999999990.00, 'DELIVERED', '2024-03-01 00:00:00', NULL),
    (1, 42, 'Giảm giá', 2, 19.99, 35.00, 'CANCELLED', '2024-03-01 00:00:00', '2024-03-01 00:05:00'),
    (1, 42, 'gone', 1, 19.99, 19.99, 'PENDING', now(), NULL);
DELETE FROM orders WHERE product_name = 'gone';
