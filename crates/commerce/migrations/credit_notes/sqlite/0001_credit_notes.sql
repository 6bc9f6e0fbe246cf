-- How many credit notes an organisation has issued in a year: the next one is taken in the commit that issues it, so that
-- no number is missing and none is there twice.
CREATE TABLE credit_note_numbers (
    organisation INTEGER NOT NULL,
    year INTEGER NOT NULL,
    taken INTEGER NOT NULL CHECK (taken > 0),
    PRIMARY KEY (organisation, year)
) STRICT;

-- Credit notes. Rows are only ever added.
CREATE TABLE credit_notes (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    order_id BLOB NOT NULL,
    year INTEGER NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE UNIQUE INDEX credit_notes_number ON credit_notes (organisation, year, number);

CREATE INDEX credit_notes_order ON credit_notes (organisation, order_id);
