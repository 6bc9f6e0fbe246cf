//! What is ordered: restaurants with a few things that can be ordered there, found by reading their menus.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use base::Random;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{Address, Reply, Request, Wire};

/// How many things of a menu are ordered at most.
const GOODS_MAX: usize = 40;
/// Choices within choices are not followed further.
const DEPTH_MAX: usize = 3;
/// A restaurant that has refused so many in a row, each larger than the one before, is closed.
const REFUSALS_MAX: u32 = 3;

/// How what is ordered reaches the diner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// It is brought.
    Delivery,
    /// It is fetched.
    Pickup,
}

impl Service {
    /// Its name in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Service::Delivery => "delivery",
            Service::Pickup => "pickup",
        }
    }
}

/// A restaurant, and lines of orders that it takes, each as JSON.
#[derive(Debug)]
pub(super) struct House {
    pub(super) id: String,
    goods: Vec<Value>,
    /// How many orders in a row it has refused, because they are too small or it is closed.
    refusals: AtomicU32,
}

/// All restaurants that are ordered from; the first of them most often, as with restaurants that people like.
#[derive(Debug)]
pub(super) struct Houses(Vec<House>);

impl House {
    pub(super) fn refused(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn took(&self) {
        // Written only when it changes, as all clients share it.
        if self.refusals.load(Ordering::Relaxed) > 0 {
            self.refusals.store(0, Ordering::Relaxed);
        }
    }

    fn is_closed(&self) -> bool {
        self.refusals.load(Ordering::Relaxed) >= REFUSALS_MAX
    }

    /// One to three lines, and more where that was too little.
    pub(super) fn lines(&self, random: &Random) -> Vec<Value> {
        let more = self.refusals.load(Ordering::Relaxed).min(REFUSALS_MAX);
        let count = 1 + random.below(3) + 2 * u64::from(more);
        let line = |_| self.goods.get(pick(random, self.goods.len()));
        (0..count).filter_map(line).cloned().collect()
    }
}

impl Houses {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// One of them: the one at rank n with a share of about 1/n, or the next one that is open.
    pub(super) fn draw(&self, random: &Random) -> Option<&House> {
        let first = rank(random, self.0.len());
        let mut from_there = self.0.iter().cycle().skip(first).take(self.0.len());
        let open = from_there.find(|house| !house.is_closed());
        open.or_else(|| self.0.get(first))
    }
}

/// Equal shares between a rank and its double make a share of 1/n for each.
fn rank(random: &Random, count: usize) -> usize {
    let share = random.below(1 << 52) as f64 / (1_u64 << 52) as f64;
    let rank = ((count as f64 + 1.0).powf(share) - 1.0).floor();
    // Below the count, which is a number of things in memory.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is no less than 0 and no more than the count"
    )]
    let rank = rank as usize;
    rank.min(count.saturating_sub(1))
}

fn pick(random: &Random, count: usize) -> usize {
    let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
    usize::try_from(random.below(count)).unwrap_or_default()
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Listed>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

#[derive(Deserialize)]
struct Menu {
    #[serde(default)]
    categories: Vec<Category>,
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Category {
    daypart: Option<String>,
    items: Vec<String>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
struct Group {
    id: String,
    min: u32,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    item: String,
    max: u32,
    preset: u32,
}

/// The ids of the first restaurants that the server lists.
pub(super) async fn listed(address: Address, count: usize) -> Result<Vec<String>, String> {
    let mut wire = Wire::to(address);
    let mut path = "/api/restaurants?limit=100".to_owned();
    let mut ids = Vec::new();
    loop {
        let page: Page = read(wire.ask(Request::get(&path)).await?, &path)?;
        ids.extend(page.items.into_iter().map(|item| item.id));
        match page.next {
            Some(next) if ids.len() < count => {
                path = format!("/api/restaurants?limit=100&cursor={next}");
            }
            _ => {
                ids.truncate(count);
                return Ok(ids);
            }
        }
    }
}

/// Reads the menus of some restaurants. Those of which nothing can be ordered are left out.
pub(super) async fn menus(
    address: Address,
    ids: Vec<String>,
    service: Service,
) -> Result<Vec<(usize, House)>, String> {
    let mut wire = Wire::to(address);
    let mut houses = Vec::new();
    for (place, id) in ids.into_iter().enumerate() {
        let path = format!("/api/restaurants/{id}/menu?service={}", service.name());
        let reply = wire.ask(Request::get(&path)).await?;
        if reply.status == 404 {
            continue;
        }
        let goods = read::<Menu>(reply, &path)?.goods();
        if !goods.is_empty() {
            let refusals = AtomicU32::new(0);
            houses.push((
                place,
                House {
                    id,
                    goods,
                    refusals,
                },
            ));
        }
    }
    Ok(houses)
}

/// All that was read by several, in the order in which it was listed.
pub(super) fn gathered(mut all: Vec<(usize, House)>) -> Houses {
    all.sort_by_key(|(place, _)| *place);
    Houses(all.into_iter().map(|(_, house)| house).collect())
}

impl Menu {
    /// Lines with things that can always be ordered, and with what has to be chosen with them.
    fn goods(&self) -> Vec<Value> {
        let items: HashMap<&str, &Item> = self.items.iter().map(|it| (&*it.id, it)).collect();
        let groups: HashMap<&str, &Group> = self.groups.iter().map(|it| (&*it.id, it)).collect();
        let always = self.categories.iter().filter(|one| one.daypart.is_none());
        let ids = always.flat_map(|category| &category.items);
        let line = |id: &String| {
            let options = options((&items, &groups), id, 0)?;
            Some(json!({"menuItemId": id, "quantity": 1, "options": options}))
        };
        ids.filter_map(line).take(GOODS_MAX).collect()
    }
}

/// What has to be chosen with an item beyond what the menu chooses; none where that is too deep.
fn options(
    (items, groups): (&HashMap<&str, &Item>, &HashMap<&str, &Group>),
    item: &str,
    depth: usize,
) -> Option<Vec<Value>> {
    let mut chosen = Vec::new();
    for id in items.get(item).filter(|_| depth < DEPTH_MAX)?.groups.iter() {
        let group = groups.get(id.as_str())?;
        let preset: u32 = group.choices.iter().map(|choice| choice.preset).sum();
        let mut left = match preset >= group.min {
            true => 0,
            false => group.min,
        };
        for choice in &group.choices {
            let quantity = left.min(choice.max);
            if quantity == 0 {
                continue;
            }
            let within = options((items, groups), &choice.item, depth.saturating_add(1))?;
            chosen.push(json!({
                "group": id, "item": choice.item, "quantity": quantity, "options": within
            }));
            left = left.saturating_sub(quantity);
        }
        if left > 0 {
            return None;
        }
    }
    Some(chosen)
}

/// What an answer says, if it is a good one.
pub(super) fn read<T: for<'a> Deserialize<'a>>(reply: Reply, what: &str) -> Result<T, String> {
    if !(200..300).contains(&reply.status) {
        let said = String::from_utf8_lossy(&reply.body);
        let said: String = said.chars().take(400).collect();
        return Err(format!("{what}: {} {said}", reply.status));
    }
    serde_json::from_slice(&reply.body).map_err(|error| format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_chosen_is_chosen_and_the_rest_left_to_the_menu() {
        let menu: Menu = serde_json::from_value(json!({
            "categories": [
                {"items": ["pizza", "salad", "odd"]}, {"daypart": "lunch", "items": ["soup"]}
            ],
            "items": [
                {"id": "pizza", "groups": ["size", "sauce"]}, {"id": "salad"}, {"id": "soup"},
                {"id": "odd", "groups": ["none"]}, {"id": "large"}, {"id": "mild"}
            ],
            "groups": [
                {"id": "size", "min": 1, "choices": [{"item": "large", "max": 1, "preset": 1}]},
                {"id": "sauce", "min": 2, "choices": [{"item": "mild", "max": 2, "preset": 0}]},
                {"id": "none", "min": 1, "choices": []}
            ]
        }))
        .unwrap();
        let expected = json!([
            {"menuItemId": "pizza", "quantity": 1, "options": [
                {"group": "sauce", "item": "mild", "quantity": 2, "options": []}
            ]},
            {"menuItemId": "salad", "quantity": 1, "options": []}
        ]);
        assert_eq!(Value::from(menu.goods()), expected);
    }

    #[test]
    fn what_is_closed_is_passed_over_until_everything_is() {
        let house = |id: &str| House {
            id: id.to_owned(),
            goods: vec![json!({})],
            refusals: AtomicU32::new(0),
        };
        let houses = Houses(vec![house("a"), house("b")]);
        let random = Random::seeded(1);
        for _ in 0..REFUSALS_MAX {
            houses.0[0].refused();
        }
        assert!((0..100).all(|_| houses.draw(&random).unwrap().id == "b"));
        (0..REFUSALS_MAX).for_each(|_| houses.0[1].refused());
        assert!((0..100).any(|_| houses.draw(&random).unwrap().id == "a"));
        houses.0[1].took();
        assert!((0..100).all(|_| houses.draw(&random).unwrap().id == "b"));
        assert!(houses.0[0].lines(&random).len() > 3);
    }

    #[test]
    fn the_first_are_drawn_most_often_and_the_last_now_and_then() {
        let random = Random::seeded(3);
        let mut counts = [0_usize; 100];
        for _ in 0..20_000 {
            counts[rank(&random, 100)] += 1;
        }
        assert!(
            counts[0] > 10 * counts[20] / 2 && counts[99] > 5,
            "{counts:?}"
        );
    }
}
