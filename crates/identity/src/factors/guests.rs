//! Guests who turn out to be somebody. Whoever signs in, by whatever way, takes over from the guest whose session came along
//! with the request, and that session ends: of many who sign in with it at once, one takes over.
//!
//! A session that is none any more, or that of somebody with an account, is no guest's, and none of this keeps anybody from
//! signing in. The table `guests` says who a person was before: when the person is erased, so are they.

use base::{Result, Trail as _, Uid};
use domain::people::{PersonId, SessionId};
use edge::Identify as _;
use http::HeaderMap;
use store::{Class, Column, Commit, Migration, Part, Sql, Table, Value};

use super::app::App;
use crate::sessions::{Sessions, Start, Started, Why};

/// Which guests a person was.
static GUESTS: Table = Table::new(
    "guests",
    Class::Person,
    &[Column::id("guest"), Column::int("at")],
    1,
    &[],
);

static NOTE: Sql = Sql::new(
    "guests.note",
    &GUESTS,
    "INSERT INTO guests (person, guest, at) VALUES ($1, $2, $3) ON CONFLICT (person, guest) DO NOTHING",
);

static LIST: Sql = Sql::new(
    "guests.list",
    &GUESTS,
    "SELECT guest FROM guests WHERE person = $1 AND guest > $2 ORDER BY guest LIMIT $3",
);

/// Forgets all guests that a person was; `$2` is the smallest id.
static REMOVE_ALL: Sql = Sql::new(
    "guests.remove_all",
    &GUESTS,
    "DELETE FROM guests WHERE person = $1 AND guest >= $2",
);

/// How many guests are listed at once.
const AT_ONCE: i64 = 100;
/// An id before all others.
const FIRST: Uid = Uid::from_bytes([0; 16]);

/// What guests bring to the people database.
pub(crate) static PART: Part = Part {
    name: "guests",
    tables: &[&GUESTS],
    statements: &[&NOTE, &LIST, &REMOVE_ALL],
    migrations: &[Migration {
        number: 1,
        name: "guests",
        sqlite: include_str!("../../migrations/guests/sqlite/0001_guests.sql"),
        postgres: include_str!("../../migrations/guests/postgres/0001_guests.sql"),
    }],
};

/// A guest, and the session by which he came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) person: PersonId,
    session: SessionId,
}

/// A session in a commit that is not stored yet. Its cookie is to be had from [`App::let_in`] alone.
#[derive(Debug)]
#[must_use = "nobody is let in before the commit is stored"]
pub(crate) struct Begun {
    person: PersonId,
    pub(crate) started: Started,
}

impl App {
    /// The guest that whoever sends this is until now.
    pub(crate) async fn guest_of(&self, headers: &HeaderMap) -> Option<Guest> {
        let found = Sessions::new(&self.0.sessions).identify(headers).await;
        let caller = found.ok().flatten()?;
        let guest = Guest {
            person: caller.person()?.into(),
            session: caller.session()?.into(),
        };
        let sessions = &self.0.sessions;
        let is_guest = sessions.is_of_guest(guest.person, guest.session).await;
        Some(guest).filter(|_| is_guest.unwrap_or_default())
    }

    /// Puts the session of somebody who signs in into the commit that lets him in. Once that is stored, [`App::let_in`].
    pub(crate) async fn begin(&self, commit: &mut Commit, start: Start<'_>) -> Result<Begun> {
        Ok(Begun {
            person: start.person,
            started: self.0.sessions.begin(commit, start).await?,
        })
    }

    /// Lets somebody in whose session is stored, who takes over from the guest that he was. That this fails keeps nobody from
    /// signing in: what is not handed over stays with the guest.
    pub(crate) async fn let_in(&self, begun: Begun, guest: Option<Guest>) -> Started {
        let Begun { person, started } = begun;
        if let Some(guest) = guest
            && let Err(error) = self.take_over(guest, person).await
        {
            tracing::warn!(guest = %guest.person, %person, ?error, "what a guest has begun was not handed over");
        }
        started
    }

    async fn take_over(&self, guest: Guest, person: PersonId) -> Result<()> {
        let Guest {
            person: guest,
            session,
        } = guest;
        // Only one ends it. Also where the guest has become a person himself: who copied the guest's token has no account.
        let sessions = &self.0.sessions;
        let is_first = sessions.finish(guest, session, Why::SignedIn).await?;
        if !is_first || guest == person || !self.is_guest(guest).await? {
            return Ok(());
        }
        let mut commit = self.commit(person);
        let params: [Value; 2] = [guest.uid().into(), commit.at().into()];
        commit.change(&NOTE, params);
        self.store(commit).await.at()?;
        self.0.people.hand_over(guest, person).await
    }

    /// Whether somebody can come back as whom he is by nothing but his session.
    async fn is_guest(&self, person: PersonId) -> Result<bool> {
        let found = self.0.people.find(person).await?;
        let is_known = found.is_none_or(|found| found.contacts > 0);
        Ok(!is_known && !self.has_second(person).await?)
    }

    /// Which guests a person was, after this one in the order of their ids; none is the end.
    pub(crate) async fn guests(
        &self,
        person: PersonId,
        after: Option<PersonId>,
    ) -> Result<Vec<PersonId>> {
        let after = after.map_or(FIRST, |after| after.uid());
        let params: [Value; 2] = [after.into(), AT_ONCE.into()];
        let rows = self.rows(person, &LIST, params).await?;
        let guests = rows.iter().map(|row| Ok(row.get::<Uid>(0)?.into()));
        guests.collect()
    }
}

/// Adds to a commit that a person forgets which guests it was.
pub(super) fn forget(commit: &mut Commit) {
    commit.change(&REMOVE_ALL, [FIRST.into()]);
}
