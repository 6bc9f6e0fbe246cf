//! The slices of what is ordered and paid, through the gate, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail wherever it likes"
)]

mod books;
mod capacity;
mod carts;
mod carts_heirs;
mod carts_looks;
mod credit_notes;
mod firsts;
#[allow(dead_code, reason = "others ask more of it")]
mod kitchen;
mod ledger;
mod more;
mod offers;
mod offers_races;
mod orders;
mod orders_change;
mod orders_change_races;
mod orders_counter;
mod orders_held;
mod orders_means;
mod orders_money;
mod orders_quoted;
mod orders_races;
mod orders_refunds;
mod orders_slots;
mod orders_split;
mod orders_tabs;
mod orders_taken;
mod orders_tips;
mod orders_vouchers;
mod payments;
mod payments_notices;
mod payments_paused;
mod payments_stuck;
mod saga_trials;
mod sagas;
mod sagas_order;
#[path = "../../../catalogue/tests/it/world.rs"]
#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "others ask more of it"
)]
mod world;
