//! By which rules a restaurant takes orders: whether by itself, and how long everybody has. They are read with every
//! order, so a node remembers them, and forgets when one of their events comes by on the bus.

use std::time::Duration;

use axum::extract::State;
use base::{Clock, Currency, Error, Money, Result, Trail as _, Uid, codes};
use carte::Service;
use domain::access::Permission;
use domain::organisations::RestaurantId;
use edge::{Answer, Criticality, Json, Path, Policy, Rate, Route, Routes, Versioned};
use engine::{Remembers, Stop, Tasks};
use fabric::cache::{LISTS_AGE_MAX, Settings};
use fabric::{Cache, Loaded, Message, Trust};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use slice::Ask;
use store::{Class, Column, Failure, Fold, Folded, Logged, Outcome, Row, Sql, Table, Value};
use trade::orders::{Lapse, MealVouchers, NoTips, Rules, Tabs, Taking};
use utoipa::ToSchema;

use super::app::App;
use super::http::OfRestaurant;
use super::view::{ServiceName, TipsForView};

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

/// What becomes of a change that nobody answers.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderLapse)]
enum LapseName {
    /// The order stays as it was.
    #[default]
    Keep,
    /// What was to be replaced is taken out.
    Remove,
}

/// What becomes of a delivery to an address of which nobody says where on the earth it is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderWithoutPosition)]
enum PlacelessName {
    /// It costs what the dearest zone costs.
    #[default]
    Dearest,
    /// It is refused.
    Refuse,
}

/// When the money is taken that is held since an order was placed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderTakeMoney)]
enum TakingName {
    /// When the order is accepted.
    #[default]
    Accepted,
    /// When it is ready.
    Ready,
}

/// That a restaurant takes meal vouchers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderMealVouchers)]
struct VouchersView {
    /// How much of one order they pay at most; all of its food when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 12,
        pattern = "^[0-9]{1,9}(\\.[0-9]{1,2})?$",
        example = "25.00"
    )]
    per_order: Option<String>,
}

/// That a restaurant takes tabs at its tables.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrderTabs)]
struct TabsView {
    /// How much is held of one, above zero; a guest may say less.
    #[schema(
        max_length = 12,
        pattern = "^[0-9]{1,9}(\\.[0-9]{1,2})?$",
        example = "50.00"
    )]
    hold: String,
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
    /// How long the diner has to answer when something is to be changed; 300 when nothing is said.
    #[serde(default = "consent_seconds")]
    #[schema(minimum = 30, maximum = 3_600)]
    consent_seconds: u32,
    /// What becomes of a change that he does not answer: the order stays as it was when nothing is said.
    #[serde(default)]
    no_consent: LapseName,
    /// Up to how much of an order, all its refunds together, one person may give back alone; above it somebody else has to
    /// agree. All of it when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 12,
        pattern = "^[0-9]{1,9}(\\.[0-9]{1,2})?$",
        example = "50.00"
    )]
    refunds_alone: Option<String>,
    /// What becomes of a delivery of which nobody says the place: it costs what the dearest zone costs when nothing is
    /// said.
    #[serde(default)]
    without_position: PlacelessName,
    /// With which services no tip is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 3)]
    no_tips: Vec<ServiceName>,
    /// When the money is taken that is held: when the order is accepted where nothing is said. Orders keep to what was said
    /// when they were placed.
    #[serde(default)]
    take_money: TakingName,
    /// For whom tips are with the other services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tips_for: Option<TipsForView>,
    /// That meal vouchers are taken: for food, but not for what is sold from an age on, nor for fees and tips. None are taken
    /// when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meal_vouchers: Option<VouchersView>,
    /// That guests at a table open tabs: more is held than they order, and they order more until they are done. No tabs are
    /// taken when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tabs: Option<TabsView>,
    /// The version that was read; 0 when nothing was said yet. If it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
}

fn consent_seconds() -> u32 {
    Rules::default().consent_seconds
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

impl VouchersView {
    fn said(&self) -> Result<MealVouchers> {
        let most = self.per_order.as_deref();
        let most = most.map(|text| hundredths("mealVouchers", text));
        Ok(MealVouchers {
            per_order: most.transpose()?,
        })
    }
}

impl TabsView {
    fn said(&self) -> Result<Tabs> {
        match hundredths("tabs", &self.hold)? {
            0 => Err(slice::wrong("tabs", "what is held is above zero")),
            hold => Ok(Tabs { hold }),
        }
    }
}

impl RulesView {
    fn of(kept: &Kept) -> Self {
        RulesView {
            auto_accept: kept.rules.auto_accept,
            accept_seconds: kept.rules.accept_seconds,
            pay_seconds: kept.rules.pay_seconds,
            wake_seconds: kept.rules.wake_seconds,
            cancel_seconds: kept.rules.cancel_seconds,
            consent_seconds: kept.rules.consent_seconds,
            no_consent: match kept.rules.lapse {
                Lapse::Keep => LapseName::Keep,
                Lapse::Remove => LapseName::Remove,
            },
            refunds_alone: kept.rules.refunds_alone.map(shown),
            without_position: match kept.rules.place_needed {
                true => PlacelessName::Refuse,
                false => PlacelessName::Dearest,
            },
            no_tips: Service::ALL
                .iter()
                .filter(|service| kept.rules.no_tips.with(**service))
                .map(|service| (*service).into())
                .collect(),
            take_money: match kept.rules.take_money {
                Taking::Accepted => TakingName::Accepted,
                Taking::Ready => TakingName::Ready,
            },
            tips_for: TipsForView::of(kept.rules.tips_for),
            meal_vouchers: kept.rules.meal_vouchers.map(|taken| VouchersView {
                per_order: taken.per_order.map(shown),
            }),
            tabs: kept.rules.tabs.map(|tabs| TabsView {
                hold: shown(tabs.hold),
            }),
            version: kept.version,
        }
    }

    fn rules(&self) -> Result<Rules> {
        let alone = self.refunds_alone.as_deref();
        let tips_for = self.tips_for.as_ref();
        let vouchers = self.meal_vouchers.as_ref();
        Ok(Rules {
            auto_accept: self.auto_accept,
            accept_seconds: self.accept_seconds,
            pay_seconds: self.pay_seconds,
            wake_seconds: self.wake_seconds,
            cancel_seconds: self.cancel_seconds,
            consent_seconds: self.consent_seconds,
            lapse: match self.no_consent {
                LapseName::Keep => Lapse::Keep,
                LapseName::Remove => Lapse::Remove,
            },
            refunds_alone: alone
                .map(|text| hundredths("refundsAlone", text))
                .transpose()?,
            place_needed: matches!(self.without_position, PlacelessName::Refuse),
            no_tips: NoTips {
                delivery: self.no_tips.contains(&ServiceName::Delivery),
                pickup: self.no_tips.contains(&ServiceName::Pickup),
                dine_in: self.no_tips.contains(&ServiceName::DineIn),
            },
            take_money: match self.take_money {
                TakingName::Accepted => Taking::Accepted,
                TakingName::Ready => Taking::Ready,
            },
            tips_for: tips_for.map(TipsForView::said).unwrap_or_default(),
            meal_vouchers: vouchers.map(VouchersView::said).transpose()?,
            tabs: self.tabs.as_ref().map(TabsView::said).transpose()?,
        })
    }
}

/// Begins what works on its own: forgetting what other nodes have changed.
pub(super) fn start(app: &App, tasks: &Tasks) {
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
            let rules = asked.rules()?;
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
        engine::follow(&self.0.rules, (&self.0.bus, &[CHANGED]), &stop).await
    }
}

impl Remembers for Remembered {
    async fn learn(&self, message: &Message) {
        match serde_json::from_str::<Told>(&message.payload) {
            Ok(told) => self.0.invalidate_key(&told.restaurant.to_string()).await,
            Err(_) => self.forget_all(),
        }
    }

    fn forget_all(&self) {
        self.0.invalidate_all();
    }
}

/// A plain amount of whichever currency, as it is written.
fn hundredths(field: &'static str, text: &str) -> Result<i64> {
    let amount = Money::parse(text, Currency::EUR);
    let amount = amount.map_err(|error| slice::wrong(field, error.to_string()))?;
    match amount.minor() {
        minor @ 0.. => Ok(minor),
        _ => Err(slice::wrong(field, "it is not below zero")),
    }
}

fn shown(hundredths: i64) -> String {
    Money::new(hundredths, Currency::EUR).amount()
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
