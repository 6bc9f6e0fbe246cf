//! Brings the city into an installation: an organisation at a time, many of them at once.

use std::sync::Arc;

use ::demo::{Cuisine, Draw, House, Ids, Pictures, Place};
use base::{Error, Result, Trail as _, codes};
use carte::{Item, Menu, PictureId};
use domain::organisations::OrganisationId;
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::door::{Door, number, text};
use super::pictures;
use crate::progress::Progress;

/// How many organisations are made at once: what they commit shares transactions.
const AT_ONCE: usize = 48;
/// What the plans hold, from which on the next one is needed.
const STARTER_MAX: usize = 3;
const GROWTH_MAX: usize = 50;
/// Different parts of an organisation draw from sequences of their own.
const MENUS: u64 = 1 << 40;
const IDS: u64 = 1 << 41;
const LOCATIONS: u64 = 1 << 42;

/// What the city is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct City {
    pub(super) seed: u64,
    pub(super) restaurants: usize,
    /// Whether there are pictures of its dishes.
    pub(super) is_drawn: bool,
}

/// What was made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Filled {
    pub(super) organisations: usize,
    pub(super) restaurants: usize,
    pub(super) menus: usize,
    pub(super) items: usize,
}

/// What all organisations are made from.
struct Ground {
    door: Arc<Door>,
    city: City,
    pictures: Pictures,
    cuisines: Vec<Cuisine>,
    drinks: Cuisine,
}

/// Makes the city. What an earlier run has made is not made twice.
pub(super) async fn city(door: Door, city: City, progress: &Progress) -> Result<Filled> {
    let (cuisines, drinks) = ::demo::cuisines()?;
    let mut ground = Ground {
        door: Arc::new(door),
        city,
        pictures: Pictures::default(),
        cuisines,
        drinks,
    };
    if city.is_drawn {
        ground.pictures = ground.drawn().await?;
    }
    let ground = Arc::new(ground);
    let total = u64::try_from(city.restaurants).unwrap_or(u64::MAX);
    let step = progress.counted("restaurants", total);
    let (mut tasks, mut filled) = (JoinSet::new(), Filled::default());
    let (mut planned, mut next) = (0_usize, 0_u64);
    loop {
        while tasks.len() < AT_ONCE && planned < city.restaurants {
            let room = city.restaurants.saturating_sub(planned);
            let house = ::demo::house(city.seed, next, room, &ground.cuisines);
            (planned, next) = (planned + house.places.len().max(1), next + 1);
            let ground = Arc::clone(&ground);
            tasks.spawn(async move { ground.house(&house).await });
        }
        let Some(ended) = tasks.join_next().await else {
            return Ok(filled);
        };
        let made = ended.map_err(|error| {
            Error::internal(codes::INTERNAL, "an organisation was not made").caused_by(error)
        })??;
        filled.organisations += 1;
        filled.restaurants += made.restaurants;
        filled.menus += made.menus;
        filled.items += made.items;
        step.at(u64::try_from(filled.restaurants).unwrap_or(u64::MAX));
    }
}

/// Asks for what belongs to one organisation, each time under another key.
struct Asks<'a> {
    ground: &'a Ground,
    house: u64,
    asked: u64,
}

impl Asks<'_> {
    async fn ask(&mut self, method: Method, path: &str, body: &Value) -> Result<Value> {
        self.asked += 1;
        let city = self.ground.city;
        let key = format!("demo-{}-{}-{}", city.seed, self.house, self.asked);
        let answer = self.ground.door.ask((method, path), body, &key).await;
        answer.context("founding the city")
    }
}

impl Ground {
    fn draw(&self, house: u64, part: u64) -> Draw {
        Draw::of(self.city.seed, house | part)
    }

    /// Draws the pictures and leaves them with the first organisation.
    async fn drawn(&self) -> Result<Pictures> {
        let first = ::demo::house(self.city.seed, 0, self.city.restaurants, &self.cuisines);
        let mut asks = Asks {
            ground: self,
            house: first.number,
            asked: 0,
        };
        // The same request, under the same key, is the first of those that make this organisation.
        let named = json!({"name": first.name});
        let made = asks.ask(Method::POST, "/api/organisations", &named).await?;
        pictures::upload(&self.door, text(&made, "id")?, self.city.seed).await
    }

    async fn house(&self, house: &House) -> Result<Filled> {
        let mut asks = Asks {
            ground: self,
            house: house.number,
            asked: 0,
        };
        let named = json!({"name": house.name});
        let made = asks.ask(Method::POST, "/api/organisations", &named).await?;
        let id = text(&made, "id")?.to_owned();
        let organisation: OrganisationId = id.parse().map_err(Error::from)?;
        let path = format!("/api/organisations/{id}");
        let plan = match house.places.len() {
            restaurants if restaurants <= STARTER_MAX => None,
            restaurants if restaurants <= GROWTH_MAX => Some("growth"),
            _ => Some("enterprise"),
        };
        if let Some(plan) = plan {
            let wanted = json!({"plan": plan, "version": 1});
            let path = format!("{path}/plan");
            asks.ask(Method::PUT, &path, &wanted).await?;
        }
        let mut ids = Ids::new(organisation.organisation(), self.draw(house.number, IDS));
        let menus = self.draw(house.number, MENUS);
        let mut filled = Filled::default();
        let mut brands = Vec::with_capacity(house.brands.len());
        for brand in &house.brands {
            let (at, named) = (format!("{path}/brands"), json!({"name": brand.name}));
            let made = asks.ask(Method::POST, &at, &named).await?;
            let id = text(&made, "id")?.to_owned();
            let menu = self.menu(brand.cuisine, &menus, &mut ids)?;
            let items = publish(&mut asks, &format!("/api/brands/{id}/menu"), &menu).await?;
            filled.menus += 1;
            filled.items += items;
            brands.push((id, menu));
        }
        let locations = self.draw(house.number, LOCATIONS);
        for place in &house.places {
            let brand = place.brand.and_then(|brand| brands.get(brand));
            let record = place.record(brand.map(|(id, _)| id.as_str()));
            let at = format!("{path}/restaurants");
            let made = asks.ask(Method::POST, &at, &record).await?;
            let at = format!("/api/restaurants/{}", text(&made, "id")?);
            match brand {
                Some((_, menu)) => {
                    self.venue(&mut asks, &at, (place, menu)).await?;
                    locate(&mut asks, &at, (menu, &locations)).await?;
                }
                None => {
                    let menu = self.menu(place.cuisine, &menus, &mut ids)?;
                    self.venue(&mut asks, &at, (place, &menu)).await?;
                    filled.menus += 1;
                    filled.items += publish(&mut asks, &format!("{at}/menu"), &menu).await?;
                }
            }
            filled.restaurants += 1;
        }
        Ok(filled)
    }

    fn menu(&self, cuisine: usize, draw: &Draw, ids: &mut Ids) -> Result<Menu> {
        let none = || Error::internal(codes::INTERNAL, "there is no such cuisine");
        let cuisine = self.cuisines.get(cuisine).ok_or_else(none)?;
        ::demo::menu((cuisine, &self.drinks), &self.pictures, draw, ids)
    }

    /// Says how a restaurant serves.
    async fn venue(
        &self,
        asks: &mut Asks<'_>,
        at: &str,
        (place, menu): (&Place, &Menu),
    ) -> Result<()> {
        let cuisine = self.cuisines.get(place.cuisine);
        let cuisine = cuisine.map_or("", |cuisine| cuisine.key);
        let profile = place.profile(cuisine, face(menu));
        let path = format!("{at}/profile");
        asks.ask(Method::PATCH, &path, &profile).await?;
        let path = format!("{at}/hours");
        asks.ask(Method::PUT, &path, &place.hours()).await?;
        if let Some(zones) = place.zones() {
            let path = format!("{at}/zones");
            asks.ask(Method::PUT, &path, &zones).await?;
        }
        Ok(())
    }
}

/// The picture of the first main course that has one: what a category of several dishes shows.
fn face(menu: &Menu) -> Option<PictureId> {
    let large = menu.categories.iter().filter(|one| one.items.len() > 5);
    let mut items = large.flat_map(|category| &category.items);
    items.find_map(|id| menu.item(*id)?.picture)
}

/// Drafts and publishes a menu, and says how many items it has.
async fn publish(asks: &mut Asks<'_>, at: &str, menu: &Menu) -> Result<usize> {
    let path = format!("{at}/draft");
    let drafted = asks.ask(Method::PATCH, &path, &::demo::draft(menu)).await?;
    let version = number(&drafted, "version")?;
    let (path, wanted) = (format!("{at}/publish"), json!({"version": version}));
    asks.ask(Method::POST, &path, &wanted).await?;
    Ok(menu.items.len())
}

/// Some restaurants of a brand sell a few things for other prices, and do not sell others.
async fn locate(asks: &mut Asks<'_>, at: &str, (menu, draw): (&Menu, &Draw)) -> Result<()> {
    if !draw.happens(40) {
        return Ok(());
    }
    let percent = draw.between(90, 112);
    let mut prices = Vec::new();
    let mut hidden = Vec::new();
    // What is a choice somewhere stays, so that no combo is left without it.
    let is_choice = |item: &Item| {
        let mut choices = menu.groups.iter().flat_map(|group| &group.choices);
        choices.any(|choice| choice.item == item.id)
    };
    for item in menu.items.iter().filter(|item| item.alone) {
        match draw.between(1, 100) {
            1..=12 => {
                let minor = ::demo::rounded(item.price.minor, percent);
                let price = carte::Prices::flat(minor);
                prices.push(json!({"item": item.id, "price": ::demo::prices(&price)}));
            }
            13..=16 if !is_choice(item) => hidden.push(item.id),
            _ => {}
        }
    }
    let location = json!({"version": 0, "hidden": hidden, "prices": prices});
    let path = format!("{at}/menu/location");
    asks.ask(Method::PUT, &path, &location).await?;
    Ok(())
}
