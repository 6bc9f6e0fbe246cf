//! Changes of credit as a part of another slice's commit.

use base::{Result, Trail as _, Uid};
use slice::Ask;
use store::{Cell, Commit, Failure, Value};
use trade::ledger::CreditId;

use super::store::{ENTRIES, Entry, GIVE, SPEND, cells};

/// What tells the stream of these events from others about the same attempt or refund.
const STREAM: [u8; 6] = *b"credit";

/// What happened to somebody's credit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Somebody who works there gave it.
    Given,
    /// It is a refund.
    Refunded,
    /// What was spent has come back.
    Returned,
    /// It was spent.
    Spent,
}

impl What {
    const ALL: [Self; 4] = [Self::Given, Self::Refunded, Self::Returned, Self::Spent];

    /// All names of these events in the log.
    pub const KINDS: [&'static str; 4] = [
        "credit.given",
        "credit.refunded",
        "credit.returned",
        "credit.spent",
    ];

    /// Its name in the log.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Given => "credit.given",
            Self::Refunded => "credit.refunded",
            Self::Returned => "credit.returned",
            Self::Spent => "credit.spent",
        }
    }

    pub(super) fn find(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.kind() == kind)
    }

    /// An amount as it changes the balance.
    pub const fn signed(self, minor: i64) -> i64 {
        match self {
            Self::Given | Self::Refunded | Self::Returned => minor,
            Self::Spent => minor.saturating_neg(),
        }
    }
}

/// Spends credit with a commit, for what has this id. It is refused when there is not so much, and [`is_short`] tells so.
pub fn spend(commit: &mut Commit, ask: &Ask, of: Uid, entry: &Entry) -> Result<CreditId> {
    if !base::planted("credit_not_spent") {
        commit.guard(&SPEND, changed(entry));
    }
    note(commit, ask, (of, What::Spent), entry)
}

/// Adds to credit with a commit, for what has this id.
pub fn give(
    commit: &mut Commit,
    ask: &Ask,
    (of, what): (Uid, What),
    entry: &Entry,
) -> Result<CreditId> {
    commit.change(&GIVE, changed(entry));
    note(commit, ask, (of, what), entry)
}

/// Whether a commit was refused because somebody has not so much credit.
pub fn is_short(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == SPEND.name)
}

fn changed(entry: &Entry) -> [Value; 3] {
    [
        entry.person.uid().into(),
        entry.currency.code().into(),
        entry.minor.into(),
    ]
}

fn note(
    commit: &mut Commit,
    ask: &Ask,
    (of, what): (Uid, What),
    entry: &Entry,
) -> Result<CreditId> {
    let mut bytes = *of.as_bytes();
    let random = bytes.iter_mut().skip(10);
    random.zip(STREAM).for_each(|(byte, over)| *byte ^= over);
    let id = CreditId::from(Uid::from_bytes(bytes));
    let row = cells((id, what), commit.at(), entry).at()?;
    let row: Vec<Cell> = row.into_iter().map(Into::into).collect();
    commit.insert(&ENTRIES, row);
    let event = ask.event(commit, (id.uid(), 1), what.kind(), entry)?;
    commit.event(event);
    Ok(id)
}
