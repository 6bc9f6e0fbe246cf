//! What the slices of this crate keep of people, for the service that gives it out and erases it.

use std::sync::Arc;

use base::{Result, Time};
use domain::people::PersonId;
use futures_util::future::BoxFuture;
use rpc::{Erasures, Keeps, Personal};
use serde_json::{Value as Json, json};
use store::Db;

use crate::{Platform, access, audit};

/// Memberships and roles.
struct Memberships(access::App);

/// Entries of the audit log. It is never changed, and names people by their ids alone; so nothing of it is erased.
struct Entries(Db);

/// The ledger of erasures, beside the audit log.
struct Ledger(Db);

impl Platform {
    /// Who keeps something of people here, and where it is written down who was erased.
    #[must_use]
    pub fn personal(&self) -> Personal {
        personal(&self.access)
    }
}

/// The same where there is access alone.
#[must_use]
pub fn personal(access: &access::App) -> Personal {
    let db = access.db().clone();
    let keepers: Vec<Arc<dyn Keeps>> = vec![
        Arc::new(Memberships(access.clone())),
        Arc::new(Entries(db.clone())),
    ];
    Personal::new(keepers, Arc::new(Ledger(db)))
}

impl Keeps for Memberships {
    fn name(&self) -> &'static str {
        "memberships"
    }

    fn export<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let all = self.0.exported(person).await?;
            Ok(Json::from(all).to_string())
        })
    }

    fn may_go<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.may_go(person))
    }

    fn erase<'a>(&'a self, person: PersonId, trace: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.erase(person, trace))
    }
}

impl Keeps for Entries {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn export<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let (entries, is_whole) = audit::of_person(&self.0, person).await?;
            Ok(json!({"entries": entries, "complete": is_whole}).to_string())
        })
    }

    fn may_go<'a>(&'a self, _person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn erase<'a>(&'a self, _person: PersonId, _trace: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl Erasures for Ledger {
    fn write<'a>(&'a self, person: PersonId, at: Time, by: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let by = by.to_owned();
            audit::erased(&self.0, &audit::Erasure { person, at, by }).await
        })
    }

    fn after(&self, after: Option<PersonId>) -> BoxFuture<'_, Result<Vec<PersonId>>> {
        Box::pin(async move {
            let page = audit::erasures(&self.0, after).await?;
            Ok(page.into_iter().map(|erasure| erasure.person).collect())
        })
    }
}
