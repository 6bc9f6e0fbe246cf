-- Paired screens and kiosks. Of the secret only a keyed hash is here.
CREATE TABLE devices (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    restaurant BLOB NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    paired_by TEXT NOT NULL,
    paired_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    tag BLOB NOT NULL,
    pepper INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;
