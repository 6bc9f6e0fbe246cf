//! The routes of carts: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::{Error, Result, codes};
use domain::people::PersonId;
use edge::{Answer, Caller, Criticality, Json, Path, Policy, Rate, Route, Routes, Versioned};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Ask;
use trade::carts::CartId;
use utoipa::IntoParams;

use super::app::{App, Which};
use super::body::key;
use super::view::{CartDetails, CartLine, CartView, Carts, NewCart};

const TAG: &str = "carts";
const WITHIN: Duration = Duration::from_secs(5);
const CARTS: &str = "/api/carts";
const CART: &str = "/api/carts/{cart}";
const LINES: &str = "/api/carts/{cart}/items";
const LINE: &str = "/api/carts/{cart}/items/{line}";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfCart {
    /// Which cart.
    #[param(value_type = String, pattern = "^crt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cart: CartId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfLine {
    /// Which cart.
    #[param(value_type = String, pattern = "^crt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cart: CartId,
    /// Which line.
    #[param(min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
    line: String,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    whole().with(lines()).with_state(app.clone())
}

fn whole() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::POST, CARTS, "carts.create")
                .about("Make a cart, empty, with lines, or with what an earlier order had")
                .takes::<NewCart>()
                .answers::<CartView>(StatusCode::CREATED)
                .fails(&[codes::NOT_FOUND, codes::ORDER_REFUSED, codes::TOO_MANY])
                .handler(create),
        )
        .add(
            route(Method::GET, CARTS, "carts.list")
                .about("List the carts of the caller")
                .takes_nothing()
                .answers::<Carts>(StatusCode::OK)
                .handler(list),
        )
        .add(
            route(Method::GET, CART, "carts.read")
                .about("Read a cart: what it costs now, and what has become of its lines")
                .path::<OfCart>()
                .takes_nothing()
                .answers::<CartView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read),
        )
        .add(
            route(Method::PUT, CART, "carts.change")
                .about("Say how, where and when a cart is wanted, its coupon and its tip")
                .path::<OfCart>()
                .takes::<CartDetails>()
                .answers::<CartView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::TOO_MANY, codes::VERSION_CHANGED])
                .handler(change),
        )
        .add(
            route(Method::DELETE, CART, "carts.remove")
                .about("Throw a cart away")
                .path::<OfCart>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND])
                .handler(remove),
        )
}

fn lines() -> Routes<App> {
    let fails = [
        codes::NOT_FOUND,
        codes::ORDER_REFUSED,
        codes::TOO_MANY,
        codes::VERSION_CHANGED,
    ];
    Routes::new()
        .add(
            route(Method::POST, LINES, "carts.add")
                .about("Put something into a cart; what is in it alike becomes more")
                .path::<OfCart>()
                .takes::<CartLine>()
                .answers::<CartView>(StatusCode::OK)
                .fails(&fails)
                .handler(add),
        )
        .add(
            route(Method::PUT, LINE, "carts.put")
                .about("Say anew what a line of a cart is")
                .path::<OfLine>()
                .takes::<CartLine>()
                .answers::<CartView>(StatusCode::OK)
                .fails(&fails)
                .handler(put),
        )
        .add(
            route(Method::DELETE, LINE, "carts.take_out")
                .about("Take a line out of a cart")
                .path::<OfLine>()
                .takes_nothing()
                .answers::<CartView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
                .handler(take_out),
        )
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(Policy::SignedIn)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
        .fails(&[codes::FORBIDDEN])
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Json(asked): Json<NewCart>,
) -> Answer<(StatusCode, Versioned<CartView>)> {
    let made = app.create((&ask, person(&caller)?), &asked).await?;
    Ok((StatusCode::CREATED, Versioned(made.version, made)))
}

async fn list(State(app): State<App>, caller: Caller) -> Answer<Json<Carts>> {
    Ok(Json(app.list(person(&caller)?).await?))
}

async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfCart>,
) -> Answer<Versioned<CartView>> {
    let found = app.read(person(&caller)?, of.cart).await?;
    Ok(Versioned(found.version, found))
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfCart>,
    Json(said): Json<CartDetails>,
) -> Answer<Versioned<CartView>> {
    let found = app.details(which(&ask, &caller, of.cart)?, &said).await?;
    Ok(Versioned(found.version, found))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfCart>,
) -> Answer<StatusCode> {
    app.remove(person(&caller)?, of.cart).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn add(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfCart>,
    Json(said): Json<CartLine>,
) -> Answer<Versioned<CartView>> {
    let found = app.put(which(&ask, &caller, of.cart)?, (None, &said));
    let found = found.await?;
    Ok(Versioned(found.version, found))
}

async fn put(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfLine>,
    Json(said): Json<CartLine>,
) -> Answer<Versioned<CartView>> {
    let key = key(&of.line)?;
    let found = app.put(which(&ask, &caller, of.cart)?, (Some(&key), &said));
    let found = found.await?;
    Ok(Versioned(found.version, found))
}

async fn take_out(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfLine>,
) -> Answer<Versioned<CartView>> {
    let key = key(&of.line)?;
    let found = app.take_out(which(&ask, &caller, of.cart)?, &key).await?;
    Ok(Versioned(found.version, found))
}

fn which<'a>(ask: &'a Ask, caller: &Caller, cart: CartId) -> Result<Which<'a>> {
    Ok(Which {
        ask,
        person: person(caller)?,
        cart,
    })
}

/// Whoever has a cart is a person, or a guest.
fn person(caller: &Caller) -> Result<PersonId> {
    let person = caller.person().map(PersonId::from);
    person.ok_or_else(|| Error::forbidden(codes::FORBIDDEN, "only people have carts"))
}
