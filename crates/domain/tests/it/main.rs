//! What takes more than a module to try: menus by chance, through files and back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "a test may fail wherever it likes"
)]

#[path = "../fuzz/bytes.rs"]
mod bytes;
#[path = "../fuzz/engine.rs"]
#[allow(dead_code, reason = "the search itself is a drill of its own")]
mod engine;
#[path = "../fuzz/files.rs"]
mod files;
#[path = "../fuzz/menus.rs"]
mod menus;
#[path = "../fuzz/rules.rs"]
mod rules;
mod transfer;
