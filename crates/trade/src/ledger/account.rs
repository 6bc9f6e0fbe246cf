//! The accounts, and their names as they are stored and shown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::payments::ProviderName;
use domain::pricing::{Funder, Recipient};

/// Who bears a refund.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bearer {
    /// The restaurant: it earns less, and owes less tax.
    Restaurant,
    /// The platform.
    Platform,
    /// The courier.
    Courier,
    /// The provider of the payment.
    Provider,
}

impl Bearer {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Restaurant,
        Self::Platform,
        Self::Courier,
        Self::Provider,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restaurant => "restaurant",
            Self::Platform => "platform",
            Self::Courier => "courier",
            Self::Provider => "provider",
        }
    }
}

/// Where money is, or what it was earned or spent for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Account {
    /// What diners owe for their orders; below zero, what is owed to them.
    Diner,
    /// What a provider of payments holds for the organisation.
    Provider(ProviderName),
    /// Notes and coins.
    Cash,
    /// What providers have paid out.
    Bank,
    /// What was earned by items and options, without the tax that their prices hold.
    Sales,
    /// What was earned by bringing orders.
    DeliveryFees,
    /// What was earned by fees of small orders.
    SmallOrderFees,
    /// What was earned by fees of service.
    ServiceFees,
    /// What was earned by fees for bags and boxes.
    PackagingFees,
    /// What was earned by fees for the way in which diners paid.
    PaymentFees,
    /// Taxes, owed to the state.
    Tax,
    /// Tips, owed to those who serve, where nobody said to whom.
    Tips,
    /// Tips, owed to these of them.
    TipsFor(Recipient),
    /// What was taken off, by who pays for it.
    Discounts(Funder),
    /// What was given back, by who bears it.
    Refunds(Bearer),
    /// Credit that diners have and may spend.
    StoreCredit,
    /// What providers have kept for their service.
    ProviderFees,
    /// What no coin is small enough for.
    Rounding,
}

/// A text that is the name of no account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no account of the ledger has this name")]
pub struct AccountError;

/// The accounts that have one name and nothing behind it.
const PLAIN: [(Account, &str); 13] = [
    (Account::Diner, "diner"),
    (Account::Cash, "cash"),
    (Account::Bank, "bank"),
    (Account::Sales, "sales"),
    (Account::DeliveryFees, "delivery_fees"),
    (Account::SmallOrderFees, "small_order_fees"),
    (Account::ServiceFees, "service_fees"),
    (Account::PackagingFees, "packaging_fees"),
    (Account::PaymentFees, "payment_fees"),
    (Account::Tax, "tax"),
    (Account::Tips, TIPS),
    (Account::StoreCredit, "store_credit"),
    (Account::ProviderFees, "provider_fees"),
];
const ROUNDING: &str = "rounding";
const PROVIDER: &str = "provider";
const TIPS: &str = "tips";
const DISCOUNTS: &str = "discounts";
const REFUNDS: &str = "refunds";
const FUNDERS: [(Funder, &str); 3] = [
    (Funder::Restaurant, "restaurant"),
    (Funder::Brand, "brand"),
    (Funder::Platform, "platform"),
];

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(name) => write!(f, "{PROVIDER}:{name}"),
            Self::TipsFor(recipient) => write!(f, "{TIPS}:{}", recipient.name()),
            Self::Discounts(funder) => write!(f, "{DISCOUNTS}:{}", funder_name(*funder)),
            Self::Refunds(bearer) => write!(f, "{REFUNDS}:{}", bearer.name()),
            Self::Diner
            | Self::Cash
            | Self::Bank
            | Self::Sales
            | Self::DeliveryFees
            | Self::SmallOrderFees
            | Self::ServiceFees
            | Self::PackagingFees
            | Self::PaymentFees
            | Self::Tax
            | Self::Tips
            | Self::StoreCredit
            | Self::ProviderFees
            | Self::Rounding => f.pad(self.plain()),
        }
    }
}

impl Account {
    fn plain(&self) -> &'static str {
        let found = PLAIN.iter().find(|(account, _)| account == self);
        found.map_or(ROUNDING, |(_, name)| name)
    }
}

const fn funder_name(funder: Funder) -> &'static str {
    match funder {
        Funder::Restaurant => "restaurant",
        Funder::Brand => "brand",
        Funder::Platform => "platform",
    }
}

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        let Some((what, whose)) = text.split_once(':') else {
            let plain = PLAIN.iter().find(|(_, name)| *name == text);
            let rounding = (text == ROUNDING).then_some(Self::Rounding);
            let found = plain.map(|(account, _)| account.clone());
            return found.or(rounding).ok_or(AccountError);
        };
        let account = match what {
            PROVIDER => whose.parse().ok().map(Self::Provider),
            TIPS => Recipient::ALL
                .into_iter()
                .find(|recipient| recipient.name() == whose)
                .map(Self::TipsFor),
            DISCOUNTS => FUNDERS
                .iter()
                .find(|(_, name)| *name == whose)
                .map(|(funder, _)| Self::Discounts(*funder)),
            REFUNDS => Bearer::ALL
                .into_iter()
                .find(|bearer| bearer.name() == whose)
                .map(Self::Refunds),
            _ => None,
        };
        account.ok_or(AccountError)
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
