-- What an organisation pays for, and whether its people may change anything.
ALTER TABLE organisations ADD COLUMN plan TEXT NOT NULL DEFAULT 'starter';
ALTER TABLE organisations ADD COLUMN state TEXT NOT NULL DEFAULT 'active';

-- How much of what its plan limits an organisation has.
CREATE TABLE usage (
    organisation BIGINT NOT NULL,
    what TEXT NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organisation, what)
);

-- Brands were made before they were counted.
INSERT INTO usage (organisation, what, used)
SELECT organisation, 'brands', COUNT(*) FROM brands GROUP BY organisation;

-- Restaurants. What others call one is unique among those that are called anything.
CREATE TABLE restaurants (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    brand UUID,
    name TEXT NOT NULL,
    external_id TEXT,
    time_zone TEXT NOT NULL,
    currency TEXT NOT NULL,
    street TEXT NOT NULL,
    postal_code TEXT,
    city TEXT NOT NULL,
    country TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, external_id),
    FOREIGN KEY (organisation, brand) REFERENCES brands (organisation, id)
);
