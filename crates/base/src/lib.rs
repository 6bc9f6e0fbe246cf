//! The words that every crate shares: ids, money, time, randomness, errors and pages.
//!
//! Time and randomness are values that are passed in, so that any run can be repeated. This crate
//! knows no database, no network and no async runtime, and nothing of restaurants.

mod civil;
mod crockford;

pub mod base64;
pub mod clock;
pub mod codes;
pub mod currency;
pub mod cursor;
pub mod error;
pub mod locale;
pub mod money;
pub mod organisation;
pub mod page;
pub mod planted;
pub mod random;
pub mod ratio;
pub mod secret;
pub mod text;
pub mod time;
pub mod uid;

pub use clock::Clock;
pub use currency::Currency;
pub use cursor::CursorKey;
pub use error::{Error, Kind, Result, Trail};
pub use locale::{Locale, LocaleError};
pub use money::Money;
pub use organisation::Organisation;
pub use page::{Limit, Page};
pub use planted::planted;
pub use random::Random;
pub use ratio::{Ratio, Rounding};
pub use secret::{KeyRing, Secret};
pub use time::Time;
pub use uid::Uid;

/// What [`typed_id!`] needs of serde, so that its callers need not depend on serde themselves.
#[doc(hidden)]
pub use serde as __serde;
