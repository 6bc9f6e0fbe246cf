//! Whether providers are reached, for those who look after the platform, whether some of them take meal vouchers, and how small
//! an amount they move.

use trade::payments::{Intent, Voucher};

use super::app::App;
use super::breaker::Shown;

/// How a provider is reached from this node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// Calls go out as they come.
    Well,
    /// It failed too often in a row; a few calls go out, to see.
    OnTrial,
    /// It failed too often in a row; no call goes out for half a minute.
    Not,
}

impl App {
    /// How meal vouchers are given back, if some provider takes them.
    #[must_use]
    pub fn vouchers(&self) -> Option<Voucher> {
        self.0.gate.vouchers()
    }

    /// The smallest amount that is moved by whoever holds the money of a payment, in minor units.
    #[must_use]
    pub fn unit_minor(&self, payment: &Intent) -> i64 {
        let holds = payment.held_by().map(|held| held.provider.as_str());
        let provider = holds.and_then(|name| self.0.gate.providers().find(name));
        provider.map_or(1, |provider| provider.unit_minor(payment.currency).max(1))
    }

    /// How each provider is reached, in the order in which they are asked.
    #[must_use]
    pub fn reached(&self) -> Vec<(String, Reached)> {
        let all = self.0.gate.shown().into_iter();
        all.map(|(name, shown)| {
            let reached = match shown {
                Shown::Closed => Reached::Well,
                Shown::Trying => Reached::OnTrial,
                Shown::Open => Reached::Not,
            };
            (name, reached)
        })
        .collect()
    }
}
