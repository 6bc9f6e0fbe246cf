//! `comanda load`: places orders at a running server, as many as it takes or so many a second, and says how it did.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use base::{Clock, Error, Random, Result, codes};
use load::Table;
use load::orders::{Address, How, Seen, Service, Stage, Wishes};

pub(crate) const ABOUT: &str = "\
Places orders at a running server as diners do: over HTTP, by guests with sessions, from menus that it reads first, each under
an idempotency key. Either each client asks again as soon as it was answered, or so many orders are due in a second; then a
latency counts from when the order was due, whether a client was free or not.

It is for servers that nobody else uses: what it orders stays ordered. Limits that protect a server protect it from this, too;
lift them there with `--set edge.rate_orders=0 --set edge.rate_auth=0 --set edge.rate_read=0 --set edge.rate_api=0`.

  comanda load                                    64 clients for 10 s at http://127.0.0.1:8080
  comanda load --rate 200 --seconds 60            200 orders a second
  comanda load --url http://10.0.0.5:8080 --diners 20 --cash --json";

/// What `comanda load` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the server is; without TLS
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// How many requests are under way at once at most
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// How many guests order [default: as many as clients]
    #[arg(long, value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    diners: Option<u32>,
    /// How many orders are due in a second [default: as many as are answered]
    #[arg(long, value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// For how long
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// The time before that, which does not count
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=3_600))]
    warm_up: u64,
    /// How many restaurants are ordered from, the first of them most often
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    restaurants: u32,
    /// A file with their ids, one a line [default: the first that the server lists]
    #[arg(long, value_name = "FILE")]
    only: Option<PathBuf>,
    /// Whether orders are brought or fetched
    #[arg(long, value_name = "HOW", default_value = "delivery")]
    #[arg(value_parser = ["delivery", "pickup"])]
    service: String,
    /// What stands for a card at the payment provider
    #[arg(long, value_name = "TOKEN", default_value = "ok")]
    token: String,
    /// Pay when it is handed over instead
    #[arg(long)]
    cash: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    crate::serve::runtime()?.block_on(load(args))
}

async fn load(args: &Args) -> Result<()> {
    let (clock, random) = (Clock::real(), Random::real());
    let stage = Stage::open(wishes(args)?, &clock, &random).await?;
    eprintln!(
        "{} restaurants, {} clients",
        stage.restaurants(),
        args.clients
    );
    let how = |seconds| How {
        time: Duration::from_secs(seconds),
        rate: args.rate,
    };
    if args.warm_up > 0 {
        let warmed = stage.place(how(args.warm_up)).await;
        // What is left of it would be counted among the rest.
        let _late = stage.settle(&warmed).await;
    }
    let placed = stage.place(how(args.seconds)).await;
    let until_whole = stage.settle(&placed).await;
    let seen = Seen::of(&placed, how(args.seconds).time, until_whole);
    match args.json {
        true => println!("{}", json(&seen)?),
        false => show(&seen),
    }
    if let Some(failure) = placed.tally.failure {
        return Err(refused(format!(
            "{} requests were not answered: {failure}",
            placed.tally.failed_ever
        )));
    }
    match until_whole {
        Some(_) => Ok(()),
        None => Err(refused("an order was not whole after a minute".to_owned())),
    }
}

fn wishes(args: &Args) -> Result<Wishes> {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let named = match &args.only {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            let text = text.map_err(|error| refused(format!("{}: {error}", file.display())))?;
            text.split_whitespace().map(str::to_owned).collect()
        }
        None => Vec::new(),
    };
    Ok(Wishes {
        address: Address {
            server: server(&args.url)?,
            from: None::<IpAddr>,
        },
        clients: number(args.clients),
        diners: number(args.diners.unwrap_or(args.clients)),
        restaurants: number(args.restaurants),
        named,
        service: match args.service.as_str() {
            "pickup" => Service::Pickup,
            _ => Service::Delivery,
        },
        token: (!args.cash).then(|| args.token.clone()),
    })
}

/// The server that a URL names.
fn server(url: &str) -> Result<SocketAddr> {
    let rest = url.strip_prefix("http://").ok_or_else(|| {
        refused(format!(
            "{url} does not begin with http://; ask the server past its TLS"
        ))
    })?;
    let host = rest.trim_end_matches('/');
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let named = match has_port {
        true => host.to_owned(),
        false => format!("{host}:80"),
    };
    let found = named.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| refused(format!("there is no server {url}")))
}

fn json(seen: &Seen) -> Result<String> {
    serde_json::to_string(seen).map_err(|error| refused(error.to_string()))
}

fn show(seen: &Seen) {
    let one = |number: f64| format!("{number:.1}");
    let mut table = Table::new(["", "orders/s", "p50 ms", "p99 ms", "p99.9 ms"]);
    table.row([
        "accepted".to_owned(),
        one(seen.accepted_per_s),
        one(seen.p50_ms),
        one(seen.p99_ms),
        one(seen.p999_ms),
    ]);
    table.row([
        "whole".to_owned(),
        seen.whole_per_s.map_or_else(|| "-".to_owned(), one),
        one(seen.whole_p50_ms),
        one(seen.whole_p99_ms),
        "-".to_owned(),
    ]);
    print!("{table}");
    println!("{} orders were accepted", seen.accepted);
    if seen.lateness_p99_ms > 0.0 {
        println!(
            "99 of 100 were sent no later than {:.1} ms after they were due",
            seen.lateness_p99_ms
        );
    }
    for (code, count) in &seen.errors {
        println!("{count} were not: {code}");
    }
}

#[track_caller]
fn refused(said: String) -> Error {
    Error::unavailable(codes::UNAVAILABLE, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_a_url_without_tls() {
        let found = server("http://127.0.0.1:8080/").unwrap();
        assert_eq!(found, "127.0.0.1:8080".parse().unwrap());
        let found = server("http://127.0.0.1").unwrap();
        assert_eq!(found, "127.0.0.1:80".parse().unwrap());
        assert!(server("https://127.0.0.1").is_err());
        assert!(server("http://127.0.0.1:x").is_err());
    }
}
