-- Where an organisation wants to be told of events. The secret is sealed under the key of the hook itself.
CREATE TABLE hooks (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    url TEXT NOT NULL,
    kinds TEXT NOT NULL,
    restaurants TEXT NOT NULL,
    active BIGINT NOT NULL,
    why TEXT NOT NULL,
    failures BIGINT NOT NULL,
    secret BYTEA NOT NULL,
    previous BYTEA NOT NULL,
    previous_until BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);

-- What each is told, one row an event; a job does the telling. The event itself stands in the log.
CREATE TABLE hook_deliveries (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    hook UUID NOT NULL,
    position BIGINT NOT NULL,
    stream UUID NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    status BIGINT NOT NULL,
    error TEXT NOT NULL,
    at BIGINT NOT NULL,
    since BIGINT NOT NULL,
    tried_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, hook, position)
);

CREATE INDEX hook_deliveries_stream ON hook_deliveries (organisation, hook, stream, position);
CREATE INDEX hook_deliveries_state ON hook_deliveries (organisation, hook, state, position);
