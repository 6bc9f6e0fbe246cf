//! The stand-in of PayPal that drills with the whole program use: our adapter and the vendor's own file agree with it.

use base::Random;
use rpc::providers::{Act, Answer, Asked, LookUp, Provider as _};
use testkit::paypal::{CREDENTIALS, Exchange, PayPal};
use testkit::provider::Faults;

use crate::desk::Seen;
use crate::judge::{self, Vendor};
use crate::paypal::code;
use crate::world::{change, charge, clock, euros, paypal_settings};

fn adapter(desk: &PayPal) -> bridges::paypal::PayPal {
    let settings = bridges::paypal::Settings {
        credentials: bridges::paypal::Credentials::parse(CREDENTIALS).unwrap(),
        webhook_id: "WH1".to_owned(),
        ..paypal_settings(&desk.url())
    };
    bridges::paypal::PayPal::new(settings, clock()).unwrap()
}

#[track_caller]
fn named(answer: Answer, minor: i64) -> String {
    match answer {
        Answer::Done { reference, amount } if amount == euros(minor) => reference,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whole_lives_of_payments_are_as_the_file_of_the_vendor_says() {
    let Some(judge) = judge::of(Vendor::PayPal) else {
        return;
    };
    let desk = PayPal::open(&Random::seeded(7));
    let paypal = adapter(&desk);
    let held = named(paypal.authorise(&charge(1, Some("ok"))).await, 2_549);
    let above = paypal.capture(&change(2, &held, 2_550)).await;
    assert_eq!(code(&above), "amount_exceeded");
    let taken = named(paypal.capture(&change(3, &held, 2_000)).await, 2_000);
    let given = named(paypal.refund(&change(4, &taken, 500)).await, 500);
    for (asked, reference, minor) in [
        (Asked::Authorise(charge(1, Some("ok"))), &held, 2_549),
        (Asked::Capture(change(3, &held, 2_000)), &taken, 2_000),
        (Asked::Refund(change(4, &taken, 500)), &given, 500),
    ] {
        let reference = Some(reference.clone());
        named(paypal.look_up(&LookUp { asked, reference }).await, minor);
    }
    let above = paypal.refund(&change(5, &taken, 1_501)).await;
    assert_eq!(code(&above), "amount_exceeded");
    let declined = paypal.authorise(&charge(6, Some("refused"))).await;
    assert_eq!(code(&declined), "declined");
    // What is let go of twice is let go of once.
    let other = named(paypal.authorise(&charge(7, Some("ok"))).await, 2_549);
    for _ in 0..2 {
        named(paypal.cancel(&change(8, &other, 2_549)).await, 2_549);
    }
    let late = paypal.capture(&change(9, &other, 1)).await;
    assert_eq!(code(&late), "amount_exceeded");
    let exchanges = desk.exchanges();
    assert_eq!(exchanges.len(), 13);
    let complaints = exchanges.iter().flat_map(|one| {
        let seen = seen(one);
        let mut said = judge.request(&seen);
        if !one.said.is_empty() {
            said.extend(judge.answer(&seen, one.status, &one.said));
        }
        said
    });
    assert_eq!(complaints.collect::<Vec<_>>(), [] as [String; 0]);
}

#[tokio::test]
async fn a_lost_answer_is_found_again_under_its_key() {
    let desk = PayPal::open(&Random::seeded(7));
    let paypal = adapter(&desk);
    // A token first, so that the next call is the charge.
    named(paypal.authorise(&charge(1, Some("ok"))).await, 2_549);
    desk.set_faults(Faults {
        lost_after: 100,
        ..Faults::default()
    });
    let lost = paypal.authorise(&charge(2, Some("ok"))).await;
    assert!(matches!(lost, Answer::Unknown { .. }), "{lost:?}");
    desk.set_faults(Faults::default());
    let look_up = LookUp {
        asked: Asked::Authorise(charge(2, Some("ok"))),
        reference: None,
    };
    named(paypal.look_up(&look_up).await, 2_549);
    assert_eq!(desk.held().len(), 2);
}

#[tokio::test]
async fn what_it_tells_is_believed_and_what_a_forger_writes_is_not() {
    let desk = PayPal::open(&Random::seeded(7));
    let paypal = adapter(&desk);
    let held = named(paypal.authorise(&charge(1, Some("ok"))).await, 2_549);
    let taken = named(paypal.capture(&change(2, &held, 2_000)).await, 2_000);
    let given = named(paypal.refund(&change(3, &taken, 500)).await, 500);
    let other = named(paypal.authorise(&charge(4, Some("ok"))).await, 2_549);
    named(paypal.cancel(&change(5, &other, 2_549)).await, 2_549);
    let mut read = Vec::new();
    for (heads, body) in desk.write_notices() {
        let told = paypal.read_notices(&heads, body.as_bytes()).await.unwrap();
        read.extend(told.into_iter().map(|notice| (notice.act, notice.answer)));
        let forged = body.replace("\"value\":\"", "\"value\":\"9");
        let refused = paypal.read_notices(&heads, forged.as_bytes()).await;
        let code = refused.map(|_| ()).unwrap_err().code();
        assert_eq!(code, base::codes::NOTICE_REFUSED);
    }
    let done = |act, reference: &str, minor| {
        let reference = reference.to_owned();
        (
            act,
            Answer::Done {
                reference,
                amount: euros(minor),
            },
        )
    };
    let expected = [
        done(Act::Authorise, &held, 2_549),
        done(Act::Capture, &taken, 2_000),
        done(Act::Refund, &given, 500),
        done(Act::Authorise, &other, 2_549),
        done(Act::Cancel, &other, 2_549),
    ];
    assert_eq!(read, expected);
    let Some(judge) = judge::of(Vendor::PayPal) else {
        return;
    };
    let complaints = desk.exchanges().into_iter().flat_map(|one| {
        let seen = seen(&one);
        let mut said = judge.request(&seen);
        if !one.said.is_empty() {
            said.extend(judge.answer(&seen, one.status, &one.said));
        }
        said
    });
    assert_eq!(complaints.collect::<Vec<_>>(), [] as [String; 0]);
}

fn seen(one: &Exchange) -> Seen {
    Seen {
        method: one.method.clone(),
        path: one.path.clone(),
        headers: one.headers.clone(),
        body: one.body.clone(),
    }
}
