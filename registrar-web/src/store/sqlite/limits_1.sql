CREATE TABLE limits (
    key TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    resets_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX limits_resets_at ON limits (resets_at);
