//! How often providers have refused to take, to let go of, or to give back through payments, as sagas remember it; and what
//! comes of a step that asks something of several payments.
//!
//! A saga notes it when it is parked for that, and never before: so it is somebody's word that has a provider asked
//! once more.

use std::collections::BTreeMap;

use base::{Result, Uid};
use engine::sagas::{At, Turn};
use serde::{Deserialize, Serialize};
use trade::payments::PaymentId;

use super::app::App;
use super::pay::SOON;

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

/// How far a step of a payment has come.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Come {
    /// It is done.
    There,
    /// Nobody knows, or somebody else has to move first.
    Waits,
    /// The provider does not do it, for this reason; how often the step was refused.
    Refused(String, u8),
}

/// How far a step has come that asks something of several payments.
#[derive(Default)]
pub(super) struct All {
    waits: bool,
    refused: Option<String>,
    refusals: Refusals,
}

impl All {
    /// Takes what has come of one of them.
    pub(super) fn take(&mut self, payment: PaymentId, come: Come) {
        match come {
            Come::There => {}
            Come::Waits => self.waits = true,
            Come::Refused(why, times) => {
                self.refused = Some(why);
                self.refusals.note(payment, times);
            }
        }
    }

    /// What comes of the step. What one refuses is said when nothing of the others is under way any more, and is not asked
    /// again before.
    pub(super) fn turn<S>(
        self,
        mut at: At<S>,
        known: impl FnOnce(&mut S) -> &mut Refusals,
    ) -> Turn<S> {
        match self.refused {
            _ if self.waits => at.wait(SOON),
            Some(why) => {
                known(&mut at.state).extend(self.refusals);
                at.failed(why)
            }
            None => at.done(),
        }
    }
}

impl App {
    /// How often what a step asks of a payment was refused, as far as a saga knows that is at this step. One that was
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
