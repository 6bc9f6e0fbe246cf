//! Restaurants: made, read, listed, changed, closed and opened.
//!
//! The record here is what everything else of a restaurant hangs on. Table: `restaurants`, folded from its events.

pub(crate) mod fold;
pub(super) mod http;
mod known;
mod mine;
pub(crate) mod store;
mod view;

pub use known::Records;

use ::store::{Db, Rule, Value};
use base::{Error, Organisation, Page, Result, Trail as _, Uid, codes};
use domain::organisations::{
    BrandId, Counted, Details, OrganisationId, Restaurant, RestaurantId, State,
};
use edge::Places;
use serde::Serialize;
use slice::{Ask, Turn};

use super::app::{App, brand_exists, changed, house_of, missing, violated};
use super::usage;
use view::RestaurantView;

impl App {
    /// Makes a restaurant.
    pub(crate) async fn create_restaurant(
        &self,
        ask: &Ask,
        organisation: OrganisationId,
        details: &Details,
    ) -> Result<RestaurantView> {
        let (db, number) = (&self.0.db, organisation.organisation());
        let plan = house_of(db, number).await?.plan;
        let request = (organisation, details);
        ask.settle(db, (number, "restaurants.create"), &request, async || {
            self.check_brand(organisation, details.brand).await?;
            let mut commit = db.new_commit(number);
            let id = RestaurantId::make(&self.0.clock, &self.0.random, number);
            let made = Restaurant::created(id, details.clone(), commit.at());
            usage::take(&mut commit, Counted::Restaurants, plan);
            let row = store::row(&made).into_iter().map(Into::into);
            commit.insert(&store::RESTAURANTS, row.collect::<Vec<_>>());
            let told = ("restaurant.created", details);
            self.note(ask, &mut commit, (id.uid(), 1), told)?;
            Ok((commit, RestaurantView::from(&made)))
        })
        .await
        .map_err(|error| usage::refused(taken(error), Counted::Restaurants, plan))
    }

    /// Reads a restaurant.
    pub(crate) async fn restaurant(&self, id: RestaurantId) -> Result<RestaurantView> {
        let found = find(&self.0.db, id).await?.ok_or_else(missing)?;
        Ok(RestaurantView::from(&found))
    }

    /// Lists the restaurants of an organisation that a permission reaches, oldest first; of one brand, if that was
    /// asked for.
    pub(crate) async fn restaurants(
        &self,
        organisation: OrganisationId,
        (places, brand): (&Places, Option<BrandId>),
        turn: &Turn,
    ) -> Result<Page<RestaurantView>> {
        let number = organisation.organisation();
        let scope = match brand {
            Some(brand) => format!("restaurants of {organisation} of {brand}"),
            None => format!("restaurants of {organisation}"),
        };
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(self.0.cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = turn.limit.get();
        let found = self.listed(number, (places, brand), (after, limit)).await?;
        let more = found.len() > limit;
        let last = found.iter().take(limit).next_back().filter(|_| more);
        Ok(Page {
            next: last.map(|last| self.0.cursors.seal(&scope, last.id.uid().as_bytes())),
            items: found.iter().take(limit).map(RestaurantView::from).collect(),
        })
    }

    /// The restaurants of an organisation after one of them, in the order of their ids: one more than are wanted, if
    /// there are.
    async fn listed(
        &self,
        number: Organisation,
        (places, brand): (&Places, Option<BrandId>),
        (after, wanted): (Uid, usize),
    ) -> Result<Vec<Restaurant>> {
        let limit = i64::try_from(wanted).unwrap_or(i64::MAX).saturating_add(1);
        let mut params: Vec<Value> = vec![after.into(), limit.into()];
        if let Places::Only(some) = places {
            params.push(some.to_vec().into());
        }
        params.extend(brand.map(|brand| Value::from(brand.uid())));
        let sql = match (places, brand) {
            (Places::All, None) => &store::LIST,
            (Places::All, Some(_)) => &store::LIST_OF_BRAND,
            (Places::Only(_), None) => &store::LIST_SOME,
            (Places::Only(_), Some(_)) => &store::LIST_SOME_OF_BRAND,
        };
        let found = self.0.db.rows(number, sql, params).await.at()?;
        Ok(found.iter().map(store::read).collect::<Result<_, _>>()?)
    }

    /// Changes what is known of a restaurant. What it is to be may depend on what it is.
    pub(crate) async fn change_restaurant(
        &self,
        ask: &Ask,
        (id, operation, places): (RestaurantId, &'static str, &Places),
        (request, seen): (&impl Serialize, i64),
        say: impl Fn(&Details) -> Result<Details>,
    ) -> Result<RestaurantView> {
        let (db, number) = (&self.0.db, id.organisation());
        self.restaurant(id).await?;
        let request = (id, request, seen);
        let settled = ask.settle(db, (number, operation), &request, async || {
            let found = find(db, id).await?.ok_or_else(missing)?;
            let mut commit = db.new_commit(number);
            let Some(details) = found.change(say(&found.details)?, seen)? else {
                return Ok((commit, RestaurantView::from(&found)));
            };
            if details.brand != found.details.brand {
                reaches(places, details.brand)?;
                let of = house_of(db, number).await?.id;
                self.check_brand(of, details.brand).await?;
            }
            let mut params: Vec<Value> = vec![id.uid().into()];
            params.extend(store::cells(&details));
            params.push(seen.into());
            commit.guard(&store::CHANGE, params);
            let next = found.changed(details);
            let told = ("restaurant.changed", &next.details);
            self.note(ask, &mut commit, (id.uid(), next.version), told)?;
            Ok((commit, RestaurantView::from(&next)))
        });
        let settled = settled.await;
        // It may be of another brand now.
        self.changed_in(number);
        settled.map_err(|error| taken(changed(error)))
    }

    /// Closes a restaurant or opens it again.
    pub(crate) async fn turn_restaurant(
        &self,
        ask: &Ask,
        id: RestaurantId,
        (state, seen): (State, i64),
    ) -> Result<RestaurantView> {
        let (db, number) = (&self.0.db, id.organisation());
        self.restaurant(id).await?;
        let (operation, kind) = match state {
            State::Suspended => ("restaurants.suspend", "restaurant.suspended"),
            State::Active => ("restaurants.resume", "restaurant.resumed"),
        };
        ask.settle(db, (number, operation), &(id, seen), async || {
            let found = find(db, id).await?.ok_or_else(missing)?;
            let mut commit = db.new_commit(number);
            let Some(state) = found.turn(state, seen)? else {
                return Ok((commit, RestaurantView::from(&found)));
            };
            let params = [id.uid().into(), state.name().into(), seen.into()];
            commit.guard(&store::SET_STATE, params);
            let next = found.turned(state);
            let told = (kind, &serde_json::json!({}));
            self.note(ask, &mut commit, (id.uid(), next.version), told)?;
            Ok((commit, RestaurantView::from(&next)))
        })
        .await
        .map_err(changed)
    }

    /// A restaurant belongs to a brand of its own organisation, or to none.
    async fn check_brand(&self, of: OrganisationId, brand: Option<BrandId>) -> Result<()> {
        let Some(brand) = brand else { return Ok(()) };
        let is_own = brand.organisation() == of.organisation();
        if is_own && brand_exists(&self.0.db, brand).await? {
            return Ok(());
        }
        Err(
            Error::missing(codes::NOT_FOUND, "there is no such brand").field(
                "brand",
                codes::NOT_FOUND,
                "the organisation has no such brand",
            ),
        )
    }
}

/// Whoever may change a restaurant gives it to no brand whose restaurants he may not change.
fn reaches(places: &Places, brand: Option<BrandId>) -> Result<()> {
    let is_reached = match brand {
        Some(brand) => places.hold(brand.uid()),
        None => *places == Places::All,
    };
    match is_reached {
        true => Ok(()),
        false => Err(Error::forbidden(
            codes::FORBIDDEN,
            "the caller may not change the restaurants of that brand",
        )),
    }
}

/// A restaurant, if there is one with this id.
pub(super) async fn find(db: &Db, id: RestaurantId) -> Result<Option<Restaurant>> {
    let number = id.organisation();
    if !db.knows(number).await {
        return Ok(None);
    }
    let rows = db
        .rows(number, &store::READ, [id.uid().into()])
        .await
        .at()?;
    rows.first().map(store::read).transpose().at()
}

/// What others call it is what they call another one.
fn taken(error: Error) -> Error {
    match violated(&error, Rule::Unique) {
        Some(table) if table == store::RESTAURANTS.name => {
            let said = "another restaurant of the organisation has this external id";
            Error::conflict(codes::EXTERNAL_ID_TAKEN, said).field(
                "externalId",
                codes::EXTERNAL_ID_TAKEN,
                said,
            )
        }
        _ => error,
    }
}
