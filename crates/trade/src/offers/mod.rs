//! Offers: coupons, which a diner names by their code, and promotions, which apply by themselves.
//!
//! An order takes one coupon and any promotions. Every promotion says what it would take off each line, its cap
//! included; each line gets the best of them, and so does the delivery. The coupon is then taken off what is left. An
//! offer is a stream of events: made, changed by somebody who has seen it, ended once and for all.

mod change;
mod code;
mod find;
mod terms;
#[cfg(test)]
mod tests;
mod why;
mod worth;

pub use change::{Founding, Offer, OfferId, Refusal, State, Told};
pub use code::{CODE_CHARS_MAX, CODE_CHARS_MIN, Code, CodeError};
pub use find::{Asked, Found, Given, Known, Line, Refused, Uses, find};
pub use terms::{
    AMOUNT_MINOR_MAX, BRANDS_MAX, BUNDLE_MAX, Gives, HOURS_MAX, ITEMS_MAX, RESTAURANTS_MAX, Terms,
    USES_MAX, WHOLE_MILLIONTHS,
};
pub use why::Why;

base::typed_id!(
    /// Names a coupon.
    pub CouponId = "cpn";
    /// Names a promotion.
    pub PromotionId = "prm";
);
