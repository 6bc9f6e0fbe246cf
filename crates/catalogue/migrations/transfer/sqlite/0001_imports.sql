-- Files that are taken into drafts. One at a time in each place: the turn of a place is the import that runs there.
CREATE TABLE menu_import_turns (
    organisation INTEGER NOT NULL,
    place BLOB NOT NULL,
    import BLOB NOT NULL,
    PRIMARY KEY (organisation, place)
) STRICT;

CREATE TABLE menu_imports (
    organisation INTEGER NOT NULL,
    place BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    run BLOB NOT NULL,
    step INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    found TEXT NOT NULL,
    author TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, place, id)
) STRICT;

-- The bytes of a file until it has been read.
CREATE TABLE menu_import_pieces (
    organisation INTEGER NOT NULL,
    import BLOB NOT NULL,
    number INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (organisation, import, number)
) STRICT;

-- What is to be done to the draft, an edit a row, until it is done. A run is one reading of the file.
CREATE TABLE menu_import_steps (
    organisation INTEGER NOT NULL,
    import BLOB NOT NULL,
    run BLOB NOT NULL,
    number INTEGER NOT NULL,
    edit BLOB NOT NULL,
    PRIMARY KEY (organisation, import, run, number)
) STRICT;
