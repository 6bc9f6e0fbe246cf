//! `cargo xtask bench`: prints figures beside their limits, measured in the same run.

use crate::{Outcome, cargo, packages};

const NAMES: [&str; 6] = ["store", "edge", "auth", "menus", "sagas", "orders"];

/// Runs one bench, or all of them one after the other.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let request = parse(arguments)?;
    packages::prepare()?;
    for name in &request.names {
        if *name == "orders" {
            // It starts the program itself, which is built with the same profile so that both share what they use.
            cargo::succeed(cargo::cargo([
                "build",
                "--profile",
                "bench",
                "--package",
                "comanda",
            ]))?;
        }
        // Benches are built as what we ship is built, not with the profile of the tests.
        let start = ["bench", "--package", "load", "--bench", name, "--"];
        let mut command = cargo::cargo(start);
        command.args(&request.rest);
        cargo::succeed(command)?;
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Request {
    names: Vec<&'static str>,
    rest: Vec<String>,
}

fn parse(arguments: &[String]) -> Outcome<Request> {
    let mut names = Vec::new();
    let mut rest = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--json" {
            let file = words.next().ok_or("--json needs a file")?;
            // The bench runs in another folder than the one in which the name was typed.
            let path = std::path::absolute(file).map_err(|error| format!("{file}: {error}"))?;
            rest.extend([word.clone(), path.display().to_string()]);
        } else if word.starts_with('-') || !names.is_empty() {
            rest.push(word.clone());
        } else {
            let known = NAMES.into_iter().find(|name| name == word);
            names.push(known.ok_or_else(|| unknown(word))?);
        }
    }
    if names.is_empty() {
        names.extend(NAMES);
    }
    Ok(Request { names, rest })
}

fn unknown(name: &str) -> String {
    format!("there is no bench `{name}`; there is: {}", NAMES.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_file_is_made_absolute_and_the_rest_is_handed_on() {
        let request = parse(&words("store --json out.json --quick")).unwrap();
        assert_eq!(request.names, ["store"]);
        let file = std::env::current_dir().unwrap().join("out.json");
        assert_eq!(request.rest, ["--json", file.to_str().unwrap(), "--quick"]);
    }

    #[test]
    fn without_a_name_all_run_and_wrong_names_are_refused() {
        assert_eq!(parse(&[]).unwrap().names, NAMES);
        assert!(parse(&words("stove")).unwrap_err().contains("store"));
        assert!(parse(&words("store --json")).is_err());
    }
}
