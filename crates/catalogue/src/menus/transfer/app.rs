//! The use cases of files: taken into a draft, followed, stopped, and written from a draft or a revision.

use std::sync::Arc;
use std::time::Duration;

use base::{Error, Result, Trail as _, Uid, codes};
use bytes::{Bytes, BytesMut};
use carte::transfer::{Document, Lines, Sheet};
use carte::{Edit, Menu, RevisionNumber};
use edge::Body;
use engine::Timer;
use slice::Ask;
use store::Commit;
use tokio::sync::Semaphore;

use super::found::{Found, Reading};
use super::store::{self as rows, File, Form, Import, NOBODY, State};
use super::work;
use crate::menus::Place;
use crate::menus::app::{App, Tries, missing, outrun, was_refused};
use crate::menus::packed::aside;

base::typed_id!(
    /// Names an import of a file into a draft.
    pub(crate) ImportId = "imp"
);

/// Files up to this size are read at once; larger ones are kept, and read when their time comes.
const SMALL_BYTES_MAX: usize = 1 << 20;
/// How much of a large file stands in one row.
const PIECE_BYTES: usize = 512 << 10;
/// How long a file may take to come. Whoever sent it may have gone away.
const COMES_WITHIN: Duration = Duration::from_secs(150);
/// How many imports of a place are remembered.
const REMEMBERED: usize = 20;

/// How many files are read at once in this process: one may take hundreds of megabytes meanwhile.
static ROOM: Semaphore = Semaphore::const_new(2);

impl App {
    /// Takes a file: does at once what is small, and else keeps it for a timer.
    pub(super) async fn import(
        &self,
        ask: &Ask,
        (place, file): (Place, File),
        body: &mut Body,
    ) -> Result<Import> {
        self.find_place(place).await?;
        if self.turn(place).await? != NOBODY {
            return Err(under_way());
        }
        let mut first = BytesMut::new();
        while let Some(more) = body.next().await? {
            first.extend_from_slice(&more);
            if first.len() > SMALL_BYTES_MAX {
                return self.import_large(ask, (place, file), (first, body)).await;
            }
        }
        let bytes = first.freeze();
        let mut tries = Tries::default();
        loop {
            let settled = self.import_small(ask, (place, file), bytes.clone()).await;
            if !tries.again(&settled) {
                return settled.map_err(outrun);
            }
        }
    }

    /// How an import stands.
    pub(super) async fn import_of(&self, place: Place, id: ImportId) -> Result<Import> {
        self.find_place(place).await?;
        self.find_import(place, id.uid()).await?.ok_or_else(missing)
    }

    /// Stops an import. What it has done to the draft stays.
    ///
    /// Its steps go by the version that they have read, this does not: it comes through between any two of them,
    /// however fast they follow each other.
    pub(super) async fn cancel_import(&self, place: Place, id: ImportId) -> Result<Import> {
        let import = self.import_of(place, id).await?;
        if import.state.is_over() {
            return Ok(import);
        }
        let mut commit = self.commit_of(place);
        let params: Vec<store::Value> = vec![
            place.uid().into(),
            import.id.into(),
            State::Cancelled.name().into(),
            commit.at().as_micros().into(),
        ];
        commit.guard(&rows::STOP, params);
        leave(&mut commit, place, import.id);
        let settled = self.0.db.commit(commit, &self.0.db.deadline()).await.at();
        match settled {
            // It has come to its end by itself meanwhile.
            Err(error) if !was_refused(&error) => Err(error),
            _ => self.import_of(place, id).await,
        }
    }

    /// Pieces of a file of a revision or, without a number, of the draft.
    pub(super) async fn export(
        &self,
        place: Place,
        (form, revision): (Form, Option<RevisionNumber>),
    ) -> Result<Box<dyn Iterator<Item = String> + Send>> {
        let menu: Arc<Menu> = match revision {
            Some(number) => self.menu_at(place, number).await?,
            None => Arc::new(self.draft(place).await?.0.ok_or_else(missing)?),
        };
        Ok(match form {
            Form::Csv => {
                let sheet = aside(move || Ok(Sheet::new(menu))).await?;
                Box::new(sheet.map_err(|wide| slice::wrong("format", wide.to_string()))?)
            }
            Form::Json => Box::new(Document::new(menu)),
            Form::Lines => Box::new(Lines::new(menu)),
        })
    }

    async fn import_small(
        &self,
        ask: &Ask,
        (place, file): (Place, File),
        bytes: Bytes,
    ) -> Result<Import> {
        let size = bytes.len();
        let mut import = self.new_import(ask, place, (file, size));
        let reading = self.read_file(place, file, bytes).await?;
        import.found = reading.found;
        let edits = Reading::edits(reading.plan);
        let parts: i64 = edits.iter().map(rows::count).sum();
        let mut commit = match edits.as_slice() {
            [edit] => self.edit_commit(ask, place, (edit, None)).await?.0,
            _ => self.commit_of(place),
        };
        import.total = parts;
        if edits.len() > 1 {
            import.state = State::Applying;
            self.keep_steps(&mut commit, &mut import, &edits)?;
            self.set_timer(&mut commit, place, import.id)?;
            let params = [place.uid().into(), import.id.into(), NOBODY.into()];
            commit.guard(&rows::TAKE_TURN, params);
        } else {
            import.state = match import.found.findings.is_empty() {
                true => State::Done,
                false => State::Refused,
            };
            import.ended_at = Some(commit.at());
            import.done = parts;
            let params = [place.uid().into(), NOBODY.into(), NOBODY.into()];
            commit.guard(&rows::TAKE_TURN, params);
        }
        self.forget_old(&mut commit, place).await?;
        let cells = import.cells(place.uid()).at()?;
        commit.insert(
            &rows::IMPORTS,
            cells.into_iter().map(Into::into).collect::<Vec<_>>(),
        );
        self.0.db.commit(commit, &self.0.db.deadline()).await.at()?;
        Ok(import)
    }

    /// Keeps a file piece by piece, so that it is nowhere whole in memory, and sets the timer that reads it.
    async fn import_large(
        &self,
        ask: &Ask,
        (place, file): (Place, File),
        (first, body): (BytesMut, &mut Body),
    ) -> Result<Import> {
        let mut import = self.new_import(ask, place, (file, 0));
        let mut commit = self.commit_of(place);
        let params = [place.uid().into(), import.id.into(), NOBODY.into()];
        commit.guard(&rows::TAKE_TURN, params);
        // Should nobody say that the file is there, this timer ends the import.
        import.run = self.watch(&mut commit, place, import.id)?;
        self.forget_old(&mut commit, place).await?;
        let cells = import.cells(place.uid()).at()?;
        commit.insert(
            &rows::IMPORTS,
            cells.into_iter().map(Into::into).collect::<Vec<_>>(),
        );
        let began = self.0.db.commit(commit, &self.0.db.deadline()).await;
        began.map_err(|failure| match failure {
            store::Failure::Refused { .. } => under_way(),
            failure => failure.into(),
        })?;
        let kept = self.keep_pieces(place, import.id, (first, body)).await;
        let mut commit = self.commit_of(place);
        Timer::cancel(import.run, &mut commit);
        match &kept {
            Ok(size) => {
                import.size = *size;
                import.state = State::Waiting;
                import.run = NOBODY;
                commit.guard(&rows::MOVE, import.moved(place.uid()).at()?);
                import.version = import.version.saturating_add(1);
                self.set_timer(&mut commit, place, import.id)?;
            }
            Err(_) => {
                import.found.trouble = "the file did not come whole".to_owned();
                end(&mut commit, place, (&mut import, State::Failed))?;
            }
        }
        self.0.db.commit(commit, &self.0.db.deadline()).await.at()?;
        kept.map(|_| import)
    }

    async fn keep_pieces(
        &self,
        place: Place,
        import: Uid,
        (mut buffer, body): (BytesMut, &mut Body),
    ) -> Result<i64> {
        let (mut number, mut size) = (0_i64, 0_i64);
        let mut is_whole = false;
        while !(is_whole && buffer.is_empty()) {
            while !is_whole && buffer.len() < PIECE_BYTES {
                match body.next().await? {
                    Some(more) => buffer.extend_from_slice(&more),
                    None => is_whole = true,
                }
            }
            let piece = buffer.split_to(PIECE_BYTES.min(buffer.len()));
            if piece.is_empty() {
                continue;
            }
            size = size.saturating_add(i64::try_from(piece.len()).unwrap_or(i64::MAX));
            let mut commit = self.commit_of(place);
            let cells = [import.into(), number.into(), piece.to_vec().into()];
            commit.insert(&rows::PIECES, cells);
            self.0.db.commit(commit, &self.0.db.deadline()).await.at()?;
            number = number.saturating_add(1);
        }
        Ok(size)
    }

    /// Reads a file against the draft as it is now.
    pub(super) async fn read_file(
        &self,
        place: Place,
        file: File,
        bytes: Bytes,
    ) -> Result<Reading> {
        let permit = ROOM.acquire().await;
        let _permit = permit.map_err(|_| Error::internal(codes::INTERNAL, "nobody closes it"))?;
        let (draft, _) = self.whole_draft(place).await?;
        let (clock, random) = (self.0.clock.clone(), self.0.random.clone());
        let organisation = place.organisation();
        aside(move || {
            let mut new_id = || Uid::make(&clock, &random, organisation);
            let of = (&draft, organisation);
            Ok(super::found::read(&bytes, file, of, &mut new_id))
        })
        .await
    }

    /// Adds what is to be done to a commit, and says in the import where it stands.
    pub(super) fn keep_steps(
        &self,
        commit: &mut Commit,
        import: &mut Import,
        edits: &[Edit],
    ) -> Result<()> {
        if import.run == NOBODY {
            import.run = self.new_uid(import.id);
        }
        for edit in edits {
            let packed = rows::pack(edit).at()?;
            let cells = [
                import.id.into(),
                import.run.into(),
                import.steps.into(),
                packed.into(),
            ];
            commit.insert(&rows::STEPS, cells);
            import.steps = import.steps.saturating_add(1);
        }
        Ok(())
    }

    pub(super) async fn find_import(&self, place: Place, id: Uid) -> Result<Option<Import>> {
        let params = [place.uid().into(), id.into()];
        let found = self
            .0
            .db
            .rows(place.organisation(), &rows::READ, params)
            .await;
        found.at()?.first().map(rows::read).transpose().at()
    }

    /// Sets the timer that goes on with an import at once.
    pub(super) fn set_timer(&self, commit: &mut Commit, place: Place, import: Uid) -> Result<()> {
        let due_at = commit.at();
        work::timer(self.new_uid(import), (place, import), due_at)?.set(commit);
        Ok(())
    }

    fn watch(&self, commit: &mut Commit, place: Place, import: Uid) -> Result<Uid> {
        let id = self.new_uid(import);
        let late = || Error::internal(codes::INTERNAL, "a time beyond the end of time");
        let due_at = commit.at().plus(COMES_WITHIN).ok_or_else(late)?;
        work::timer(id, (place, import), due_at)?.set(commit);
        Ok(id)
    }

    fn new_uid(&self, like: Uid) -> Uid {
        Uid::make(&self.0.clock, &self.0.random, like.organisation())
    }

    fn new_import(&self, ask: &Ask, place: Place, (file, size): (File, usize)) -> Import {
        Import {
            id: self.new_uid(place.uid()),
            version: 1,
            state: State::Receiving,
            file,
            size: i64::try_from(size).unwrap_or(i64::MAX),
            run: NOBODY,
            step: 0,
            steps: 0,
            done: 0,
            total: 0,
            found: Found::default(),
            author: ask.actor.clone(),
            started_at: self.0.clock.now(),
            ended_at: None,
        }
    }

    /// Which import runs in a place.
    async fn turn(&self, place: Place) -> Result<Uid> {
        let params = [place.uid().into()];
        let found = self
            .0
            .db
            .rows(place.organisation(), &rows::READ_TURN, params);
        let found = found.await.at()?;
        let turn = found.first().map(|row| row.get(0)).transpose();
        Ok(turn.at()?.unwrap_or(NOBODY))
    }

    /// Lets a commit remove the imports of a place that are too old to be remembered.
    async fn forget_old(&self, commit: &mut Commit, place: Place) -> Result<()> {
        let params = [place.uid().into()];
        let found = self.0.db.rows(place.organisation(), &rows::LIST, params);
        let found = found.await.at()?;
        let last = found
            .len()
            .checked_sub(REMEMBERED)
            .and_then(|last| found.get(last));
        if let Some(row) = last {
            let last: Uid = row.get(0).at()?;
            commit.change(&rows::FORGET, [place.uid().into(), last.into()]);
        }
        Ok(())
    }
}

/// Ends an import: nothing is kept of its file, and another may begin.
pub(super) fn end(
    commit: &mut Commit,
    place: Place,
    (import, state): (&mut Import, State),
) -> Result<()> {
    import.state = state;
    import.ended_at = Some(commit.at());
    commit.guard(&rows::MOVE, import.moved(place.uid()).at()?);
    import.version = import.version.saturating_add(1);
    leave(commit, place, import.id);
    Ok(())
}

/// Gives the turn of its place back, and removes what it has kept for itself.
fn leave(commit: &mut Commit, place: Place, id: Uid) {
    let params = [place.uid().into(), NOBODY.into(), id.into()];
    commit.guard(&rows::TAKE_TURN, params);
    commit.change(&rows::CLEAR_PIECES, [id.into(), 0_i64.into()]);
    commit.change(&rows::CLEAR_STEPS, [id.into(), NOBODY.into(), 0_i64.into()]);
}

#[track_caller]
fn under_way() -> Error {
    Error::conflict(
        codes::TOO_MANY,
        "a file is being imported here already; it ends by itself, or can be stopped",
    )
}
