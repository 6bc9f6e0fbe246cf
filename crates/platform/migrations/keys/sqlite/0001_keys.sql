-- Keys of integrators. Of the secret only a keyed hash is here. Times are 0 for as long as nothing has happened.
CREATE TABLE keys (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    consent TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    tag BLOB NOT NULL,
    pepper INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;
