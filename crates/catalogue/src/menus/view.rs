//! What drafts and revisions look like from outside.

use base::Time;
use carte::{Change, Finding, PartId, RevisionNumber, Turn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fold::hex;
use super::store::{DraftHead, Revision, Scheduled};
use super::typed::{TypedCategory, TypedGroup, TypedHead, TypedItem};

/// A revision: what was published once and never changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevisionView {
    /// Its number: 1, 2, 3 … in each place.
    #[schema(minimum = 1)]
    pub(crate) number: RevisionNumber,
    /// The SHA-256 of what it says; two that say the same have the same.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub(crate) hash: String,
    /// How many items it has.
    #[schema(minimum = 0)]
    pub(crate) items: i64,
    /// Who published it.
    pub(crate) author: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Time,
    /// What was said of it.
    pub(crate) note: String,
    /// The old revision that it repeats, if it is one that was made current again.
    #[schema(minimum = 1)]
    pub(crate) restored: Option<RevisionNumber>,
    /// Whether it is the one that is sold.
    pub(crate) current: bool,
}

/// What will be published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduledView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Time,
    /// The SHA-256 of what it says.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub(crate) hash: String,
    /// How many items it has.
    #[schema(minimum = 0)]
    pub(crate) items: i64,
    /// Who scheduled it.
    pub(crate) author: String,
    /// What was said of it.
    pub(crate) note: String,
    /// The version of the draft that it is; later changes of the draft are not in it.
    #[schema(minimum = 1)]
    pub(crate) draft: i64,
}

/// What became of a draft that was to be published: a revision, or a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishView {
    /// The revision, when it was published at once.
    pub(crate) revision: Option<RevisionView>,
    /// What will be published, when a time was said.
    pub(crate) scheduled: Option<ScheduledView>,
}

/// How a draft stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DraftHeadView {
    /// Grows with every change; 0 while nothing was ever said.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
    /// The version that was published last; 0 where none was.
    #[schema(minimum = 0)]
    pub(crate) published: i64,
}

/// A part of a draft, page by page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DraftView {
    /// Grows with every change; to be sent along with the next one. Pages of one draft fit together when it is the same
    /// in all of them.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
    /// The version that was published last; 0 where none was.
    #[schema(minimum = 0)]
    pub(crate) published: i64,
    /// The revision that is sold; 0 where none is.
    #[schema(minimum = 0)]
    pub(crate) revision: RevisionNumber,
    /// What will be published, if something is scheduled.
    pub(crate) scheduled: Option<ScheduledView>,
    /// What holds for all of it; on the first page, once it was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) head: Option<TypedHead>,
    /// Categories, in the order of their ids. Pages show categories first, then groups, then items.
    pub(crate) categories: Vec<TypedCategory>,
    /// Groups, in the order of their ids.
    pub(crate) groups: Vec<TypedGroup>,
    /// Items, in the order of their ids.
    pub(crate) items: Vec<TypedItem>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// A revision with some of its parts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevisionPageView {
    /// Which one.
    pub(crate) revision: RevisionView,
    /// What holds for all of it; on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) head: Option<TypedHead>,
    /// Categories, in the order in which they are shown. Pages show categories first, then groups, then items.
    pub(crate) categories: Vec<TypedCategory>,
    /// Groups, in the order of their ids.
    pub(crate) groups: Vec<TypedGroup>,
    /// Items, in the order of their ids.
    pub(crate) items: Vec<TypedItem>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// What keeps a draft from being published.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckView {
    /// The version of the draft that was looked at.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
    /// Nothing, when it can be published.
    pub(crate) findings: Vec<FindingView>,
}

/// Something that keeps a draft from being published.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FindingView {
    /// What is the matter, for programs.
    pub(crate) code: &'static str,
    /// The part that it is about; absent for the head.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<PartId>,
    /// The field of the part.
    pub(crate) field: String,
    /// What is the matter, for people.
    pub(crate) words: String,
}

/// What changed from one revision to another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangesView {
    /// The older one.
    #[schema(minimum = 1)]
    pub(crate) from: RevisionNumber,
    /// The newer one.
    #[schema(minimum = 1)]
    pub(crate) to: RevisionNumber,
    /// What changed, at most a thousand of it.
    pub(crate) changes: Vec<ChangeView>,
    /// How much changed beyond that.
    #[schema(minimum = 0)]
    pub(crate) more: usize,
}

/// One thing that changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeView {
    /// Whether it is new, gone or different.
    #[schema(value_type = TurnName)]
    pub(crate) turn: Turn,
    /// The part that it is about; absent for what holds for the whole menu.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<PartId>,
    /// The field of the part, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<&'static str>,
    /// What changed, as a sentence.
    pub(crate) words: String,
}

/// How something changed, as the document says it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TurnName {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is different.
    Changed,
}

impl RevisionView {
    /// A revision in a place where this one is sold.
    pub(super) fn of(revision: &Revision, current: RevisionNumber) -> Self {
        RevisionView {
            number: revision.number,
            hash: hex(&revision.hash),
            items: revision.items,
            author: revision.author.clone(),
            at: revision.at,
            note: revision.note.clone(),
            restored: (revision.restored > 0).then_some(revision.restored),
            current: revision.number == current,
        }
    }
}

impl From<&Scheduled> for ScheduledView {
    fn from(scheduled: &Scheduled) -> Self {
        ScheduledView {
            at: scheduled.at,
            hash: hex(&scheduled.hash),
            items: scheduled.items,
            author: scheduled.author.clone(),
            note: scheduled.note.clone(),
            draft: scheduled.draft,
        }
    }
}

impl PublishView {
    pub(super) fn published(revision: &Revision) -> Self {
        PublishView {
            revision: Some(RevisionView::of(revision, revision.number)),
            scheduled: None,
        }
    }

    pub(super) fn scheduled(scheduled: &Scheduled) -> Self {
        PublishView {
            revision: None,
            scheduled: Some(scheduled.into()),
        }
    }
}

impl From<DraftHead> for DraftHeadView {
    fn from(head: DraftHead) -> Self {
        DraftHeadView {
            version: head.version,
            published: head.published,
        }
    }
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        FindingView {
            code: finding.code,
            part: finding.part,
            field: finding.field,
            words: finding.words,
        }
    }
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        ChangeView {
            turn: change.turn,
            part: change.part,
            field: change.field,
            words: change.words,
        }
    }
}
