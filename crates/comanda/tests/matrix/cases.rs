//! Every operation, asked by everybody, everywhere: first what must be refused and changes nothing, then what is let in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;

use crate::ask::Said;
use crate::callers::Caller;
use crate::crowd::{Crowd, Found};
use crate::model::{At, Facts, House as Of, Policy, Want, decide};
use crate::samples::{self, Body, Operation};
use crate::targets::{self, Nested, OF_ANOTHER, Target, alike, filled};
use crate::world::{CANARY_A, CANARY_B, House, Town};

/// These end sign-ins, or what they were made with, so they come last, and whoever did them signs in again.
const ENDING: [&str; 5] = [
    "factors.remove",
    "auth.logout",
    "sessions.end",
    "sessions.end_others",
    "auth.guest",
];
/// Few of these are done at once; whoever comes besides is asked to come again.
const IN_TURN: [&str; 2] = ["pictures.add", "restaurant_pictures.add"];
/// After these it is no more, or no more what it was.
const GONE: [&str; 2] = ["work.discard", "work.reprocess"];
/// These look at a place that their body names, not at the one of what the path names.
const BY_BODY: [&str; 1] = ["grants.give"];
/// What is let in and asks for more than the policy does: a second factor, a session of a browser.
const MORE: [&str; 14] = [
    "factors.remove",
    "auth.second_passkey_begin",
    "auth.second_passkey_finish",
    "auth.second_factor",
    "factors.passkey_begin",
    "factors.passkey_finish",
    "factors.recovery_codes",
    "factors.totp_begin",
    "factors.totp_confirm",
    "me.export",
    "organisations.create",
    "invitations.accept",
    "restaurants.mine",
    "tokens.draw",
];

/// One case.
pub(crate) struct Case<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) caller: &'a Caller,
    pub(crate) target: &'a Target,
}

impl Case<'_> {
    pub(crate) fn want(&self) -> Want {
        let Case {
            operation,
            caller,
            target,
        } = self;
        let name = operation.name.as_str();
        let whose = match name {
            "factors.remove" | "factors.rename" => "diner with two factors",
            _ => "diner",
        };
        if target.label == OF_ANOTHER && caller.name == whose {
            return Want::Allowed;
        }
        let target = match name {
            // It makes what is not there.
            "hosts.put" => Target {
                nested: Nested::None,
                ..(*target).clone()
            },
            _ => (*target).clone(),
        };
        // Pictures are of no place: whoever sees the menus of one sees those of all, as everybody does who has the id.
        // So are offers.
        let of_no_place = ["coupons.read", "pictures.read", "promotions.read"];
        let narrow = !BY_BODY.contains(&name) && !of_no_place.contains(&name);
        // The books are those of the whole organisation, so even reading them concerns all of it.
        let method = match name {
            "credit_notes.list" | "ledger.balance" | "ledger.list" => &Method::POST,
            _ => &operation.method,
        };
        decide((&operation.policy, method, narrow), &caller.facts, &target)
    }

    pub(crate) fn name(&self) -> String {
        let Case {
            operation,
            caller,
            target,
        } = self;
        format!(
            "{} by {} at {} {:?}",
            operation.name, caller.name, target.label, target.params
        )
    }

    pub(crate) fn body(&self, town: &Town) -> Option<Value> {
        let make = match samples::of(self.operation).body {
            Body::None => return None,
            Body::Bytes(bytes) => return Some(bytes.into()),
            Body::Json(make) => make,
        };
        let mut body = make(town, house(town, self.target));
        // What would stop an organisation is only right where there is none.
        if body["reason"] == "x" && !self.target.exists {
            body["reason"] = "nobody pays".into();
        }
        // And what would erase a person is only right from whoever is none.
        if body["confirm"] == "keep" && matches!(self.caller.facts, Facts::Machine { .. }) {
            body["confirm"] = "erase".into();
        }
        Some(body)
    }

    pub(crate) async fn ask(&self, town: &Town, params: &[String]) -> Said {
        let sample = samples::of(self.operation);
        let path = filled(&self.operation.path, params) + sample.query;
        let body = self.body(town);
        let asked = (&self.operation.method, path.as_str());
        town.heard(asked, &self.caller.shown(), body.as_ref()).await
    }

    /// Whether the caller belongs to one organisation, whose words may be in what he is answered.
    fn only(&self) -> Option<&'static str> {
        if PUBLISHED.contains(&self.operation.name.as_str()) {
            return None;
        }
        match &self.caller.facts {
            Facts::Operator { .. } => None,
            Facts::Human {
                member: Some((Of::B, _)),
                ..
            } => Some(CANARY_A),
            _ => Some(CANARY_B),
        }
    }
}

/// What shows everybody what is published, the name of a restaurant with it, whoever it belongs to.
const PUBLISHED: [&str; 3] = [
    "restaurants.list_public",
    "restaurants.page",
    "restaurants.search",
];

/// The organisation that a target is of.
pub(crate) fn house<'a>(town: &'a Town, target: &Target) -> &'a House {
    match target.house {
        Some(Of::B) => &town.b,
        _ => &town.a,
    }
}

/// Runs all cases and says how many there were.
pub(crate) async fn all(town: &Arc<Town>) -> usize {
    let operations = samples::operations(town.edge.openapi());
    let before = settled(town).await;
    let mut crowd = Crowd::default();
    for operation in &operations {
        crowd.ask(town, operation, denied).await;
    }
    let refused = crowd.end().await;
    let after = settled(town).await;
    let count = refused.report();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(
            before, after,
            "something that was refused has changed something"
        );
    }
    println!("  {count} are refused");
    let let_in = let_in(town, &operations).await.report();
    println!("  {let_in} are let in");
    let again = town.again.load(Ordering::Relaxed);
    println!("  {again} were asked again");
    count + let_in
}

/// Whoever is let in changes something: one operation after the other. Callers ask it at once, but where they would get
/// into each other's way; and what ends sign-ins comes last of all.
async fn let_in(town: &Arc<Town>, operations: &[Operation]) -> Found {
    let ends = |operation: &&Operation| ENDING.contains(&operation.name.as_str());
    let (last, first): (Vec<_>, Vec<_>) = operations.iter().partition(ends);
    let (mut crowd, mut found) = (Crowd::default(), Found::default());
    for operation in first.into_iter().chain(last) {
        let removes = operation.method == Method::DELETE;
        if !removes && !ends(&operation) && !IN_TURN.contains(&operation.name.as_str()) {
            crowd.ask(town, operation, allowed).await;
            crowd.all().await;
            continue;
        }
        for caller in 0..town.callers.0.len() {
            found.add(allowed(Arc::clone(town), operation.clone(), caller).await);
        }
    }
    found.add(crowd.end().await);
    found
}

/// What is kept, once nothing is under way any more.
pub(crate) async fn settled(town: &Town) -> Vec<String> {
    let mut last = town.state().await;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = town.state().await;
        if now == last {
            return now;
        }
        last = now;
    }
}

/// Asks one operation as one caller wherever it must be refused.
async fn denied(town: Arc<Town>, operation: Operation, caller: usize) -> Found {
    let caller = &town.callers.0[caller];
    let mut found = Found::default();
    let mut looks: BTreeMap<&str, (Want, String)> = BTreeMap::new();
    for target in &targets::of(&town, &operation.path) {
        let case = Case {
            operation: &operation,
            caller,
            target,
        };
        let want = case.want();
        if want == Want::Allowed {
            continue;
        }
        found.count += 1;
        let said = case.ask(&town, &target.params).await;
        looks.insert(target.label, (want, said.look()));
        if !fits(want, &said) || case.only().is_some_and(|other| said.text.contains(other)) {
            found.wrong.push(format!(
                "{}: wanted {want:?}, got {} {}",
                case.name(),
                said.status,
                said.text
            ));
        }
    }
    for (foreign, absent) in alike() {
        let (Some(foreign), Some(absent)) = (looks.get(foreign), looks.get(absent)) else {
            continue;
        };
        if foreign.0 == absent.0 && foreign.1 != absent.1 {
            let by = (&operation.name, caller.name);
            found.wrong.push(format!(
                "{by:?} can tell foreign from absent:\n  {foreign:?}\n  {absent:?}"
            ));
        }
    }
    found
}

fn fits(want: Want, said: &Said) -> bool {
    let status = said.status;
    match want {
        Want::Unauthenticated => status == StatusCode::UNAUTHORIZED,
        Want::Forbidden => status == StatusCode::FORBIDDEN,
        Want::Missing => status == StatusCode::NOT_FOUND,
        Want::Hidden => [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&status),
        Want::Malformed => {
            let known = [
                StatusCode::BAD_REQUEST,
                StatusCode::NOT_FOUND,
                StatusCode::UNPROCESSABLE_ENTITY,
                StatusCode::FORBIDDEN,
            ];
            known.contains(&status)
        }
        Want::Allowed => true,
    }
}

/// Whether somebody was let in: by the policy, and to the end of it.
fn was_let_in(case: &Case<'_>, said: &Said) -> bool {
    let name = case.operation.name.as_str();
    if said.status.is_server_error() {
        return false;
    }
    match case.operation.policy {
        // These refuse codes, tokens and links that are none, and know nobody.
        Policy::Public => said.code() != "unauthenticated" && said.code() != "forbidden",
        Policy::SignedIn if MORE.contains(&name) => {
            said.status != StatusCode::UNAUTHORIZED || said.code() == "code_refused"
        }
        // A code that was never sent is no good to anybody.
        Policy::SignedIn if said.code() == "code_refused" => true,
        // A place that sells nothing is not there for diners.
        Policy::SignedIn if name == "restaurants.hold" => {
            said.status == StatusCode::NOT_FOUND || reaches(said)
        }
        // The key of an operator has no session.
        Policy::SignedIn
            if name.starts_with("sessions.")
                && matches!(case.caller.facts, Facts::Operator { .. }) =>
        {
            true
        }
        _ => reaches(said),
    }
}

/// Whether what was asked for was found, and nobody was refused.
fn reaches(said: &Said) -> bool {
    let refused = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
    ];
    !refused.contains(&said.status)
}

/// Asks one operation as one caller wherever he is let in.
async fn allowed(town: Arc<Town>, operation: Operation, caller: usize) -> Found {
    let caller = &town.callers.0[caller];
    let mut found = Found::default();
    for target in &targets::of(&town, &operation.path) {
        let case = Case {
            operation: &operation,
            caller,
            target,
        };
        if case.want() != Want::Allowed {
            continue;
        }
        found.count += 1;
        let params = fresh(&town, &case).await;
        let said = case.ask(&town, &params).await;
        if !was_let_in(&case, &said) || case.only().is_some_and(|other| said.text.contains(other)) {
            found.wrong.push(format!(
                "{}: wanted to be let in, got {} {}",
                case.name(),
                said.status,
                said.text
            ));
        }
        if let Some(told) = beyond(&case, &said, &town) {
            found.wrong.push(format!("{}: {told}", case.name()));
        }
        if ENDING.contains(&operation.name.as_str()) {
            caller.renew(&town).await;
        }
    }
    found
}

/// For what is removed: something like the target, made to be removed.
async fn fresh(town: &Town, case: &Case<'_>) -> Vec<String> {
    let mut params = case.target.params.clone();
    if (case.operation.method == Method::DELETE || GONE.contains(&case.operation.name.as_str()))
        && let Some(made) = something(town, case).await
    {
        *params.last_mut().unwrap() = made;
    }
    params
}

/// What is made for that, where it has a name of its own.
async fn something(town: &Town, case: &Case<'_>) -> Option<String> {
    let house = house(town, case.target);
    let path = format!("/api/organisations/{}", house.id);
    let at = match case.target.nested {
        Nested::At(At::Restaurant(number)) => house.restaurants[number].as_str(),
        _ => house.restaurants[0].as_str(),
    };
    let owner = &house.owner_shown;
    Some(match case.operation.name.as_str() {
        "grants.revoke" => {
            let path = format!("{path}/members/{}/grants", house.members[0].0);
            let body = serde_json::json!({"role": "kitchen", "place": at});
            town.done(owner, Method::POST, &path, body)
                .await
                .field("id")
        }
        "members.remove" => town.member(house, "leaving", &[("staff", at)]).await,
        "invitations.withdraw" => town.invite(house, &[("staff", at)]).await.0,
        "keys.revoke" => {
            town.key(house, serde_json::json!(["orders.read"]), None)
                .await
                .0
        }
        "devices.revoke" => town.device(owner, at, ("kiosk", "Door")).await.0,
        "roles.remove" => {
            let body = serde_json::json!({"name": town.name(), "permissions": []});
            town.done(owner, Method::POST, &format!("{path}/roles"), body)
                .await
                .field("role")
        }
        "pictures.remove" => town.picture(house).await,
        "hooks.remove" => {
            let body = serde_json::json!({"url": "https://hooks.example.org/leaving"});
            town.done(owner, Method::POST, &format!("{path}/hooks"), body)
                .await
                .field("hook.id")
        }
        "operators.end" => {
            let email = format!("{}@example.com", town.name().replace(' ', "-"));
            let body = serde_json::json!({"name": "Cy", "email": email});
            town.done(&town.operator, Method::POST, "/api/operators", body)
                .await
                .field("id")
        }
        "work.discard" | "work.reprocess" => town.work().await,
        "hosts.remove" => {
            let path = filled(&case.operation.path, &case.target.params);
            town.done(&town.operator, Method::PUT, &path, Value::Null)
                .await;
            return None;
        }
        _ => return own(town, case).await,
    })
}

/// The same, of what is the caller's own.
async fn own(town: &Town, case: &Case<'_>) -> Option<String> {
    let shown = case.caller.shown();
    Some(match case.operation.name.as_str() {
        "me.addresses.remove" => {
            let body = serde_json::json!({"street": "Via Nuova 3"});
            town.made(&shown, "/api/me/addresses", body).await
        }
        "sessions.end" => {
            // The one that was there at first has ended by now.
            let list = town
                .done(&shown, Method::GET, "/api/me/sessions", Value::Null)
                .await;
            list.body()["items"][0]["id"].as_str().unwrap().to_owned()
        }
        "carts.remove" if case.caller.name == "diner" => {
            let cart = crate::goods::cart(&town.a);
            town.made(&shown, "/api/carts", cart).await
        }
        "carts.take_out" if case.caller.name == "diner" => {
            let path = format!("/api/carts/{}/items/gone", case.target.params[0]);
            let line = serde_json::json!({"menuItemId": town.a.sold.item, "quantity": 1});
            town.done(&shown, Method::PUT, &path, line).await;
            "gone".to_owned()
        }
        _ => return None,
    })
}

/// What a list shows of places that the caller's permission does not reach.
fn beyond(case: &Case<'_>, said: &Said, town: &Town) -> Option<String> {
    let name = case.operation.name.as_str();
    let reach: Vec<At> = match &case.caller.facts {
        Facts::Human {
            member: Some((_, roles)),
            ..
        } => roles.iter().map(|(_, at)| *at).collect(),
        Facts::Machine { at, .. } => vec![*at],
        _ => return None,
    };
    let lists = [
        "brands.list",
        "restaurants.list",
        "devices.list",
        "members.list",
        "invitations.list",
    ];
    if reach.contains(&At::Whole) || !lists.contains(&name) {
        return None;
    }
    let (a, text) = (&town.a, &said.text);
    let mut hidden: BTreeSet<&String> = a.restaurants[2..].iter().chain(&a.brands[1..]).collect();
    hidden.extend([
        &a.devices[1],
        &a.members[1].0,
        &a.members[1].1,
        &a.invitations[1],
    ]);
    if reach == [At::Restaurant(0)] {
        hidden.insert(&a.restaurants[1]);
    }
    let shown: Vec<_> = hidden
        .into_iter()
        .filter(|id| text.contains(id.as_str()))
        .collect();
    (!shown.is_empty()).then(|| format!("shows {shown:?}, which the caller does not reach"))
}

/// What A's people read and try to change, where no statement names its organisation.
pub(crate) async fn second_wall(town: &Arc<Town>) -> usize {
    let before = settled(town).await;
    let mut crowd = Crowd::default();
    for operation in &samples::operations(town.edge.openapi()) {
        let tried = [Method::GET, Method::PATCH, Method::PUT].contains(&operation.method);
        if tried && matches!(operation.policy, Policy::May(_) | Policy::SignedIn) {
            crowd.ask(town, operation, behind).await;
        }
    }
    let count = crowd.end().await.report();
    assert_eq!(before, settled(town).await, "something was changed");
    count
}

/// Asks one operation as one caller everywhere: nothing of others may be in any answer.
async fn behind(town: Arc<Town>, operation: Operation, caller: usize) -> Found {
    let caller = &town.callers.0[caller];
    let mut found = Found::default();
    for target in &targets::of(&town, &operation.path) {
        let case = Case {
            operation: &operation,
            caller,
            target,
        };
        let Some(other) = case.only() else { continue };
        // It takes no version, so whoever may do it does.
        if operation.name == "menu_stock.stop" && case.want() == Want::Allowed {
            continue;
        }
        found.count += 1;
        let said = case.ask(&town, &target.params).await;
        let theirs = if other == CANARY_B { &town.b } else { &town.a };
        let ids = [
            &theirs.restaurants,
            &theirs.brands,
            &theirs.devices,
            &theirs.invitations,
        ];
        // An export names what its own person asked for, and was refused.
        let quotes = operation.name == "me.export";
        let ids = ids
            .into_iter()
            .flatten()
            .filter(|id| !quotes && !target.params.contains(id));
        let leaks: Vec<_> = ids.filter(|id| said.text.contains(id.as_str())).collect();
        if said.text.contains(other) || !leaks.is_empty() {
            found.wrong.push(format!(
                "{} shows what is another's: {leaks:?} {}",
                case.name(),
                said.text
            ));
        }
    }
    found
}
