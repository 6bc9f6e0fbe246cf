//! How each operation is asked: one row for each, with a body that is right, and what is special about it.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::goods::{basket, cart, terms};
use crate::model::Policy;
use crate::world::{House, Town, restaurant};

/// A version that nothing has, so that acts that are let in change nothing.
const NEVER: i64 = 999_999_999;

/// One row.
pub(crate) struct Sample {
    pub(crate) operation: &'static str,
    /// Who it is for: `public`, `signed-in`, `operator`, `operator-inside`, or the permission that it needs.
    policy: &'static str,
    pub(crate) body: Body,
    pub(crate) query: &'static str,
}

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    None,
    Json(fn(&Town, &House) -> Value),
    /// Bytes that are read piece by piece.
    Bytes(&'static str),
}

/// An operation as the document has it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) policy: Policy,
    pub(crate) takes: bool,
}

/// What is served by the binary alone, for everybody, and has neither a caller nor a target.
const OF_THE_BINARY: [&str; 6] = [
    "home.page",
    "info.show",
    "metrics.show",
    "setup.page",
    "setup.script",
    "setup.style",
];

const fn none(operation: &'static str, policy: &'static str) -> Sample {
    Sample {
        operation,
        policy,
        body: Body::None,
        query: "",
    }
}

const fn query(operation: &'static str, policy: &'static str, query: &'static str) -> Sample {
    Sample {
        operation,
        policy,
        body: Body::None,
        query,
    }
}

const fn json(
    operation: &'static str,
    policy: &'static str,
    body: fn(&Town, &House) -> Value,
) -> Sample {
    Sample {
        operation,
        policy,
        body: Body::Json(body),
        query: "",
    }
}

const fn file(operation: &'static str, policy: &'static str, bytes: &'static str) -> Sample {
    Sample {
        query: "?format=csv&dry=true",
        ..self::bytes(operation, policy, bytes)
    }
}

const fn bytes(operation: &'static str, policy: &'static str, bytes: &'static str) -> Sample {
    Sample {
        operation,
        policy,
        body: Body::Bytes(bytes),
        query: "",
    }
}

fn state() -> Value {
    json!("A".repeat(43))
}

fn item(town: &Town) -> Value {
    json!({"name": {"main": town.name()}, "price": {"amount": "9.50"}, "tax": "food"})
}

const PERIOD: &str = "?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z";

/// All rows, by name.
pub(crate) static SAMPLES: &[Sample] = &[
    query("audit.export", "audit.read", PERIOD),
    query("audit.export_csv", "audit.read", PERIOD),
    none("audit.list", "audit.read"),
    query("auth.google", "public", "?returnTo=/"),
    query(
        "auth.google_callback",
        "public",
        "?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=x",
    ),
    none("auth.guest", "public"),
    none("auth.logout", "public"),
    none("auth.me", "signed-in"),
    none("auth.passkey_begin", "public"),
    json(
        "auth.passkey_finish",
        "public",
        |_, _| json!({"credential": {}, "state": state()}),
    ),
    none("auth.provider", "public"),
    query(
        "auth.provider_callback",
        "public",
        "?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=x",
    ),
    none("auth.providers", "public"),
    json(
        "auth.second_factor",
        "signed-in",
        |_, _| json!({"code": "123456"}),
    ),
    none("auth.second_passkey_begin", "signed-in"),
    json(
        "auth.second_passkey_finish",
        "signed-in",
        |_, _| json!({"credential": {}, "state": state()}),
    ),
    json(
        "auth.send_code",
        "public",
        |_, _| json!({"email": "somebody@example.com"}),
    ),
    json(
        "auth.verify_code",
        "public",
        |_, _| json!({"email": "somebody@example.com", "code": "123456"}),
    ),
    json(
        "brands.create",
        "brands.change",
        |town, _| json!({"name": town.name()}),
    ),
    none("brands.list", "organisation.read"),
    none("brands.read", "organisation.read"),
    json(
        "brands.rename",
        "brands.change",
        |town, _| json!({"name": town.name(), "version": NEVER}),
    ),
    none("dev.inbox", "public"),
    none("dev.inbox_page", "public"),
    none("devices.list", "devices.read"),
    json(
        "devices.offer",
        "devices.change",
        |_, _| json!({"kind": "kiosk", "label": "Door"}),
    ),
    json(
        "devices.pair",
        "public",
        |_, _| json!({"code": "ZZZZ-ZZZZ"}),
    ),
    none("devices.revoke", "devices.change"),
    none("docs.errors", "public"),
    none("docs.openapi", "public"),
    none("docs.page", "public"),
    none("docs.script", "public"),
    none("docs.style", "public"),
    none("factors.list", "signed-in"),
    none("factors.passkey_begin", "signed-in"),
    json(
        "factors.passkey_finish",
        "signed-in",
        |_, _| json!({"credential": {}, "name": "Key", "state": state()}),
    ),
    none("factors.recovery_codes", "signed-in"),
    none("factors.remove", "signed-in"),
    json("factors.rename", "signed-in", |_, _| json!({"name": "Key"})),
    none("factors.totp_begin", "signed-in"),
    json(
        "factors.totp_confirm",
        "signed-in",
        |_, _| json!({"code": "123456"}),
    ),
    json(
        "grants.give",
        "members.change",
        |_, house| json!({"role": "staff", "place": house.restaurants[0]}),
    ),
    none("grants.list", "members.read"),
    none("grants.revoke", "members.change"),
    none("health.live", "public"),
    none("health.ready", "public"),
    none("health.show", "public"),
    none("hosts.list", "organisation.read"),
    none("hosts.put", "operator"),
    none("hosts.remove", "operator"),
    json(
        "invitations.accept",
        "signed-in",
        |_, house| json!({"token": format!("{}.{}", house.invitations[0], "A".repeat(43))}),
    ),
    json(
        "invitations.create",
        "members.change",
        |_, house| json!({"email": "guest@example.com", "grants": [{"role": "staff", "place": house.restaurants[0]}]}),
    ),
    none("invitations.list", "members.read"),
    none("invitations.withdraw", "members.change"),
    json(
        "keys.issue",
        "keys.change",
        |_, house| json!({"label": "POS", "scopes": ["orders.read"], "restaurants": [house.restaurants[0]]}),
    ),
    none("keys.list", "keys.read"),
    none("keys.revoke", "keys.change"),
    query("ledger.balance", "reports.read", PERIOD),
    none("ledger.list", "reports.read"),
    json(
        "me.addresses.add",
        "signed-in",
        |_, _| json!({"street": "Via Nuova 1"}),
    ),
    json(
        "me.addresses.change",
        "signed-in",
        |_, _| json!({"street": "Via Nuova 2", "version": NEVER}),
    ),
    none("me.addresses.list", "signed-in"),
    none("me.addresses.read", "signed-in"),
    none("me.addresses.remove", "signed-in"),
    json(
        "me.change",
        "signed-in",
        |_, _| json!({"firstName": "Lucia", "version": NEVER}),
    ),
    json(
        "me.contacts.add",
        "signed-in",
        |_, _| json!({"email": "somebody@example.com", "code": "123456"}),
    ),
    none("me.contacts.remove", "signed-in"),
    json(
        "me.contacts.send_code",
        "signed-in",
        |_, _| json!({"email": "somebody@example.com"}),
    ),
    // Without the word that is asked for, so that nobody is erased.
    json("me.erase", "signed-in", |_, _| json!({"confirm": "keep"})),
    none("me.export", "signed-in"),
    none("me.organisations", "signed-in"),
    none("me.read", "signed-in"),
    none("members.list", "members.read"),
    none("members.remove", "members.change"),
    json(
        "operators.add",
        "operator",
        |town, _| json!({"name": "Cy", "email": format!("{}@example.com", town.name().replace(' ', "-"))}),
    ),
    none("operators.end", "operator"),
    none("operators.list", "operator"),
    none("operators.me", "operator"),
    json(
        "operators.people.disable",
        "operator",
        |_, _| json!({"reason": "x"}),
    ),
    json(
        "operators.people.enable",
        "operator",
        |_, _| json!({"reason": "x"}),
    ),
    json(
        "operators.people.erase",
        "operator",
        |_, _| json!({"reason": "x"}),
    ),
    query("ops.audit.export", "operator", PERIOD),
    query("ops.audit.export_csv", "operator", PERIOD),
    none("ops.audit.list", "operator"),
    json(
        "organisations.change_plan",
        "operator",
        |_, _| json!({"plan": "growth", "version": NEVER}),
    ),
    json(
        "organisations.create",
        "signed-in",
        |town, _| json!({"name": town.name()}),
    ),
    none("organisations.list", "operator"),
    none("organisations.plan", "organisation.read"),
    none("organisations.read", "organisation.read"),
    json(
        "organisations.rename",
        "organisation.change",
        |town, _| json!({"name": town.name(), "version": NEVER}),
    ),
    // Too short for a reason, so that nothing is suspended.
    json(
        "organisations.resume",
        "operator",
        |_, _| json!({"reason": "x"}),
    ),
    json(
        "organisations.suspend",
        "operator",
        |_, _| json!({"reason": "x"}),
    ),
    // No picture, so that nothing is made of it.
    bytes("pictures.add", "menus.change", "soup"),
    none("pictures.list", "menus.read"),
    none("pictures.read", "menus.read"),
    none("pictures.remove", "menus.change"),
    none("pictures.show", "public"),
    none("menus.show", "public"),
    none("menus.categories", "public"),
    none("menus.availability", "public"),
    json(
        "brand_menus.add_category",
        "menus.change",
        |town, _| json!({"name": {"main": town.name()}}),
    ),
    json(
        "brand_menus.add_group",
        "menus.change",
        |town, _| json!({"name": {"main": town.name()}, "min": 0, "max": 1}),
    ),
    json("brand_menus.add_item", "menus.change", |town, _| item(town)),
    json(
        "brand_menus.change_category",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("brand_menus.read_category", "menus.read"),
    query(
        "brand_menus.remove_category",
        "menus.change",
        "?version=999999999",
    ),
    json(
        "brand_menus.change_group",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("brand_menus.read_group", "menus.read"),
    query(
        "brand_menus.remove_group",
        "menus.change",
        "?version=999999999",
    ),
    json(
        "brand_menus.change_item",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("brand_menus.read_item", "menus.read"),
    query(
        "brand_menus.remove_item",
        "menus.change",
        "?version=999999999",
    ),
    none("brand_menus.check", "menus.read"),
    json(
        "brand_menus.edit",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("brand_menus.list_changes", "menus.read"),
    none("brand_menus.list_revisions", "menus.read"),
    json(
        "brand_menus.load",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    json(
        "brand_menus.publish",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("brand_menus.read_draft", "menus.read"),
    none("brand_menus.read_revision", "menus.read"),
    json(
        "brand_menus.restore",
        "menus.change",
        |_, _| json!({"note": "again"}),
    ),
    none("brand_menus.unschedule", "menus.change"),
    json(
        "restaurant_menus.add_category",
        "menus.change",
        |town, _| json!({"name": {"main": town.name()}}),
    ),
    json(
        "restaurant_menus.add_group",
        "menus.change",
        |town, _| json!({"name": {"main": town.name()}, "min": 0, "max": 1}),
    ),
    json("restaurant_menus.add_item", "menus.change", |town, _| {
        item(town)
    }),
    json(
        "restaurant_menus.change_category",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("restaurant_menus.read_category", "menus.read"),
    query(
        "restaurant_menus.remove_category",
        "menus.change",
        "?version=999999999",
    ),
    json(
        "restaurant_menus.change_group",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("restaurant_menus.read_group", "menus.read"),
    query(
        "restaurant_menus.remove_group",
        "menus.change",
        "?version=999999999",
    ),
    json(
        "restaurant_menus.change_item",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("restaurant_menus.read_item", "menus.read"),
    query(
        "restaurant_menus.remove_item",
        "menus.change",
        "?version=999999999",
    ),
    none("restaurant_menus.check", "menus.read"),
    json(
        "restaurant_menus.edit",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("restaurant_menus.list_changes", "menus.read"),
    none("restaurant_menus.list_revisions", "menus.read"),
    json(
        "restaurant_menus.load",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    json(
        "restaurant_menus.publish",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("restaurant_menus.read_draft", "menus.read"),
    none("restaurant_menus.read_revision", "menus.read"),
    json(
        "restaurant_menus.restore",
        "menus.change",
        |_, _| json!({"note": "again"}),
    ),
    none("restaurant_menus.unschedule", "menus.change"),
    json(
        "menu_locations.change",
        "menus.change",
        |_, _| json!({"version": NEVER}),
    ),
    none("menu_locations.read", "menus.read"),
    none("menu_stock.list", "menus.read"),
    none("menu_stock.resume", "menus.change"),
    json("menu_stock.stop", "menus.change", |_, _| json!({"left": 3})),
    // No menu, and only tried, so that nothing is changed.
    file("brand_menus.import", "menus.change", "soup"),
    none("brand_menus.read_import", "menus.read"),
    none("brand_menus.cancel_import", "menus.change"),
    query("brand_menus.export", "menus.read", "?format=lines"),
    file("restaurant_menus.import", "menus.change", "soup"),
    none("restaurant_menus.read_import", "menus.read"),
    none("restaurant_menus.cancel_import", "menus.change"),
    query("restaurant_menus.export", "menus.read", "?format=lines"),
    bytes("restaurant_pictures.add", "menus.change", "soup"),
    json("restaurants.change", "restaurants.change", |town, house| {
        let mut body = restaurant(&town.name(), Some(&house.brands[0]));
        body["version"] = NEVER.into();
        body
    }),
    json("restaurants.add", "restaurants.change", |town, house| {
        restaurant(&town.name(), Some(&house.brands[0]))
    }),
    json("restaurants.create", "restaurants.change", |town, house| {
        restaurant(&town.name(), Some(&house.brands[0]))
    }),
    json(
        "restaurants.edit",
        "restaurants.change",
        |town, _| json!({"name": town.name(), "version": NEVER}),
    ),
    none("restaurants.list", "restaurants.read"),
    none("restaurants.list_public", "public"),
    none("restaurants.mine", "signed-in"),
    none("restaurants.page", "public"),
    none("restaurants.read", "restaurants.read"),
    json(
        "restaurants.resume",
        "restaurants.change",
        |_, _| json!({"version": NEVER}),
    ),
    query("restaurants.search", "public", "q=lucia"),
    json(
        "restaurants.suspend",
        "restaurants.change",
        |_, _| json!({"version": NEVER}),
    ),
    json(
        "roles.change",
        "roles.change",
        |town, _| json!({"name": town.name(), "permissions": ["orders.read"], "version": NEVER}),
    ),
    json(
        "roles.define",
        "roles.change",
        |town, _| json!({"name": town.name(), "permissions": ["orders.read"]}),
    ),
    none("roles.list", "members.read"),
    none("roles.remove", "roles.change"),
    none("search.read", "operator"),
    none("search.rebuild", "operator"),
    none("sessions.end", "signed-in"),
    none("sessions.end_others", "signed-in"),
    none("sessions.list", "signed-in"),
    json(
        "setup.claim",
        "public",
        |_, _| json!({"token": "0".repeat(64), "name": "Eve", "email": "eve@example.com"}),
    ),
    none("tokens.draw", "signed-in"),
    none("tokens.keys", "public"),
    json(
        "tokens.refresh",
        "public",
        |_, _| json!({"refreshToken": state()}),
    ),
    json("restaurants.quote", "public", |_, _| {
        json!({
            "service": "pickup",
            "lines": [{"item": "itm_01jd6yv2m00000000000000000", "quantity": 1}],
        })
    }),
    json("restaurants.hold", "signed-in", |_, _| {
        json!({
            "service": "pickup",
            "lines": [{"item": "itm_01jd6yv2m00000000000000000", "quantity": 1}],
        })
    }),
    none("venues.profile", "restaurants.read"),
    json(
        "venues.change_profile",
        "restaurants.change",
        |_, _| json!({"cuisines": ["italian"], "version": NEVER}),
    ),
    none("venues.hours", "restaurants.read"),
    json(
        "venues.change_hours",
        "restaurants.change",
        |_, _| json!({"weeks": {}, "version": NEVER}),
    ),
    none("venues.exceptions", "restaurants.read"),
    json(
        "venues.change_exceptions",
        "restaurants.change",
        |_, _| json!({"put": [{"date": "2030-12-25"}], "version": NEVER}),
    ),
    none("venues.zones", "restaurants.read"),
    json(
        "venues.change_zones",
        "restaurants.change",
        |_, _| json!({"zones": [], "version": NEVER}),
    ),
    none("venues.fees", "restaurants.read"),
    json(
        "venues.change_fees",
        "restaurants.change",
        |_, _| json!({"services": {}, "version": NEVER}),
    ),
    none("venues.standing", "restaurants.read"),
    // Without an end, so that nothing is paused by it.
    json(
        "venues.pause",
        "orders.change",
        |_, _| json!({"reason": "staff"}),
    ),
    json(
        "venues.busy",
        "orders.change",
        |_, _| json!({"reason": "staff", "longerMinutes": 5}),
    ),
    json("venues.open", "orders.change", |_, _| json!({})),
    json(
        "capacity.change",
        "restaurants.change",
        |_, _| json!({"rules": [], "version": NEVER}),
    ),
    json("order_rules.change", "restaurants.change", |_, _| {
        json!({
            "autoAccept": false, "acceptSeconds": 300, "paySeconds": 600, "wakeSeconds": 1800,
            "cancelSeconds": 60, "version": NEVER,
        })
    }),
    none("order_rules.read", "orders.read"),
    none("capacity.read", "restaurants.read"),
    query("capacity.slots", "public", "?service=pickup"),
    json(
        "coupons.change",
        "menus.change",
        |_, _| json!({"usesMax": 5, "version": NEVER}),
    ),
    json("coupons.create", "menus.change", |town, _| {
        let code = town.name().to_uppercase().replace(' ', "-");
        json!({"code": code, "terms": terms(&code)})
    }),
    none("coupons.end", "menus.change"),
    none("coupons.list", "menus.read"),
    none("coupons.read", "menus.read"),
    none("events.list", "orders.read"),
    none("events.list_of", "orders.read"),
    json(
        "hooks.change",
        "keys.change",
        |_, _| json!({"enabled": true, "version": NEVER}),
    ),
    json(
        "hooks.create",
        "keys.change",
        |_, _| json!({"url": "https://hooks.example.org/again"}),
    ),
    none("hooks.deliveries", "keys.read"),
    none("hooks.list", "keys.read"),
    none("hooks.read", "keys.read"),
    json("hooks.redrive", "keys.change", |_, _| json!({})),
    none("hooks.remove", "keys.change"),
    none("hooks.rotate", "keys.change"),
    json(
        "carts.add",
        "signed-in",
        |_, house| json!({"menuItemId": house.sold.item, "quantity": 1}),
    ),
    json("carts.change", "signed-in", |_, _| json!({"tip": "1.00"})),
    json("carts.create", "signed-in", |_, house| cart(house)),
    none("carts.list", "signed-in"),
    json(
        "carts.put",
        "signed-in",
        |_, house| json!({"menuItemId": house.sold.item, "quantity": 1}),
    ),
    none("carts.read", "signed-in"),
    none("carts.remove", "signed-in"),
    none("carts.take_out", "signed-in"),
    json(
        "orders.came_back",
        "signed-in",
        |_, _| json!({"query": "redirectResult=x"}),
    ),
    json("orders.cancel", "signed-in", |_, _| json!({})),
    json(
        "orders.change_lines",
        "orders.change",
        |_, _| json!({"remove": ["nothing"], "version": NEVER}),
    ),
    json(
        "orders.change_own",
        "signed-in",
        |_, _| json!({"remove": ["nothing"], "version": NEVER}),
    ),
    json(
        "orders.consent",
        "signed-in",
        |_, _| json!({"proposal": 1, "accept": false}),
    ),
    none("orders.list", "signed-in"),
    none("orders.paid", "signed-in"),
    json("orders.place", "signed-in", |_, house| basket(house)),
    none("orders.read", "signed-in"),
    json(
        "orders.set",
        "orders.change",
        |_, _| json!({"status": "confirmed", "version": NEVER}),
    ),
    json(
        "orders.tip",
        "signed-in",
        |_, _| json!({"amount": "0.01", "payment": {"method": "card"}}),
    ),
    json(
        "orders.withdraw",
        "orders.change",
        |_, _| json!({"proposal": NEVER}),
    ),
    bytes("payments.notice", "public", "{}"),
    Sample {
        operation: "payments.reconcile",
        policy: "reports.read",
        body: Body::Bytes("reference,kind,amount\n"),
        query: "?currency=EUR",
    },
    json(
        "promotions.change",
        "menus.change",
        |_, _| json!({"usesMax": 5, "version": NEVER}),
    ),
    json("promotions.create", "menus.change", |town, _| {
        terms(&town.name())
    }),
    none("promotions.end", "menus.change"),
    none("promotions.list", "menus.read"),
    none("promotions.read", "menus.read"),
    json(
        "refunds.grant",
        "refunds.change",
        |_, _| json!({"reason": "other", "lines": [{"line": "nothing"}]}),
    ),
    none("refunds.approve", "refunds.change"),
    none("refunds.decline", "refunds.change"),
    none("refunds.list", "orders.read"),
    json(
        "credit.give",
        "refunds.change",
        |_, _| json!({"amount": "0.01", "reason": "goodwill"}),
    ),
    none("credit.of_order", "orders.read"),
    none("credit.own", "signed-in"),
    query("credit_notes.list", "reports.read", "?year=2026"),
    none("credit_notes.of_order", "orders.read"),
    none("credit_notes.own", "signed-in"),
    none("restaurant_orders.list", "orders.read"),
    none("restaurant_orders.read", "orders.read"),
    json("restaurant_orders.take", "orders.change", |_, house| {
        basket(house)
    }),
    json(
        "sagas.compensate",
        "operator",
        |_, _| json!({"reason": "a test"}),
    ),
    none("sagas.list", "operator"),
    json("payments.settle", "operator-inside", |town, _| {
        let attempt = town.things["payment"].replace("pay_", "att_");
        json!({"attempt": attempt, "outcome": "not_done"})
    }),
    none("payments.stuck", "operator"),
    none("sagas.of_order", "operator-inside"),
    none("sagas.read", "operator"),
    json(
        "sagas.retry",
        "operator",
        |_, _| json!({"reason": "a test"}),
    ),
    json(
        "sagas.settle",
        "operator",
        |_, _| json!({"reason": "a test"}),
    ),
    json(
        "work.discard",
        "operator",
        |_, _| json!({"reason": "a test"}),
    ),
    none("work.list", "operator"),
    none("work.read", "operator"),
    json(
        "work.reprocess",
        "operator",
        |_, _| json!({"reason": "a test"}),
    ),
];

/// The operations of a document.
pub(crate) fn operations(document: &str) -> Vec<Operation> {
    let document: Value = serde_json::from_str(document).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, shape) in methods.as_object().unwrap() {
            let Some(name) = shape["operationId"].as_str() else {
                continue;
            };
            let permission = shape["x-permission"].as_str();
            let policy = match shape["x-policy"].as_str().unwrap() {
                "public" => Policy::Public,
                "signed-in" => Policy::SignedIn,
                "operator" => Policy::Operator,
                "operator-inside" => Policy::Inside,
                "may" => Policy::May(permission.unwrap().to_owned()),
                other => panic!("{name} has a policy that the model does not know: {other}"),
            };
            all.push(Operation {
                name: name.to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: match shape["x-about"].as_str() {
                    Some(name) => format!("{path}?{name}={{{name}}}"),
                    None => path.clone(),
                },
                policy,
                takes: shape["requestBody"].is_object(),
            });
        }
    }
    all
}

/// The row of an operation.
pub(crate) fn of(operation: &Operation) -> &'static Sample {
    let found = SAMPLES
        .iter()
        .find(|sample| sample.operation == operation.name);
    found.unwrap_or_else(|| panic!("{} is missing from the matrix", operation.name))
}

/// Every operation has a row, every row an operation, and what the binary serves beside is for everybody.
pub(crate) fn complete(town: &Town) {
    let known: BTreeSet<&str> = SAMPLES.iter().map(|sample| sample.operation).collect();
    assert_eq!(known.len(), SAMPLES.len(), "a row is there twice");
    let asked = operations(town.edge.openapi());
    let served = operations(include_str!("../it/openapi.json"));
    let names = |all: &[Operation]| {
        all.iter()
            .map(|one| one.name.clone())
            .collect::<BTreeSet<_>>()
    };
    let rows: BTreeSet<String> = known.into_iter().map(str::to_owned).collect();
    let differ: Vec<_> = names(&asked).symmetric_difference(&rows).cloned().collect();
    assert!(
        differ.is_empty(),
        "the matrix and the operations differ: {differ:?}"
    );
    for operation in &served {
        let beside = OF_THE_BINARY.contains(&operation.name.as_str());
        let here = asked.iter().find(|one| one.name == operation.name);
        match here {
            Some(same) => assert_eq!(same.policy, operation.policy, "{}", operation.name),
            None => assert!(
                beside && operation.policy == Policy::Public,
                "{} is not asked",
                operation.name
            ),
        }
        assert!(
            here.is_none_or(|_| !beside),
            "{} is asked here",
            operation.name
        );
    }
    for operation in &asked {
        let said = match &operation.policy {
            Policy::Public => "public",
            Policy::SignedIn => "signed-in",
            Policy::Operator => "operator",
            Policy::Inside => "operator-inside",
            Policy::May(permission) => permission,
        };
        // The document is written from the code; this table is not.
        assert_eq!(of(operation).policy, said, "who may {}", operation.name);
        assert_eq!(
            operation.takes,
            !matches!(of(operation).body, Body::None),
            "{}",
            operation.name
        );
    }
}
