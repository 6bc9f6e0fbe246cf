//! By which rules a restaurant takes orders: whether by itself, and how long everybody has. They are read with every
//! order, so a node remembers them, and forgets when one of their events comes by on the bus.

use std::time::Duration;

use axum::extract::State;
use base::{Clock, Error, Result, Trail as _, Uid, codes};
use domain::access::Permission;
use domain::orders::Rules;
use domain::organisations::RestaurantId;
use edge::{Answer, Criticality, Json, Path, Policy, Rate, Route, Routes, Versioned};
use engine::{Stop, Tasks};
use fabric::cache::{LISTS_AGE_MAX, Settings};
use fabric::{Cache, Loaded, Pattern, Received, Trust};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use slice::Ask;
use store::{Class, Column, Failure, Fold, Folded, Logged, Outcome, Row, Sql, Table, Value};
use utoipa::ToSchema;

use super::app::App;
use super::http::OfRestaurant;

/// A restaurant has other rules.
const CHANGED: &str = "order_rules.changed";
/// What tells the stream of these events from others about the restaurant.
const STREAM: [u8; 6] = *b"orders";
/// What all rules that are remembered may take, and those of one restaurant, about.
const BYTES_MAX: u64 = 8 << 20;
const KEPT_BYTES: usize = 160;
const WITHIN: Duration = Duration::from_secs(5);

pub(super) static RULES: Table = Table::new(
    "order_rules",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::int("version"),
        Column::text("rules"),
    ],
    1,
    &[],
);

pub(super) static READ: Sql = Sql::new(
    "order_rules.read",
    &RULES,
    "SELECT version, rules FROM order_rules WHERE organisation = $1 AND restaurant = $2",
);

pub(super) static ALL: Sql = Sql::new(
    "order_rules.all",
    &RULES,
    "SELECT restaurant, version, rules FROM order_rules WHERE organisation = $1",
);

/// Other rules, if they still stood at version `$3`.
pub(super) static CHANGE: Sql = Sql::new(
    "order_rules.change",
    &RULES,
    "UPDATE order_rules SET version = version + 1, rules = $4 \
     WHERE organisation = $1 AND restaurant = $2 AND version = $3",
);

/// The rules of restaurants, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &RULES,
    kinds: &[CHANGED],
    apply: fold,
    read: &ALL,
    key: 1,
};

/// The rules of a restaurant, and how often they were changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    pub(super) rules: Rules,
    version: i64,
}

/// What a node remembers of them.
pub(super) struct Remembered(Cache<Kept>);

/// The payload of their events.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    restaurant: RestaurantId,
    rules: Rules,
}

/// By which rules a restaurant takes orders.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderRules)]
struct RulesView {
    /// Whether an order is accepted by itself once its money is safe.
    auto_accept: bool,
    /// How long the restaurant has for its answer.
    #[schema(minimum = 30, maximum = 3_600)]
    accept_seconds: u32,
    /// How long the diner has to pay.
    #[schema(minimum = 60, maximum = 3_600)]
    pay_seconds: u32,
    /// How long before its time an order for later is shown to the restaurant.
    #[schema(minimum = 0, maximum = 172_800)]
    wake_seconds: u32,
    /// How long after the acceptance the diner may still cancel, as long as nobody has begun.
    #[schema(minimum = 0, maximum = 3_600)]
    cancel_seconds: u32,
    /// The version that was read; 0 when nothing was said yet. If it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
}

impl Remembered {
    pub(super) fn new(clock: &Clock, trust: &Trust) -> Self {
        let settings = Settings {
            bytes_max: BYTES_MAX,
            age_max: LISTS_AGE_MAX,
            ..Settings::default()
        };
        Remembered(Cache::new("order_rules", settings, clock, trust))
    }
}

impl RulesView {
    const fn of(kept: &Kept) -> Self {
        RulesView {
            auto_accept: kept.rules.auto_accept,
            accept_seconds: kept.rules.accept_seconds,
            pay_seconds: kept.rules.pay_seconds,
            wake_seconds: kept.rules.wake_seconds,
            cancel_seconds: kept.rules.cancel_seconds,
            version: kept.version,
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            auto_accept: self.auto_accept,
            accept_seconds: self.accept_seconds,
            pay_seconds: self.pay_seconds,
            wake_seconds: self.wake_seconds,
            cancel_seconds: self.cancel_seconds,
            ..Rules::default()
        }
    }
}

/// Begins what works on its own: forgetting what other nodes have changed.
pub fn start(app: &App, tasks: &Tasks) {
    let app = app.clone();
    tasks.spawn("order_rules", move |stop| app.clone().follow_rules(stop));
}

impl App {
    /// By which rules a restaurant takes orders, mostly from memory.
    pub(super) async fn rules(&self, restaurant: RestaurantId) -> Result<Kept> {
        let memory = &self.0.rules.0;
        memory
            .get_or_set(&restaurant.to_string(), || async {
                let kept = self.read_rules(restaurant).await?;
                Ok(Loaded::new(kept, KEPT_BYTES).of(restaurant.organisation()))
            })
            .await
    }

    async fn read_rules(&self, restaurant: RestaurantId) -> Result<Kept> {
        let params = [restaurant.uid().into()];
        let house = restaurant.organisation();
        let rows = self.0.db.rows(house, &READ, params).await.at()?;
        let kept = rows.first().map(read).transpose().at()?;
        Ok(kept.unwrap_or_default())
    }

    /// Gives a restaurant other rules.
    async fn change_rules(
        &self,
        ask: &Ask,
        restaurant: RestaurantId,
        asked: &RulesView,
    ) -> Result<RulesView> {
        let house = restaurant.organisation();
        let place = (house, "order_rules.change");
        let request = (restaurant, asked);
        let settled = ask.settle(&self.0.db, place, &request, async || {
            let was = self.read_rules(restaurant).await?;
            if was.version != asked.version {
                return Err(changed());
            }
            let rules = asked.rules();
            let next = Kept {
                rules,
                version: was.version.saturating_add(1),
            };
            let text = text(&rules)?;
            let mut commit = self.0.db.new_commit(house);
            let uid = Value::from(restaurant.uid());
            match was.version {
                0 => commit.claim(&RULES, [uid, next.version.into(), text.into()]),
                seen => commit.guard(&CHANGE, [uid, seen.into(), text.into()]),
            };
            let told = Told { restaurant, rules };
            let at = (stream(restaurant), next.version);
            let event = ask.event(&commit, at, CHANGED, &told)?;
            commit.event(event);
            Ok((commit, RulesView::of(&next)))
        });
        let settled = settled.await;
        self.0.rules.0.invalidate_key(&restaurant.to_string()).await;
        settled.map_err(|error| match is_outrun(&error) {
            true => changed().caused_by(error),
            false => error,
        })
    }

    async fn follow_rules(self, stop: Stop) -> Result<()> {
        let pattern: Pattern = CHANGED.parse()?;
        let mut news = self.0.bus.subscribe(&[pattern])?;
        let memory = &self.0.rules.0;
        // Whatever came by before the subscription was missed.
        memory.invalidate_all();
        loop {
            let received = tokio::select! {
                () = stop.stopped() => return Ok(()),
                received = news.receive() => received,
            };
            match received {
                Some(Received::Message(message)) => {
                    match serde_json::from_str::<Told>(&message.payload) {
                        Ok(told) => memory.invalidate_key(&told.restaurant.to_string()).await,
                        Err(_) => memory.invalidate_all(),
                    }
                }
                Some(Received::Lagged(_)) => memory.invalidate_all(),
                None => return Err(Error::unavailable(codes::UNAVAILABLE, "the bus is gone")),
            }
        }
    }
}

/// The stream of the rules of a restaurant.
fn stream(restaurant: RestaurantId) -> Uid {
    let mut bytes = *restaurant.uid().as_bytes();
    let random = bytes.iter_mut().skip(10);
    random.zip(STREAM).for_each(|(byte, over)| *byte ^= over);
    Uid::from_bytes(bytes)
}

fn read(row: &Row) -> Outcome<Kept> {
    let text: String = row.get(1)?;
    let rules = serde_json::from_str(&text);
    Ok(Kept {
        rules: rules.map_err(|error| Failure::Damaged(format!("rules of orders: {error}")))?,
        version: row.get(0)?,
    })
}

fn text(rules: &Rules) -> Outcome<String> {
    serde_json::to_string(rules).map_err(|error| Failure::Broken(format!("rules: {error}")))
}

fn fold(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let told: Told = serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))?;
    let row = vec![event.version.into(), text(&told.rules)?.into()];
    rows.insert(vec![told.restaurant.uid().into()], row);
    Ok(())
}

fn is_outrun(error: &Error) -> bool {
    let failure = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    let is_ours = |name: &str| name == RULES.name || name == CHANGE.name;
    matches!(failure, Some(Failure::Refused { name, .. }) if is_ours(name))
}

#[track_caller]
fn changed() -> Error {
    Error::conflict(
        codes::VERSION_CHANGED,
        "the rules have changed since they were read",
    )
}

/// The routes of rules.
pub(super) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::GET, "order_rules.read", Permission::OrdersRead)
                .about("Read by which rules a restaurant takes orders")
                .takes_nothing()
                .answers::<RulesView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(show),
        )
        .add(
            route(
                Method::PUT,
                "order_rules.change",
                Permission::RestaurantsChange,
            )
            .about("Say by which rules a restaurant takes orders")
            .takes::<RulesView>()
            .answers::<RulesView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
            .handler(change),
        )
}

fn route(method: Method, name: &'static str, permission: Permission) -> Route<App> {
    Route::new(method, "/api/restaurants/{restaurant}/order-rules", name)
        .tag("orders")
        .policy(Policy::May(permission.name()))
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
        .path::<OfRestaurant>()
}

async fn show(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<RulesView>> {
    let kept = app.rules(of.restaurant).await?;
    Ok(Versioned(kept.version, RulesView::of(&kept)))
}

async fn change(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(asked): Json<RulesView>,
) -> Answer<Versioned<RulesView>> {
    let changed = app.change_rules(&ask, of.restaurant, &asked).await?;
    Ok(Versioned(changed.version, changed))
}
