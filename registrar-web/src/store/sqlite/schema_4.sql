ALTER TABLE users ADD COLUMN staff TEXT;
ALTER TABLE users ADD COLUMN closed TEXT;
ALTER TABLE users ADD COLUMN in_grace TEXT;
ALTER TABLE users ADD COLUMN host_pending TEXT;
-- Who was given a role or kept out before these columns were there. A document that can't be read is
-- left alone.
UPDATE users SET staff = json_extract(document, '$.role')
    WHERE CASE WHEN json_valid(document) THEN json_extract(document, '$.role') <> 'client_user' END;
UPDATE users SET closed = json_extract(document, '$.state')
    WHERE CASE WHEN json_valid(document)
        THEN json_extract(document, '$.state') IN ('suspended', 'deleted') END;
CREATE INDEX users_staff ON users (staff, id) WHERE staff IS NOT NULL;
CREATE INDEX users_closed ON users (closed, id) WHERE closed IS NOT NULL;
CREATE INDEX users_in_grace ON users (in_grace, id) WHERE in_grace IS NOT NULL;
CREATE INDEX users_host_pending ON users (host_pending, id) WHERE host_pending IS NOT NULL;
ALTER TABLE invites ADD COLUMN inviter TEXT;
CREATE INDEX invites_inviter ON invites (inviter, id) WHERE inviter IS NOT NULL;
