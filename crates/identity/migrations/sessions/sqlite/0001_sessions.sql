-- Sessions of people and the refresh tokens that belong to them. Only keyed hashes of what opens them are here.
CREATE TABLE sessions (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    id BLOB NOT NULL,
    strength INTEGER NOT NULL CHECK (strength IN (1, 2)),
    kind TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    idle_us INTEGER NOT NULL CHECK (idle_us > 0),
    agent BLOB,
    address BLOB,
    ended_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (digest),
    UNIQUE (person, id)
) STRICT;

CREATE INDEX sessions_person ON sessions (person, started_at);

CREATE TABLE refresh (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    family BLOB NOT NULL,
    used_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT;

CREATE INDEX refresh_family ON refresh (person, family);

CREATE INDEX sessions_at ON sessions (at);
CREATE INDEX refresh_at ON refresh (at);
