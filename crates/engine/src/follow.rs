//! Following the bus: whoever remembers something hears of what changes it, and believes nothing that he may have missed.

use std::future::Future;

use base::{Error, Result, codes};
use fabric::{Bus, Message, Pattern, Received};

use crate::Stop;

/// Remembers what events change.
pub trait Remembers: Sync {
    /// Forgets, or learns anew, what a message is about.
    fn learn(&self, message: &Message) -> impl Future<Output = ()> + Send;

    /// Forgets everything: it is not known what was missed.
    fn forget_all(&self);
}

/// Tells a memory of these topics until the stop. Whatever came by before it began was missed, and so was what the bus
/// had no room for.
///
/// # Errors
/// A topic is none, the bus takes no more subscriptions, or it is gone.
pub async fn follow(
    memory: &impl Remembers,
    (bus, topics): (&Bus, &[&str]),
    stop: &Stop,
) -> Result<()> {
    let patterns = topics.iter().map(|topic| topic.parse());
    let patterns: Vec<Pattern> = patterns.collect::<Result<_>>()?;
    let mut news = bus.subscribe(&patterns)?;
    memory.forget_all();
    loop {
        let received = tokio::select! {
            () = stop.stopped() => return Ok(()),
            received = news.receive() => received,
        };
        match received {
            Some(Received::Message(message)) => memory.learn(&message).await,
            Some(Received::Lagged(_)) => memory.forget_all(),
            None => return Err(Error::unavailable(codes::UNAVAILABLE, "the bus is gone")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use base::{Organisation, Time};
    use fabric::Room;

    use super::*;

    /// Writes down what it was told.
    #[derive(Default)]
    struct Diary(Mutex<Vec<String>>);

    impl Diary {
        fn note(&self, said: &str) {
            self.0.lock().unwrap().push(said.to_owned());
        }

        async fn has(&self, said: &[&str]) {
            while *self.0.lock().unwrap() != said {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    impl Remembers for Diary {
        async fn learn(&self, message: &Message) {
            self.note(&message.topic);
        }

        fn forget_all(&self) {
            self.note("all");
        }
    }

    fn message(topic: &str) -> Message {
        Message {
            id: "evt_1.1".into(),
            topic: topic.into(),
            organisation: Organisation::new(7),
            position: 1,
            payload: "{}".into(),
            trace: "".into(),
            at: Time::from_micros(0),
        }
    }

    #[tokio::test]
    async fn a_memory_hears_its_topics_and_forgets_all_where_it_may_have_missed_some() {
        let bus = Bus::memory(Room {
            messages_max: 2,
            ..Room::default()
        });
        let (diary, stop) = (Diary::default(), Stop::new());
        bus.publish(message("menu.published")).await.unwrap();
        let told = async {
            diary.has(&["all"]).await;
            bus.publish(message("menu.published")).await.unwrap();
            bus.publish(message("order.created")).await.unwrap();
            diary.has(&["all", "menu.published"]).await;
            // More than there is room for, before anybody listens again.
            for topic in ["menu.a", "menu.b", "menu.c"] {
                bus.publish(message(topic)).await.unwrap();
            }
            let last = ["all", "menu.published", "all", "menu.b", "menu.c"];
            diary.has(&last).await;
            stop.stop();
        };
        let following = follow(&diary, (&bus, &["menu.*"]), &stop);
        let both = async { tokio::join!(following, told).0 };
        let ended = tokio::time::timeout(Duration::from_secs(20), both).await;
        ended.unwrap().unwrap();
    }
}
