CREATE INDEX entries_by_actor ON entries (actor, seq);

CREATE INDEX entries_by_target ON entries (target, seq);
