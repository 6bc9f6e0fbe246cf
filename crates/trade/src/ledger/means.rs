//! By which means money comes and goes.

use serde::{Deserialize, Serialize};

use super::account::Account;
use crate::payments::ProviderName;

/// By which means a diner pays and is paid back.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// Through a provider.
    Provider(ProviderName),
    /// With notes and coins.
    Cash,
    /// With credit that the diner has, or gets.
    StoreCredit,
}

impl Means {
    /// By way of a provider, of which one is ourselves.
    #[must_use]
    pub fn of(provider: &ProviderName) -> Self {
        match provider.is_credit() {
            true => Self::StoreCredit,
            false => Self::Provider(provider.clone()),
        }
    }

    /// The account on which such money stands.
    #[must_use]
    pub fn account(&self) -> Account {
        match self {
            Self::Provider(name) => Account::Provider(name.clone()),
            Self::Cash => Account::Cash,
            Self::StoreCredit => Account::StoreCredit,
        }
    }
}
