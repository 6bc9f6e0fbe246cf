-- Pictures: what was made of an upload. The bytes are blobs; of each it is known how many pictures show it.
CREATE TABLE pictures (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    colour TEXT NOT NULL,
    format TEXT NOT NULL,
    sizes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE TABLE picture_blobs (
    organisation BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    uses BIGINT NOT NULL CHECK (uses >= 0),
    touched_at BIGINT NOT NULL,
    clearing BIGINT NOT NULL,
    PRIMARY KEY (organisation, digest)
);

CREATE TABLE picture_counts (
    organisation BIGINT NOT NULL,
    what TEXT NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organisation, what)
);
