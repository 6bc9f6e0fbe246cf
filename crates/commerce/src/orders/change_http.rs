//! The routes of changes: extract, call, convert.

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use edge::{
    Answer, Caller, Criticality, Granted, Json, Path, Policy, Rate, Route, Routes, Versioned,
};
use http::{Method, StatusCode};
use slice::Ask;

use super::app::App;
use super::http::{CHANGE_WITHIN, OfOrder, diner, person};
use super::view::{ConsentAsked, LinesAsked, OrderView, OwnLinesAsked, WithdrawAsked};

/// The routes of changes.
pub(super) fn routes() -> Routes<App> {
    of_restaurants().with(of_diners())
}

fn of_restaurants() -> Routes<App> {
    Routes::new()
        .add(
            change(
                Method::PATCH,
                "/api/orders/{order}/lines",
                "orders.change_lines",
            )
            .about("Add lines to an order, take them out, replace them or count them anew")
            .policy(Policy::May(Permission::OrdersChange.name()))
            .takes::<LinesAsked>()
            .answers::<OrderView>(StatusCode::OK)
            .fails(&[
                codes::NOT_FOUND,
                codes::ORDER_CLOSED,
                codes::ORDER_MOVED,
                codes::ORDER_REFUSED,
                codes::ORDER_UNPAID,
                codes::VERSION_CHANGED,
            ])
            .handler(change_lines),
        )
        .add(
            change(
                Method::POST,
                "/api/orders/{order}/lines/withdraw",
                "orders.withdraw",
            )
            .about("Take back a change of an order that waits for whoever placed it")
            .policy(Policy::May(Permission::OrdersChange.name()))
            .takes::<WithdrawAsked>()
            .answers::<OrderView>(StatusCode::OK)
            .fails(&[
                codes::FORBIDDEN,
                codes::NOT_FOUND,
                codes::ORDER_CLOSED,
                codes::ORDER_MOVED,
                codes::VERSION_CHANGED,
            ])
            .handler(withdraw),
        )
}

fn of_diners() -> Routes<App> {
    Routes::new()
        .add(
            change(Method::PATCH, "/api/orders/{order}", "orders.change_own")
                .about("Change the lines of an order that the caller has placed")
                .takes::<OwnLinesAsked>()
                .answers::<OrderView>(StatusCode::OK)
                .fails(&[
                    codes::FORBIDDEN,
                    codes::NOT_FOUND,
                    codes::ORDER_CLOSED,
                    codes::ORDER_MOVED,
                    codes::ORDER_REFUSED,
                    codes::ORDER_UNPAID,
                    codes::VERSION_CHANGED,
                ])
                .handler(change_own),
        )
        .add(
            change(
                Method::POST,
                "/api/orders/{order}/consent",
                "orders.consent",
            )
            .about("Say yes or no to a change that waits for the word of who placed the order")
            .takes::<ConsentAsked>()
            .answers::<OrderView>(StatusCode::OK)
            .fails(&[
                codes::FORBIDDEN,
                codes::NOT_FOUND,
                codes::ORDER_CLOSED,
                codes::ORDER_MOVED,
                codes::ORDER_UNPAID,
                codes::VERSION_CHANGED,
            ])
            .handler(consent),
        )
}

fn change(method: Method, path: &'static str, operation: &'static str) -> Route<App> {
    diner(method, path, operation)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(CHANGE_WITHIN)
        .path::<OfOrder>()
}

async fn change_lines(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<LinesAsked>,
) -> Answer<Versioned<OrderView>> {
    let changed = app.change_lines(&ask, (of.order, &granted), &asked).await?;
    Ok(Versioned(changed.version, changed))
}

async fn withdraw(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<WithdrawAsked>,
) -> Answer<Versioned<OrderView>> {
    let said = app.withdraw(&ask, (of.order, &granted), &asked).await?;
    Ok(Versioned(said.version, said))
}

async fn change_own(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<OwnLinesAsked>,
) -> Answer<Versioned<OrderView>> {
    let which = (person(&caller)?, of.order);
    let changed = app.change_own(&ask, which, &asked).await?;
    Ok(Versioned(changed.version, changed))
}

async fn consent(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<ConsentAsked>,
) -> Answer<Versioned<OrderView>> {
    let which = (person(&caller)?, of.order);
    let said = app.consent(&ask, which, &asked).await?;
    Ok(Versioned(said.version, said))
}
