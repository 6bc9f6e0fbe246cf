//! What a restaurant sells of its brand's menu: choice and price only.

pub(super) mod http;
pub(crate) mod store;
pub(crate) mod view;

use ::store::Value;
use base::{Error, Result, Trail as _, Uid, codes};
use carte::{Location, PartId, check_location};
use domain::organisations::RestaurantId;
use slice::Ask;

use super::app::{App, changed, found, late};
use super::fold::LocationChanged;
use super::place::{Place, Stream};
use view::LocationView;

impl App {
    /// What a restaurant sells of its brand's menu, and how often that was said.
    pub(super) async fn location(&self, id: RestaurantId) -> Result<(Location, i64)> {
        self.restaurant(id).await?;
        let found = self
            .0
            .db
            .rows(id.organisation(), &store::READ, [id.uid().into()]);
        let found = found.await.at()?;
        let found = found.first().map(store::read).transpose().at()?;
        let (version, location) = found.unwrap_or_default();
        Ok((location, version))
    }

    /// Says anew what a restaurant sells of its brand's menu.
    pub(super) async fn change_location(
        &self,
        ask: &Ask,
        id: RestaurantId,
        (location, seen): (&Location, i64),
    ) -> Result<LocationView> {
        let record = self.restaurant(id).await?;
        let currency = record.details.currency;
        let brand = record.details.brand.ok_or_else(|| {
            Error::conflict(
                codes::CONFLICT,
                "the restaurant belongs to no brand whose menu it could sell",
            )
        })?;
        belong(id, location)?;
        let operation = (id.organisation(), "menus.change_location");
        let request = (id, location, seen);
        let settled = ask.settle(&self.0.db, operation, &request, async || {
            let (_, version) = self.location(id).await?;
            if version != seen {
                return Err(late());
            }
            self.fits(brand.into(), location).await?;
            let mut commit = self.commit_of(id.into());
            let body = store::body(location).at()?;
            let params: [Value; 3] = [id.uid().into(), seen.into(), body.into()];
            commit.guard(&store::CHANGE, params);
            let version = seen.saturating_add(1);
            let told = LocationChanged {
                restaurant: id,
                location: location.clone(),
            };
            let at = (Stream::Location.of(id.uid()), version);
            let event = ask.event(&commit, at, "menu.location_changed", &told)?;
            commit.event(event);
            Ok((commit, LocationView::of(location, version, currency)))
        });
        let settled = settled.await;
        self.0.memory.forget(id.into());
        settled.map_err(changed)
    }

    /// Refuses a location that does not fit what the brand sells now.
    async fn fits(&self, brand: Place, location: &Location) -> Result<()> {
        let head = self.head(brand).await?;
        let menu = self.menu_of(brand, head.revision).await?;
        let menu = menu.ok_or_else(|| {
            let said = "the brand has published no menu yet that a restaurant could sell";
            Error::conflict(codes::CONFLICT, said)
        })?;
        let findings = check_location(&menu, location);
        match findings.is_empty() {
            true => Ok(()),
            false => {
                let said = "the brand's menu cannot be sold so; the fields say why";
                Err(found(codes::FIELD_INVALID, said, &findings))
            }
        }
    }
}

/// What is named belongs to the organisation of the restaurant.
fn belong(id: RestaurantId, location: &Location) -> Result<()> {
    let hidden = location.hidden.iter().map(PartId::uid);
    let prices = location.prices.keys().map(|item| item.uid());
    let choices = location.choice_prices.iter();
    let choices = choices.flat_map(|(group, own)| {
        std::iter::once(group.uid()).chain(own.keys().map(|item| item.uid()))
    });
    let is_foreign = |named: Uid| named.organisation() != id.organisation();
    match hidden.chain(prices).chain(choices).any(is_foreign) {
        true => Err(slice::wrong("hidden", "an id is none of this organisation")),
        false => Ok(()),
    }
}
