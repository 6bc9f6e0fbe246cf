//! What the use cases of access stand on: the databases, what the node remembers, and who decides.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use base::{Clock, Error, Organisation, Random, Result, Trail, Uid, codes};
use domain::access::{Access, Giver, Permissions, Place, compile};
use domain::organisations::BrandId;
use domain::people::PersonId;
use edge::{Caller, Granted, Places, Problem};
use engine::Stop;
use fabric::{Bus, Trust};
use http::request;
use rpc::{Letters, People};
use slice::{Ask, Cursors};
use store::{Call, Commit, Db, Failure, Rule, Sealer};

use super::memory::{Memory, Standing};
use super::store as rows;
use super::store::{GRANTS_OF, Grant, HOLD_MEMBER, LIST_ROLES, Member, READ_MEMBER, Role};
use crate::organisations::{self, House};

/// How often a decision is made anew because somebody else changed what it stood on.
const TRIES: usize = 16;

/// The use cases of roles, members, grants and invitations. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What they are made of.
pub struct Parts {
    /// All databases of the region.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The randomness.
    pub random: Random,
    /// What seals the addresses of those who are invited.
    pub sealer: Sealer,
    /// What signs cursors.
    pub cursors: Cursors,
    /// Whether the caches of this node may be believed.
    pub trust: Trust,
    /// Who knows the names of people.
    pub people: People,
    /// Who brings invitations out.
    pub letters: Letters,
    /// The address of the page where invitations are accepted; the token follows behind `#`.
    pub join: String,
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) memory: Memory,
}

/// Who asks for a change in an organisation, and how far he may.
#[derive(Clone, Debug)]
pub(crate) struct Doer {
    pub(crate) ask: Ask,
    pub(crate) by: By,
    pub(crate) sight: Sight,
}

/// What somebody may look at, who need not be a person: an organisation, and as much of it as his permission reaches.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) number: Organisation,
    pub(crate) places: Places,
}

/// By whose rights a change is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    /// A member's own.
    Member(PersonId),
    /// An operator's, who acts for the organisation.
    Operator,
}

/// What a decision about a member stands on, read at one moment.
pub(crate) struct Scene {
    by: By,
    giver: Option<Member>,
    access: Access,
    pub(crate) roles: Vec<Role>,
    pub(crate) member: Option<Member>,
    pub(crate) grants: Vec<Grant>,
}

impl<S: Send + Sync> FromRequestParts<S> for Doer {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut request::Parts,
        state: &S,
    ) -> std::result::Result<Self, Problem> {
        let ask = Ask::from_request_parts(parts, state).await?;
        let caller = Caller::from_request_parts(parts, state).await?;
        let granted = Granted::from_request_parts(parts, state).await?;
        let sight = Sight::from_request_parts(parts, state).await?;
        let by = match (granted.acting, caller.person()) {
            (true, _) => By::Operator,
            (false, Some(person)) => By::Member(person.into()),
            // Keys and devices never change who may do what.
            (false, None) => return Err(forbidden().into()),
        };
        Ok(Doer { ask, by, sight })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Sight {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut request::Parts,
        state: &S,
    ) -> std::result::Result<Self, Problem> {
        let granted = Granted::from_request_parts(parts, state).await?;
        Ok(Sight {
            number: granted.organisation,
            places: granted.places,
        })
    }
}

impl std::ops::Deref for Doer {
    type Target = Sight;

    fn deref(&self) -> &Sight {
        &self.sight
    }
}

impl App {
    /// The use cases over these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let memory = Memory::new(&parts.clock, &parts.trust);
        App(Arc::new(Inner { parts, memory }))
    }

    /// Forgets what this node remembers of an organisation: its state, its plan, its places, its members.
    pub fn forget(&self, number: Organisation) {
        self.0.memory.forget(number);
    }

    /// How often a database was asked because something was not remembered; for tests and benches.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.0.memory.loads()
    }

    /// Forgets what others change, as the bus tells it; until the stop.
    ///
    /// # Errors
    /// The bus is gone, or full.
    pub async fn follow(self, bus: Bus, stop: Stop) -> Result<()> {
        self.0.memory.follow(&bus, &stop).await
    }

    /// What a caller may do himself in an organisation: to compare what he wants to pass on with it.
    pub(crate) async fn access_of(
        &self,
        caller: &Caller,
        number: Organisation,
    ) -> Result<Arc<Access>> {
        if caller.role() == edge::Role::Operator {
            return Ok(Arc::new(Access::wide(Permissions::all())));
        }
        let person = caller.person().ok_or_else(forbidden)?;
        let access = self.remembered((person.into(), number)).await?;
        access.ok_or_else(missing)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.parts.db
    }

    /// What a person may do in an organisation, as it is remembered; nothing when he is no member.
    pub(crate) async fn remembered(
        &self,
        (person, number): (PersonId, Organisation),
    ) -> Result<Option<Arc<Access>>> {
        let load = async || self.access_now(person, number).await;
        self.0.memory.member((person, number), load).await
    }

    /// What an organisation is, as it is remembered.
    pub(crate) async fn standing(&self, number: Organisation) -> Result<Option<Arc<Standing>>> {
        // What is nobody's is not remembered here: who asks for it waits with all others for the next look.
        if !self.db().knows(number).await {
            return Ok(None);
        }
        let load = async || {
            let house = organisations::house(self.db(), number).await?;
            Ok(house.map(|house| Standing {
                id: house.id,
                plan: Arc::from(house.plan.name()),
                suspended: house.suspended,
            }))
        };
        self.0.memory.house(number, load).await
    }

    /// The brand of a place as it is remembered; an error when there is no such place.
    pub(crate) async fn brand_of(&self, place: &Place) -> Result<Option<BrandId>> {
        match place {
            Place::Organisation(_) => Ok(None),
            _ => {
                self.0
                    .memory
                    .place(place, async || self.find_place(place).await)
                    .await
            }
        }
    }

    /// The same, asked of the database.
    pub(crate) async fn find_place(&self, place: &Place) -> Result<Option<BrandId>> {
        let (db, number) = (self.db(), place.uid().organisation());
        match place {
            Place::Organisation(id) => {
                self.house(number)
                    .await?
                    .filter(|house| house.id == *id)
                    .ok_or_else(missing)?;
                Ok(None)
            }
            Place::Brand(id) => match organisations::brand_exists(db, *id).await? {
                true => Ok(None),
                false => Err(missing()),
            },
            Place::Restaurant(id) => organisations::brand_of(db, *id).await?.ok_or_else(missing),
        }
    }

    pub(crate) async fn house(&self, number: Organisation) -> Result<Option<House>> {
        organisations::house(self.db(), number).await
    }

    /// Reads what a decision about this person stands on.
    pub(crate) async fn scene(
        &self,
        number: Organisation,
        by: By,
        person: PersonId,
    ) -> Result<Scene> {
        let giver = match by {
            By::Member(giver) => giver,
            By::Operator => person,
        };
        let of = |person: PersonId| [person.uid().into()];
        let calls = vec![
            Call::new(&LIST_ROLES, []),
            Call::new(&READ_MEMBER, of(giver)),
            Call::new(&GRANTS_OF, of(giver)),
            Call::new(&READ_MEMBER, of(person)),
            Call::new(&GRANTS_OF, of(person)),
        ];
        let read = self
            .db()
            .read(number, calls, &self.db().deadline())
            .await
            .at()?;
        let [roles, giver, giver_grants, member, grants] = read.as_slice() else {
            return Err(Error::internal(codes::INTERNAL, "five answers were read"));
        };
        let roles = rows::all(roles, rows::role)?;
        let own = rows::all(giver_grants, rows::grant)?;
        let giver = giver.first().map(rows::member).transpose()?;
        if giver.is_none() && by != By::Operator {
            return Err(missing());
        }
        Ok(Scene {
            by,
            giver,
            access: compiled(&own, &roles),
            roles,
            member: member.first().map(rows::member).transpose()?,
            grants: rows::all(grants, rows::grant)?,
        })
    }

    /// What a person may do, asked of the database; nothing when he is no member.
    async fn access_now(&self, person: PersonId, number: Organisation) -> Result<Option<Access>> {
        let of = || [person.uid().into()];
        let calls = vec![
            Call::new(&READ_MEMBER, of()),
            Call::new(&GRANTS_OF, of()),
            Call::new(&LIST_ROLES, []),
        ];
        let read = self
            .db()
            .read(number, calls, &self.db().deadline())
            .await
            .at()?;
        let [member, grants, roles] = read.as_slice() else {
            return Err(Error::internal(codes::INTERNAL, "three answers were read"));
        };
        if member.is_empty() {
            return Ok(None);
        }
        let roles = rows::all(roles, rows::role)?;
        Ok(Some(compiled(&rows::all(grants, rows::grant)?, &roles)))
    }
}

impl Sight {
    /// Whether the permission that let him in reaches a place that may belong to a brand.
    pub(crate) fn reaches(&self, place: &Place, brand: Option<BrandId>) -> bool {
        let of = |id: Uid| self.places.hold(id);
        self.places == Places::All || of(place.uid()) || brand.is_some_and(|id| of(id.uid()))
    }
}

impl Doer {
    /// An empty commit of his organisation.
    pub(crate) fn new_commit(&self, app: &App) -> Commit {
        app.db().new_commit(self.number)
    }
}

impl Scene {
    /// Who gives or takes, for the rules.
    pub(crate) fn giver(&self) -> Giver<'_> {
        match self.by {
            By::Member(person) => Giver::Member(person, &self.access),
            By::Operator => Giver::Operator,
        }
    }

    /// Sees to it that the commit is refused if the giver's own rights have changed since.
    pub(crate) fn hold(&self, commit: &mut Commit) {
        let changed = self.member.map(|member| member.person);
        if let (By::Member(person), Some(giver)) = (self.by, self.giver)
            && changed != Some(person)
        {
            commit.guard(&HOLD_MEMBER, [person.uid().into(), giver.version.into()]);
        }
    }

    /// A role of the organisation's own.
    pub(crate) fn role(&self, id: domain::access::RoleId) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }
}

/// What these grants come to.
pub(crate) fn compiled(grants: &[Grant], roles: &[Role]) -> Access {
    let each = grants.iter().map(|grant| (grant.role, grant.place));
    compile(each, &rows::roles(roles))
}

/// Decisions are made anew as long as somebody else changed meanwhile what they stood on.
#[derive(Default)]
pub(crate) struct Tries(usize);

impl Tries {
    /// Whether to decide anew after this outcome.
    pub(crate) fn again<T>(&mut self, outcome: &Result<T>) -> bool {
        self.0 = self.0.saturating_add(1);
        self.0 < TRIES && outcome.as_ref().is_err_and(was_outrun)
    }
}

/// Which guard a commit was refused for.
pub(crate) fn refused_by(error: &Error) -> Option<&'static str> {
    match failure(error) {
        Some(Failure::Refused { name, .. }) => Some(name),
        _ => None,
    }
}

/// Whether a unique key of this table was broken.
pub(crate) fn is_double(error: &Error, table: &store::Table) -> bool {
    matches!(failure(error), Some(Failure::Violated { rule: Rule::Unique, table: of, .. }) if *of == table.name)
}

fn was_outrun(error: &Error) -> bool {
    const GUARDS: [&str; 9] = [
        "members",
        "members.move",
        "members.hold",
        "members.remove",
        "grants.remove",
        "roles.use",
        "roles.release",
        "invitations.end",
        "tallies.next",
    ];
    refused_by(error).is_some_and(|name| GUARDS.contains(&name))
}

fn failure(error: &Error) -> Option<&Failure> {
    std::error::Error::source(error)?.downcast_ref()
}

#[track_caller]
pub(crate) fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

#[track_caller]
pub(crate) fn forbidden() -> Error {
    Error::forbidden(codes::FORBIDDEN, "the caller may not do this")
}
