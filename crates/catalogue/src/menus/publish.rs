//! Publishing: what a draft says becomes an immutable revision, now or when its time has come.
//!
//! Both are checked and packed at once, so what was checked is what is published, whatever becomes of the draft.

use std::time::Duration;

use base::{Error, Result, Time, Trail as _, Uid, codes};
use carte::{Finding, Menu, RevisionNumber, check, check_currency};
use engine::{Due, Handled, Timer, TimerHandler};
use serde::{Deserialize, Serialize};
use slice::Ask;
use store::{Cell, Commit};

use super::app::{App, Tries, changed, found, late, missing, of_itself, outrun};
use super::fold::{Published, Unscheduled, WasScheduled, hex};
use super::packed::{Packed, aside, pack};
use super::place::{Place, Stream};
use super::store::{self as rows, Head, REVISIONS, SCHEDULED, Scheduled};
use super::view::PublishView;

/// What the timer of a scheduled publication is called.
const TIMER: &str = "menu.publish";
/// How far ahead a publication may be scheduled.
const AHEAD_MAX: Duration = Duration::from_secs(400 * 86_400);

/// What is to be published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Wanted {
    /// The version of the draft that the caller has seen.
    pub(super) version: i64,
    /// When; now, where nothing is said.
    pub(super) at: Option<Time>,
    /// What the owner says of it.
    pub(super) note: String,
}

/// A revision to be made.
pub(super) struct New<'a> {
    pub(super) packed: Packed,
    pub(super) author: &'a str,
    pub(super) note: &'a str,
    /// The version of the draft that it is; 0 where it is an old revision.
    pub(super) draft: i64,
    /// The old revision that it repeats; 0 where it is none.
    pub(super) restored: RevisionNumber,
    /// Whether it had been scheduled.
    pub(super) scheduled: bool,
}

/// What a timer is about.
#[derive(Serialize, Deserialize)]
struct About {
    place: Place,
}

impl App {
    /// What keeps a draft from being published, and the version that was looked at.
    pub(super) async fn check(&self, place: Place) -> Result<(Vec<Finding>, i64)> {
        let (menu, version) = self.draft(place).await?;
        let Some(menu) = menu else {
            return Ok((vec![headless()], version));
        };
        let (_, findings) = self.checked(place, menu).await?;
        Ok((findings, version))
    }

    /// Publishes a draft, or schedules it.
    pub(super) async fn publish(
        &self,
        ask: &Ask,
        place: Place,
        wanted: &Wanted,
    ) -> Result<PublishView> {
        self.find_place(place).await?;
        let operation = (place.organisation(), "menus.publish");
        let request = (place, wanted);
        let mut tries = Tries::default();
        let settled = loop {
            let settled = ask.settle(&self.0.db, operation, &request, async || {
                let packed = self.ready(place, wanted.version).await?;
                match wanted.at {
                    None => self.publish_now(ask, place, (wanted, packed)).await,
                    Some(at) => self.schedule(ask, place, (wanted, packed, at)).await,
                }
            });
            let settled = settled.await;
            // If it was the draft that changed, the next try says so.
            if !tries.again(&settled) {
                break settled.map_err(outrun);
            }
        };
        self.0.memory.forget(place);
        settled
    }

    /// Takes back what is scheduled, if anything is.
    pub(super) async fn cancel(&self, ask: &Ask, place: Place) -> Result<()> {
        self.find_place(place).await?;
        let operation = (place.organisation(), "menus.cancel");
        let settled = ask.settle(&self.0.db, operation, &place, async || {
            let mut commit = self.commit_of(place);
            let Some(scheduled) = self.scheduled(place).await? else {
                return Ok((commit, ()));
            };
            let head = self.head(place).await?;
            unschedule(&mut commit, place, &scheduled);
            let params = [
                place.uid().into(),
                head.version.into(),
                head.revision.into(),
            ];
            commit.guard(&rows::MOVE_HEAD, params);
            let told = Unscheduled { place };
            self.tell(ask, &mut commit, (place, head), ("menu.unscheduled", &told))?;
            Ok((commit, ()))
        });
        settled.await.map_err(changed)
    }

    /// Which revision of a place is sold.
    pub(super) async fn head(&self, place: Place) -> Result<Head> {
        let params = [place.uid().into()];
        let found = self
            .0
            .db
            .rows(place.organisation(), &rows::READ_HEAD, params);
        let found = found.await.at()?;
        let head = found.first().map(rows::read_head).transpose().at()?;
        Ok(head.unwrap_or_default())
    }

    /// What is scheduled for a place.
    pub(super) async fn scheduled(&self, place: Place) -> Result<Option<Scheduled>> {
        let params = [place.uid().into()];
        let found = self
            .0
            .db
            .rows(place.organisation(), &rows::READ_SCHEDULED, params);
        let found = found.await.at()?;
        found.first().map(rows::read_scheduled).transpose().at()
    }

    /// Adds a revision to a commit, which from then on is sold.
    pub(super) fn make_revision(
        &self,
        ask: &Ask,
        commit: &mut Commit,
        (place, head, new): (Place, Head, New<'_>),
    ) -> Result<rows::Revision> {
        let (uid, number) = (place.uid(), head.revision.saturating_add(1));
        commit.guard(
            &rows::MOVE_HEAD,
            [uid.into(), head.version.into(), number.into()],
        );
        let hash = new.packed.hash;
        let made = rows::Revision {
            number,
            hash,
            items: new.packed.items,
            author: new.author.to_owned(),
            at: commit.at(),
            note: new.note.to_owned(),
            restored: new.restored,
        };
        let cells: [Cell; 11] = [
            uid.into(),
            number.into(),
            hash.to_vec().into(),
            new.packed.bytes.into(),
            new.packed.size.into(),
            made.items.into(),
            new.packed.currency.into(),
            new.author.into(),
            made.at.into(),
            new.note.into(),
            new.restored.into(),
        ];
        commit.insert(&REVISIONS, cells);
        let told = Published {
            place,
            revision: number,
            hash: hex(&hash),
            author: new.author.to_owned(),
            note: new.note.to_owned(),
            draft: new.draft,
            restored: new.restored,
            scheduled: new.scheduled,
        };
        self.tell(ask, commit, (place, head), ("menu.published", &told))?;
        Ok(made)
    }

    /// The menu of a draft at this version, checked and packed.
    async fn ready(&self, place: Place, version: i64) -> Result<Packed> {
        let (draft, stands) = self.whole_draft(place).await?;
        if stands != version {
            return Err(late());
        }
        let refused = |findings: &[Finding]| {
            let said = "the draft cannot be published as it is; the fields say why";
            found(codes::MENU_REFUSED, said, findings)
        };
        let menu = draft.menu().ok_or_else(|| refused(&[headless()]))?;
        let (menu, findings) = self.checked(place, menu).await?;
        if !findings.is_empty() {
            return Err(refused(&findings));
        }
        Ok(pack(menu).await?.1)
    }

    /// What keeps a menu from being published in a place.
    async fn checked(&self, place: Place, menu: Menu) -> Result<(Menu, Vec<Finding>)> {
        let currency = match place {
            Place::Restaurant(id) => Some(self.restaurant(id).await?.details.currency),
            Place::Brand(_) => None,
        };
        aside(move || {
            let mut findings = check(&menu);
            findings.extend(currency.and_then(|currency| check_currency(&menu, currency)));
            Ok((menu, findings))
        })
        .await
    }

    async fn publish_now(
        &self,
        ask: &Ask,
        place: Place,
        (wanted, packed): (&Wanted, Packed),
    ) -> Result<(Commit, PublishView)> {
        let head = self.head(place).await?;
        let mut commit = self.commit_of(place);
        let params = [place.uid().into(), wanted.version.into()];
        commit.guard(&rows::PUBLISH_DRAFT, params);
        let new = New {
            packed,
            author: &ask.actor,
            note: &wanted.note,
            draft: wanted.version,
            restored: 0,
            scheduled: false,
        };
        let made = self.make_revision(ask, &mut commit, (place, head, new))?;
        Ok((commit, PublishView::published(&made)))
    }

    async fn schedule(
        &self,
        ask: &Ask,
        place: Place,
        (wanted, packed, at): (&Wanted, Packed, Time),
    ) -> Result<(Commit, PublishView)> {
        let now = self.0.clock.now();
        if at <= now || now.plus(AHEAD_MAX).is_none_or(|latest| at > latest) {
            return Err(slice::wrong(
                "at",
                "the time lies ahead, by at most 400 days",
            ));
        }
        let (head, before) = (self.head(place).await?, self.scheduled(place).await?);
        let (mut commit, uid) = (self.commit_of(place), place.uid());
        commit.guard(&rows::HOLD_DRAFT, [uid.into(), wanted.version.into()]);
        if let Some(before) = &before {
            unschedule(&mut commit, place, before);
        }
        let params = [uid.into(), head.version.into(), head.revision.into()];
        commit.guard(&rows::MOVE_HEAD, params);
        let scheduled = Scheduled {
            timer: Uid::make(&self.0.clock, &self.0.random, place.organisation()),
            at,
            hash: packed.hash,
            items: packed.items,
            author: ask.actor.clone(),
            note: wanted.note.clone(),
            draft: wanted.version,
        };
        let cells: [Cell; 11] = [
            uid.into(),
            scheduled.timer.into(),
            at.into(),
            packed.hash.to_vec().into(),
            packed.bytes.into(),
            packed.size.into(),
            packed.items.into(),
            packed.currency.into(),
            scheduled.author.as_str().into(),
            scheduled.note.as_str().into(),
            scheduled.draft.into(),
        ];
        commit.insert(&SCHEDULED, cells);
        timer(place, &scheduled)?.set(&mut commit);
        let told = WasScheduled {
            place,
            at,
            hash: hex(&packed.hash),
            note: wanted.note.clone(),
            draft: wanted.version,
        };
        self.tell(ask, &mut commit, (place, head), ("menu.scheduled", &told))?;
        Ok((commit, PublishView::scheduled(&scheduled)))
    }

    /// Publishes what was scheduled under this timer.
    async fn ring(&self, due: Due) -> Result<Handled> {
        let About { place } = serde_json::from_str(&due.payload).map_err(|error| {
            Error::internal(codes::DAMAGED, "a timer of menus cannot be read").caused_by(error)
        })?;
        let scheduled = self.scheduled(place).await?;
        let Some(scheduled) = scheduled.filter(|scheduled| scheduled.timer == due.id) else {
            return Ok(Handled::Done);
        };
        let params = [place.uid().into(), due.id.into()];
        let packed = self
            .0
            .db
            .rows(due.organisation, &rows::READ_SCHEDULED_PACKED, params);
        let packed = packed.await.at()?;
        let packed = packed.first().map(rows::read_packed).transpose().at()?;
        let packed = packed.ok_or_else(missing)?;
        let head = self.head(place).await?;
        let mut commit = self.commit_of(place);
        commit.guard(&rows::REMOVE_SCHEDULED, [place.uid().into(), due.id.into()]);
        let params = [place.uid().into(), scheduled.draft.into()];
        commit.guard(&rows::NOTE_PUBLISHED, params);
        let new = New {
            packed,
            author: &scheduled.author,
            note: &scheduled.note,
            draft: scheduled.draft,
            restored: 0,
            scheduled: true,
        };
        let ask = of_itself(&scheduled.author);
        self.make_revision(&ask, &mut commit, (place, head, new))?;
        Ok(commit.into())
    }

    /// Adds an event about what is published of a place to a commit.
    fn tell(
        &self,
        ask: &Ask,
        commit: &mut Commit,
        (place, head): (Place, Head),
        (kind, told): (&'static str, &impl Serialize),
    ) -> Result<()> {
        let version = head.version.saturating_add(1);
        let at = (Stream::Published.of(place.uid()), version);
        let event = ask.event(commit, at, kind, told)?;
        commit.event(event);
        Ok(())
    }
}

/// Publishes what was scheduled.
pub(super) fn timer_handler(app: &App) -> TimerHandler {
    let app = app.clone();
    TimerHandler::new(TIMER, move |due| {
        let app = app.clone();
        async move { app.ring(due).await }
    })
}

fn timer(place: Place, scheduled: &Scheduled) -> Result<Timer> {
    let payload = serde_json::to_string(&About { place }).map_err(|error| {
        Error::internal(codes::INTERNAL, "a timer that is no JSON").caused_by(error)
    })?;
    Ok(Timer {
        id: scheduled.timer,
        kind: TIMER,
        payload,
        due_at: scheduled.at,
    })
}

fn unschedule(commit: &mut Commit, place: Place, scheduled: &Scheduled) {
    let params = [place.uid().into(), scheduled.timer.into()];
    commit.guard(&rows::REMOVE_SCHEDULED, params);
    Timer::cancel(scheduled.timer, commit);
}

/// Nothing can be published of a draft without a head.
fn headless() -> Finding {
    Finding {
        code: "missing",
        part: None,
        field: "head".to_owned(),
        words: "currency, language and taxes of the menu have not been said".to_owned(),
    }
}
