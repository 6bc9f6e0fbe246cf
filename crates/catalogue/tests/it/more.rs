//! There is nothing more than the slices of this crate.

use catalogue::Catalogue;
use engine::{Consumer, Tasks, TimerHandler};
use store::{Fold, Part};

use crate::world::Below;

pub(crate) const SHARDS: &[&Part] = &[];
pub(crate) const PEOPLE: &[&Part] = &[];
pub(crate) const FOLDS: &[&Fold] = &[];

pub(crate) struct More;

impl More {
    pub(crate) fn new(_below: &Below<'_>) -> Self {
        More
    }

    pub(crate) fn holding(&self, catalogue: Catalogue) -> Catalogue {
        catalogue
    }

    pub(crate) fn routes(&self) -> edge::Routes {
        edge::Routes::new()
    }

    pub(crate) fn consumers(&self) -> Vec<Consumer> {
        Vec::new()
    }

    pub(crate) fn timers(&self) -> Vec<TimerHandler> {
        Vec::new()
    }

    pub(crate) fn start(&self, _tasks: &Tasks) {}
}
