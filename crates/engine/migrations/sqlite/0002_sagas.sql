-- Work of several steps. `run_at` is when it may be claimed next, the end of a lease or of a wait; `attempt` grows with
-- every claim and every move and fences both; `step` and `direction` say what is to be done next. Moves leave `run_at`
-- as it is for as long as they can, so that no index has to be written.
CREATE TABLE sagas (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    journal INTEGER NOT NULL,
    subject BLOB NOT NULL,
    state TEXT NOT NULL,
    step INTEGER NOT NULL,
    direction INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    error TEXT NOT NULL,
    reason TEXT NOT NULL,
    minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE INDEX sagas_next ON sagas (run_at);
