//! What is off until a time ends by itself: a timer takes it back, so that everybody hears of it.

use ::store::Value;
use base::{Error, Result, Time, Trail as _, Uid, codes};
use carte::ItemId;
use domain::organisations::RestaurantId;
use engine::{Due, Handled, Timer, TimerHandler};
use serde::{Deserialize, Serialize};

use super::store;
use crate::menus::app::{App, Tries, of_itself, outrun};
use crate::menus::fold::{StockChanged, StockLeft};
use crate::menus::place::Stream;

/// What the timer is called.
const TIMER: &str = "menu.stock_end";
/// Who does it.
const ACTOR: &str = "platform";

/// What a timer is about.
#[derive(Serialize, Deserialize)]
struct About {
    restaurant: RestaurantId,
    item: ItemId,
}

/// Takes back what is off when its time has come.
pub(crate) fn timer_handler(app: &App) -> TimerHandler {
    let app = app.clone();
    TimerHandler::new(TIMER, move |due| {
        let app = app.clone();
        async move { app.end(due).await }
    })
}

/// The timer of what is said of an item.
pub(super) fn timer(
    (restaurant, item): (RestaurantId, ItemId),
    id: Uid,
    due_at: Time,
) -> Result<Timer> {
    let payload = serde_json::to_string(&About { restaurant, item }).map_err(|error| {
        Error::internal(codes::INTERNAL, "a timer that is no JSON").caused_by(error)
    })?;
    Ok(Timer {
        id,
        kind: TIMER,
        payload,
        due_at,
    })
}

impl App {
    async fn end(&self, due: Due) -> Result<Handled> {
        let About { restaurant, item } = serde_json::from_str(&due.payload).map_err(|error| {
            Error::internal(codes::DAMAGED, "a timer of stock cannot be read").caused_by(error)
        })?;
        let standing = self.standing_stock(restaurant).await?;
        if standing
            .find(item)
            .is_none_or(|stock| stock.timer != due.id)
        {
            return Ok(Handled::Done);
        }
        let uid = restaurant.uid();
        let mut commit = self.commit_of(restaurant.into());
        commit.guard(&store::CHANGE_HEAD, [uid.into(), standing.version.into()]);
        let params: [Value; 3] = [uid.into(), item.uid().into(), due.id.into()];
        commit.guard(&store::END, params);
        let told = StockChanged {
            restaurant,
            item,
            off: None,
        };
        let at = (Stream::Stock.of(uid), standing.version.saturating_add(1));
        let event = of_itself(ACTOR).event(&commit, at, "menu.stock_changed", &told)?;
        commit.event(event);
        Ok(commit.into())
    }

    /// Tells everybody how many are left of a counted item: for whoever stored a commit whose [`super::take()`] left
    /// none, or whose [`super::give_back()`] found none. Nobody can be sold too much meanwhile; that is what the guard
    /// is for. It may be said again.
    ///
    /// # Errors
    /// The database is away.
    pub async fn tell_left(&self, restaurant: RestaurantId, item: ItemId) -> Result<()> {
        let mut tries = Tries::default();
        let told = loop {
            let told = self.note_left(restaurant, item).await;
            if !tries.again(&told) {
                break told.map_err(outrun);
            }
        };
        self.0.memory.forget_stock(restaurant).await;
        told
    }

    async fn note_left(&self, restaurant: RestaurantId, item: ItemId) -> Result<()> {
        let standing = self.standing_stock(restaurant).await?;
        let Some(left) = standing.find(item).and_then(|stock| stock.off.left) else {
            return Ok(());
        };
        let (uid, version) = (restaurant.uid(), standing.version);
        let mut commit = self.commit_of(restaurant.into());
        commit.guard(&store::CHANGE_HEAD, [uid.into(), version.into()]);
        let told = StockLeft {
            restaurant,
            item,
            left,
        };
        let at = (Stream::Stock.of(uid), version.saturating_add(1));
        let event = of_itself(ACTOR).event(&commit, at, "menu.stock_left", &told)?;
        commit.event(event);
        self.0.db.commit(commit, &self.0.db.deadline()).await.at()?;
        Ok(())
    }
}
