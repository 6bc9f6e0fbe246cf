CREATE TABLE trial_addresses (
    person UUID NOT NULL,
    id UUID NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (person, id)
);
