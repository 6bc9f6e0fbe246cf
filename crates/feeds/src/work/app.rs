//! The use cases of operators: list what was put aside, have it done again, discard it.

use std::sync::{Arc, OnceLock};

use base::{Error, Organisation, Page, Result, Trail as _, Uid, codes};
use domain::organisations::Reason;
use engine::Engine;
use engine::aside::{Aside, Name, Of};
use serde::Serialize;
use slice::{Ask, Cursors, Turn, outrun};
use store::{Commit, Db};

use super::view::{WorkId, WorkView};

/// What a cursor holds: a name, filled up with zeros.
const CURSOR_BYTES: usize = 160;

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Has it done again.
    Reprocess,
    /// Takes it away.
    Discard,
}

impl Act {
    const fn operation(self) -> &'static str {
        match self {
            Act::Reprocess => "work.reprocess",
            Act::Discard => "work.discard",
        }
    }

    const fn event(self) -> &'static str {
        match self {
            Act::Reprocess => "work.reprocessed",
            Act::Discard => "work.discarded",
        }
    }
}

/// What is written down of an act: how the work stood, and why somebody acted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Acted<'a> {
    work: &'a str,
    kind: &'a str,
    tries: i64,
    error: &'a str,
    reason: &'a str,
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    db: Db,
    clock: base::Clock,
    random: base::Random,
    cursors: Cursors,
    /// Who does the work. It begins after the routes are made, for it does what their slices want done.
    engine: Arc<OnceLock<Engine>>,
}

impl App {
    pub(crate) fn new(parts: &crate::Parts) -> Self {
        App {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            cursors: parts.cursors.clone(),
            engine: Arc::default(),
        }
    }

    /// Says who does the work; the first one counts.
    pub(crate) fn attend(&self, engine: &Engine) {
        let _first = self.engine.set(engine.clone());
    }

    fn engine(&self) -> Result<&Engine> {
        let engine = self.engine.get();
        engine.ok_or_else(|| {
            Error::unavailable(codes::UNAVAILABLE, "the work of this node has not begun")
        })
    }

    /// A part of what was put aside.
    pub(super) async fn list(&self, of: Of, turn: &Turn) -> Result<Page<WorkView>> {
        let scope = format!("work {of:?}");
        let after = match &turn.cursor {
            Some(cursor) => Some(place(self.cursors.open(&scope, cursor)?)?),
            None => None,
        };
        let limit = turn.limit.get();
        let after = after.as_ref().map(|id| &id.0);
        let engine = self.engine()?;
        let found = engine.put_aside(of, after, limit.saturating_add(1));
        let mut found = found.await.at()?;
        let is_more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| is_more);
        let next = last.map(|last| self.cursors.seal(&scope, &bytes(last)));
        let items = found.iter().map(WorkView::from).collect();
        Ok(Page { items, next })
    }

    /// One thing that was put aside.
    pub(super) async fn read(&self, id: &WorkId) -> Result<WorkView> {
        Ok(WorkView::from(&self.find(id).await?))
    }

    /// Does what an operator says, and writes down who said it and why.
    pub(super) async fn act(
        &self,
        ask: &Ask,
        id: &WorkId,
        (act, reason): (Act, Reason),
    ) -> Result<WorkView> {
        let house = self.house(id).await?;
        let request = (id, act.operation(), &reason);
        let place = (house, act.operation());
        let settled = ask.settle(&self.db, place, &request, async || {
            let aside = self.find(id).await?;
            let mut commit = self.db.new_commit(house);
            match act {
                Act::Reprocess => aside.reprocess(&mut commit),
                Act::Discard => aside.discard(&mut commit),
            }
            let view = WorkView::from(&aside);
            self.note(ask, (act, &reason), &view, &mut commit)?;
            Ok((commit, view))
        });
        let said = "somebody else has acted upon it since it was read";
        let before = settled.await.map_err(|error| outrun(error, said))?;
        let Name::Letter {
            database,
            consumer,
            position,
        } = &id.0
        else {
            return Ok(before.standing(match act {
                Act::Reprocess => "again",
                Act::Discard => "discarded",
            }));
        };
        let engine = self.engine()?;
        match act {
            Act::Discard => {
                engine.discard_letter(database, consumer, *position).await?;
                Ok(before.standing("discarded"))
            }
            Act::Reprocess => match self.again(engine, id).await? {
                None => Ok(before.standing("handled")),
                Some(failed) => Ok(WorkView::from(&failed)),
            },
        }
    }

    /// Handles an event again; it is there still when it failed again. A repeated request finds it handled.
    async fn again(&self, engine: &Engine, id: &WorkId) -> Result<Option<Aside>> {
        let Name::Letter {
            database,
            consumer,
            position,
        } = &id.0
        else {
            return Ok(None);
        };
        let is_there = engine.find_aside(&id.0).await?.is_some();
        if is_there && !engine.retry(database, consumer, *position).await? {
            return engine.find_aside(&id.0).await;
        }
        Ok(None)
    }

    fn note(
        &self,
        ask: &Ask,
        (act, reason): (Act, &Reason),
        view: &WorkView,
        commit: &mut Commit,
    ) -> Result<()> {
        let acted = Acted {
            work: &view.id,
            kind: &view.kind,
            tries: view.tries,
            error: &view.error,
            reason: reason.as_str(),
        };
        // Each act is a stream of its own: this work has no other events, and two acts may come at once.
        let stream = Uid::make(&self.clock, &self.random, commit.organisation());
        let event = ask.event(commit, (stream, 1), act.event(), &acted)?;
        commit.event(event);
        Ok(())
    }

    /// In whose log an act is written down. Whose a dead letter is says the letter; once it is gone, a repeated request
    /// has to find what was answered to the first one, so those are all the platform's own.
    async fn house(&self, id: &WorkId) -> Result<Organisation> {
        let house = match &id.0 {
            Name::Job(id) | Name::Timer(id) => id.organisation(),
            Name::Letter { .. } => Organisation::PEOPLE,
        };
        let is_known = house == Organisation::PEOPLE || self.db.knows(house).await;
        is_known.then_some(house).ok_or_else(missing)
    }

    async fn find(&self, id: &WorkId) -> Result<Aside> {
        self.house(id).await?;
        let found = self.engine()?.find_aside(&id.0).await.at()?;
        found.ok_or_else(missing)
    }
}

#[track_caller]
fn missing() -> Error {
    Error::missing(
        codes::NOT_FOUND,
        "there is no such work, or it waits for nobody",
    )
}

fn bytes(aside: &Aside) -> [u8; CURSOR_BYTES] {
    let name = WorkId(aside.name.clone()).to_string();
    let mut bytes = [0; CURSOR_BYTES];
    for (byte, of_name) in bytes.iter_mut().zip(name.bytes()) {
        *byte = of_name;
    }
    bytes
}

fn place(bytes: [u8; CURSOR_BYTES]) -> Result<WorkId> {
    let text = String::from_utf8_lossy(&bytes);
    text.trim_end_matches('\0').parse()
}
