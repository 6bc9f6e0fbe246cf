//! The routes of credit notes: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use domain::organisations::OrganisationId;
use edge::{
    Answer, Caller, Criticality, Granted, Json, Page, Path, Policy, Query, Rate, Route, Routes,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Turn;
use utoipa::IntoParams;

use super::App;
use super::view::{CreditNoteView, CreditNotesView};
use crate::ledger;
use crate::orders::http::{OfOrder, TAG, person};

const WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OfYear {
    /// Of which year.
    #[param(minimum = 2000, maximum = 2199)]
    year: i64,
    /// How many notes at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before, of the same year.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// The routes of credit notes.
pub(in crate::orders) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            route("/api/orders/{order}/credit-notes", "credit_notes.of_order")
                .about("List the credit notes of an order")
                .policy(Policy::May(Permission::OrdersRead.name()))
                .path::<OfOrder>()
                .answers::<CreditNotesView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(of_order),
        )
        .add(
            route("/api/me/orders/{order}/credit-notes", "credit_notes.own")
                .about("List the credit notes of an order that the caller has placed")
                .policy(Policy::SignedIn)
                .path::<OfOrder>()
                .answers::<CreditNotesView>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN, codes::NOT_FOUND])
                .handler(own),
        )
        .add(
            route(
                "/api/organisations/{organisation}/credit-notes",
                "credit_notes.list",
            )
            .about("List the credit notes of an organisation and a year, the last one first")
            .policy(Policy::May(Permission::ReportsRead.name()))
            .path::<OfOrganisation>()
            .query::<OfYear>()
            .answers::<Page<CreditNoteView>>(StatusCode::OK)
            .fails(&[
                codes::NOT_FOUND,
                codes::CURSOR_REFUSED,
                codes::LIMIT_OUT_OF_RANGE,
            ])
            .handler(list),
        )
}

fn route(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::GET, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
        .takes_nothing()
}

async fn of_order(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrder>,
) -> Answer<Json<CreditNotesView>> {
    Ok(Json(app.credit_notes((of.order, &granted)).await?))
}

async fn own(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfOrder>,
) -> Answer<Json<CreditNotesView>> {
    let found = app.own_credit_notes((person(&caller)?, of.order)).await?;
    Ok(Json(found))
}

async fn list(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
    Query(asked): Query<OfYear>,
) -> Answer<Json<Page<CreditNoteView>>> {
    ledger::whole(&granted)?;
    let turn = Turn::new(asked.limit, asked.cursor)?;
    let found = app.credit_notes_of(of.organisation, asked.year, &turn);
    Ok(Json(found.await?.into()))
}
