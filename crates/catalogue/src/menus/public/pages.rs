//! What a node keeps of public menus, bounded by bytes and shared out fairly among organisations.
//!
//! Fronts and overlays are dropped by the events of menus and believed only while the log is in sight. What is compiled
//! is named by a revision, which never changes, and is good for as long as there is room.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{Clock, Error, Organisation, Result, codes};
use domain::organisations::RestaurantId;
use edge::{Packed, Variants};
use fabric::cache::{EXPENSIVE_AGE_MAX, LISTS_AGE_MAX, Settings};
use fabric::{Cache, Held, Hint, Loaded, Trust};
use tokio::sync::{Semaphore, mpsc};

use super::front::Front;
use crate::menus::place::Place;

/// What fronts may take: those of 50,000 restaurants.
const FRONTS_BYTES_MAX: u64 = 64 << 20;
/// What compiled answers may take: packed, those of 50,000 restaurants.
const ANSWERS_BYTES_MAX: u64 = 384 << 20;
/// What overlays may take.
const OVERLAYS_BYTES_MAX: u64 = 32 << 20;
/// How many answers are compiled at a time, so that compiling leaves room for answering.
const COMPILING_MAX: usize = 2;
/// How many places wait to be warmed; more are compiled when somebody asks.
const WARMING_MAX: usize = 1_024;

/// The caches of one node.
pub(crate) struct Pages {
    fronts: Cache<Front>,
    answers: Cache<Packed>,
    overlays: Cache<Arc<Variants>>,
    compiling: Semaphore,
    compiled: AtomicU64,
    to_warm: mpsc::Sender<Place>,
    warming: Mutex<Option<mpsc::Receiver<Place>>>,
}

impl Pages {
    pub(crate) fn new(clock: &Clock, trust: &Trust) -> Self {
        let settings = |bytes_max, age_max| Settings {
            bytes_max,
            age_max,
            ..Settings::default()
        };
        let fronts = settings(FRONTS_BYTES_MAX, LISTS_AGE_MAX);
        let answers = settings(ANSWERS_BYTES_MAX, EXPENSIVE_AGE_MAX);
        let overlays = settings(OVERLAYS_BYTES_MAX, LISTS_AGE_MAX);
        let (to_warm, warming) = mpsc::channel(WARMING_MAX);
        Self {
            fronts: Cache::new("menus_fronts", fronts, clock, trust),
            // Named by revisions: no event ends them, so no trust is needed.
            answers: Cache::new("menus_answers", answers, clock, &Trust::granted()),
            overlays: Cache::new("menus_overlays", overlays, clock, trust),
            compiling: Semaphore::new(COMPILING_MAX),
            compiled: AtomicU64::new(0),
            to_warm,
            warming: Mutex::new(Some(warming)),
        }
    }

    pub(super) async fn front(
        &self,
        id: RestaurantId,
        load: impl AsyncFnOnce() -> Result<Front>,
    ) -> Result<Held<Front>> {
        let key = id.spelt();
        self.fronts
            .hold(key.as_str(), || async {
                let front = load().await?;
                let (bytes, brand, owner) = (front.bytes(), front.brand, front.organisation);
                let loaded = Loaded::new(front, bytes).of(owner).tag(key.as_str());
                let loaded = loaded.tag(tag(owner));
                Ok(match brand {
                    Some(brand) => loaded.tag(brand.to_string()),
                    None => loaded,
                })
            })
            .await
    }

    /// What is made of a front and of the answer that it has a hint of, where both are at hand.
    pub(super) fn at_hand(
        &self,
        id: RestaurantId,
        hint: impl Fn(&Front) -> Option<&Hint<Packed>>,
    ) -> Option<(u64, Held<Packed>)> {
        self.fronts.glance(id.spelt().as_str(), |front| {
            let packed = self.answers.hinted_now(hint(front)?)?;
            Some((front.availability, packed))
        })
    }

    pub(super) async fn answer(
        &self,
        (front, key): (&Front, &str),
        compile: impl AsyncFnOnce() -> Result<Packed>,
    ) -> Result<Held<Packed>> {
        let load = || self.load(front, compile);
        self.answers.hold(key, load).await
    }

    /// The same for an answer that the front has a hint of.
    pub(super) async fn usual(
        &self,
        (front, hint): (&Front, &Hint<Packed>),
        key: impl FnOnce() -> String,
        compile: impl AsyncFnOnce() -> Result<Packed>,
    ) -> Result<Held<Packed>> {
        let load = || self.load(front, compile);
        self.answers.hinted(hint, key, load).await
    }

    async fn load(
        &self,
        front: &Front,
        compile: impl AsyncFnOnce() -> Result<Packed>,
    ) -> Result<Loaded<Packed>> {
        let packed = compile().await?;
        self.compiled.fetch_add(1, Ordering::Relaxed);
        let bytes = packed.bytes();
        Ok(Loaded::new(packed, bytes).of(front.organisation))
    }

    /// What has run out in a restaurant, believed until something of it ends by itself.
    pub(super) async fn overlay(
        &self,
        id: RestaurantId,
        load: impl AsyncFnOnce() -> Result<(Variants, usize, Duration)>,
    ) -> Result<Arc<Variants>> {
        self.overlays
            .get_or_set(&id.to_string(), || async {
                let (overlay, bytes, age_max) = load().await?;
                let loaded = Loaded::new(Arc::new(overlay), bytes).age_max(age_max);
                Ok(loaded.of(id.organisation()))
            })
            .await
    }

    /// Does heavy work beside the tasks that answer, a little of it at a time.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let broken = |why| Error::internal(codes::INTERNAL, why);
        let permit = self.compiling.acquire().await;
        let _permit = permit.map_err(|_| broken("nothing is compiled any more"))?;
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|_| broken("compiling a menu ended in a panic"))?
    }

    /// How many answers were compiled.
    pub(super) fn compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    /// Forgets what is sold in a place.
    pub(crate) fn forget(&self, place: Place) {
        self.fronts.invalidate_tag(&place.to_string());
    }

    /// Forgets what has run out in a restaurant.
    pub(crate) async fn forget_stock(&self, restaurant: RestaurantId) {
        let key = restaurant.to_string();
        self.fronts.invalidate_key(&key).await;
        self.overlays.invalidate_key(&key).await;
    }

    /// Forgets what is known of the restaurants of an organisation, of which one has changed.
    pub(crate) fn forget_organisation(&self, organisation: Organisation) {
        self.fronts.invalidate_tag(&tag(organisation));
    }

    /// Forgets all that is not named by a revision.
    pub(crate) fn forget_all(&self) {
        self.fronts.invalidate_all();
        self.overlays.invalidate_all();
    }

    /// Has the usual answers of a place compiled soon, if not too much waits for that already.
    pub(crate) fn warm(&self, place: Place) {
        if self.to_warm.try_send(place).is_err() {
            metrics::counter!("menus_warmings_dropped_total").increment(1);
        }
    }

    /// What is to be warmed; whoever takes it puts it back when he ends.
    pub(super) fn take_warming(&self) -> Option<mpsc::Receiver<Place>> {
        self.warming().take()
    }

    pub(super) fn put_back(&self, warming: mpsc::Receiver<Place>) {
        *self.warming() = Some(warming);
    }

    fn warming(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Receiver<Place>>> {
        self.warming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tag(organisation: Organisation) -> String {
    format!("org/{organisation}")
}
