//! The cache: single flight, ends, tags, trust, bounds, and the race between loading and invalidating.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Clock, Error, Kind, Organisation, Random, Result, Time, codes};
use fabric::cache::Settings;
use fabric::{Cache, Hint, Loaded, Trust};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(10);

struct World {
    clock: Clock,
    trust: Trust,
    cache: Cache<u64>,
    loads: AtomicUsize,
}

impl World {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let (clock, trust) = (Clock::simulated(Time::EPOCH), Trust::granted());
        Self {
            cache: Cache::new("menus", settings, &clock, &trust),
            clock,
            trust,
            loads: AtomicUsize::new(0),
        }
    }

    /// Asks for a key; when it must be loaded, the value is the number of the load.
    async fn ask(&self, key: &str) -> u64 {
        let load = || async {
            let load = self.loads.fetch_add(1, Ordering::SeqCst) as u64 + 1;
            Ok(Loaded::new(load, 8).tag("menu:1").tag(format!("of:{key}")))
        };
        self.cache.get_or_set(key, load).await.unwrap()
    }
}

fn failure() -> Error {
    Error::unavailable(codes::UNAVAILABLE, "the database is away").retry_after(PATIENCE)
}

#[tokio::test]
async fn a_value_is_loaded_once_and_again_when_it_ends() {
    let world = World::new();
    assert_eq!(world.cache.get("a").await, None);
    assert_eq!((world.ask("a").await, world.ask("a").await), (1, 1));
    assert_eq!(world.cache.get("a").await, Some(1));
    world.clock.advance(Duration::from_secs(299)).unwrap();
    assert_eq!(world.ask("a").await, 1);
    world.clock.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(world.cache.get("a").await, None);
    assert_eq!(world.ask("a").await, 2);
}

#[tokio::test]
async fn a_value_may_end_earlier_than_others_but_not_later() {
    let world = World::new();
    for (key, seconds, lives) in [("short", 5, 5), ("long", 3_600, 300)] {
        let loaded = Loaded::new(1, 8).age_max(Duration::from_secs(seconds));
        world
            .cache
            .get_or_set(key, || async { Ok(loaded) })
            .await
            .unwrap();
        world
            .clock
            .advance(Duration::from_secs(lives) - Duration::from_micros(1))
            .unwrap();
        assert_eq!(world.cache.get(key).await, Some(1), "{key}");
        world.clock.advance(Duration::from_micros(1)).unwrap();
        assert_eq!(world.cache.get(key).await, None, "{key}");
    }
}

/// Asks by a hint; says what was found and whether the key was made for it.
async fn ask_by(world: &World, hint: &Hint<u64>, key: &str) -> (u64, bool) {
    let was_made = AtomicUsize::new(0);
    let make = || {
        was_made.fetch_add(1, Ordering::SeqCst);
        key.to_owned()
    };
    let load = || async {
        let load = world.loads.fetch_add(1, Ordering::SeqCst) as u64 + 1;
        Ok(Loaded::new(load, 8).tag("menu:1").tag(format!("of:{key}")))
    };
    let found = world.cache.hinted(hint, make, load).await.unwrap();
    (*found, was_made.into_inner() == 1)
}

#[tokio::test]
async fn a_hint_finds_a_value_without_its_key_and_never_one_that_may_not_be_believed() {
    let (world, hint) = (World::new(), Hint::default());
    assert_eq!(ask_by(&world, &hint, "a").await, (1, true));
    assert_eq!(ask_by(&world, &hint, "a").await, (1, false));
    // Somebody else's value was declared invalid: only the key can tell.
    world.cache.invalidate_key("b").await;
    assert_eq!(ask_by(&world, &hint, "a").await, (1, true));
    world.cache.invalidate_tag("of:a");
    assert_eq!(ask_by(&world, &hint, "a").await, (2, true));

    let (world, hint) = (World::new(), Hint::default());
    assert_eq!(ask_by(&world, &hint, "a").await, (1, true));
    world.trust.withdraw();
    assert_eq!(ask_by(&world, &hint, "a").await, (2, true));
    world.trust.grant();
    assert_eq!(ask_by(&world, &hint, "a").await, (3, true));

    let (world, hint) = (World::new(), Hint::default());
    assert_eq!(ask_by(&world, &hint, "a").await, (1, true));
    world.clock.advance(Duration::from_secs(300)).unwrap();
    assert_eq!(ask_by(&world, &hint, "a").await, (2, true));
}

#[tokio::test]
async fn a_glance_sees_what_may_be_believed_and_loads_nothing() {
    let glance = |world: &World| world.cache.glance("a", |value| Some(*value));
    let world = World::new();
    assert_eq!(glance(&world), None);
    assert_eq!(world.ask("a").await, 1);
    assert_eq!(glance(&world), Some(1));
    assert_eq!(world.cache.glance("a", |_| None::<u64>), None);
    world.cache.invalidate_tag("of:b");
    assert_eq!(glance(&world), Some(1), "it was not of b");
    world.cache.invalidate_tag("of:a");
    assert_eq!(glance(&world), None);

    assert_eq!(world.ask("a").await, 2);
    world.trust.withdraw();
    assert_eq!(glance(&world), None);
    world.trust.grant();
    assert_eq!(
        glance(&world),
        None,
        "it was loaded before the trust was lost"
    );

    assert_eq!(world.ask("a").await, 3);
    world.clock.advance(Duration::from_secs(300)).unwrap();
    assert_eq!(glance(&world), None);
    assert_eq!(world.loads.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_is_held_stays_as_it_is_for_whoever_has_it() {
    let world = World::new();
    for key in ["a", &"long ".repeat(20)] {
        let hold = |value: u64| {
            let load = move || async move { Ok(Loaded::new(value, 8)) };
            world.cache.hold(key, load)
        };
        let held = hold(1).await.unwrap();
        assert_eq!(*hold(2).await.unwrap(), 1, "it was loaded twice");
        world.cache.invalidate_key(key).await;
        assert_eq!((*held, *hold(3).await.unwrap()), (1, 3));
        assert_eq!(world.cache.get(key).await, Some(3));
    }
}

#[tokio::test]
async fn what_is_asked_for_by_a_hint_stays_like_what_is_asked_for_by_its_key() {
    let world = World::with(Settings {
        bytes_max: 4 * 400,
        ..Settings::default()
    });
    let hint = Hint::default();
    assert_eq!(ask_by(&world, &hint, "kept").await, (1, true));
    for other in 0..40 {
        assert_eq!(ask_by(&world, &hint, "kept").await, (1, false));
        world.ask(&format!("other {other}")).await;
    }
    assert!(
        world.cache.get("other 0").await.is_none(),
        "there is room for all"
    );
}

#[tokio::test]
async fn keys_tags_prefixes_and_all_are_invalidated_and_nothing_else() {
    let world = World::new();
    let keys = ["a:1", "a:2", "b:1"];
    let mut known = Vec::new();
    for key in keys {
        known.push(world.ask(key).await);
    }
    let cache = &world.cache;
    for (act, gone) in ["key", "tag", "prefix", "shared tag", "all"].iter().zip([
        &["a:1"][..],
        &["b:1"],
        &["a:1", "a:2"],
        &keys,
        &keys,
    ]) {
        match *act {
            "key" => cache.invalidate_key("a:1").await,
            "tag" => cache.invalidate_tag("of:b:1"),
            "prefix" => cache.invalidate_prefix("a:"),
            "shared tag" => cache.invalidate_tag("menu:1"),
            _ => cache.invalidate_all(),
        }
        for (key, known) in keys.iter().zip(&mut known) {
            let before = std::mem::replace(known, world.ask(key).await);
            assert_eq!(before != *known, gone.contains(key), "{act} {key}");
        }
    }
}

#[tokio::test]
async fn while_untrusted_the_loader_is_asked_and_what_was_before_is_never_believed_again() {
    let world = World::new();
    assert_eq!(world.ask("a").await, 1);
    world.trust.withdraw();
    world.trust.withdraw();
    assert!(!world.trust.holds());
    assert_eq!(world.cache.get("a").await, None);
    assert_eq!((world.ask("a").await, world.ask("a").await), (2, 3));
    world.trust.grant();
    world.trust.grant();
    assert_eq!(
        world.ask("a").await,
        4,
        "what was loaded in doubt stays doubtful"
    );
    assert_eq!(world.ask("a").await, 4);
    assert!(!Trust::withdrawn().holds());
}

#[tokio::test]
async fn a_failure_is_told_and_not_remembered() {
    let world = World::new();
    let fail = || async { Err::<Loaded<u64>, _>(failure()) };
    let error = world.cache.get_or_set("a", fail).await.unwrap_err();
    assert_eq!(error.code(), codes::UNAVAILABLE);
    assert_eq!(world.ask("a").await, 1);
}

/// Begins a load that ends when the sender says so.
fn slow_load(
    tasks: &mut JoinSet<Result<u64>>,
    cache: &Cache<u64>,
    key: &'static str,
) -> (oneshot::Receiver<()>, oneshot::Sender<Result<u64>>) {
    let (began, has_begun) = oneshot::channel();
    let (finish, finished) = oneshot::channel::<Result<u64>>();
    let cache = cache.clone();
    tasks.spawn(async move {
        let load = || async {
            began.send(()).unwrap();
            let value = finished.await.unwrap()?;
            Ok(Loaded::new(value, 8).tag("menu:1"))
        };
        cache.get_or_set(key, load).await
    });
    (has_begun, finish)
}

/// The race: what is declared invalid while it is being loaded must not be believed afterwards.
#[tokio::test]
async fn an_invalidation_during_a_load_wins() {
    for act in ["key", "tag", "prefix", "all", "trust"] {
        let world = World::new();
        let mut tasks = JoinSet::new();
        let (has_begun, finish) = slow_load(&mut tasks, &world.cache, "a:1");
        has_begun.await.unwrap();
        match act {
            "key" => world.cache.invalidate_key("a:1").await,
            "tag" => world.cache.invalidate_tag("menu:1"),
            "prefix" => world.cache.invalidate_prefix("a:"),
            "all" => world.cache.invalidate_all(),
            _ => {
                world.trust.withdraw();
                world.trust.grant();
            }
        }
        finish.send(Ok(77)).unwrap();
        let told = tasks.join_next().await.unwrap().unwrap().unwrap();
        assert_eq!(told, 77, "who asked before gets what it asked for");
        assert_eq!(world.cache.get("a:1").await, None, "{act}");
        assert_eq!(world.ask("a:1").await, 1, "{act}");
    }
}

#[tokio::test]
async fn an_invalidation_of_another_during_a_load_changes_nothing() {
    let world = World::new();
    let mut tasks = JoinSet::new();
    let (has_begun, finish) = slow_load(&mut tasks, &world.cache, "a:1");
    has_begun.await.unwrap();
    world.cache.invalidate_key("a:2").await;
    world.cache.invalidate_tag("menu:2");
    world.cache.invalidate_prefix("b:");
    finish.send(Ok(77)).unwrap();
    tasks.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(world.cache.get("a:1").await, Some(77));
}

/// Who asks after an invalidation does not get what was being loaded before it.
#[tokio::test]
async fn one_that_asks_after_an_invalidation_begins_a_load_of_its_own() {
    let world = World::new();
    let mut tasks = JoinSet::new();
    let (has_begun, finish) = slow_load(&mut tasks, &world.cache, "a:1");
    has_begun.await.unwrap();
    world.cache.invalidate_tag("menu:1");
    let later = world.ask("a:1");
    let finishing = async {
        tokio::task::yield_now().await;
        finish.send(Ok(77)).unwrap();
    };
    let (later, ()) = tokio::join!(later, finishing);
    assert_eq!(later, 1, "loaded afresh");
    assert_eq!(tasks.join_next().await.unwrap().unwrap().unwrap(), 77);
}

#[tokio::test]
async fn of_many_one_loads_and_all_share_what_it_found() {
    let world = Arc::new(World::new());
    let mut tasks = JoinSet::new();
    let (has_begun, finish) = slow_load(&mut tasks, &world.cache, "a");
    has_begun.await.unwrap();
    for _ in 0..50 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { Ok(world.ask("a").await) });
    }
    tokio::task::yield_now().await;
    finish.send(Ok(77)).unwrap();
    for told in tasks.join_all().await {
        assert_eq!(told.unwrap(), 77);
    }
    assert_eq!(world.loads.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn of_many_all_share_a_failure_and_the_next_loads_again() {
    let world = Arc::new(World::new());
    let mut tasks = JoinSet::new();
    let (has_begun, finish) = slow_load(&mut tasks, &world.cache, "a");
    has_begun.await.unwrap();
    for _ in 0..5 {
        let cache = world.cache.clone();
        let never = || async { panic!("it was to wait for the other") };
        tasks.spawn(async move { cache.get_or_set("a", never).await });
    }
    tokio::task::yield_now().await;
    let named = failure().field("a.b", codes::FIELD_INVALID, "wrong");
    finish.send(Err(named)).unwrap();
    for told in tasks.join_all().await {
        let error = told.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (Kind::Unavailable, codes::UNAVAILABLE)
        );
        assert_eq!(error.message(), "the database is away");
        assert_eq!(error.retry_delay(), Some(PATIENCE));
        assert_eq!(error.fields().len(), 1);
    }
    assert_eq!(world.ask("a").await, 1);
}

#[tokio::test]
async fn when_the_one_that_loads_is_given_up_another_takes_its_place() {
    let world = Arc::new(World::new());
    let mut tasks = JoinSet::new();
    let (has_begun, _finish) = slow_load(&mut tasks, &world.cache, "a");
    has_begun.await.unwrap();
    let waiting = world.ask("a");
    let giving_up = async {
        tokio::task::yield_now().await;
        tasks.shutdown().await;
    };
    let both = async { tokio::join!(waiting, giving_up) };
    let (told, ()) = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn bytes_are_bounded() {
    let world = World::with(Settings {
        bytes_max: 100_000,
        ..Settings::default()
    });
    for number in 0..1_000 {
        let key = format!("{number}");
        let load = || async { Ok(Loaded::new(number, 1_000)) };
        world.cache.get_or_set(&key, load).await.unwrap();
    }
    let bytes = world.cache.bytes().await;
    println!("held: {bytes} bytes of 100000");
    assert!((10_000..=100_000).contains(&bytes), "{bytes}");
}

/// A greedy organisation loads a hundred times what fits; the small one keeps every value that it has, although it
/// asks for none of them meanwhile.
#[tokio::test]
async fn no_organisation_pushes_out_what_others_hold_within_their_share() {
    let (clock, trust) = (Clock::simulated(Time::EPOCH), Trust::granted());
    let settings = Settings {
        bytes_max: 100_000,
        ..Settings::default()
    };
    let cache: Cache<u64> = Cache::new("menus", settings, &clock, &trust);
    let load = async |owner: u32, number: u64| {
        let key = format!("{owner}:{number}");
        let load = || async { Ok(Loaded::new(number, 1_000).of(Organisation::new(owner))) };
        cache.get_or_set(&key, load).await.unwrap();
    };
    for number in 0..20 {
        load(1, number).await;
    }
    for number in 0..10_000 {
        load(2, number).await;
        // Being asked for again and again makes nobody's share larger.
        cache.get(&format!("2:{}", number / 2)).await;
    }
    let mut kept = 0;
    for number in 0..20 {
        kept += usize::from(cache.get(&format!("1:{number}")).await.is_some());
    }
    let bytes = cache.bytes().await;
    println!("the small one kept {kept} of 20; {bytes} bytes of 100000 are held");
    assert_eq!(kept, 20);
    assert!((90_000..=100_000).contains(&bytes), "{bytes}");
}

/// Of one owner's values those stay that somebody asks for.
#[tokio::test]
async fn what_is_asked_for_stays() {
    let world = World::with(Settings {
        bytes_max: 100_000,
        ..Settings::default()
    });
    let load = |number| async move { Ok(Loaded::new(number, 1_000)) };
    for number in 0..10_000_u64 {
        let key = format!("{number}");
        world.cache.get_or_set(&key, || load(number)).await.unwrap();
        world
            .cache
            .get_or_set("dear", || load(u64::from(number > 0)))
            .await
            .unwrap();
    }
    assert_eq!(
        world.cache.get("dear").await,
        Some(0),
        "it was loaded again"
    );
    assert_eq!(world.cache.get("0").await, None);
}

/// What was replaced, ended or removed takes no room, however often that happens.
#[tokio::test]
async fn what_is_gone_is_not_counted() {
    let world = World::new();
    for _ in 0..1_000 {
        for key in ["a", "b", "c"] {
            world.ask(key).await;
        }
        let before = world.cache.bytes().await;
        assert!(before < 3 * 400, "{before}");
        world.cache.invalidate_key("a").await;
        world.cache.invalidate_tag("of:b");
        world.clock.advance(Duration::from_secs(120)).unwrap();
    }
    world.cache.invalidate_all();
    assert_eq!(world.cache.bytes().await, 0);
    // Values that nobody asks for any more go when others come after their end.
    for number in 0..100 {
        world.ask(&format!("{number}")).await;
        world.clock.advance(Duration::from_secs(60)).unwrap();
    }
    let bytes = world.cache.bytes().await;
    assert!(bytes < 10 * 400, "{bytes}");
}

/// When more is invalidated than is remembered one by one, older values are given up, never believed wrongly.
#[tokio::test]
async fn too_many_marks_give_up_what_is_older() {
    let world = World::with(Settings {
        marks_max: 10,
        ..Settings::default()
    });
    world.ask("old").await;
    for number in 0..100 {
        world.cache.invalidate_tag(&format!("of:{number}"));
    }
    assert_eq!(world.ask("old").await, 2);
    for number in 0..200 {
        world.cache.invalidate_prefix(&format!("{number}:"));
    }
    assert_eq!(world.ask("old").await, 3);
    assert_eq!(world.ask("old").await, 3);
}

async fn pause(turns: u64) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

/// Writers change rows and invalidate; readers load. Whoever asks after an invalidation sees what was written
/// before it, whatever was under way: so no reader ever sees a number fall.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_what_was_true_before_an_invalidation() {
    let clock = Clock::real();
    let cache: Cache<u64> = Cache::new("race", Settings::default(), &clock, &Trust::granted());
    let row = Arc::new(AtomicU64::new(0));
    let told = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for seed in 0..4 {
        let (cache, row, told) = (cache.clone(), Arc::clone(&row), Arc::clone(&told));
        let random = Random::seeded(seed);
        tasks.spawn(async move {
            for _ in 0..5_000 {
                let least = told.load(Ordering::SeqCst);
                let load = || async {
                    let read = row.load(Ordering::SeqCst);
                    pause(random.below(3)).await;
                    Ok(Loaded::new(read, 8).tag("row"))
                };
                let seen = cache.get_or_set("row", load).await.unwrap();
                assert!(seen >= least, "saw {seen} after {least} was told");
            }
        });
    }
    let (writing, random) = (cache.clone(), Random::seeded(9));
    tasks.spawn(async move {
        for _ in 0..5_000 {
            let written = row.fetch_add(1, Ordering::SeqCst) + 1;
            match random.below(3) {
                0 => writing.invalidate_key("row").await,
                1 => writing.invalidate_tag("row"),
                _ => writing.invalidate_prefix("ro"),
            }
            told.store(written, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    });
    tokio::time::timeout(PATIENCE * 3, tasks.join_all())
        .await
        .unwrap();
}

#[derive(Clone, Default)]
struct Counts(Arc<Mutex<Vec<Counted>>>);

type Counted = (String, Arc<Count>);

#[derive(Default)]
struct Count(AtomicU64);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let count = Arc::new(Count::default());
        let labels = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()));
        let name = format!("{} {}", key.name(), labels.collect::<String>());
        self.0.lock().unwrap().push((name, Arc::clone(&count)));
        Counter::from_arc(count)
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn hits_and_misses_are_counted() {
    let counts = Counts::default();
    metrics::with_local_recorder(&counts, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let world = World::new();
            for _ in 0..4 {
                world.ask("a").await;
            }
            world.cache.get("b").await;
        });
    });
    let mut counted: Vec<(String, u64)> = Vec::new();
    for (name, count) in counts.0.lock().unwrap().iter() {
        counted.push((name.clone(), count.0.load(Ordering::SeqCst)));
    }
    counted.sort();
    let expected = [
        ("cache_hits_total cache=menus", 3),
        ("cache_misses_total cache=menus", 2),
    ];
    assert_eq!(
        counted,
        expected.map(|(name, count)| (name.to_owned(), count))
    );
}

#[tokio::test]
async fn a_hit_is_cheap() {
    let clock = Clock::real();
    let cache: Cache<u64> = Cache::new("cheap", Settings::default(), &clock, &Trust::granted());
    let load = || async { Ok(Loaded::new(1, 8).tag("one").tag("two").tag("three")) };
    cache.get_or_set("key", load).await.unwrap();
    cache.invalidate_tag("other");
    let rounds = 20_000;
    let begun = clock.elapsed();
    for _ in 0..rounds {
        assert!(std::hint::black_box(cache.get("key").await).is_some());
    }
    let one = (clock.elapsed() - begun) / rounds;
    println!("one hit with three tags and a newer mark: {one:?}");
    assert!(one < Duration::from_micros(250), "{one:?}");
}
