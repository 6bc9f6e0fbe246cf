//! A checksum in the row itself: what a disk or a page of memory has changed is found when the row is read.
//!
//! It is no signature: whoever can write rows can write checksums. The first eight bytes of a SHA-256 are taken because
//! it is fast where the processor knows it, alike everywhere, and blind to the patterns in which disks fail.

use base::{Organisation, Time, Uid};
use ring::digest::{SHA256, digest};

use crate::failure::{Failure, Outcome};
use crate::value::Value;

/// The checksum of values, as a number for a column of the row that holds them. Everything in the row belongs into it,
/// the owner and the key too, and the name of the table first, so that no row can pass for another.
///
/// An id and its 16 bytes give the same, because SQLite cannot tell them apart.
#[must_use]
pub fn checksum(values: &[Value]) -> i64 {
    let mut sum = Sum::default();
    for value in values {
        sum.value(value);
    }
    sum.finish()
}

/// A row whose checksum does not fit what else it holds.
pub(crate) fn damaged(table: &'static str, key: impl std::fmt::Display) -> Failure {
    metrics::counter!("store_damaged_rows_total", "table" => table).increment(1);
    Failure::Damaged(format!(
        "{table}: the row of {key} is not as it was written"
    ))
}

/// Answers whether a checksum is the right one, as an outcome that names the row.
pub(crate) fn verified(
    table: &'static str,
    sum: i64,
    stored: i64,
    key: impl FnOnce() -> String,
) -> Outcome<()> {
    if sum == stored {
        Ok(())
    } else {
        Err(damaged(table, key()))
    }
}

/// Enough for most rows.
const ROW_BYTES: usize = 1_024;

/// A checksum in the making: the cells are laid one after the other and digested at once, because many small steps cost
/// more than the digest.
pub(crate) struct Sum(Vec<u8>);

impl Default for Sum {
    fn default() -> Self {
        Sum(Vec::with_capacity(ROW_BYTES))
    }
}

impl Sum {
    /// The checksum of a row of this table.
    pub(crate) fn of(table: &str) -> Self {
        let mut sum = Sum::default();
        sum.text(table);
        sum
    }

    pub(crate) fn int(&mut self, number: i64) -> &mut Self {
        self.part(b'i', &number.to_be_bytes())
    }

    pub(crate) fn time(&mut self, time: Time) -> &mut Self {
        self.int(time.as_micros())
    }

    pub(crate) fn organisation(&mut self, organisation: Organisation) -> &mut Self {
        self.int(organisation.into())
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.part(b't', text.as_bytes())
    }

    pub(crate) fn id(&mut self, id: Uid) -> &mut Self {
        self.part(b'b', id.as_bytes())
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.part(b'b', bytes)
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.part(b'n', &[])
    }

    fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.null(),
            Value::Int(number) => self.int(*number),
            Value::Text(text) => self.text(text),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Id(id) => self.id(*id),
            // A list is a parameter and never stands in a row.
            Value::Ints(numbers) => numbers.iter().fold(self, |sum, number| sum.int(*number)),
            Value::Ids(ids) => ids.iter().fold(self, |sum, id| sum.id(*id)),
        }
    }

    pub(crate) fn finish(&mut self) -> i64 {
        let digest = digest(&SHA256, &self.0);
        let mut first = [0; 8];
        for (byte, digest) in first.iter_mut().zip(digest.as_ref()) {
            *byte = *digest;
        }
        i64::from_be_bytes(first)
    }

    /// Kind and length stand before the bytes, so that no two rows of different cells give the same text.
    fn part(&mut self, kind: u8, bytes: &[u8]) -> &mut Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.push(kind);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    #[test]
    fn every_cell_and_every_border_counts() {
        let id = Uid::from_bytes([7; 16]);
        let row = |a: &str, b: &str, n: i64| checksum(&[a.into(), b.into(), n.into(), id.into()]);
        let sums = [
            row("ab", "c", 1),
            row("a", "bc", 1),
            row("ab", "c", 2),
            row("ab", "", 1),
            checksum(&["ab".into(), Value::Null, 1.into(), id.into()]),
            checksum(&["ab".into(), "c".into(), 1.into()]),
        ];
        for (at, sum) in sums.iter().enumerate() {
            assert!(!sums[..at].contains(sum), "{at}");
        }
        assert_eq!(checksum(&[id.into()]), checksum(&[vec![7_u8; 16].into()]));
    }

    #[test]
    fn a_row_costs_little() {
        const ROWS: u32 = 20_000;
        let payload = "x".repeat(400);
        let clock = Clock::real();
        let begun = clock.elapsed();
        let mut all = 0;
        for position in 0..i64::from(ROWS) {
            let mut sum = Sum::of("log");
            sum.int(7).id(Uid::from_bytes([7; 16])).int(1);
            sum.text("order.created")
                .text(&payload)
                .text("diner")
                .text("");
            all ^= sum.int(position).finish();
        }
        let each = clock.elapsed().saturating_sub(begun) / ROWS;
        println!(
            "checksum of a log row of 400 bytes: {} ns ({all:x})",
            each.as_nanos()
        );
        assert!(each.as_micros() < 100, "{each:?}");
    }
}
