CREATE TABLE trial_restaurants (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

-- `number` is what people call the order by; not every order has one.
CREATE TABLE trial_orders (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    number INTEGER,
    restaurant BLOB NOT NULL,
    diner BLOB NOT NULL,
    status TEXT NOT NULL,
    total_minor INTEGER NOT NULL,
    note TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, number),
    FOREIGN KEY (organisation, restaurant) REFERENCES trial_restaurants (organisation, id)
) STRICT;

CREATE TABLE trial_lines (
    organisation INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    line INTEGER NOT NULL,
    dish BLOB NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    price_minor INTEGER NOT NULL,
    PRIMARY KEY (organisation, order_id, line),
    FOREIGN KEY (organisation, order_id) REFERENCES trial_orders (organisation, id)
) STRICT;

CREATE TABLE trial_intents (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    order_id BLOB NOT NULL,
    amount_minor INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, order_id) REFERENCES trial_orders (organisation, id)
) STRICT;

-- Updated in place by every order.
CREATE TABLE trial_stock (
    organisation INTEGER NOT NULL,
    dish BLOB NOT NULL,
    free INTEGER NOT NULL CHECK (free >= 0),
    PRIMARY KEY (organisation, dish)
) STRICT;

CREATE TABLE trial_counters (
    organisation INTEGER NOT NULL,
    name TEXT NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY (organisation, name)
) STRICT;

CREATE TABLE trial_listing (
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE TABLE trial_jobs (
    id BLOB NOT NULL,
    organisation INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (id)
) STRICT;
