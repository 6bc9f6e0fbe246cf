//! The binary `comanda`: reads the command line and the settings, and hands over to one command.
//!
//! It holds no behaviour of its own beyond that.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the terminal"
)]

mod audit;
mod backup;
mod config;
mod databases;
mod demo;
mod doctor;
mod ended;
mod letters;
mod load;
mod migrate;
mod options;
mod progress;
mod restore;
mod secrets;
mod serve;
mod telemetry;
mod tls;
mod verify;

use std::process::ExitCode;

use base::Result;
use clap::{Parser, Subcommand};

use ended::Ended;
use options::Options;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ABOUT: &str = "\
Restaurant ordering and delivery for groups of restaurants, on one machine or many.

  comanda serve                 start everything on this machine, with SQLite files in ./comanda-data
  comanda demo                  fill a new installation with a city to look at
  comanda doctor                look whether this machine is fit for it, and say what to do
  comanda config --defaults     every setting with its default, as a file to begin with

Settings come from defaults, then comanda.toml in the data folder, then COMANDA_SECTION__KEY in the
environment, then flags. `comanda config` shows what is in force and where each value came from.";

/// Restaurant ordering and delivery for groups of restaurants
#[derive(Debug, Parser)]
#[command(name = "comanda", version, arg_required_else_help = true, long_about = ABOUT)]
#[command(after_help = ended::HELP)]
struct Line {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the platform and answer requests
    #[command(long_about = serve::ABOUT)]
    Serve(serve::Args),
    /// Bring every database to the schema of this version; run again, it changes nothing
    #[command(long_about = migrate::ABOUT)]
    Migrate(migrate::Args),
    /// Show the settings in force and where each came from
    #[command(long_about = config::show::ABOUT)]
    Config(config::show::Args),
    /// Fill a new installation with a demo city
    #[command(long_about = demo::ABOUT)]
    Demo(demo::Args),
    /// Place orders at a running server and say how it did
    #[command(long_about = load::ABOUT)]
    Load(load::Args),
    /// Look whether this machine and its settings are fit, and say what to do
    #[command(long_about = doctor::ABOUT)]
    Doctor(doctor::Args),
    /// Rotate, retire, back up and restore the secrets of this machine
    #[command(long_about = secrets::ABOUT)]
    Secrets(secrets::Args),
    /// Make a backup of the data
    #[command(long_about = backup::ABOUT)]
    Backup(backup::Args),
    /// Make a data folder of a backup
    #[command(long_about = restore::ABOUT)]
    Restore(restore::Args),
    /// Read everything that is stored and look for damage
    #[command(long_about = verify::ABOUT)]
    Verify(verify::Args),
    /// Verify the audit log, or give it out
    #[command(long_about = audit::ABOUT)]
    Audit(audit::Args),
    /// Print the version
    Version,
}

fn main() -> ExitCode {
    let line = Line::parse();
    match run(&line) {
        Ok(ended) => ended.code(),
        Err(error) => {
            eprintln!("comanda: {error}");
            for step in error.trail().iter().filter_map(|step| step.note.as_ref()) {
                eprintln!("  while {step}");
            }
            ended::code_of(&error)
        }
    }
}

fn run(line: &Line) -> Result<Ended> {
    let settings = |more| line.options.settings(more);
    let well = |done: Result<()>| done.map(|()| Ended::Well);
    match &line.command {
        Command::Serve(args) => serve::run(settings(args.flags())?, args),
        Command::Migrate(args) => well(migrate::run(&settings(Vec::new())?, args)),
        Command::Config(args) => well(config::show::run(&settings(Vec::new())?, args)),
        Command::Demo(args) => well(demo::run(settings(args.flags())?, args)),
        Command::Load(args) => well(load::run(args)),
        Command::Doctor(args) => doctor::run(&settings(Vec::new())?, args),
        Command::Secrets(args) => well(secrets::run(&settings(Vec::new())?, args)),
        Command::Backup(args) => backup::run(&settings(Vec::new())?, args),
        Command::Restore(args) => restore::run(&settings(Vec::new())?, args),
        Command::Verify(args) => verify::run(&settings(Vec::new())?, args),
        Command::Audit(args) => audit::run(&settings(Vec::new())?, args),
        Command::Version => {
            println!("comanda {}", env!("CARGO_PKG_VERSION"));
            Ok(Ended::Well)
        }
    }
}
