//! What becomes of a large file on its own: read, then done step by step. Any node goes on with it.
//!
//! Each step is one commit: an edit of the draft, and the import's own row, which says that the step is done and holds
//! only if it was the next. So a step is never done twice, whoever is killed in the middle.

use std::time::Duration;

use base::{Error, Kind, Result, Time, Trail as _, Uid, codes};
use bytes::{Bytes, BytesMut};
use carte::{Edit, PartId};
use engine::{Due, Handled, Timer, TimerHandler};
use serde::{Deserialize, Serialize};
use slice::Ask;
use store::Commit;

use super::app::end;
use super::found::Reading;
use super::store::{self as rows, Import, State};
use crate::menus::Place;
use crate::menus::app::{App, Tries};
use crate::menus::store::{KNOWN_PARTS, kind};

/// What the timer is called that goes on with imports.
const TIMER: &str = "menu.import";
/// How long one call goes on with steps before it lets the next one do so: a call may take 30 s.
const GOES_ON: Duration = Duration::from_secs(8);
/// How many steps one call does at most.
const STEPS_AT_ONCE: usize = 40;
/// How many steps of a plan are kept in one commit.
const KEPT_AT_ONCE: usize = 8;

/// What a timer is about.
#[derive(Serialize, Deserialize)]
struct About {
    place: Place,
    import: Uid16,
}

/// An id as it stands in a payload.
type Uid16 = [u8; 16];

/// The handler of the timers of imports.
pub(super) fn timer_handler(app: &App) -> TimerHandler {
    let app = app.clone();
    TimerHandler::new(TIMER, move |due| {
        let app = app.clone();
        async move { app.go_on(due).await }
    })
}

/// A timer that goes on with an import.
pub(super) fn timer(id: Uid, (place, import): (Place, Uid), due_at: Time) -> Result<Timer> {
    let about = About {
        place,
        import: *import.as_bytes(),
    };
    let payload = serde_json::to_string(&about).map_err(|error| {
        Error::internal(codes::INTERNAL, "a timer that is no JSON").caused_by(error)
    })?;
    Ok(Timer {
        id,
        kind: TIMER,
        payload,
        due_at,
    })
}

impl App {
    async fn go_on(&self, due: Due) -> Result<Handled> {
        let about: About = serde_json::from_str(&due.payload).map_err(|error| {
            Error::internal(codes::DAMAGED, "a timer of an import cannot be read").caused_by(error)
        })?;
        let (place, id) = (about.place, Uid::from_bytes(about.import));
        let Some(mut import) = self.find_import(place, id).await? else {
            return Ok(Handled::Done);
        };
        match import.state {
            State::Receiving => {
                let mut commit = self.commit_of(place);
                import.found.trouble = "the file did not come whole".to_owned();
                end(&mut commit, place, (&mut import, State::Failed))?;
                Ok(commit.into())
            }
            State::Waiting => self.prepare(place, import).await,
            State::Applying => self.apply(place, import).await,
            State::Done | State::Refused | State::Cancelled | State::Failed => Ok(Handled::Done),
        }
    }

    /// Reads a file that was kept, and keeps what is to be done instead.
    async fn prepare(&self, place: Place, mut import: Import) -> Result<Handled> {
        let bytes = self.pieces(place, &import).await?;
        let reading = self.read_file(place, import.file, bytes).await?;
        import.found = reading.found;
        let edits = Reading::edits(reading.plan);
        if edits.is_empty() {
            let state = match import.found.findings.is_empty() {
                true => State::Done,
                false => State::Refused,
            };
            let mut commit = self.commit_of(place);
            end(&mut commit, place, (&mut import, state))?;
            return Ok(commit.into());
        }
        // What an earlier reading has left belongs to another run, and goes with the import.
        for some in edits.chunks(KEPT_AT_ONCE) {
            let mut commit = self.commit_of(place);
            self.keep_steps(&mut commit, &mut import, some)?;
            self.0.db.commit(commit, &self.0.db.deadline()).await.at()?;
        }
        import.total = edits.iter().map(rows::count).sum();
        import.state = State::Applying;
        let mut commit = self.commit_of(place);
        commit.guard(&rows::MOVE, import.moved(place.uid()).at()?);
        commit.change(&rows::CLEAR_PIECES, [import.id.into(), 0_i64.into()]);
        self.set_timer(&mut commit, place, import.id)?;
        Ok(commit.into())
    }

    /// The whole file.
    async fn pieces(&self, place: Place, import: &Import) -> Result<Bytes> {
        let mut all = BytesMut::with_capacity(usize::try_from(import.size).unwrap_or_default());
        for number in 0_i64.. {
            let params = [import.id.into(), number.into()];
            let found = self
                .0
                .db
                .rows(place.organisation(), &rows::READ_PIECE, params);
            let found = found.await.at()?;
            let Some(row) = found.first() else { break };
            all.extend_from_slice(&row.get::<Vec<u8>>(0).at()?);
        }
        Ok(all.freeze())
    }

    /// Does some steps. The last commit is the engine's, which ends the timer with it.
    async fn apply(&self, place: Place, import: Import) -> Result<Handled> {
        let (id, began) = (import.id, self.0.clock.elapsed());
        let mut tries = Tries::default();
        for _ in 1..STEPS_AT_ONCE {
            if self.0.clock.elapsed().saturating_sub(began) > GOES_ON {
                break;
            }
            let settled = self.take_step(place, id).await;
            match settled {
                Ok(true) => tries = Tries::default(),
                Ok(false) => break,
                settled if tries.again(&settled) => {}
                settled => return settled.map(|_| Handled::Done),
            }
        }
        let Some(import) = self.find_import(place, id).await? else {
            return Ok(Handled::Done);
        };
        if import.state != State::Applying {
            return Ok(Handled::Done);
        }
        let Some((mut commit, next)) = self.step(place, import).await? else {
            return Ok(Handled::Done);
        };
        if next == State::Applying {
            self.set_timer(&mut commit, place, id)?;
        }
        Ok(commit.into())
    }

    /// Does the next step, unless it is the last or there is none; says whether it did.
    async fn take_step(&self, place: Place, id: Uid) -> Result<bool> {
        let Some(import) = self.find_import(place, id).await? else {
            return Ok(false);
        };
        let is_last = import.step.saturating_add(1) >= import.steps;
        if import.state != State::Applying || is_last {
            return Ok(false);
        }
        let Some((commit, next)) = self.step(place, import).await? else {
            return Ok(false);
        };
        self.0.db.commit(commit, &self.0.db.deadline()).await.at()?;
        Ok(next == State::Applying)
    }

    /// The next step of an import as a commit, and how the import stands after it; nothing where it was stopped meanwhile,
    /// and its steps with it.
    async fn step(&self, place: Place, mut import: Import) -> Result<Option<(Commit, State)>> {
        let params = [import.id.into(), import.run.into(), import.step.into()];
        let found = self
            .0
            .db
            .rows(place.organisation(), &rows::READ_STEP, params);
        let found = found.await.at()?;
        let Some(row) = found.first() else {
            return match self.find_import(place, import.id).await? {
                Some(now) if now.state == State::Applying => {
                    let said = "a step of an import is lost";
                    Err(Error::internal(codes::DAMAGED, said))
                }
                Some(_) | None => Ok(None),
            };
        };
        let mut edit = rows::unpack(&row.get::<Vec<u8>>(0).at()?).at()?;
        let parts = rows::count(&edit);
        self.keep_known(place, &mut edit).await?;
        let ask = Ask {
            actor: import.author.clone(),
            trace: String::new(),
            key: None,
        };
        let mut commit = match self.edit_commit(&ask, place, (&edit, None)).await {
            Ok((commit, _)) => commit,
            Err(error) if error.kind() == Kind::Invalid => {
                let mut commit = self.commit_of(place);
                import.found.trouble = trouble(&error);
                end(&mut commit, place, (&mut import, State::Failed))?;
                return Ok(Some((commit, State::Failed)));
            }
            Err(error) => return Err(error),
        };
        import.step = import.step.saturating_add(1);
        import.done = import.done.saturating_add(parts);
        if import.step >= import.steps {
            end(&mut commit, place, (&mut import, State::Done))?;
        } else {
            commit.guard(&rows::MOVE, import.moved(place.uid()).at()?);
        }
        Ok(Some((commit, import.state)))
    }

    /// What is to go and has gone already, by hand, is not to go again.
    async fn keep_known(&self, place: Place, edit: &mut Edit) -> Result<()> {
        if edit.removes.is_empty() {
            return Ok(());
        }
        let mut known = Vec::new();
        for number in 1..=3_i64 {
            let of_kind = |id: &&PartId| kind(Some(id)) == number;
            let ids: Vec<Uid> = edit
                .removes
                .iter()
                .filter(of_kind)
                .map(PartId::uid)
                .collect();
            let params = [place.uid().into(), number.into(), ids.into()];
            let rows = self.0.db.rows(place.organisation(), &KNOWN_PARTS, params);
            for row in &rows.await.at()? {
                known.push((number, row.get::<Uid>(0).at()?));
            }
        }
        known.sort_unstable();
        let is_known = |id: &PartId| known.binary_search(&(kind(Some(id)), id.uid())).is_ok();
        edit.removes.retain(is_known);
        Ok(())
    }
}

/// Why a step cannot be done, in words.
fn trouble(error: &Error) -> String {
    const FIELDS_MAX: usize = 5;
    let fields = error.fields().iter().take(FIELDS_MAX);
    let fields: Vec<String> = fields
        .map(|one| format!("{}: {}", one.field, one.message))
        .collect();
    match fields.is_empty() {
        true => error.message().to_owned(),
        false => format!("{} ({})", error.message(), fields.join("; ")),
    }
}
