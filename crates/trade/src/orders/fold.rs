//! How an order stands after its events, and what time does with it next.

use base::{Error, Time, codes};

use super::command::{Command, Word};
use super::edges::is_edge;
use super::event::{Event, Said};
use super::tips::TipState;
use super::types::{Order, Paying, Status, TicketId, TicketState};

/// Events that could not have happened one after another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Broken {
    /// An order does not begin with its placing.
    #[error("an order does not begin with {0}")]
    NotCreated(&'static str),
    /// It was placed twice.
    #[error("an order was placed twice")]
    CreatedTwice,
    /// An order does not go this way.
    #[error("an order does not go from {} to {}", .from.name(), .to.name())]
    NoEdge {
        /// Where it stood.
        from: Status,
        /// Where it was said to go.
        to: Status,
    },
    /// There are no events.
    #[error("an order has no events")]
    Empty,
}

impl From<Broken> for Error {
    #[track_caller]
    fn from(broken: Broken) -> Self {
        Error::internal(codes::DAMAGED, broken.to_string())
    }
}

/// What time does with an order next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    /// When.
    pub at: Time,
    /// What.
    pub command: Command,
}

/// How an order stands after an event.
///
/// # Errors
/// The event could not have happened.
pub fn apply(order: Option<Order>, event: &Event) -> Result<Order, Broken> {
    let (mut order, said) = match (order, &event.said) {
        (None, Said::Created(order)) => return Ok(Order::clone(order)),
        (Some(_), Said::Created(_)) => return Err(Broken::CreatedTwice),
        (None, said) => return Err(Broken::NotCreated(said.kind())),
        (Some(order), said) => (order, said),
    };
    if let Some(to) = goal(said) {
        order.go(to, event.at)?;
    }
    order.take_in(said, event.at);
    order.version = order.version.saturating_add(1);
    Ok(order)
}

/// How an order stands after all of its events.
///
/// # Errors
/// There are none, or they could not have happened.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Order, Broken> {
    let mut order = None;
    for event in events {
        order = Some(apply(order, event)?);
    }
    order.ok_or(Broken::Empty)
}

/// Where an event brings an order; nothing for one that leaves it where it is.
const fn goal(said: &Said) -> Option<Status> {
    match said {
        Said::Created(_)
        | Said::Secured { .. }
        | Said::PaymentFailed { .. }
        | Said::TicketMoved { .. }
        | Said::Promised { .. }
        | Said::ChangeProposed(_)
        | Said::ChangeAgreed { .. }
        | Said::ChangeDropped { .. }
        | Said::Changed { .. }
        | Said::TipAsked(_)
        | Said::Tipped { .. }
        | Said::TipFailed { .. } => None,
        Said::Released { .. } => Some(Status::Pending),
        Said::Confirmed { .. } => Some(Status::Confirmed),
        Said::Preparing { .. } => Some(Status::Preparing),
        Said::Ready {} => Some(Status::ReadyForPickup),
        Said::OutForDelivery {} => Some(Status::OutForDelivery),
        Said::Delivered {} => Some(Status::Delivered),
        Said::Collected {} => Some(Status::Collected),
        Said::Served {} => Some(Status::Served),
        Said::Returned { .. } => Some(Status::Returned),
        Said::Cancelled { .. } => Some(Status::Cancelled),
        Said::Rejected { .. } => Some(Status::Rejected),
        Said::Expired { .. } => Some(Status::Expired),
    }
}

impl Order {
    fn go(&mut self, to: Status, at: Time) -> Result<(), Broken> {
        let from = self.status;
        if !is_edge(Some(from), to) {
            return Err(Broken::NoEdge { from, to });
        }
        (self.status, self.moved_at) = (to, at);
        if to.is_final() {
            self.proposal = None;
        }
        if to.is_void() {
            let tickets = self.tickets.iter_mut();
            tickets.for_each(|ticket| ticket.state = TicketState::Void);
        }
        Ok(())
    }

    /// What an event says besides where the order goes.
    fn take_in(&mut self, said: &Said, at: Time) {
        match said {
            Said::Created(_)
            | Said::OutForDelivery {}
            | Said::Delivered {}
            | Said::Collected {}
            | Said::Served {} => {}
            Said::Secured { accept_by } => {
                (self.paying, self.accept_by) = (Paying::Secured, *accept_by);
            }
            Said::PaymentFailed { .. } => self.paying = Paying::Failed,
            Said::Released { accept_by } => self.accept_by = *accept_by,
            Said::Confirmed { promised_at, .. } => self.promised_at = *promised_at,
            Said::Preparing { ticket } => self.tickets_go(*ticket, TicketState::Started),
            Said::TicketMoved { ticket, state } => self.tickets_go(Some(*ticket), *state),
            Said::Ready {} => self.tickets_go(None, TicketState::Ready),
            Said::Returned { reason }
            | Said::Cancelled { reason }
            | Said::Rejected { reason }
            | Said::Expired { reason } => self.reason = Some(*reason),
            Said::Promised { promised_at } => self.promised_at = Some(*promised_at),
            Said::ChangeProposed(proposal) => self.proposal = Some(proposal.clone()),
            Said::ChangeAgreed { until, .. } => {
                if let Some(proposal) = &mut self.proposal {
                    (proposal.agreed, proposal.until) = (true, *until);
                }
            }
            Said::ChangeDropped { .. } => self.proposal = None,
            Said::Changed { change, proposal } => {
                change.carry_out(self, at);
                if let Some(number) = proposal {
                    (self.proposal, self.paid_proposal) = (None, *number);
                }
            }
            Said::TipAsked(tip) => self.tips.push(tip.clone()),
            Said::Tipped { payment } => self.tip_goes(*payment, TipState::Paid, None),
            Said::TipFailed { payment, code } => {
                self.tip_goes(*payment, TipState::Failed, Some(code));
            }
        }
    }

    /// Moves one ticket, or all that can still go there.
    fn tickets_go(&mut self, one: Option<TicketId>, to: TicketState) {
        for ticket in &mut self.tickets {
            if one.is_none_or(|id| id == ticket.id) && ticket.state < to {
                ticket.state = to;
            }
        }
    }

    /// What time does with it next, if nobody else does anything before: wake it, let it expire, or end a change that
    /// nobody answers. It is another time and command after most events.
    #[must_use]
    pub fn due(&self) -> Option<Due> {
        let of_order = match self.status {
            Status::Scheduled if self.paying.is_safe() => Some(Due {
                at: self.wake_at().unwrap_or(self.placed_at),
                command: Command::Wake,
            }),
            Status::Scheduled | Status::Pending => Some(Due {
                at: self.accept_by,
                command: Command::Expire,
            }),
            Status::Confirmed
            | Status::Preparing
            | Status::ReadyForPickup
            | Status::OutForDelivery
            | Status::Delivered
            | Status::Collected
            | Status::Served
            | Status::Cancelled
            | Status::Rejected
            | Status::Expired
            | Status::Returned => None,
        };
        let of_proposal = self.proposal.as_ref().map(|proposal| Due {
            at: proposal.until,
            command: Command::Consent(Word::No),
        });
        let both = of_order.into_iter().chain(of_proposal);
        both.min_by_key(|due| due.at)
    }
}
