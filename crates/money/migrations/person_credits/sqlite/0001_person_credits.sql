-- With which organisations a person has, or had, credit.
CREATE TABLE person_credits (
    person BLOB NOT NULL,
    tenant INTEGER NOT NULL,
    PRIMARY KEY (person, tenant)
) STRICT;
