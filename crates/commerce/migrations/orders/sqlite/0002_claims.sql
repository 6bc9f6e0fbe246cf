-- Whether a person has ordered in an organisation before.
CREATE INDEX orders_customer_idx ON orders (organisation, customer);

-- Which order was made of which cart, as long as anybody may still ask for it.
CREATE TABLE order_carts (
    organisation INTEGER NOT NULL,
    cart BLOB NOT NULL,
    purchase BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organisation, cart)
) STRICT;
CREATE INDEX order_carts_at ON order_carts (at);

-- By which order a person has what is for the first order. It stays when that order comes to nothing, and is then taken over.
CREATE TABLE order_firsts (
    organisation INTEGER NOT NULL,
    person BLOB NOT NULL,
    purchase BLOB NOT NULL,
    PRIMARY KEY (organisation, person)
) STRICT;
