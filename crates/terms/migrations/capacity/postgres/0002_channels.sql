-- What each quarter of an hour has taken on of a sales channel that has limits of its own, and for which orders.
CREATE TABLE capacity_channels (
    organisation BIGINT NOT NULL,
    restaurant UUID NOT NULL,
    slot BIGINT NOT NULL,
    channel TEXT NOT NULL,
    taken BIGINT NOT NULL CHECK (taken >= 0),
    minutes BIGINT NOT NULL CHECK (minutes >= 0),
    money BIGINT NOT NULL CHECK (money >= 0),
    at BIGINT NOT NULL,
    PRIMARY KEY (organisation, restaurant, slot, channel)
);

CREATE INDEX capacity_channels_at ON capacity_channels (at);

ALTER TABLE capacity_takes ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE capacity_takes ADD COLUMN channel_minutes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE capacity_takes ADD COLUMN channel_money BIGINT NOT NULL DEFAULT 0;
