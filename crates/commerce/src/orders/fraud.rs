//! What an order looks like to whoever knows fraud, where there is somebody: asked before it is placed, kept with it,
//! and shown to those who make it. Nobody waits long for his word, and no order is lost for want of it.

use std::time::Duration;

use base::{Money, Result};
use rpc::fraud::{FraudScore, Recommendation, Wished};
use trade::orders::{Paying, Placing, counts};

use super::app::App;
use super::place::Wish;
use super::priced::refusal;

/// How long an order waits for a word about it.
const PATIENCE: Duration = Duration::from_secs(1);

impl App {
    /// Has an order looked at that is about to be placed: it is refused, or left for a human to accept, as whoever looks
    /// at it recommends. Where nobody can say it goes on; and what the restaurant takes itself it has accepted.
    pub(super) async fn look_at(
        &self,
        wish: &Wish<'_>,
        placing: &mut Placing,
        at_stake: Money,
    ) -> Result<Option<FraudScore>> {
        let Some(person) = wish.customer() else {
            placing.rules.auto_accept = true;
            return Ok(None);
        };
        let pieces = counts(&placing.lines).into_values().map(u64::from).sum();
        let wished = Wished {
            person,
            restaurant: placing.restaurant,
            service: placing.service,
            channel: placing.channel.clone(),
            total: at_stake,
            pieces,
            on_delivery: placing.paying == Paying::OnDelivery,
            at: self.0.clock.now(),
        };
        let judged = tokio::time::timeout(PATIENCE, self.0.fraud.judge(&wished));
        let score = match judged.await {
            Ok(Ok(score)) => score,
            Ok(Err(error)) => {
                tracing::warn!(order = %placing.id, ?error, "nobody can say whether an order is fraud");
                None
            }
            Err(_) => {
                tracing::warn!(order = %placing.id, "nobody says in time whether an order is fraud");
                None
            }
        };
        match score.as_ref().map(|score| score.recommendation) {
            Some(Recommendation::Reject) => {
                let said = "the restaurant does not take this order; it can be called";
                return Err(refusal().field("order", "suspicious", said));
            }
            Some(Recommendation::Review) => placing.rules.auto_accept = false,
            Some(Recommendation::Accept) | None => {}
        }
        Ok(score)
    }
}
