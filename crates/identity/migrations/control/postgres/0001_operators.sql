-- Who runs this installation. `first` is 1 for the one made by the set-up link and empty for others, so there is one
-- such row at most. Name and e-mail are sealed with the person's key; `used_at` is 0 until the key was used once.
CREATE TABLE operators (
    id UUID NOT NULL,
    first BIGINT,
    key_digest BYTEA NOT NULL,
    name BYTEA NOT NULL,
    email BYTEA NOT NULL,
    email_digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (first),
    UNIQUE (key_digest)
);
