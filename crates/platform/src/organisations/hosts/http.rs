//! The routes of hosts: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use domain::organisations::{Host, OrganisationId};
use edge::{Answer, Caller, Context, Criticality, Json, Page, Path, Policy, Rate, Route, Routes};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::wrong;
use utoipa::IntoParams;

use super::{App, HostView};
use crate::keys::http::asked;
use crate::organisations::http::OfOrganisation;

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfHost {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// The name of the host, in ASCII and without a port.
    #[param(
        max_length = 253,
        pattern = "^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
    )]
    host: String,
}

/// The routes of hosts.
pub fn routes(app: &App) -> Routes {
    let one = "/api/organisations/{organisation}/hosts/{host}";
    Routes::new()
        .add(
            route(Method::PUT, one, "hosts.put")
                .about("Lead a host name to an organisation")
                .policy(Policy::Operator)
                .deadline(WRITE_WITHIN)
                .path::<OfHost>()
                .answers::<HostView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::HOST_TAKEN, codes::PLAN_LIMIT])
                .handler(put),
        )
        .add(
            route(Method::DELETE, one, "hosts.remove")
                .about("Take a host name away from an organisation")
                .policy(Policy::Operator)
                .deadline(WRITE_WITHIN)
                .path::<OfHost>()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND])
                .handler(remove),
        )
        .add(
            route(
                Method::GET,
                "/api/organisations/{organisation}/hosts",
                "hosts.list",
            )
            .about("List the host names that lead to an organisation")
            .policy(Policy::May(Permission::OrganisationRead.name()))
            .deadline(READ_WITHIN)
            .path::<OfOrganisation>()
            .answers::<Page<HostView>>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND])
            .handler(list),
        )
        .with_state(app.clone())
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag("organisations")
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .takes_nothing()
}

fn host(of: &OfHost) -> base::Result<Host> {
    Host::parse(&of.host).map_err(|error| wrong("host", error.to_string()))
}

async fn put(
    State(app): State<App>,
    caller: Caller,
    context: Context,
    Path(of): Path<OfHost>,
) -> Answer<Json<HostView>> {
    let ask = asked(&caller, &context);
    let put = app.put(&ask, of.organisation, &host(&of)?).await?;
    Ok(Json(put))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    context: Context,
    Path(of): Path<OfHost>,
) -> Answer<StatusCode> {
    let ask = asked(&caller, &context);
    app.remove(&ask, of.organisation, &host(&of)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list(
    State(app): State<App>,
    Path(of): Path<OfOrganisation>,
) -> Answer<Json<Page<HostView>>> {
    Ok(Json(app.list(of.organisation).await?.into()))
}
