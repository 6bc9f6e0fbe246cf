CREATE TABLE trial_addresses (
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (person, id)
) STRICT;

CREATE TABLE trial_tokens (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    text TEXT NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT;

CREATE INDEX trial_tokens_person ON trial_tokens (person);

CREATE TABLE trial_stubs (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (digest, number)
) STRICT;
