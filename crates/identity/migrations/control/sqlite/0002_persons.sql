-- An operator is a person who signs in like all others. `person` is empty for keys from before there were people, and
-- for those who are operators no more; `ended_at` says since when.
ALTER TABLE operators ADD COLUMN person BLOB;
ALTER TABLE operators ADD COLUMN ended_at INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX operators_person_key ON operators (person);
