//! The routes of drafts and revisions, for brands and for restaurants alike: extract, call, convert.

mod asked;
mod drafts;
mod paths;
mod revisions;

use std::time::Duration;

use base::codes;
use domain::access::Permission;
use edge::{Criticality, Page, Policy, Rate, Route, Routes};
use http::{Method, StatusCode};
use slice::Part as Turned;

use super::app::App;
use super::patch::{CategoryChange, DraftEdit, EditView, GroupChange, ItemChange};
use super::typed::{TypedCategory, TypedGroup, TypedItem};
use super::view::{
    ChangesView, CheckView, DraftHeadView, DraftView, PublishView, RevisionPageView, RevisionView,
};
use asked::{
    CategoryView, Compared, GroupView, ItemView, LoadAsked, Paged, PublishAsked, RestoreAsked,
    SeenVersion,
};
use paths::{
    CategoryOfBrand, CategoryOfRestaurant, GroupOfBrand, GroupOfRestaurant, ItemOfBrand,
    ItemOfRestaurant, OfBrand, OfRestaurant, RevisionOfBrand, RevisionOfRestaurant,
};

const READ_WITHIN: Duration = Duration::from_secs(5);
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// What reads a whole menu, which may have 100,000 items.
const WHOLE_WITHIN: Duration = Duration::from_secs(60);
const TAG: &str = "menus";
/// What a draft can be refused for.
const EDIT_FAILS: &[&str] = &[
    codes::NOT_FOUND,
    codes::VERSION_CHANGED,
    codes::AMOUNT_MALFORMED,
    codes::CONFLICT,
];

/// The routes of one sort of part.
macro_rules! part_routes {
    (
        $at:literal, $noun:literal, $of:ty,
        ($plural:literal, $one:literal, $of_part:ty, $new:ty, $change:ty, $view:ty, $add:path)
    ) => {
        Routes::new()
            .add(
                changing(
                    Method::POST,
                    concat!("/api/", $at, "/menu/", $plural),
                    concat!($noun, ".add_", $one),
                )
                .about(concat!("Put a new ", $one, " into the draft"))
                .path::<$of>()
                .takes::<$new>()
                .answers::<$view>(StatusCode::CREATED)
                .fails(EDIT_FAILS)
                .handler($add),
            )
            .add(
                reading(
                    concat!("/api/", $at, "/menu/", $plural, "/{", $one, "}"),
                    concat!($noun, ".read_", $one),
                )
                .about(concat!("Read a ", $one, " of the draft"))
                .path::<$of_part>()
                .answers::<$view>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::CONFLICT])
                .handler(drafts::read_part::<$of_part, $view>),
            )
            .add(
                changing(
                    Method::PATCH,
                    concat!("/api/", $at, "/menu/", $plural, "/{", $one, "}"),
                    concat!($noun, ".change_", $one),
                )
                .about(concat!("Change some fields of a ", $one, " of the draft"))
                .path::<$of_part>()
                .takes::<$change>()
                .answers::<$view>(StatusCode::OK)
                .fails(EDIT_FAILS)
                .handler(drafts::change_part::<$of_part, $change, $view>),
            )
            .add(
                changing(
                    Method::DELETE,
                    concat!("/api/", $at, "/menu/", $plural, "/{", $one, "}"),
                    concat!($noun, ".remove_", $one),
                )
                .about(concat!("Take a ", $one, " out of the draft"))
                .path::<$of_part>()
                .query::<SeenVersion>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
                .handler(drafts::remove_part::<$of_part>),
            )
    };
}

/// The routes of the draft of one sort of place.
macro_rules! draft_routes {
    ($at:literal, $noun:literal, $of:ty) => {
        Routes::new()
            .add(
                reading(
                    concat!("/api/", $at, "/menu/draft"),
                    concat!($noun, ".read_draft"),
                )
                .about("Read the draft of a menu, page by page")
                .path::<$of>()
                .query::<Paged>()
                .answers::<DraftView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::CURSOR_REFUSED, codes::CONFLICT])
                .handler(drafts::read::<$of>),
            )
            .add(
                changing(
                    Method::PATCH,
                    concat!("/api/", $at, "/menu/draft"),
                    concat!($noun, ".edit"),
                )
                .about("Change many parts of the draft at once")
                .path::<$of>()
                .takes::<DraftEdit>()
                .answers::<EditView>(StatusCode::OK)
                .fails(EDIT_FAILS)
                .handler(drafts::edit::<$of>),
            )
            .add(
                Route::new(
                    Method::POST,
                    concat!("/api/", $at, "/menu/check"),
                    concat!($noun, ".check"),
                )
                .tag(TAG)
                .rate(Rate::Api)
                .criticality(Criticality::Normal)
                .policy(Policy::May(Permission::MenusRead.name()))
                .deadline(WHOLE_WITHIN)
                .about("Say what keeps the draft from being published")
                .path::<$of>()
                .takes_nothing()
                .answers::<CheckView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::CONFLICT])
                .handler(drafts::check::<$of>),
            )
            .add(
                changing(
                    Method::POST,
                    concat!("/api/", $at, "/menu/publish"),
                    concat!($noun, ".publish"),
                )
                .deadline(WHOLE_WITHIN)
                .about("Publish the draft as a revision, now or at a time")
                .path::<$of>()
                .takes::<PublishAsked>()
                .answers::<PublishView>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::VERSION_CHANGED,
                    codes::MENU_REFUSED,
                    codes::CONFLICT,
                ])
                .handler(drafts::publish::<$of>),
            )
            .add(
                changing(
                    Method::DELETE,
                    concat!("/api/", $at, "/menu/publish"),
                    concat!($noun, ".unschedule"),
                )
                .about("Take back what is scheduled to be published")
                .path::<$of>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
                .handler(drafts::unschedule::<$of>),
            )
    };
}

/// The routes of the revisions of one sort of place.
macro_rules! revision_routes {
    ($at:literal, $noun:literal, $of:ty, $of_revision:ty) => {
        Routes::new()
            .add(
                reading(
                    concat!("/api/", $at, "/menu/revisions"),
                    concat!($noun, ".list_revisions"),
                )
                .about("List what was published, the newest first")
                .path::<$of>()
                .query::<Turned>()
                .answers::<Page<RevisionView>>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::CURSOR_REFUSED,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(revisions::list::<$of>),
            )
            .add(
                reading(
                    concat!("/api/", $at, "/menu/revisions/{revision}"),
                    concat!($noun, ".read_revision"),
                )
                .deadline(WHOLE_WITHIN)
                .about("Read a revision, page by page")
                .path::<$of_revision>()
                .query::<Paged>()
                .answers::<RevisionPageView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::CURSOR_REFUSED])
                .handler(revisions::read::<$of_revision>),
            )
            .add(
                reading(
                    concat!("/api/", $at, "/menu/revisions/{revision}/changes"),
                    concat!($noun, ".list_changes"),
                )
                .deadline(WHOLE_WITHIN)
                .about("Say in words what changed from one revision to another")
                .path::<$of_revision>()
                .query::<Compared>()
                .answers::<ChangesView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(revisions::changes::<$of_revision>),
            )
            .add(
                changing(
                    Method::POST,
                    concat!("/api/", $at, "/menu/revisions/{revision}/restore"),
                    concat!($noun, ".restore"),
                )
                .deadline(WHOLE_WITHIN)
                .about("Sell an old revision again, as a new one that says the same; the draft stays as it is")
                .path::<$of_revision>()
                .takes::<RestoreAsked>()
                .answers::<RevisionView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::CONFLICT])
                .handler(revisions::restore::<$of_revision>),
            )
            .add(
                changing(
                    Method::POST,
                    concat!("/api/", $at, "/menu/revisions/{revision}/load"),
                    concat!($noun, ".load"),
                )
                .deadline(WHOLE_WITHIN)
                .about("Make the draft say what a revision says")
                .path::<$of_revision>()
                .takes::<LoadAsked>()
                .answers::<DraftHeadView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED, codes::CONFLICT])
                .handler(revisions::load::<$of_revision>),
            )
    };
}

/// The routes of drafts and revisions.
pub(in crate::menus) fn routes() -> Routes<App> {
    of_brands().with(of_restaurants())
}

fn of_brands() -> Routes<App> {
    type Of = OfBrand;
    draft_routes!("brands/{brand}", "brand_menus", Of)
        .with(part_routes!(
            "brands/{brand}",
            "brand_menus",
            Of,
            (
                "categories",
                "category",
                CategoryOfBrand,
                TypedCategory,
                CategoryChange,
                CategoryView,
                drafts::add_category::<Of>
            )
        ))
        .with(part_routes!(
            "brands/{brand}",
            "brand_menus",
            Of,
            (
                "items",
                "item",
                ItemOfBrand,
                TypedItem,
                ItemChange,
                ItemView,
                drafts::add_item::<Of>
            )
        ))
        .with(part_routes!(
            "brands/{brand}",
            "brand_menus",
            Of,
            (
                "groups",
                "group",
                GroupOfBrand,
                TypedGroup,
                GroupChange,
                GroupView,
                drafts::add_group::<Of>
            )
        ))
        .with(revision_routes!(
            "brands/{brand}",
            "brand_menus",
            Of,
            RevisionOfBrand
        ))
}

fn of_restaurants() -> Routes<App> {
    type Of = OfRestaurant;
    draft_routes!("restaurants/{restaurant}", "restaurant_menus", Of)
        .with(part_routes!(
            "restaurants/{restaurant}",
            "restaurant_menus",
            Of,
            (
                "categories",
                "category",
                CategoryOfRestaurant,
                TypedCategory,
                CategoryChange,
                CategoryView,
                drafts::add_category::<Of>
            )
        ))
        .with(part_routes!(
            "restaurants/{restaurant}",
            "restaurant_menus",
            Of,
            (
                "items",
                "item",
                ItemOfRestaurant,
                TypedItem,
                ItemChange,
                ItemView,
                drafts::add_item::<Of>
            )
        ))
        .with(part_routes!(
            "restaurants/{restaurant}",
            "restaurant_menus",
            Of,
            (
                "groups",
                "group",
                GroupOfRestaurant,
                TypedGroup,
                GroupChange,
                GroupView,
                drafts::add_group::<Of>
            )
        ))
        .with(revision_routes!(
            "restaurants/{restaurant}",
            "restaurant_menus",
            Of,
            RevisionOfRestaurant
        ))
}

/// A route by which somebody who may reads.
pub(in crate::menus) fn reading(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::GET, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .policy(Policy::May(Permission::MenusRead.name()))
        .deadline(READ_WITHIN)
        .takes_nothing()
}

/// A route by which somebody who may changes something.
pub(in crate::menus) fn changing(
    method: Method,
    path: &'static str,
    name: &'static str,
) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .policy(Policy::May(Permission::MenusChange.name()))
        .deadline(WRITE_WITHIN)
        .once()
}
