//! What devices look like from outside, and what is asked for when one is paired.

use base::{Result, Time};
use domain::access::DeviceId;
use domain::organisations::{DeviceKind, Pairing, PairingCode, RestaurantId};
use serde::{Deserialize, Serialize};
use slice::{TypedName, wrong};
use utoipa::ToSchema;

use super::store::Device;

/// What a device is for.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(
    dead_code,
    reason = "the document shows it in place of the type of the domain"
)]
pub(crate) enum DeviceKindName {
    /// Shows what is to be cooked, and moves it on.
    Kitchen,
    /// Shows the menu to guests.
    Kiosk,
}

/// A device that is to be paired.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewDevice {
    /// What it is for.
    #[schema(value_type = DeviceKindName)]
    kind: DeviceKind,
    /// What people call it.
    label: TypedName,
}

/// A code that is typed into the device.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Offered {
    /// Eight letters and digits. It is shown this once, and works once.
    pub(crate) code: String,
    /// For how many seconds it works.
    pub(crate) expires_in: i64,
}

/// What a device sends to be paired.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Typed {
    /// The code, as it was typed.
    #[schema(pattern = "^[0-9A-Za-z]{4}[ -]?[0-9A-Za-z]{4}$", example = "7K3F-Q9XB")]
    code: String,
}

/// A device.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceView {
    /// Which one.
    #[schema(value_type = String, pattern = "^dev_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: DeviceId,
    /// Where it stands.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
    /// What it is for.
    #[schema(value_type = DeviceKindName)]
    kind: DeviceKind,
    /// What people call it.
    label: String,
    /// Who made the code that it was paired with.
    paired_by: String,
    /// When it was paired.
    #[schema(value_type = String, format = DateTime)]
    paired_at: Time,
    /// When it was seen last, to about a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    seen_at: Option<Time>,
}

/// A device that was paired, with its key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Paired {
    /// The device.
    pub(crate) device: DeviceView,
    /// What the device sends behind `Bearer`. It is shown this once.
    pub(crate) secret: String,
}

impl From<&Device> for DeviceView {
    fn from(device: &Device) -> Self {
        let Pairing {
            restaurant,
            kind,
            label,
        } = &device.pairing;
        DeviceView {
            id: device.id,
            restaurant: *restaurant,
            kind: *kind,
            label: label.as_str().to_owned(),
            paired_by: device.paired_by.clone(),
            paired_at: device.paired_at,
            seen_at: device.seen_at,
        }
    }
}

impl Typed {
    /// What it means.
    pub(crate) fn code(&self) -> Result<PairingCode> {
        PairingCode::parse(&self.code).map_err(|error| wrong("code", error.to_string()))
    }
}

impl NewDevice {
    /// What it means at a restaurant.
    pub(crate) fn pairing(&self, restaurant: RestaurantId) -> Result<Pairing> {
        let label = self.label.name();
        Ok(Pairing {
            restaurant,
            kind: self.kind,
            label: label.map_err(|_| wrong("label", "it is one line with something to see"))?,
        })
    }
}
