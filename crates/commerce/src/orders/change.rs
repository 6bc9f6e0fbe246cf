//! Changes of an order's lines: by those who make it, by who ordered it, and his word on what others propose.
//!
//! What a change takes of counted items is taken when it is proposed, so that who says yes gets it, and comes back when
//! nothing comes of it. Books, goods and payments go along in the commit of the move.

use std::collections::BTreeMap;

use base::{Error, Money, Result, Trail as _, codes};
use carte::ItemId;
use catalogue::menus::stock;
use domain::people::PersonId;
use domain::pricing::{self, Reason};
use edge::Granted;
use engine::sagas::{self, Begun, Saga};
use rpc::providers::Token;
use serde::Serialize;
use slice::Ask;
use store::Commit;
use trade::ledger::{ChangeId, Transaction};
use trade::orders::{
    Actor, Change, Command, Dropped, Event, Facts, LineKey, Order, OrderId, Paying, Repriced, Said,
    Word, changeable, counts, of_quote, reprice,
};
use trade::payments::{Act, Covers, Intent, PaymentId, paid_by};

use super::app::{App, missing};
use super::change_pay::{self as pay, Lowering, Raising};
use super::moves::{Moved, actor, changed};
use super::parts;
use super::pay::Share;
use super::place::unbalanced;
use super::priced::{Scene, refusal, refused};
use super::slot::is_untouched;
use super::store::{Held, Lot, Stored};
use super::view::{
    ConsentAsked, LinesAsked, NewLine, OrderView, OwnLinesAsked, Wanted, WithdrawAsked,
};
use crate::ledger;
use crate::payments::Begin;

/// How the ids of sagas begin where they are written.
const SAGA: &str = "sag";

/// What a diner pays a difference, or a tip, with.
#[derive(Clone, Debug, Default)]
pub(super) struct Means {
    pub(super) token: Option<Token>,
    pub(super) return_url: Option<String>,
    /// Whose credit it is, where it is that.
    pub(super) credit: Option<PersonId>,
}

/// What somebody asks about lines.
enum Step<'a> {
    /// The restaurant, or an operator, changes them.
    Lines(Actor, &'a LinesAsked),
    /// Who placed the order changes them.
    Own(&'a OwnLinesAsked),
    /// Who placed the order says yes or no.
    Consent(&'a ConsentAsked),
    /// The restaurant, or an operator, takes back what it has proposed.
    Withdraw(Actor, &'a WithdrawAsked),
}

/// What goes along with a move, beside the order.
pub(super) struct Along<'a> {
    pub(super) means: &'a Means,
    /// What the order holds.
    pub(super) held: Held,
    /// The saga that is to go on when the move is stored.
    pub(super) begun: Option<Begun>,
}

impl App {
    /// Changes lines as the restaurant says: at once where that only takes away, else when the diner agrees.
    pub(super) async fn change_lines(
        &self,
        ask: &Ask,
        (id, granted): (OrderId, &Granted),
        asked: &LinesAsked,
    ) -> Result<OrderView> {
        let stored = self.find(id).await?;
        self.within(&granted.places, &stored.order).await?;
        let place = (id, "orders.change_lines");
        let step = Step::Lines(actor(granted), asked);
        let means = Means::default();
        self.settle_step(ask, place, (&step, &means), asked).await
    }

    /// Changes lines as whoever placed the order says.
    pub(super) async fn change_own(
        &self,
        ask: &Ask,
        (person, id): (PersonId, OrderId),
        asked: &OwnLinesAsked,
    ) -> Result<OrderView> {
        self.own(person, id).await?;
        let (place, means) = ((id, "orders.change_own"), asked.means()?);
        let step = Step::Own(asked);
        self.settle_step(ask, place, (&step, &means), asked).await
    }

    /// What whoever placed the order says of a change that waits for his word.
    pub(super) async fn consent(
        &self,
        ask: &Ask,
        (person, id): (PersonId, OrderId),
        asked: &ConsentAsked,
    ) -> Result<OrderView> {
        self.own(person, id).await?;
        let (place, means) = ((id, "orders.consent"), asked.means()?);
        let step = Step::Consent(asked);
        self.settle_step(ask, place, (&step, &means), asked).await
    }

    /// Takes back a change that waits, as those say who have proposed it.
    pub(super) async fn withdraw(
        &self,
        ask: &Ask,
        (id, granted): (OrderId, &Granted),
        asked: &WithdrawAsked,
    ) -> Result<OrderView> {
        let stored = self.find(id).await?;
        self.within(&granted.places, &stored.order).await?;
        let place = (id, "orders.withdraw");
        let step = Step::Withdraw(actor(granted), asked);
        let means = Means::default();
        self.settle_step(ask, place, (&step, &means), asked).await
    }

    async fn settle_step(
        &self,
        ask: &Ask,
        (id, name): (OrderId, &'static str),
        wanted: (&Step<'_>, &Means),
        asked: &impl Serialize,
    ) -> Result<OrderView> {
        self.settled(ask, (id, name), &(id, asked), || async {
            let stored = self.find(id).await?;
            let (commit, moved) = self.step(ask, &stored, wanted).await?;
            Ok(moved.step(commit))
        })
        .await
    }

    async fn step(
        &self,
        ask: &Ask,
        stored: &Stored,
        (step, means): (&Step<'_>, &Means),
    ) -> Result<(Commit, Moved)> {
        let order = &stored.order;
        let (actor, wanted) = match step {
            // What is not paid is not there for the restaurant.
            Step::Lines(Actor::Restaurant, _) | Step::Withdraw(Actor::Restaurant, _)
                if !order.is_shown() =>
            {
                return Err(missing());
            }
            Step::Lines(actor, asked) => (*actor, asked.wanted(order)?),
            Step::Own(asked) => (Actor::Diner, asked.wanted(order)?),
            Step::Consent(asked) => {
                let wanted = (asked.proposal, asked.command());
                return self
                    .worded(ask, (stored, Actor::Diner), wanted, means)
                    .await;
            }
            Step::Withdraw(actor, asked) => {
                let wanted = (asked.proposal, Command::Consent(Word::No));
                return self.worded(ask, (stored, *actor), wanted, means).await;
            }
        };
        self.change(ask, (stored, actor), (&wanted, means)).await
    }

    /// Decides upon a word about the change that was seen.
    async fn worded(
        &self,
        ask: &Ask,
        (stored, actor): (&Stored, Actor),
        (seen, command): (i64, Command),
        means: &Means,
    ) -> Result<(Commit, Moved)> {
        let proposal = stored.order.proposal.as_deref();
        if proposal.is_some_and(|one| one.number != seen) {
            return Err(changed());
        }
        let facts = Facts::new(actor, self.0.clock.now());
        self.moved_with(ask, (stored, &facts), (&command, means))
            .await
    }

    /// Prices a change and decides upon it.
    async fn change(
        &self,
        ask: &Ask,
        (stored, actor): (&Stored, Actor),
        (wanted, means): (&Wanted, &Means),
    ) -> Result<(Commit, Moved)> {
        let order = &stored.order;
        if wanted.version.is_some_and(|seen| seen != order.version) {
            return Err(changed());
        }
        changeable(order, actor)?;
        let scene = self.scene_of(order).await?;
        let added = scene.added((order, actor), &wanted.new)?;
        let repriced = reprice(order, &wanted.commands, &added)?;
        if actor == Actor::Diner {
            self.is_enough(stored, &repriced).await?;
        }
        let facts = Facts {
            actor,
            now: scene.now,
            repriced: Some(&repriced),
        };
        let command = Command::Change {
            commands: wanted.commands.clone(),
            why: wanted.why,
        };
        self.moved_with(ask, (stored, &facts), (&command, means))
            .await
    }

    /// The commit that moves an order with these means, and what comes of it.
    pub(super) async fn moved_with(
        &self,
        ask: &Ask,
        (stored, facts): (&Stored, &Facts<'_>),
        wanted: (&Command, &Means),
    ) -> Result<(Commit, Moved)> {
        let mut commit = self.0.db.new_commit(stored.order.id.organisation());
        let scene = (stored, facts);
        let moved = self.moved_along(&mut commit, ask, scene, wanted).await?;
        self.arm_anew(&mut commit, &stored.order, &moved.order)?;
        Ok((commit, moved))
    }

    /// Who lowers his own order keeps to what his coupon asks for, and the place to which it is brought. What others take
    /// out of it is not held against him.
    async fn is_enough(&self, stored: &Stored, repriced: &Repriced) -> Result<()> {
        let order = &stored.order;
        let items = |lines: &mut dyn Iterator<Item = i64>| lines.fold(0, i64::saturating_add);
        let after = items(&mut repriced.lines.iter().map(|line| line.minor));
        let before = items(&mut order.sold().map(|line| line.minor));
        if after >= before {
            return Ok(());
        }
        if stored.held.minimum.is_some_and(|minimum| after < minimum) {
            let said = "the restaurant brings no less than that there";
            return Err(refusal().field("order", "below_minimum", said));
        }
        let house = order.id.organisation();
        let found = self.0.offers.minimum(house, order.id.uid()).await?;
        match found.is_some_and(|minimum| after < minimum) {
            true => {
                let said = "what was taken off asks for more than that";
                Err(refusal().field("couponCode", "too_small", said))
            }
            false => Ok(()),
        }
    }

    /// All that is known of where an order was placed, past what is remembered.
    async fn scene_of(&self, order: &Order) -> Result<Scene> {
        let id = order.restaurant;
        let restaurant = self.0.restaurants.find(id).await.at()?;
        let venue = self.0.venues.find(id).await.at()?;
        let current = self.0.menus.fresh(id).await.at()?;
        Ok(Scene {
            restaurant: restaurant.ok_or_else(missing)?,
            venue: venue.ok_or_else(missing)?,
            current: current.ok_or_else(missing)?,
            now: self.0.clock.now(),
        })
    }

    /// What an event does beside the order: goods, books and payments of its change, or of a tip.
    pub(super) async fn go_along(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        (was, order, event): (&Order, &Order, &Event),
        along: &mut Along<'_>,
    ) -> Result<()> {
        match &event.said {
            Said::ChangeProposed(proposal) => {
                let lot = self.reserve(commit, was, &proposal.change).await?;
                along.held.reserved = lot;
                if proposal.agreed {
                    self.raise(commit, order, along)?;
                }
            }
            Said::ChangeAgreed { .. } => self.raise(commit, order, along)?,
            Said::ChangeDropped { why, .. } => {
                let lot = along.held.reserved.take().unwrap_or_default();
                if !base::planted("change_not_dropped") {
                    stock::give_back(commit, (order.restaurant, lot.seen), &lot.stock);
                }
                along.held.returned = lot.stock.into_keys().collect();
                along.held.raise = None;
                // The saga that waits for the money finds that it is not wanted any more, and lets go of it.
                let saga = along.held.raising.take();
                let saga = saga.filter(|_| *why != Dropped::Unpaid);
                if let Some(Ok(saga)) = saga.map(|saga| base::uid::read(SAGA, &saga)) {
                    sagas::wake(saga, commit);
                }
            }
            Said::Changed { change, proposal } => {
                let lot = match proposal {
                    Some(_) => along.held.reserved.take(),
                    None => self.reserve(commit, was, change).await?,
                };
                along.held.lots.extend(lot);
                give_back(commit, (was, change), &mut along.held);
                along.held.more.extend(along.held.raise.take());
                along.held.raising = None;
                if !base::planted("change_not_posted") {
                    self.book(commit, ask, (was, order))?;
                }
                let is_less = change.difference_minor < 0;
                if is_less && is_taken(order) && !base::planted("change_not_given_back") {
                    along.begun = self
                        .lower(commit, (was, order, change), &along.held)
                        .await?;
                }
            }
            Said::TipAsked(tip) => self.ask_for_tip(commit, ask, (order, tip), along)?,
            Said::Tipped { payment } => self.book_tip(commit, ask, (order, *payment))?,
            _ => {}
        }
        Ok(())
    }

    /// Takes what a change needs more of counted items.
    async fn reserve(
        &self,
        commit: &mut Commit,
        order: &Order,
        change: &Change,
    ) -> Result<Option<Lot>> {
        let more = difference(counts(&change.lines), &counts(order.sold()));
        if more.is_empty() || base::planted("change_not_taken") {
            return Ok(None);
        }
        let current = self.0.menus.fresh(order.restaurant).await.at()?;
        let current = current.ok_or_else(missing)?;
        let (availability, now) = (&current.availability, self.0.clock.now());
        let mut lot = Lot {
            seen: availability.version,
            ..Lot::default()
        };
        for (item, quantity) in more {
            let Some(left) = availability.left(item, now) else {
                continue;
            };
            if left < quantity {
                let mut lines = change.lines.iter();
                let line = lines.find(|line| counts([*line]).contains_key(&item));
                let field = line.map_or_else(String::new, |line| format!("items.{}", line.key));
                return Err(refusal().field(field, "sold_out", "there is not so much left"));
            }
            lot.stock.insert(item, quantity);
        }
        stock::take(commit, order.restaurant, &lot.stock);
        Ok((!lot.stock.is_empty()).then_some(lot))
    }

    /// Begins to ask for the money of the change that waits for it.
    fn raise(&self, commit: &mut Commit, order: &Order, along: &mut Along<'_>) -> Result<()> {
        let Some(proposal) = order.proposal.as_deref() else {
            return Ok(());
        };
        let token = along.means.token.clone().ok_or_else(unpaid)?;
        let payment = PaymentId::make(&self.0.clock, &self.0.random, order.id.organisation());
        let raising = Raising::of(order, proposal, payment);
        let saga = Saga::new(&pay::RAISE, order.id.uid(), &raising)?;
        let begun = saga.begin(&self.0.random, commit);
        let begin = Begin {
            payment,
            order: order.id,
            restaurant: order.restaurant,
            amount: Money::new(proposal.change.difference_minor, order.currency),
            covers: Covers::Any,
            voucher: None,
            token: Some(token),
            return_url: along.means.return_url.clone(),
            saga: Some(begun.id),
        };
        self.0.payments.begin(commit, &begin)?;
        along.held.raise = Some(payment);
        along.held.raising = Some(base::uid::spell(SAGA, begun.id).to_string());
        along.begun = Some(begun);
        Ok(())
    }

    /// Begins to give back what an order costs less. What was to be paid in cash besides is simply not paid.
    async fn lower(
        &self,
        commit: &mut Commit,
        (was, order, change): (&Order, &Order, &Change),
        held: &Held,
    ) -> Result<Option<Begun>> {
        let intents = self.0.payments.of_order(order.id).await?;
        if let Some(parts) = parts::of(held, &intents) {
            let less = parts.less(order.currency, (&was.money, &order.money));
            return self.begin_lower(commit, order, parts::shares(less));
        }
        let covered = parts::paying(held, &intents).filter(|one| one.state.is_secured());
        let covered: Vec<&Intent> = covered.collect();
        let count = |one: &Intent| {
            let has = match one.captured_minor {
                0 => one.authorised_minor,
                taken => taken,
            };
            let given = one
                .refunded_minor
                .saturating_add(one.on_its_way(Act::Refund));
            has.saturating_sub(given)
        };
        // What vouchers must not pay any more is given back also where the rest is paid in cash. What they have above what
        // they paid before is bound by earlier changes, or about to go back.
        let paid = |minor| paid_by(covered.iter().copied(), minor, count);
        let (before, after) = (paid(was.vouchers_minor), paid(order.vouchers_minor));
        let more = before.saturating_sub(after.min(order.total_minor));
        let minor = change.difference_minor.saturating_neg().min(more);
        if minor <= 0 {
            return Ok(None);
        }
        let from_vouchers = was.vouchers_minor.saturating_sub(order.vouchers_minor);
        let lowering = Lowering::of(order, minor, Vec::new()).taking_from_vouchers(from_vouchers);
        let saga = Saga::new(&pay::LOWER, order.id.uid(), &lowering)?;
        Ok(Some(saga.begin(&self.0.random, commit)))
    }

    /// Begins to give this back of a bill that is shared.
    fn begin_lower(
        &self,
        commit: &mut Commit,
        order: &Order,
        less: Vec<Share>,
    ) -> Result<Option<Begun>> {
        let minor = less.iter().map(|share| share.minor);
        let minor = minor.fold(0_i64, i64::saturating_add);
        if minor == 0 {
            return Ok(None);
        }
        let lowering = Lowering::of(order, minor, less);
        let saga = Saga::new(&pay::LOWER, order.id.uid(), &lowering)?;
        Ok(Some(saga.begin(&self.0.random, commit)))
    }

    /// The diner owes the new lines instead of the old ones.
    fn book(&self, commit: &mut Commit, ask: &Ask, (was, order): (&Order, &Order)) -> Result<()> {
        let house = order.id.organisation();
        let change = ChangeId::make(&self.0.clock, &self.0.random, house);
        let about = (order.id, change);
        let owed = Transaction::changed(about, order.currency, &was.money, &order.money);
        ledger::post(commit, ask, &owed.map_err(unbalanced)?)
    }
}

impl Scene {
    /// New lines of an order by themselves, as they are sold now. Whether the restaurant serves was asked when it was
    /// placed, and is asked again of the guest of a tab, who orders more all evening.
    fn added(&self, (order, actor): (&Order, Actor), new: &[NewLine]) -> Result<Repriced> {
        let nothing = Repriced {
            lines: Vec::new(),
            money: Vec::new(),
        };
        if new.is_empty() {
            return Ok(nothing);
        }
        let menu = &self.current.menu;
        let facts = pricing::Facts {
            menu,
            venue: &self.venue,
            availability: &self.current.availability,
            zone: self.restaurant.details.time_zone,
            service: order.service,
            channel: &order.channel,
            now: self.now,
            at: order.wanted_at.unwrap_or(self.now),
            position: self.venue.profile.position,
            discounts: &[],
            in_cash: false,
            tip_minor: 0,
        };
        let wanted: Vec<_> = new.iter().map(|line| line.wanted.clone()).collect();
        let keys: Vec<LineKey> = new.iter().map(|line| line.key.clone()).collect();
        let mut quote = pricing::quote(&facts, &wanted);
        let is_of_guest = order.tab.is_some() && actor == Actor::Diner;
        if is_of_guest {
            self.closes_if_suspended(&mut quote);
        }
        quote.refusals.retain(|refused| {
            let is_shut = matches!(
                refused.reason,
                Reason::Closed | Reason::Paused { .. } | Reason::NotOffered(_)
            );
            refused.line.is_some() || (is_of_guest && is_shut)
        });
        if !quote.refusals.is_empty() {
            return Err(refused(&quote.refusals, &keys));
        }
        let priced = of_quote(&quote, menu, &keys).filter(|_| quote.currency == order.currency);
        let mut priced = priced.ok_or_else(refusal)?;
        let is_other = self.current.revision != order.revision;
        for line in priced.lines.iter_mut().filter(|_| is_other) {
            line.revision = Some(self.current.revision);
        }
        Ok(priced)
    }
}

/// Whether the money of an order is taken, or about to be.
fn is_taken(order: &Order) -> bool {
    let is_early = base::planted("given_back_untaken") && order.status.is_accepted();
    order.paying == Paying::Secured && (order.takes_money() || is_early)
}

/// Gives back what a change needs less of counted items, unless a kitchen has begun to make them.
fn give_back(commit: &mut Commit, (order, change): (&Order, &Change), held: &mut Held) {
    let is_untouched = is_untouched(order);
    for (item, quantity) in difference(counts(order.sold()), &counts(&change.lines)) {
        for (seen, part) in held.less(item, quantity) {
            if is_untouched {
                let lot = BTreeMap::from([(item, part)]);
                stock::give_back(commit, (order.restaurant, seen), &lot);
            }
        }
    }
}

/// What one has more than the other.
fn difference(one: BTreeMap<ItemId, u32>, other: &BTreeMap<ItemId, u32>) -> BTreeMap<ItemId, u32> {
    let more = one.into_iter().map(|(item, quantity)| {
        let has = other.get(&item).copied().unwrap_or(0);
        (item, quantity.saturating_sub(has))
    });
    more.filter(|(_, quantity)| *quantity > 0).collect()
}

#[track_caller]
fn unpaid() -> Error {
    let said = "the change costs more: it is paid with a token of the payment provider";
    Error::conflict(codes::ORDER_UNPAID, said).field("payment", codes::ORDER_UNPAID, said)
}
