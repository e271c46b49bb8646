CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    owner TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_owner ON sessions (owner, id) WHERE owner IS NOT NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
