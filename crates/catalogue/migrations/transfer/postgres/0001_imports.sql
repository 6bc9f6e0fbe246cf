-- Files that are taken into drafts. One at a time in each place: the turn of a place is the import that runs there.
CREATE TABLE menu_import_turns (
    organisation BIGINT NOT NULL,
    place UUID NOT NULL,
    import UUID NOT NULL,
    PRIMARY KEY (organisation, place)
);

CREATE TABLE menu_imports (
    organisation BIGINT NOT NULL,
    place UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    file TEXT NOT NULL,
    size BIGINT NOT NULL,
    run UUID NOT NULL,
    step BIGINT NOT NULL,
    steps BIGINT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    found TEXT NOT NULL,
    author TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, place, id)
);

-- The bytes of a file until it has been read.
CREATE TABLE menu_import_pieces (
    organisation BIGINT NOT NULL,
    import UUID NOT NULL,
    number BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (organisation, import, number)
);

-- What is to be done to the draft, an edit a row, until it is done. A run is one reading of the file.
CREATE TABLE menu_import_steps (
    organisation BIGINT NOT NULL,
    import UUID NOT NULL,
    run UUID NOT NULL,
    number BIGINT NOT NULL,
    edit BYTEA NOT NULL,
    PRIMARY KEY (organisation, import, run, number)
);
