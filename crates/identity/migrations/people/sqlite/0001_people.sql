-- What is known of people. `profile` is sealed and empty for who has said nothing; `contacts` and `addresses` count the
-- rows of the two tables below, so that a guard can keep the last and refuse one too many.
CREATE TABLE persons (
    person BLOB NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'erased')),
    profile BLOB,
    contacts INTEGER NOT NULL CHECK (contacts >= 0),
    addresses INTEGER NOT NULL CHECK (addresses >= 0),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (person)
) STRICT;

-- Telephone numbers and e-mail addresses, each of one person. `digest` stands for the text, `value` holds it sealed;
-- `verified_at` is 0 until a code was answered.
CREATE TABLE contacts (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'email')),
    value BLOB NOT NULL,
    verified_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT;

CREATE INDEX contacts_person ON contacts (person);

-- One-time codes. `person` is an id made of the contact, known or not; `contact` opens with the secret of the
-- challenge alone, of which `digest` is the digest.
CREATE TABLE codes (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    purpose TEXT NOT NULL,
    tag BLOB NOT NULL,
    contact BLOB NOT NULL,
    tries INTEGER NOT NULL CHECK (tries >= 0),
    used INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT;

CREATE INDEX codes_person ON codes (person);
CREATE INDEX codes_at ON codes (at);

-- Where people have things brought to; all of it is sealed.
CREATE TABLE addresses (
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    address BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (person, id)
) STRICT;

-- What letters have cost: a row a day and scope.
CREATE TABLE budgets (
    scope TEXT NOT NULL,
    day INTEGER NOT NULL,
    spent INTEGER NOT NULL CHECK (spent >= 0),
    sent INTEGER NOT NULL CHECK (sent >= 0),
    PRIMARY KEY (scope, day)
) STRICT;
