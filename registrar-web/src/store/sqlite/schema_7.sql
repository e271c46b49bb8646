CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    owner TEXT NOT NULL,
    notice TEXT,
    unread TEXT,
    forget_at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_owner ON events (owner, id);
CREATE INDEX events_notice ON events (notice, id) WHERE notice IS NOT NULL;
CREATE INDEX events_unread ON events (unread, id) WHERE unread IS NOT NULL;
CREATE INDEX events_forget_at ON events (forget_at);
ALTER TABLE invites ADD COLUMN may_expire TEXT;
-- Those of members that were open before this column was there; what else such a document says is
-- looked at when its time is over. One that can't be read is left alone.
UPDATE invites SET may_expire = 'yes'
    WHERE inviter IS NOT NULL AND CASE WHEN json_valid(document)
        THEN json_extract(document, '$.state.state') IN ('open', 'claimed') END;
CREATE INDEX invites_may_expire ON invites (may_expire, id) WHERE may_expire IS NOT NULL;
