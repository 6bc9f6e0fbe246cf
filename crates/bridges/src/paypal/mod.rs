//! PayPal: Orders v2 to hold money, Payments v2 for what follows.
//!
//! The payer allows an order on PayPal's page, then it is authorised. While it is an order, its reference begins with
//! `order/`; an authorisation, a capture and a refund go by the bare names that PayPal gives them. Repeated asks bear
//! the same `PayPal-Request-Id`, so an ask whose answer was lost is settled by sending it again.

mod answers;
mod asks;
mod codes;
mod notices;
mod token;

use std::fmt;
use std::time::Duration;

use base::{Clock, Currency, Result, Uid, uid};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode};
use rpc::providers::{Answer, Asked, Change, Charge, Headers, LookUp, Notice, Provider, Return};
use serde_json::Value;

use self::answers::{Order, Step, Thing};
use self::token::Tokens;
use crate::Loopback;
use crate::credentials::{Phrase, phrase, read, refused};
use crate::said::{Reason, Said, known, name, parse, unknown};
use crate::wire::{Call, Fault, Heard, Wire, hidden};

/// The name of the provider in rows, routes and metrics.
pub const NAME: &str = "paypal";
/// Where it is for tests with made-up money.
pub const SANDBOX: &str = "https://api-m.sandbox.paypal.com";
/// Where it is for money.
pub const LIVE: &str = "https://api-m.paypal.com";

/// What begins the reference of an order that nothing is held for yet.
const ORDER: &str = "order/";
const JSON: &str = "application/json";

/// How PayPal is reached and what it knows us by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// [`SANDBOX`], [`LIVE`], or another address.
    pub base_url: String,
    /// Whether the address may be one of this machine without TLS.
    pub loopback: Loopback,
    /// Who we are.
    pub credentials: Credentials,
    /// The webhook as PayPal names it; its notices are signed for this id.
    pub webhook_id: String,
    /// Where a payer comes back to if the charge does not say.
    pub return_url: String,
    /// How long one call may take; an ask has at most three, and a token before.
    pub within: Duration,
}

/// The name and the secret of our application at PayPal.
#[derive(Clone, Debug)]
pub struct Credentials {
    client_id: Phrase,
    client_secret: Phrase,
}

impl Credentials {
    /// Reads the text of their file: lines `client_id = …` and `client_secret = …`.
    ///
    /// # Errors
    /// Refuses anything else; the refusal repeats nothing of it.
    pub fn parse(text: &str) -> Result<Self> {
        let found = read(text, &["client_id", "client_secret"], &[])?;
        Ok(Credentials {
            client_id: phrase(&found, "client_id")?,
            client_secret: phrase(&found, "client_secret")?,
        })
    }
}

/// The adapter.
pub struct PayPal {
    wire: Wire,
    tokens: Tokens,
    webhook_id: String,
    return_url: String,
    loopback: Loopback,
    within: Duration,
}

impl PayPal {
    /// Speaks to PayPal as these settings say. Nothing is sent yet.
    ///
    /// # Errors
    /// The address or the id of the webhook cannot be used.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self> {
        let id = &settings.webhook_id;
        if !(1..=50).contains(&id.len()) || !id.bytes().all(|c| c.is_ascii_alphanumeric()) {
            let said = "the id of a webhook of PayPal has 1 to 50 letters and digits";
            return Err(refused(said));
        }
        Ok(PayPal {
            wire: Wire::new(&settings.base_url, settings.loopback)?,
            tokens: Tokens::new(settings.credentials, clock),
            webhook_id: settings.webhook_id,
            return_url: settings.return_url,
            loopback: settings.loopback,
            within: settings.within,
        })
    }

    /// Sends one ask. A token that is refused is replaced once: PayPal has done nothing under it.
    async fn ask(&self, ask: &Ask) -> Result<Heard, Fault> {
        let token = self.tokens.get(&self.wire, self.within).await?;
        let heard = self.send(ask, &token).await?;
        if heard.status != StatusCode::UNAUTHORIZED {
            return Ok(heard);
        }
        self.tokens.forget(&token).await;
        let token = self.tokens.get(&self.wire, self.within).await?;
        self.send(ask, &token).await
    }

    async fn send(&self, ask: &Ask, token: &Phrase) -> Result<Heard, Fault> {
        let mut headers = vec![(
            "authorization",
            hidden(&format!("Bearer {}", token.as_str()))?,
        )];
        if ask.method == Method::POST {
            headers.push(("prefer", HeaderValue::from_static("return=representation")));
        }
        if let Some(key) = &ask.key {
            let key = HeaderValue::from_str(key);
            let key = key.map_err(|_| Fault::Unsent("the key cannot be sent"))?;
            headers.push(("paypal-request-id", key));
        }
        let call = Call {
            method: ask.method.clone(),
            path: &ask.path,
            headers,
            body: ask.body.clone().map(|body| (JSON, body.to_vec())),
        };
        self.wire.call(call, self.within).await
    }

    async fn begin(&self, charge: &Charge) -> Said<Answer> {
        let back = charge.return_url.as_deref().unwrap_or(&self.return_url);
        let body = asks::order(charge, back)?;
        let ask = Ask::post(
            "/v2/checkout/orders".into(),
            Some(key(charge.attempt)),
            body,
        );
        let heard = self.ask(&ask).await?;
        codes::judge(&heard)?;
        let order: Order = parse(&heard)?;
        self.go_on_with(&order, charge.attempt).await
    }

    /// Looks at an order, and authorises it if the payer has allowed it.
    async fn finish(&self, order: &str, attempt: Uid) -> Said<Answer> {
        let order = known(order)?;
        let heard = self
            .ask(&Ask::get(format!("/v2/checkout/orders/{order}")))
            .await?;
        if heard.status == StatusCode::NOT_FOUND && heard.is_json {
            // Orders that nobody allowed are forgotten after some hours.
            return Ok(Reason::Lapsed.refuse("RESOURCE_NOT_FOUND"));
        }
        codes::judge(&heard)?;
        self.go_on_with(&parse(&heard)?, attempt).await
    }

    async fn go_on_with(&self, order: &Order, attempt: Uid) -> Said<Answer> {
        match order.step(self.loopback)? {
            Step::Answer(answer) => Ok(answer),
            Step::Authorise(id) => self.authorise_order(&id, attempt).await,
        }
    }

    async fn authorise_order(&self, id: &str, attempt: Uid) -> Said<Answer> {
        let path = format!("/v2/checkout/orders/{id}/authorize");
        let key = format!("{}-authorize", key(attempt));
        let heard = self
            .ask(&Ask::post(
                path,
                Some(key),
                Value::Object(serde_json::Map::new()),
            ))
            .await?;
        codes::judge(&heard)?;
        match parse::<Order>(&heard)?.step(self.loopback)? {
            Step::Answer(answer) => Ok(answer),
            Step::Authorise(_) => Err(unknown("it says neither yes nor no to an order")),
        }
    }

    async fn take(&self, change: &Change) -> Said<Answer> {
        let held = known(&change.reference)?;
        let path = format!("/v2/payments/authorizations/{held}/capture");
        let ask = Ask::post(path, Some(key(change.attempt)), asks::capture(change)?);
        let heard = self.ask(&ask).await?;
        codes::judge(&heard)?;
        parse::<Thing>(&heard)?.capture()
    }

    async fn let_go(&self, change: &Change) -> Said<Answer> {
        if let Some(order) = change.reference.strip_prefix(ORDER) {
            return self.let_order_go(order, change).await;
        }
        self.void(&change.reference, change).await
    }

    /// An order that is not authorised holds nothing and lapses by itself; one that is, is let go of.
    async fn let_order_go(&self, order: &str, change: &Change) -> Said<Answer> {
        let order = known(order)?;
        let heard = self
            .ask(&Ask::get(format!("/v2/checkout/orders/{order}")))
            .await?;
        let nothing = Answer::Done {
            reference: change.reference.clone(),
            amount: change.amount,
        };
        if heard.status == StatusCode::NOT_FOUND && heard.is_json {
            return Ok(nothing);
        }
        codes::judge(&heard)?;
        match parse::<Order>(&heard)?.authorisation() {
            Some(held) => self.void(&name(held.id.as_deref())?, change).await,
            None => Ok(nothing),
        }
    }

    async fn void(&self, held: &str, change: &Change) -> Said<Answer> {
        let held = known(held)?;
        let ask = Ask {
            method: Method::POST,
            path: format!("/v2/payments/authorizations/{held}/void"),
            key: None,
            body: None,
        };
        let heard = self.ask(&ask).await?;
        let done = Answer::Done {
            reference: held,
            amount: change.amount,
        };
        if codes::is_void_already(&heard) {
            return Ok(done);
        }
        codes::judge(&heard)?;
        if heard.status == StatusCode::NO_CONTENT {
            return Ok(done);
        }
        match parse::<Thing>(&heard)?.status.as_deref() {
            Some("VOIDED") => Ok(done),
            _ => Err(unknown("it does not say that the money was let go of")),
        }
    }

    async fn give_back(&self, change: &Change) -> Said<Answer> {
        let captured = known(&change.reference)?;
        let path = format!("/v2/payments/captures/{captured}/refund");
        let ask = Ask::post(path, Some(key(change.attempt)), asks::refund(change)?);
        let heard = self.ask(&ask).await?;
        codes::judge(&heard)?;
        parse::<Thing>(&heard)?.refund()
    }

    async fn see(&self, what: &str, id: &str) -> Said<Thing> {
        let id = known(id)?;
        let heard = self
            .ask(&Ask::get(format!("/v2/payments/{what}/{id}")))
            .await?;
        if heard.status == StatusCode::NOT_FOUND && heard.is_json {
            return Err(Answer::Absent);
        }
        codes::judge(&heard)?;
        parse(&heard)
    }

    async fn settle(&self, look_up: &LookUp) -> Said<Answer> {
        let reference = look_up.reference.as_deref();
        match (&look_up.asked, reference) {
            (Asked::Authorise(_) | Asked::GoOn(_), Some(known)) => {
                self.see_authorisation(known, look_up.asked.attempt()).await
            }
            (Asked::Authorise(charge), None) => self.begin(charge).await,
            (Asked::GoOn(back), None) => {
                self.see_authorisation(&back.reference, back.attempt).await
            }
            (Asked::Capture(_), Some(known)) => self.see("captures", known).await?.capture(),
            (Asked::Capture(change), None) => self.take(change).await,
            // Letting go twice is letting go once.
            (Asked::Cancel(change), _) => self.let_go(change).await,
            (Asked::Refund(_), Some(known)) => self.see("refunds", known).await?.refund(),
            (Asked::Refund(change), None) => self.give_back(change).await,
        }
    }

    async fn see_authorisation(&self, reference: &str, attempt: Uid) -> Said<Answer> {
        match reference.strip_prefix(ORDER) {
            Some(order) => self.finish(order, attempt).await,
            None => self.see("authorizations", reference).await?.authorisation(),
        }
    }
}

impl Provider for PayPal {
    fn name(&self) -> &str {
        NAME
    }

    fn deadline(&self) -> Duration {
        // A token, a look at the order, its authorisation, and a little for ourselves.
        self.within * 3 + Duration::from_secs(1)
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(async move { whole(self.begin(charge).await) })
    }

    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        Box::pin(async move { whole(self.see_authorisation(&back.reference, back.attempt).await) })
    }

    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { whole(self.take(change).await) })
    }

    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { whole(self.let_go(change).await) })
    }

    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { whole(self.give_back(change).await) })
    }

    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        Box::pin(async move { whole(self.settle(look_up).await) })
    }

    fn unit_minor(&self, currency: Currency) -> i64 {
        asks::unit_minor(currency)
    }

    fn called(&self, _asked: &Asked, read: &str) -> Option<String> {
        name(Some(read)).ok()
    }

    fn read_notices<'a>(
        &'a self,
        headers: Headers<'a>,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>>> {
        Box::pin(notices::read(self, headers, body))
    }
}

impl fmt::Debug for PayPal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayPal")
            .field("wire", &self.wire)
            .field("webhook_id", &self.webhook_id)
            .finish_non_exhaustive()
    }
}

/// One request, without who we are.
struct Ask {
    method: Method,
    path: String,
    key: Option<String>,
    body: Option<Bytes>,
}

impl Ask {
    fn get(path: String) -> Self {
        Ask {
            method: Method::GET,
            path,
            key: None,
            body: None,
        }
    }

    fn post(path: String, key: Option<String>, body: Value) -> Self {
        Ask {
            method: Method::POST,
            path,
            key,
            body: Some(body.to_string().into()),
        }
    }
}

/// The key under which PayPal knows an attempt again.
fn key(attempt: Uid) -> String {
    uid::spell("att", attempt).to_string()
}

fn whole(said: Said<Answer>) -> Answer {
    said.unwrap_or_else(|answer| answer)
}
