//! Many statements on one connection, sent before the first answer is awaited.
//!
//! The driver sends a statement when its future is first polled, and PostgreSQL answers in the order of sending.
//! So all futures are polled once in order, and from then on only the oldest that has not answered. One that fails when it
//! is first polled was not sent, and what comes after it is not sent either: a COMMIT there would store a part.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

type Pending<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// Futures that are started in order and answered in order: with as many answers as were started.
pub(crate) struct Pipeline<'a, T, E> {
    waiting: VecDeque<Started<'a, T, E>>,
    answers: Vec<Result<T, E>>,
    sent: bool,
}

enum Started<'a, T, E> {
    Pending(Pending<'a, T, E>),
    Answered(Result<T, E>),
}

impl<'a, T, E> Pipeline<'a, T, E> {
    /// A pipeline of these futures.
    pub(crate) fn new(futures: impl Iterator<Item = Pending<'a, T, E>>) -> Self {
        let waiting: VecDeque<_> = futures.map(Started::Pending).collect();
        Pipeline {
            answers: Vec::with_capacity(waiting.len()),
            waiting,
            sent: false,
        }
    }

    /// Polls each for the first time, up to one that fails at once.
    fn send(&mut self, context: &mut Context<'_>) {
        for (at, started) in self.waiting.iter_mut().enumerate() {
            if let Started::Pending(future) = started
                && let Poll::Ready(answer) = future.as_mut().poll(context)
            {
                let is_unsent = answer.is_err();
                *started = Started::Answered(answer);
                if is_unsent {
                    self.waiting.truncate(at.saturating_add(1));
                    return;
                }
            }
        }
    }
}

// Nothing in a pipeline is pinned in place: the futures are boxed, the answers are only moved.
impl<T, E> Unpin for Pipeline<'_, T, E> {}

impl<T, E> Future for Pipeline<'_, T, E> {
    type Output = Vec<Result<T, E>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !this.sent {
            this.sent = true;
            this.send(context);
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
