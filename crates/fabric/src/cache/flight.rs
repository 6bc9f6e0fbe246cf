//! Flights: loads under way, of which there is at most one for each key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{Error, Kind};
use tokio::sync::watch;

/// How a flight ended, for those that waited for it.
#[derive(Debug)]
pub(super) enum Landed<E> {
    Loaded(Arc<E>),
    Failed(Arc<Error>),
}

impl<E> Clone for Landed<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Loaded(entry) => Self::Loaded(Arc::clone(entry)),
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
        }
    }
}

type News<E> = watch::Receiver<Option<Landed<E>>>;

/// All flights of a cache; as many as there are requests that wait for them, at most.
#[derive(Debug)]
pub(super) struct Flights<E>(Mutex<HashMap<Arc<str>, News<E>>>);

/// What one who wants a value is to do.
#[derive(Debug)]
pub(super) enum Part<'a, E> {
    /// Load it, and land the flight.
    Lead(Lead<'a, E>),
    /// Wait for another to load it.
    Follow(Follow<E>),
}

impl<E> Flights<E> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    pub(super) fn join(&self, key: &Arc<str>) -> Part<'_, E> {
        let mut flights = self.flights();
        if let Some(news) = flights.get(key) {
            return Part::Follow(Follow(news.clone()));
        }
        let (tell, news) = watch::channel(None);
        flights.insert(Arc::clone(key), news);
        Part::Lead(Lead {
            flights: self,
            key: Arc::clone(key),
            tell,
            landed: None,
        })
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Arc<str>, News<E>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one that loads. When it is dropped before it has landed, one of those that wait takes its place.
#[derive(Debug)]
pub(super) struct Lead<'a, E> {
    flights: &'a Flights<E>,
    key: Arc<str>,
    tell: watch::Sender<Option<Landed<E>>>,
    landed: Option<Landed<E>>,
}

impl<E> Lead<'_, E> {
    pub(super) fn land(mut self, landed: Landed<E>) {
        self.landed = Some(landed);
    }
}

impl<E> Drop for Lead<'_, E> {
    fn drop(&mut self) {
        // First the place, then the news: whoever is not content with them begins a new flight.
        self.flights.flights().remove(&self.key);
        if let Some(landed) = self.landed.take() {
            self.tell.send_replace(Some(landed));
        }
    }
}

/// One that waits.
#[derive(Debug)]
pub(super) struct Follow<E>(News<E>);

impl<E> Follow<E> {
    /// How the flight ended; none when the one that loaded was given up.
    pub(super) async fn landed(mut self) -> Option<Landed<E>> {
        let landed = self.0.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }
}

/// The same error for another who waited: what it says, without the way that it came.
#[track_caller]
pub(super) fn again(error: &Error) -> Error {
    let (code, message) = (error.code(), error.message().to_owned());
    let make: fn(&'static str, String) -> Error = match error.kind() {
        Kind::Invalid => Error::invalid,
        Kind::Unauthenticated => Error::unauthenticated,
        Kind::Forbidden => Error::forbidden,
        Kind::Missing => Error::missing,
        Kind::Conflict => Error::conflict,
        Kind::Limited => Error::limited,
        Kind::Unavailable => Error::unavailable,
        Kind::Internal => Error::internal,
    };
    let copy = error
        .fields()
        .iter()
        .fold(make(code, message), |copy, wrong| {
            copy.field(wrong.field.clone(), wrong.code, wrong.message.clone())
        });
    match error.retry_delay() {
        Some(delay) => copy.retry_after(delay),
        None => copy,
    }
}
