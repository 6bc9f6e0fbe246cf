//! The answer to the gate: may this caller do that there. On a warm request it comes from memory alone.
//!
//! What somebody may not know of is missing, whether it is absent, another's, or forged; what he may know of and not do
//! is forbidden. The number in an id is a hint: the organisation, brand or restaurant must be there under that very id.

use std::fmt;
use std::sync::Arc;

use base::{Error, Organisation, Result, codes};
use domain::access::{Access, Permission, Place, Reach};
use domain::organisations::{BrandId, OrganisationId, RestaurantId};
use edge::{Asked, Authorise, Caller, Granted, Places, Role, Strength};
use futures_util::future::BoxFuture;

use super::app::{App, forbidden, missing};
use super::memory::Standing;

/// Who knows what keys or devices may do.
pub trait Scopes: Send + Sync {
    /// What the caller may do in the organisation that it is bound to; nothing when it may not come in any more.
    fn access_of<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Option<Arc<Access>>>>;
}

/// Stands at the door of every organisation. Clones are the same.
#[derive(Clone)]
pub struct Doorkeeper {
    app: App,
    keys: Arc<dyn Scopes>,
    devices: Arc<dyn Scopes>,
}

/// What a request is about.
struct Target {
    number: Organisation,
    place: Option<Place>,
}

/// How a caller comes in.
enum Entry {
    /// With rights of his own.
    Own(Arc<Access>),
    /// As an operator, for the organisation.
    Acting,
}

impl Doorkeeper {
    /// Asks these about people, keys and devices.
    #[must_use]
    pub fn new(app: &App, keys: Arc<dyn Scopes>, devices: Arc<dyn Scopes>) -> Self {
        Doorkeeper {
            app: app.clone(),
            keys,
            devices,
        }
    }

    async fn decide(&self, asked: Asked<'_>) -> Result<Granted> {
        let permission = Permission::find(asked.permission).ok_or_else(|| {
            Error::internal(
                codes::INTERNAL,
                "a route asks for a permission that is none",
            )
        })?;
        let target = target(asked.params).ok_or_else(missing)?;
        let house = self.app.standing(target.number).await?;
        let house = house.ok_or_else(missing)?;
        match self.entry(&asked, target.number).await? {
            Entry::Acting => {
                self.find(&house, target.place).await?;
                needs_two(asked.caller)?;
                Ok(granted(&target, &house, Entry::Acting, permission))
            }
            Entry::Own(access) => {
                let brand = self.find(&house, target.place).await?;
                if !is_enough(&access, (permission, asked.changes), (target.place, brand)) {
                    return Err(forbidden());
                }
                needs_two(asked.caller)?;
                if house.suspended && asked.changes {
                    return Err(Error::forbidden(
                        codes::ORGANISATION_SUSPENDED,
                        "the organisation is suspended and may change nothing",
                    ));
                }
                Ok(granted(&target, &house, Entry::Own(access), permission))
            }
        }
    }

    /// How the caller comes in; missing for whoever does not belong to the organisation.
    async fn entry(&self, asked: &Asked<'_>, number: Organisation) -> Result<Entry> {
        let caller = asked.caller;
        let scopes = match caller.role() {
            Role::Operator => return self.operator(asked, number).await,
            Role::Person => {
                let member = self.member(caller, number).await?;
                return member.map(Entry::Own).ok_or_else(missing);
            }
            Role::Key => &self.keys,
            Role::Device => &self.devices,
        };
        if caller.organisation() != Some(number) {
            return Err(missing());
        }
        let access = scopes.access_of(caller).await?;
        access.map(Entry::Own).ok_or_else(|| {
            Error::unauthenticated(codes::UNAUTHENTICATED, "the key is no longer good")
        })
    }

    /// An operator acts with a reason. Without one he may come in where he is a member himself.
    async fn operator(&self, asked: &Asked<'_>, number: Organisation) -> Result<Entry> {
        if asked.reason.is_some() {
            return Ok(Entry::Acting);
        }
        let own = self.member(asked.caller, number).await?;
        own.map(Entry::Own).ok_or_else(|| {
            Error::forbidden(
                codes::REASON_NEEDED,
                "acting for an organisation needs the header x-acting-reason",
            )
        })
    }

    async fn member(&self, caller: &Caller, number: Organisation) -> Result<Option<Arc<Access>>> {
        match caller.person() {
            Some(person) => self.app.remembered((person.into(), number)).await,
            None => Ok(None),
        }
    }

    /// The brand of the target, if it has one; missing when there is no such place in the organisation.
    async fn find(&self, house: &Standing, place: Option<Place>) -> Result<Option<BrandId>> {
        match place {
            None => Ok(None),
            Some(Place::Organisation(id)) if id == house.id => Ok(None),
            Some(Place::Organisation(_)) => Err(missing()),
            Some(place) => self.app.brand_of(&place).await,
        }
    }
}

impl Authorise for Doorkeeper {
    fn may<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.decide(asked))
    }

    fn knows(&self, permission: &str) -> bool {
        Permission::find(permission).is_some()
    }
}

impl fmt::Debug for Doorkeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doorkeeper")
    }
}

/// What a request is about: what the first parameter of its path names, if that is something of an organisation.
fn target(params: &[(&'static str, String)]) -> Option<Target> {
    // The first alone: if it is malformed, none of the others may take its place.
    let (_, text) = params.first()?;
    let (prefix, digits) = text.split_once('_')?;
    let place = match prefix {
        OrganisationId::PREFIX => Some(Place::Organisation(text.parse().ok()?)),
        BrandId::PREFIX => Some(Place::Brand(text.parse().ok()?)),
        RestaurantId::PREFIX => Some(Place::Restaurant(text.parse().ok()?)),
        _ => None,
    };
    let number = match place {
        Some(place) => place.uid().organisation(),
        // Whatever else it names: the organisation stands at the same digits in every id.
        None => format!("{}_{digits}", OrganisationId::PREFIX)
            .parse::<OrganisationId>()
            .ok()?
            .organisation(),
    };
    // People belong to no organisation, so their ids say nothing of a target.
    (number != Organisation::PEOPLE).then_some(Target { number, place })
}

/// Whether the access is enough for the target.
fn is_enough(
    access: &Access,
    (permission, changes): (Permission, bool),
    (place, brand): (Option<Place>, Option<BrandId>),
) -> bool {
    // These change something in a part of the organisation that the body names; their handlers look at the places.
    let narrowed = matches!(
        permission,
        Permission::MembersChange | Permission::DevicesChange
    );
    match place {
        Some(place @ Place::Organisation(_)) if changes && !narrowed => {
            access.may(permission, &place, None)
        }
        None | Some(Place::Organisation(_)) => access.anywhere(permission),
        Some(place) => access.may(permission, &place, brand),
    }
}

fn granted(target: &Target, house: &Standing, entry: Entry, permission: Permission) -> Granted {
    let (acting, places) = match entry {
        Entry::Acting => (true, Places::All),
        Entry::Own(access) => (
            false,
            match access.places(permission) {
                Reach::All => Places::All,
                Reach::Only(places) => Places::Only(places.into()),
            },
        ),
    };
    Granted {
        organisation: target.number,
        plan: Arc::clone(&house.plan),
        acting,
        places,
    }
}

/// People and operators need a second factor for what they do in organisations.
fn needs_two(caller: &Caller) -> Result<()> {
    let human = matches!(caller.role(), Role::Person | Role::Operator);
    if human && caller.strength() != Strength::Two {
        return Err(Error::forbidden(
            codes::SECOND_FACTOR_NEEDED,
            "this needs a sign-in with a second factor",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(texts: &[&str]) -> Vec<(&'static str, String)> {
        let named = texts.iter().map(|text| ("id", (*text).to_owned()));
        named.collect()
    }

    #[test]
    fn what_comes_later_never_takes_the_place_of_the_first() {
        let own = OrganisationId::make(
            &base::Clock::real(),
            &base::Random::seeded(7),
            Organisation::new(5),
        );
        let own = own.to_string();
        let number = |texts: &[&str]| target(&params(texts)).map(|target| target.number);
        assert_eq!(number(&[&own]), Some(Organisation::new(5)));
        assert_eq!(number(&["org_x", &own]), None);
        assert_eq!(number(&["", &own]), None);
        assert_eq!(number(&[]), None);
    }
}
