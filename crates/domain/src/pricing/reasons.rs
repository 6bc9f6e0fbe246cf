//! Why something cannot be ordered, in a code for programs and in words for people.

use std::fmt;

use base::Money;

use carte::{GroupId, ItemId, Service};

use crate::venues::AHEAD_DAYS;
pub use carte::DEPTH_MAX;

/// The most lines of an order.
pub const LINES_MAX: usize = 100;

/// The most pieces of one line.
pub const QUANTITY_MAX: u32 = 999;

/// The most options that the lines of one order have together.
pub const CHOICES_MAX: usize = 2_000;

/// The most items and options of an order, with those that the menu chooses by itself.
pub(super) const PARTS_MAX: usize = 5_000;

/// Why something cannot be ordered as it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Nothing was asked for.
    Empty,
    /// It is for a time that is past, or farther ahead than anybody plans.
    TimeRefused,
    /// The restaurant does not serve at that time.
    Closed,
    /// The restaurant does not offer this at any time.
    NotOffered(Service),
    /// The restaurant takes no orders for a while.
    Paused {
        /// What it says about that, if anything.
        because: Option<String>,
    },
    /// It is to be delivered, and nobody said where to.
    PositionMissing,
    /// The restaurant does not deliver there.
    OutsideZones,
    /// The items cost less than the restaurant takes for this place.
    BelowMinimum {
        /// What they must cost at least.
        minimum: Money,
        /// What is still missing.
        missing: Money,
    },
    /// No such item is on the menu.
    UnknownItem(ItemId),
    /// The item is a part of others and is not sold by itself.
    NotAlone(ItemId),
    /// The item is not to be had now, or not so often.
    SoldOut {
        /// Which item.
        item: ItemId,
        /// How many are left, where that is counted.
        left: Option<u32>,
    },
    /// The item is not sold this way.
    NotInService {
        /// Which item.
        item: ItemId,
        /// The way that was asked for.
        service: Service,
    },
    /// The item is not sold at that time of the day.
    NotNow(ItemId),
    /// The choice among the options is not one that the menu allows.
    Options {
        /// The group of options, where it is one.
        group: Option<GroupId>,
        /// The option, where it is one.
        item: Option<ItemId>,
        /// What is wrong with it, for programs.
        what: &'static str,
        /// What is wrong with it, for people.
        words: String,
    },
    /// None of the item was asked for.
    NoQuantity,
    /// More was asked for than an order can hold.
    TooMany(Limit),
    /// The amounts are larger than money is counted here.
    TooMuch,
}

/// What an order holds at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Lines.
    Lines,
    /// Pieces of a line.
    Quantity,
    /// Options.
    Choices,
    /// Options of options.
    Depth,
}

impl Reason {
    /// The code of the reason. It never changes its meaning.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TimeRefused => "time_refused",
            Self::Closed => "closed",
            Self::NotOffered(_) => "not_offered",
            Self::Paused { .. } => "paused",
            Self::PositionMissing => "position_missing",
            Self::OutsideZones => "outside_zones",
            Self::BelowMinimum { .. } => "below_minimum",
            Self::UnknownItem(_) => "unknown_item",
            Self::NotAlone(_) => "not_alone",
            Self::SoldOut { .. } => "sold_out",
            Self::NotInService { .. } => "not_in_service",
            Self::NotNow(_) => "not_now",
            Self::Options { .. } => "options_unmet",
            Self::NoQuantity => "no_quantity",
            Self::TooMany(_) => "too_many",
            Self::TooMuch => "too_much",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("There is nothing in the order."),
            Self::TimeRefused => {
                write!(
                    f,
                    "An order is for now, or for a time at most {AHEAD_DAYS} days ahead."
                )
            }
            Self::Closed => f.write_str("The restaurant is closed at that time."),
            Self::NotOffered(service) => {
                write!(f, "The restaurant does not offer {}.", in_words(*service))
            }
            Self::Paused { because: None } => {
                f.write_str("The restaurant takes no orders at the moment.")
            }
            Self::Paused { because: Some(why) } => {
                write!(f, "The restaurant takes no orders at the moment: {why}")
            }
            Self::PositionMissing => f.write_str("A delivery needs a place to go to."),
            Self::OutsideZones => f.write_str("The restaurant does not deliver there."),
            Self::BelowMinimum { minimum, missing } => {
                write!(f, "The least order is {minimum}; {missing} is missing.")
            }
            Self::UnknownItem(_) => f.write_str("There is no such item on the menu."),
            Self::NotAlone(_) => f.write_str("The item is not sold by itself."),
            Self::SoldOut {
                left: None | Some(0),
                ..
            } => f.write_str("The item is sold out."),
            Self::SoldOut {
                left: Some(left), ..
            } => write!(f, "Only {left} of the item are left."),
            Self::NotInService { service, .. } => {
                write!(f, "The item is not sold for {}.", in_words(*service))
            }
            Self::NotNow(_) => f.write_str("The item is not sold at that time of the day."),
            Self::Options { words, .. } => f.write_str(words),
            Self::NoQuantity => f.write_str("A line needs a quantity of one or more."),
            Self::TooMany(limit) => limit.fmt(f),
            Self::TooMuch => f.write_str("The amounts are too large to be counted."),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines => write!(f, "An order has at most {LINES_MAX} lines."),
            Self::Quantity => write!(f, "A line has at most {QUANTITY_MAX} pieces."),
            Self::Choices => write!(f, "An order has at most {CHOICES_MAX} options."),
            Self::Depth => write!(f, "Options of options go {DEPTH_MAX} deep at most."),
        }
    }
}

const fn in_words(service: Service) -> &'static str {
    match service {
        Service::Delivery => "delivery",
        Service::Pickup => "pickup",
        Service::DineIn => "eating in",
    }
}

/// A reason, and the line that it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The place of the line, from 0; none when it is about the whole order.
    pub line: Option<usize>,
    /// Why.
    pub reason: Reason,
}

/// What a diner should know, and what refuses nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// Whoever takes the item shows that he is old enough.
    Age {
        /// The place of the line, from 0.
        line: usize,
        /// The item of a certain age.
        item: ItemId,
        /// How old he must be.
        years: u8,
    },
    /// The restaurant has much to do and takes longer.
    Busy {
        /// So many minutes longer.
        minutes: u32,
    },
}

impl Note {
    /// The code of the note. It never changes its meaning.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Age { .. } => "age_restricted",
            Self::Busy { .. } => "busy",
        }
    }

    /// The place of the line that it is about, from 0.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::Age { line, .. } => Some(*line),
            Self::Busy { .. } => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age { years, .. } => write!(f, "Only for people of {years} years and more."),
            Self::Busy { minutes } => {
                write!(
                    f,
                    "The restaurant is busy; it takes about {minutes} minutes longer."
                )
            }
        }
    }
}

impl Reason {
    /// The item that it is about, if it is one.
    #[must_use]
    pub const fn item(&self) -> Option<ItemId> {
        match self {
            Self::UnknownItem(item)
            | Self::NotAlone(item)
            | Self::NotNow(item)
            | Self::SoldOut { item, .. }
            | Self::NotInService { item, .. } => Some(*item),
            Self::Options { item, .. } => *item,
            Self::Empty
            | Self::TimeRefused
            | Self::Closed
            | Self::NotOffered(_)
            | Self::Paused { .. }
            | Self::PositionMissing
            | Self::OutsideZones
            | Self::BelowMinimum { .. }
            | Self::NoQuantity
            | Self::TooMany(_)
            | Self::TooMuch => None,
        }
    }
}
