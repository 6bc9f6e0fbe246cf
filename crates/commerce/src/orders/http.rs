//! The routes of orders: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::{Error, Result, codes};
use domain::access::Permission;
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use edge::{
    Answer, Caller, Criticality, Granted, Json, Page, Path, Policy, Query, Rate, Route, Routes,
    Versioned,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Part, Turn};
use trade::orders::OrderId;
use utoipa::IntoParams;

use super::app::App;
use super::view::{Asked, CancelAsked, MoveAsked, OrderView, PaidView, Returned};

pub(super) const TAG: &str = "orders";
const READ_WITHIN: Duration = Duration::from_secs(5);
pub(super) const CHANGE_WITHIN: Duration = Duration::from_secs(10);
/// A provider is asked meanwhile.
const PAY_WITHIN: Duration = Duration::from_secs(25);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfOrder {
    /// Which order.
    #[param(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(super) order: OrderId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(super) restaurant: RestaurantId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfBoth {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
    /// Which order.
    #[param(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    order: OrderId,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those that stand so; `open` is all that are under way.
    #[param(
        max_length = 20,
        pattern = "^(open|scheduled|pending|confirmed|preparing|ready_for_pickup|out_for_delivery|delivered|collected|served|cancelled|rejected|expired|returned)$"
    )]
    status: Option<String>,
    /// How many entries at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    of_diners()
        .with(of_own())
        .with(of_restaurants())
        .with(super::credit_notes::routes())
        .with(super::credits::routes())
        .with(super::change_http::routes())
        .with(super::refunds::routes())
        .with(super::rules::routes())
        .with(super::tips::routes())
        .with_state(app.clone())
}

fn of_diners() -> Routes<App> {
    Routes::new()
        .add(
            diner(Method::POST, "/api/orders", "orders.place")
                .about("Place an order")
                .rate(Rate::Orders)
                .criticality(Criticality::Critical)
                .deadline(CHANGE_WITHIN)
                .takes::<Asked>()
                .answers::<OrderView>(StatusCode::CREATED)
                .fails(&[
                    codes::CONFLICT,
                    codes::FORBIDDEN,
                    codes::NOT_FOUND,
                    codes::ORDER_REFUSED,
                    codes::VERSION_CHANGED,
                ])
                .handler(place),
        )
        .add(
            diner(Method::GET, "/api/orders", "orders.list")
                .about("List the orders that the caller has placed, the newest first")
                .rate(Rate::Api)
                .criticality(Criticality::Normal)
                .deadline(READ_WITHIN)
                .takes_nothing()
                .query::<Part>()
                .answers::<Page<OrderView>>(StatusCode::OK)
                .fails(&[
                    codes::CURSOR_REFUSED,
                    codes::FORBIDDEN,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(list),
        )
        .add(
            diner(Method::GET, "/api/me/payments", "orders.paid")
                .about("List what the caller has paid and got back, by order, the newest first")
                .rate(Rate::Api)
                .criticality(Criticality::Normal)
                .deadline(READ_WITHIN)
                .takes_nothing()
                .query::<Part>()
                .answers::<Page<PaidView>>(StatusCode::OK)
                .fails(&[
                    codes::CURSOR_REFUSED,
                    codes::FORBIDDEN,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(paid),
        )
        .add(
            diner(Method::GET, "/api/orders/{order}", "orders.read")
                .about("Read an order that the caller has placed")
                .rate(Rate::Api)
                .criticality(Criticality::Normal)
                .deadline(READ_WITHIN)
                .path::<OfOrder>()
                .takes_nothing()
                .answers::<OrderView>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN, codes::NOT_FOUND])
                .handler(read),
        )
}

fn of_own() -> Routes<App> {
    Routes::new()
        .add(
            diner(Method::POST, "/api/orders/{order}/cancel", "orders.cancel")
                .about("Take back an order that the caller has placed")
                .rate(Rate::Api)
                .criticality(Criticality::Normal)
                .deadline(CHANGE_WITHIN)
                .path::<OfOrder>()
                .takes::<CancelAsked>()
                .answers::<OrderView>(StatusCode::OK)
                .fails(&[
                    codes::CANCEL_TOO_LATE,
                    codes::FORBIDDEN,
                    codes::NOT_FOUND,
                    codes::ORDER_CLOSED,
                    codes::ORDER_MOVED,
                ])
                .handler(cancel),
        )
        .add(
            diner(
                Method::POST,
                "/api/orders/{order}/payment",
                "orders.came_back",
            )
            .about("Go on with the payment after the provider's page has sent the diner back")
            .rate(Rate::Api)
            .criticality(Criticality::Critical)
            .deadline(PAY_WITHIN)
            .path::<OfOrder>()
            .takes::<Returned>()
            .answers::<OrderView>(StatusCode::OK)
            .fails(&[codes::FORBIDDEN, codes::NOT_FOUND])
            .handler(came_back),
        )
}

fn of_restaurants() -> Routes<App> {
    Routes::new()
        .add(
            diner(Method::PATCH, "/api/orders/{order}/status", "orders.set")
                .about("Say how far an order is, or that it is not taken")
                .policy(Policy::May(Permission::OrdersChange.name()))
                .rate(Rate::Api)
                .criticality(Criticality::Critical)
                .deadline(CHANGE_WITHIN)
                .path::<OfOrder>()
                .takes::<MoveAsked>()
                .answers::<OrderView>(StatusCode::OK)
                .fails(&[
                    codes::CANCEL_TOO_LATE,
                    codes::NOT_FOUND,
                    codes::ORDER_CLOSED,
                    codes::ORDER_MOVED,
                    codes::ORDER_UNPAID,
                    codes::VERSION_CHANGED,
                ])
                .handler(set),
        )
        .add(
            diner(
                Method::POST,
                "/api/restaurants/{restaurant}/orders",
                "restaurant_orders.take",
            )
            .about("Take an order by phone or at the counter, for somebody without an account")
            .policy(Policy::May(Permission::OrdersChange.name()))
            .rate(Rate::Api)
            .criticality(Criticality::Critical)
            .deadline(CHANGE_WITHIN)
            .path::<OfRestaurant>()
            .takes::<Asked>()
            .answers::<OrderView>(StatusCode::CREATED)
            .fails(&[codes::CONFLICT, codes::NOT_FOUND, codes::ORDER_REFUSED])
            .handler(take),
        )
        .add(
            staff(
                "/api/restaurants/{restaurant}/orders",
                "restaurant_orders.list",
            )
            .about("List the orders of a restaurant, the newest first")
            .path::<OfRestaurant>()
            .query::<Which>()
            .answers::<Page<OrderView>>(StatusCode::OK)
            .fails(&[
                codes::CURSOR_REFUSED,
                codes::LIMIT_OUT_OF_RANGE,
                codes::NOT_FOUND,
            ])
            .handler(list_of),
        )
        .add(
            staff(
                "/api/restaurants/{restaurant}/orders/{order}",
                "restaurant_orders.read",
            )
            .about("Read an order of a restaurant")
            .path::<OfBoth>()
            .answers::<OrderView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND])
            .handler(read_of),
        )
}

pub(super) fn diner(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(Policy::SignedIn)
}

fn staff(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::GET, path, name)
        .tag(TAG)
        .policy(Policy::May(Permission::OrdersRead.name()))
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(READ_WITHIN)
        .takes_nothing()
        .reads_personal()
}

async fn place(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Json(asked): Json<Asked>,
) -> Answer<(StatusCode, Json<OrderView>)> {
    let placed = app.order((&ask, person(&caller)?), asked).await?;
    Ok((StatusCode::CREATED, Json(placed)))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Answer<Json<Page<OrderView>>> {
    let found = app.owns(person(&caller)?, &part.turn()?).await?;
    Ok(Json(found.into()))
}

async fn paid(
    State(app): State<App>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Answer<Json<Page<PaidView>>> {
    let found = app.pays(person(&caller)?, &part.turn()?).await?;
    Ok(Json(found.into()))
}

async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfOrder>,
) -> Answer<Versioned<OrderView>> {
    let found = app.own(person(&caller)?, of.order).await?;
    Ok(Versioned(found.version, found))
}

async fn cancel(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<CancelAsked>,
) -> Answer<Versioned<OrderView>> {
    let which = (person(&caller)?, of.order);
    let cancelled = app.cancel(&ask, which, &asked).await?;
    Ok(Versioned(cancelled.version, cancelled))
}

async fn came_back(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfOrder>,
    Json(back): Json<Returned>,
) -> Answer<Versioned<OrderView>> {
    let found = app.came_back((person(&caller)?, of.order), &back);
    let found = found.await?;
    Ok(Versioned(found.version, found))
}

async fn set(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<MoveAsked>,
) -> Answer<Versioned<OrderView>> {
    let set = app.set(&ask, (of.order, &granted), &asked).await?;
    Ok(Versioned(set.version, set))
}

async fn take(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(asked): Json<Asked>,
) -> Answer<(StatusCode, Json<OrderView>)> {
    let taken = app
        .take_call((&ask, &granted), of.restaurant, &asked)
        .await?;
    Ok((StatusCode::CREATED, Json(taken)))
}

async fn list_of(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
    Query(which): Query<Which>,
) -> Answer<Json<Page<OrderView>>> {
    let turn = Turn::new(which.limit, which.cursor)?;
    let found = app.list(of.restaurant, which.status.as_deref(), &turn);
    Ok(Json(found.await?.into()))
}

async fn read_of(State(app): State<App>, Path(of): Path<OfBoth>) -> Answer<Versioned<OrderView>> {
    let found = app.seen(of.restaurant, of.order).await?;
    Ok(Versioned(found.version, found))
}

/// Whoever orders is a person.
pub(super) fn person(caller: &Caller) -> Result<PersonId> {
    let person = caller.person().map(PersonId::from);
    person.ok_or_else(|| Error::forbidden(codes::FORBIDDEN, "only people order for themselves"))
}
