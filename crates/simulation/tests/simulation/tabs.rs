//! Lines that come besides, and tabs: how they are asked for, and what must hold of them.

use std::collections::{BTreeMap, BTreeSet};

use base::Random;
use serde_json::{Value as Json, json};

use super::acts::{Clients, Kind, below};
use super::book::Ordered;
use super::change::{Line, lines};
use super::run::Sim;

/// How much each of the restaurants holds of a tab, in whole units.
pub(crate) const HOLDS: [&str; 2] = ["50.00", "30.00"];
/// Where the guest of a tab sits.
pub(crate) const SERVICE: &str = "dine_in";
/// Where an order goes when it is made: a tab only as it was seen.
pub(crate) const READY: &str = "ready_for_pickup";

/// Some who sit at a table open a tab, with as much held as the restaurant says, or as they say: less, or too much. A few
/// want to pay it as no tab is paid.
pub(crate) fn open(body: &mut Json, chance: &Random) {
    if body["serviceType"] != SERVICE || chance.below(3) == 0 {
        return;
    }
    body["tab"] = true.into();
    if chance.below(8) > 0 {
        let token = super::deeds::token(chance);
        body["payment"] = json!({"method": "card", "token": token});
        body.as_object_mut().unwrap().remove("payments");
    }
    if chance.below(3) == 0 {
        body["hold"] = ["15.00", "20.00", "40.00"][below(chance, 3)].into();
    }
}

impl Clients {
    /// Somebody asks for a line besides, under a name that is new, or that was asked for before.
    pub(crate) fn add(
        &mut self,
        (order, version): (&Ordered, i64),
        chance: &Random,
    ) -> Option<usize> {
        let ground = self.ground;
        let mut kitchens = ground.kitchens.iter();
        let kitchen = kitchens.find(|one| one.restaurant == order.restaurant)?;
        let line = self.name(order, chance);
        let (item, count) = (super::deeds::item(kitchen, chance), 1 + chance.below(3));
        let mut body = json!({"add": [{"line": line, "menuItemId": item, "quantity": count}]});
        if chance.below(6) == 0 {
            body["version"] = (version - i64::from(chance.below(2) == 0)).max(1).into();
        }
        let kind = Kind::Add(order.id.clone(), line);
        let is_open = order.tab.is_some() || order.is_early();
        if chance.below(6) > 0 && is_open && chance.below(4) > 0 {
            if order.is_card && order.tab.is_none() {
                body["payment"] = json!({"token": super::deeds::token(chance)});
            }
            let path = format!("/api/orders/{}", order.id);
            return Some(self.push(kind, &order.customer, &path, &body));
        }
        body["reason"] = "customer_asked".into();
        let path = format!("/api/orders/{}/lines", order.id);
        let staff = &ground.staff[0];
        Some(self.push(kind, staff, &path, &body))
    }

    /// What a line that comes besides is called.
    fn name(&self, order: &Ordered, chance: &Random) -> String {
        let is_its = |kind: &Kind| match kind {
            Kind::Add(of, line) if *of == order.id => Some(line.clone()),
            _ => None,
        };
        let keys: Vec<&String> = order.had.iter().collect();
        let mut asked = self.ops.iter().rev();
        match chance.below(6) {
            0 => keys[below(chance, keys.len())].clone(),
            1 => asked
                .find_map(|op| is_its(&op.kind))
                .unwrap_or_else(|| "more".to_owned()),
            _ => format!("more-{}", self.ops.len()),
        }
    }
}

impl Ordered {
    /// Whether a restaurant has not bound itself to it yet.
    pub(crate) fn is_early(&self) -> bool {
        ["scheduled", "pending"].contains(&self.status.as_str())
    }

    /// Whether these lines are all that it has, as they are, and others besides.
    pub(crate) fn is_besides(&self, now: &BTreeMap<String, Line>) -> bool {
        let mut has = self.lines.iter();
        has.all(|(key, line)| {
            let now = now.get(key);
            now.is_some_and(|now| (&now.item, now.quantity) == (&line.item, line.quantity))
        })
    }

    /// Takes note of the names that its lines have then. No two have one, and none comes back.
    pub(crate) fn names(&mut self, change: &Json) -> Result<(), String> {
        let now = lines(&change["lines"]);
        let id = &self.id;
        if change["lines"].as_array().map_or(0, Vec::len) != now.len() {
            return Err(format!("9: two lines of {id} have one name: {change}"));
        }
        let new = |key: &&String| !self.lines.contains_key(*key);
        if let Some(line) = now.keys().filter(new).find(|key| self.had.contains(*key)) {
            return Err(format!("9: {id} has had {line}, and it comes besides"));
        }
        self.had.extend(now.into_keys());
        Ok(())
    }

    /// Whether its tab, where it has one, holds what it costs then.
    pub(crate) fn is_within(&self, total: i64) -> Result<(), String> {
        match self.tab.filter(|hold| total > *hold) {
            None => Ok(()),
            Some(hold) => Err(format!("4: {} costs {total}, and {hold} is held", self.id)),
        }
    }
}

/// A tab is opened at a table, by card, and holds what it costs; every line of an order is on its ticket, and no other.
pub(crate) fn shown(order: &Ordered, body: &Json) -> Result<(), String> {
    let id = &order.id;
    let is_fit = order.service == SERVICE && order.is_card && !order.has_cash;
    if order.tab.is_some() && !is_fit {
        return Err(format!(
            "4: {id} is a tab, and is no order at a table by card"
        ));
    }
    order.is_within(order.total)?;
    let told = body["tickets"][0]["lines"].as_array().into_iter().flatten();
    let told: BTreeSet<&str> = told.filter_map(Json::as_str).collect();
    let sold: BTreeSet<&str> = order.lines.keys().map(String::as_str).collect();
    match told == sold {
        true => Ok(()),
        false => Err(format!(
            "18: the kitchen of {id} was told of {told:?}, and {sold:?} is sold"
        )),
    }
}

/// Whoever has said that a tab is ready has seen what was on it, so that nobody pays for a line that no kitchen has seen.
pub(crate) fn seen(sim: &Sim) -> Result<(), String> {
    let said = |order: &Ordered, version| {
        let kind = Kind::Move(order.id.clone(), READY, version);
        let its = sim.clients.ops.iter();
        its.filter(move |op| op.kind == kind)
    };
    let tabs = sim.book.orders.values().filter(|one| one.tab.is_some());
    for order in tabs {
        let id = &order.id;
        if said(order, None).any(|op| op.answer.is_some()) {
            return Err(format!("18: {id} was made ready as nobody said"));
        }
        let Some(at) = order.ready_at else { continue };
        if said(order, Some(at - 1)).next().is_none() {
            return Err(format!("18: {id} is ready at {at}, and was not seen so"));
        }
    }
    Ok(())
}
