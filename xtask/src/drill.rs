//! `cargo xtask drill`: what takes too long for every build. It prints how far it is, and its figures.

use std::process::Command;

use crate::{Outcome, cargo, packages, place};

/// A drill: its name, how often it does what it does unless somebody says otherwise, and how it is begun.
struct Drill {
    name: &'static str,
    usual: u32,
    begin: fn(u32) -> Command,
    /// Whether it can go on from one of those that it does one after the other, and how that is said.
    from: Option<GoesOn>,
}

/// How a drill is told where it begins, and where it keeps how far it has come, so that it may be stopped at any moment.
struct GoesOn {
    from: &'static str,
    kept: &'static str,
}

/// What is asked for.
struct Asked {
    drill: &'static Drill,
    times: u32,
    from: Option<u64>,
}

const DRILLS: [Drill; 3] = [
    Drill {
        name: "kill",
        usual: 500,
        begin: |kills| program("orders::many", ("KILLS", kills)),
        from: None,
    },
    Drill {
        name: "portions",
        usual: 100,
        begin: |rounds| program("storms::many", ("ROUNDS", rounds)),
        from: None,
    },
    Drill {
        name: "simulate",
        usual: 200_000,
        begin: simulation,
        from: Some(GoesOn {
            from: "SIMULATE_FROM",
            kept: "SIMULATE_STATE",
        }),
    },
];

/// Runs one drill, as often as the number behind its name says, and from where `--from` says. One that goes on and was
/// stopped before goes on there when the same is asked for again.
pub(crate) fn drill(arguments: &[String]) -> Outcome {
    let asked = parse(arguments)?;
    packages::prepare()?;
    let mut command = (asked.drill.begin)(asked.times);
    if let Some(goes_on) = &asked.drill.from {
        let from = asked.from.unwrap_or(1);
        let kept = place::target().join("drills").join(asked.kept());
        command.env(goes_on.from, from.to_string());
        command.env(goes_on.kept, kept);
    }
    cargo::succeed(command)
}

impl Asked {
    /// The file in which it stands how far this has come.
    fn kept(&self) -> String {
        let (name, from) = (self.drill.name, self.from.unwrap_or(1));
        format!("{name}-{from}-{}.json", self.times)
    }
}

fn parse(arguments: &[String]) -> Outcome<Asked> {
    let names = || DRILLS.each_ref().map(|drill| drill.name).join(", ");
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let from = match words.iter().position(|word| *word == "--from") {
        Some(at) => {
            let said: Vec<&str> = words.drain(at..words.len().min(at + 2)).collect();
            let number = said.get(1).and_then(|text| text.parse().ok());
            Some(number.ok_or_else(|| "`--from` is followed by a number".to_owned())?)
        }
        None => None,
    };
    let (name, times) = match words.as_slice() {
        [name] => (name, None),
        [name, times] => (name, Some(times)),
        _ => {
            return Err(format!(
                "name one drill, and how often; there is: {}",
                names()
            ));
        }
    };
    let drill = DRILLS.iter().find(|drill| drill.name == *name);
    let drill =
        drill.ok_or_else(|| format!("there is no drill `{name}`; there is: {}", names()))?;
    if from.is_some() && drill.from.is_none() {
        return Err(format!("`{name}` always begins at its beginning"));
    }
    let times = times.map_or(Ok(drill.usual), |text| {
        let times = text.parse().ok().filter(|times| *times > 0);
        times.ok_or_else(|| format!("`{text}` is no number of times"))
    })?;
    Ok(Asked { drill, times, from })
}

/// A drill with the program itself: a test that is left out otherwise.
fn program(test: &str, (variable, times): (&str, u32)) -> Command {
    let start = ["test", "--package", "comanda", "--test", "kills"];
    let rest = ["--", "--ignored", "--exact", "--nocapture", test];
    let mut command = cargo::cargo(start.iter().chain(&cargo::PROFILE).chain(&rest));
    command.env(variable, times.to_string());
    command
}

/// The simulator, built as benches are: as fast as what we ship, with its checks of arithmetic, and sooner.
fn simulation(seeds: u32) -> Command {
    let start = [
        "test",
        "--profile",
        "bench",
        "--package",
        "simulation",
        "--",
        "--ignored",
        "--exact",
        "--nocapture",
        "drill",
    ];
    let mut command = cargo::cargo(start);
    command.env("SIMULATE_SEEDS", seeds.to_string());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Outcome<(&'static str, u32, Option<u64>)> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        parse(&words).map(|asked| (asked.drill.name, asked.times, asked.from))
    }

    #[test]
    fn each_way_is_kept_apart() {
        let kept = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            parse(&words).unwrap().kept()
        };
        assert_eq!(kept("simulate"), "simulate-1-200000.json");
        assert_eq!(kept("simulate --from 1"), "simulate-1-200000.json");
        assert_eq!(kept("simulate 9 --from 4711"), "simulate-4711-9.json");
    }

    #[test]
    fn a_drill_runs_as_often_as_is_said_or_as_usual() {
        assert_eq!(parsed("kill").unwrap(), ("kill", 500, None));
        assert_eq!(parsed("kill 7").unwrap(), ("kill", 7, None));
        assert_eq!(parsed("simulate").unwrap(), ("simulate", 200_000, None));
        let on = parsed("simulate 9 --from 4711").unwrap();
        assert_eq!(on, ("simulate", 9, Some(4_711)));
        for wrong in [
            "",
            "kil",
            "kill 0",
            "kill x",
            "kill 1 2",
            "kill --from 2",
            "simulate --from",
            "simulate --from x",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
