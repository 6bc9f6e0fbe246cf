CREATE TABLE entries (
    seq BIGINT NOT NULL CHECK (seq > 0),
    at BIGINT NOT NULL,
    organisation BIGINT NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    what TEXT NOT NULL,
    operation TEXT NOT NULL,
    target TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    correlation TEXT NOT NULL,
    source TEXT,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (seq),
    UNIQUE (source)
);

CREATE INDEX entries_by_organisation ON entries (organisation, at, seq);

CREATE INDEX entries_by_time ON entries (at, seq);

CREATE TABLE heads (
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    signer BIGINT NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (seq)
);

CREATE TABLE signers (
    number BIGINT NOT NULL,
    public_key BYTEA NOT NULL,
    at BIGINT NOT NULL,
    previous BYTEA NOT NULL,
    own BYTEA NOT NULL,
    endorsed BYTEA NOT NULL,
    PRIMARY KEY (number)
);

CREATE TABLE erasures (
    person UUID NOT NULL,
    at BIGINT NOT NULL,
    erased_by TEXT NOT NULL,
    PRIMARY KEY (person)
);
