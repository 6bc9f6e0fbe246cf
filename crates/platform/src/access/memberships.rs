//! Which organisations a person belongs to: kept in the people database, from the events of all organisations.
//!
//! A membership is one row that ends and never begins again, so events may come twice and in any order.

use std::str::FromStr as _;

use base::{Error, Organisation, Page, Result, Trail, Uid, codes};
use domain::access::MemberId;
use domain::people::PersonId;
use engine::{Consumer, Handled};
use slice::{Ask, Turn};
use store::{
    Call, Class, Column, Commit, Failure, Logged, Migration, Outcome, Part, Row, Sql, Table, Value,
};

use super::app::{App, By};
use super::fold::{MEMBER_JOINED, MEMBER_REMOVED, MemberSaid, said};
use super::view::{MembershipView, OwnRoleView};

/// Who ends memberships of people who were erased.
const ERASURE: &str = "erasure";

/// The organisations that people belong to, or belonged to.
pub(crate) static MEMBERSHIPS: Table = Table::new(
    "memberships",
    Class::Person,
    &[
        Column::id("member"),
        Column::int("tenant"),
        Column::int("since"),
        Column::int("ended"),
    ],
    1,
    &[],
);

pub(crate) static LIST: Sql = Sql::new(
    "memberships.list",
    &MEMBERSHIPS,
    "SELECT member, tenant FROM memberships \
     WHERE person = $1 AND member > $2 AND ended = 0 ORDER BY member LIMIT $3",
);

pub(crate) static ALL: Sql = Sql::new(
    "memberships.all",
    &MEMBERSHIPS,
    "SELECT member, tenant, since, ended FROM memberships WHERE person = $1 ORDER BY member",
);

pub(crate) static END: Sql = Sql::new(
    "memberships.end",
    &MEMBERSHIPS,
    "UPDATE memberships SET ended = 1 WHERE person = $1 AND member = $2",
);

pub(crate) static FORGET: Sql = Sql::new(
    "memberships.forget",
    &MEMBERSHIPS,
    "DELETE FROM memberships WHERE person = $1 AND member = $2",
);

/// What access brings to the people database.
pub static PEOPLE: Part = Part {
    name: "memberships",
    tables: &[&MEMBERSHIPS],
    statements: &[&LIST, &ALL, &END, &FORGET],
    migrations: &[Migration {
        number: 1,
        name: "memberships",
        sqlite: include_str!("../../migrations/memberships/sqlite/0001_memberships.sql"),
        postgres: include_str!("../../migrations/memberships/postgres/0001_memberships.sql"),
    }],
};

/// A membership of a person, as it is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The membership.
    pub member: MemberId,
    /// The number of the organisation.
    pub organisation: Organisation,
    /// Since when.
    pub since: base::Time,
    /// Whether it has ended.
    pub ended: bool,
}

impl App {
    /// The organisations that a person belongs to, the oldest membership first.
    pub(crate) async fn mine(&self, person: PersonId, turn: &Turn) -> Result<Page<MembershipView>> {
        let scope = format!("organisations of {person}");
        let cursors = &self.inner().parts.cursors;
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = i64::from(turn.limit).saturating_add(1);
        let found = self.tenants_of(person, (after, limit)).await?;
        let mut items = Vec::with_capacity(found.len());
        for (_, number) in found.iter().take(turn.limit.get()) {
            items.extend(self.membership(person, *number).await?);
        }
        let last = found.get(turn.limit.get().saturating_sub(1));
        let last = last.filter(|_| found.len() > turn.limit.get());
        let next = last.map(|(member, _)| cursors.seal(&scope, member.uid().as_bytes()));
        Ok(Page { items, next })
    }

    /// The organisations that a person belongs to, those whose membership is younger than this one; so many at most.
    pub(crate) async fn tenants_of(
        &self,
        person: PersonId,
        (after, limit): (Uid, i64),
    ) -> Result<Vec<(MemberId, Organisation)>> {
        let params: [Value; 2] = [after.into(), limit.into()];
        let rows = self.of_person(person, Call::new(&LIST, params)).await?;
        Ok(rows.iter().map(listed).collect::<Outcome<_>>()?)
    }

    /// All memberships of a person, those that have ended too: for the export of what is known of him.
    ///
    /// # Errors
    /// The people database is away.
    pub async fn memberships(&self, person: PersonId) -> Result<Vec<Membership>> {
        let rows = self.of_person(person, Call::new(&ALL, [])).await?;
        let read = |row: &Row| {
            Ok(Membership {
                member: row.get::<Uid>(0)?.into(),
                organisation: row.get(1)?,
                since: row.get(2)?,
                ended: row.get(3)?,
            })
        };
        Ok(rows.iter().map(read).collect::<Outcome<_>>()?)
    }

    /// Keeps the memberships of people.
    ///
    /// # Errors
    /// A pattern is none.
    pub(crate) fn keeping(&self) -> Result<Consumer> {
        let app = self.clone();
        let kinds = [MEMBER_JOINED, MEMBER_REMOVED];
        Consumer::new("access.memberships", &kinds, move |event| {
            let app = app.clone();
            async move { app.keep(&event).await }
        })
    }

    /// Ends the memberships of people who were erased.
    ///
    /// # Errors
    /// A pattern is none.
    pub(crate) fn erasing(&self) -> Result<Consumer> {
        let app = self.clone();
        Consumer::new("access.erasures", &["person.erased"], move |event| {
            let app = app.clone();
            async move {
                app.erase(event.stream.into(), &event.trace).await?;
                Ok(Handled::Done)
            }
        })
    }

    /// Ends all memberships of a person who was erased, with all grants. It may be done again.
    ///
    /// # Errors
    /// A database is away.
    pub async fn erase(&self, person: PersonId, trace: &str) -> Result<()> {
        let ask = Ask {
            actor: ERASURE.to_owned(),
            trace: trace.to_owned(),
            key: None,
        };
        for membership in self.memberships(person).await? {
            if !membership.ended {
                let of = (person, membership.organisation);
                self.erase_member(&ask, of).await?;
            }
            self.forget_membership(person, membership.member).await?;
        }
        Ok(())
    }

    /// How a person belongs to an organisation now; nothing when he left meanwhile.
    async fn membership(
        &self,
        person: PersonId,
        number: Organisation,
    ) -> Result<Option<MembershipView>> {
        let Some(house) = self.house(number).await? else {
            return Ok(None);
        };
        let scene = self.scene(number, By::Operator, person).await?;
        let Some(member) = scene.member else {
            return Ok(None);
        };
        let roles = scene.grants.iter();
        Ok(Some(MembershipView {
            organisation: house.id,
            name: house.name.as_str().to_owned(),
            suspended: house.suspended,
            since: member.joined_at,
            roles: roles
                .map(|grant| OwnRoleView::of(grant, &scene.roles))
                .collect(),
        }))
    }

    async fn keep(&self, event: &Logged) -> Result<Handled> {
        let person = said::<MemberSaid>(event)?.person;
        let member = MemberId::from(event.stream);
        if event.actor == ERASURE {
            // Nothing is kept of whoever was erased.
            self.forget_membership(person, member).await?;
            return Ok(Handled::Done);
        }
        let ended = event.kind == MEMBER_REMOVED;
        let mut commit = self.commit_of(person);
        commit.claim(
            &MEMBERSHIPS,
            [
                event.stream.into(),
                i64::from(event.organisation).into(),
                event.at.into(),
                i64::from(ended).into(),
            ],
        );
        match self.db().commit(commit, &self.db().deadline()).await {
            // It is there already: what has ended stays so, whatever comes late.
            Err(Failure::Refused { .. }) if ended => {
                let mut commit = self.commit_of(person);
                commit.change(&END, [event.stream.into()]);
                self.db().commit(commit, &self.db().deadline()).await.at()?;
            }
            Ok(_) | Err(Failure::Refused { .. }) => {}
            Err(failure) => return Err(failure.into()),
        }
        Ok(Handled::Done)
    }

    async fn forget_membership(&self, person: PersonId, member: MemberId) -> Result<()> {
        let mut commit = self.commit_of(person);
        commit.change(&FORGET, [member.uid().into()]);
        self.db().commit(commit, &self.db().deadline()).await.at()?;
        Ok(())
    }

    fn commit_of(&self, person: PersonId) -> Commit {
        let parts = &self.inner().parts;
        Commit::of_person(&parts.clock, &parts.random, person.uid())
    }

    async fn of_person(&self, person: PersonId, call: Call) -> Result<Vec<Row>> {
        let deadline = self.db().deadline();
        let read = self.db().read_person(person.uid(), vec![call], &deadline);
        Ok(read.await.at()?.into_iter().flatten().collect())
    }
}

/// The caller as a person, for routes about himself.
pub(crate) fn person_of(caller: &edge::Caller) -> Result<PersonId> {
    let named = || PersonId::from_str(caller.actor()).ok();
    let person = caller.person().map(PersonId::from).or_else(named);
    person.ok_or_else(|| Error::forbidden(codes::FORBIDDEN, "only people belong to organisations"))
}

fn listed(row: &Row) -> Outcome<(MemberId, Organisation)> {
    Ok((row.get::<Uid>(0)?.into(), row.get(1)?))
}
