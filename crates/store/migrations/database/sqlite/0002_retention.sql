-- Finds what is old enough to go. Rows come in the order of time, so the last page of each index is the one to change.
CREATE INDEX commits_at ON commits (at);
CREATE INDEX idempotency_at ON idempotency (at);
