//! What has run out in a restaurant ("86"): said by those who work there, ended by them, by itself, or by a count.
//!
//! It changes by the minute and is no part of a menu: it has a version and events of its own. What is counted is taken
//! by the commits of orders, with [`take()`].

mod end;
pub(super) mod http;
pub(crate) mod store;
mod take;
pub(crate) mod view;

use std::sync::Arc;

use ::store::{Call, Commit, Value};
use base::{Result, Trail as _, Uid};
use carte::{Availability, ItemId, Off, StockRefusal, Stop, Today};
use domain::organisations::RestaurantId;
use domain::venues::next_business_day;
use engine::Timer;
use slice::{Ask, wrong};

use super::app::{App, Tries, missing, outrun};
use super::fold::StockChanged;
use super::place::Stream;
use store::Stock;
use view::StockView;

pub(super) use end::timer_handler;
pub use take::{give_back, is_short, take};

/// What stands in a restaurant, row by row.
pub(super) struct Standing {
    /// How often it has changed.
    pub(super) version: i64,
    /// What is off or counted, in the order of the ids of items.
    pub(super) rows: Vec<Stock>,
}

/// A change of what stands.
struct Wanted {
    restaurant: RestaurantId,
    item: ItemId,
    off: Option<Off>,
}

impl App {
    /// Says that an item is off or counted.
    pub(super) async fn stop(
        &self,
        ask: &Ask,
        (restaurant, item): (RestaurantId, ItemId),
        stop: &Stop,
    ) -> Result<StockView> {
        self.sells(restaurant, item).await?;
        let today = self.today(restaurant).await?;
        let request = (restaurant, item, format!("{stop:?}"));
        let operation = (restaurant.organisation(), "menus.stop");
        let mut tries = Tries::default();
        let settled = loop {
            let settled = ask.settle(&self.0.db, operation, &request, async || {
                let standing = self.standing_stock(restaurant).await?;
                let decided = standing.availability().stop(item, stop.clone(), today);
                let decided = decided.map_err(|refusal| match refusal {
                    StockRefusal::Until => wrong("until", refusal.to_string()),
                })?;
                let off = decided.and_then(|change| change.off);
                let Some(off) = off else {
                    let commit = self.commit_of(restaurant.into());
                    let said = standing.find(item).map(|stock| stock.off.clone());
                    let view = StockView::of(standing.version, item, &said.unwrap_or_default());
                    return Ok((commit, view));
                };
                let view = StockView::of(standing.version.saturating_add(1), item, &off);
                let wanted = Wanted {
                    restaurant,
                    item,
                    off: Some(off),
                };
                Ok((self.say(ask, &standing, wanted)?, view))
            });
            let settled = settled.await;
            if !tries.again(&settled) {
                break settled.map_err(outrun);
            }
        };
        self.0.memory.forget_stock(restaurant).await;
        settled
    }

    /// Says that there is as much of an item as anybody wants. It may be said again.
    pub(super) async fn resume(
        &self,
        ask: &Ask,
        (restaurant, item): (RestaurantId, ItemId),
    ) -> Result<()> {
        self.restaurant(restaurant).await?;
        let (operation, request) = (
            (restaurant.organisation(), "menus.resume"),
            (restaurant, item),
        );
        let mut tries = Tries::default();
        let settled = loop {
            let settled = ask.settle(&self.0.db, operation, &request, async || {
                let standing = self.standing_stock(restaurant).await?;
                if standing.find(item).is_none() {
                    self.sells(restaurant, item).await?;
                    return Ok((self.commit_of(restaurant.into()), ()));
                }
                let wanted = Wanted {
                    restaurant,
                    item,
                    off: None,
                };
                Ok((self.say(ask, &standing, wanted)?, ()))
            });
            let settled = settled.await;
            if !tries.again(&settled) {
                break settled.map_err(outrun);
            }
        };
        self.0.memory.forget_stock(restaurant).await;
        settled
    }

    /// What is off or counted in a restaurant now, mostly from memory.
    pub(crate) async fn availability(&self, restaurant: RestaurantId) -> Result<Arc<Availability>> {
        self.0
            .memory
            .stock(restaurant, async || {
                Ok(self.standing_stock(restaurant).await?.availability())
            })
            .await
    }

    /// What is off or counted in a restaurant, from the database.
    pub(super) async fn standing_stock(&self, restaurant: RestaurantId) -> Result<Standing> {
        let uid = Value::from(restaurant.uid());
        let calls = vec![
            Call::new(&store::READ_HEAD, [uid.clone()]),
            Call::new(&store::READ, [uid]),
        ];
        let [head, rows] = self.read(restaurant.into(), calls).await?;
        let version = head.first().map(|row| row.get(0)).transpose().at()?;
        Ok(Standing {
            version: version.unwrap_or_default(),
            rows: rows
                .iter()
                .map(store::read)
                .collect::<Result<_, _>>()
                .at()?,
        })
    }

    /// The commit that says something anew of an item.
    fn say(&self, ask: &Ask, standing: &Standing, wanted: Wanted) -> Result<Commit> {
        let Wanted {
            restaurant,
            item,
            off,
        } = wanted;
        let (uid, version) = (restaurant.uid(), standing.version.saturating_add(1));
        let mut commit = self.commit_of(restaurant.into());
        commit.guard(&store::CHANGE_HEAD, [uid.into(), standing.version.into()]);
        if let Some(before) = standing.find(item) {
            Timer::cancel(before.timer, &mut commit);
        }
        match &off {
            None => {
                commit.change(&store::REMOVE, [uid.into(), item.uid().into()]);
            }
            Some(off) => {
                let number = restaurant.organisation();
                let timer = Uid::make(&self.0.clock, &self.0.random, number);
                if let Some(until) = off.until {
                    end::timer((restaurant, item), timer, until)?.set(&mut commit);
                }
                commit.change(&store::PUT, row((restaurant, item), (version, timer), off));
            }
        }
        let told = StockChanged {
            restaurant,
            item,
            off,
        };
        let at = (Stream::Stock.of(uid), version);
        let event = ask.event(&commit, at, "menu.stock_changed", &told)?;
        commit.event(event);
        Ok(commit)
    }

    /// Missing unless the restaurant sells the item, be it as a choice only.
    async fn sells(&self, restaurant: RestaurantId, item: ItemId) -> Result<()> {
        self.restaurant(restaurant).await?;
        let selling = self.selling(restaurant).await?.ok_or_else(missing)?;
        let menu = self.menu_at(selling.place, selling.revision).await?;
        menu.item(item).map(|_| ()).ok_or_else(missing)
    }

    /// What day it is in a restaurant.
    async fn today(&self, restaurant: RestaurantId) -> Result<Today> {
        let zone = self.restaurant(restaurant).await?.details.time_zone;
        let venue = self.0.venues.find(restaurant).await.at()?;
        let venue = venue.ok_or_else(missing)?;
        let now = self.0.clock.now();
        Ok(Today {
            now,
            next_day: next_business_day(&venue, zone, now),
        })
    }
}

impl Standing {
    /// What is said of an item.
    fn find(&self, item: ItemId) -> Option<&Stock> {
        self.rows.iter().find(|stock| stock.item == item)
    }

    /// The same as one value.
    pub(super) fn availability(&self) -> Availability {
        let off = self.rows.iter();
        Availability {
            version: self.version,
            off: off.map(|stock| (stock.item, stock.off.clone())).collect(),
        }
    }
}

/// The cells of what is said of an item, but for how many are taken.
fn row(
    (restaurant, item): (RestaurantId, ItemId),
    (version, timer): (i64, Uid),
    off: &Off,
) -> [Value; 7] {
    [
        restaurant.uid().into(),
        item.uid().into(),
        version.into(),
        timer.into(),
        off.until.into(),
        off.left.map(i64::from).into(),
        off.reason
            .as_ref()
            .map_or("", |reason| reason.as_str())
            .into(),
    ]
}
