//! One request for a change: who asks, under which trace, and under which key it must happen only once.

use axum::extract::FromRequestParts;
use base::{Error, Organisation, Result, Trail, Uid, codes};
use edge::{Caller, Context, IdempotencyKey, Problem};
use http::request::Parts;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Commit, Db, Event, Failure, Key, Reply};

/// Who asks for a change, and how it is told from another request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who: it is written into the events.
    pub actor: String,
    /// The trace that the events belong to.
    pub trace: String,
    /// The key under which the change happens once.
    pub key: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let context = Context::from_request_parts(parts, state).await?;
        let key = IdempotencyKey::from_request_parts(parts, state).await?;
        Ok(Ask {
            actor: caller.actor().to_owned(),
            trace: context
                .trace_id
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            key: key.0.map(String::from),
        })
    }
}

impl Ask {
    /// An event of this request.
    ///
    /// # Errors
    /// The payload is no JSON object.
    pub fn event(
        &self,
        commit: &Commit,
        (stream, version): (Uid, i64),
        kind: &'static str,
        payload: &impl Serialize,
    ) -> Result<Event> {
        let payload = json(payload)?;
        Ok(Event {
            stream,
            version,
            kind,
            payload,
            actor: self.actor.clone(),
            at: commit.at(),
            trace: self.trace.clone(),
        })
    }

    /// Does what was decided, once if there is a key, and gives the answer that belongs to it: a repeated request
    /// gets the answer of the first one.
    ///
    /// `request` is all that makes the request what it is; another one under the same key is refused.
    ///
    /// # Errors
    /// What `decide` says, what the commit was refused for, or that the key was used for another request.
    pub async fn settle<T: Serialize + DeserializeOwned>(
        &self,
        db: &Db,
        (organisation, operation): (Organisation, &'static str),
        request: &impl Serialize,
        decide: impl AsyncFnOnce() -> Result<(Commit, T)>,
    ) -> Result<T> {
        let Some(key) = &self.key else {
            let (commit, answer) = decide().await?;
            db.commit(commit, &db.deadline()).await.at()?;
            return Ok(answer);
        };
        let key = Key {
            organisation,
            caller: self.actor.clone(),
            operation: operation.to_owned(),
            key: key.clone(),
        };
        let body = digest(&SHA256, json(request)?.as_bytes());
        let deadline = db.deadline();
        let once = db.once(&key, body.as_ref(), &deadline, async || {
            let (commit, answer) = decide().await?;
            let body = json(&answer)?;
            Ok::<_, base::Error>((commit, Reply { status: 0, body }))
        });
        let (reply, _) = once.await?;
        serde_json::from_str(&reply.body).map_err(unreadable)
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(unreadable)
}

#[track_caller]
fn unreadable(error: serde_json::Error) -> base::Error {
    base::Error::internal(base::codes::INTERNAL, "a value that is no JSON").caused_by(error)
}

/// Has what a guard of a commit refused told as a conflict: it has moved between what was read and the act.
#[must_use]
pub fn outrun(error: Error, said: &'static str) -> Error {
    let cause = std::error::Error::source(&error);
    match cause.and_then(|cause| cause.downcast_ref::<Failure>()) {
        Some(Failure::Refused { .. }) => {
            Error::conflict(codes::VERSION_CHANGED, said).caused_by(error)
        }
        _ => error,
    }
}
