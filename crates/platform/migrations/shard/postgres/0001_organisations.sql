-- What an organisation on this shard is called.
CREATE TABLE organisations (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);

-- Its brands. `folded` is the name as it is compared.
CREATE TABLE brands (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, folded)
);
