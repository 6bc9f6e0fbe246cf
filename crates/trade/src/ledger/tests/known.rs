//! Transactions of which every posting is known.

use super::*;

fn posted(transaction: &Transaction) -> Vec<(String, i64)> {
    let postings = transaction.postings().iter();
    postings
        .map(|posting| (posting.account.to_string(), posting.minor))
        .collect()
}

fn texts(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    let expected = expected.iter();
    expected
        .map(|(account, minor)| ((*account).to_owned(), *minor))
        .collect()
}

#[test]
fn a_sale_with_taxes_on_top() {
    let lines = [
        money(For::Item, Some(0), 1000),
        money(For::Option, Some(0), -50),
        money(For::Discount(Funder::Platform), Some(0), -100),
        money(For::DeliveryFee, None, 250),
        money(For::TaxAdded, Some(0), 67),
        money(For::TaxAdded, None, 18),
        money(For::Tip, None, 200),
    ];
    let sale = Transaction::sale(order(), Currency::EUR, &lines).unwrap();
    let expected = [
        ("diner", 1385),
        ("sales", -950),
        ("delivery_fees", -250),
        ("tax", -85),
        ("tips", -200),
        ("discounts:platform", 100),
    ];
    assert_eq!(posted(&sale), texts(&expected));
}

#[test]
fn taxes_that_prices_hold_are_taken_out_of_what_was_earned() {
    let lines = [
        money(For::Item, Some(0), 1070),
        money(For::DeliveryFee, None, 300),
        money(For::Discount(Funder::Restaurant), None, -200),
        money(For::ServiceFee, None, 100),
        money(For::TaxIncluded, Some(0), 70),
        money(For::TaxIncluded, None, 13),
    ];
    let sale = Transaction::sale(order(), Currency::EUR, &lines).unwrap();
    // Of the 13 the delivery has the half that is left of it to be taxed, and the odd cent.
    let expected = [
        ("diner", 1270),
        ("sales", -1000),
        ("delivery_fees", -293),
        ("service_fees", -94),
        ("tax", -83),
        ("discounts:restaurant", 200),
    ];
    assert_eq!(posted(&sale), texts(&expected));
}

#[test]
fn tips_are_owed_to_those_for_whom_they_are() {
    let lines = [
        money(For::Item, Some(0), 1000),
        money(For::TipFor(Recipient::Courier), None, 150),
        money(For::Tip, None, 50),
    ];
    let sale = Transaction::sale(order(), Currency::EUR, &lines).unwrap();
    let expected = [
        ("diner", 1200),
        ("sales", -1000),
        ("tips", -50),
        ("tips:courier", -150),
    ];
    assert_eq!(posted(&sale), texts(&expected));
    let payment = PaymentId::from(uid(3));
    let later = |recipient| Transaction::tip(order(), payment, recipient, eur(200));
    let kitchen = later(Some(Recipient::Kitchen)).unwrap();
    assert_eq!(
        posted(&kitchen),
        texts(&[("diner", 200), ("tips:kitchen", -200)])
    );
    assert_eq!(
        posted(&later(None).unwrap()),
        texts(&[("diner", 200), ("tips", -200)])
    );
    // An order that comes to nothing owes none of them.
    let all = [sale, kitchen];
    let unwound = Transaction::unwind(order(), Currency::EUR, &all).unwrap();
    assert_eq!(unwound.on(&Account::Diner), -1400);
    assert_eq!(unwound.on(&Account::TipsFor(Recipient::Kitchen)), 200);
    let below = Transaction::tip(order(), payment, None, eur(-1));
    assert_eq!(below, Err(Refusal::Negative));
}

#[test]
fn money_comes_and_goes() {
    let about = About::Attempt(AttemptId::from(uid(1)));
    let taken = Transaction::captured(order(), about, &means(), eur(500)).unwrap();
    assert_eq!(
        posted(&taken),
        texts(&[("diner", -500), ("provider:test", 500)])
    );
    let granting = Granting {
        refund: uid(2).into(),
        amount: eur(107),
        tax: eur(7),
        bearer: Bearer::Courier,
    };
    let granted = Transaction::refund_granted(order(), &granting).unwrap();
    let expected = [("diner", -107), ("tax", 7), ("refunds:courier", 100)];
    assert_eq!(posted(&granted), texts(&expected));
    let about = About::Refund(uid(2).into());
    let given = Transaction::refund_executed(order(), about, &Means::StoreCredit, eur(107));
    let expected = [("diner", 107), ("store_credit", -107)];
    assert_eq!(posted(&given.unwrap()), texts(&expected));
    let given = Transaction::credit_given(None, about, Bearer::Platform, eur(5)).unwrap();
    let expected = [("refunds:platform", 5), ("store_credit", -5)];
    assert_eq!(posted(&given), texts(&expected));
    let settled = Transaction::settled(uid(3).into(), &provider(), eur(500), eur(12)).unwrap();
    let expected = [
        ("provider:test", -500),
        ("bank", 488),
        ("provider_fees", 12),
    ];
    assert_eq!(posted(&settled), texts(&expected));
}

#[test]
fn what_is_no_transaction_is_refused() {
    let about = About::Order(order());
    let refused = Transaction::captured(order(), about, &Means::Cash, eur(-1));
    assert_eq!(refused, Err(Refusal::Negative));
    let granting = |amount, tax| Granting {
        refund: RefundId::from(uid(2)),
        amount,
        tax,
        bearer: Bearer::Restaurant,
    };
    let refused = Transaction::refund_granted(order(), &granting(eur(5), eur(6)));
    assert_eq!(refused, Err(Refusal::TaxAbove));
    let yen = Money::new(1, "JPY".parse().unwrap());
    let refused = Transaction::refund_granted(order(), &granting(eur(5), yen));
    assert_eq!(refused, Err(Refusal::Mixed));
    let refused = Transaction::settled(uid(3).into(), &provider(), eur(5), eur(6));
    assert_eq!(refused, Err(Refusal::Negative));
    let posting = |account, minor| Posting { account, minor };
    let one_sided = vec![posting(Account::Cash, 5), posting(Account::Diner, -4)];
    let refused = Transaction::read((Kind::Sale, about), None, Currency::EUR, one_sided);
    assert_eq!(refused, Err(Refusal::Unbalanced));
    let twice = vec![posting(Account::Cash, 5), posting(Account::Cash, -5)];
    let refused = Transaction::read((Kind::Sale, about), None, Currency::EUR, twice);
    assert_eq!(refused, Err(Refusal::Unbalanced));
    let lines = [
        money(For::Item, Some(0), i64::MAX),
        money(For::Item, Some(1), 1),
    ];
    let refused = Transaction::sale(order(), Currency::EUR, &lines);
    assert_eq!(refused, Err(Refusal::TooMuch));
}

#[test]
fn every_account_has_a_name_that_leads_back_to_it() {
    let all = [
        Account::Diner,
        Account::Provider(provider()),
        Account::Cash,
        Account::Bank,
        Account::Sales,
        Account::DeliveryFees,
        Account::SmallOrderFees,
        Account::ServiceFees,
        Account::PackagingFees,
        Account::PaymentFees,
        Account::Tax,
        Account::Tips,
        Account::TipsFor(Recipient::Courier),
        Account::TipsFor(Recipient::Kitchen),
        Account::TipsFor(Recipient::Service),
        Account::Discounts(Funder::Restaurant),
        Account::Discounts(Funder::Brand),
        Account::Discounts(Funder::Platform),
        Account::Refunds(Bearer::Restaurant),
        Account::Refunds(Bearer::Platform),
        Account::Refunds(Bearer::Courier),
        Account::Refunds(Bearer::Provider),
        Account::StoreCredit,
        Account::ProviderFees,
        Account::Rounding,
    ];
    let mut names = std::collections::BTreeSet::new();
    for account in all {
        let name = account.to_string();
        assert_eq!(name.parse(), Ok(account));
        assert!(names.insert(name));
    }
    for none in [
        "",
        "diners",
        "provider:",
        "provider:A",
        "refunds:state",
        "tips:owner",
        "x:y",
    ] {
        assert_eq!(none.parse::<Account>(), Err(AccountError), "{none}");
    }
}

#[test]
fn the_same_happens_once() {
    let sale = |order: OrderId| Transaction::sale(order, Currency::EUR, &[]).unwrap();
    let (here, there) = (sale(order()), sale(uid(8).into()));
    assert_eq!(here.id(), sale(order()).id());
    assert_ne!(here.id(), there.id());
    let back = Transaction::unsale(order(), Currency::EUR, &[]).unwrap();
    assert_ne!(here.id(), back.id());
    // Whoever routes by the id finds the organisation of the order.
    assert_eq!(here.id().organisation(), order().organisation());
    assert_eq!(here.id().time(), order().time());
}
