-- Coupons and promotions; which codes are taken; how often each was used, by whom, and by which orders.
CREATE TABLE offers (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    sort TEXT NOT NULL,
    code TEXT,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    terms TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE INDEX offers_sort ON offers (organisation, sort, id);
CREATE INDEX offers_code ON offers (organisation, code);

CREATE TABLE offer_codes (
    organisation BIGINT NOT NULL,
    code TEXT NOT NULL,
    offer UUID NOT NULL,
    PRIMARY KEY (organisation, code)
);

CREATE TABLE offer_live (
    organisation BIGINT NOT NULL,
    sort TEXT NOT NULL,
    live BIGINT NOT NULL CHECK (live >= 0),
    PRIMARY KEY (organisation, sort)
);

CREATE TABLE offer_counts (
    organisation BIGINT NOT NULL,
    offer UUID NOT NULL,
    version BIGINT NOT NULL,
    uses_max BIGINT NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organisation, offer)
);

CREATE TABLE offer_people (
    organisation BIGINT NOT NULL,
    offer UUID NOT NULL,
    person UUID NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organisation, offer, person)
);

CREATE TABLE offer_takes (
    organisation BIGINT NOT NULL,
    purchase UUID NOT NULL,
    offer UUID NOT NULL,
    person UUID,
    PRIMARY KEY (organisation, purchase, offer)
);
