-- Coupons and promotions; which codes are taken; how often each was used, by whom, and by which orders.
CREATE TABLE offers (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    sort TEXT NOT NULL,
    code TEXT,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    terms TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE INDEX offers_sort ON offers (organisation, sort, id);
CREATE INDEX offers_code ON offers (organisation, code);

CREATE TABLE offer_codes (
    organisation INTEGER NOT NULL,
    code TEXT NOT NULL,
    offer BLOB NOT NULL,
    PRIMARY KEY (organisation, code)
) STRICT;

CREATE TABLE offer_live (
    organisation INTEGER NOT NULL,
    sort TEXT NOT NULL,
    live INTEGER NOT NULL CHECK (live >= 0),
    PRIMARY KEY (organisation, sort)
) STRICT;

CREATE TABLE offer_counts (
    organisation INTEGER NOT NULL,
    offer BLOB NOT NULL,
    version INTEGER NOT NULL,
    uses_max INTEGER NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organisation, offer)
) STRICT;

CREATE TABLE offer_people (
    organisation INTEGER NOT NULL,
    offer BLOB NOT NULL,
    person BLOB NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organisation, offer, person)
) STRICT;

CREATE TABLE offer_takes (
    organisation INTEGER NOT NULL,
    purchase BLOB NOT NULL,
    offer BLOB NOT NULL,
    person BLOB,
    PRIMARY KEY (organisation, purchase, offer)
) STRICT;
