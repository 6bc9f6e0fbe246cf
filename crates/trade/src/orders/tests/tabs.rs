//! Tabs: when they are opened, what they take, and when their money is taken.

use super::*;

/// Two pizzas and one, a fee and a tip: 40.30 on a tab of 60.00.
fn opened() -> Story {
    Story::after(tab(6_000, placing()), &[Command::Secure])
}

fn accepted() -> Story {
    Story::after(tab(6_000, placing()), &[Command::Secure, accept()])
}

fn place(placing: Placing) -> Result<Order, Refusal> {
    let command = Command::Place(Box::new(placing));
    let events = decide(None, &command, &Facts::new(Actor::Diner, NOON))?;
    fold(&events).map_err(|_| Refusal::Missing)
}

fn add(
    story: &mut Story,
    actor: Actor,
    (line, minor): (&str, i64),
) -> Result<Vec<&'static str>, Refusal> {
    let (add, priced) = addition(line, minor);
    story.change_with(actor, (&[add], &priced), 20)
}

fn euros(minor: i64) -> base::Money {
    base::Money::new(minor, Currency::EUR)
}

#[test]
fn a_tab_is_opened_at_a_table_by_card_and_up_to_what_the_restaurant_says() {
    let mut order = place(tab(6_000, placing())).unwrap();
    assert_eq!(order.tab, Some(Tab { hold_minor: 6_000 }));
    assert_eq!(order.tab_left_minor(), Some(0), "nothing is held yet");
    order.paying = Paying::Secured;
    assert_eq!(order.tab_left_minor(), Some(6_000 - 4_030));
    // Never less is held than what was ordered costs.
    let order = place(tab(1, placing())).unwrap();
    assert_eq!(order.tab, Some(Tab { hold_minor: 4_030 }));
    assert_eq!(order.tab_left_minor(), Some(0));
    assert!(place(tab(10_000, placing())).is_ok());
    for hold_minor in [10_001, 0, -1, i64::MAX] {
        let refused = place(tab(hold_minor, placing()));
        assert_eq!(refused, Err(Refusal::TabHold(euros(10_000))));
    }
    for service in [Service::Pickup, Service::Delivery] {
        let placing = Placing {
            service,
            ..tab(6_000, placing())
        };
        assert_eq!(place(placing), Err(Refusal::TabService));
    }
    for paying in [Paying::OnDelivery, Paying::Secured] {
        let placing = Placing {
            paying,
            ..tab(6_000, placing())
        };
        assert_eq!(place(placing), Err(Refusal::TabCard));
    }
    let none = Placing {
        rules: Rules::default(),
        ..tab(6_000, placing())
    };
    assert_eq!(place(none), Err(Refusal::NoTabs));
    let order = place(Placing {
        rules: tab(1, placing()).rules,
        ..placing()
    });
    assert_eq!(order.unwrap().tab, None);
}

#[test]
fn where_nothing_is_said_as_much_is_held_as_the_restaurant_says() {
    let rules = tab(1, placing()).rules;
    let held = |currency: &str| {
        let currency = currency.parse().unwrap();
        rules.tab(Service::DineIn, (None, currency)).unwrap()
    };
    assert_eq!(held("EUR"), Tab { hold_minor: 10_000 });
    assert_eq!(held("JPY"), Tab { hold_minor: 100 });
}

#[test]
fn a_tab_on_which_nothing_is_yet_to_be_paid_waits_for_its_hold() {
    let mut free = tab(6_000, placing());
    for one in &mut free.money {
        one.minor = 0;
    }
    for line in &mut free.lines {
        (line.unit_minor, line.minor, line.tax_minor) = (0, 0, 0);
    }
    let mut story = Story::of(free);
    assert_eq!(story.order().paying, Paying::Waiting);
    let early = add(&mut story, Actor::Diner, ("c", 450));
    assert_eq!(early, Err(Refusal::Unpaid));
    story.ask(Actor::Platform, Command::Secure, 3).unwrap();
    let said = add(&mut story, Actor::Diner, ("c", 450));
    assert_eq!(said.unwrap(), ["order.changed"]);
}

#[test]
fn what_the_hold_is_enough_for_asks_for_no_money_and_more_is_refused() {
    let mut story = opened();
    let said = add(&mut story, Actor::Diner, ("c", 1_500));
    assert_eq!(said.unwrap(), ["order.changed"]);
    let full = add(&mut story, Actor::Diner, ("d", 471));
    assert_eq!(full, Err(Refusal::TabFull(euros(470))));
    let full = story.change(Actor::Diner, &[quantity("b", 2)], 21);
    assert_eq!(full, Err(Refusal::TabFull(euros(470))));
    let said = add(&mut story, Actor::Diner, ("d", 470));
    assert_eq!(said.unwrap(), ["order.changed"]);
    let order = story.order();
    assert_eq!(order.total_minor, 6_000);
    assert_eq!(order.tab_left_minor(), Some(0));
    assert_eq!(order.tab, Some(Tab { hold_minor: 6_000 }));
    // What is taken out makes room.
    story.change(Actor::Diner, &[remove("b")], 22).unwrap();
    assert_eq!(story.order().tab_left_minor(), Some(1_177));
    let said = add(&mut story, Actor::Diner, ("e", 1_177));
    assert_eq!(said.unwrap(), ["order.changed"]);
}

#[test]
fn its_guest_orders_more_until_it_is_made_and_takes_back_nothing() {
    let mut story = accepted();
    let said = add(&mut story, Actor::Diner, ("c", 450));
    assert_eq!(said.unwrap(), ["order.changed"]);
    story.ask(Actor::Restaurant, start(), 20).unwrap();
    let said = add(&mut story, Actor::Diner, ("d", 450));
    assert_eq!(said.unwrap(), ["order.changed"]);
    let now = Status::Preparing;
    let (new, priced) = addition("e", 450);
    for commands in [
        vec![remove("c")],
        vec![quantity("c", 2)],
        vec![new, remove("c")],
    ] {
        let back = story.change_with(Actor::Diner, (&commands, &priced), 21);
        assert_eq!(back, Err(Refusal::Moved { now }));
    }
    // The restaurant may take out what it has not.
    let said = story.change(Actor::Restaurant, &[remove("c")], 22);
    assert_eq!(said.unwrap(), ["order.changed"]);
    story.ask(Actor::Restaurant, ready(), 23).unwrap();
    for actor in [Actor::Diner, Actor::Restaurant] {
        let now = Status::ReadyForPickup;
        let late = add(&mut story, actor, ("f", 450));
        assert_eq!(late, Err(Refusal::Moved { now }));
    }
    // Who has no tab orders nothing more once it was accepted.
    let mut other = Story::after(placing(), &[Command::Secure, accept()]);
    let late = add(&mut other, Actor::Diner, ("c", 450));
    let now = Status::Confirmed;
    assert_eq!(late, Err(Refusal::Moved { now }));
}

#[test]
fn what_the_restaurant_puts_on_it_waits_for_a_word_and_for_no_money() {
    let mut story = accepted();
    let full = add(&mut story, Actor::Restaurant, ("c", 1_971));
    assert_eq!(full, Err(Refusal::TabFull(euros(1_970))));
    let said = add(&mut story, Actor::Restaurant, ("c", 1_970));
    assert_eq!(said.unwrap(), ["order.change_proposed"]);
    let open = add(&mut story, Actor::Diner, ("d", 1));
    assert_eq!(open, Err(Refusal::ChangeOpen));
    let yes = Command::Consent(Word::Yes);
    let said = story.ask(Actor::Diner, yes, 21).unwrap();
    assert_eq!(said, ["order.changed"]);
    assert_eq!(story.order().total_minor, 6_000);
}

#[test]
fn its_money_is_taken_when_it_was_served_whatever_the_rule_says() {
    for take_money in [Taking::Accepted, Taking::Ready] {
        let mut placing = tab(6_000, placing());
        placing.rules.take_money = take_money;
        let mut story = Story::after(placing, &[Command::Secure]);
        for command in [accept(), start(), ready(), Command::Serve] {
            assert!(!story.order().takes_money());
            story.ask(Actor::Restaurant, command, 9).unwrap();
        }
        assert!(story.order().takes_money());
        assert_eq!(story.order().tab_left_minor(), Some(0));
    }
    // What is cancelled is not paid, however far it was.
    let mut story = Story::after(
        tab(6_000, placing()),
        &[Command::Secure, accept(), start(), ready()],
    );
    let cancel = Command::Cancel { why: Why::SoldOut };
    story.ask(Actor::Restaurant, cancel, 9).unwrap();
    let order = story.order();
    assert!(order.gives_back() && !order.takes_money());
    assert_eq!(order.tab_left_minor(), Some(0));
}
