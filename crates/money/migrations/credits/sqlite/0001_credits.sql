-- What people have as credit with an organisation, and what made it so. Nobody ever has less than nothing.
CREATE TABLE credits (
    organisation INTEGER NOT NULL,
    person BLOB NOT NULL,
    currency TEXT NOT NULL,
    minor INTEGER NOT NULL CHECK (minor >= 0),
    PRIMARY KEY (organisation, person, currency)
) STRICT;

CREATE TABLE credit_entries (
    organisation INTEGER NOT NULL,
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, person, id)
) STRICT;
