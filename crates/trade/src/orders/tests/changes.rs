//! Changes of lines: who must agree, what is given back, what is paid besides, and what stays as it was.

use super::*;

fn confirmed(paying: Paying) -> Story {
    let placing = Placing {
        paying,
        ..placing()
    };
    match paying {
        Paying::Waiting => Story::after(placing, &[Command::Secure, accept()]),
        Paying::OnDelivery | Paying::Secured | Paying::Failed => Story::after(placing, &[accept()]),
    }
}

/// Another dish in the place of the second line: dearer or cheaper.
fn replacement(minor: i64) -> (Vec<LineCommand>, Repriced) {
    let (mut line, _) = line("c", 1);
    line.choices.clear();
    (line.unit_minor, line.minor, line.tax_minor) = (minor, minor, 0);
    let commands = vec![LineCommand::Replace {
        line: key("b"),
        with: key("c"),
    }];
    let added = Repriced {
        lines: vec![line],
        money: vec![
            money(Kind::Item, Some("c"), minor),
            money(Kind::DeliveryFee, None, 500),
        ],
    };
    (commands, added)
}

fn change_of(story: &Story) -> Change {
    let changed = story
        .events
        .iter()
        .rev()
        .find_map(|event| match &event.said {
            Said::Changed { change, .. } => Some(Change::clone(change)),
            _ => None,
        });
    changed.unwrap()
}

#[test]
fn what_is_taken_away_by_the_restaurant_is_given_back_at_once() {
    let mut story = confirmed(Paying::Waiting);
    let said = story.change(Actor::Restaurant, &[remove("b")], 9).unwrap();
    assert_eq!(said, ["order.changed"]);
    let order = story.order();
    assert_eq!(change_of(&story).difference_minor, -1_177);
    assert_eq!(order.total_minor, 2 * 1_177 + 199 + 300);
    assert_eq!(order.line(&key("b")).unwrap().state, LineState::Removed);
    assert_eq!(order.tickets[1].state, TicketState::Void);
    assert_eq!(order.totals().items_minor, 2 * 1_177);

    let said = story.change(Actor::Restaurant, &[quantity("a", 1)], 10);
    assert_eq!(said.unwrap(), ["order.changed"]);
    assert_eq!(
        story.order().line(&key("a")).unwrap().choices[0].quantity,
        1
    );
    assert_eq!(story.order().total_minor, 1_177 + 199 + 300);

    // The last line is not changed away: that would be a cancellation.
    let last = story.change(Actor::Restaurant, &[remove("a")], 11);
    assert!(matches!(last, Err(Refusal::Lines { .. })));
}

#[test]
fn a_replacement_waits_for_the_diner_and_dearer_ones_for_money_too() {
    let mut story = confirmed(Paying::Waiting);
    let (commands, added) = replacement(1_500);
    let said = story.change_with(Actor::Restaurant, (&commands, &added), 9);
    assert_eq!(said.unwrap(), ["order.change_proposed"]);
    let before = story.order().clone();
    let number = before.proposal.as_ref().unwrap().number;
    assert_eq!(number, before.version);
    assert_eq!(before.due().unwrap().at, at(309));
    assert_eq!(before.total_minor, 3 * 1_177 + 499);

    let yes = Command::Consent(Word::Yes);
    for actor in [Actor::Restaurant, Actor::Operator, Actor::Platform] {
        assert_eq!(story.ask(actor, yes.clone(), 20), Err(Refusal::Forbidden));
    }
    let secured = Command::SecureChange { proposal: number };
    let unasked = story.ask(Actor::Platform, secured.clone(), 20);
    assert_eq!(unasked, Err(Refusal::NoChange));
    let said = story.ask(Actor::Diner, yes.clone(), 20).unwrap();
    assert_eq!(said, ["order.change_agreed"]);
    assert!(story.ask(Actor::Diner, yes, 21).unwrap().is_empty());
    let said = story.ask(Actor::Platform, secured.clone(), 30).unwrap();
    assert_eq!(said, ["order.changed"]);
    assert!(story.ask(Actor::Platform, secured, 31).unwrap().is_empty());

    let order = story.order();
    assert_eq!(change_of(&story).difference_minor, 1_500 - 1_177);
    assert_eq!(order.total_minor, 2 * 1_177 + 1_500 + 499);
    assert_eq!(order.line(&key("b")).unwrap().state, LineState::Replaced);
    assert_eq!(order.tickets[1].lines, [key("c")]);
    assert_eq!(order.proposal, None);
}

#[test]
fn what_is_paid_at_the_door_needs_no_money_first_and_what_is_cheaper_neither() {
    for (paying, minor) in [(Paying::OnDelivery, 1_500), (Paying::Waiting, 900)] {
        let mut story = confirmed(paying);
        let (commands, added) = replacement(minor);
        let asked = story.change_with(Actor::Restaurant, (&commands, &added), 9);
        assert_eq!(asked.unwrap(), ["order.change_proposed"]);
        let yes = Command::Consent(Word::Yes);
        let said = story.ask(Actor::Diner, yes, 20).unwrap();
        assert_eq!(said, ["order.changed"]);
        assert_eq!(change_of(&story).difference_minor, minor - 1_177);
    }
}

#[test]
fn a_change_is_withdrawn_by_whose_it_is() {
    let no = Command::Consent(Word::No);
    let placing = Placing {
        paying: Paying::Secured,
        ..placing()
    };
    let mut story = Story::after(placing, &[]);
    let (commands, added) = replacement(1_500);
    let asked = story.change_with(Actor::Diner, (&commands, &added), 9);
    assert_eq!(asked.unwrap(), ["order.change_proposed"]);
    for actor in [Actor::Restaurant, Actor::Operator] {
        let said = story.ask(actor, no.clone(), 10);
        assert_eq!(said, Err(Refusal::Forbidden));
    }
    story.ask(Actor::Diner, no, 11).unwrap();
    let last = &story.events.last().unwrap().said;
    let why = Dropped::Withdrawn;
    assert!(matches!(last, Said::ChangeDropped { why: said, .. } if *said == why));
    assert_eq!(story.order().proposal, None);
}

#[test]
fn a_change_that_nobody_wants_leaves_everything_as_it_was() {
    let mut story = confirmed(Paying::Waiting);
    let before = story.order().clone();
    let (commands, added) = replacement(1_500);
    let no = Command::Consent(Word::No);
    let ways = [
        (Actor::Diner, no.clone(), Dropped::Declined),
        (Actor::Restaurant, no.clone(), Dropped::Withdrawn),
        (Actor::Platform, no.clone(), Dropped::Lapsed),
    ];
    for (actor, command, wanted) in ways {
        let asked = story.change_with(Actor::Restaurant, (&commands, &added), 9);
        asked.unwrap();
        let open = story.change(Actor::Restaurant, &[remove("b")], 9);
        assert_eq!(open, Err(Refusal::ChangeOpen));
        let early = story.ask(Actor::Platform, no.clone(), 308);
        assert_eq!(early, Err(Refusal::TooEarly { at: at(309) }));
        let said = story.ask(actor, command, 309).unwrap();
        assert_eq!(said, ["order.change_dropped"]);
        let last = &story.events.last().unwrap().said;
        assert!(matches!(last, Said::ChangeDropped { why, .. } if *why == wanted));
        let version = story.order().version;
        let same = Order {
            version,
            ..before.clone()
        };
        assert_eq!(*story.order(), same);
    }
    let unknown = Command::Consent(Word::Yes);
    assert_eq!(
        story.ask(Actor::Diner, unknown, 400),
        Err(Refusal::NoChange)
    );
}

#[test]
fn money_that_does_not_come_drops_the_change_and_comes_in_vain_later() {
    let mut story = confirmed(Paying::Waiting);
    let (commands, added) = replacement(1_500);
    story
        .change_with(Actor::Restaurant, (&commands, &added), 9)
        .unwrap();
    story
        .ask(Actor::Diner, Command::Consent(Word::Yes), 10)
        .unwrap();
    let proposal = story.order().proposal.as_ref().unwrap().number;
    let failed = || Command::ChangePayFailed { proposal };
    let said = story.ask(Actor::Platform, failed(), 11).unwrap();
    assert_eq!(said, ["order.change_dropped"]);
    assert!(story.ask(Actor::Platform, failed(), 12).unwrap().is_empty());
    let late = story.ask(Actor::Platform, Command::SecureChange { proposal }, 13);
    assert_eq!(late, Err(Refusal::NoChange));
}

#[test]
fn diners_change_until_it_is_accepted_and_restaurants_until_it_is_made() {
    let mut story = Story::after(placing(), &[Command::Secure]);
    let more = story.change(Actor::Diner, &[quantity("b", 3)], 9).unwrap();
    assert_eq!(more, ["order.change_proposed"]);
    assert!(story.order().proposal.as_ref().unwrap().agreed);
    story
        .ask(Actor::Diner, Command::Consent(Word::No), 10)
        .unwrap();
    let less = story.change(Actor::Diner, &[quantity("a", 1)], 11).unwrap();
    assert_eq!(less, ["order.changed"]);

    story.ask(Actor::Restaurant, accept(), 12).unwrap();
    let now = Status::Confirmed;
    let late = story.change(Actor::Diner, &[remove("b")], 13);
    assert_eq!(late, Err(Refusal::Moved { now }));
    story.ask(Actor::Restaurant, start(), 14).unwrap();
    let asked = story.change(Actor::Restaurant, &[quantity("b", 2)], 15);
    assert_eq!(asked.unwrap(), ["order.change_proposed"]);
    let made = story.ask(Actor::Restaurant, ready(), 16);
    assert_eq!(made, Err(Refusal::ChangeOpen));
    story
        .ask(Actor::Restaurant, Command::Consent(Word::No), 17)
        .unwrap();
    story.ask(Actor::Restaurant, ready(), 18).unwrap();
    let now = Status::ReadyForPickup;
    let late = story.change(Actor::Restaurant, &[remove("b")], 19);
    assert_eq!(late, Err(Refusal::Moved { now }));
}

#[test]
fn discounts_shrink_with_their_line_and_do_not_grow() {
    let placing = Placing {
        paying: Paying::OnDelivery,
        ..discounted(placing())
    };
    let mut less = Story::of(placing.clone());
    less.change(Actor::Diner, &[quantity("a", 1)], 1).unwrap();
    let line = less.order().line(&key("a")).unwrap().clone();
    assert_eq!((line.minor, line.discount_minor), (1_177, 118));
    // 7 % in 1059.
    assert_eq!(line.tax_minor, 69);

    let mut more = Story::of(placing.clone());
    more.change(Actor::Diner, &[quantity("a", 4)], 1).unwrap();
    let line = more.order().line(&key("a")).unwrap().clone();
    assert_eq!((line.minor, line.discount_minor), (4_708, 235));
    assert_eq!(line.tax_minor, 293);

    let mut gone = Story::of(placing);
    let total = gone.order().total_minor;
    gone.change(Actor::Diner, &[remove("a")], 1).unwrap();
    assert_eq!(gone.order().total_minor, total - 2 * 1_177 + 235);
}

#[test]
fn only_what_was_priced_as_asked_for_is_taken() {
    let story = confirmed(Paying::Waiting);
    let commands = vec![quantity("a", 1)];
    let none = Repriced {
        lines: Vec::new(),
        money: Vec::new(),
    };
    let right = reprice(story.order(), &commands, &none).unwrap();
    let ask = |repriced: Option<&Repriced>, commands: &[LineCommand]| {
        let facts = Facts {
            actor: Actor::Restaurant,
            now: at(9),
            repriced,
        };
        decide(
            story.order.as_ref(),
            &Command::Change {
                commands: commands.to_vec(),
                why: None,
            },
            &facts,
        )
    };
    assert!(ask(Some(&right), &commands).is_ok());
    assert!(matches!(ask(None, &commands), Err(Refusal::Amounts(_))));
    let wrong: [fn(&mut Repriced); 6] = [
        |priced| priced.lines.truncate(1),
        |priced| priced.lines.reverse(),
        |priced| priced.lines[1].quantity += 1,
        |priced| priced.lines[0].unit_minor -= 1,
        |priced| priced.money[0].minor -= 1,
        |priced| priced.lines[1].choices.clear(),
    ];
    for (change, number) in wrong.iter().zip(0..) {
        let mut priced = right.clone();
        change(&mut priced);
        let refused = ask(Some(&priced), &commands);
        assert!(matches!(refused, Err(Refusal::Amounts(_))), "{number}");
    }
    let unfit: [&[LineCommand]; 6] = [
        &[],
        &[remove("z")],
        &[remove("a"), quantity("a", 1)],
        &[quantity("a", 2)],
        &[quantity("a", 0)],
        &[quantity("a", 1_000)],
    ];
    for commands in unfit {
        let refused = ask(Some(&right), commands).unwrap_err();
        let is_of_amounts = matches!(refused, Refusal::Amounts(_));
        assert!(!is_of_amounts, "{commands:?}: {refused}");
    }
    // What is kept keeps its price, also where another one adds up.
    let mut cheaper = right.clone();
    let kept = &mut cheaper.lines[1];
    (kept.unit_minor, kept.minor) = (1_077, 1_077);
    let item = |one: &&mut MoneyLine| one.line == Some(key("b")) && one.kind == Kind::Item;
    cheaper.money.iter_mut().find(item).unwrap().minor -= 100;
    let refused = ask(Some(&cheaper), &commands);
    assert_eq!(refused, Err(Refusal::Amounts("other lines were priced")));
    let taken = LineCommand::Replace {
        line: key("a"),
        with: key("b"),
    };
    assert!(matches!(
        ask(Some(&right), &[taken]),
        Err(Refusal::LineTwice(_))
    ));
}

#[test]
fn what_is_not_paid_is_not_changed() {
    let mut story = Story::of(placing());
    let unpaid = story.change(Actor::Diner, &[remove("b")], 1);
    assert_eq!(unpaid, Err(Refusal::Unpaid));
}

#[test]
fn taking_away_what_had_lowered_the_sum_asks_the_diner() {
    let mut placing = Placing {
        paying: Paying::OnDelivery,
        ..placing()
    };
    let off = Kind::Discount(Funder::Platform);
    placing.money.push(money(off, Some("b"), -2_000));
    placing.lines[1].discount_minor = 2_000;
    let mut story = Story::after(placing.clone(), &[accept()]);
    let said = story.change(Actor::Restaurant, &[remove("b")], 9).unwrap();
    assert_eq!(said, ["order.change_proposed"]);

    // Whoever ordered at the counter is not asked by us.
    placing.customer = None;
    let mut story = Story::after(placing, &[accept()]);
    let said = story.change(Actor::Restaurant, &[remove("b")], 9).unwrap();
    assert_eq!(said, ["order.changed"]);
}

#[test]
fn an_order_that_ends_takes_its_proposal_along() {
    let mut story = Story::after(placing(), &[Command::Secure]);
    let (commands, added) = replacement(1_500);
    let asked = story.change_with(Actor::Restaurant, (&commands, &added), 100);
    asked.unwrap();
    // The answer of the restaurant is due before that of the diner.
    let due = story.order().due().unwrap();
    assert_eq!((due.at, due.command), (at(301), Command::Expire));
    let mut accepted = story.clone();
    accepted.ask(Actor::Restaurant, accept(), 200).unwrap();
    assert_eq!(accepted.order().due().unwrap().at, at(400));
    story.ask(Actor::Platform, Command::Expire, 301).unwrap();
    assert_eq!(story.order().proposal, None);
    let now = Status::Expired;
    let late = story.ask(Actor::Diner, Command::Consent(Word::Yes), 302);
    assert_eq!(late, Err(Refusal::Closed { now }));
}

#[test]
fn what_nobody_answers_is_taken_out_where_the_rule_says_so() {
    let mut placing = Placing {
        paying: Paying::OnDelivery,
        ..placing()
    };
    placing.rules.lapse = Lapse::Remove;
    let mut story = Story::after(placing, &[accept()]);
    let total = story.order().total_minor;
    let (commands, added) = replacement(1_500);
    let asked = story.change_with(Actor::Restaurant, (&commands, &added), 9);
    asked.unwrap();
    let lapsing = story.order().lapsing();
    assert_eq!(lapsing, [remove("b")]);
    let none = Repriced {
        lines: Vec::new(),
        money: Vec::new(),
    };
    let repriced = reprice(story.order(), &lapsing, &none).unwrap();
    let facts = Facts {
        repriced: Some(&repriced),
        ..Facts::new(Actor::Platform, at(309))
    };
    let no = Command::Consent(Word::No);
    // Who says no himself keeps what he ordered.
    let mut declined = story.clone();
    let said = declined.ask(Actor::Diner, no.clone(), 308).unwrap();
    assert_eq!(said, ["order.change_dropped"]);
    let said = story.ask_with(&facts, &no).unwrap();
    assert_eq!(said, ["order.change_dropped", "order.changed"]);
    let order = story.order();
    assert_eq!(order.total_minor, total - 1_177);
    assert_eq!(order.line(&key("b")).unwrap().state, LineState::Removed);
    assert_eq!(order.changes.len(), 1);
    assert!(order.lapsing().is_empty());
}

#[test]
fn what_comes_besides_is_a_line_like_the_others() {
    let placing = Placing {
        paying: Paying::OnDelivery,
        ..placing()
    };
    let mut story = Story::of(placing);
    let before = story.order().clone();
    let (add, priced) = addition("c", 450);
    let said = story.change_with(Actor::Diner, (std::slice::from_ref(&add), &priced), 9);
    assert_eq!(said.unwrap(), ["order.changed"]);
    let order = story.order();
    assert_eq!(order.total_minor, before.total_minor + 450);
    assert_eq!(order.lines.last().unwrap().key, key("c"));
    assert_eq!(order.tickets[0].lines, [key("a"), key("c")]);
    assert_eq!(order.tickets[1], before.tickets[1]);
    assert_eq!(change_of(&story).difference_minor, 450);
    // Asked for again it is there already, also when it was taken out since.
    let again = story.change_with(Actor::Diner, (std::slice::from_ref(&add), &priced), 10);
    assert_eq!(again, Err(Refusal::LineTwice(key("c"))));
    story.change(Actor::Diner, &[remove("c")], 11).unwrap();
    let again = story.change_with(Actor::Diner, (&[add], &priced), 12);
    assert_eq!(again, Err(Refusal::LineTwice(key("c"))));
    assert_eq!(story.order().total_minor, before.total_minor);
}

#[test]
fn what_the_restaurant_adds_waits_for_word_and_money() {
    let mut story = confirmed(Paying::Waiting);
    let (add, priced) = addition("c", 450);
    let said = story.change_with(Actor::Restaurant, (&[add], &priced), 9);
    assert_eq!(said.unwrap(), ["order.change_proposed"]);
    let proposal = story.order().proposal.as_ref().unwrap().number;
    let yes = Command::Consent(Word::Yes);
    let said = story.ask(Actor::Diner, yes, 10).unwrap();
    assert_eq!(said, ["order.change_agreed"]);
    let secured = Command::SecureChange { proposal };
    let said = story.ask(Actor::Platform, secured, 11).unwrap();
    assert_eq!(said, ["order.changed"]);
    assert_eq!(story.order().total_minor, 3 * 1_177 + 499 + 450);

    // Nobody's answer adds nothing, also where the rule takes out what was to be replaced.
    let mut lapsing = placing();
    lapsing.rules.lapse = Lapse::Remove;
    let mut story = Story::after(lapsing, &[Command::Secure, accept()]);
    let (add, priced) = addition("c", 0);
    let said = story.change_with(Actor::Restaurant, (&[add], &priced), 9);
    assert_eq!(said.unwrap(), ["order.change_proposed"]);
    assert!(story.order().lapsing().is_empty());
}

#[test]
fn what_comes_besides_reaches_a_kitchen_that_works() {
    let add = |story: &mut Story, name: &str, more: &[LineCommand]| {
        let (add, priced) = addition(name, 450);
        let commands: Vec<_> = more.iter().cloned().chain([add]).collect();
        let who = Actor::Restaurant;
        story.change_with(who, (&commands, &priced), 20).unwrap();
    };
    // Whoever ordered at the counter is not asked by us.
    let called = Placing {
        paying: Paying::OnDelivery,
        customer: None,
        ..placing()
    };
    let mut story = Story::after(called, &[accept()]);
    let on = |id| Command::Start {
        ticket: tickets(id),
    };
    let done = |id| Command::Ready {
        ticket: tickets(id),
    };
    for command in [on(5), done(5), on(6)] {
        story.ask(Actor::Restaurant, command, 9).unwrap();
    }
    // The first kitchen is done with its part; the second is not.
    add(&mut story, "c", &[]);
    assert_eq!(story.order().tickets[1].lines, [key("b"), key("c")]);
    let early = story.ask(Actor::Restaurant, done(5), 21).unwrap();
    assert!(early.is_empty());
    // Where only one is left that was done it goes on.
    let gone = [remove("b"), remove("c")];
    story.change(Actor::Restaurant, &gone, 22).unwrap();
    add(&mut story, "d", &[]);
    let first = &story.order().tickets[0];
    assert_eq!(first.lines, [key("a"), key("d")]);
    assert_eq!(first.state, TicketState::Started);
    let said = story.ask(Actor::Restaurant, done(5), 23).unwrap();
    assert_eq!(said, ["order.ready"]);

    // A ticket of which all was taken out has something to be made again.
    let called = Placing {
        customer: None,
        ..placing_of_one()
    };
    let mut story = Story::after(called, &[accept()]);
    add(&mut story, "c", &[remove("a")]);
    let only = &story.order().tickets[0];
    assert_eq!(only.lines, [key("c")]);
    assert_eq!(only.state, TicketState::Waiting);
}

/// One pizza on one ticket, paid where it is handed over.
fn placing_of_one() -> Placing {
    let (line, money) = line("a", 1);
    Placing {
        lines: vec![line],
        money,
        tickets: vec![ticket(5, "a")],
        paying: Paying::OnDelivery,
        ..placing()
    }
}

#[test]
fn lines_come_besides_under_keys_and_numbers_that_are_free() {
    let story = confirmed(Paying::OnDelivery);
    let add = |name: &str| LineCommand::Add { line: key(name) };
    let twice = plan(story.order(), &[add("c"), add("c")]).unwrap_err();
    assert_eq!(twice, Refusal::LineTwice(key("c")));
    let replaced = LineCommand::Replace {
        line: key("b"),
        with: key("c"),
    };
    for commands in [[add("c"), replaced.clone()], [replaced, add("c")]] {
        let twice = plan(story.order(), &commands).unwrap_err();
        assert_eq!(twice, Refusal::LineTwice(key("c")));
    }
    // What is not in the order yet is not taken out of it.
    let gone = plan(story.order(), &[add("c"), remove("c")]).unwrap_err();
    assert_eq!(gone, Refusal::NoLine(key("c")));
    // All may be taken out where something comes besides.
    let other = [remove("a"), remove("b"), add("c")];
    let planned = plan(story.order(), &other).unwrap();
    assert_eq!(planned, [Planned::New(&key("c"))]);
    let none = Repriced {
        lines: Vec::new(),
        money: Vec::new(),
    };
    let unpriced = reprice(story.order(), &[add("c")], &none);
    assert!(matches!(unpriced, Err(Refusal::Amounts(_))));
    // With those that were taken out an order has so many lines and no more.
    let mut full = story.order().clone();
    while full.lines.len() < LINES_MAX {
        let (mut gone, _) = line(&format!("l{}", full.lines.len()), 1);
        gone.state = LineState::Removed;
        full.lines.push(gone);
    }
    let many = plan(&full, &[add("c")]).unwrap_err();
    assert!(matches!(many, Refusal::Lines { .. }));
}
