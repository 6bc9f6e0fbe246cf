//! What the use cases of this slice stand on, and what other slices of the crate may know of an organisation.

use std::sync::Arc;

use base::{Clock, Error, Organisation, Random, Result, Trail, Uid, codes};
use domain::organisations::{
    self as nouns, Brand, BrandId, Name, OrganisationId, Plan, RestaurantId, State,
};
use serde::Serialize;
use slice::{Ask, Cursors};
use store::{Commit, Db, Failure, Rule};

use super::restaurants::{self, Records};
use super::store as rows;
use crate::access;

/// The use cases of organisations, brands and restaurants. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) cursors: Cursors,
    pub(super) access: Option<access::App>,
    records: Option<Records>,
}

/// What is known of an organisation wherever something happens in it.
#[derive(Clone, Debug)]
pub(crate) struct House {
    /// Which one it is.
    pub(crate) id: OrganisationId,
    /// What it is called.
    pub(crate) name: Name,
    /// What it pays for.
    pub(crate) plan: Plan,
    /// Whether its people may read only.
    pub(crate) suspended: bool,
}

impl App {
    /// The use cases over these databases; cursors are signed with the key that is current.
    #[must_use]
    pub fn new(db: &Db, clock: &Clock, random: &Random, cursors: Cursors) -> Self {
        App(Arc::new(Inner {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            cursors,
            access: None,
            records: None,
        }))
    }

    /// The same, which tells access at once of what it remembers and is not so any more.
    #[must_use]
    pub fn telling(self, access: &access::App) -> Self {
        App(Arc::new(Inner {
            access: Some(access.clone()),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// The same, which tells at once who remembers the records of restaurants.
    #[must_use]
    pub fn remembered(self, records: &Records) -> Self {
        App(Arc::new(Inner {
            records: Some(records.clone()),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// What this node remembers of an organisation may not be so any more. Others hear of it by the event.
    pub(super) fn changed_in(&self, number: Organisation) {
        if let Some(access) = &self.0.access {
            access.forget(number);
        }
        if let Some(records) = &self.0.records {
            records.forget(number);
        }
    }

    /// Adds the event of a change to its commit.
    pub(super) fn note(
        &self,
        ask: &Ask,
        commit: &mut Commit,
        at: (Uid, i64),
        (kind, payload): (&'static str, &impl Serialize),
    ) -> Result<()> {
        let event = ask.event(commit, at, kind, payload)?;
        commit.event(event);
        Ok(())
    }
}

/// What is known of the organisation with this number, if there is one here.
pub(crate) async fn house(db: &Db, number: Organisation) -> Result<Option<House>> {
    let found = find_organisation(db, number).await?;
    Ok(found.map(|found| House {
        id: found.id,
        name: found.name,
        plan: found.plan,
        suspended: found.state == State::Suspended,
    }))
}

/// The same of one that is there for sure, unless it was never whole.
pub(crate) async fn house_of(db: &Db, number: Organisation) -> Result<House> {
    house(db, number).await?.ok_or_else(missing)
}

/// Whether there is this brand.
pub(crate) async fn brand_exists(db: &Db, id: BrandId) -> Result<bool> {
    Ok(find_brand(db, id).await?.is_some())
}

/// The brand of a restaurant, where it has one; nothing where there is no such restaurant.
pub(crate) async fn brand_of(db: &Db, id: RestaurantId) -> Result<Option<Option<BrandId>>> {
    let found = restaurants::find(db, id).await?;
    Ok(found.map(|found| found.details.brand))
}

pub(super) async fn find_organisation(
    db: &Db,
    number: Organisation,
) -> Result<Option<nouns::Organisation>> {
    if !db.knows(number).await {
        return Ok(None);
    }
    let found = db.rows(number, &rows::READ_ORGANISATION, []).await.at()?;
    found.first().map(rows::read_organisation).transpose().at()
}

pub(super) async fn find_brand(db: &Db, id: BrandId) -> Result<Option<Brand>> {
    let number = id.organisation();
    if !db.knows(number).await {
        return Ok(None);
    }
    let params = [id.uid().into()];
    let found = db.rows(number, &rows::READ_BRAND, params).await.at()?;
    found.first().map(rows::read).transpose().at()
}

#[track_caller]
pub(crate) fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

/// A change that lost a race says the same as one that came too late.
pub(super) fn changed(error: Error) -> Error {
    match failure(&error) {
        Some(Failure::Refused { .. }) => {
            Error::conflict(codes::VERSION_CHANGED, "it was changed since it was read")
                .caused_by(error)
        }
        _ => error,
    }
}

/// The table of which a commit has broken a rule of this sort, if it was refused for that.
pub(super) fn violated(error: &Error, broken: Rule) -> Option<&str> {
    match failure(error) {
        Some(Failure::Violated { rule, table, .. }) if *rule == broken => Some(table),
        _ => None,
    }
}

fn failure(error: &Error) -> Option<&Failure> {
    std::error::Error::source(error)?.downcast_ref()
}
