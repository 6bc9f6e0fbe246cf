//! The routes of the ledger: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::{Error, Result, Time, codes};
use domain::access::Permission;
use domain::organisations::OrganisationId;
use edge::{
    Answer, Criticality, Granted, Json, Page, Path, Places, Policy, Query, Rate, Route, Routes,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Turn;
use utoipa::IntoParams;

use super::app::{App, Period, SUMMED_MAX};
use super::view::{BalanceView, TransactionView};

const LIST_WITHIN: Duration = Duration::from_secs(5);
/// A balance reads all that was posted in its period.
const BALANCE_WITHIN: Duration = Duration::from_secs(30);
const TAG: &str = "ledger";

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
struct Part {
    /// The first moment, as 2026-11-21T08:00:00Z; from the beginning when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// The moment before which it ends; to the end when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    /// How many transactions at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before, of the same period.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Span {
    /// The first moment, as 2026-11-01T00:00:00Z; from the beginning when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// The moment before which it ends; to the end when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    let list_path = "/api/organisations/{organisation}/ledger";
    let balance_path = "/api/organisations/{organisation}/ledger/balance";
    let may = Policy::May(Permission::ReportsRead.name());
    let routes = Routes::new()
        .add(
            Route::new(Method::GET, list_path, "ledger.list")
                .about("List what was posted to the ledger of an organisation, the oldest first")
                .tag(TAG)
                .rate(Rate::Api)
                .criticality(Criticality::Normal)
                .policy(may)
                .deadline(LIST_WITHIN)
                .takes_nothing()
                .path::<OfOrganisation>()
                .query::<Part>()
                .answers::<Page<TransactionView>>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::CURSOR_REFUSED,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(list),
        )
        .add(
            Route::new(Method::GET, balance_path, "ledger.balance")
                .about("Sum up the accounts of an organisation over a period")
                .tag(TAG)
                .rate(Rate::Api)
                .criticality(Criticality::Background)
                .policy(may)
                .deadline(BALANCE_WITHIN)
                .takes_nothing()
                .path::<OfOrganisation>()
                .query::<Span>()
                .answers::<BalanceView>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::FIELD_INVALID,
                    codes::MONEY_OVERFLOW,
                ])
                .handler(balance),
        );
    routes.with_state(app.clone())
}

async fn list(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<TransactionView>>> {
    whole(&granted)?;
    let turn = Turn::new(part.limit, part.cursor)?;
    let period = period(part.from, part.to);
    let found = app.list(of.organisation, period, &turn).await?;
    let found = found.map(|posted| TransactionView::from(&posted));
    Ok(Json(found.into()))
}

async fn balance(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
    Query(span): Query<Span>,
) -> Answer<Json<BalanceView>> {
    whole(&granted)?;
    let period = period(span.from, span.to);
    let number = of.organisation.organisation();
    let balance = app.balance(number, period, SUMMED_MAX).await?;
    Ok(Json(BalanceView::from(&balance)))
}

/// The books are those of the whole organisation, so whoever reads them reads for all of its places.
///
/// # Errors
/// The caller may do this in a part of it only.
pub fn whole(granted: &Granted) -> Result<()> {
    match granted.places {
        Places::All => Ok(()),
        Places::Only(_) => Err(Error::forbidden(
            codes::FORBIDDEN,
            "the caller may do this in a part of the organisation only",
        )),
    }
}

fn period(from: Option<Time>, to: Option<Time>) -> Period {
    Period {
        from: from.unwrap_or(Period::ALL.from),
        until: to.unwrap_or(Period::ALL.until),
    }
}
