//! The slices of `platform` through the gate, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail wherever it likes"
)]

mod access;
mod access_world;
mod acting;
mod audit;
mod audit_events;
mod audit_routes;
mod devices;
mod hosts;
mod invitations;
mod keys;
mod members;
mod organisations;
mod personal;
mod plans;
mod restaurants;
mod restaurants_mine;
mod roles;
mod search;
mod search_world;
mod world;
