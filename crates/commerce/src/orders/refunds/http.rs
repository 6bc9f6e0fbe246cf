//! The routes of refunds: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use edge::{Answer, Criticality, Granted, Json, Path, Policy, Rate, Route, Routes};
use http::{Method, StatusCode};
use slice::Ask;

use super::App;
use super::view::{RefundAsked, RefundView, RefundsView};
use crate::orders::http::OfOrder;

const PATH: &str = "/api/orders/{order}/refunds";
const WITHIN: Duration = Duration::from_secs(10);

/// The routes of refunds.
pub(in crate::orders) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::POST, "refunds.grant", Permission::RefundsChange)
                .about("Give something of an order back, line by line")
                .takes::<RefundAsked>()
                .answers::<RefundView>(StatusCode::CREATED)
                .fails(&[codes::NOT_FOUND, codes::ORDER_MOVED, codes::PAYMENT_REFUSED])
                .handler(grant),
        )
        .add(
            route(Method::GET, "refunds.list", Permission::OrdersRead)
                .about("List what was given back of an order")
                .takes_nothing()
                .answers::<RefundsView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(list),
        )
}

fn route(method: Method, name: &'static str, permission: Permission) -> Route<App> {
    Route::new(method, PATH, name)
        .tag("orders")
        .policy(Policy::May(permission.name()))
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
        .path::<OfOrder>()
}

async fn grant(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<RefundAsked>,
) -> Answer<(StatusCode, Json<RefundView>)> {
    let made = app.refund(&ask, (of.order, &granted), &asked).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn list(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrder>,
) -> Answer<Json<RefundsView>> {
    Ok(Json(app.refunds((of.order, &granted)).await?))
}
