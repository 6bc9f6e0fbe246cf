-- What an organisation on this shard is called.
CREATE TABLE organisations (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

-- Its brands. `folded` is the name as it is compared.
CREATE TABLE brands (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, folded)
) STRICT;
