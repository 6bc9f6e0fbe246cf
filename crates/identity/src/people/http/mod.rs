//! The routes of people: signing in by a code, what is known of oneself, the address book.

mod addresses;
mod auth;
mod inbox;
mod me;

use base::{Error, Result, codes};
use domain::people::PersonId;
use edge::{Caller, Context, Routes};

use super::app::App;
use super::codes::Codes;
use super::profile::missing;
use super::view::{MeView, Second};
use crate::factors;

pub use inbox::routes as inbox_routes;

const TAG: &str = "people";

/// What the handlers work with.
#[derive(Clone)]
pub(super) struct Desk {
    people: App,
    codes: Codes,
    factors: factors::App,
}

/// The routes of people. Sign-ins begin sessions; who has a second factor is told so.
pub fn routes(people: &App, codes: &Codes, factors: &factors::App) -> Routes {
    let desk = Desk {
        people: people.clone(),
        codes: codes.clone(),
        factors: factors.clone(),
    };
    auth::routes()
        .with(me::routes())
        .with(addresses::routes())
        .with_state(desk)
}

impl Desk {
    async fn me(&self, person: PersonId, shown: (&'static str, edge::Strength)) -> Result<MeView> {
        let found = self.people.find(person).await?.ok_or_else(missing)?;
        let contacts = self.people.contacts(person).await?;
        let second = self.factors.has_second(person).await?;
        Ok(MeView::of(&found, &contacts, shown, Second::from(second)))
    }
}

/// The person who asks. Keys and devices are none.
fn person_of(caller: &Caller) -> Result<PersonId> {
    let person = caller.person().map(PersonId::from);
    person.ok_or_else(|| Error::forbidden(codes::FORBIDDEN, "only people may do this"))
}

/// The trace of a request, as events carry it.
fn trace_of(context: &Context) -> String {
    let bytes = context.trace_id.iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
