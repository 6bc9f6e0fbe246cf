-- Which orders a person has placed, wherever they are kept.
CREATE TABLE person_orders (
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (person, id)
) STRICT;
