//! What the gate tells the audit log, and when: before the handler of somebody who acts for others, after an answer
//! with personal data, and of refusals.

use axum::response::Response;
use base::{Clock, Error, Kind, Organisation, Result, codes};

use super::Gate;
use super::head::changes;
use crate::extract::Passage;
use crate::problem::Carried;
use crate::route::Shape;
use crate::witness::{Seen, What};
use crate::{Caller, Context, Granted, Policy};

/// No id of ours is longer.
const TARGET_CHARS_MAX: usize = 64;
/// What an id is read as of which only the organisation is wanted.
const ANY: &str = "id";

/// What is known of a request.
pub(super) struct Subject<'a> {
    pub(super) shape: &'a Shape,
    pub(super) caller: Option<&'a Caller>,
    pub(super) granted: Option<&'a Granted>,
    pub(super) reason: Option<&'a str>,
    pub(super) params: &'a [(&'static str, String)],
    pub(super) context: &'a Context,
}

impl<'a> Subject<'a> {
    fn of(shape: &'a Shape, passage: &'a Passage) -> Self {
        Self {
            shape,
            caller: passage.caller.as_ref(),
            granted: passage.granted.as_ref(),
            reason: passage.reason.as_deref(),
            params: &passage.params,
            context: &passage.context,
        }
    }

    pub(super) fn seen(&self, clock: &Clock, what: What) -> Seen {
        let bound = self.caller.and_then(Caller::organisation);
        let first = self.params.first().map(|(_, value)| value);
        Seen {
            actor: self.caller.map_or("nobody", Caller::actor).to_owned(),
            role: self.caller.map(Caller::role),
            organisation: self
                .granted
                .map(|granted| granted.organisation)
                .or(bound)
                .or_else(|| self.entered()),
            operation: self.shape.operation,
            target: first.filter(|value| is_id(value)).cloned(),
            what,
            reason: self.reason.map(str::to_owned),
            correlation: self.context.correlation.clone(),
            at: clock.now(),
        }
    }
}

impl Subject<'_> {
    /// The organisation inside which an operator looks or acts.
    fn entered(&self) -> Option<Organisation> {
        let (_, text) = self.params.first()?;
        let (_, digits) = text.split_once('_')?;
        let is_inside = self.shape.policy == Some(Policy::Inside);
        // The organisation stands at the same digits in every id.
        let id = base::uid::read(ANY, &format!("{ANY}_{digits}"));
        id.ok().filter(|_| is_inside).map(|id| id.organisation())
    }
}

/// Whether a text of a stranger may stand in the audit log.
fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=TARGET_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// Whether an operator acts, for an organisation or for the platform.
pub(super) fn is_told_before(shape: &Shape, passage: &Passage) -> bool {
    let for_another = passage
        .granted
        .as_ref()
        .is_some_and(|granted| granted.acting);
    let for_the_platform = shape.policy == Some(Policy::Operator) && changes(&shape.method);
    let is_inside = shape.policy == Some(Policy::Inside);
    for_another || for_the_platform || is_inside
}

/// Writes down that he acts, before he does. When that cannot be done, he does not.
pub(super) async fn before(gate: &Gate, shape: &Shape, passage: &Passage) -> Result<()> {
    let seen = Subject::of(shape, passage).seen(&gate.clock, What::Acting);
    let written = gate.witness.acting(seen);
    let unwritten = || {
        let message = "it cannot be written down now who acts, so nobody does";
        Error::unavailable(codes::UNAVAILABLE, message)
    };
    match tokio::time::timeout(passage.deadline.left(), written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(cause)) => Err(unwritten().caused_by(cause)),
        Err(_late) => Err(unwritten()),
    }
}

/// Tells of personal data that were read, and of what the handler itself forbade.
pub(super) fn after(gate: &Gate, shape: &Shape, passage: &Passage, response: &Response) {
    let forbidden = response.extensions().get::<Carried>();
    let forbidden = forbidden.filter(|Carried(error)| error.kind() == Kind::Forbidden);
    let what = match forbidden {
        Some(Carried(error)) if passage.caller.is_some() => What::Refused(error.code()),
        _ if shape.personal && response.status().is_success() => What::Read,
        _ => return,
    };
    let seen = Subject::of(shape, passage).seen(&gate.clock, what);
    gate.witness.saw(seen);
}
