//! The tables of roles, members, grants and invitations, and their rows as values.

use std::str::FromStr as _;

use base::{Time, Uid};
use domain::access::{
    GrantId, InvitationId, MemberId, Permissions, Place, RoleId, RoleName, Roles,
};
use domain::organisations::Name;
use domain::people::PersonId;
use store::{Class, Column, Failure, Outcome, Row, Sql, Table, Value};

use super::fold;

/// The roles of an organisation's own.
pub(crate) static ROLES: Table = Table::new(
    "roles",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("name"),
        Column::text("folded"),
        Column::int("permissions"),
        Column::int("uses"),
        Column::int("version"),
        Column::int("created_at"),
    ],
    1,
    &[],
);

/// Who belongs to an organisation.
pub(crate) static MEMBERS: Table = Table::new(
    "members",
    Class::Organisation,
    &[
        Column::id("person"),
        Column::id("id"),
        Column::int("version"),
        Column::int("joined_at"),
    ],
    1,
    &[],
);

/// The roles that members have, and where.
pub(crate) static GRANTS: Table = Table::new(
    "grants",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("person"),
        Column::text("role"),
        Column::int("level"),
        Column::id("place"),
        Column::int("given_at"),
    ],
    1,
    &[],
);

/// How many owners and own roles there are, and how many invitations were sent.
pub(crate) static TALLIES: Table = Table::new(
    "tallies",
    Class::Organisation,
    &[Column::text("name"), Column::int("total")],
    1,
    &[],
);

/// Invitations, as they stand.
pub(crate) static INVITATIONS: Table = Table::new(
    "invitations",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::bytes("email"),
        Column::bytes("tag"),
        Column::text("inviter"),
        Column::int("acting"),
        Column::text("grants"),
        Column::int("state"),
        Column::int("created_at"),
        Column::int("expires_at"),
    ],
    1,
    &[],
);

/// The tally of owners.
pub(crate) const OWNERS: &str = "owners";
/// The tally of own roles.
pub(crate) const OWN_ROLES: &str = "roles";
/// The running number of invitations.
pub(crate) const SENT: &str = "invitations";

pub(crate) static LIST_ROLES: Sql = Sql::new(
    "roles.list",
    &ROLES,
    "SELECT id, name, permissions, uses, version, created_at FROM roles \
     WHERE organisation = $1 ORDER BY id",
);

pub(crate) static CHANGE_ROLE: Sql = Sql::new(
    "roles.change",
    &ROLES,
    "UPDATE roles SET name = $3, folded = $4, permissions = $5, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $6",
);

/// Counts grants of a role, which must be as it was when they were decided upon.
pub(crate) static USE_ROLE: Sql = Sql::new(
    "roles.use",
    &ROLES,
    "UPDATE roles SET uses = uses + $4 WHERE organisation = $1 AND id = $2 AND version = $3",
);

pub(crate) static RELEASE_ROLE: Sql = Sql::new(
    "roles.release",
    &ROLES,
    "UPDATE roles SET uses = uses - $3 WHERE organisation = $1 AND id = $2 AND uses >= $3",
);

/// Removes a role that nobody has.
pub(crate) static REMOVE_ROLE: Sql = Sql::new(
    "roles.remove",
    &ROLES,
    "DELETE FROM roles WHERE organisation = $1 AND id = $2 AND version = $3 AND uses = 0",
);

pub(crate) static READ_MEMBER: Sql = Sql::new(
    "members.read",
    &MEMBERS,
    "SELECT person, id, version, joined_at FROM members WHERE organisation = $1 AND person = $2",
);

pub(crate) static LIST_MEMBERS: Sql = Sql::new(
    "members.list",
    &MEMBERS,
    "SELECT person, id, version, joined_at FROM members \
     WHERE organisation = $1 AND person > $2 ORDER BY person LIMIT $3",
);

/// Notes that so many events happened to a membership that stood at this version.
pub(crate) static MOVE_MEMBER: Sql = Sql::new(
    "members.move",
    &MEMBERS,
    "UPDATE members SET version = version + $4 \
     WHERE organisation = $1 AND person = $2 AND version = $3",
);

/// Sees that what a member may do is still as it was when he decided.
pub(crate) static HOLD_MEMBER: Sql = Sql::new(
    "members.hold",
    &MEMBERS,
    "UPDATE members SET version = $3 WHERE organisation = $1 AND person = $2 AND version = $3",
);

pub(crate) static REMOVE_MEMBER: Sql = Sql::new(
    "members.remove",
    &MEMBERS,
    "DELETE FROM members WHERE organisation = $1 AND person = $2 AND version = $3",
);

pub(crate) static READ_GRANT: Sql = Sql::new(
    "grants.read",
    &GRANTS,
    "SELECT id, person, role, level, place, given_at FROM grants \
     WHERE organisation = $1 AND id = $2",
);

pub(crate) static GRANTS_OF: Sql = Sql::new(
    "grants.of",
    &GRANTS,
    "SELECT id, person, role, level, place, given_at FROM grants \
     WHERE organisation = $1 AND person = $2 ORDER BY id",
);

/// The grants of the members of one page.
pub(crate) static GRANTS_BETWEEN: Sql = Sql::new(
    "grants.between",
    &GRANTS,
    "SELECT id, person, role, level, place, given_at FROM grants \
     WHERE organisation = $1 AND person >= $2 AND person <= $3 ORDER BY person, id",
);

pub(crate) static REMOVE_GRANT: Sql = Sql::new(
    "grants.remove",
    &GRANTS,
    "DELETE FROM grants WHERE organisation = $1 AND id = $2",
);

/// Counts one more, as long as there are fewer than so many.
pub(crate) static COUNT_UP: Sql = Sql::new(
    "tallies.up",
    &TALLIES,
    "INSERT INTO tallies (organisation, name, total) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, name) DO UPDATE SET total = tallies.total + 1 \
     WHERE tallies.total < $3",
);

/// Counts the next one, if nobody has counted since.
pub(crate) static COUNT_NEXT: Sql = Sql::new(
    "tallies.next",
    &TALLIES,
    "INSERT INTO tallies (organisation, name, total) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, name) DO UPDATE SET total = tallies.total + 1 \
     WHERE tallies.total = $3",
);

/// Counts one less, as long as so many are left.
pub(crate) static COUNT_DOWN: Sql = Sql::new(
    "tallies.down",
    &TALLIES,
    "UPDATE tallies SET total = total - 1 WHERE organisation = $1 AND name = $2 AND total > $3",
);

pub(crate) static READ_TALLY: Sql = Sql::new(
    "tallies.read",
    &TALLIES,
    "SELECT total FROM tallies WHERE organisation = $1 AND name = $2",
);

pub(crate) static READ_INVITATION: Sql = Sql::new(
    "invitations.read",
    &INVITATIONS,
    "SELECT id, email, tag, inviter, acting, grants, state, created_at, expires_at FROM invitations \
     WHERE organisation = $1 AND id = $2",
);

pub(crate) static LIST_INVITATIONS: Sql = Sql::new(
    "invitations.list",
    &INVITATIONS,
    "SELECT id, email, tag, inviter, acting, grants, state, created_at, expires_at FROM invitations \
     WHERE organisation = $1 AND id > $2 AND state = 0 AND expires_at > $3 ORDER BY id LIMIT $4",
);

pub(crate) static COUNT_INVITATIONS: Sql = Sql::new(
    "invitations.open",
    &INVITATIONS,
    "SELECT COUNT(*) FROM invitations WHERE organisation = $1 AND state = 0 AND expires_at > $2",
);

/// Ends an invitation that is open and has not run out at this time.
pub(crate) static END_INVITATION: Sql = Sql::new(
    "invitations.end",
    &INVITATIONS,
    "UPDATE invitations SET state = $3 \
     WHERE organisation = $1 AND id = $2 AND state = 0 AND expires_at > $4",
);

pub(crate) const TABLES: &[&Table] = &[&ROLES, &MEMBERS, &GRANTS, &TALLIES, &INVITATIONS];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &LIST_ROLES,
    &CHANGE_ROLE,
    &USE_ROLE,
    &RELEASE_ROLE,
    &REMOVE_ROLE,
    &READ_MEMBER,
    &LIST_MEMBERS,
    &MOVE_MEMBER,
    &HOLD_MEMBER,
    &REMOVE_MEMBER,
    &READ_GRANT,
    &GRANTS_OF,
    &GRANTS_BETWEEN,
    &REMOVE_GRANT,
    &COUNT_UP,
    &COUNT_NEXT,
    &COUNT_DOWN,
    &READ_TALLY,
    &READ_INVITATION,
    &LIST_INVITATIONS,
    &COUNT_INVITATIONS,
    &END_INVITATION,
    &fold::ALL_ROLES,
    &fold::ALL_MEMBERS,
    &fold::ALL_GRANTS,
    &fold::ALL_TALLIES,
];

/// A role of an organisation's own, as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: RoleId,
    pub(crate) name: Name,
    pub(crate) permissions: Permissions,
    pub(crate) uses: i64,
    pub(crate) version: i64,
    pub(crate) created_at: Time,
}

/// A member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) person: PersonId,
    pub(crate) id: MemberId,
    pub(crate) version: i64,
    pub(crate) joined_at: Time,
}

/// A grant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    pub(crate) id: GrantId,
    pub(crate) person: PersonId,
    pub(crate) role: RoleName,
    pub(crate) place: Place,
    pub(crate) given_at: Time,
}

/// An invitation. Its e-mail is still sealed.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) id: InvitationId,
    pub(crate) email: Vec<u8>,
    pub(crate) tag: Vec<u8>,
    pub(crate) inviter: String,
    pub(crate) acting: bool,
    pub(crate) grants: String,
    pub(crate) state: i64,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

/// Permissions as a column holds them.
pub(crate) fn bits(permissions: Permissions) -> i64 {
    permissions.bits().cast_signed()
}

/// Permissions from such a column.
pub(crate) fn permissions(bits: i64) -> Permissions {
    Permissions::from_bits(bits.cast_unsigned())
}

/// What each of these roles allows.
pub(crate) fn roles(roles: &[Role]) -> Roles {
    let each = roles.iter();
    each.map(|role| (role.id, role.permissions)).collect()
}

/// All rows as values.
pub(crate) fn all<T>(rows: &[Row], read: fn(&Row) -> Outcome<T>) -> Outcome<Vec<T>> {
    rows.iter().map(read).collect()
}

pub(crate) fn role(row: &Row) -> Outcome<Role> {
    let name: String = row.get(1)?;
    Ok(Role {
        id: row.get::<Uid>(0)?.into(),
        name: Name::parse(&name).map_err(|_| lost("the name of a role"))?,
        permissions: permissions(row.get(2)?),
        uses: row.get(3)?,
        version: row.get(4)?,
        created_at: row.get(5)?,
    })
}

pub(crate) fn member(row: &Row) -> Outcome<Member> {
    Ok(Member {
        person: row.get::<Uid>(0)?.into(),
        id: row.get::<Uid>(1)?.into(),
        version: row.get(2)?,
        joined_at: row.get(3)?,
    })
}

pub(crate) fn grant(row: &Row) -> Outcome<Grant> {
    let (role, level): (String, i64) = (row.get(2)?, row.get(3)?);
    Ok(Grant {
        id: row.get::<Uid>(0)?.into(),
        person: row.get::<Uid>(1)?.into(),
        role: RoleName::from_str(&role).map_err(|_| lost("the role of a grant"))?,
        place: Place::from_parts(level, row.get(4)?).ok_or_else(|| lost("a place"))?,
        given_at: row.get(5)?,
    })
}

pub(crate) fn invitation(row: &Row) -> Outcome<Invitation> {
    Ok(Invitation {
        id: row.get::<Uid>(0)?.into(),
        email: row.get(1)?,
        tag: row.get(2)?,
        inviter: row.get(3)?,
        acting: row.get(4)?,
        grants: row.get(5)?,
        state: row.get(6)?,
        created_at: row.get(7)?,
        expires_at: row.get(8)?,
    })
}

/// The row of a grant.
pub(crate) fn grant_row(grant: &Grant) -> [Value; 6] {
    [
        grant.id.uid().into(),
        grant.person.uid().into(),
        grant.role.to_string().into(),
        grant.place.level().into(),
        grant.place.uid().into(),
        grant.given_at.into(),
    ]
}

fn lost(what: &str) -> Failure {
    Failure::Damaged(format!("{what} cannot be read"))
}
