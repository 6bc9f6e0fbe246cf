-- How often something was decided about the refunds of an order: of two who decide at a time one decides anew.
CREATE TABLE refund_turns (
    organisation INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    turn INTEGER NOT NULL CHECK (turn > 0),
    PRIMARY KEY (organisation, order_id)
) STRICT;
