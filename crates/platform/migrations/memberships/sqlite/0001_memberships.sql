-- The organisations that a person belongs to, or belonged to: `ended` is 1 after leaving. `member` is the membership.
CREATE TABLE memberships (
    person BLOB NOT NULL,
    member BLOB NOT NULL,
    tenant INTEGER NOT NULL,
    since INTEGER NOT NULL,
    ended INTEGER NOT NULL CHECK (ended >= 0 AND ended <= 1),
    PRIMARY KEY (person, member)
) STRICT;
