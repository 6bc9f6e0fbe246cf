//! Carts: what somebody has put together and not ordered yet.
//!
//! A cart promises nothing: its prices are those of the moment at which it is read. So that nobody is surprised, each
//! line keeps what one of it cost when it was put in, and [`compare`] says what has become of that.

base::typed_id!(
    /// Names a cart.
    pub CartId = "crt";
);

/// The most carts of one person.
pub const CARTS_MAX: i64 = 20;
/// The most lines of a cart: as many as an order has.
pub const LINES_MAX: usize = domain::pricing::LINES_MAX;

/// What has become of the price of a line since it was put in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since {
    /// Nothing, or nobody knows what it was.
    Same,
    /// It costs more.
    Dearer,
    /// It costs less.
    Cheaper,
    /// It cannot be had as it stands there.
    Unavailable,
}

impl Since {
    /// The word for it. It never changes its meaning.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Since::Same => "same",
            Since::Dearer => "dearer",
            Since::Cheaper => "cheaper",
            Since::Unavailable => "unavailable",
        }
    }
}

/// What has become of a line of which one cost so much, and costs so much now if it can be had.
#[must_use]
pub fn compare(seen_minor: Option<i64>, now_minor: Option<i64>) -> Since {
    match (seen_minor, now_minor) {
        (_, None) => Since::Unavailable,
        (None, Some(_)) => Since::Same,
        (Some(seen), Some(now)) => match now.cmp(&seen) {
            std::cmp::Ordering::Less => Since::Cheaper,
            std::cmp::Ordering::Equal => Since::Same,
            std::cmp::Ordering::Greater => Since::Dearer,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Since, compare};

    #[test]
    fn a_line_is_compared_with_what_was_seen_of_it() {
        for (seen, now, since) in [
            (Some(1_250), Some(1_250), Since::Same),
            (Some(1_250), Some(1_251), Since::Dearer),
            (Some(1_250), Some(1_249), Since::Cheaper),
            (Some(1_250), None, Since::Unavailable),
            (None, None, Since::Unavailable),
            (None, Some(0), Since::Same),
        ] {
            assert_eq!(compare(seen, now), since, "{seen:?} {now:?}");
        }
    }
}
