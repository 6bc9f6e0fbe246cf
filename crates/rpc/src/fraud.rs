//! Who says what an order looks like before it is placed: a score, and what to do about it.

use std::fmt;
use std::sync::Arc;

use base::{Money, Result, Time};
use carte::{Channel, Service};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// What is known of an order that somebody is about to place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wished {
    /// Who orders.
    pub person: PersonId,
    /// From whom.
    pub restaurant: RestaurantId,
    /// How it is to reach the diner.
    pub service: Service,
    /// By which channel it came.
    pub channel: Channel,
    /// What is to be paid.
    pub total: Money,
    /// Of how many pieces.
    pub pieces: u64,
    /// Whether all of it is paid when it is handed over, so that nothing is held before.
    pub on_delivery: bool,
    /// When.
    pub at: Time,
}

/// How much is at stake.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nothing out of the ordinary.
    Low,
    /// Somebody should look.
    Medium,
    /// Hardly meant.
    High,
}

/// What is to be done about an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recommendation {
    /// It goes the way of every order.
    Accept,
    /// Nobody but a human accepts it.
    Review,
    /// It is not taken.
    Reject,
}

/// What an order looks like.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FraudScore {
    /// From 0, which is beyond doubt, to 100.
    pub score: u8,
    /// How much is at stake.
    pub risk: Risk,
    /// What stands out, in words of whoever judges.
    pub flags: Vec<String>,
    /// What is to be done.
    pub recommendation: Recommendation,
}

/// Whoever knows what fraud looks like.
pub trait JudgesOrders: Send + Sync {
    /// What an order looks like, from what is known of it.
    fn judge<'a>(&'a self, wished: &'a Wished) -> BoxFuture<'a, Result<FraudScore>>;
}

/// Asks whoever judges orders; without one every order is as good as the next. Clones are the same.
#[derive(Clone, Default)]
pub struct Fraud(Option<Arc<dyn JudgesOrders>>);

impl Fraud {
    /// Asks this service.
    #[must_use]
    pub fn new(service: Arc<dyn JudgesOrders>) -> Self {
        Fraud(Some(service))
    }

    /// What an order looks like; nothing where nobody judges.
    ///
    /// # Errors
    /// Whoever judges cannot say.
    pub async fn judge(&self, wished: &Wished) -> Result<Option<FraudScore>> {
        match &self.0 {
            Some(service) => service.judge(wished).await.map(Some),
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Fraud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fraud")
    }
}
