//! Entries as links of a chain.

use std::fmt;

use ring::digest::{Context, SHA256};

use super::entry::Entry;
use super::walk::Fault;

/// Stands in front of what is hashed, so that nothing else can pass for an entry.
const FORM: &[u8] = b"comanda audit entry 1";

/// The SHA-256 of a link, of all that went before it included.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first link has for the one before it.
    pub const ZERO: Self = Hash([0; 32]);

    /// The hash of 32 bytes that were stored.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An entry in its place in the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Its place: 1 for the first, and no number is left out.
    pub seq: i64,
    /// What is written down.
    pub entry: Entry,
    /// The hash of the link before.
    pub previous: Hash,
    /// The hash of this one.
    pub hash: Hash,
}

impl Link {
    /// The hash that belongs to what it says.
    #[must_use]
    pub fn computed(&self) -> Hash {
        digest(self.seq, &self.entry, self.previous)
    }
}

/// Where the chain ends, or how far it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tail {
    /// The place of the last link; 0 when there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: Hash,
}

impl Tail {
    /// The end of an empty chain.
    pub const START: Self = Tail {
        seq: 0,
        hash: Hash::ZERO,
    };

    /// The link that comes next with this entry; the chain ends with it now.
    pub fn append(&mut self, entry: Entry) -> Link {
        let (seq, previous) = (self.seq.saturating_add(1), self.hash);
        let hash = digest(seq, &entry, previous);
        *self = Tail { seq, hash };
        Link {
            seq,
            entry,
            previous,
            hash,
        }
    }

    /// Goes on to a link that was read.
    ///
    /// # Errors
    /// It is not the next one, does not hang on the one before, or does not say what was written.
    pub fn follow(&mut self, link: &Link) -> Result<(), Fault> {
        if link.seq != self.seq.saturating_add(1) {
            return Err(Fault::Absent);
        }
        if link.previous != self.hash {
            return Err(Fault::Unlinked);
        }
        if link.computed() != link.hash {
            return Err(Fault::Changed);
        }
        *self = Tail {
            seq: link.seq,
            hash: link.hash,
        };
        Ok(())
    }
}

/// Every field with its length in front, so that no part of one can pass for a part of the next.
fn digest(seq: i64, entry: &Entry, previous: Hash) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(FORM);
    context.update(&previous.0);
    for number in [
        seq,
        entry.at.as_micros(),
        i64::from(entry.organisation.get()),
    ] {
        context.update(&number.to_be_bytes());
    }
    let texts = [
        entry.actor.as_str(),
        &entry.role,
        entry.what.name(),
        &entry.operation,
        &entry.target,
        &entry.code,
        &entry.reason,
        &entry.correlation,
    ];
    for text in texts.into_iter().chain(entry.source.as_deref()) {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    finished(context)
}

/// What a hash comes to.
pub(super) fn finished(context: Context) -> Hash {
    let mut hash = Hash::ZERO;
    for (byte, digested) in hash.0.iter_mut().zip(context.finish().as_ref()) {
        *byte = *digested;
    }
    hash
}
