//! What happens to one membership within one commit: its rows, its guards and the events of its stream.
//!
//! The row of the member is moved on by all of it, so two changes of one member cannot both get through.

use std::collections::BTreeMap;

use base::{Result, Uid};
use domain::access::{GrantId, InvitationId, MemberId, Place, RoleId, RoleName};
use domain::organisations::OrganisationId;
use domain::people::PersonId;
use serde::Serialize;
use slice::Ask;
use store::{Cell, Commit};

use super::fold::{
    GRANT_GIVEN, GRANT_REVOKED, GrantSaid, MEMBER_JOINED, MEMBER_REMOVED, MemberSaid,
};
use super::store::{
    COUNT_DOWN, COUNT_UP, GRANTS, Grant, MEMBERS, MOVE_MEMBER, Member, OWNERS, RELEASE_ROLE,
    REMOVE_GRANT, REMOVE_MEMBER, Role, USE_ROLE, grant_row,
};

/// How many owners must be left when one goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// At least one.
    One,
    /// It does not matter: the last one was erased, and operators will make another.
    Any,
}

/// Whether the row of the member is new, stays or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    New,
    Stays,
    Goes,
}

/// A membership that is being changed.
pub(crate) struct Change<'a> {
    ask: &'a Ask,
    commit: &'a mut Commit,
    member: Member,
    row: Row,
    steps: i64,
    uses: BTreeMap<RoleId, i64>,
}

impl<'a> Change<'a> {
    /// Of somebody who is a member.
    pub(crate) fn of(ask: &'a Ask, commit: &'a mut Commit, member: Member) -> Self {
        Change {
            ask,
            commit,
            member,
            row: Row::Stays,
            steps: 0,
            uses: BTreeMap::new(),
        }
    }

    /// Of somebody who becomes a member.
    pub(crate) fn joining(
        ask: &'a Ask,
        commit: &'a mut Commit,
        (id, person): (MemberId, PersonId),
        invitation: Option<InvitationId>,
    ) -> Result<Self> {
        let member = Member {
            person,
            id,
            version: 0,
            joined_at: commit.at(),
        };
        let mut change = Change {
            row: Row::New,
            ..Change::of(ask, commit, member)
        };
        let said = MemberSaid { person, invitation };
        change.event(MEMBER_JOINED, &said)?;
        Ok(change)
    }

    /// He gets a role in a place.
    pub(crate) fn give(&mut self, id: GrantId, role: RoleName, place: Place) -> Result<Grant> {
        let grant = Grant {
            id,
            person: self.member.person,
            role,
            place,
            given_at: self.commit.at(),
        };
        let cells = grant_row(&grant).map(Cell::from);
        self.commit.insert(&GRANTS, cells);
        if role == RoleName::OWNER {
            self.commit
                .guard(&COUNT_UP, [OWNERS.into(), i64::MAX.into()]);
        }
        self.count(role, 1);
        self.event(GRANT_GIVEN, &said(&grant))?;
        Ok(grant)
    }

    /// A grant is taken from him.
    pub(crate) fn revoke(&mut self, grant: &Grant, left: Left) -> Result<()> {
        self.commit.guard(&REMOVE_GRANT, [grant.id.uid().into()]);
        if grant.role == RoleName::OWNER {
            let at_least = i64::from(left == Left::One);
            self.commit
                .guard(&COUNT_DOWN, [OWNERS.into(), at_least.into()]);
        }
        self.count(grant.role, -1);
        self.event(GRANT_REVOKED, &said(grant))
    }

    /// He is no member any more; his grants have to be revoked before.
    pub(crate) fn leave(&mut self) -> Result<()> {
        self.row = Row::Goes;
        let said = MemberSaid {
            person: self.member.person,
            invitation: None,
        };
        self.event(MEMBER_REMOVED, &said)
    }

    /// Adds what must hold for all of it: the member and the roles are as they were when it was decided.
    pub(crate) fn end(self, roles: &[Role]) {
        let Member {
            person,
            id,
            version,
            joined_at,
        } = self.member;
        let person = person.uid();
        match self.row {
            Row::New => {
                let row = [
                    person.into(),
                    id.uid().into(),
                    self.steps.into(),
                    joined_at.into(),
                ];
                self.commit.claim(&MEMBERS, row);
            }
            Row::Stays if self.steps == 0 => {}
            Row::Stays => {
                let params = [person.into(), version.into(), self.steps.into()];
                self.commit.guard(&MOVE_MEMBER, params);
            }
            Row::Goes => {
                self.commit
                    .guard(&REMOVE_MEMBER, [person.into(), version.into()]);
            }
        }
        for (role, count) in self.uses {
            let id = role.uid().into();
            if count < 0 {
                self.commit
                    .guard(&RELEASE_ROLE, [id, count.saturating_neg().into()]);
            } else {
                // A role that is not there is at no version.
                let found = roles.iter().find(|known| known.id == role);
                let version = found.map_or(0, |found| found.version);
                self.commit
                    .guard(&USE_ROLE, [id, version.into(), count.into()]);
            }
        }
    }

    fn count(&mut self, role: RoleName, step: i64) {
        if let RoleName::Own(id) = role {
            let count = self.uses.entry(id).or_default();
            *count = count.saturating_add(step);
        }
    }

    fn event(&mut self, kind: &'static str, payload: &impl Serialize) -> Result<()> {
        self.steps = self.steps.saturating_add(1);
        let at = self.member.version.saturating_add(self.steps);
        let event = self
            .ask
            .event(self.commit, (self.member.id.uid(), at), kind, payload)?;
        self.commit.event(event);
        Ok(())
    }
}

/// The part of the commit that makes an organisation: who asked for it owns it.
///
/// # Errors
/// An event cannot be written.
pub(crate) fn first_owner(
    commit: &mut Commit,
    ask: &Ask,
    organisation: OrganisationId,
    owner: PersonId,
) -> Result<()> {
    // The commit is new and has an id of its own; what it makes first may be named by it.
    let member = commit.id();
    let mut change = Change::joining(ask, commit, (member.into(), owner), None)?;
    let place = Place::Organisation(organisation);
    change.give(beside(member).into(), RoleName::OWNER, place)?;
    change.end(&[]);
    Ok(())
}

/// Another id of the same organisation and moment.
fn beside(id: Uid) -> Uid {
    let value = u128::from_be_bytes(*id.as_bytes()) ^ 1;
    Uid::from_bytes(value.to_be_bytes())
}

fn said(grant: &Grant) -> GrantSaid {
    GrantSaid {
        grant: grant.id,
        person: grant.person,
        role: grant.role,
        place: grant.place,
    }
}
