//! The ways of single orders: paying, waking, waiting, tickets and times.

use super::*;

fn auto(paying: Paying) -> Placing {
    Placing {
        paying,
        rules: Rules {
            auto_accept: true,
            ..Rules::default()
        },
        ..placing()
    }
}

#[test]
fn an_order_is_accepted_by_itself_only_once_its_money_is_safe() {
    let cash = Story::of(auto(Paying::OnDelivery));
    assert_eq!(cash.order().status, Status::Confirmed);
    assert_eq!(cash.order().version, 2);
    let mut cash = Story::of(Placing {
        paying: Paying::OnDelivery,
        ..placing()
    });
    let secured = cash.ask(Actor::Platform, Command::Secure, 5).unwrap();
    assert!(secured.is_empty());

    let mut card = Story::of(auto(Paying::Waiting));
    assert_eq!(card.order().status, Status::Pending);
    assert_eq!(card.order().due().unwrap().at, at(900));
    let said = card.ask(Actor::Platform, Command::Secure, 5).unwrap();
    assert_eq!(said, ["order.secured", "order.confirmed"]);
    assert_eq!(card.order().promised_at, Some(at(2_400)));
    assert_eq!(card.order().due(), None);

    let mut free = auto(Paying::Waiting);
    for one in &mut free.money {
        one.minor = 0;
    }
    for line in &mut free.lines {
        (line.unit_minor, line.minor, line.tax_minor) = (0, 0, 0);
    }
    assert_eq!(Story::of(free).order().paying, Paying::Secured);
}

#[test]
fn a_payment_that_fails_cancels_and_one_that_comes_too_late_is_told_so() {
    let mut story = Story::of(placing());
    let failed = || Command::PayFailed {
        code: "refused".into(),
    };
    let said = story.ask(Actor::Platform, failed(), 3).unwrap();
    assert_eq!(said, ["order.payment_failed", "order.cancelled"]);
    assert_eq!(story.order().paying, Paying::Failed);
    assert_eq!(story.order().reason.unwrap().why, Why::PaymentFailed);
    assert!(story.ask(Actor::Platform, failed(), 4).unwrap().is_empty());
    let now = Status::Cancelled;
    let late = story.ask(Actor::Platform, Command::Secure, 5);
    assert_eq!(late, Err(Refusal::Closed { now }));

    let mut paid = Story::after(placing(), &[Command::Secure]);
    assert!(paid.ask(Actor::Platform, failed(), 4).is_err());
}

#[test]
fn a_scheduled_order_sleeps_until_its_time() {
    let mut story = Story::of(Placing {
        wanted_at: Some(at(10_000)),
        ..placing()
    });
    assert_eq!(story.order().status, Status::Scheduled);
    assert_eq!(story.order().due().unwrap().command, Command::Expire);
    story.ask(Actor::Platform, Command::Secure, 10).unwrap();
    let due = story.order().due().unwrap();
    assert_eq!((due.at, &due.command), (at(6_400), &Command::Wake));
    let early = story.ask(Actor::Platform, Command::Wake, 6_399);
    assert_eq!(early, Err(Refusal::TooEarly { at: at(6_400) }));
    // What is paid is woken, however late, and does not expire in its sleep.
    let asleep = story.ask(Actor::Platform, Command::Expire, 99_999);
    let now = Status::Scheduled;
    assert_eq!(asleep, Err(Refusal::Moved { now }));
    let woken = story.ask(Actor::Platform, Command::Wake, 6_401).unwrap();
    assert_eq!(woken, ["order.released"]);
    assert_eq!(story.order().accept_by, at(6_701));
    let expired = story.ask(Actor::Platform, Command::Expire, 6_701).unwrap();
    assert_eq!(expired, ["order.expired"]);
    assert_eq!(story.order().reason.unwrap().why, Why::NoAnswer);

    let cash = Story::of(Placing {
        wanted_at: Some(at(10_000)),
        paying: Paying::OnDelivery,
        ..placing()
    });
    assert_eq!(cash.order().accept_by, at(6_700));

    // What is for soon is asked for at once.
    let soon = Story::of(Placing {
        wanted_at: Some(at(3_600)),
        ..placing()
    });
    assert_eq!(soon.order().status, Status::Pending);
}

#[test]
fn what_nobody_pays_or_answers_expires_at_its_time_and_not_before() {
    let mut unpaid = Story::of(placing());
    let early = unpaid.ask(Actor::Platform, Command::Expire, 899);
    assert_eq!(early, Err(Refusal::TooEarly { at: at(900) }));
    unpaid.ask(Actor::Platform, Command::Expire, 900).unwrap();
    assert_eq!(unpaid.order().reason.unwrap().why, Why::PaymentMissing);
    let states = unpaid.order().tickets.iter().map(|ticket| ticket.state);
    assert!(states.into_iter().all(|state| state == TicketState::Void));
}

#[test]
fn a_diner_cancels_freely_and_then_for_a_while() {
    let mut story = Story::after(placing(), &[Command::Secure, accept()]);
    let cancel = || Command::Cancel {
        why: Why::ChangedMind,
    };
    let mut other = story.clone();
    // It was accepted in second 2 and may be cancelled for a minute.
    let late = story.ask(Actor::Diner, cancel(), 62);
    assert_eq!(late, Err(Refusal::CancelTooLate));
    let in_time = other.ask(Actor::Diner, cancel(), 61).unwrap();
    assert_eq!(in_time, ["order.cancelled"]);
}

#[test]
fn several_kitchens_make_one_order() {
    let mut story = Story::after(placing(), &[Command::Secure, accept()]);
    let mut ask = |command: Command| story.ask(Actor::Restaurant, command, 9).unwrap();
    let (first, second) = (tickets(5), tickets(6));
    assert_eq!(ask(Command::Start { ticket: first }), ["order.preparing"]);
    assert!(ask(Command::Start { ticket: first }).is_empty());
    assert_eq!(
        ask(Command::Ready { ticket: first }),
        ["order.ticket_moved"]
    );
    assert!(ask(Command::Ready { ticket: first }).is_empty());
    assert_eq!(
        ask(Command::Start { ticket: second }),
        ["order.ticket_moved"]
    );
    assert_eq!(ask(Command::Ready { ticket: second }), ["order.ready"]);
    let states = story.order().tickets.iter().map(|ticket| ticket.state);
    assert_eq!(states.collect::<Vec<_>>(), [TicketState::Ready; 2]);

    let mut story = Story::after(placing(), &[Command::Secure, accept()]);
    let unknown = Command::Start {
        ticket: tickets(99),
    };
    let refused = story.ask(Actor::Restaurant, unknown, 9);
    assert_eq!(refused, Err(Refusal::NoTicket));
}

#[test]
fn promises_are_for_the_future() {
    let mut story = Story::after(placing(), &[Command::Secure, accept()]);
    let mut promise = |seconds| {
        let at = at(seconds);
        story.ask(Actor::Restaurant, Command::Promise { at }, 100)
    };
    assert!(promise(99).is_err());
    assert_eq!(promise(100).unwrap(), ["order.promised"]);
    assert!(promise(100).unwrap().is_empty());
    assert!(promise(100 + 62 * 86_400 + 1).is_err());
}

#[test]
fn what_does_not_add_up_is_not_placed() {
    let wrong: [fn(&mut Placing); 11] = [
        |placing| placing.lines[0].unit_minor += 1,
        |placing| placing.lines.clear(),
        |placing| placing.lines[0].minor += 1,
        |placing| placing.lines[0].discount_minor = 1,
        |placing| placing.lines[0].tax_minor += 1,
        |placing| placing.lines[1].key = key("a"),
        |placing| placing.lines[0].state = LineState::Removed,
        |placing| placing.money[0].minor += 1,
        |placing| placing.money[0].line = Some(key("z")),
        |placing| placing.tickets[1].lines = vec![key("a")],
        |placing| placing.paying = Paying::Failed,
    ];
    let place = |placing| {
        let command = Command::Place(Box::new(placing));
        decide(None, &command, &Facts::new(Actor::Diner, NOON))
    };
    assert!(place(placing()).is_ok());
    for (change, number) in wrong.iter().zip(0..) {
        let mut placing = placing();
        change(&mut placing);
        assert!(
            place(placing).is_err(),
            "the wrong order {number} is placed"
        );
    }
}

#[test]
fn what_was_brought_in_vain_stays_paid_where_that_lies_with_the_diner() {
    let back = |paying, why| {
        let placing = Placing {
            paying,
            ..placing()
        };
        let mut story = Story::of(placing);
        for command in [Command::Secure, accept(), start(), ready(), Command::Leave] {
            let actors = [Actor::Platform, Actor::Restaurant];
            let actor = actors.into_iter().find(|actor| may(*actor, &command));
            story.ask(actor.unwrap(), command, 5).unwrap();
            assert!(!story.order().gives_back());
        }
        story
            .ask(Actor::Courier, Command::Return { why }, 6)
            .unwrap();
        story.order().gives_back()
    };
    assert!(!back(Paying::Waiting, Why::CustomerAbsent));
    assert!(back(Paying::Waiting, Why::Damaged));
    assert!(back(Paying::OnDelivery, Why::CustomerAbsent));
    let why = Why::ChangedMind;
    let mut story = Story::after(placing(), &[Command::Secure]);
    story.ask(Actor::Diner, Command::Cancel { why }, 5).unwrap();
    assert!(story.order().gives_back());
}
