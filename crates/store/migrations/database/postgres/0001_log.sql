-- The head of the log: one row, updated last before each COMMIT, so positions are dense and in commit order.
-- Events up to `floor` have been purged; after it none may be missing.
CREATE TABLE head (
    id BIGINT NOT NULL CHECK (id = 1),
    position BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    PRIMARY KEY (id)
) WITH (fillfactor = 50);

INSERT INTO head (id, position, floor) VALUES (1, 0, 0);

-- Which organisations live on this database, and at which epoch. A commit is fenced by it.
CREATE TABLE placements (
    organisation BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'moving', 'away')),
    PRIMARY KEY (organisation)
);

-- Organisation 0 stands for people and for what belongs to nobody; it lives everywhere.
INSERT INTO placements (organisation, epoch, state) VALUES (0, 1, 'open');

-- The event log, which is the outbox too. A checksum is over all columns of its row (`checksum.rs`).
CREATE TABLE log (
    organisation BIGINT NOT NULL,
    position BIGINT NOT NULL,
    stream UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    actor TEXT NOT NULL,
    trace TEXT NOT NULL,
    at BIGINT NOT NULL,
    checksum BIGINT NOT NULL,
    PRIMARY KEY (organisation, position),
    UNIQUE (organisation, stream, version)
);

CREATE INDEX log_position ON log (position);

-- Every stored commit with what it answered, so that the same commit sent again is a no-op.
CREATE TABLE commits (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    position BIGINT NOT NULL,
    answer TEXT,
    at BIGINT NOT NULL,
    checksum BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);

-- Answers given to a caller under a key of his, to be given again.
CREATE TABLE idempotency (
    organisation BIGINT NOT NULL,
    caller TEXT NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    body BYTEA NOT NULL,
    status BIGINT NOT NULL,
    answer TEXT NOT NULL,
    at BIGINT NOT NULL,
    checksum BIGINT NOT NULL,
    PRIMARY KEY (organisation, caller, operation, key)
);

-- How far each consumer has read.
CREATE TABLE consumers (
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    checksum BIGINT NOT NULL,
    PRIMARY KEY (name)
);

-- Who holds what, until when, with a number that only grows.
CREATE TABLE leases (
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (name)
);
