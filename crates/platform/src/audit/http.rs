//! The routes of the audit log. Whoever reads it is written down in it.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::{Time, codes};
use domain::access::Permission;
use domain::organisations::OrganisationId;
use edge::{Answer, Criticality, Granted, Json, Page, Path, Policy, Query, Rate, Route, Routes};
use http::{HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use slice::Turn;
use utoipa::IntoParams;

use super::app::{App, Report};
use super::csv;
use super::list::{Period, Whose};
use super::view::{EntryView, ReportView};

const LIST_WITHIN: Duration = Duration::from_secs(5);
const REPORT_WITHIN: Duration = Duration::from_secs(20);
const TAG: &str = "audit";
const CSV: &str = "text/csv; charset=utf-8";
/// The cursor of the next part of a report that has no place for it inside.
const NEXT: &str = "x-next-cursor";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[allow(
        dead_code,
        reason = "the gate has found the organisation by it; it is here for the document"
    )]
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
    /// The moment before which it ends; up to now when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    /// How many entries at most; 20 when nothing is said.
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
    /// The moment before which it ends; up to now when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    /// The cursor of the part before, of the same period.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// The routes of the audit log.
pub fn routes(app: &App) -> Routes {
    of_organisations()
        .with(of_operators())
        .with_state(app.clone())
}

fn of_organisations() -> Routes<App> {
    let may = Policy::May(Permission::AuditRead.name());
    Routes::new()
        .add(
            listing("/api/organisations/{organisation}/audit", "audit.list")
                .about("List what was done, read and refused in an organisation, the newest first")
                .policy(may)
                .path::<OfOrganisation>()
                .handler(list),
        )
        .add(
            report(
                "/api/organisations/{organisation}/audit/export",
                "audit.export",
            )
            .about("Export a period of the audit log of an organisation, with a summary")
            .policy(may)
            .path::<OfOrganisation>()
            .answers::<ReportView>(StatusCode::OK)
            .handler(export),
        )
        .add(
            report(
                "/api/organisations/{organisation}/audit/export.csv",
                "audit.export_csv",
            )
            .about("Export a period of the audit log of an organisation as a table")
            .policy(may)
            .path::<OfOrganisation>()
            .answers_text("text/csv")
            .handler(export_csv),
        )
}

fn of_operators() -> Routes<App> {
    Routes::new()
        .add(
            listing("/api/ops/audit", "ops.audit.list")
                .about("List what was done, read and refused on the platform, the newest first")
                .policy(Policy::Operator)
                .handler(list_all),
        )
        .add(
            report("/api/ops/audit/export", "ops.audit.export")
                .about("Export a period of the audit log of the platform, with a summary")
                .policy(Policy::Operator)
                .answers::<ReportView>(StatusCode::OK)
                .handler(export_all),
        )
        .add(
            report("/api/ops/audit/export.csv", "ops.audit.export_csv")
                .about("Export a period of the audit log of the platform as a table")
                .policy(Policy::Operator)
                .answers_text("text/csv")
                .handler(export_all_csv),
        )
}

fn reading(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::GET, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .takes_nothing()
        .reads_personal()
}

fn listing(path: &'static str, name: &'static str) -> Route<App> {
    reading(path, name)
        .criticality(Criticality::Normal)
        .deadline(LIST_WITHIN)
        .query::<Part>()
        .answers::<Page<EntryView>>(StatusCode::OK)
        .fails(&[codes::CURSOR_REFUSED, codes::LIMIT_OUT_OF_RANGE])
}

fn report(path: &'static str, name: &'static str) -> Route<App> {
    reading(path, name)
        .criticality(Criticality::Background)
        .deadline(REPORT_WITHIN)
        .query::<Span>()
        .fails(&[codes::CURSOR_REFUSED])
}

async fn list(
    State(app): State<App>,
    Path(_): Path<OfOrganisation>,
    granted: Granted,
    Query(part): Query<Part>,
) -> Answer<Json<Page<EntryView>>> {
    page(&app, Whose::Of(granted.organisation), part).await
}

async fn list_all(
    State(app): State<App>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<EntryView>>> {
    page(&app, Whose::Everybodys, part).await
}

async fn page(app: &App, whose: Whose, part: Part) -> Answer<Json<Page<EntryView>>> {
    let turn = Turn::new(part.limit, part.cursor)?;
    let of = (whose, Period::new(part.from, part.to));
    let page = app.page(of, &turn).await?;
    Ok(Json(page.map(|link| EntryView::from(&link)).into()))
}

async fn export(
    State(app): State<App>,
    Path(_): Path<OfOrganisation>,
    granted: Granted,
    Query(span): Query<Span>,
) -> Answer<Json<ReportView>> {
    let report = part(&app, Whose::Of(granted.organisation), &span).await?;
    Ok(Json(report.into()))
}

async fn export_csv(
    State(app): State<App>,
    Path(_): Path<OfOrganisation>,
    granted: Granted,
    Query(span): Query<Span>,
) -> Answer<Response> {
    let report = part(&app, Whose::Of(granted.organisation), &span).await?;
    Ok(table(&report))
}

async fn export_all(State(app): State<App>, Query(span): Query<Span>) -> Answer<Json<ReportView>> {
    Ok(Json(part(&app, Whose::Everybodys, &span).await?.into()))
}

async fn export_all_csv(State(app): State<App>, Query(span): Query<Span>) -> Answer<Response> {
    Ok(table(&part(&app, Whose::Everybodys, &span).await?))
}

async fn part(app: &App, whose: Whose, span: &Span) -> Answer<Report> {
    let of = (whose, Period::new(span.from, span.to));
    Ok(app.report(of, span.cursor.as_deref()).await?)
}

/// A part of a report as a table. Where it goes on stands in a header.
fn table(report: &Report) -> Response {
    let mut text = String::from(csv::HEAD);
    for link in &report.entries {
        text.push_str(&csv::line(link));
    }
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CSV));
    let name = HeaderValue::from_static("attachment; filename=\"audit.csv\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    if let Some(Ok(next)) = report.next.as_deref().map(HeaderValue::try_from) {
        headers.insert(NEXT, next);
    }
    response
}
