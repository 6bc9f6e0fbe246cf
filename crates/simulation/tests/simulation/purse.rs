//! Credit and refunds as the simulator follows them: what was given, spent and came back, and who agreed to it.

use std::collections::BTreeMap;

use base::Uid;
use serde_json::Value as Json;
use store::Logged;

use super::book::{Book, text};
use super::world::ALONE;

/// What people have with whom.
pub(crate) type Purses = BTreeMap<(i64, Uid), i64>;

/// A refund.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) id: String,
    pub(crate) order: Uid,
    minor: i64,
    by: String,
    pub(crate) state: String,
}

impl Book {
    /// Only what was handed over is refunded; a second person agrees to much.
    pub(crate) fn refund(&mut self, event: &Logged, payload: &Json) -> Result<(), String> {
        let order = base::uid::read("ord", payload["order"].as_str().unwrap()).unwrap();
        let data = &payload["data"];
        if event.kind == "refund.asked" {
            let ordered = &self.orders[&order];
            if !["delivered", "collected", "served"].contains(&ordered.status.as_str()) {
                let (id, status) = (&ordered.id, &ordered.status);
                return Err(format!("6: {id} is refunded, and is {status}"));
            }
            let parts = data["parts"].as_array().unwrap().iter();
            let asked = Granted {
                id: text(&data["id"]),
                order,
                minor: parts.map(|part| part["minor"].as_i64().unwrap()).sum(),
                by: text(&data["by"]),
                state: "asked".to_owned(),
            };
            self.refunds.insert(event.stream, asked);
        }
        let given = self.given_back(order);
        let is_careful = self.careful.contains(&self.orders[&order].restaurant);
        let refund = self.refunds.get_mut(&event.stream).unwrap();
        let (_, word) = event.kind.split_once('.').unwrap();
        let may = match word {
            "asked" => event.version == 1,
            "granted" | "declined" => refund.state == "asked",
            "drawn" | "executed" => {
                ["granted", "drawn", "executed"].contains(&refund.state.as_str())
            }
            _ => false,
        };
        if !may {
            return Err(format!(
                "6: {} is {}, and then {word}",
                refund.id, refund.state
            ));
        }
        let is_alone = word == "granted" && data["by"] == refund.by.as_str();
        if is_alone && is_careful && given > ALONE {
            return Err(format!(
                "22: {} was granted by one person: {given}",
                refund.id
            ));
        }
        word.clone_into(&mut refund.state);
        Ok(())
    }

    /// What is given back of an order, or asked to be.
    fn given_back(&self, order: Uid) -> i64 {
        let its = self.refunds.values().filter(|one| one.order == order);
        let its = its.filter(|one| one.state != "declined");
        its.map(|one| one.minor).sum()
    }

    /// Nobody has less than nothing, and one person gives only so much.
    pub(crate) fn credit(&mut self, event: &Logged, payload: &Json) -> Result<(), String> {
        let minor = payload["minor"].as_i64().unwrap();
        let order: Uid = base::uid::read("ord", payload["order"].as_str().unwrap()).unwrap();
        let person = base::uid::read("per", payload["person"].as_str().unwrap()).unwrap();
        let house = i64::from(event.organisation.get());
        let purse = self.purses.entry((house, person)).or_insert(0);
        match event.kind.as_str() {
            "credit.spent" => *purse -= minor,
            _ => *purse += minor,
        }
        if *purse < 0 {
            return Err(format!("5: credit of {person:?} is {purse}"));
        }
        if event.kind == "credit.spent" {
            *self.spent.entry(order).or_insert(0) += minor;
        }
        if event.kind == "credit.given" {
            self.gifts_given += 1;
            *self.gifts.entry(order).or_insert(0) += minor;
            let all = self.gifts[&order] + self.given_back(order);
            if self.careful.contains(&self.orders[&order].restaurant) && all > ALONE {
                return Err(format!("22: one person has given {all} for an order"));
            }
        }
        Ok(())
    }
}
