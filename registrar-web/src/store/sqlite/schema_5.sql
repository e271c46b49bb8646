ALTER TABLE users ADD COLUMN token TEXT;
ALTER TABLE users ADD COLUMN due_at INTEGER;
ALTER TABLE users ADD COLUMN leased_until INTEGER;
CREATE UNIQUE INDEX users_token ON users (token) WHERE token IS NOT NULL;
CREATE INDEX users_due ON users (due_at, leased_until) WHERE due_at IS NOT NULL;
