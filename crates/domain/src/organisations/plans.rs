//! Plans: what an organisation may have, and how often it may ask.
//!
//! One table, and nothing about plans stands anywhere else. A limit counts what there is now; whoever comes to a
//! smaller plan keeps what he has and gets no more.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an organisation pays for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// One house, or a few.
    #[default]
    Starter,
    /// A group.
    Growth,
    /// A chain.
    Enterprise,
}

/// What is counted against a plan.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Counted {
    /// Restaurants, those that are suspended too.
    Restaurants,
    /// Brands.
    Brands,
    /// Members, and nobody twice.
    Members,
    /// Keys of integrators that are not revoked.
    Keys,
    /// Devices that are not revoked.
    Devices,
}

/// What a plan that says no number holds.
const UNLIMITED: i64 = i64::MAX;

impl Plan {
    /// All plans, the smallest first.
    pub const ALL: [Plan; 3] = [Plan::Starter, Plan::Growth, Plan::Enterprise];

    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Plan::Starter => "starter",
            Plan::Growth => "growth",
            Plan::Enterprise => "enterprise",
        }
    }

    /// The plan of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.name() == name)
    }

    /// How many of something it holds.
    #[must_use]
    pub const fn most(self, counted: Counted) -> i64 {
        let [starter, growth, enterprise] = match counted {
            Counted::Restaurants => [3, 50, UNLIMITED],
            Counted::Brands => [10, 100, UNLIMITED],
            Counted::Members => [25, 500, UNLIMITED],
            Counted::Keys => [5, 50, 500],
            Counted::Devices => [10, 200, UNLIMITED],
        };
        match self {
            Plan::Starter => starter,
            Plan::Growth => growth,
            Plan::Enterprise => enterprise,
        }
    }

    /// How many requests a minute all its people, keys and devices may send together.
    #[must_use]
    pub const fn requests_a_minute(self) -> u32 {
        match self {
            Plan::Starter => 600,
            Plan::Growth => 6_000,
            Plan::Enterprise => 60_000,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Counted {
    /// Everything that is counted.
    pub const ALL: [Counted; 5] = [
        Counted::Restaurants,
        Counted::Brands,
        Counted::Members,
        Counted::Keys,
        Counted::Devices,
    ];

    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Counted::Restaurants => "restaurants",
            Counted::Brands => "brands",
            Counted::Members => "members",
            Counted::Keys => "keys",
            Counted::Devices => "devices",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_plan_holds_at_least_as_much() {
        for counted in Counted::ALL {
            let most = Plan::ALL.map(|plan| plan.most(counted));
            assert!(most.is_sorted() && most[0] >= 1, "{counted:?}: {most:?}");
        }
        assert!(Plan::ALL.map(Plan::requests_a_minute).is_sorted());
        assert_eq!(Plan::Starter.most(Counted::Restaurants), 3);
        assert_eq!(Plan::Growth.most(Counted::Restaurants), 50);
    }

    #[test]
    fn a_plan_is_found_by_its_name() {
        for plan in Plan::ALL {
            assert_eq!(Plan::find(plan.name()), Some(plan));
        }
        assert_eq!(Plan::find("Starter"), None);
    }
}
