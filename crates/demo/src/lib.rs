//! A city of restaurants that nobody has to know: who is there, what they sell, and what it looks like.
//!
//! Pure: everything follows from a seed and from the tables of this crate, the same on every machine. It knows the types
//! of `domain` and the forms in which the platform takes them, and neither database nor network.

pub mod draw;
mod lots;
mod menu;
mod patch;
mod plan;
mod table;

pub use lots::Draw;
pub use menu::{Ids, Pictures, menu, rounded};
pub use patch::{draft, prices};
pub use plan::{Brand, House, Place, house};
pub use table::{Cuisine, cuisines};
