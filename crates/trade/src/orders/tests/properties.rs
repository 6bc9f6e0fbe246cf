//! Whatever is asked, by whomever, in whatever order: the invariants hold, and the events tell it all.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::*;

/// One thing that somebody asks, and how long after the last one.
type Asked = (usize, Ask, u16);

/// Something that is asked; changes are priced when they are asked.
#[derive(Clone, Debug)]
enum Ask {
    Plain(Command),
    Change(Vec<(u8, u8, u32)>, i64),
    Due,
}

fn why() -> impl Strategy<Value = Why> {
    prop::sample::select(Why::ALL)
}

fn ticket_ids() -> impl Strategy<Value = Option<TicketId>> {
    prop_oneof![Just(None), (4_u8..8).prop_map(tickets)]
}

fn asks() -> impl Strategy<Value = Ask> {
    let number = || 0_i64..12;
    let promised = prop::option::of(0_u64..9_000).prop_map(|seconds| seconds.map(at));
    let plain = prop_oneof![
        3 => Just(Command::Secure),
        1 => Just(Command::PayFailed { code: "refused".into() }),
        1 => Just(Command::Wake),
        3 => promised.prop_map(|promised_at| Command::Accept { promised_at }),
        1 => why().prop_map(|why| Command::Reject { why }),
        1 => Just(Command::Expire),
        3 => ticket_ids().prop_map(|ticket| Command::Start { ticket }),
        3 => ticket_ids().prop_map(|ticket| Command::Ready { ticket }),
        2 => Just(Command::Leave),
        1 => Just(Command::Deliver),
        1 => Just(Command::Collect),
        1 => Just(Command::Serve),
        1 => why().prop_map(|why| Command::Return { why }),
        1 => why().prop_map(|why| Command::Cancel { why }),
        1 => (0_u64..9_000).prop_map(|seconds| Command::Promise { at: at(seconds) }),
        2 => Just(Command::Consent(Word::Yes)),
        1 => Just(Command::Consent(Word::No)),
        2 => number().prop_map(|proposal| Command::SecureChange { proposal }),
        1 => number().prop_map(|proposal| Command::ChangePayFailed { proposal }),
        1 => Just(Command::Place(Box::new(placing()))),
    ];
    let commands = prop::collection::vec((0_u8..4, 0_u8..5, 0_u32..5), 1..3);
    prop_oneof![
        6 => plain.prop_map(Ask::Plain),
        2 => (commands, 0_i64..3_000).prop_map(|(all, minor)| Ask::Change(all, minor)),
        1 => Just(Ask::Due),
    ]
}

fn placings() -> impl Strategy<Value = Placing> {
    let services = prop::sample::select(Service::ALL);
    let paying = prop::sample::select(&[Paying::Waiting, Paying::OnDelivery, Paying::Secured][..]);
    let wanted = prop::option::of(0_u64..20_000);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let hold = prop::option::of(1_i64..10_000);
    (services, paying, wanted, flags, hold).prop_map(|(service, paying, wanted, flags, hold)| {
        let (auto_accept, is_known, is_off) = flags;
        let placing = if is_off {
            discounted(placing())
        } else {
            placing()
        };
        let placing = Placing {
            service,
            paying,
            wanted_at: wanted.map(at),
            customer: placing.customer.filter(|_| is_known),
            rules: Rules {
                auto_accept,
                ..Rules::default()
            },
            ..placing
        };
        match hold {
            Some(hold_minor) => tab(hold_minor, placing),
            None => placing,
        }
    })
}

/// Lines are a, b and those that stand for others or come besides: c0, c1 and so on.
fn line_commands(
    order: &Order,
    asked: &[(u8, u8, u32)],
    minor: i64,
) -> (Vec<LineCommand>, Repriced) {
    let mut added = Repriced {
        lines: Vec::new(),
        money: Vec::new(),
    };
    let commands = asked
        .iter()
        .zip(0..)
        .map(|((what, place, quantity), number)| {
            let known = order.lines.get(usize::from(*place));
            let line = known.map_or_else(|| key("z"), |line| line.key.clone());
            match what {
                0 => LineCommand::Remove { line },
                1 => {
                    let quantity = *quantity;
                    LineCommand::Quantity { line, quantity }
                }
                _ => {
                    let name = format!("c{}", order.lines.len() + number);
                    let with = key(&name);
                    let (mut new, _) = super::line(&name, 1);
                    new.choices.clear();
                    (new.unit_minor, new.minor, new.tax_minor) = (minor, minor, 0);
                    added.lines.push(new);
                    added.money.push(money(Kind::Item, Some(&name), minor));
                    match what {
                        2 => LineCommand::Replace { line, with },
                        _ => LineCommand::Add { line: with },
                    }
                }
            }
        });
    (commands.collect(), added)
}

/// Asks, and gives what is decided; nothing for a change that could not be priced.
fn decided(
    order: &Order,
    (actor, ask, now): (Actor, &Ask, Time),
) -> Option<Result<Vec<Event>, Refusal>> {
    let facts = Facts::new(actor, now);
    match ask {
        Ask::Plain(command) => Some(decide(Some(order), command, &facts)),
        Ask::Due => {
            let due = order.due()?;
            let facts = Facts::new(Actor::Platform, due.at.max(now));
            Some(decide(Some(order), &due.command, &facts))
        }
        Ask::Change(asked, minor) => {
            let (commands, added) = line_commands(order, asked, *minor);
            let repriced = reprice(order, &commands, &added).ok()?;
            let facts = Facts {
                repriced: Some(&repriced),
                ..facts
            };
            let command = Command::Change {
                commands,
                why: None,
            };
            Some(decide(Some(order), &command, &facts))
        }
    }
}

/// What holds for every order at any time.
fn holds(order: &Order) {
    let paid = order.money.iter().filter(|one| one.kind.is_paid());
    assert_eq!(order.total_minor, paid.map(|one| one.minor).sum::<i64>());
    assert!(order.total_minor >= 0);
    let totals = order.totals();
    let sums = totals.items_minor + totals.fees_minor + totals.tip_minor - totals.discounts_minor;
    assert_eq!(order.total_minor, sums, "taxes are in these prices");
    let lines: i64 = order.sold().map(|line| line.minor).sum();
    assert_eq!(totals.items_minor, lines);
    assert!(order.sold().next().is_some());
    if order.status.is_accepted() {
        assert!(
            order.paying.is_safe(),
            "{:?} and {:?}",
            order.status,
            order.paying
        );
    }
    assert_eq!(order.reason.is_some(), order.status.is_void());
    if let Some(tab) = order.tab {
        // What is taken is what is served, and was held.
        assert!(order.total_minor <= tab.hold_minor);
        assert_eq!(order.takes_money(), order.status == Status::Served);
    }
    if order.status.is_final() {
        assert_eq!((order.due(), &order.proposal), (None, &None));
    }
    for key in order.tickets.iter().flat_map(|ticket| &ticket.lines) {
        assert!(order.line(key).unwrap().is_sold());
    }
    let on_tickets = order.tickets.iter().flat_map(|ticket| &ticket.lines);
    assert_eq!(on_tickets.count(), order.sold().count());
}

/// What holds for every step from one order to the next.
fn steps(before: &Order, event: &Event, after: &Order) {
    assert!(!before.status.is_final(), "{} after the end", event.kind());
    assert_eq!(after.version, before.version + 1);
    let (from, to) = (before.status, after.status);
    if from != to {
        assert!(is_edge(Some(from), to), "{from:?} to {to:?}");
        assert_eq!(after.moved_at, event.at);
    }
    if let Said::Changed { change, .. } = &event.said {
        assert_eq!(
            after.total_minor,
            before.total_minor + change.difference_minor
        );
        let is_held = before.paying == Paying::OnDelivery || before.tab.is_some();
        let is_free = change.difference_minor <= 0 || is_held;
        assert!(is_free || before.proposal.as_ref().is_some_and(|one| one.agreed));
    } else {
        assert_eq!(after.money, before.money);
    }
    assert_eq!(after.tab, before.tab);
}

/// What brings an order on its way, so that much is also asked of orders that are made already.
fn on_its_way(steps: usize) -> Vec<Asked> {
    let way = [Command::Secure, accept(), start(), ready(), Command::Leave];
    let steps = way.into_iter().take(steps);
    steps.map(|command| (0, Ask::Plain(command), 1)).collect()
}

fn play(placing: Placing, asked: &[Asked]) {
    let place = Command::Place(Box::new(placing));
    let mut events = decide(None, &place, &Facts::new(Actor::Diner, NOON)).unwrap();
    let mut order = fold(&events).unwrap();
    assert!(is_edge(None, fold(&events[..1]).unwrap().status));
    holds(&order);
    let mut seconds = 0_u64;
    for (actor, ask, later) in asked {
        seconds += u64::from(*later);
        // Half of what is asked is asked by somebody who may.
        let actor = match (ask, actor % 2) {
            (Ask::Plain(command), 0) => {
                let mut able = Actor::ALL.iter().filter(|actor| may(**actor, command));
                *able.next().unwrap()
            }
            _ => Actor::ALL[actor % Actor::ALL.len()],
        };
        let Some(decided) = decided(&order, (actor, ask, at(seconds))) else {
            continue;
        };
        if matches!(ask, Ask::Due) {
            let is_done = decided.as_ref().is_ok_and(|events| !events.is_empty());
            assert!(
                is_done,
                "time cannot do what is due: {decided:?} of {order:?}"
            );
        }
        for event in decided.unwrap_or_default() {
            let next = apply(Some(order.clone()), &event).unwrap();
            steps(&order, &event, &next);
            holds(&next);
            let told = serde_json::to_value(event.told(&next).unwrap()).unwrap();
            events.push(Event::read(event.kind(), told).unwrap());
            order = next;
        }
    }
    assert_eq!(fold(&events).unwrap(), order);
    assert_eq!(order.version, i64::try_from(events.len()).unwrap());
    let written = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&written).unwrap(), order);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn whatever_is_asked_the_invariants_hold(
        placing in placings(),
        steps in 0_usize..6,
        asked in prop::collection::vec((0_usize..10, asks(), 0_u16..400), 0..30),
    ) {
        let asked: Vec<Asked> = on_its_way(steps).into_iter().chain(asked).collect();
        play(placing, &asked);
    }
}

/// Time alone brings every order that nobody touches to an end, or to where somebody has bound himself.
#[test]
fn what_is_left_alone_comes_to_an_end() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..60 {
        let placing = placings().new_tree(&mut runner).unwrap().current();
        let place = Command::Place(Box::new(placing));
        let events = decide(None, &place, &Facts::new(Actor::Diner, NOON)).unwrap();
        let mut order = fold(&events).unwrap();
        for _ in 0..3 {
            let Some(due) = order.due() else { break };
            let facts = Facts::new(Actor::Platform, due.at);
            for event in decide(Some(&order), &due.command, &facts).unwrap() {
                order = apply(Some(order), &event).unwrap();
            }
        }
        assert_eq!(order.due(), None);
        assert!(order.status.is_final() || order.status == Status::Confirmed);
    }
}
