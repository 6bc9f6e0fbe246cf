//! The rules of options and prices: whatever a menu says, even one that nobody would publish, and whatever is asked for,
//! there is an answer, its sums are exact, and what can be ordered keeps to every group.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use base::{Money, Time};
use carte::{
    Availability, Case, Channel, Choosing, Context, Group, GroupId, Item, ItemId, Menu, Service,
    TaxesIncluded, View, Wanted, check, choose, difference, shown,
};
use domain::pricing::{Facts, Quote, WantedLine, quote, to_pay};
use domain::venues::{Fees, Hours, Position, Venue, Week, Weekly};
use serde::{Deserialize, Serialize};

use crate::engine::{Dice, Target};
use crate::menus::Chance;

pub(crate) const RULES: Target = Target {
    name: "rules",
    corpus,
    change,
    run,
};

/// A Thursday, 12:00 in Vienna.
const NOON: i64 = 1_772_708_400_000_000;

/// An order, as it stands in an input.
#[derive(Serialize, Deserialize)]
struct Order {
    menu: Menu,
    fees: Fees,
    availability: Availability,
    service: Service,
    channel: Channel,
    at: i64,
    position: Option<Position>,
    tip: i64,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    item: ItemId,
    quantity: u32,
    choices: Vec<Choice>,
}

#[derive(Serialize, Deserialize)]
struct Choice {
    group: GroupId,
    item: ItemId,
    quantity: u32,
    choices: Vec<Choice>,
}

impl Choice {
    fn wanted(&self) -> Wanted {
        Wanted {
            group: self.group,
            item: self.item,
            quantity: self.quantity,
            choices: self.choices.iter().map(Choice::wanted).collect(),
        }
    }
}

/// Menus by chance, each with an order from it.
fn corpus() -> Vec<Vec<u8>> {
    let orders = (0..60).map(|seed| {
        let chance = Chance::new(seed);
        let mut menu = chance.menu(8);
        for item in &mut menu.items {
            item.alone = true;
        }
        let lines = menu.items.iter().take(3).map(|item| Line {
            item: item.id,
            quantity: 1 + chance.below(3) as u32,
            choices: chosen(&chance, &menu, item, 3),
        });
        let lines = lines.collect();
        let order = Order {
            fees: venue().fees,
            availability: Availability::default(),
            service: *chance.pick(Service::ALL),
            channel: Channel::default(),
            at: NOON,
            position: Position::new(48_208_000, 16_373_000).ok(),
            tip: 0,
            lines,
            menu,
        };
        serde_json::to_vec(&order).unwrap()
    });
    orders.collect()
}

fn chosen(chance: &Chance, menu: &Menu, item: &Item, depth: usize) -> Vec<Choice> {
    let groups = item.groups.iter().filter_map(|id| menu.group(*id));
    let choices =
        groups.flat_map(|group| group.choices.iter().map(move |one| (group.id, one.item)));
    let taken = choices.filter(|_| depth > 0 && chance.one_in(2));
    taken
        .map(|(group, id)| Choice {
            group,
            item: id,
            quantity: 1 + chance.below(2) as u32,
            choices: menu
                .item(id)
                .map_or(Vec::new(), |item| chosen(chance, menu, item, depth - 1)),
        })
        .collect()
}

/// A place that serves everything, always.
fn venue() -> Venue {
    let daily = Weekly {
        days: carte::Weekday::ALL.iter().copied().collect(),
        from: "10:00".parse().unwrap(),
        to: "22:00".parse().unwrap(),
    };
    let week = Week::new(vec![daily]).unwrap();
    let weeks = Service::ALL.iter().map(|service| (*service, week.clone()));
    Venue {
        hours: Hours {
            weeks: weeks.collect(),
            ..Hours::default()
        },
        ..Venue::default()
    }
}

/// Changes a value of the input as JSON; now and then a byte, of which most readers say no.
fn change(dice: &Dice, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let value: Result<serde_json::Value, _> = serde_json::from_slice(input);
    match value {
        Ok(mut value) if !dice.one_in(20) => {
            let ids = ids(input);
            let count = nodes(&value);
            let mut at = dice.below(count);
            turn(dice, &mut value, (&mut at, &ids));
            if let Ok(text) = serde_json::to_vec(&value) {
                *input = text;
            }
        }
        _ => crate::bytes::change(dice, input, corpus),
    }
}

/// All typed ids of an input, to be exchanged for each other.
fn ids(input: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(input);
    let words = text
        .split('"')
        .filter(|word| word.len() == 30 && word.as_bytes()[3] == b'_');
    words
        .map(str::to_owned)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn nodes(value: &serde_json::Value) -> usize {
    1 + match value {
        serde_json::Value::Array(all) => all.iter().map(nodes).sum(),
        serde_json::Value::Object(all) => all.values().map(nodes).sum(),
        _ => 0,
    }
}

/// Goes to a node and makes another of it.
fn turn(dice: &Dice, value: &mut serde_json::Value, (at, ids): (&mut usize, &[String])) {
    use serde_json::Value;
    if *at == 0 {
        *at = usize::MAX;
        *value = match value.take() {
            Value::Number(_) => match dice.below(8) {
                0 => i64::MAX.into(),
                1 => i64::MIN.into(),
                2 => u16::MAX.into(),
                3 => u32::MAX.into(),
                4 => 0.into(),
                5 => (dice.below(2_000_000) as i64 - 1_000_000).into(),
                _ => dice.below(6).into(),
            },
            Value::String(text) if text.len() == 30 && !ids.is_empty() => {
                ids[dice.below(ids.len())].clone().into()
            }
            Value::String(_) => dice
                .of(&[
                    "", "delivery", "pickup", "dine_in", "lunch", "direct", "x", "added", "EUR",
                    "JPY", "00:00",
                ])
                .into(),
            Value::Bool(is) => (!is).into(),
            Value::Array(mut all) if !all.is_empty() => {
                let (one, other) = (dice.below(all.len()), dice.below(all.len()));
                match dice.below(4) {
                    0 => all.swap(one, other),
                    1 => drop(all.remove(one)),
                    2 => all.insert(other, all[one].clone()),
                    _ => all.extend(vec![all[one].clone(); dice.below(40)]),
                }
                all.into()
            }
            Value::Object(mut all) if !all.is_empty() => {
                let name = all.keys().nth(dice.below(all.len())).cloned().unwrap();
                all.remove(&name);
                all.into()
            }
            other => other,
        };
        return;
    }
    *at -= 1;
    let below: Vec<&mut Value> = match value {
        Value::Array(all) => all.iter_mut().collect(),
        Value::Object(all) => all.values_mut().collect(),
        _ => Vec::new(),
    };
    for one in below {
        if *at == usize::MAX {
            return;
        }
        turn(dice, one, (at, ids));
    }
}

/// Tries an order and says what kind of answer there was.
pub(crate) fn run(bytes: &[u8]) -> u64 {
    let Ok(order) = serde_json::from_slice::<Order>(bytes) else {
        return 0;
    };
    let menu = &order.menu;
    let findings = check(menu);
    let mut kinds: BTreeSet<(u8, &str)> = findings.iter().map(|one| (0, one.code)).collect();
    let view = View {
        service: order.service,
        channel: &order.channel,
        language: None,
    };
    serde_json::to_vec(&shown(menu, &view)).unwrap();
    let mut other = menu.clone();
    other.items.pop();
    // Two menus that cannot be are compared as well; what comes of it is of no interest.
    let told = difference(menu, &other).len();
    let same = difference(menu, menu);
    assert!(
        same.is_empty() || !findings.is_empty(),
        "{same:?} and {told} others"
    );
    let lines: Vec<WantedLine> = order.lines.iter().map(wanted).collect();
    let venue = Venue {
        fees: order.fees.clone(),
        ..venue()
    };
    let asked = quote(&facts(&order, &venue), &lines);
    adds_up(&asked);
    kinds.extend(asked.refusals.iter().map(|one| (1, one.reason.code())));
    kinds.extend(asked.notes.iter().map(|one| (2, one.code())));
    let off = order.availability.off_at(Time::from_micros(order.at));
    let case = Case {
        context: Context {
            service: order.service,
            channel: &order.channel,
            dayparts: &[],
        },
        off: &off,
    };
    for line in &lines {
        let Some(item) = menu.item(line.item) else {
            continue;
        };
        let choosing = choose(menu, item, &line.choices, &case);
        kinds.extend(choosing.unmet.iter().map(|one| (3, one.code)));
        // What holds for orders is only promised of menus that can be published.
        if findings.is_empty() && choosing.unmet.is_empty() {
            keeps_to_groups(menu, item, &choosing);
        }
    }
    let mut hasher = DefaultHasher::new();
    (
        kinds,
        asked.lines.len().min(3),
        asked.fees.len(),
        asked.taxes.len(),
    )
        .hash(&mut hasher);
    hasher.finish()
}

fn wanted(line: &Line) -> WantedLine {
    WantedLine {
        item: line.item,
        quantity: line.quantity,
        choices: line.choices.iter().map(Choice::wanted).collect(),
    }
}

fn facts<'a>(order: &'a Order, venue: &'a Venue) -> Facts<'a> {
    Facts {
        menu: &order.menu,
        venue,
        availability: &order.availability,
        zone: "Europe/Vienna".parse().unwrap(),
        service: order.service,
        channel: &order.channel,
        now: Time::from_micros(NOON),
        at: Time::from_micros(order.at),
        position: order.position,
        discounts: &[],
        in_cash: true,
        tip_minor: order.tip,
    }
}

/// How many of what is chosen on the first level stand in each group lies between what the group asks for.
fn keeps_to_groups(menu: &Menu, item: &Item, choosing: &Choosing) {
    let mut counts = BTreeMap::<GroupId, u64>::new();
    for one in choosing.chosen.iter().filter(|one| one.depth == 1) {
        *counts.entry(one.group).or_default() += u64::from(one.quantity);
        let group = menu.group(one.group).unwrap();
        assert!(
            item.groups.contains(&one.group),
            "a choice of no group of the item"
        );
        assert!(group.choices.iter().any(|choice| choice.item == one.item));
        assert!(one.minor >= 0);
    }
    for group in item.groups.iter().filter_map(|id| menu.group(*id)) {
        within(group, counts.get(&group.id).copied().unwrap_or(0));
    }
}

fn within(group: &Group, count: u64) {
    let fits = u64::from(group.min) <= count && count <= u64::from(group.max);
    assert!(fits, "{count} in a group of {} to {}", group.min, group.max);
}

fn sum(amounts: impl Iterator<Item = Money>) -> i128 {
    amounts.map(|money| i128::from(money.minor())).sum()
}

/// Every sum of a quote is the sum of what it is of, counted anew with numbers that cannot overflow.
fn adds_up(quote: &Quote) {
    let of = |money: Money| i128::from(money.minor());
    let Quote {
        lines,
        fees,
        totals,
        ..
    } = quote;
    assert_eq!(sum(lines.iter().map(|line| line.amount)), of(totals.items));
    assert_eq!(sum(fees.iter().map(|fee| fee.amount)), of(totals.fees));
    let tax = sum(lines.iter().map(|line| line.tax)) + sum(fees.iter().map(|fee| fee.tax));
    assert_eq!(tax, of(totals.tax));
    assert_eq!(sum(quote.taxes.iter().map(|tax| tax.tax)), of(totals.tax));
    for line in lines {
        assert_eq!(
            sum(line.parts.iter().map(|part| part.amount)),
            of(line.amount)
        );
        assert_eq!(sum(line.parts.iter().map(|part| part.tax)), of(line.tax));
        assert_eq!(of(line.unit) * i128::from(line.quantity), of(line.amount));
    }
    let on_top = match quote.taxes_included {
        TaxesIncluded::Included => 0,
        TaxesIncluded::Added => of(totals.tax),
    };
    let total = of(totals.items) + of(totals.fees) - of(totals.discounts) + on_top + of(totals.tip);
    assert_eq!(total, of(totals.total));
    assert_eq!(to_pay(quote.currency, &quote.money), Some(totals.total));
}
