//! What begins and ends sessions, as parts of commits.

use base::{Clock, Random, Result, Time, Trail as _, Uid};
use domain::people::{PersonId, SessionId};
use edge::cookie::{SESSION, Set};
use edge::{Client, Strength};
use serde::Serialize;
use store::{Cell, Commit, Deadline, Event, Sealed, Sealer, Value};
use zeroize::Zeroizing;

use super::live::{Digest, number};
use super::settings::Limits;
use super::store as rows;
use super::view::{AGENT, PLACE, masked};

/// What the tag of a session's token is made for.
pub(crate) const TOKEN: &str = "session";

/// What a session is begun with.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// Who signs in: the person of the commit.
    pub person: PersonId,
    /// How well that was proven.
    pub strength: Strength,
    /// Whether the person has an account.
    pub kind: Kind,
    /// Where the request came from, for the person's list of sessions.
    pub client: &'a Client,
    /// The trace of the request; may be empty.
    pub trace: &'a str,
}

/// Whose session it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Somebody with an account.
    Person,
    /// Somebody who orders without one.
    Guest,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Person => "person",
            Kind::Guest => "guest",
        }
    }
}

/// A session that is there once its commit is stored.
pub struct Started {
    /// What opens it. It is told this once, and to nobody but who signed in.
    pub token: Zeroizing<String>,
    /// Which one it is.
    pub session: SessionId,
    /// The cookie that carries the token.
    pub cookie: Set,
    /// When it is over at the latest.
    pub expires_at: Time,
}

impl std::fmt::Debug for Started {
    /// The token is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Started")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Why a session ended, as its event says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// Whoever was signed in, signed out.
    Logout,
    /// The person ended it from the list, or all at once.
    Revoked,
    /// Another took its place when a second thing was proven.
    SteppedUp,
    /// A refresh token was used twice.
    RefreshReused,
    /// It was a guest's, and with it somebody signed in.
    SignedIn,
    /// The person had more sessions than there may be.
    Crowded,
}

/// What the beginning of a session is made with.
pub(crate) struct Tools<'a> {
    pub(crate) clock: &'a Clock,
    pub(crate) random: &'a Random,
    pub(crate) sealer: &'a Sealer,
    pub(crate) limits: Limits,
    /// What opens the session, and its hash.
    pub(crate) token: (Zeroizing<String>, Digest),
}

/// Puts a new session into a commit of its person.
pub(crate) async fn begin(
    tools: Tools<'_>,
    commit: &mut Commit,
    start: &Start<'_>,
    deadline: &Deadline,
) -> Result<Started> {
    let (person, at) = (start.person, commit.at());
    let agent = start.client.agent.as_deref();
    let agent = seal(tools.sealer, person, (AGENT, agent), deadline).await?;
    let place = start.client.address.map(masked);
    let place = seal(tools.sealer, person, (PLACE, place.as_deref()), deadline).await?;
    let (token, digest) = tools.token;
    let session = SessionId::make(tools.clock, tools.random, base::Organisation::PEOPLE);
    let Limits { absolute, idle } = tools.limits;
    let expires_at = at.plus(absolute).unwrap_or(at);
    let idle_us = i64::try_from(idle.as_micros()).unwrap_or(i64::MAX);
    let row: [Value; 12] = [
        digest.to_vec().into(),
        session.uid().into(),
        number(start.strength).into(),
        start.kind.name().into(),
        at.into(),
        at.into(),
        expires_at.into(),
        idle_us.into(),
        agent.into(),
        place.into(),
        Time::EPOCH.into(),
        at.into(),
    ];
    commit.insert(&rows::SESSIONS, row.map(Cell::from));
    let told = Told {
        person,
        strength: Some(number(start.strength)),
        kind: Some(start.kind.name()),
        why: None,
    };
    commit.event(event(commit, (session, 1), &told, start.trace)?);
    Ok(Started {
        cookie: Set::new(SESSION, &token, absolute)?,
        token,
        session,
        expires_at,
    })
}

/// Seals what is known of where a session began; nothing where nothing is.
async fn seal(
    sealer: &Sealer,
    person: PersonId,
    (field, text): (&'static str, Option<&str>),
    deadline: &Deadline,
) -> Result<Option<Sealed>> {
    match text {
        Some(text) => {
            let sealed = sealer.seal(person.uid(), field, text, deadline).await;
            sealed.map(Some).at()
        }
        None => Ok(None),
    }
}

/// Puts the end of a session into a commit of its person. The commit is refused where it has ended already.
pub(crate) fn end(
    commit: &mut Commit,
    person: PersonId,
    (session, digest): (SessionId, Digest),
    (why, trace): (Why, &str),
) -> Result<()> {
    let at = commit.at();
    let params: [Value; 2] = [digest.to_vec().into(), at.into()];
    commit.guard(&rows::END, params);
    let told = Told {
        person,
        strength: None,
        kind: None,
        why: Some(why),
    };
    commit.event(event(commit, (session, 2), &told, trace)?);
    Ok(())
}

/// What the events of a session say.
#[derive(Serialize)]
struct Told {
    person: PersonId,
    #[serde(skip_serializing_if = "Option::is_none")]
    strength: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Why>,
}

/// Events that begin are the first of their session, those that end the second.
fn event(
    commit: &Commit,
    (session, version): (SessionId, i64),
    told: &Told,
    trace: &str,
) -> Result<Event> {
    let payload = serde_json::to_string(told).map_err(|error| {
        base::Error::internal(base::codes::INTERNAL, "an event that is no JSON").caused_by(error)
    })?;
    let stream: Uid = session.uid();
    Ok(Event {
        stream,
        version,
        kind: match version {
            1 => STARTED,
            _ => ENDED,
        },
        payload,
        actor: told.person.to_string(),
        at: commit.at(),
        trace: trace.to_owned(),
    })
}

/// The event of a session that was begun.
const STARTED: &str = "session.started";
/// The event of a session that was ended.
pub(crate) const ENDED: &str = "session.ended";
