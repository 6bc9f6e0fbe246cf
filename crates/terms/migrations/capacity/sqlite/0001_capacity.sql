-- What restaurants say of their capacity, what each quarter of an hour has taken on, and for which orders.
CREATE TABLE capacity_rules (
    organisation INTEGER NOT NULL,
    restaurant BLOB NOT NULL,
    version INTEGER NOT NULL,
    rules TEXT NOT NULL,
    PRIMARY KEY (organisation, restaurant)
) STRICT;

CREATE TABLE capacity_slots (
    organisation INTEGER NOT NULL,
    restaurant BLOB NOT NULL,
    slot INTEGER NOT NULL,
    taken INTEGER NOT NULL CHECK (taken >= 0),
    minutes INTEGER NOT NULL CHECK (minutes >= 0),
    money INTEGER NOT NULL CHECK (money >= 0),
    at INTEGER NOT NULL,
    PRIMARY KEY (organisation, restaurant, slot)
) STRICT;

CREATE INDEX capacity_slots_at ON capacity_slots (at);

CREATE TABLE capacity_takes (
    organisation INTEGER NOT NULL,
    purchase BLOB NOT NULL,
    restaurant BLOB NOT NULL,
    slot INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    money INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organisation, purchase)
) STRICT;

CREATE INDEX capacity_takes_at ON capacity_takes (at);
