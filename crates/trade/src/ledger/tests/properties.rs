//! What holds for every bill and whatever happens to it.

use super::*;

/// Whatever is granted of what is owed, and whatever of it moves, by parts of a thousand.
fn refunds() -> impl Strategy<Value = Vec<(i64, i64, usize)>> {
    prop::collection::vec((0_i64..=1_000, 0_i64..=1_000, 0_usize..4), 0..5)
}

fn part(minor: i64, thousandths: i64) -> i64 {
    let part = i128::from(minor) * i128::from(thousandths) / 1_000;
    i64::try_from(part).unwrap()
}

/// What happens to an order after it was placed: all of it is taken, and parts are given back.
fn happen(total: i64, refunds: &[(i64, i64, usize)]) -> (Vec<Transaction>, i64, i64) {
    let about = About::Attempt(uid(1).into());
    let taken = Transaction::captured(order(), about, &means(), eur(total));
    let mut posted = vec![taken.unwrap()];
    let (mut granted, mut given) = (0, 0);
    for ((granting, giving, bearer), number) in refunds.iter().zip(10_u8..) {
        let amount = part(total - granted, *granting);
        let grant = Granting {
            refund: uid(number).into(),
            amount: eur(amount),
            tax: eur(part(amount, *giving)),
            bearer: Bearer::ALL[*bearer],
        };
        posted.push(Transaction::refund_granted(order(), &grant).unwrap());
        granted += amount;
        let amount = part(granted - given, *giving);
        let about = About::Refund(grant.refund);
        let moved = Transaction::refund_executed(order(), about, &means(), eur(amount));
        posted.push(moved.unwrap());
        given += amount;
    }
    (posted, granted, given)
}

/// The sale of a bill; none of one that does not fit. Nothing else may be wrong with it.
fn sale(lines: &[MoneyLine]) -> Option<Transaction> {
    match Transaction::sale(order(), Currency::EUR, lines) {
        Ok(sale) => Some(sale),
        Err(Refusal::TooMuch) => None,
        Err(refusal) => panic!("{refusal}"),
    }
}

fn owed(posted: &[Transaction]) -> i64 {
    Sums::of(posted).unwrap().owed(Currency::EUR).minor()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_sale_sums_to_zero_and_the_diner_owes_what_is_to_be_paid(lines in bill()) {
        let Some(sale) = sale(&lines) else { return Ok(()) };
        let sum: i128 = sale.postings().iter().map(|posting| i128::from(posting.minor)).sum();
        prop_assert_eq!(sum, 0);
        prop_assert!(sale.postings().iter().all(|posting| posting.minor != 0));
        prop_assert_eq!(sale.on(&Account::Diner), to_pay(&lines));
        // All taxes are owed to the state, however prices are written.
        let taxes = lines.iter().filter(|line| matches!(line.kind, For::TaxAdded | For::TaxIncluded));
        prop_assert_eq!(sale.on(&Account::Tax), -taxes.map(|line| line.minor).sum::<i64>());
        let read: Transaction = serde_json::from_str(&serde_json::to_string(&sale).unwrap()).unwrap();
        prop_assert_eq!(read, sale);
    }

    #[test]
    fn a_sale_that_comes_to_nothing_leaves_nothing(lines in bill()) {
        let Some(sale) = sale(&lines) else { return Ok(()) };
        let back = Transaction::unsale(order(), Currency::EUR, &lines).unwrap();
        let sums = Sums::of([&sale, &back]).unwrap();
        prop_assert!(sums.iter().all(|(_, on)| on.minor() == 0));
        prop_assert!(sums.is_balanced());
    }

    #[test]
    fn a_change_leaves_what_the_new_lines_would_have_made(before in bill(), after in bill()) {
        let (Some(old), Some(new)) = (sale(&before), sale(&after)) else { return Ok(()) };
        let change = (order(), ChangeId::from(uid(3)));
        let Ok(change) = Transaction::changed(change, Currency::EUR, &before, &after) else {
            return Ok(());
        };
        let (sums, wanted) = (Sums::of([&old, &change]).unwrap(), Sums::of([&new]).unwrap());
        for (account, on) in sums.iter() {
            prop_assert_eq!(on, wanted.on(account, Currency::EUR), "{}", account);
        }
        for (account, on) in wanted.iter() {
            prop_assert_eq!(on, sums.on(account, Currency::EUR), "{}", account);
        }
    }

    #[test]
    fn whatever_happens_the_diner_owes_what_is_left(lines in bill(), refunds in refunds()) {
        let total = to_pay(&lines);
        let Some(sale) = sale(&lines).filter(|_| total >= 0) else { return Ok(()) };
        let (happened, granted, given) = happen(total, &refunds);
        let mut posted: Vec<Transaction> = [vec![sale], happened].concat();
        prop_assert!(Sums::of(&posted).unwrap().is_balanced());
        // What was granted and not given yet is owed to him.
        prop_assert_eq!(owed(&posted), given - granted);
        // If all of it comes to nothing, he gets back what was taken and not given back yet.
        let unsale = Transaction::unwind(order(), Currency::EUR, &posted).unwrap();
        posted.push(unsale);
        prop_assert_eq!(owed(&posted), given - total);
        let rest = Transaction::refund_executed(order(), About::Order(order()), &means(), eur(total - given));
        posted.push(rest.unwrap());
        let sums = Sums::of(&posted).unwrap();
        prop_assert!(sums.iter().all(|(_, on)| on.minor() == 0), "{:?}", sums);
        // There is nothing more to be taken back.
        let again = Transaction::unwind(order(), Currency::EUR, &posted).unwrap();
        prop_assert!(again.postings().is_empty());
    }
}
