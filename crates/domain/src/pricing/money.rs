//! The money of an order as typed lines: what each amount is for, and who bears what is taken off.

use base::{Currency, Money};
use serde::{Deserialize, Serialize};

use carte::{GroupId, ItemId};

/// Who pays for a discount.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Funder {
    /// The restaurant sells for less, so it also owes less tax.
    Restaurant,
    /// Its brand does the same for all of its restaurants.
    Brand,
    /// The platform pays a part of the price: the restaurant sells for all of it.
    Platform,
}

/// What an amount of money is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An item of the menu, without its options.
    Item,
    /// An option that was chosen.
    Option,
    /// Bringing it.
    DeliveryFee,
    /// What the restaurant takes for a small order.
    SmallOrderFee,
    /// What the restaurant takes for its service.
    ServiceFee,
    /// A tax that comes on top.
    TaxAdded,
    /// A tax that the other lines hold already: it is told and not paid again.
    TaxIncluded,
    /// What the diner gives to those who serve him.
    Tip,
    /// What is taken off; the amount is below zero.
    Discount(Funder),
}

impl Kind {
    /// Whether the amount is a part of what is to be paid.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        match self {
            Self::Item
            | Self::Option
            | Self::DeliveryFee
            | Self::SmallOrderFee
            | Self::ServiceFee
            | Self::TaxAdded
            | Self::Tip
            | Self::Discount(_) => true,
            Self::TaxIncluded => false,
        }
    }
}

/// One amount of an order, and what it is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MoneyLine {
    /// What it is for.
    pub kind: Kind,
    /// The place of the order's line that it belongs to, from 0; none for what belongs to the whole order.
    pub line: Option<usize>,
    /// The item that is sold.
    pub item: Option<ItemId>,
    /// The group in which an option was chosen.
    pub group: Option<GroupId>,
    /// How much.
    pub amount: Money,
}

/// What is to be paid: the sum of all lines but the taxes that others hold. `None` when it does not fit, or when a line
/// is in another currency.
#[must_use]
pub fn to_pay(currency: Currency, lines: &[MoneyLine]) -> Option<Money> {
    let paid = lines.iter().filter(|line| line.kind.is_paid());
    Money::sum(currency, paid.map(|line| line.amount)).ok()
}
