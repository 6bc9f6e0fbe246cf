-- Whom a guest turned out to be: he finds the guest's orders among his own.
CREATE TABLE person_heirs (
    person BLOB NOT NULL,
    heir BLOB NOT NULL,
    PRIMARY KEY (person)
) STRICT;
