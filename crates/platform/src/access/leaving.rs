//! What a person is told of its memberships, and what it must hand over before it is erased.

use base::{Error, Result, Trail as _, Uid, codes};
use domain::access::RoleName;
use domain::people::PersonId;
use serde_json::{Value as Json, json};
use store::{Call, Value};

use super::app::{App, By};
use super::memberships::Membership;
use super::store::{LIST_MEMBERS, OWNERS, READ_TALLY};
use super::view::OwnRoleView;

impl App {
    /// All memberships of a person with the roles in them, those that have ended too.
    ///
    /// # Errors
    /// A database is away.
    pub(crate) async fn exported(&self, person: PersonId) -> Result<Vec<Json>> {
        let mut all = Vec::new();
        for membership in self.memberships(person).await? {
            let number = membership.organisation;
            let house = self.house(number).await?;
            let mut roles = Vec::new();
            if !membership.ended {
                let scene = self.scene(number, By::Operator, person).await?;
                let grants = scene.grants.iter();
                roles.extend(grants.map(|grant| OwnRoleView::of(grant, &scene.roles)));
            }
            all.push(json!({
                "member": membership.member,
                "organisation": house.as_ref().map(|house| house.id),
                "name": house.as_ref().map(|house| house.name.as_str()),
                "since": membership.since,
                "ended": membership.ended,
                "roles": roles,
            }));
        }
        Ok(all)
    }

    /// Refuses where a person is the last owner of an organisation that has other members: they would be left alone.
    ///
    /// # Errors
    /// [`codes::LAST_OWNER`], or a database is away.
    pub(crate) async fn may_go(&self, person: PersonId) -> Result<()> {
        let all = self.memberships(person).await?;
        for membership in all.iter().filter(|membership| !membership.ended) {
            if self.leaves_alone(person, membership).await? {
                return Err(Error::conflict(
                    codes::LAST_OWNER,
                    "an organisation with other members would be left without an owner; make one of them an owner",
                ));
            }
        }
        Ok(())
    }

    async fn leaves_alone(&self, person: PersonId, membership: &Membership) -> Result<bool> {
        let number = membership.organisation;
        let scene = self.scene(number, By::Operator, person).await?;
        let grants = scene.grants.iter();
        let own = grants.filter(|grant| grant.role == RoleName::OWNER).count();
        if own == 0 {
            return Ok(false);
        }
        let some: [Value; 2] = [Uid::from_bytes([0; 16]).into(), 2.into()];
        let calls = vec![
            Call::new(&READ_TALLY, [OWNERS.into()]),
            Call::new(&LIST_MEMBERS, some),
        ];
        let read = self
            .db()
            .read(number, calls, &self.db().deadline())
            .await
            .at()?;
        let owners = read.first().and_then(|rows| rows.first());
        let owners: i64 = owners.map_or(Ok(0), |row| row.get(0)).at()?;
        let has_others = read.get(1).is_some_and(|members| members.len() > 1);
        Ok(has_others && owners <= i64::try_from(own).unwrap_or(i64::MAX))
    }
}
