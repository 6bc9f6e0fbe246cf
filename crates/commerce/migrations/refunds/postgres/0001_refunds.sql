-- What is given back of orders, the refunds of one order counted from 1: of two at a time one is counted again.
CREATE TABLE refunds (
    organisation BIGINT NOT NULL,
    order_id UUID NOT NULL,
    place BIGINT NOT NULL CHECK (place > 0),
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, order_id, place)
);
