-- How many credit notes an organisation has issued in a year: the next one is taken in the commit that issues it, so that
-- no number is missing and none is there twice.
CREATE TABLE credit_note_numbers (
    organisation BIGINT NOT NULL,
    year BIGINT NOT NULL,
    taken BIGINT NOT NULL CHECK (taken > 0),
    PRIMARY KEY (organisation, year)
);

-- Credit notes. Rows are only ever added.
CREATE TABLE credit_notes (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    order_id UUID NOT NULL,
    year BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE UNIQUE INDEX credit_notes_number ON credit_notes (organisation, year, number);

CREATE INDEX credit_notes_order ON credit_notes (organisation, order_id);
