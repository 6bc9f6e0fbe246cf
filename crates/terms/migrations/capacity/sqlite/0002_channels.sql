-- What each quarter of an hour has taken on of a sales channel that has limits of its own, and for which orders.
CREATE TABLE capacity_channels (
    organisation INTEGER NOT NULL,
    restaurant BLOB NOT NULL,
    slot INTEGER NOT NULL,
    channel TEXT NOT NULL,
    taken INTEGER NOT NULL CHECK (taken >= 0),
    minutes INTEGER NOT NULL CHECK (minutes >= 0),
    money INTEGER NOT NULL CHECK (money >= 0),
    at INTEGER NOT NULL,
    PRIMARY KEY (organisation, restaurant, slot, channel)
) STRICT;

CREATE INDEX capacity_channels_at ON capacity_channels (at);

ALTER TABLE capacity_takes ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE capacity_takes ADD COLUMN channel_minutes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE capacity_takes ADD COLUMN channel_money INTEGER NOT NULL DEFAULT 0;
