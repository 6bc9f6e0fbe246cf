//! The routes of files: extract, call, convert.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body as Content;
use axum::extract::State;
use axum::response::Response;
use base::codes;
use carte::RevisionNumber;
use carte::transfer::Mode;
use domain::access::Permission;
use domain::organisations::{BrandId, RestaurantId};
use edge::{Answer, Body, Criticality, Json, Path, Policy, Query, Rate, Route, Routes};
use futures_util::stream;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use slice::Ask;
use utoipa::IntoParams;

use super::app::ImportId;
use super::store::{File, Form, Import, Trial};
use super::view::ImportView;
use crate::menus::Place;
use crate::menus::app::App;

/// How large a file may be.
pub(crate) const FILE_BYTES_MAX: u64 = 64 << 20;
/// A file may come over a slow line.
const FILE_WITHIN: Duration = Duration::from_secs(120);
const EXPORT_WITHIN: Duration = Duration::from_secs(30);
const WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "menus";
const FILE: &str = "application/octet-stream";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Whose menu.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfBrand {
    /// Whose menu.
    #[param(value_type = String, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    brand: BrandId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurantImport {
    /// Whose menu.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
    /// Which import.
    #[param(value_type = String, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    import: ImportId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfBrandImport {
    /// Whose menu.
    #[param(value_type = String, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    brand: BrandId,
    /// Which import.
    #[param(value_type = String, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    import: ImportId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct How {
    /// The form of the file: a table, one JSON document, or JSON with a part in each line.
    #[param(value_type = String, pattern = "^(csv|json|lines)$")]
    format: Form,
    /// What becomes of parts that are not in the file: they stay (merge, when nothing is said) or go (replace).
    #[param(value_type = Option<String>, pattern = "^(merge|replace)$")]
    mode: Option<Mode>,
    /// Whether the file is only tried, and the draft stays as it is.
    dry: Option<bool>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct What {
    /// The form of the file: a table (when nothing is said), one JSON document, or JSON with a part in each line.
    #[param(value_type = Option<String>, pattern = "^(csv|json|lines)$")]
    format: Option<Form>,
    /// Which revision; the draft when nothing is said.
    #[param(minimum = 1, maximum = 9007199254740991_i64)]
    revision: Option<RevisionNumber>,
}

/// The routes.
pub(super) fn routes() -> Routes<App> {
    of_restaurants().with(of_brands())
}

fn of_restaurants() -> Routes<App> {
    let one = "/api/restaurants/{restaurant}/menu/imports/{import}";
    Routes::new()
        .add(
            importing(
                "/api/restaurants/{restaurant}/menu/import",
                "restaurant_menus.import",
            )
            .path::<OfRestaurant>()
            .handler(import::<OfRestaurant>),
        )
        .add(
            following(Method::GET, one, "restaurant_menus.read_import")
                .about("Say how an import stands, and what is wrong with its file")
                .policy(Policy::May(Permission::MenusRead.name()))
                .path::<OfRestaurantImport>()
                .handler(read::<OfRestaurantImport>),
        )
        .add(
            following(Method::DELETE, one, "restaurant_menus.cancel_import")
                .about("Stop an import; what it has done to the draft stays")
                .policy(Policy::May(Permission::MenusChange.name()))
                .path::<OfRestaurantImport>()
                .handler(cancel::<OfRestaurantImport>),
        )
        .add(
            exporting(
                "/api/restaurants/{restaurant}/menu/export",
                "restaurant_menus.export",
            )
            .path::<OfRestaurant>()
            .handler(export::<OfRestaurant>),
        )
}

fn of_brands() -> Routes<App> {
    let one = "/api/brands/{brand}/menu/imports/{import}";
    Routes::new()
        .add(
            importing("/api/brands/{brand}/menu/import", "brand_menus.import")
                .path::<OfBrand>()
                .handler(import::<OfBrand>),
        )
        .add(
            following(Method::GET, one, "brand_menus.read_import")
                .about(
                    "Say how an import into a brand's menu stands, and what is wrong with its file",
                )
                .policy(Policy::May(Permission::MenusRead.name()))
                .path::<OfBrandImport>()
                .handler(read::<OfBrandImport>),
        )
        .add(
            following(Method::DELETE, one, "brand_menus.cancel_import")
                .about("Stop an import into a brand's menu; what it has done to the draft stays")
                .policy(Policy::May(Permission::MenusChange.name()))
                .path::<OfBrandImport>()
                .handler(cancel::<OfBrandImport>),
        )
        .add(
            exporting("/api/brands/{brand}/menu/export", "brand_menus.export")
                .path::<OfBrand>()
                .handler(export::<OfBrand>),
        )
}

fn importing(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::POST, path, name)
        .about("Take a file into the draft of a menu: at once where it is small, else step by step")
        .tag(TAG)
        .policy(Policy::May(Permission::MenusChange.name()))
        .rate(Rate::Api)
        .criticality(Criticality::Background)
        .deadline(FILE_WITHIN)
        .query::<How>()
        .takes_stream(FILE, FILE_BYTES_MAX)
        .answers::<ImportView>(StatusCode::OK)
        .answers::<ImportView>(StatusCode::ACCEPTED)
        .fails(&[codes::NOT_FOUND, codes::TOO_MANY, codes::CONFLICT])
}

fn following(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
        .takes_nothing()
        .answers::<ImportView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND])
}

fn exporting(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::GET, path, name)
        .about("Write the draft or a revision of a menu as a file")
        .tag(TAG)
        .policy(Policy::May(Permission::MenusRead.name()))
        .rate(Rate::Api)
        .criticality(Criticality::Background)
        .deadline(EXPORT_WITHIN)
        .query::<What>()
        .takes_nothing()
        .answers_text("text/csv")
        .answers_text("application/json")
        .answers_text("application/x-ndjson")
        .fails(&[codes::NOT_FOUND])
}

/// What names a place.
trait Placed {
    fn place(&self) -> Place;
}

/// What names an import of a place.
trait Imported: Placed {
    fn import(&self) -> ImportId;
}

impl Placed for OfRestaurant {
    fn place(&self) -> Place {
        self.restaurant.into()
    }
}

impl Placed for OfBrand {
    fn place(&self) -> Place {
        self.brand.into()
    }
}

impl Placed for OfRestaurantImport {
    fn place(&self) -> Place {
        self.restaurant.into()
    }
}

impl Imported for OfRestaurantImport {
    fn import(&self) -> ImportId {
        self.import
    }
}

impl Placed for OfBrandImport {
    fn place(&self) -> Place {
        self.brand.into()
    }
}

impl Imported for OfBrandImport {
    fn import(&self) -> ImportId {
        self.import
    }
}

async fn import<P: Placed>(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Query(how): Query<How>,
    mut body: Body,
) -> Answer<(StatusCode, Json<ImportView>)> {
    let file = File {
        form: how.format,
        mode: how.mode.unwrap_or(Mode::Merge),
        trial: match how.dry.unwrap_or(false) {
            true => Trial::Dry,
            false => Trial::Real,
        },
    };
    let import = app.import(&ask, (of.place(), file), &mut body).await?;
    let status = match import.state.is_over() {
        true => StatusCode::OK,
        false => StatusCode::ACCEPTED,
    };
    Ok((status, shown(import)))
}

async fn read<P: Imported>(State(app): State<App>, Path(of): Path<P>) -> Answer<Json<ImportView>> {
    Ok(shown(app.import_of(of.place(), of.import()).await?))
}

async fn cancel<P: Imported>(
    State(app): State<App>,
    Path(of): Path<P>,
) -> Answer<Json<ImportView>> {
    Ok(shown(app.cancel_import(of.place(), of.import()).await?))
}

async fn export<P: Placed>(
    State(app): State<App>,
    Path(of): Path<P>,
    Query(what): Query<What>,
) -> Answer<Response> {
    let form = what.format.unwrap_or(Form::Csv);
    let pieces = app.export(of.place(), (form, what.revision)).await?;
    let pieces = pieces.map(Ok::<_, Infallible>);
    let mut response = Response::new(Content::from_stream(stream::iter(pieces)));
    let (kind, name) = match form {
        Form::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"menu.csv\"",
        ),
        Form::Json => ("application/json", "attachment; filename=\"menu.json\""),
        Form::Lines => (
            "application/x-ndjson",
            "attachment; filename=\"menu.ndjson\"",
        ),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

fn shown(import: Import) -> Json<ImportView> {
    Json(ImportView::of(import))
}
