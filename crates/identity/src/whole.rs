//! All of identity at once: every slice made of the same parts, its routes, who it knows, and what it does by itself.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, KeyRing, Kind, Random, Result};
use domain::people::PersonId;
use edge::{Identify, Routes};
use engine::{Stop, Tasks};
use fabric::{Bus, Limits, Trust};
use rpc::Letters;
use serde_json::{Value, json};
use store::{Db, Sealer};
use tokio::sync::watch;

use crate::factors::Staff;
use crate::people::Codes;
use crate::{factors, operators, people, sessions};

/// How often it is looked for what is too old, and how much of it is removed at once.
const CLEAR_EVERY: Duration = Duration::from_secs(60 * 60);
const CODES_AT_ONCE: i64 = 200;

/// What is made of the same parts. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    /// People, their contacts and addresses.
    pub people: people::App,
    /// One-time codes.
    pub codes: Codes,
    /// Operators and their keys.
    pub operators: operators::App,
    /// Sessions and tokens.
    pub sessions: sessions::App,
    /// Second factors, and sign-in by other providers.
    pub factors: factors::App,
    clock: Clock,
}

/// What identity stands on.
pub struct Parts<'a> {
    /// The databases.
    pub db: &'a Db,
    /// What seals personal fields: one for the whole process.
    pub sealer: &'a Sealer,
    /// The time.
    pub clock: &'a Clock,
    /// Chance; the real one outside of tests.
    pub random: &'a Random,
    /// What tells of other nodes' changes.
    pub bus: &'a Bus,
    /// Whether what is remembered may be believed.
    pub trust: &'a Trust,
    /// Counts tries and letters.
    pub limits: &'a Limits,
    /// Goes into the hashes of sessions, keys and codes.
    pub pepper: watch::Receiver<KeyRing>,
    /// Signs access tokens.
    pub token: watch::Receiver<KeyRing>,
    /// The way out for codes.
    pub letters: Letters,
    /// Who may not be without a second factor.
    pub staff: Arc<dyn Staff>,
    /// What was set.
    pub settings: Settings,
}

/// What can be set, slice by slice.
#[derive(Clone, Debug)]
pub struct Settings {
    /// One-time codes.
    pub codes: people::codes::Settings,
    /// Sessions and tokens.
    pub sessions: sessions::Settings,
    /// Second factors and providers.
    pub factors: factors::Settings,
}

impl Identity {
    /// All slices over these parts.
    ///
    /// # Errors
    /// A setting cannot be used.
    pub fn new(parts: Parts<'_>) -> Result<Self> {
        let Parts {
            db,
            sealer,
            clock,
            random,
            trust,
            limits,
            pepper,
            ..
        } = parts;
        let chance = (clock, random);
        let people = people::App::new(db, sealer, chance);
        let codes = Codes::new(people::codes::Parts {
            people: &people,
            limits,
            pepper: pepper.clone(),
            letters: parts.letters,
            settings: parts.settings.codes,
        });
        let operators = operators::App::new(db, sealer, &people, chance, pepper.clone(), trust);
        let known = operators.clone();
        let sessions = sessions::App::new(sessions::Parts {
            db,
            sealer,
            clock,
            random,
            bus: parts.bus,
            trust,
            keys: sessions::Keys {
                pepper: pepper.clone(),
                token: parts.token,
            },
            settings: parts.settings.sessions,
            is_operator: Arc::new(move |person| {
                let known = known.clone();
                Box::pin(async move { known.is_operator(person).await })
            }),
        });
        let factors = factors::App::new(factors::Parts {
            db,
            sealer,
            clock,
            random,
            pepper,
            limits,
            people: &people,
            sessions: &sessions,
            staff: parts.staff,
            settings: parts.settings.factors,
        })?;
        Ok(Identity {
            people,
            codes,
            operators,
            sessions,
            factors,
            clock: clock.clone(),
        })
    }

    /// The routes of all slices, but the inbox of developers.
    #[must_use]
    pub fn routes(&self) -> Routes {
        Routes::new()
            .with(operators::routes(&self.operators))
            .with(people::routes(&self.people, &self.codes, &self.factors))
            .with(sessions::routes(&self.sessions))
            .with(factors::routes(&self.factors))
    }

    /// Everyone here who knows sign-ins, for `edge::FirstOf`. Sessions come first, for they are asked for most.
    #[must_use]
    pub fn identify(&self) -> Vec<Arc<dyn Identify>> {
        vec![
            Arc::new(sessions::Sessions::new(&self.sessions)),
            Arc::new(operators::Operators::new(&self.operators)),
        ]
    }

    /// Starts what works beside the requests.
    pub fn start(&self, tasks: &Tasks) {
        let sessions = self.sessions.clone();
        tasks.spawn("sessions ended elsewhere", move |stop| {
            sessions.clone().follow(stop)
        });
        let sessions = self.sessions.clone();
        tasks.spawn("old sessions", move |stop| sessions.clone().clear_old(stop));
        let factors = self.factors.clone();
        tasks.spawn("old states", move |stop| factors.clone().clear_old(stop));
        let (codes, clock) = (self.codes.clone(), self.clock.clone());
        tasks.spawn("old codes", move |stop| {
            clear_codes(codes.clone(), clock.clone(), stop)
        });
        let sessions = self.sessions.clone();
        tasks.spawn("uses of sessions", move |stop| {
            sessions.clone().keep_notes(stop)
        });
    }

    /// Everything that is kept of a person in all slices here, as JSON.
    ///
    /// # Errors
    /// A database is away.
    pub async fn export(&self, person: PersonId) -> Result<Value> {
        Ok(json!({
            "person": self.people.export(person).await?,
            "sessions": self.sessions.export(person).await?,
            "factors": self.factors.export(person).await?,
        }))
    }

    /// Removes what is kept of a person in all slices here, and destroys the person's key. Who does it writes the
    /// erasure down before. It may be said again.
    ///
    /// # Errors
    /// A database is away; it must be said again.
    pub async fn erase(&self, person: PersonId) -> Result<()> {
        self.erase_for(person, None).await
    }

    /// The same, with who asked for it in the log.
    pub(crate) async fn erase_for(
        &self,
        person: PersonId,
        asked: Option<&people::Asked<'_>>,
    ) -> Result<()> {
        self.sessions.erase(person).await?;
        self.factors.erase(person).await?;
        self.people.erase_for(person, &self.codes, asked).await?;
        // Whoever was just signing in got in before the person was gone.
        self.sessions.erase(person).await
    }
}

/// Removes codes that are long over now and then, until the stop.
async fn clear_codes(codes: Codes, clock: Clock, stop: Stop) -> Result<()> {
    loop {
        let before = store::retention::old(&clock, Duration::ZERO)?;
        let mut removed = CODES_AT_ONCE.unsigned_abs();
        while removed >= CODES_AT_ONCE.unsigned_abs() && !stop.is_stopping() {
            removed = match codes.clear(CODES_AT_ONCE, before).await {
                Err(error) if error.kind() == Kind::Unavailable => 0,
                cleared => cleared?,
            };
        }
        tokio::select! {
            () = stop.stopped() => return Ok(()),
            () = tokio::time::sleep(CLEAR_EVERY) => {}
        }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}
