-- Menus of brands and restaurants. A menu belongs to a place, by whose id it is found.
CREATE TABLE menu_drafts (
    organisation INTEGER NOT NULL,
    place BLOB NOT NULL,
    version INTEGER NOT NULL,
    published INTEGER NOT NULL,
    PRIMARY KEY (organisation, place)
) STRICT;

-- Kind: 0 the head, 1 a category, 2 a group, 3 an item. The id of the head is that of the place.
CREATE TABLE menu_parts (
    organisation INTEGER NOT NULL,
    place BLOB NOT NULL,
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    body TEXT NOT NULL,
    external_id TEXT NOT NULL,
    PRIMARY KEY (organisation, place, kind, id)
) STRICT;

CREATE TABLE menu_heads (
    organisation INTEGER NOT NULL,
    place BLOB NOT NULL,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (organisation, place)
) STRICT;

CREATE TABLE menu_revisions (
    organisation INTEGER NOT NULL,
    place BLOB NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    packed BLOB NOT NULL,
    size INTEGER NOT NULL,
    items INTEGER NOT NULL,
    currency TEXT NOT NULL,
    author TEXT NOT NULL,
    at INTEGER NOT NULL,
    note TEXT NOT NULL,
    restored INTEGER NOT NULL,
    PRIMARY KEY (organisation, place, number)
) STRICT;

CREATE TABLE menu_scheduled (
    organisation INTEGER NOT NULL,
    place BLOB NOT NULL,
    timer BLOB NOT NULL,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    packed BLOB NOT NULL,
    size INTEGER NOT NULL,
    items INTEGER NOT NULL,
    currency TEXT NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    draft INTEGER NOT NULL,
    PRIMARY KEY (organisation, place)
) STRICT;

CREATE TABLE menu_locations (
    organisation INTEGER NOT NULL,
    restaurant BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, restaurant)
) STRICT;

CREATE TABLE menu_stock_heads (
    organisation INTEGER NOT NULL,
    restaurant BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (organisation, restaurant)
) STRICT;

-- What is off, or counted: of `counted` things `taken` are sold. Neither bound means off until somebody ends it.
CREATE TABLE menu_stock (
    organisation INTEGER NOT NULL,
    restaurant BLOB NOT NULL,
    item BLOB NOT NULL,
    version INTEGER NOT NULL,
    timer BLOB NOT NULL,
    until INTEGER,
    counted INTEGER,
    taken INTEGER NOT NULL CHECK (taken >= 0),
    reason TEXT NOT NULL,
    PRIMARY KEY (organisation, restaurant, item)
) STRICT;
