//! When a restaurant serves: every week, and on days that are not like the others.

use std::collections::BTreeMap;

use base::Result;
use carte::{Remark, Service, TimeOfDay, Weekday};
use domain::venues::{
    Date, Exception, Exceptional, ExceptionsEdit, Hours, Openness, Span, Week, Weekly, Why, open_at,
};
use serde::{Deserialize, Serialize};
use slice::wrong;
use utoipa::ToSchema;

use super::service;
use crate::venues::app::Scene;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DayName {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// A span on some days of every week. One that ends no later than it begins ends on the day after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct WeeklySpan {
    /// The days on which it begins.
    #[schema(min_items = 1, max_items = 7)]
    days: Vec<DayName>,
    /// The first minute.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length = 5)]
    from: String,
    /// The minute that is not in it any more.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", max_length = 5)]
    to: String,
}

/// A span of one day. One that ends no later than it begins ends on the day after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DaySpan {
    /// The first minute.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length = 5)]
    from: String,
    /// The minute that is not in it any more.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", max_length = 5)]
    to: String,
}

/// The week of each service. A service that is left out is not offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Weeks {
    /// When it is brought.
    #[serde(default)]
    #[schema(max_items = 42)]
    delivery: Vec<WeeklySpan>,
    /// When it can be fetched.
    #[serde(default)]
    #[schema(max_items = 42)]
    pickup: Vec<WeeklySpan>,
    /// When it is eaten there.
    #[serde(default)]
    #[schema(max_items = 42)]
    dine_in: Vec<WeeklySpan>,
}

/// Whether a service is open now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceNow {
    /// Which service.
    #[schema(pattern = "^(delivery|pickup|dine_in)$")]
    service: String,
    /// Whether orders are taken.
    open: bool,
    /// Why: `open`, `busy`, `paused`, `closed`, or `not_offered` where no hours were said.
    #[schema(pattern = "^(open|busy|paused|closed|not_offered)$")]
    why: String,
    /// How many minutes longer everything takes, while it is busy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longer_minutes: Option<u16>,
    /// When `open` becomes the other, if that is in the next two months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    changes_at: Option<base::Time>,
}

/// When a restaurant serves every week. A new restaurant has no hours, and is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoursView {
    /// When a day of business begins: what happens earlier belongs to the day before.
    day_starts: String,
    /// The zone that all of it is meant in.
    time_zone: String,
    /// The week of each service.
    weeks: Weeks,
    /// What follows for now.
    now: Vec<ServiceNow>,
    /// The version of the hours, to be sent along with the next change; 0 when nothing was said yet.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
}

/// When a restaurant serves every week from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedHours {
    /// When a day of business begins; at midnight when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length = 5)]
    day_starts: Option<String>,
    /// The week of each service.
    weeks: Weeks,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

/// A day that is not like the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SpecialDay {
    /// Which day.
    #[schema(format = Date, pattern = "^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$", max_length = 10)]
    date: String,
    /// For which service; for all that are offered when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(delivery|pickup|dine_in)$")]
    service: Option<String>,
    /// What is served instead of the spans of the week; closed when there is none.
    #[serde(default)]
    #[schema(max_items = 6)]
    spans: Vec<DaySpan>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 120)]
    note: Option<String>,
}

/// Which day that is not like the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SpecialDayKey {
    /// Which day.
    #[schema(format = Date, pattern = "^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$", max_length = 10)]
    date: String,
    /// Of which service; the one for all when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(delivery|pickup|dine_in)$")]
    service: Option<String>,
}

/// The days that are not like the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExceptionsView {
    /// All of them, in their order.
    items: Vec<SpecialDay>,
    /// The version of the exceptions, to be sent along with the next change; 0 when nothing was said yet.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
}

/// What becomes of days that are not like the others. Those not named stay.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedExceptions {
    /// These are there from now on, in place of those of the same day and service.
    #[serde(default)]
    #[schema(max_items = 400)]
    put: Vec<SpecialDay>,
    /// These are there no more.
    #[serde(default)]
    #[schema(max_items = 400)]
    remove: Vec<SpecialDayKey>,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

impl DayName {
    const ALL: [(DayName, Weekday); 7] = [
        (DayName::Mon, Weekday::Monday),
        (DayName::Tue, Weekday::Tuesday),
        (DayName::Wed, Weekday::Wednesday),
        (DayName::Thu, Weekday::Thursday),
        (DayName::Fri, Weekday::Friday),
        (DayName::Sat, Weekday::Saturday),
        (DayName::Sun, Weekday::Sunday),
    ];
}

fn time(field: &'static str, typed: &str) -> Result<TimeOfDay> {
    typed
        .parse()
        .map_err(|error: carte::TimeOfDayError| wrong(field, error.to_string()))
}

fn date(field: &'static str, typed: &str) -> Result<Date> {
    typed
        .parse()
        .map_err(|error: domain::venues::DateError| wrong(field, error.to_string()))
}

impl Weeks {
    fn each(&self) -> [(Service, &'static str, &[WeeklySpan]); 3] {
        [
            (Service::Delivery, "weeks.delivery", &self.delivery),
            (Service::Pickup, "weeks.pickup", &self.pickup),
            (Service::DineIn, "weeks.dine_in", &self.dine_in),
        ]
    }

    fn of(hours: &Hours) -> Self {
        let spans = |service| {
            let week = hours.weeks.get(&service);
            let spans = week.map(Week::spans).unwrap_or_default();
            spans.iter().map(WeeklySpan::from).collect()
        };
        Weeks {
            delivery: spans(Service::Delivery),
            pickup: spans(Service::Pickup),
            dine_in: spans(Service::DineIn),
        }
    }
}

impl From<&Weekly> for WeeklySpan {
    fn from(weekly: &Weekly) -> Self {
        let days = DayName::ALL.into_iter();
        let days = days.filter(|(_, day)| weekly.days.contains(day));
        WeeklySpan {
            days: days.map(|(name, _)| name).collect(),
            from: weekly.from.to_string(),
            to: weekly.to.to_string(),
        }
    }
}

impl WeeklySpan {
    /// The week of these spans.
    pub(super) fn week(field: &'static str, spans: &[Self]) -> Result<Week> {
        let spans = spans.iter().map(|span| span.weekly(field));
        let week = Week::new(spans.collect::<Result<_>>()?);
        week.map_err(|refusal| wrong(field, refusal.to_string()))
    }

    fn weekly(&self, field: &'static str) -> Result<Weekly> {
        let days = DayName::ALL.into_iter();
        let days = days.filter(|(name, _)| self.days.contains(name));
        Ok(Weekly {
            days: days.map(|(_, day)| day).collect(),
            from: time(field, &self.from)?,
            to: time(field, &self.to)?,
        })
    }
}

impl ChangedHours {
    /// What it means.
    pub(crate) fn hours(&self) -> Result<Hours> {
        let day_starts = self.day_starts.as_deref().unwrap_or("00:00");
        let mut weeks = BTreeMap::new();
        for (service, field, spans) in self.weeks.each() {
            let week = WeeklySpan::week(field, spans)?;
            if !week.is_empty() {
                weeks.insert(service, week);
            }
        }
        let hours = Hours {
            day_starts: time("dayStarts", day_starts)?,
            weeks,
        };
        hours
            .checked()
            .map_err(|refusal| wrong("dayStarts", refusal.to_string()))
    }
}

impl ServiceNow {
    fn of(service: Service, openness: Openness) -> Self {
        ServiceNow {
            service: service.name().to_owned(),
            open: openness.open,
            why: openness.why.name().to_owned(),
            longer_minutes: match openness.why {
                Why::Busy { minutes, .. } => Some(minutes),
                Why::Hours | Why::Paused { .. } | Why::Closed | Why::Never => None,
            },
            changes_at: openness.changes_at,
        }
    }

    /// Of every service, whether it is open now.
    pub(super) fn all(scene: &Scene) -> Vec<Self> {
        let zone = scene.restaurant.details.time_zone;
        let now = |service| open_at(&scene.venue, zone, service, scene.now);
        let all = Service::ALL.iter().copied();
        all.map(|service| Self::of(service, now(service))).collect()
    }
}

impl From<&Scene> for HoursView {
    fn from(scene: &Scene) -> Self {
        let hours = &scene.venue.hours;
        HoursView {
            day_starts: hours.day_starts.to_string(),
            time_zone: scene.restaurant.details.time_zone.name().to_owned(),
            weeks: Weeks::of(hours),
            now: ServiceNow::all(scene),
            version: scene.venue.versions.hours,
        }
    }
}

impl SpecialDay {
    fn exception(&self) -> Result<Exception> {
        let span = |span: &DaySpan| {
            Ok(Span {
                from: time("put.spans", &span.from)?,
                to: time("put.spans", &span.to)?,
            })
        };
        let named = self.service.as_deref();
        let note = self.note.as_deref().map(str::parse::<Remark>);
        Ok(Exception {
            date: date("put.date", &self.date)?,
            service: named.map(|name| service("put.service", name)).transpose()?,
            spans: self.spans.iter().map(span).collect::<Result<_>>()?,
            note: note
                .transpose()
                .map_err(|error| wrong("put.note", error.to_string()))?,
        })
    }
}

impl From<&Exception> for SpecialDay {
    fn from(exception: &Exception) -> Self {
        let spans = exception.spans.iter().map(|span| DaySpan {
            from: span.from.to_string(),
            to: span.to.to_string(),
        });
        SpecialDay {
            date: exception.date.to_string(),
            service: exception.service.map(|service| service.name().to_owned()),
            spans: spans.collect(),
            note: exception.note.as_ref().map(Remark::to_string),
        }
    }
}

impl SpecialDayKey {
    fn key(&self) -> Result<Exceptional> {
        let named = self.service.as_deref();
        Ok((
            date("remove.date", &self.date)?,
            named
                .map(|name| service("remove.service", name))
                .transpose()?,
        ))
    }
}

impl ChangedExceptions {
    /// What it means.
    pub(crate) fn edit(&self) -> Result<ExceptionsEdit> {
        Ok(ExceptionsEdit {
            put: self
                .put
                .iter()
                .map(SpecialDay::exception)
                .collect::<Result<_>>()?,
            remove: self
                .remove
                .iter()
                .map(SpecialDayKey::key)
                .collect::<Result<_>>()?,
        })
    }
}

impl From<&Scene> for ExceptionsView {
    fn from(scene: &Scene) -> Self {
        ExceptionsView {
            items: scene.venue.exceptions.iter().map(Into::into).collect(),
            version: scene.venue.versions.exceptions,
        }
    }
}
