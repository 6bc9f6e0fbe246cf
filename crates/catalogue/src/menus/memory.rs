//! What a node remembers of what is sold, dropped when an event of menus comes by on the bus.
//!
//! Which revision a restaurant sells and what has run out is remembered by restaurant, and is small. Revisions never
//! change, so a menu that was read once is good as long as there is room for it.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Result};
use carte::{Availability, Menu};
use domain::organisations::{BrandId, RestaurantId};
use engine::{Remembers, Stop};
use fabric::cache::Settings;
use fabric::{Bus, Cache, Loaded, Message, Trust};
use serde::Deserialize;

use super::place::Place;
use super::public::Pages;
use super::selling::Selling;

/// What nobody is told of the loss of is believed no longer than this.
const AGE_MAX: Duration = Duration::from_secs(300);
/// That nothing is sold is believed for a shorter time: nothing is lost by asking again.
const ABSENT_AGE_MAX: Duration = Duration::from_secs(30);
/// What the small things may take, each.
const SMALL_BYTES_MAX: u64 = 32 << 20;
/// What menus may take.
const MENUS_BYTES_MAX: u64 = 128 << 20;
/// How much larger a menu is in memory than its JSON, about.
const SPREAD: usize = 3;
/// Topics of what is remembered here.
const TOPICS: [&str; 2] = ["menu.*", "restaurant.*"];

/// The caches of one node.
pub(crate) struct Memory {
    selling: Cache<Option<Arc<Selling>>>,
    stock: Cache<Arc<Availability>>,
    menus: Cache<Option<Arc<Menu>>>,
    local: Cache<Arc<Menu>>,
    /// What the public reads. It is made of the others, so it is always forgotten after them.
    pub(crate) pages: Pages,
}

/// What events of menus are about.
#[derive(Deserialize)]
struct About {
    place: Option<Place>,
    restaurant: Option<RestaurantId>,
    brand: Option<BrandId>,
}

impl Memory {
    pub(crate) fn new(clock: &Clock, trust: &Trust) -> Self {
        let settings = |bytes_max| Settings {
            bytes_max,
            age_max: AGE_MAX,
            ..Settings::default()
        };
        // What a revision holds is proved by its hash and never changes: no event ends it, so no trust is needed.
        let always = Trust::granted();
        let small = settings(SMALL_BYTES_MAX);
        let large = settings(MENUS_BYTES_MAX);
        Memory {
            selling: Cache::new("menus_selling", small, clock, trust),
            stock: Cache::new("menus_stock", small, clock, trust),
            menus: Cache::new("menus_revisions", large, clock, &always),
            local: Cache::new("menus_local", large, clock, &always),
            pages: Pages::new(clock, trust),
        }
    }

    /// What a restaurant sells, its brand being part of the key.
    pub(crate) async fn selling(
        &self,
        (restaurant, brand): (RestaurantId, Option<Place>),
        load: impl AsyncFnOnce() -> Result<Option<Selling>>,
    ) -> Result<Option<Arc<Selling>>> {
        let own = Place::Restaurant(restaurant);
        let key = match brand {
            Some(brand) => format!("{restaurant}/{brand}"),
            None => restaurant.to_string(),
        };
        self.selling
            .get_or_set(&key, || async {
                let selling = load().await?.map(Arc::new);
                let (bytes, age) = match &selling {
                    Some(selling) => (selling.bytes(), AGE_MAX),
                    None => (0, ABSENT_AGE_MAX),
                };
                let loaded = Loaded::new(selling, bytes).age_max(age);
                let loaded = loaded.of(restaurant.organisation()).tag(own.to_string());
                Ok(match brand {
                    Some(brand) => loaded.tag(brand.to_string()),
                    None => loaded,
                })
            })
            .await
    }

    /// What has run out in a restaurant.
    pub(crate) async fn stock(
        &self,
        restaurant: RestaurantId,
        load: impl AsyncFnOnce() -> Result<Availability>,
    ) -> Result<Arc<Availability>> {
        self.stock
            .get_or_set(&restaurant.to_string(), || async {
                let stock = Arc::new(load().await?);
                let bytes = stock.off.len().saturating_mul(96);
                Ok(Loaded::new(stock, bytes).of(restaurant.organisation()))
            })
            .await
    }

    /// A revision of a place, with the length of its JSON.
    pub(crate) async fn menu(
        &self,
        (place, revision): (Place, i64),
        load: impl AsyncFnOnce() -> Result<Option<(Menu, usize)>>,
    ) -> Result<Option<Arc<Menu>>> {
        let key = format!("{place}/{revision}");
        self.menus
            .get_or_set(&key, || async {
                let (menu, json_bytes) = load().await?.unzip();
                let bytes = json_bytes.unwrap_or_default().saturating_mul(SPREAD);
                let loaded = Loaded::new(menu.map(Arc::new), bytes);
                let loaded = loaded.of(place.organisation());
                Ok(match bytes {
                    0 => loaded.age_max(Duration::ZERO),
                    _ => loaded,
                })
            })
            .await
    }

    /// A revision as a restaurant sells it that sells it differently.
    pub(crate) async fn local(
        &self,
        (restaurant, of): (RestaurantId, &Selling),
        load: impl AsyncFnOnce() -> Result<(Menu, usize)>,
    ) -> Result<Arc<Menu>> {
        let Selling {
            place,
            revision,
            location_version,
            ..
        } = of;
        let key = format!("{restaurant}/{place}/{revision}/{location_version}");
        self.local
            .get_or_set(&key, || async {
                let (menu, bytes) = load().await?;
                let loaded = Loaded::new(Arc::new(menu), bytes);
                Ok(loaded.of(restaurant.organisation()))
            })
            .await
    }

    /// Forgets which revision is sold in a place, and what of it.
    pub(crate) fn forget(&self, place: Place) {
        self.selling.invalidate_tag(&place.to_string());
        self.pages.forget(place);
    }

    /// Forgets what has run out in a restaurant.
    pub(crate) async fn forget_stock(&self, restaurant: RestaurantId) {
        self.stock.invalidate_key(&restaurant.to_string()).await;
        self.pages.forget_stock(restaurant).await;
    }

    /// Follows the bus until the stop.
    pub(crate) async fn follow(&self, bus: &Bus, stop: &Stop) -> Result<()> {
        engine::follow(self, (bus, &TOPICS), stop).await
    }

    /// What is sold has changed: what is remembered of it is forgotten, and compiled anew before anybody asks.
    fn learn_of_sold(&self, topic: &str, about: About) {
        let place = about.place.or(about.restaurant.map(Place::Restaurant));
        let Some(place) = place else {
            return self.forget_all();
        };
        self.forget(place);
        if topic == "menu.published" {
            self.pages.warm(place);
        }
    }
}

impl Remembers for Memory {
    async fn learn(&self, message: &Message) {
        match message.topic.as_ref() {
            // Drafts are not sold.
            "menu.changed" | "menu.scheduled" | "menu.unscheduled" => {}
            "menu.stock_changed" | "menu.stock_left" => match about(message).restaurant {
                Some(restaurant) => self.forget_stock(restaurant).await,
                None => self.forget_all(),
            },
            // A new restaurant sells what its brand sells.
            "restaurant.created" => {
                if let Some(brand) = about(message).brand {
                    self.pages.warm(Place::Brand(brand));
                }
            }
            topic if topic.starts_with("restaurant.") => {
                self.pages.forget_organisation(message.organisation);
            }
            topic => self.learn_of_sold(topic, about(message)),
        }
    }

    fn forget_all(&self) {
        self.selling.invalidate_all();
        self.stock.invalidate_all();
        self.pages.forget_all();
    }
}

/// What a message is about; nothing where it cannot be read.
fn about(message: &Message) -> About {
    let nothing = About {
        place: None,
        restaurant: None,
        brand: None,
    };
    serde_json::from_str(&message.payload).unwrap_or(nothing)
}
