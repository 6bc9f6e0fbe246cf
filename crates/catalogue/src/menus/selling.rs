//! What a restaurant sells now: which revision, of its own menu or its brand's, and what of it.

use std::sync::Arc;

use base::{Currency, Result, Trail as _, Uid};
use carte::{ItemId, Location, Menu, PartId, RevisionNumber};
use domain::organisations::{BrandId, Restaurant, RestaurantId};
use futures_util::future::BoxFuture;
use rpc::{Current, Indexed, Sells};
use store::{Call, Row};

use super::app::{App, missing};
use super::local::store as local;
use super::place::Place;
use super::store as rows;

/// What an item of a menu takes in memory, about.
const LOCAL_ITEM_BYTES: usize = 1_200;

/// Which revision a restaurant sells, and what of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Selling {
    /// Whose menu it is: the restaurant's own, or its brand's.
    pub(crate) place: Place,
    /// The number of the revision.
    pub(crate) revision: RevisionNumber,
    /// The SHA-256 of the revision.
    pub(crate) hash: [u8; 32],
    /// What its prices are in.
    pub(crate) currency: Currency,
    /// What the restaurant sells of its brand's menu; everything at its prices where it says nothing.
    pub(crate) location: Arc<Location>,
    /// How often that was said; 0 where it means nothing.
    pub(crate) location_version: i64,
}

impl Selling {
    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let Location {
            hidden,
            prices,
            choice_prices,
        } = &*self.location;
        let choices: usize = choice_prices.values().map(|own| own.len()).sum();
        let said = hidden.len().saturating_add(prices.len());
        let said = said.saturating_add(choices).saturating_mul(160);
        said.saturating_add(size_of::<Selling>())
    }
}

impl App {
    /// Which revision a restaurant sells; nothing where none is published for it in its currency. Mostly from memory.
    pub(crate) async fn selling(&self, id: RestaurantId) -> Result<Option<Arc<Selling>>> {
        let Some(record) = self.0.restaurants.find(id).await.at()? else {
            return Ok(None);
        };
        self.selling_of(&record).await
    }

    /// The same, by a record that the caller has read.
    pub(crate) async fn selling_of(&self, record: &Restaurant) -> Result<Option<Arc<Selling>>> {
        let (id, brand) = (record.id, record.details.brand);
        let of = (id, brand.map(Place::Brand));
        let selling = self
            .0
            .memory
            .selling(of, async || self.read_selling(id, brand).await);
        let selling = selling.await?;
        Ok(selling.filter(|selling| selling.currency == record.details.currency))
    }

    /// The menu that a restaurant sells, as it sells it.
    pub(crate) async fn menu_sold(
        &self,
        restaurant: RestaurantId,
        selling: &Selling,
    ) -> Result<Option<Arc<Menu>>> {
        let Some(menu) = self.menu_of(selling.place, selling.revision).await? else {
            return Ok(None);
        };
        if selling.location.is_empty() {
            return Ok(Some(menu));
        }
        let at = async || {
            let menu = menu.at(&selling.location);
            // As large as it is in the other cache, roughly: by its items.
            let bytes = menu.items.len().saturating_mul(LOCAL_ITEM_BYTES);
            Ok((menu, bytes))
        };
        self.0
            .memory
            .local((restaurant, selling), at)
            .await
            .map(Some)
    }

    async fn read_selling(
        &self,
        id: RestaurantId,
        brand: Option<BrandId>,
    ) -> Result<Option<Selling>> {
        let own = Place::Restaurant(id);
        let of_brand = brand.map_or(own, Place::Brand);
        let calls = vec![
            Call::new(&rows::READ_SOLD, [own.uid().into(), of_brand.uid().into()]),
            Call::new(&local::READ, [id.uid().into()]),
        ];
        let [sold, location] = self.read(own, calls).await?;
        let find = |place: Place| {
            let of = |row: &&Row| row.get::<Uid>(0).ok() == Some(place.uid());
            sold.iter().find(of).map(|row| (place, row))
        };
        let Some((place, row)) = find(own).or_else(|| find(of_brand)) else {
            return Ok(None);
        };
        let revision: RevisionNumber = row.get(1)?;
        // It never changes, so it may be read after the rest.
        let params = [place.uid().into(), revision.into()];
        let face = self.0.db.rows(id.organisation(), &rows::READ_FACE, params);
        let face = face.await.at()?;
        let face = face.first().ok_or_else(missing)?;
        let location = location.first().map(local::read).transpose().at()?;
        let (location_version, location) = location.filter(|_| place != own).unwrap_or_default();
        let currency: String = face.get(1)?;
        Ok(Some(Selling {
            place,
            revision,
            hash: rows::hash(face, 0).at()?,
            currency: currency.parse().map_err(|_| rows::damaged("currency"))?,
            location: Arc::new(location),
            location_version,
        }))
    }

    async fn read_words(&self, id: RestaurantId) -> Result<Option<Indexed>> {
        let Some(record) = self.0.restaurants.find(id).await.at()? else {
            return Ok(None);
        };
        let selling = self.read_selling(id, record.details.brand).await?;
        let of_currency = |selling: &Selling| selling.currency == record.details.currency;
        let Some(selling) = selling.filter(of_currency) else {
            return Ok(None);
        };
        let Some(menu) = self.menu_of(selling.place, selling.revision).await? else {
            return Ok(None);
        };
        let hidden = &selling.location.hidden;
        let categories = menu.categories.iter();
        let categories = categories.filter(|one| !hidden.contains(&PartId::Category(one.id)));
        let items = menu.items.iter();
        let items = items.filter(|one| !hidden.contains(&PartId::Item(one.id)));
        let items: Vec<(ItemId, _)> = items.map(|one| (one.id, one.name.clone())).collect();
        Ok(Some(Indexed {
            revision: selling.revision,
            categories: categories.map(|one| one.name.clone()).collect(),
            items,
        }))
    }
}

impl Sells for App {
    fn current(&self, restaurant: RestaurantId) -> BoxFuture<'_, Result<Option<Arc<Current>>>> {
        Box::pin(async move {
            let Some(selling) = self.selling(restaurant).await? else {
                return Ok(None);
            };
            let Some(menu) = self.menu_sold(restaurant, &selling).await? else {
                return Ok(None);
            };
            Ok(Some(Arc::new(Current {
                revision: selling.revision,
                menu,
                availability: self.availability(restaurant).await?,
            })))
        })
    }

    fn fresh(&self, restaurant: RestaurantId) -> BoxFuture<'_, Result<Option<Arc<Current>>>> {
        Box::pin(async move {
            let Some(record) = self.0.restaurants.fresh(restaurant).await.at()? else {
                return Ok(None);
            };
            let Some(selling) = self.selling_of(&record).await? else {
                return Ok(None);
            };
            let Some(menu) = self.menu_sold(restaurant, &selling).await? else {
                return Ok(None);
            };
            Ok(Some(Arc::new(Current {
                revision: selling.revision,
                menu,
                availability: Arc::new(self.standing_stock(restaurant).await?.availability()),
            })))
        })
    }

    fn words(&self, restaurant: RestaurantId) -> BoxFuture<'_, Result<Option<Indexed>>> {
        Box::pin(self.read_words(restaurant))
    }
}
