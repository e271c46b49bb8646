-- Each table: the document, and beside it what it is found by (derived from the document with
-- each write). Times are nanoseconds since 1970 UTC.

CREATE TABLE registrations (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    username TEXT NOT NULL,
    held_name TEXT,
    token TEXT,
    listing TEXT,
    due_at INTEGER,
    leased_until INTEGER
) STRICT;
CREATE UNIQUE INDEX registrations_held_name ON registrations (held_name) WHERE held_name IS NOT NULL;
CREATE UNIQUE INDEX registrations_token ON registrations (token) WHERE token IS NOT NULL;
CREATE INDEX registrations_username ON registrations (username, id);
CREATE INDEX registrations_listing ON registrations (listing, id) WHERE listing IS NOT NULL;
CREATE INDEX registrations_due ON registrations (due_at, leased_until) WHERE due_at IS NOT NULL;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    username TEXT NOT NULL,
    claimed_email TEXT
) STRICT;
CREATE UNIQUE INDEX users_username ON users (username);
CREATE UNIQUE INDEX users_claimed_email ON users (claimed_email) WHERE claimed_email IS NOT NULL;

CREATE TABLE mails (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    ended_at INTEGER,
    due_at INTEGER,
    leased_until INTEGER
) STRICT;
CREATE UNIQUE INDEX mails_dedupe_key ON mails (dedupe_key);
CREATE INDEX mails_due ON mails (due_at, leased_until) WHERE due_at IS NOT NULL;
CREATE INDEX mails_ended ON mails (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE invites (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    token TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX invites_token ON invites (token);
