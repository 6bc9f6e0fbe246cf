//! What the audit log hears: the gate, which tells of refusals and reads, and the event log, which tells of actions.

use std::sync::Arc;
use std::time::Duration;

use base::{Organisation, Result, uid};
use domain::audit::{Entry, What, id_or_nothing};
use edge::{Seen, Witness};
use engine::{Consumer, Handled};
use futures_util::future::BoxFuture;
use store::Logged;

use super::ledger::Ledger;

/// How long an operator waits until it is durable that he is about to act.
const ACTING_WITHIN: Duration = Duration::from_secs(3);
/// How long an event waits before it is tried again: shorter than the engine lets a handler take.
const EVENT_WITHIN: Duration = Duration::from_secs(20);
/// Who asks when a sign-in was no good.
const NOBODY: &str = "nobody";

impl Witness for Ledger {
    fn saw(&self, seen: Seen) {
        let is_stranger = seen.role.is_none();
        let entry = entry_of(seen);
        if is_stranger {
            self.tell_of_stranger(entry);
        } else {
            self.tell(entry);
        }
    }

    fn acting<'a>(&'a self, seen: Seen) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.append(entry_of(seen), ACTING_WITHIN))
    }
}

fn entry_of(seen: Seen) -> Entry {
    let (what, code) = match seen.what {
        edge::What::Refused(code) => (What::Refused, code),
        edge::What::Read => (What::Read, ""),
        edge::What::Acting => (What::Acting, ""),
    };
    let target = seen.target.as_deref().unwrap_or_default();
    Entry {
        at: seen.at,
        organisation: seen.organisation.unwrap_or(Organisation::PEOPLE),
        actor: seen.actor,
        role: seen.role.map_or(NOBODY, edge::Role::name).to_owned(),
        what,
        operation: seen.operation.to_owned(),
        target: id_or_nothing(target).to_owned(),
        code: code.to_owned(),
        reason: seen.reason.unwrap_or_default(),
        correlation: seen.correlation.to_string(),
        source: None,
    }
}

/// The consumer that writes every event down, once. While the audit database is away it waits, and puts nothing aside.
///
/// # Errors
/// Never; the pattern is a fixed one.
pub fn consumer(ledger: &Ledger) -> Result<Consumer> {
    let ledger = ledger.clone();
    let consumer = Consumer::new("audit", &["*"], move |event: Arc<Logged>| {
        let ledger = ledger.clone();
        async move {
            ledger.append_later(action(&event), EVENT_WITHIN).await?;
            Ok(Handled::Done)
        }
    })?;
    // What is done to one thing is written down in order; of the rest as much at once as one commit takes.
    Ok(consumer.waiting().by_stream())
}

/// What is written down of an event: never its payload, which may hold personal fields.
pub(super) fn action(event: &Logged) -> Entry {
    // A stream belongs to one organisation and is never used again, so this names the event wherever it is kept.
    let source = format!(
        "{}/{}/{}",
        event.organisation,
        uid::spell("str", event.stream),
        event.version
    );
    Entry {
        at: event.at,
        organisation: event.organisation,
        actor: event.actor.clone(),
        role: role_of(&event.actor).to_owned(),
        what: What::Action,
        operation: event.kind.clone(),
        target: uid::spell(prefix_of(&event.kind), event.stream).to_string(),
        code: String::new(),
        reason: String::new(),
        correlation: event.trace.clone(),
        source: Some(source),
    }
}

/// What an actor is to the platform, by the first word of his id.
fn role_of(actor: &str) -> &'static str {
    match actor.split_once('_').map(|(prefix, _)| prefix) {
        Some("opr") => edge::Role::Operator.name(),
        Some("per") => edge::Role::Person.name(),
        Some("key") => edge::Role::Key.name(),
        Some("dev") => edge::Role::Device.name(),
        _ => "system",
    }
}

/// How the ids of a noun begin, by the first word of the kind of an event.
fn prefix_of(kind: &str) -> &'static str {
    match kind.split('.').next().unwrap_or_default() {
        "organisation" => "org",
        "brand" => "brd",
        "restaurant" => "rst",
        "person" | "profile" | "contact" | "address" => "per",
        "session" => "ses",
        "member" | "grant" => "mbr",
        "role" => "rol",
        "invitation" => "inv",
        "key" => "key",
        "device" => "dev",
        _ => "str",
    }
}
