//! What can be done with pictures: added, listed, removed, and shown to everybody.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Organisation, Page, Random, Result, Time, Trail as _, Uid, codes};
use bytes::Bytes;
use carte::PictureId;
use domain::organisations::{OrganisationId, Plan, RestaurantId};
use engine::{Remembers, Stop};
use fabric::blobs::{BlobId, Space};
use fabric::cache::Settings;
use fabric::{Blobs, Bus, Cache, Loaded, Message};
use rpc::Restaurants;
use slice::{Ask, Cursors, Turn};
use store::{Db, Failure, Value};

use super::fold::{ADDED, REMOVED};
use super::picture::{Look, Picture, Shown, Size};
use super::store as rows;
use super::view::PictureView;
use super::workshop::{Seat, Workshop};

/// What is remembered of pictures, of all organisations together.
const BYTES_MAX: u64 = 16 << 20;
/// About what one takes.
const PICTURE_BYTES: usize = 512;
/// What nobody is told of the loss of is believed no longer than this.
const AGE_MAX: Duration = Duration::from_secs(300);

/// The use cases of pictures. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>, Option<i64>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) blobs: Blobs,
    cursors: Cursors,
    bus: Bus,
    restaurants: Restaurants,
    workshop: Workshop,
    known: Cache<Arc<Picture>>,
}

/// A size of a picture with its bytes.
pub(crate) struct Served {
    pub(crate) bytes: Bytes,
    pub(crate) blob: BlobId,
    pub(crate) media_type: &'static str,
}

/// How many pictures an organisation of this plan may have.
const fn most(plan: Plan) -> i64 {
    match plan {
        Plan::Starter => 2_000,
        Plan::Growth => 20_000,
        Plan::Enterprise => 500_000,
    }
}

impl App {
    /// The use cases over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts) -> Self {
        let settings = Settings {
            bytes_max: BYTES_MAX,
            age_max: AGE_MAX,
            ..Settings::default()
        };
        App(
            Arc::new(Inner {
                known: Cache::new("pictures", settings, &parts.clock, &parts.trust),
                workshop: Workshop::new(),
                db: parts.db.clone(),
                clock: parts.clock.clone(),
                random: parts.random.clone(),
                blobs: parts.blobs.clone(),
                cursors: parts.cursors.clone(),
                bus: parts.bus.clone(),
                restaurants: parts.restaurants.clone(),
            }),
            None,
        )
    }

    /// The same, with no more pictures for an organisation than this, whatever its plan.
    #[must_use]
    pub fn limited(&self, most: i64) -> Self {
        App(Arc::clone(&self.0), Some(most))
    }

    /// Takes room for an upload, before any of it is read.
    pub(crate) fn seat(&self, number: Organisation) -> Result<Seat> {
        self.0.workshop.seat(number)
    }

    /// Refuses a restaurant that is not there.
    pub(crate) async fn check(&self, id: RestaurantId) -> Result<()> {
        let found = self.0.restaurants.find(id).await?;
        found.map(|_| ()).ok_or_else(missing)
    }

    /// Makes a picture of an upload. Nothing of the upload itself is kept.
    ///
    /// # Errors
    /// It is no picture that is taken, there is no room, or the plan holds no more.
    pub async fn add(
        &self,
        ask: &Ask,
        (number, plan): (Organisation, Plan),
        upload: Bytes,
    ) -> Result<PictureView> {
        let db = &self.0.db;
        let most = self.1.map_or(most(plan), |few| few.min(most(plan)));
        // The guard of the commit decides; this only spares the work where it is known before.
        if self.count(number).await? >= most {
            return Err(no_more(most));
        }
        let request = BlobId::of(&upload).to_string();
        let made = self.0.workshop.make(upload).await?;
        self.keep(number, &made.look, made.blobs).await?;
        let look = &made.look;
        ask.settle(db, (number, "pictures.add"), &request, async || {
            let id = PictureId::make(&self.0.clock, &self.0.random, number);
            let mut commit = db.new_commit(number);
            commit.guard(&rows::TAKE, [rows::COUNTED.into(), most.into()]);
            for blob in look.blobs() {
                commit.guard(&rows::USE, [digest(blob)]);
            }
            let mut cells = vec![Value::from(id.uid())];
            cells.extend(rows::cells(look)?);
            cells.push(commit.at().into());
            commit.insert(
                &rows::PICTURES,
                cells.into_iter().map(Into::into).collect::<Vec<_>>(),
            );
            let event = ask.event(&commit, (id.uid(), 1), ADDED, look)?;
            let picture = Picture {
                id,
                look: look.clone(),
                created_at: commit.at(),
            };
            commit.event(event);
            Ok((commit, PictureView::from(&picture)))
        })
        .await
        .map_err(|error| refused(error, most))
    }

    /// Stores the blobs, after their rows and the timer that clears them again if nothing comes of it.
    async fn keep(&self, number: Organisation, look: &Look, blobs: Vec<Bytes>) -> Result<()> {
        let (db, ids) = (&self.0.db, look.blobs());
        let mut announced = db.new_commit(number);
        let at: Time = announced.at();
        for blob in &ids {
            announced.guard(&rows::TOUCH, [digest(*blob), at.into()]);
        }
        self.clear_later(&mut announced, &ids)?;
        let done = db.commit(announced, &db.deadline()).await;
        done.map_err(|failure| match failure {
            // The very same bytes are being cleared at this moment.
            Failure::Refused { .. } => busy().caused_by(Error::from(failure)),
            failure => failure.into(),
        })?;
        let space = space(number)?;
        for bytes in blobs {
            self.0.blobs.put(&space, bytes).await?;
        }
        Ok(())
    }

    async fn count(&self, number: Organisation) -> Result<i64> {
        let found = self.0.db.rows(number, &rows::READ_COUNTS, []).await.at()?;
        Ok(found.first().map_or(Ok(0), |row| row.get(1))?)
    }

    /// Lists the pictures of an organisation, oldest first.
    pub(crate) async fn list(
        &self,
        organisation: OrganisationId,
        turn: &Turn,
    ) -> Result<Page<PictureView>> {
        let inner = &self.0;
        let scope = format!("pictures of {organisation}");
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(inner.cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = turn.limit.get();
        let params = [after.into(), i64::from(turn.limit).saturating_add(1).into()];
        let found = inner
            .db
            .rows(organisation.organisation(), &rows::LIST, params);
        let found = found.await.at()?;
        let more = found.len() > limit;
        let pictures = found.iter().take(limit).map(rows::read);
        let pictures: Vec<Picture> = pictures.collect::<Result<_, _>>()?;
        let last = pictures.last().filter(|_| more);
        Ok(Page {
            next: last.map(|last| inner.cursors.seal(&scope, last.id.uid().as_bytes())),
            items: pictures.iter().map(PictureView::from).collect(),
        })
    }

    /// Reads a picture of an organisation.
    pub(crate) async fn read(
        &self,
        organisation: OrganisationId,
        id: PictureId,
    ) -> Result<PictureView> {
        if id.organisation() != organisation.organisation() {
            return Err(missing());
        }
        Ok(PictureView::from(&self.find(id).await?))
    }

    /// Removes a picture: this node shows it no more at once, the others when they hear of it.
    pub(crate) async fn remove(
        &self,
        ask: &Ask,
        organisation: OrganisationId,
        id: PictureId,
    ) -> Result<()> {
        let (db, number) = (&self.0.db, organisation.organisation());
        if id.organisation() != number {
            return Err(missing());
        }
        let removed = ask.settle(db, (number, "pictures.remove"), &id, async || {
            let found = self.find(id).await?;
            let mut commit = db.new_commit(number);
            let at = commit.at();
            commit.guard(&rows::REMOVE, [id.uid().into()]);
            commit.change(&rows::GIVE_BACK, [rows::COUNTED.into()]);
            let blobs = found.look.blobs();
            for blob in &blobs {
                commit.change(&rows::LEAVE, [digest(*blob), at.into()]);
            }
            self.clear_later(&mut commit, &blobs)?;
            let event = ask.event(&commit, (id.uid(), 2), REMOVED, &serde_json::json!({}))?;
            commit.event(event);
            Ok((commit, ()))
        });
        let removed = removed.await.map_err(|error| match failure(&error) {
            // Somebody else was quicker.
            Some(Failure::Refused { .. } | Failure::Violated { .. }) => missing().caused_by(error),
            _ => error,
        });
        self.0.known.invalidate_key(&id.to_string()).await;
        removed
    }

    /// A size of a picture, for everybody.
    pub(crate) async fn show(&self, id: PictureId, size: Size) -> Result<Served> {
        let inner = &self.0;
        let key = id.to_string();
        let found = inner.known.get_or_set(&key, || async {
            let found = Arc::new(self.find(id).await?);
            Ok(Loaded::new(found, PICTURE_BYTES).of(id.organisation()))
        });
        let found = found.await?;
        let shown: &Shown = found.look.shown(size).ok_or_else(missing)?;
        let bytes = inner
            .blobs
            .get(&space(id.organisation())?, shown.blob)
            .await?;
        let Some(bytes) = bytes else {
            return Err(lost(id));
        };
        Ok(Served {
            bytes,
            blob: shown.blob,
            media_type: found.look.format.media_type(),
        })
    }

    async fn find(&self, id: PictureId) -> Result<Picture> {
        let (db, number) = (&self.0.db, id.organisation());
        if !db.knows(number).await {
            return Err(missing());
        }
        let found = db.rows(number, &rows::READ, [id.uid().into()]).await.at()?;
        Ok(rows::read(found.first().ok_or_else(missing)?)?)
    }

    /// Forgets what other nodes have removed, until the stop.
    pub(crate) async fn follow(self, stop: Stop) -> Result<()> {
        engine::follow(&self, (&self.0.bus, &[REMOVED]), &stop).await
    }
}

impl Remembers for App {
    /// Pictures are seldom removed, so it is enough that all of them are asked for anew.
    async fn learn(&self, _message: &Message) {
        self.forget_all();
    }

    fn forget_all(&self) {
        self.0.known.invalidate_all();
    }
}

/// Where the blobs of an organisation are.
pub(super) fn space(number: Organisation) -> Result<Space> {
    Space::parse(&format!("pictures-{number}"))
        .map_err(|error| Error::internal(codes::INTERNAL, "a space of blobs").caused_by(error))
}

fn digest(blob: BlobId) -> Value {
    blob.as_bytes().to_vec().into()
}

/// Says what a commit was refused for.
fn refused(error: Error, most: i64) -> Error {
    match failure(&error) {
        Some(Failure::Refused { name, .. }) if *name == rows::TAKE.name => no_more(most),
        Some(Failure::Refused { name, .. }) if *name == rows::USE.name => busy().caused_by(error),
        _ => error,
    }
}

fn failure(error: &Error) -> Option<&Failure> {
    std::error::Error::source(error)?.downcast_ref()
}

#[track_caller]
fn no_more(most: i64) -> Error {
    let said = format!("the plan holds {most} pictures");
    Error::conflict(codes::PLAN_LIMIT, said.clone()).field("pictures", codes::PLAN_LIMIT, said)
}

#[track_caller]
fn busy() -> Error {
    let said = "what the picture is made of is being cleared away; send it again";
    Error::unavailable(codes::OVERLOADED, said).retry_after(Duration::from_secs(1))
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

#[track_caller]
fn lost(id: PictureId) -> Error {
    Error::internal(codes::DAMAGED, format!("the blob of {id} is gone"))
}
