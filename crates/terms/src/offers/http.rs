//! The routes of offers: extract, call, convert. Coupons and promotions have the same ones.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use domain::organisations::OrganisationId;
use edge::{
    Answer, Criticality, Granted, Json, Page, Path, Policy, Query, Rate, Route, Routes, Versioned,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Part};
use trade::offers::{CouponId, PromotionId};
use utoipa::IntoParams;

use super::app::{App, Hand, Shelf};
use super::edit::OfferEdit;
use super::store::Sort;
use super::view::{NewCoupon, NewPromotion, OfferView};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "offers";

const COUPONS: &str = "/api/organisations/{organisation}/coupons";
const COUPON: &str = "/api/organisations/{organisation}/coupons/{coupon}";
const END_COUPON: &str = "/api/organisations/{organisation}/coupons/{coupon}/end";
const PROMOTIONS: &str = "/api/organisations/{organisation}/promotions";
const PROMOTION: &str = "/api/organisations/{organisation}/promotions/{promotion}";
const END_PROMOTION: &str = "/api/organisations/{organisation}/promotions/{promotion}/end";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfCoupon {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// Which coupon.
    #[param(value_type = String, pattern = "^cpn_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    coupon: CouponId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfPromotion {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// Which promotion.
    #[param(value_type = String, pattern = "^prm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    promotion: PromotionId,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    coupons().with(promotions()).with_state(app.clone())
}

fn coupons() -> Routes<App> {
    Routes::new()
        .add(
            changing(Method::POST, COUPONS, "coupons.create")
                .about("Make a coupon")
                .path::<OfOrganisation>()
                .takes::<NewCoupon>()
                .answers::<OfferView>(StatusCode::CREATED)
                .fails(&[codes::NAME_TAKEN, codes::PLAN_LIMIT])
                .handler(create_coupon),
        )
        .add(
            listing(COUPONS, "coupons.list")
                .about("List the coupons of an organisation, oldest first")
                .handler(list_coupons),
        )
        .add(
            reading(COUPON, "coupons.read")
                .about("Read a coupon, and how often it was used")
                .path::<OfCoupon>()
                .handler(read_coupon),
        )
        .add(
            changing(Method::PATCH, COUPON, "coupons.change")
                .about("Change the terms of a coupon")
                .path::<OfCoupon>()
                .takes::<OfferEdit>()
                .answers::<OfferView>(StatusCode::OK)
                .fails(&[codes::VERSION_CHANGED, codes::CONFLICT])
                .handler(change_coupon),
        )
        .add(
            changing(Method::POST, END_COUPON, "coupons.end")
                .about("End a coupon, once and for all; its code stays taken")
                .path::<OfCoupon>()
                .takes_nothing()
                .answers::<OfferView>(StatusCode::OK)
                .fails(&[codes::CONFLICT])
                .handler(end_coupon),
        )
}

fn promotions() -> Routes<App> {
    Routes::new()
        .add(
            changing(Method::POST, PROMOTIONS, "promotions.create")
                .about("Make a promotion, which applies by itself")
                .path::<OfOrganisation>()
                .takes::<NewPromotion>()
                .answers::<OfferView>(StatusCode::CREATED)
                .fails(&[codes::PLAN_LIMIT])
                .handler(create_promotion),
        )
        .add(
            listing(PROMOTIONS, "promotions.list")
                .about("List the promotions of an organisation, oldest first")
                .handler(list_promotions),
        )
        .add(
            reading(PROMOTION, "promotions.read")
                .about("Read a promotion, and how often it was used")
                .path::<OfPromotion>()
                .handler(read_promotion),
        )
        .add(
            changing(Method::PATCH, PROMOTION, "promotions.change")
                .about("Change the terms of a promotion")
                .path::<OfPromotion>()
                .takes::<OfferEdit>()
                .answers::<OfferView>(StatusCode::OK)
                .fails(&[codes::VERSION_CHANGED, codes::CONFLICT])
                .handler(change_promotion),
        )
        .add(
            changing(Method::POST, END_PROMOTION, "promotions.end")
                .about("End a promotion, once and for all")
                .path::<OfPromotion>()
                .takes_nothing()
                .answers::<OfferView>(StatusCode::OK)
                .fails(&[codes::CONFLICT])
                .handler(end_promotion),
        )
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .fails(&[codes::NOT_FOUND])
}

fn reading(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::GET, path, name)
        .policy(Policy::May(Permission::MenusRead.name()))
        .deadline(READ_WITHIN)
        .takes_nothing()
        .answers::<OfferView>(StatusCode::OK)
}

fn listing(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::GET, path, name)
        .policy(Policy::May(Permission::MenusRead.name()))
        .deadline(READ_WITHIN)
        .path::<OfOrganisation>()
        .query::<Part>()
        .takes_nothing()
        .answers::<Page<OfferView>>(StatusCode::OK)
        .fails(&[codes::CURSOR_REFUSED, codes::LIMIT_OUT_OF_RANGE])
}

fn changing(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    route(method, path, name)
        .policy(Policy::May(Permission::MenusChange.name()))
        .deadline(WRITE_WITHIN)
        .once()
}

/// On whose behalf it is done.
fn hand(granted: &Granted) -> Hand {
    match granted.acting {
        true => Hand::Platform,
        false => Hand::Own,
    }
}

impl OfOrganisation {
    fn shelf(&self, sort: Sort) -> Shelf {
        let organisation = self.organisation;
        Shelf { organisation, sort }
    }
}

impl OfCoupon {
    fn shelf(&self) -> Shelf {
        let (organisation, sort) = (self.organisation, Sort::Coupon);
        Shelf { organisation, sort }
    }
}

impl OfPromotion {
    fn shelf(&self) -> Shelf {
        let (organisation, sort) = (self.organisation, Sort::Promotion);
        Shelf { organisation, sort }
    }
}

/// An offer as it was made.
type Made = Answer<(StatusCode, Json<OfferView>)>;
/// An offer with its version.
type Shown = Answer<Versioned<OfferView>>;

fn shown(view: OfferView) -> Shown {
    Ok(Versioned(view.version, view))
}

async fn create_coupon(
    State(app): State<App>,
    ask: Ask,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<NewCoupon>,
) -> Made {
    let founding = body.founding()?;
    let made = app.create(&ask, of.shelf(Sort::Coupon), (&founding, hand(&granted)));
    Ok((StatusCode::CREATED, Json(made.await?)))
}

async fn list_coupons(
    State(app): State<App>,
    Path(of): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<OfferView>>> {
    let found = app.list(of.shelf(Sort::Coupon), &part.turn()?).await?;
    Ok(Json(found.into()))
}

async fn read_coupon(State(app): State<App>, Path(of): Path<OfCoupon>) -> Shown {
    shown(app.read(of.shelf(), of.coupon.uid()).await?)
}

async fn change_coupon(
    State(app): State<App>,
    ask: Ask,
    granted: Granted,
    Path(of): Path<OfCoupon>,
    Json(body): Json<OfferEdit>,
) -> Shown {
    let (which, request) = ((of.shelf(), of.coupon.uid()), (&body, body.seen()?));
    let terms = (|offer: &_| body.over(offer), hand(&granted));
    shown(app.change(&ask, which, request, terms).await?)
}

async fn end_coupon(State(app): State<App>, ask: Ask, Path(of): Path<OfCoupon>) -> Shown {
    shown(app.end(&ask, of.shelf(), of.coupon.uid()).await?)
}

async fn create_promotion(
    State(app): State<App>,
    ask: Ask,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<NewPromotion>,
) -> Made {
    let founding = body.founding()?;
    let made = app.create(&ask, of.shelf(Sort::Promotion), (&founding, hand(&granted)));
    Ok((StatusCode::CREATED, Json(made.await?)))
}

async fn list_promotions(
    State(app): State<App>,
    Path(of): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<OfferView>>> {
    let found = app.list(of.shelf(Sort::Promotion), &part.turn()?).await?;
    Ok(Json(found.into()))
}

async fn read_promotion(State(app): State<App>, Path(of): Path<OfPromotion>) -> Shown {
    shown(app.read(of.shelf(), of.promotion.uid()).await?)
}

async fn change_promotion(
    State(app): State<App>,
    ask: Ask,
    granted: Granted,
    Path(of): Path<OfPromotion>,
    Json(body): Json<OfferEdit>,
) -> Shown {
    let (which, request) = ((of.shelf(), of.promotion.uid()), (&body, body.seen()?));
    let terms = (|offer: &_| body.over(offer), hand(&granted));
    shown(app.change(&ask, which, request, terms).await?)
}

async fn end_promotion(State(app): State<App>, ask: Ask, Path(of): Path<OfPromotion>) -> Shown {
    shown(app.end(&ask, of.shelf(), of.promotion.uid()).await?)
}
