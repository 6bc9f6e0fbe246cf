-- Payments as their events made them, and beside that what is needed to go on and is no history.
CREATE TABLE payments (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    order_id BLOB NOT NULL,
    restaurant BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    state TEXT NOT NULL,
    document TEXT NOT NULL,
    aside TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE INDEX payments_order ON payments (organisation, order_id);

-- What providers told by themselves, as it was stored before it was looked at.
CREATE TABLE payment_notices (
    organisation INTEGER NOT NULL,
    provider TEXT NOT NULL,
    id TEXT NOT NULL,
    payment BLOB NOT NULL,
    at INTEGER NOT NULL,
    told TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (organisation, provider, id)
) STRICT;
