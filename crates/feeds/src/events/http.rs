//! The routes of the feed: extract, call, convert.
//!
//! The feed of an organisation stands under the organisation, as everything of it does. `/api/events` is the same for
//! programs that were told only that address: the organisation is named in the query, and the doorkeeper judges it there.

use std::time::Duration;

use axum::extract::State;
use base::{Result, codes};
use domain::access::Permission;
use domain::organisations::{OrganisationId, RestaurantId};
use edge::{
    Answer, Criticality, Deadline, Granted, Json, Path, Policy, Query, Rate, Route, Routes,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::app::{App, EventsView, Wanted};
use crate::kinds::{TypedKind, TypedStream};

/// The longest that a caller may wait.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The waiting, and reading before and after it.
const WITHIN: Duration = Duration::from_secs(35);
const LIMIT: u32 = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

/// Which events, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// The `next` of the part before, or `now` for what happens from now on; left out, all from the beginning.
    #[param(max_length = 1024)]
    after: Option<String>,
    /// A kind (`order.created`), or a family of kinds (`order.*`).
    #[param(inline)]
    kind: Option<TypedKind>,
    /// What is about this restaurant alone.
    #[param(value_type = Option<String>, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: Option<RestaurantId>,
    /// What happened to this alone: the history of an order, of a payment, of a refund.
    #[param(value_type = Option<String>, pattern = "^(crn|mnu|ord|pay|rfd|vnu)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    stream: Option<TypedStream>,
    /// How many at most; 100 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// How many seconds to wait if nothing has happened; not at all when nothing is said.
    #[param(minimum = 0, maximum = 30)]
    wait: Option<u32>,
}

/// The same, with the organisation.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhichOf {
    /// Whose events.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// The `next` of the part before, or `now` for what happens from now on; left out, all from the beginning.
    #[param(max_length = 1024)]
    after: Option<String>,
    /// A kind (`order.created`), or a family of kinds (`order.*`).
    #[param(inline)]
    kind: Option<TypedKind>,
    /// What is about this restaurant alone.
    #[param(value_type = Option<String>, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: Option<RestaurantId>,
    /// What happened to this alone: the history of an order, of a payment, of a refund.
    #[param(value_type = Option<String>, pattern = "^(crn|mnu|ord|pay|rfd|vnu)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    stream: Option<TypedStream>,
    /// How many at most; 100 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// How many seconds to wait if nothing has happened; not at all when nothing is said.
    #[param(minimum = 0, maximum = 30)]
    wait: Option<u32>,
}

impl Which {
    fn of(self, organisation: OrganisationId, granted: &Granted) -> Result<Wanted> {
        let wait = Duration::from_secs(u64::from(self.wait.unwrap_or_default()));
        Ok(Wanted {
            organisation,
            places: granted.places.clone(),
            after: self.after,
            kind: self.kind.map(|kind| kind.kind()).transpose()?,
            restaurant: self.restaurant,
            stream: self.stream,
            limit: usize::try_from(self.limit.unwrap_or(LIMIT)).unwrap_or(1),
            wait: wait.min(WAIT_MAX),
        })
    }
}

/// The routes of the feed.
pub(crate) fn routes(app: &App) -> Routes {
    Routes::new()
        .add(
            route("/api/organisations/{organisation}/events", "events.list")
                .about(
                    "Read what happened in an organisation, from any point on, and wait for more",
                )
                .path::<OfOrganisation>()
                .query::<Which>()
                .handler(list),
        )
        .add(
            route("/api/events", "events.list_of")
                .about("Read what happened in the organisation that the query names")
                .query::<WhichOf>()
                .about_in_query("organisation")
                .handler(list_of),
        )
        .with_state(app.clone())
}

fn route(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::GET, path, name)
        .tag("events")
        .policy(Policy::May(Permission::OrdersRead.name()))
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .waits()
        .deadline(WITHIN)
        .takes_nothing()
        .answers::<EventsView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND, codes::CURSOR_REFUSED])
}

async fn list(
    State(app): State<App>,
    granted: Granted,
    deadline: Deadline,
    Path(of): Path<OfOrganisation>,
    Query(which): Query<Which>,
) -> Answer<Json<EventsView>> {
    let wanted = which.of(of.organisation, &granted)?;
    Ok(Json(app.read(wanted, deadline.left()).await?))
}

async fn list_of(
    State(app): State<App>,
    granted: Granted,
    deadline: Deadline,
    Query(which): Query<WhichOf>,
) -> Answer<Json<EventsView>> {
    let organisation = which.organisation;
    let which = Which {
        after: which.after,
        kind: which.kind,
        restaurant: which.restaurant,
        stream: which.stream,
        limit: which.limit,
        wait: which.wait,
    };
    let wanted = which.of(organisation, &granted)?;
    Ok(Json(app.read(wanted, deadline.left()).await?))
}
