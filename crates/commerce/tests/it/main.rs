//! The slices that sell, through their routes, on both engines.
