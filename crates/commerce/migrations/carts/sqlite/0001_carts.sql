-- What people have put together and not ordered yet. A person has so many places for carts; all of a cart is sealed.
CREATE TABLE carts (
    person BLOB NOT NULL,
    place INTEGER NOT NULL CHECK (place >= 0),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    body BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (person, place)
) STRICT;
CREATE INDEX carts_at ON carts (at);
