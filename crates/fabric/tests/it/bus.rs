//! The bus: order, topics, lag, the end of subscriptions and of the bus.

use std::sync::Arc;
use std::time::Duration;

use base::{Kind, Organisation, Time};
use fabric::{Bus, Message, Pattern, Received, Room, Subscription};

fn message(topic: &str, position: i64) -> Message {
    Message {
        id: format!("evt_{position}").into(),
        topic: topic.into(),
        organisation: Organisation::new(7),
        position,
        payload: "{}".into(),
        trace: "".into(),
        at: Time::EPOCH,
    }
}

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap()
}

fn room(messages_max: usize) -> Room {
    Room {
        messages_max,
        ..Room::default()
    }
}

/// Positions of messages, and minus the number of those that were missed.
fn drain(subscription: &mut Subscription) -> Vec<i64> {
    std::iter::from_fn(|| subscription.try_receive())
        .map(|received| match received {
            Received::Message(message) => message.position,
            Received::Lagged(missed) => -i64::try_from(missed).unwrap(),
        })
        .collect()
}

fn positions(messages: &[Arc<Message>]) -> Vec<i64> {
    messages.iter().map(|message| message.position).collect()
}

#[test]
fn patterns_take_words() {
    let table = [
        ("order.*", "order.created", true),
        ("order.*", "order.line.added", true),
        ("order.*", "order", false),
        ("order.*", "orders.created", false),
        ("*.created", "order.created", true),
        ("*.created", "order.line.created", false),
        ("order.created", "order.created", true),
        ("order.created", "order.created.late", false),
        ("order.*.added", "order.line.added", true),
        ("order.*.added", "order.added", false),
        ("*", "order.created", true),
    ];
    for (text, topic, taken) in table {
        assert_eq!(pattern(text).takes(topic), taken, "{text} {topic}");
    }
    for wrong in ["", "order.", ".order", "or*", "order.**", "order..created"] {
        assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn each_subscriber_gets_its_topics_in_the_order_of_publishing() {
    let bus = Bus::memory(Room::default());
    let mut orders = bus.subscribe(&[pattern("order.*")]).unwrap();
    let two = [pattern("order.created"), pattern("courier.*")];
    let mut mixed = bus.subscribe(&two).unwrap();
    for (position, topic) in (1..).zip(["order.created", "courier.assigned", "order.paid", "x.y"]) {
        bus.publish(message(topic, position)).await.unwrap();
    }
    assert_eq!(drain(&mut orders), [1, 3]);
    assert_eq!(drain(&mut mixed), [1, 2]);
    let recent = bus.recent(&Pattern::all(), 10);
    assert_eq!(positions(&recent), [1, 2, 3, 4]);
    assert_eq!(positions(&bus.recent(&pattern("order.*"), 1)), [3]);
}

#[tokio::test]
async fn a_slow_one_is_told_how_many_it_missed_and_holds_up_nobody() {
    let bus = Bus::memory(room(4));
    let mut slow = bus.subscribe(&[Pattern::all()]).unwrap();
    let mut quick = bus.subscribe(&[Pattern::all()]).unwrap();
    for position in 1..=10 {
        bus.publish(message("order.created", position))
            .await
            .unwrap();
        assert_eq!(drain(&mut quick), [position]);
    }
    assert_eq!(drain(&mut slow), [-6, 7, 8, 9, 10]);
    bus.publish(message("order.created", 11)).await.unwrap();
    assert_eq!(drain(&mut slow), [11], "it is told once");
    assert_eq!(positions(&bus.recent(&Pattern::all(), 10)), [8, 9, 10, 11]);
}

#[tokio::test]
async fn bytes_are_bounded_as_well() {
    let bus = Bus::memory(Room {
        bytes_max: 3_000,
        ..Room::default()
    });
    let mut slow = bus.subscribe(&[Pattern::all()]).unwrap();
    let long = |position| Message {
        payload: "x".repeat(1_000).into(),
        ..message("order.created", position)
    };
    for position in 1..=5 {
        bus.publish(long(position)).await.unwrap();
    }
    assert_eq!(drain(&mut slow), [-3, 4, 5]);
    assert_eq!(positions(&bus.recent(&Pattern::all(), 10)), [4, 5]);
    let huge = Message {
        payload: "x".repeat(4_000).into(),
        ..message("order.created", 6)
    };
    bus.publish(huge).await.unwrap();
    assert_eq!(
        drain(&mut slow),
        [-1],
        "what is too large is missed, and said so"
    );
}

#[tokio::test]
async fn subscriptions_end_when_dropped_and_are_bounded() {
    let bus = Bus::memory(Room {
        subscriptions_max: 2,
        ..Room::default()
    });
    let all = [Pattern::all()];
    let one = bus.subscribe(&all).unwrap();
    let _other = bus.subscribe(&all).unwrap();
    assert_eq!(bus.subscribe(&all).unwrap_err().kind(), Kind::Unavailable);
    drop(one);
    assert_eq!(bus.subscriptions(), 1);
    bus.subscribe(&all).unwrap();
}

#[tokio::test]
async fn one_that_waits_is_woken_by_news_and_by_the_end() {
    let bus = Bus::memory(Room::default());
    let mut waits = bus.subscribe(&[Pattern::all()]).unwrap();
    let later = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        bus.publish(message("order.created", 1)).await.unwrap();
    };
    let (received, ()) = tokio::join!(waits.receive(), later);
    assert!(matches!(received, Some(Received::Message(it)) if it.position == 1));
    bus.publish(message("order.created", 2)).await.unwrap();
    drop(bus);
    assert!(matches!(waits.receive().await, Some(Received::Message(it)) if it.position == 2));
    assert_eq!(waits.receive().await, None);
    assert_eq!(waits.receive().await, None);
}

/// Several publish at once; all who listen see the same order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_see_the_same_order_and_miss_nothing_that_is_not_told() {
    const EACH: i64 = 2_000;
    let bus = Bus::memory(room(64));
    let listeners: Vec<_> = (0..3)
        .map(|_| bus.subscribe(&[Pattern::all()]).unwrap())
        .collect();
    let mut listening = tokio::task::JoinSet::new();
    for mut listener in listeners {
        listening.spawn(async move {
            let (mut seen, mut missed) = (Vec::new(), 0);
            while let Some(received) = listener.receive().await {
                match received {
                    Received::Message(message) => seen.push(message.position),
                    Received::Lagged(more) => missed += more,
                }
            }
            (seen, missed)
        });
    }
    let mut publishing = tokio::task::JoinSet::new();
    for publisher in 0..2 {
        let bus = bus.clone();
        publishing.spawn(async move {
            for number in 0..EACH {
                let position = publisher * EACH + number;
                bus.publish(message("order.created", position))
                    .await
                    .unwrap();
                if number % 16 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    publishing.join_all().await;
    drop(bus);
    let mut lists = Vec::new();
    for (seen, missed) in listening.join_all().await {
        println!("received {}, missed {missed}", seen.len());
        assert_eq!(seen.len() as u64 + missed, 2 * EACH as u64);
        let of_one = |publisher| seen.iter().filter(move |at| *at / EACH == publisher);
        assert!(of_one(0).is_sorted() && of_one(1).is_sorted());
        lists.push(seen);
    }
    // Where two have both seen a pair of messages, they have seen it in the same order.
    let place = |list: &[i64], at: i64| list.iter().position(|it| *it == at);
    let (one, other) = (&lists[0], &lists[1]);
    let common = one.iter().filter_map(|at| place(other, *at));
    assert!(common.is_sorted());
}
