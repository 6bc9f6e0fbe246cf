//! The binary as people and other machines meet it: at the terminal, and over its ports.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail at once, with the cause"
)]

mod audit;
mod backup;
mod backup_schedule;
mod blobs;
mod browser;
mod canary;
mod demo;
mod document;
mod first_start;
mod flow;
mod headers;
mod line;
mod looks;
mod menus;
mod orders;
mod postgres;
mod privacy;
mod production;
mod published;
mod restaurants;
mod restore;
mod restore_servers;
mod rotation;
mod stopping;
mod telemetry;
mod trust;
mod verify;
mod writing;

use testkit::serve::{Serve, Start};

/// The program of this crate on a folder that goes with the value.
struct World(Start);

impl World {
    fn new() -> Self {
        Self(Start::new(env!("CARGO_BIN_EXE_comanda")))
    }

    fn with(self, words: &[&str]) -> Self {
        let start = self.0.clone().with(words.iter().copied());
        // The folder goes on with the new value.
        std::mem::forget(self);
        Self(start)
    }

    #[track_caller]
    fn serve(&self) -> Serve {
        match self.0.serve() {
            Ok(serve) => serve,
            Err(refused) => panic!("{}: {}", refused.status, refused.said),
        }
    }

    /// How it ended and what it said, where it must not start.
    #[track_caller]
    fn refused(&self) -> (Option<i32>, String) {
        match self.0.serve() {
            Ok(_) => panic!("it started"),
            Err(refused) => (refused.status.code(), refused.said),
        }
    }

    /// Another command on the same folder: its exit code and what it said.
    fn run(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.0.run(words);
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.code(), said)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.0.remove();
    }
}
