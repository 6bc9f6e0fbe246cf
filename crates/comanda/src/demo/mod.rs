//! `comanda demo`: a city to look at, of restaurants that nobody has to know.
//!
//! It is drawn from a seed, so that everybody sees the same one, and brought in through the routes of the platform.

mod door;
mod fill;
mod pictures;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Error, Result, codes};
use fabric::Trust;
use serde::{Deserialize, Serialize};

use crate::config::{Flag, Settings};
use crate::options::flag;
use crate::progress::Progress;
use crate::serve::ground::Ground;
use crate::serve::slices::Slices;
use crate::serve::{Args as Serve, runtime};

pub(crate) const ABOUT: &str = "\
Fills a new installation with a demo city: restaurants of several cuisines with menus, options, combos, lunch prices,
allergens, pictures, hours and delivery zones. The same seed makes the same city. An installation that has organisations already
is left alone, unless an earlier run was interrupted there: then it goes on.

  comanda demo                                40 restaurants in ./comanda-data; then `comanda serve`
  comanda demo --restaurants 50000 --data /srv/large
  comanda demo --config /etc/comanda.toml --migrate      the databases that the file names";

/// What says, in the data folder, that a city was made here.
const MARK: &str = "demo-city.json";
/// The most restaurants of a city.
const RESTAURANTS_MAX: u32 = 50_000;

/// What `comanda demo` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many restaurants
    #[arg(long, value_name = "NUMBER", default_value_t = 40)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(RESTAURANTS_MAX)))]
    restaurants: u32,
    /// What the city is drawn from
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    seed: u64,
    /// Draw no pictures, which is the larger part of the work for a small city
    #[arg(long)]
    without_pictures: bool,
    /// On PostgreSQL, bring the databases to the schema of this version first
    #[arg(long)]
    migrate: bool,
}

impl Args {
    /// What this command says about settings: a line for each of many thousand requests would tell nobody anything.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        vec![flag("demo", "log.levels", "warn")]
    }
}

/// What is known of a city that was made, or begun.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    seed: u64,
    restaurants: u32,
    is_whole: bool,
}

/// Runs the command.
pub(crate) fn run(settings: Settings, args: &Args) -> Result<()> {
    let settings = Arc::new(settings);
    runtime()?.block_on(found(&settings, args))
}

async fn found(settings: &Arc<Settings>, args: &Args) -> Result<()> {
    let mut ground = Ground::open(settings, &Serve::migrating(args.migrate)).await?;
    let path = settings.storage.data.join(MARK);
    let mark = Mark {
        seed: args.seed,
        restaurants: args.restaurants,
        is_whole: true,
    };
    match read(&path)? {
        Some(found) if found == mark => {
            println!("The city is there already.");
            look(settings);
            return Ok(());
        }
        Some(found)
            if !found.is_whole
                && (Mark {
                    is_whole: true,
                    ..found.clone()
                }) == mark => {}
        Some(found) => {
            let (seed, restaurants) = (found.seed, found.restaurants);
            return Err(refused(format!(
                "there is a city of {restaurants} restaurants here already, drawn from the seed {seed}"
            )));
        }
        None if !ground.db.directory().is_empty() => {
            return Err(refused(
                "this installation has organisations already; say --data for another folder"
                    .to_owned(),
            ));
        }
        None => write(
            &path,
            &Mark {
                is_whole: false,
                ..mark.clone()
            },
        )?,
    }
    // Nobody else changes what was just made, so what is remembered of it holds.
    ground.trust = Trust::granted();
    let slices = Slices::open(&ground, "http://localhost")?;
    let chance = (&ground.clock, &ground.random);
    let door = door::Door::open(slices.routes(), slices.platform.authorise(), chance)?;
    let city = fill::City {
        seed: args.seed,
        restaurants: usize::try_from(args.restaurants).unwrap_or(usize::MAX),
        is_drawn: !args.without_pictures,
    };
    let begun = ground.clock.elapsed();
    let filled = fill::city(door, city, &Progress::shown(&ground.clock)).await?;
    write(&path, &mark)?;
    println!(
        "{} restaurants of {} organisations, with {} menus of {} items and options, in {:.1} s",
        filled.restaurants,
        filled.organisations,
        filled.menus,
        filled.items,
        ground.clock.elapsed().saturating_sub(begun).as_secs_f64(),
    );
    look(settings);
    Ok(())
}

/// Where to look at the city.
fn look(settings: &Settings) {
    let data: PathBuf = settings.storage.data.clone();
    println!(
        "Start it with `comanda serve --data {}`, then look at",
        data.display()
    );
    let base = "http://127.0.0.1:8080/api/restaurants";
    println!("  {base}                         its restaurants");
    println!("  {base}/search?q=pizza          those that sell it");
    println!("  {base}/{{restaurant}}/menu       the menu of one");
}

fn read(path: &Path) -> Result<Option<Mark>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, &error)),
    };
    let mark = serde_json::from_str(&text);
    mark.map(Some).map_err(|error| failed(path, &error.into()))
}

fn write(path: &Path, mark: &Mark) -> Result<()> {
    let text = serde_json::to_string(mark).map_err(|error| failed(path, &error.into()))?;
    std::fs::write(path, text).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::unavailable(codes::UNAVAILABLE, format!("{}: {error}", path.display()))
}

fn refused(what: String) -> Error {
    Error::conflict(codes::CONFLICT, what)
}
