//! Every actor, every state, every command: who gets his will, who is told that it is so already, and who is refused.

use super::*;

/// The states that an order of this service comes to, with orders that stand there. The money is safe in all of them.
fn orders(service: Service) -> Vec<Order> {
    let placing = Placing {
        service,
        ..placing()
    };
    let later = Placing {
        wanted_at: Some(at(90_000)),
        ..placing.clone()
    };
    let made = [Command::Secure, accept(), start(), ready()];
    let on_the_way = match service {
        Service::Delivery => Command::Leave,
        Service::Pickup => Command::Collect,
        Service::DineIn => Command::Serve,
    };
    let out: Vec<Command> = made.iter().cloned().chain([on_the_way]).collect();
    let after = |more: Command| -> Vec<Command> { out.iter().cloned().chain([more]).collect() };
    let reject = Command::Reject { why: Why::TooBusy };
    let cancel = Command::Cancel { why: Why::SoldOut };
    let back = Command::Return {
        why: Why::CustomerAbsent,
    };
    let mut ways = vec![
        made[..2].to_vec(),
        made[..3].to_vec(),
        made.to_vec(),
        out.clone(),
    ];
    if service == Service::Delivery {
        ways.extend([after(Command::Deliver), after(back)]);
        ways.extend([vec![Command::Secure, cancel], vec![Command::Secure, reject]]);
    }
    let mut all = vec![
        Story::after(later, &made[..1]),
        Story::after(placing.clone(), &made[..1]),
    ];
    all.extend(ways.iter().map(|way| Story::after(placing.clone(), way)));
    if service == Service::Delivery {
        let mut expired = Story::after(placing, &made[..1]);
        expired.ask(Actor::Platform, Command::Expire, 400).unwrap();
        all.push(expired);
    }
    all.into_iter().map(|story| story.order.unwrap()).collect()
}

/// All commands but those of changes, each with the second at which it is asked.
fn commands() -> Vec<(&'static str, Command, u64)> {
    let code = "refused".to_owned();
    let reject = Command::Reject { why: Why::Other };
    let cancel = Command::Cancel { why: Why::Other };
    let back = Command::Return { why: Why::Other };
    let promise = Command::Promise { at: at(3_000) };
    vec![
        ("place", Command::Place(Box::new(placing())), 10),
        ("secure", Command::Secure, 10),
        ("pay_failed", Command::PayFailed { code }, 10),
        ("wake", Command::Wake, 90_000),
        ("accept", accept(), 10),
        ("reject", reject, 10),
        ("expire", Command::Expire, 400),
        ("start", start(), 10),
        ("ready", ready(), 10),
        ("leave", Command::Leave, 10),
        ("deliver", Command::Deliver, 10),
        ("collect", Command::Collect, 10),
        ("serve", Command::Serve, 10),
        ("return", back, 10),
        ("cancel", cancel.clone(), 10),
        ("cancel late", cancel, 100),
        ("promise", promise, 10),
    ]
}

/// One row a command, one column a state: a capital letter is an actor who gets his will, a small one an actor who is
/// told that it is so already; who is not named is refused.
fn written(service: Service, names: &[&str]) -> String {
    let orders = orders(service);
    let mut rows = vec![{
        let columns = orders.iter().map(|order| order.status.name());
        std::iter::once("")
            .chain(columns)
            .collect::<Vec<_>>()
            .join(" | ")
    }];
    for (name, command, seconds) in commands() {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        let cells = orders.iter().map(|order| {
            let told = Actor::ALL.iter().map(|actor| {
                let facts = Facts::new(*actor, at(seconds));
                let letter = &actor.name()[..1];
                match decide(Some(order), &command, &facts) {
                    Ok(events) if events.is_empty() => letter.to_owned(),
                    Ok(_) => letter.to_uppercase(),
                    Err(_) => String::new(),
                }
            });
            let told: String = told.collect();
            if told.is_empty() {
                "-".to_owned()
            } else {
                told
            }
        });
        let row: Vec<String> = std::iter::once(name.to_owned()).chain(cells).collect();
        rows.push(row.join(" | "));
    }
    rows.join("\n")
}

/// The same without blanks that only make a table pleasant to read.
fn plain(table: &str) -> String {
    let rows = table.trim().lines().map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        cells.join(" | ")
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// d is the diner, r the restaurant, c the courier, o the operator, p the platform.
const DELIVERY: &str = "
            | scheduled | pending | confirmed | preparing | ready_for_pickup | out_for_delivery | delivered | returned | cancelled | rejected | expired
place       | -         | -       | -         | -         | -                | -                | -         | -        | -         | -        | -
secure      | p         | p       | p         | p         | p                | p                | p         | p        | p         | p        | p
pay_failed  | -         | -       | -         | -         | -                | -                | -         | -        | -         | -        | -
wake        | P         | p       | p         | p         | p                | p                | -         | -        | -         | -        | -
accept      | -         | RO      | ro        | -         | -                | -                | -         | -        | -         | -        | -
reject      | RO        | RO      | -         | -         | -                | -                | -         | -        | -         | ro       | -
expire      | -         | P       | -         | -         | -                | -                | -         | -        | -         | -        | p
start       | -         | -       | RO        | ro        | -                | -                | -         | -        | -         | -        | -
ready       | -         | -       | -         | RO        | ro               | -                | -         | -        | -         | -        | -
leave       | -         | -       | -         | -         | RCO              | rco              | -         | -        | -         | -        | -
deliver     | -         | -       | -         | -         | -                | RCO              | rco       | -        | -         | -        | -
collect     | -         | -       | -         | -         | -                | -                | -         | -        | -         | -        | -
serve       | -         | -       | -         | -         | -                | -                | -         | -        | -         | -        | -
return      | -         | -       | -         | -         | -                | RCO              | -         | rco      | -         | -        | -
cancel      | DRO       | DRO     | DRO       | RO        | RO               | O                | -         | -        | dro       | -        | -
cancel late | DRO       | DRO     | RO        | RO        | RO               | O                | -         | -        | dro       | -        | -
promise     | -         | -       | RCOP      | RCOP      | RCOP             | RCOP             | -         | -        | -         | -        | -
";

const PICKUP: &str = "
        | scheduled | pending | confirmed | preparing | ready_for_pickup | collected
leave   | -         | -       | -         | -         | -                | -
deliver | -         | -       | -         | -         | -                | -
collect | -         | -       | -         | -         | RO               | ro
serve   | -         | -       | -         | -         | -                | -
return  | -         | -       | -         | -         | -                | -
cancel  | DRO       | DRO     | DRO       | RO        | RO               | -
";

const DINE_IN: &str = "
        | scheduled | pending | confirmed | preparing | ready_for_pickup | served
leave   | -         | -       | -         | -         | -                | -
deliver | -         | -       | -         | -         | -                | -
collect | -         | -       | -         | -         | -                | -
serve   | -         | -       | -         | -         | RO               | ro
return  | -         | -       | -         | -         | -                | -
cancel  | DRO       | DRO     | DRO       | RO        | RO               | -
";

/// Orders whose money is not there yet.
const UNPAID: &str = "
            | scheduled | pending
secure      | P         | P
pay_failed  | P         | P
wake        | -         | -
accept      | -         | -
reject      | -         | -
expire      | P         | P
cancel      | DO        | DO
promise     | -         | -
";

#[test]
fn everybody_moves_only_what_is_his_to_move() {
    assert_eq!(written(Service::Delivery, &[]), plain(DELIVERY));
    let ways = ["leave", "deliver", "collect", "serve", "return", "cancel"];
    assert_eq!(written(Service::Pickup, &ways), plain(PICKUP));
    assert_eq!(written(Service::DineIn, &ways), plain(DINE_IN));
}

#[test]
fn nobody_but_the_payment_moves_what_is_not_paid() {
    let later = Placing {
        wanted_at: Some(at(90_000)),
        ..placing()
    };
    let orders = [Story::of(later), Story::of(placing())];
    for row in UNPAID.trim().lines().skip(1) {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next().unwrap();
        let all = commands();
        let (_, command, _) = all.iter().find(|(one, ..)| *one == name).unwrap();
        for (story, wanted) in orders.iter().zip(cells) {
            let facts = |actor: &Actor| Facts::new(*actor, at(90_000));
            let told = Actor::ALL.iter().filter(|actor| {
                let decided = decide(story.order.as_ref(), command, &facts(actor));
                decided.is_ok_and(|events| !events.is_empty())
            });
            let told: String = told.map(|actor| actor.name()[..1].to_uppercase()).collect();
            let status = story.order().status;
            assert_eq!(told, wanted.replace('-', ""), "{name} of {status:?}");
        }
    }
}

#[test]
fn nothing_but_placing_begins_an_order() {
    for (name, command, seconds) in commands() {
        for actor in Actor::ALL {
            let decided = decide(None, &command, &Facts::new(*actor, at(seconds)));
            let is_placed = decided.is_ok();
            assert_eq!(is_placed, name == "place" && *actor != Actor::Courier);
        }
    }
}

#[test]
fn reasons_are_for_those_whom_they_fit() {
    let pending = Story::after(placing(), &[Command::Secure]);
    for why in Why::ALL {
        for actor in Actor::ALL {
            let cancel = Command::Cancel { why: *why };
            let decided = decide(pending.order.as_ref(), &cancel, &Facts::new(*actor, at(2)));
            let may_say = may(*actor, &cancel) && why.is_said_by(*actor);
            assert_eq!(decided.is_ok(), may_say, "{why:?} by {actor:?}");
        }
    }
    let of_platform = Why::ALL
        .iter()
        .filter(|why| why.is_said_by(Actor::Platform));
    let names: Vec<&str> = of_platform.map(|why| why.name()).collect();
    assert_eq!(names, ["payment_failed", "payment_missing", "no_answer"]);
}
