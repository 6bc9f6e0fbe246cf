//! Whether providers are reached, for those who look after the platform, and whether some of them take meal vouchers.

use trade::payments::Voucher;

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
