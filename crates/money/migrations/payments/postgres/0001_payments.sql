-- Payments as their events made them, and beside that what is needed to go on and is no history.
CREATE TABLE payments (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    order_id UUID NOT NULL,
    restaurant UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    state TEXT NOT NULL,
    document TEXT NOT NULL,
    aside TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE INDEX payments_order ON payments (organisation, order_id);

-- What providers told by themselves, as it was stored before it was looked at.
CREATE TABLE payment_notices (
    organisation BIGINT NOT NULL,
    provider TEXT NOT NULL,
    id TEXT NOT NULL,
    payment UUID NOT NULL,
    at BIGINT NOT NULL,
    told TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (organisation, provider, id)
);
