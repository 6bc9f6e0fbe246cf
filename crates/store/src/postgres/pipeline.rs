//! Many statements on one connection, sent before the first answer is awaited.
//!
//! The driver sends a statement when its future is first polled, and PostgreSQL answers in the order of sending.
//! So all futures are polled once in order, and from then on only the oldest that has not answered.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Futures that are started in order and answered in order.
pub(crate) struct Pipeline<'a, T> {
    waiting: std::collections::VecDeque<Started<'a, T>>,
    answers: Vec<T>,
    sent: bool,
}

enum Started<'a, T> {
    Pending(Pending<'a, T>),
    Answered(T),
}

impl<'a, T> Pipeline<'a, T> {
    /// A pipeline of these futures.
    pub(crate) fn new(futures: impl Iterator<Item = Pending<'a, T>>) -> Self {
        let waiting: std::collections::VecDeque<_> = futures.map(Started::Pending).collect();
        Pipeline {
            answers: Vec::with_capacity(waiting.len()),
            waiting,
            sent: false,
        }
    }
}

// Nothing in a pipeline is pinned in place: the futures are boxed, the answers are only moved.
impl<T> Unpin for Pipeline<'_, T> {}

impl<T> Future for Pipeline<'_, T> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<T>> {
        let this = &mut *self;
        if !this.sent {
            this.sent = true;
            for started in &mut this.waiting {
                if let Started::Pending(future) = started
                    && let Poll::Ready(answer) = future.as_mut().poll(context)
                {
                    *started = Started::Answered(answer);
                }
            }
        }
        while let Some(mut oldest) = this.waiting.pop_front() {
            if let Started::Pending(future) = &mut oldest {
                match future.as_mut().poll(context) {
                    Poll::Ready(answer) => oldest = Started::Answered(answer),
                    Poll::Pending => {
                        this.waiting.push_front(oldest);
                        return Poll::Pending;
                    }
                }
            }
            if let Started::Answered(answer) = oldest {
                this.answers.push(answer);
            }
        }
        Poll::Ready(std::mem::take(&mut this.answers))
    }
}
