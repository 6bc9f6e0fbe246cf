//! What the slices of this crate keep of people, for the service that gives it out and erases it.
//!
//! Orders themselves stay where they were placed: they are the restaurant's books. What they say of the diner is sealed
//! with his key, which goes with him; here goes the list by which he finds them.

use std::sync::Arc;

use base::Result;
use domain::people::PersonId;
use futures_util::future::BoxFuture;
use rpc::Keeps;

use crate::{Commerce, orders};

/// The carts of a person. Those of guests go over to whom they turn out to be together with their orders.
struct Carts(orders::App);

/// The orders that a person has placed.
struct Orders(orders::App);

impl Commerce {
    /// Who keeps something of people here.
    #[must_use]
    pub fn keepers(&self) -> Vec<Arc<dyn Keeps>> {
        vec![
            Arc::new(Orders(self.orders.clone())),
            Arc::new(Carts(self.orders.clone())),
            Arc::new(self.credit.clone()),
        ]
    }
}

impl Keeps for Orders {
    fn name(&self) -> &'static str {
        "orders"
    }

    fn export<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<String>> {
        Box::pin(self.0.export(person))
    }

    fn may_go<'a>(&'a self, _person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn erase<'a>(&'a self, person: PersonId, _trace: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.forget(person))
    }

    fn hand_over<'a>(&'a self, guest: PersonId, person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.hand_over(guest, person))
    }
}

impl Keeps for Carts {
    fn name(&self) -> &'static str {
        "carts"
    }

    fn export<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { Ok(self.0.carts().export(person).await?.to_string()) })
    }

    fn may_go<'a>(&'a self, _person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn erase<'a>(&'a self, person: PersonId, _trace: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.carts().erase(person))
    }
}
