//! Days that are not like the others: holidays, and days with hours of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::date::Date;
use super::hours::Span;
use carte::{Remark, Service};

/// The most exceptions that a restaurant has.
pub const EXCEPTIONS_MAX: usize = 400;
/// The most spans of one exception.
pub const SPANS_MAX: usize = 6;

/// One day that is not like the others. What began the evening before goes on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Exception {
    /// Which day.
    pub date: Date,
    /// For which service; for all that the restaurant offers when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// What is served instead of the spans of the week; closed when there is none.
    #[serde(default)]
    pub spans: Vec<Span>,
    /// Why, for people: Christmas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Remark>,
}

/// Which exception: there is one for each day and service, and one for each day and all services.
pub type Exceptional = (Date, Option<Service>);

/// All days that are not like the others.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Exception>", into = "Vec<Exception>")]
pub struct Exceptions(BTreeMap<Exceptional, Exception>);

/// What becomes of exceptions: those not named stay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExceptionsEdit {
    /// These are there from now on, in place of those of the same day and service.
    #[serde(default)]
    pub put: Vec<Exception>,
    /// These are there no more.
    #[serde(default)]
    pub remove: Vec<Exceptional>,
}

impl Exception {
    /// Which one it is.
    #[must_use]
    pub fn key(&self) -> Exceptional {
        (self.date, self.service)
    }
}

impl Exceptions {
    /// All of them, in the order of their days.
    pub fn iter(&self) -> impl Iterator<Item = &Exception> {
        self.0.values()
    }

    /// The one that says what is served on a day: that of the service before that of all services.
    #[must_use]
    pub fn of(&self, date: Date, service: Service) -> Option<&Exception> {
        let own = self.0.get(&(date, Some(service)));
        own.or_else(|| self.0.get(&(date, None)))
    }

    /// What they are after an edit: first what is removed, then what is put.
    ///
    /// # Errors
    /// There would be too many, or one has too many spans.
    pub fn edited(&self, edit: &ExceptionsEdit) -> Result<Self, Refusal> {
        if edit.put.iter().any(|one| one.spans.len() > SPANS_MAX) {
            return Err(Refusal::TooMany("spans on a day", SPANS_MAX));
        }
        for span in edit.put.iter().flat_map(|one| &one.spans) {
            span.checked()?;
        }
        let mut all = self.0.clone();
        for key in &edit.remove {
            all.remove(key);
        }
        let put = edit.put.iter().cloned();
        all.extend(put.map(|exception| (exception.key(), exception)));
        match all.len() > EXCEPTIONS_MAX {
            true => Err(Refusal::TooMany("exceptions", EXCEPTIONS_MAX)),
            false => Ok(Exceptions(all)),
        }
    }
}

impl From<Vec<Exception>> for Exceptions {
    fn from(all: Vec<Exception>) -> Self {
        Exceptions(all.into_iter().map(|one| (one.key(), one)).collect())
    }
}

impl From<Exceptions> for Vec<Exception> {
    fn from(all: Exceptions) -> Self {
        all.0.into_values().collect()
    }
}
