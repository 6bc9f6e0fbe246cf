//! The restaurants of one person, of all organisations that he belongs to.

use base::{Error, Organisation, Page, Result, Uid, codes};
use domain::access::{Permission, Reach};
use domain::organisations::OrganisationId;
use domain::people::PersonId;
use edge::{Caller, Places, Role, Strength};
use serde::{Deserialize, Serialize};
use slice::Turn;
use utoipa::ToSchema;

use super::view::RestaurantView;
use crate::access;
use crate::organisations::App;

/// How many organisations are looked into for one page. A page may have fewer entries than were asked for, and more
/// may follow it.
const ORGANISATIONS_MAX: i64 = 20;
const ID_BYTES: usize = 16;

/// A restaurant, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MyRestaurantView {
    /// The organisation that it belongs to.
    #[schema(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// The restaurant.
    restaurant: RestaurantView,
}

/// A place in the list: a membership, and the last restaurant of its organisation that was shown.
#[derive(Clone, Copy)]
struct Spot {
    /// Memberships up to this one are done.
    done: Uid,
    /// Of the next one, restaurants up to this one are.
    shown: Uid,
}

const NOTHING: Uid = Uid::from_bytes([0; ID_BYTES]);

impl Spot {
    const FIRST: Spot = Spot {
        done: NOTHING,
        shown: NOTHING,
    };

    fn read(bytes: [u8; 2 * ID_BYTES]) -> Self {
        let (mut done, mut shown) = ([0; ID_BYTES], [0; ID_BYTES]);
        done.copy_from_slice(&bytes[..ID_BYTES]);
        shown.copy_from_slice(&bytes[ID_BYTES..]);
        Spot {
            done: Uid::from_bytes(done),
            shown: Uid::from_bytes(shown),
        }
    }

    fn bytes(self) -> Vec<u8> {
        [*self.done.as_bytes(), *self.shown.as_bytes()].concat()
    }
}

impl App {
    /// The restaurants that a person may see, organisation by organisation, the oldest membership first.
    pub(crate) async fn restaurants_of(
        &self,
        caller: &Caller,
        turn: &Turn,
    ) -> Result<Page<MyRestaurantView>> {
        let (person, access) = (person(caller)?, self.access()?);
        let scope = format!("restaurants of {person}");
        let mut spot = match &turn.cursor {
            Some(cursor) => Spot::read(self.0.cursors.open(&scope, cursor)?),
            None => Spot::FIRST,
        };
        let wanted = (spot.done, ORGANISATIONS_MAX);
        let memberships = access.tenants_of(person, wanted).await?;
        let is_last = memberships.len() < usize::try_from(ORGANISATIONS_MAX).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        for (member, number) in memberships {
            let left = turn.limit.get().saturating_sub(items.len());
            let found = self.seen_of((person, number), (spot.shown, left)).await?;
            let more = found.len() > left;
            items.extend(found.into_iter().take(left));
            if more {
                // What was shown of this organisation, if there was room for any of it.
                if let Some(last) = items.last().filter(|_| left > 0) {
                    spot.shown = last.restaurant.id.uid();
                }
                let next = Some(self.0.cursors.seal(&scope, &spot.bytes()));
                return Ok(Page { items, next });
            }
            spot = Spot {
                done: member.uid(),
                shown: NOTHING,
            };
        }
        let next = (!is_last).then(|| self.0.cursors.seal(&scope, &spot.bytes()));
        Ok(Page { items, next })
    }

    /// The restaurants of an organisation that a member may see after one of them: one more than are wanted, if there
    /// are.
    async fn seen_of(
        &self,
        (person, number): (PersonId, Organisation),
        (after, wanted): (Uid, usize),
    ) -> Result<Vec<MyRestaurantView>> {
        let access = self.access()?;
        let (house, own) = (
            access.standing(number).await?,
            access.remembered((person, number)).await?,
        );
        let (Some(house), Some(own)) = (house, own) else {
            return Ok(Vec::new());
        };
        let places = match own.places(Permission::RestaurantsRead) {
            Reach::All => Places::All,
            Reach::Only(places) if places.is_empty() => return Ok(Vec::new()),
            Reach::Only(places) => Places::Only(places.into()),
        };
        let found = self
            .listed(number, (&places, None), (after, wanted))
            .await?;
        let mine = found.iter().map(|found| MyRestaurantView {
            organisation: house.id,
            restaurant: RestaurantView::from(found),
        });
        Ok(mine.collect())
    }

    fn access(&self) -> Result<&access::App> {
        let access = self.0.access.as_ref();
        access.ok_or_else(|| Error::internal(codes::INTERNAL, "nobody knows who may do what"))
    }
}

/// Who asks: a person or an operator, who has proven a second factor as wherever he acts in organisations.
fn person(caller: &Caller) -> Result<PersonId> {
    let person = match caller.role() {
        Role::Person | Role::Operator => caller.person(),
        Role::Key | Role::Device => None,
    };
    let person = person.ok_or_else(|| {
        Error::forbidden(
            codes::FORBIDDEN,
            "only people have restaurants of their own",
        )
    })?;
    match caller.strength() {
        Strength::Two => Ok(person.into()),
        Strength::One => Err(Error::forbidden(
            codes::SECOND_FACTOR_NEEDED,
            "this needs a sign-in with a second factor",
        )),
    }
}
