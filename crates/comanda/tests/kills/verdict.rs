//! Holds what the clients were told, what stands in our database, and what the provider did against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base::uid;
use rpc::providers::Act;
use serde_json::Value;
use testkit::paypal::PayPal;

use crate::diners::{REFUND_MINOR, Wish};
use crate::rows::Ground;

/// Orders that came to nothing: nothing may be kept of their money.
const NOTHING: [&str; 4] = ["cancelled", "rejected", "expired", "returned"];
/// Orders that were accepted: they must have been paid.
const ACCEPTED: [&str; 4] = ["confirmed", "preparing", "ready_for_pickup", "collected"];

/// What came of a drill. Every list must be empty.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) acknowledged: usize,
    pub(crate) charges: usize,
    refunds: usize,
    taken_minor: i64,
    lost: Vec<String>,
    doubled: Vec<String>,
    unasked: Vec<String>,
    charged_twice: Vec<String>,
    without_order: Vec<String>,
    unpaid: Vec<String>,
    kept: Vec<String>,
    refunded_twice: Vec<String>,
    other_sums: Vec<String>,
    ledger: Vec<String>,
    sagas: u64,
}

/// What became of the money of one payment at the provider.
#[derive(Clone, Copy, Default)]
struct There {
    /// How many holds there are that were not let go of.
    live: usize,
    held_minor: i64,
    captured_minor: i64,
    refunded_minor: i64,
}

/// The same as our rows have it.
struct Here {
    order: String,
    minor: i64,
    captured_minor: i64,
    refunded_minor: i64,
}

impl Verdict {
    /// Compares everything. The program has been stopped, or is at rest.
    pub(crate) fn of(ground: &Ground, provider: &PayPal, wishes: &[Wish]) -> Self {
        let mut verdict = Verdict::default();
        let orders: BTreeMap<String, String> = ground
            .rows("SELECT id, status FROM orders")
            .into_iter()
            .map(|row| (row[0].replace('-', ""), row[1].clone()))
            .collect();
        verdict.compare_orders(&orders, wishes);
        let (here, there) = (here(ground), there(provider));
        verdict.compare_money(&orders, &here, &there);
        verdict.look_at_ledger(ground, &there);
        verdict.sagas = ground.count("SELECT COUNT(*) FROM sagas");
        verdict
    }

    fn compare_orders(&mut self, orders: &BTreeMap<String, String>, wishes: &[Wish]) {
        let mut told = BTreeSet::new();
        for wish in wishes {
            let Some(id) = &wish.told else { continue };
            self.acknowledged += 1;
            let id = bare("ord", id);
            match orders.get(&id) {
                None => self.lost.push(wish.key.clone()),
                Some(status) if !wish.can_be_paid() && ACCEPTED.contains(&status.as_str()) => {
                    self.unpaid.push(wish.key.clone());
                }
                Some(_) => {}
            }
            if !told.insert(id) {
                self.doubled.push(wish.key.clone());
            }
        }
        let strange = orders.keys().filter(|id| !told.contains(*id));
        self.unasked = strange.cloned().collect();
    }

    fn compare_money(
        &mut self,
        orders: &BTreeMap<String, String>,
        here: &BTreeMap<String, Here>,
        there: &BTreeMap<String, There>,
    ) {
        let nothing = There::default();
        for (payment, theirs) in there {
            let known = here.get(payment);
            if known.is_none_or(|ours| !orders.contains_key(&ours.order)) {
                self.without_order.push(payment.clone());
            }
            self.charges += usize::from(theirs.captured_minor > 0);
            self.refunds += usize::from(theirs.refunded_minor > 0);
            self.taken_minor += theirs.captured_minor - theirs.refunded_minor;
        }
        for (payment, ours) in here {
            let theirs = there.get(payment).unwrap_or(&nothing);
            let status = orders.get(&ours.order).map_or("absent", String::as_str);
            let said = format!(
                "{payment} ({status}): ours {} - {}, theirs {} - {} of {}, {} held in {}",
                ours.captured_minor,
                ours.refunded_minor,
                theirs.captured_minor,
                theirs.refunded_minor,
                ours.minor,
                theirs.held_minor,
                theirs.live
            );
            let sums = (ours.captured_minor, ours.refunded_minor);
            if sums != (theirs.captured_minor, theirs.refunded_minor) {
                self.other_sums.push(said.clone());
            }
            if theirs.live > 1 || theirs.captured_minor > ours.minor {
                self.charged_twice.push(said.clone());
            }
            let rest = theirs.captured_minor - theirs.refunded_minor;
            let is_accepted = ACCEPTED.contains(&status);
            if NOTHING.contains(&status) && (rest != 0 || theirs.held_minor != 0) {
                self.kept.push(said.clone());
            }
            if is_accepted && theirs.captured_minor != ours.minor {
                self.unpaid.push(said.clone());
            }
            if is_accepted && theirs.refunded_minor > REFUND_MINOR {
                self.refunded_twice.push(said);
            }
        }
    }

    fn look_at_ledger(&mut self, ground: &Ground, there: &BTreeMap<String, There>) {
        let odd = "SELECT transaction_id, SUM(minor) FROM ledger_postings \
                   GROUP BY organisation, transaction_id HAVING SUM(minor) <> 0";
        for row in ground.rows(odd) {
            self.ledger.push(format!("{} sums to {}", row[0], row[1]));
        }
        let at_provider = "SELECT COALESCE(SUM(minor), 0) FROM ledger_postings \
                           WHERE account = 'provider:paypal'";
        let ours = &ground.rows(at_provider)[0][0];
        let theirs = there
            .values()
            .map(|one| one.captured_minor - one.refunded_minor)
            .sum::<i64>();
        if *ours != theirs.to_string() {
            let said = format!("provider:paypal is {ours}, and the provider says {theirs}");
            self.ledger.push(said);
        }
    }

    /// Everything is as it must be, and has come to its end.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        self.assert_whole();
        assert_eq!(self.sagas, 0, "sagas are left");
        assert!(self.charges > 0, "nothing was paid: {self:?}");
    }

    /// Everything is as it must be; some may still wait for the restaurant.
    #[track_caller]
    pub(crate) fn assert_whole(&self) {
        let all = [
            &self.lost,
            &self.doubled,
            &self.unasked,
            &self.charged_twice,
            &self.without_order,
            &self.unpaid,
            &self.kept,
            &self.refunded_twice,
            &self.other_sums,
            &self.ledger,
        ];
        assert!(all.iter().all(|list| list.is_empty()), "{self:#?}");
    }
}

/// What the provider did, by our names for payments.
fn there(provider: &PayPal) -> BTreeMap<String, There> {
    let (entries, held) = (provider.entries(), provider.held());
    let mut there: BTreeMap<String, There> = BTreeMap::new();
    for entry in entries.values() {
        if entry.act != Act::Authorise || entry.done.is_err() {
            continue;
        }
        let name = entry.merchant_reference.split('.').next();
        let payment = there
            .entry(name.unwrap_or_default().to_owned())
            .or_default();
        let one = held[&entry.reference];
        let left = one.authorised_minor - one.captured_minor - one.cancelled_minor;
        payment.live += usize::from(one.cancelled_minor == 0);
        payment.held_minor += left;
        payment.captured_minor += one.captured_minor;
        payment.refunded_minor += one.refunded_minor;
    }
    there
}

/// What our rows say.
fn here(ground: &Ground) -> BTreeMap<String, Here> {
    let rows = ground.rows("SELECT document FROM payments");
    let read = |row: Vec<String>| {
        let document: Value = serde_json::from_str(&row[0]).unwrap();
        let minor = |name: &str| document[name].as_i64().unwrap();
        let here = Here {
            order: bare("ord", document["order"].as_str().unwrap()),
            minor: minor("minor"),
            captured_minor: minor("captured_minor"),
            refunded_minor: minor("refunded_minor"),
        };
        (document["id"].as_str().unwrap().to_owned(), here)
    };
    rows.into_iter().map(read).collect()
}

/// An id as it stands in a row, in hexadecimal digits.
fn bare(prefix: &'static str, id: &str) -> String {
    let uid = uid::read(prefix, id).unwrap();
    let bytes = uid.as_bytes().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} orders acknowledged, {} lost, {} doubled, {} that nobody asked for; {} charges and {} refunds, {} twice, \
             {} without order, {} accepted unpaid, {} kept for nothing, {} refunded twice, {} with other sums; \
             ledger: {} odd, EUR {}.{:02} at the provider in both books",
            self.acknowledged,
            self.lost.len(),
            self.doubled.len(),
            self.unasked.len(),
            self.charges,
            self.refunds,
            self.charged_twice.len(),
            self.without_order.len(),
            self.unpaid.len(),
            self.kept.len(),
            self.refunded_twice.len(),
            self.other_sums.len(),
            self.ledger.len(),
            self.taken_minor / 100,
            self.taken_minor % 100,
        )
    }
}
