//! What the audit log looks like from outside.

use base::Time;
use domain::audit::{Entry, Link};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::Report;
use super::list::Count;

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// Its place in the chain of the region.
    #[schema(minimum = 1)]
    pub number: i64,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// The number of the organisation; 0 when it was about none.
    #[schema(minimum = 0)]
    pub organisation: i64,
    /// The id of whoever did it; `nobody` where a sign-in was no good.
    pub actor: String,
    /// What the actor is to the platform: `operator`, `person`, `key`, `device`, `system` or `nobody`.
    pub role: String,
    /// What sort of thing: `action`, `refused`, `read`, or `acting` when an operator acts for an organisation.
    #[schema(pattern = "^(action|refused|read|acting)$")]
    pub what: String,
    /// The operation that was called, or the kind of the event.
    pub operation: String,
    /// The id of what it was done to, if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why an operator acted, in his words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id of the request, or the trace of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// The SHA-256 of the entry and of all before it.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub hash: String,
}

/// How often somebody did something in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountView {
    /// What sort of thing.
    pub what: String,
    /// The operation or the kind of the event.
    pub operation: String,
    /// Who.
    pub actor: String,
    /// How often.
    #[schema(minimum = 1)]
    pub entries: i64,
}

/// A part of a report on a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportView {
    /// What the whole period came to, the most frequent first; in the first part only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Vec<CountView>>,
    /// The entries, the oldest first.
    pub entries: Vec<EntryView>,
    /// The cursor of the next part; absent in the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl From<&Link> for EntryView {
    fn from(link: &Link) -> Self {
        let Entry {
            at,
            organisation,
            actor,
            role,
            what,
            operation,
            target,
            code,
            reason,
            correlation,
            source: _,
        } = &link.entry;
        let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        EntryView {
            number: link.seq,
            at: *at,
            organisation: (*organisation).into(),
            actor: actor.clone(),
            role: role.clone(),
            what: what.name().to_owned(),
            operation: operation.clone(),
            target: said(target),
            code: said(code),
            reason: said(reason),
            correlation: said(correlation),
            hash: link.hash.to_string(),
        }
    }
}

impl From<&Count> for CountView {
    fn from(count: &Count) -> Self {
        CountView {
            what: count.what.name().to_owned(),
            operation: count.operation.clone(),
            actor: count.actor.clone(),
            entries: count.entries,
        }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        let counts = |counts: Vec<Count>| counts.iter().map(CountView::from).collect();
        ReportView {
            summary: report.summary.map(counts),
            entries: report.entries.iter().map(EntryView::from).collect(),
            next: report.next,
        }
    }
}
