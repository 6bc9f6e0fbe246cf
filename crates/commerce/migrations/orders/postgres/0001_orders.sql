-- Orders. The body is JSON, written and read whole; what is said of the diner is sealed beside it.
CREATE TABLE orders (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    restaurant UUID NOT NULL,
    customer UUID,
    status TEXT NOT NULL,
    is_open BIGINT NOT NULL CHECK (is_open IN (0, 1)),
    is_shown BIGINT NOT NULL CHECK (is_shown IN (0, 1)),
    version BIGINT NOT NULL CHECK (version > 0),
    number BIGINT NOT NULL CHECK (number > 0),
    body TEXT NOT NULL,
    held TEXT NOT NULL,
    address BYTEA,
    instructions BYTEA,
    phone BYTEA,
    contact BYTEA,
    notes BYTEA,
    PRIMARY KEY (organisation, id)
);
-- Lists of a restaurant, the newest first; what is under way has an index of its own, which stays small, and what has
-- ended one by which the rare ends are found among the many.
CREATE INDEX orders_restaurant_idx ON orders (organisation, restaurant, id);
CREATE INDEX orders_open_idx ON orders (organisation, restaurant, id) WHERE is_open = 1;
CREATE INDEX orders_ended_idx ON orders (organisation, restaurant, status, id) WHERE is_open = 0;

-- How many orders a restaurant took on a day of business.
CREATE TABLE order_numbers (
    organisation BIGINT NOT NULL,
    restaurant UUID NOT NULL,
    day TEXT NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (organisation, restaurant, day)
);

-- By which rules a restaurant takes orders. One without a row has the usual ones.
CREATE TABLE order_rules (
    organisation BIGINT NOT NULL,
    restaurant UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    rules TEXT NOT NULL,
    PRIMARY KEY (organisation, restaurant)
);
