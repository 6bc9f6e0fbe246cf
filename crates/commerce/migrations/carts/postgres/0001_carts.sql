-- What people have put together and not ordered yet. A person has so many places for carts; all of a cart is sealed.
CREATE TABLE carts (
    person UUID NOT NULL,
    place BIGINT NOT NULL CHECK (place >= 0),
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    body BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (person, place)
);
CREATE INDEX carts_at ON carts (at);
