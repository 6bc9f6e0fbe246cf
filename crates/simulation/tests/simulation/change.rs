//! Changes of orders as the simulator follows them: what is sold, what is taken for it, and what waits for a word or money.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::book::{Ordered, text};

/// What is sold on a line, and what a coupon takes off it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) item: String,
    pub(crate) quantity: i64,
    pub(crate) off: i64,
}

/// A change that waits.
#[derive(Clone, Debug)]
pub(crate) struct Proposed {
    pub(crate) number: i64,
    pub(crate) is_agreed: bool,
    until: base::Time,
    /// What is taken for it already.
    pub(crate) reserved: BTreeMap<String, i64>,
}

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Waits,
    Agreed,
    Done,
    Dropped,
}

/// So much of each item.
pub(crate) type Items = BTreeMap<String, i64>;

/// The price of each item, in cents: pizza, water, cake.
pub(crate) fn price((pizza, water): (&str, &str), item: &str) -> i64 {
    match item {
        _ if item == pizza => 1_250,
        _ if item == water => 200,
        _ => 500,
    }
}

/// The lines of an event, by key.
pub(crate) fn lines(said: &Json) -> BTreeMap<String, Line> {
    let lines = said.as_array().unwrap().iter();
    let line = |line: &Json| Line {
        item: text(&line["item"]),
        quantity: line["quantity"].as_i64().unwrap(),
        off: line["discountMinor"].as_i64().unwrap_or(0),
    };
    lines.map(|one| (text(&one["key"]), line(one))).collect()
}

pub(crate) fn items(lines: &BTreeMap<String, Line>) -> Items {
    let mut items = Items::new();
    for line in lines.values() {
        *items.entry(line.item.clone()).or_insert(0) += line.quantity;
    }
    items
}

/// What one has more than the other.
fn more(one: &Items, other: &Items) -> Items {
    let more = one.iter().map(|(item, count)| {
        let has = other.get(item).copied().unwrap_or(0);
        (item.clone(), count - has)
    });
    more.filter(|(_, more)| *more > 0).collect()
}

fn add(to: &mut Items, more: &Items) {
    for (item, count) in more {
        *to.entry(item.clone()).or_insert(0) += count;
    }
}

impl Ordered {
    /// How much of an item is taken for it.
    pub(crate) fn takes(&self, item: &str) -> i64 {
        let of = |items: &Items| items.get(item).copied().unwrap_or(0);
        let held = if self.holds() { of(&self.held) } else { 0 };
        let waiting = self.proposal.as_ref().filter(|_| !self.gives_back());
        held + waiting.map_or(0, |proposal| of(&proposal.reserved))
    }

    /// Takes note of an event of a change.
    pub(crate) fn changes(&mut self, kind: &str, payload: &Json) -> Result<(), String> {
        let data = &payload["data"];
        let at: base::Time = payload["at"].as_str().unwrap().parse().unwrap();
        match kind {
            "order.change_proposed" => self.proposed(data),
            "order.change_agreed" => {
                let until = text(&data["until"]).parse().unwrap();
                let proposal = self.waiting(data)?;
                proposal.is_agreed = true;
                proposal.until = until;
                let number = proposal.number;
                self.proposals.insert(number, Fate::Agreed);
                Ok(())
            }
            "order.change_dropped" => {
                let id = self.id.clone();
                let proposal = self.waiting(data)?;
                let (number, until) = (proposal.number, proposal.until);
                if data["why"] == "lapsed" && at < until {
                    return Err(format!("6: a change of {id} has lapsed before its time"));
                }
                self.proposals.insert(number, Fate::Dropped);
                self.proposal = None;
                Ok(())
            }
            "order.changed" => self.changed(data),
            _ => Ok(()),
        }
    }

    fn waiting(&mut self, data: &Json) -> Result<&mut Proposed, String> {
        let number = data["proposal"].as_i64();
        let said = format!("6: {}: {data}, and {:?} waits", self.id, self.proposal);
        let waiting = self.proposal.as_mut();
        let waiting = waiting.filter(|proposal| Some(proposal.number) == number);
        waiting.ok_or(said)
    }

    fn proposed(&mut self, data: &Json) -> Result<(), String> {
        self.may_change(&data["change"])?;
        if self.proposal.is_some() {
            return Err(format!("6: two changes of {} wait", self.id));
        }
        let number = data["number"].as_i64().unwrap();
        let is_agreed = data["agreed"] == true;
        if is_agreed && data["change"]["by"] != "diner" {
            return Err(format!("6: nobody asked the diner of {}", self.id));
        }
        let wanted = items(&lines(&data["change"]["lines"]));
        self.is_within(data["change"]["totalMinor"].as_i64().unwrap())?;
        self.proposal = Some(Proposed {
            number,
            is_agreed,
            until: text(&data["until"]).parse().unwrap(),
            reserved: more(&wanted, &items(&self.lines)),
        });
        // What a diner changes himself he need not agree to.
        let fate = match is_agreed {
            true => Fate::Agreed,
            false => Fate::Waits,
        };
        self.proposals.insert(number, fate);
        Ok(())
    }

    /// Its lines are others now.
    fn changed(&mut self, data: &Json) -> Result<(), String> {
        let change = &data["change"];
        let now = lines(&change["lines"]);
        // What is held of a tab is all that it ever takes, so nothing more is asked for.
        let is_paid_before = self.is_card && self.tab.is_none();
        self.is_within(change["totalMinor"].as_i64().unwrap())?;
        self.names(change)?;
        let (wanted, has) = (items(&now), items(&self.lines));
        let is_more = now.iter().any(|(key, line)| {
            let was = self.lines.get(key);
            was.is_none_or(|was| was.quantity < line.quantity)
        });
        let difference = change["totalMinor"].as_i64().unwrap() - self.total;
        let taken = match data["proposal"].as_i64() {
            Some(number) => {
                let needs_money = difference > 0 && is_paid_before;
                let proposal = self.waiting(data)?;
                if needs_money && !proposal.is_agreed {
                    return Err(format!("6: a change was not agreed to: {data}"));
                }
                let taken = std::mem::take(&mut proposal.reserved);
                self.proposals.insert(number, Fate::Done);
                self.proposal = None;
                taken
            }
            None => {
                self.may_change(change)?;
                let is_silent = change["by"] != "diner" && is_more;
                let is_unpaid = difference > 0 && is_paid_before;
                if is_silent || is_unpaid {
                    return Err(format!("6: nobody was asked about {data}"));
                }
                more(&wanted, &has)
            }
        };
        add(&mut self.held, &taken);
        // What a kitchen has begun to make is used up.
        if ["scheduled", "pending", "confirmed"].contains(&self.status.as_str()) {
            for (item, less) in more(&has, &wanted) {
                *self.held.entry(item).or_insert(0) -= less;
            }
        }
        let was = std::mem::take(&mut self.lines);
        self.lines = now;
        for (key, line) in &mut self.lines {
            let was = was.get(key);
            // Rounded for the diner.
            line.off = was.map_or(0, |was| {
                let share = was.off * line.quantity.min(was.quantity);
                (share + was.quantity - 1) / was.quantity
            });
        }
        self.total += difference;
        self.is_changed = true;
        self.most += difference.max(0);
        Ok(())
    }

    /// Diners change until it is accepted, restaurants until it is made; until then a tab takes lines besides of its guest.
    fn may_change(&self, change: &Json) -> Result<(), String> {
        let is_made = ["confirmed", "preparing"].contains(&self.status.as_str());
        let is_besides = || self.tab.is_some() && self.is_besides(&lines(&change["lines"]));
        match self.is_early() || (is_made && (change["by"] != "diner" || is_besides())) {
            true => Ok(()),
            false => Err(format!("6: {} is {}, and is changed", self.id, self.status)),
        }
    }
}
