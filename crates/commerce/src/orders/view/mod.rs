//! Orders as they are asked for and shown.

mod asked;
mod changes;
mod moves;
mod paying;
mod shown;
mod tips;

pub(crate) use asked::{AddressAsked, Asked, LineAsked, OptionAsked, Place, ServiceName};
pub(crate) use changes::{ChangedView, ProposalView};
pub(super) use changes::{ConsentAsked, LinesAsked, NewLine, OwnLinesAsked, Wanted, WithdrawAsked};
pub(super) use moves::{CancelAsked, MoveAsked, Returned};
pub(super) use paying::{Method, PaidView, PaymentAsked, PaymentView, SplitAsked};
pub(super) use shown::OrderView;
pub(crate) use shown::Personal;
pub(crate) use tips::RecipientName;
pub(super) use tips::{TipAsked, TipView, TipsForView};
