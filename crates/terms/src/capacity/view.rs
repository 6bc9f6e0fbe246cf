//! What capacity looks like from outside, and what is taken of it.

use base::{Currency, Money, Result, Time};
use carte::{Channel, Days, Service, TimeOfDay, TimeOfDayError, Weekday};
use domain::venues::Weekly;
use serde::{Deserialize, Serialize};
use slice::{VERSION_MAX, wrong};
use trade::capacity::{Kept, MONEY_MINOR_MAX, Refusal, Rule, Rules};
use utoipa::{IntoParams, ToSchema};

use super::app::Seen;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = DayOfSpan)]
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

/// A span on some days of every week, by the clock of the restaurant. One that ends no later than it begins ends on the
/// day after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = SpanOfWeek)]
pub(crate) struct TypedSpan {
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

/// What one slot takes at some times of every week. It limits at least one of the three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CapacityRule {
    /// When.
    when: TypedSpan,
    /// Of what one sales channel brings; of all channels together when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<String>,
    /// How many orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10_000)]
    orders_max: Option<u32>,
    /// How many minutes of work: of each line, the minutes of its item times its quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000)]
    minutes_max: Option<u32>,
    /// How much money: what the items cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    money_max: Option<String>,
}

/// How much a restaurant takes on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CapacityView {
    /// How long before it is wanted an order must come, in minutes.
    lead_minutes: u32,
    /// How many days ahead one can order.
    days_ahead: u32,
    /// How long an item takes of which the menu says nothing, in minutes.
    item_minutes: u32,
    /// What a slot of 15 minutes takes; where several rules speak of it, the least of each counts, and where none does,
    /// nothing is limited.
    rules: Vec<CapacityRule>,
    /// What its amounts are in.
    currency: String,
    /// The version of the rules, to be sent along with the next change; 0 when nothing was said yet.
    #[schema(minimum = 0)]
    pub(super) version: i64,
}

/// How much a restaurant takes on from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedCapacity {
    /// How long before it is wanted an order must come, in minutes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10_080)]
    lead_minutes: u32,
    /// How many days ahead one can order; 62 when nothing is said.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 62)]
    days_ahead: Option<u32>,
    /// How long an item takes of which the menu says nothing, in minutes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_440)]
    item_minutes: u32,
    /// What a slot of 15 minutes takes.
    #[schema(max_items = 42)]
    rules: Vec<CapacityRule>,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
}

/// Which slots.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SlotsAsked {
    /// How the order is to reach the diner: `delivery`, `pickup` or `dine_in`.
    #[param(pattern = "^(delivery|pickup|dine_in)$")]
    service: String,
    /// The sales channel; the platform's own when nothing is said.
    #[param(max_length = 40, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<String>,
    /// Slots of the 24 hours from then on; from now on when nothing is said, or when it is past.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) from: Option<Time>,
}

/// The slots of a day in which a restaurant serves.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SlotsView {
    /// In their order.
    slots: Vec<SlotView>,
}

/// A slot of 15 minutes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SlotView {
    /// When it begins: this is what an order wants as `wantedAt`.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// Whether it takes a small order. A large one may have to wait for an emptier slot.
    free: bool,
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

impl TypedSpan {
    /// How a span is written.
    pub(crate) fn of(days: &Days, (from, to): (TimeOfDay, TimeOfDay)) -> Self {
        let all = DayName::ALL.into_iter();
        let all = all.filter(|(_, day)| days.contains(day));
        TypedSpan {
            days: all.map(|(name, _)| name).collect(),
            from: from.to_string(),
            to: to.to_string(),
        }
    }

    /// What it means.
    pub(crate) fn weekly(&self, field: &'static str) -> Result<Weekly> {
        let days = DayName::ALL.into_iter();
        let days = days.filter(|(name, _)| self.days.contains(name));
        Ok(Weekly {
            days: days.map(|(_, day)| day).collect(),
            from: time(field, &self.from)?,
            to: time(field, &self.to)?,
        })
    }
}

fn time(field: &'static str, typed: &str) -> Result<TimeOfDay> {
    typed
        .parse()
        .map_err(|error: TimeOfDayError| wrong(field, error.to_string()))
}

/// A sales channel as it was typed.
fn channel(field: &'static str, typed: Option<&str>) -> Result<Option<Channel>> {
    let channel = typed.map(str::parse::<Channel>).transpose();
    channel.map_err(|error| wrong(field, error.to_string()))
}

/// An amount as it was typed, no larger than this.
pub(crate) fn minor(
    field: &'static str,
    typed: &str,
    (currency, most): (Currency, i64),
) -> Result<i64> {
    let money = Money::parse(typed, currency);
    let money = money.map_err(|error| wrong(field, error.to_string()))?;
    match (0..=most).contains(&money.minor()) {
        true => Ok(money.minor()),
        false => Err(wrong(field, "it is too large, or below zero")),
    }
}

/// An amount as it is written.
pub(crate) fn amount(minor: i64, currency: Currency) -> String {
    Money::new(minor, currency).amount()
}

impl CapacityRule {
    fn of(rule: &Rule, currency: Currency) -> Self {
        CapacityRule {
            when: TypedSpan::of(&rule.days, (rule.from, rule.to)),
            channel: rule.channel.as_ref().map(ToString::to_string),
            orders_max: rule.orders_max,
            minutes_max: rule.minutes_max,
            money_max: rule.money_minor_max.map(|minor| amount(minor, currency)),
        }
    }

    fn rule(&self, currency: Currency) -> Result<Rule> {
        let Weekly { days, from, to } = self.when.weekly("rules.when")?;
        let money = self.money_max.as_deref();
        let money = money.map(|typed| minor("rules.moneyMax", typed, (currency, MONEY_MINOR_MAX)));
        Ok(Rule {
            days,
            from,
            to,
            channel: channel("rules.channel", self.channel.as_deref())?,
            orders_max: self.orders_max,
            minutes_max: self.minutes_max,
            money_minor_max: money.transpose()?,
        })
    }
}

impl CapacityView {
    pub(super) fn of(kept: &Kept, currency: Currency) -> Self {
        let rules = kept.rules.rules.iter();
        CapacityView {
            lead_minutes: kept.rules.lead_minutes,
            days_ahead: kept.rules.days_ahead,
            item_minutes: kept.rules.item_minutes,
            rules: rules.map(|rule| CapacityRule::of(rule, currency)).collect(),
            currency: currency.code().to_owned(),
            version: kept.version,
        }
    }
}

impl ChangedCapacity {
    /// What it means, in this currency, and the version that was seen.
    pub(super) fn rules(&self, currency: Currency) -> Result<(Rules, i64)> {
        if !(0..=VERSION_MAX).contains(&self.version) {
            return Err(wrong("version", "a version is a whole number from 0"));
        }
        let rules = self.rules.iter().map(|rule| rule.rule(currency));
        let said = Rules {
            lead_minutes: self.lead_minutes,
            days_ahead: self.days_ahead.unwrap_or(Rules::default().days_ahead),
            item_minutes: self.item_minutes,
            rules: rules.collect::<Result<_>>()?,
        };
        let checked = said.checked().map_err(|refusal| {
            let field = match refusal {
                Refusal::NoDay => "rules.when.days",
                Refusal::NoLimit
                | Refusal::OutOfRange
                | Refusal::TooMany
                | Refusal::Changed { .. } => "rules",
            };
            wrong(field, refusal.to_string())
        });
        Ok((checked?, self.version))
    }
}

impl SlotsAsked {
    pub(super) fn service(&self) -> Result<Service> {
        Service::find(&self.service)
            .ok_or_else(|| wrong("service", "it is delivery, pickup or dine_in"))
    }

    pub(super) fn channel(&self) -> Result<Channel> {
        let channel = channel("channel", self.channel.as_deref())?;
        Ok(channel.unwrap_or_default())
    }
}

impl From<Vec<Seen>> for SlotsView {
    fn from(seen: Vec<Seen>) -> Self {
        let slots = seen.into_iter().map(|one| SlotView {
            at: one.slot.begins(),
            until: one.slot.ends(),
            free: one.is_free,
        });
        SlotsView {
            slots: slots.collect(),
        }
    }
}
