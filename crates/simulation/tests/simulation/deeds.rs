//! What is done besides ordering and moving: carts, changes and the word on them, credit, and who agrees to refunds.

use base::{Random, Uid};
use http::Method;
use serde_json::{Value as Json, json};

use super::acts::{Clients, Kind, below};
use super::book::Ordered;
use super::kitchen::Kitchen;
use super::run::Sim;
use super::world::Sent;

/// Says how something is paid: in cash, by card, or by several means of which one gives the rest.
pub(crate) fn pay(body: &mut Json, chance: &Random) {
    let token = token(chance);
    let card = json!({"method": "card", "token": token});
    let part = |amount: &str| json!({"method": "card", "token": "ok", "amount": amount});
    let (credit, cash) = (json!({"method": "store_credit"}), json!({"method": "cash"}));
    let all = match chance.below(10) {
        0 | 1 => return,
        2 => vec![part("3.00"), credit, cash],
        3 => vec![credit, card],
        4 => vec![part("2.00"), card],
        5 => vec![part("1.50"), credit, card],
        _ => {
            body["payment"] = card;
            return;
        }
    };
    body["payments"] = all.into();
}

pub(crate) fn token(chance: &Random) -> &'static str {
    match chance.below(8) {
        0 => "refused",
        _ => "ok",
    }
}

/// What a cart or a change may have more of.
pub(crate) fn item<'a>(kitchen: &'a Kitchen, chance: &Random) -> &'a str {
    [&kitchen.cake, &kitchen.water, &kitchen.pizza][below(chance, 3)]
}

impl Clients {
    /// Somebody orders what is in his cart.
    pub(crate) fn of_cart(&mut self, chance: &Random) -> Option<usize> {
        if self.carts.is_empty() || chance.below(2) == 0 {
            return None;
        }
        let at = below(chance, self.carts.len());
        let (who, place, made) = self.carts[at].clone();
        let cart = self.ops[made].answer.as_ref()?;
        let restaurant = &self.ground.kitchens[place].restaurant;
        let mut body = json!({"restaurantId": restaurant, "cartId": cart["id"]});
        if chance.below(4) == 0 {
            body["cartVersion"] = cart["version"].clone();
        }
        pay(&mut body, chance);
        // Some order the same cart twice.
        if chance.below(4) > 0 {
            self.carts.swap_remove(at);
        }
        Some(self.push(Kind::Place, &who, "/api/orders", &body))
    }

    /// Somebody asks what a basket costs, and has a place held for it.
    pub(crate) fn quote(&mut self, (who, body): (&str, Json)) -> usize {
        let items = body["items"].as_array().into_iter().flatten();
        let lines: Vec<Json> = items
            .map(|item| json!({"item": item["menuItemId"], "quantity": item["quantity"]}))
            .collect();
        let wish = json!({
            "service": body["serviceType"], "at": body["wantedAt"], "lines": lines,
            "position": body["deliveryAddress"]["position"],
        });
        let restaurant = body["restaurantId"].as_str().unwrap_or_default();
        let path = format!("/api/restaurants/{restaurant}/quote/hold");
        let asked = self.push(Kind::Quote, who, &path, &wish);
        self.quoted.push((who.to_owned(), body, asked));
        asked
    }

    /// Somebody orders what he has asked about, perhaps when his place is given back already.
    pub(crate) fn of_quote(&mut self, chance: &Random) -> Option<usize> {
        if self.quoted.is_empty() || chance.below(3) == 0 {
            return None;
        }
        let at = below(chance, self.quoted.len());
        let (who, mut body, asked) = self.quoted[at].clone();
        let quote = self.ops[asked].answer.as_ref()?;
        if quote["quoteId"].is_string() {
            body["quoteId"] = quote["quoteId"].clone();
        }
        // Some order by the same quote twice.
        if chance.below(4) > 0 {
            self.quoted.swap_remove(at);
        }
        Some(self.push(Kind::Place, &who, "/api/orders", &body))
    }

    /// Somebody makes a cart, or puts something into his.
    fn cart(&mut self, chance: &Random) -> usize {
        let ground = self.ground;
        let known = self.carts.get(below(chance, self.carts.len() + 1)).cloned();
        let made = known.and_then(|(who, place, made)| {
            let answer = self.ops[made].answer.as_ref()?;
            Some((who, place, answer["id"].as_str()?.to_owned()))
        });
        let Some((who, place, cart)) = made else {
            let (place, who) = (below(chance, 2), &ground.diners[below(chance, 4)]);
            let kitchen = &ground.kitchens[place];
            let items = json!([{"menuItemId": item(kitchen, chance), "quantity": 1}]);
            let body = json!({
                "restaurantId": kitchen.restaurant, "serviceType": "pickup", "items": items,
            });
            let made = self.push(Kind::Cart, who, "/api/carts", &body);
            self.carts.push((who.clone(), place, made));
            return made;
        };
        let more = item(&ground.kitchens[place], chance);
        let body = json!({"menuItemId": more, "quantity": 1});
        self.push(Kind::Cart, &who, &format!("/api/carts/{cart}/items"), &body)
    }

    /// The lines of an order are to be others: as its restaurant says, or who has placed it.
    fn change(&mut self, order: &Ordered, chance: &Random) -> Option<usize> {
        let ground = self.ground;
        let kitchens = ground.kitchens.iter();
        let mut kitchens = kitchens.filter(|one| one.restaurant == order.restaurant);
        let kitchen = kitchens.next()?;
        let keys: Vec<&String> = order.lines.keys().collect();
        let line = keys[below(chance, keys.len())];
        let count = 1 + chance.below(3);
        let mut body = match chance.below(3) {
            0 => json!({"remove": [line]}),
            1 => json!({"quantity": [{"line": line, "quantity": count}]}),
            _ => {
                let other = item(kitchen, chance);
                json!({"replace": [{"line": line, "menuItemId": other, "quantity": count}]})
            }
        };
        let kind = Kind::Change(order.id.clone());
        let is_of_tab = order.tab.is_some() && chance.below(3) == 0;
        if (order.is_early() || is_of_tab) && chance.below(2) == 0 {
            if order.is_card {
                body["payment"] = json!({"token": token(chance)});
            }
            let path = format!("/api/orders/{}", order.id);
            return Some(self.push(kind, &order.customer, &path, &body));
        }
        body["reason"] = "sold_out".into();
        let path = format!("/api/orders/{}/lines", order.id);
        let staff = &ground.staff[0];
        Some(self.push(kind, staff, &path, &body))
    }

    /// Who has placed an order says yes or no, or nothing.
    fn consent(&mut self, order: &Ordered, chance: &Random) -> Option<usize> {
        let proposal = order.proposal.as_ref()?;
        if proposal.is_agreed && chance.below(3) > 0 {
            return None;
        }
        let is_yes = chance.below(4) > 0;
        let mut body = json!({"proposal": proposal.number, "accept": is_yes});
        if order.is_card && order.tab.is_none() && is_yes {
            body["payment"] = json!({"token": token(chance)});
        }
        let kind = Kind::Consent(order.id.clone(), proposal.number, is_yes);
        let path = format!("/api/orders/{}/consent", order.id);
        Some(self.push(kind, &order.customer, &path, &body))
    }

    /// Somebody who works there agrees to a refund, or does not.
    pub(crate) fn word(&mut self, (order, refund): (&str, &str), (who, n): (usize, u64)) -> usize {
        let word = if n % 4 == 3 { "decline" } else { "approve" };
        let path = format!("/api/orders/{order}/refunds/{refund}/{word}");
        let kind = Kind::Word(refund.to_owned());
        let staff = &self.ground.staff[who];
        self.push(kind, staff, &path, &Json::Null)
    }

    fn credit(&mut self, order: &Ordered, chance: &Random) -> usize {
        let amount = format!("{}.{:02}", 1 + chance.below(4), chance.below(100));
        let body = json!({"amount": amount, "reason": "goodwill"});
        let path = format!("/api/orders/{}/credit", order.id);
        let staff = &self.ground.staff[below(chance, 2)];
        self.push(Kind::Credit, staff, &path, &body)
    }
}

impl Sim {
    /// In some seeds a restaurant takes money when an order is ready, before anything else happens.
    pub(crate) async fn furnish(&mut self) {
        let Some(place) = self.plan.when_ready else {
            return;
        };
        let (path, who) = self.rules_of(place);
        let read = Sent::new((&who, ""), Method::GET, &path, &Json::Null);
        let mut rules = self.ask(&read).await.good();
        rules["takeMoney"] = "ready".into();
        let said = Sent::new((&who, "rules"), Method::PUT, &path, &rules);
        self.rules = Some(self.ask(&said).await.good());
    }

    /// It says otherwise, once: what was ordered before stays as it was.
    pub(crate) fn on_rules(&mut self) {
        let (Some(mut rules), Some(place)) = (self.rules.take(), self.plan.when_ready) else {
            return;
        };
        rules["takeMoney"] = "accepted".into();
        let (path, who) = self.rules_of(place);
        let op = self.clients.push(Kind::Rules, &who, &path, &rules);
        self.send(op);
    }

    fn rules_of(&self, place: usize) -> (String, String) {
        let at = self.ground.kitchens[place].at();
        (format!("{at}/order-rules"), self.ground.staff[0].clone())
    }

    /// Somebody does something with a cart.
    pub(crate) fn on_a_cart(&mut self) -> bool {
        if self.clients.placed >= self.clients.wanted {
            return false;
        }
        let op = self.clients.cart(&self.chance);
        self.send(op);
        true
    }

    /// Somebody asks for other lines, answers who asked, or gives credit.
    pub(crate) fn on_lines(&mut self, (uid, order): (Uid, &Ordered)) -> Option<usize> {
        let (clients, chance) = (&mut self.clients, &self.chance);
        let version = self.book.version(uid);
        let seldom = if order.tab.is_some() { 2 } else { 3 };
        match order.proposal.is_some() {
            true if chance.below(5) > 0 => clients.consent(order, chance),
            _ if chance.below(5) == 0 => Some(clients.credit(order, chance)),
            _ if chance.below(6) > 0 && order.is_final() => None,
            _ if chance.below(seldom) == 0 => clients.add((order, version), chance),
            _ => clients.change(order, chance),
        }
    }

    /// Somebody says whether a refund that waits is to be.
    pub(crate) fn on_refunds(&mut self, (uid, order): (Uid, &Ordered)) -> usize {
        let mut refunds = self.book.refunds.values().filter(|one| one.order == uid);
        let who = below(&self.chance, 2);
        match refunds.next_back() {
            Some(refund) if refund.state == "asked" || self.chance.below(4) == 0 => {
                let refund = refund.id.clone();
                let word = self.chance.below(4);
                self.clients.word((&order.id, &refund), (who, word))
            }
            _ => self.clients.credit(order, &self.chance),
        }
    }
}
