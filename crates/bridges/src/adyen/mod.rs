//! Adyen Checkout, version 72: payments with manual capture, and pay-links where the payer gives nothing to us.
//!
//! Captures, cancels and refunds are taken over at once and told by a notice later, so they are pending; there is no
//! call that reads a payment. An ask whose answer was lost is settled by the same ask under its key, which gives the
//! first outcome. A pay-link's reference begins with `link/`; what follows a payment goes by `payment/modification`.

mod amounts;
mod answers;
mod asks;
mod codes;
mod notices;

use std::fmt;
use std::time::Duration;

use base::{Currency, Result, Uid, uid};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode};
use ring::digest;
use rpc::providers::{Answer, Asked, Change, Charge, Headers, LookUp, Notice, Provider, Return};
use serde_json::Value;

use self::answers::{Link, Modified, Paid};
use self::notices::Keys;
use crate::Loopback;
use crate::credentials::{Phrase, phrase, read, refused};
use crate::said::{Reason, Said, known, name, parse, unknown};
use crate::wire::{Call, Fault, Heard, Wire, hidden};

/// The name of the provider in rows, routes and metrics.
pub const NAME: &str = "adyen";
/// Where it is for tests with made-up money. With money it is at an address of the merchant's own.
pub const TEST: &str = "https://checkout-test.adyen.com/v72";

/// What begins the reference of a pay-link that nothing is held for yet.
const LINK: &str = "link/";
/// What begins the reference of a payment that only we have a name for yet; that name follows.
const OURS: &str = "ours/";

/// How Adyen is reached and what it knows us by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// [`TEST`], or the merchant's own address, with `/v72` at its end.
    pub base_url: String,
    /// Whether the address may be one of this machine without TLS.
    pub loopback: Loopback,
    /// Who we are, and the keys of notices.
    pub credentials: Credentials,
    /// The account that is paid.
    pub merchant_account: String,
    /// Where a payer comes back to if the charge does not say.
    pub return_url: String,
    /// How long one call may take.
    pub within: Duration,
}

/// The key of our calls and the keys of Adyen's notices.
#[derive(Clone, Debug)]
pub struct Credentials {
    api_key: Phrase,
    hmac: Keys,
}

impl Credentials {
    /// Reads the text of their file: lines `api_key = …`, `hmac_key = …` (64 hexadecimal digits) and, while it is
    /// being changed, `hmac_key_other = …`.
    ///
    /// # Errors
    /// Refuses anything else; the refusal repeats nothing of it.
    pub fn parse(text: &str) -> Result<Self> {
        let found = read(text, &["api_key", "hmac_key"], &["hmac_key_other"])?;
        Ok(Credentials {
            api_key: phrase(&found, "api_key")?,
            hmac: Keys::parse(found["hmac_key"], found.get("hmac_key_other").copied())?,
        })
    }
}

/// The adapter.
pub struct Adyen {
    wire: Wire,
    credentials: Credentials,
    merchant_account: String,
    return_url: String,
    loopback: Loopback,
    within: Duration,
}

impl Adyen {
    /// Speaks to Adyen as these settings say. Nothing is sent yet.
    ///
    /// # Errors
    /// The address or the merchant account cannot be used.
    pub fn new(settings: Settings) -> Result<Self> {
        let account = &settings.merchant_account;
        let is_known = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        if !(1..=80).contains(&account.len()) || !account.bytes().all(is_known) {
            return Err(refused(
                "a merchant account of Adyen has 1 to 80 letters, digits, `_` and `-`",
            ));
        }
        Ok(Adyen {
            wire: Wire::new(&settings.base_url, settings.loopback)?,
            credentials: settings.credentials,
            merchant_account: settings.merchant_account,
            return_url: settings.return_url,
            loopback: settings.loopback,
            within: settings.within,
        })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        (key, body): (Option<&str>, Option<Value>),
    ) -> Result<Heard, Fault> {
        let mut headers = vec![("x-api-key", hidden(self.credentials.api_key.as_str())?)];
        if let Some(key) = key {
            let key = HeaderValue::from_str(key);
            let key = key.map_err(|_| Fault::Unsent("the key cannot be sent"))?;
            headers.push(("idempotency-key", key));
        }
        let call = Call {
            method,
            path,
            headers,
            body: body.map(|body| ("application/json", body.to_string().into_bytes())),
        };
        self.wire.call(call, self.within).await
    }

    async fn post(&self, path: &str, key: &str, body: Value) -> Said<Heard> {
        let heard = self
            .ask(Method::POST, path, (Some(key), Some(body)))
            .await?;
        codes::judge(&heard)?;
        Ok(heard)
    }

    async fn begin(&self, charge: &Charge) -> Said<Answer> {
        let key = key(charge.attempt);
        let back = charge.return_url.as_deref().unwrap_or(&self.return_url);
        let Some(token) = &charge.token else {
            let body = asks::link(&self.merchant_account, charge, back)?;
            let heard = self.post("/paymentLinks", &key, body).await?;
            return parse::<Link>(&heard)?.answer(self.loopback);
        };
        let body = asks::payment(&self.merchant_account, (charge, token), back)?;
        let heard = self.post("/payments", &key, body).await?;
        let paid: Paid = parse(&heard)?;
        paid.answer(charge.amount, &charge.merchant_reference, self.loopback)
    }

    async fn finish(&self, back: &Return) -> Said<Answer> {
        if let Some(link) = back.reference.strip_prefix(LINK) {
            return self.see_link(link).await;
        }
        let Some((details, chosen)) = asks::details(&back.said) else {
            // There is nothing to hand over, and nothing that could be read: he may still be on his way.
            return Err(Answer::Absent);
        };
        // The payer may come back twice; what was brought first must not answer for something else.
        let key = format!("{}-{}", key(back.attempt), mark(&chosen));
        let heard = match self.post("/payments/details", &key, details).await {
            // A payment that is refused is told by an answer, and not by an error: what Adyen does not accept is what was
            // brought, and anybody can bring anything. The payer may still come back with what is right.
            Err(Answer::Refused { .. }) => return Err(Answer::Absent),
            heard => heard?,
        };
        let paid: Paid = parse(&heard)?;
        if paid.is_elsewhere(&back.merchant_reference) {
            // It says nothing of this one: he may come back for it, or a notice tells.
            return Err(Answer::Absent);
        }
        paid.answer(back.amount, &back.merchant_reference, self.loopback)
    }

    async fn see_link(&self, link: &str) -> Said<Answer> {
        let path = format!("/paymentLinks/{}", known(link)?);
        let heard = self.ask(Method::GET, &path, (None, None)).await?;
        if heard.status == StatusCode::NOT_FOUND && heard.is_json {
            return Err(Answer::Absent);
        }
        codes::judge(&heard)?;
        parse::<Link>(&heard)?.answer(self.loopback)
    }

    /// Captures, cancels or refunds. All are asked of the payment, whatever was made of it meanwhile.
    async fn modify(&self, what: &str, change: &Change, body: Value) -> Said<Answer> {
        let is_named = !change.reference.starts_with(OURS);
        let payment = change.reference.split('/').next().filter(|_| is_named);
        let path = format!("/payments/{}/{what}", known(payment.unwrap_or_default())?);
        let heard = self.post(&path, &key(change.attempt), body).await?;
        parse::<Modified>(&heard)?.answer()
    }

    async fn take(&self, change: &Change) -> Said<Answer> {
        let body = asks::amount(&self.merchant_account, change)?;
        self.modify("captures", change, body).await
    }

    async fn give_back(&self, change: &Change) -> Said<Answer> {
        let body = asks::amount(&self.merchant_account, change)?;
        self.modify("refunds", change, body).await
    }

    async fn let_go(&self, change: &Change) -> Said<Answer> {
        if let Some(ours) = change.reference.strip_prefix(OURS) {
            // The payer was sent away before Adyen had a name for the payment.
            let body = asks::cancel_ours(&self.merchant_account, change, ours);
            let heard = self.post("/cancels", &key(change.attempt), body).await?;
            return parse::<Modified>(&heard)?.answer();
        }
        let Some(link) = change.reference.strip_prefix(LINK) else {
            let body = asks::cancel(&self.merchant_account, change);
            return self.modify("cancels", change, body).await;
        };
        let path = format!("/paymentLinks/{}", known(link)?);
        let body = asks::link_end();
        let heard = self.ask(Method::PATCH, &path, (None, Some(body))).await?;
        codes::judge(&heard)?;
        match parse::<Link>(&heard)?.is_ended() {
            true => Ok(Answer::Done {
                reference: change.reference.clone(),
                amount: change.amount,
            }),
            false => Err(unknown("a pay-link was used while it was being ended")),
        }
    }

    async fn settle(&self, look_up: &LookUp) -> Said<Answer> {
        let reference = look_up.reference.as_deref();
        if let Some(link) = reference.and_then(|known| known.strip_prefix(LINK))
            && matches!(look_up.asked, Asked::Authorise(_) | Asked::GoOn(_))
        {
            return self.see_link(link).await;
        }
        match (&look_up.asked, reference) {
            (Asked::Authorise(charge), _) => self.begin(charge).await,
            (Asked::GoOn(back), _) => self.finish(back).await,
            // It was taken over, and there is no call that says more.
            (Asked::Capture(_) | Asked::Cancel(_) | Asked::Refund(_), Some(known)) => {
                Ok(Answer::Pending {
                    reference: known.to_owned(),
                })
            }
            (Asked::Capture(change), None) => self.take(change).await,
            (Asked::Cancel(change), None) => self.let_go(change).await,
            (Asked::Refund(change), None) => self.give_back(change).await,
        }
    }
}

impl Provider for Adyen {
    fn name(&self) -> &str {
        NAME
    }

    fn deadline(&self) -> Duration {
        self.within + Duration::from_secs(1)
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(async move { whole(self.begin(charge).await) })
    }

    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        Box::pin(async move { whole(self.finish(back).await) })
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
        amounts::unit_minor(currency)
    }

    fn called(&self, asked: &Asked, read: &str) -> Option<String> {
        let own = name(Some(read)).ok()?;
        match asked {
            Asked::Authorise(_) | Asked::GoOn(_) => Some(own),
            // What follows is asked of the payment, so its name stands before that of the change.
            Asked::Capture(change) | Asked::Cancel(change) | Asked::Refund(change) => {
                let payment = name(change.reference.split('/').next()).ok()?;
                Some(format!("{payment}/{own}"))
            }
        }
    }

    fn read_notices<'a>(
        &'a self,
        _headers: Headers<'a>,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>>> {
        let read = notices::read(&self.credentials.hmac, &self.merchant_account, body);
        Box::pin(std::future::ready(read))
    }

    fn accepted(&self) -> &'static str {
        "[accepted]"
    }
}

impl fmt::Debug for Adyen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adyen")
            .field("wire", &self.wire)
            .field("merchant_account", &self.merchant_account)
            .finish_non_exhaustive()
    }
}

/// The key under which Adyen knows an attempt again; at most 64 characters with a mark.
fn key(attempt: Uid) -> String {
    uid::spell("att", attempt).to_string()
}

/// A few letters that stand for what the payer brought back.
fn mark(said: &str) -> String {
    let digest = digest::digest(&digest::SHA256, said.as_bytes());
    let digest: Bytes = Bytes::copy_from_slice(digest.as_ref());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn whole(said: Said<Answer>) -> Answer {
    said.unwrap_or_else(|answer| answer)
}

/// A refusal of what cannot be asked at all.
fn cannot(reason: Reason) -> Answer {
    reason.refuse("")
}
