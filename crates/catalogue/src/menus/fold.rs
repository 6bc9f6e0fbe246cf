//! How the log gives the rows of menus.

use base::{Time, Uid};
use carte::{Edit, ItemId, Location, Off, RevisionNumber};
use domain::organisations::RestaurantId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Failure, Fold, Folded, Logged, Outcome, Sql, Value};

use super::local::store as local;
use super::place::Place;
use super::stock::store as stock;
use super::store::{self as rows, DRAFTS, HEADS, PARTS, REVISIONS, SCHEDULED};

pub(crate) static ALL_DRAFTS: Sql = Sql::new(
    "menu_drafts.all",
    &DRAFTS,
    "SELECT place, version, published FROM menu_drafts WHERE organisation = $1",
);

pub(crate) static ALL_PARTS: Sql = Sql::new(
    "menu_parts.all",
    &PARTS,
    "SELECT place, kind, id, body, external_id FROM menu_parts WHERE organisation = $1",
);

pub(crate) static ALL_HEADS: Sql = Sql::new(
    "menu_heads.all",
    &HEADS,
    "SELECT place, version, revision FROM menu_heads WHERE organisation = $1",
);

pub(crate) static ALL_REVISIONS: Sql = Sql::new(
    "menu_revisions.all",
    &REVISIONS,
    "SELECT place, number, hash, author, at, note, restored FROM menu_revisions WHERE organisation = $1",
);

pub(crate) static ALL_SCHEDULED: Sql = Sql::new(
    "menu_scheduled.all",
    &SCHEDULED,
    "SELECT place, at, hash, author, note, draft FROM menu_scheduled WHERE organisation = $1",
);

/// A draft was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Changed {
    pub(crate) place: Place,
    pub(crate) edit: Edit,
}

/// A revision was made and is sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Published {
    pub(crate) place: Place,
    pub(crate) revision: RevisionNumber,
    /// The SHA-256 of its JSON, in hexadecimal digits.
    pub(crate) hash: String,
    /// Who asked for it; the event may come from a timer.
    pub(crate) author: String,
    pub(crate) note: String,
    /// The version of the draft that it is; 0 where it is an old revision.
    pub(crate) draft: i64,
    /// The old revision that it repeats; 0 where it is none.
    pub(crate) restored: RevisionNumber,
    /// Whether it had been scheduled.
    pub(crate) scheduled: bool,
}

/// A draft will be published.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WasScheduled {
    pub(crate) place: Place,
    pub(crate) at: Time,
    pub(crate) hash: String,
    pub(crate) note: String,
    pub(crate) draft: i64,
}

/// It will not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Unscheduled {
    pub(crate) place: Place,
}

/// A restaurant sells something differently.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LocationChanged {
    pub(crate) restaurant: RestaurantId,
    pub(crate) location: Location,
}

/// Something has run out, or is there again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StockChanged {
    pub(crate) restaurant: RestaurantId,
    pub(crate) item: ItemId,
    /// Nothing where there is as much as anybody wants.
    pub(crate) off: Option<Off>,
}

/// The last of what is counted was sold, or some of it came back. What was said of it stays; who remembers how many
/// are left asks again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StockLeft {
    pub(crate) restaurant: RestaurantId,
    pub(crate) item: ItemId,
    pub(crate) left: u32,
}

/// Drafts, from their changes and what was published of them.
pub(crate) static FOLD_DRAFTS: Fold = Fold {
    table: &DRAFTS,
    kinds: &["menu.changed", "menu.published"],
    apply: apply_draft,
    read: &ALL_DRAFTS,
    key: 1,
};

/// The parts of drafts.
pub(crate) static FOLD_PARTS: Fold = Fold {
    table: &PARTS,
    kinds: &["menu.changed"],
    apply: apply_parts,
    read: &ALL_PARTS,
    key: 3,
};

/// What is sold.
pub(crate) static FOLD_HEADS: Fold = Fold {
    table: &HEADS,
    kinds: &["menu.published", "menu.scheduled", "menu.unscheduled"],
    apply: apply_head,
    read: &ALL_HEADS,
    key: 1,
};

/// Revisions, by number and hash; what is in them is proved by the hash.
pub(crate) static FOLD_REVISIONS: Fold = Fold {
    table: &REVISIONS,
    kinds: &["menu.published"],
    apply: apply_revision,
    read: &ALL_REVISIONS,
    key: 2,
};

/// What will be published.
pub(crate) static FOLD_SCHEDULED: Fold = Fold {
    table: &SCHEDULED,
    kinds: &["menu.published", "menu.scheduled", "menu.unscheduled"],
    apply: apply_scheduled,
    read: &ALL_SCHEDULED,
    key: 1,
};

/// What restaurants sell differently.
pub(crate) static FOLD_LOCATIONS: Fold = Fold {
    table: &local::LOCATIONS,
    kinds: &["menu.location_changed"],
    apply: apply_location,
    read: &local::ALL,
    key: 1,
};

/// How often it changed what is off.
pub(crate) static FOLD_STOCK_HEADS: Fold = Fold {
    table: &stock::HEADS,
    kinds: &["menu.stock_changed", "menu.stock_left"],
    apply: apply_stock_head,
    read: &stock::ALL_HEADS,
    key: 1,
};

/// What is off.
pub(crate) static FOLD_STOCK: Fold = Fold {
    table: &stock::STOCK,
    kinds: &["menu.stock_changed"],
    apply: apply_stock,
    read: &stock::ALL,
    key: 2,
};

/// A hash as it stands in events.
pub(crate) fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn payload<T: DeserializeOwned>(event: &Logged) -> Outcome<T> {
    serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))
}

fn unhex(text: &str) -> Outcome<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    let bytes = digits.and_then(|digits| digits.chunks(2).map(byte).collect());
    bytes.ok_or_else(|| Failure::Damaged(format!("the hash {text}")))
}

fn apply_draft(folded: &mut Folded, event: &Logged) -> Outcome<()> {
    let draft = |folded: &Folded, place: Uid| match folded.get(&vec![Value::from(place)]) {
        Some(row) => row.clone(),
        None => vec![0.into(), 0.into()],
    };
    if event.kind == "menu.changed" {
        let place = payload::<Changed>(event)?.place.uid();
        let mut row = draft(folded, place);
        if let [version, _] = row.as_mut_slice() {
            *version = event.version.into();
        }
        folded.insert(vec![place.into()], row);
        return Ok(());
    }
    let published: Published = payload(event)?;
    if published.draft > 0 {
        let place = published.place.uid();
        let mut row = draft(folded, place);
        if let [_, of] = row.as_mut_slice() {
            *of = published.draft.into();
        }
        folded.insert(vec![place.into()], row);
    }
    Ok(())
}

fn apply_parts(folded: &mut Folded, event: &Logged) -> Outcome<()> {
    let Changed { place, edit } = payload(event)?;
    for part in &edit.puts {
        let key = rows::key(place.uid(), part.id().as_ref());
        folded.insert(key.to_vec(), rows::body(part)?.to_vec());
    }
    for id in &edit.removes {
        folded.remove(&rows::key(place.uid(), Some(id)).to_vec());
    }
    Ok(())
}

fn apply_head(folded: &mut Folded, event: &Logged) -> Outcome<()> {
    #[derive(Deserialize)]
    struct About {
        place: Place,
        revision: Option<RevisionNumber>,
    }
    let About { place, revision } = payload(event)?;
    let row = folded.entry(vec![place.uid().into()]);
    let row = row.or_insert_with(|| vec![0.into(), 0.into()]);
    if let [version, current] = row.as_mut_slice() {
        *version = event.version.into();
        if let Some(revision) = revision {
            *current = revision.into();
        }
    }
    Ok(())
}

fn apply_revision(folded: &mut Folded, event: &Logged) -> Outcome<()> {
    let published: Published = payload(event)?;
    let key = vec![published.place.uid().into(), published.revision.into()];
    let row = vec![
        unhex(&published.hash)?.into(),
        published.author.into(),
        event.at.into(),
        published.note.into(),
        published.restored.into(),
    ];
    folded.insert(key, row);
    Ok(())
}

fn apply_scheduled(folded: &mut Folded, event: &Logged) -> Outcome<()> {
    match event.kind.as_str() {
        "menu.scheduled" => {
            let scheduled: WasScheduled = payload(event)?;
            let row = vec![
                scheduled.at.into(),
                unhex(&scheduled.hash)?.into(),
                event.actor.as_str().into(),
                scheduled.note.into(),
                scheduled.draft.into(),
            ];
            folded.insert(vec![scheduled.place.uid().into()], row);
        }
        "menu.unscheduled" => {
            let Unscheduled { place } = payload(event)?;
            folded.remove(&vec![Value::from(place.uid())]);
        }
        _ => {
            let published: Published = payload(event)?;
            if published.scheduled {
                folded.remove(&vec![Value::from(published.place.uid())]);
            }
        }
    }
    Ok(())
}

fn apply_location(folded: &mut Folded, event: &Logged) -> Outcome<()> {
    let LocationChanged {
        restaurant,
        location,
    } = payload(event)?;
    let row = vec![event.version.into(), local::body(&location)?.into()];
    folded.insert(vec![restaurant.uid().into()], row);
    Ok(())
}

fn apply_stock_head(folded: &mut Folded, event: &Logged) -> Outcome<()> {
    let restaurant = match event.kind.as_str() {
        "menu.stock_left" => payload::<StockLeft>(event)?.restaurant,
        _ => payload::<StockChanged>(event)?.restaurant,
    };
    let key = vec![restaurant.uid().into()];
    folded.insert(key, vec![event.version.into()]);
    Ok(())
}

fn apply_stock(folded: &mut Folded, event: &Logged) -> Outcome<()> {
    let changed: StockChanged = payload(event)?;
    let key = vec![changed.restaurant.uid().into(), changed.item.uid().into()];
    let Some(off) = changed.off else {
        folded.remove(&key);
        return Ok(());
    };
    let row = vec![
        event.version.into(),
        off.until.into(),
        off.left.map(i64::from).into(),
        off.reason
            .as_ref()
            .map_or("", |reason| reason.as_str())
            .into(),
    ];
    folded.insert(key, row);
    Ok(())
}
