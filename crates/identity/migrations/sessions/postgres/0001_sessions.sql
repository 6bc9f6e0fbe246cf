-- Sessions of people and the refresh tokens that belong to them. Only keyed hashes of what opens them are here.
CREATE TABLE sessions (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    id UUID NOT NULL,
    strength BIGINT NOT NULL CHECK (strength IN (1, 2)),
    kind TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    idle_us BIGINT NOT NULL CHECK (idle_us > 0),
    agent BYTEA,
    address BYTEA,
    ended_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (digest),
    UNIQUE (person, id)
);

CREATE INDEX sessions_person ON sessions (person, started_at);

CREATE TABLE refresh (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    family UUID NOT NULL,
    used_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (digest)
);

CREATE INDEX refresh_family ON refresh (person, family);

CREATE INDEX sessions_at ON sessions USING brin (at) WITH (autosummarize = on);
CREATE INDEX refresh_at ON refresh USING brin (at) WITH (autosummarize = on);
