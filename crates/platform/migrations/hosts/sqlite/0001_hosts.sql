-- Names of hosts and the organisations that they lead to; none for a name that was taken away.
CREATE TABLE hosts (
    host TEXT NOT NULL PRIMARY KEY,
    organisation INTEGER,
    since INTEGER NOT NULL,
    actor TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE INDEX hosts_version ON hosts (version);

CREATE INDEX hosts_organisation ON hosts (organisation, host);

-- Each change takes the next number, in the order of commits.
CREATE TABLE host_changes (
    id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;

INSERT INTO host_changes (id, version) VALUES (1, 0);
