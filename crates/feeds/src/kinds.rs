//! Which kinds of event the outside may read, under which version; every other stays inside.
//!
//! A public kind never changes its meaning; what would change it gets the next version. A kind of the log that is in
//! neither list is not shown, and a test fails.

use std::fmt;

use base::{Uid, uid};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use slice::wrong;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A kind of event that the outside may read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Public {
    /// Its name, in the log and outside.
    pub(crate) kind: &'static str,
    /// The version of its data.
    pub(crate) version: u32,
    /// How the id of its stream begins outside.
    pub(crate) stream: &'static str,
}

const fn first(kind: &'static str, stream: &'static str) -> Public {
    Public {
        kind,
        version: 1,
        stream,
    }
}

/// What the outside may read.
pub(crate) static PUBLIC: &[Public] = &[
    first("credit_note.issued", "crn"),
    first("menu.published", "mnu"),
    first("order.cancelled", "ord"),
    first("order.change_agreed", "ord"),
    first("order.change_dropped", "ord"),
    first("order.change_proposed", "ord"),
    first("order.changed", "ord"),
    first("order.collected", "ord"),
    first("order.confirmed", "ord"),
    first("order.created", "ord"),
    first("order.delivered", "ord"),
    first("order.expired", "ord"),
    first("order.out_for_delivery", "ord"),
    first("order.payment_failed", "ord"),
    first("order.preparing", "ord"),
    first("order.promised", "ord"),
    first("order.ready", "ord"),
    first("order.rejected", "ord"),
    first("order.released", "ord"),
    first("order.returned", "ord"),
    first("order.secured", "ord"),
    first("order.served", "ord"),
    first("order.ticket_moved", "ord"),
    first("order.tip_asked", "ord"),
    first("order.tip_failed", "ord"),
    first("order.tipped", "ord"),
    first("payment.authorised", "pay"),
    first("payment.cancelled", "pay"),
    first("payment.captured", "pay"),
    first("payment.failed", "pay"),
    first("payment.opened", "pay"),
    first("payment.refunded", "pay"),
    first("refund.declined", "rfd"),
    first("refund.executed", "rfd"),
    first("refund.granted", "rfd"),
    first("venue.busy", "vnu"),
    first("venue.changed", "vnu"),
    first("venue.opened", "vnu"),
    first("venue.paused", "vnu"),
];

/// What stays inside: the affairs of the organisation itself, and steps of which only the end is news.
pub static PRIVATE: &[&str] = &[
    "attempt.settled",
    "brand.created",
    "brand.renamed",
    "capacity.changed",
    "coupon.changed",
    "coupon.created",
    "coupon.ended",
    "credit.given",
    "credit.refunded",
    "credit.returned",
    "credit.spent",
    "device.paired",
    "device.revoked",
    "grant.given",
    "grant.revoked",
    "hook.changed",
    "hook.created",
    "hook.disabled",
    "hook.removed",
    "hook.rotated",
    "invitation.accepted",
    "invitation.created",
    "invitation.withdrawn",
    "key.issued",
    "key.revoked",
    "ledger.posted",
    "member.joined",
    "member.removed",
    "menu.changed",
    "menu.location_changed",
    "menu.scheduled",
    "menu.stock_changed",
    "menu.stock_left",
    "menu.unscheduled",
    "order_rules.changed",
    "organisation.created",
    "organisation.host_added",
    "organisation.host_removed",
    "organisation.plan_changed",
    "organisation.renamed",
    "organisation.resumed",
    "organisation.suspended",
    "payment.action_needed",
    "payment.contradicted",
    "payment.dropped",
    "payment.given_up",
    "payment.pending",
    "payment.refused",
    "payment.sent",
    "payment.unknown",
    "picture.added",
    "picture.removed",
    "promotion.changed",
    "promotion.created",
    "promotion.ended",
    "refund.asked",
    "refund.drawn",
    "restaurant.changed",
    "restaurant.created",
    "restaurant.resumed",
    "restaurant.suspended",
    "role.changed",
    "role.defined",
    "role.removed",
    "saga.compensated",
    "saga.retried",
    "saga.settled",
    "work.discarded",
    "work.reprocessed",
];

/// Says whether a kind of the log is in one of the two lists.
#[must_use]
pub fn is_listed(kind: &str) -> bool {
    find(kind).is_some() || PRIVATE.contains(&kind)
}

/// The kind of this name, if the outside may read it.
pub(crate) fn find(kind: &str) -> Option<&'static Public> {
    let at = PUBLIC
        .binary_search_by(|public| public.kind.cmp(kind))
        .ok()?;
    PUBLIC.get(at)
}

/// All families of kinds: `order.*`.
pub(crate) fn families() -> Vec<String> {
    let heads = PUBLIC
        .iter()
        .filter_map(|public| public.kind.split_once('.'));
    let mut families: Vec<String> = heads.map(|(head, _)| format!("{head}.*")).collect();
    families.dedup();
    families
}

/// Says whether a kind is the one that was asked for, or of the family.
pub(crate) fn is_of(asked: &str, kind: &str) -> bool {
    match asked.strip_suffix('*') {
        Some(head) => kind.starts_with(head),
        None => asked == kind,
    }
}

/// A kind or a family of kinds, as it was typed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TypedKind(String);

impl TypedKind {
    /// What it means.
    ///
    /// # Errors
    /// There is no such kind, or it is not for the outside.
    pub(crate) fn kind(&self) -> base::Result<String> {
        let is_known = find(&self.0).is_some() || families().contains(&self.0);
        is_known
            .then(|| self.0.clone())
            .ok_or_else(|| wrong("kind", "there is no such kind of event that may be read"))
    }
}

impl PartialSchema for TypedKind {
    fn schema() -> RefOr<Schema> {
        let kinds = PUBLIC.iter().map(|public| public.kind.to_owned());
        let schema = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some("A kind of event, or a family of kinds"))
            .enum_values(Some(kinds.chain(families())));
        Schema::Object(schema.build()).into()
    }
}

impl ToSchema for TypedKind {
    fn name() -> std::borrow::Cow<'static, str> {
        "EventKind".into()
    }
}

/// The id of something whose events may be read, as it was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypedStream {
    prefix: &'static str,
    id: Uid,
}

impl TypedStream {
    pub(crate) const fn uid(&self) -> Uid {
        self.id
    }
}

impl fmt::Display for TypedStream {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&uid::spell(self.prefix, self.id))
    }
}

impl<'de> Deserialize<'de> for TypedStream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut known = PUBLIC.iter().map(|public| public.stream);
        let found = known.find_map(|prefix| Some((prefix, uid::read(prefix, &text).ok()?)));
        let (prefix, id) = found
            .ok_or_else(|| serde::de::Error::custom("that is no id of anything that has events"))?;
        Ok(TypedStream { prefix, id })
    }
}

/// Cuts out of a payload what is said of people: sealed fields, and the ids of people.
pub(crate) fn without_people(data: &mut Json) {
    match data {
        Json::Object(fields) => {
            fields.retain(|_, value| !is_of_person(value));
            fields.values_mut().for_each(without_people);
        }
        Json::Array(all) => {
            all.retain(|value| !is_of_person(value));
            all.iter_mut().for_each(without_people);
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn is_of_person(value: &Json) -> bool {
    match value {
        // A sealed field is an object of two fields; whatever calls itself sealed is none of the outside's business.
        Json::Object(fields) => fields.contains_key("sealed"),
        Json::String(text) => text.parse::<domain::people::PersonId>().is_ok(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_lists_are_in_order_and_apart() {
        assert!(PUBLIC.is_sorted_by(|one, other| one.kind < other.kind));
        assert!(PRIVATE.is_sorted_by(|one, other| one < other));
        assert!(PUBLIC.iter().all(|public| !PRIVATE.contains(&public.kind)));
        assert_eq!(find("order.created").map(|public| public.version), Some(1));
        assert_eq!(find("key.issued"), None);
        assert!(is_listed("key.issued") && !is_listed("key.eaten"));
    }

    #[test]
    fn what_is_said_of_people_is_cut_out_wherever_it_stands() {
        let person = domain::people::PersonId::from(base::Uid::from_bytes([7; 16]));
        let sealed = json!({"sealed": "00ff", "person": "07"});
        let mut data = json!({
            "restaurant": "rst_1",
            "customer": person.to_string(),
            "phone": sealed,
            "lines": [{"name": "Soup", "for": person.to_string()}, person.to_string(), sealed],
            "address": {"text": sealed, "zone": "Centre"},
        });
        without_people(&mut data);
        let left = json!({
            "restaurant": "rst_1",
            "lines": [{"name": "Soup"}],
            "address": {"zone": "Centre"},
        });
        assert_eq!(data, left);
    }
}
