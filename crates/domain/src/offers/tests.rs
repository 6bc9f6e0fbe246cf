//! Offers by tables and properties.
