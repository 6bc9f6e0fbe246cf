//! The use cases of payments: read, store what is asked, ask, store what was answered.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{
    Clock, Currency, Error, Money, Organisation, Random, Result, Time, Trail as _, Uid, codes,
};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use ring::digest::{Context, SHA256};
use rpc::Providers;
use rpc::providers::{Answer, LookUp, Token};
use slice::Ask;
use store::{Commit, Db};
use trade::orders::OrderId;
use trade::payments::{
    Act, Answer as Known, Attempt, AttemptId, AttemptState, Command, Covers, Intent, PaymentId,
    ProviderName, RefundId, Refusal, Sending, Voucher,
};

use super::gate::{Gate, Try};
use super::known::{Asker, Known as Stored, Timed};
use super::plan::{self, Again, Back, Next, PARTS_MAX, Wish};
use super::reconcile::{self, Line};
use super::settle::{Into, SAGA, Settled, Step, too_many};
use super::standing::Standing;
use super::store::{self as rows, Aside, Kept};
use crate::credit;

/// How often something is decided anew because somebody else was faster, or because another provider is asked.
pub(super) const TRIES: usize = 16;
/// For so long after it was begun what asks for new money is left to whoever has begun it, by all who only want to know.
const OWN_FOR: Duration = Duration::from_secs(2);
/// What stands before our own name for what is done with credit.
const CREDIT: &str = "credit";
/// How many payments are read at a time.
const PAGE: i64 = 500;
/// How many of these are remembered.
const FRESH_MAX: usize = 10_000;

/// The use cases of payments. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) gate: Gate,
    /// Attempts that were begun here and not sent yet.
    fresh: Mutex<HashSet<AttemptId>>,
}

/// A payment that is to begin.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Its id, of the order's organisation.
    pub payment: PaymentId,
    /// What is paid for.
    pub order: OrderId,
    /// Who sells it.
    pub restaurant: RestaurantId,
    /// How much; above zero.
    pub amount: Money,
    /// What of the bill.
    pub covers: Covers,
    /// The meal voucher, where it is paid with one.
    pub voucher: Option<Voucher>,
    /// What stands for the payer's means of payment.
    pub token: Option<Token>,
    /// Where the payer comes back to from a provider's page.
    pub return_url: Option<String>,
    /// The saga that asks until it is answered, and is woken when something becomes known while it waits. Without one a timer
    /// asks.
    pub saga: Option<Uid>,
}

impl App {
    /// The slice over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts) -> Self {
        Self::over((&parts.db, &parts.clock, &parts.random), &parts.providers)
    }

    /// The slice over what it needs of them.
    #[must_use]
    pub fn over((db, clock, random): (&Db, &Clock, &Random), providers: &Providers) -> Self {
        App(Arc::new(Inner {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            gate: Gate::new(providers.clone(), clock),
            fresh: Mutex::default(),
        }))
    }

    /// Has a commit begin a payment: it is there, and asked of a provider, when the commit is stored. What is asked goes
    /// out by [`App::authorise`], or by itself a little later. Answers how it stands when the commit is stored.
    ///
    /// # Errors
    /// The amount is not above zero.
    pub fn begin(&self, commit: &mut Commit, begin: &Begin) -> Result<Stored> {
        let open = Command::Open {
            id: begin.payment,
            order: begin.order,
            amount: begin.amount,
            covers: begin.covers.clone(),
            voucher: begin.voucher,
        };
        let aside = Aside {
            token: begin.token.as_ref().map(|token| token.as_str().to_owned()),
            return_url: begin.return_url.clone(),
            saga: begin
                .saga
                .map(|saga| base::uid::spell(SAGA, saga).to_string()),
            ..Aside::default()
        };
        let mut step = Step::open(&open, begin.restaurant, aside)?;
        if let Some(provider) = self.0.gate.first_open(begin.voucher) {
            let id = AttemptId::from(begin.payment.uid());
            let name = provider.name().parse().map_err(unnamed)?;
            step.decide(&Command::Send(Sending {
                attempt: id,
                act: Act::Authorise,
                minor: begin.amount.minor(),
                provider: name,
                refund: None,
                at: commit.at(),
            }))?;
            if begin.saga.is_none() {
                self.settle_later(commit, begin.payment, id);
            }
            self.remember(id);
        }
        step.write(commit)?;
        Ok(Stored(step.kept))
    }

    /// Has a commit begin a payment out of somebody's credit, which holds it. The commit is refused when there is not so
    /// much.
    ///
    /// # Errors
    /// The amount is not above zero.
    pub fn begin_with_credit(
        &self,
        commit: &mut Commit,
        begin: &Begin,
        (ask, person): (&Ask, PersonId),
    ) -> Result<Stored> {
        let open = Command::Open {
            id: begin.payment,
            order: begin.order,
            amount: begin.amount,
            covers: begin.covers.clone(),
            voucher: None,
        };
        let aside = Aside {
            credit: Some(person),
            ..Aside::default()
        };
        let mut step = Step::open(&open, begin.restaurant, aside)?;
        let (attempt, minor) = (begin.payment.uid(), begin.amount.minor());
        step.decide(&Command::Send(Sending {
            attempt: attempt.into(),
            act: Act::Authorise,
            minor,
            provider: ProviderName::credit(),
            refund: None,
            at: commit.at(),
        }))?;
        let reference = base::uid::spell(CREDIT, attempt).to_string();
        step.note(attempt.into(), Known::Done { reference, minor })?;
        if let Some(entry) = step.kept.credit(minor) {
            credit::spend(commit, ask, attempt, &entry)?;
        }
        step.write(commit)?;
        Ok(Stored(step.kept))
    }

    /// Sees to it that the money is held. Asked again it asks again what is not known, and never for more money.
    ///
    /// # Errors
    /// There is no such payment, or our own database is away.
    pub async fn authorise(&self, payment: PaymentId) -> Result<Standing> {
        self.reach(Asker::Nobody, payment, &Wish::Authorise).await
    }

    /// Takes money that is held. The same step is the same attempt, whenever it is asked.
    ///
    /// # Errors
    /// So much is not held, or as [`App::authorise`].
    pub async fn capture(&self, payment: PaymentId, step: Uid, amount: Money) -> Result<Standing> {
        self.capture_again(payment, (step, 0), amount).await
    }

    /// As [`App::capture`], for whoever knows that it was refused so often: after that it is asked once more.
    ///
    /// # Errors
    /// As [`App::capture`].
    pub async fn capture_again(
        &self,
        payment: PaymentId,
        asked: (Uid, u8),
        amount: Money,
    ) -> Result<Standing> {
        let wish = Wish::Capture(Again::of(payment, asked, Act::Capture), amount);
        self.reach(Asker::Nobody, payment, &wish).await
    }

    /// Lets go of everything that is held, or may come to be held. What was never asked is just dropped.
    ///
    /// # Errors
    /// Something was taken already, or as [`App::authorise`].
    pub async fn cancel(&self, payment: PaymentId, step: Uid) -> Result<Standing> {
        self.cancel_again(payment, (step, 0)).await
    }

    /// As [`App::cancel`], for whoever knows that it was refused so often: after that it is asked once more.
    ///
    /// # Errors
    /// As [`App::cancel`].
    pub async fn cancel_again(&self, payment: PaymentId, asked: (Uid, u8)) -> Result<Standing> {
        let wish = Wish::Cancel(Again::of(payment, asked, Act::Cancel));
        self.reach(Asker::Nobody, payment, &wish).await
    }

    /// Gives money back. The same step is the same attempt, or the same attempts: what was taken in parts goes back in
    /// parts, where no single one has so much left.
    ///
    /// # Errors
    /// So much was not taken, or as [`App::authorise`].
    pub async fn refund(&self, payment: PaymentId, step: Uid, amount: Money) -> Result<Standing> {
        self.give_back(payment, Back::of(payment, step, amount))
            .await
    }

    /// As [`App::refund`], for whoever knows that it was refused so often: after that it is asked once more.
    ///
    /// # Errors
    /// As [`App::refund`].
    pub async fn refund_again(
        &self,
        payment: PaymentId,
        (step, refusals): (Uid, u8),
        amount: Money,
    ) -> Result<Standing> {
        let back = Back {
            refusals,
            ..Back::of(payment, step, amount)
        };
        self.give_back(payment, back).await
    }

    /// The same, of all that was taken and that nobody else has given back, with what this step has given already. What
    /// another has perhaps given, because its refusal was taken back, is left to somebody. That the step was refused to let go
    /// of the money before is among the refusals.
    ///
    /// # Errors
    /// As [`App::refund`].
    pub async fn refund_rest(
        &self,
        payment: PaymentId,
        (step, refusals): (Uid, u8),
    ) -> Result<Standing> {
        let intent = self.find(payment).await?.intent;
        let back = Back::of(payment, step, Money::zero(intent.currency));
        let left = intent.captured_minor.saturating_sub(intent.refunded_minor);
        let (given, doubtful) = (back.given_minor(&intent), back.doubtful_minor(&intent));
        let minor = left.saturating_sub(doubtful).max(0).saturating_add(given);
        let kept = Again::of(payment, (step, 0), Act::Cancel).refused(&intent);
        let back = Back {
            amount: Money::new(minor, intent.currency),
            refusals: refusals.saturating_sub(kept),
            ..back
        };
        let mut standing = self.give_back(payment, back).await?;
        standing.refusals = standing.refusals.saturating_add(kept);
        Ok(match doubtful > 0 {
            true => standing.of_certain(minor),
            false => standing,
        })
    }

    /// As [`App::refund_again`], for a refund that somebody granted: its attempts bear its name.
    ///
    /// # Errors
    /// As [`App::refund`].
    pub async fn refund_for(
        &self,
        (payment, refund): (PaymentId, RefundId),
        (step, refusals): (Uid, u8),
        amount: Money,
    ) -> Result<Standing> {
        let back = Back {
            refund: Some(refund),
            refusals,
            ..Back::of(payment, step, amount)
        };
        self.give_back(payment, back).await
    }

    /// How often what a step asks was refused by now, if it was for this reason the last time. That is for a saga
    /// which was parked for it before sagas took note of refusals.
    ///
    /// # Errors
    /// There is no such payment, or our own database is away.
    pub async fn refusals(&self, payment: PaymentId, step: Uid, why: &str) -> Result<u8> {
        let intent = self.find(payment).await?.intent;
        Ok(plan::refused_for(&intent, step, why))
    }

    /// What a step has given back through a payment so far.
    #[must_use]
    pub fn given_minor(intent: &Intent, step: Uid) -> i64 {
        let back = Back::of(intent.id, step, Money::zero(intent.currency));
        back.given_minor(intent)
    }

    async fn give_back(&self, payment: PaymentId, back: Back) -> Result<Standing> {
        let wish = Wish::Refund(back);
        let mut standing = self.reach(Asker::Nobody, payment, &wish).await?;
        for _ in 1..PARTS_MAX {
            let is_part = standing.step.is_none() && !standing.moved.is_empty();
            if !is_part || standing.is_out_of_reach || standing.under_way.is_some() {
                break;
            }
            standing = self.reach(Asker::Nobody, payment, &wish).await?;
        }
        Ok(standing)
    }

    /// Goes on after the payer came back from the provider's page with this query.
    ///
    /// # Errors
    /// As [`App::authorise`].
    pub async fn go_on(
        &self,
        payment: PaymentId,
        said: BTreeMap<String, String>,
    ) -> Result<Standing> {
        let mut kept = self.find(payment).await?;
        let waits = |kept: &Kept| {
            let mut unsettled = kept.intent.unsettled();
            unsettled
                .find(|attempt| attempt.needs_action)
                .map(|attempt| attempt.id)
        };
        let Some(attempt) = waits(&kept) else {
            return Ok(Standing::of(&kept));
        };
        kept.aside.said = Some(said);
        let mut commit = self.0.db.new_commit(payment.organisation());
        rows::keep(&mut commit, &kept)?;
        self.0.db.commit(commit, &self.0.db.deadline()).await.at()?;
        self.call(Into::Payers, &kept, (attempt, Try::Again))
            .await?;
        self.standing(payment).await
    }

    /// How a payment stands.
    ///
    /// # Errors
    /// There is no such payment.
    pub async fn standing(&self, payment: PaymentId) -> Result<Standing> {
        Ok(Standing::of(&self.find(payment).await?))
    }

    /// A payment with all its attempts.
    ///
    /// # Errors
    /// There is no such payment.
    pub async fn intent(&self, payment: PaymentId) -> Result<Intent> {
        Ok(self.find(payment).await?.intent)
    }

    /// All payments of the bill of an order, the first of them first.
    ///
    /// # Errors
    /// Our own database is away.
    pub async fn of_order(&self, order: OrderId) -> Result<Vec<Intent>> {
        let mut all = self.all_of_order(order).await?;
        all.retain(|intent| !intent.covers.is_tip());
        Ok(all)
    }

    /// The same, with the tips that were given beside the bill.
    ///
    /// # Errors
    /// Our own database is away.
    pub async fn all_of_order(&self, order: OrderId) -> Result<Vec<Intent>> {
        let kept = rows::of_order(&self.0.db, order).await.at()?;
        Ok(kept.into_iter().map(|kept| kept.intent).collect())
    }

    /// The same, each with where its payer has to go, if he has to.
    ///
    /// # Errors
    /// Our own database is away.
    pub async fn listed(&self, order: OrderId) -> Result<Vec<(Intent, Option<String>)>> {
        let kept = rows::of_order(&self.0.db, order).await.at()?;
        let listed = kept.into_iter().map(|kept| {
            let url = Standing::of(&kept).action_url;
            (kept.intent, url)
        });
        Ok(listed.collect())
    }

    /// What was taken and given back through a provider, by payments in a currency that were begun in a period.
    ///
    /// # Errors
    /// They are too many for one comparison, there is no such organisation, or our own database is away.
    pub(super) async fn moved(
        &self,
        (organisation, provider): (Organisation, &str),
        currency: Currency,
        (from, to): (Option<Time>, Option<Time>),
    ) -> Result<Vec<Line>> {
        if !self.0.db.knows(organisation).await {
            return Err(missing());
        }
        let mut after = from.map_or(Uid::from_bytes([0; 16]), reconcile::first_of);
        let before = to.map_or(Uid::from_bytes([0xff; 16]), reconcile::first_of);
        let mut lines = Vec::new();
        loop {
            let page = rows::between(&self.0.db, organisation, (after, before), PAGE)
                .await
                .at()?;
            let Some(last) = page.last() else {
                return Ok(lines);
            };
            after = last.intent.id.uid();
            for kept in page.iter().filter(|kept| kept.intent.currency == currency) {
                lines.extend(reconcile::of_intent(&kept.intent, provider));
            }
            if lines.len() > reconcile::LINES_MAX {
                return Err(Error::invalid(
                    codes::FIELD_INVALID,
                    "the period has too many payments for one comparison",
                )
                .field("from", codes::FIELD_INVALID, "choose a shorter period"));
            }
        }
    }

    /// Finds out what can be found out now of everything that has no outcome.
    ///
    /// # Errors
    /// As [`App::authorise`].
    pub async fn settle(&self, payment: PaymentId) -> Result<Standing> {
        let mut kept = self.find(payment).await?;
        let open: Vec<AttemptId> = kept.intent.unsettled().map(|attempt| attempt.id).collect();
        for attempt in open {
            self.push(Into::Own, &kept, attempt).await?;
            kept = self.find(payment).await?;
        }
        Ok(Standing::of(&kept))
    }

    pub(super) async fn find(&self, payment: PaymentId) -> Result<Kept> {
        let kept = rows::find(&self.0.db, payment).await.at()?;
        kept.ok_or_else(missing)
    }

    pub(super) async fn reach(
        &self,
        asker: Asker<'_>,
        payment: PaymentId,
        wish: &Wish,
    ) -> Result<Standing> {
        let standing = self.strive(asker, payment, wish).await?;
        Ok(standing.for_wish(wish))
    }

    /// Does what has to be done next until there is nothing more that could be done now.
    async fn strive(
        &self,
        mut asker: Asker<'_>,
        payment: PaymentId,
        wish: &Wish,
    ) -> Result<Standing> {
        let mut spurned = Vec::new();
        for _ in 0..TRIES {
            let kept = match asker.known() {
                Some(known) if known.intent.id == payment => known,
                _ => self.find(payment).await?,
            };
            let timed = asker.timed();
            let into = asker.place();
            let settled = match plan::next(&kept.intent, wish) {
                Next::Stand => return Ok(Standing::of(&kept)),
                Next::Drop => self.drop_it(&kept).await?,
                Next::Send(attempt) => {
                    spurned.extend(provider_of(&kept, attempt));
                    match self.how(&kept, attempt) {
                        Some(how) => self.call(into, &kept, (attempt, how)).await?,
                        None => {
                            self.disown(&kept, attempt).await?;
                            Settled::Anew
                        }
                    }
                }
                Next::LookUp(attempt) => self.look_up(into, &kept, attempt).await?,
                Next::Begin(act, attempt, minor) => {
                    let Some(provider) = self.provider(&kept.intent, act, &spurned)? else {
                        return Ok(Standing::out_of_reach(&kept));
                    };
                    spurned.push(provider.clone());
                    let id = attempt.unwrap_or_else(|| self.new_attempt(payment));
                    let sending = Sending {
                        attempt: id,
                        act,
                        minor,
                        provider,
                        refund: wish.refund(),
                        at: self.0.clock.now(),
                    };
                    match self.send(&kept, sending, timed).await? {
                        Sent::Stored(kept) => self.call(into, &kept, (id, Try::First)).await?,
                        Sent::OutrunBy => Settled::Anew,
                        Sent::MustWait => return Ok(Standing::of(&kept)),
                    }
                }
            };
            match settled {
                Settled::Stands(standing) => return Ok(standing),
                Settled::Anew => {}
            }
        }
        Err(too_many())
    }

    fn new_attempt(&self, payment: PaymentId) -> AttemptId {
        AttemptId::make(&self.0.clock, &self.0.random, payment.organisation())
    }

    /// Who is asked: new money may be asked of anybody who has not just failed, the rest where the money is.
    fn provider(
        &self,
        intent: &Intent,
        act: Act,
        spurned: &[ProviderName],
    ) -> Result<Option<ProviderName>> {
        if act != Act::Authorise {
            return Ok(begun_with(intent));
        }
        let open = self.0.gate.open_but(spurned, intent.voucher);
        open.map(|provider| provider.name().parse().map_err(unnamed))
            .transpose()
    }

    /// Stores that something is about to be asked.
    async fn send(&self, kept: &Kept, sending: Sending, timed: Timed) -> Result<Sent> {
        let (payment, attempt) = (kept.intent.id, sending.attempt);
        let mut step = Step::of(kept.clone());
        let decided = step.decide(&Command::Send(sending));
        if step.is_under_way {
            return Ok(Sent::MustWait);
        }
        decided?;
        let mut commit = self.0.db.new_commit(payment.organisation());
        step.write(&mut commit)?;
        if timed == Timed::Yes {
            self.settle_later(&mut commit, payment, attempt);
        }
        match self.0.db.commit(commit, &self.0.db.deadline()).await {
            Ok(_) => Ok(Sent::Stored(Box::new(step.kept))),
            Err(failure) if rows::is_lost_race(&failure) => Ok(Sent::OutrunBy),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Sends an attempt that is stored, and takes note of the answer.
    async fn call(
        &self,
        into: Into<'_>,
        kept: &Kept,
        (attempt, how): (AttemptId, Try),
    ) -> Result<Settled> {
        let (name, asked) = outgoing(kept, attempt)?;
        let answer = match name.is_credit() {
            true => Some(by_ourselves(&asked)),
            false => self.0.gate.send(name.as_str(), &asked, how).await,
        };
        let answer = match (answer, how) {
            // Whoever sends it as well has said so before: then this is not stored, and what he was answered is looked up.
            (Some(Answer::Unsent { .. }) | None, Try::First) if asked.act() == AUTHORISE => None,
            (Some(answer), _) => Some(answer),
            (None, _) => Some(unknown("calls to the provider do not pass now")),
        };
        self.answered(into, kept, (attempt, answer)).await
    }

    /// Asks what became of an attempt, and takes note of the answer. What the provider has never heard of is sent again.
    async fn look_up(&self, into: Into<'_>, kept: &Kept, attempt: AttemptId) -> Result<Settled> {
        let known = kept.intent.attempt(attempt);
        let is_named_hold =
            known.is_some_and(|known| known.act == Act::Authorise && known.reference.is_some());
        match self.look(kept, attempt).await? {
            None => Ok(Settled::Stands(Standing::of(kept))),
            Some(Answer::Absent) if base::planted("absent_is_given_up") => {
                self.answered(into, kept, (attempt, None)).await
            }
            // It has named the hold, and knows nothing of what the payer brought, which was just brought again.
            Some(Answer::Absent) if is_named_hold => Ok(Settled::Stands(Standing::of(kept))),
            Some(Answer::Absent) => self.call(into, kept, (attempt, Try::Unheard)).await,
            Some(answer) => self.answered(into, kept, (attempt, Some(answer))).await,
        }
    }

    /// What the provider says when it is asked about an attempt. Nothing where calls do not pass now.
    pub(super) async fn look(&self, kept: &Kept, attempt: AttemptId) -> Result<Option<Answer>> {
        let (name, asked) = outgoing(kept, attempt)?;
        if name.is_credit() {
            return Ok(Some(by_ourselves(&asked)));
        }
        let known = kept.intent.attempt(attempt);
        let look_up = LookUp {
            asked,
            reference: known.and_then(|attempt| attempt.reference.clone()),
        };
        Ok(self.0.gate.look_up(name.as_str(), &look_up).await)
    }

    /// Finds out about one attempt without an outcome, whatever it waits for.
    pub(super) async fn push(
        &self,
        into: Into<'_>,
        kept: &Kept,
        attempt: AttemptId,
    ) -> Result<Settled> {
        match kept.intent.attempt(attempt) {
            Some(open) if !open.state.is_settled() => match plan::push(open) {
                // Whoever has begun it is about to send it.
                Next::Send(_) if self.is_young(open) => Ok(Settled::Stands(Standing::of(kept))),
                Next::Send(attempt) => match self.how(kept, attempt) {
                    Some(how) => self.call(into, kept, (attempt, how)).await,
                    None => {
                        self.disown(kept, attempt).await?;
                        self.look_up_disowned(into, kept.intent.id, attempt).await
                    }
                },
                _ => self.look_up(into, kept, attempt).await,
            },
            _ => Ok(Settled::Anew),
        }
    }

    /// Looks up what nobody knows the end of, unless somebody has just told it.
    async fn look_up_disowned(
        &self,
        into: Into<'_>,
        payment: PaymentId,
        attempt: AttemptId,
    ) -> Result<Settled> {
        let kept = self.find(payment).await?;
        let state = kept.intent.attempt(attempt).map(|attempt| attempt.state);
        match state {
            Some(AttemptState::Unknown) => self.look_up(into, &kept, attempt).await,
            _ => Ok(Settled::Anew),
        }
    }

    /// How an attempt is sent that stands as sent. What asks for new money and was begun by somebody else is not: it has to be
    /// disowned first.
    fn how(&self, kept: &Kept, id: AttemptId) -> Option<Try> {
        let is_fresh = self.take_fresh(id);
        let attempt = kept.intent.attempt(id);
        match attempt.is_some_and(|attempt| attempt.act == Act::Authorise) {
            _ if is_fresh => Some(Try::First),
            true => None,
            false => Some(Try::Again),
        }
    }

    /// Whether new money was asked for so lately that who has begun to ask is still about to.
    fn is_young(&self, attempt: &Attempt) -> bool {
        let age = self.0.clock.now().since(attempt.id.uid().time());
        attempt.act == Act::Authorise && age < OWN_FOR
    }

    pub(super) fn remember(&self, attempt: AttemptId) {
        let mut fresh = self.0.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh.len() >= FRESH_MAX {
            fresh.clear();
        }
        fresh.insert(attempt);
    }

    /// Whether an attempt was begun here and not sent yet. Said once.
    fn take_fresh(&self, attempt: AttemptId) -> bool {
        let mut fresh = self.0.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.remove(&attempt)
    }
}

const AUTHORISE: rpc::providers::Act = rpc::providers::Act::Authorise;

/// What became of storing that something is about to be asked.
enum Sent {
    /// It is stored.
    Stored(Box<Kept>),
    /// Somebody else changed the payment first.
    OutrunBy,
    /// Something else has no outcome yet.
    MustWait,
}

/// The provider where the money is, or may come to be.
pub(super) fn begun_with(intent: &Intent) -> Option<ProviderName> {
    let begun = intent
        .unsettled()
        .find(|attempt| attempt.act == Act::Authorise);
    intent
        .held_by()
        .or(begun)
        .map(|attempt| attempt.provider.clone())
}

fn provider_of(kept: &Kept, attempt: AttemptId) -> Option<ProviderName> {
    let attempt = kept.intent.attempt(attempt)?;
    Some(attempt.provider.clone())
}

fn outgoing(kept: &Kept, attempt: AttemptId) -> Result<(ProviderName, rpc::providers::Asked)> {
    let known = kept
        .intent
        .attempt(attempt)
        .map(|attempt| attempt.provider.clone());
    known.zip(plan::asked(kept, attempt)).ok_or_else(|| {
        Error::conflict(
            codes::PAYMENT_REFUSED,
            "no single capture of the payment has so much left",
        )
    })
}

/// The key of a step's attempt outside: of one step of a saga about several payments, each payment has its own.
pub(super) fn attempt_of(payment: PaymentId, step: Uid, act: Act) -> AttemptId {
    let mut context = Context::new(&SHA256);
    context.update(payment.uid().as_bytes());
    if !base::planted("steps_share_a_key") {
        context.update(step.as_bytes());
    }
    context.update(act.name().as_bytes());
    let digest = context.finish();
    let mut bytes = *payment.uid().as_bytes();
    for (byte, drawn) in bytes.iter_mut().skip(10).zip(digest.as_ref()) {
        *byte = *drawn;
    }
    AttemptId::from(Uid::from_bytes(bytes))
}

/// What is asked of ourselves is done: its effect on somebody's credit is in the commit that takes note of it.
fn by_ourselves(asked: &rpc::providers::Asked) -> Answer {
    Answer::Done {
        reference: base::uid::spell(CREDIT, asked.attempt()).to_string(),
        amount: asked.amount(),
    }
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

pub(super) fn unknown(words: &str) -> Answer {
    Answer::Unknown {
        words: words.to_owned(),
    }
}

#[track_caller]
pub(super) fn refused(refusal: Refusal) -> Error {
    Error::conflict(codes::PAYMENT_REFUSED, refusal.to_string())
}

#[track_caller]
fn unnamed(error: trade::payments::ProviderNameError) -> Error {
    Error::internal(codes::INTERNAL, "a provider of an impossible name").caused_by(error)
}
