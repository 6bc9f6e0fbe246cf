//! What becomes of an order: moves by the restaurant, by the diner, and by time.

use base::{Error, Result, Trail as _, Uid, codes};
use catalogue::menus::stock;
use domain::orders::{Actor, Command, Facts, Order, OrderId, Status, apply, decide};
use domain::people::PersonId;
use edge::Granted;
use engine::{Due, Handled, Timer, TimerHandler};
use serde::{Deserialize, Serialize};
use slice::Ask;
use store::{Commit, Failure};

use super::app::{App, missing};
use super::place::payload;
use super::store::{self as rows, MOVE, Stored};
use super::view::{CancelAsked, MoveAsked, OrderView};

/// How often a move is decided anew because somebody else was faster.
const TRIES: usize = 8;
/// The timer of what time does to an order.
const DUE: &str = "order.due";
/// Who acts when nobody does.
const ITSELF: &str = "platform";

/// An order that moves: what is to be stored, and how it stands then.
pub(super) struct Moved {
    pub(super) commit: Commit,
    pub(super) order: Order,
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
                    let moved = self.moved(ask, &stored, (actor, &command))?;
                    Ok((moved.commit, OrderView::of(&moved.order)))
                },
            );
            match settled.await {
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                settled => break settled,
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
            let settled = ask.settle(
                &self.0.db,
                (id.organisation(), "orders.cancel"),
                &request,
                async || {
                    let stored = self.find(id).await?;
                    let wanted = (Actor::Diner, &asked.command());
                    let moved = self.moved(ask, &stored, wanted)?;
                    Ok((moved.commit, OrderView::of(&moved.order)))
                },
            );
            match settled.await {
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                settled => break settled,
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

    /// The commit that moves an order, and the order that it leads to. A commit of nothing where it stands there already.
    pub(super) fn moved(
        &self,
        ask: &Ask,
        stored: &Stored,
        (actor, command): (Actor, &Command),
    ) -> Result<Moved> {
        let now = self.0.clock.now();
        let mut moved = self.moved_at(ask, stored, (&Facts::new(actor, now), command))?;
        if moved.order.due() != stored.order.due() {
            Timer::cancel(first_timer(stored.order.id), &mut moved.commit);
            self.arm_anew(&mut moved)?;
        }
        Ok(moved)
    }

    /// The same by these facts; the timer is the caller's.
    fn moved_at(
        &self,
        ask: &Ask,
        stored: &Stored,
        (facts, command): (&Facts<'_>, &Command),
    ) -> Result<Moved> {
        let was = &stored.order;
        let mut commit = self.0.db.new_commit(was.id.organisation());
        let events = decide(Some(was), command, facts)?;
        let mut order = was.clone();
        for event in &events {
            order = apply(Some(order), event)?;
            let place = (order.id.uid(), order.version);
            let payload = payload(event, &order)?;
            let event = ask.event(&commit, place, event.kind(), &payload)?;
            commit.event(event);
        }
        if events.is_empty() {
            return Ok(Moved { commit, order });
        }
        commit.guard(&MOVE, rows::moved(was.version, &order).at()?);
        if is_given_back(was, &order) {
            let held = &stored.held;
            stock::give_back(&mut commit, (order.restaurant, held.seen), &held.stock);
        }
        Ok(Moved { commit, order })
    }

    /// Sets the timer of a new order.
    pub(super) fn arm(&self, commit: &mut Commit, order: &Order) -> Result<()> {
        set(commit, order, first_timer(order.id))
    }

    /// Sets a timer for what time does next. The first one has an id that is known, and is taken back when the order
    /// goes on; later ones find that nothing is due when they ring.
    fn arm_anew(&self, moved: &mut Moved) -> Result<()> {
        let house = moved.order.id.organisation();
        let id = Uid::make(&self.0.clock, &self.0.random, house);
        set(&mut moved.commit, &moved.order, id)
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
        let mut moved = self.moved_at(&itself(), &stored, (&facts, &next.command))?;
        // The timer that rings ends with its effect.
        self.arm_anew(&mut moved)?;
        Ok(moved.commit.into())
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

/// Whether what an order held comes back with this move: it came to nothing before a kitchen had begun.
pub(super) fn is_given_back(was: &Order, order: &Order) -> bool {
    let is_begun = !matches!(
        was.status,
        Status::Scheduled | Status::Pending | Status::Confirmed
    );
    order.status.is_void() && !is_begun
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
    matches!(failure, Some(Failure::Refused { name, .. }) if *name == MOVE.name)
}

#[track_caller]
fn changed() -> Error {
    Error::conflict(
        codes::VERSION_CHANGED,
        "the order has changed since it was read",
    )
}
