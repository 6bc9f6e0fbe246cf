//! The passphrase of a backup of secrets: from a guarded file or the terminal, never an argument.

use std::io::{IsTerminal as _, stdin};
use std::path::Path;

use base::Result;
use zeroize::Zeroizing;

use super::guarded;
use crate::config::refused;

/// Shorter ones can be guessed.
const LETTERS_MIN: usize = 12;

/// Asks once, as for opening a backup.
pub(crate) fn ask(file: Option<&Path>) -> Result<Zeroizing<String>> {
    match file {
        Some(path) => from_file(path),
        None => from_terminal("Passphrase: "),
    }
}

/// Asks twice and refuses a short one, as for making a backup.
pub(crate) fn choose(file: Option<&Path>) -> Result<Zeroizing<String>> {
    let chosen = ask(file)?;
    if chosen.chars().count() < LETTERS_MIN {
        return Err(refused(format!(
            "the passphrase is too short; take at least {LETTERS_MIN} letters, better five words"
        )));
    }
    if file.is_none() && *from_terminal("The same again: ")? != *chosen {
        return Err(refused("the two passphrases are not the same"));
    }
    Ok(chosen)
}

fn from_file(path: &Path) -> Result<Zeroizing<String>> {
    let text = guarded::read(path)?;
    Ok(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

fn from_terminal(question: &str) -> Result<Zeroizing<String>> {
    if !stdin().is_terminal() {
        return Err(refused(
            "there is no terminal to ask at; name a file by --passphrase-file",
        ));
    }
    rpassword::prompt_password(question)
        .map(Zeroizing::new)
        .map_err(|error| refused(format!("the passphrase cannot be read: {error}")))
}
