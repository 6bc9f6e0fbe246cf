//! Payments against a provider that loses answers, is down, or says things twice: its own book is the oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Money, Organisation, Random, Result, Time, Uid};
use commerce::payments::{App, Begin, Reached, Standing};
use domain::organisations::{OrganisationId, RestaurantId};
use engine::Tasks;
use futures_util::StreamExt as _;
use rpc::Providers;
use rpc::providers::{Provider, Token};
use testkit::provider::{Fake, Faults};
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Act, AttemptState, Covers, Intent, PaymentId, State};

use crate::world::{Shop, on_both};

/// How many are paid at a time.
const SIDE_BY_SIDE: usize = 16;

/// Payments of one organisation through fakes, by a clock of the test's own.
pub(crate) struct Till {
    pub(crate) shop: Shop,
    pub(crate) clock: Clock,
    pub(crate) app: App,
    pub(crate) organisation: Organisation,
    restaurant: RestaurantId,
    random: Random,
    _tasks: Option<Tasks>,
}

/// Somebody who pays, and what is to become of it.
#[derive(Clone, Copy, Debug)]
struct Payer {
    payment: PaymentId,
    order: OrderId,
    amount: Money,
    fate: u64,
    /// The steps that ask.
    steps: [Uid; 2],
}

impl Till {
    pub(crate) async fn open(engine: Engine, fakes: &[&Fake]) -> Self {
        let shop = Shop::new(engine).await;
        let named = shop.organisation("Lucia").await;
        let organisation = named.parse::<OrganisationId>().unwrap().organisation();
        let clock = Clock::simulated(shop.world.clock.now());
        let random = Random::seeded(7);
        let app = app_over(&shop, &clock, &random, fakes);
        Till {
            restaurant: RestaurantId::make(&clock, &random, organisation),
            shop,
            clock,
            app,
            organisation,
            random,
            _tasks: None,
        }
    }

    /// The same, with the timers of payments at work.
    async fn working(engine: Engine, fakes: &[&Fake]) -> Self {
        let mut till = Till::open(engine, fakes).await;
        let tasks = Tasks::new(till.clock.clone(), till.random.clone());
        let parts = engine::Parts {
            db: till.shop.world.db.clone(),
            clock: till.clock.clone(),
            random: till.random.clone(),
            bus: till.shop.node.bus.clone(),
            trust: till.shop.node.trust.clone(),
        };
        let settings = engine::Settings::new("till".to_owned());
        let timers = till.app.timers();
        let engine = engine::Engine::new(parts, settings, Vec::new(), timers).unwrap();
        engine.start(&tasks);
        till._tasks = Some(tasks);
        till
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds)).unwrap();
    }

    fn payer(&self, minor: i64) -> Payer {
        let make = || Uid::make(&self.clock, &self.random, self.organisation);
        Payer {
            payment: PaymentId::from(make()),
            order: OrderId::from(make()),
            amount: Money::new(minor, "EUR".parse().unwrap()),
            fate: self.random.below(10),
            steps: [make(), make()],
        }
    }

    /// A payment of so much that somebody else has begun.
    pub(crate) async fn begin_with(&self, app: &App, minor: i64) -> PaymentId {
        let payer = self.payer(minor);
        self.begin_by(app, (&payer, "ok")).await;
        payer.payment
    }

    async fn begin(&self, payer: &Payer, token: &str) {
        self.begin_by(&self.app, (payer, token)).await;
    }

    async fn begin_by(&self, app: &App, (payer, token): (&Payer, &str)) {
        let db = &self.shop.world.db;
        let mut commit = db.new_commit(self.organisation);
        let begin = Begin {
            payment: payer.payment,
            order: payer.order,
            restaurant: self.restaurant,
            amount: payer.amount,
            covers: Covers::Any,
            voucher: None,
            token: Some(Token::parse(token).unwrap()),
            return_url: None,
            saga: None,
        };
        app.begin(&mut commit, &begin).unwrap();
        db.commit(commit, &db.deadline()).await.unwrap();
    }

    /// A payment whose money is held.
    pub(crate) async fn held(&self, minor: i64) -> PaymentId {
        let payer = self.payer(minor);
        self.begin(&payer, "ok").await;
        let standing = self.app.authorise(payer.payment).await.unwrap();
        assert_eq!(standing.state, State::Authorised);
        payer.payment
    }

    pub(crate) fn step(&self) -> Uid {
        Uid::make(&self.clock, &self.random, self.organisation)
    }

    async fn intent(&self, payer: &Payer) -> Intent {
        let mut all = self.app.of_order(payer.order).await.unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }
}

fn app_over(shop: &Shop, clock: &Clock, random: &Random, fakes: &[&Fake]) -> App {
    let provider = |fake: &&Fake| Arc::new(Fake::clone(fake)) as Arc<dyn Provider>;
    let providers = Providers::new(fakes.iter().map(provider).collect());
    App::over((&shop.world.db, clock, random), &providers)
}

/// Does what somebody wants done with a payment; says whether there is nothing more to do.
async fn drive(app: &App, payer: &Payer) -> Result<bool> {
    let Payer {
        payment,
        amount,
        fate,
        steps: [first, second],
        ..
    } = *payer;
    let held = app.authorise(payment).await?;
    if !held.state.is_secured() {
        return Ok(held.state.is_final());
    }
    let settled = |standing: &Standing| standing.step == Some(AttemptState::Done);
    match fate {
        0 => Ok(true),
        1 | 2 => {
            let gone = app.cancel(payment, first).await?;
            Ok(gone.state == State::Cancelled)
        }
        3..=6 => {
            let taken = app.capture(payment, first, amount).await?;
            Ok(settled(&taken) && taken.captured == amount)
        }
        _ => {
            let taken = app.capture(payment, first, amount).await?;
            if taken.captured != amount {
                return Ok(false);
            }
            let part = Money::new(amount.minor() / 3, amount.currency());
            let given = app.refund(payment, second, part).await?;
            Ok(settled(&given) && given.refunded == part)
        }
    }
}

/// Pays so often through a provider that loses so many answers, until nothing is unknown; then both books are compared.
pub(crate) async fn pay(engine: Engine, payments: usize, lost: u64) {
    let fake = Fake::new("fake", &Random::seeded(11));
    let till = Till::open(engine, &[&fake]).await;
    fake.set_faults(Faults::lost(lost));
    let payers: Vec<Payer> = (0..payments)
        .map(|at| till.payer(100 + i64::try_from(at).unwrap()))
        .collect();
    let tokens = |payer: &Payer| {
        if payer.amount.minor() % 10 == 3 {
            "refused"
        } else {
            "ok"
        }
    };
    let begun = futures_util::stream::iter(&payers);
    begun
        .for_each_concurrent(SIDE_BY_SIDE, |payer| till.begin(payer, tokens(payer)))
        .await;

    let mut left: Vec<Payer> = payers.clone();
    // How many it takes depends on how often five answers in a row are lost: nothing passes for a while then.
    let mut rounds = 0;
    while !left.is_empty() {
        rounds += 1;
        if rounds == 1_000 {
            let first = till.intent(&left[0]).await;
            panic!("{} payments never end: {first:?}", left.len());
        }
        let driven = futures_util::stream::iter(left.drain(..)).map(async |payer| {
            // Some are asked twice at the same time, as by two processes of which one was thought dead.
            if payer.amount.minor() % 7 == 0 {
                let (one, two) = tokio::join!(drive(&till.app, &payer), drive(&till.app, &payer));
                return (payer, one.unwrap() && two.unwrap());
            }
            let is_done = drive(&till.app, &payer).await.unwrap();
            (payer, is_done)
        });
        let driven: Vec<_> = driven.buffer_unordered(SIDE_BY_SIDE).collect().await;
        left.extend(
            driven
                .into_iter()
                .filter(|(_, done)| !done)
                .map(|(payer, _)| payer),
        );
        till.advance(10);
    }
    // What was on its way all the time arrives when everything has ended.
    fake.deliver_delayed();
    compare(&till, &fake, &payers).await;
    till.shop.verify().await;
}

/// Both books have the same: nothing was charged twice, nothing without an intent, and nothing is unknown.
#[allow(clippy::print_stdout, reason = "it shows figures")]
async fn compare(till: &Till, fake: &Fake, payers: &[Payer]) {
    let (entries, held) = (fake.entries(), fake.held());
    let mut ours = BTreeMap::new();
    for payer in payers {
        let intent = till.intent(payer).await;
        assert_eq!(intent.unsettled().count(), 0, "{intent:?}");
        let charges = intent.done(Act::Authorise).count();
        assert!(charges <= 1, "charged twice: {intent:?}");
        if let Some(by) = intent.held_by() {
            let book = held[by.reference.as_ref().unwrap()];
            assert_eq!(book.authorised_minor, intent.authorised_minor);
            assert_eq!(book.captured_minor, intent.captured_minor);
            assert_eq!(book.refunded_minor, intent.refunded_minor);
            let is_cancelled = intent.state == State::Cancelled;
            assert_eq!(book.cancelled_minor > 0, is_cancelled, "{intent:?}");
        }
        for attempt in &intent.attempts {
            assert!(!attempt.is_contradicted, "{intent:?}");
            ours.insert(attempt.id.uid(), (attempt.clone(), intent.id));
        }
    }
    let mut charged = BTreeSet::new();
    for (key, entry) in &entries {
        let (attempt, payment) = ours.get(key).expect("a charge without an intent");
        assert_eq!(entry.amount.minor(), attempt.minor);
        assert!(entry.merchant_reference.starts_with(&payment.to_string()));
        match entry.done {
            Ok(()) => {
                assert_eq!(attempt.state, AttemptState::Done, "{attempt:?}");
                assert_eq!(attempt.reference.as_ref(), Some(&entry.reference));
                if attempt.act == Act::Authorise {
                    assert!(charged.insert(*payment), "charged twice");
                }
            }
            Err(code) => {
                assert_eq!(attempt.state, AttemptState::Refused, "{attempt:?}");
                assert_eq!(attempt.code.as_deref(), Some(code));
            }
        }
    }
    let done =
        |(attempt, _): &&(trade::payments::Attempt, PaymentId)| attempt.state == AttemptState::Done;
    let theirs = entries.values().filter(|entry| entry.done.is_ok()).count();
    assert_eq!(ours.values().filter(done).count(), theirs);
    assert_eq!(fake.counts().other_bodies, 0);
    let counts = fake.counts();
    println!(
        "{} payments, {} charges, {} calls",
        payers.len(),
        charged.len(),
        counts.calls
    );
}

mod lost_answers {
    use testkit::trial::Engine;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        super::pay(Engine::Sqlite, 2_000, 30).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        super::pay(Engine::Postgres, 400, 30).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn are_settled_in_time() {
        super::settle_in_time(Engine::Sqlite, 300, 30).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "takes minutes; run by hand for the figures"]
    async fn many() {
        super::pay(Engine::Sqlite, 100_000, 30).await;
        super::settle_in_time(Engine::Sqlite, 10_000, 30).await;
    }
}

/// Begins so many payments while answers are lost. From the moment when the provider answers again nobody asks any more
/// but the timers: they settle everything within a minute.
#[allow(clippy::print_stdout, reason = "it shows figures")]
async fn settle_in_time(engine: Engine, payments: usize, lost: u64) {
    let fake = Fake::new("fake", &Random::seeded(13));
    let till = Till::working(engine, &[&fake]).await;
    fake.set_faults(Faults::lost(lost));
    let payers: Vec<Payer> = (0..payments).map(|_| till.payer(900)).collect();
    let asked = futures_util::stream::iter(&payers);
    asked
        .for_each_concurrent(SIDE_BY_SIDE, async |payer| {
            till.begin(payer, "ok").await;
            till.app.authorise(payer.payment).await.unwrap();
        })
        .await;
    fake.set_faults(Faults::default());
    let (came_back, mut open) = (till.clock.now(), payers.clone());
    open = unsettled(&till, open).await;
    let unknown = open.len();
    while !open.is_empty() {
        till.advance(1);
        // A second is over when the timers have done what they can in it.
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let before = open.len();
            open = unsettled(&till, open).await;
            if open.len() == before {
                break;
            }
        }
        let waited = till.clock.now().since(came_back);
        assert!(
            waited <= Duration::from_secs(60),
            "{} after {waited:?}",
            open.len()
        );
    }
    let took = till.clock.now().since(came_back);
    println!("{unknown} of {payments} were unknown, and settled {took:?} later");
    assert!(unknown * 10 > payments, "{unknown}");
    fake.deliver_delayed();
    compare(&till, &fake, &payers).await;
}

/// Those of which something has no outcome.
async fn unsettled(till: &Till, payers: Vec<Payer>) -> Vec<Payer> {
    let mut open = Vec::new();
    for payer in payers {
        if till.intent(&payer).await.unsettled().count() > 0 {
            open.push(payer);
        }
    }
    open
}

/// A provider that is away is left alone; new money goes to another one, and what it had is settled when it is back.
#[allow(clippy::print_stdout, reason = "it shows figures")]
async fn another_stands_in(engine: Engine) {
    let random = Random::seeded(3);
    let (first, second) = (Fake::new("first", &random), Fake::new("second", &random));
    let till = Till::working(engine, &[&first, &second]).await;
    first.set_faults(Faults {
        lost_after: 100,
        ..Faults::default()
    });
    let payers: Vec<Payer> = (0..200).map(|_| till.payer(1_000)).collect();
    let mut unknown = 0;
    for payer in &payers {
        till.begin(payer, "ok").await;
        let standing = till.app.authorise(payer.payment).await.unwrap();
        unknown += usize::from(!standing.state.is_secured());
        assert!(standing.state.is_secured() || standing.under_way == Some(Act::Authorise));
    }
    assert_eq!(unknown, 5, "then the breaker is open");
    let reached: Vec<Reached> = till.app.reached().into_iter().map(|(_, how)| how).collect();
    assert_eq!(reached, [Reached::Not, Reached::Well]);
    assert_eq!(second.entries().len(), 195);

    // Five minutes away: what it is asked is bounded by what was asked of it for the first time.
    for _ in 0..60 {
        till.advance(5);
        for payer in &payers[..10] {
            till.app.settle(payer.payment).await.unwrap();
        }
    }
    let calls = first.counts().calls;
    println!("{calls} calls to a provider that is away");
    assert!(calls <= 5 + 3 * 11, "{calls}");

    first.set_faults(Faults::default());
    let came_back = till.clock.now();
    let settled_at = settled(&till, &payers, came_back).await;
    println!("settled {settled_at:?} after it was back");
    assert!(settled_at <= Duration::from_secs(60), "{settled_at:?}");
    assert_eq!(first.entries().len(), 5);
    assert_eq!(second.entries().len(), 195);
    till.shop.verify().await;
}

/// How long it took until every payment was held.
async fn settled(till: &Till, payers: &[Payer], since: Time) -> Duration {
    for _ in 0..200 {
        let mut open = 0;
        for payer in payers {
            open += till.intent(payer).await.unsettled().count();
        }
        if open == 0 {
            return till.clock.now().since(since);
        }
        till.advance(1);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("it is never settled");
}

/// What certainly never left may go elsewhere at once; where there is nowhere else, nothing is charged.
async fn what_was_not_sent_goes_elsewhere(engine: Engine) {
    let random = Random::seeded(4);
    let (first, second) = (Fake::new("first", &random), Fake::new("second", &random));
    let till = Till::open(engine, &[&first, &second]).await;
    first.go_down();
    let payer = till.payer(500);
    till.begin(&payer, "ok").await;
    let standing = till.app.authorise(payer.payment).await.unwrap();
    assert_eq!(standing.state, State::Authorised);
    assert_eq!((first.entries().len(), second.entries().len()), (0, 1));

    second.go_down();
    let payer = till.payer(600);
    till.begin(&payer, "ok").await;
    let standing = till.app.authorise(payer.payment).await.unwrap();
    assert!(standing.is_out_of_reach, "{standing:?}");
    let standing = till
        .app
        .cancel(payer.payment, payer.steps[0])
        .await
        .unwrap();
    assert_eq!(standing.state, State::Cancelled);

    first.come_up();
    let standing = till.app.authorise(payer.payment).await.unwrap();
    assert_eq!(standing.state, State::Cancelled, "it stays so");
    assert_eq!(first.entries().len(), 0);
    till.shop.verify().await;
}

/// A process that dies between asking and storing the answer leaves an attempt that anybody can go on with.
async fn a_death_between_two_commits_charges_once(engine: Engine) {
    let fake = Fake::new("fake", &Random::seeded(5));
    let till = Till::open(engine, &[&fake]).await;
    let payer = till.payer(700);
    till.begin(&payer, "ok").await;
    // The answer is in a commit that is never stored.
    let mut lost = till.shop.world.db.new_commit(till.organisation);
    let standing = till
        .app
        .authorise_in(&mut lost, payer.payment)
        .await
        .unwrap();
    assert_eq!(standing.state, State::Authorised);
    drop(lost);
    assert_eq!(till.intent(&payer).await.state, State::Open);

    let other = app_over(&till.shop, &till.clock, &till.random, &[&fake]);
    let standing = other.authorise(payer.payment).await.unwrap();
    assert_eq!(standing.state, State::Authorised);
    let [capture, _] = payer.steps;
    for app in [&till.app, &other, &till.app] {
        let taken = app
            .capture(payer.payment, capture, payer.amount)
            .await
            .unwrap();
        assert_eq!(taken.captured, payer.amount);
    }
    assert_eq!(fake.entries().len(), 2);
    let again = till
        .app
        .cancel(payer.payment, payer.steps[1])
        .await
        .unwrap_err();
    assert_eq!(again.code(), base::codes::PAYMENT_REFUSED);
    compare(&till, &fake, &[payer]).await;
}

/// The timer alone finishes what was begun and never asked, and what was asked and never answered.
async fn the_timer_finishes_it(engine: Engine) {
    let fake = Fake::new("fake", &Random::seeded(6));
    let till = Till::working(engine, &[&fake]).await;
    let payers: Vec<Payer> = (0..3).map(|_| till.payer(800)).collect();
    for payer in &payers {
        till.begin(payer, "ok").await;
    }
    fake.set_faults(Faults {
        lost_before: 100,
        ..Faults::default()
    });
    let unknown = till.app.authorise(payers[0].payment).await.unwrap();
    assert_eq!(unknown.under_way, Some(Act::Authorise));
    fake.set_faults(Faults::default());
    let took = settled(&till, &payers, till.clock.now()).await;
    assert!(took <= Duration::from_secs(60), "{took:?}");
    assert_eq!(fake.entries().len(), 3);
    compare(&till, &fake, &payers).await;
}

/// Several payments of one step have keys of their own, and a step means one thing only.
async fn a_step_is_one_attempt(engine: Engine) {
    let fake = Fake::new("fake", &Random::seeded(8));
    let till = Till::open(engine, &[&fake]).await;
    let (one, two) = (till.held(300).await, till.held(400).await);
    let step = till.step();
    let euros = |minor| Money::new(minor, "EUR".parse().unwrap());
    till.app.capture(one, step, euros(300)).await.unwrap();
    till.app.capture(two, step, euros(400)).await.unwrap();
    assert_eq!(fake.entries().len(), 4);
    assert_eq!(fake.counts().other_bodies, 0);

    let given = till.app.refund(one, step, euros(100)).await.unwrap();
    assert_eq!(given.refunded, euros(100));
    let given = till.app.refund(one, step, euros(100)).await.unwrap();
    assert_eq!(given.refunded, euros(100), "the same step");
    let given = till.app.refund(one, till.step(), euros(200)).await.unwrap();
    assert_eq!((given.state, given.refunded), (State::Refunded, euros(300)));
    let above = till
        .app
        .refund(two, till.step(), euros(401))
        .await
        .unwrap_err();
    assert_eq!(above.code(), base::codes::PAYMENT_REFUSED);
    till.shop.verify().await;
}

on_both!(
    another_stands_in,
    what_was_not_sent_goes_elsewhere,
    a_death_between_two_commits_charges_once,
    the_timer_finishes_it,
    a_step_is_one_attempt,
    what_was_taken_in_parts_goes_back_in_parts,
);

async fn what_was_taken_in_parts_goes_back_in_parts(engine: Engine) {
    let fake = Fake::new("fake", &Random::seeded(11));
    let till = Till::open(engine, &[&fake]).await;
    let euros = |minor| Money::new(minor, "EUR".parse().unwrap());
    let payment = till.held(3_000).await;
    for minor in [1_000, 700, 1_300] {
        let taken = till.app.capture(payment, till.step(), euros(minor));
        assert_eq!(taken.await.unwrap().step, Some(AttemptState::Done));
    }
    // No capture has so much left: it is drawn from the first, and then from the one that has enough for the rest.
    let step = till.step();
    for _ in 0..2 {
        let given = till.app.refund(payment, step, euros(2_000)).await.unwrap();
        assert_eq!(given.step, Some(AttemptState::Done));
        let moved: Vec<i64> = given.moved.iter().map(|(_, part)| part.minor()).collect();
        assert_eq!(moved, [1_000, 1_000]);
        assert_eq!(given.refunded, euros(2_000));
    }
    // Of the others 700 and 300 are left.
    let rest = till.app.refund(payment, till.step(), euros(1_000)).await;
    let rest = rest.unwrap();
    assert_eq!((rest.state, rest.moved.len()), (State::Refunded, 2));
    let intent = till.app.intent(payment).await.unwrap();
    assert_eq!(intent.refunded_minor, 3_000);
    // The provider's own book says the same.
    let theirs = fake.entries();
    let given = theirs
        .iter()
        .filter(|entry| entry.1.act == rpc::providers::Act::Refund);
    let given: i64 = given.map(|entry| entry.1.amount.minor()).sum();
    assert_eq!(given, 3_000);
    till.shop.verify().await;
}
