CREATE TABLE trial_acts (
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (number)
) STRICT;
