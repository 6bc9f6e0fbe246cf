CREATE TABLE trial_restaurants (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
);

-- `number` is what people call the order by; not every order has one.
CREATE TABLE trial_orders (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    number BIGINT,
    restaurant UUID NOT NULL,
    diner UUID NOT NULL,
    status TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    note TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, number),
    FOREIGN KEY (organisation, restaurant) REFERENCES trial_restaurants (organisation, id)
);

CREATE TABLE trial_lines (
    organisation BIGINT NOT NULL,
    order_id UUID NOT NULL,
    line BIGINT NOT NULL,
    dish UUID NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    price_minor BIGINT NOT NULL,
    PRIMARY KEY (organisation, order_id, line),
    FOREIGN KEY (organisation, order_id) REFERENCES trial_orders (organisation, id)
);

CREATE TABLE trial_intents (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    order_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, order_id) REFERENCES trial_orders (organisation, id)
);

-- Updated in place by every order, so pages keep room for the next version of a row.
CREATE TABLE trial_stock (
    organisation BIGINT NOT NULL,
    dish UUID NOT NULL,
    free BIGINT NOT NULL CHECK (free >= 0),
    PRIMARY KEY (organisation, dish)
) WITH (fillfactor = 50);

CREATE TABLE trial_counters (
    organisation BIGINT NOT NULL,
    name TEXT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (organisation, name)
) WITH (fillfactor = 50);

CREATE TABLE trial_listing (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE trial_jobs (
    id UUID NOT NULL,
    organisation BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (id)
);
