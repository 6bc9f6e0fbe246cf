-- The numbers given to organisations, and the version of the directory: each change takes the next.
CREATE TABLE counters (
    name TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (name)
);

INSERT INTO counters (name, value) VALUES ('organisation', 0), ('directory', 0);

-- Where each organisation lives. `request` makes the creation of one resumable.
CREATE TABLE directory (
    organisation BIGINT NOT NULL,
    request TEXT NOT NULL,
    region TEXT NOT NULL,
    shard TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('creating', 'open', 'moving')),
    version BIGINT NOT NULL,
    PRIMARY KEY (organisation),
    UNIQUE (request)
);

CREATE INDEX directory_version ON directory (version);
