//! Who asks, how often, and whether they may: what a request must pass before its body is read.
//!
//! What costs nothing to see is seen first. A request is counted whether it is let in or not, so that trying has a
//! limit; what the limits themselves refuse is counted nowhere. Whoever is refused by name is told to the audit log.

use std::net::IpAddr;

use base::{Error, Kind, Result, codes};
use fabric::Taken;
use http::header;
use http::request::Parts as Head;

use super::head::{changes, reason};
use super::tell::Subject;
use super::{Gate, Noted, Visit, rate};
use crate::authorise::{Asked, Granted};
use crate::registry::Served;
use crate::witness::What;
use crate::{Caller, Context, Means, Policy, Role, Strength};

/// A request whose route is known.
pub(super) struct Arrived<'a> {
    pub(super) served: &'a Served,
    pub(super) head: &'a Head,
    pub(super) params: &'a [(&'static str, String)],
    pub(super) address: Option<IpAddr>,
}

/// Who was let in.
pub(super) struct Admitted {
    pub(super) caller: Option<Caller>,
    pub(super) granted: Option<Granted>,
    pub(super) reason: Option<Box<str>>,
}

/// Finds out who asks, counts it, and asks the route's policy.
pub(super) async fn admit(
    gate: &Gate,
    visit: &mut Visit<'_>,
    arrived: &Arrived<'_>,
) -> Result<Admitted> {
    let identified = match arrived.served.shape.policy {
        Some(Policy::Public) => Ok(None),
        _ => gate.identify.identify(&arrived.head.headers).await,
    };
    // A sign-in that is no good is counted for the address, so that guessing has a limit.
    let (caller, bad) = match identified {
        Ok(caller) => (caller, None),
        Err(error) if error.kind() == Kind::Unauthenticated => (None, Some(error)),
        Err(error) => return Err(error.at()),
    };
    if let Some(organisation) = caller.as_ref().and_then(Caller::organisation) {
        visit.observation.belongs_to(organisation);
    }
    let named = caller.is_some() || bad.is_some();
    let read = match arrived.served.shape.policy {
        Some(Policy::May(_) | Policy::Inside) => reason(&arrived.head.headers),
        _ => Ok(None),
    };
    let (reason, bad) = match read {
        Ok(reason) => (reason, bad),
        Err(error) => (None, bad.or(Some(error))),
    };
    let asking = Asking {
        gate,
        arrived,
        caller: caller.as_ref(),
        reason: reason.as_deref(),
    };
    let granted = match asking.decide(bad, visit.noted).await {
        Ok(granted) => granted,
        Err(error) => {
            if named {
                asking.refused(&error, visit.context);
            }
            return Err(error);
        }
    };
    if let Some(granted) = &granted {
        visit.observation.belongs_to(granted.organisation);
    }
    Ok(Admitted {
        caller,
        granted,
        reason,
    })
}

/// One request between being identified and being let in.
struct Asking<'a> {
    gate: &'a Gate,
    arrived: &'a Arrived<'a>,
    caller: Option<&'a Caller>,
    reason: Option<&'a str>,
}

impl Asking<'_> {
    /// Counts the request and decides it.
    async fn decide(&self, bad: Option<Error>, noted: &mut Noted) -> Result<Option<Granted>> {
        let shape = &self.arrived.served.shape;
        let (limits, classes) = (&self.gate.limits, &self.gate.classes);
        let asker = rate::Asker::new(self.caller, self.arrived.address);
        let mut decided = match bad {
            Some(error) => Err(error),
            None => self.seen_at_once().map(|()| None),
        };
        if let (Ok(_), Some(Policy::May(permission)), Some(caller)) =
            (&decided, shape.policy, self.caller)
        {
            check(noted, classes.look(limits, shape, &asker).await)?;
            decided = self.may(permission, caller).await.map(Some);
        }
        let granted = decided.as_ref().ok().and_then(Option::as_ref);
        let taken = classes.take(limits, shape, &asker, granted).await;
        check(noted, taken)?;
        decided
    }

    /// What needs nothing but the request and its caller.
    fn seen_at_once(&self) -> Result<()> {
        let policy = self.arrived.served.shape.policy;
        if policy == Some(Policy::Public) {
            return Ok(());
        }
        let caller = self
            .caller
            .ok_or_else(|| Error::unauthenticated(codes::UNAUTHENTICATED, "nobody is signed in"))?;
        let head = self.arrived.head;
        // Who was found by something else than the header is taken to be found by a cookie, whatever is said of him.
        let no_header = !head.headers.contains_key(header::AUTHORIZATION);
        let cookies = no_header && head.headers.contains_key(header::COOKIE);
        let by_itself = caller.means() == Means::Cookie || cookies;
        if by_itself && changes(&head.method) && !self.gate.origins.is_proven(head) {
            let message = "a browser must say that a page of ours asks";
            return Err(Error::forbidden(codes::ORIGIN_REFUSED, message));
        }
        let human = matches!(caller.role(), Role::Operator | Role::Person);
        let weak = human && caller.strength() < Strength::Two;
        match (policy, caller.role()) {
            (Some(Policy::SignedIn | Policy::Public), _) => Ok(()),
            (Some(Policy::Operator | Policy::Inside), Role::Operator)
            | (Some(Policy::May(_)), _)
                if weak =>
            {
                let message = "this needs a sign-in with a second factor";
                Err(Error::forbidden(codes::SECOND_FACTOR_NEEDED, message))
            }
            (Some(Policy::Inside), Role::Operator) if self.reason.is_none() => Err(reason_needed()),
            (Some(Policy::Operator | Policy::Inside), Role::Operator)
            | (Some(Policy::May(_)), _) => Ok(()),
            // A route without a policy was refused at the start; here it would let nobody in.
            (Some(Policy::Operator | Policy::Inside) | None, _) => Err(Error::forbidden(
                codes::FORBIDDEN,
                "the caller may not do this",
            )),
        }
    }

    /// Asks what the caller may do at the target.
    async fn may(&self, permission: &'static str, caller: &Caller) -> Result<Granted> {
        let Arrived {
            served,
            head,
            params,
            ..
        } = self.arrived;
        let texts = params.iter().map(|(name, value)| (*name, &**value));
        served.path_limits.check(texts)?;
        let asked = Asked {
            caller,
            permission,
            params,
            reason: self.reason,
            changes: changes(&head.method),
        };
        let granted = self.gate.authorise.may(asked).await?;
        if granted.acting && self.reason.is_none() {
            return Err(reason_needed());
        }
        Ok(granted)
    }

    /// Tells the audit log of a refusal.
    fn refused(&self, error: &Error, context: &Context) {
        let told = matches!(
            error.kind(),
            Kind::Unauthenticated | Kind::Forbidden | Kind::Missing | Kind::Limited
        );
        if told {
            let subject = Subject {
                shape: &self.arrived.served.shape,
                caller: self.caller,
                granted: None,
                reason: self.reason,
                params: self.arrived.params,
                context,
            };
            let seen = subject.seen(&self.gate.clock, What::Refused(error.code()));
            self.gate.witness.saw(seen);
        }
    }
}

#[track_caller]
fn reason_needed() -> Error {
    let message = "acting for an organisation needs the header x-acting-reason";
    Error::forbidden(codes::REASON_NEEDED, message)
}

/// Remembers what the counters said, and refuses when they do.
fn check(noted: &mut Noted, taken: Option<Taken>) -> Result<()> {
    noted.taken = taken;
    match &noted.taken {
        Some(taken) if !taken.allowed => Err(rate::refusal(taken)),
        _ => Ok(()),
    }
}
