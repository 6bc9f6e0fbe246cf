//! Signed heads: every few seconds when something was added, after so many entries, and at a stop.
//!
//! The newest one goes to the control database too, so that whoever cuts the chain off has to change both. A chain that
//! does not hold what was signed before is not signed over: what is kept there is the evidence.

use std::time::Duration;

use base::{Error, KeyRing, Result, Trail as _, codes};
use domain::audit::{Head, Introduced, Public, Signer, Tail};
use store::{Call, Db, Scope};

use super::ledger::Ledger;
use super::store::{
    ADD_HEAD, ADD_SIGNER, PUT_NEWEST, READ_HASH, READ_LAST_HEAD, READ_NEWEST, READ_SIGNERS, head,
    row_of_head, row_of_signer, signer, tail,
};

/// The longest time that an entry stays unsigned while all is well.
const SIGN_EVERY: Duration = Duration::from_secs(2);
/// Entries after which a head is signed at once.
const SIGN_AFTER: i64 = 4_096;
/// Between two complaints about the same thing.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// What is known of the heads of this region.
pub(super) struct Signing {
    ledger: Ledger,
    /// How far it is signed, once that was looked up.
    signed: Option<i64>,
    /// The last head that is not in the control database yet.
    unannounced: Option<Head>,
    /// The signer in use, once its key is introduced.
    signer: Option<Signer>,
    next: Duration,
    next_complaint: Duration,
}

impl Signing {
    pub(super) fn new(ledger: &Ledger) -> Self {
        Signing {
            ledger: ledger.clone(),
            signed: None,
            unannounced: None,
            signer: None,
            next: Duration::ZERO,
            next_complaint: Duration::ZERO,
        }
    }

    /// Whether a chain that ends here should be signed now.
    pub(super) fn is_due(&self, tail: Option<Tail>) -> bool {
        let added = match (tail, self.signed) {
            (Some(tail), Some(signed)) => tail.seq.saturating_sub(signed),
            // At the start it is not known what was left unsigned.
            (_, None) => 1,
            (None, Some(_)) => 0,
        };
        let is_time = self.ledger.0.clock.elapsed() >= self.next;
        added >= SIGN_AFTER || (is_time && (added > 0 || self.unannounced.is_some()))
    }

    /// Signs this end. What fails is tried again in a while.
    pub(super) async fn sign(&mut self, tail: Tail) {
        let now = self.ledger.0.clock.elapsed();
        self.next = now.saturating_add(SIGN_EVERY);
        if let Err(error) = self.try_sign(tail).await
            && now >= self.next_complaint
        {
            self.next_complaint = now.saturating_add(COMPLAIN_EVERY);
            metrics::counter!("audit_sign_failures_total").increment(1);
            tracing::error!(?error, "the audit log was not signed");
        }
    }

    async fn try_sign(&mut self, tail: Tail) -> Result<()> {
        let signed = match self.signed {
            Some(signed) => signed,
            None => self.begin().await?,
        };
        if tail.seq > signed {
            self.introduce().await?;
            let (db, at) = (&self.ledger.0.db, self.ledger.0.clock.now());
            let Some(signer) = &self.signer else {
                return Ok(());
            };
            let head = signer.sign(db.region(), tail, at);
            let call = Call::new(&ADD_HEAD, row_of_head(&head));
            db.audit().transact(vec![call], &db.deadline()).await?;
            metrics::gauge!("audit_signed_entries").set(tail.seq as f64);
            self.signed = Some(tail.seq);
            self.unannounced = Some(head);
        }
        if let Some(head) = &self.unannounced {
            announce(&self.ledger.0.db, head).await?;
            self.unannounced = None;
        }
        Ok(())
    }

    /// Looks how far it is signed, and whether the chain still holds the newest head that the other database has.
    async fn begin(&mut self) -> Result<i64> {
        let db = &self.ledger.0.db;
        if let Some(newest) = newest(db).await? {
            let call = Call::new(&READ_HASH, [newest.tail.seq.into()]);
            let rows = self.ledger.read(vec![call]).await?;
            let found = rows.iter().flatten().next().map(tail).transpose()?;
            if found != Some(newest.tail) {
                let text = format!(
                    "entry {} was signed and is not there as it was; run: comanda audit verify",
                    newest.tail.seq
                );
                return Err(Error::internal(codes::DAMAGED, text));
            }
        }
        let rows = self
            .ledger
            .read(vec![Call::new(&READ_LAST_HEAD, [])])
            .await?;
        let last = rows.iter().flatten().next().map(head).transpose()?;
        let signed = last.map_or(0, |last| last.tail.seq);
        self.signed = Some(signed);
        Ok(signed)
    }

    /// Sees that the current key is known to the log, also when it was rotated a moment ago.
    async fn introduce(&mut self) -> Result<()> {
        let ring = self.ledger.0.keys.borrow().clone();
        let is_known = |signer: &Signer| signer.number() == ring.current.0;
        if self.signer.as_ref().is_some_and(is_known) {
            return Ok(());
        }
        let ours = signers(&ring)?;
        let mut known = introduced(&self.ledger.0.db).await?;
        // The key before the current one may be new to the log too.
        for (place, signer) in ours.iter().enumerate() {
            if known.iter().all(|known| known.number != signer.number()) {
                let by = place.checked_sub(1).and_then(|before| ours.get(before));
                known = self.add(signer, by, &known).await?;
            }
        }
        let current = ours.into_iter().last();
        let is_ours = |known: &Introduced, signer: &Signer| {
            known.number == signer.number() && known.public == *signer.public()
        };
        match (current, known.last()) {
            (Some(signer), Some(last)) if is_ours(last, &signer) => {
                self.signer = Some(signer);
                Ok(())
            }
            _ => Err(Error::conflict(
                codes::CONFLICT,
                "the secret `audit` of this machine is not the one that signed this audit log last",
            )),
        }
    }

    async fn add(
        &self,
        signer: &Signer,
        by: Option<&Signer>,
        known: &[Introduced],
    ) -> Result<Vec<Introduced>> {
        let before = known.last();
        // Only the one right before may put in its word.
        let by = by.filter(|by| before.is_some_and(|before| before.public == *by.public()));
        let introduced = signer.introduce(before, by, self.ledger.0.clock.now());
        let call = Call::new(&ADD_SIGNER, row_of_signer(&introduced));
        let db = &self.ledger.0.db;
        db.audit().transact(vec![call], &db.deadline()).await?;
        super::signing::introduced(db).await
    }
}

/// The signers of a ring, the older one first.
fn signers(ring: &KeyRing) -> Result<Vec<Signer>> {
    let mut signers = Vec::new();
    for (number, secret) in ring.all() {
        let signer = Signer::new(number, secret);
        let signer = signer.map_err(|error| Error::internal(codes::INTERNAL, error.to_string()));
        signers.insert(0, signer?);
    }
    Ok(signers)
}

/// The public keys of a ring: what this machine knows of its own accord.
///
/// # Errors
/// A secret gives no key.
pub fn public_keys(ring: &KeyRing) -> Result<Vec<(u32, Public)>> {
    let signers = signers(ring)?;
    Ok(signers
        .iter()
        .map(|signer| (signer.number(), *signer.public()))
        .collect())
}

/// All keys that the log knows, in the order of their numbers.
pub(super) async fn introduced(db: &Db) -> Result<Vec<Introduced>> {
    let calls = vec![Call::new(&READ_SIGNERS, [])];
    let rows = db
        .audit()
        .read(Scope::Nobody, calls, &db.deadline())
        .await?;
    let signers = rows.iter().flatten().map(signer);
    Ok(signers.collect::<std::result::Result<_, _>>()?)
}

/// The newest head of this region that the control database has.
pub(super) async fn newest(db: &Db) -> Result<Option<Head>> {
    let calls = vec![Call::new(&READ_NEWEST, [db.region().into()])];
    let rows = db
        .control()
        .read(Scope::Nobody, calls, &db.deadline())
        .await;
    let rows = rows.context("reading the newest head in the control database")?;
    Ok(rows.iter().flatten().next().map(head).transpose()?)
}

async fn announce(db: &Db, head: &Head) -> Result<()> {
    let mut row = vec![db.region().into()];
    row.extend(row_of_head(head));
    let call = Call::new(&PUT_NEWEST, row);
    db.control().transact(vec![call], &db.deadline()).await?;
    Ok(())
}
