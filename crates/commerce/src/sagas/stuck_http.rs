//! The routes of operators over payments that need a human: extract, call, convert.

use axum::extract::State;
use base::codes;
use edge::{Acting, Answer, Json, Page, Path, Policy, Query, Routes};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use slice::{Ask, Part, wrong};
use trade::payments::{AttemptId, PaymentId};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::http::route;
use super::stuck::{SETTLE, Saying};
use crate::payments::{Called, PaymentLook};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfPayment {
    /// Which payment.
    #[param(value_type = String, pattern = "^pay_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    payment: PaymentId,
}

/// What the provider's own console shows of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AttemptOutcome)]
enum Outcome {
    /// It was done, of `amount`.
    Done,
    /// It was not done.
    NotDone,
}

/// What somebody says of an attempt that nobody knows the end of, that was refused, or that the provider contradicts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SettleAttempt)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SettleAsked {
    /// Which attempt.
    #[schema(value_type = String, pattern = "^att_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    attempt: AttemptId,
    /// What the provider's own console shows.
    outcome: Outcome,
    /// What the provider calls it, where it was done.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120, pattern = "^[!-~]{1,120}$")]
    reference: Option<String>,
    /// How much of what is to be taken or given back was moved; all that was asked, where nothing is said.
    #[serde(default)]
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "25.49")]
    amount: Option<String>,
}

impl SettleAsked {
    fn saying(self, why: &str) -> base::Result<Saying> {
        let done = match (self.outcome, self.reference) {
            (Outcome::Done, Some(reference)) => Some(Called::parse(&reference)?),
            (Outcome::NotDone, None) => None,
            (Outcome::Done, None) => {
                return Err(wrong("reference", "what was done has a name there"));
            }
            (Outcome::NotDone, Some(_)) => {
                return Err(wrong("reference", "what was not done has none"));
            }
        };
        if done.is_none() && self.amount.is_some() {
            return Err(wrong("amount", "what was not done has none"));
        }
        Ok(Saying {
            attempt: self.attempt,
            done,
            amount: self.amount,
            reason: why.to_owned(),
        })
    }
}

/// The routes over payments that need a human.
pub(super) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::GET, "/api/ops/payments", "payments.stuck")
                .about("List payments of which something has had no outcome for three days")
                .takes_nothing()
                .query::<Part>()
                .answers::<Page<PaymentLook>>(StatusCode::OK)
                .fails(&[codes::CURSOR_REFUSED, codes::LIMIT_OUT_OF_RANGE])
                .handler(list),
        )
        .add(
            route(Method::POST, "/api/ops/payments/{payment}/settle", SETTLE)
                .about("Say what the provider's own console shows of an attempt that has no outcome, was refused, or is contradicted")
                .policy(Policy::Inside)
                .once()
                .takes::<SettleAsked>()
                .path::<OfPayment>()
                .answers::<PaymentLook>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::REFUSED,
                    codes::PAYMENT_REFUSED,
                    codes::VERSION_CHANGED,
                ])
                .handler(settle),
        )
}

async fn list(State(app): State<App>, Query(part): Query<Part>) -> Answer<Json<Page<PaymentLook>>> {
    Ok(Json(app.stuck(&part.turn()?).await?.into()))
}

async fn settle(
    State(app): State<App>,
    ask: Ask,
    Acting(why): Acting,
    Path(of): Path<OfPayment>,
    Json(asked): Json<SettleAsked>,
) -> Answer<Json<PaymentLook>> {
    let saying = asked.saying(&why)?;
    Ok(Json(app.settle_attempt(&ask, of.payment, &saying).await?))
}
