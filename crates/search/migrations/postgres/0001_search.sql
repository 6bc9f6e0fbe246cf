-- Each change takes the next number, in the order of commits.
CREATE TABLE search_changes (
    id BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);

INSERT INTO search_changes (id, number) VALUES (1, 0);

-- What is published of restaurants; no card for one that is not to be seen. Stale is what is wanted beyond what is done.
CREATE TABLE search_restaurants (
    restaurant UUID NOT NULL PRIMARY KEY,
    organisation BIGINT NOT NULL,
    brand UUID,
    change BIGINT NOT NULL,
    wanted BIGINT NOT NULL,
    done BIGINT NOT NULL,
    form BIGINT NOT NULL,
    card TEXT,
    words TEXT
);

CREATE INDEX search_restaurants_change ON search_restaurants (change);

CREATE INDEX search_restaurants_brand ON search_restaurants (brand);

CREATE INDEX search_restaurants_stale ON search_restaurants (restaurant) WHERE done < wanted;

-- Organisations that were suspended, and at which position of the log that was heard.
CREATE TABLE search_organisations (
    organisation BIGINT NOT NULL PRIMARY KEY,
    change BIGINT NOT NULL,
    position BIGINT NOT NULL,
    suspended BIGINT NOT NULL
);
