//! The records of restaurants as a node remembers them, for whoever asks by `rpc`.
//!
//! A change is forgotten at once by the node that made it, and by the others when its event comes by on the bus. While
//! the log is out of sight nothing is believed.

use std::sync::Arc;
use std::time::Duration;

use ::store::{Db, Value};
use base::{Clock, Organisation, Result, Trail, Uid};
use domain::organisations::{BrandId, Restaurant, RestaurantId};
use engine::{Remembers, Stop};
use fabric::cache::Settings;
use fabric::{Bus, Cache, Loaded, Message, Trust};
use futures_util::future::BoxFuture;
use rpc::KeepsRestaurants;

use super::{find, store};

/// What each of the caches may take.
const BYTES_MAX: u64 = 32 << 20;
/// What a record takes, about.
const RECORD_BYTES: usize = 1_024;
/// What nobody is told of the loss of is believed no longer than this.
const AGE_MAX: Duration = Duration::from_secs(300);
/// What is not there is believed for a shorter time.
const ABSENT_AGE_MAX: Duration = Duration::from_secs(30);
/// How many restaurants of a brand are read at a time.
const PAGE: i64 = 1_000;
/// The most restaurants of a brand that are told; no group of the world has more.
const OF_BRAND_MAX: usize = 100_000;

/// The records as this node remembers them. Clones are the same.
#[derive(Clone)]
pub struct Records {
    db: Db,
    restaurants: Cache<Option<Arc<Restaurant>>>,
    brands: Cache<Arc<[RestaurantId]>>,
}

impl Records {
    pub(crate) fn new(db: &Db, clock: &Clock, trust: &Trust) -> Self {
        let settings = Settings {
            bytes_max: BYTES_MAX,
            age_max: AGE_MAX,
            ..Settings::default()
        };
        Records {
            db: db.clone(),
            restaurants: Cache::new("restaurants", settings, clock, trust),
            brands: Cache::new("restaurants_of_brands", settings, clock, trust),
        }
    }

    /// Forgets all records of an organisation.
    pub(crate) fn forget(&self, number: Organisation) {
        let tag = tag(number);
        self.restaurants.invalidate_tag(&tag);
        self.brands.invalidate_tag(&tag);
    }

    /// Follows the bus until the stop.
    pub(crate) async fn follow(&self, bus: &Bus, stop: &Stop) -> Result<()> {
        engine::follow(self, (bus, &["restaurant.*"]), stop).await
    }

    async fn ids_of(&self, brand: BrandId) -> Result<Arc<[RestaurantId]>> {
        let number = brand.organisation();
        let mut all: Vec<RestaurantId> = Vec::new();
        if !self.db.knows(number).await {
            return Ok(all.into());
        }
        while all.len() < OF_BRAND_MAX {
            let after = all
                .last()
                .map_or(Uid::from_bytes([0; 16]), RestaurantId::uid);
            let params: Vec<Value> = vec![brand.uid().into(), after.into(), PAGE.into()];
            let rows = self
                .db
                .rows(number, &store::IDS_OF_BRAND, params)
                .await
                .at()?;
            for row in &rows {
                all.push(row.get::<Uid>(0)?.into());
            }
            if i64::try_from(rows.len()).is_ok_and(|found| found < PAGE) {
                break;
            }
        }
        Ok(all.into())
    }
}

impl Remembers for Records {
    async fn learn(&self, message: &Message) {
        self.forget(message.organisation);
    }

    fn forget_all(&self) {
        self.restaurants.invalidate_all();
        self.brands.invalidate_all();
    }
}

impl KeepsRestaurants for Records {
    fn find<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, Result<Option<Arc<Restaurant>>>> {
        Box::pin(async move {
            let number = id.organisation();
            self.restaurants
                .get_or_set(&id.to_string(), || async {
                    let found = find(&self.db, id).await?.map(Arc::new);
                    let age = match found {
                        Some(_) => AGE_MAX,
                        None => ABSENT_AGE_MAX,
                    };
                    let loaded = Loaded::new(found, RECORD_BYTES).age_max(age);
                    Ok(loaded.of(number).tag(tag(number)))
                })
                .await
        })
    }

    fn fresh<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, Result<Option<Arc<Restaurant>>>> {
        Box::pin(async move { Ok(find(&self.db, id).await?.map(Arc::new)) })
    }

    fn fresh_of_brand<'a>(&'a self, brand: BrandId) -> BoxFuture<'a, Result<Arc<[RestaurantId]>>> {
        Box::pin(self.ids_of(brand))
    }

    fn of_brand<'a>(&'a self, brand: BrandId) -> BoxFuture<'a, Result<Arc<[RestaurantId]>>> {
        Box::pin(async move {
            let number = brand.organisation();
            self.brands
                .get_or_set(&brand.to_string(), || async {
                    let ids = self.ids_of(brand).await?;
                    let bytes = size_of_val::<[RestaurantId]>(&ids);
                    Ok(Loaded::new(ids, bytes).of(number).tag(tag(number)))
                })
                .await
        })
    }
}

fn tag(number: Organisation) -> String {
    format!("org/{number}")
}
