//! What the events of access say, and how the log gives the rows of roles, members, grants and tallies.

use base::Time;
use domain::access::{GrantId, InvitationId, Permission, Permissions, Place, RoleName};
use domain::organisations::Name;
use domain::people::PersonId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Failure, Fold, Folded, Logged, Outcome, Sql, Value};

use super::store::{GRANTS, MEMBERS, OWN_ROLES, OWNERS, ROLES, SENT, TALLIES, bits};

pub(crate) const ROLE_DEFINED: &str = "role.defined";
pub(crate) const ROLE_CHANGED: &str = "role.changed";
pub(crate) const ROLE_REMOVED: &str = "role.removed";
pub(crate) const MEMBER_JOINED: &str = "member.joined";
pub(crate) const MEMBER_REMOVED: &str = "member.removed";
pub(crate) const GRANT_GIVEN: &str = "grant.given";
pub(crate) const GRANT_REVOKED: &str = "grant.revoked";
pub(crate) const INVITATION_CREATED: &str = "invitation.created";
pub(crate) const INVITATION_ACCEPTED: &str = "invitation.accepted";
pub(crate) const INVITATION_WITHDRAWN: &str = "invitation.withdrawn";

/// A role was defined, changed or removed; its name and permissions as they are after it, or were before its end.
#[derive(Serialize, Deserialize)]
pub(crate) struct RoleSaid {
    pub(crate) name: Name,
    pub(crate) permissions: Vec<String>,
}

/// Somebody joined or was removed.
#[derive(Serialize, Deserialize)]
pub(crate) struct MemberSaid {
    pub(crate) person: PersonId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) invitation: Option<InvitationId>,
}

/// A grant was given or revoked.
#[derive(Serialize, Deserialize)]
pub(crate) struct GrantSaid {
    pub(crate) grant: GrantId,
    pub(crate) person: PersonId,
    pub(crate) role: RoleName,
    pub(crate) place: Place,
}

pub(crate) static ALL_ROLES: Sql = Sql::new(
    "roles.all",
    &ROLES,
    "SELECT id, name, folded, permissions, uses, version, created_at FROM roles \
     WHERE organisation = $1",
);

pub(crate) static ALL_MEMBERS: Sql = Sql::new(
    "members.all",
    &MEMBERS,
    "SELECT person, id, version, joined_at FROM members WHERE organisation = $1",
);

pub(crate) static ALL_GRANTS: Sql = Sql::new(
    "grants.all",
    &GRANTS,
    "SELECT id, person, role, level, place, given_at FROM grants WHERE organisation = $1",
);

pub(crate) static ALL_TALLIES: Sql = Sql::new(
    "tallies.all",
    &TALLIES,
    "SELECT name, total FROM tallies WHERE organisation = $1",
);

/// Roles, from their events and those of their grants.
pub(crate) static FOLD_ROLES: Fold = Fold {
    table: &ROLES,
    kinds: &[
        ROLE_DEFINED,
        ROLE_CHANGED,
        ROLE_REMOVED,
        GRANT_GIVEN,
        GRANT_REVOKED,
    ],
    apply: fold_role,
    read: &ALL_ROLES,
    key: 1,
};

/// Members, from their events and those of their grants.
pub(crate) static FOLD_MEMBERS: Fold = Fold {
    table: &MEMBERS,
    kinds: &[MEMBER_JOINED, MEMBER_REMOVED, GRANT_GIVEN, GRANT_REVOKED],
    apply: fold_member,
    read: &ALL_MEMBERS,
    key: 1,
};

/// Grants, from their events.
pub(crate) static FOLD_GRANTS: Fold = Fold {
    table: &GRANTS,
    kinds: &[GRANT_GIVEN, GRANT_REVOKED],
    apply: fold_grant,
    read: &ALL_GRANTS,
    key: 1,
};

/// Tallies, from what they count.
pub(crate) static FOLD_TALLIES: Fold = Fold {
    table: &TALLIES,
    kinds: &[
        ROLE_DEFINED,
        ROLE_REMOVED,
        GRANT_GIVEN,
        GRANT_REVOKED,
        INVITATION_CREATED,
    ],
    apply: fold_tally,
    read: &ALL_TALLIES,
    key: 1,
};

/// Reads what an event says.
pub(crate) fn said<T: DeserializeOwned>(event: &Logged) -> Outcome<T> {
    serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))
}

/// The names of permissions, for an event.
pub(crate) fn names(permissions: Permissions) -> Vec<String> {
    let each = permissions.iter().map(Permission::name);
    each.map(str::to_owned).collect()
}

fn fold_role(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let grant = [GRANT_GIVEN, GRANT_REVOKED].contains(&event.kind.as_str());
    if grant {
        let RoleName::Own(role) = said::<GrantSaid>(event)?.role else {
            return Ok(());
        };
        let step = if event.kind == GRANT_GIVEN { 1 } else { -1 };
        return step_cell(rows, role.uid().into(), (3, step));
    }
    let key = vec![event.stream.into()];
    if event.kind == ROLE_REMOVED {
        rows.remove(&key);
        return Ok(());
    }
    let role: RoleSaid = said(event)?;
    // A permission that this version does not know any more has no bit.
    let known = role
        .permissions
        .iter()
        .filter_map(|name| Permission::find(name));
    let (uses, created_at) = match rows.get(&key).map(Vec::as_slice) {
        Some([.., uses, _, created_at]) => (uses.clone(), created_at.clone()),
        _ => (0.into(), event.at.into()),
    };
    let row = vec![
        role.name.as_str().into(),
        role.name.folded().into(),
        bits(known.collect()).into(),
        uses,
        event.version.into(),
        created_at,
    ];
    rows.insert(key, row);
    Ok(())
}

fn fold_member(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let person = match event.kind.as_str() {
        MEMBER_JOINED | MEMBER_REMOVED => said::<MemberSaid>(event)?.person,
        _ => said::<GrantSaid>(event)?.person,
    };
    let key = vec![Value::from(person.uid())];
    match event.kind.as_str() {
        MEMBER_JOINED => {
            let (version, at): (i64, Time) = (event.version, event.at);
            rows.insert(key, vec![event.stream.into(), version.into(), at.into()]);
        }
        MEMBER_REMOVED => {
            rows.remove(&key);
        }
        _ => return step_cell(rows, person.uid().into(), (1, 1)),
    }
    Ok(())
}

fn fold_grant(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let grant: GrantSaid = said(event)?;
    let key = vec![Value::from(grant.grant.uid())];
    if event.kind == GRANT_REVOKED {
        rows.remove(&key);
        return Ok(());
    }
    let row = vec![
        grant.person.uid().into(),
        grant.role.to_string().into(),
        grant.place.level().into(),
        grant.place.uid().into(),
        event.at.into(),
    ];
    rows.insert(key, row);
    Ok(())
}

fn fold_tally(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let (name, step) = match event.kind.as_str() {
        ROLE_DEFINED => (OWN_ROLES, 1),
        ROLE_REMOVED => (OWN_ROLES, -1),
        INVITATION_CREATED => (SENT, 1),
        _ if said::<GrantSaid>(event)?.role != RoleName::OWNER => return Ok(()),
        GRANT_GIVEN => (OWNERS, 1),
        _ => (OWNERS, -1),
    };
    let key: Value = name.into();
    rows.entry(vec![key.clone()])
        .or_insert_with(|| vec![0.into()]);
    step_cell(rows, key, (0, step))
}

/// Moves a number in the row of a key.
fn step_cell(rows: &mut Folded, key: Value, (column, step): (usize, i64)) -> Outcome<()> {
    let cell = rows.get_mut(&vec![key]).and_then(|row| row.get_mut(column));
    let Some(Value::Int(number)) = cell else {
        return Err(Failure::Damaged("a folded row is not there".to_owned()));
    };
    *number = number.saturating_add(step);
    Ok(())
}
