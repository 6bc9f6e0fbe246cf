//! What can be done with an organisation itself: made, read, listed, renamed, planned, suspended.

use base::{Error, Organisation, Page, Result, Uid, codes};
use domain::organisations::{
    self as nouns, Because, Counted, Founding, Name, OrganisationId, Plan, Reason, State,
};
use domain::people::PersonId;
use futures_util::future::try_join_all;
use serde::Serialize;
use slice::{Ask, Turn};
use store::{Placement, Sql, Value};

use super::app::{App, changed, find_organisation, missing};
use super::view::{OrganisationView, PlanView};
use super::{store as rows, usage};
use crate::access;

/// What a new organisation shall be.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// What it is called.
    pub(crate) name: Name,
    /// Who owns it; nobody yet where an operator makes it.
    pub(crate) owner: Option<PersonId>,
    /// Where it lives, if that was said.
    pub(crate) shard: Option<String>,
}

/// One change of an organisation: what it does to the row, what it says in the log, and how it stands then.
struct Step {
    sql: &'static Sql,
    value: Value,
    kind: &'static str,
    payload: serde_json::Value,
    next: nouns::Organisation,
}

impl App {
    /// Makes an organisation on the shard that was named, or on the one that has the fewest.
    pub(crate) async fn create_organisation(
        &self,
        ask: &Ask,
        wanted: &Wanted,
    ) -> Result<OrganisationView> {
        let db = &self.0.db;
        // The request names what is being made, so that the same request goes on with it after a crash.
        let request = match &ask.key {
            Some(key) => format!("{} {key}", ask.actor),
            None => format!(
                "{:?}",
                Uid::make(&self.0.clock, &self.0.random, Organisation::PEOPLE)
            ),
        };
        let shard = self.shard(wanted.shard.as_deref())?;
        let placement = db
            .create_organisation(&request, shard, &db.deadline())
            .await?;
        let number = placement.organisation;
        let said = (&wanted.name, wanted.owner, &wanted.shard);
        ask.settle(db, (number, "organisations.create"), &said, async || {
            let mut commit = db.new_commit(number);
            let id = OrganisationId::make(&self.0.clock, &self.0.random, number);
            let founding = Founding {
                name: wanted.name.clone(),
                plan: Plan::default(),
            };
            let made = nouns::Organisation::created(id, &founding, commit.at());
            let row: [Value; 6] = [
                id.uid().into(),
                made.name.as_str().into(),
                made.version.into(),
                made.created_at.into(),
                made.plan.name().into(),
                made.state.name().into(),
            ];
            commit.insert(&rows::ORGANISATIONS, row.map(Into::into));
            let told = ("organisation.created", &founding);
            self.note(ask, &mut commit, (id.uid(), 1), told)?;
            if let Some(owner) = wanted.owner {
                usage::take(&mut commit, Counted::Members, made.plan);
                access::first_owner(&mut commit, ask, id, owner)?;
            }
            Ok((commit, OrganisationView::of(&made, db.region())))
        })
        .await
    }

    /// The shard that was named, or the one that has the fewest.
    fn shard<'a>(&'a self, named: Option<&str>) -> Result<&'a String> {
        let db = &self.0.db;
        let mut shards = db.shards().keys();
        match named {
            Some(named) => shards.find(|shard| *shard == named).ok_or_else(|| {
                Error::missing(codes::NOT_FOUND, "there is no such shard").field(
                    "shard",
                    codes::NOT_FOUND,
                    "there is no shard of this name",
                )
            }),
            None => shards
                .min_by_key(|shard| db.directory().count(db.region(), shard))
                .ok_or_else(|| {
                    Error::unavailable(
                        codes::UNAVAILABLE,
                        "this installation has no shard for organisations",
                    )
                }),
        }
    }

    /// Reads an organisation.
    pub(crate) async fn organisation(&self, id: OrganisationId) -> Result<OrganisationView> {
        let found = self.find(id).await?;
        Ok(OrganisationView::of(&found, self.0.db.region()))
    }

    /// Reads what the plan of an organisation holds, and how much of it is used.
    pub(crate) async fn plan(&self, id: OrganisationId) -> Result<PlanView> {
        let found = self.find(id).await?;
        let used = usage::read(&self.0.db, id.organisation()).await?;
        Ok(PlanView::of(found.plan, &used))
    }

    /// Lists the organisations of this region, oldest first.
    pub(crate) async fn organisations(&self, turn: &Turn) -> Result<Page<OrganisationView>> {
        let after = match &turn.cursor {
            Some(cursor) => Organisation::new(u32::from_be_bytes(
                self.0.cursors.open("organisations", cursor)?,
            )),
            None => Organisation::PEOPLE,
        };
        let (db, limit) = (&self.0.db, turn.limit.get());
        let mut placements = db
            .directory()
            .page(db.region(), after, limit.saturating_add(1));
        let more = placements.len() > limit;
        placements.truncate(limit);
        let last = placements
            .last()
            .map(|last| last.organisation.get().to_be_bytes());
        let all = placements
            .iter()
            .map(|placement: &Placement| find_organisation(db, placement.organisation));
        let found = try_join_all(all).await?;
        let items = found
            .iter()
            .flatten()
            .map(|found| OrganisationView::of(found, db.region()));
        let next = last
            .filter(|_| more)
            .map(|last| self.0.cursors.seal("organisations", &last));
        Ok(Page {
            items: items.collect(),
            next,
        })
    }

    /// Gives an organisation another name.
    pub(crate) async fn rename_organisation(
        &self,
        ask: &Ask,
        id: OrganisationId,
        (name, seen): (Name, i64),
    ) -> Result<OrganisationView> {
        let request = (id, &name, seen);
        let operation = "organisations.rename";
        self.change_organisation(ask, (id, operation), &request, |found| {
            let naming = found.rename(name.clone(), seen)?;
            naming.map_or(Ok(None), |naming| {
                Ok(Some(Step {
                    sql: &rows::RENAME_ORGANISATION,
                    value: name.as_str().into(),
                    kind: "organisation.renamed",
                    payload: payload(&naming)?,
                    next: found.clone().renamed(naming),
                }))
            })
        })
        .await
    }

    /// Gives an organisation another plan. What it has beyond that plan it keeps.
    pub(crate) async fn change_plan(
        &self,
        ask: &Ask,
        id: OrganisationId,
        (plan, seen): (Plan, i64),
    ) -> Result<OrganisationView> {
        let request = (id, plan, seen);
        let operation = "organisations.change_plan";
        self.change_organisation(ask, (id, operation), &request, |found| {
            let planning = found.change_plan(plan, seen)?;
            planning.map_or(Ok(None), |planning| {
                Ok(Some(Step {
                    sql: &rows::SET_PLAN,
                    value: plan.name().into(),
                    kind: "organisation.plan_changed",
                    payload: payload(&planning)?,
                    next: found.clone().planned(&planning),
                }))
            })
        })
        .await
    }

    /// Suspends an organisation, or resumes it; one that is in this state already stays as it is.
    pub(crate) async fn turn_organisation(
        &self,
        ask: &Ask,
        id: OrganisationId,
        (state, reason): (State, Reason),
    ) -> Result<OrganisationView> {
        let request = (id, state, &reason);
        let (operation, kind) = match state {
            State::Suspended => ("organisations.suspend", "organisation.suspended"),
            State::Active => ("organisations.resume", "organisation.resumed"),
        };
        self.change_organisation(ask, (id, operation), &request, |found| {
            if !found.turns(state) {
                return Ok(None);
            }
            let because = Because {
                reason: reason.clone(),
            };
            Ok(Some(Step {
                sql: &rows::SET_STATE,
                value: state.name().into(),
                kind,
                payload: payload(&because)?,
                next: found.clone().turned(state),
            }))
        })
        .await
    }

    /// Reads an organisation, decides, and stores the step, guarded by the version that was read.
    async fn change_organisation(
        &self,
        ask: &Ask,
        (id, operation): (OrganisationId, &'static str),
        request: &impl Serialize,
        decide: impl FnOnce(&nouns::Organisation) -> Result<Option<Step>>,
    ) -> Result<OrganisationView> {
        let (db, number) = (&self.0.db, id.organisation());
        self.find(id).await?;
        let settled = ask.settle(db, (number, operation), request, async || {
            let found = self.find(id).await?;
            let mut commit = db.new_commit(number);
            let Some(step) = decide(&found)? else {
                return Ok((commit, OrganisationView::of(&found, db.region())));
            };
            let params = [id.uid().into(), step.value, found.version.into()];
            commit.guard(step.sql, params);
            let at = (id.uid(), step.next.version);
            self.note(ask, &mut commit, at, (step.kind, &step.payload))?;
            Ok((commit, OrganisationView::of(&step.next, db.region())))
        });
        let settled = settled.await;
        // Also when it is not known whether it was changed.
        self.changed_in(number);
        settled.map_err(changed)
    }

    async fn find(&self, id: OrganisationId) -> Result<nouns::Organisation> {
        let found = find_organisation(&self.0.db, id.organisation()).await?;
        found.filter(|found| found.id == id).ok_or_else(missing)
    }
}

fn payload(said: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(said).map_err(|error| {
        Error::internal(codes::INTERNAL, "an event that is no JSON").caused_by(error)
    })
}
