//! The test worlds themselves, tried against the real servers.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod pgbouncer;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod trial;
