-- Which orders a person has placed, wherever they are kept.
CREATE TABLE person_orders (
    person UUID NOT NULL,
    id UUID NOT NULL,
    PRIMARY KEY (person, id)
);
