//! The roles of an organisation's own: listed, defined, changed, removed.

use base::{Error, Organisation, Page, Result, Trail, codes};
use domain::access::{BuiltIn, Permissions, ROLES_MAX, RoleId, change_role, define_role};
use domain::organisations::Name;
use store::Commit;

use super::app::{App, By, Doer, Tries, is_double, missing, refused_by};
use super::fold::{ROLE_CHANGED, ROLE_DEFINED, ROLE_REMOVED, RoleSaid, names};
use super::store as rows;
use super::store::{
    CHANGE_ROLE, COUNT_DOWN, COUNT_UP, LIST_ROLES, OWN_ROLES, REMOVE_ROLE, ROLES, Role,
};
use super::view::RoleView;

impl App {
    /// All roles of an organisation, those built in first.
    pub(crate) async fn roles(&self, number: Organisation) -> Result<Page<RoleView>> {
        let rows = self.db().rows(number, &LIST_ROLES, []).await.at()?;
        let own = rows::all(&rows, rows::role)?;
        let built_in = BuiltIn::ALL.into_iter().map(RoleView::built_in);
        Ok(Page {
            items: built_in.chain(own.iter().map(RoleView::of)).collect(),
            next: None,
        })
    }

    /// Defines a role.
    pub(crate) async fn define_role(
        &self,
        doer: &Doer,
        (name, permissions): (Name, Permissions),
    ) -> Result<RoleView> {
        is_free(&name)?;
        let request = (&name, permissions.bits());
        let operation = (doer.number, "roles.define");
        let mut tries = Tries::default();
        let settled = loop {
            let decide = async || {
                let mut commit = self.deciding(doer, permissions, permissions).await?;
                let parts = &self.inner().parts;
                let role = Role {
                    id: RoleId::make(&parts.clock, &parts.random, doer.number),
                    name: name.clone(),
                    permissions,
                    uses: 0,
                    version: 1,
                    created_at: commit.at(),
                };
                commit.guard(&COUNT_UP, [OWN_ROLES.into(), ROLES_MAX.into()]);
                commit.insert(
                    &ROLES,
                    [
                        role.id.uid().into(),
                        name.as_str().into(),
                        name.folded().into(),
                        rows::bits(permissions).into(),
                        role.uses.into(),
                        role.version.into(),
                        role.created_at.into(),
                    ],
                );
                say(doer, &mut commit, &role, ROLE_DEFINED)?;
                Ok((commit, RoleView::of(&role)))
            };
            let settled = doer
                .ask
                .settle(self.db(), operation, &request, decide)
                .await;
            if !tries.again(&settled) {
                break settled;
            }
        };
        settled.map_err(said)
    }

    /// Changes a role for all who have it.
    pub(crate) async fn change_role(
        &self,
        doer: &Doer,
        id: RoleId,
        (name, permissions, seen): (Name, Permissions, i64),
    ) -> Result<RoleView> {
        is_free(&name)?;
        let request = (id, &name, permissions.bits(), seen);
        let operation = (doer.number, "roles.change");
        let mut tries = Tries::default();
        let settled = loop {
            let decide = async || {
                let found = self.role(doer.number, id).await?;
                let mut commit = self.deciding(doer, found.permissions, permissions).await?;
                if found.version != seen {
                    return Err(changed());
                }
                let role = Role {
                    name: name.clone(),
                    permissions,
                    version: seen.saturating_add(1),
                    ..found
                };
                let params = [
                    id.uid().into(),
                    name.as_str().into(),
                    name.folded().into(),
                    rows::bits(permissions).into(),
                    seen.into(),
                ];
                commit.guard(&CHANGE_ROLE, params);
                say(doer, &mut commit, &role, ROLE_CHANGED)?;
                Ok((commit, RoleView::of(&role)))
            };
            let settled = doer
                .ask
                .settle(self.db(), operation, &request, decide)
                .await;
            if !tries.again(&settled) {
                break settled;
            }
        };
        let changed = settled.map_err(said);
        self.forget(doer.number);
        changed
    }

    /// Removes a role that nobody has.
    pub(crate) async fn remove_role(&self, doer: &Doer, id: RoleId) -> Result<()> {
        let operation = (doer.number, "roles.remove");
        let mut tries = Tries::default();
        let settled = loop {
            let decide = async || {
                let mut role = self.role(doer.number, id).await?;
                let mut commit = self
                    .deciding(doer, role.permissions, role.permissions)
                    .await?;
                if role.uses > 0 {
                    return Err(in_use());
                }
                commit.guard(&REMOVE_ROLE, [id.uid().into(), role.version.into()]);
                commit.guard(&COUNT_DOWN, [OWN_ROLES.into(), 0.into()]);
                role.version = role.version.saturating_add(1);
                say(doer, &mut commit, &role, ROLE_REMOVED)?;
                Ok((commit, ()))
            };
            let settled = doer.ask.settle(self.db(), operation, &id, decide).await;
            if !tries.again(&settled) {
                break settled;
            }
        };
        let removed = settled.map_err(said);
        self.forget(doer.number);
        removed
    }

    /// A commit of somebody who may turn a role of these permissions into one of those.
    async fn deciding(
        &self,
        doer: &Doer,
        before: Permissions,
        after: Permissions,
    ) -> Result<Commit> {
        let mut commit = doer.new_commit(self);
        // An operator acts by no member's rights, so there is nobody to read.
        let By::Member(person) = doer.by else {
            return Ok(commit);
        };
        let mut scene = self.scene(doer.number, doer.by, person).await?;
        let giver = scene.giver();
        define_role(giver, after).and_then(|()| change_role(giver, before, after))?;
        // The role is changed and not the member, so his own row is only held.
        scene.member = None;
        scene.hold(&mut commit);
        Ok(commit)
    }

    async fn role(&self, number: Organisation, id: RoleId) -> Result<Role> {
        let rows = self.db().rows(number, &LIST_ROLES, []).await.at()?;
        let roles = rows::all(&rows, rows::role)?;
        let found = roles.into_iter().find(|role| role.id == id);
        found.ok_or_else(missing)
    }
}

/// The event of a role as it is now.
fn say(doer: &Doer, commit: &mut Commit, role: &Role, kind: &'static str) -> Result<()> {
    let payload = RoleSaid {
        name: role.name.clone(),
        permissions: names(role.permissions),
    };
    let at = (role.id.uid(), role.version);
    let event = doer.ask.event(commit, at, kind, &payload)?;
    commit.event(event);
    Ok(())
}

/// A role of the organisation's own is not called like one that is built in.
fn is_free(name: &Name) -> Result<()> {
    match BuiltIn::find(&name.folded()) {
        Some(_) => Err(taken("a role that every organisation has is called so")),
        None => Ok(()),
    }
}

/// What a refused commit means for whoever asked.
fn said(error: Error) -> Error {
    match refused_by(&error) {
        Some("tallies.up") => Error::conflict(
            codes::TOO_MANY,
            format!("an organisation has at most {ROLES_MAX} roles of its own"),
        ),
        Some("roles.change") => changed(),
        Some("roles.remove") => in_use(),
        _ if is_double(&error, &ROLES) => taken("another role is called so"),
        _ => error,
    }
}

#[track_caller]
fn taken(said: &'static str) -> Error {
    Error::conflict(codes::NAME_TAKEN, said).field("name", codes::NAME_TAKEN, said)
}

#[track_caller]
fn changed() -> Error {
    Error::conflict(codes::VERSION_CHANGED, "it was changed since it was read")
}

#[track_caller]
fn in_use() -> Error {
    Error::conflict(codes::ROLE_IN_USE, "members have this role")
}
