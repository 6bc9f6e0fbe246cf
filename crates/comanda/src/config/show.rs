//! `comanda config`: the settings in force as TOML, and the defaults as a file to begin with.

use std::fmt::Write as _;

use base::Result;
use toml::Value;

use super::key::Key;
use super::{SECTIONS, Settings};

pub(crate) const ABOUT: &str = "\
Shows the settings in force as TOML, each with where it came from. Secrets are hidden.

  comanda config                              what holds here
  comanda config --defaults > comanda.toml    every key with its default, to begin a file with
  COMANDA_LISTEN__HTTP=0.0.0.0:80 comanda config      what would hold with that variable";

/// What `comanda config` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print every key with its default and what it means, as a file to begin with
    #[arg(long)]
    defaults: bool,
}

/// Prints the settings. Secrets are not shown.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<()> {
    match args.defaults {
        true => print!("{}", defaults()),
        false => print!("{}", settings.shown()),
    }
    Ok(())
}

impl Settings {
    /// All values in force, each with where it came from.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        for section in &SECTIONS {
            // Writing into a text cannot fail.
            let _ = writeln!(text, "[{}]", section.name);
            for key in section.keys {
                let Some((value, origin)) = self.layers.value(section.name, key.name) else {
                    let _ = writeln!(text, "# {} is not set", key.name);
                    continue;
                };
                let line = format!("{} = {}", key.name, shown(key, value));
                let _ = writeln!(text, "{line:<48} # {origin}");
            }
            text.push('\n');
        }
        text
    }
}

fn shown(key: &Key, value: &Value) -> String {
    match key.is_secret {
        true => "\"(hidden)\"".to_owned(),
        false => value.to_string(),
    }
}

/// A file with every key, commented out.
pub(super) fn defaults() -> String {
    let mut text = String::from(
        "# The settings of Comanda, each with its default.\n\
         # Stronger than this file: COMANDA_SECTION__KEY in the environment, then flags.\n",
    );
    for section in &SECTIONS {
        let _ = write!(text, "\n# {}\n[{}]\n", section.about, section.name);
        for key in section.keys {
            let _ = write!(text, "\n{}", comment(key.about));
            if !key.has_default {
                text.push_str("# Not set. For example:\n");
            }
            let _ = writeln!(text, "#{} = {}", key.name, key.value);
        }
    }
    text
}

/// Breaks a sentence into comment lines.
fn comment(about: &str) -> String {
    let mut text = String::new();
    let mut line = String::from("#");
    for word in about.split_whitespace() {
        if line.len() + word.len() > 98 {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
    text
}
