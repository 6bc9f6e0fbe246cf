-- Which place in a slot is held for a person at a restaurant until he orders. What it takes stands in capacity_takes.
CREATE TABLE capacity_holds (
    organisation BIGINT NOT NULL,
    person UUID NOT NULL,
    restaurant UUID NOT NULL,
    hold UUID NOT NULL,
    PRIMARY KEY (organisation, person, restaurant)
);

CREATE UNIQUE INDEX capacity_holds_hold ON capacity_holds (organisation, hold);
