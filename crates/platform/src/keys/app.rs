//! What can be done with keys: issued, listed, revoked, and presented.

use std::sync::Arc;

use base::{Error, Page, Result, Time, Trail as _, Uid, codes};
use domain::access::{Access, KeyId};
use domain::organisations::{Consent, Counted, Issue, OrganisationId, RestaurantId};
use edge::{Caller, Identify, Role};
use engine::Stop;
use futures_util::future::{BoxFuture, try_join_all};
use http::HeaderMap;
use slice::{Ask, Turn};
use store::{Failure, Value};

use super::known::{Ground, Known, Sort};
use super::store::{self as rows, Key};
use super::view::{Issued, KeyView};
use crate::access::{self, Scopes};
use crate::organisations::{brand_of, house_of, missing, usage};

static SORT: Sort = Sort {
    prefix: KeyId::PREFIX,
    purpose: "integrator_keys",
    role: Role::Key,
    find: &rows::FIND,
    read: rows::record,
    note: &rows::NOTE_USE,
    retag: &rows::RETAG,
    topics: "key.*",
};

/// The use cases of keys. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    known: Known,
    access: access::App,
}

impl App {
    /// The use cases on this ground; nobody gives a key more than `access` says that he has himself.
    #[must_use]
    pub fn new(ground: &Ground, access: &access::App) -> Self {
        App(Arc::new(Inner {
            known: Known::new(ground, &SORT),
            access: access.clone(),
        }))
    }

    /// How often a database was asked because a key was not remembered; for tests and benches.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.0.known.loads()
    }

    /// Forgets what other nodes revoke, and writes down which keys were used, until the stop.
    ///
    /// # Errors
    /// The bus takes no more subscriptions.
    pub async fn follow(self, stop: Stop) -> Result<()> {
        self.0.known.follow(&stop).await
    }

    /// Writes down which keys were used since the last time.
    pub async fn note_uses(&self) {
        self.0.known.note_uses().await;
    }

    pub(crate) fn ground(&self) -> &Ground {
        &self.0.known.ground
    }

    /// Makes a key. There is no second chance to see its text, so a lost answer is a key to be revoked.
    pub(crate) async fn issue(
        &self,
        (ask, caller): (&Ask, &Caller),
        organisation: OrganisationId,
        issue: Issue,
    ) -> Result<Issued> {
        let (ground, number) = (self.ground(), organisation.organisation());
        let house = house_of(&ground.db, number).await?;
        let held = self.0.access.access_of(caller, number).await?;
        self.check(&held, organisation, &issue).await?;
        let id = KeyId::make(&ground.clock, &ground.random, number);
        let (secret, tag, pepper) = self.0.known.draw(id.uid());
        let mut commit = ground.db.new_commit(number);
        usage::take(&mut commit, Counted::Keys, house.plan);
        let [label, scopes, consent] = rows::cells(&issue)?;
        let row: [Value; 11] = [
            id.uid().into(),
            label,
            scopes,
            consent,
            ask.actor.as_str().into(),
            commit.at().into(),
            issue.expires_at.unwrap_or(Time::EPOCH).into(),
            Time::EPOCH.into(),
            tag.into(),
            pepper.into(),
            Time::EPOCH.into(),
        ];
        let event = ask.event(&commit, (id.uid(), 1), "key.issued", &issue)?;
        commit.insert(&rows::KEYS, row.map(Into::into));
        commit.event(event);
        let made = Key {
            id,
            issue,
            created_by: ask.actor.clone(),
            created_at: commit.at(),
            used_at: None,
        };
        let stored = ground.db.commit(commit, &ground.db.deadline()).await.at();
        stored.map_err(|error| usage::refused(error, Counted::Keys, house.plan))?;
        Ok(Issued {
            key: KeyView::from(&made),
            secret,
        })
    }

    /// Lists the keys of an organisation that were not revoked, oldest first.
    pub(crate) async fn list(
        &self,
        organisation: OrganisationId,
        turn: &Turn,
    ) -> Result<Page<KeyView>> {
        let (ground, scope) = (self.ground(), format!("keys of {organisation}"));
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(ground.cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = turn.limit.get();
        let params: [Value; 2] = [after.into(), i64::from(turn.limit).saturating_add(1).into()];
        let number = organisation.organisation();
        let found = ground.db.rows(number, &rows::LIST, params).await.at()?;
        let more = found.len() > limit;
        let keys = found.iter().take(limit).map(rows::read);
        let keys: Vec<Key> = keys.collect::<Result<_, _>>()?;
        let last = keys.last().filter(|_| more);
        Ok(Page {
            next: last.map(|last| ground.cursors.seal(&scope, last.id.uid().as_bytes())),
            items: keys.iter().map(KeyView::from).collect(),
        })
    }

    /// Revokes a key: it opens nothing from now on.
    pub(crate) async fn revoke(
        &self,
        ask: &Ask,
        organisation: OrganisationId,
        id: KeyId,
    ) -> Result<()> {
        let (db, number) = (&self.ground().db, organisation.organisation());
        if id.organisation() != number {
            return Err(missing());
        }
        let found = db.rows(number, &rows::READ, [id.uid().into()]).await.at()?;
        if found.is_empty() {
            return Err(missing());
        }
        let mut commit = db.new_commit(number);
        let at: Value = commit.at().into();
        commit.guard(&rows::REVOKE, [id.uid().into(), at]);
        usage::give_back(&mut commit, Counted::Keys);
        let nothing = serde_json::json!({});
        let event = ask.event(&commit, (id.uid(), 2), "key.revoked", &nothing)?;
        commit.event(event);
        let stored = db.commit(commit, &db.deadline()).await;
        self.0.known.forget(id.uid()).await;
        match stored {
            Ok(_) => Ok(()),
            // Another has revoked it meanwhile.
            Err(Failure::Refused { .. }) => Err(missing()),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Whoever makes a key may do himself what it shall do, at each place where it shall.
    async fn check(&self, held: &Access, of: OrganisationId, issue: &Issue) -> Result<()> {
        let restaurants: &[RestaurantId] = match &issue.consent {
            Consent::All => &[],
            Consent::Only(restaurants) => restaurants,
        };
        let is_own = |id: &RestaurantId| id.organisation() == of.organisation();
        if !restaurants.iter().all(is_own) {
            return Err(absent());
        }
        let db = &self.ground().db;
        let found = try_join_all(restaurants.iter().map(|id| brand_of(db, *id))).await?;
        let brands: Option<Vec<_>> = found.into_iter().collect();
        match issue.is_within(held, &brands.ok_or_else(absent)?) {
            true => Ok(()),
            false => Err(beyond()),
        }
    }
}

impl Identify for App {
    fn identify<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Option<Caller>>> {
        Box::pin(self.0.known.identify::<KeyId>(headers))
    }
}

impl Scopes for App {
    fn access_of<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Option<Arc<Access>>>> {
        Box::pin(self.0.known.access_of::<KeyId>(caller))
    }
}

#[track_caller]
fn beyond() -> Error {
    let said = "a key can do nothing that whoever makes it may not do there";
    Error::forbidden(codes::SCOPE_REFUSED, said)
}

#[track_caller]
fn absent() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such restaurant").field(
        "restaurants",
        codes::NOT_FOUND,
        "the organisation has no such restaurant",
    )
}
