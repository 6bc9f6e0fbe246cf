-- How often something was decided about the refunds of an order: of two who decide at a time one decides anew.
CREATE TABLE refund_turns (
    organisation BIGINT NOT NULL,
    order_id UUID NOT NULL,
    turn BIGINT NOT NULL CHECK (turn > 0),
    PRIMARY KEY (organisation, order_id)
);
