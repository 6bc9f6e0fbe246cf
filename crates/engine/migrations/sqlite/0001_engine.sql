-- Which events a consumer has turned into an effect; claimed in the commit of the effect.
CREATE TABLE consumed (
    organisation INTEGER NOT NULL,
    consumer TEXT NOT NULL,
    stream BLOB NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organisation, consumer, stream, version)
) STRICT;

-- Marks come in the order of time, so the last page of the index is the one to change.
CREATE INDEX consumed_at ON consumed (at);

-- Events that a consumer could not handle. What happened stands in the log.
CREATE TABLE dead_letters (
    consumer TEXT NOT NULL,
    position INTEGER NOT NULL,
    organisation INTEGER NOT NULL,
    kind TEXT NOT NULL,
    error TEXT NOT NULL,
    tries INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (consumer, position)
) STRICT;

-- Work for later. `run_at` is when it may be claimed next; `attempt` grows with every claim and fences the effect.
CREATE TABLE timers (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE INDEX timers_next ON timers (kind, run_at);
