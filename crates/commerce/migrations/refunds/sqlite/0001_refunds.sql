-- What is given back of orders, the refunds of one order counted from 1: of two at a time one is counted again.
CREATE TABLE refunds (
    organisation INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    place INTEGER NOT NULL CHECK (place > 0),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, order_id, place)
) STRICT;
