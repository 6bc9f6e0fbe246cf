//! How a payment stands, for whoever has asked something of it.

use base::Money;
use trade::payments::{Act, Attempt, AttemptId, AttemptState, State};

use super::plan::{Again, Back, Wish};
use super::store::Kept;

/// Why giving back has come to an end before all of it has gone back, where no refusal says so.
const NOT_ALL: &str = "not_all_given_back";
/// Why taking has come to an end before all of it was taken: a human has said that a part was.
const NOT_ALL_TAKEN: &str = "not_all_taken";

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
    /// Why the provider refused what was asked, by this step where one has asked, and the last time; if it did.
    pub refused: Option<String>,
    /// Whether nobody could be asked: no provider is open to calls.
    pub is_out_of_reach: bool,
    /// What this step has given back, by the attempts that did it: one, unless it was taken in parts.
    pub moved: Vec<(AttemptId, Money)>,
    /// How often what this step takes, lets go of or gives back was refused.
    pub refusals: u8,
    attempts: Vec<Seen>,
}

/// What is to be known of an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    id: AttemptId,
    act: Act,
    state: AttemptState,
    minor: i64,
    code: Option<String>,
    is_contradicted: bool,
    was_refused: bool,
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
            attempts: intent.attempts.iter().map(Seen::of).collect(),
        }
    }

    /// The same, where nobody could be asked.
    pub(super) fn out_of_reach(kept: &Kept) -> Self {
        Standing {
            is_out_of_reach: true,
            ..Standing::of(kept)
        }
    }

    /// Whether something was refused when it was to be taken, and perhaps taken even so.
    #[must_use]
    pub fn is_perhaps_taken(&self) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.any(|one| one.act == Act::Capture && one.is_doubtful())
    }

    /// The same, of a step that gives back what is certain, which is so much: the rest is refused when that is done, for
    /// somebody to see what became of it.
    pub(super) fn of_certain(mut self, minor: i64) -> Self {
        let given = self.moved.iter();
        let given = given.fold(0_i64, |sum, (_, part)| sum.saturating_add(part.minor()));
        if given >= minor && self.under_way.is_none() && self.refunded != self.captured {
            self.step = Some(AttemptState::Refused);
            self.refused = Some(NOT_ALL.to_owned());
        }
        self
    }

    /// The same, for whoever asked by this wish.
    pub(super) fn for_wish(mut self, wish: &Wish) -> Self {
        self.refused = self.refused_of(wish);
        self.step = match wish {
            Wish::Authorise => None,
            Wish::Capture(again, amount) => self.taken(again, amount.minor()),
            Wish::Cancel(again) => {
                let (step, refusals) = stands(&self.made(again));
                self.refusals = refusals;
                step
            }
            Wish::Refund(back) => self.given_back(back),
        };
        self
    }

    /// Why the last of what was asked by this wish was refused, if it was: what others ask of the payment says nothing of it.
    fn refused_of(&self, wish: &Wish) -> Option<String> {
        let mut attempts = self.attempts.iter();
        let last = match wish {
            Wish::Authorise => attempts.rfind(|attempt| attempt.act == Act::Authorise),
            Wish::Capture(again, _) | Wish::Cancel(again) => self.made(again).pop(),
            Wish::Refund(back) => attempts.rfind(|attempt| back.attempts.contains(&attempt.id)),
        };
        last.and_then(|attempt| attempt.code.clone())
    }

    fn made(&self, again: &Again) -> Vec<&Seen> {
        again.made(|id| self.attempts.iter().find(|attempt| attempt.id == id))
    }

    /// How taking stands, which is done when so much was taken.
    fn taken(&mut self, again: &Again, minor: i64) -> Option<AttemptState> {
        let made = self.made(again);
        let (step, refusals) = stands(&made);
        let done = made.iter().filter(|one| one.state == AttemptState::Done);
        let taken = done.fold(0_i64, |sum, one| sum.saturating_add(one.minor));
        self.refusals = refusals;
        if step == Some(AttemptState::Done) && taken < minor {
            self.refused = Some(NOT_ALL_TAKEN.to_owned());
            return Some(AttemptState::Refused);
        }
        step
    }

    /// How giving back stands that may be made in parts: done when all of it is, and with its last part before that.
    /// Where that is done and no other may follow, the rest is refused: nobody would ask for it any more.
    fn given_back(&mut self, back: &Back) -> Option<AttemptState> {
        let (mut given, mut last) = (0_i64, None);
        let (mut asked, mut is_doubtful) = (0_usize, false);
        let attempts = self.attempts.iter();
        for attempt in attempts.filter(|attempt| back.attempts.contains(&attempt.id)) {
            last = Some(attempt.state);
            asked = asked.saturating_add(1);
            if attempt.state == AttemptState::Refused {
                self.refusals = self.refusals.saturating_add(1);
                is_doubtful |= attempt.is_contradicted;
            }
            if attempt.was_refused {
                self.refusals = self.refusals.saturating_add(1);
            }
            if attempt.state == AttemptState::Done {
                given = given.saturating_add(attempt.minor);
                let part = Money::new(attempt.minor, back.amount.currency());
                self.moved.push((attempt.id, part));
            }
        }
        let is_over = is_doubtful || asked == back.attempts.len();
        match last {
            Some(AttemptState::Done | AttemptState::Refused) if given >= back.amount.minor() => {
                Some(AttemptState::Done)
            }
            Some(AttemptState::Done) if is_over => {
                self.refused = Some(NOT_ALL.to_owned());
                Some(AttemptState::Refused)
            }
            Some(AttemptState::Done) => None,
            Some(_) | None => last,
        }
    }
}

impl Seen {
    fn is_doubtful(&self) -> bool {
        let is_lost = matches!(self.state, AttemptState::Refused | AttemptState::GivenUp);
        is_lost && self.is_contradicted
    }

    fn of(attempt: &Attempt) -> Self {
        Seen {
            id: attempt.id,
            act: attempt.act,
            state: attempt.state,
            minor: attempt.minor,
            code: attempt.code.clone(),
            is_contradicted: attempt.is_contradicted,
            was_refused: attempt.was_refused,
        }
    }
}

/// How what was asked by these attempts stands, one after the other, and how often it was refused.
fn stands(made: &[&Seen]) -> (Option<AttemptState>, u8) {
    let refused = made.iter().filter(|one| one.state == AttemptState::Refused);
    let refusals = u8::try_from(refused.count()).unwrap_or(u8::MAX);
    let done = made.iter().find(|one| one.state == AttemptState::Done);
    let step = done.or(made.last()).map(|attempt| attempt.state);
    (step, refusals)
}

#[cfg(test)]
mod tests {
    use base::{Clock, Currency, Organisation, Random, Time, Uid};
    use trade::payments::{Covers, Intent};

    use super::super::plan::PARTS_MAX;
    use super::super::store::Aside;
    use super::*;

    const MINOR: i64 = 300;

    /// A payment of which 3.00 are given back, when the attempts have become this, and gave so much each; of which refusals
    /// are taken back if that is said.
    fn asked(attempts: &[(AttemptState, i64)], is_contradicted: bool) -> (Kept, Back) {
        let id = Uid::make(&Clock::real(), &Random::seeded(1), Organisation::new(1));
        let back = Back::of(id.into(), id, Money::new(MINOR, Currency::EUR));
        let attempt = |(id, (state, minor)): (&AttemptId, &(AttemptState, i64))| Attempt {
            id: *id,
            act: Act::Refund,
            minor: *minor,
            provider: "test".parse().unwrap(),
            refund: None,
            sent_at: Some(Time::EPOCH),
            state: *state,
            needs_action: false,
            reference: Some("ref".to_owned()),
            code: None,
            is_contradicted: is_contradicted && *state == AttemptState::Refused,
            was_refused: false,
        };
        let intent = Intent {
            id: id.into(),
            order: id.into(),
            currency: Currency::EUR,
            minor: 900,
            covers: Covers::Any,
            voucher: None,
            authorised_minor: 900,
            captured_minor: 900,
            refunded_minor: 0,
            state: State::Captured,
            code: None,
            attempts: back.attempts.iter().zip(attempts).map(attempt).collect(),
            version: 1,
        };
        let kept = Kept {
            intent,
            restaurant: id.into(),
            aside: Aside::default(),
        };
        (kept, back)
    }

    /// How that stands.
    fn stands(attempts: &[(AttemptState, i64)], is_contradicted: bool) -> Standing {
        let (kept, back) = asked(attempts, is_contradicted);
        Standing::of(&kept).for_wish(&Wish::Refund(back))
    }

    #[test]
    fn a_step_is_told_why_its_own_attempt_was_refused() {
        let parts = [(AttemptState::Refused, MINOR); 2];
        let (mut kept, back) = asked(&parts, false);
        let attempts = &mut kept.intent.attempts;
        for (attempt, code) in attempts.iter_mut().zip(["balance_short", "other"]) {
            attempt.code = Some(code.to_owned());
        }
        let why = |back: &Back| {
            let standing = Standing::of(&kept).for_wish(&Wish::Refund(back.clone()));
            standing.refused
        };
        assert_eq!(why(&back).as_deref(), Some("other"), "the last time");
        // The second one is somebody else's.
        let own = back.attempts.iter().take(1).copied().collect();
        let first = Back {
            attempts: own,
            ..back
        };
        assert_eq!(why(&first).as_deref(), Some("balance_short"));
    }

    #[test]
    fn what_is_given_in_part_goes_on_as_long_as_it_may() {
        let parts = [(AttemptState::Refused, MINOR), (AttemptState::Done, 100)];
        let standing = stands(&parts, false);
        assert_eq!((standing.step, standing.refusals), (None, 1));
        assert_eq!(standing.moved.len(), 1);
        let whole = [(AttemptState::Done, 100), (AttemptState::Done, 200)];
        assert_eq!(stands(&whole, false).step, Some(AttemptState::Done));
        let open = [(AttemptState::Done, 100), (AttemptState::Unknown, 200)];
        assert_eq!(stands(&open, false).step, Some(AttemptState::Unknown));
    }

    #[test]
    fn what_is_given_in_part_and_may_not_go_on_is_refused() {
        let mut used = vec![(AttemptState::Refused, MINOR); usize::from(PARTS_MAX)];
        if let Some(last) = used.last_mut() {
            *last = (AttemptState::Done, 100);
        }
        let doubtful = [(AttemptState::Refused, MINOR), (AttemptState::Done, 100)];
        for standing in [stands(&used, false), stands(&doubtful, true)] {
            assert_eq!(standing.step, Some(AttemptState::Refused));
            assert_eq!(standing.refused.as_deref(), Some(NOT_ALL));
            assert_eq!(standing.moved.len(), 1);
        }
    }

    #[test]
    fn what_was_refused_and_is_done_by_somebodys_word_was_refused_once() {
        let parts = [(AttemptState::Done, 100), (AttemptState::Refused, 200)];
        let (mut kept, back) = asked(&parts, false);
        kept.intent.attempts[0].was_refused = true;
        let standing = Standing::of(&kept).for_wish(&Wish::Refund(back));
        assert_eq!(
            (standing.step, standing.refusals),
            (Some(AttemptState::Refused), 2)
        );
    }

    #[test]
    fn what_was_refused_and_is_contradicted_was_perhaps_taken() {
        for (act, is_contradicted) in [
            (Act::Capture, true),
            (Act::Capture, false),
            (Act::Refund, true),
        ] {
            let (mut kept, _) = asked(&[(AttemptState::Refused, 100)], is_contradicted);
            kept.intent.attempts[0].act = act;
            let is_taken = act == Act::Capture && is_contradicted;
            assert_eq!(Standing::of(&kept).is_perhaps_taken(), is_taken);
        }
    }

    #[test]
    fn what_was_taken_in_part_is_not_taken() {
        let (mut kept, back) = asked(&[(AttemptState::Done, 100)], false);
        let again = Again::of(kept.intent.id, (back.attempts[0].uid(), 0), Act::Capture);
        kept.intent.attempts[0].act = Act::Capture;
        kept.intent.attempts[0].id = again.attempt(0);
        for (minor, step) in [(100, AttemptState::Done), (101, AttemptState::Refused)] {
            let wish = Wish::Capture(again.clone(), Money::new(minor, Currency::EUR));
            let standing = Standing::of(&kept).for_wish(&wish);
            assert_eq!(standing.step, Some(step));
            let is_part = standing.refused.as_deref() == Some(NOT_ALL_TAKEN);
            assert_eq!(is_part, minor > 100);
        }
    }

    #[test]
    fn what_is_certain_goes_back_and_the_rest_is_left_to_somebody() {
        let given = [(AttemptState::Done, 100)];
        let standing = stands(&given, false).of_certain(100);
        assert_eq!(standing.step, Some(AttemptState::Refused));
        assert_eq!(standing.refused.as_deref(), Some(NOT_ALL));
        // What is certain is waited for.
        assert_eq!(stands(&given, false).of_certain(200).step, None);
        let open = [(AttemptState::Unknown, 100)];
        let standing = stands(&open, false).of_certain(0);
        assert_eq!(standing.step, Some(AttemptState::Unknown));
    }
}
