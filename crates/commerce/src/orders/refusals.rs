//! How often providers have refused to give back through payments, as sagas remember it.
//!
//! A saga notes it when it is parked for that, and never before: so it is somebody's word that has a provider asked
//! once more.

use std::collections::BTreeMap;

use base::{Result, Uid};
use serde::{Deserialize, Serialize};
use trade::payments::PaymentId;

use super::app::App;

/// By payment, how often it had been refused when a saga was last left to somebody.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Refusals(BTreeMap<PaymentId, u8>);

impl Refusals {
    /// Whether nothing was refused.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How often it was refused through this payment.
    pub(super) fn of(&self, payment: PaymentId) -> u8 {
        self.0.get(&payment).copied().unwrap_or(0)
    }

    /// Takes note that it was refused so often through this payment.
    pub(super) fn note(&mut self, payment: PaymentId, refusals: u8) {
        if refusals > 0 {
            self.0.insert(payment, refusals);
        }
    }

    /// Takes note of all of these.
    pub(super) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}

impl App {
    /// How often giving back through a payment was refused, as far as a saga knows that is at this step. One that was
    /// parked for it before sagas took note of refusals was parked with the reason of the last, and so finds out.
    pub(super) async fn known_refusals(
        &self,
        known: &mut Refusals,
        (payment, key): (PaymentId, Uid),
        parked: &str,
    ) -> Result<u8> {
        if known.of(payment) == 0 && !parked.is_empty() {
            let payments = &self.0.payments;
            known.note(payment, payments.refusals(payment, key, parked).await?);
        }
        Ok(known.of(payment))
    }
}
