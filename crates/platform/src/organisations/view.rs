//! What organisations and brands look like from outside.

use domain::organisations::{Brand, BrandId, Counted, Organisation, OrganisationId, Plan, State};
use domain::people::PersonId;
use serde::{Deserialize, Serialize};
use slice::{TypedName, VERSION_MAX, wrong};
use utoipa::ToSchema;

/// A new organisation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Found {
    /// What it is called.
    pub(crate) name: TypedName,
    /// Who owns it, where an operator makes it for somebody. Whoever makes one himself owns it.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^per_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) owner: Option<PersonId>,
    /// The shard that it lives on, for operators; else the one with the fewest.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub(crate) shard: Option<String>,
}

/// The name for a new brand.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewName {
    /// What it is called.
    pub(crate) name: TypedName,
}

/// Another name for an organisation or brand.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Rename {
    /// What it is called from now on.
    pub(crate) name: TypedName,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

/// Another plan for an organisation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewPlan {
    /// What it pays for from now on.
    #[schema(value_type = PlanName)]
    pub(crate) plan: Plan,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

/// What an organisation pays for.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(
    dead_code,
    reason = "the document shows it in place of the type of the domain"
)]
pub(crate) enum PlanName {
    /// One house, or a few.
    Starter,
    /// A group.
    Growth,
    /// A chain.
    Enterprise,
}

/// Whether something is open for business.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(
    dead_code,
    reason = "the document shows it in place of the type of the domain"
)]
pub(crate) enum StateName {
    /// It is.
    Active,
    /// It is not, until it is resumed.
    Suspended,
}

/// An organisation: a group of restaurants that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganisationView {
    /// Which one.
    #[schema(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: OrganisationId,
    /// What it is called.
    pub(crate) name: String,
    /// The region that owns its data.
    pub(crate) region: String,
    /// What it pays for.
    #[schema(value_type = PlanName)]
    pub(crate) plan: Plan,
    /// Whether its people may change anything.
    #[schema(value_type = StateName)]
    pub(crate) state: State,
    /// Grows with every change; to be sent along with the next one.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: base::Time,
}

/// The plan of an organisation: how much it holds, and how much is used.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanView {
    /// What it pays for.
    #[schema(value_type = PlanName)]
    plan: Plan,
    /// How many requests a minute all its people, keys and devices may send together.
    requests_a_minute: u32,
    /// What is counted.
    limits: Vec<LimitView>,
}

/// One thing that a plan limits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LimitView {
    /// What is counted: `restaurants`, `brands`, `members`, `keys` or `devices`.
    what: &'static str,
    /// How many there are.
    #[schema(minimum = 0)]
    used: i64,
    /// How many there may be; nothing where there is no limit.
    #[schema(minimum = 1)]
    most: Option<i64>,
}

/// A brand of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BrandView {
    /// Which one.
    #[schema(value_type = String, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: BrandId,
    /// What it is called.
    pub(crate) name: String,
    /// Grows with every change; to be sent along with the next one.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: base::Time,
}

impl OrganisationView {
    pub(crate) fn of(organisation: &Organisation, region: &str) -> Self {
        OrganisationView {
            id: organisation.id,
            name: organisation.name.as_str().to_owned(),
            region: region.to_owned(),
            plan: organisation.plan,
            state: organisation.state,
            version: organisation.version,
            created_at: organisation.created_at,
        }
    }
}

impl PlanView {
    pub(crate) fn of(plan: Plan, used: &[(Counted, i64)]) -> Self {
        let limit = |(what, used): &(Counted, i64)| LimitView {
            what: what.name(),
            used: *used,
            most: Some(plan.most(*what)).filter(|most| *most < i64::MAX),
        };
        PlanView {
            plan,
            requests_a_minute: plan.requests_a_minute(),
            limits: used.iter().map(limit).collect(),
        }
    }
}

impl From<&Brand> for BrandView {
    fn from(brand: &Brand) -> Self {
        BrandView {
            id: brand.id,
            name: brand.name.as_str().to_owned(),
            version: brand.version,
            created_at: brand.created_at,
        }
    }
}

/// The version that somebody has seen.
pub(crate) fn seen(version: i64) -> base::Result<i64> {
    match (1..=VERSION_MAX).contains(&version) {
        true => Ok(version),
        false => Err(wrong("version", "a version is a whole number from 1")),
    }
}
