-- The key of each person, wrapped by the master key of this number. Of a person that was erased the row stays without a
-- key, so that none is ever made again.
CREATE TABLE person_keys (
    person BLOB NOT NULL,
    master INTEGER NOT NULL,
    wrapped BLOB,
    made_at INTEGER NOT NULL,
    erased_at INTEGER,
    PRIMARY KEY (person),
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
) STRICT;
