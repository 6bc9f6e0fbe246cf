//! Leases: one holder at a time, and fences that only grow.

use std::time::Duration;

use base::{Clock, Time};
use store::{Database, Deadline, Lease, Outcome};

use crate::world::{World, race};

const HOUR: Duration = Duration::from_secs(3_600);

/// A shard, and a clock that the test turns.
struct Desk {
    shard: Database,
    clock: Clock,
    deadline: Deadline,
}

impl Desk {
    fn new(world: &World) -> Self {
        let clock = Clock::simulated(Time::from_micros(1_700_000_000_000_000));
        Desk {
            shard: world.trial.shard().clone(),
            clock,
            deadline: world.db().deadline(),
        }
    }

    async fn take(&self, name: &str, holder: &str) -> Option<Lease> {
        let taken = self
            .shard
            .take_lease(&self.clock, name, holder, HOUR, &self.deadline);
        taken.await.unwrap()
    }

    async fn renew(&self, lease: &mut Lease) -> bool {
        self.shard
            .renew_lease(&self.clock, lease, HOUR, &self.deadline)
            .await
            .unwrap()
    }

    async fn release(&self, lease: &Lease) -> bool {
        self.shard
            .release_lease(lease, &self.deadline)
            .await
            .unwrap()
    }
}

pub(super) async fn a_lease_that_is_held_is_not_taken(world: World) {
    let desk = Desk::new(&world);
    let first = desk.take("timers", "one").await.unwrap();
    let wanted = Lease {
        name: "timers".to_owned(),
        holder: "one".to_owned(),
        fence: 1,
        expires_at: desk.clock.now().plus(HOUR).unwrap(),
    };
    assert_eq!(first, wanted);
    assert_eq!(desk.take("timers", "two").await, None);
    assert_eq!(desk.take("timers", "one").await, None);
    assert_eq!(desk.take("mail", "two").await.unwrap().fence, 1);
    desk.clock.advance(HOUR - Duration::from_micros(1)).unwrap();
    assert_eq!(desk.take("timers", "two").await, None);
}

pub(super) async fn one_whose_time_is_over_is_taken_with_a_larger_fence(world: World) {
    let desk = Desk::new(&world);
    let mut first = desk.take("timers", "one").await.unwrap();
    for fence in 2..5 {
        desk.clock.advance(HOUR).unwrap();
        let next = desk.take("timers", "two").await.unwrap();
        assert_eq!((next.fence, next.holder.as_str()), (fence, "two"));
    }
    let stale = first.clone();
    assert!(!desk.renew(&mut first).await);
    assert_eq!(first, stale);
    assert!(!desk.release(&first).await);
    assert_eq!(desk.take("timers", "three").await, None);
}

pub(super) async fn its_holder_holds_on_to_it(world: World) {
    let desk = Desk::new(&world);
    let mut lease = desk.take("timers", "one").await.unwrap();
    for _ in 0..3 {
        desk.clock.advance(HOUR - Duration::from_secs(1)).unwrap();
        assert!(desk.renew(&mut lease).await);
        assert_eq!(
            (lease.fence, lease.expires_at),
            (1, desk.clock.now().plus(HOUR).unwrap())
        );
        assert_eq!(desk.take("timers", "two").await, None);
    }
    // The same name is not the same holder: an earlier life of it has an older fence.
    let mut earlier = Lease {
        fence: 0,
        ..lease.clone()
    };
    assert!(!desk.renew(&mut earlier).await);
    desk.clock.advance(HOUR).unwrap();
    assert!(
        desk.renew(&mut lease).await,
        "nobody has taken it meanwhile"
    );
}

pub(super) async fn one_that_is_given_back_is_free_at_once(world: World) {
    let desk = Desk::new(&world);
    let mut lease = desk.take("timers", "one").await.unwrap();
    assert!(desk.release(&lease).await);
    let next = desk.take("timers", "two").await.unwrap();
    assert_eq!(next.fence, 2);
    assert!(!desk.release(&lease).await);
    assert!(!desk.renew(&mut lease).await);
    assert_eq!(desk.take("timers", "three").await, None);
}

async fn one_of(world: &World, shards: &[Database]) {
    const RACERS: usize = 16;
    let (clock, deadline) = (
        Clock::simulated(Time::from_micros(0)),
        world.db().deadline(),
    );
    for round in 1..=5 {
        let taken: Vec<Outcome<Option<Lease>>> = race(RACERS, |at| {
            let (shard, clock) = (shards[at % shards.len()].clone(), clock.clone());
            let deadline = deadline.clone();
            async move {
                shard
                    .take_lease(&clock, "timers", &format!("node {at}"), HOUR, &deadline)
                    .await
            }
        })
        .await;
        let fences: Vec<i64> = taken
            .into_iter()
            .filter_map(Result::unwrap)
            .map(|lease| lease.fence)
            .collect();
        assert_eq!(fences, [round]);
        clock.advance(HOUR).unwrap();
    }
}

pub(super) async fn of_sixteen_one_gets_it(world: World) {
    one_of(&world, &[world.trial.shard().clone()]).await;
}

pub(super) async fn of_sixteen_on_two_nodes_one_gets_it(world: World) {
    let node = world.trial.another_node().await;
    let other = node.shards()[testkit::trial::SHARD].clone();
    one_of(&world, &[world.trial.shard().clone(), other]).await;
}
