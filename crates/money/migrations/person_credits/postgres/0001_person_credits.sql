-- With which organisations a person has, or had, credit.
CREATE TABLE person_credits (
    person UUID NOT NULL,
    tenant BIGINT NOT NULL,
    PRIMARY KEY (person, tenant)
);
