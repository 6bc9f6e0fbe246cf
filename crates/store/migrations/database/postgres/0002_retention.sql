-- Finds what is old enough to go. Rows come in the order of time, so a summary of each range of pages is enough, and
-- it costs a commit next to nothing.
CREATE INDEX commits_at ON commits USING brin (at) WITH (autosummarize = on);
CREATE INDEX idempotency_at ON idempotency USING brin (at) WITH (autosummarize = on);
