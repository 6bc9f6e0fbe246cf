-- Which guests a person was before it signed in: who took over from them, and who goes with the person.
CREATE TABLE guests (
    person BLOB NOT NULL,
    guest BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (person, guest)
) STRICT;
