//! What a diner owes for the lines of an order, and what the organisation earns by them.

use base::Money;

use super::account::Account;
use super::transaction::{Draft, Refusal};
use crate::orders::MoneyLine;
use domain::pricing::{Funder, Kind, spread};

/// Posts what is to be paid to the account of the diner, and the lines to the accounts that they earn or cost.
pub(super) fn owe(draft: &mut Draft, lines: &[MoneyLine]) -> Result<(), Refusal> {
    for line in lines {
        let amount = draft.money(line.minor);
        if line.kind.is_paid() {
            draft.debit(Account::Diner, amount)?;
        }
        match line.kind {
            Kind::Item | Kind::Option => draft.credit(Account::Sales, amount)?,
            Kind::DeliveryFee
            | Kind::SmallOrderFee
            | Kind::ServiceFee
            | Kind::PackagingFee
            | Kind::PaymentFee => draft.credit(fee(line.kind), amount)?,
            Kind::TaxAdded => draft.credit(Account::Tax, amount)?,
            Kind::Tip => draft.credit(Account::Tips, amount)?,
            Kind::TipFor(recipient) => draft.credit(Account::TipsFor(recipient), amount)?,
            Kind::Discount(funder) => draft.credit(Account::Discounts(funder), amount)?,
            Kind::TaxIncluded => {
                draft.credit(Account::Tax, amount)?;
                match line.line {
                    Some(_) => draft.debit(Account::Sales, amount)?,
                    None => of_fees(draft, lines, amount)?,
                }
            }
        }
    }
    Ok(())
}

/// Takes a tax out of the fees that hold it. A line of it does not say of which fee it is; all are taxed alike, so each
/// bears the part that it has in all of them.
fn of_fees(draft: &mut Draft, lines: &[MoneyLine], tax: Money) -> Result<(), Refusal> {
    let mut weights = Vec::with_capacity(Kind::FEES.len());
    for kind in Kind::FEES {
        let taxed = lines.iter().filter(|line| is_taxed_with(line, kind));
        let sum = taxed.map(|line| line.minor);
        let sum = sum.into_iter().try_fold(0_i64, i64::checked_add);
        weights.push(u64::try_from(sum.ok_or(Refusal::TooMuch)?).unwrap_or(0));
    }
    for (kind, part) in Kind::FEES.into_iter().zip(spread(tax, &weights)) {
        draft.debit(fee(kind), part)?;
    }
    Ok(())
}

/// Whether a line makes the fee that is taxed: the fee itself, and what the seller himself takes off it.
fn is_taxed_with(line: &MoneyLine, fee: Kind) -> bool {
    let is_own_discount = matches!(
        line.kind,
        Kind::Discount(Funder::Restaurant | Funder::Brand)
    );
    line.kind == fee || (fee == Kind::DeliveryFee && line.line.is_none() && is_own_discount)
}

/// The account that a fee earns for.
fn fee(kind: Kind) -> Account {
    match kind {
        Kind::DeliveryFee => Account::DeliveryFees,
        Kind::SmallOrderFee => Account::SmallOrderFees,
        Kind::ServiceFee => Account::ServiceFees,
        Kind::PackagingFee => Account::PackagingFees,
        Kind::PaymentFee => Account::PaymentFees,
        Kind::Item
        | Kind::Option
        | Kind::TaxAdded
        | Kind::TaxIncluded
        | Kind::Tip
        | Kind::TipFor(_)
        | Kind::Discount(_) => Account::Sales,
    }
}
