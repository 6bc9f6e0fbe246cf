//! Verifying a chain as a walk over its pages, from the first link or from any one that was verified before.

use std::collections::BTreeMap;

use super::chain::{Link, Tail};
use super::keys::{Head, Public};

/// Links after a signed head that may be without one. Each process signs long before that; more means that somebody
/// has taken heads away, or that nothing was signed.
pub const UNSIGNED_MAX: i64 = 65_536;

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// A link is gone, or another stands in its place.
    #[error("it is not there")]
    Absent,
    /// Its hash is not the one of what it says.
    #[error("it does not say what was written")]
    Changed,
    /// It does not carry the hash of the one before.
    #[error("it does not hang on the one before it")]
    Unlinked,
    /// A signed head says another hash.
    #[error("a signed head says that something else was written here or before")]
    Rewritten,
    /// The signature of a head is not by its key.
    #[error("the signature of the head is wrong")]
    Forged,
    /// The key of a head is not known.
    #[error("the head was signed by a key that nobody vouches for")]
    Stranger,
    /// Too long without a head.
    #[error("too many entries follow each other without a signed head")]
    Unsigned,
}

/// The first thing that is wrong, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("entry {seq}: {fault}")]
pub struct Finding {
    /// The number of the entry.
    pub seq: i64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// A walk under way.
#[derive(Clone, Debug)]
pub struct Walk<'w> {
    region: &'w str,
    keys: &'w BTreeMap<u32, Public>,
    /// The newest head as another database has it.
    newest: Option<&'w Head>,
    tail: Tail,
    signed: i64,
}

impl<'w> Walk<'w> {
    /// A walk from after this link on. It believes these keys, and `newest` is the head that another database kept.
    #[must_use]
    pub const fn from(
        (region, keys): (&'w str, &'w BTreeMap<u32, Public>),
        after: Tail,
        newest: Option<&'w Head>,
    ) -> Self {
        Walk {
            region,
            keys,
            newest,
            tail: after,
            signed: after.seq,
        }
    }

    /// How far it has come.
    #[must_use]
    pub const fn tail(&self) -> Tail {
        self.tail
    }

    /// The last link that a signed head covers.
    #[must_use]
    pub const fn signed(&self) -> i64 {
        self.signed
    }

    /// Goes over the next links. `heads` are those that were signed over one of them, in order.
    ///
    /// # Errors
    /// The first thing that is wrong. The walk cannot go on then.
    pub fn page(&mut self, links: &[Link], heads: &[Head]) -> Result<(), Finding> {
        let mut heads = heads.iter().peekable();
        for link in links {
            let seq = self.tail.seq.saturating_add(1);
            self.tail
                .follow(link)
                .map_err(|fault| Finding { seq, fault })?;
            while let Some(head) = heads.next_if(|head| head.tail.seq <= seq) {
                self.head(head)?;
            }
            if let Some(newest) = self.newest.filter(|newest| newest.tail.seq == seq) {
                self.head(newest)?;
            }
            if seq.saturating_sub(self.signed) > UNSIGNED_MAX {
                return Err(Finding {
                    seq,
                    fault: Fault::Unsigned,
                });
            }
        }
        Ok(())
    }

    /// Ends at the last link that there is: what was signed beyond it was cut off. `beyond` are such heads.
    ///
    /// # Errors
    /// The first link that is not there any more, or a head that does not belong to this chain.
    pub fn end(mut self, beyond: &[Head]) -> Result<Tail, Finding> {
        let newest = self.newest;
        let newest = newest.filter(|newest| newest.tail.seq > self.tail.seq);
        for head in beyond.iter().chain(newest) {
            self.head(head)?;
        }
        Ok(self.tail)
    }

    /// Compares a head with the link that the walk stands on, and tests its signature.
    fn head(&mut self, head: &Head) -> Result<(), Finding> {
        let at = |seq, fault| Err(Finding { seq, fault });
        let seq = head.tail.seq;
        let Some(key) = self.keys.get(&head.key) else {
            return at(seq, Fault::Stranger);
        };
        if !head.is_signed(self.region, key) {
            return at(seq, Fault::Forged);
        }
        if seq > self.tail.seq {
            return at(self.tail.seq.saturating_add(1), Fault::Absent);
        }
        if head.tail != self.tail {
            return at(seq, Fault::Rewritten);
        }
        self.signed = seq;
        Ok(())
    }
}
