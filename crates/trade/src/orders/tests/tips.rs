//! Tips after the order was placed: when they are taken, how they end, and what they leave alone.

use super::*;
use crate::payments::PaymentId;
use domain::pricing::Recipient;

fn payment(number: u8) -> PaymentId {
    uid(number).into()
}

fn given(number: u8) -> Command {
    Command::Tip {
        payment: payment(number),
        minor: 200,
        recipient: Some(Recipient::Courier),
    }
}

fn paid(number: u8) -> Command {
    let payment = payment(number);
    Command::TipPaid { payment }
}

fn failed(number: u8) -> Command {
    let (payment, code) = (payment(number), "refused".to_owned());
    Command::TipFailed { payment, code }
}

/// An order that was brought: five seconds after it was placed.
fn brought() -> Story {
    let way = [Command::Secure, accept(), start(), ready(), Command::Leave];
    let mut story = Story::after(placing(), &way);
    story.ask(Actor::Courier, Command::Deliver, 5).unwrap();
    story
}

#[test]
fn a_tip_is_taken_from_the_acceptance_until_a_month_after_the_end() {
    let mut story = Story::after(placing(), &[Command::Secure]);
    let now = Status::Pending;
    let early = story.ask(Actor::Diner, given(31), 2);
    assert_eq!(early, Err(Refusal::Moved { now }));
    story.ask(Actor::Restaurant, accept(), 3).unwrap();
    assert_eq!(
        story.ask(Actor::Diner, given(31), 4),
        Ok(vec!["order.tip_asked"])
    );
    assert_eq!(story.ask(Actor::Diner, given(31), 4), Ok(vec![]));
    for actor in [
        Actor::Restaurant,
        Actor::Courier,
        Actor::Operator,
        Actor::Platform,
    ] {
        assert_eq!(story.ask(actor, given(32), 4), Err(Refusal::Forbidden));
    }
    let (mut story, month) = (brought(), 30 * 86_400);
    assert!(
        story
            .clone()
            .ask(Actor::Diner, given(31), 5 + month)
            .is_ok()
    );
    let now = Status::Delivered;
    let late = story.ask(Actor::Diner, given(31), 6 + month);
    assert_eq!(late, Err(Refusal::Closed { now }));
}

#[test]
fn what_came_to_nothing_takes_no_tip_and_settles_none() {
    let mut story = Story::after(placing(), &[Command::Secure, accept()]);
    story.ask(Actor::Diner, given(31), 3).unwrap();
    let why = Why::SoldOut;
    story
        .ask(Actor::Restaurant, Command::Cancel { why }, 4)
        .unwrap();
    let now = Status::Cancelled;
    for (actor, command) in [
        (Actor::Diner, given(32)),
        (Actor::Platform, paid(31)),
        (Actor::Platform, failed(31)),
    ] {
        assert_eq!(story.ask(actor, command, 5), Err(Refusal::Closed { now }));
    }
    // What was brought in vain by a fault of the diner stays paid, and so does the tip that he gave before.
    let way = [Command::Secure, accept(), start(), ready(), Command::Leave];
    let mut story = Story::after(placing(), &way);
    story.ask(Actor::Diner, given(31), 6).unwrap();
    let why = Why::CustomerAbsent;
    story
        .ask(Actor::Courier, Command::Return { why }, 7)
        .unwrap();
    let now = Status::Returned;
    assert_eq!(
        story.ask(Actor::Diner, given(32), 8),
        Err(Refusal::Closed { now })
    );
    assert_eq!(
        story.ask(Actor::Platform, paid(31), 8),
        Ok(vec!["order.tipped"])
    );
}

#[test]
fn a_tip_ends_once_and_leaves_the_bill_alone() {
    let mut story = brought();
    let before = story.order().clone();
    story.ask(Actor::Diner, given(31), 10).unwrap();
    story.ask(Actor::Diner, given(32), 11).unwrap();
    assert_eq!(
        story.ask(Actor::Platform, paid(31), 12),
        Ok(vec!["order.tipped"])
    );
    assert_eq!(story.ask(Actor::Platform, paid(31), 12), Ok(vec![]));
    assert_eq!(
        story.ask(Actor::Platform, failed(31), 12),
        Err(Refusal::NoTip)
    );
    assert_eq!(
        story.ask(Actor::Platform, failed(32), 13),
        Ok(vec!["order.tip_failed"])
    );
    assert_eq!(
        story.ask(Actor::Platform, paid(32), 13),
        Err(Refusal::NoTip)
    );
    assert_eq!(
        story.ask(Actor::Platform, paid(33), 13),
        Err(Refusal::NoTip)
    );
    let after = story.order();
    let states: Vec<_> = after.tips.iter().map(|tip| tip.state).collect();
    assert_eq!(states, [TipState::Paid, TipState::Failed]);
    assert_eq!(after.tips[1].code.as_deref(), Some("refused"));
    let bare = Order {
        tips: Vec::new(),
        version: before.version,
        ..after.clone()
    };
    assert_eq!((bare, after.version), (before.clone(), before.version + 4));
    assert_eq!(fold(&story.events).unwrap(), *after);
    for event in &story.events {
        let told = serde_json::to_value(event.told(after).unwrap()).unwrap();
        assert_eq!(Event::read(event.kind(), told).unwrap(), *event);
        assert!(Said::KINDS.contains(&event.kind()));
    }
}

#[test]
fn an_order_takes_so_many_and_none_of_nothing() {
    let mut story = brought();
    for minor in [0, -1] {
        let nothing = Command::Tip {
            payment: payment(31),
            minor,
            recipient: None,
        };
        let said = story.ask(Actor::Diner, nothing, 9);
        assert_eq!(said, Err(Refusal::Amounts("a tip is above zero")));
    }
    for number in 0..20 {
        story.ask(Actor::Diner, given(31 + number), 10).unwrap();
        story.ask(Actor::Platform, failed(31 + number), 10).unwrap();
    }
    let most = TIPS_MAX;
    let said = story.ask(Actor::Diner, given(99), 11);
    assert_eq!(said, Err(Refusal::TooManyTips { most }));
}

#[test]
fn the_restaurant_says_with_which_service_and_for_whom() {
    let (courier, kitchen) = (Some(Recipient::Courier), Some(Recipient::Kitchen));
    let rules = Rules::default();
    assert_eq!(rules.tip(Service::Delivery, courier), Ok(()));
    let none = Err(Refusal::NoTipsFor(Recipient::Courier));
    assert_eq!(rules.tip(Service::Pickup, courier), none);
    assert_eq!(rules.tip(Service::Pickup, kitchen), Ok(()));
    let rules = Rules {
        no_tips: NoTips {
            pickup: true,
            ..NoTips::default()
        },
        tips_for: TipsFor {
            delivery: Some(Recipients {
                kitchen: true,
                ..Recipients::default()
            }),
            ..TipsFor::default()
        },
        ..rules
    };
    assert_eq!(rules.tip(Service::Delivery, courier), none);
    assert_eq!(rules.tip(Service::Delivery, kitchen), Ok(()));
    assert_eq!(rules.tip(Service::Delivery, None), Ok(()));
    assert_eq!(rules.tip(Service::DineIn, kitchen), Ok(()));
    assert_eq!(rules.tip(Service::Pickup, None), Err(Refusal::NoTips));
    let placing = Placing { rules, ..placing() };
    let mut story = Story::after(placing, &[Command::Secure, accept()]);
    assert_eq!(story.ask(Actor::Diner, given(31), 3), none.map(|()| vec![]));
    // What was written before there were recipients reads as it did, and is written so again.
    let bare = serde_json::to_value(Rules::default()).unwrap();
    assert!(bare.get("tipsFor").is_none());
    let kept = serde_json::to_value(rules).unwrap();
    assert_eq!(serde_json::from_value::<Rules>(kept).unwrap(), rules);
}
