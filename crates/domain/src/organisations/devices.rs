//! Devices: screens in the kitchen and kiosks in front, paired once with a restaurant by a short code.
//!
//! A device may do a few fixed things at its one restaurant, whoever stands before it. Its stream is `device.paired`
//! and `device.revoked`.

use serde::{Deserialize, Serialize};

use super::{Name, RestaurantId};
use crate::access::{Permission, Permissions};

/// What a device is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// Shows what is to be cooked, and moves it on.
    Kitchen,
    /// Shows the menu to guests.
    Kiosk,
}

impl DeviceKind {
    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DeviceKind::Kitchen => "kitchen",
            DeviceKind::Kiosk => "kiosk",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [DeviceKind::Kitchen, DeviceKind::Kiosk]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// What a device of this kind may do at its restaurant.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        let both = Permissions::NONE
            .with(Permission::RestaurantsRead)
            .with(Permission::MenusRead);
        match self {
            DeviceKind::Kitchen => both
                .with(Permission::OrdersRead)
                .with(Permission::OrdersChange),
            DeviceKind::Kiosk => both,
        }
    }
}

/// What the first event of a device says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairing {
    /// Where it stands.
    pub restaurant: RestaurantId,
    /// What it is for.
    pub kind: DeviceKind,
    /// What people call it.
    pub label: Name,
}

/// The letters and digits of a code; none looks like another.
const CODE_LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many of them find the pairing; the rest proves that the code is known.
const FINDING: usize = 4;
/// How many there are.
pub const CODE_CHARS: usize = 8;

/// A code by which a screen is paired: eight letters and digits, read from one screen and typed into another.
#[derive(Clone, PartialEq, Eq)]
pub struct PairingCode([u8; CODE_CHARS]);

/// A text that is no pairing code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a pairing code has {CODE_CHARS} letters and digits")]
pub struct CodeError;

impl PairingCode {
    /// Makes a code of 40 bits of chance.
    #[must_use]
    pub fn of(chance: u64) -> Self {
        let mut rest = chance;
        Self([(); CODE_CHARS].map(|()| {
            let place = usize::try_from(rest & 31).unwrap_or_default();
            rest >>= 5;
            CODE_LETTERS.get(place).copied().unwrap_or(b'0')
        }))
    }

    /// Reads a code as it was typed: case says nothing, nor does a hyphen or blank in the middle, and letters that are
    /// in no code are taken for the digits that they look like.
    ///
    /// # Errors
    /// It has other characters, or too few or too many.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let typed = match text.split_at_checked(FINDING) {
            Some((first, rest)) => [first, rest.strip_prefix(['-', ' ']).unwrap_or(rest)].concat(),
            None => return Err(CodeError),
        };
        let meant = |typed: u8| match typed.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            b'U' => b'V',
            other => other,
        };
        let letters: Vec<u8> = typed.bytes().map(meant).collect();
        let is_known = letters.iter().all(|letter| CODE_LETTERS.contains(letter));
        let letters = letters.try_into().map_err(|_| CodeError)?;
        match is_known {
            true => Ok(Self(letters)),
            false => Err(CodeError),
        }
    }

    /// The half that finds the pairing.
    #[must_use]
    pub fn finding(&self) -> &[u8] {
        self.0.split_at(FINDING).0
    }

    /// The half that proves that the code is known.
    #[must_use]
    pub fn proving(&self) -> &[u8] {
        self.0.split_at(FINDING).1
    }

    /// The code as it is shown, once.
    #[must_use]
    pub fn shown(&self) -> String {
        self.0.iter().copied().map(char::from).collect()
    }
}

/// A code is a secret while it lives: it is never printed by accident.
impl std::fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PairingCode")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_are_typed_as_people_type() {
        let code = PairingCode::parse("AB01VXYZ").unwrap();
        for typed in ["ab01vxyz", "AB01-VXYZ", "ab01 vxyz", "aboIuxyz", "ABOLVXYZ"] {
            assert!(PairingCode::parse(typed) == Ok(code.clone()), "{typed}");
        }
        for wrong in [
            "",
            "AB01",
            "AB01VXY",
            "AB01VXYZZ",
            "AB01--VXYZ",
            "A-B01VXYZ",
            "AB01VXY!",
            "ÄB01VXYZ",
            "AB0\u{661}VXYZ",
        ] {
            assert_eq!(PairingCode::parse(wrong), Err(CodeError), "{wrong:?}");
        }
        assert_eq!(format!("{code:?}"), "PairingCode");
        assert_eq!(
            (code.finding(), code.proving()),
            (&b"AB01"[..], &b"VXYZ"[..])
        );
    }

    #[test]
    fn devices_have_no_right_that_keys_cannot_have() {
        for kind in [DeviceKind::Kitchen, DeviceKind::Kiosk] {
            assert!(kind.permissions().within(Permissions::of_keys()));
            assert_eq!(DeviceKind::find(kind.name()), Some(kind));
        }
    }

    proptest! {
        #[test]
        fn a_code_that_was_made_is_read(chance in any::<u64>()) {
            let code = PairingCode::of(chance);
            prop_assert_eq!(PairingCode::parse(&code.shown()), Ok(code.clone()));
            prop_assert_eq!(PairingCode::parse(&code.shown().to_lowercase()), Ok(code));
        }

        #[test]
        fn any_text_is_read_without_harm(text in ".{0,20}") {
            if let Ok(code) = PairingCode::parse(&text) {
                prop_assert_eq!(PairingCode::parse(&code.shown()), Ok(code));
            }
        }
    }
}
