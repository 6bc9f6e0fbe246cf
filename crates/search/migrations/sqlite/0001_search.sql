-- Each change takes the next number, in the order of commits.
CREATE TABLE search_changes (
    id INTEGER NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT;

INSERT INTO search_changes (id, number) VALUES (1, 0);

-- What is published of restaurants; no card for one that is not to be seen. Stale is what is wanted beyond what is done.
CREATE TABLE search_restaurants (
    restaurant BLOB NOT NULL PRIMARY KEY,
    organisation INTEGER NOT NULL,
    brand BLOB,
    change INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    done INTEGER NOT NULL,
    form INTEGER NOT NULL,
    card TEXT,
    words TEXT
) STRICT;

CREATE INDEX search_restaurants_change ON search_restaurants (change);

CREATE INDEX search_restaurants_brand ON search_restaurants (brand);

CREATE INDEX search_restaurants_stale ON search_restaurants (restaurant) WHERE done < wanted;

-- Organisations that were suspended, and at which position of the log that was heard.
CREATE TABLE search_organisations (
    organisation INTEGER NOT NULL PRIMARY KEY,
    change INTEGER NOT NULL,
    position INTEGER NOT NULL,
    suspended INTEGER NOT NULL
) STRICT;
