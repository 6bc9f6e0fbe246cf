//! What was begun and has to come back: a sign-in at a provider, a challenge for a passkey.
//!
//! A state is named by 32 random bytes that only whoever began it has; its row is found by their digest, lasts a few
//! minutes and is used once. What else a sign-in needs is made again from the state with the pepper, and stored nowhere.

use std::time::Duration;

use base::{Error, Organisation, Result, Secret, Time, Trail as _, Uid, codes};
use domain::people::PersonId;
use engine::Stop;
use ring::digest::{SHA256, digest};
use store::{Call, Cell, Failure, Value};

use super::app::App;
use super::oidc::Proofs;
use super::store as rows;

/// How many rows are removed at once.
const AT_ONCE: i64 = 200;
/// The pause after each batch that is removed.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it is looked for what is over.
const CLEAR_EVERY: Duration = Duration::from_secs(10 * 60);

/// What a state is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// A sign-in at a provider.
    Provider,
    /// A passkey that is made.
    Register,
    /// A passkey as a second factor of who is signed in.
    Prove,
    /// A passkey by which somebody signs in.
    SignIn,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Purpose::Provider => "provider",
            Purpose::Register => "register",
            Purpose::Prove => "prove",
            Purpose::SignIn => "sign_in",
        }
    }

    /// How long it takes at most until it comes back.
    const fn lasts(self) -> Duration {
        match self {
            Purpose::Provider => Duration::from_secs(10 * 60),
            Purpose::Register | Purpose::Prove | Purpose::SignIn => Duration::from_secs(5 * 60),
        }
    }
}

/// What is to be kept of something that begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun {
    pub(crate) provider: String,
    /// The digest of what only the browser has that began it.
    pub(crate) browser: Vec<u8>,
    pub(crate) return_to: String,
    pub(crate) content: Vec<u8>,
}

/// A state that is still good.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) person: PersonId,
    pub(crate) purpose: Purpose,
    pub(crate) begun: Begun,
    pepper: u32,
    digest: [u8; 32],
}

impl App {
    /// Begins something: the token by which it comes back. A stranger gets an id that nobody else has.
    pub(super) async fn begin_state(
        &self,
        person: Option<PersonId>,
        purpose: Purpose,
        begun: Begun,
    ) -> Result<String> {
        let (clock, random) = (&self.0.clock, &self.0.random);
        let stranger = || PersonId::make(clock, random, Organisation::PEOPLE);
        let token = Secret::draw(random).to_text().to_string();
        let digest = digest_of(&token);
        let mut commit = self.commit(person.unwrap_or_else(stranger));
        let at = commit.at();
        let expires_at = at.plus(purpose.lasts()).unwrap_or(at);
        let cells: [Cell; 9] = [
            digest.to_vec().into(),
            purpose.name().into(),
            begun.provider.into(),
            begun.browser.into(),
            begun.return_to.into(),
            i64::from(self.0.pepper.borrow().current.0).into(),
            begun.content.into(),
            at.into(),
            expires_at.into(),
        ];
        commit.insert(&rows::STATES, cells);
        if person.is_some() {
            commit.change(&rows::DROP_STATES, [digest.to_vec().into(), at.into()]);
        }
        self.store(commit).await.at()?;
        Ok(token)
    }

    /// Finds what was begun, as long as it lasts.
    pub(super) async fn find_state(&self, token: &str) -> Result<Option<State>> {
        let db = &self.0.db;
        let digest = digest_of(token);
        let calls = vec![Call::new(&rows::READ_STATE, [])];
        let found = db.read_held(digest, calls, &db.deadline()).await.at()?;
        let Some(row) = found.iter().flatten().next() else {
            return Ok(None);
        };
        let (purpose, expires_at): (String, Time) = (row.get(1)?, row.get(7)?);
        let all = [
            Purpose::Provider,
            Purpose::Register,
            Purpose::Prove,
            Purpose::SignIn,
        ];
        let purpose = all.into_iter().find(|known| known.name() == purpose);
        let Some(purpose) = purpose.filter(|_| expires_at > self.0.clock.now()) else {
            return Ok(None);
        };
        Ok(Some(State {
            person: row.get::<Uid>(0)?.into(),
            purpose,
            begun: Begun {
                provider: row.get(2)?,
                browser: row.get(3)?,
                return_to: row.get(4)?,
                content: row.get(6)?,
            },
            pepper: u32::try_from(row.get::<i64>(5)?).unwrap_or_default(),
            digest,
        }))
    }

    /// Uses a state; of many who try, one can.
    pub(super) async fn take_state(&self, state: &State) -> Result<bool> {
        let mut commit = self.commit(state.person);
        let params: [Value; 2] = [state.digest.to_vec().into(), commit.at().into()];
        commit.guard(&rows::TAKE_STATE, params);
        match self.store(commit).await {
            Ok(()) => Ok(true),
            Err(Failure::Refused { .. }) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Removes what has not come back in time, until the stop. Any node may do it.
    ///
    /// # Errors
    /// A statement is wrong; a database that is away is asked again later.
    pub async fn clear_old(self, stop: Stop) -> Result<()> {
        loop {
            let pause = match self.clear_now().await {
                Ok(removed) if i64::try_from(removed).unwrap_or(i64::MAX) >= AT_ONCE => PAUSE,
                Ok(_) | Err(Failure::Unavailable(_) | Failure::TooLate) => CLEAR_EVERY,
                Err(failure) => return Err(failure.into()),
            };
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Removes some of what has not come back in time; answers how many.
    ///
    /// # Errors
    /// The people database is away.
    pub async fn clear_now(&self) -> store::Outcome<u64> {
        let (db, now) = (&self.0.db, self.0.clock.now());
        let call = Call::new(&rows::CLEAR_STATES, [now.into(), AT_ONCE.into()]);
        db.people().clear(call, &db.deadline()).await
    }

    /// What a sign-in that begins is proven with.
    pub(super) fn new_proofs(&self, token: &str) -> Proofs {
        proofs(&self.0.pepper.borrow().current.1, token)
    }

    /// The same again when it has come back.
    pub(super) fn proofs_of(&self, state: &State, token: &str) -> Result<Proofs> {
        let peppers = self.0.pepper.borrow();
        let secret = peppers.find(state.pepper).ok_or_else(|| {
            Error::forbidden(codes::SIGN_IN_REFUSED, "the sign-in was begun too long ago")
        })?;
        Ok(proofs(secret, token))
    }
}

/// What stands for a token in tables.
pub(super) fn digest_of(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, digested) in bytes
        .iter_mut()
        .zip(digest(&SHA256, token.as_bytes()).as_ref())
    {
        *byte = *digested;
    }
    bytes
}

fn proofs(secret: &Secret, token: &str) -> Proofs {
    let made = |purpose| base::base64::encode(&secret.tag(purpose, token.as_bytes()));
    Proofs {
        state: token.to_owned(),
        verifier: made("sign-in verifier"),
        nonce: made("sign-in nonce"),
    }
}
