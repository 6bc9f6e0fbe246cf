CREATE TABLE trial_addresses (
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (person, id)
) STRICT;
