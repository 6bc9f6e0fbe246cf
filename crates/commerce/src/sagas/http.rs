//! The routes of operators over sagas: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use edge::{Answer, Criticality, Json, Page, Path, Policy, Query, Rate, Route, Routes};
use engine::sagas::Which;
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Turn, Why};
use trade::orders::OrderId;
use utoipa::IntoParams;

use super::app::{Act, App};
use super::order::OrderLook;
use super::view::{SagaId, SagaView};

const WITHIN: Duration = Duration::from_secs(10);
const TAG: &str = "operators";

/// Which sagas.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    /// Those that may run.
    Open,
    /// Those that wait for somebody to act.
    Parked,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Part {
    /// Those that are `parked` until somebody acts, or those that are `open`, which is what is listed otherwise.
    #[param(value_type = Option<String>, pattern = "^(open|parked)$")]
    state: Option<Wanted>,
    /// How many sagas at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before, of the same state.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfSaga {
    /// Which saga.
    #[param(value_type = String, pattern = "^sag_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    saga: SagaId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrder {
    /// Which order.
    #[param(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    order: OrderId,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    Routes::new()
        .add(
            route(Method::GET, "/api/ops/sagas", "sagas.list")
                .about("List sagas that are under way or stuck, the oldest first")
                .takes_nothing()
                .query::<Part>()
                .answers::<Page<SagaView>>(StatusCode::OK)
                .fails(&[codes::CURSOR_REFUSED, codes::LIMIT_OUT_OF_RANGE])
                .handler(list),
        )
        .add(
            route(Method::GET, "/api/ops/sagas/{saga}", "sagas.read")
                .about("Read how a saga stands")
                .takes_nothing()
                .path::<OfSaga>()
                .answers::<SagaView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read),
        )
        .add(
            route(Method::GET, "/api/ops/orders/{order}", "sagas.of_order")
                .about("Read all that goes on about an order, its money and its books")
                .policy(Policy::Inside)
                .takes_nothing()
                .path::<OfOrder>()
                .answers::<OrderLook>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(look),
        )
        .add(
            acting("/api/ops/sagas/{saga}/retry", "sagas.retry")
                .about("Let a saga run again from where it stands")
                .handler(retry),
        )
        .add(
            acting("/api/ops/sagas/{saga}/compensate", "sagas.compensate")
                .about("Have a saga undone, beginning with the step at which it stands")
                .handler(compensate),
        )
        .add(
            acting("/api/ops/sagas/{saga}/settle", "sagas.settle")
                .about("End a parked saga: what it could not do was put right by hand")
                .handler(settle),
        )
        .with(super::stuck_http::routes())
        .with_state(app.clone())
}

pub(super) fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(Policy::Operator)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
}

/// A route by which an operator acts upon a saga.
fn acting(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::POST, path, name)
        .once()
        .takes::<Why>()
        .path::<OfSaga>()
        .answers::<SagaView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND, codes::REFUSED, codes::VERSION_CHANGED])
}

async fn list(State(app): State<App>, Query(part): Query<Part>) -> Answer<Json<Page<SagaView>>> {
    let turn = Turn::new(part.limit, part.cursor)?;
    let which = match part.state {
        None | Some(Wanted::Open) => Which::Open,
        Some(Wanted::Parked) => Which::Parked,
    };
    Ok(Json(app.list(which, &turn).await?.into()))
}

async fn read(State(app): State<App>, Path(of): Path<OfSaga>) -> Answer<Json<SagaView>> {
    Ok(Json(app.read(of.saga).await?))
}

async fn look(State(app): State<App>, Path(of): Path<OfOrder>) -> Answer<Json<OrderLook>> {
    Ok(Json(app.look(of.order).await?))
}

async fn retry(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfSaga>,
    Json(body): Json<Why>,
) -> Answer<Json<SagaView>> {
    let why = (Act::Retry, body.reason()?);
    Ok(Json(app.act(&ask, of.saga, why).await?))
}

async fn compensate(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfSaga>,
    Json(body): Json<Why>,
) -> Answer<Json<SagaView>> {
    let why = (Act::Compensate, body.reason()?);
    Ok(Json(app.act(&ask, of.saga, why).await?))
}

async fn settle(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfSaga>,
    Json(body): Json<Why>,
) -> Answer<Json<SagaView>> {
    let why = (Act::Settle, body.reason()?);
    Ok(Json(app.act(&ask, of.saga, why).await?))
}
