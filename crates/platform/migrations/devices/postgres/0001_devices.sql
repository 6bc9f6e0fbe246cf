-- Paired screens and kiosks. Of the secret only a keyed hash is here.
CREATE TABLE devices (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    restaurant UUID NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    paired_by TEXT NOT NULL,
    paired_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    tag BYTEA NOT NULL,
    pepper BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);
