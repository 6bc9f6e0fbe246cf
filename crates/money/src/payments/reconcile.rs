//! Whether a provider's settlement file says the same as our rows: pure, and every difference is named.

use std::collections::BTreeMap;

use base::{Currency, Error, Money, Result, Time, Uid, codes};
use serde::Serialize;
use trade::payments::{Act, Intent};
use utoipa::ToSchema;

/// How many lines a file may have.
pub(super) const LINES_MAX: usize = 100_000;
/// The first line of a file.
const HEAD: &str = "reference,kind,amount";

/// Which way money went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// It was taken.
    Capture,
    /// It was given back.
    Refund,
}

/// One movement of money, as one side has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    /// What the provider calls it.
    pub reference: String,
    /// Which way it went.
    pub kind: Moved,
    /// How much, in minor units.
    pub minor: i64,
}

/// What one side has and the other has not, or has otherwise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Difference {
    /// We have it, the file does not.
    OnlyOurs(Line),
    /// The file has it, we do not.
    OnlyTheirs(Line),
    /// Both have it, of another amount; theirs is the second.
    Amount(Line, i64),
    /// The file has it more than once.
    Twice(Line),
}

/// Everything in which a file differs from our rows, in the order of references.
#[must_use]
pub fn reconcile(ours: &[Line], theirs: &[Line]) -> Vec<Difference> {
    let mut left: BTreeMap<(&str, Moved), &Line> =
        ours.iter().map(|line| (key(line), line)).collect();
    let mut seen: BTreeMap<(&str, Moved), ()> = BTreeMap::new();
    let mut differences = Vec::new();
    for line in theirs {
        if seen.insert(key(line), ()).is_some() {
            differences.push(Difference::Twice(line.clone()));
            continue;
        }
        match left.remove(&key(line)) {
            None => differences.push(Difference::OnlyTheirs(line.clone())),
            Some(our) if our.minor != line.minor => {
                differences.push(Difference::Amount(our.clone(), line.minor));
            }
            Some(_) => {}
        }
    }
    let missing = left.into_values().cloned().map(Difference::OnlyOurs);
    differences.extend(missing);
    differences.sort_by(|one, other| place(one).cmp(&place(other)));
    differences
}

/// Reads a file: a head, then lines of reference, kind (`capture`, `refund`) and amount in the currency.
///
/// # Errors
/// A line is no such line; the error names it.
pub(super) fn read(text: &str, currency: Currency) -> Result<Vec<Line>> {
    let mut lines = text.lines().map(str::trim).enumerate();
    if lines
        .next()
        .map(|(_, head)| head.to_ascii_lowercase())
        .as_deref()
        != Some(HEAD)
    {
        return Err(wrong(1, "the first line is reference,kind,amount"));
    }
    let mut read = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        if read.len() >= LINES_MAX {
            return Err(wrong(at.saturating_add(1), "the file has too many lines"));
        }
        read.push(read_line(line, currency).ok_or_else(|| {
            wrong(
                at.saturating_add(1),
                "a line is a reference, capture or refund, and an amount",
            )
        })?);
    }
    Ok(read)
}

/// What our rows say was taken and given back through a provider.
#[must_use]
pub(super) fn of_intent(intent: &Intent, provider: &str) -> Vec<Line> {
    let done = |act, kind| {
        intent.done(act).filter_map(move |attempt| {
            let is_its = attempt.provider.as_str() == provider;
            let reference = attempt.reference.clone().filter(|_| is_its)?;
            Some(Line {
                reference,
                kind,
                minor: attempt.minor,
            })
        })
    };
    done(Act::Capture, Moved::Capture)
        .chain(done(Act::Refund, Moved::Refund))
        .collect()
}

fn read_line(line: &str, currency: Currency) -> Option<Line> {
    let mut fields = line.split(',').map(str::trim);
    let (reference, kind, amount) = (fields.next()?, fields.next()?, fields.next()?);
    if reference.is_empty() || fields.next().is_some() {
        return None;
    }
    Some(Line {
        reference: reference.to_owned(),
        kind: match kind {
            "capture" => Moved::Capture,
            "refund" => Moved::Refund,
            _ => return None,
        },
        minor: Money::parse(amount, currency).ok()?.minor(),
    })
}

fn key(line: &Line) -> (&str, Moved) {
    (&line.reference, line.kind)
}

fn place(difference: &Difference) -> (&str, Moved) {
    match difference {
        Difference::OnlyOurs(line)
        | Difference::OnlyTheirs(line)
        | Difference::Amount(line, _)
        | Difference::Twice(line) => key(line),
    }
}

#[track_caller]
fn wrong(line: usize, said: &str) -> Error {
    Error::invalid(codes::LINE_MALFORMED, format!("line {line}: {said}"))
}

/// The first id that can be made at a time.
pub(super) fn first_of(time: Time) -> Uid {
    let millis = u128::from(time.as_micros().max(0).unsigned_abs() / 1_000);
    Uid::from_bytes((millis << 80).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use base::Currency;

    use super::{Difference, Line, Moved, read, reconcile};

    fn line(reference: &str, kind: Moved, minor: i64) -> Line {
        Line {
            reference: reference.to_owned(),
            kind,
            minor,
        }
    }

    #[test]
    fn what_differs_is_named_and_nothing_else() {
        let text = "reference,kind,amount\nA,capture,10.00\nB,capture,5.00\nB,refund,5.00\nB,refund,5.00\nD,capture,1.00\n";
        let euro: Currency = "EUR".parse().unwrap();
        let theirs = read(text, euro).unwrap();
        let ours = [
            line("A", Moved::Capture, 1_000),
            line("B", Moved::Capture, 501),
            line("B", Moved::Refund, 500),
            line("C", Moved::Refund, 7),
        ];
        assert_eq!(
            reconcile(&ours, &theirs),
            [
                Difference::Amount(line("B", Moved::Capture, 501), 500),
                Difference::Twice(line("B", Moved::Refund, 500)),
                Difference::OnlyOurs(line("C", Moved::Refund, 7)),
                Difference::OnlyTheirs(line("D", Moved::Capture, 100)),
            ]
        );
        assert_eq!(reconcile(&ours, &ours), []);
    }

    #[test]
    fn a_file_that_is_none_is_refused_with_its_line() {
        let euro: Currency = "EUR".parse().unwrap();
        for (text, place) in [
            ("", "line 1"),
            ("reference;kind;amount", "line 1"),
            ("reference,kind,amount\nA,capture", "line 2"),
            ("reference,kind,amount\nA,capture,1\n\nA,stolen,1", "line 4"),
            ("reference,kind,amount\nA,capture,1.005", "line 2"),
        ] {
            let error = read(text, euro).unwrap_err().to_string();
            assert!(error.contains(place), "{text:?}: {error}");
        }
    }
}
