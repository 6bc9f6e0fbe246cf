//! The layers of settings, laid over each other key by key.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use base::{Error, Result};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::key::{Key, Section};
use super::nearest::nearest;
use super::{FILE, Flag, SECTIONS, refused, text};

/// Variables of the environment that are ours begin so.
const PREFIX: &str = "COMANDA_";
/// What stands between section and key there; one underscore is part of many keys.
const BETWEEN: &str = "__";

/// Where a value came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// The values in force by section and key, each with its origin.
#[derive(Debug, Default)]
pub(crate) struct Layers(BTreeMap<(&'static str, &'static str), (Value, Origin)>);

impl Layers {
    /// What holds where nothing is said.
    pub(crate) fn defaults() -> Result<Self> {
        let mut layers = Self::default();
        for section in &SECTIONS {
            for key in section.keys.iter().filter(|key| key.has_default) {
                let value = read_value(key.value)?;
                layers.put(section, key, value, Origin::Default);
            }
        }
        Ok(layers)
    }

    pub(crate) fn value(&self, section: &str, key: &str) -> Option<&(Value, Origin)> {
        self.0
            .iter()
            .find(|((known_section, known_key), _)| *known_section == section && *known_key == key)
            .map(|(_, entry)| entry)
    }

    /// Reads a file of settings.
    pub(crate) fn file(&mut self, path: &Path, text: &str) -> Result<()> {
        let place = path.display();
        let table: Table = text
            .parse()
            .map_err(|error| refused(format!("{place} is no TOML: {error}")))?;
        for (name, keys) in table {
            let section = find_section(&name).map_err(|error| error_in(path, &error))?;
            let Value::Table(keys) = keys else {
                return Err(refused(format!(
                    "{place}: `{name}` must be a section, `[{name}]`"
                )));
            };
            for (name, value) in keys {
                let key = find_key(section, &name).map_err(|error| error_in(path, &error))?;
                self.put(section, key, value, Origin::File(path.to_owned()));
            }
        }
        Ok(())
    }

    /// Reads the file in the data folder, if there is one. The folder itself cannot be set in there.
    pub(crate) fn data_file(&mut self, above: &Self) -> Result<()> {
        let data = above
            .value("storage", "data")
            .or_else(|| self.value("storage", "data"));
        let data = data.and_then(|(value, _)| value.as_str());
        let path = Path::new(data.unwrap_or_default()).join(FILE);
        if !path.exists() {
            return Ok(());
        }
        let mut read = Self::default();
        read.file(&path, &text(&path)?)?;
        if read.value("storage", "data").is_some() {
            let place = path.display();
            return Err(refused(format!(
                "{place} is found by the data folder, so it cannot set `storage.data`; say --data, or name the file by --config"
            )));
        }
        self.put_on_top(read);
        Ok(())
    }

    /// Reads the variables `COMANDA_SECTION__KEY`, and `COMANDA_SECTION__KEY__NAME` where the value is a table.
    pub(crate) fn environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<()> {
        // Kubernetes sets variables such as COMANDA_PORT by itself, so what has no section is not ours.
        let mut ours: Vec<(String, String)> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && name.contains(BETWEEN))
            .collect();
        ours.sort();
        for (name, value) in ours {
            let path = name[PREFIX.len()..].to_lowercase();
            let mut words = path.splitn(3, BETWEEN);
            let (section, key) = (words.next(), words.next());
            let origin = Origin::Environment(name.clone());
            self.put_text(
                [section.unwrap_or_default(), key.unwrap_or_default()],
                words.next(),
                &value,
                origin,
            )
            .map_err(|error| refused(format!("{name}: {error}")))?;
        }
        Ok(())
    }

    /// Takes what a flag says.
    pub(crate) fn flag(&mut self, flag: &Flag) -> Result<()> {
        let mut words = flag.key.splitn(3, '.');
        let (section, key) = (words.next(), words.next());
        let Some((section, key)) = section.zip(key) else {
            let (flag, key) = (&flag.flag, &flag.key);
            return Err(refused(format!("{flag}: `{key}` is not SECTION.KEY")));
        };
        let origin = Origin::Flag(flag.flag.clone());
        self.put_text([section, key], words.next(), &flag.value, origin)
            .map_err(|error| refused(format!("{}: {error}", flag.flag)))
    }

    /// Lays other layers over these.
    pub(crate) fn put_on_top(&mut self, above: Self) {
        for (place, (value, origin)) in above.0 {
            match (self.0.get_mut(&place), value) {
                // A shard that is set in the environment stands beside those of the file.
                (Some((Value::Table(below), from)), Value::Table(more)) => {
                    below.extend(more);
                    *from = origin;
                }
                (_, value) => {
                    self.0.insert(place, (value, origin));
                }
            }
        }
    }

    fn put_text(
        &mut self,
        [section, key]: [&str; 2],
        entry: Option<&str>,
        text: &str,
        origin: Origin,
    ) -> Result<()> {
        let section = find_section(section)?;
        let key = find_key(section, key)?;
        let kind = read_value(key.value)?;
        let value = match (entry, kind) {
            (Some(entry), Value::Table(_)) => {
                let known = self.0.get(&(section.name, key.name));
                let mut table = match known {
                    Some((Value::Table(table), _)) => table.clone(),
                    _ => Table::new(),
                };
                table.insert(entry.to_owned(), Value::String(text.to_owned()));
                Value::Table(table)
            }
            (Some(entry), _) => {
                let (section, key) = (section.name, key.name);
                return Err(refused(format!(
                    "`{section}.{key}` has no `{entry}` inside"
                )));
            }
            (None, kind) => like(&kind, text)?,
        };
        self.put(section, key, value, origin);
        Ok(())
    }

    fn put(&mut self, section: &Section, key: &Key, value: Value, origin: Origin) {
        self.0.insert((section.name, key.name), (value, origin));
    }

    /// One section as a table; `keep` says which entries to take besides the defaults.
    pub(crate) fn table(&self, section: &Section, keep: impl Fn(&str) -> bool) -> Table {
        let mut table = Table::new();
        for key in section.keys {
            let entry = self.0.get(&(section.name, key.name));
            let value = match entry {
                Some((value, _)) if keep(key.name) => Some(value.clone()),
                _ if key.has_default => read_value(key.value).ok(),
                _ => None,
            };
            if let Some(value) = value {
                table.insert(key.name.to_owned(), value);
            }
        }
        table
    }

    /// Finds which value of a section cannot be read, and says where it came from.
    pub(crate) fn blame<T: DeserializeOwned>(&self, section: &Section, said: &str) -> Error {
        for key in section.keys {
            let alone = self.table(section, |name| name == key.name);
            let Err(error) = alone.try_into::<T>() else {
                continue;
            };
            if let Some((value, origin)) = self.0.get(&(section.name, key.name)) {
                let (section, key) = (section.name, key.name);
                // A value is not repeated where it might be a secret; the key and its place are enough.
                let said = error.to_string();
                let said = said.lines().next().unwrap_or_default();
                let kind = value.type_str();
                return refused(format!(
                    "`{section}.{key}` ({origin}) cannot be used: {said} (it is a {kind})"
                ));
            }
        }
        refused(format!("section `{}` cannot be used: {said}", section.name))
    }
}

#[track_caller]
fn error_in(path: &Path, error: &Error) -> Error {
    refused(format!("{}: {error}", path.display()))
}

fn find_section(name: &str) -> Result<&'static Section> {
    static KNOWN: &[Section] = &SECTIONS;
    KNOWN
        .iter()
        .find(|section| section.name == name)
        .ok_or_else(|| {
            let names = KNOWN.iter().map(|section| section.name);
            unknown("section", name, nearest(name, names))
        })
}

fn find_key(section: &'static Section, name: &str) -> Result<&'static Key> {
    let found = section.keys.iter().find(|key| key.name == name);
    found.ok_or_else(|| {
        let near = nearest(name, section.keys.iter().map(|key| key.name));
        unknown("key", &format!("{}.{name}", section.name), near)
    })
}

#[track_caller]
fn unknown(what: &str, name: &str, near: Option<&str>) -> Error {
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`comanda config --defaults` lists all".to_owned(),
    };
    refused(format!("there is no {what} `{name}`; {hint}"))
}

/// Reads one TOML value from its text.
fn read_value(text: &str) -> Result<Value> {
    let table: Result<Table, _> = format!("value = {text}").parse();
    table
        .ok()
        .and_then(|mut table| table.remove("value"))
        .ok_or_else(|| refused(format!("`{text}` is no value of TOML")))
}

/// Reads a text as a value of the same kind as another: a text needs no quotes, a list may stand with commas.
fn like(kind: &Value, text: &str) -> Result<Value> {
    match kind {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Array(_) if !text.trim_start().starts_with('[') => {
            let words = text
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty());
            let words = words.map(|word| Value::String(word.to_owned()));
            Ok(Value::Array(words.collect()))
        }
        _ => read_value(text),
    }
}
