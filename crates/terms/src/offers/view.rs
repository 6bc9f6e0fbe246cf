//! What offers look like from outside, and what is taken of new ones.

use std::collections::BTreeSet;

use base::{Currency, Result, Time};
use carte::{Channel, ItemId, Service, Sold};
use domain::organisations::{BrandId, Name, RestaurantId};
use domain::pricing::Funder;
use serde::{Deserialize, Serialize};
use slice::{TypedName, wrong};
use trade::offers::{
    AMOUNT_MINOR_MAX, Code, Founding, Gives, Offer, OfferId, Terms, WHOLE_MILLIONTHS,
};
use utoipa::ToSchema;

use super::app::code;
use crate::capacity::{TypedSpan, amount, minor};

/// Millionths in a hundredth.
const MILLIONTHS_A_PERCENT: i64 = 10_000;

/// What an offer takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum GivesKind {
    /// `percent` of the price of `items`, or of all; `most` of it at most.
    Percent,
    /// `amount` off the price of all items.
    Amount,
    /// The delivery fee; `most` of it at most.
    Delivery,
    /// Of every `buy` and `get` pieces of `items`, or of all, `percent` off the `get` cheapest.
    Bundle,
}

/// Who pays for an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OfferFunder)]
pub(super) enum FunderName {
    /// The restaurant.
    Restaurant,
    /// Its brand.
    Brand,
    /// The platform; only the platform says so.
    Platform,
}

/// How an order reaches the diner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OfferService)]
pub(super) enum ServiceName {
    /// It is brought.
    Delivery,
    /// It is fetched.
    Pickup,
    /// It is eaten there.
    DineIn,
}

/// What an offer takes off; which fields belong to it depends on its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OfferGives)]
pub(super) struct TypedGives {
    /// What sort of thing it takes off.
    kind: GivesKind,
    /// So many percent: 1 to 100, with up to four digits after the point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        pattern = "^[1-9][0-9]?(\\.[0-9]{1,4})?$|^100(\\.0{1,4})?$",
        max_length = 8
    )]
    percent: Option<String>,
    /// No more than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    most: Option<String>,
    /// So much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    amount: Option<String>,
    /// So many pieces are paid in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    buy: Option<u32>,
    /// So many besides cost less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    get: Option<u32>,
    /// Of these items; of all when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, max_items = 500)]
    items: Vec<ItemId>,
}

/// The terms of a new offer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewPromotion {
    /// What it is called, for diners.
    name: TypedName,
    /// What it takes off.
    gives: TypedGives,
    /// Who pays for it; the restaurant when nothing is said.
    #[serde(default)]
    funder: Option<FunderName>,
    /// What its amounts are in.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Currency,
    /// What the items must cost at least, before anything is taken off.
    #[serde(default)]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    minimum: Option<String>,
    /// From when on it can be used.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// From when on it can be used no more.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// For which times of the week an order must be wanted; for all when none is named.
    #[serde(default)]
    #[schema(max_items = 42)]
    hours: Vec<TypedSpan>,
    /// For which services; for all when none is named.
    #[serde(default)]
    #[schema(max_items = 3)]
    services: Vec<ServiceName>,
    /// In which sales channels; in all when none is named.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 50)]
    channels: Vec<Channel>,
    /// In which restaurants; in all of the organisation when none is named.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 500)]
    restaurants: Vec<RestaurantId>,
    /// Besides, in all restaurants of these brands, also in those that come later.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 100)]
    brands: Vec<BrandId>,
    /// How often it can be used in all.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    uses_max: Option<u32>,
    /// How often one person can use it.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    person_uses_max: Option<u32>,
    /// Whether it is for a person's first order in the organisation; then a person can use it once.
    #[serde(default)]
    first_order: bool,
}

/// A new coupon.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewCoupon {
    /// The code that a diner names; small letters are taken for large ones.
    #[schema(
        pattern = "^[A-Za-z0-9-]{3,32}$",
        min_length = 3,
        max_length = 32,
        example = "SAVE20"
    )]
    code: String,
    /// Its terms.
    terms: NewPromotion,
}

/// A coupon or a promotion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfferView {
    /// Which one.
    #[schema(value_type = String, pattern = "^(cpn|prm)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: OfferId,
    /// The code of a coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[A-Z0-9-]{3,32}$")]
    code: Option<Code>,
    /// Whether it can be used as its terms say (`live`), or not any more (`ended`).
    #[schema(pattern = "^(live|ended)$")]
    state: String,
    /// Its terms.
    terms: TermsView,
    /// How often it was used. Uses of promotions are counted where they are limited.
    #[schema(minimum = 0)]
    used: i64,
    /// The version, to be sent along with the next change.
    #[schema(minimum = 1)]
    pub(super) version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

/// The terms of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfferTerms)]
pub(super) struct TermsView {
    /// What it is called, for diners.
    name: String,
    /// What it takes off.
    gives: TypedGives,
    /// Who pays for it.
    funder: FunderName,
    /// What its amounts are in.
    currency: String,
    /// What the items must cost at least, before anything is taken off.
    minimum: String,
    /// From when on it can be used.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// From when on it can be used no more.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// For which times of the week an order must be wanted; for all when none is named.
    hours: Vec<TypedSpan>,
    /// For which services; for all when none is named.
    services: Vec<ServiceName>,
    /// In which sales channels; in all when none is named.
    #[schema(value_type = Vec<String>)]
    channels: Vec<Channel>,
    /// In which restaurants; in all of the organisation when none is named.
    #[schema(value_type = Vec<String>)]
    restaurants: Vec<RestaurantId>,
    /// Besides, in all restaurants of these brands.
    #[schema(value_type = Vec<String>)]
    brands: Vec<BrandId>,
    /// How often it can be used in all.
    uses_max: Option<u32>,
    /// How often one person can use it.
    person_uses_max: Option<u32>,
    /// Whether it is for a person's first order in the organisation.
    first_order: bool,
}

impl GivesKind {
    /// Which fields belong to it, for whoever sent others.
    const fn takes(self) -> &'static str {
        match self {
            GivesKind::Percent => "percent takes the field percent, and most and items if need be",
            GivesKind::Amount => "amount takes the field amount and no other",
            GivesKind::Delivery => "delivery takes the field most, if need be, and no other",
            GivesKind::Bundle => {
                "bundle takes the fields buy, get and percent, and items if need be"
            }
        }
    }
}

impl From<FunderName> for Funder {
    fn from(name: FunderName) -> Self {
        match name {
            FunderName::Restaurant => Funder::Restaurant,
            FunderName::Brand => Funder::Brand,
            FunderName::Platform => Funder::Platform,
        }
    }
}

impl From<Funder> for FunderName {
    fn from(funder: Funder) -> Self {
        match funder {
            Funder::Restaurant => FunderName::Restaurant,
            Funder::Brand => FunderName::Brand,
            Funder::Platform => FunderName::Platform,
        }
    }
}

impl ServiceName {
    const ALL: [(ServiceName, Service); 3] = [
        (ServiceName::Delivery, Service::Delivery),
        (ServiceName::Pickup, Service::Pickup),
        (ServiceName::DineIn, Service::DineIn),
    ];

    /// The services that are named.
    pub(super) fn services(names: &[Self]) -> BTreeSet<Service> {
        let all = Self::ALL.into_iter();
        let all = all.filter(|(name, _)| names.contains(name));
        all.map(|(_, service)| service).collect()
    }
}

/// A percentage with up to four digits after the point.
fn millionths(typed: &str) -> Option<i64> {
    let (whole, fraction) = typed.split_once('.').unwrap_or((typed, "0"));
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(whole, 3) || !is_number(fraction, 4) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<4}").parse().ok()?;
    let whole: i64 = whole.parse().ok()?;
    let all = whole
        .checked_mul(MILLIONTHS_A_PERCENT)?
        .checked_add(fraction)?;
    (MILLIONTHS_A_PERCENT..=WHOLE_MILLIONTHS)
        .contains(&all)
        .then_some(all)
}

fn percent(millionths: i64) -> String {
    let whole = millionths / MILLIONTHS_A_PERCENT;
    let fraction = format!("{:04}", millionths % MILLIONTHS_A_PERCENT);
    match fraction.trim_end_matches('0') {
        "" => whole.to_string(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// A minimum as it was typed; nothing when none was.
pub(super) fn minimum(typed: Option<&str>, currency: Currency) -> Result<i64> {
    let most = (currency, AMOUNT_MINOR_MAX);
    Ok(typed
        .map(|typed| minor("minimum", typed, most))
        .transpose()?
        .unwrap_or_default())
}

impl TypedGives {
    /// What it means.
    pub(super) fn gives(&self, currency: Currency) -> Result<Gives> {
        let has = (
            self.percent.is_some(),
            self.most.is_some(),
            self.amount.is_some(),
            self.buy.is_some() && self.get.is_some(),
            self.buy.is_some() || self.get.is_some() || !self.items.is_empty(),
        );
        let belongs = match (self.kind, has) {
            (GivesKind::Percent, (true, _, false, _, _)) => self.buy.or(self.get).is_none(),
            (GivesKind::Amount, (false, false, true, _, false))
            | (GivesKind::Delivery, (false, _, false, _, false))
            | (GivesKind::Bundle, (true, false, false, true, _)) => true,
            _ => false,
        };
        if !belongs {
            return Err(wrong("gives", self.kind.takes()));
        }
        let most = |field, typed: &Option<String>| {
            let typed = typed.as_deref();
            typed
                .map(|typed| minor(field, typed, (currency, AMOUNT_MINOR_MAX)))
                .transpose()
        };
        let part = self.percent.as_deref().and_then(millionths);
        let part = || {
            part.ok_or_else(|| {
                wrong(
                    "gives.percent",
                    "it is 1 to 100, with up to four digits after the point",
                )
            })
        };
        let items: BTreeSet<ItemId> = self.items.iter().copied().collect();
        Ok(match self.kind {
            GivesKind::Percent => Gives::Percent {
                millionths: part()?,
                most_minor: most("gives.most", &self.most)?,
                items,
            },
            GivesKind::Amount => Gives::Amount {
                minor: most("gives.amount", &self.amount)?.unwrap_or_default(),
            },
            GivesKind::Delivery => Gives::Delivery {
                most_minor: most("gives.most", &self.most)?,
            },
            GivesKind::Bundle => Gives::Bundle {
                buy: self.buy.unwrap_or_default(),
                get: self.get.unwrap_or_default(),
                millionths: part()?,
                items,
            },
        })
    }

    fn of(gives: &Gives, currency: Currency) -> Self {
        let written = |minor: i64| amount(minor, currency);
        let mut shown = TypedGives {
            kind: GivesKind::Amount,
            percent: None,
            most: None,
            amount: None,
            buy: None,
            get: None,
            items: Vec::new(),
        };
        match gives {
            Gives::Percent {
                millionths,
                most_minor,
                items,
            } => {
                shown.kind = GivesKind::Percent;
                shown.percent = Some(percent(*millionths));
                shown.most = most_minor.map(written);
                shown.items = items.iter().copied().collect();
            }
            Gives::Amount { minor } => shown.amount = Some(written(*minor)),
            Gives::Delivery { most_minor } => {
                shown.kind = GivesKind::Delivery;
                shown.most = most_minor.map(written);
            }
            Gives::Bundle {
                buy,
                get,
                millionths,
                items,
            } => {
                shown.kind = GivesKind::Bundle;
                (shown.buy, shown.get) = (Some(*buy), Some(*get));
                shown.percent = Some(percent(*millionths));
                shown.items = items.iter().copied().collect();
            }
        }
        shown
    }
}

impl NewPromotion {
    /// What it means.
    pub(super) fn founding(&self) -> Result<Founding> {
        let hours = self.hours.iter().map(|span| span.weekly("hours"));
        let terms = Terms {
            name: self.name.name()?,
            gives: self.gives.gives(self.currency)?,
            funder: self.funder.map_or(Funder::Restaurant, Funder::from),
            currency: self.currency,
            minimum_minor: minimum(self.minimum.as_deref(), self.currency)?,
            from: self.from,
            until: self.until,
            hours: hours.collect::<Result<_>>()?,
            sold: Sold {
                services: ServiceName::services(&self.services),
                channels: self.channels.iter().cloned().collect(),
            },
            restaurants: self.restaurants.iter().copied().collect(),
            brands: self.brands.iter().copied().collect(),
            uses_max: self.uses_max,
            person_uses_max: self.person_uses_max,
            first_order: self.first_order,
        };
        Ok(Founding {
            code: None,
            terms: terms.checked()?,
        })
    }
}

impl NewCoupon {
    /// What it means.
    pub(super) fn founding(&self) -> Result<Founding> {
        Ok(Founding {
            code: Some(code(&self.code)?),
            ..self.terms.founding()?
        })
    }
}

impl OfferView {
    /// An offer that was used so often.
    pub(super) fn of(offer: &Offer, used: i64) -> Self {
        OfferView {
            id: offer.id,
            code: offer.code.clone(),
            state: offer.state.name().to_owned(),
            terms: TermsView::from(&offer.terms),
            used,
            version: offer.version,
            created_at: offer.created_at,
        }
    }
}

impl From<&Terms> for TermsView {
    fn from(terms: &Terms) -> Self {
        let services = ServiceName::ALL.into_iter();
        let services = services.filter(|(_, service)| terms.sold.services.contains(service));
        let hours = terms.hours.iter();
        let span = |span: &domain::venues::Weekly| TypedSpan::of(&span.days, (span.from, span.to));
        TermsView {
            name: Name::as_str(&terms.name).to_owned(),
            gives: TypedGives::of(&terms.gives, terms.currency),
            funder: terms.funder.into(),
            currency: terms.currency.code().to_owned(),
            minimum: amount(terms.minimum_minor, terms.currency),
            from: terms.from,
            until: terms.until,
            hours: hours.map(span).collect(),
            services: services.map(|(name, _)| name).collect(),
            channels: terms.sold.channels.iter().cloned().collect(),
            restaurants: terms.restaurants.iter().copied().collect(),
            brands: terms.brands.iter().copied().collect(),
            uses_max: terms.uses_max,
            person_uses_max: terms.person_uses_max,
            first_order: terms.first_order,
        }
    }
}
