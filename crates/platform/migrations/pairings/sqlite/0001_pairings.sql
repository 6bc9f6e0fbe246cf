-- Codes by which screens are paired. `digest` is of the half that finds the row, `proof` of the half that proves it.
CREATE TABLE pairings (
    person BLOB NOT NULL,
    digest BLOB NOT NULL,
    proof BLOB NOT NULL,
    device BLOB NOT NULL,
    restaurant BLOB NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    made_by TEXT NOT NULL,
    tries INTEGER NOT NULL CHECK (tries >= 0),
    ends_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT;
