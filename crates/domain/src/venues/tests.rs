//! Tables and properties of venues.
