//! The paper about a refund whose money has gone back: made once, never changed, numbered without gaps.
//!
//! The taxes of a line are what the order stored for it. A part of a line bears a part of each of them, of what earlier
//! notes have left: whatever a line is given back in, all its notes together have exactly its taxes.

use std::collections::BTreeMap;

use base::{Currency, Money, Time, Uid};
use domain::organisations::RestaurantId;
use domain::pricing::{Kind, spread};
use serde::{Deserialize, Serialize};

use super::types::{Part, Reason, Refund, State};
use crate::ledger::Bearer;
use crate::orders::{Line, LineKey, Order, OrderId};
use crate::payments::{Intent, RefundId};

/// What tells the stream of a note from that of its refund: laid over the random part of its id.
const STREAM: [u8; 6] = *b"crnote";
/// Millionths of a whole.
const WHOLE: i128 = 1_000_000;
/// With so many zeros before it a number is no longer than a weight may be.
const WEIGHT_BITS: u32 = 65;

base::typed_id!(
    /// Names a credit note. It follows from the refund, so that one refund has one.
    pub CreditNoteId = "crn";
);

impl CreditNoteId {
    /// The note of a refund.
    #[must_use]
    pub fn of(refund: RefundId) -> Self {
        let mut bytes = *refund.uid().as_bytes();
        let random = bytes.iter_mut().skip(10);
        random.zip(STREAM).for_each(|(byte, over)| *byte ^= over);
        Uid::from_bytes(bytes).into()
    }
}

/// By which means money went back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Through a payment provider.
    Card,
    /// Through a payment provider, to a meal voucher.
    MealVoucher,
    /// To the diner's credit.
    StoreCredit,
    /// In notes and coins.
    Cash,
}

impl By {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::MealVoucher => "meal_voucher",
            Self::StoreCredit => "store_credit",
            Self::Cash => "cash",
        }
    }
}

/// What went back by one means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Back {
    /// By which.
    pub by: By,
    /// How much, in minor units.
    pub minor: i64,
}

/// The tax of one rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteTax {
    /// The rate in millionths; none for fees, of which orders keep none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<i64>,
    /// Whether the price held it; else it came on top.
    pub included: bool,
    /// How much, in minor units. It is a part of what is given back either way.
    pub minor: i64,
}

/// What is given back of a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteLine {
    /// Which line; none for what belongs to no line, fees and the tip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<LineKey>,
    /// What was sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many of it were sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// How much is given back, in minor units, with its taxes.
    pub minor: i64,
    /// The taxes in it, by rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<NoteTax>,
}

/// What a credit note says, but for its number, which a counter gives.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditNote {
    /// Of which refund.
    pub refund: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// Who sold it.
    pub restaurant: RestaurantId,
    /// The calendar year that it is counted in.
    pub year: i64,
    /// What all amounts are in.
    pub currency: Currency,
    /// All that is given back, in minor units, with its taxes.
    pub minor: i64,
    /// The same line by line.
    pub lines: Vec<NoteLine>,
    /// All taxes in it, by rate.
    pub taxes: Vec<NoteTax>,
    /// Why.
    pub reason: Reason,
    /// Who bears it.
    pub bearer: Bearer,
    /// By what it went back.
    pub back: Vec<Back>,
}

/// A credit note as it was issued.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issued {
    /// Which of its year, from 1.
    pub number: i64,
    /// When.
    pub at: Time,
    /// What it says.
    pub note: CreditNote,
}

impl Issued {
    /// Its number as people write it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}-{:06}", self.note.year, self.number)
    }
}

impl CreditNote {
    /// The note of a refund whose money has gone back by these means, after the notes of the same order that there are.
    /// `None` where the money is not all of the refund, or something does not fit.
    #[must_use]
    pub fn of(
        order: &Order,
        refund: &Refund,
        before: &[Self],
        (year, back): (i64, &[Back]),
    ) -> Option<Self> {
        let lines = refund.parts.iter().map(|part| line(order, part, before));
        let lines: Vec<NoteLine> = lines.collect::<Option<_>>()?;
        let note = Self {
            refund: refund.id,
            order: order.id,
            restaurant: order.restaurant,
            year,
            currency: refund.currency,
            minor: refund.minor(),
            taxes: summed(lines.iter().flat_map(|line| &line.taxes))?,
            lines,
            reason: refund.reason,
            bearer: refund.bearer,
            back: together(back)?,
        };
        let is_whole = refund.state == State::Executed
            && sum(note.lines.iter().map(|line| line.minor))? == note.minor
            && sum(note.taxes.iter().map(|tax| tax.minor))? == refund.tax_minor()
            && sum(note.back.iter().map(|back| back.minor))? == note.minor;
        is_whole.then_some(note)
    }
}

/// By which means the money of a refund went back through payments. What went back at once is not in it. `None` where one
/// of the attempts belongs to none of these payments.
#[must_use]
pub fn through(refund: &Refund, payments: &[Intent]) -> Option<Vec<Back>> {
    let moved = refund.moved.iter();
    let moved = moved.filter_map(|moved| Some((moved.attempt?, moved.minor)));
    let back = moved.map(|(id, minor)| {
        let mut all = payments.iter();
        let (payment, attempt) = all.find_map(|one| Some((one, one.attempt(id)?)))?;
        let by = match (attempt.provider.is_credit(), payment.is_voucher()) {
            (true, _) => By::StoreCredit,
            (false, true) => By::MealVoucher,
            (false, false) => By::Card,
        };
        Some(Back { by, minor })
    });
    back.collect()
}

fn line(order: &Order, part: &Part, before: &[CreditNote]) -> Option<NoteLine> {
    let sold = match &part.line {
        Some(key) => Some(order.line(key)?),
        None => None,
    };
    let stored = stored(order, part.line.as_ref(), sold)?;
    let earlier = before.iter().flat_map(|note| &note.lines);
    let earlier = earlier.filter(|line| line.line == part.line);
    let earlier = summed(earlier.flat_map(|line| &line.taxes))?;
    let left = stored.iter().map(|tax| {
        let given = earlier.iter().find(|one| is_same(one, tax));
        let left = tax.minor.saturating_sub(given.map_or(0, |one| one.minor));
        u64::try_from(left).unwrap_or(0)
    });
    let left: Vec<u64> = left.collect();
    let shares = spread(Money::new(part.tax_minor, order.currency), &left);
    let taxes = stored.iter().zip(shares);
    let taxes = taxes.map(|(tax, share)| NoteTax {
        minor: share.minor(),
        ..*tax
    });
    Some(NoteLine {
        line: part.line.clone(),
        name: sold.map(|line| line.name.clone()),
        quantity: sold.map(|line| line.quantity),
        minor: part.minor,
        taxes: taxes.filter(|tax| tax.minor != 0).collect(),
    })
}

/// The taxes of a line as its order stored them, by rate. The order keeps one amount of a line: where the item and what is
/// chosen with it have several rates, each bears as much of it as it says of its price.
fn stored(order: &Order, key: Option<&LineKey>, sold: Option<&Line>) -> Option<Vec<NoteTax>> {
    let money = order.money.iter().filter(|one| one.line.as_ref() == key);
    let mut taxes = Vec::new();
    for one in money {
        let included = match one.kind {
            Kind::TaxIncluded => true,
            Kind::TaxAdded => false,
            Kind::Item
            | Kind::Option
            | Kind::DeliveryFee
            | Kind::SmallOrderFee
            | Kind::ServiceFee
            | Kind::PackagingFee
            | Kind::PaymentFee
            | Kind::Tip
            | Kind::TipFor(_)
            | Kind::Discount(_) => continue,
        };
        let (rates, weights): (Vec<_>, Vec<_>) = match sold {
            Some(line) => weights(line, included)?.into_iter().unzip(),
            None => (vec![None], vec![1]),
        };
        let shares = spread(Money::new(one.minor, order.currency), &weights);
        let each = rates.into_iter().zip(shares);
        taxes.extend(each.map(|(rate, share)| NoteTax {
            rate,
            included,
            minor: share.minor(),
        }));
    }
    summed(&taxes)
}

/// How much tax each rate of a line says of its price, as weights that are worth something beside each other alone.
fn weights(line: &Line, included: bool) -> Option<Vec<(Option<i64>, u64)>> {
    let choices = line.choices.iter();
    let choices = choices.map(|choice| (choice.minor, choice.rate));
    let item = choices
        .clone()
        .try_fold(line.minor, |item, (minor, _)| item.checked_sub(minor))?;
    let mut prices = BTreeMap::<i64, i128>::new();
    for (minor, rate) in [(item, line.rate)].into_iter().chain(choices) {
        let price = prices.entry(rate).or_default();
        *price = price.checked_add(minor.into())?;
    }
    let tax = |(rate, price): (i64, i128)| {
        let tax = price.max(0).checked_mul(rate.into())?;
        let tax = match included {
            true => tax
                .checked_mul(WHOLE)?
                .checked_div(WHOLE.checked_add(rate.into())?)?,
            false => tax,
        };
        Some((rate, tax))
    };
    let taxes: Vec<(i64, i128)> = prices.into_iter().map(tax).collect::<Option<_>>()?;
    let most = taxes.iter().map(|(_, tax)| *tax).max().unwrap_or(0);
    let too_long = WEIGHT_BITS.saturating_sub(most.leading_zeros());
    let taxes = taxes.into_iter().map(|(rate, tax)| {
        let weight = u64::try_from(tax >> too_long).ok()?;
        Some((Some(rate), weight))
    });
    taxes.collect()
}

fn is_same(one: &NoteTax, other: &NoteTax) -> bool {
    (one.rate, one.included) == (other.rate, other.included)
}

/// The same taxes with those of one rate as one, in the order of the rates.
fn summed<'a>(taxes: impl IntoIterator<Item = &'a NoteTax>) -> Option<Vec<NoteTax>> {
    let mut sums = BTreeMap::<(Option<i64>, bool), i64>::new();
    for tax in taxes {
        let sum = sums.entry((tax.rate, tax.included)).or_default();
        *sum = sum.checked_add(tax.minor)?;
    }
    let sums = sums.into_iter().filter(|(_, minor)| *minor != 0);
    let tax = |((rate, included), minor)| NoteTax {
        rate,
        included,
        minor,
    };
    Some(sums.map(tax).collect())
}

/// The same money with what went by one means as one.
fn together(back: &[Back]) -> Option<Vec<Back>> {
    let mut sums = BTreeMap::<By, i64>::new();
    for one in back {
        let sum = sums.entry(one.by).or_default();
        *sum = sum.checked_add(one.minor)?;
    }
    Some(
        sums.into_iter()
            .map(|(by, minor)| Back { by, minor })
            .collect(),
    )
}

fn sum(mut minor: impl Iterator<Item = i64>) -> Option<i64> {
    minor.try_fold(0_i64, |sum, minor| sum.checked_add(minor))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::tests::{money, uid};
    use crate::orders::Choice;
    use crate::orders::tests::placed;
    use crate::refunds::{
        Asking, Command, Left, Moved, Policy, Refusal, Share, Way, apply, decide,
    };

    /// 15.00 with 1.45 of two rates in it, 5.35 with 0.35 on top, and fees of 2.50 with 0.40 in it.
    fn order() -> Order {
        let mut order = placed();
        let mut lines = order.lines.iter_mut();
        let (first, second) = (lines.next().unwrap(), lines.next().unwrap());
        (first.key, second.key) = (LineKey::numbered(0), LineKey::numbered(1));
        (first.minor, first.rate) = (1_500, 70_000);
        (second.minor, second.rate) = (500, 70_000);
        second.choices = Vec::new();
        first.choices = vec![Choice {
            group: uid(5).into(),
            group_name: "Drinks".to_owned(),
            item: uid(6).into(),
            name: "Wine".to_owned(),
            quantity: 1,
            depth: 1,
            minor: 500,
            tax: first.tax.clone(),
            rate: 190_000,
        }];
        order.money = vec![
            money(Kind::Item, Some(0), 1_000),
            money(Kind::Option, Some(0), 500),
            money(Kind::TaxIncluded, Some(0), 145),
            money(Kind::Item, Some(1), 500),
            money(Kind::TaxAdded, Some(1), 35),
            money(Kind::DeliveryFee, None, 250),
            money(Kind::TaxIncluded, None, 40),
        ];
        order
    }

    fn asking(order: &Order, shares: Vec<Share>, before: &[Refund]) -> Asking {
        Asking {
            id: uid(u8::try_from(before.len()).unwrap()).into(),
            order: order.id,
            shares,
            reason: Reason::Missing,
            bearer: Bearer::Restaurant,
            to: Way::Back,
            by: "cook".to_owned(),
        }
    }

    /// A refund whose money has gone back, of an order that has had these refunds before.
    fn executed(order: &Order, shares: Vec<Share>, before: &[Refund]) -> Result<Refund, Refusal> {
        let asking = asking(order, shares, before);
        let left = Left::of(order.currency, &order.money, before).unwrap();
        let policy = Policy { alone_minor: None };
        let asked = decide(None, &Command::Ask(asking), &left, policy)?;
        let refund = asked.iter().fold(None, apply).unwrap();
        let moved = Command::Execute(Moved {
            attempt: None,
            minor: refund.minor(),
        });
        let moved = decide(Some(&refund), &moved, &left, policy)?;
        Ok(moved.iter().fold(Some(refund), apply).unwrap())
    }

    fn note(order: &Order, refund: &Refund, before: &[CreditNote]) -> Option<CreditNote> {
        let back = Back {
            by: By::Cash,
            minor: refund.minor(),
        };
        CreditNote::of(order, refund, before, (2_026, &[back]))
    }

    fn share(place: Option<usize>, minor: impl Into<Option<i64>>) -> Share {
        Share {
            line: place.map(LineKey::numbered),
            minor: minor.into(),
        }
    }

    fn taxes(taxes: &[NoteTax]) -> Vec<(Option<i64>, bool, i64)> {
        let each = taxes.iter();
        each.map(|tax| (tax.rate, tax.included, tax.minor))
            .collect()
    }

    #[test]
    fn a_note_has_the_taxes_of_its_order_by_rate() {
        let order = order();
        let refund = executed(&order, vec![], &[]).unwrap();
        let all = note(&order, &refund, &[]).unwrap();
        let wanted = [
            (None, true, 40),
            (Some(70_000), false, 35),
            (Some(70_000), true, 65),
            (Some(190_000), true, 80),
        ];
        assert_eq!(taxes(&all.taxes), wanted);
        assert_eq!(all.minor, 2_285);
        let kept = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<CreditNote>(&kept).unwrap(), all);
        assert_eq!(CreditNoteId::of(all.refund), CreditNoteId::of(refund.id));
        // Of 0.21 two cents are tax, one of each rate.
        let some = executed(&order, vec![share(Some(0), 21)], &[]).unwrap();
        let some = note(&order, &some, &[]).unwrap();
        let wanted = [(Some(70_000), true, 1), (Some(190_000), true, 1)];
        assert_eq!(taxes(&some.taxes), wanted);
        assert_eq!(taxes(&some.lines[0].taxes), wanted);
    }

    #[test]
    fn what_has_not_gone_back_whole_has_no_note() {
        let order = order();
        let refund = executed(&order, vec![share(Some(1), 100)], &[]).unwrap();
        assert!(note(&order, &refund, &[]).is_some());
        let short = Back {
            by: By::Cash,
            minor: 99,
        };
        assert!(CreditNote::of(&order, &refund, &[], (2_026, &[short])).is_none());
        let mut granted = refund;
        granted.state = State::Granted;
        assert!(note(&order, &granted, &[]).is_none());
    }

    /// All of an order given back in these pieces and a last one; beside some of them a refund waits that is declined then.
    fn given_back(asked: Vec<(usize, i64, i64)>) -> (Vec<(Option<i64>, bool, i64)>, i64) {
        let order = order();
        let (mut refunds, mut notes) = (Vec::new(), Vec::new());
        let line = |place: usize| (place < 2).then_some(place);
        let parts = asked
            .into_iter()
            .map(|(place, minor, beside)| (vec![share(line(place), minor)], beside));
        for (shares, beside) in parts.chain([(vec![], 0)]) {
            let waiting = waiting(&order, shares.clone(), beside, &refunds);
            let counted = [refunds.as_slice(), waiting.as_slice()].concat();
            let Ok(refund) = executed(&order, shares, &counted) else {
                continue;
            };
            let note = note(&order, &refund, &notes).unwrap();
            assert!(note.taxes.iter().all(|tax| tax.minor > 0));
            notes.push(note);
            refunds.push(refund);
        }
        let all = summed(notes.iter().flat_map(|note| &note.taxes)).unwrap();
        (taxes(&all), notes.iter().map(|note| note.minor).sum())
    }

    /// A refund of the same line that nobody has granted.
    fn waiting(
        order: &Order,
        mut shares: Vec<Share>,
        minor: i64,
        before: &[Refund],
    ) -> Vec<Refund> {
        for share in &mut shares {
            share.minor = Some(minor);
        }
        let policy = Policy {
            alone_minor: Some(0),
        };
        let left = Left::of(order.currency, &order.money, before).unwrap();
        let asked = decide(
            None,
            &Command::Ask(asking(order, shares, before)),
            &left,
            policy,
        );
        let asked = asked.into_iter().filter(|_| minor > 0);
        let refund = asked.map(|events| events.iter().fold(None, apply).unwrap());
        refund
            .inspect(|refund| assert_eq!(refund.state, State::Asked))
            .collect()
    }

    const ALL: [(Option<i64>, bool, i64); 4] = [
        (None, true, 40),
        (Some(70_000), false, 35),
        (Some(70_000), true, 65),
        (Some(190_000), true, 80),
    ];

    proptest! {
        #[test]
        fn notes_have_the_taxes_together_however_it_is_given_back(
            asked in prop::collection::vec((0_usize..3, 1_i64..400), 0..20),
        ) {
            let asked = asked.into_iter().map(|(place, minor)| (place, minor, 0));
            prop_assert_eq!(given_back(asked.collect()), (ALL.to_vec(), 2_285));
        }

        // In pieces that are worth more than the cent by which a declined one may have led astray.
        #[test]
        fn notes_have_the_taxes_together_whatever_was_declined_between(
            asked in prop::collection::vec((0_usize..3, 1_i64..80, 0_i64..20), 0..20),
        ) {
            let asked = asked.into_iter();
            let asked = asked.map(|(place, minor, beside)| (place, minor * 5, beside * 5));
            prop_assert_eq!(given_back(asked.collect()), (ALL.to_vec(), 2_285));
        }
    }

    #[test]
    fn prices_beyond_all_measure_are_taxed_by_their_parts() {
        let mut line = order().lines.swap_remove(0);
        (line.minor, line.rate) = (i64::MAX, 190_000);
        line.choices[0].minor = i64::MAX / 2;
        let weights = weights(&line, true).unwrap();
        assert_eq!(weights.len(), 1);
        line.choices[0].rate = 0;
        let weights = super::weights(&line, false).unwrap();
        assert_eq!(weights[0], (Some(0), 0));
        assert!(weights[1].1 > u64::MAX / 8, "{weights:?}");
    }

    #[test]
    fn what_a_choice_takes_off_lowers_what_its_rate_bears() {
        let mut line = order().lines.swap_remove(0);
        let mut less = line.choices[0].clone();
        less.minor = -200;
        line.choices.push(less);
        line.minor -= 200;
        // 10.00 at 7 % and 3.00 at 19 % on top.
        let wanted = [(Some(70_000), 70_000_000), (Some(190_000), 57_000_000)];
        assert_eq!(weights(&line, false).unwrap(), wanted);
    }
}
