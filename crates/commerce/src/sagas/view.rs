//! What a saga looks like to an operator.

use base::{Time, Uid};
use engine::sagas::{Direction, Shown, Standing};
use serde::{Deserialize, Serialize};
use trade::orders::OrderId;
use utoipa::ToSchema;

base::typed_id! {
    /// Names a saga.
    pub SagaId = "sag";
}

/// The sagas whose subject is an order.
pub(super) const OF_ORDERS: &str = "order.";

/// Work of several steps, under way or stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SagaView {
    /// Which one.
    #[schema(pattern = "^sag_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub id: String,
    /// What it does, as `order.place`.
    pub kind: String,
    /// The version of its journal.
    pub version: i64,
    /// The number of the organisation.
    #[schema(minimum = 0)]
    pub organisation: i64,
    /// The order that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub order_id: Option<String>,
    /// How it stands: `running`, `waiting` for an answer from outside, `retrying` after an error, `parked` until
    /// somebody acts, or `settled` by hand just now.
    #[schema(pattern = "^(running|waiting|retrying|parked|settled)$")]
    pub state: String,
    /// Which way it goes: `forward`, or `back` over what was done.
    #[schema(pattern = "^(forward|back)$")]
    pub direction: String,
    /// Its steps in their order; none when this version of the platform does not know them.
    pub steps: Vec<StepView>,
    /// How often the step at which it stands was tried.
    #[schema(minimum = 0)]
    pub tries: i64,
    /// Larger with every move and every claim.
    #[schema(minimum = 0)]
    pub attempt: i64,
    /// When it goes on, at the latest. A parked saga does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Time>,
    /// How the last try erred, or why it is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it is being undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The money that is at stake, in major units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^-?[0-9]+(\\.[0-9]+)?$", example = "25.49")]
    pub amount: Option<String>,
    /// The currency of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// What it remembers, as JSON: ids and sums.
    pub memory: String,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub begun_at: Time,
}

/// A step of a saga.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    /// Its name.
    pub name: String,
    /// How it stands: `done`, `running`, `open`, `undoing`, or `undone`, which may mean that it was never reached.
    #[schema(pattern = "^(done|running|open|undoing|undone)$")]
    pub state: String,
}

impl From<&Shown> for SagaView {
    fn from(shown: &Shown) -> Self {
        let step = |(place, name): (usize, &&str)| StepView {
            name: (*name).to_owned(),
            state: step_state(shown, place).to_owned(),
        };
        let order = |subject: Uid| OrderId::from(subject).to_string();
        let said = |text: &String| (!text.is_empty()).then(|| text.clone());
        SagaView {
            id: SagaId::from(shown.id).to_string(),
            kind: shown.kind.clone(),
            version: shown.version,
            organisation: shown.organisation.get().into(),
            order_id: shown
                .kind
                .starts_with(OF_ORDERS)
                .then(|| order(shown.subject)),
            state: standing(shown.standing).to_owned(),
            direction: match shown.direction {
                Direction::Forward => "forward",
                Direction::Back => "back",
            }
            .to_owned(),
            steps: shown.steps.iter().enumerate().map(step).collect(),
            tries: shown.tries,
            attempt: shown.attempt,
            next_at: shown.run_at,
            error: said(&shown.error),
            reason: said(&shown.reason),
            amount: shown.money.map(|money| money.amount()),
            currency: shown.money.map(|money| money.currency().code().to_owned()),
            memory: shown.state.clone(),
            begun_at: shown.begun_at,
        }
    }
}

impl SagaView {
    /// The same as it is when somebody has just settled it by hand.
    pub(super) fn settled(mut self) -> Self {
        "settled".clone_into(&mut self.state);
        self
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Running => "running",
        Standing::Waiting => "waiting",
        Standing::Retrying => "retrying",
        Standing::Parked => "parked",
    }
}

fn step_state(shown: &Shown, place: usize) -> &'static str {
    match (shown.direction, place.cmp(&shown.step)) {
        (_, std::cmp::Ordering::Less) => "done",
        (Direction::Forward, std::cmp::Ordering::Equal) => "running",
        (Direction::Forward, std::cmp::Ordering::Greater) => "open",
        (Direction::Back, std::cmp::Ordering::Equal) => "undoing",
        (Direction::Back, std::cmp::Ordering::Greater) => "undone",
    }
}
