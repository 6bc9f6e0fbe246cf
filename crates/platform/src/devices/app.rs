//! What can be done with devices: offered a code, paired by it, listed, revoked, and presented.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Error, Page, Result, Secret, Time, Trail as _, Uid, codes};
use domain::access::{Access, DeviceId};
use domain::organisations::{Counted, OrganisationId, Pairing, PairingCode};
use edge::{Caller, Identify, Places, Role};
use engine::Stop;
use fabric::limits::{Limits, Policy};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use slice::{Ask, Turn};
use store::{Call, Commit, Failure, Value};

use super::store::{self as rows, Device, Offer};
use super::view::{DeviceView, Offered, Paired};
use crate::access::Scopes;
use crate::keys::known::{Ground, Known, Sort};
use crate::organisations::{brand_of, house_of, missing, usage};

/// How long a code works.
const LIVES: Duration = Duration::from_secs(600);
/// After so many tries of its second half a code works no more.
const TRIES_MAX: i64 = 5;
/// How often the first half is drawn anew when another code has it.
const DRAWS_MAX: usize = 8;
/// Wrong codes from one address.
const WRONG: Policy = Policy {
    name: "pairing_wrong",
    max: 5,
    window: LIVES,
};
/// How often old codes are removed, and how many at once.
const CLEAR_EVERY: Duration = Duration::from_secs(3_600);
const CLEARED_AT_ONCE: i64 = 10_000;
/// What the halves of codes are tagged for.
const FINDING: &str = "pairing code";
const PROVING: &str = "pairing proof";

static SORT: Sort = Sort {
    prefix: DeviceId::PREFIX,
    purpose: "device_keys",
    role: Role::Device,
    find: &rows::FIND,
    read: rows::record,
    note: &rows::NOTE_USE,
    retag: &rows::RETAG,
    topics: "device.*",
};

/// The use cases of devices. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    known: Known,
    limits: Limits,
}

impl App {
    /// The use cases on this ground; wrong codes are counted by `limits`.
    #[must_use]
    pub fn new(ground: &Ground, limits: &Limits) -> Self {
        App(Arc::new(Inner {
            known: Known::new(ground, &SORT),
            limits: limits.clone(),
        }))
    }

    /// How often a database was asked because a device was not remembered; for tests and benches.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.0.known.loads()
    }

    /// Forgets what other nodes revoke, and writes down which devices were seen, until the stop.
    ///
    /// # Errors
    /// The bus takes no more subscriptions.
    pub async fn follow(self, stop: Stop) -> Result<()> {
        self.0.known.follow(&stop).await
    }

    /// Removes codes that are long over, each hour until the stop.
    ///
    /// # Errors
    /// None: while the database is away, they stay.
    pub async fn clear(self, stop: Stop) -> Result<()> {
        loop {
            if let Err(error) = self.clear_codes().await {
                tracing::warn!(%error, "old pairing codes stay for another hour");
            }
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(CLEAR_EVERY) => {}
            }
        }
    }

    /// Removes codes that are long over, and says how many.
    ///
    /// # Errors
    /// The database is away.
    pub async fn clear_codes(&self) -> Result<u64> {
        let (db, clock) = (&self.ground().db, &self.ground().clock);
        let before = store::retention::old(clock, LIVES)?;
        let params: [Value; 2] = [before.into(), CLEARED_AT_ONCE.into()];
        let call = Call::new(&rows::CLEAR_PAIRINGS, params);
        let answers = db
            .people()
            .transact(vec![call], &db.deadline())
            .await
            .at()?;
        Ok(answers.iter().map(|answer| answer.touched).sum())
    }

    /// Writes down which devices were seen since the last time.
    pub async fn note_uses(&self) {
        self.0.known.note_uses().await;
    }

    fn ground(&self) -> &Ground {
        &self.0.known.ground
    }

    /// Makes a code by which one device is paired with a restaurant.
    pub(crate) async fn offer(&self, caller: &Caller, pairing: &Pairing) -> Result<Offered> {
        let (ground, restaurant) = (self.ground(), pairing.restaurant);
        brand_of(&ground.db, restaurant)
            .await?
            .ok_or_else(missing)?;
        let number = restaurant.organisation();
        let device = DeviceId::make(&ground.clock, &ground.random, number);
        // Whoever is no person holds the code as the device that it is for.
        let holder = caller.person().unwrap_or_else(|| device.uid());
        for _ in 0..DRAWS_MAX {
            let code = PairingCode::of(ground.random.u64());
            let mut commit = Commit::of_person(&ground.clock, &ground.random, holder);
            let at = commit.at();
            let row: [Value; 10] = [
                self.tag(FINDING, code.finding()).to_vec().into(),
                self.tag(PROVING, code.proving()).to_vec().into(),
                device.uid().into(),
                restaurant.uid().into(),
                pairing.kind.name().into(),
                pairing.label.as_str().into(),
                caller.actor().into(),
                0.into(),
                after(at, LIVES).into(),
                at.into(),
            ];
            commit.claim(&rows::PAIRINGS, row);
            match ground.db.commit(commit, &ground.db.deadline()).await {
                Ok(_) => {
                    return Ok(Offered {
                        code: code.shown(),
                        expires_in: i64::try_from(LIVES.as_secs()).unwrap_or(i64::MAX),
                    });
                }
                // Another code begins like this one.
                Err(Failure::Refused { .. }) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(Error::unavailable(
            codes::UNAVAILABLE,
            "there are too many codes at the moment",
        ))
    }

    /// Pairs the device that a code was typed into.
    pub(crate) async fn pair(
        &self,
        (code, trace): (&PairingCode, String),
        address: Option<IpAddr>,
    ) -> Result<Paired> {
        let from = address.map_or_else(String::new, |address| address.to_string());
        let room = self.0.limits.would_take_all(&[(WRONG, &from)]).await;
        if !room.allowed() {
            return Err(tired(room.tightest.and_then(|taken| taken.retry_after)));
        }
        match self.proven(code).await {
            Ok((offer, digest)) => self.enter(trace, offer, digest).await,
            Err(error) => {
                if error.code() == codes::PAIRING_REFUSED {
                    self.0.limits.take(&WRONG, &from).await;
                }
                Err(error)
            }
        }
    }

    /// The offer that a code stands for, if it is the right one and still works.
    async fn proven(&self, code: &PairingCode) -> Result<(Offer, [u8; 32])> {
        let ground = self.ground();
        let now = ground.clock.now();
        let peppers: Vec<Secret> = {
            let ring = ground.pepper.borrow();
            ring.all().map(|(_, pepper)| pepper.clone()).collect()
        };
        for pepper in peppers {
            let digest = pepper.tag(FINDING, code.finding());
            let calls = vec![Call::new(&rows::FIND_PAIRING, [])];
            let deadline = ground.db.deadline();
            let found = ground.db.read_held(digest, calls, &deadline).await.at()?;
            let Some(row) = found.iter().flatten().next() else {
                continue;
            };
            let offer = rows::offer(row)?;
            // The try is counted before it is looked at: many at once are not more than five.
            if offer.ends_at <= now || !self.count_try(&offer, digest).await? {
                return Err(refused());
            }
            return match pepper.is_tag(PROVING, code.proving(), &offer.proof) {
                true => Ok((offer, digest)),
                false => Err(refused()),
            };
        }
        Err(refused())
    }

    /// Counts a try, and says whether there was one left, so that nobody finds the second half by trying.
    async fn count_try(&self, offer: &Offer, digest: [u8; 32]) -> Result<bool> {
        let ground = self.ground();
        let mut commit = Commit::of_person(&ground.clock, &ground.random, offer.holder);
        let params: [Value; 2] = [digest.to_vec().into(), TRIES_MAX.into()];
        commit.guard(&rows::COUNT_TRY, params);
        match ground.db.commit(commit, &ground.db.deadline()).await {
            Ok(_) => Ok(true),
            Err(Failure::Refused { .. }) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Stores the device. Its id was chosen with the code, so a code makes one device, whatever happens in between.
    async fn enter(&self, trace: String, offer: Offer, digest: [u8; 32]) -> Result<Paired> {
        let (ground, id) = (self.ground(), offer.device);
        let number = id.organisation();
        let plan = house_of(&ground.db, number).await?.plan;
        let (secret, tag, pepper) = self.0.known.draw(id.uid());
        let mut commit = ground.db.new_commit(number);
        let at = commit.at();
        let row: [Value; 10] = [
            id.uid().into(),
            offer.pairing.restaurant.uid().into(),
            offer.pairing.kind.name().into(),
            offer.pairing.label.as_str().into(),
            offer.made_by.as_str().into(),
            at.into(),
            Time::EPOCH.into(),
            tag.into(),
            pepper.into(),
            Time::EPOCH.into(),
        ];
        commit.claim(&rows::DEVICES, row);
        usage::take(&mut commit, Counted::Devices, plan);
        let ask = Ask {
            actor: offer.made_by.clone(),
            trace,
            key: None,
        };
        let event = ask.event(&commit, (id.uid(), 1), "device.paired", &offer.pairing)?;
        commit.event(event);
        let stored = ground.db.commit(commit, &ground.db.deadline()).await;
        if let Err(Failure::Refused { name, .. }) = &stored
            && *name == rows::DEVICES.name
        {
            return Err(refused());
        }
        let refused = |error| usage::refused(error, Counted::Devices, plan);
        stored.at().map_err(refused)?;
        self.remove(&offer, digest).await;
        let device = Device {
            id,
            pairing: offer.pairing,
            paired_by: offer.made_by,
            paired_at: at,
            seen_at: None,
        };
        Ok(Paired {
            device: DeviceView::from(&device),
            secret,
        })
    }

    /// Removes a code that has done its work. One that stays does nothing more.
    async fn remove(&self, offer: &Offer, digest: [u8; 32]) {
        let ground = self.ground();
        let mut commit = Commit::of_person(&ground.clock, &ground.random, offer.holder);
        commit.change(&rows::REMOVE_PAIRING, [digest.to_vec().into()]);
        if let Err(failure) = ground.db.commit(commit, &ground.db.deadline()).await {
            tracing::warn!(error = %failure, "a used pairing code stays until it is cleared");
        }
    }

    /// Lists the devices of an organisation at the restaurants that a permission reaches, oldest first.
    pub(crate) async fn list(
        &self,
        organisation: OrganisationId,
        places: &Places,
        turn: &Turn,
    ) -> Result<Page<DeviceView>> {
        let (ground, scope) = (self.ground(), format!("devices of {organisation}"));
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(ground.cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = turn.limit.get();
        let params: [Value; 2] = [after.into(), i64::from(turn.limit).saturating_add(1).into()];
        let number = organisation.organisation();
        let found = ground.db.rows(number, &rows::LIST, params).await.at()?;
        let more = found.len() > limit;
        let devices = found.iter().take(limit).map(rows::read);
        let devices: Vec<Device> = devices.collect::<Result<_, _>>()?;
        let last = devices.last().filter(|_| more);
        let next = last.map(|last| ground.cursors.seal(&scope, last.id.uid().as_bytes()));
        let mut items = Vec::with_capacity(devices.len());
        for device in &devices {
            if self.reaches(places, &device.pairing).await? {
                items.push(DeviceView::from(device));
            }
        }
        Ok(Page { items, next })
    }

    /// Revokes a device: it opens nothing from now on.
    pub(crate) async fn revoke(
        &self,
        ask: &Ask,
        (organisation, id): (OrganisationId, DeviceId),
        places: &Places,
    ) -> Result<()> {
        let (db, number) = (&self.ground().db, organisation.organisation());
        if id.organisation() != number {
            return Err(missing());
        }
        let found = db.rows(number, &rows::READ, [id.uid().into()]).await.at()?;
        let found = rows::read(found.first().ok_or_else(missing)?)?;
        if !self.reaches(places, &found.pairing).await? {
            return Err(missing());
        }
        let mut commit = db.new_commit(number);
        let at: Value = commit.at().into();
        commit.guard(&rows::REVOKE, [id.uid().into(), at]);
        usage::give_back(&mut commit, Counted::Devices);
        let nothing = serde_json::json!({});
        let event = ask.event(&commit, (id.uid(), 2), "device.revoked", &nothing)?;
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

    /// Whether a permission reaches where a device stands, by its restaurant or by the brand of that.
    async fn reaches(&self, places: &Places, pairing: &Pairing) -> Result<bool> {
        if places.hold(pairing.restaurant.uid()) {
            return Ok(true);
        }
        let brand = brand_of(&self.ground().db, pairing.restaurant).await?;
        Ok(brand
            .flatten()
            .is_some_and(|brand| places.hold(brand.uid())))
    }

    fn tag(&self, purpose: &str, half: &[u8]) -> [u8; 32] {
        self.ground().pepper.borrow().current.1.tag(purpose, half)
    }
}

impl Identify for App {
    fn identify<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Option<Caller>>> {
        Box::pin(self.0.known.identify::<DeviceId>(headers))
    }
}

impl Scopes for App {
    fn access_of<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Option<Arc<Access>>>> {
        Box::pin(self.0.known.access_of::<DeviceId>(caller))
    }
}

fn after(at: Time, span: Duration) -> Time {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Time::from_micros(at.as_micros().saturating_add(span))
}

/// Unknown, wrong, too old, used: nobody is told which.
#[track_caller]
fn refused() -> Error {
    Error::forbidden(codes::PAIRING_REFUSED, "the pairing code does not work")
}

#[track_caller]
fn tired(retry_after: Option<Duration>) -> Error {
    let error = Error::limited(
        codes::RATE_LIMITED,
        "too many wrong pairing codes came from here",
    );
    match retry_after {
        Some(after) => error.retry_after(after),
        None => error,
    }
}
