-- What is known of people. `profile` is sealed and empty for who has said nothing; `contacts` and `addresses` count the
-- rows of the two tables below, so that a guard can keep the last and refuse one too many.
CREATE TABLE persons (
    person UUID NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'erased')),
    profile BYTEA,
    contacts BIGINT NOT NULL CHECK (contacts >= 0),
    addresses BIGINT NOT NULL CHECK (addresses >= 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (person)
);

-- Telephone numbers and e-mail addresses, each of one person. `digest` stands for the text, `value` holds it sealed;
-- `verified_at` is 0 until a code was answered.
CREATE TABLE contacts (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'email')),
    value BYTEA NOT NULL,
    verified_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (digest)
);

CREATE INDEX contacts_person ON contacts (person);

-- One-time codes. `person` is an id made of the contact, known or not; `contact` opens with the secret of the
-- challenge alone, of which `digest` is the digest.
CREATE TABLE codes (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    tag BYTEA NOT NULL,
    contact BYTEA NOT NULL,
    tries BIGINT NOT NULL CHECK (tries >= 0),
    used BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (digest)
);

CREATE INDEX codes_person ON codes (person);
CREATE INDEX codes_at ON codes (at);

-- Where people have things brought to; all of it is sealed.
CREATE TABLE addresses (
    person UUID NOT NULL,
    id UUID NOT NULL,
    address BYTEA NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (person, id)
);

-- What letters have cost: a row a day and scope.
CREATE TABLE budgets (
    scope TEXT NOT NULL,
    day BIGINT NOT NULL,
    spent BIGINT NOT NULL CHECK (spent >= 0),
    sent BIGINT NOT NULL CHECK (sent >= 0),
    PRIMARY KEY (scope, day)
);
