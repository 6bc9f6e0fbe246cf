CREATE TABLE entries (
    seq INTEGER NOT NULL CHECK (seq > 0),
    at INTEGER NOT NULL,
    organisation INTEGER NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    what TEXT NOT NULL,
    operation TEXT NOT NULL,
    target TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    correlation TEXT NOT NULL,
    source TEXT,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (seq),
    UNIQUE (source)
) STRICT;

CREATE INDEX entries_by_organisation ON entries (organisation, at, seq);

CREATE INDEX entries_by_time ON entries (at, seq);

CREATE TABLE heads (
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    signer INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (seq)
) STRICT;

CREATE TABLE signers (
    number INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    at INTEGER NOT NULL,
    previous BLOB NOT NULL,
    own BLOB NOT NULL,
    endorsed BLOB NOT NULL,
    PRIMARY KEY (number)
) STRICT;

CREATE TABLE erasures (
    person BLOB NOT NULL,
    at INTEGER NOT NULL,
    erased_by TEXT NOT NULL,
    PRIMARY KEY (person)
) STRICT;
