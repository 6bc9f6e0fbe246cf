//! What restaurants look like to everybody: in a list, found by words, and on a page of their own.

use std::collections::BTreeMap;

use base::{Currency, Money, Time};
use carte::{ItemId, PictureId, Service};
use domain::organisations::{BrandId, PostalCode, RestaurantId};
use domain::venues::{
    self, Date, Held, Position, Reason, Shape, Span, Venue, Weekly, Why, Zone, open_at,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::card::Card;
use super::find::{Hit, Listed};

/// For how many days to come days that are not like the others are shown.
const DAYS_SHOWN: i32 = 14;

/// A place on the ground.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PositionView {
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90)]
    lat: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180)]
    lng: f64,
}

/// Where a restaurant is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlaceView {
    /// Street and number.
    street: String,
    /// The postal code.
    postal_code: Option<String>,
    /// The city.
    city: String,
    /// The country, by the two capital letters of ISO 3166.
    country: String,
}

/// Whether a service is open now.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceView {
    /// Which service.
    #[schema(value_type = String, pattern = "^(delivery|pickup|dine_in)$")]
    service: Service,
    /// Whether it takes orders now.
    open: bool,
    /// Why: `open`, `busy`, `paused`, `closed`.
    #[schema(pattern = "^(open|busy|paused|closed)$")]
    status: &'static str,
    /// When `open` becomes the other; absent when that is not in sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    changes_at: Option<Time>,
    /// How many minutes longer everything takes, when busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    longer_minutes: Option<u16>,
    /// Why it is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    /// Until when it is busy or paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

/// A restaurant in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedRestaurant {
    /// Which one.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: RestaurantId,
    /// The brand that it belongs to.
    #[schema(value_type = Option<String>, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    brand: Option<BrandId>,
    /// What it is called.
    name: String,
    /// What is cooked.
    cuisines: Vec<String>,
    /// Where it is.
    address: PlaceView,
    /// Where that is on the ground.
    position: Option<PositionView>,
    /// How far it is over ground, when it was asked from somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_metres: Option<u32>,
    /// What its prices are in.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: String,
    /// What it looks like.
    #[schema(value_type = Option<String>, pattern = "^pic_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    picture: Option<PictureId>,
    /// Whether any of its services takes orders now.
    open: bool,
    /// Its services, and whether each is open.
    services: Vec<ServiceView>,
}

/// An item of a menu that was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundItem {
    /// Which one.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: ItemId,
    /// What it is called.
    name: String,
}

/// A restaurant that was found by words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundRestaurant {
    /// The restaurant.
    restaurant: ListedRestaurant,
    /// Items of its menu that have most of the words, three at most.
    #[schema(max_items = 3)]
    items: Vec<FoundItem>,
}

/// What was found, the best first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundView {
    /// The restaurants.
    pub(crate) items: Vec<FoundRestaurant>,
}

/// From when until when, as the clock on the wall shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SpanView {
    /// From this minute.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    from: String,
    /// Until this minute; of the day after, unless it is later than `from`.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    to: String,
}

/// A span on some days of every week.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WeeklyView {
    /// The days on which it begins: `mon` to `sun`.
    #[schema(value_type = Vec<String>)]
    days: Vec<carte::Weekday>,
    /// From when until when.
    #[serde(flatten)]
    span: SpanView,
}

/// When a service is offered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShownHours)]
pub(crate) struct HoursView {
    /// Which service.
    #[schema(value_type = String, pattern = "^(delivery|pickup|dine_in)$")]
    service: Service,
    /// Today, or what is still the day of business that began yesterday.
    today: Vec<SpanView>,
    /// Every week.
    week: Vec<WeeklyView>,
}

/// A day that is not like the others.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DayView {
    /// Which day.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// For which service; for all when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    service: Option<Service>,
    /// What is served instead of the hours of the week; nothing when closed.
    spans: Vec<SpanView>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Where a restaurant delivers to, and for what. The first zone that a place is in counts.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ZoneView {
    /// What it is called.
    name: String,
    /// Everything within so many metres of the restaurant, or
    #[serde(skip_serializing_if = "Option::is_none")]
    radius_metres: Option<u32>,
    /// everything within these corners.
    #[serde(skip_serializing_if = "Option::is_none")]
    polygon: Option<Vec<PositionView>>,
    /// What delivery costs, in the restaurant's currency.
    fee: String,
    /// What is delivered at least.
    minimum: String,
    /// From what on delivery costs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    free_from: Option<String>,
    /// How long the way takes, about.
    minutes: u16,
    /// When it is a zone; always when nothing is said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    times: Vec<WeeklyView>,
}

/// Something that holds for now: a pause, or that everything takes longer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoticeView {
    /// `paused` or `busy`.
    #[schema(pattern = "^(paused|busy)$")]
    kind: &'static str,
    /// For which service; for all when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    service: Option<Service>,
    /// Over which channel; over all when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// How many minutes longer everything takes, when busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    longer_minutes: Option<u16>,
    /// Why.
    #[schema(value_type = String)]
    reason: Reason,
    /// More about why.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    until: Time,
}

/// A restaurant's page: everything that everybody may know of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestaurantPage {
    /// What lists show.
    #[serde(flatten)]
    listed: ListedRestaurant,
    /// A few words about it, in the language of its menu.
    description: Option<String>,
    /// The same in other languages.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    descriptions: BTreeMap<String, String>,
    /// How to call it.
    phone: Option<String>,
    /// The zone by which its hours are meant.
    time_zone: String,
    /// The revision of its menu; absent before one is published.
    revision: Option<i64>,
    /// When it serves.
    hours: Vec<HoursView>,
    /// Days of the next two weeks that are not like the others.
    days: Vec<DayView>,
    /// What holds for now.
    notices: Vec<NoticeView>,
    /// Where it delivers to.
    zones: Vec<ZoneView>,
}

impl From<Position> for PositionView {
    fn from(position: Position) -> Self {
        let (lat, lng) = position.degrees();
        PositionView { lat, lng }
    }
}

impl From<Span> for SpanView {
    fn from(span: Span) -> Self {
        SpanView {
            from: span.from.to_string(),
            to: span.to.to_string(),
        }
    }
}

impl From<&Weekly> for WeeklyView {
    fn from(weekly: &Weekly) -> Self {
        WeeklyView {
            days: weekly.days.iter().copied().collect(),
            span: weekly.span().into(),
        }
    }
}

impl ListedRestaurant {
    /// How it looks at this moment.
    pub(crate) fn new(listed: &Listed, now: Time) -> Self {
        let card = &*listed.card;
        let profile = &card.venue.profile;
        let address = &card.address;
        let services = services(card, now);
        let cuisines = profile.cuisines.iter();
        let postal_code = address.postal_code.as_ref().map(PostalCode::as_str);
        ListedRestaurant {
            id: card.id,
            brand: card.brand,
            name: card.name.as_str().to_owned(),
            cuisines: cuisines
                .map(|cuisine| cuisine.as_str().to_owned())
                .collect(),
            address: PlaceView {
                street: address.street.as_str().to_owned(),
                postal_code: postal_code.map(str::to_owned),
                city: address.city.as_str().to_owned(),
                country: address.country.as_str().to_owned(),
            },
            position: profile.position.map(Into::into),
            distance_metres: listed.metres,
            currency: card.currency.code().to_owned(),
            picture: profile.picture,
            open: services.iter().any(|service| service.open),
            services,
        }
    }
}

impl FoundRestaurant {
    /// How it looks at this moment.
    pub(crate) fn new(hit: Hit, now: Time) -> Self {
        let items = hit.items.into_iter();
        FoundRestaurant {
            restaurant: ListedRestaurant::new(&hit.listed, now),
            items: items.map(|(id, name)| FoundItem { id, name }).collect(),
        }
    }
}

impl RestaurantPage {
    /// How it looks at this moment.
    pub(crate) fn new(listed: &Listed, now: Time) -> Self {
        let card = &*listed.card;
        let (venue, currency) = (&card.venue, card.currency);
        let today = venues::business_day(venue, card.time_zone, now);
        let description = venue.profile.description.as_ref();
        let others = description.into_iter().flat_map(|words| words.other());
        let last = today.plus(DAYS_SHOWN);
        let days = venue.exceptions.iter();
        let days = days.filter(|day| (today..=last).contains(&day.date));
        RestaurantPage {
            listed: ListedRestaurant::new(listed, now),
            description: description.map(|words| words.main().to_owned()),
            descriptions: others
                .map(|(language, text)| (language.as_str().to_owned(), text.clone()))
                .collect(),
            phone: venue
                .profile
                .phone
                .as_ref()
                .map(|phone| phone.as_str().to_owned()),
            time_zone: card.time_zone.name().to_owned(),
            revision: card.revision,
            hours: hours(venue, today),
            days: days
                .map(|day| DayView {
                    date: day.date,
                    service: day.service,
                    spans: day.spans.iter().copied().map(Into::into).collect(),
                    note: day.note.as_ref().map(|note| note.as_str().to_owned()),
                })
                .collect(),
            notices: venue.standing.at(now).map(notice).collect(),
            zones: venue
                .zones
                .all()
                .iter()
                .map(|of| zone(of, currency))
                .collect(),
        }
    }
}

fn services(card: &Card, now: Time) -> Vec<ServiceView> {
    let offered = Service::ALL.iter().copied();
    let offered = offered.filter(|service| card.venue.hours.of(*service).is_some());
    let view = |service| {
        let found = open_at(&card.venue, card.time_zone, service, now);
        let (longer_minutes, reason, until) = match found.why {
            Why::Busy { minutes, until } => (Some(minutes), None, Some(until)),
            Why::Paused { reason, until } => (None, Some(reason), Some(until)),
            Why::Hours | Why::Closed | Why::Never => (None, None, None),
        };
        ServiceView {
            service,
            open: found.open,
            status: found.why.name(),
            changes_at: found.changes_at,
            longer_minutes,
            reason,
            until,
        }
    };
    offered.map(view).collect()
}

fn hours(venue: &Venue, today: Date) -> Vec<HoursView> {
    let weeks = venue.hours.weeks.iter();
    weeks
        .map(|(service, week)| {
            let exceptional = venue.exceptions.of(today, *service);
            let today: Vec<Span> = match exceptional {
                Some(exception) => exception.spans.clone(),
                None => week.on(today.weekday()).collect(),
            };
            HoursView {
                service: *service,
                today: today.into_iter().map(Into::into).collect(),
                week: week.spans().iter().map(Into::into).collect(),
            }
        })
        .collect()
}

fn notice(held: &Held) -> NoticeView {
    let (kind, longer_minutes) = match held.halt {
        venues::Halt::Paused => ("paused", None),
        venues::Halt::Busy(minutes) => ("busy", Some(minutes)),
    };
    let channel = held.about.channel.as_ref();
    NoticeView {
        kind,
        service: held.about.service,
        channel: channel.map(|channel| channel.as_str().to_owned()),
        longer_minutes,
        reason: held.reason,
        note: held.note.as_ref().map(|note| note.as_str().to_owned()),
        until: held.until,
    }
}

fn zone(zone: &Zone, currency: Currency) -> ZoneView {
    let amount = |minor| Money::new(minor, currency).amount();
    let (radius_metres, polygon) = match &zone.shape {
        Shape::Radius(metres) => (Some(*metres), None),
        Shape::Polygon(corners) => {
            let corners = corners.iter().copied().map(Into::into);
            (None, Some(corners.collect()))
        }
    };
    ZoneView {
        name: zone.name.as_str().to_owned(),
        radius_metres,
        polygon,
        fee: amount(zone.fee_minor),
        minimum: amount(zone.minimum_minor),
        free_from: zone.free_from_minor.map(amount),
        minutes: zone.minutes,
        times: zone.times.spans().iter().map(Into::into).collect(),
    }
}
