//! Orders: who may do what where, what holds whatever is asked, and what the log keeps.

mod changes;
mod payloads;
mod properties;
mod quotes;
mod steps;
mod table;
mod tabs;
mod tips;
mod vouchers;

use std::time::Duration;

use base::{Currency, Time, Uid};
use carte::{Key, Service};

use super::*;
use domain::pricing::{Funder, Kind};

/// When the orders of these tests are placed.
const NOON: Time = Time::from_micros(1_772_708_400_000_000);

fn uid(number: u8) -> Uid {
    Uid::from_bytes([number; 16])
}

fn at(seconds: u64) -> Time {
    NOON.plus(Duration::from_secs(seconds)).unwrap()
}

fn key(text: &str) -> LineKey {
    text.parse().unwrap()
}

fn food() -> Key {
    "food".parse().unwrap()
}

fn money(kind: Kind, line: Option<&str>, minor: i64) -> MoneyLine {
    let line = line.map(key);
    MoneyLine { kind, line, minor }
}

/// A line of dishes at 10.70 with 7 % in the price, each with a topping of 1.07, and what it costs.
fn line(name: &str, quantity: u32) -> (Line, Vec<MoneyLine>) {
    let times = i64::from(quantity);
    let choice = Choice {
        group: uid(8).into(),
        group_name: "Toppings".into(),
        item: uid(9).into(),
        name: "Cheese".into(),
        quantity: u64::from(quantity),
        depth: 1,
        minor: 107 * times,
        tax: food(),
        rate: 70_000,
    };
    let line = Line {
        key: key(name),
        item: uid(7).into(),
        name: "Pizza".into(),
        quantity,
        unit_minor: 1_177,
        minor: 1_177 * times,
        discount_minor: 0,
        tax_minor: 77 * times,
        tax: food(),
        rate: 70_000,
        age_min: None,
        choices: vec![choice],
        revision: None,
        state: LineState::Sold,
    };
    let money = vec![
        money(Kind::Item, Some(name), 1_070 * times),
        money(Kind::Option, Some(name), 107 * times),
        money(Kind::TaxIncluded, Some(name), 77 * times),
    ];
    (line, money)
}

/// Two pizzas and one, a fee for bringing them and a tip: 3531 + 199 + 300.
fn placing() -> Placing {
    let (first, mut amounts) = line("a", 2);
    let (second, more) = line("b", 1);
    amounts.extend(more);
    amounts.push(money(Kind::DeliveryFee, None, 199));
    amounts.push(money(Kind::TaxIncluded, None, 13));
    amounts.push(money(Kind::Tip, None, 300));
    Placing {
        id: uid(1).into(),
        restaurant: uid(2).into(),
        customer: Some(uid(3).into()),
        service: Service::Delivery,
        channel: "web".parse().unwrap(),
        number: 7,
        wanted_at: None,
        promised_at: Some(at(2_400)),
        revision: 4,
        currency: Currency::EUR,
        lines: vec![first, second],
        money: amounts,
        vouchers_minor: 0,
        tab: None,
        tickets: vec![ticket(5, "a"), ticket(6, "b")],
        paying: Paying::Waiting,
        rules: Rules::default(),
        offers: Vec::new(),
    }
}

/// An order that was just placed.
pub(crate) fn placed() -> Order {
    Story::of(placing()).order().clone()
}

fn ticket(number: u8, line: &str) -> Ticket {
    Ticket {
        id: uid(number).into(),
        lines: vec![key(line)],
        state: TicketState::Waiting,
    }
}

fn tickets(id: u8) -> Option<TicketId> {
    Some(uid(id).into())
}

/// An order with all that has happened to it.
#[derive(Clone, Debug, Default)]
struct Story {
    order: Option<Order>,
    events: Vec<Event>,
}

impl Story {
    fn of(placing: Placing) -> Self {
        let mut story = Self::default();
        let placed = story.ask(Actor::Diner, Command::Place(Box::new(placing)), 0);
        placed.unwrap();
        story
    }

    /// An order as it stands after these commands of the platform and the restaurant, a second each.
    fn after(placing: Placing, commands: &[Command]) -> Self {
        let mut story = Self::of(placing);
        for (command, seconds) in commands.iter().zip(1..) {
            let actors = [Actor::Platform, Actor::Restaurant];
            let actor = actors.into_iter().find(|actor| may(*actor, command));
            let said = story.ask(actor.unwrap(), command.clone(), seconds).unwrap();
            assert!(!said.is_empty(), "{command:?} did nothing");
        }
        story
    }

    fn order(&self) -> &Order {
        self.order.as_ref().unwrap()
    }

    /// Asks, and lets happen what is decided. Gives the kinds of the events.
    fn ask(
        &mut self,
        actor: Actor,
        command: Command,
        seconds: u64,
    ) -> Result<Vec<&'static str>, Refusal> {
        self.ask_with(&Facts::new(actor, at(seconds)), &command)
    }

    fn ask_with(
        &mut self,
        facts: &Facts<'_>,
        command: &Command,
    ) -> Result<Vec<&'static str>, Refusal> {
        let events = decide(self.order.as_ref(), command, facts)?;
        for event in &events {
            self.order = Some(apply(self.order.take(), event).unwrap());
            self.events.push(event.clone());
        }
        Ok(events.iter().map(Event::kind).collect())
    }

    /// A change of lines that needs no new ones.
    fn change(
        &mut self,
        actor: Actor,
        commands: &[LineCommand],
        seconds: u64,
    ) -> Result<Vec<&'static str>, Refusal> {
        let none = Repriced {
            lines: Vec::new(),
            money: Vec::new(),
        };
        self.change_with(actor, (commands, &none), seconds)
    }

    fn change_with(
        &mut self,
        actor: Actor,
        (commands, added): (&[LineCommand], &Repriced),
        seconds: u64,
    ) -> Result<Vec<&'static str>, Refusal> {
        let repriced = reprice(self.order(), commands, added)?;
        let facts = Facts {
            actor,
            now: at(seconds),
            repriced: Some(&repriced),
        };
        let commands = commands.to_vec();
        self.ask_with(
            &facts,
            &Command::Change {
                commands,
                why: None,
            },
        )
    }
}

fn accept() -> Command {
    Command::Accept { promised_at: None }
}

fn start() -> Command {
    Command::Start { ticket: None }
}

fn ready() -> Command {
    Command::Ready { ticket: None }
}

fn remove(line: &str) -> LineCommand {
    LineCommand::Remove { line: key(line) }
}

fn quantity(line: &str, quantity: u32) -> LineCommand {
    let line = key(line);
    LineCommand::Quantity { line, quantity }
}

/// A line besides at this price, and what it costs.
fn addition(line: &str, minor: i64) -> (LineCommand, Repriced) {
    let (mut new, _) = self::line(line, 1);
    new.choices.clear();
    (new.unit_minor, new.minor, new.tax_minor) = (minor, minor, 0);
    let priced = Repriced {
        lines: vec![new],
        money: vec![money(Kind::Item, Some(line), minor)],
    };
    (LineCommand::Add { line: key(line) }, priced)
}

/// The same at a table, with so much held.
fn tab(hold_minor: i64, placing: Placing) -> Placing {
    Placing {
        service: Service::DineIn,
        paying: Paying::Waiting,
        tab: Some(Tab { hold_minor }),
        rules: Rules {
            tabs: Some(Tabs { hold: 10_000 }),
            ..placing.rules
        },
        ..placing
    }
}

/// Takes ten percent off the first line, which the restaurant pays for.
fn discounted(mut placing: Placing) -> Placing {
    let off = Kind::Discount(Funder::Restaurant);
    placing.money.push(money(off, Some("a"), -235));
    let tax = placing
        .money
        .iter_mut()
        .find(|one| one.kind == Kind::TaxIncluded);
    tax.unwrap().minor = 139;
    let first = placing.lines.first_mut().unwrap();
    (first.discount_minor, first.tax_minor) = (235, 139);
    placing
}
