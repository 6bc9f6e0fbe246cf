//! The bus: who wants to know of events says so by topic, and is told in the order of publishing.
//!
//! It is quick and forgetful. A subscriber that does not keep up never holds up the publisher: the oldest of what
//! waits for it is dropped, and it is told how many it missed, so that it reads them again from the log.

mod memory;
mod ring;
mod topic;

use std::sync::Arc;

use base::{Organisation, Result, Time};

use memory::Memory;
pub use memory::Subscription;
pub use topic::Pattern;

/// An event on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The id of the event; the same event may come twice, under the same id.
    pub id: Arc<str>,
    /// What it is about: words with dots between them, such as `order.created`.
    pub topic: Arc<str>,
    /// Whose it is.
    pub organisation: Organisation,
    /// Where it stands in the log of its shard.
    pub position: i64,
    /// What happened, as JSON.
    pub payload: Arc<str>,
    /// The trace that it belongs to, as the log has it; empty when there is none.
    pub trace: Arc<str>,
    /// When it happened.
    pub at: Time,
}

impl Message {
    /// About how much memory it takes.
    fn size_bytes(&self) -> usize {
        let texts = [&self.id, &self.topic, &self.payload, &self.trace];
        size_of::<Self>() + texts.into_iter().map(|text| text.len()).sum::<usize>()
    }
}

/// What a subscriber is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Received {
    /// Something was published.
    Message(Arc<Message>),
    /// So many messages were dropped here because this subscriber was slow; they stand in the log.
    Lagged(u64),
}

/// How much the bus holds in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// How many messages may wait for one subscriber, and how many recent ones are remembered.
    pub messages_max: usize,
    /// How many bytes these may take.
    pub bytes_max: usize,
    /// How many may subscribe at once.
    pub subscriptions_max: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            messages_max: 1024,
            bytes_max: 8 << 20,
            subscriptions_max: 256,
        }
    }
}

/// Passes events on to those that want them. Clones are the same bus.
#[derive(Clone, Debug)]
pub struct Bus(Engine);

#[derive(Clone, Debug)]
enum Engine {
    Memory(Arc<Memory>),
}

impl Bus {
    /// Makes a bus within this process.
    pub fn memory(room: Room) -> Self {
        Self(Engine::Memory(Arc::new(Memory::new(room))))
    }

    /// Tells all who want it. In memory it never waits and never fails.
    ///
    /// # Errors
    ///
    /// The bus is out of reach; nobody knows who was told, and publishing again is right.
    pub async fn publish(&self, message: Message) -> Result<()> {
        match &self.0 {
            Engine::Memory(memory) => memory.publish(message),
        }
        Ok(())
    }

    /// Begins to tell of what is published from now on, until the subscription is dropped.
    ///
    /// # Errors
    ///
    /// There are as many subscriptions as there may be.
    pub fn subscribe(&self, patterns: &[Pattern]) -> Result<Subscription> {
        match &self.0 {
            Engine::Memory(memory) => memory.subscribe(patterns),
        }
    }

    /// The latest messages of these topics that are still remembered, at most so many, the oldest first.
    pub fn recent(&self, pattern: &Pattern, max: usize) -> Vec<Arc<Message>> {
        match &self.0 {
            Engine::Memory(memory) => memory.recent(pattern, max),
        }
    }

    /// How many subscribe now.
    pub fn subscriptions(&self) -> usize {
        match &self.0 {
            Engine::Memory(memory) => memory.subscriptions(),
        }
    }
}
