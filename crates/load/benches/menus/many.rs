//! Part (b): the same from few restaurants and from many, of which some are asked for far more often than others.
//!
//! Each installation has a node of its own. Before anything is measured every menu was asked for once, as on a node that
//! runs for a while; menus are asked for packed, as browsers do, with gzip. A bare server that looks the same bytes up in a
//! table is measured beside it: what it loses with many is lost to the memory of the machine, not to us.
//!
//! A machine is faster now and slower then, by more than what is looked for. So each round is cut into short turns, in
//! which few and many follow each other at once, now the one first and now the other; what is told is the pair in the middle
//! of all pairs.

use std::collections::HashMap;
use std::net::SocketAddr;

use base::{Clock, Random};
use domain::organisations::RestaurantId;
use http::HeaderMap;
use load::{Figure, Goal, Table};
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::fill::Size;
use crate::guest::{self, Requests, Seen};
use crate::house::{House, Node, Works};
use crate::options::Options;
use crate::servers;
use crate::speed::{canned, request};

const FEW: u32 = 100;
/// How many requests are drawn; then they begin again.
const DRAWN: usize = 200_000;
const ACCEPT: &str = "accept-encoding: gzip\r\n";
/// Into how many turns a round is cut.
const TURNS: u32 = 4;

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
    let mut turn = options.clone();
    turn.time /= TURNS;
    let mut pairs = [Vec::new(), Vec::new()];
    for turns in (0..options.rounds).flat_map(|_| 0..TURNS) {
        for (server, pairs) in pairs.iter_mut().enumerate() {
            let measured = |city: &City| {
                let one = guest::measure(&clock, city.servers[server], &city.requests, &turn);
                clients.block_on(one)
            };
            let [few, many] = &cities;
            pairs.push(match turns % 2 {
                0 => {
                    let few = measured(few)?;
                    Pair {
                        few,
                        many: measured(many)?,
                    }
                }
                _ => {
                    let many = measured(many)?;
                    Pair {
                        few: measured(few)?,
                        many,
                    }
                }
            });
        }
    }
    Ok(figures(options, pairs))
}

/// What was seen of one server with few restaurants and with many, one right after the other.
#[derive(Clone, Copy)]
struct Pair {
    few: Seen,
    many: Seen,
}

impl Pair {
    /// The pair of which half of all others do better, and half worse.
    fn middle(mut pairs: Vec<Pair>, value: fn(&Seen) -> f64) -> (f64, f64) {
        let ratio = |pair: &Pair| value(&pair.many) / value(&pair.few);
        pairs.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
        let middle = pairs[pairs.len() / 2];
        (value(&middle.many), value(&middle.few))
    }
}

fn figures(options: &Options, [ours, bare]: [Vec<Pair>; 2]) -> Vec<Figure> {
    let mut table = Table::new(["restaurants", "requests/s", "p99 ms"]);
    for (name, pairs) in [("ours", &ours), ("bare axum", &bare)] {
        let few = pairs.iter().map(|pair| pair.few).collect();
        let many = pairs.iter().map(|pair| pair.many).collect();
        for (restaurants, all) in [(FEW, few), (options.restaurants, many)] {
            let one = guest::median(all);
            table.row([
                format!("{restaurants} from {name}"),
                format!("{:.0}", one.per_second),
                format!("{:.2}", ms(&one)),
            ]);
        }
    }
    println!("{table}");
    let (many, few) = Pair::middle(ours.clone(), |seen| seen.per_second);
    let (bare_many, bare_few) = Pair::middle(bare, |seen| seen.per_second);
    let (slow_many, slow_few) = Pair::middle(ours, ms);
    vec![
        Figure::new(
            "throughput_50000_vs_100",
            "requests/s",
            many,
            few,
            Goal::AtLeast(0.9),
        ),
        Figure::new(
            "bare_50000_vs_100",
            "requests/s",
            bare_many,
            bare_few,
            Goal::AtLeast(0.0),
        ),
        Figure::new(
            "menu_p99_50000_vs_100",
            "ms",
            slow_many,
            slow_few,
            Goal::AtMost(1.1),
        ),
    ]
}

fn ms(seen: &Seen) -> f64 {
    seen.p99.as_secs_f64() * 1e3
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
