-- The database of the FastAPI system, as SQLAlchemy and Alembic leave it. The
-- hashes are test vectors of Python's bcrypt; see adapters/bcrypt/bcrypt_test.go.
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO alembic_version VALUES ('8d3f1c2ab9e4');
CREATE TABLE users (
    id SERIAL NOT NULL,
    username VARCHAR(50) NOT NULL,
    hashed_password VARCHAR(255) NOT NULL,
    is_active BOOLEAN,
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now(),
    updated_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_users_username ON users (username);
CREATE INDEX ix_users_id ON users (id);
INSERT INTO users (username, hashed_password, is_active, created_at, updated_at) VALUES
    ('Anna', '$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm', TRUE, '2024-02-29 23:59:59.123456', NULL),
    ('anna', '$2b$04$pQ7gRO7e6wx/936oXhNjrOUNOHL1D0h1N2IDbJZYs.1ppzSof6SPy', TRUE, '2024-03-01 00:00:00', '2024-03-02 08:30:00.5'),
    ('Nguyễn Ân', '$2y$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui', TRUE, '2024-03-03 01:02:03', NULL),
    ('NGUYỄN ÂN', '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui', TRUE, '2024-03-03 01:02:03', NULL),
    (' x' || chr(9), '$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm', TRUE, '2024-03-04 01:02:03', NULL),
    ('berta', '$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm', FALSE, '2024-03-05 01:02:03', NULL),
    ('carla', '!', NULL, NULL, NULL),
    ('gone', '$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm', TRUE, now(), NULL);
DELETE FROM users WHERE username = 'gone';
