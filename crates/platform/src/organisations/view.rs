//! What organisations and brands look like from outside.

use domain::organisations::{Brand, BrandId, Organisation, OrganisationId};
use serde::{Deserialize, Serialize};
use slice::TypedName;
use utoipa::ToSchema;

/// The name for a new organisation or brand.
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
    /// Grows with every change; to be sent along with the next one.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: base::Time,
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
            version: organisation.version,
            created_at: organisation.created_at,
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
