-- Codes by which screens are paired. `digest` is of the half that finds the row, `proof` of the half that proves it.
CREATE TABLE pairings (
    person UUID NOT NULL,
    digest BYTEA NOT NULL,
    proof BYTEA NOT NULL,
    device UUID NOT NULL,
    restaurant UUID NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    made_by TEXT NOT NULL,
    tries BIGINT NOT NULL CHECK (tries >= 0),
    ends_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (digest)
);
