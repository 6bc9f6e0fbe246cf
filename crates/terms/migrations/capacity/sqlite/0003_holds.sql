-- Which place in a slot is held for a person at a restaurant until he orders. What it takes stands in capacity_takes.
CREATE TABLE capacity_holds (
    organisation INTEGER NOT NULL,
    person BLOB NOT NULL,
    restaurant BLOB NOT NULL,
    hold BLOB NOT NULL,
    PRIMARY KEY (organisation, person, restaurant)
) STRICT;

CREATE UNIQUE INDEX capacity_holds_hold ON capacity_holds (organisation, hold);
