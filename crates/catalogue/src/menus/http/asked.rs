//! What requests about drafts and revisions say, and what single parts are answered as.

use base::{Currency, Result, Time};
use carte::{CategoryId, GroupId, ItemId, Part, RevisionNumber};
use serde::{Deserialize, Serialize};
use slice::{VERSION_MAX, wrong};
use utoipa::{IntoParams, ToSchema};

use crate::menus::app::missing;
use crate::menus::publish::Wanted;
use crate::menus::typed::{TypedCategory, TypedGroup, TypedItem};

/// The most parts of a page.
const PAGE_MAX: u16 = 500;
/// The most characters of a note.
const NOTE_CHARS_MAX: usize = 200;

/// Which page of parts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paged {
    /// How many parts at most; 500 when nothing is said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(max_length = 1024)]
    pub(super) cursor: Option<String>,
}

/// The version that was read.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SeenVersion {
    /// The version of the draft that was read; if it has another one by now, nothing is changed. Without it the part goes
    /// whatever else has changed.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: Option<i64>,
}

/// What a revision is compared with.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Compared {
    /// The number of the other revision; the one before it, when nothing is said.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(super) from: Option<RevisionNumber>,
}

/// What is to be published.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PublishAsked {
    /// The version of the draft that was read; if it has another one by now, nothing is published.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When: a time ahead, by at most 400 days; now, when nothing is said. What the draft says now is published then.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
    /// What is to be said of it, for those who look at the revisions later.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
}

/// An old revision is to be sold again.
#[derive(Clone, Default, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RestoreAsked {
    /// What is to be said of it.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
}

/// A revision is to be loaded into the draft.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct LoadAsked {
    /// The version of the draft that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(super) version: i64,
}

/// A category of a draft.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CategoryView {
    /// Which one.
    #[schema(value_type = String)]
    id: CategoryId,
    /// The version of the draft.
    #[schema(minimum = 0)]
    version: i64,
    /// The category.
    category: TypedCategory,
}

/// An item of a draft.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemView {
    /// Which one.
    #[schema(value_type = String)]
    id: ItemId,
    /// The version of the draft.
    #[schema(minimum = 0)]
    version: i64,
    /// The item.
    item: TypedItem,
}

/// A group of a draft.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupView {
    /// Which one.
    #[schema(value_type = String)]
    id: GroupId,
    /// The version of the draft.
    #[schema(minimum = 0)]
    version: i64,
    /// The group.
    group: TypedGroup,
}

/// How a part of some kind is shown.
pub(super) trait View: Sized {
    /// A part of a draft at a version, in a menu with this currency; missing where it is of another kind.
    fn of(part: Part, version: i64, currency: Currency) -> Result<Self>;
}

impl View for CategoryView {
    fn of(part: Part, version: i64, _currency: Currency) -> Result<Self> {
        match part {
            Part::Category(one) => Ok(CategoryView {
                id: one.id,
                version,
                category: one.into(),
            }),
            Part::Head(_) | Part::Group(_) | Part::Item(_) => Err(missing()),
        }
    }
}

impl View for ItemView {
    fn of(part: Part, version: i64, currency: Currency) -> Result<Self> {
        match part {
            Part::Item(one) => Ok(ItemView {
                id: one.id,
                version,
                item: TypedItem::of(one, currency),
            }),
            Part::Head(_) | Part::Group(_) | Part::Category(_) => Err(missing()),
        }
    }
}

impl View for GroupView {
    fn of(part: Part, version: i64, currency: Currency) -> Result<Self> {
        match part {
            Part::Group(one) => Ok(GroupView {
                id: one.id,
                version,
                group: TypedGroup::of(one, currency),
            }),
            Part::Head(_) | Part::Item(_) | Part::Category(_) => Err(missing()),
        }
    }
}

impl Paged {
    /// How many parts at most.
    pub(super) fn limit(&self) -> Result<u16> {
        let limit = self.limit.unwrap_or(PAGE_MAX);
        match (1..=PAGE_MAX).contains(&limit) {
            true => Ok(limit),
            false => Err(wrong("limit", "a page has 1 to 500 parts")),
        }
    }
}

impl SeenVersion {
    /// The version that was seen.
    pub(super) fn seen(&self) -> Result<Option<i64>> {
        self.version.map(seen).transpose()
    }
}

impl PublishAsked {
    /// What it means.
    pub(super) fn wanted(self) -> Result<Wanted> {
        Ok(Wanted {
            version: seen(self.version)?,
            at: self.at,
            note: note(self.note)?,
        })
    }
}

impl RestoreAsked {
    /// What is to be said of it.
    pub(super) fn note(self) -> Result<String> {
        note(self.note)
    }
}

/// A version that was seen of something that may not be there yet.
pub(super) fn seen(version: i64) -> Result<i64> {
    match (0..=VERSION_MAX).contains(&version) {
        true => Ok(version),
        false => Err(wrong("version", "a version is a whole number from 0")),
    }
}

/// A note of at most 200 characters, none of them control characters.
fn note(note: String) -> Result<String> {
    match note.chars().count() <= NOTE_CHARS_MAX && !note.chars().any(char::is_control) {
        true => Ok(note),
        false => Err(wrong("note", "it is one line of at most 200 characters")),
    }
}
