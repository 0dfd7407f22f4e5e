-- The database of the FastAPI system, as SQLAlchemy's create_all leaves it.
CREATE TABLE products (
    id SERIAL NOT NULL,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    price NUMERIC(10, 2) NOT NULL,
    quantity INTEGER NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now(),
    updated_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_products_id ON products (id);
CREATE INDEX ix_products_name ON products (name);
INSERT INTO products (name, description, price, quantity, created_at, updated_at) VALUES
    ('Điện thoại “Ốc” <b>', 'Màn hình 6.5 inch', 24000000.00, 7, '2024-02-29 23:59:59.123456', NULL),
    ('Quà tặng', NULL, 0.00, 5, '2024-03-01 00:00:00', '2024-03-02 08:30:00.5'),
    ('   ', repeat('dài ', 500), 99999999.99, 0, NULL, NULL),
    ('gone', '', 19.99, 1, now(), NULL);
DELETE FROM products WHERE name = 'gone';
