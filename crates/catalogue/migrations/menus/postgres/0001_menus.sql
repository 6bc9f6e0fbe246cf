-- Menus of brands and restaurants. A menu belongs to a place, by whose id it is found.
CREATE TABLE menu_drafts (
    organisation BIGINT NOT NULL,
    place UUID NOT NULL,
    version BIGINT NOT NULL,
    published BIGINT NOT NULL,
    PRIMARY KEY (organisation, place)
);

-- Kind: 0 the head, 1 a category, 2 a group, 3 an item. The id of the head is that of the place.
CREATE TABLE menu_parts (
    organisation BIGINT NOT NULL,
    place UUID NOT NULL,
    kind BIGINT NOT NULL,
    id UUID NOT NULL,
    body TEXT NOT NULL,
    external_id TEXT NOT NULL,
    PRIMARY KEY (organisation, place, kind, id)
);

CREATE TABLE menu_heads (
    organisation BIGINT NOT NULL,
    place UUID NOT NULL,
    version BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (organisation, place)
);

CREATE TABLE menu_revisions (
    organisation BIGINT NOT NULL,
    place UUID NOT NULL,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    packed BYTEA NOT NULL,
    size BIGINT NOT NULL,
    items BIGINT NOT NULL,
    currency TEXT NOT NULL,
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    note TEXT NOT NULL,
    restored BIGINT NOT NULL,
    PRIMARY KEY (organisation, place, number)
);

CREATE TABLE menu_scheduled (
    organisation BIGINT NOT NULL,
    place UUID NOT NULL,
    timer UUID NOT NULL,
    at BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    packed BYTEA NOT NULL,
    size BIGINT NOT NULL,
    items BIGINT NOT NULL,
    currency TEXT NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    draft BIGINT NOT NULL,
    PRIMARY KEY (organisation, place)
);

CREATE TABLE menu_locations (
    organisation BIGINT NOT NULL,
    restaurant UUID NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, restaurant)
);

CREATE TABLE menu_stock_heads (
    organisation BIGINT NOT NULL,
    restaurant UUID NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (organisation, restaurant)
);

-- What is off, or counted: of `counted` things `taken` are sold. Neither bound means off until somebody ends it.
CREATE TABLE menu_stock (
    organisation BIGINT NOT NULL,
    restaurant UUID NOT NULL,
    item UUID NOT NULL,
    version BIGINT NOT NULL,
    timer UUID NOT NULL,
    until BIGINT,
    counted BIGINT,
    taken BIGINT NOT NULL CHECK (taken >= 0),
    reason TEXT NOT NULL,
    PRIMARY KEY (organisation, restaurant, item)
);
