-- Whom a guest turned out to be: he finds the guest's orders among his own.
CREATE TABLE person_heirs (
    person UUID NOT NULL,
    heir UUID NOT NULL,
    PRIMARY KEY (person)
);
