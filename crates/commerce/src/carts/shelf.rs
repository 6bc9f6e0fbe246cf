//! Where carts are kept: found, changed, given to somebody else, given out and removed. It knows no prices.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Organisation, Random, Result, Trail as _, codes};
use domain::people::PersonId;
use engine::Stop;
use serde_json::{Value as Json, json};
use store::retention::old;
use store::{Call, Commit, Db, Failure, Opened, Sealed, Sealer, Value};
use trade::carts::{CARTS_MAX, CartId};

use super::body::{Body, Found};
use super::store::{self as rows, Kept};

/// Under which name carts are sealed.
const FIELD: &str = "cart";
/// How often it is looked for carts that nobody has touched for long, and how many are removed at once.
const CLEAR_EVERY: Duration = Duration::from_secs(60 * 60);
const AT_ONCE: i64 = 200;

/// How often a change is made anew because another one was faster.
pub(super) const TRIES: usize = 16;

/// Where carts are kept. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    random: Random,
    sealer: Sealer,
}

impl Shelf {
    pub(crate) fn new(parts: &crate::Parts) -> Self {
        Shelf(Arc::new(Inner {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            sealer: parts.sealer.clone(),
        }))
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    /// What tells a request from another one, and cannot be guessed from.
    pub(super) async fn digest(&self, text: &str) -> Result<String> {
        let deadline = self.0.db.deadline();
        let digest = self.0.sealer.digest(FIELD, text, &deadline).await.at()?;
        Ok(base::base64::encode(&digest))
    }

    /// The carts of a person.
    pub(crate) async fn all(&self, person: PersonId) -> Result<Vec<Found>> {
        let mut all = Vec::new();
        for kept in self.kept(person).await? {
            all.extend(self.opened(person, kept).await?);
        }
        Ok(all)
    }

    /// A cart of a person; those of others are not there.
    pub(crate) async fn find(&self, person: PersonId, id: CartId) -> Result<Option<Found>> {
        let mut kept = self.kept(person).await?.into_iter();
        match kept.find(|kept| kept.id == id.uid()) {
            Some(kept) => self.opened(person, kept).await,
            None => Ok(None),
        }
    }

    /// A commit that keeps a new cart, and its id. A place that somebody else has taken meanwhile refuses it.
    pub(super) async fn made(&self, person: PersonId, body: &Body) -> Result<(Commit, CartId)> {
        let taken: Vec<i64> = self
            .kept(person)
            .await?
            .iter()
            .map(|one| one.place)
            .collect();
        let id = CartId::make(&self.0.clock, &self.0.random, Organisation::PEOPLE);
        let mut commit = self.commit(person);
        let cart = (id, 1, body);
        self.keep(&mut commit, (person, &taken), cart).await?;
        Ok((commit, id))
    }

    /// A commit that keeps a cart as it is from now on.
    pub(super) async fn changed(&self, person: PersonId, found: &Found) -> Result<Commit> {
        let sealed = self.seal(person, &found.body).await?;
        let mut commit = self.commit(person);
        let params: [Value; 5] = [
            found.place.into(),
            found.id.uid().into(),
            found.version.into(),
            sealed.into(),
            commit.at().into(),
        ];
        commit.guard(&rows::CHANGE, params);
        Ok(commit)
    }

    /// Removes a cart. It may be said again, and of one that is not there.
    pub(crate) async fn remove(&self, person: PersonId, id: CartId) -> Result<bool> {
        let mut kept = self.kept(person).await?.into_iter();
        let Some(kept) = kept.find(|kept| kept.id == id.uid()) else {
            return Ok(false);
        };
        let mut commit = self.commit(person);
        commit.change(&rows::REMOVE, [kept.place.into(), kept.id.into()]);
        self.store(commit).await?;
        Ok(true)
    }

    /// Removes a cart that was ordered as it stood at a version. What was changed in it meanwhile was not ordered and is
    /// not lost: it is a cart of its own then, under another id.
    pub(crate) async fn ordered(
        &self,
        person: PersonId,
        (id, version): (CartId, i64),
    ) -> Result<()> {
        let mut kept = self.kept(person).await?.into_iter();
        let Some(kept) = kept.find(|kept| kept.id == id.uid()) else {
            return Ok(());
        };
        let mut commit = self.commit(person);
        let (place, uid) = (Value::from(kept.place), Value::from(kept.id));
        match kept.version == version {
            true => commit.change(&rows::REMOVE, [place, uid]),
            false => {
                let other = CartId::make(&self.0.clock, &self.0.random, Organisation::PEOPLE);
                commit.change(&rows::RENAME, [place, uid, other.uid().into()])
            }
        };
        self.store(commit).await
    }

    /// Has a person keep a cart of somebody else, under the same id and at the same version. One that is there already stays;
    /// false when there is no room.
    pub(crate) async fn adopt(&self, person: PersonId, found: &Found) -> Result<bool> {
        let mut tries = 1;
        loop {
            match self.try_adopt(person, found).await {
                // Somebody else took the place that was free.
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                tried => return tried,
            }
        }
    }

    async fn try_adopt(&self, person: PersonId, found: &Found) -> Result<bool> {
        let kept = self.kept(person).await?;
        if kept.iter().any(|one| one.id == found.id.uid()) {
            return Ok(true);
        }
        let taken: Vec<i64> = kept.iter().map(|one| one.place).collect();
        let mut commit = self.commit(person);
        let cart = (found.id, found.version, &found.body);
        match self.keep(&mut commit, (person, &taken), cart).await {
            Ok(()) => self.store(commit).await.map(|()| true),
            Err(error) if error.code() == codes::TOO_MANY => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Everything that is kept of a person's carts.
    pub(crate) async fn export(&self, person: PersonId) -> Result<Json> {
        let all = self.all(person).await?.into_iter().map(|found| {
            json!({"id": found.id, "version": found.version, "changedAt": found.at, "holds": found.body})
        });
        Ok(all.collect())
    }

    /// Removes all carts of a person.
    pub(crate) async fn erase(&self, person: PersonId) -> Result<()> {
        let mut commit = self.commit(person);
        commit.change(&rows::REMOVE_ALL, [(-1).into()]);
        self.store(commit).await
    }

    /// Removes carts that nobody has touched for a month, until the stop. Any node may do it.
    pub(crate) async fn clear_old(self, stop: Stop) -> Result<()> {
        loop {
            let before = old(&self.0.clock, Duration::ZERO)?;
            loop {
                let db = &self.0.db;
                let call = Call::new(&rows::CLEAR, [before.into(), AT_ONCE.into()]);
                match db.people().clear(call, &db.deadline()).await {
                    Ok(removed) if i64::try_from(removed).unwrap_or(i64::MAX) >= AT_ONCE => {}
                    Ok(_) | Err(Failure::Unavailable(_) | Failure::TooLate) => break,
                    Err(failure) => return Err(failure.into()),
                }
                if stop.is_stopping() {
                    break;
                }
            }
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(CLEAR_EVERY) => {}
            }
        }
    }

    /// Adds to a commit a cart in a place that is free.
    async fn keep(
        &self,
        commit: &mut Commit,
        (person, taken): (PersonId, &[i64]),
        (id, version, body): (CartId, i64, &Body),
    ) -> Result<()> {
        let free: Vec<i64> = (0..CARTS_MAX)
            .filter(|place| !taken.contains(place))
            .collect();
        // Any of them, by the chance in the id, so that many at once seldom want the same one.
        let [.., chance] = *id.uid().as_bytes();
        let any = usize::from(chance).checked_rem(free.len());
        let place = any.and_then(|any| free.get(any)).copied().ok_or_else(|| {
            let said = format!("a person has at most {CARTS_MAX} carts");
            Error::conflict(codes::TOO_MANY, said)
        })?;
        let sealed = self.seal(person, body).await?;
        let cells: [Value; 5] = [
            place.into(),
            id.uid().into(),
            version.into(),
            sealed.into(),
            commit.at().into(),
        ];
        commit.claim(&rows::CARTS, cells);
        Ok(())
    }

    async fn kept(&self, person: PersonId) -> Result<Vec<Kept>> {
        let db = &self.0.db;
        let call = Call::new(&rows::LIST, []);
        let deadline = db.deadline();
        let found = db.read_person(person.uid(), vec![call], &deadline);
        let found = found.await.at()?;
        let kept = found.iter().flatten().map(rows::read);
        Ok(kept.collect::<Result<_, Failure>>()?)
    }

    /// A cart, unless its person was erased.
    async fn opened(&self, person: PersonId, kept: Kept) -> Result<Option<Found>> {
        let deadline = self.0.db.deadline();
        let opened = self
            .0
            .sealer
            .open(person.uid(), FIELD, &kept.sealed, &deadline);
        let Opened::Text(text) = opened.await.at()? else {
            return Ok(None);
        };
        Ok(Some(Found {
            id: kept.id.into(),
            version: kept.version,
            at: kept.at,
            body: Body::read(&text)?,
            place: kept.place,
        }))
    }

    async fn seal(&self, person: PersonId, body: &Body) -> Result<Sealed> {
        let (text, deadline) = (body.text()?, self.0.db.deadline());
        let sealed = self.0.sealer.seal(person.uid(), FIELD, &text, &deadline);
        sealed.await.at()
    }

    fn commit(&self, person: PersonId) -> Commit {
        Commit::of_person(&self.0.clock, &self.0.random, person.uid())
    }

    async fn store(&self, commit: Commit) -> Result<()> {
        let db = &self.0.db;
        db.commit(commit, &db.deadline()).await.at()?;
        Ok(())
    }
}

/// Whether a commit was refused because somebody else was faster.
pub(super) fn is_outrun(error: &Error) -> bool {
    let failure = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    let is_ours = |name: &str| name == rows::CARTS.name || name == rows::CHANGE.name;
    matches!(failure, Some(Failure::Refused { name, .. }) if is_ours(name))
}
