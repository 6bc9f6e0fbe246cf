//! `[payments]`: who moves the money of orders.

use std::path::PathBuf;

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::{Span, refused};

pub(crate) const SECTION: Section = Section {
    name: "payments",
    about: "Who moves the money of orders; cash needs nobody.",
    keys: &[
        Key::new(
            "providers",
            "[\"test\"]",
            "Providers of payments, the preferred one first; the next takes new payments while that is away. `test` pretends, and is refused in production; `paypal` and `adyen` need their own keys here.",
        ),
        Key::new(
            "within",
            "\"5s\"",
            "How long one call to a provider may take.",
        ),
        Key::optional(
            "paypal",
            "{ credentials_file = \"/etc/comanda/paypal\", webhook_id = \"8PT597110X687430LKGECATA\", live = true }",
            "The account at PayPal: a file with the lines client_id and client_secret, and the id of the webhook.",
        ),
        Key::optional(
            "adyen",
            "{ credentials_file = \"/etc/comanda/adyen\", merchant_account = \"Lucia\", url = \"https://….adyenpayments.com/checkout/v72\" }",
            "The account at Adyen: a file with the lines api_key, hmac_key and, while that is being changed, hmac_key_other; the merchant account, and the address where it is not the one for tests.",
        ),
    ],
};

/// Who moves the money of orders.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payments {
    pub(crate) providers: Vec<Name>,
    pub(crate) within: Span,
    pub(crate) paypal: Option<PayPal>,
    pub(crate) adyen: Option<Adyen>,
}

/// A provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Name {
    Test,
    Paypal,
    Adyen,
}

/// An account at PayPal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayPal {
    pub(crate) credentials_file: PathBuf,
    pub(crate) webhook_id: String,
    /// Whether real money moves.
    #[serde(default)]
    pub(crate) live: bool,
    pub(crate) url: Option<String>,
}

/// An account at Adyen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adyen {
    pub(crate) credentials_file: PathBuf,
    pub(crate) merchant_account: String,
    pub(crate) url: Option<String>,
}

impl Payments {
    /// Refuses providers that are named twice, or without their account.
    pub(crate) fn check(&self) -> Result<()> {
        for (place, name) in self.providers.iter().enumerate() {
            let is_there = match name {
                Name::Test => true,
                Name::Paypal => self.paypal.is_some(),
                Name::Adyen => self.adyen.is_some(),
            };
            if !is_there {
                return Err(refused(format!(
                    "`payments.providers` names {name:?}, and its account is missing in `payments`"
                )));
            }
            if self
                .providers
                .iter()
                .skip(place + 1)
                .any(|other| other == name)
            {
                return Err(refused(format!(
                    "`payments.providers` names {name:?} twice"
                )));
            }
        }
        Ok(())
    }

    /// Whether somebody pretends to move money.
    pub(crate) fn pretends(&self) -> bool {
        self.providers.contains(&Name::Test)
    }
}
