-- What a person proves himself with besides a code. `secret` is the sealed secret of a TOTP app or the sealed public
-- half of a passkey; `last_step` is the last step of time, or the last count of the passkey, that was used.
CREATE TABLE factors (
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('totp', 'passkey')),
    label BLOB NOT NULL,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (person, id)
) STRICT;

-- How often a person was wrong in a row, until when he is kept out, and which session he last proved a factor in.
CREATE TABLE factor_attempts (
    person BLOB NOT NULL,
    what TEXT NOT NULL,
    wrong INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    proved_at INTEGER NOT NULL,
    proved_session BLOB,
    PRIMARY KEY (person, what)
) STRICT;

-- Codes for who has lost his factors; only what was made of them is kept.
CREATE TABLE recovery_codes (
    person BLOB NOT NULL,
    tag BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (person, tag)
) STRICT;

-- Who somebody is at another provider, and which passkey is whose. `subject` is sealed.
CREATE TABLE subjects (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    provider TEXT NOT NULL,
    subject BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT;
CREATE INDEX subjects_of_person ON subjects (person);

-- A sign-in or a challenge that was begun in one browser and has not come back. Used once, by being removed.
CREATE TABLE states (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('provider', 'register', 'prove', 'sign_in')),
    provider TEXT NOT NULL,
    browser BLOB NOT NULL,
    return_to TEXT NOT NULL,
    pepper INTEGER NOT NULL,
    content BLOB NOT NULL,
    at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT;
CREATE INDEX states_of_person ON states (person);
CREATE INDEX states_that_end ON states (expires_at);
