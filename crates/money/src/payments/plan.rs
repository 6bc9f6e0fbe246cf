//! What is to be done next about a payment, decided from how it stands: pure, and the same after any crash.

use base::{Money, Uid};
use rpc::providers::{Asked, Change, Charge, Return, Token};
use trade::payments::{Act, Attempt, AttemptId, AttemptState, Intent, PaymentId, RefundId, State};

use super::app::attempt_of;
use super::store::Kept;

/// The most parts of a refund, of a payment that was captured in as many; and how often at most a step asks the same.
pub(super) const PARTS_MAX: u8 = 16;

/// What somebody wants of a payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// That the money is held.
    Authorise,
    /// That so much of it is taken.
    Capture(Again, Money),
    /// That it is let go.
    Cancel(Again),
    /// That so much is given back.
    Refund(Back),
}

/// What a step asks once, and once more for each refusal that whoever asks knows of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Again {
    payment: PaymentId,
    step: Uid,
    act: Act,
    /// How many refusals are known to whoever asks once more.
    refusals: u8,
}

impl Again {
    pub(super) const fn of(payment: PaymentId, (step, refusals): (Uid, u8), act: Act) -> Self {
        Again {
            payment,
            step,
            act,
            refusals,
        }
    }

    /// The attempt by which it is asked the first time, or after so many others.
    pub(super) fn attempt(&self, others: u8) -> AttemptId {
        let mut bytes = *self.step.as_bytes();
        bytes.iter_mut().take(1).for_each(|byte| *byte ^= others);
        attempt_of(self.payment, Uid::from_bytes(bytes), self.act)
    }

    /// What was made of it, the first attempt first.
    pub(super) fn made<'a, T>(&self, find: impl Fn(AttemptId) -> Option<&'a T>) -> Vec<&'a T> {
        let turns = 0..PARTS_MAX;
        turns
            .map_while(|others| find(self.attempt(others)))
            .collect()
    }

    /// How often it was refused.
    pub(super) fn refused(&self, intent: &Intent) -> u8 {
        let made = self.made(|id| intent.attempt(id)).into_iter();
        let refused = made.filter(|attempt| attempt.state == AttemptState::Refused);
        u8::try_from(refused.count()).unwrap_or(u8::MAX)
    }
}

/// How often what a step asks of a payment was refused, if it was for this reason the last time.
pub(super) fn refused_for(intent: &Intent, step: Uid, why: &str) -> u8 {
    let acts = [Act::Capture, Act::Cancel, Act::Refund].into_iter();
    let own: Vec<AttemptId> = acts
        .flat_map(|act| {
            let again = Again::of(intent.id, (step, 0), act);
            (0..PARTS_MAX).map(move |others| again.attempt(others))
        })
        .collect();
    let refused =
        |attempt: &&Attempt| attempt.state == AttemptState::Refused && own.contains(&attempt.id);
    let refused: Vec<&Attempt> = intent.attempts.iter().filter(refused).collect();
    let last = refused.last().and_then(|attempt| attempt.code.as_deref());
    match last == Some(why) {
        true => u8::try_from(refused.len()).unwrap_or(u8::MAX),
        false => 0,
    }
}

/// How much is given back, and by which attempts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Back {
    /// As many as there are captures that it is drawn from, and more for what is asked once more.
    pub(super) attempts: Vec<AttemptId>,
    /// The refund that is executed by it.
    pub(super) refund: Option<RefundId>,
    pub(super) amount: Money,
    /// How many refusals are known to whoever asks once more.
    pub(super) refusals: u8,
}

impl Back {
    /// So much, asked for the first time by a step. The key of the first part is that of a refund that has one.
    pub(super) fn of(payment: PaymentId, step: Uid, amount: Money) -> Self {
        let parts = Again::of(payment, (step, 0), Act::Refund);
        Back {
            attempts: (0..PARTS_MAX).map(|part| parts.attempt(part)).collect(),
            refund: None,
            amount,
            refusals: 0,
        }
    }

    /// What of it has gone back.
    pub(super) fn given_minor(&self, intent: &Intent) -> i64 {
        let given = intent.done(Act::Refund);
        let given = given.filter(|attempt| self.attempts.contains(&attempt.id));
        given.fold(0_i64, |sum, attempt| sum.saturating_add(attempt.minor))
    }

    /// What others were refused, and have perhaps given even so.
    pub(super) fn doubtful_minor(&self, intent: &Intent) -> i64 {
        intent.doubtful_minor(|id| !self.attempts.contains(&id))
    }
}

impl Wish {
    /// The refund that is executed by it.
    pub(super) const fn refund(&self) -> Option<RefundId> {
        match self {
            Self::Refund(back) => back.refund,
            Self::Authorise | Self::Capture(..) | Self::Cancel(_) => None,
        }
    }
}

/// What is to be done next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// Nothing: it is as it is, or others have to move first.
    Stand,
    /// A new attempt has to be made.
    Begin(Act, Option<AttemptId>, i64),
    /// This one has to be sent, perhaps again, under its key.
    Send(AttemptId),
    /// It has to be asked what became of this one.
    LookUp(AttemptId),
    /// The payment is let go of before anything was asked.
    Drop,
}

/// What has to be done next for a wish.
pub(super) fn next(intent: &Intent, wish: &Wish) -> Next {
    match wish {
        Wish::Authorise => authorise(intent),
        Wish::Capture(again, amount) => follow(intent, again, amount.minor()),
        Wish::Refund(back) => refund(intent, back),
        Wish::Cancel(again) => cancel(intent, again),
    }
}

/// What has to be done next about an attempt that has no outcome.
pub(super) fn push(attempt: &Attempt) -> Next {
    match attempt.state {
        // Without an answer it may never have left: it is sent under its key, which has one effect.
        AttemptState::Sent if attempt.reference.is_none() => Next::Send(attempt.id),
        AttemptState::Unknown => Next::LookUp(attempt.id),
        AttemptState::Sent | AttemptState::Done | AttemptState::Refused | AttemptState::GivenUp => {
            Next::Stand
        }
    }
}

fn authorise(intent: &Intent) -> Next {
    if intent.state != State::Open {
        return Next::Stand;
    }
    if let Some(attempt) = intent.unsettled().next() {
        if base::planted("charged_again") && attempt.state == AttemptState::Unknown {
            return Next::Begin(Act::Authorise, None, intent.minor);
        }
        return push(attempt);
    }
    match intent.attempts.last().map(|attempt| attempt.state) {
        None | Some(AttemptState::GivenUp) => Next::Begin(Act::Authorise, None, intent.minor),
        Some(_) => Next::Stand,
    }
}

/// What was refused is asked once more by whoever knows of all its refusals, under another key, as long as the money is held.
/// Where the provider has taken back that it refused, nothing more is asked: it may have been done.
fn follow(intent: &Intent, again: &Again, minor: i64) -> Next {
    let made = again.made(|id| intent.attempt(id));
    let Some(last) = made.last() else {
        return Next::Begin(again.act, Some(again.attempt(0)), minor);
    };
    let times = u8::try_from(made.len()).unwrap_or(u8::MAX);
    let is_known = times <= again.refusals && times < PARTS_MAX;
    let mut all = made.iter();
    let is_clear = all.all(|one| one.state == AttemptState::Refused && !one.is_contradicted);
    let is_held = match again.act {
        Act::Capture => matches!(intent.state, State::Authorised | State::Captured),
        Act::Authorise | Act::Cancel | Act::Refund => true,
    };
    match is_known && is_clear && is_held {
        true => Next::Begin(again.act, Some(again.attempt(times)), minor),
        false => push(last),
    }
}

/// A refund is of one capture. One that none has enough left for is made in parts, one after another; a part that was
/// refused ends it, until whoever knows of that asks once more. Where the provider has taken back that it refused, nothing
/// more is asked: the money may have gone back.
fn refund(intent: &Intent, back: &Back) -> Next {
    let (mut left, mut refusals) = (back.amount.minor(), back.refusals);
    let (mut is_doubtful, mut next) = (false, back.attempts.iter().skip(1));
    for id in &back.attempts {
        let was_asked_anew = next.next().is_some_and(|id| intent.attempt(*id).is_some());
        match intent.attempt(*id) {
            Some(attempt) if attempt.state == AttemptState::Done => {
                left = left.saturating_sub(attempt.minor);
                // That it was refused is known since, and says nothing of what is asked after it.
                refusals = refusals.saturating_sub(u8::from(attempt.was_refused));
            }
            Some(attempt)
                if attempt.state == AttemptState::Refused && (refusals > 0 || was_asked_anew) =>
            {
                refusals = refusals.saturating_sub(1);
                is_doubtful |= attempt.is_contradicted;
            }
            Some(attempt) => return push(attempt),
            None if left > 0 && !is_doubtful => {
                return Next::Begin(Act::Refund, Some(*id), part(intent, left));
            }
            None => return Next::Stand,
        }
    }
    Next::Stand
}

/// How much is given back at once: all of it where a capture has so much left, else what the first has that has any.
fn part(intent: &Intent, minor: i64) -> i64 {
    let left = uncaptured(intent, (None, was_perhaps_given));
    match left.iter().any(|(_, rest)| *rest >= minor) {
        true => minor,
        false => left
            .iter()
            .map(|(_, rest)| *rest)
            .find(|rest| *rest > 0)
            .unwrap_or(minor),
    }
}

fn cancel(intent: &Intent, again: &Again) -> Next {
    let id = match follow(intent, again, intent.authorised_minor) {
        Next::Begin(_, Some(id), _) => id,
        other => return other,
    };
    match intent.state {
        State::Cancelled | State::Failed => Next::Stand,
        State::Open | State::ActionNeeded => match intent.unsettled().next() {
            None => Next::Drop,
            // What nobody knows is found out first: what is not known to be held cannot be let go for sure.
            Some(open) => match push(open) {
                Next::Stand if open.act == Act::Authorise => {
                    Next::Begin(Act::Cancel, Some(id), open.minor)
                }
                other => other,
            },
        },
        State::Authorised if intent.is_under_way(Act::Cancel) => {
            let mut under_way = intent.unsettled();
            under_way.next().map_or(Next::Stand, push)
        }
        State::Authorised | State::Captured | State::PartlyRefunded | State::Refunded => {
            Next::Begin(Act::Cancel, Some(id), intent.authorised_minor)
        }
    }
}

/// An attempt as the provider is asked. `None` where it refers to something that the provider never named.
pub(super) fn asked(kept: &Kept, id: AttemptId) -> Option<Asked> {
    let intent = &kept.intent;
    let place = intent
        .attempts
        .iter()
        .position(|attempt| attempt.id == id)?;
    let attempt = intent.attempts.get(place)?;
    let amount = Money::new(attempt.minor, intent.currency);
    let merchant_reference = format!("{}.{}", intent.id, place.saturating_add(1));
    let change = |reference: &str| Change {
        attempt: id.uid(),
        merchant_reference: merchant_reference.clone(),
        reference: reference.to_owned(),
        amount,
    };
    match (attempt.act, &attempt.reference) {
        (Act::Authorise, Some(reference)) => Some(Asked::GoOn(Return {
            attempt: id.uid(),
            merchant_reference,
            reference: reference.clone(),
            amount,
            said: kept.aside.said.clone().unwrap_or_default(),
        })),
        (Act::Authorise, None) => {
            let token = kept.aside.token.as_deref().map(Token::parse);
            Some(Asked::Authorise(Charge {
                attempt: id.uid(),
                merchant_reference,
                amount,
                token: token.transpose().ok()?,
                return_url: kept.aside.return_url.clone(),
                is_voucher: intent.is_voucher(),
            }))
        }
        (Act::Capture, _) => Some(Asked::Capture(change(held(intent)?))),
        (Act::Cancel, _) => Some(Asked::Cancel(change(held(intent)?))),
        (Act::Refund, _) => Some(Asked::Refund(change(captured(intent, id)?))),
    }
}

/// The provider's name for what holds the money, or may come to hold it.
fn held(intent: &Intent) -> Option<&str> {
    let begun = || {
        intent
            .attempts
            .iter()
            .rfind(|attempt| attempt.act == Act::Authorise)
    };
    let holding = intent.held_by().or_else(begun)?;
    holding.reference.as_deref()
}

/// The provider's name for the capture that a refund is of: refunds use up captures in their order, each the first that
/// has enough left. So it is the same one whenever it is asked. Where none has because a doubt has come up since, the refund is
/// of the one that had when there was none.
fn captured(intent: &Intent, refund: AttemptId) -> Option<&str> {
    let minor = intent.attempt(refund)?.minor;
    let of = |counts: fn(&Attempt) -> bool| {
        let left = uncaptured(intent, (Some(refund), counts));
        let mut left = left.into_iter();
        left.find_map(|(reference, rest)| (rest >= minor).then_some(reference))
    };
    of(was_perhaps_given)
        .or_else(|| of(|one| one.state == AttemptState::Done || !one.state.is_settled()))
}

/// Whether a refund uses up a capture, or may do so.
fn was_perhaps_given(refund: &Attempt) -> bool {
    !refund.is_lost()
}

/// What captures have left to be given back by the refunds that count, all of them or those before one.
fn uncaptured(
    intent: &Intent,
    (before, counts): (Option<AttemptId>, fn(&Attempt) -> bool),
) -> Vec<(&str, i64)> {
    let mut left: Vec<(&str, i64)> = intent
        .done(Act::Capture)
        .filter_map(|capture| Some((capture.reference.as_deref()?, capture.minor)))
        .collect();
    let attempts = intent.attempts.iter();
    let earlier = attempts.take_while(|attempt| Some(attempt.id) != before);
    for attempt in earlier.filter(|attempt| attempt.act == Act::Refund && counts(attempt)) {
        if let Some((_, rest)) = left.iter_mut().find(|(_, rest)| *rest >= attempt.minor) {
            *rest = rest.saturating_sub(attempt.minor);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use base::{Clock, Currency, Organisation, Random, Time};
    use trade::payments::Covers;

    use super::*;

    const MINOR: i64 = 300;

    /// A payment of which more than enough was taken, and the refund of a step that was refused so often before.
    fn refused(refusals: u8) -> (Intent, Back) {
        let id = Uid::make(&Clock::real(), &Random::seeded(1), Organisation::new(1));
        let amount = Money::new(MINOR, Currency::EUR);
        let back = Back {
            refusals,
            ..Back::of(id.into(), id, amount)
        };
        let mut intent = Intent {
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
            attempts: vec![attempt(id.into(), Act::Capture, AttemptState::Done)],
            version: 1,
        };
        let attempts = back.attempts.iter().take(usize::from(refusals.max(1)));
        let attempts = attempts.map(|id| attempt(*id, Act::Refund, AttemptState::Refused));
        intent.attempts.extend(attempts);
        (intent, back)
    }

    fn attempt(id: AttemptId, act: Act, state: AttemptState) -> Attempt {
        Attempt {
            id,
            act,
            minor: if act == Act::Capture { 900 } else { MINOR },
            provider: "test".parse().unwrap(),
            refund: None,
            sent_at: Some(Time::EPOCH),
            state,
            needs_action: false,
            reference: Some("ref".to_owned()),
            code: None,
            is_contradicted: false,
            was_refused: false,
        }
    }

    #[test]
    fn what_was_refused_is_asked_once_more_by_whoever_knows_of_it() {
        let (intent, back) = refused(0);
        assert_eq!(refund(&intent, &back), Next::Stand);
        for refusals in 1..PARTS_MAX {
            let (mut intent, back) = refused(refusals);
            let next = back.attempts[usize::from(refusals)];
            let begins = Next::Begin(Act::Refund, Some(next), MINOR);
            assert_eq!(refund(&intent, &back), begins);
            // Whoever does not know goes on with what was asked anew.
            let anew = attempt(next, Act::Refund, AttemptState::Unknown);
            intent.attempts.push(anew);
            for refusals in [refusals, 0] {
                let back = Back {
                    refusals,
                    ..back.clone()
                };
                assert_eq!(refund(&intent, &back), Next::LookUp(next));
            }
        }
        let (intent, back) = refused(PARTS_MAX);
        assert_eq!(refund(&intent, &back), Next::Stand);
    }

    #[test]
    fn what_a_step_has_given_is_counted_and_nobody_elses() {
        let (mut intent, back) = refused(1);
        let done = |id| attempt(id, Act::Refund, AttemptState::Done);
        intent.attempts.push(done(back.attempts[1]));
        intent.attempts.push(done(Uid::from_bytes([1; 16]).into()));
        assert_eq!(back.given_minor(&intent), MINOR);
    }

    #[test]
    fn what_another_has_perhaps_given_is_doubtful() {
        let (mut intent, back) = refused(1);
        intent.attempts[1].is_contradicted = true;
        assert_eq!(
            back.doubtful_minor(&intent),
            0,
            "its own is not asked again"
        );
        let other = Back::of(intent.id, Uid::from_bytes([1; 16]), back.amount);
        assert_eq!(other.doubtful_minor(&intent), MINOR);
        intent.attempts[1].is_contradicted = false;
        assert_eq!(other.doubtful_minor(&intent), 0);
    }

    #[test]
    fn who_was_parked_by_a_refusal_knows_of_it_and_of_those_before() {
        let (mut intent, _) = refused(2);
        let step = intent.id.uid();
        assert_eq!(refused_for(&intent, step, "balance_short"), 0);
        let codes = ["other", "balance_short"].map(|code| Some(code.to_owned()));
        for (attempt, code) in intent.attempts.iter_mut().skip(1).zip(codes) {
            attempt.code = code;
        }
        assert_eq!(refused_for(&intent, step, "balance_short"), 2);
        assert_eq!(refused_for(&intent, step, "other"), 0);
        // Nobody else's refusals count.
        let other = Uid::from_bytes([1; 16]);
        assert_eq!(refused_for(&intent, other, "balance_short"), 0);
    }

    #[test]
    fn what_a_provider_has_done_after_it_refused_is_not_asked_again() {
        let (mut intent, back) = refused(1);
        intent.attempts[1].is_contradicted = true;
        assert_eq!(refund(&intent, &back), Next::Stand);
        // What is asked anew already has to come to an end.
        let next = back.attempts[1];
        let anew = attempt(next, Act::Refund, AttemptState::Unknown);
        intent.attempts.push(anew);
        assert_eq!(refund(&intent, &back), Next::LookUp(next));
    }

    /// A payment whose money is held, and was refused so often when a step asked for this.
    fn held(act: Act, times: u8) -> (Intent, Uid) {
        let (mut intent, _) = refused(0);
        let step = intent.id.uid();
        let again = Again::of(intent.id, (step, 0), act);
        (intent.captured_minor, intent.state) = (0, State::Authorised);
        let attempts = (0..times).map(|others| again.attempt(others));
        let attempts = attempts.map(|id| attempt(id, act, AttemptState::Refused));
        intent.attempts = attempts.collect();
        (intent, step)
    }

    /// What is next for a step that knows of so many refusals.
    fn again(intent: &Intent, (step, refusals): (Uid, u8), act: Act) -> Next {
        let again = Again::of(intent.id, (step, refusals), act);
        match act {
            Act::Cancel => cancel(intent, &again),
            _ => follow(intent, &again, MINOR),
        }
    }

    #[test]
    fn what_is_taken_or_let_go_is_asked_once_more_for_each_refusal_that_is_known() {
        for (act, minor) in [(Act::Capture, MINOR), (Act::Cancel, 900)] {
            for times in 1..=PARTS_MAX {
                let (mut intent, step) = held(act, times);
                let next = Again::of(intent.id, (step, 0), act).attempt(times);
                let unknown = again(&intent, (step, times - 1), act);
                assert_eq!(unknown, Next::Stand, "nobody knows of the last");
                let begins = match times < PARTS_MAX {
                    true => Next::Begin(act, Some(next), minor),
                    false => Next::Stand,
                };
                assert_eq!(again(&intent, (step, times), act), begins);
                if times < PARTS_MAX {
                    // What is asked anew is waited for, by whoever knows of it or not.
                    let anew = attempt(next, act, AttemptState::Unknown);
                    intent.attempts.push(anew);
                    for refusals in [0, times] {
                        let next = Next::LookUp(next);
                        assert_eq!(again(&intent, (step, refusals), act), next);
                    }
                }
            }
        }
    }

    #[test]
    fn what_was_perhaps_done_or_is_not_held_any_more_is_not_asked_again() {
        for act in [Act::Capture, Act::Cancel] {
            let (mut intent, step) = held(act, 1);
            intent.attempts[0].is_contradicted = true;
            assert_eq!(again(&intent, (step, 1), act), Next::Stand);
            // A human has seen that it was done.
            let (mut intent, step) = held(act, 1);
            intent.attempts[0].state = AttemptState::Done;
            assert_eq!(again(&intent, (step, 1), act), Next::Stand);
            let (mut intent, step) = held(act, 1);
            intent.state = State::Cancelled;
            assert_eq!(again(&intent, (step, 1), act), Next::Stand);
        }
    }

    #[test]
    fn what_was_perhaps_given_uses_up_what_was_taken() {
        let (mut intent, back) = refused(1);
        let left = |intent: &Intent| part(intent, 900);
        assert_eq!(left(&intent), 900);
        intent.attempts[1].is_contradicted = true;
        assert_eq!(left(&intent), 600);
        // One that was sent before that was doubtful is of what it was sent for.
        let other = Back::of(
            back.attempts[1].uid().into(),
            back.attempts[1].uid(),
            back.amount,
        );
        let mut more = attempt(other.attempts[0], Act::Refund, AttemptState::Sent);
        more.minor = 601;
        intent.attempts.push(more);
        assert_eq!(captured(&intent, other.attempts[0]), Some("ref"));
        // What was certainly given uses it up however that is looked at.
        intent.attempts[1].state = AttemptState::Done;
        assert_eq!(captured(&intent, other.attempts[0]), None);
    }

    #[test]
    fn a_doubt_leaves_what_is_asked_after_it_to_the_next_capture() {
        let (mut intent, back) = refused(1);
        let mut second = attempt(
            Uid::from_bytes([1; 16]).into(),
            Act::Capture,
            AttemptState::Done,
        );
        second.reference = Some("second".to_owned());
        intent.attempts[0].minor = MINOR;
        intent.attempts.insert(1, second);
        intent.attempts[2].is_contradicted = true;
        let anew = attempt(back.attempts[1], Act::Refund, AttemptState::Sent);
        intent.attempts.push(anew);
        assert_eq!(captured(&intent, back.attempts[1]), Some("second"));
    }

    #[test]
    fn what_is_done_by_somebodys_word_uses_up_the_refusal_that_was_known() {
        let (mut intent, back) = refused(2);
        let known = Back {
            refusals: 1,
            ..back
        };
        // The second one was refused since, which nobody has said anything about.
        intent.attempts[1].state = AttemptState::Done;
        (intent.attempts[1].minor, intent.attempts[1].was_refused) = (100, true);
        assert_eq!(refund(&intent, &known), Next::Stand);
        let both = Back {
            refusals: 2,
            ..known
        };
        let next = Next::Begin(Act::Refund, Some(both.attempts[2]), MINOR - 100);
        assert_eq!(refund(&intent, &both), next);
    }
}
