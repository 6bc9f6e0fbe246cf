//! A queue that is bounded by count and by bytes, and makes room by dropping the oldest.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Message;

#[derive(Debug)]
pub(super) struct Ring {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
    messages_max: usize,
    bytes_max: usize,
}

impl Ring {
    pub(super) fn new(messages_max: usize, bytes_max: usize) -> Self {
        Self {
            messages: VecDeque::new(),
            bytes: 0,
            messages_max,
            bytes_max,
        }
    }

    /// Takes in the newest and says how many were dropped for it; the newest itself when it alone is too large.
    pub(super) fn push(&mut self, message: Arc<Message>) -> u64 {
        self.bytes += message.size_bytes();
        self.messages.push_back(message);
        let mut dropped = 0;
        while self.messages.len() > self.messages_max || self.bytes > self.bytes_max {
            if self.pop().is_none() {
                break;
            }
            dropped += 1;
        }
        dropped
    }

    pub(super) fn pop(&mut self) -> Option<Arc<Message>> {
        let oldest = self.messages.pop_front()?;
        self.bytes -= oldest.size_bytes();
        Some(oldest)
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.messages.iter().rev()
    }
}
