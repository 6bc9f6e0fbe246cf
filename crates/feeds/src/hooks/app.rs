//! What can be done with hooks: made, listed, changed, given another secret, removed, looked at, told again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Clock, Error, Organisation, Page, Random, Result, Time, Trail as _, Uid, codes};
use domain::organisations::{OrganisationId, RestaurantId};
use engine::Job;
use rpc::Restaurants;
use serde::Serialize;
use slice::{Ask, Cursors, Turn};
use store::{Commit, Db, Failure, Opened, Sealer, Value};

use super::sign;
use super::store::{self as rows, Delivery, Hook, State};
use super::tell::{REDRIVE, redrive};
use super::view::{DeliveryView, HookEdit, HookView, HookWithSecret, NewHook};
use super::{HookId, Patience, Wire};

/// What secrets are sealed as, under the key of their hook.
pub(super) const SECRET: &str = "secret";
/// How many hooks an organisation may have.
const HOOKS_MAX: usize = 20;
/// For how long a node takes the hooks of an organisation for what they were.
const REMEMBERED: Duration = Duration::from_secs(1);
/// Of how many organisations they are remembered.
const REMEMBERED_MAX: usize = 4_096;
const POSITION_BYTES: usize = 8;

/// The use cases of hooks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Ground>);

/// What they stand on.
pub(super) struct Ground {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) sealer: Sealer,
    pub(super) cursors: Cursors,
    pub(super) restaurants: Restaurants,
    pub(super) wire: Wire,
    pub(super) patience: Patience,
    known: Mutex<Known>,
}

type Known = HashMap<Organisation, (Duration, Arc<[Hook]>)>;

/// What the log says of a hook.
#[derive(Serialize)]
struct Said<'a> {
    url: &'a str,
    kinds: &'a [String],
    restaurants: &'a [RestaurantId],
    enabled: bool,
}

impl App {
    pub(crate) fn new(parts: &crate::Parts) -> Self {
        App(Arc::new(Ground {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            sealer: parts.sealer.clone(),
            cursors: parts.cursors.clone(),
            restaurants: parts.restaurants.clone(),
            wire: parts.wire.clone(),
            patience: parts.patience,
            known: Mutex::default(),
        }))
    }

    pub(super) fn ground(&self) -> &Ground {
        &self.0
    }

    /// Makes a hook. There is no second chance to see its secret, so a lost answer is a hook to be removed.
    pub(super) async fn create(
        &self,
        ask: &Ask,
        organisation: OrganisationId,
        new: &NewHook,
    ) -> Result<HookWithSecret> {
        let (ground, number) = (self.ground(), organisation.organisation());
        if self.hooks_of(number).await?.len() >= HOOKS_MAX {
            return Err(Error::conflict(
                codes::PLAN_LIMIT,
                "an organisation has twenty hooks at most",
            ));
        }
        self.check(organisation, &new.restaurants).await?;
        let id = HookId::make(&ground.clock, &ground.random, number);
        let secret = sign::draw(&ground.random);
        let deadline = ground.db.deadline();
        let sealed = ground.sealer.seal(id.uid(), SECRET, &secret, &deadline);
        let sealed = sealed.await.at()?;
        let mut commit = ground.db.new_commit(number);
        let hook = Hook {
            id: id.uid(),
            url: new.url.url()?,
            kinds: kinds(&new.kinds)?,
            restaurants: new.restaurants.clone(),
            is_active: true,
            why: String::new(),
            failures: 0,
            secret: sealed.bytes().to_vec(),
            previous: Vec::new(),
            previous_until: Time::EPOCH,
            version: 1,
            created_at: commit.at(),
        };
        commit.insert(
            &rows::HOOKS,
            [
                id.uid().into(),
                hook.url.as_str().into(),
                json(&hook.kinds)?.into(),
                json(&hook.restaurants)?.into(),
                true.into(),
                "".into(),
                0_i64.into(),
                sealed.into(),
                Vec::<u8>::new().into(),
                Time::EPOCH.into(),
                1_i64.into(),
                hook.created_at.into(),
            ],
        );
        tell(ask, &mut commit, &hook, "hook.created")?;
        ground.db.commit(commit, &ground.db.deadline()).await.at()?;
        self.forget(number);
        Ok(HookWithSecret {
            hook: HookView::of(&hook, ground.clock.now()),
            secret,
        })
    }

    /// The hooks of an organisation, the oldest first.
    pub(super) async fn list(&self, organisation: OrganisationId) -> Result<Page<HookView>> {
        let hooks = self.hooks_of(organisation.organisation()).await?;
        let now = self.ground().clock.now();
        Ok(Page {
            items: hooks.iter().map(|hook| HookView::of(hook, now)).collect(),
            next: None,
        })
    }

    pub(super) async fn show(&self, of: (OrganisationId, HookId)) -> Result<HookView> {
        let hook = self.read(of).await?;
        Ok(HookView::of(&hook, self.ground().clock.now()))
    }

    /// Changes a hook. Enabling it again has it told what was held.
    pub(super) async fn change(
        &self,
        ask: &Ask,
        of: (OrganisationId, HookId),
        edit: &HookEdit,
    ) -> Result<HookView> {
        let (ground, number) = (self.ground(), of.0.organisation());
        let mut hook = self.read(of).await?;
        if hook.version != edit.version {
            return Err(outrun());
        }
        if let Some(url) = &edit.url {
            hook.url = url.url()?;
        }
        if let Some(typed) = &edit.kinds {
            hook.kinds = kinds(typed)?;
        }
        if let Some(restaurants) = &edit.restaurants {
            self.check(of.0, restaurants).await?;
            hook.restaurants.clone_from(restaurants);
        }
        let was_active = hook.is_active;
        hook.is_active = edit.enabled.unwrap_or(was_active);
        hook.failures = 0;
        hook.why = match (hook.is_active, was_active) {
            (true, _) => String::new(),
            (false, true) => "somebody disabled it".to_owned(),
            (false, false) => hook.why,
        };
        let mut commit = ground.db.new_commit(number);
        let params: [Value; 7] = [
            hook.id.into(),
            hook.version.into(),
            hook.url.as_str().into(),
            json(&hook.kinds)?.into(),
            json(&hook.restaurants)?.into(),
            hook.is_active.into(),
            hook.why.as_str().into(),
        ];
        commit.guard(&rows::CHANGE, params);
        hook.version = hook.version.saturating_add(1);
        tell(ask, &mut commit, &hook, "hook.changed")?;
        if hook.is_active && !was_active {
            self.again(&mut commit, hook.id, State::Held);
        }
        self.settle(commit).await?;
        Ok(HookView::of(&hook, ground.clock.now()))
    }

    /// Gives a hook another secret. The one before holds for a day, so that its owner can change over in peace.
    pub(super) async fn rotate(
        &self,
        ask: &Ask,
        of: (OrganisationId, HookId),
    ) -> Result<HookWithSecret> {
        let (ground, number) = (self.ground(), of.0.organisation());
        let mut hook = self.read(of).await?;
        let deadline = ground.db.deadline();
        let secret = sign::draw(&ground.random);
        // What is there opens, or the keys are not those under which it was sealed; then it is better not to go on.
        let opened = ground.sealer.open(hook.id, SECRET, &hook.secret, &deadline);
        if opened.await.at()? == Opened::Erased {
            return Err(missing());
        }
        let sealed = ground.sealer.seal(hook.id, SECRET, &secret, &deadline);
        let sealed = sealed.await.at()?;
        let mut commit = ground.db.new_commit(number);
        let until = commit.at().plus(ground.patience.rotate_within);
        hook.previous = std::mem::replace(&mut hook.secret, sealed.bytes().to_vec());
        hook.previous_until = until.unwrap_or(Time::EPOCH);
        let params: [Value; 5] = [
            hook.id.into(),
            hook.version.into(),
            sealed.into(),
            hook.previous.clone().into(),
            hook.previous_until.into(),
        ];
        commit.guard(&rows::ROTATE, params);
        hook.version = hook.version.saturating_add(1);
        tell(ask, &mut commit, &hook, "hook.rotated")?;
        self.settle(commit).await?;
        Ok(HookWithSecret {
            hook: HookView::of(&hook, ground.clock.now()),
            secret,
        })
    }

    /// Removes a hook, and all that it was told. Its secrets are destroyed.
    pub(super) async fn remove(&self, ask: &Ask, of: (OrganisationId, HookId)) -> Result<()> {
        let (ground, number) = (self.ground(), of.0.organisation());
        let mut hook = self.read(of).await?;
        let mut commit = ground.db.new_commit(number);
        commit.guard(&rows::REMOVE, [hook.id.into(), hook.version.into()]);
        commit.change(&rows::FORGET, [hook.id.into()]);
        hook.version = hook.version.saturating_add(1);
        hook.is_active = false;
        tell(ask, &mut commit, &hook, "hook.removed")?;
        self.settle(commit).await?;
        ground
            .sealer
            .erase(hook.id, &ground.db.deadline())
            .await
            .at()
    }

    /// What a hook was told, the newest first.
    pub(super) async fn deliveries(
        &self,
        of: (OrganisationId, HookId),
        state: Option<State>,
        turn: &Turn,
    ) -> Result<Page<DeliveryView>> {
        let hook = self.read(of).await?;
        let (ground, scope) = (self.ground(), format!("deliveries of {}", of.1));
        let before = match &turn.cursor {
            Some(cursor) => {
                let bytes: [u8; POSITION_BYTES] = ground.cursors.open(&scope, cursor)?;
                i64::from_be_bytes(bytes)
            }
            None => i64::MAX,
        };
        let limit = turn.limit.get();
        let most = i64::from(turn.limit).saturating_add(1);
        let mut params: Vec<Value> = vec![hook.id.into(), before.into(), most.into()];
        let sql = match state {
            None => &rows::LIST_DELIVERIES,
            Some(state) => {
                params.push(state.number().into());
                &rows::LIST_IN_STATE
            }
        };
        let found = ground
            .db
            .rows(of.0.organisation(), sql, params)
            .await
            .at()?;
        let more = found.len() > limit;
        let shown = found.iter().take(limit).map(Delivery::read);
        let shown: Vec<Delivery> = shown.collect::<Result<_, _>>()?;
        let last = shown.last().filter(|_| more);
        Ok(Page {
            next: last.map(|last| ground.cursors.seal(&scope, &last.position.to_be_bytes())),
            items: shown.iter().map(DeliveryView::from).collect(),
        })
    }

    /// Has a hook told again what is in this state.
    pub(super) async fn redrive(&self, of: (OrganisationId, HookId), state: State) -> Result<()> {
        let hook = self.read(of).await?;
        let mut commit = self.ground().db.new_commit(of.0.organisation());
        self.again(&mut commit, hook.id, state);
        let db = &self.ground().db;
        db.commit(commit, &db.deadline()).await.at()?;
        Ok(())
    }

    /// The hooks of an organisation.
    pub(super) async fn hooks_of(&self, number: Organisation) -> Result<Vec<Hook>> {
        let found = self.ground().db.rows(number, &rows::LIST, []).await.at()?;
        Ok(found.iter().map(Hook::read).collect::<Result<_, _>>()?)
    }

    /// A hook, if it is there.
    pub(super) async fn find(&self, number: Organisation, id: HookId) -> Result<Option<Hook>> {
        let params = [id.uid().into()];
        let found = self
            .ground()
            .db
            .rows(number, &rows::READ, params)
            .await
            .at()?;
        Ok(found.first().map(Hook::read).transpose()?)
    }

    /// The hooks of an organisation, if they were read a moment ago.
    pub(super) fn recall(&self, number: Organisation) -> Option<Arc<[Hook]>> {
        let now = self.ground().clock.elapsed();
        let known = self.known();
        let (read_at, hooks) = known.get(&number)?;
        (now.saturating_sub(*read_at) < REMEMBERED).then(|| Arc::clone(hooks))
    }

    pub(super) fn remember(&self, number: Organisation, hooks: &Arc<[Hook]>) {
        let now = self.ground().clock.elapsed();
        let mut known = self.known();
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(number, (now, Arc::clone(hooks)));
    }

    fn forget(&self, number: Organisation) {
        self.known().remove(&number);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // It is whole after every step, so a poisoned lock spoils nothing.
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, (organisation, id): (OrganisationId, HookId)) -> Result<Hook> {
        let number = organisation.organisation();
        if id.organisation() != number {
            return Err(missing());
        }
        self.find(number, id).await?.ok_or_else(missing)
    }

    fn again(&self, commit: &mut Commit, hook: Uid, state: State) {
        let ground = self.ground();
        let id = Uid::make(&ground.clock, &ground.random, commit.organisation());
        Job::new(REDRIVE, redrive(hook, state)).enqueue(id, commit);
    }

    async fn settle(&self, commit: Commit) -> Result<()> {
        let (db, number) = (&self.ground().db, commit.organisation());
        let stored = db.commit(commit, &db.deadline()).await;
        self.forget(number);
        match stored {
            Ok(_) => Ok(()),
            Err(Failure::Refused { .. }) => Err(outrun()),
            Err(failure) => Err(failure.into()),
        }
    }

    /// All restaurants that are named must be there.
    async fn check(&self, of: OrganisationId, restaurants: &[RestaurantId]) -> Result<()> {
        for id in restaurants {
            let is_own = id.organisation() == of.organisation();
            if !is_own || self.ground().restaurants.find(*id).await?.is_none() {
                let said = "the organisation has no such restaurant";
                let error = Error::missing(codes::NOT_FOUND, "there is no such restaurant");
                return Err(error.field("restaurants", codes::NOT_FOUND, said));
            }
        }
        Ok(())
    }
}

fn kinds(typed: &[crate::kinds::TypedKind]) -> Result<Vec<String>> {
    typed.iter().map(crate::kinds::TypedKind::kind).collect()
}

fn tell(ask: &Ask, commit: &mut Commit, hook: &Hook, kind: &'static str) -> Result<()> {
    let said = Said {
        url: &hook.url,
        kinds: &hook.kinds,
        restaurants: &hook.restaurants,
        enabled: hook.is_active,
    };
    let event = ask.event(commit, (hook.id, hook.version), kind, &said)?;
    commit.event(event);
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| {
        Error::internal(codes::INTERNAL, "a hook that is no JSON").caused_by(error)
    })
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such hook")
}

#[track_caller]
fn outrun() -> Error {
    Error::conflict(
        codes::VERSION_CHANGED,
        "somebody else has changed the hook since it was read",
    )
}
