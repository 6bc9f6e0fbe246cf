//! Prices of orders: what a diner would pay, line by line, and why something cannot be ordered.
//!
//! Pure, and the same for a price check as for an order. Whatever is asked for, there is an answer and no panic:
//! everything is bounded, whole numbers are checked, and what does not fit is refused. What is rounded is rounded once,
//! as a sum, and then spread over the lines without a lost cent.

mod bill;
mod fees;
mod goods;
mod money;
mod quote;
mod reasons;
mod spread;
mod tax;
mod told;

pub use bill::tax_of;
pub use bill::{Discount, Reach, Worth};
pub use money::{Funder, Kind, MoneyLine, Recipient, to_pay};
pub use quote::{Facts, Fee, PricedLine, PricedPart, Quote, TaxSum, Totals, WantedLine, quote};
pub use reasons::{CHOICES_MAX, DEPTH_MAX, LINES_MAX, Limit, Note, QUANTITY_MAX, Reason, Refused};
pub use spread::spread;

#[cfg(test)]
pub(crate) mod tests;
