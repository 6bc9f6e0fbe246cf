//! What people type: `cargo xtask run`, `test`, `ci`, `bench`, `drill`.
//!
//! It starts other programs and prints; it knows nothing of what the workspace's crates do.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the terminal"
)]

mod bench;
mod cargo;
mod ci;
mod deny;
mod disk;
mod drill;
mod node;
mod packages;
mod place;
mod python;
mod run;
mod stages;
mod table;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

/// Why a command ended; printed once, at the end.
type Outcome<T = ()> = Result<T, String>;

const USAGE: &str = "\
cargo xtask run [FOLDER] [FLAGS]  build Comanda and serve from an empty folder
cargo xtask test [ARGUMENTS]      install what the tests need, then run all of them
cargo xtask ci [STAGE ...]        everything the build server asks for, with times and budgets
cargo xtask bench [NAME] [--json FILE]
                                  print each figure beside its limit (names: store)
cargo xtask drill NAME [TIMES]    what takes too long for every build (names: kill, portions, simulate [--from SEED])
cargo xtask tidy                  sizes, dependencies and words that the workspace keeps to";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match command {
        "run" => run::run(rest),
        "test" => test::test(rest),
        "ci" => ci::ci(rest),
        "bench" => bench::bench(rest),
        "drill" => drill::drill(rest),
        "tidy" => tidy::tidy(),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        unknown => Err(format!("there is no command `{unknown}`\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(said) => {
            eprintln!("xtask: {said}");
            ExitCode::FAILURE
        }
    }
}
