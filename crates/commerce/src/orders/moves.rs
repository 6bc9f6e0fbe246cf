//! What becomes of an order: moves by the restaurant, by the diner, and by time.

use base::{Error, Money, Result, Trail as _, Uid, codes};
use catalogue::menus::stock;
use domain::ledger::{About, Means, Transaction};
use domain::orders::{Actor, Command, Facts, Order, OrderId, Paying, Status, apply, decide};
use domain::payments::PaymentId;
use domain::people::PersonId;
use edge::Granted;
use engine::sagas::Begun;
use engine::{Due, Handled, Timer, TimerHandler};
use serde::{Deserialize, Serialize};
use slice::Ask;
use store::{Commit, Failure};

use super::app::{App, missing};
use super::place::{payload, unbalanced};
use super::store::{self as rows, MOVE, Stored};
use super::view::{CancelAsked, MoveAsked, OrderView};
use crate::{capacity, ledger, offers};

/// How often a move is decided anew because somebody else was faster.
const TRIES: usize = 8;
/// The timer of what time does to an order.
const DUE: &str = "order.due";
/// Who acts when nobody does.
const ITSELF: &str = "platform";

/// An order that moves: how it stands then, and the saga that is to go on when that is stored.
pub(super) struct Moved {
    pub(super) order: Order,
    begun: Option<Begun>,
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
        let actor = match granted.acting {
            true => Actor::Operator,
            false => Actor::Restaurant,
        };
        let (mut tries, request) = (1, (id, asked));
        loop {
            let mut begun = None;
            let settled = ask.settle(
                &self.0.db,
                (id.organisation(), "orders.set"),
                &request,
                async || {
                    let stored = self.find(id).await?;
                    let order = &stored.order;
                    // What is not paid is not there for the restaurant.
                    if !order.is_shown() && actor == Actor::Restaurant {
                        return Err(missing());
                    }
                    if asked.version.is_some_and(|seen| seen != order.version) {
                        return Err(changed());
                    }
                    let command = asked.command(order)?;
                    let (commit, moved) = self.moved(ask, &stored, (actor, &command)).await?;
                    begun = moved.begun;
                    Ok((commit, OrderView::of(&moved.order)))
                },
            );
            match settled.await {
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                settled => {
                    // Only what is stored is found, so it does not matter if it was not.
                    if let (Ok(_), Some(begun)) = (&settled, begun) {
                        self.0.sagas.go(begun);
                    }
                    break settled;
                }
            }
        }
    }

    /// Takes an order back, as whoever placed it says.
    pub(super) async fn cancel(
        &self,
        ask: &Ask,
        (person, id): (PersonId, OrderId),
        asked: &CancelAsked,
    ) -> Result<OrderView> {
        self.own(person, id).await?;
        let (mut tries, request) = (1, (id, asked));
        loop {
            let mut begun = None;
            let settled = ask.settle(
                &self.0.db,
                (id.organisation(), "orders.cancel"),
                &request,
                async || {
                    let stored = self.find(id).await?;
                    let wanted = (Actor::Diner, &asked.command());
                    let (commit, moved) = self.moved(ask, &stored, wanted).await?;
                    begun = moved.begun;
                    Ok((commit, OrderView::of(&moved.order)))
                },
            );
            match settled.await {
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                settled => {
                    // Only what is stored is found, so it does not matter if it was not.
                    if let (Ok(_), Some(begun)) = (&settled, begun) {
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
        vec![TimerHandler::new(DUE, move |due| {
            let app = app.clone();
            async move { app.ring(&due).await }
        })]
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
        (stored, facts): (&Stored, &Facts<'_>),
        command: &Command,
    ) -> Result<Moved> {
        let was = &stored.order;
        let events = decide(Some(was), command, facts)?;
        let mut order = was.clone();
        for event in &events {
            order = apply(Some(order), event)?;
            let place = (order.id.uid(), order.version);
            let payload = payload(event, &order)?;
            let event = ask.event(commit, place, event.kind(), &payload)?;
            commit.event(event);
        }
        let mut moved = Moved { order, begun: None };
        if events.is_empty() {
            return Ok(moved);
        }
        commit.guard(&MOVE, rows::moved(was.version, &moved.order).at()?);
        let order = &moved.order;
        if order.gives_back() && !was.status.is_final() {
            self.undo(commit, ask, stored).await?;
        }
        if order.status.is_fulfilled() && order.paying == Paying::OnDelivery {
            let total = Money::new(order.total_minor, order.currency);
            let about = About::Order(order.id);
            let taken = Transaction::captured(order.id, about, &Means::Cash, total);
            ledger::post(commit, ask, &taken.map_err(unbalanced)?)?;
        }
        if let Some(payment) = stored.held.payment {
            moved.begun = self.pay_on(commit, (was, order), (payment, command))?;
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
        ledger::post(commit, ask, &owed.map_err(unbalanced)?)?;
        self.0.offers.give_back(commit, order.id.uid()).await?;
        if matches!(
            order.status,
            Status::Scheduled | Status::Pending | Status::Confirmed
        ) {
            stock::give_back(commit, (order.restaurant, held.seen), &held.stock);
            self.0.capacity.give_back(commit, order.id.uid()).await?;
        }
        Ok(())
    }

    /// What an order's move does with its payment. What its own saga takes by itself needs no other.
    fn pay_on(
        &self,
        commit: &mut Commit,
        (was, order): (&Order, &Order),
        (payment, command): (PaymentId, &Command),
    ) -> Result<Option<Begun>> {
        if order.gives_back() && !was.status.is_final() {
            return self.begin_unwind(commit, order, payment).map(Some);
        }
        let is_taken = order.status.is_accepted() && !was.status.is_accepted();
        match is_taken && *command != Command::Secure {
            true => self.begin_capture(commit, order, payment).map(Some),
            false => Ok(None),
        }
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
        let facts = Facts::new(Actor::Platform, now);
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
            || offers::is_given_back(failure)
            || matches!(failure, Failure::Refused { name, .. } if *name == MOVE.name)
    })
}

#[track_caller]
fn changed() -> Error {
    Error::conflict(
        codes::VERSION_CHANGED,
        "the order has changed since it was read",
    )
}
