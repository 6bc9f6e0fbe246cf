//! The slices that every other one stands on: organisations, the first operator.
