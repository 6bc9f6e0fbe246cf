//! What is asked of drafts.

use axum::extract::State;
use base::{Result, Uid};
use carte::Part;
use edge::{Answer, Json, Path, Query, Versioned};
use http::StatusCode;
use serde::de::DeserializeOwned;
use slice::Ask;

use super::asked::{
    CategoryView, GroupView, ItemView, Paged, PublishAsked, SeenVersion, View, seen,
};
use super::paths::{OfPart, OfPlace};
use crate::menus::app::App;
use crate::menus::drafts::{After, BEGINNING};
use crate::menus::patch::{Changes, DraftEdit, EditView};
use crate::menus::place::Place;
use crate::menus::typed::{TypedCategory, TypedGroup, TypedItem, TypedParts};
use crate::menus::view::{CheckView, DraftView, PublishView};

pub(super) async fn read<P: OfPlace>(
    State(app): State<App>,
    Path(of): Path<P>,
    Query(paged): Query<Paged>,
) -> Answer<Versioned<DraftView>> {
    let place = of.place();
    app.find_place(place).await?;
    let limit = i64::from(paged.limit()?);
    let after = match &paged.cursor {
        Some(cursor) => open(&app, place, cursor)?,
        None => BEGINNING,
    };
    let page = app.page(place, (after, limit)).await?;
    let head = app.head(place).await?;
    let scheduled = app.scheduled(place).await?;
    let parts = shown(&app, place, page.parts).await?;
    let view = DraftView {
        version: page.head.version,
        published: page.head.published,
        revision: head.revision,
        scheduled: scheduled.as_ref().map(Into::into),
        head: parts.head,
        categories: parts.categories,
        groups: parts.groups,
        items: parts.items,
        next: page.next.map(|next| seal(&app, place, next)),
    };
    Ok(Versioned(view.version, view))
}

pub(super) async fn edit<P: OfPlace>(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Json(body): Json<DraftEdit>,
) -> Answer<Versioned<EditView>> {
    seen(body.version)?;
    let edited = app.edit(&ask, of.place(), &body).await?;
    Ok(Versioned(edited.version, edited))
}

pub(super) async fn check<P: OfPlace>(
    State(app): State<App>,
    Path(of): Path<P>,
) -> Answer<Json<CheckView>> {
    let (findings, version) = app.check(of.place()).await?;
    Ok(Json(CheckView {
        version,
        findings: findings.into_iter().map(Into::into).collect(),
    }))
}

pub(super) async fn publish<P: OfPlace>(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Json(body): Json<PublishAsked>,
) -> Answer<Json<PublishView>> {
    let wanted = body.wanted()?;
    Ok(Json(app.publish(&ask, of.place(), &wanted).await?))
}

pub(super) async fn unschedule<P: OfPlace>(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<P>,
) -> Answer<StatusCode> {
    app.cancel(&ask, of.place()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn add_category<P: OfPlace>(
    app: State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Json(body): Json<TypedCategory>,
) -> Answer<(StatusCode, Json<CategoryView>)> {
    let typed = TypedParts {
        categories: vec![body],
        ..TypedParts::default()
    };
    add(&app, &ask, of.place(), typed).await
}

pub(super) async fn add_item<P: OfPlace>(
    app: State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Json(body): Json<TypedItem>,
) -> Answer<(StatusCode, Json<ItemView>)> {
    let typed = TypedParts {
        items: vec![body],
        ..TypedParts::default()
    };
    add(&app, &ask, of.place(), typed).await
}

pub(super) async fn add_group<P: OfPlace>(
    app: State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Json(body): Json<TypedGroup>,
) -> Answer<(StatusCode, Json<GroupView>)> {
    let typed = TypedParts {
        groups: vec![body],
        ..TypedParts::default()
    };
    add(&app, &ask, of.place(), typed).await
}

async fn add<V: View>(
    app: &App,
    ask: &Ask,
    place: Place,
    typed: TypedParts,
) -> Answer<(StatusCode, Json<V>)> {
    let (part, version) = app.add(ask, place, &typed).await?;
    let currency = app.currency(place, None).await?;
    let view = V::of(part, version, currency)?;
    Ok((StatusCode::CREATED, Json(view)))
}

pub(super) async fn read_part<P: OfPart, V: View>(
    State(app): State<App>,
    Path(of): Path<P>,
) -> Answer<Versioned<V>> {
    let (part, version) = app.part(of.place(), of.part()).await?;
    let currency = app.currency(of.place(), None).await?;
    Ok(Versioned(version, V::of(part, version, currency)?))
}

pub(super) async fn change_part<P: OfPart, C: Changes + DeserializeOwned, V: View>(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Json(body): Json<C>,
) -> Answer<Versioned<V>> {
    seen(body.version())?;
    let which = (of.place(), of.part());
    let (part, version) = app.change_part(&ask, which, &body).await?;
    let currency = app.currency(of.place(), None).await?;
    Ok(Versioned(version, V::of(part, version, currency)?))
}

pub(super) async fn remove_part<P: OfPart>(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Query(of_draft): Query<SeenVersion>,
) -> Answer<StatusCode> {
    let which = (of.place(), of.part());
    app.remove_part(&ask, which, of_draft.seen()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Parts with prices in the currency of their draft, which is only asked for where there are parts.
async fn shown(app: &App, place: Place, parts: Vec<Part>) -> Result<TypedParts> {
    if parts.is_empty() {
        return Ok(TypedParts::default());
    }
    let currency = app.currency(place, None).await?;
    Ok(TypedParts::of(parts, currency))
}

fn scope(place: Place) -> String {
    format!("draft of {place}")
}

fn seal(app: &App, place: Place, (kind, id): After) -> String {
    let mut at = [0; 24];
    at[..8].copy_from_slice(&kind.to_be_bytes());
    at[8..].copy_from_slice(id.as_bytes());
    app.0.cursors.seal(&scope(place), &at)
}

fn open(app: &App, place: Place, cursor: &str) -> Result<After> {
    let at: [u8; 24] = app.0.cursors.open(&scope(place), cursor)?;
    let (mut kind, mut id) = ([0; 8], [0; 16]);
    kind.copy_from_slice(&at[..8]);
    id.copy_from_slice(&at[8..]);
    Ok((i64::from_be_bytes(kind), Uid::from_bytes(id)))
}
