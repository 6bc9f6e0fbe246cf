-- Pictures: what was made of an upload. The bytes are blobs; of each it is known how many pictures show it.
CREATE TABLE pictures (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    colour TEXT NOT NULL,
    format TEXT NOT NULL,
    sizes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE TABLE picture_blobs (
    organisation INTEGER NOT NULL,
    digest BLOB NOT NULL,
    uses INTEGER NOT NULL CHECK (uses >= 0),
    touched_at INTEGER NOT NULL,
    clearing INTEGER NOT NULL,
    PRIMARY KEY (organisation, digest)
) STRICT;

CREATE TABLE picture_counts (
    organisation INTEGER NOT NULL,
    what TEXT NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organisation, what)
) STRICT;
