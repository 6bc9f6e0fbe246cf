//! Counted stock as a part of another slice's commit: taken by a guard, so of many who want the last one, one gets it.

use std::collections::BTreeMap;

use ::store::{Commit, Failure, Taken};
use carte::ItemId;
use domain::organisations::RestaurantId;

use super::store::{GIVE_BACK, TAKE};

/// Takes from counted items of a restaurant, as many of each as is said, all or none. What is not counted must not be
/// named: [`carte::Availability::left`] says of what has a count. The placeholders stand for how many are left
/// after it; where one comes out as 0, [`crate::menus::App::tell_left`] tells everybody.
///
/// The commit is refused where less is left, or where an item is no longer counted; then decide again.
pub fn take(
    commit: &mut Commit,
    restaurant: RestaurantId,
    counted: &BTreeMap<ItemId, u32>,
) -> Vec<(ItemId, Taken)> {
    let take = |(item, quantity): (&ItemId, &u32)| {
        let quantity = i64::from(*quantity);
        let params = [restaurant.uid().into(), item.uid().into(), quantity.into()];
        let taken = match base::planted("stock_unguarded") {
            true => commit.change(&TAKE, params),
            false => commit.guard(&TAKE, params),
        };
        (*item, taken)
    };
    counted.iter().map(take).collect()
}

/// Gives back what a commit took that was decided by the availability of this version, once: the caller's commit holds
/// the mark that says so. What was counted anew since knows nothing of it, and nothing is given back.
///
/// The placeholders stand for how many are left after it, and for nothing where nothing was given back; where that is as
/// many as were given back there was none before, and [`crate::menus::App::tell_left`] tells everybody.
pub fn give_back(
    commit: &mut Commit,
    (restaurant, seen): (RestaurantId, i64),
    counted: &BTreeMap<ItemId, u32>,
) -> Vec<(ItemId, Taken)> {
    let give = |(item, quantity): (&ItemId, &u32)| {
        let params = [
            restaurant.uid().into(),
            item.uid().into(),
            i64::from(*quantity)
                .saturating_sub(i64::from(base::planted("stock_short_back")))
                .into(),
            seen.into(),
        ];
        (*item, commit.change(&GIVE_BACK, params))
    };
    counted.iter().map(give).collect()
}

/// Whether a commit was refused because less was left than it was to take.
#[must_use]
pub fn is_short(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == TAKE.name)
}
