-- What people have as credit with an organisation, and what made it so. Nobody ever has less than nothing.
CREATE TABLE credits (
    organisation BIGINT NOT NULL,
    person UUID NOT NULL,
    currency TEXT NOT NULL,
    minor BIGINT NOT NULL CHECK (minor >= 0),
    PRIMARY KEY (organisation, person, currency)
);

CREATE TABLE credit_entries (
    organisation BIGINT NOT NULL,
    person UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, person, id)
);
