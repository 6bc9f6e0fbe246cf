-- The key of each person, wrapped by the master key of this number. Of a person that was erased the row stays without a
-- key, so that none is ever made again. What an erased row was before is to be swept at the next round, not some day.
CREATE TABLE person_keys (
    person UUID NOT NULL,
    master BIGINT NOT NULL,
    wrapped BYTEA,
    made_at BIGINT NOT NULL,
    erased_at BIGINT,
    PRIMARY KEY (person),
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
