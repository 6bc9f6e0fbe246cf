CREATE TABLE trial_acts (
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (number)
);
