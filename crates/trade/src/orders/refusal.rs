//! Why something is not done with an order.

use base::{Error, Money, Time, codes};
use domain::pricing::Recipient;

use super::types::{LineKey, Status};

/// What is said of an order of which the fields say why it is refused.
const REFUSED: &str = "the order cannot be taken as it is; the fields say why";

/// Why something is not done with an order.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such order.
    #[error("there is no such order")]
    Missing,
    /// There is one already.
    #[error("the order has been placed already")]
    Placed,
    /// Whoever asks may not do that with an order.
    #[error("this is not for you to do")]
    Forbidden,
    /// Whoever asks may not say that this is the reason.
    #[error("this reason is not for you to give")]
    ReasonForbidden,
    /// The order has ended.
    #[error("the order has ended: it is {}", .now.name())]
    Closed {
        /// Where it stands.
        now: Status,
    },
    /// The order does not stand where this can be done.
    #[error("this cannot be done with an order that is {}", .now.name())]
    Moved {
        /// Where it stands.
        now: Status,
    },
    /// Orders of this service do not go this way.
    #[error("orders of this service do not go this way")]
    OtherService,
    /// It is not yet time.
    #[error("it is not time for this before {at}")]
    TooEarly {
        /// When it is.
        at: Time,
    },
    /// The money is not safe.
    #[error("the payment of the order is not there")]
    Unpaid,
    /// The diner cannot cancel any more.
    #[error("the order cannot be cancelled any more; ask the restaurant")]
    CancelTooLate,
    /// There is no such ticket.
    #[error("the order has no such ticket")]
    NoTicket,
    /// The time that is promised is past, or too far.
    #[error("an order is promised for a time from now on, and at most {days} days ahead")]
    PromiseRefused {
        /// How many days.
        days: u32,
    },
    /// A change waits already.
    #[error("a change of the order waits already; it must be settled first")]
    ChangeOpen,
    /// No such change waits.
    #[error("no such change of the order waits")]
    NoChange,
    /// The order has no such line.
    #[error("the order has no line {0}")]
    NoLine(LineKey),
    /// A line is named twice, or its new key is taken.
    #[error("the line {0} is named twice")]
    LineTwice(LineKey),
    /// A change or an order has no lines, or too many.
    #[error("a change has 1 to {commands} commands, and an order 1 to {lines} lines")]
    Lines {
        /// The most commands.
        commands: usize,
        /// The most lines.
        lines: usize,
    },
    /// A quantity is out of bounds, or the one that it was.
    #[error("the quantity of the line {0} cannot be that")]
    Quantity(LineKey),
    /// No tip is taken with the service of the order.
    #[error("the restaurant takes no tip with this service")]
    NoTips,
    /// No tip is taken for these with the service of the order.
    #[error("the restaurant takes no tip for {} with this service", .0.name())]
    NoTipsFor(Recipient),
    /// The restaurant takes no meal vouchers.
    #[error("the restaurant takes no meal vouchers")]
    NoVouchers,
    /// Meal vouchers would pay more than they may.
    #[error(
        "meal vouchers pay {0} of this order at most: food, but nothing that is sold from an age on, no fee and no tip"
    )]
    Vouchers(Money),
    /// After a change there is less for meal vouchers to pay than they pay, and nobody else pays the rest.
    #[error("meal vouchers must not pay what the order would hold then, and nothing else pays it")]
    VouchersLeft,
    /// The restaurant takes no tabs.
    #[error("the restaurant takes no tabs")]
    NoTabs,
    /// A tab is for those who are at a table.
    #[error("a tab is opened at a table alone")]
    TabService,
    /// More was to be held than the restaurant holds.
    #[error("a tab holds {0} at most here")]
    TabHold(Money),
    /// The money of a tab is held by one card.
    #[error("a tab is paid by one card, of which nothing else is said")]
    TabCard,
    /// A tab does not hold enough.
    #[error("there is {0} left of what the tab holds")]
    TabFull(Money),
    /// The order has as many tips as it can have.
    #[error("an order takes {most} tips at most")]
    TooManyTips {
        /// How many.
        most: usize,
    },
    /// No such tip waits for its money.
    #[error("no such tip of the order waits for its money")]
    NoTip,
    /// What was priced is not what was asked for, or does not add up.
    #[error("the amounts do not add up: {0}")]
    Amounts(&'static str),
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        let said = refusal.to_string();
        match refusal {
            Refusal::Missing => Error::missing(codes::NOT_FOUND, said),
            Refusal::Forbidden | Refusal::ReasonForbidden => {
                Error::forbidden(codes::FORBIDDEN, said)
            }
            Refusal::Closed { .. } => Error::conflict(codes::ORDER_CLOSED, said),
            Refusal::Placed
            | Refusal::Moved { .. }
            | Refusal::OtherService
            | Refusal::TooEarly { .. }
            | Refusal::ChangeOpen
            | Refusal::NoChange
            | Refusal::TooManyTips { .. }
            | Refusal::NoTip => Error::conflict(codes::ORDER_MOVED, said),
            Refusal::NoTips
            | Refusal::NoTipsFor(_)
            | Refusal::NoVouchers
            | Refusal::Vouchers(_)
            | Refusal::VouchersLeft => Error::conflict(codes::ORDER_REFUSED, said),
            Refusal::NoTabs => tab("no_tabs", said),
            Refusal::TabService => tab("tab_service", said),
            Refusal::TabHold(_) => tab("tab_hold", said),
            Refusal::TabCard => tab("tab_card", said),
            Refusal::TabFull(_) => tab("tab_full", said),
            Refusal::Unpaid => Error::conflict(codes::ORDER_UNPAID, said),
            Refusal::CancelTooLate => Error::conflict(codes::CANCEL_TOO_LATE, said),
            Refusal::NoTicket
            | Refusal::PromiseRefused { .. }
            | Refusal::NoLine(_)
            | Refusal::LineTwice(_)
            | Refusal::Lines { .. }
            | Refusal::Quantity(_) => Error::invalid(codes::FIELD_INVALID, said),
            Refusal::Amounts(_) => Error::internal(codes::INTERNAL, said),
        }
    }
}

/// Why there is no tab, or not so much of one.
#[track_caller]
fn tab(code: &'static str, said: String) -> Error {
    Error::conflict(codes::ORDER_REFUSED, REFUSED).field("tab", code, said)
}
