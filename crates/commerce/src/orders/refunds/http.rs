//! The routes of refunds: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use edge::{Answer, Criticality, Granted, Json, Path, Policy, Rate, Route, Routes};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Ask;
use trade::orders::OrderId;
use trade::payments::RefundId;
use utoipa::IntoParams;

use super::view::{RefundAsked, RefundView, RefundsView};
use super::{App, Word};
use crate::orders::http::OfOrder;

const PATH: &str = "/api/orders/{order}/refunds";
const WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRefund {
    /// Of which order.
    #[param(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    order: OrderId,
    /// Which refund.
    #[param(value_type = String, pattern = "^rfd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    refund: RefundId,
}

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
        .add(
            said(
                "/api/orders/{order}/refunds/{refund}/approve",
                "refunds.approve",
            )
            .about("Agree to a refund that somebody else has asked for")
            .handler(approve),
        )
        .add(
            said(
                "/api/orders/{order}/refunds/{refund}/decline",
                "refunds.decline",
            )
            .about("End a refund that a second person has to agree to")
            .handler(decline),
        )
}

fn said(path: &'static str, name: &'static str) -> Route<App> {
    of(Method::POST, path, name)
        .policy(Policy::May(Permission::RefundsChange.name()))
        .path::<OfRefund>()
        .takes_nothing()
        .answers::<RefundView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND, codes::PAYMENT_REFUSED])
}

fn route(method: Method, name: &'static str, permission: Permission) -> Route<App> {
    of(method, PATH, name)
        .policy(Policy::May(permission.name()))
        .path::<OfOrder>()
}

fn of(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag("orders")
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
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

async fn approve(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfRefund>,
) -> Answer<Json<RefundView>> {
    let which = ((of.order, of.refund), &granted);
    Ok(Json(app.answer(&ask, which, Word::Approve).await?))
}

async fn decline(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfRefund>,
) -> Answer<Json<RefundView>> {
    let which = ((of.order, of.refund), &granted);
    Ok(Json(app.answer(&ask, which, Word::Decline).await?))
}
