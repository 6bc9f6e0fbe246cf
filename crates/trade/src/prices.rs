//! The menus, venues and baskets by which prices are tried, tried upon what is made of prices here.

use domain::pricing::*;

#[path = "../../domain/src/pricing/tests/mod.rs"]
pub(crate) mod tests;
