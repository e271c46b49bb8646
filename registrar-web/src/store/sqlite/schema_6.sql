CREATE TABLE organisations (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    slug TEXT NOT NULL,
    due_at INTEGER,
    leased_until INTEGER
) STRICT;
CREATE UNIQUE INDEX organisations_slug ON organisations (slug);
CREATE INDEX organisations_due ON organisations (due_at, leased_until) WHERE due_at IS NOT NULL;
ALTER TABLE users ADD COLUMN organisation TEXT;
CREATE INDEX users_organisation ON users (organisation, id) WHERE organisation IS NOT NULL;
