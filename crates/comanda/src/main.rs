//! The binary `comanda`: reads the command line, opens the databases, and hands over.
//!
//! It holds no behaviour of its own beyond that.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the terminal"
)]

mod migrate;
mod places;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Restaurant ordering and delivery for groups of restaurants, on one machine or many.
#[derive(Debug, Parser)]
#[command(name = "comanda", version, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring every database to the schema of this version; run again, it changes nothing
    Migrate(places::Places),
    /// Print the version
    Version,
}

fn main() -> ExitCode {
    let done = match Line::parse().command {
        Command::Migrate(places) => migrate::run(&places),
        Command::Version => {
            println!("comanda {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("comanda: {error}");
            ExitCode::FAILURE
        }
    }
}
