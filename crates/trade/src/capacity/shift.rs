//! What a change of an order's lines does to its slot.

use super::load::Load;
use super::rules::Limits;

/// What an order asks of its slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Asks {
    /// For what is sold.
    pub sold: Load,
    /// For what would be sold after a change that waits.
    pub waiting: Option<Load>,
}

/// How far a kitchen is with an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kitchen {
    /// It has not begun: what is taken out gives its time back.
    Waits,
    /// It has begun: what is taken out may be made already, and gives nothing back.
    Works,
}

/// How much more a slot counts for an order, or less where it is below zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shift {
    /// Minutes of work.
    pub minutes: i64,
    /// Money, in minor units.
    pub money_minor: i64,
}

impl Shift {
    /// Whether nothing is other than it was.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// The same for an order that has taken so much: none gives back more than that.
    #[must_use]
    pub fn of_held(self, minutes: i64, money_minor: i64) -> Self {
        Shift {
            minutes: self.minutes.max(minutes.saturating_neg()),
            money_minor: self.money_minor.max(money_minor.saturating_neg()),
        }
    }
}

impl Limits {
    /// What a slot counts more for an order that asks something else than before. What a change that waits would need more
    /// is counted already, so that there is room for it when it comes.
    #[must_use]
    pub fn shift(self, (before, after): (Asks, Asks), kitchen: Kitchen) -> Shift {
        let [was, is] = [before, after].map(|asks| {
            let sold = self.counted(asks.sold);
            let waiting = asks.waiting.map_or(sold, |load| self.counted(load));
            (sold, waiting)
        });
        let measure = |of: fn(Load) -> i64| {
            let aside = |(sold, waiting): (Load, Load)| of(waiting).saturating_sub(of(sold)).max(0);
            let sold = of(is.0).saturating_sub(of(was.0));
            let sold = match kitchen {
                Kitchen::Waits => sold,
                Kitchen::Works => sold.max(0),
            };
            sold.saturating_add(aside(is).saturating_sub(aside(was)))
        };
        Shift {
            minutes: measure(|load| load.minutes),
            money_minor: measure(|load| load.money_minor),
        }
    }

    /// Whether a slot that has taken on so much takes a shift besides. What is given back always fits.
    #[must_use]
    pub fn take(self, taken: Load, shift: Shift) -> bool {
        let holds = |taken: i64, more: i64, limit: Option<i64>| {
            let sum = taken.saturating_add(more);
            more <= 0 || limit.is_none_or(|limit| sum <= limit)
        };
        holds(taken.minutes, shift.minutes, self.minutes)
            && holds(taken.money_minor, shift.money_minor, self.money_minor)
    }
}
