//! Accepting an invitation: a person who is signed in becomes a member with what was promised, once.
//!
//! What was promised is given by the rights that the inviter still has at that moment.

use std::str::FromStr as _;

use base::{Error, Result, codes};
use domain::access::{GRANTS_MAX, GrantId, MemberId, Refusal};
use domain::organisations::Counted;
use domain::people::PersonId;
use edge::{Caller, Places, Strength};
use serde::Serialize;
use slice::Ask;

use super::app::{App, By, Doer, Sight, Tries, refused_by};
use super::change::Change;
use super::fold::INVITATION_ACCEPTED;
use super::invitations::{ACCEPTED, OPEN, end, is_secret, promised, read_token};
use super::store::{Invitation, Member};
use super::view::{MembershipView, NewGrant, OwnRoleView};
use crate::organisations::{House, usage};

/// Who accepts: a person and the request.
struct Guest<'a> {
    ask: &'a Ask,
    person: PersonId,
}

impl App {
    /// Makes the caller a member by the token of an invitation.
    pub(crate) async fn accept(
        &self,
        (ask, caller): (&Ask, &Caller),
        token: &str,
    ) -> Result<MembershipView> {
        let person = caller.person().ok_or_else(refused)?;
        if caller.strength() != Strength::Two {
            return Err(Error::forbidden(
                codes::SECOND_FACTOR_NEEDED,
                "who works for an organisation signs in with a second factor",
            ));
        }
        let (id, secret) = read_token(token).ok_or_else(refused)?;
        let found = self.find_invitation(id).await?.ok_or_else(refused)?;
        if !is_secret(&secret, &found) {
            return Err(refused());
        }
        let number = id.organisation();
        let house = self.house(number).await?.ok_or_else(refused)?;
        if house.suspended {
            return Err(Error::forbidden(
                codes::ORGANISATION_SUSPENDED,
                "the organisation is suspended",
            ));
        }
        let guest = Guest {
            ask,
            person: person.into(),
        };
        let operation = (number, "invitations.accept");
        let mut tries = Tries::default();
        let joined = loop {
            let decide = async || self.join(&guest, &found, &house).await;
            let settled = ask.settle(self.db(), operation, &id, decide).await;
            if !tries.again(&settled) {
                break settled;
            }
        };
        let joined = joined.map_err(|error| match refused_by(&error) {
            Some("invitations.end") => refused(),
            _ => usage::refused(error, Counted::Members, house.plan),
        });
        let memory = &self.inner().memory;
        memory.forget_member(guest.person, number).await;
        joined
    }

    /// The commit of whoever accepts.
    async fn join(
        &self,
        guest: &Guest<'_>,
        found: &Invitation,
        house: &House,
    ) -> Result<(store::Commit, MembershipView)> {
        let (number, now) = (house.id.organisation(), self.inner().parts.clock.now());
        let found = self.find_invitation(found.id).await?.ok_or_else(refused)?;
        if found.state != OPEN || found.expires_at <= now {
            return Err(refused());
        }
        let grants = promised(&found)?;
        self.still_may(guest, &found, &grants).await?;
        let scene = self.scene(number, By::Operator, guest.person).await?;
        let mut commit = self.db().new_commit(number);
        end(&mut commit, found.id, ACCEPTED, now);
        self.say(guest, &mut commit, &found)?;
        let parts = &self.inner().parts;
        let fresh = scene.member.is_none();
        if fresh {
            usage::take_member(&mut commit, house);
        }
        let mut change = match scene.member {
            Some(member) => Change::of(guest.ask, &mut commit, member),
            None => {
                let id = MemberId::make(&parts.clock, &parts.random, number);
                let who = (id, guest.person);
                Change::joining(guest.ask, &mut commit, who, Some(found.id))?
            }
        };
        let mut all = scene.grants.clone();
        for new in &grants {
            let same = |had: &super::store::Grant| had.role == new.role && had.place == new.place;
            if !all.iter().any(same) {
                let id = GrantId::make(&parts.clock, &parts.random, number);
                all.push(change.give(id, new.role, new.place)?);
            }
        }
        if all.len() > GRANTS_MAX {
            return Err(Refusal::TooManyGrants.into());
        }
        change.end(&scene.roles);
        let since = scene
            .member
            .map_or(now, |Member { joined_at, .. }| joined_at);
        let roles = all.iter().map(|grant| OwnRoleView::of(grant, &scene.roles));
        let view = MembershipView {
            organisation: house.id,
            name: house.name.as_str().to_owned(),
            suspended: house.suspended,
            since,
            roles: roles.collect(),
        };
        Ok((commit, view))
    }

    /// Whether whoever invited could still give what he promised. An operator's word stands.
    async fn still_may(
        &self,
        guest: &Guest<'_>,
        found: &Invitation,
        grants: &[NewGrant],
    ) -> Result<()> {
        let inviter = Doer {
            ask: guest.ask.clone(),

            by: inviter(found),
            sight: Sight {
                number: found.id.organisation(),
                places: Places::All,
            },
        };
        let still = async {
            let brands = self.places_of(&inviter, grants).await?;
            self.may_invite(&inviter, grants, &brands).await
        };
        still.await.map_err(|error| match error.kind() {
            base::Kind::Unavailable | base::Kind::Internal => error,
            _ => refused().caused_by(error),
        })
    }

    fn say(&self, guest: &Guest<'_>, commit: &mut store::Commit, found: &Invitation) -> Result<()> {
        #[derive(Serialize)]
        struct Said {
            person: PersonId,
        }
        let said = Said {
            person: guest.person,
        };
        let at = (found.id.uid(), 2);
        let event = guest.ask.event(commit, at, INVITATION_ACCEPTED, &said)?;
        commit.event(event);
        Ok(())
    }
}

/// By whose rights an invitation was made. Only operators act without being members.
fn inviter(found: &Invitation) -> By {
    match (found.acting, PersonId::from_str(&found.inviter)) {
        (false, Ok(person)) => By::Member(person),
        _ => By::Operator,
    }
}

/// The same is said of a token that is none, is another's, was used, was withdrawn, or has run out.
#[track_caller]
fn refused() -> Error {
    Error::forbidden(
        codes::INVITATION_REFUSED,
        "this invitation does not work, or does not work any more",
    )
}
