//! `[edge]`: what the gate lets through, and how often.

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::{Span, refused};

pub(crate) const SECTION: Section = Section {
    name: "edge",
    about: "What the gate lets through.",
    keys: &[
        Key::new(
            "cors_origins",
            "[]",
            "Origins of other sites whose pages may call the API, such as \"https://shop.example.com\".",
        ),
        Key::new("docs", "true", "Whether /docs shows the API to everybody."),
        Key::new(
            "body_within",
            "\"10s\"",
            "How long a request may take to send its body.",
        ),
        Key::optional(
            "rate_api",
            "120",
            "Requests a minute that one caller may send; 0 is without limit. 60 when nothing is said, 120 with --production.",
        ),
        Key::new(
            "rate_auth",
            "5",
            "The same for routes on which secrets could be guessed.",
        ),
        Key::new(
            "rate_orders",
            "10",
            "The same for routes that place orders.",
        ),
        Key::new(
            "rate_read",
            "600",
            "The same for routes that show what was published, such as menus; also for one address.",
        ),
        Key::new(
            "rates",
            "[]",
            "Other limits a minute, the most specific counts: { class = \"orders\", plan = \"growth\", by = \"organisation\", max = 600 }; by user, address, organisation or route; max = 0 is without limit.",
        ),
    ],
};

/// What the gate lets through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edge {
    pub(crate) cors_origins: Vec<String>,
    pub(crate) docs: bool,
    pub(crate) body_within: Span,
    pub(crate) rate_api: Option<u32>,
    pub(crate) rate_auth: u32,
    pub(crate) rate_orders: u32,
    pub(crate) rate_read: u32,
    pub(crate) rates: Vec<Row>,
}

/// One row of the table of limits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) class: Option<Class>,
    pub(crate) plan: Option<String>,
    /// The number of an organisation's id.
    pub(crate) organisation: Option<u32>,
    pub(crate) by: By,
    pub(crate) max: u32,
}

/// A class of routes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    Api,
    Auth,
    Orders,
    Read,
}

/// Who is counted together.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    User,
    Address,
    Organisation,
    Route,
}

impl Edge {
    /// Refuses rows that would never count.
    pub(crate) fn check(&self) -> Result<()> {
        let known = |plan: &String| domain::organisations::Plan::find(plan).is_some();
        let mut plans = self.rates.iter().filter_map(|row| row.plan.as_ref());
        match plans.find(|plan| !known(plan)) {
            Some(plan) => Err(refused(format!(
                "`edge.rates` names the plan {plan:?}, which there is not"
            ))),
            None => Ok(()),
        }
    }

    /// The usual limits, with this one where nothing is said of it.
    pub(crate) fn table(&self, api: u32) -> edge::Rates {
        let some = |max: u32| (max > 0).then_some(max);
        edge::Rates::of(
            some(self.rate_api.unwrap_or(api)),
            some(self.rate_auth),
            some(self.rate_orders),
        )
        .reads(some(self.rate_read))
    }

    /// The rows that were given.
    pub(crate) fn rows(&self) -> impl Iterator<Item = edge::RateRow> {
        self.rates.iter().map(Row::read)
    }
}

impl Row {
    fn read(&self) -> edge::RateRow {
        edge::RateRow {
            class: self.class.map(|class| match class {
                Class::Api => edge::Rate::Api,
                Class::Auth => edge::Rate::Auth,
                Class::Orders => edge::Rate::Orders,
                Class::Read => edge::Rate::Read,
            }),
            plan: self.plan.clone(),
            organisation: self.organisation.map(base::Organisation::new),
            by: match self.by {
                By::User => edge::By::User,
                By::Address => edge::By::Address,
                By::Organisation => edge::By::Organisation,
                By::Route => edge::By::Route,
            },
            max: (self.max > 0).then_some(self.max),
        }
    }
}
