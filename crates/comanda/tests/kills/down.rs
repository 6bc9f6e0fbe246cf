//! The payment provider is away for a while: it is not held down by being asked, and all orders are paid once it is back.

use std::time::{Duration, Instant};

use base::Random;
use serde_json::Value;
use testkit::paypal::PayPal;

use crate::OVERRUN_MAX;
use crate::diners::Wish;
use crate::house::House;
use crate::rows::Ground;
use crate::verdict::Verdict;

const ORDERS: u64 = 200;
/// How long it is away at least.
const AWAY: Duration = Duration::from_secs(15);
/// Of what nobody knows, everything is known so long after it answers again.
const KNOWN_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[test]
fn sqlite_waits_for_its_provider() {
    drill(Ground::sqlite());
}

#[test]
fn postgres_waits_for_its_provider() {
    drill(Ground::postgres());
}

fn drill(mut ground: Ground) {
    let provider = PayPal::open(&Random::real());
    let start = ground.start();
    let words = provider.words(start.folder());
    let start = start.with(words).with(["--set", "payments.within=1s"]);
    let serve = start.serve().unwrap();
    let house = House::open(&serve, 0);
    // One goes well before, so that everybody knows everybody.
    let mut wishes = vec![Wish::payable(0, 0)];
    assert!(wishes[0].send(&house, serve.http()));
    let all_paid = |wishes: &[Wish]| {
        wishes.iter().all(|wish| {
            let path = format!("/api/orders/{}", wish.told.as_ref().unwrap());
            let whose = (serve.http(), wish.guest);
            let reply = house.as_guest(whose, ("GET", &path), ("", &Value::Null));
            let order: Value = serde_json::from_str(&reply.unwrap().body).unwrap();
            order["payment"] == "secured"
        })
    };
    while !all_paid(&wishes) {
        std::thread::sleep(LOOK_EVERY);
    }
    let before = provider.counts().calls;
    provider.go_down();
    let away = Instant::now();
    for number in 1..=ORDERS {
        let mut wish = Wish::payable(usize::try_from(number).unwrap(), number);
        assert!(wish.send(&house, serve.http()));
        wishes.push(wish);
        std::thread::sleep(AWAY / u32::try_from(ORDERS).unwrap());
    }
    let (calls, away) = (provider.counts().calls - before, away.elapsed());
    provider.come_up();
    let back = Instant::now();
    while !all_paid(&wishes) {
        assert!(back.elapsed() < KNOWN_WITHIN * OVERRUN_MAX, "never paid");
        std::thread::sleep(LOOK_EVERY);
    }
    let known = back.elapsed();
    println!(
        "{}: the provider was away for {away:?}, {ORDERS} orders came in and it was called {calls} times; all were paid \
         {known:?} after it was back (figure: {KNOWN_WITHIN:?})",
        ground.engine
    );
    assert!(serve.stop().success());
    let verdict = Verdict::of(&ground, &provider, &wishes);
    println!("{}: {verdict}", ground.engine);
    verdict.assert_whole();
    assert!(calls * 10 <= ORDERS * 11, "{calls} calls");
    start.remove();
}
