//! The routes of organisations and brands: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::{Error, codes};
use domain::access::Permission;
use domain::organisations::{BrandId, OrganisationId, State as Standing};
use domain::people::PersonId;
use edge::{
    Answer, Caller, Criticality, Granted, Json, Page, Path, Policy, Query, Rate, Role, Route,
    Routes, Strength, Versioned,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Part, Why};
use utoipa::IntoParams;

use super::app::App;
use super::restaurants;
use super::tenants::Wanted;
use super::view::{BrandView, Found, NewName, NewPlan, OrganisationView, PlanView, Rename, seen};

pub(super) const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
pub(super) const TAG: &str = "organisations";
const READ: Permission = Permission::OrganisationRead;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfBrand {
    /// Which brand.
    #[param(value_type = String, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    brand: BrandId,
}

/// The routes of organisations, brands and restaurants.
pub fn routes(app: &App) -> Routes {
    of_platform()
        .with(of_organisations())
        .with(of_brands())
        .with(restaurants::http::routes())
        .with_state(app.clone())
}

/// What belongs to those who run the platform, and the door by which organisations come in.
fn of_platform() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::POST, "/api/organisations", "organisations.create")
                .about("Make an organisation, which belongs to whoever makes it")
                .policy(Policy::SignedIn)
                .deadline(WRITE_WITHIN)
                .once()
                .takes::<Found>()
                .answers::<OrganisationView>(StatusCode::CREATED)
                .fails(&[
                    codes::FORBIDDEN,
                    codes::NOT_FOUND,
                    codes::SECOND_FACTOR_NEEDED,
                ])
                .handler(create),
        )
        .add(
            route(Method::GET, "/api/organisations", "organisations.list")
                .about("List the organisations of this region")
                .policy(Policy::Operator)
                .deadline(READ_WITHIN)
                .takes_nothing()
                .query::<Part>()
                .answers::<Page<OrganisationView>>(StatusCode::OK)
                .fails(&[codes::CURSOR_REFUSED, codes::LIMIT_OUT_OF_RANGE])
                .handler(list),
        )
        .add(
            operating(
                Method::PUT,
                "/api/organisations/{organisation}/plan",
                "organisations.change_plan",
            )
            .about("Give an organisation another plan")
            .takes::<NewPlan>()
            .handler(change_plan),
        )
        .add(
            operating(
                Method::POST,
                "/api/organisations/{organisation}/suspend",
                "organisations.suspend",
            )
            .about("Suspend an organisation: its people can read, and change nothing")
            .takes::<Why>()
            .handler(suspend),
        )
        .add(
            operating(
                Method::POST,
                "/api/organisations/{organisation}/resume",
                "organisations.resume",
            )
            .about("Let a suspended organisation act again")
            .takes::<Why>()
            .handler(resume),
        )
}

fn of_organisations() -> Routes<App> {
    Routes::new()
        .add(
            reading(
                "/api/organisations/{organisation}",
                "organisations.read",
                READ,
            )
            .about("Read an organisation")
            .path::<OfOrganisation>()
            .answers::<OrganisationView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND])
            .handler(read),
        )
        .add(
            reading(
                "/api/organisations/{organisation}/plan",
                "organisations.plan",
                READ,
            )
            .about("Read what the plan of an organisation holds, and how much is used")
            .path::<OfOrganisation>()
            .answers::<PlanView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND])
            .handler(read_plan),
        )
        .add(
            changing(
                Method::PATCH,
                "/api/organisations/{organisation}",
                "organisations.rename",
                Permission::OrganisationChange,
            )
            .about("Give an organisation another name")
            .path::<OfOrganisation>()
            .takes::<Rename>()
            .answers::<OrganisationView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
            .handler(rename),
        )
}

fn of_brands() -> Routes<App> {
    let of_organisation = "/api/organisations/{organisation}/brands";
    let change = Permission::BrandsChange;
    Routes::new()
        .add(
            changing(Method::POST, of_organisation, "brands.create", change)
                .about("Make a brand of an organisation")
                .path::<OfOrganisation>()
                .takes::<NewName>()
                .answers::<BrandView>(StatusCode::CREATED)
                .fails(&[codes::NOT_FOUND, codes::NAME_TAKEN, codes::PLAN_LIMIT])
                .handler(create_brand),
        )
        .add(
            reading(of_organisation, "brands.list", READ)
                .about("List the brands of an organisation that the caller may see")
                .path::<OfOrganisation>()
                .query::<Part>()
                .answers::<Page<BrandView>>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::CURSOR_REFUSED,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(list_brands),
        )
        .add(
            reading("/api/brands/{brand}", "brands.read", READ)
                .about("Read a brand")
                .path::<OfBrand>()
                .answers::<BrandView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read_brand),
        )
        .add(
            changing(
                Method::PATCH,
                "/api/brands/{brand}",
                "brands.rename",
                change,
            )
            .about("Give a brand another name")
            .path::<OfBrand>()
            .takes::<Rename>()
            .answers::<BrandView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED, codes::NAME_TAKEN])
            .handler(rename_brand),
        )
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
}

/// A route by which somebody with this permission reads.
pub(super) fn reading(path: &'static str, name: &'static str, needs: Permission) -> Route<App> {
    route(Method::GET, path, name)
        .policy(Policy::May(needs.name()))
        .deadline(READ_WITHIN)
        .takes_nothing()
}

/// A route by which somebody with this permission changes something.
pub(super) fn changing(
    method: Method,
    path: &'static str,
    name: &'static str,
    needs: Permission,
) -> Route<App> {
    route(method, path, name)
        .policy(Policy::May(needs.name()))
        .deadline(WRITE_WITHIN)
        .once()
}

/// A route by which an operator changes an organisation.
fn operating(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    route(method, path, name)
        .policy(Policy::Operator)
        .deadline(WRITE_WITHIN)
        .once()
        .path::<OfOrganisation>()
        .answers::<OrganisationView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Json(body): Json<Found>,
) -> Answer<(StatusCode, Json<OrganisationView>)> {
    let wanted = wanted(&caller, body)?;
    let made = app.create_organisation(&ask, &wanted).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// What is made for whom: a person makes it for himself, an operator for anybody.
fn wanted(caller: &Caller, body: Found) -> base::Result<Wanted> {
    let name = body.name.name()?;
    let Found { owner, shard, .. } = body;
    match caller.role() {
        Role::Operator => Ok(Wanted { name, owner, shard }),
        Role::Person if caller.strength() == Strength::One => Err(Error::forbidden(
            codes::SECOND_FACTOR_NEEDED,
            "whoever makes an organisation proves a second factor first",
        )),
        Role::Person if owner.is_none() && shard.is_none() => {
            let person = caller.person().map(PersonId::from);
            Ok(Wanted {
                name,
                owner: Some(person.ok_or_else(not_theirs)?),
                shard,
            })
        }
        Role::Person | Role::Key | Role::Device => Err(not_theirs()),
    }
}

#[track_caller]
fn not_theirs() -> Error {
    let said = "people make organisations for themselves; owner and shard are for operators";
    Error::forbidden(codes::FORBIDDEN, said)
}

async fn list(
    State(app): State<App>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<OrganisationView>>> {
    Ok(Json(app.organisations(&part.turn()?).await?.into()))
}

async fn change_plan(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<NewPlan>,
) -> Answer<Versioned<OrganisationView>> {
    let wanted = (body.plan, seen(body.version)?);
    let changed = app.change_plan(&ask, of.organisation, wanted).await?;
    Ok(Versioned(changed.version, changed))
}

async fn suspend(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<Why>,
) -> Answer<Versioned<OrganisationView>> {
    let wanted = (Standing::Suspended, body.reason()?);
    let turned = app.turn_organisation(&ask, of.organisation, wanted).await?;
    Ok(Versioned(turned.version, turned))
}

async fn resume(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<Why>,
) -> Answer<Versioned<OrganisationView>> {
    let wanted = (Standing::Active, body.reason()?);
    let turned = app.turn_organisation(&ask, of.organisation, wanted).await?;
    Ok(Versioned(turned.version, turned))
}

async fn read(
    State(app): State<App>,
    Path(of): Path<OfOrganisation>,
) -> Answer<Versioned<OrganisationView>> {
    let found = app.organisation(of.organisation).await?;
    Ok(Versioned(found.version, found))
}

async fn read_plan(
    State(app): State<App>,
    Path(of): Path<OfOrganisation>,
) -> Answer<Json<PlanView>> {
    Ok(Json(app.plan(of.organisation).await?))
}

async fn rename(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<Rename>,
) -> Answer<Versioned<OrganisationView>> {
    let name = (body.name.name()?, seen(body.version)?);
    let renamed = app.rename_organisation(&ask, of.organisation, name).await?;
    Ok(Versioned(renamed.version, renamed))
}

async fn create_brand(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<NewName>,
) -> Answer<(StatusCode, Json<BrandView>)> {
    let made = app
        .create_brand(&ask, of.organisation, body.name.name()?)
        .await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn list_brands(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<BrandView>>> {
    let (places, turn) = (&granted.places, part.turn()?);
    let found = app.brands(of.organisation, places, &turn).await?;
    Ok(Json(found.into()))
}

async fn read_brand(
    State(app): State<App>,
    Path(of): Path<OfBrand>,
) -> Answer<Versioned<BrandView>> {
    let found = app.brand(of.brand).await?;
    Ok(Versioned(found.version, found))
}

async fn rename_brand(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfBrand>,
    Json(body): Json<Rename>,
) -> Answer<Versioned<BrandView>> {
    let name = (body.name.name()?, seen(body.version)?);
    let renamed = app.rename_brand(&ask, of.brand, name).await?;
    Ok(Versioned(renamed.version, renamed))
}
