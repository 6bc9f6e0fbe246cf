//! What a slice writes of a saga: its state, its steps with run and undo side by side, and how a step ends.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use base::{Error, Money, Organisation, Result, Uid, codes};
use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Commit;

use super::handed::Handed;
use crate::handle::Handler;

/// The name of a saga and the version of its journal. A script whose steps or state changed so that a saga under way
/// could not be gone on with by it has the next version, and stands beside the script of the old one until that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// What it does: `order.place`.
    pub name: &'static str,
    /// The version of its journal.
    pub version: i64,
}

impl Kind {
    /// A kind of saga.
    #[must_use]
    pub const fn new(name: &'static str, version: i64) -> Self {
        Kind { name, version }
    }
}

/// What a saga remembers from step to step: ids and sums, no personal data, because the queue role sees it.
pub trait State: Serialize + DeserializeOwned + Send + 'static {
    /// The money that is at stake; shown when the saga is stuck.
    fn money(&self) -> Option<Money> {
        None
    }
}

/// Where a saga stands when a step is called.
#[derive(Debug)]
pub struct At<S> {
    /// Whose it is.
    pub organisation: Organisation,
    /// The saga.
    pub saga: Uid,
    /// What it is about.
    pub subject: Uid,
    /// The id of this step in this direction: the idempotency key for the outside.
    pub key: Uid,
    /// The [`At::key`] of the step behind this one, for an attempt outside that is stored with this one and made by that.
    pub next: Uid,
    /// How often this step was tried, this time included.
    pub tries: i64,
    /// Why it is being undone, if it is.
    pub reason: String,
    /// Why it was parked at this step before somebody had it run again, or how the last try erred; else empty, as it is once
    /// the step has waited since.
    pub error: String,
    /// What it remembers. Changes are kept by every turn.
    pub state: S,
    /// The effect of the step, to be filled in; the journal moves in it.
    pub commit: Commit,
    /// What the step before this one handed on.
    pub(crate) had: Handed,
    /// What this one hands on.
    pub(crate) hands: Handed,
}

/// How a step ended.
#[derive(Debug)]
#[must_use]
pub enum Turn<S> {
    /// It is done: its effect and the move are stored, then the saga goes on.
    Done(Commit, S, Handed),
    /// It is done, but has nothing to wait for: a next step that [`Script::joins`] gets the same commit, which stores
    /// both or none. Before any other step this one is stored, as by `Done`.
    Then(Commit, S, Handed),
    /// It is done, and the steps behind it have nothing to do: the saga ends with this commit. An undo that says so is
    /// done, and no more.
    Over(Commit, S),
    /// The outside has not answered, or not clearly: the step is called again after this time, with the same key.
    Wait(Duration, S),
    /// It cannot be done, and nothing of it is left: what was done before is undone, for this reason.
    Failed(Commit, S, Cow<'static, str>),
}

impl<S> At<S> {
    /// What was handed on to this step, if it was just stored by this process and nobody else can have had the saga since:
    /// so it need not be read again. Others may have changed it all the same, so every use of it has its guard in the
    /// commit. A step that runs again because of such a guard is handed nothing.
    #[must_use]
    pub fn had<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.had.get()
    }

    /// Hands something on to the next step, which gets it when this one is stored.
    pub fn hand<T: Any + Send + Sync>(&mut self, thing: T) {
        self.hands = Handed::new(thing);
    }

    /// The step is done: stores [`At::commit`] and goes on.
    pub fn done(self) -> Turn<S> {
        Turn::Done(self.commit, self.state, self.hands)
    }

    /// The step is done, and its effect may be stored together with that of the next, if that one [`Script::joins`]. The
    /// next one sees nothing of it before.
    pub fn then(self) -> Turn<S> {
        Turn::Then(self.commit, self.state, self.hands)
    }

    /// The step is done, and so is the saga: stores [`At::commit`] and its end in one commit.
    pub fn over(self) -> Turn<S> {
        Turn::Over(self.commit, self.state)
    }

    /// The step is called again after this time. What it put into the commit is not stored, its state is.
    pub fn wait(self, time: Duration) -> Turn<S> {
        Turn::Wait(time, self.state)
    }

    /// The step cannot be done and left nothing behind. The commit is stored with the turn.
    pub fn failed(self, reason: impl Into<Cow<'static, str>>) -> Turn<S> {
        Turn::Failed(self.commit, self.state, reason.into())
    }
}

/// The state as it stands in the journal, with its money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) state: String,
    pub(crate) money: Option<Money>,
}

impl Written {
    pub(crate) fn of<S: State>(state: &S) -> Result<Self> {
        let money = state.money();
        let state = serde_json::to_string(state).map_err(unwritable)?;
        Ok(Written { state, money })
    }
}

/// A step as the runner calls it: the state is text.
pub(crate) type Call = Handler<At<String>, Turn<Written>>;

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: Call,
    /// Without one it is tried until it is done.
    pub(crate) undo: Option<Call>,
    /// Whether all its effects are in its commit.
    pub(crate) joins: bool,
}

/// All steps of a saga, without the type of its state. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Plot {
    pub(crate) kind: Kind,
    pub(crate) steps: Arc<[Step]>,
}

impl Plot {
    /// Whether any of the steps up to this place can be undone.
    pub(crate) fn goes_back(&self, place: usize) -> bool {
        let steps = self.steps.iter().take(place.saturating_add(1));
        steps.into_iter().any(|step| step.undo.is_some())
    }
}

/// All steps of a saga in their order.
pub struct Script<S> {
    kind: Kind,
    steps: Vec<Step>,
    state: PhantomData<fn(S)>,
}

impl<S: State> Script<S> {
    /// A saga without steps yet.
    #[must_use]
    pub fn new(kind: &Kind) -> Self {
        Script {
            kind: *kind,
            steps: Vec::new(),
            state: PhantomData,
        }
    }

    /// A step that can be undone. An error is tried again; after five the saga is undone, and because nobody knows then
    /// what the step did outside, its own undo is the first. So an undo must bear that its run had no effect.
    #[must_use]
    pub fn step<R, U>(
        self,
        name: &'static str,
        run: impl Fn(At<S>) -> R + Send + Sync + 'static,
        undo: impl Fn(At<S>) -> U + Send + Sync + 'static,
    ) -> Self
    where
        R: Future<Output = Result<Turn<S>>> + Send + 'static,
        U: Future<Output = Result<Turn<S>>> + Send + 'static,
    {
        let undo = Some(called(undo));
        self.with(name, called(run), undo)
    }

    /// A step that is tried until it is done; when it errs too often, or says that it failed, the saga is parked. The
    /// steps before it are undone only by an operator's word, and it itself then has nothing to undo.
    #[must_use]
    pub fn must<R>(
        self,
        name: &'static str,
        run: impl Fn(At<S>) -> R + Send + Sync + 'static,
    ) -> Self
    where
        R: Future<Output = Result<Turn<S>>> + Send + 'static,
    {
        self.with(name, called(run), None)
    }

    /// Says of the last step that all its effects are in its commit, none of them outside: it may join the commit of the
    /// step before it. A step with effects outside must not: if it was called and its answer lost, the journal would
    /// stand before it, and might turn back there.
    #[must_use]
    pub fn joins(mut self) -> Self {
        if let Some(last) = self.steps.last_mut() {
            last.joins = true;
        }
        self
    }

    fn with(mut self, name: &'static str, run: Call, undo: Option<Call>) -> Self {
        let joins = false;
        self.steps.push(Step {
            name,
            run,
            undo,
            joins,
        });
        self
    }
}

impl<S> From<Script<S>> for Plot {
    fn from(script: Script<S>) -> Self {
        Plot {
            kind: script.kind,
            steps: script.steps.into(),
        }
    }
}

/// A function over a typed state as one over its text.
fn called<S: State, F>(function: impl Fn(At<S>) -> F + Send + Sync + 'static) -> Call
where
    F: Future<Output = Result<Turn<S>>> + Send + 'static,
{
    let function = Arc::new(function);
    Arc::new(move |at: At<String>| {
        let function = Arc::clone(&function);
        async move {
            let state = serde_json::from_str(&at.state).map_err(unwritable)?;
            let at = At {
                organisation: at.organisation,
                saga: at.saga,
                subject: at.subject,
                key: at.key,
                next: at.next,
                tries: at.tries,
                reason: at.reason,
                error: at.error,
                state,
                commit: at.commit,
                had: at.had,
                hands: at.hands,
            };
            Ok(match function(at).await? {
                Turn::Done(commit, state, hands) => Turn::Done(commit, Written::of(&state)?, hands),
                Turn::Then(commit, state, hands) => Turn::Then(commit, Written::of(&state)?, hands),
                Turn::Over(commit, state) => Turn::Over(commit, Written::of(&state)?),
                Turn::Wait(time, state) => Turn::Wait(time, Written::of(&state)?),
                Turn::Failed(commit, state, why) => Turn::Failed(commit, Written::of(&state)?, why),
            })
        }
        .boxed()
    })
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::internal(
        codes::INTERNAL,
        "the state of a saga cannot be read or written",
    )
    .caused_by(error)
}
