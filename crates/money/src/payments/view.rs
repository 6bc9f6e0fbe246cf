//! What a payment looks like to an operator: all that was asked and answered, and nothing of who pays.

use base::{Money, Time};
use serde::{Deserialize, Serialize};
use trade::payments::{Attempt, Intent};
use utoipa::ToSchema;

/// A payment with all its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentLook {
    /// Which one.
    #[schema(pattern = "^pay_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub id: String,
    /// The order that is paid.
    #[schema(pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub order_id: String,
    /// The number of the organisation.
    #[schema(minimum = 0)]
    pub organisation: i64,
    /// How it stands.
    #[schema(
        pattern = "^(open|action_needed|authorised|captured|partly_refunded|refunded|cancelled|failed)$"
    )]
    pub state: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What all amounts are in.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// What is to be paid.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "25.49")]
    pub amount: String,
    /// What is held, or was until it was taken.
    pub authorised: String,
    /// What was taken.
    pub captured: String,
    /// What was given back.
    pub refunded: String,
    /// Larger with everything that happened to it.
    #[schema(minimum = 1)]
    pub version: i64,
    /// What a provider was asked, the first ask first.
    pub attempts: Vec<AttemptView>,
}

/// One ask of a provider under one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptView {
    /// Which one. It is the key under which the provider has it, in whatever form its adapter writes it.
    #[schema(pattern = "^att_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub id: String,
    /// What was asked.
    #[schema(pattern = "^(authorise|capture|cancel|refund)$")]
    pub act: String,
    /// How much.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "25.49")]
    pub amount: String,
    /// Who was asked.
    #[schema(pattern = "^[a-z][a-z0-9-]{0,19}$")]
    pub provider: String,
    /// The refund that it executes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^rfd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub refund_id: Option<String>,
    /// How it stands: `sent` and not answered for good, `unknown`, `done`, `refused`, or `given_up` because it certainly
    /// came to nothing.
    #[schema(pattern = "^(sent|unknown|done|refused|given_up)$")]
    pub state: String,
    /// When it was about to be sent for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Time>,
    /// What the provider calls it, once it has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why the provider refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether it waits for the payer.
    pub needs_action: bool,
    /// Whether the provider has said something since that contradicts its outcome.
    pub contradicted: bool,
    /// Whether it has been without an outcome for so long that a human has to look.
    pub needs_human: bool,
}

impl PaymentLook {
    /// A payment as it stands now.
    #[must_use]
    pub fn of(intent: &Intent, now: Time) -> Self {
        let shown = |minor| Money::new(minor, intent.currency).amount();
        let attempt = |attempt: &Attempt| AttemptView {
            id: attempt.id.to_string(),
            act: attempt.act.name().to_owned(),
            amount: shown(attempt.minor),
            provider: attempt.provider.as_str().to_owned(),
            refund_id: attempt.refund.map(|refund| refund.to_string()),
            state: attempt.state.name().to_owned(),
            sent_at: attempt.sent_at,
            reference: attempt.reference.clone(),
            code: attempt.code.clone(),
            needs_action: attempt.needs_action,
            contradicted: attempt.is_contradicted,
            needs_human: attempt.needs_human(now),
        };
        PaymentLook {
            id: intent.id.to_string(),
            order_id: intent.order.to_string(),
            organisation: intent.id.organisation().get().into(),
            state: intent.state.name().to_owned(),
            code: intent.code.clone(),
            currency: intent.currency.code().to_owned(),
            amount: shown(intent.minor),
            authorised: shown(intent.authorised_minor),
            captured: shown(intent.captured_minor),
            refunded: shown(intent.refunded_minor),
            version: intent.version,
            attempts: intent.attempts.iter().map(attempt).collect(),
        }
    }
}
