-- Which events a consumer has turned into an effect; claimed in the commit of the effect.
CREATE TABLE consumed (
    organisation BIGINT NOT NULL,
    consumer TEXT NOT NULL,
    stream UUID NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organisation, consumer, stream, version)
);

-- Marks come in the order of time, so a summary of each range of pages is enough to find the old ones.
CREATE INDEX consumed_at ON consumed USING brin (at) WITH (autosummarize = on);

-- Events that a consumer could not handle. What happened stands in the log.
CREATE TABLE dead_letters (
    consumer TEXT NOT NULL,
    position BIGINT NOT NULL,
    organisation BIGINT NOT NULL,
    kind TEXT NOT NULL,
    error TEXT NOT NULL,
    tries BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (consumer, position)
);

-- Work for later. `run_at` is when it may be claimed next; `attempt` grows with every claim and fences the effect.
CREATE TABLE timers (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE INDEX timers_next ON timers (kind, run_at);
