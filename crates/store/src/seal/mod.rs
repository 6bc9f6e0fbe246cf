//! Sealing: personal fields are stored under a key of their person, and erasing somebody is destroying that key.
//!
//! The keys have a database of their own, wrapped by the master key, and are durable before they seal anything. A node
//! holds a key for two seconds at most, so after that no node opens what belongs to a destroyed one. Sealed bytes name
//! their person and their field: they open nowhere else.

mod cache;
mod keys;
mod lock;
mod payload;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::{Clock, KeyRing, Random, Secret, Uid};

use crate::call::{Call, Deadline, Scope};
use crate::database::Database;
use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::seal::cache::{Cache, Known};
use crate::value::Value;

pub(crate) use keys::{
    COUNT_OTHERS, ERASE_KEY, FORGET_KEY, MAKE_KEY, READ_KEY, READ_KEYS, READ_OTHERS, READ_SAMPLES,
    REWRAP_KEY,
};

/// Keys got ahead at most.
const PREPARED_MAX: usize = 1_000;
/// Keys put under another master key in one transaction.
const REWRAP_PAGE: i64 = 500;
/// How long one step of putting keys under another master key may take.
const REWRAP_STEP: Duration = Duration::from_secs(30);

/// Stands among people for the installation itself, whose key makes digests. No person has this id.
const INSTALLATION: Uid = Uid::from_bytes([0xff; 16]);

/// A text that only the key of its person opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// The bytes, for a column.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Sealed> for Value {
    fn from(sealed: Sealed) -> Self {
        Value::Bytes(sealed.0)
    }
}

/// What was found under a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The text.
    Text(String),
    /// The key was destroyed; nobody will read it again.
    Erased,
}

/// Seals and opens personal fields. Cheap to clone; one for the whole process.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    keys: Database,
    /// The master keys in force; a rotation exchanges them.
    ring: RwLock<Arc<KeyRing>>,
    clock: Clock,
    random: Random,
    cache: Cache,
}

impl Sealer {
    /// A sealer over a keys database, with the master keys of this ring.
    #[must_use]
    pub fn new(keys: Database, ring: KeyRing, clock: Clock, random: Random) -> Self {
        Sealer(Arc::new(Inner {
            keys,
            ring: RwLock::new(Arc::new(ring)),
            clock,
            random,
            cache: Cache::default(),
        }))
    }

    /// Seals a text as this field of this person, and makes the person's key if there is none.
    ///
    /// # Errors
    /// [`Failure::Refused`] when the person was erased; or the keys database is away or damaged.
    pub async fn seal(
        &self,
        person: Uid,
        field: &str,
        text: &str,
        deadline: &Deadline,
    ) -> Outcome<Sealed> {
        let known = match self.find(person, deadline).await? {
            Some(known) => known,
            None => self.make(person, deadline).await?,
        };
        let Known::Key(key) = known else {
            return Err(Failure::Refused {
                guard: 0,
                name: "person_keys.erased",
            });
        };
        let place = lock::bound_to("comanda field 1", person, field.as_bytes());
        lock::lock(&key, &place, text.as_bytes(), &self.0.random).map(Sealed)
    }

    /// Opens what was sealed as this field of this person.
    ///
    /// # Errors
    /// [`Failure::Damaged`] when the bytes are not what was sealed as this field of this person, or the person never
    /// had a key; or the keys database is away.
    pub async fn open(
        &self,
        person: Uid,
        field: &str,
        sealed: &[u8],
        deadline: &Deadline,
    ) -> Outcome<Opened> {
        let damaged = |why: &str| Failure::Damaged(format!("{field} of person {person:?} {why}"));
        if !lock::is_whole(sealed) {
            return Err(damaged("is not sealed as this version seals"));
        }
        let key = match self.find(person, deadline).await? {
            Some(Known::Key(key)) => key,
            Some(Known::Erased) => return Ok(Opened::Erased),
            None => return Err(damaged("was sealed with a key that is not there")),
        };
        let place = lock::bound_to("comanda field 1", person, field.as_bytes());
        let mut plain =
            lock::unlock(&key, &place, sealed).ok_or_else(|| damaged("is not as it was sealed"))?;
        String::from_utf8(std::mem::take(&mut *plain))
            .map(Opened::Text)
            .map_err(|_| damaged("is no text"))
    }

    /// Gets the keys of many people at once, so that opening a page of them is one question to the database instead of
    /// one for each. More than 1,000 are not got ahead.
    ///
    /// # Errors
    /// The keys database is away or damaged.
    pub async fn prepare(&self, people: &[Uid], deadline: &Deadline) -> Outcome<()> {
        let inner = &*self.0;
        let begun = inner.clock.elapsed();
        let (mut wanted, mut erasures) = (Vec::new(), None);
        for person in people.iter().take(PREPARED_MAX) {
            if let Err(now) = inner.cache.find(*person, begun) {
                wanted.push(*person);
                // The oldest number: what was read before an erasure must not be learnt.
                erasures.get_or_insert(now);
            }
        }
        let Some(erasures) = erasures else {
            return Ok(());
        };
        let rows = self.read(Call::new(&READ_KEYS, [wanted.into()]), deadline);
        for row in rows.await? {
            let (person, key) = (
                row.get(0)?,
                Row(row.values().iter().skip(1).cloned().collect()),
            );
            let known = self.known(person, &key)?;
            let now = inner.clock.elapsed();
            // What is not learnt is asked for when it is opened.
            let _learnt = inner.cache.learn(person, &known, (begun, erasures), now);
        }
        Ok(())
    }

    /// Goes on with other master keys, of which one must be among those before.
    pub fn exchange(&self, ring: &KeyRing) {
        let mut held = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(ring.clone());
    }

    /// What stands for a text where equality is asked for: the same text of the same field gives the same. It is made
    /// with a key of the installation, which is kept beside those of people and outlives every master key.
    ///
    /// # Errors
    /// The keys database is away or damaged.
    pub async fn digest(&self, field: &str, text: &str, deadline: &Deadline) -> Outcome<[u8; 32]> {
        let known = match self.find(INSTALLATION, deadline).await? {
            Some(known) => known,
            None => self.make(INSTALLATION, deadline).await?,
        };
        match known {
            Known::Key(key) => Ok(key.tag(field, text.as_bytes())),
            Known::Erased => Err(Failure::Damaged("the key of digests is erased".to_owned())),
        }
    }

    /// Destroys the key of a person, for ever. When it returns, this node opens nothing of this person any more; others
    /// stop within two seconds.
    ///
    /// # Errors
    /// The keys database is away. Erasing again is right.
    pub async fn erase(&self, person: Uid, deadline: &Deadline) -> Outcome<()> {
        if person == INSTALLATION {
            return Err(Failure::Malformed(
                "the installation is no person".to_owned(),
            ));
        }
        let now = self.0.clock.now();
        let calls = vec![
            Call::new(&FORGET_KEY, [person.into(), now.into()]),
            Call::new(&ERASE_KEY, [person.into(), now.into()]),
        ];
        let erased = self.0.keys.transact(calls, deadline).await;
        // Where the answer was lost it may have been done.
        self.0.cache.erase(person);
        erased?;
        self.0.keys.sweep(deadline).await
    }

    /// Puts every key under the current master key and tells how many of how many are done; answers how many there
    /// were. Interrupted, it goes on where it was. Until it has ended on the whole, the previous key must be kept.
    ///
    /// # Errors
    /// [`Failure::Damaged`] when a key is under a master key that the ring does not have; or the database is away.
    pub async fn rewrap(&self, mut progress: impl FnMut(u64, u64)) -> Outcome<u64> {
        let current = i64::from(self.ring().current.0);
        let deadline = || Deadline::within(&self.0.clock, REWRAP_STEP);
        let count = Call::new(&COUNT_OTHERS, [current.into()]);
        let counted = self.read(count, &deadline()).await?;
        let total: i64 = counted.first().map_or(Ok(0), |row| row.get(0))?;
        let total = u64::try_from(total).unwrap_or_default();
        let (mut done, mut last) = (0_u64, Uid::from_bytes([0; 16]));
        loop {
            progress(done, total.max(done));
            let after = [current.into(), last.into(), REWRAP_PAGE.into()];
            let rows = self
                .read(Call::new(&READ_OTHERS, after), &deadline())
                .await?;
            let calls: Outcome<Vec<Call>> = rows.iter().map(|row| self.rewrapped(row)).collect();
            let Some(row) = rows.last() else {
                return Ok(done);
            };
            last = row.get(0)?;
            self.0.keys.transact(calls?, &deadline()).await?;
            done = done.saturating_add(u64::try_from(rows.len()).unwrap_or_default());
        }
    }

    /// Whether the master keys open what is stored: to be asked at the start, before a wrong ring wraps new keys.
    ///
    /// # Errors
    /// [`Failure::Damaged`] when they do not; or the database is away.
    pub async fn check(&self, deadline: &Deadline) -> Outcome<()> {
        let rows = self.read(Call::new(&READ_SAMPLES, []), deadline).await?;
        rows.iter().try_for_each(|row| {
            let (person, master, wrapped): (Uid, i64, Vec<u8>) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            self.unwrap(person, master, &wrapped).map(|_| ())
        })
    }

    /// The key of a person, from memory or from the database; nothing where there never was one.
    async fn find(&self, person: Uid, deadline: &Deadline) -> Outcome<Option<Known>> {
        let inner = &*self.0;
        loop {
            let begun = inner.clock.elapsed();
            let erasures = match inner.cache.find(person, begun) {
                Ok(known) => return Ok(Some(known)),
                Err(erasures) => erasures,
            };
            let call = Call::new(&READ_KEY, [person.into()]);
            let rows = self.read(call, deadline).await?;
            let Some(row) = rows.first() else {
                return Ok(None);
            };
            let known = self.known(person, row)?;
            let now = inner.clock.elapsed();
            if inner.cache.learn(person, &known, (begun, erasures), now) {
                return Ok(Some(known));
            }
            if deadline.passed() {
                return Err(Failure::TooLate);
            }
        }
    }

    /// Makes a key. Whoever else makes one at the same time, all get the one that was stored.
    async fn make(&self, person: Uid, deadline: &Deadline) -> Outcome<Known> {
        let inner = &*self.0;
        let ring = self.ring();
        let (master, secret) = &ring.current;
        let key = Secret::draw(&inner.random);
        let wrapped = wrap((*master, secret), person, &key, &inner.random)?;
        let params: [Value; 4] = [
            person.into(),
            i64::from(*master).into(),
            wrapped.into(),
            inner.clock.now().into(),
        ];
        inner
            .keys
            .transact(vec![Call::new(&MAKE_KEY, params)], deadline)
            .await?;
        // It is durable now. What is used is what is read back.
        let known = self.find(person, deadline).await?;
        known.ok_or_else(|| Failure::Broken(format!("no key was made for person {person:?}")))
    }

    fn known(&self, person: Uid, row: &Row) -> Outcome<Known> {
        let (master, wrapped): (i64, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
        match wrapped {
            None => Ok(Known::Erased),
            Some(wrapped) => {
                let key = self.unwrap(person, master, &wrapped)?;
                Ok(Known::Key(Arc::new(key)))
            }
        }
    }

    fn unwrap(&self, person: Uid, master: i64, wrapped: &[u8]) -> Outcome<Secret> {
        let damaged = |why: &str| {
            Failure::Damaged(format!(
                "the key of person {person:?} under master key {master} {why}"
            ))
        };
        let ring = self.ring();
        let found = u32::try_from(master).ok().and_then(|number| {
            let secret = ring.find(number)?;
            Some((number, secret))
        });
        if master > i64::from(ring.current.0) {
            let text = format!("master key {master} is not known on this node yet");
            return Err(Failure::Unavailable(text));
        }
        let (number, secret) = found.ok_or_else(|| damaged("which is not in the ring"))?;
        let plain = lock::unlock(&wrapping(secret), &wrapped_as(person, number), wrapped)
            .ok_or_else(|| damaged("cannot be unwrapped: another master key, or damage"))?;
        let bytes = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| damaged("is too short"))?;
        Secret::from_bytes(bytes).map_err(|_| damaged("is none"))
    }

    fn rewrapped(&self, row: &Row) -> Outcome<Call> {
        let (person, master): (Uid, i64) = (row.get(0)?, row.get(1)?);
        let key = self.unwrap(person, master, &row.get::<Vec<u8>>(2)?)?;
        let ring = self.ring();
        let (number, secret) = &ring.current;
        let wrapped = wrap((*number, secret), person, &key, &self.0.random)?;
        let params: [Value; 4] = [
            person.into(),
            i64::from(*number).into(),
            wrapped.into(),
            master.into(),
        ];
        Ok(Call::new(&REWRAP_KEY, params))
    }

    fn ring(&self) -> Arc<KeyRing> {
        let held = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }

    async fn read(&self, call: Call, deadline: &Deadline) -> Outcome<Vec<Row>> {
        let rows = self
            .0
            .keys
            .read(Scope::Nobody, vec![call], deadline)
            .await?;
        Ok(rows.into_iter().flatten().collect())
    }
}

fn wrap(
    (number, secret): (u32, &Secret),
    person: Uid,
    key: &Secret,
    random: &Random,
) -> Outcome<Vec<u8>> {
    let place = wrapped_as(person, number);
    lock::lock(&wrapping(secret), &place, key.bytes(), random)
}

/// What a master key wraps with: a key for this purpose alone.
fn wrapping(secret: &Secret) -> Secret {
    secret.derive("keys of people")
}

fn wrapped_as(person: Uid, master: u32) -> Vec<u8> {
    lock::bound_to("comanda key 1", person, &master.to_be_bytes())
}
