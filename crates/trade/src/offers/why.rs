//! Why a coupon takes nothing off, in a code for programs and in words for diners.

use std::fmt;

use base::Money;

/// Why an offer does not apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// There is no such coupon.
    Unknown,
    /// It was ended.
    Ended,
    /// It cannot be used yet.
    NotYet,
    /// It could be used until a while ago.
    Expired,
    /// It is for other times of the week.
    NotThen,
    /// It is for other restaurants.
    NotHere,
    /// It is for other ways of getting the order.
    NotThisService,
    /// It is for other ways of ordering.
    NotThisChannel,
    /// Its amounts are in another currency.
    OtherCurrency,
    /// The items cost too little.
    TooSmall {
        /// What they must cost at least.
        minimum: Money,
        /// What is still missing.
        missing: Money,
    },
    /// It was used as often as it can be.
    UsedUp,
    /// The person has used it as often as one can.
    UsedByYou,
    /// It is for people who are known.
    SignIn,
    /// It is for the first order.
    NotFirst,
    /// There is nothing that it could be taken off.
    NothingLeft,
}

impl Why {
    /// The code of the reason. It never changes its meaning.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Why::Unknown => "unknown",
            Why::Ended => "ended",
            Why::NotYet => "not_yet",
            Why::Expired => "expired",
            Why::NotThen => "not_then",
            Why::NotHere => "not_here",
            Why::NotThisService => "not_this_service",
            Why::NotThisChannel => "not_this_channel",
            Why::OtherCurrency => "other_currency",
            Why::TooSmall { .. } => "too_small",
            Why::UsedUp => "used_up",
            Why::UsedByYou => "used_by_you",
            Why::SignIn => "sign_in",
            Why::NotFirst => "not_first_order",
            Why::NothingLeft => "nothing_left",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self {
            Why::Unknown => "There is no such coupon.",
            Why::Ended => "The coupon is not taken any more.",
            Why::NotYet => "The coupon cannot be used yet.",
            Why::Expired => "The coupon has expired.",
            Why::NotThen => "The coupon is for other times.",
            Why::NotHere => "The coupon is not for this restaurant.",
            Why::NotThisService => "The coupon is not for this way of getting the order.",
            Why::NotThisChannel => "The coupon is not for this way of ordering.",
            Why::OtherCurrency => "The coupon is in another currency.",
            Why::TooSmall { minimum, missing } => {
                return write!(
                    f,
                    "The coupon is for orders of at least {minimum}; {missing} is missing."
                );
            }
            Why::UsedUp => "The coupon has been used up.",
            Why::UsedByYou => "You have used the coupon already.",
            Why::SignIn => "The coupon is for people who are signed in.",
            Why::NotFirst => "The coupon is for a first order.",
            Why::NothingLeft => "There is nothing that the coupon could be taken off.",
        };
        f.write_str(said)
    }
}
