-- Roles of an organisation's own. `folded` is the name as it is compared; `permissions` has a bit for each; `uses` counts
-- the grants of the role.
CREATE TABLE roles (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    permissions BIGINT NOT NULL,
    uses BIGINT NOT NULL CHECK (uses >= 0),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, folded)
);

-- Who belongs to an organisation. `id` is the membership, the stream of all that happens to it; `version` is that of its
-- last event.
CREATE TABLE members (
    organisation BIGINT NOT NULL,
    person UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, person)
);

-- Roles that members have, and where: `level` 0 in the organisation, 1 in a brand, 2 in a restaurant.
CREATE TABLE grants (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    person UUID NOT NULL,
    role TEXT NOT NULL,
    level BIGINT NOT NULL CHECK (level >= 0 AND level <= 2),
    place UUID NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, person, role, place)
);

-- How many owners and own roles an organisation has, and how many invitations it has sent.
CREATE TABLE tallies (
    organisation BIGINT NOT NULL,
    name TEXT NOT NULL,
    total BIGINT NOT NULL CHECK (total >= 0),
    PRIMARY KEY (organisation, name)
);

-- Invitations. `email` is sealed under the key of the invitation itself; `tag` is what its secret is known by; `acting` is 1
-- when an operator invited; `state` is 0 open, 1 accepted, 2 withdrawn, 3 expired.
CREATE TABLE invitations (
    organisation BIGINT NOT NULL,
    id UUID NOT NULL,
    email BYTEA NOT NULL,
    tag BYTEA NOT NULL,
    inviter TEXT NOT NULL,
    acting BIGINT NOT NULL CHECK (acting >= 0 AND acting <= 1),
    grants TEXT NOT NULL,
    state BIGINT NOT NULL CHECK (state >= 0 AND state <= 3),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);
CREATE INDEX invitations_open ON invitations (organisation, expires_at) WHERE state = 0;
