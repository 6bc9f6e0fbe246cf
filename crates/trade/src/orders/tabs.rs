//! Tabs: a guest at a table has more held than he has ordered, and orders more until he is done.
//!
//! What is held when the tab is opened is all that it ever takes: what comes besides asks for no money as long as the total
//! stays within it, and is refused beyond. The money is taken when everything was served, as much as that costs, and the
//! rest is let go.

use base::{Currency, Money};
use carte::Service;
use serde::{Deserialize, Serialize};

use super::change::LineCommand;
use super::command::Placing;
use super::policy;
use super::refusal::Refusal;
use super::types::{Actor, Order, Paying, Rules, of_hundredths};

/// That a restaurant takes tabs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tabs {
    /// How much is held of one, in hundredths of the currency; a guest may say less.
    pub hold: i64,
}

/// The tab of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tab {
    /// How much is held, in minor units: never less than what the order costs.
    pub hold_minor: i64,
}

impl Rules {
    /// The tab of an order with this service, of which so much is to be held; as much as the restaurant says where nothing is
    /// said.
    ///
    /// # Errors
    /// The restaurant takes none, or none with this service, or holds less.
    pub fn tab(
        &self,
        service: Service,
        (hold_minor, currency): (Option<i64>, Currency),
    ) -> Result<Tab, Refusal> {
        let tabs = self.tabs.ok_or(Refusal::NoTabs)?;
        if service != Service::DineIn {
            return Err(Refusal::TabService);
        }
        let most = of_hundredths(tabs.hold, currency);
        let hold_minor = hold_minor.unwrap_or(most);
        match (1..=most).contains(&hold_minor) {
            true => Ok(Tab { hold_minor }),
            false => Err(Refusal::TabHold(Money::new(most, currency))),
        }
    }
}

impl Tab {
    /// The same for an order that costs so much: at least that is held.
    #[must_use]
    pub fn for_total(self, total_minor: i64) -> Self {
        Tab {
            hold_minor: self.hold_minor.max(total_minor),
        }
    }
}

impl Placing {
    /// The tab that it opens when it costs so much.
    pub(super) fn opens(&self, total_minor: i64) -> Result<Option<Tab>, Refusal> {
        let Some(tab) = self.tab else {
            return Ok(None);
        };
        let wanted = (Some(tab.hold_minor), self.currency);
        let tab = self.rules.tab(self.service, wanted)?;
        // Nothing is held of what is paid at the table.
        match self.paying == Paying::Waiting && self.vouchers_minor == 0 {
            true => Ok(Some(tab.for_total(total_minor))),
            false => Err(Refusal::TabCard),
        }
    }
}

impl Order {
    /// What its guest may still order; nothing before it is held, and nothing once it is made. `None` where it has no tab.
    #[must_use]
    pub fn tab_left_minor(&self) -> Option<i64> {
        let tab = self.tab?;
        let is_open = policy::changes(Actor::Diner, self.tab).contains(&self.status);
        Some(match is_open && self.paying.is_safe() {
            true => tab.hold_minor.saturating_sub(self.total_minor).max(0),
            false => 0,
        })
    }

    /// Whether its tab, where it has one, holds enough for such a total.
    pub(super) fn holds(&self, total_minor: i64) -> Result<(), Refusal> {
        let is_full = |tab: &Tab| total_minor > tab.hold_minor && !base::planted("tab_overdrawn");
        if !self.tab.as_ref().is_some_and(is_full) {
            return Ok(());
        }
        let left = self.tab_left_minor().unwrap_or(0);
        Err(Refusal::TabFull(Money::new(left, self.currency)))
    }

    /// Whether these commands are for this actor as the order stands: who has a tab orders more until it is made, but takes
    /// back nothing of what was accepted.
    pub(super) fn takes_lines(
        &self,
        actor: Actor,
        commands: &[LineCommand],
    ) -> Result<(), Refusal> {
        let now = self.status;
        let is_early = policy::changes(actor, None).contains(&now);
        let is_early = is_early || base::planted("tab_takes_back");
        match is_early || commands.iter().all(|one| one.added().is_some()) {
            true => Ok(()),
            false => Err(Refusal::Moved { now }),
        }
    }
}
