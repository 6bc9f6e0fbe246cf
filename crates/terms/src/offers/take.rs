//! Uses of offers as a part of another slice's commit: counted by guards, so that none is used more often than it can be.

use ::store::{Commit, Failure, Value};
use base::Uid;
use domain::people::PersonId;
use trade::offers::Given;

use super::store::{GIVE_BACK, GIVE_BACK_OF_PERSON, RETURN, TAKE, TAKE_OF_PERSON, TAKES};

/// Uses for an order what it was given. The commit is refused when an offer was used up, changed or ended since it was
/// found, and [`is_refused`] tells so; then find again, which says why. Offers without limits touch no row.
pub fn take(commit: &mut Commit, order: Uid, person: Option<PersonId>, given: &[Given]) {
    for given in given.iter().filter(|given| given.counted) {
        let offer = given.offer.uid();
        match base::planted("coupon_not_counted") {
            true => commit.change(&TAKE, [offer.into(), 0_i64.into()]),
            false => commit.guard(&TAKE, [offer.into(), given.version.into()]),
        };
        let counted = given.person_most.zip(person);
        if let Some((most, person)) = counted {
            let params: [Value; 3] = [offer.into(), person.uid().into(), i64::from(most).into()];
            if !base::planted("person_not_counted") {
                commit.guard(&TAKE_OF_PERSON, params);
            }
        }
        let person = counted.map(|(_, person)| person.uid());
        let cells: [Value; 3] = [order.into(), offer.into(), person.into()];
        commit.insert(&TAKES, cells.map(Into::into));
    }
}

/// Gives back what an order uses, once: the commit is refused if it was given back already.
pub(super) fn give_back(commit: &mut Commit, order: Uid, (offer, person): (Uid, Option<Uid>)) {
    commit.guard(&RETURN, [order.into(), offer.into()]);
    if !base::planted("coupon_use_kept") {
        commit.change(&GIVE_BACK, [offer.into()]);
    }
    if let Some(person) = person {
        commit.change(&GIVE_BACK_OF_PERSON, [offer.into(), person.into()]);
    }
}

/// Whether a commit was refused because an offer cannot be used as it was found.
#[must_use]
pub fn is_refused(failure: &Failure) -> bool {
    let is_one = |name: &str| name == TAKE.name || name == TAKE_OF_PERSON.name;
    matches!(failure, Failure::Refused { name, .. } if is_one(name))
}

/// Whether a commit was refused because what it gives back was given back already.
#[must_use]
pub fn is_given_back(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == RETURN.name)
}
