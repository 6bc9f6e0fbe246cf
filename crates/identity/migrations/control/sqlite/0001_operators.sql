-- Who runs this installation. `first` is 1 for the one made by the set-up link and empty for others, so there is one
-- such row at most. Name and e-mail are sealed with the person's key; `used_at` is 0 until the key was used once.
CREATE TABLE operators (
    id BLOB NOT NULL,
    first INTEGER,
    key_digest BLOB NOT NULL,
    name BLOB NOT NULL,
    email BLOB NOT NULL,
    email_digest BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (first),
    UNIQUE (key_digest)
) STRICT;
