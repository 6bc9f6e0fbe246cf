-- How restaurants serve. A restaurant without a row serves nobody yet. Parts are JSON, written and read whole.
CREATE TABLE venues (
    organisation INTEGER NOT NULL,
    restaurant BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    versions TEXT NOT NULL,
    profile TEXT NOT NULL,
    hours TEXT NOT NULL,
    exceptions TEXT NOT NULL,
    zones TEXT NOT NULL,
    fees TEXT NOT NULL,
    standing TEXT NOT NULL,
    PRIMARY KEY (organisation, restaurant)
) STRICT;
