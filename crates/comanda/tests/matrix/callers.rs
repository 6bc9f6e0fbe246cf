//! Everybody who asks: each with real credentials, and with what the model needs to know of him.

use std::sync::Mutex;

use edge::Strength;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::ask::{Shown, ask};
use crate::model::{At, Facts, House as Of};
use crate::world::{CANARY_A, REASON, Town};

/// Somebody who asks.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) name: &'static str,
    pub(crate) facts: Facts,
    /// The person, where he has a session that can be made anew.
    person: Option<(String, Strength)>,
    token: bool,
    shown: Mutex<Shown>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Callers(pub(crate) Vec<Caller>);

impl Caller {
    pub(crate) fn shown(&self) -> Shown {
        self.shown.lock().unwrap().clone()
    }

    /// Signs in again, and so does everybody who is the same person.
    pub(crate) async fn renew(&self, town: &Town) {
        let Some((person, _)) = &self.person else {
            return;
        };
        for other in &town.callers.0 {
            let Some((same, strength)) = &other.person else {
                continue;
            };
            if same == person {
                let reason = other.shown().reason;
                let mut shown = town.shown(same, *strength).await;
                if other.token {
                    shown = town.token(&town.edge, &shown).await;
                }
                shown.reason = reason;
                *other.shown.lock().unwrap() = shown;
            }
        }
    }
}

impl Callers {
    /// Gathers everybody; two come with what they signed in with long ago.
    pub(crate) async fn gather(town: &mut Town, late: (Shown, Shown)) -> Self {
        let mut all = Callers::default();
        all.strangers(town, late).await;
        all.people(town).await;
        all.members(town).await;
        all.machines(town).await;
        all.operators(town).await;
        all
    }

    fn add(&mut self, name: &'static str, facts: Facts, shown: Shown) -> &mut Caller {
        self.0.push(Caller {
            name,
            facts,
            person: None,
            token: false,
            shown: Mutex::new(shown),
        });
        self.0.last_mut().unwrap()
    }

    async fn somebody(
        &mut self,
        town: &Town,
        name: &'static str,
        (person, strength): (&str, Strength),
        facts: Facts,
    ) {
        let shown = town.shown(person, strength).await;
        self.add(name, facts, shown).person = Some((person.to_owned(), strength));
    }

    async fn strangers(&mut self, town: &Town, (late, late_token): (Shown, Shown)) {
        let cookie = |text: &str| Shown {
            cookie: Some(text.to_owned()),
            ..Shown::default()
        };
        let bearer = |text: String| Shown {
            bearer: Some(text),
            ..Shown::default()
        };
        self.add("nobody", Facts::Stranger, Shown::default());
        self.add("garbage bearer", Facts::Stranger, bearer("garbage".into()));
        self.add("garbage cookie", Facts::Stranger, cookie(&"A".repeat(43)));
        self.add("expired session", Facts::Stranger, late);
        self.add("expired token", Facts::Stranger, late_token);
        let ended = town.shown(&town.a.owner, Strength::Two).await;
        let token = town.token(&town.edge, &ended).await;
        let out = ask(
            &town.edge,
            (&Method::POST, "/api/auth/logout"),
            &ended,
            &[],
            None,
        )
        .await;
        assert_eq!(out.status, StatusCode::NO_CONTENT, "{out:?}");
        self.add("ended session", Facts::Stranger, ended);
        self.add("token of an ended session", Facts::Stranger, token);
        let away = town.shown(&town.a.owner, Strength::Two).await;
        let away = town.token(&town.elsewhere, &away).await;
        self.add("token for another audience", Facts::Stranger, away);
        let gone = town.member(&town.a, "gone", &[("owner", &town.a.id)]).await;
        let shown = town.shown(&gone, Strength::Two).await;
        town.identity.erase(gone.parse().unwrap()).await.unwrap();
        self.add("erased person", Facts::Stranger, shown);
        let out = town.member(&town.a, "out", &[("owner", &town.a.id)]).await;
        let shown = town.shown(&out, Strength::Two).await;
        let path = format!("/api/operators/people/{out}/disable");
        let body = json!({"reason": "case 12"});
        town.done(&town.operator, Method::POST, &path, body).await;
        self.add("disabled person", Facts::Stranger, shown);
    }

    async fn people(&mut self, town: &mut Town) {
        let diner = town.person("diner").await;
        let facts = |strength| Facts::Human {
            strength,
            member: None,
        };
        self.somebody(town, "diner", (&diner, Strength::One), facts(Strength::One))
            .await;
        let shown = self.0.last().unwrap().shown();
        let body = json!({"street": "Via Vicina 1", "city": "Bolzano"});
        let address = town
            .done(&shown, Method::POST, "/api/me/addresses", body)
            .await;
        town.things.insert("address", address.field("id"));
        let me = town.done(&shown, Method::GET, "/api/me", Value::Null).await;
        let contact = me.body()["contacts"][0]["id"].as_str().unwrap().to_owned();
        town.things.insert("contact", contact);
        let list = town
            .done(&shown, Method::GET, "/api/me/sessions", Value::Null)
            .await;
        let session = list.body()["items"][0]["id"].as_str().unwrap().to_owned();
        town.things.insert("session", session);
        let order = town.order(&shown, &town.a).await;
        town.things.insert("order", order);
        let cart = town
            .made(&shown, "/api/carts", crate::goods::cart(&town.a))
            .await;
        town.things.insert("cart", cart);
        let saga = town.saga(&shown).await;
        town.things.insert("payment", town.payment(&saga).await);
        town.things.insert("saga", saga);
        town.things.insert("work", town.work().await);
        let other = town.person("other").await;
        // By a session of its own: the one that confirms a factor is made anew.
        let beside = town.shown(&other, Strength::One).await;
        town.things.insert("factor", town.factor(&beside).await);
        self.somebody(
            town,
            "diner with two factors",
            (&other, Strength::Two),
            facts(Strength::Two),
        )
        .await;
    }

    async fn members(&mut self, town: &Town) {
        let (a, b) = (&town.a, &town.b);
        let (one, two) = (Strength::One, Strength::Two);
        let of = |house, role, at| Facts::Human {
            strength: two,
            member: Some((house, vec![(role, at)])),
        };
        let owner = of(Of::A, "owner", At::Whole);
        self.somebody(town, "owner", (&a.owner, two), owner.clone())
            .await;
        let token = town
            .token(&town.edge, &self.0.last().unwrap().shown())
            .await;
        let by_token = self.add("owner by a token", owner, token);
        (by_token.token, by_token.person) = (true, Some((a.owner.clone(), two)));
        let weak = Facts::Human {
            strength: one,
            member: Some((Of::A, vec![("owner", At::Whole)])),
        };
        self.somebody(town, "owner with one factor", (&a.owner, one), weak)
            .await;
        self.somebody(
            town,
            "owner of the other",
            (&b.owner, two),
            of(Of::B, "owner", At::Whole),
        )
        .await;
        let (r0, brand) = (a.restaurants[0].as_str(), a.brands[0].as_str());
        let all: [(&'static str, &'static str, &str, At); 8] = [
            ("manager", "manager", &a.id, At::Whole),
            ("manager of a brand", "manager", brand, At::Brand(0)),
            ("manager of a restaurant", "manager", r0, At::Restaurant(0)),
            ("staff of a brand", "staff", brand, At::Brand(0)),
            ("staff of a restaurant", "staff", r0, At::Restaurant(0)),
            ("finance", "finance", &a.id, At::Whole),
            ("kitchen of a restaurant", "kitchen", r0, At::Restaurant(0)),
            ("own role with one permission", "own", &a.id, At::Whole),
        ];
        for (name, role, place, at) in all {
            let given = if role == "own" { &a.role } else { role };
            let person = town.member(a, CANARY_A, &[(given, place)]).await;
            self.somebody(town, name, (&person, two), of(Of::A, role, at))
                .await;
        }
        let person = town.member(a, "revoked", &[("owner", &a.id)]).await;
        let facts = Facts::Human {
            strength: two,
            member: None,
        };
        self.somebody(town, "revoked member", (&person, two), facts)
            .await;
        // He was let in once, so that what is remembered of him is wrong from now on.
        let path = format!("/api/organisations/{}", a.id);
        let shown = self.0.last().unwrap().shown();
        town.done(&shown, Method::GET, &path, Value::Null).await;
        let path = format!("{path}/members/{person}");
        town.done(&a.owner_shown, Method::DELETE, &path, Value::Null)
            .await;
    }

    async fn machines(&mut self, town: &Town) {
        let a = &town.a;
        let bearer = |text: String| Shown {
            bearer: Some(text),
            ..Shown::default()
        };
        let scopes = json!([
            "organisation.read",
            "brands.change",
            "restaurants.read",
            "restaurants.change",
            "members.read",
            "keys.read",
            "devices.read",
            "audit.read",
            "menus.read",
            "menus.change",
            "orders.read",
            "orders.change",
            "refunds.change",
            "reports.read",
        ]);
        let facts = |role, at| Facts::Machine {
            house: Of::A,
            role,
            at,
        };
        let (_, secret) = town.key(a, scopes.clone(), None).await;
        self.add("key", facts("key", At::Whole), bearer(secret));
        let (_, secret) = town.key(a, scopes.clone(), Some(&a.restaurants[0])).await;
        self.add(
            "key for a restaurant",
            facts("key", At::Restaurant(0)),
            bearer(secret),
        );
        let (id, secret) = town.key(a, scopes, None).await;
        let path = format!("/api/organisations/{}/keys/{id}", a.id);
        town.done(&a.owner_shown, Method::DELETE, &path, Value::Null)
            .await;
        self.add("revoked key", Facts::Stranger, bearer(secret));
        for kind in ["kitchen", "kiosk"] {
            let label = format!("{CANARY_A} {kind}");
            let (_, secret) = town
                .device(&a.owner_shown, &a.restaurants[0], (kind, &label))
                .await;
            let (name, role) = match kind {
                "kitchen" => ("kitchen screen", "screen"),
                _ => ("kiosk", "kiosk"),
            };
            self.add(name, facts(role, At::Restaurant(0)), bearer(secret));
        }
        let (id, secret) = town
            .device(&a.owner_shown, &a.restaurants[0], ("kitchen", CANARY_A))
            .await;
        let path = format!("/api/organisations/{}/devices/{id}", a.id);
        town.done(&a.owner_shown, Method::DELETE, &path, Value::Null)
            .await;
        self.add("revoked device", Facts::Stranger, bearer(secret));
    }

    async fn operators(&mut self, town: &Town) {
        let person = town.operator_person.clone();
        let plain = Shown {
            reason: None,
            ..town.operator.clone()
        };
        self.add(
            "operator without a reason",
            Facts::Operator { reason: false },
            plain,
        );
        self.add(
            "operator with a reason",
            Facts::Operator { reason: true },
            town.operator.clone(),
        );
        let facts = Facts::Operator { reason: true };
        self.somebody(town, "operator signed in", (&person, Strength::Two), facts)
            .await;
        self.0.last().unwrap().shown.lock().unwrap().reason = Some(REASON);
        let facts = Facts::Human {
            strength: Strength::One,
            member: None,
        };
        self.somebody(
            town,
            "operator with one factor",
            (&person, Strength::One),
            facts,
        )
        .await;
        self.0.last().unwrap().shown.lock().unwrap().reason = Some(REASON);
    }
}
