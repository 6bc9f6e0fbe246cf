-- What restaurants say of their capacity, what each quarter of an hour has taken on, and for which orders.
CREATE TABLE capacity_rules (
    organisation BIGINT NOT NULL,
    restaurant UUID NOT NULL,
    version BIGINT NOT NULL,
    rules TEXT NOT NULL,
    PRIMARY KEY (organisation, restaurant)
);

CREATE TABLE capacity_slots (
    organisation BIGINT NOT NULL,
    restaurant UUID NOT NULL,
    slot BIGINT NOT NULL,
    taken BIGINT NOT NULL CHECK (taken >= 0),
    minutes BIGINT NOT NULL CHECK (minutes >= 0),
    money BIGINT NOT NULL CHECK (money >= 0),
    at BIGINT NOT NULL,
    PRIMARY KEY (organisation, restaurant, slot)
);

CREATE INDEX capacity_slots_at ON capacity_slots (at);

CREATE TABLE capacity_takes (
    organisation BIGINT NOT NULL,
    purchase UUID NOT NULL,
    restaurant UUID NOT NULL,
    slot BIGINT NOT NULL,
    minutes BIGINT NOT NULL,
    money BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organisation, purchase)
);

CREATE INDEX capacity_takes_at ON capacity_takes (at);
