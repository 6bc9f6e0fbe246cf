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

/// For whom a tip is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// Whoever brings it.
    Courier,
    /// Those who make it.
    Kitchen,
    /// Those who wait at the table and at the counter.
    Service,
}

impl Recipient {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Courier, Self::Kitchen, Self::Service];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Courier => "courier",
            Self::Kitchen => "kitchen",
            Self::Service => "service",
        }
    }
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
    /// What the restaurant takes for bags and boxes.
    PackagingFee,
    /// What the restaurant takes for the way in which it is paid.
    PaymentFee,
    /// A tax that comes on top.
    TaxAdded,
    /// A tax that the other lines hold already: it is told and not paid again.
    TaxIncluded,
    /// What the diner gives to those who serve him, without saying to whom.
    Tip,
    /// What he gives to these of them.
    TipFor(Recipient),
    /// What is taken off; the amount is below zero.
    Discount(Funder),
}

impl Kind {
    /// All that are taken besides the price of what is sold, in the order in which they are told.
    pub const FEES: [Self; 5] = [
        Self::DeliveryFee,
        Self::SmallOrderFee,
        Self::ServiceFee,
        Self::PackagingFee,
        Self::PaymentFee,
    ];

    /// Whether the amount is a part of what is to be paid.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        !matches!(self, Self::TaxIncluded)
    }

    /// What it is called where it is shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Option => "option",
            Self::DeliveryFee => "delivery_fee",
            Self::SmallOrderFee => "small_order_fee",
            Self::ServiceFee => "service_fee",
            Self::PackagingFee => "packaging_fee",
            Self::PaymentFee => "payment_fee",
            Self::TaxAdded | Self::TaxIncluded => "tax",
            Self::Tip | Self::TipFor(_) => "tip",
            Self::Discount(_) => "discount",
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
