-- Work beside the requests. `run_at` is when it may be claimed next (the end of time for jobs that failed, the moment
-- before it for those that wait for others); `attempt` grows with every claim and fences the effect.
CREATE TABLE jobs (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    priority INTEGER NOT NULL,
    batch BLOB NOT NULL,
    total INTEGER NOT NULL,
    after BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE INDEX jobs_next ON jobs (priority, run_at);
CREATE INDEX jobs_turn ON jobs (priority, organisation, run_at);
CREATE INDEX jobs_batch ON jobs (organisation, batch);
CREATE INDEX jobs_after ON jobs (organisation, after);
CREATE INDEX jobs_waiting ON jobs (run_at, organisation, id);
