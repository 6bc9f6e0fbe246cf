-- What a person proves himself with besides a code. `secret` is the sealed secret of a TOTP app or the sealed public
-- half of a passkey; `last_step` is the last step of time, or the last count of the passkey, that was used.
CREATE TABLE factors (
    person UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('totp', 'passkey')),
    label BYTEA NOT NULL,
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (person, id)
);

-- How often a person was wrong in a row, until when he is kept out, and which session he last proved a factor in.
CREATE TABLE factor_attempts (
    person UUID NOT NULL,
    what TEXT NOT NULL,
    wrong BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    proved_at BIGINT NOT NULL,
    proved_session UUID,
    PRIMARY KEY (person, what)
);

-- Codes for who has lost his factors; only what was made of them is kept.
CREATE TABLE recovery_codes (
    person UUID NOT NULL,
    tag BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (person, tag)
);

-- Who somebody is at another provider, and which passkey is whose. `subject` is sealed.
CREATE TABLE subjects (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    provider TEXT NOT NULL,
    subject BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (digest)
);
CREATE INDEX subjects_of_person ON subjects (person);

-- A sign-in or a challenge that was begun in one browser and has not come back. Used once, by being removed.
CREATE TABLE states (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('provider', 'register', 'prove', 'sign_in')),
    provider TEXT NOT NULL,
    browser BYTEA NOT NULL,
    return_to TEXT NOT NULL,
    pepper BIGINT NOT NULL,
    content BYTEA NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (digest)
);
CREATE INDEX states_of_person ON states (person);
CREATE INDEX states_that_end ON states (expires_at);
