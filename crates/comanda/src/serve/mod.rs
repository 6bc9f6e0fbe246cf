//! `comanda serve`: opens everything, answers requests, and ends in order.

mod announce;
mod course;
mod doors;
mod erasures;
pub(crate) mod ground;
mod pages;
mod payments;
pub(crate) mod production;
mod rings;
mod routes;
mod signals;
pub(crate) mod slices;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::{Error, Result, codes};

use crate::config::{Flag, Settings};
use crate::ended::Ended;
use crate::options::flag;

pub(crate) const ABOUT: &str = "\
Starts the platform on this machine and answers requests until it gets SIGTERM or SIGINT. Requests under way are
then brought to an end; a second signal ends at once.

  comanda serve                               SQLite files in ./comanda-data, http://127.0.0.1:8080
  comanda serve --listen 0.0.0.0:443 --tls local
                                              for a local network: phones trust it by the page that is printed
  comanda serve --config /etc/comanda.toml --production
                                              refuses what must not be so in production, and says what to do

The first start prints a link by which the first operator sets the platform up.";

/// What `comanda serve` takes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// The address for everybody [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The address for those who operate, with /metrics [default: 127.0.0.1:9080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    admin: Option<String>,
    /// Encrypted connections: off, files or local [default: off]
    #[arg(long, value_name = "MODE")]
    tls: Option<String>,
    /// The certificate and its chain, with `--tls files`
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The private key, with `--tls files`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Refuse settings that must not be so in production
    #[arg(long)]
    pub(crate) production: bool,
    /// On PostgreSQL, bring the databases to the schema of this version first
    #[arg(long)]
    migrate: bool,
    /// Print one line of JSON on standard output when requests are answered
    #[arg(long)]
    ready_json: bool,
}

impl Args {
    /// What is said by a command that opens the same ground and answers nobody.
    pub(crate) fn migrating(migrate: bool) -> Self {
        Args {
            migrate,
            ..Args::default()
        }
    }

    /// What these flags say about settings.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let said = [
            ("--listen", "listen.http", self.listen.clone()),
            ("--admin", "listen.admin", self.admin.clone()),
            ("--tls", "tls.mode", self.tls.clone()),
            ("--certificate", "tls.certificate", path(&self.certificate)),
            ("--key", "tls.key", path(&self.key)),
        ];
        let given = said.into_iter();
        given
            .filter_map(|(word, key, value)| Some(flag(word, key, &value?)))
            .collect()
    }
}

/// The runtime that everything runs on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.map_err(|error| Error::unavailable(codes::UNAVAILABLE, error.to_string()))
}

/// Runs the command.
pub(crate) fn run(settings: Settings, args: &Args) -> Result<Ended> {
    if args.production {
        production::check(&settings)?;
    }
    let settings = Arc::new(settings);
    let runtime = runtime()?;
    let ended = runtime.block_on(serve(&settings, args));
    // A blocking call that hangs, on a disk that is gone for example, must not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(2));
    ended
}

/// Opens everything, answers requests until the signal, and ends what is under way.
async fn serve(settings: &Arc<Settings>, args: &Args) -> Result<Ended> {
    let signals = signals::Signals::listen()?;
    let ground = ground::Ground::open(settings, args).await?;
    let doors = doors::Doors::open(&ground).await?;
    ground.course.done("routes");
    announce::announce(&ground, &doors, args).await?;
    ground.course.done("operators");
    ground.course.tell();
    doors.serve(&ground, signals).await
}
