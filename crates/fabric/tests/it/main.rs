//! What nodes share, tried in memory.

#[cfg(test)]
mod blobs;
#[cfg(test)]
mod bus;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod limits;
mod limits_all;
