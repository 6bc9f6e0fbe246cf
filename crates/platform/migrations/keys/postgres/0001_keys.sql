-- Keys of integrators. Of the secret only a keyed hash is here. Times are 0 for as long as nothing has happened.
CREATE TABLE keys (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    consent TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    tag BYTEA NOT NULL,
    pepper BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);
