//! What the fake provider did: its own book of money, and what it would not do.

use std::collections::{BTreeMap, HashMap, HashSet};

use base::{Money, Uid};
use rpc::providers::{Act, Answer, Asked};

/// What became of an ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What was asked.
    pub act: Act,
    /// How much.
    pub amount: Money,
    /// What it is called here.
    pub reference: String,
    /// What we called it.
    pub merchant_reference: String,
    /// Whether it was done; otherwise the code of the refusal.
    pub done: Result<(), &'static str>,
}

/// How much of one authorisation went where.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Held {
    /// Held for us.
    pub authorised_minor: i64,
    /// Taken of it.
    pub captured_minor: i64,
    /// Given back of what was taken.
    pub refunded_minor: i64,
    /// Let go again.
    pub cancelled_minor: i64,
}

/// The book. It believes nobody: every rule of a provider is checked here.
#[derive(Default, Debug)]
pub(crate) struct Ledger {
    /// By attempt, with the ask as it came first.
    entries: BTreeMap<Uid, (Asked, Entry)>,
    /// Which attempt a reference belongs to.
    attempts: HashMap<String, Uid>,
    /// By reference of the authorisation.
    held: HashMap<String, Held>,
    /// Which authorisation a capture belongs to, and how much of it is left to give back.
    captures: HashMap<String, (String, i64)>,
    /// Authorisations that are paid with a meal voucher.
    vouchers: HashSet<String>,
    made: u64,
    /// Asks that bore the key of another.
    pub(super) other_bodies: u64,
}

impl Ledger {
    /// Does what is asked, once for a key.
    pub(super) fn settle(&mut self, asked: &Asked) -> (Answer, Settled) {
        if let Some((first, entry)) = self.entries.get(&asked.attempt()) {
            if first != asked {
                self.other_bodies += 1;
                return (refused("other_body"), Settled::Before);
            }
            return (answer(entry), Settled::Before);
        }
        self.made += 1;
        let reference = format!(
            "FAKE{:012X}",
            self.made.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16
        );
        let done = self.apply(asked, &reference);
        self.attempts.insert(reference.clone(), asked.attempt());
        let entry = Entry {
            act: asked.act(),
            amount: asked.amount(),
            reference,
            merchant_reference: merchant_reference(asked).to_owned(),
            done,
        };
        let answer = answer(&entry);
        self.entries.insert(asked.attempt(), (asked.clone(), entry));
        (answer, Settled::Now)
    }

    /// What became of an attempt.
    pub(super) fn find(&self, attempt: Uid) -> Option<Answer> {
        self.entries.get(&attempt).map(|(_, entry)| answer(entry))
    }

    /// The entry of this name, if it is of this kind and was done: its attempt, and what became of it.
    pub(crate) fn named(&self, act: Act, reference: &str) -> Option<(Uid, &Entry)> {
        let attempt = *self.attempts.get(reference)?;
        let (_, entry) = self.entries.get(&attempt)?;
        (entry.act == act && entry.done.is_ok()).then_some((attempt, entry))
    }

    /// What was asked, by the name that it got here.
    pub(crate) fn asked(&self, reference: &str) -> Option<&(Asked, Entry)> {
        self.entries.get(self.attempts.get(reference)?)
    }

    /// What was made of an authorisation.
    pub(crate) fn of_authorisation(&self, reference: &str) -> Option<Held> {
        self.held.get(reference).copied()
    }

    /// How much of a capture is left to give back.
    pub(crate) fn left_of_capture(&self, reference: &str) -> Option<i64> {
        self.captures.get(reference).map(|(_, left)| *left)
    }

    fn apply(&mut self, asked: &Asked, reference: &str) -> Result<(), &'static str> {
        let minor = asked.amount().minor();
        if minor <= 0 {
            return Err("amount");
        }
        match asked {
            Asked::Authorise(charge) => {
                match charge.token.as_ref().map(rpc::providers::Token::as_str) {
                    None | Some("ok") => {}
                    Some("refused") => return Err("card_refused"),
                    Some(_) => return Err("token_unknown"),
                }
                let held = Held {
                    authorised_minor: minor,
                    ..Held::default()
                };
                self.held.insert(reference.to_owned(), held);
                if charge.is_voucher {
                    self.vouchers.insert(reference.to_owned());
                }
                Ok(())
            }
            Asked::GoOn(_) => Err("nothing_to_go_on_with"),
            Asked::Capture(change) => {
                let held = self
                    .held
                    .get_mut(&change.reference)
                    .ok_or("no_such_payment")?;
                let left = held.authorised_minor - held.captured_minor - held.cancelled_minor;
                if minor > left {
                    return Err("above_authorised");
                }
                held.captured_minor += minor;
                let whole = (change.reference.clone(), minor);
                self.captures.insert(reference.to_owned(), whole);
                Ok(())
            }
            Asked::Cancel(change) => {
                let held = self
                    .held
                    .get_mut(&change.reference)
                    .ok_or("no_such_payment")?;
                let left = held.authorised_minor - held.captured_minor - held.cancelled_minor;
                if left <= 0 {
                    return Err("nothing_left");
                }
                held.cancelled_minor += left;
                Ok(())
            }
            Asked::Refund(change) => {
                let (authorised, left) = self
                    .captures
                    .get_mut(&change.reference)
                    .ok_or("no_such_capture")?;
                if minor > *left {
                    return Err("above_captured");
                }
                // Of a meal voucher all that was taken is given back, or nothing.
                if self.vouchers.contains(authorised) && minor != *left {
                    return Err("part_refused");
                }
                *left -= minor;
                if let Some(held) = self.held.get_mut(authorised) {
                    held.refunded_minor += minor;
                }
                Ok(())
            }
        }
    }

    pub(super) fn entries(&self) -> BTreeMap<Uid, Entry> {
        let entry = |(key, (_, entry)): (&Uid, &(Asked, Entry))| (*key, entry.clone());
        self.entries.iter().map(entry).collect()
    }

    pub(super) fn entries_len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn held(&self) -> &HashMap<String, Held> {
        &self.held
    }
}

/// Whether an ask had its effect now or had it before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Settled {
    Now,
    Before,
}

fn answer(entry: &Entry) -> Answer {
    match entry.done {
        Ok(()) => Answer::Done {
            reference: entry.reference.clone(),
            amount: entry.amount,
        },
        Err(code) => refused(code),
    }
}

fn refused(code: &str) -> Answer {
    Answer::Refused {
        code: code.to_owned(),
        words: format!("the fake provider refuses: {code}"),
    }
}

pub(super) fn merchant_reference(asked: &Asked) -> &str {
    match asked {
        Asked::Authorise(charge) => &charge.merchant_reference,
        Asked::GoOn(back) => &back.merchant_reference,
        Asked::Capture(change) | Asked::Cancel(change) | Asked::Refund(change) => {
            &change.merchant_reference
        }
    }
}
