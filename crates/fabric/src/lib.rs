//! What the nodes of a region share and may lose at any time: bus, cache, limits.
//!
//! Everything here may forget everything; the commit is the only truth. Memory stands behind each part now.
