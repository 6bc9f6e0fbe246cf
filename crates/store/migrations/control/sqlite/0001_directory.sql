-- The numbers given to organisations, and the version of the directory: each change takes the next.
CREATE TABLE counters (
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

INSERT INTO counters (name, value) VALUES ('organisation', 0), ('directory', 0);

-- Where each organisation lives. `request` makes the creation of one resumable.
CREATE TABLE directory (
    organisation INTEGER NOT NULL,
    request TEXT NOT NULL,
    region TEXT NOT NULL,
    shard TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('creating', 'open', 'moving')),
    version INTEGER NOT NULL,
    PRIMARY KEY (organisation),
    UNIQUE (request)
) STRICT;

CREATE INDEX directory_version ON directory (version);
