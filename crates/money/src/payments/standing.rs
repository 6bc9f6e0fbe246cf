//! How a payment stands, for whoever has asked something of it.

use base::Money;
use trade::payments::{Act, AttemptId, AttemptState, State};

use super::plan::Wish;
use super::store::Kept;

/// How a payment stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// What is to be paid.
    pub amount: Money,
    /// What was taken.
    pub captured: Money,
    /// What was given back.
    pub refunded: Money,
    /// The first act that has no outcome yet, of this step or of another.
    pub under_way: Option<Act>,
    /// How the attempt of the step stands by which something was asked; to authorise there is none.
    pub step: Option<AttemptState>,
    /// Where the payer has to go.
    pub action_url: Option<String>,
    /// Why the provider refused what was asked last, if it did.
    pub refused: Option<String>,
    /// Whether nobody could be asked: no provider is open to calls.
    pub is_out_of_reach: bool,
    /// What this step has given back, by the attempts that did it: one, unless it was taken in parts.
    pub moved: Vec<(AttemptId, Money)>,
    /// How often what this step gives back was refused.
    pub refusals: u8,
    attempts: Vec<(AttemptId, AttemptState, i64)>,
}

impl Standing {
    pub(super) fn of(kept: &Kept) -> Self {
        let intent = &kept.intent;
        let money = |minor| Money::new(minor, intent.currency);
        let last = intent.attempts.last();
        Standing {
            state: intent.state,
            amount: intent.amount(),
            captured: money(intent.captured_minor),
            refunded: money(intent.refunded_minor),
            under_way: intent.unsettled().next().map(|attempt| attempt.act),
            action_url: match intent.state {
                State::ActionNeeded => kept.aside.action_url.clone(),
                _ => None,
            },
            step: None,
            refused: last.and_then(|attempt| attempt.code.clone()),
            is_out_of_reach: false,
            moved: Vec::new(),
            refusals: 0,
            attempts: intent
                .attempts
                .iter()
                .map(|attempt| (attempt.id, attempt.state, attempt.minor))
                .collect(),
        }
    }

    /// The same, where nobody could be asked.
    pub(super) fn out_of_reach(kept: &Kept) -> Self {
        Standing {
            is_out_of_reach: true,
            ..Standing::of(kept)
        }
    }

    /// The same, for whoever asked by this wish.
    pub(super) fn for_wish(mut self, wish: &Wish) -> Self {
        self.step = match wish {
            Wish::Authorise => None,
            Wish::Capture(asked, _) | Wish::Cancel(asked) => {
                let mut attempts = self.attempts.iter();
                let found = attempts.find(|(attempt, ..)| attempt == asked);
                found.map(|(_, state, _)| *state)
            }
            Wish::Refund(back) => self.given_back(&back.attempts, back.amount),
        };
        self
    }

    /// How giving back stands that may be made in parts: done when all of it is, and with its last part before that.
    fn given_back(&mut self, asked: &[AttemptId], amount: Money) -> Option<AttemptState> {
        let attempts = self.attempts.iter();
        let (mut given, mut last) = (0_i64, None);
        for (attempt, state, minor) in attempts.filter(|(attempt, ..)| asked.contains(attempt)) {
            last = Some(*state);
            let is_refused = *state == AttemptState::Refused;
            self.refusals = self.refusals.saturating_add(u8::from(is_refused));
            if *state == AttemptState::Done {
                given = given.saturating_add(*minor);
                let part = Money::new(*minor, amount.currency());
                self.moved.push((*attempt, part));
            }
        }
        match given >= amount.minor() {
            true => last,
            false => last.filter(|state| *state != AttemptState::Done),
        }
    }
}
