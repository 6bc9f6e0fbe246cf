-- Roles of an organisation's own. `folded` is the name as it is compared; `permissions` has a bit for each; `uses` counts
-- the grants of the role.
CREATE TABLE roles (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    permissions INTEGER NOT NULL,
    uses INTEGER NOT NULL CHECK (uses >= 0),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, folded)
) STRICT;

-- Who belongs to an organisation. `id` is the membership, the stream of all that happens to it; `version` is that of its
-- last event.
CREATE TABLE members (
    organisation INTEGER NOT NULL,
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, person)
) STRICT;

-- Roles that members have, and where: `level` 0 in the organisation, 1 in a brand, 2 in a restaurant.
CREATE TABLE grants (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    person BLOB NOT NULL,
    role TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level >= 0 AND level <= 2),
    place BLOB NOT NULL,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, person, role, place)
) STRICT;

-- How many owners and own roles an organisation has, and how many invitations it has sent.
CREATE TABLE tallies (
    organisation INTEGER NOT NULL,
    name TEXT NOT NULL,
    total INTEGER NOT NULL CHECK (total >= 0),
    PRIMARY KEY (organisation, name)
) STRICT;

-- Invitations. `email` is sealed under the key of the invitation itself; `tag` is what its secret is known by; `acting` is 1
-- when an operator invited; `state` is 0 open, 1 accepted, 2 withdrawn, 3 expired.
CREATE TABLE invitations (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    email BLOB NOT NULL,
    tag BLOB NOT NULL,
    inviter TEXT NOT NULL,
    acting INTEGER NOT NULL CHECK (acting >= 0 AND acting <= 1),
    grants TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state >= 0 AND state <= 3),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;
CREATE INDEX invitations_open ON invitations (organisation, expires_at) WHERE state = 0;
