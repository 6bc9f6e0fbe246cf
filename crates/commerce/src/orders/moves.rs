//! What becomes of an order: moves by the restaurant, by the diner, and by time.

use base::{Error, Money, Result, Trail as _, Uid, codes};
use catalogue::menus::stock;
use domain::people::PersonId;
use edge::Granted;
use engine::sagas::Begun;
use engine::{Due, Handled, Timer, TimerHandler};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slice::{Ask, wrong};
use store::{Commit, Failure, Value};
use trade::ledger::{About, Means as Way, Transaction};
use trade::orders::{
    Actor, Command, Facts, Order, OrderId, Paying, Repriced, apply, decide, reprice,
};
use trade::payments::{Act, Intent, State, paid_by};

use super::app::{App, missing};
use super::change::{Along, Means};
use super::parts;
use super::pay::Share;
use super::place::{payload, unbalanced};
use super::refunds;
use super::slot::is_untouched;
use super::store::{self as rows, CHANGE, HELD, Held, MOVE, Stored};
use super::view::{CancelAsked, MoveAsked, OrderView};
use crate::{capacity, credit, ledger, offers};

/// How often a move is decided anew because somebody else was faster.
const TRIES: usize = 8;
/// The timer of what time does to an order.
const DUE: &str = "order.due";
/// Who acts when nobody does.
const ITSELF: &str = "platform";

/// An order that moves: how it stands then, and the saga that is to go on when that is stored.
pub(super) struct Moved {
    pub(super) order: Order,
    pub(super) begun: Option<Begun>,
}

/// What is stored of a step, what is answered, and the sagas that go on when it is stored.
pub(super) type Step<T> = (Commit, T, Vec<Begun>);

impl Moved {
    /// The step that stores this move and shows the order.
    pub(super) fn step(self, commit: Commit) -> Step<OrderView> {
        let begun = self.begun.into_iter().collect();
        (commit, OrderView::of(&self.order), begun)
    }
}

/// What a timer is about.
#[derive(Serialize, Deserialize)]
struct Of {
    order: OrderId,
}

impl App {
    /// Moves an order as its restaurant says.
    pub(super) async fn set(
        &self,
        ask: &Ask,
        (id, granted): (OrderId, &Granted),
        asked: &MoveAsked,
    ) -> Result<OrderView> {
        let stored = self.find(id).await?;
        self.within(&granted.places, &stored.order).await?;
        let actor = actor(granted);
        let request = (id, asked);
        self.settled(ask, (id, "orders.set"), &request, || async {
            let stored = self.find(id).await?;
            let order = &stored.order;
            // What is not paid is not there for the restaurant.
            if !order.is_shown() && actor == Actor::Restaurant && !base::planted("unpaid_accepted")
            {
                return Err(missing());
            }
            if asked.version.is_some_and(|seen| seen != order.version)
                && !base::planted("version_ignored")
            {
                return Err(changed());
            }
            let command = asked.command(order)?;
            // Its guest adds lines until then, and would pay for one that nobody has made.
            let is_made = matches!(command, Command::Ready { .. });
            let is_unseen = asked.version.is_none() && !base::planted("tab_ready_unseen");
            if is_made && order.tab.is_some() && is_unseen {
                return Err(wrong("version", "a tab is ready as it was seen"));
            }
            let (commit, moved) = self.moved(ask, &stored, (actor, &command)).await?;
            Ok(moved.step(commit))
        })
        .await
    }

    /// Takes an order back, as whoever placed it says.
    pub(super) async fn cancel(
        &self,
        ask: &Ask,
        (person, id): (PersonId, OrderId),
        asked: &CancelAsked,
    ) -> Result<OrderView> {
        self.own(person, id).await?;
        let request = (id, asked);
        self.settled(ask, (id, "orders.cancel"), &request, || async {
            let stored = self.find(id).await?;
            let wanted = (Actor::Diner, &asked.command());
            let (commit, moved) = self.moved(ask, &stored, wanted).await?;
            Ok(moved.step(commit))
        })
        .await
    }

    /// Stores a step of an order once under its key, and goes on with the sagas that it begins. While somebody else is
    /// faster it is decided anew.
    pub(super) async fn settled<T, F>(
        &self,
        ask: &Ask,
        (id, name): (OrderId, &'static str),
        request: &impl Serialize,
        step: impl Fn() -> F,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<Step<T>>>,
    {
        let (mut tries, place) = (1, (id.organisation(), name));
        loop {
            let mut begun = Vec::new();
            let settled = ask.settle(&self.0.db, place, request, async || {
                let (commit, answer, sagas) = step().await?;
                begun = sagas;
                Ok((commit, answer))
            });
            match settled.await {
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                settled => {
                    // Only what is stored is found, so it does not matter if it was not.
                    for begun in begun.into_iter().filter(|_| settled.is_ok()) {
                        self.0.sagas.go(begun);
                    }
                    break settled;
                }
            }
        }
    }

    /// What is done when the time of an order has come.
    #[must_use]
    pub fn timers(&self) -> Vec<TimerHandler> {
        let app = self.clone();
        let ring = TimerHandler::new(DUE, move |due| {
            let app = app.clone();
            async move { app.ring(&due).await }
        });
        vec![ring, self.forgets_callers()]
    }

    /// The commit that moves an order, and what comes of it. A commit of nothing where it stands there already.
    async fn moved(
        &self,
        ask: &Ask,
        stored: &Stored,
        (actor, command): (Actor, &Command),
    ) -> Result<(Commit, Moved)> {
        let mut commit = self.0.db.new_commit(stored.order.id.organisation());
        let facts = Facts::new(actor, self.0.clock.now());
        let moved = self
            .moved_in(&mut commit, ask, (stored, &facts), command)
            .await?;
        self.arm_anew(&mut commit, &stored.order, &moved.order)?;
        Ok((commit, moved))
    }

    /// Has a commit move an order, with all that follows from it; the timer is the caller's.
    pub(super) async fn moved_in(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        scene: (&Stored, &Facts<'_>),
        command: &Command,
    ) -> Result<Moved> {
        let means = Means::default();
        self.moved_along(commit, ask, scene, (command, &means))
            .await
    }

    /// The same, where the diner may have said what he pays with.
    pub(super) async fn moved_along(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        (stored, facts): (&Stored, &Facts<'_>),
        (command, means): (&Command, &Means),
    ) -> Result<Moved> {
        let was = &stored.order;
        let events = decide(Some(was), command, facts)?;
        let mut order = was.clone();
        let mut along = Along {
            means,
            held: stored.held.clone(),
            begun: None,
        };
        for event in &events {
            let before = order.clone();
            order = apply(Some(order), event)?;
            self.go_along(commit, ask, (&before, &order, event), &mut along)
                .await?;
            let place = (order.id.uid(), order.version);
            let mut payload = payload(event, &order)?;
            if along.held != stored.held {
                payload.insert(HELD.to_owned(), rows::held_json(&along.held)?);
            }
            let event = ask.event(commit, place, event.kind(), &payload)?;
            commit.event(event);
        }
        let begun = along.begun;
        let mut moved = Moved { order, begun };
        if events.is_empty() {
            return Ok(moved);
        }
        let params = rows::moved(was.version, &moved.order).at()?;
        match along.held == stored.held {
            true => commit.guard(&MOVE, params),
            false => {
                let held = Value::from(rows::held_text(&along.held).at()?);
                commit.guard(
                    &CHANGE,
                    params.into_iter().chain([held]).collect::<Vec<_>>(),
                )
            }
        };
        let order = &moved.order;
        self.shift_slot(commit, (was, order)).await?;
        if order.gives_back() && !was.status.is_final() && !base::planted("undo_forgotten") {
            self.undo(commit, ask, stored).await?;
        }
        let is_handed_over = order.status.is_fulfilled() && !was.status.is_fulfilled();
        if is_handed_over && !base::planted("cash_not_posted") {
            let cash = self.cash(&along.held, order).await?;
            let about = About::Order(order.id);
            let taken = Transaction::captured(order.id, about, &Way::Cash, cash);
            ledger::post(commit, ask, &taken.map_err(unbalanced)?)?;
        }
        // A change that came to nothing may still hold money, also where nothing else does.
        let is_undone = order.gives_back() && order.paying != Paying::OnDelivery;
        if stored.has_payments() || !order.tips.is_empty() || is_undone {
            let begun = self.pay_on(commit, (stored, order), command).await?;
            moved.begun = begun.or(moved.begun);
        }
        Ok(moved)
    }

    /// Gives back all that an order held, in the commit in which it comes to nothing. What a kitchen has begun to make is
    /// used up.
    async fn undo(&self, commit: &mut Commit, ask: &Ask, stored: &Stored) -> Result<()> {
        let (order, held) = (&stored.order, &stored.held);
        let posted = self.0.ledger.of_order(order.id).await?;
        let posted: Vec<_> = posted.into_iter().map(|one| one.transaction).collect();
        let owed = Transaction::unwind(order.id, order.currency, &posted);
        if !base::planted("unsale_not_posted") {
            ledger::post(commit, ask, &owed.map_err(unbalanced)?)?;
        }
        if !base::planted("coupon_kept") {
            self.0.offers.give_back(commit, order.id.uid()).await?;
        }
        if let Some(lot) = &held.reserved {
            stock::give_back(commit, (order.restaurant, lot.seen), &lot.stock);
        }
        if is_untouched(order) || base::planted("made_given_back") {
            for (seen, lot) in held.taken().filter(|_| !base::planted("stock_kept")) {
                stock::give_back(commit, (order.restaurant, seen), lot);
            }
            if !base::planted("slot_kept") {
                self.0.capacity.give_back(commit, order.id.uid()).await?;
            }
        }
        Ok(())
    }

    /// What an order's move does with its payments. What its own saga takes by itself needs no other.
    async fn pay_on(
        &self,
        commit: &mut Commit,
        (stored, order): (&Stored, &Order),
        command: &Command,
    ) -> Result<Option<Begun>> {
        let was = &stored.order;
        if order.gives_back() && !was.status.is_final() && !base::planted("unwind_forgotten") {
            return self.begin_unwind(commit, order).map(Some);
        }
        let is_taken = order.takes_money() && !was.takes_money() && stored.has_payments();
        let is_taken = is_taken && !base::planted("capture_forgotten");
        let is_own = *command == Command::Secure && !base::planted("captured_twice");
        if !is_taken || is_own {
            return Ok(None);
        }
        let shares = self.shares(stored, order).await?;
        if order.tab.is_some() && base::planted("tab_taken_twice") {
            self.begin_capture(commit, order, shares.clone())?;
        }
        self.begin_capture(commit, order, shares).map(Some)
    }

    /// What is paid in cash where an order is handed over: all of it, or what its payments leave of it.
    async fn cash(&self, held: &Held, order: &Order) -> Result<Money> {
        let total = Money::new(order.total_minor, order.currency);
        match order.paying == Paying::OnDelivery {
            true if held.payment.is_none() => return Ok(total),
            false if !held.cash => return Ok(Money::zero(order.currency)),
            _ => {}
        }
        let intents = self.0.payments.of_order(order.id).await?;
        if let Some(parts) = parts::of(held, &intents) {
            let cash = parts.cash(order.currency, &order.money);
            return Ok(Money::new(cash, order.currency));
        }
        let count = |intent: &Intent| match intent.state {
            State::Cancelled | State::Failed => 0,
            _ => {
                let given = intent.on_its_way(Act::Refund);
                let given = given.saturating_add(intent.refunded_minor);
                intent.authorised_minor.saturating_sub(given)
            }
        };
        let paying = parts::paying(held, &intents);
        let paid = paid_by(paying, order.vouchers_minor, count);
        let paid = match base::planted("cash_too_much") {
            true => 0,
            false => paid,
        };
        let left = order.total_minor.saturating_sub(paid).max(0);
        Ok(Money::new(left, order.currency))
    }

    /// How much of an order each of its payments gives: the first ones what they hold, until all of it is paid. Nobody
    /// has to look where there is one.
    async fn shares(&self, stored: &Stored, order: &Order) -> Result<Vec<Share>> {
        let held = &stored.held;
        let mut left = match order.tab.filter(|_| base::planted("tab_taken_whole")) {
            Some(tab) => tab.hold_minor,
            None => order.total_minor,
        };
        if let (Some(payment), [], false) = (held.payment, held.more.as_slice(), held.cash) {
            let minor = left;
            return Ok(vec![Share { payment, minor }]);
        }
        let intents = self.0.payments.of_order(order.id).await?;
        if let Some(parts) = parts::of(held, &intents) {
            return Ok(parts::shares(parts.taken(order.currency, &order.money)));
        }
        // Meal vouchers give no more than they are to pay of the order as it is now.
        let mut vouchers = order.vouchers_minor;
        let shares = held.payments().map(|payment| {
            let found = intents.iter().find(|intent| intent.id == payment);
            let mut minor = found.map_or(0, Intent::capturable_minor).min(left);
            if found.is_some_and(Intent::is_voucher) {
                minor = minor.min(vouchers);
                vouchers = vouchers.saturating_sub(minor);
            }
            left = left.saturating_sub(minor);
            Share { payment, minor }
        });
        let mut shares: Vec<Share> = shares.collect();
        // What nobody holds is asked of the last one all the same: taking it is refused then, where it would be forgotten
        // here. What is paid in cash is what is left.
        if let (Some(last), false) = (shares.last_mut(), held.cash) {
            last.minor = last.minor.saturating_add(left);
        }
        Ok(shares)
    }

    /// Sets the timer of a new order.
    pub(super) fn arm(&self, commit: &mut Commit, order: &Order) -> Result<()> {
        set(commit, order, first_timer(order.id))
    }

    /// Sets a timer for what time does next, where that has changed. The first one has an id that is known and is taken
    /// back; later ones find that nothing is due when they ring.
    pub(super) fn arm_anew(&self, commit: &mut Commit, was: &Order, order: &Order) -> Result<()> {
        if order.due() == was.due() {
            return Ok(());
        }
        Timer::cancel(first_timer(order.id), commit);
        self.arm_next(commit, order)
    }

    fn arm_next(&self, commit: &mut Commit, order: &Order) -> Result<()> {
        let house = order.id.organisation();
        let id = Uid::make(&self.0.clock, &self.0.random, house);
        set(commit, order, id)
    }

    /// Does what is due, if it still is.
    async fn ring(&self, due: &Due) -> Result<Handled> {
        let of: Of = serde_json::from_str(&due.payload).map_err(|error| {
            Error::internal(codes::DAMAGED, "a timer that does not read").caused_by(error)
        })?;
        let stored = self.find(of.order).await?;
        // Whichever node takes it: its clock may be behind the one that found it due.
        let now = self.0.clock.now().max(due.due_at);
        let Some(next) = stored.order.due().filter(|next| next.at <= now) else {
            return Ok(Handled::Done);
        };
        let order = &stored.order;
        let nothing = Repriced {
            lines: Vec::new(),
            money: Vec::new(),
        };
        let lapsing = order.lapsing();
        let repriced = match lapsing.is_empty() {
            true => None,
            false => Some(reprice(order, &lapsing, &nothing)?),
        };
        let facts = Facts {
            repriced: repriced.as_ref(),
            ..Facts::new(Actor::Platform, now)
        };
        let mut commit = self.0.db.new_commit(due.organisation);
        let ask = itself();
        let moved = self.moved_in(&mut commit, &ask, (&stored, &facts), &next.command);
        // What it begins is found by its row: nobody knows here when that is stored.
        let order = moved.await?.order;
        // The timer that rings ends with its effect.
        self.arm_next(&mut commit, &order)?;
        Ok(commit.into())
    }
}

/// As whom somebody acts for a restaurant.
pub(super) fn actor(granted: &Granted) -> Actor {
    match granted.acting {
        true => Actor::Operator,
        false => Actor::Restaurant,
    }
}

/// What the platform asks by itself.
pub(super) fn itself() -> Ask {
    Ask {
        actor: ITSELF.to_owned(),
        trace: String::new(),
        key: None,
    }
}

fn set(commit: &mut Commit, order: &Order, id: Uid) -> Result<()> {
    let Some(due) = order.due() else {
        return Ok(());
    };
    let payload = serde_json::to_string(&Of { order: order.id }).map_err(|error| {
        Error::internal(codes::INTERNAL, "a timer that is no JSON").caused_by(error)
    })?;
    let timer = Timer {
        id,
        kind: DUE,
        payload,
        due_at: due.at,
    };
    timer.set(commit);
    Ok(())
}

/// The id of the timer that an order is placed with.
fn first_timer(order: OrderId) -> Uid {
    order.uid()
}

/// Whether somebody else was faster, so that deciding again may lead elsewhere.
fn is_outrun(error: &Error) -> bool {
    let failure = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    failure.is_some_and(|failure: &Failure| {
        capacity::is_given_back(failure)
            || capacity::is_full(failure)
            || offers::is_given_back(failure)
            || stock::is_short(failure)
            || refunds::is_outrun(failure)
            || credit::is_short(failure)
            || matches!(failure, Failure::Refused { name, .. } if [MOVE.name, CHANGE.name].contains(name))
    })
}

#[track_caller]
pub(super) fn changed() -> Error {
    Error::conflict(
        codes::VERSION_CHANGED,
        "the order has changed since it was read",
    )
}
