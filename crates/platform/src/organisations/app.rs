//! What can be done with organisations and brands: read, decide, commit.

use std::sync::Arc;

use base::{Clock, Error, Organisation, Page, Random, Result, Trail, Uid, codes};
use domain::organisations::{self as names, Brand, BrandId, Name, Named, Naming, OrganisationId};
use futures_util::future::try_join_all;
use slice::{Ask, Cursors, Turn};
use store::{Commit, Db, Failure, Placement, Rule, Sql, Table, Value};

use super::store as rows;
use super::view::{BrandView, OrganisationView};

/// The use cases of organisations and brands. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    random: Random,
    cursors: Cursors,
}

/// How a noun of two events is stored: its table, its statements, its kinds of events.
struct Noun {
    table: &'static Table,
    rename: &'static Sql,
    created: &'static str,
    renamed: &'static str,
}

static ORGANISATION: Noun = Noun {
    table: &rows::ORGANISATIONS,
    rename: &rows::RENAME_ORGANISATION,
    created: "organisation.created",
    renamed: "organisation.renamed",
};

static BRAND: Noun = Noun {
    table: &rows::BRANDS,
    rename: &rows::RENAME_BRAND,
    created: "brand.created",
    renamed: "brand.renamed",
};

impl App {
    /// The use cases over these databases; cursors are signed with the key that is current.
    #[must_use]
    pub fn new(db: &Db, clock: &Clock, random: &Random, cursors: Cursors) -> Self {
        App(Arc::new(Inner {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            cursors,
        }))
    }

    /// Makes an organisation on the shard that has the fewest.
    pub(crate) async fn create_organisation(
        &self,
        ask: &Ask,
        name: Name,
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
        let shards = db.shards().keys();
        let shard = shards.min_by_key(|shard| db.directory().count(db.region(), shard));
        let shard = shard.ok_or_else(|| {
            Error::unavailable(
                codes::UNAVAILABLE,
                "this installation has no shard for organisations",
            )
        })?;
        let placement = db
            .create_organisation(&request, shard, &db.deadline())
            .await?;
        let number = placement.organisation;
        let operation = (number, "organisations.create");
        ask.settle(db, operation, &name, async || {
            let mut commit = db.new_commit(number);
            let id = OrganisationId::make(&self.0.clock, &self.0.random, number);
            let naming = Naming { name: name.clone() };
            let made = Named::created(id, &naming, commit.at());
            let row = [
                id.uid().into(),
                name.as_str().into(),
                1.into(),
                commit.at().into(),
            ];
            created(
                ask,
                &mut commit,
                &ORGANISATION,
                (id.uid(), &naming, row.to_vec()),
            )?;
            Ok((commit, OrganisationView::of(&made, db.region())))
        })
        .await
    }

    /// Reads an organisation.
    pub(crate) async fn organisation(&self, id: OrganisationId) -> Result<OrganisationView> {
        let found = self.find_organisation(id.organisation()).await?;
        let found = found.filter(|found| found.id == id).ok_or_else(missing)?;
        Ok(OrganisationView::of(&found, self.0.db.region()))
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
            .map(|placement: &Placement| self.find_organisation(placement.organisation));
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
        let (db, number) = (&self.0.db, id.organisation());
        self.organisation(id).await?;
        let request = (id, &name, seen);
        ask.settle(db, (number, "organisations.rename"), &request, async || {
            let found = self.find_organisation(number).await?.ok_or_else(missing)?;
            let Some(naming) = found.rename(name.clone(), seen)? else {
                return Ok((
                    db.new_commit(number),
                    OrganisationView::of(&found, db.region()),
                ));
            };
            let params = [id.uid().into(), name.as_str().into(), seen.into()];
            let commit = self.renamed(ask, &ORGANISATION, &found, (&naming, params.to_vec()))?;
            Ok((
                commit,
                OrganisationView::of(&found.renamed(&naming), db.region()),
            ))
        })
        .await
        .map_err(changed)
    }

    /// Makes a brand of an organisation.
    pub(crate) async fn create_brand(
        &self,
        ask: &Ask,
        organisation: OrganisationId,
        name: Name,
    ) -> Result<BrandView> {
        let (db, number) = (&self.0.db, organisation.organisation());
        self.organisation(organisation).await?;
        ask.settle(
            db,
            (number, "brands.create"),
            &(organisation, &name),
            async || {
                let mut commit = db.new_commit(number);
                let id = BrandId::make(&self.0.clock, &self.0.random, number);
                let naming = Naming { name: name.clone() };
                let made = Named::created(id, &naming, commit.at());
                let row = brand_row(&made);
                created(ask, &mut commit, &BRAND, (id.uid(), &naming, row))?;
                Ok((commit, BrandView::from(&made)))
            },
        )
        .await
        .map_err(taken)
    }

    /// Reads a brand.
    pub(crate) async fn brand(&self, id: BrandId) -> Result<BrandView> {
        Ok(BrandView::from(&self.find_brand(id).await?))
    }

    /// Lists the brands of an organisation, oldest first.
    pub(crate) async fn brands(
        &self,
        organisation: OrganisationId,
        turn: &Turn,
    ) -> Result<Page<BrandView>> {
        self.organisation(organisation).await?;
        let scope = format!("brands of {organisation}");
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(self.0.cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = turn.limit.get();
        let params: [Value; 2] = [after.into(), i64::from(turn.limit).saturating_add(1).into()];
        let rows = self
            .0
            .db
            .rows(organisation.organisation(), &rows::LIST_BRANDS, params)
            .await?;
        let brands: Vec<Brand> = rows
            .iter()
            .take(limit)
            .map(rows::read)
            .collect::<Result<_, _>>()?;
        let last = brands.last().filter(|_| rows.len() > limit);
        let next = last.map(|last| self.0.cursors.seal(&scope, last.id.uid().as_bytes()));
        Ok(Page {
            items: brands.iter().map(BrandView::from).collect(),
            next,
        })
    }

    /// Gives a brand another name.
    pub(crate) async fn rename_brand(
        &self,
        ask: &Ask,
        id: BrandId,
        (name, seen): (Name, i64),
    ) -> Result<BrandView> {
        let (db, number) = (&self.0.db, id.organisation());
        self.find_brand(id).await?;
        ask.settle(
            db,
            (number, "brands.rename"),
            &(id, &name, seen),
            async || {
                let found = self.find_brand(id).await?;
                let Some(naming) = found.rename(name.clone(), seen)? else {
                    return Ok((db.new_commit(number), BrandView::from(&found)));
                };
                let (shown, folded) = (name.as_str(), name.folded());
                let params = [id.uid().into(), shown.into(), folded.into(), seen.into()];
                let commit = self.renamed(ask, &BRAND, &found, (&naming, params.to_vec()))?;
                Ok((commit, BrandView::from(&found.renamed(&naming))))
            },
        )
        .await
        .map_err(|error| taken(changed(error)))
    }

    /// The commit of a rename: guarded by the version, so that of two only one gets through.
    fn renamed<Id: Copy + Into<Uid>>(
        &self,
        ask: &Ask,
        noun: &Noun,
        found: &Named<Id>,
        (naming, params): (&Naming, Vec<Value>),
    ) -> Result<Commit> {
        let id: Uid = found.id.into();
        let mut commit = self.0.db.new_commit(id.organisation());
        commit.guard(noun.rename, params);
        let at = (id, found.version.saturating_add(1));
        let event = ask.event(&commit, at, noun.renamed, naming)?;
        commit.event(event);
        Ok(commit)
    }

    async fn find_organisation(&self, number: Organisation) -> Result<Option<names::Organisation>> {
        if self.0.db.directory().find(number).is_none() {
            return Ok(None);
        }
        let rows = self
            .0
            .db
            .rows(number, &rows::READ_ORGANISATION, [])
            .await
            .at()?;
        rows.first().map(rows::read).transpose().at()
    }

    async fn find_brand(&self, id: BrandId) -> Result<Brand> {
        let number = id.organisation();
        if self.0.db.directory().find(number).is_none() {
            return Err(missing());
        }
        let rows = self
            .0
            .db
            .rows(number, &rows::READ_BRAND, [id.uid().into()])
            .await?;
        rows.first()
            .map(rows::read)
            .transpose()
            .at()?
            .ok_or_else(missing)
    }
}

/// The row and the first event of something new.
fn created(
    ask: &Ask,
    commit: &mut Commit,
    noun: &Noun,
    (id, naming, row): (Uid, &Naming, Vec<Value>),
) -> Result<()> {
    commit.insert(
        noun.table,
        row.into_iter().map(Into::into).collect::<Vec<_>>(),
    );
    let event = ask.event(commit, (id, 1), noun.created, naming)?;
    commit.event(event);
    Ok(())
}

fn brand_row(brand: &Brand) -> Vec<Value> {
    vec![
        brand.id.uid().into(),
        brand.name.as_str().into(),
        brand.name.folded().into(),
        brand.version.into(),
        brand.created_at.into(),
    ]
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

/// A rename that lost a race says the same as one that came too late.
fn changed(error: Error) -> Error {
    match failure(&error) {
        Some(Failure::Refused { .. }) => {
            Error::conflict(codes::VERSION_CHANGED, "it was changed since it was read")
                .caused_by(error)
        }
        _ => error,
    }
}

/// A name that another brand of the organisation has.
fn taken(error: Error) -> Error {
    match failure(&error) {
        Some(Failure::Violated {
            rule: Rule::Unique,
            table,
            ..
        }) if table == rows::BRANDS.name => {
            Error::conflict(codes::NAME_TAKEN, "another brand has this name").field(
                "name",
                codes::NAME_TAKEN,
                "another brand of the organisation has this name",
            )
        }
        _ => error,
    }
}

fn failure(error: &Error) -> Option<&Failure> {
    std::error::Error::source(error)?.downcast_ref()
}
