-- Work of several steps. `run_at` is when it may be claimed next, the end of a lease or of a wait; `attempt` grows with
-- every claim and every move and fences both; `step` and `direction` say what is to be done next. Moves leave `run_at`
-- as it is for as long as they can, so that no index has to be written, and room for them is left in each page.
CREATE TABLE sagas (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    journal BIGINT NOT NULL,
    subject UUID NOT NULL,
    state TEXT NOT NULL,
    step BIGINT NOT NULL,
    direction BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    error TEXT NOT NULL,
    reason TEXT NOT NULL,
    minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
) WITH (fillfactor = 50);

CREATE INDEX sagas_next ON sagas (run_at);
