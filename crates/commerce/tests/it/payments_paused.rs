//! A process that stands still while it asks for money: what it hears then is not taken for what happened.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Random, Result};
use commerce::payments::App;
use futures_util::future::BoxFuture;
use rpc::Providers;
use rpc::providers::{Answer, Change, Charge, Headers, LookUp, Notice, Provider, Return};
use testkit::provider::Fake;
use testkit::trial::Engine;
use trade::payments::State;

use crate::payments::Till;
use crate::world::on_both;

on_both!(money_that_others_asked_for_meanwhile_is_not_asked_for_again);

/// A provider as a process sees it that stands still when it first asks for money. Somebody else has taken the ask over
/// and sent it, when its own connection is refused.
struct Paused {
    provider: Fake,
    clock: Clock,
    stood: Duration,
}

impl Provider for Paused {
    fn name(&self) -> &str {
        self.provider.name()
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            if !self.provider.entries().is_empty() {
                return self.provider.authorise(charge).await;
            }
            self.clock.advance(self.stood).unwrap();
            if self.stood > Duration::from_secs(1) {
                self.provider.authorise(charge).await;
            }
            Answer::Unsent {
                words: "the connection was refused".to_owned(),
            }
        })
    }

    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        self.provider.go_on(back)
    }

    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.provider.capture(change)
    }

    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.provider.cancel(change)
    }

    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.provider.refund(change)
    }

    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        self.provider.look_up(look_up)
    }

    fn read_notices<'a>(
        &'a self,
        headers: Headers<'a>,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>>> {
        self.provider.read_notices(headers, body)
    }
}

async fn money_that_others_asked_for_meanwhile_is_not_asked_for_again(engine: Engine) {
    let random = Random::seeded(12);
    for (stood, first, second) in [(3_000, 1, 0), (100, 0, 1)] {
        let (one, other) = (Fake::new("first", &random), Fake::new("second", &random));
        let till = Till::open(engine, &[&one, &other]).await;
        let paused: Arc<dyn Provider> = Arc::new(Paused {
            provider: one.clone(),
            clock: till.clock.clone(),
            stood: Duration::from_millis(stood),
        });
        let providers = Providers::new(vec![paused, Arc::new(other.clone())]);
        let db = &till.shop.world.db;
        let app = App::over((db, &till.clock, &random), &providers);
        let payment = till.begin_with(&app, 900).await;
        app.authorise(payment).await.unwrap();
        let standing = app.authorise(payment).await.unwrap();
        assert_eq!(standing.state, State::Authorised, "{stood}");
        // What somebody else sent is found; what certainly never left goes elsewhere.
        let asked = (one.entries().len(), other.entries().len());
        assert_eq!(asked, (first, second), "{stood}");
        till.shop.verify().await;
    }
}
