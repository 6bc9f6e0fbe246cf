-- Names of hosts and the organisations that they lead to; none for a name that was taken away.
CREATE TABLE hosts (
    host TEXT NOT NULL PRIMARY KEY,
    organisation BIGINT,
    since BIGINT NOT NULL,
    actor TEXT NOT NULL,
    version BIGINT NOT NULL
);

CREATE INDEX hosts_version ON hosts (version);

CREATE INDEX hosts_organisation ON hosts (organisation, host);

-- Each change takes the next number, in the order of commits.
CREATE TABLE host_changes (
    id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

INSERT INTO host_changes (id, version) VALUES (1, 0);
