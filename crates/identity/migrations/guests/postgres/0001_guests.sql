-- Which guests a person was before it signed in: who took over from them, and who goes with the person.
CREATE TABLE guests (
    person UUID NOT NULL,
    guest UUID NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (person, guest)
);
