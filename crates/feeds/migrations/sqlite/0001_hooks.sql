-- Where an organisation wants to be told of events. The secret is sealed under the key of the hook itself.
CREATE TABLE hooks (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    url TEXT NOT NULL,
    kinds TEXT NOT NULL,
    restaurants TEXT NOT NULL,
    active INTEGER NOT NULL,
    why TEXT NOT NULL,
    failures INTEGER NOT NULL,
    secret BLOB NOT NULL,
    previous BLOB NOT NULL,
    previous_until INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

-- What each is told, one row an event; a job does the telling. The event itself stands in the log.
CREATE TABLE hook_deliveries (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    hook BLOB NOT NULL,
    position INTEGER NOT NULL,
    stream BLOB NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    state INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    status INTEGER NOT NULL,
    error TEXT NOT NULL,
    at INTEGER NOT NULL,
    since INTEGER NOT NULL,
    tried_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, hook, position)
) STRICT;

CREATE INDEX hook_deliveries_stream ON hook_deliveries (organisation, hook, stream, position);
CREATE INDEX hook_deliveries_state ON hook_deliveries (organisation, hook, state, position);
