-- Whether a person has ordered in an organisation before.
CREATE INDEX orders_customer_idx ON orders (organisation, customer);

-- Which order was made of which cart, as long as anybody may still ask for it.
CREATE TABLE order_carts (
    organisation BIGINT NOT NULL,
    cart UUID NOT NULL,
    purchase UUID NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organisation, cart)
);
CREATE INDEX order_carts_at ON order_carts (at);

-- By which order a person has what is for the first order. It stays when that order comes to nothing, and is then taken over.
CREATE TABLE order_firsts (
    organisation BIGINT NOT NULL,
    person UUID NOT NULL,
    purchase UUID NOT NULL,
    PRIMARY KEY (organisation, person)
);
