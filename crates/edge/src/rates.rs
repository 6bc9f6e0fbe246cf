//! How often somebody may ask: one table of policies, by class of routes, plan and organisation.

use base::Organisation;

use crate::Rate;

/// By what requests are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum By {
    /// Each caller; each address where nobody is signed in.
    User,
    /// Each address, whoever asks from there.
    Address,
    /// All callers that ask something of one organisation.
    Organisation,
    /// All callers of one route.
    Route,
}

impl By {
    pub(crate) const ALL: [Self; 4] = [Self::User, Self::Address, Self::Organisation, Self::Route];
}

/// One row of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateRow {
    /// For routes of this class; without one, routes of all classes are counted together.
    pub class: Option<Rate>,
    /// For organisations with this plan alone.
    pub plan: Option<String>,
    /// For this organisation alone.
    pub organisation: Option<Organisation>,
    /// By what requests are counted together.
    pub by: By,
    /// How many requests a minute; none is without limit.
    pub max: Option<u32>,
}

/// How many callers' worth of requests may come from one address.
const ADDRESS_TIMES: u32 = 10;

/// How often a minute what was published may be read from one address, unless somebody says otherwise.
const READS: u32 = 600;

/// How often somebody may ask.
///
/// For each of [`By`] one row counts: the most specific one that fits, where an organisation says more than a plan
/// and a plan more than a class; among equals the last. All rows that count are taken together or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rates(pub(crate) Vec<RateRow>);

impl Rates {
    /// The usual table with these bounds a minute for each caller; none is without limit. From one address come ten
    /// times as many. Whoever knows plans adds rows for them.
    pub fn of(api: Option<u32>, auth: Option<u32>, orders: Option<u32>) -> Self {
        let mut rates = Self::unlimited();
        for (class, max) in [(Rate::Api, api), (Rate::Auth, auth), (Rate::Orders, orders)] {
            let row = |by, max| RateRow {
                class: Some(class),
                plan: None,
                organisation: None,
                by,
                max,
            };
            let address = max.map(|max| max.saturating_mul(ADDRESS_TIMES));
            rates = rates
                .with(row(By::User, max))
                .with(row(By::Address, address));
        }
        rates
    }

    /// Bounds how often what was published is read: each caller, and each address, so many times a minute.
    #[must_use]
    pub fn reads(self, max: Option<u32>) -> Self {
        let row = |by| RateRow {
            class: Some(Rate::Read),
            plan: None,
            organisation: None,
            by,
            max,
        };
        self.with(row(By::User)).with(row(By::Address))
    }

    /// The limits in production, where one address may stand for a whole restaurant.
    pub fn production() -> Self {
        Self::of(Some(120), Some(5), Some(10)).reads(Some(READS))
    }

    /// No limits at all.
    pub fn unlimited() -> Self {
        Self(Vec::new())
    }

    /// Adds a row.
    #[must_use]
    pub fn with(mut self, row: RateRow) -> Self {
        self.0.push(row);
        self
    }

    /// All rows, in their order.
    pub fn rows(&self) -> &[RateRow] {
        &self.0
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::of(Some(60), Some(5), Some(10)).reads(Some(READS))
    }
}
