//! How slices ask each other without seeing each other: one typed client per service.
//!
//! In process a client holds the service itself and passes types of `domain`. Whoever wires the binary hands them out.

mod addresses;
pub mod fraud;
mod letters;
mod menus;
mod people;
mod personal;
pub mod places;
pub mod providers;
mod restaurants;
mod venues;

pub use addresses::{Addresses, KeepsAddresses};
pub use fraud::Fraud;
pub use letters::{
    About, Deliver, Inbox, Kept, Letter, Letters, Log, Recipient, refused_in_production,
};
pub use menus::{Current, Indexed, Menus, Sells};
pub use people::{Known, People};
pub use personal::{Erasures, Heirs, Keeps, Personal};
pub use places::{HoldsPlaces, Places};
pub use providers::{Provider, Providers};
pub use restaurants::{KeepsRestaurants, Restaurants};
pub use venues::{KnowsVenues, Venues};
