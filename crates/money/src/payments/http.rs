//! The routes of payments: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::{Currency, Error, Money, Result, Time, codes};
use bytes::BytesMut;
use domain::access::Permission;
use domain::organisations::OrganisationId;
use edge::{
    Answer, Body, Criticality, Granted, Json, Path, Places, Policy, Query, Rate, Route, Routes,
};
use http::{HeaderMap, Method, StatusCode};
use rpc::providers::NOTICE_BYTES_MAX;
use serde::{Deserialize, Serialize};
use trade::payments::ProviderName;
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::reconcile::{self, Difference, Line, Moved};

/// A notice may have to be verified with the provider itself.
const NOTICE_WITHIN: Duration = Duration::from_secs(15);
const RECONCILE_WITHIN: Duration = Duration::from_secs(30);
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
const TAG: &str = "payments";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfProvider {
    /// Which provider.
    #[param(value_type = String, pattern = "^[a-z][a-z0-9-]{0,19}$")]
    provider: ProviderName,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfSettlement {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// Which provider.
    #[param(value_type = String, pattern = "^[a-z][a-z0-9-]{0,19}$")]
    provider: ProviderName,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Span {
    /// Payments that were begun from this moment on, as 2026-11-01T00:00:00Z; from the beginning when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// And before this moment; to the end when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    /// The currency of the file.
    #[param(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: Currency,
}

/// In what a settlement file differs from our rows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReconciledView {
    /// How many movements our rows have.
    pub ours: u64,
    /// How many lines the file has.
    pub theirs: u64,
    /// Every difference, in the order of the references.
    pub differences: Vec<DifferenceView>,
}

/// One difference.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DifferenceView {
    /// What differs.
    #[schema(pattern = "^(only_ours|only_theirs|amount|twice)$")]
    pub what: String,
    /// What the provider calls the movement.
    pub reference: String,
    /// Which way the money went.
    #[schema(pattern = "^(capture|refund)$")]
    pub kind: String,
    /// How much it is in our rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<String>,
    /// How much it is in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<String>,
}

impl DifferenceView {
    fn of(difference: &Difference, currency: Currency) -> Self {
        let amount = |minor| Some(Money::new(minor, currency).amount());
        let (what, line, ours, theirs): (_, &Line, _, _) = match difference {
            Difference::OnlyOurs(line) => ("only_ours", line, amount(line.minor), None),
            Difference::OnlyTheirs(line) => ("only_theirs", line, None, amount(line.minor)),
            Difference::Amount(line, theirs) => {
                ("amount", line, amount(line.minor), amount(*theirs))
            }
            Difference::Twice(line) => ("twice", line, None, amount(line.minor)),
        };
        let kind = match line.kind {
            Moved::Capture => "capture",
            Moved::Refund => "refund",
        };
        DifferenceView {
            what: what.to_owned(),
            reference: line.reference.clone(),
            kind: kind.to_owned(),
            ours,
            theirs,
        }
    }
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    let settlements = "/api/organisations/{organisation}/settlements/{provider}";
    Routes::new()
        .add(
            Route::new(
                Method::POST,
                "/api/payments/{provider}/notices",
                "payments.notice",
            )
            .about("Where payment providers tell what happened; it counts only if it is verified")
            .tag(TAG)
            .policy(Policy::Public)
            .rate(Rate::Read)
            .criticality(Criticality::Critical)
            .deadline(NOTICE_WITHIN)
            .path::<OfProvider>()
            .takes_stream("application/json", NOTICE_BYTES_MAX as u64)
            .answers_text("text/plain; charset=utf-8")
            .fails(&[
                codes::NOT_FOUND,
                codes::NOTICE_REFUSED,
                codes::BODY_MALFORMED,
            ])
            .handler(notice),
        )
        .add(
            Route::new(Method::POST, settlements, "payments.reconcile")
                .about("Compare a provider's settlement file with our rows; nothing is changed")
                .tag(TAG)
                .policy(Policy::May(Permission::ReportsRead.name()))
                .rate(Rate::Api)
                .criticality(Criticality::Background)
                .deadline(RECONCILE_WITHIN)
                .path::<OfSettlement>()
                .query::<Span>()
                .takes_stream("text/csv", FILE_BYTES_MAX)
                .answers::<ReconciledView>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::LINE_MALFORMED,
                    codes::FIELD_INVALID,
                ])
                .handler(compare),
        )
        .with_state(app.clone())
}

async fn notice(
    State(app): State<App>,
    Path(of): Path<OfProvider>,
    headers: HeaderMap,
    body: Body,
) -> Answer<&'static str> {
    let body = whole(body).await?;
    let headers: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    Ok(app.take_in(of.provider.as_str(), &headers, &body).await?)
}

async fn compare(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfSettlement>,
    Query(span): Query<Span>,
    body: Body,
) -> Answer<Json<ReconciledView>> {
    // A settlement is that of the whole organisation.
    if granted.places != Places::All {
        let message = "a settlement is for those who see the whole organisation";
        return Err(Error::forbidden(codes::FORBIDDEN, message).into());
    }
    let body = whole(body).await?;
    let text = String::from_utf8_lossy(&body);
    let theirs = reconcile::read(&text, span.currency)?;
    let period = (span.from, span.to);
    let number = of.organisation.organisation();
    let ours = app
        .moved((number, of.provider.as_str()), span.currency, period)
        .await?;
    let found = reconcile::reconcile(&ours, &theirs);
    let view = |difference: &Difference| DifferenceView::of(difference, span.currency);
    Ok(Json(ReconciledView {
        ours: ours.len() as u64,
        theirs: theirs.len() as u64,
        differences: found.iter().map(view).collect(),
    }))
}

async fn whole(mut body: Body) -> Result<BytesMut> {
    let mut read = BytesMut::new();
    while let Some(piece) = body.next().await? {
        read.extend_from_slice(&piece);
    }
    Ok(read)
}
