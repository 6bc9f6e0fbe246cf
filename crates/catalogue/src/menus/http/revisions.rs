//! What is asked of revisions.

use axum::extract::State;
use edge::{Answer, Json, Page, Path, Query};
use slice::{Ask, Part as Turned};

use super::asked::{Compared, LoadAsked, Paged, RestoreAsked, seen};
use super::paths::{OfPlace, OfRevision};
use crate::menus::app::App;
use crate::menus::typed::TypedParts;
use crate::menus::view::{ChangesView, DraftHeadView, RevisionPageView, RevisionView};

/// The most changes that are told at once.
const CHANGES_MAX: usize = 1_000;

pub(super) async fn list<P: OfPlace>(
    State(app): State<App>,
    Path(of): Path<P>,
    Query(part): Query<Turned>,
) -> Answer<Json<Page<RevisionView>>> {
    let found = app.revisions(of.place(), &part.turn()?).await?;
    Ok(Json(found.into()))
}

pub(super) async fn read<P: OfRevision>(
    State(app): State<App>,
    Path(of): Path<P>,
    Query(paged): Query<Paged>,
) -> Answer<Json<RevisionPageView>> {
    let (place, number) = (of.place(), of.revision());
    let revision = app.revision_of(place, number).await?;
    let scope = format!("revision {number} of {place}");
    let from = match &paged.cursor {
        Some(cursor) => u32::from_be_bytes(app.0.cursors.open(&scope, cursor)?),
        None => 0,
    };
    let (from, limit) = (
        usize::try_from(from).unwrap_or(usize::MAX),
        paged.limit()?.into(),
    );
    let (parts, count) = app.parts_of(place, (number, from, limit)).await?;
    let currency = app.menu_at(place, number).await?.currency;
    let until = from.saturating_add(parts.len());
    let next = (until < count).then(|| {
        let until = u32::try_from(until).unwrap_or(u32::MAX);
        app.0.cursors.seal(&scope, &until.to_be_bytes())
    });
    let parts = TypedParts::of(parts, currency);
    Ok(Json(RevisionPageView {
        revision,
        head: parts.head,
        categories: parts.categories,
        groups: parts.groups,
        items: parts.items,
        next,
    }))
}

pub(super) async fn changes<P: OfRevision>(
    State(app): State<App>,
    Path(of): Path<P>,
    Query(compared): Query<Compared>,
) -> Answer<Json<ChangesView>> {
    let to = of.revision();
    let from = match compared.from {
        Some(from) => from,
        None => App::before(to)?,
    };
    let mut changes = app.changes(of.place(), (from, to)).await?;
    let more = changes.len().saturating_sub(CHANGES_MAX);
    changes.truncate(CHANGES_MAX);
    Ok(Json(ChangesView {
        from,
        to,
        changes: changes.into_iter().map(Into::into).collect(),
        more,
    }))
}

pub(super) async fn restore<P: OfRevision>(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Json(body): Json<RestoreAsked>,
) -> Answer<Json<RevisionView>> {
    let (place, number, note) = (of.place(), of.revision(), body.note()?);
    Ok(Json(app.restore(&ask, place, (number, &note)).await?))
}

pub(super) async fn load<P: OfRevision>(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<P>,
    Json(body): Json<LoadAsked>,
) -> Answer<Json<DraftHeadView>> {
    let wanted = (of.revision(), seen(body.version)?);
    let loaded = app.load(&ask, of.place(), wanted).await?;
    Ok(Json(loaded.into()))
}
