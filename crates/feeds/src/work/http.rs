//! The routes of operators over work that was put aside: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use edge::{Answer, Criticality, Json, Page, Path, Policy, Query, Rate, Route, Routes};
use engine::aside::Of;
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Turn, Why};
use utoipa::IntoParams;

use super::app::{Act, App};
use super::view::{WorkId, WorkView};

const WITHIN: Duration = Duration::from_secs(10);
/// An event is handled while the operator waits, which may take as long as it may anywhere.
const HANDLED_WITHIN: Duration = Duration::from_secs(35);
const TAG: &str = "operators";

/// Which work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    /// Jobs.
    #[default]
    Jobs,
    /// Timers.
    Timers,
    /// Events that a consumer could not handle.
    Letters,
}

impl From<Wanted> for Of {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Jobs => Of::Jobs,
            Wanted::Timers => Of::Timers,
            Wanted::Letters => Of::Letters,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Part {
    /// The `jobs` that were put aside, which is what is listed otherwise, the `timers`, or the `letters`: events that
    /// a consumer could not handle.
    #[param(value_type = Option<String>, pattern = "^(jobs|timers|letters)$")]
    of: Option<Wanted>,
    /// How many at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before, of the same kind of work.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfWork {
    /// Which.
    #[param(
        value_type = String,
        pattern = "^((job|tmr)_[0-7][0-9a-hjkmnp-tv-z]{25}|letter~[a-z0-9._-]{1,60}~[a-z0-9._-]{1,60}~[0-9]{1,18})$"
    )]
    work: WorkId,
}

/// The routes of the slice.
pub(crate) fn routes(app: &App) -> Routes {
    Routes::new()
        .add(
            route(Method::GET, "/api/ops/work", "work.list")
                .about("List work that failed too often and waits for somebody to look")
                .takes_nothing()
                .query::<Part>()
                .answers::<Page<WorkView>>(StatusCode::OK)
                .fails(&[codes::CURSOR_REFUSED, codes::LIMIT_OUT_OF_RANGE])
                .deadline(WITHIN)
                .handler(list),
        )
        .add(
            route(Method::GET, "/api/ops/work/{work}", "work.read")
                .about("Read what failed too often, and how")
                .takes_nothing()
                .path::<OfWork>()
                .answers::<WorkView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .deadline(WITHIN)
                .handler(read),
        )
        .add(
            acting("/api/ops/work/{work}/reprocess", "work.reprocess")
                .about("Have work done again that failed too often")
                .deadline(HANDLED_WITHIN)
                .handler(reprocess),
        )
        .add(
            acting("/api/ops/work/{work}/discard", "work.discard")
                .about("Take away work that failed too often: it is not done any more")
                .deadline(WITHIN)
                .handler(discard),
        )
        .with_state(app.clone())
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(Policy::Operator)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
}

/// A route by which an operator acts upon work that was put aside.
fn acting(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::POST, path, name)
        .once()
        .takes::<Why>()
        .path::<OfWork>()
        .answers::<WorkView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
}

async fn list(State(app): State<App>, Query(part): Query<Part>) -> Answer<Json<Page<WorkView>>> {
    let turn = Turn::new(part.limit, part.cursor)?;
    let of = Of::from(part.of.unwrap_or_default());
    Ok(Json(app.list(of, &turn).await?.into()))
}

async fn read(State(app): State<App>, Path(of): Path<OfWork>) -> Answer<Json<WorkView>> {
    Ok(Json(app.read(&of.work).await?))
}

async fn reprocess(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfWork>,
    Json(body): Json<Why>,
) -> Answer<Json<WorkView>> {
    let why = (Act::Reprocess, body.reason()?);
    Ok(Json(app.act(&ask, &of.work, why).await?))
}

async fn discard(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfWork>,
    Json(body): Json<Why>,
) -> Answer<Json<WorkView>> {
    let why = (Act::Discard, body.reason()?);
    Ok(Json(app.act(&ask, &of.work, why).await?))
}
