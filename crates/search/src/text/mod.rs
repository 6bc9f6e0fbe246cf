//! Finding restaurants by words: typed wrong, typed halfway, in any language of their menus.
//!
//! All of it is in memory and seen at once. It knows places in a table and lists of words; what a restaurant is, it
//! never learns.

pub(crate) mod fold;
mod rank;
pub(crate) mod terms;

pub(crate) use rank::{Asked, Meanings};
