//! The parts of the bench.

use std::time::Duration;

use base::Clock;
use load::{Figure, Goal, Table};
use testkit::postgres::Server;

use crate::asked::Asked;
use crate::fill::Size;
use crate::house::{House, Run, durable};
use crate::merged::Merged;
use crate::rows::{self, Copies, Counts, KEPT};
use crate::{Outcome, limits, median, statements};

const RESTAURANTS: u32 = 1_000;
const FEW: u32 = 100;
/// Stored orders that are copied at a time.
const CHUNK: u64 = 50_000;
const P99_MS: f64 = 50.0;

/// PostgreSQL at its fastest and at half of that, beside SQL by hand.
pub(crate) async fn speed(asked: &Asked, clock: &Clock) -> Outcome<Vec<Figure>> {
    println!("speed: the limit");
    let by_hand = limits::round_trips(asked).await?;
    println!("speed: orders");
    let server = Server::start(&match asked.statements {
        true => statements::counted(durable(&asked.folder)),
        false => durable(&asked.folder),
    });
    let size = Size::of(RESTAURANTS);
    let mut house = House::fill(asked, (clock, size), Some(&server)).await?;
    house.open(asked.clients).await?;
    let before = rows::counts(house.shard()?).await?;
    let people = rows::counts(house.people()?).await?;
    if asked.statements {
        statements::begin(house.shard()?).await;
    }
    let mut runs = Vec::new();
    for _ in 0..asked.rounds {
        runs.push(house.told("orders", asked, None).await?);
    }
    let orders = runs.iter().map(|run| run.orders).sum();
    if asked.statements {
        println!("{}", statements::shown(house.shard()?, orders).await?);
    }
    let each = rows::each(&before, &rows::counts(house.shard()?).await?, orders);
    let of_people = rows::each(&people, &rows::counts(house.people()?).await?, orders);
    show(&each, &of_people);
    let (accepted, whole) = (
        middle(&runs, |run| run.accepted)?,
        middle(&runs, |run| run.whole)?,
    );
    let half = house
        .told("at half of it", asked, Some(rate(whole / 2.0)))
        .await?;
    house.close();
    let clients = Merged::clients(2, (house.shard()?, size), &each).await?;
    let merged = limits::rate(clock, asked.time, clients).await?;
    println!("  by hand, merged            {merged:>6.0} orders/s");
    let per_s = |name, value, limit, least| {
        Figure::new(name, "orders/s", value, limit, Goal::AtLeast(least))
    };
    Ok(vec![
        per_s("accepted_vs_sql_round_trips", accepted, by_hand, 1.5),
        per_s("whole_vs_sql_round_trips", whole, by_hand, 0.7),
        per_s("whole_vs_sql_merged", whole, merged, 0.5),
        Figure::new(
            "p99_at_half_ms",
            "ms",
            half.p99_ms,
            P99_MS,
            Goal::AtMost(1.0),
        ),
    ])
}

/// SQLite beside SQL by hand.
pub(crate) async fn sqlite(asked: &Asked, clock: &Clock) -> Outcome<Vec<Figure>> {
    println!("sqlite: the limit");
    let by_hand = limits::sqlite_batch(asked).await?;
    println!("sqlite: orders");
    let mut house = House::fill(asked, (clock, Size::of(RESTAURANTS)), None).await?;
    house.open(asked.clients).await?;
    let mut runs = Vec::new();
    for _ in 0..asked.rounds {
        runs.push(house.told("orders", asked, None).await?);
    }
    house.close();
    Ok(vec![Figure::new(
        "sqlite_whole_vs_batch_64",
        "orders/s",
        middle(&runs, |run| run.whole)?,
        by_hand,
        Goal::AtLeast(0.2),
    )])
}

/// The same from few restaurants and from many.
pub(crate) async fn many(asked: &Asked, clock: &Clock) -> Outcome<Vec<Figure>> {
    println!("many: {FEW} restaurants and {}", asked.restaurants);
    let server = Server::start(&durable(&asked.folder));
    let mut houses = Vec::new();
    for restaurants in [FEW, asked.restaurants] {
        let size = Size::of(restaurants);
        let mut house = House::fill(asked, (clock, size), Some(&server)).await?;
        house.open(asked.clients).await?;
        houses.push(house);
    }
    let [few, many] = in_turn(asked, &houses, ["few restaurants", "many restaurants"]).await?;
    Ok(vec![Figure::new(
        "throughput_50000_vs_100",
        "orders/s",
        many,
        few,
        Goal::AtLeast(0.9),
    )])
}

/// The same beside few stored orders and beside many.
pub(crate) async fn stored(asked: &Asked, clock: &Clock) -> Outcome<Vec<Figure>> {
    println!("stored: {} orders and {}", asked.stored / 10, asked.stored);
    let server = Server::start(&durable(&asked.folder));
    let mut houses = Vec::new();
    for orders in [asked.stored / 10, asked.stored] {
        let size = Size::of(RESTAURANTS);
        let mut house = House::fill(asked, (clock, size), Some(&server)).await?;
        house.open(asked.clients).await?;
        let before = rows::counts(house.shard()?).await?;
        let (run, _) = house.place(Duration::from_secs(1), None).await?;
        let after = rows::counts(house.shard()?).await?;
        house.close();
        let each = rows::each(&before, &after, run.orders);
        preload(clock, &house, &each, orders).await?;
        house.open(asked.clients).await?;
        houses.push(house);
    }
    let [few, many] = in_turn(asked, &houses, ["few stored", "many stored"]).await?;
    Ok(vec![Figure::new(
        "throughput_2m_vs_200k",
        "orders/s",
        many,
        few,
        Goal::AtLeast(0.75),
    )])
}

/// Copies what a stored order keeps, past the program, which does not run.
async fn preload(clock: &Clock, house: &House, each: &Counts, orders: u64) -> Outcome<()> {
    let begun = clock.elapsed();
    let shard = house.shard()?;
    let copies = Copies::of(shard, (house.size, "public"), each).await?;
    let mut first = 1;
    while first <= orders {
        let last = orders.min(first + CHUNK - 1);
        for sql in copies.insert((first, last), &KEPT) {
            shard.execute_as_superuser(&sql).await;
        }
        if last.is_multiple_of(CHUNK * 8) || last == orders {
            let took = clock.elapsed().saturating_sub(begun).as_secs_f64();
            println!("  {last} of {orders} stored after {took:.0} s");
        }
        first = last + 1;
    }
    // What was stored long ago was closed: nothing is open but what is new.
    shard
        .execute_as_superuser("VACUUM (ANALYZE, SKIP_LOCKED) orders")
        .await;
    shard.execute_as_superuser("CHECKPOINT").await;
    Ok(())
}

/// Two installations in turn; how many whole orders a second each of them had.
async fn in_turn(asked: &Asked, houses: &[House], names: [&str; 2]) -> Outcome<[f64; 2]> {
    let mut runs = [Vec::new(), Vec::new()];
    for _ in 0..asked.rounds {
        for ((house, name), runs) in houses.iter().zip(names).zip(&mut runs) {
            runs.push(house.told(name, asked, None).await?);
        }
    }
    let [one, other] = runs;
    Ok([
        middle(&one, |run| run.whole)?,
        middle(&other, |run| run.whole)?,
    ])
}

fn show(each: &Counts, of_people: &Counts) {
    let mut table = Table::new(["rows an order", "inserted", "updated", "deleted"]);
    for (name, written) in each.iter().chain(of_people) {
        let one = |count: f64| format!("{count:.2}");
        table.row([
            name.clone(),
            one(written.inserted),
            one(written.updated),
            one(written.deleted),
        ]);
    }
    println!("{table}");
}

fn middle(runs: &[Run], value: fn(&Run) -> f64) -> Outcome<f64> {
    median(runs.iter().map(value).collect())
}

/// A count of orders a second.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some thousands at most"
)]
fn rate(per_second: f64) -> u32 {
    per_second.max(1.0) as u32
}
