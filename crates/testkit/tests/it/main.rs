//! The test worlds themselves, tried against the real servers.

#[cfg(test)]
mod postgres;
