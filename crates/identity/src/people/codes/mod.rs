//! One-time codes by telephone and e-mail.
//!
//! Asking for a code looks nobody up: what is answered, what is done and how long it takes are the same whether the
//! contact is known or not. Who it belongs to is asked when the code is proven. A code belongs to the challenge that
//! was given to whoever asked for it, has few tries, and ends when another one is sent to the same contact.

mod budget;
mod challenge;
mod settings;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, KeyRing, Organisation, Random, Result, Time, Trail, Uid, codes};
use domain::people::Contact;
use edge::Client;
use fabric::{Limits, Policy};
use rpc::{About, Letter, Letters};
use store::{Call, Commit, Db, Failure, Row, Value};
use tokio::sync::watch;

use self::budget::Scope;
use self::challenge::Challenge;
use super::app::{App, lost};
use super::store as rows;

pub use challenge::Purpose;
pub use settings::{Settings, Times};

/// What codes are made with.
pub struct Parts<'a> {
    /// The people who prove something.
    pub people: &'a App,
    /// What counts letters where a lost count does no harm.
    pub limits: &'a Limits,
    /// The pepper of codes.
    pub pepper: watch::Receiver<KeyRing>,
    /// Where letters go out.
    pub letters: Letters,
    /// All numbers.
    pub settings: Settings,
}

impl fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Sends codes and proves contacts by them. Cheap to clone.
#[derive(Clone)]
pub struct Codes(Arc<Inner>);

struct Inner {
    people: App,
    db: Db,
    clock: Clock,
    random: Random,
    limits: Limits,
    pepper: watch::Receiver<KeyRing>,
    letters: Letters,
    settings: Settings,
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codes")
    }
}

/// Who asks for a code, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Where the code is to go.
    pub contact: &'a Contact,
    /// What it is for.
    pub purpose: Purpose,
    /// Where the request came from.
    pub client: &'a Client,
    /// Under whose host name it came.
    pub organisation: Option<Organisation>,
}

/// A code is on its way.
pub struct Sent {
    /// What the code must be answered with; only whoever asked gets it.
    pub challenge: String,
    /// How long the code may be answered.
    pub lasts: Duration,
    /// After how long another one may be asked for.
    pub resend_after: Duration,
}

impl fmt::Debug for Sent {
    /// The challenge is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent").finish_non_exhaustive()
    }
}

/// What was answered to a code.
#[derive(Clone, Copy)]
pub struct Answered<'a> {
    /// The challenge that was given when the code was asked for.
    pub challenge: &'a str,
    /// The code.
    pub code: &'a str,
    /// The contacts that it was said to be sent to; each must be the one.
    pub said: &'a [Contact],
    /// What for.
    pub purpose: Purpose,
}

impl fmt::Debug for Answered<'_> {
    /// Challenge and code are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").finish_non_exhaustive()
    }
}

/// A code as its row tells it.
struct Code {
    owner: Uid,
    purpose: String,
    tag: Vec<u8>,
    contact: Vec<u8>,
}

impl Codes {
    /// Codes for these people.
    #[must_use]
    pub fn new(parts: Parts<'_>) -> Self {
        let people = parts.people;
        let settings = Settings {
            lasts: parts.settings.lasts.min(Settings::default().lasts),
            tries_max: parts
                .settings
                .tries_max
                .clamp(1, Settings::default().tries_max),
            ..parts.settings
        };
        Codes(Arc::new(Inner {
            people: people.clone(),
            db: people.0.db.clone(),
            clock: people.0.clock.clone(),
            random: people.0.random.clone(),
            limits: parts.limits.clone(),
            pepper: parts.pepper,
            letters: parts.letters,
            settings,
        }))
    }

    /// Sends a code.
    ///
    /// # Errors
    /// The contact is nowhere that letters go to, too many were sent, money is spent, or the letter does not go out.
    pub async fn send(&self, asked: &Asked<'_>) -> Result<Sent> {
        let Inner {
            db,
            clock,
            letters,
            settings,
            ..
        } = &*self.0;
        self.check_country(asked.contact)?;
        let digest = self.0.people.digest(asked.contact).await?;
        let resend_after = self.count(asked, &digest).await?;
        let (price, now) = (settings.price_micros(asked.contact), clock.now());
        let spent = budget::spend(db, now, price, self.scopes(asked.organisation)).await?;
        let Some(spent) = spent else {
            tell("refused", asked.contact, "money");
            let left = budget::until_tomorrow(now);
            return Err(limited("no more letters can be sent today", left));
        };
        let challenge = Challenge::draw(&self.0.random);
        let code = challenge::draw_code(&self.0.random);
        let sent = match self.keep(asked, &digest, (&challenge, &code)).await {
            Ok(()) => letters.send(letter(asked, &code, settings.lasts)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tell("refused", asked.contact, "letter");
            budget::give_back(db, &spent).await?;
            return Err(error.context("a code does not go out"));
        }
        metrics::counter!("codes_sent_total", "kind" => asked.contact.kind().name()).increment(1);
        Ok(Sent {
            challenge: challenge.text(),
            lasts: settings.lasts,
            resend_after,
        })
    }

    /// The contact that a right answer proves; it is proven once.
    ///
    /// # Errors
    /// The code is wrong, old, used, replaced, or was tried too often; all of these are told alike.
    pub async fn prove(&self, answered: &Answered<'_>) -> Result<Contact> {
        let challenge = Challenge::read(answered.challenge).ok_or_else(refused)?;
        let digest = challenge.digest();
        let code = self.find(digest).await?.ok_or_else(refused)?;
        // The try is counted before the code is looked at: of many at once, none is free.
        let now = self.0.clock.now();
        let tries: [Value; 3] = [
            digest.to_vec().into(),
            self.0.settings.tries_max.into(),
            now.into(),
        ];
        self.guarded(code.owner, (&rows::TRY_CODE, tries.to_vec()))
            .await?;
        let right = {
            let pepper = self.0.pepper.borrow();
            challenge.is_tag(&pepper, (answered.purpose, answered.code), &code.tag)
        };
        let contact = challenge.show(&code.contact)?;
        let compared = contact.compared();
        let said = answered.said.iter().all(|said| said.compared() == compared);
        if !right || !said || code.purpose != answered.purpose.name() {
            tell("wrong", &contact, "code");
            return Err(refused());
        }
        let used: [Value; 2] = [digest.to_vec().into(), now.into()];
        self.guarded(code.owner, (&rows::USE_CODE, used.to_vec()))
            .await?;
        metrics::counter!("codes_proven_total", "kind" => contact.kind().name()).increment(1);
        Ok(contact)
    }

    /// Counts somebody who wants to order without an account.
    pub(super) async fn count_guest(&self, client: &Client) -> Result<()> {
        let policy = self.0.settings.guests_per_address.policy("guests.address");
        self.take(&policy, &place(client.address)).await.map(|_| ())
    }

    /// Ends whatever codes are out for a contact.
    pub(super) async fn end_of(&self, contact: &Contact) -> Result<()> {
        let digest = self.0.people.digest(contact).await?;
        let mut commit = self.commit(owner(&digest));
        commit.change(&rows::END_OTHER_CODES, [vec![0_u8; 32].into()]);
        self.0.people.store(commit).await?;
        Ok(())
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    fn check_country(&self, contact: &Contact) -> Result<()> {
        match contact {
            Contact::Phone(phone) if !self.0.settings.countries.have(phone) => {
                tell("refused", contact, "country");
                Err(slice::wrong(
                    "phone",
                    "no messages are sent to numbers that begin like this one",
                ))
            }
            Contact::Phone(_) | Contact::Email(_) => Ok(()),
        }
    }

    /// Counts who asks and where the letter is to go, and answers after how long another one may be asked for.
    async fn count(&self, asked: &Asked<'_>, digest: &[u8; 32]) -> Result<Duration> {
        let settings = &self.0.settings;
        let mut counts = vec![(
            settings.per_address.policy("codes.address"),
            place(asked.client.address),
        )];
        if let Some(organisation) = asked.organisation {
            let policy = settings.per_organisation.policy("codes.organisation");
            counts.push((policy, organisation.to_string()));
        }
        if let Contact::Phone(phone) = asked.contact {
            let block = settings.per_block.policy("codes.block");
            counts.push((block, phone.block().to_owned()));
            let country = settings.per_country.policy("codes.country");
            counts.push((country, phone.country().unwrap_or_default().to_owned()));
        }
        for (policy, key) in &counts {
            self.take(policy, key)
                .await
                .inspect_err(|_| tell("refused", asked.contact, policy.name))?;
        }
        // Counted under the digest: the memory of the limits holds no numbers of people.
        let policy = settings.per_contact.policy("codes.contact");
        let taken = self
            .take(&policy, &base::base64::encode(digest))
            .await
            .inspect_err(|_| tell("refused", asked.contact, policy.name))?;
        Ok(match taken.remaining {
            0 => Duration::from_secs(taken.reset_seconds),
            _ => settings.resend_after,
        })
    }

    async fn take(&self, policy: &Policy, key: &str) -> Result<fabric::Taken> {
        let taken = self.0.limits.take(policy, key).await;
        if taken.allowed {
            return Ok(taken);
        }
        let after = taken.retry_after.unwrap_or(policy.window);
        Err(limited("this was asked for too often", after))
    }

    fn scopes(&self, organisation: Option<Organisation>) -> Vec<Scope> {
        let settings = &self.0.settings;
        let own = organisation
            .map(|number| Scope::organisation(number, settings.organisation_cap_micros));
        own.into_iter()
            .chain([Scope::region(settings.region_cap_micros)])
            .collect()
    }

    /// Stores what is needed to prove the code, and ends those that were sent to the contact before.
    async fn keep(
        &self,
        asked: &Asked<'_>,
        contact_digest: &[u8; 32],
        (challenge, code): (&Challenge, &str),
    ) -> Result<()> {
        let tag = challenge.tag(&self.0.pepper.borrow(), asked.purpose, code);
        let mut commit = self.commit(owner(contact_digest));
        let digest = challenge.digest().to_vec();
        let expires_at = commit.at().plus(self.0.settings.lasts);
        let expires_at = expires_at.unwrap_or(commit.at());
        commit.change(&rows::END_OTHER_CODES, [digest.clone().into()]);
        let cells: [store::Cell; 8] = [
            digest.into(),
            asked.purpose.name().into(),
            tag.to_vec().into(),
            challenge.hide(asked.contact)?.into(),
            0.into(),
            Time::EPOCH.into(),
            expires_at.into(),
            commit.at().into(),
        ];
        commit.insert(&rows::CODES, cells);
        self.0.people.store(commit).await?;
        Ok(())
    }

    async fn find(&self, digest: [u8; 32]) -> Result<Option<Code>> {
        let db = &self.0.db;
        let calls = vec![Call::new(&rows::FIND_CODE, [])];
        let found = db.read_held(digest, calls, &db.deadline()).await.at()?;
        let read = |row: &Row| {
            Ok::<_, Failure>(Code {
                owner: row.get(0)?,
                purpose: row.get(1)?,
                tag: row.get(2)?,
                contact: row.get(3)?,
            })
        };
        Ok(found.iter().flatten().next().map(read).transpose()?)
    }

    /// Stores one guarded change of a code; whatever the guard refuses is told like a wrong code.
    async fn guarded(
        &self,
        owner: Uid,
        (sql, params): (&'static store::Sql, Vec<Value>),
    ) -> Result<()> {
        let mut commit = self.commit(owner);
        commit.guard(sql, params);
        match self.0.people.store(commit).await {
            Ok(_) => Ok(()),
            Err(failure) if lost(&failure, sql.name) => Err(refused()),
            Err(failure) => Err(failure.into()),
        }
    }

    fn commit(&self, owner: Uid) -> Commit {
        Commit::of_person(&self.0.clock, &self.0.random, owner)
    }
}

/// Whose rows the codes of a contact are: an id made of its digest, whoever has it, so that one code ends another.
fn owner(digest: &[u8; 32]) -> Uid {
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest) {
        *byte = *from;
    }
    for byte in bytes.iter_mut().skip(6).take(4) {
        *byte = 0;
    }
    Uid::from_bytes(bytes)
}

fn letter(asked: &Asked<'_>, code: &str, lasts: Duration) -> Letter {
    let minutes = lasts.as_secs().div_ceil(60);
    Letter {
        to: asked.contact.clone().into(),
        about: About::Code,
        subject: format!("{code} is your code"),
        text: format!(
            "{code} is your code. It is good for {minutes} minutes. Give it to nobody; if you did not ask for it, \
             there is nothing to do."
        ),
        organisation: asked.organisation,
    }
}

/// An address as it is counted: of the newer kind, all that one line of a provider has count as one.
fn place(address: Option<IpAddr>) -> String {
    match address {
        None => "here".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
    }
}

fn tell(what: &'static str, contact: &Contact, why: &'static str) {
    let kind = contact.kind().name();
    metrics::counter!("codes_refused_total", "what" => what, "kind" => kind, "why" => why)
        .increment(1);
}

#[track_caller]
fn limited(said: &'static str, after: Duration) -> Error {
    Error::limited(codes::RATE_LIMITED, said).retry_after(after)
}

#[track_caller]
fn refused() -> Error {
    Error::unauthenticated(
        codes::CODE_REFUSED,
        "this code is not the one that was sent, or is good no more",
    )
}
