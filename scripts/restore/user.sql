-- Everybody signs in again: a session that has ended since must not be back.
DELETE FROM sessions;
