//! What the ledger looks like from outside.

use base::{Money, Time};
use serde::{Deserialize, Serialize};
use trade::ledger::{Account, Posting};
use utoipa::ToSchema;

use super::app::{Balance, Posted};

/// A transaction: postings that add up to zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    /// Its id.
    #[schema(pattern = "^txn_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub id: String,
    /// When it was posted.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// What happened.
    #[schema(
        pattern = "^(sale|change|unsale|captured|refund_granted|refund_executed|credit_given|settled)$"
    )]
    pub kind: String,
    /// What it happened to: the id of an order, a change, an attempt, a refund, credit or a settlement.
    #[schema(pattern = "^(ord|chg|att|rfd|crd|stl)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub about: String,
    /// The order that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub order_id: Option<String>,
    /// The currency of all amounts.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// The postings, one for each account.
    pub postings: Vec<PostingView>,
}

/// An amount on an account: a debit or a credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostingView {
    /// The account, as `sales`, `provider:test` or `discounts:restaurant`.
    pub account: String,
    /// How much it is debited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debit: Option<String>,
    /// How much it is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
}

/// What stands on all accounts by what was posted in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceView {
    /// The accounts that were posted to, by currency and account.
    pub accounts: Vec<AccountView>,
    /// What the accounts of each currency add up to.
    pub totals: Vec<TotalView>,
    /// Whether they add up to zero, as they must.
    pub balanced: bool,
    /// How many transactions were summed up.
    #[schema(minimum = 0)]
    pub transactions: usize,
}

/// What stands on an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// The account.
    pub account: String,
    /// In which currency.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// How much: a debit is above zero, a credit below.
    #[schema(pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    pub balance: String,
}

/// What all accounts of a currency add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotalView {
    /// Which currency.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// How much.
    #[schema(pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    pub total: String,
}

impl From<&Posted> for TransactionView {
    fn from(posted: &Posted) -> Self {
        let Posted { at, transaction } = posted;
        let view = |posting: &Posting| {
            let amount = Money::new(posting.minor, transaction.currency());
            let (is_debit, side) = (posting.minor > 0, unsigned(amount));
            PostingView {
                account: posting.account.to_string(),
                debit: is_debit.then(|| side.clone()),
                credit: (!is_debit).then_some(side),
            }
        };
        TransactionView {
            id: transaction.id().to_string(),
            at: *at,
            kind: transaction.kind().name().to_owned(),
            about: transaction.about().to_string(),
            order_id: transaction.order().map(|order| order.to_string()),
            currency: transaction.currency().to_string(),
            postings: transaction.postings().iter().map(view).collect(),
        }
    }
}

/// An amount without its sign.
fn unsigned(amount: Money) -> String {
    let text = amount.amount();
    text.strip_prefix('-').map(str::to_owned).unwrap_or(text)
}

impl From<(&Account, Money)> for AccountView {
    fn from((account, on): (&Account, Money)) -> Self {
        AccountView {
            account: account.to_string(),
            currency: on.currency().to_string(),
            balance: on.amount(),
        }
    }
}

impl From<&Balance> for BalanceView {
    fn from(balance: &Balance) -> Self {
        let totals = balance.sums.totals().into_iter();
        let totals = totals.map(|(currency, minor)| {
            // Sums of accounts that fit may add up to what does not, if the books are very wrong.
            let minor = i64::try_from(minor).unwrap_or(if minor < 0 { i64::MIN } else { i64::MAX });
            TotalView {
                currency: currency.to_string(),
                total: Money::new(minor, currency).amount(),
            }
        });
        BalanceView {
            accounts: balance.sums.iter().map(AccountView::from).collect(),
            totals: totals.collect(),
            balanced: balance.sums.is_balanced(),
            transactions: balance.transactions,
        }
    }
}
