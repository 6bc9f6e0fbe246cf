//! Members and their grants: who belongs to an organisation, what he may do where, and how that ends.
//!
//! Whoever may change members in a part of the organisation only sees and changes what was given in that part.

use base::{Error, Page, Result, Trail, Uid, codes};
use domain::access::{GRANTS_MAX, GrantId, Permissions, Place, Refusal, RoleName, give, revoke};
use domain::people::PersonId;
use slice::{Ask, Turn};
use store::{Call, Value};

use super::app::{App, By, Doer, Scene, Sight, Tries, missing, refused_by};
use super::change::{Change, Left};
use super::store as rows;
use super::store::{GRANTS_BETWEEN, Grant, LIST_MEMBERS, LIST_ROLES, Member, READ_GRANT};
use super::view::{GrantView, MemberView, NewGrant};
use crate::organisations::usage;

impl App {
    /// Lists members in the order of their ids, with their names and roles.
    pub(crate) async fn members(&self, sight: &Sight, turn: &Turn) -> Result<Page<MemberView>> {
        let (db, number) = (self.db(), sight.number);
        let scope = format!("members of {number}");
        let cursors = &self.inner().parts.cursors;
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = i64::from(turn.limit).saturating_add(1);
        let params: [Value; 2] = [after.into(), limit.into()];
        let found = db.rows(number, &LIST_MEMBERS, params).await.at()?;
        let mut members = rows::all(&found, rows::member)?;
        let more = members.len() > turn.limit.get();
        members.truncate(turn.limit.get());
        let (Some(first), Some(last)) = (members.first(), members.last()) else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        let between: [Value; 2] = [first.person.uid().into(), last.person.uid().into()];
        let grants = db.rows(number, &GRANTS_BETWEEN, between).await.at()?;
        let grants = self.seen(sight, rows::all(&grants, rows::grant)?).await?;
        let next = more.then(|| cursors.seal(&scope, last.person.uid().as_bytes()));
        // Of a part of the organisation only those are seen who have something to do there.
        let all = sight.places == edge::Places::All;
        members.retain(|member| all || grants.iter().any(|grant| grant.person == member.person));
        let items = self.named(&members, &grants).await?;
        Ok(Page { items, next })
    }

    /// The grants of a member.
    pub(crate) async fn grants(&self, sight: &Sight, person: PersonId) -> Result<Vec<GrantView>> {
        let scene = self.scene(sight.number, By::Operator, person).await?;
        scene.member.ok_or_else(missing)?;
        let grants = self.seen(sight, scene.grants).await?;
        if grants.is_empty() && sight.places != edge::Places::All {
            return Err(missing());
        }
        Ok(grants.iter().map(GrantView::from).collect())
    }

    /// Gives a member a role in a place. What he has already is not given twice.
    pub(crate) async fn give(
        &self,
        doer: &Doer,
        person: PersonId,
        new: &NewGrant,
    ) -> Result<GrantView> {
        let brand = self.place_of(doer, &new.place).await?;
        let operation = (doer.number, "grants.give");
        let mut tries = Tries::default();
        let given = loop {
            let decide = async || {
                let scene = self.scene(doer.number, doer.by, person).await?;
                let member = scene.member.ok_or_else(missing)?;
                let permissions = allowed(&scene, new.role)?;
                let (place, to) = ((new.place, brand), (new.role, permissions));
                give(scene.giver(), person, to, place)?;
                let mut commit = doer.new_commit(self);
                let same = |grant: &&Grant| grant.role == new.role && grant.place == new.place;
                if let Some(grant) = scene.grants.iter().find(same) {
                    return Ok((commit, GrantView::from(grant)));
                }
                if scene.grants.len() >= GRANTS_MAX {
                    return Err(Refusal::TooManyGrants.into());
                }
                scene.hold(&mut commit);
                let mut change = Change::of(&doer.ask, &mut commit, member);
                let parts = &self.inner().parts;
                let id = GrantId::make(&parts.clock, &parts.random, doer.number);
                let grant = change.give(id, new.role, new.place)?;
                change.end(&scene.roles);
                Ok((commit, GrantView::from(&grant)))
            };
            let request = (person, new);
            let settled = doer
                .ask
                .settle(self.db(), operation, &request, decide)
                .await;
            if !tries.again(&settled) {
                break settled;
            }
        };
        let given = given.map_err(said);
        self.changed(doer, person).await;
        given
    }

    /// Takes a grant away.
    pub(crate) async fn revoke(&self, doer: &Doer, id: GrantId) -> Result<()> {
        let found = self.find_grant(id).await?;
        let brand = self.place_of(doer, &found.place).await?;
        let operation = (doer.number, "grants.revoke");
        let mut tries = Tries::default();
        let revoked = loop {
            let decide = async || {
                let scene = self.scene(doer.number, doer.by, found.person).await?;
                let member = scene.member.ok_or_else(missing)?;
                let grant = scene.grants.iter().find(|grant| grant.id == id);
                let grant = grant.ok_or_else(missing)?;
                revoke(scene.giver(), held(&scene, grant), (grant.place, brand))?;
                let mut commit = doer.new_commit(self);
                scene.hold(&mut commit);
                let mut change = Change::of(&doer.ask, &mut commit, member);
                change.revoke(grant, Left::One)?;
                change.end(&scene.roles);
                Ok((commit, ()))
            };
            let settled = doer.ask.settle(self.db(), operation, &id, decide).await;
            if !tries.again(&settled) {
                break settled;
            }
        };
        let revoked = revoked.map_err(said);
        self.changed(doer, found.person).await;
        revoked
    }

    /// Ends the membership of somebody, with all his grants.
    pub(crate) async fn remove_member(&self, doer: &Doer, person: PersonId) -> Result<()> {
        let operation = (doer.number, "members.remove");
        let mut tries = Tries::default();
        let removed = loop {
            let decide = async || {
                let scene = self.scene(doer.number, doer.by, person).await?;
                let member = scene.member.ok_or_else(missing)?;
                self.may_remove(doer, &scene).await?;
                let mut commit = doer.new_commit(self);
                scene.hold(&mut commit);
                leaving(&doer.ask, &mut commit, (member, &scene), Left::One)?;
                Ok((commit, ()))
            };
            let settled = doer.ask.settle(self.db(), operation, &person, decide).await;
            if !tries.again(&settled) {
                break settled;
            }
        };
        let removed = removed.map_err(said);
        self.changed(doer, person).await;
        removed
    }

    /// Ends the membership of somebody who was erased; whoever is the last owner too.
    pub(crate) async fn erase_member(
        &self,
        ask: &Ask,
        (person, number): (PersonId, base::Organisation),
    ) -> Result<()> {
        let mut tries = Tries::default();
        let erased = loop {
            let scene = self.scene(number, By::Operator, person).await?;
            let Some(member) = scene.member else {
                return Ok(());
            };
            let mut commit = self.db().new_commit(number);
            leaving(ask, &mut commit, (member, &scene), Left::Any)?;
            let deadline = self.db().deadline();
            let stored = self.db().commit(commit, &deadline).await.at();
            if !tries.again(&stored) {
                break stored;
            }
        };
        self.inner().memory.forget_member(person, number).await;
        erased.map(|_| ())
    }

    /// The brand of a place that the doer may know of.
    pub(crate) async fn place_of(
        &self,
        doer: &Doer,
        place: &Place,
    ) -> Result<Option<domain::organisations::BrandId>> {
        if place.uid().organisation() != doer.number {
            return Err(no_place());
        }
        let found = self.find_place(place).await;
        found.map_err(|error| match error.kind() {
            base::Kind::Missing => no_place(),
            _ => error,
        })
    }

    /// Whether he may take all that the member has.
    async fn may_remove(&self, doer: &Doer, scene: &Scene) -> Result<()> {
        for grant in &scene.grants {
            let brand = self.place_of(doer, &grant.place).await?;
            revoke(scene.giver(), held(scene, grant), (grant.place, brand))?;
        }
        match (scene.grants.is_empty(), &doer.places) {
            // Without grants he belongs to the whole alone.
            (true, edge::Places::Only(_)) => Err(missing()),
            _ => Ok(()),
        }
    }

    /// Those grants that were given where the doer may see them.
    async fn seen(&self, sight: &Sight, grants: Vec<Grant>) -> Result<Vec<Grant>> {
        if sight.places == edge::Places::All {
            return Ok(grants);
        }
        let mut seen = Vec::with_capacity(grants.len());
        for grant in grants {
            let brand = match self.brand_of(&grant.place).await {
                Err(error) if error.kind() == base::Kind::Missing => continue,
                brand => brand?,
            };
            if sight.reaches(&grant.place, brand) {
                seen.push(grant);
            }
        }
        Ok(seen)
    }

    /// Members with their names and grants.
    async fn named(&self, members: &[Member], grants: &[Grant]) -> Result<Vec<MemberView>> {
        let people: Vec<PersonId> = members.iter().map(|member| member.person).collect();
        let names = self.inner().parts.people.names(&people).await?;
        let each = members.iter().zip(names);
        let view = |(member, name): (&Member, Option<String>)| MemberView {
            person: member.person,
            name,
            joined_at: member.joined_at,
            grants: grants
                .iter()
                .filter(|grant| grant.person == member.person)
                .map(GrantView::from)
                .collect(),
        };
        Ok(each.map(view).collect())
    }

    async fn find_grant(&self, id: GrantId) -> Result<Grant> {
        let calls = vec![
            Call::new(&READ_GRANT, [id.uid().into()]),
            Call::new(&LIST_ROLES, []),
        ];
        let (db, number) = (self.db(), id.organisation());
        let read = db.read(number, calls, &db.deadline()).await.at()?;
        let row = read.first().and_then(|rows| rows.first());
        Ok(rows::grant(row.ok_or_else(missing)?)?)
    }

    /// Forgets on this node what somebody may do; also when it is not known whether it was changed.
    async fn changed(&self, doer: &Doer, person: PersonId) {
        let memory = &self.inner().memory;
        memory.forget_member(person, doer.number).await;
    }
}

/// The end of a membership with all that belongs to it.
fn leaving(
    ask: &Ask,
    commit: &mut store::Commit,
    (member, scene): (Member, &Scene),
    left: Left,
) -> Result<()> {
    usage::give_back_member(commit);
    let mut change = Change::of(ask, commit, member);
    for grant in &scene.grants {
        change.revoke(grant, left)?;
    }
    change.leave()?;
    change.end(&scene.roles);
    Ok(())
}

/// What a role to be given allows.
pub(crate) fn allowed(scene: &Scene, role: RoleName) -> Result<Permissions> {
    let own = role.own().map(|id| scene.role(id));
    match (role, own) {
        (RoleName::BuiltIn(role), _) => Ok(role.permissions()),
        (RoleName::Own(_), Some(Some(found))) => Ok(found.permissions),
        (RoleName::Own(_), _) => Err(slice::wrong("role", "there is no such role")),
    }
}

/// What a grant allows; a role that is gone allows nothing.
fn held(scene: &Scene, grant: &Grant) -> Permissions {
    let roles = rows::roles(&scene.roles);
    grant.role.permissions(&roles).unwrap_or_default()
}

/// What a refused commit means for whoever asked.
fn said(error: Error) -> Error {
    match refused_by(&error) {
        Some("tallies.down") => Refusal::LastOwner.into(),
        Some(_) => Error::conflict(codes::CONFLICT, "others changed it too often").caused_by(error),
        None => error,
    }
}

#[track_caller]
fn no_place() -> Error {
    slice::wrong("place", "there is no such place in the organisation")
}
