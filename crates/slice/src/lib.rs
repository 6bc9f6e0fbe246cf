//! What every slice is made with: who asks for a change and once, fields as they were typed, parts of lists.
//!
//! It knows no noun. What two slices would write in the same words stands here.

mod ask;
mod list;
mod typed;

pub use ask::{Ask, outrun};
pub use list::{Cursors, Part, Turn};
pub use typed::{TypedEmail, TypedName, VERSION_MAX, Why, wrong};
