//! What one step of a saga hands on to the next in the same process, so that it need not be read again.
//!
//! It lives in memory alone: who takes a saga over has nothing of it. It is given out only while it is so young that the
//! lease under which it was stored still holds.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base::Time;

/// For how long something may be used after it was stored: half of a lease.
const YOUNG: Duration = Duration::from_millis(700);

/// Something of any type, or nothing.
#[derive(Clone, Default)]
pub struct Handed {
    thing: Option<Arc<dyn Any + Send + Sync>>,
    /// When it was stored; nobody has stored what has no time yet.
    stored_at: Option<Time>,
}

impl Handed {
    pub(crate) fn new<T: Any + Send + Sync>(thing: T) -> Self {
        Handed {
            thing: Some(Arc::new(thing)),
            stored_at: None,
        }
    }

    /// The same, now that it is stored.
    pub(crate) fn stored(self, at: Time) -> Self {
        Handed {
            stored_at: Some(at),
            ..self
        }
    }

    /// The same, as long as it is young.
    pub(crate) fn young(&self, now: Time) -> Self {
        let is_young = |at: Time| at <= now && now.since(at) <= YOUNG;
        match self.stored_at.is_some_and(is_young) {
            true => self.clone(),
            false => Handed::default(),
        }
    }

    pub(crate) fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.thing.clone()?.downcast().ok()
    }
}

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handed")
            .field("is_there", &self.thing.is_some())
            .field("stored_at", &self.stored_at)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_given_out_while_it_is_young_and_only_as_what_it_is() {
        let at = Time::from_micros(1_000_000_000);
        let later = |by| at.plus(by).unwrap();
        let new = Handed::new(7_u32);
        assert!(new.young(at).get::<u32>().is_none(), "nobody has stored it");
        let handed = new.stored(at);
        assert_eq!(handed.young(at).get::<u32>().as_deref(), Some(&7));
        assert_eq!(handed.young(later(YOUNG)).get::<u32>().as_deref(), Some(&7));
        assert!(handed.young(at).get::<u64>().is_none());
        let old = later(YOUNG + Duration::from_micros(1));
        assert!(handed.young(old).get::<u32>().is_none());
        let before = at.minus(Duration::from_secs(1)).unwrap();
        assert!(
            handed.young(before).get::<u32>().is_none(),
            "the clock went back"
        );
    }
}
