//! The routes of organisations and brands: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::organisations::{BrandId, Name, OrganisationId};
use edge::{Answer, Criticality, Json, Page, Path, Policy, Query, Rate, Route, Routes, Versioned};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Part, VERSION_MAX, wrong};
use utoipa::IntoParams;

use super::app::App;
use super::view::{BrandView, NewName, OrganisationView, Rename};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "organisations";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfBrand {
    /// Which brand.
    #[param(value_type = String, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    brand: BrandId,
}

/// The routes of organisations and brands.
pub fn routes(app: &App) -> Routes {
    of_organisations().with(of_brands()).with_state(app.clone())
}

fn of_organisations() -> Routes<App> {
    Routes::new()
        .add(
            changing(Method::POST, "/api/organisations", "organisations.create")
                .about("Make an organisation")
                .takes::<NewName>()
                .answers::<OrganisationView>(StatusCode::CREATED)
                .handler(create),
        )
        .add(
            reading("/api/organisations", "organisations.list")
                .about("List the organisations of this region")
                .query::<Part>()
                .answers::<Page<OrganisationView>>(StatusCode::OK)
                .fails(&[codes::CURSOR_REFUSED, codes::LIMIT_OUT_OF_RANGE])
                .handler(list),
        )
        .add(
            reading("/api/organisations/{organisation}", "organisations.read")
                .about("Read an organisation")
                .path::<OfOrganisation>()
                .answers::<OrganisationView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read),
        )
        .add(
            changing(
                Method::PATCH,
                "/api/organisations/{organisation}",
                "organisations.rename",
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
    Routes::new()
        .add(
            changing(
                Method::POST,
                "/api/organisations/{organisation}/brands",
                "brands.create",
            )
            .about("Make a brand of an organisation")
            .path::<OfOrganisation>()
            .takes::<NewName>()
            .answers::<BrandView>(StatusCode::CREATED)
            .fails(&[codes::NOT_FOUND, codes::NAME_TAKEN])
            .handler(create_brand),
        )
        .add(
            reading("/api/organisations/{organisation}/brands", "brands.list")
                .about("List the brands of an organisation")
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
            reading("/api/brands/{brand}", "brands.read")
                .about("Read a brand")
                .path::<OfBrand>()
                .answers::<BrandView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read_brand),
        )
        .add(
            changing(Method::PATCH, "/api/brands/{brand}", "brands.rename")
                .about("Give a brand another name")
                .path::<OfBrand>()
                .takes::<Rename>()
                .answers::<BrandView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED, codes::NAME_TAKEN])
                .handler(rename_brand),
        )
}

fn reading(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::GET, path, name)
        .tag(TAG)
        .policy(Policy::Operator)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(READ_WITHIN)
        .takes_nothing()
}

fn changing(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(Policy::Operator)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WRITE_WITHIN)
        .once()
}

async fn create(
    State(app): State<App>,
    ask: Ask,
    Json(body): Json<NewName>,
) -> Answer<(StatusCode, Json<OrganisationView>)> {
    let made = app.create_organisation(&ask, body.name.name()?).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn list(
    State(app): State<App>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<OrganisationView>>> {
    Ok(Json(app.organisations(&part.turn()?).await?.into()))
}

async fn read(
    State(app): State<App>,
    Path(of): Path<OfOrganisation>,
) -> Answer<Versioned<OrganisationView>> {
    let found = app.organisation(of.organisation).await?;
    Ok(Versioned(found.version, found))
}

async fn rename(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<Rename>,
) -> Answer<Versioned<OrganisationView>> {
    let name = rename_of(&body)?;
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
    Path(of): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<BrandView>>> {
    Ok(Json(
        app.brands(of.organisation, &part.turn()?).await?.into(),
    ))
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
    let name = rename_of(&body)?;
    let renamed = app.rename_brand(&ask, of.brand, name).await?;
    Ok(Versioned(renamed.version, renamed))
}

/// The name and the version that was seen.
fn rename_of(body: &Rename) -> base::Result<(Name, i64)> {
    if !(1..=VERSION_MAX).contains(&body.version) {
        return Err(wrong("version", "a version is a whole number from 1"));
    }
    Ok((body.name.name()?, body.version))
}
