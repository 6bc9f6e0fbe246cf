//! `comanda verify`: reads everything that is stored and looks for damage.
//!
//! It may run beside `serve`. It changes nothing, repairs nothing, and does not end at its first finding.

mod look;
mod table;

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Clock, Result};
use store::Place;

use crate::backup::refused;
use crate::config::Settings;
use crate::databases;
use crate::ended::Ended;
use crate::progress::Progress;

pub(crate) use look::look;
pub(crate) use table::print;

/// How long a read of restored databases may take.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

pub(crate) const ABOUT: &str = "\
Reads everything that is stored, while the platform runs or while it does not, and looks for damage: pages and rows
that are not as they were written, gaps in a log, tables that are not what their log says. It changes nothing.

  comanda verify            a table of what was found; exit code 4 when that is anything
  comanda verify --json     the same for programs";

/// What `comanda verify` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<Ended> {
    let clock = Clock::real();
    let places = databases::places(settings)?;
    let verified = look(&places, &Progress::shown(&clock))?;
    if args.json {
        println!("{}", table::json(&verified)?);
    } else {
        print(&verified);
    }
    Ok(if verified.is_sound() {
        Ended::Well
    } else {
        Ended::FoundDamage
    })
}

/// Databases that were restored, as the store opens them, by the names that backups give them.
pub(crate) fn places(region: &str, mut named: BTreeMap<String, Place>) -> Result<store::Settings> {
    let mut take = |name: &str| {
        let place = named.remove(name);
        place.ok_or_else(|| refused(format!("the backup has no database `{name}`")))
    };
    let (control, people) = (take("control")?, take("people")?);
    // Backups of before there was an audit log have none; `serve` begins one.
    let audit = named.remove("audit").unwrap_or(Place::Inline);
    // Without their keys there is nothing to be read of them, and nothing else needs them.
    let keys = named.remove("keys").unwrap_or(Place::Inline);
    let shards = named.into_iter().filter_map(|(name, place)| {
        let name = name.strip_prefix("shard ")?;
        Some((name.to_owned(), place))
    });
    Ok(store::Settings {
        region: region.to_owned(),
        control,
        people,
        audit,
        keys,
        shards: shards.collect(),
        directory_copy: None,
        within: WITHIN,
    })
}
