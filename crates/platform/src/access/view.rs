//! What roles, members, grants and invitations look like from outside.

use std::fmt;
use std::str::FromStr;

use base::Time;
use domain::access::{BuiltIn, GrantId, InvitationId, Permission, Permissions, Place, RoleName};
use domain::organisations::OrganisationId;
use domain::people::PersonId;
use serde::{Deserialize, Serialize};
use slice::{TypedEmail, TypedName};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::store::{Grant, Role};

/// A permission by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TypedPermission(pub(crate) Permission);

impl PartialSchema for TypedPermission {
    fn schema() -> RefOr<Schema> {
        let names = Permission::ALL.iter().map(|one| one.name());
        let string = ObjectBuilder::new().schema_type(Type::String);
        string.enum_values(Some(names)).into()
    }
}

impl ToSchema for TypedPermission {}

impl fmt::Display for TypedPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl FromStr for TypedPermission {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Permission::find(text).map(TypedPermission);
        found.ok_or("there is no such permission")
    }
}

impl Serialize for TypedPermission {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for TypedPermission {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A role to define.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewRole {
    /// What it is called.
    pub(crate) name: TypedName,
    /// What it allows.
    #[schema(max_items = 64)]
    pub(crate) permissions: Vec<TypedPermission>,
}

/// A role as it is to be from now on, for all who have it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedRole {
    /// What it is called.
    pub(crate) name: TypedName,
    /// What it allows.
    #[schema(max_items = 64)]
    pub(crate) permissions: Vec<TypedPermission>,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

/// A role: what whoever has it may do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleView {
    /// Which one: a word for those that every organisation has, an id for its own.
    #[schema(value_type = String, pattern = "^(owner|manager|staff|kitchen|finance|support|rol_[0-7][0-9a-hjkmnp-tv-z]{25})$")]
    pub(crate) role: RoleName,
    /// What it is called.
    pub(crate) name: String,
    /// What it allows.
    pub(crate) permissions: Vec<TypedPermission>,
    /// How many grants of it there are; of the organisation's own roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub(crate) uses: Option<i64>,
    /// Grows with every change; of the organisation's own roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub(crate) version: Option<i64>,
}

/// A role in a place.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewGrant {
    /// Which role: `owner`, `manager`, `staff`, `kitchen`, `finance`, `support`, or the id of an own one.
    #[schema(value_type = String, pattern = "^(owner|manager|staff|kitchen|finance|support|rol_[0-7][0-9a-hjkmnp-tv-z]{25})$")]
    pub(crate) role: RoleName,
    /// Where: the id of the organisation, of a brand or of a restaurant.
    #[schema(value_type = String, pattern = "^(org|brd|rst)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) place: Place,
}

/// A role that a member has in a place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GrantView {
    /// Which grant.
    #[schema(value_type = String, pattern = "^grt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: GrantId,
    /// Which role.
    #[schema(value_type = String, pattern = "^(owner|manager|staff|kitchen|finance|support|rol_[0-7][0-9a-hjkmnp-tv-z]{25})$")]
    pub(crate) role: RoleName,
    /// Where.
    #[schema(value_type = String, pattern = "^(org|brd|rst)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) place: Place,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) given_at: Time,
}

/// Somebody who belongs to the organisation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberView {
    /// Who.
    #[schema(value_type = String, pattern = "^per_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) person: PersonId,
    /// His name, if he has told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) joined_at: Time,
    /// The roles that he has, as far as the caller may see them.
    pub(crate) grants: Vec<GrantView>,
}

/// An invitation to send.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewInvitation {
    /// Where the letter goes.
    pub(crate) email: TypedEmail,
    /// The roles that whoever accepts it will have.
    #[schema(min_items = 1, max_items = 20)]
    pub(crate) grants: Vec<NewGrant>,
}

/// An invitation that nobody has accepted yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationView {
    /// Which one.
    #[schema(value_type = String, pattern = "^inv_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: InvitationId,
    /// Where the letter went; in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// The roles that whoever accepts it will have.
    pub(crate) grants: Vec<NewGrantView>,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Time,
    /// Until when it can be accepted.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Time,
}

/// A role in a place, as an invitation promises it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewGrantView {
    /// Which role.
    #[schema(value_type = String, pattern = "^(owner|manager|staff|kitchen|finance|support|rol_[0-7][0-9a-hjkmnp-tv-z]{25})$")]
    pub(crate) role: RoleName,
    /// Where.
    #[schema(value_type = String, pattern = "^(org|brd|rst)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) place: Place,
}

/// An invitation to accept.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Acceptance {
    /// What stood in the link behind the sign `#`.
    #[schema(pattern = "^inv_[0-7][0-9a-hjkmnp-tv-z]{25}\\.[A-Za-z0-9_-]{43}$")]
    pub(crate) token: String,
}

/// An organisation that the caller belongs to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MembershipView {
    /// Which one.
    #[schema(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) organisation: OrganisationId,
    /// What it is called.
    pub(crate) name: String,
    /// Whether it may change nothing now.
    pub(crate) suspended: bool,
    /// Since when the caller belongs to it.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) since: Time,
    /// The roles that the caller has there.
    pub(crate) roles: Vec<OwnRoleView>,
}

/// A role that the caller has in a place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnRoleView {
    /// Which role.
    #[schema(value_type = String, pattern = "^(owner|manager|staff|kitchen|finance|support|rol_[0-7][0-9a-hjkmnp-tv-z]{25})$")]
    pub(crate) role: RoleName,
    /// What it is called.
    pub(crate) name: String,
    /// Where.
    #[schema(value_type = String, pattern = "^(org|brd|rst)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) place: Place,
}

impl RoleView {
    pub(crate) fn of(role: &Role) -> Self {
        RoleView {
            role: RoleName::Own(role.id),
            name: role.name.as_str().to_owned(),
            permissions: typed(role.permissions),
            uses: Some(role.uses),
            version: Some(role.version),
        }
    }

    pub(crate) fn built_in(role: BuiltIn) -> Self {
        RoleView {
            role: RoleName::BuiltIn(role),
            name: role.name().to_owned(),
            permissions: typed(role.permissions()),
            uses: None,
            version: None,
        }
    }
}

impl From<&Grant> for GrantView {
    fn from(grant: &Grant) -> Self {
        GrantView {
            id: grant.id,
            role: grant.role,
            place: grant.place,
            given_at: grant.given_at,
        }
    }
}

impl OwnRoleView {
    pub(crate) fn of(grant: &Grant, roles: &[Role]) -> Self {
        OwnRoleView {
            role: grant.role,
            name: called(grant.role, roles),
            place: grant.place,
        }
    }
}

impl From<&NewGrant> for NewGrantView {
    fn from(grant: &NewGrant) -> Self {
        NewGrantView {
            role: grant.role,
            place: grant.place,
        }
    }
}

/// The permissions that were typed, as a set.
pub(crate) fn untyped(permissions: &[TypedPermission]) -> Permissions {
    permissions.iter().map(|one| one.0).collect()
}

fn typed(permissions: Permissions) -> Vec<TypedPermission> {
    permissions.iter().map(TypedPermission).collect()
}

/// What a role is called.
fn called(role: RoleName, roles: &[Role]) -> String {
    let own = role.own();
    let found = roles.iter().find(|known| Some(known.id) == own);
    found.map_or_else(|| role.to_string(), |found| found.name.as_str().to_owned())
}
