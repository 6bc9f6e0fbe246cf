//! Sign-in with another provider: how it begins, and who has come back.

use std::time::Duration;

use base::{Error, Result, Secret, Time, Trail as _, codes};
use domain::organisations::Name;
use domain::people::{Contact, Email, PersonId, Profile};
use edge::cookie::Set;
use edge::{Client, Context, Strength};
use serde_json::json;
use store::{Commit, Event, Failure, Value};

use super::app::App;
use super::guests::{Begun as Beginning, Guest};
use super::oidc::{CameBack, Known, Live, ReturnTo};
use super::states::{Begun, Purpose, digest_of};
use super::store as rows;
use crate::people::{Newcomer, Proof};
use crate::sessions::{self, Start, Started};

/// What tells the browser that began from all others.
pub(crate) const BROWSER: &str = "__Host-comanda-browser";
/// How many letters it has.
const BROWSER_CHARS: usize = 43;
/// Longer than any sign-in takes.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// Two who bring the same new subject at once: the later one finds the person that the other made.
const TRIES_MAX: usize = 3;

/// Where a browser goes next.
pub(crate) struct Sent {
    pub(crate) address: String,
    pub(crate) cookie: Set,
}

/// Somebody who has signed in.
pub(crate) struct Arrived {
    pub(crate) return_to: ReturnTo,
    pub(crate) started: Started,
}

/// What a provider sent along with the browser.
pub(crate) struct Returned<'a> {
    pub(crate) provider: &'a str,
    pub(crate) state: &'a str,
    pub(crate) code: Option<&'a str>,
    pub(crate) issuer: Option<&'a str>,
    /// What only the browser has that began it.
    pub(crate) browser: Option<&'a str>,
    /// Who sits before it, where that is a guest.
    pub(crate) guest: Option<Guest>,
}

impl App {
    /// The providers, each by its name and by what people read.
    pub(crate) fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.providers.iter();
        all.map(|live| (live.settings.name.as_str(), live.settings.label.as_str()))
    }

    /// Sends a browser to a provider.
    pub(crate) async fn begin_sign_in(
        &self,
        provider: &str,
        return_to: &ReturnTo,
        browser: Option<&str>,
    ) -> Result<Sent> {
        let live = self.provider(provider)?;
        // A browser that began another sign-in in another window keeps what it has, so that both can end.
        let kept = browser
            .filter(|text| text.len() == BROWSER_CHARS)
            .map(str::to_owned);
        let browser = kept.unwrap_or_else(|| Secret::draw(&self.0.random).to_text().to_string());
        let begun = Begun {
            provider: provider.to_owned(),
            browser: digest_of(&browser).to_vec(),
            return_to: return_to.as_str().to_owned(),
            content: Vec::new(),
        };
        let token = self.begin_state(None, Purpose::Provider, begun).await?;
        let address = live.begin(&self.new_proofs(&token)).await?;
        let cookie = Set::new(BROWSER, &browser, KEPT)?;
        Ok(Sent { address, cookie })
    }

    /// Signs in whoever has come back.
    pub(crate) async fn finish_sign_in(
        &self,
        returned: &Returned<'_>,
        (client, context): (&Client, &Context),
    ) -> Result<Arrived> {
        let live = self.provider(returned.provider)?;
        let state = self.find_state(returned.state).await?;
        let state = state
            .filter(|state| state.purpose == Purpose::Provider)
            .filter(|state| state.begun.provider == returned.provider)
            .ok_or_else(|| refused("no sign-in was begun like this"))?;
        let browser = returned.browser.map(digest_of).unwrap_or_default();
        if !super::is_same(&browser, &state.begun.browser) {
            return Err(refused("the sign-in was begun in another browser"));
        }
        if !self.take_state(&state).await? {
            return Err(refused("the sign-in has come back before"));
        }
        let code = returned
            .code
            .ok_or_else(|| refused("the provider has not signed anybody in"))?;
        let back = CameBack {
            code,
            issuer: returned.issuer,
        };
        let known = live
            .finish(&back, &self.proofs_of(&state, returned.state)?)
            .await?;
        let begun = self
            .enter(live, &known, (client, &super::trace_of(context)))
            .await?;
        let started = self.let_in(begun, returned.guest).await;
        Ok(Arrived {
            return_to: ReturnTo::parse(&state.begun.return_to).unwrap_or_else(ReturnTo::home),
            started,
        })
    }

    fn provider(&self, name: &str) -> Result<&Live> {
        let found = self
            .0
            .providers
            .iter()
            .find(|live| live.settings.name == name);
        found.ok_or_else(|| Error::missing(codes::NOT_FOUND, "there is no such provider"))
    }

    /// Lets in whoever a provider knows: the person of the subject, or a new one.
    async fn enter(&self, live: &Live, known: &Known, from: (&Client, &str)) -> Result<Beginning> {
        let digest = self
            .digest("subject", &format!("{}\n{}", known.issuer, known.subject))
            .await?;
        let mut left = TRIES_MAX;
        loop {
            left = left.saturating_sub(1);
            let owner = self.owner_of(digest).await?;
            let (person, mut commit) = match owner {
                Some(person) => {
                    let mut commit = self.0.people.commit_of(person);
                    let params: [Value; 2] = [digest.to_vec().into(), commit.at().into()];
                    commit.guard(&rows::USE_SUBJECT, params);
                    (person, commit)
                }
                None => self.make_person(live, (known, digest), from.1).await?,
            };
            let start = Start {
                person,
                strength: Strength::One,
                kind: sessions::Kind::Person,
                client: from.0,
                trace: from.1,
            };
            let begun = self.begin(&mut commit, start).await?;
            match self.store(commit).await {
                Ok(()) => return Ok(begun),
                // Somebody else was quicker with the subject or with the e-mail address.
                Err(Failure::Refused { .. } | Failure::Violated { .. })
                    if left > 0 && owner.is_none() => {}
                Err(failure @ Failure::Refused { .. }) => {
                    return Err(Error::forbidden(codes::FORBIDDEN, "this account is closed")
                        .caused_by(failure));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    async fn owner_of(&self, digest: [u8; 32]) -> Result<Option<PersonId>> {
        let db = &self.0.db;
        let calls = vec![store::Call::new(&rows::FIND_SUBJECT, [])];
        let found = db.read_held(digest, calls, &db.deadline()).await.at()?;
        let person = found
            .iter()
            .flatten()
            .next()
            .map(|row| row.get::<base::Uid>(0));
        Ok(person.transpose().at()?.map(PersonId::from))
    }

    /// A commit that makes a person of a subject. The e-mail address comes along only when nobody has it: who has it is
    /// not asked whether he is the same.
    async fn make_person(
        &self,
        live: &Live,
        (known, digest): (&Known, [u8; 32]),
        trace: &str,
    ) -> Result<(PersonId, Commit)> {
        let people = &self.0.people;
        let email = known
            .email
            .as_deref()
            .and_then(|email| Email::parse(email).ok());
        let mut contact = email.map(Contact::from);
        if let Some(given) = &contact
            && people.person_of_contact(given).await?.is_some()
        {
            contact = None;
        }
        let name = known
            .name
            .as_deref()
            .and_then(|name| Name::parse(name).ok());
        let profile = name.as_ref().map(Profile::named).unwrap_or_default();
        let person = people.new_person();
        let mut commit = self.commit(person);
        let newcomer = Newcomer {
            contact: contact.as_ref().map(|contact| (contact, Proof::Given)),
            profile: &profile,
            trace,
        };
        people.join(&mut commit, person, &newcomer).await?;
        let subject = format!("{} at {}", known.subject, known.issuer);
        let cells: [Value; 5] = [
            digest.to_vec().into(),
            live.settings.name.as_str().into(),
            self.seal(person, "subject", &subject).await?,
            commit.at().into(),
            Time::EPOCH.into(),
        ];
        commit.claim(&rows::SUBJECTS, cells);
        commit.event(Event {
            stream: self.new_id().uid(),
            version: 1,
            kind: "subject.added",
            payload: json!({"person": person, "provider": live.settings.name}).to_string(),
            actor: person.to_string(),
            at: commit.at(),
            trace: trace.to_owned(),
        });
        Ok((person, commit))
    }
}

#[track_caller]
fn refused(said: &'static str) -> Error {
    Error::forbidden(codes::SIGN_IN_REFUSED, said)
}
