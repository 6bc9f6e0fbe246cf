-- The organisations that a person belongs to, or belonged to: `ended` is 1 after leaving. `member` is the membership.
CREATE TABLE memberships (
    person UUID NOT NULL,
    member UUID NOT NULL,
    tenant BIGINT NOT NULL,
    since BIGINT NOT NULL,
    ended BIGINT NOT NULL CHECK (ended >= 0 AND ended <= 1),
    PRIMARY KEY (person, member)
);
