//! A restaurant that takes orders, made over HTTP: who runs it, what it sells, and the guests who order there.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::serve::{Reply, Serve, ask, try_ask};

/// How many guests order. One address of a network is given no more than a few.
const GUESTS: usize = 16;
/// The clients who work for the restaurant are an operator, who says why he acts.
const REASON: (&str, &str) = ("x-acting-reason", "A drill of the whole program");
const JSON: (&str, &str) = ("content-type", "application/json");
/// How often the same is asked again until it is decided, and after how long.
const TRIES_MAX: u32 = 2_000;
const SOON: Duration = Duration::from_millis(5);

/// What the drills work on.
#[derive(Clone, Debug)]
pub(crate) struct House {
    key: String,
    pub(crate) organisation: String,
    pub(crate) restaurant: String,
    /// A dish of which there is always enough; it costs 12.50.
    pub(crate) dish: String,
    /// Dishes that are counted.
    pub(crate) counted: Vec<String>,
    guests: Vec<String>,
}

impl House {
    /// Claims the set-up link, and makes everything with so many dishes that are counted.
    pub(crate) fn open(serve: &Serve, counted: usize) -> Self {
        let at = serve.http();
        let link = serve.ready("setup").expect("no set-up link");
        let token = link.split_once('#').map_or(link, |(_, token)| token);
        let claim = json!({"token": token, "name": "Ada", "email": "ada@example.com"});
        let claimed = read(&serve.post("/api/setup", &[], &claim.to_string()));
        let mut house = House {
            key: text(&claimed["key"]),
            organisation: String::new(),
            restaurant: String::new(),
            dish: String::new(),
            counted: Vec::new(),
            guests: Vec::new(),
        };
        let made = house.done(at, ("POST", "/api/organisations"), json!({"name": "Group"}));
        house.organisation = text(&made["id"]);
        let inside = format!("/api/organisations/{}", house.organisation);
        let brand = json!({"name": "Lucia"});
        let brand = house.done(at, ("POST", &format!("{inside}/brands")), brand);
        let restaurant = json!({
            "name": "Lucia am Dom", "brand": brand["id"], "timeZone": "Europe/Berlin", "currency": "EUR",
            "address": {"street": "Domplatz 1", "postalCode": "50667", "city": "Köln", "country": "DE"},
        });
        let made = house.done(at, ("POST", &format!("{inside}/restaurants")), restaurant);
        house.restaurant = text(&made["id"]);
        house.cook(at, counted);
        house.guests = (0..GUESTS).map(|_| guest(at)).collect();
        house
    }

    /// It is always open, and has a menu.
    fn cook(&mut self, at: SocketAddr, counted: usize) {
        let path = |rest: &str| format!("/api/restaurants/{}/{rest}", self.restaurant);
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let always = json!([{"days": days, "from": "00:00", "to": "00:00"}]);
        let hours = json!({"version": 0, "weeks": {"pickup": always}});
        self.done(at, ("PUT", &path("hours")), hours);
        let head = json!({
            "currency": "EUR", "language": "en", "taxesIncluded": "included",
            "taxes": [{"key": "food", "rates": {"delivery": 70000, "pickup": 70000, "dine_in": 190000}}],
        });
        self.done(
            at,
            ("PATCH", &path("menu/draft")),
            json!({"version": 0, "head": head}),
        );
        let names = (0..=counted).map(|number| format!("Dish {number}"));
        let items: Vec<String> = names
            .map(|name| {
                let item =
                    json!({"name": {"main": name}, "price": {"amount": "12.50"}, "tax": "food"});
                let made = self.done(at, ("POST", &path("menu/items")), item);
                text(&made["id"])
            })
            .collect();
        for (number, some) in items.chunks(50).enumerate() {
            let name = format!("Page {number}");
            let category = json!({"name": {"main": name}, "items": some});
            self.done(at, ("POST", &path("menu/categories")), category);
        }
        let draft = self.get(at, &path("menu/draft?limit=1"));
        let version = json!({"version": draft["version"]});
        self.done(at, ("POST", &path("menu/publish")), version);
        let (dish, rest) = items.split_first().expect("no dish");
        let (dish, rest) = (dish.clone(), rest.to_vec());
        self.dish = dish;
        self.counted = rest;
    }

    /// There are so many of a dish now.
    pub(crate) fn stock(&self, at: SocketAddr, dish: &str, left: u32) {
        let path = format!("/api/restaurants/{}/menu/stock/{dish}", self.restaurant);
        self.done(at, ("PUT", &path), json!({"left": left}));
    }

    /// Orders are accepted by themselves.
    pub(crate) fn accept_by_itself(&self, at: SocketAddr) {
        let path = format!("/api/restaurants/{}/order-rules", self.restaurant);
        let mut rules = self.get(at, &path);
        rules["autoAccept"] = Value::Bool(true);
        self.done(at, ("PUT", &path), rules);
    }

    /// An order of one dish, as an app sends it.
    pub(crate) fn basket(&self, dish: &str, token: Option<&str>) -> Value {
        let payment = match token {
            Some(token) => json!({"method": "card", "token": token}),
            None => json!({"method": "cash"}),
        };
        json!({
            "restaurantId": self.restaurant,
            "serviceType": "pickup",
            "items": [{"menuItemId": dish, "quantity": 1}],
            "payment": payment,
        })
    }

    /// A guest asks for something, under a key where there is one.
    pub(crate) fn as_guest(
        &self,
        (at, guest): (SocketAddr, usize),
        (method, path): (&str, &str),
        (key, body): (&str, &Value),
    ) -> std::io::Result<Reply> {
        let cookie = &self.guests[guest % self.guests.len()];
        let site = ("sec-fetch-site", "same-origin");
        send(at, (method, path), (&[("cookie", cookie), site], key), body)
    }

    /// Somebody who works for the restaurant asks for something.
    pub(crate) fn as_staff(
        &self,
        at: SocketAddr,
        (method, path): (&str, &str),
        (key, body): (&str, &Value),
    ) -> std::io::Result<Reply> {
        let bearer = format!("Bearer {}", self.key);
        let heads = [("authorization", bearer.as_str()), REASON];
        send(at, (method, path), (&heads, key), body)
    }

    /// The same, which must work.
    #[track_caller]
    pub(crate) fn done(&self, at: SocketAddr, ask: (&str, &str), body: Value) -> Value {
        read(&until_decided(|| self.as_staff(at, ask, ("", &body))))
    }

    /// What is there.
    #[track_caller]
    pub(crate) fn get(&self, at: SocketAddr, path: &str) -> Value {
        self.done(at, ("GET", path), Value::Null)
    }

    /// All entries of a list.
    pub(crate) fn list(&self, at: SocketAddr, path: &str) -> Vec<Value> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(at, &format!("{path}{sign}limit=100{cursor}"));
            all.extend(page["items"].as_array().into_iter().flatten().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}

fn guest(at: SocketAddr) -> String {
    let site = ("sec-fetch-site", "same-origin");
    let reply = ask(at, "POST", "/api/auth/guest", &[site], "");
    assert_eq!(reply.status, 201, "{}", reply.body);
    let cookies = reply.head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_cookie = name.eq_ignore_ascii_case("set-cookie");
        is_cookie.then(|| value.split(';').next().unwrap_or_default().trim())
    });
    cookies.collect::<Vec<_>>().join("; ")
}

fn send(
    at: SocketAddr,
    (method, path): (&str, &str),
    (heads, key): (&[(&str, &str)], &str),
    body: &Value,
) -> std::io::Result<Reply> {
    let mut heads = heads.to_vec();
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    if !body.is_empty() {
        heads.push(JSON);
    }
    if !key.is_empty() {
        heads.push(("idempotency-key", key));
    }
    try_ask(at, method, path, &heads, &body)
}

/// Asks again while the server has no room, or others are at it.
pub(crate) fn until_decided(ask: impl Fn() -> std::io::Result<Reply>) -> Reply {
    for _ in 0..TRIES_MAX {
        match ask() {
            Ok(reply) if !is_later(&reply) => return reply,
            _ => std::thread::sleep(SOON),
        }
    }
    panic!("it is never decided");
}

/// Whether the same may be asked again in a moment.
pub(crate) fn is_later(reply: &Reply) -> bool {
    let codes = ["idempotency_under_way", "\"conflict\""];
    reply.status == 503 || reply.status == 409 && codes.iter().any(|code| reply.body.contains(code))
}

/// Reads an answer that must be good.
#[track_caller]
pub(crate) fn read(reply: &Reply) -> Value {
    let is_good = (200..300).contains(&reply.status);
    assert!(is_good, "{}: {}", reply.status, reply.body);
    serde_json::from_str(&reply.body).unwrap_or_default()
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
