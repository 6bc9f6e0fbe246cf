//! The load generator, tried on servers whose times are known.

#[cfg(test)]
mod open;
