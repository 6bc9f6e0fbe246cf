//! The routes of search: extract, ask memory, convert. None of them asks a database, but the operator's.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::{Time, codes};
use carte::{Key, Service};
use domain::organisations::RestaurantId;
use domain::venues::{Position, RADIUS_METRES_MAX};
use edge::{Answer, Criticality, Json, Page, Path, Policy, Query, Rate, Route, Routes, Site};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use slice::{Turn, wrong};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::find::{Filter, Listed, Open, Sort};
use super::view::{FoundRestaurant, FoundView, ListedRestaurant, RestaurantPage};

const WITHIN: Duration = Duration::from_secs(2);
/// How many are found by words when nothing is said.
const FOUND: u32 = 20;
/// Who keeps an answer asks whether it is still so: a restaurant may pause at any moment.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

/// In which order a list is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// The nearest first.
    Distance,
    /// By name.
    Name,
    /// Those first that were made last.
    Newest,
}

/// Which restaurants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those that cook this.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    cuisine: Option<Key>,
    /// Only those in this town, however it is written.
    #[param(min_length = 1, max_length = 120)]
    city: Option<String>,
    /// Only those that are open now, for the service if one is named.
    open: Option<bool>,
    /// Only those that offer this.
    #[param(value_type = Option<String>, pattern = "^(delivery|pickup|dine_in)$")]
    service: Option<Service>,
    /// Seen from here: degrees north and east, with six digits at most behind the point.
    #[param(
        pattern = "^-?(90(\\.0{1,6})?|[0-8]?[0-9](\\.[0-9]{1,6})?),-?(180(\\.0{1,6})?|(1[0-7][0-9]|[0-9]{1,2})(\\.[0-9]{1,6})?)$",
        example = "46.498295,11.354758"
    )]
    near: Option<String>,
    /// With `near`: only those within so many metres.
    #[param(minimum = 1, maximum = 100_000)]
    radius: Option<u32>,
    /// In which order: `distance` (with `near`), `name` or `newest`. By distance when `near` is said, else by name.
    #[param(value_type = Option<String>, pattern = "^(distance|name|newest)$")]
    sort: Option<Order>,
    /// How many entries at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Looked {
    /// Words of names, cuisines, towns and items; they may be typed wrong, and the last one halfway.
    #[param(min_length = 1, max_length = 100)]
    q: String,
    /// Only those that are open now, for the service if one is named.
    open: Option<bool>,
    /// Only those that offer this.
    #[param(value_type = Option<String>, pattern = "^(delivery|pickup|dine_in)$")]
    service: Option<Service>,
    /// Seen from here: what is near comes before what fits as well. Degrees north and east.
    #[param(
        pattern = "^-?(90(\\.0{1,6})?|[0-8]?[0-9](\\.[0-9]{1,6})?),-?(180(\\.0{1,6})?|(1[0-7][0-9]|[0-9]{1,2})(\\.[0-9]{1,6})?)$",
        example = "46.498295,11.354758"
    )]
    near: Option<String>,
    /// With `near`: only those within so many metres.
    #[param(minimum = 1, maximum = 100_000)]
    radius: Option<u32>,
    /// How many at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// How search stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IndexView {
    /// Restaurants in the memory of this node.
    restaurants: usize,
    /// Items of their menus.
    items: usize,
    /// Different words.
    words: usize,
    /// Restaurants that are still to be published anew, in the whole region.
    stale: i64,
}

/// The routes of search.
pub fn routes(app: &App) -> Routes {
    Routes::new()
        .add(
            public("/api/restaurants", "restaurants.list_public")
                .about("List the restaurants of the region that can be ordered from")
                .query::<Which>()
                .answers::<Page<ListedRestaurant>>(StatusCode::OK)
                .fails(&[codes::CURSOR_REFUSED])
                .handler(list),
        )
        .add(
            public("/api/restaurants/search", "restaurants.search")
                .about("Find restaurants by words, with the items that have them")
                .query::<Looked>()
                .answers::<FoundView>(StatusCode::OK)
                .handler(search),
        )
        .add(
            public("/api/restaurants/{restaurant}", "restaurants.page")
                .about("Read what everybody may know of a restaurant")
                .path::<OfRestaurant>()
                .answers::<RestaurantPage>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(page),
        )
        .add(
            operators(Method::GET, "search.read")
                .about("Read how much can be searched, and what is still to be published")
                .answers::<IndexView>(StatusCode::OK)
                .handler(read),
        )
        .add(
            operators(Method::POST, "search.rebuild")
                .about("Publish all restaurants anew")
                .answers::<IndexView>(StatusCode::ACCEPTED)
                .handler(rebuild),
        )
        .with_state(app.clone())
}

fn public(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::GET, path, name)
        .tag("restaurants")
        .policy(Policy::Public)
        .rate(Rate::Read)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
        .takes_nothing()
}

fn operators(method: Method, name: &'static str) -> Route<App> {
    let path = match method {
        Method::GET => "/api/search",
        _ => "/api/search/rebuild",
    };
    Route::new(method, path, name)
        .tag("operators")
        .policy(Policy::Operator)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(Duration::from_secs(10))
        .takes_nothing()
}

impl Which {
    fn filter(&self, now: Time, site: Site) -> base::Result<Filter> {
        Ok(Filter {
            now,
            site: site.0,
            cuisine: self.cuisine.clone(),
            city: self.city.clone(),
            service: self.service,
            open: open(self.open),
            near: near(self.near.as_deref())?,
            radius: radius(self.radius)?,
        })
    }

    fn sort(&self) -> Sort {
        match (self.sort, &self.near) {
            (None | Some(Order::Distance), Some(_)) => Sort::Distance,
            (None | Some(Order::Name | Order::Distance), _) => Sort::Name,
            (Some(Order::Newest), _) => Sort::Newest,
        }
    }

    /// Names the list: a cursor of another one leads nowhere in it.
    fn scope(&self, site: Site) -> String {
        format!(
            "public restaurants of {:?}: {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            site.0,
            self.cuisine,
            self.city,
            self.open.unwrap_or_default(),
            self.service,
            self.near,
            self.radius,
            self.sort(),
        )
    }
}

async fn list(State(app): State<App>, site: Site, Query(which): Query<Which>) -> Answer<Response> {
    let now = app.now();
    let filter = which.filter(now, site)?;
    let (sort, scope) = (which.sort(), which.scope(site));
    let turn = Turn::new(which.limit, which.cursor)?;
    let (listed, next) = app.list(&filter, (sort, &scope), &turn)?;
    let items = listed
        .iter()
        .map(|listed| ListedRestaurant::new(listed, now));
    Ok(fresh(Json(Page {
        items: items.collect(),
        next,
    })))
}

async fn search(
    State(app): State<App>,
    site: Site,
    Query(looked): Query<Looked>,
) -> Answer<Response> {
    let now = app.now();
    let limit = looked.limit.unwrap_or(FOUND);
    if !(1..=50).contains(&limit) {
        return Err(wrong("limit", "a limit is a whole number from 1 to 50").into());
    }
    if !(1..=100).contains(&looked.q.chars().count()) {
        return Err(wrong("q", "what is looked for has 1 to 100 characters").into());
    }
    let filter = Filter {
        now,
        site: site.0,
        cuisine: None,
        city: None,
        service: looked.service,
        open: open(looked.open),
        near: near(looked.near.as_deref())?,
        radius: radius(looked.radius)?,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let hits = app.search(&looked.q, &filter, limit)?.into_iter();
    let items = hits.map(|hit| FoundRestaurant::new(hit, now)).collect();
    Ok(fresh(Json(FoundView { items })))
}

async fn page(
    State(app): State<App>,
    site: Site,
    Path(of): Path<OfRestaurant>,
) -> Answer<Response> {
    let card = app.card(of.restaurant, site.0)?;
    let listed = Listed { card, metres: None };
    Ok(fresh(Json(RestaurantPage::new(&listed, app.now()))))
}

async fn read(State(app): State<App>) -> Answer<Json<IndexView>> {
    let stale = app.stale().await?;
    Ok(Json(shown(&app, stale)))
}

async fn rebuild(State(app): State<App>) -> Answer<(StatusCode, Json<IndexView>)> {
    let stale = app.want_all().await?;
    Ok((StatusCode::ACCEPTED, Json(shown(&app, stale))))
}

fn shown(app: &App, stale: i64) -> IndexView {
    let size = app.size();
    IndexView {
        restaurants: size.restaurants,
        items: size.items,
        words: size.words,
        stale,
    }
}

fn fresh(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(CACHE_CONTROL, ASK_AGAIN);
    response
}

fn open(said: Option<bool>) -> Open {
    match said {
        Some(true) => Open::Now,
        Some(false) | None => Open::Whichever,
    }
}

fn radius(said: Option<u32>) -> base::Result<Option<u32>> {
    match said {
        Some(metres) if !(1..=RADIUS_METRES_MAX).contains(&metres) => {
            let said = format!("a radius is 1 to {RADIUS_METRES_MAX} metres");
            Err(wrong("radius", said))
        }
        radius => Ok(radius),
    }
}

/// A position as it is written in an address: degrees, a comma, degrees.
fn near(text: Option<&str>) -> base::Result<Option<Position>> {
    let Some(text) = text else { return Ok(None) };
    let refused = || wrong("near", "a position is written like 46.498295,11.354758");
    let (lat, lng) = text.split_once(',').ok_or_else(refused)?;
    let degrees = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |text: &str, max: usize| {
            (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_plain = is_number(whole, 3) && is_number(part, 6);
        is_plain.then(|| text.parse::<f64>().ok()).flatten()
    };
    let (lat, lng) = (degrees(lat), degrees(lng));
    let (lat, lng) = lat.zip(lng).ok_or_else(refused)?;
    Position::of_degrees(lat, lng)
        .map(Some)
        .map_err(|_| refused())
}
