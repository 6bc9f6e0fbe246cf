//! Part (b): the same from few restaurants and from many, of which some are asked for far more often than others.
//!
//! Each installation has a node of its own. Before anything is measured every menu was asked for once, as on a node that
//! runs for a while; menus are asked for packed, as browsers do, with gzip. A bare server that looks the same bytes up in a
//! table is measured beside it: what it loses with many is lost to the memory of the machine, not to us.

use std::collections::HashMap;
use std::net::SocketAddr;

use base::{Clock, Random};
use domain::organisations::RestaurantId;
use http::HeaderMap;
use load::{Figure, Goal, Table};
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::fill::Size;
use crate::guest::{self, Requests, Seen, Value};
use crate::house::{House, Node, Works};
use crate::options::Options;
use crate::servers;
use crate::speed::{canned, request};

const FEW: u32 = 100;
/// How many requests are drawn; then they begin again.
const DRAWN: usize = 200_000;
const ACCEPT: &str = "accept-encoding: gzip\r\n";

struct City {
    _house: House,
    _node: Node,
    requests: Requests,
    /// Our server and the bare one.
    servers: [SocketAddr; 2],
}

pub(crate) fn run(options: &Options) -> Outcome<Vec<Figure>> {
    let (servers, clients) = (servers::one_thread()?, servers::one_thread()?);
    let clock = Clock::real();
    let filled = |restaurants| {
        let began = clock.elapsed();
        let city = city(Size::of(restaurants), (&servers, &clients), &clock)?;
        let took = clock.elapsed().saturating_sub(began);
        println!(
            "{restaurants} restaurants: filled and warm after {:.1} s",
            took.as_secs_f64()
        );
        Ok::<_, Box<dyn std::error::Error>>(city)
    };
    let cities = [filled(FEW)?, filled(options.restaurants)?];
    let turns = options.in_turns();
    // What was seen of our servers and of the bare ones, of each with few and with many.
    let mut seen = [const { [const { Vec::new() }; 2] }; 2];
    for turn in 0..turns.rounds {
        for (server, seen) in seen.iter_mut().enumerate() {
            // Who had the first turn has the last one the next time.
            for city in [turn % 2, (turn + 1) % 2] {
                let City {
                    servers, requests, ..
                } = &cities[city];
                let one = guest::measure(&clock, servers[server], requests, &turns);
                seen[city].push(clients.block_on(one)?);
            }
        }
    }
    let mut table = Table::new(["restaurants", "requests/s", "p99 ms"]);
    for (name, seen) in ["ours", "bare axum"].into_iter().zip(&seen) {
        for (restaurants, seen) in [FEW, options.restaurants].into_iter().zip(seen) {
            let one = guest::median(seen.clone());
            table.row([
                format!("{restaurants} from {name}"),
                format!("{:.0}", one.per_second),
                format!("{:.2}", one.p99_ms()),
            ]);
        }
    }
    println!("{table}");
    let [ours, bare] = seen;
    Ok(vec![
        figure(
            ("throughput_50000_vs_100", "requests/s"),
            (&ours, |seen| seen.per_second),
            Goal::AtLeast(0.9),
        ),
        figure(
            ("bare_50000_vs_100", "requests/s"),
            (&bare, |seen| seen.per_second),
            Goal::AtLeast(0.0),
        ),
        figure(
            ("menu_p99_50000_vs_100", "ms"),
            (&ours, Seen::p99_ms),
            Goal::AtMost(1.1),
        ),
    ])
}

/// What a server did with many restaurants, beside what it did with few.
fn figure(
    (name, unit): (&'static str, &'static str),
    ([few, many], value): (&[Vec<Seen>; 2], Value),
    goal: Goal,
) -> Figure {
    let (many, few) = guest::middle(many, few, value);
    Figure::new(name, unit, many, few, goal)
}

fn city(size: Size, (servers, clients): (&Runtime, &Runtime), clock: &Clock) -> Outcome<City> {
    let house = clients.block_on(House::filled(size))?;
    let node = clients.block_on(house.node(Works::No))?;
    let address = servers.block_on(servers::ours(node.edge.clone(), clock))?;
    let all: Vec<Vec<u8>> = (0..size.restaurants)
        .map(|at| request(RestaurantId::from(size.restaurant(at)), ACCEPT))
        .collect();
    let each: Requests = all.clone().into();
    clients.block_on(guest::warm(address, &each, 8))?;
    let bare = servers.block_on(bare(address, &each, &size))?;
    let picks = zipf(&Random::seeded(11), all.len());
    let requests = picks.into_iter().map(|at| all[at].clone());
    Ok(City {
        _house: house,
        _node: node,
        requests: requests.collect(),
        servers: [address, bare],
    })
}

/// A bare server with the bytes of all menus that another answers.
async fn bare(address: SocketAddr, each: &Requests, size: &Size) -> Outcome<SocketAddr> {
    let mut restaurants = (0..size.restaurants).map(|at| RestaurantId::from(size.restaurant(at)));
    let (mut headers, mut bodies) = (HeaderMap::new(), HashMap::new());
    guest::each(address, each, |answer| {
        let restaurant = restaurants.next().ok_or("an answer too many")?;
        let canned = canned(answer)?;
        bodies.insert(restaurant.to_string(), canned.body);
        headers = canned.headers;
        Ok(())
    })
    .await?;
    servers::axum_of_many(headers, bodies).await
}

/// Draws restaurants so that the one at rank n is asked for with a share of 1/n. Rank and place are not the same.
fn zipf(random: &Random, restaurants: usize) -> Vec<usize> {
    let mut sums = Vec::with_capacity(restaurants);
    let mut sum = 0.0;
    for rank in 1..=restaurants {
        sum += 1.0 / rank as f64;
        sums.push(sum);
    }
    let draw = |_| {
        let point = random.below(1 << 52) as f64 / (1_u64 << 52) as f64 * sum;
        let rank = sums
            .partition_point(|upto| *upto < point)
            .min(restaurants - 1);
        // A prime that divides no such number of restaurants spreads ranks over all organisations.
        rank * 7_919 % restaurants
    };
    (0..DRAWN).map(draw).collect()
}
