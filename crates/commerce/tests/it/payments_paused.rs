//! A process that stands still while it asks for money: what it hears then is not taken for what happened.

use std::sync::{Arc, OnceLock};

use base::{Random, Result};
use commerce::payments::App;
use futures_util::future::BoxFuture;
use rpc::Providers;
use rpc::providers::{Answer, Change, Charge, Headers, LookUp, Notice, Provider, Return};
use testkit::provider::Fake;
use testkit::trial::Engine;
use tokio::sync::Notify;
use trade::payments::{PaymentId, State};

use crate::payments::Till;
use crate::world::on_both;

on_both!(money_that_others_asked_for_meanwhile_is_not_asked_for_again);

/// A provider as a process sees it that has bad luck when it asks for money.
struct Unlucky {
    provider: Fake,
    luck: Luck,
}

enum Luck {
    /// The process stands still when it first asks, and finds its connection refused. Meanwhile somebody else may take over.
    StandsStill(Arc<OnceLock<Meanwhile>>),
    /// The process ends when its ask has arrived, before it stores what it was answered.
    Ends(Arc<Notify>),
}

/// Somebody else who takes over what stands still, and how it is known that he has ended.
struct Meanwhile {
    app: App,
    payment: PaymentId,
    ended: Arc<Notify>,
}

impl Provider for Unlucky {
    fn name(&self) -> &str {
        self.provider.name()
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let meanwhile = match &self.luck {
                Luck::StandsStill(_) if !self.provider.entries().is_empty() => {
                    return self.provider.authorise(charge).await;
                }
                Luck::StandsStill(meanwhile) => meanwhile.get(),
                Luck::Ends(ended) => {
                    self.provider.authorise(charge).await;
                    ended.notify_one();
                    return std::future::pending().await;
                }
            };
            if let Some(other) = meanwhile {
                tokio::select! {
                    () = other.ended.notified() => {}
                    standing = other.app.authorise(other.payment) => panic!("it goes on: {standing:?}"),
                }
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
    for (is_taken_over, first, second) in [(true, 1, 0), (false, 0, 1)] {
        let (one, other) = (Fake::new("first", &random), Fake::new("second", &random));
        let till = Till::open(engine, &[&one, &other]).await;
        let over = |luck| {
            let provider = one.clone();
            let unlucky: Arc<dyn Provider> = Arc::new(Unlucky { provider, luck });
            let providers = Providers::new(vec![unlucky, Arc::new(other.clone())]);
            App::over((&till.shop.world.db, &till.clock, &random), &providers)
        };
        let meanwhile = Arc::new(OnceLock::new());
        let app = over(Luck::StandsStill(Arc::clone(&meanwhile)));
        let payment = till.begin_with(&app, 900).await;
        if is_taken_over {
            let ended = Arc::new(Notify::new());
            let app = over(Luck::Ends(Arc::clone(&ended)));
            let taking_over = Meanwhile {
                app,
                payment,
                ended,
            };
            assert!(meanwhile.set(taking_over).is_ok());
        }
        app.authorise(payment).await.unwrap();
        let standing = app.authorise(payment).await.unwrap();
        assert_eq!(standing.state, State::Authorised, "{is_taken_over}");
        // What somebody else sent is found; what certainly never left goes elsewhere.
        let asked = (one.entries().len(), other.entries().len());
        assert_eq!(asked, (first, second), "{is_taken_over}");
        till.shop.verify().await;
    }
}
