CREATE TABLE trial_addresses (
    person UUID NOT NULL,
    id UUID NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (person, id)
);

CREATE TABLE trial_tokens (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    text TEXT NOT NULL,
    uses BIGINT NOT NULL,
    PRIMARY KEY (digest)
);

CREATE INDEX trial_tokens_person ON trial_tokens (person);

CREATE TABLE trial_stubs (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (digest, number)
);
