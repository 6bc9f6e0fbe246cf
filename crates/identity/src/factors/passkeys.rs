//! Passkeys: how they come into force, how they step a session up, and how somebody signs in with nothing else.
//!
//! A passkey asks its owner for a finger, a face or a PIN each time, so it proves two things at once.

use base::{Error, Result, Time, Trail as _, codes};
use domain::organisations::Name;
use domain::people::PersonId;
use edge::{Caller, Client, Context, Strength};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use slice::Ask;
use store::{Cell, Commit, Failure, Value};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, DiscoverableKey, Passkey,
    PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    Uuid, Webauthn,
};

use super::app::{App, Factor, Kind, person_of};
use super::guests::Guest;
use super::second::Proven;
use super::states::{Begun, Purpose, State};
use super::store as rows;
use super::tries::refused;
use crate::sessions::{self, Start, Started};

/// The name under which what a challenge expects is sealed.
const EXPECTED: &str = "factor.challenge";

/// A challenge: by which name it comes back, and what the browser is asked.
pub(crate) struct Challenge {
    pub(crate) state: String,
    pub(crate) options: Json,
}

impl App {
    /// Asks the browser to make a passkey.
    pub(crate) async fn begin_passkey(&self, caller: &Caller) -> Result<Challenge> {
        let person = self.owner(caller).await?;
        let there = self.check_room(person, Kind::Passkey).await?;
        self.make_room_for_tries(person).await?;
        let mut known = Vec::new();
        for passkey in self.passkeys(person, &there).await? {
            known.push(passkey.cred_id().clone());
        }
        let account = self.account(person).await?;
        let begun = self.webauthn()?.start_passkey_registration(
            handle(person),
            &account,
            &account,
            Some(known),
        );
        let (options, expected) = begun.map_err(|error| cannot(error.into()))?;
        let mut options = json_of(&options)?;
        // A browser that keeps the passkey itself can offer it without being told whose it is.
        if let Some(wanted) = options.pointer_mut("/publicKey/authenticatorSelection/residentKey") {
            *wanted = json!("preferred");
        }
        let content = self.sealed(person, &expected).await?;
        let begun = Begun {
            content,
            ..Begun::default()
        };
        let state = self
            .begin_state(Some(person), Purpose::Register, begun)
            .await?;
        Ok(Challenge { state, options })
    }

    /// Takes the passkey that the browser made, and steps the session up.
    pub(crate) async fn finish_passkey(
        &self,
        ask: &Ask,
        caller: &Caller,
        (token, credential, name): (&str, Json, &Name),
        client: &Client,
    ) -> Result<Proven> {
        let person = self.owner(caller).await?;
        let state = self.came_back(token, Purpose::Register).await?;
        if state.person != person {
            return Err(stale());
        }
        let expected: PasskeyRegistration = self.expected(&state).await?;
        let credential: RegisterPublicKeyCredential = typed(credential)?;
        let passkey = self
            .webauthn()?
            .finish_passkey_registration(&credential, &expected);
        let passkey = passkey.map_err(|error| cannot(error.into()))?;
        self.check_room(person, Kind::Passkey).await?;

        let id = self.new_id();
        let mut commit = self.commit(person);
        let subject: [Value; 5] = [
            self.passkey_digest(&passkey).await?.to_vec().into(),
            Kind::Passkey.name().into(),
            self.seal(person, "subject", &id.to_string()).await?,
            commit.at().into(),
            Time::EPOCH.into(),
        ];
        // Nobody brings the passkey of somebody else.
        commit.claim(&rows::SUBJECTS, subject);
        let cells: [Cell; 8] = [
            id.uid().into(),
            Kind::Passkey.name().into(),
            self.seal(person, "factor.label", name.as_str())
                .await?
                .into(),
            self.sealed_passkey(person, &passkey).await?.into(),
            commit.at().into(),
            commit.at().into(),
            0.into(),
            commit.at().into(),
        ];
        commit.insert(&rows::FACTORS, cells);
        let payload = json!({"person": person, "kind": Kind::Passkey.name()});
        commit.event(ask.event(&commit, (id.uid(), 1), "factor.added", &payload)?);
        let recovery_codes = self.first_recovery_codes(&mut commit, ask, person).await?;
        let started = self.step_up(commit, caller, client).await?;
        Ok(Proven {
            started,
            recovery_codes,
        })
    }

    /// Asks the browser for a passkey of whoever is signed in.
    pub(crate) async fn ask_owner(&self, caller: &Caller) -> Result<Challenge> {
        let person = person_of(caller)?;
        let all = self.factors(person).await?;
        let passkeys = self.passkeys(person, &all).await?;
        if passkeys.is_empty() {
            return Err(Error::missing(
                codes::NOT_FOUND,
                "the person has no passkey",
            ));
        }
        let begun = self.webauthn()?.start_passkey_authentication(&passkeys);
        let (options, expected) = begun.map_err(|error| cannot(error.into()))?;
        let content = self.sealed(person, &expected).await?;
        let begun = Begun {
            content,
            ..Begun::default()
        };
        let state = self
            .begin_state(Some(person), Purpose::Prove, begun)
            .await?;
        let options = json_of(&options)?;
        Ok(Challenge { state, options })
    }

    /// Steps a session up by what the passkey of its owner has signed.
    pub(crate) async fn prove_by_passkey(
        &self,
        caller: &Caller,
        (token, credential): (&str, Json),
        client: &Client,
    ) -> Result<Started> {
        let person = person_of(caller)?;
        let credential: PublicKeyCredential = typed(credential)?;
        let state = self.came_back(token, Purpose::Prove).await?;
        if state.person != person {
            return Err(stale());
        }
        let expected: PasskeyAuthentication = self.expected(&state).await?;
        let proven = self
            .webauthn()?
            .finish_passkey_authentication(&credential, &expected);
        let proven = proven.map_err(|error| cannot(error.into()))?;
        let mut commit = self.commit(person);
        self.use_passkey(&mut commit, person, &proven).await?;
        self.step_up(commit, caller, client).await
    }

    /// Asks the browser for a passkey of anybody.
    pub(crate) async fn ask_anybody(&self) -> Result<Challenge> {
        let begun = self.webauthn()?.start_discoverable_authentication();
        let (options, expected) = begun.map_err(|error| cannot(error.into()))?;
        // A page that wants to offer passkeys while a field is typed into says so itself.
        let options = json_of(&options)?;
        let options = json!({"publicKey": options.get("publicKey")});
        let content = serde_json::to_vec(&expected).map_err(|error| cannot(error.into()))?;
        let begun = Begun {
            content,
            ..Begun::default()
        };
        let state = self.begin_state(None, Purpose::SignIn, begun).await?;
        Ok(Challenge { state, options })
    }

    /// Signs somebody in by what a passkey has signed, and by nothing else.
    pub(crate) async fn sign_in_by_passkey(
        &self,
        (token, credential): (&str, Json),
        guest: Option<Guest>,
        (client, context): (&Client, &Context),
    ) -> Result<Started> {
        let credential: PublicKeyCredential = typed(credential)?;
        let state = self.came_back(token, Purpose::SignIn).await?;
        let (person, proven) = self.whose(&credential, &state).await?;
        let mut commit = self.0.people.commit_of(person);
        self.use_passkey(&mut commit, person, &proven).await?;
        let start = Start {
            person,
            strength: Strength::Two,
            kind: sessions::Kind::Person,
            client,
            trace: &super::trace_of(context),
        };
        let begun = self.begin(&mut commit, start).await?;
        self.note_proof(&mut commit, begun.started.session.uid());
        match self.store(commit).await {
            Ok(()) => Ok(self.let_in(begun, guest).await),
            Err(failure @ Failure::Refused { .. }) => {
                Err(refused("the passkey is not good any more").caused_by(failure))
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Who signs in, by what the passkey says and only its owner could have signed.
    async fn whose(
        &self,
        credential: &PublicKeyCredential,
        state: &State,
    ) -> Result<(PersonId, AuthenticationResult)> {
        let webauthn = self.webauthn()?;
        let (handle, id) = webauthn
            .identify_discoverable_authentication(credential)
            .map_err(|error| cannot(error.into()))?;
        let person = PersonId::from(base::Uid::from_bytes(*handle.as_bytes()));
        let all = self.factors(person).await?;
        let passkeys = self.passkeys(person, &all).await?;
        let passkey = passkeys
            .iter()
            .find(|passkey| passkey.cred_id().as_slice() == id);
        let passkey = passkey.ok_or_else(|| refused("nobody here has this passkey"))?;
        let expected: DiscoverableAuthentication =
            serde_json::from_slice(&state.begun.content).map_err(|error| cannot(error.into()))?;
        let proven = webauthn.finish_discoverable_authentication_v2(
            credential,
            expected,
            DiscoverableKey::from(passkey),
        );
        Ok((person, proven.map_err(|error| cannot(error.into()))?))
    }

    /// Notes that a passkey was used. One that counts must have counted on, or there are two of it.
    async fn use_passkey(
        &self,
        commit: &mut Commit,
        person: PersonId,
        proven: &AuthenticationResult,
    ) -> Result<()> {
        for factor in self.factors(person).await? {
            if factor.kind != Kind::Passkey || !factor.is_confirmed() {
                continue;
            }
            let mut passkey = self.passkey(person, &factor).await?;
            if passkey.cred_id() != proven.cred_id() {
                continue;
            }
            passkey.update_credential(proven);
            let params: [Value; 4] = [
                factor.id.uid().into(),
                self.sealed_passkey(person, &passkey).await?,
                i64::from(proven.counter()).into(),
                commit.at().into(),
            ];
            commit.guard(&rows::USE_PASSKEY, params);
            return Ok(());
        }
        Err(refused("the passkey was removed"))
    }

    /// The state of a challenge; it is used up by looking at it.
    async fn came_back(&self, token: &str, purpose: Purpose) -> Result<State> {
        let state = self.find_state(token).await?;
        let state = state
            .filter(|state| state.purpose == purpose)
            .ok_or_else(stale)?;
        match self.take_state(&state).await? {
            true => Ok(state),
            false => Err(stale()),
        }
    }

    async fn passkeys(&self, person: PersonId, all: &[Factor]) -> Result<Vec<Passkey>> {
        let mut passkeys = Vec::new();
        for factor in all {
            if factor.kind == Kind::Passkey && factor.is_confirmed() {
                passkeys.push(self.passkey(person, factor).await?);
            }
        }
        Ok(passkeys)
    }

    /// The public half of a passkey.
    pub(super) async fn passkey(&self, person: PersonId, factor: &Factor) -> Result<Passkey> {
        let text = self
            .open(person, Kind::Passkey.field(), &factor.secret)
            .await?;
        serde_json::from_str(&text).map_err(damaged)
    }

    /// What stands for a passkey among all that people sign in with.
    pub(super) async fn passkey_digest(&self, passkey: &Passkey) -> Result<[u8; 32]> {
        let id = base::base64::encode(passkey.cred_id().as_slice());
        self.digest("passkey", &id).await
    }

    async fn sealed_passkey(&self, person: PersonId, passkey: &Passkey) -> Result<Value> {
        let text = serde_json::to_string(passkey).map_err(damaged)?;
        self.seal(person, Kind::Passkey.field(), &text).await
    }

    /// What a challenge expects, sealed.
    async fn sealed(&self, person: PersonId, expected: &impl Serialize) -> Result<Vec<u8>> {
        let text = serde_json::to_string(expected).map_err(damaged)?;
        let deadline = self.0.db.deadline();
        let sealed = self
            .0
            .sealer
            .seal(person.uid(), EXPECTED, &text, &deadline)
            .await;
        Ok(sealed.at()?.bytes().to_vec())
    }

    async fn expected<T: DeserializeOwned>(&self, state: &State) -> Result<T> {
        let text = self
            .open(state.person, EXPECTED, &state.begun.content)
            .await?;
        serde_json::from_str(&text).map_err(damaged)
    }

    fn webauthn(&self) -> Result<&Webauthn> {
        let absent = || Error::missing(codes::NOT_FOUND, "there are no passkeys at this address");
        self.0.passkeys.as_ref().ok_or_else(absent)
    }
}

/// The name of a person inside a passkey: the id, which says nothing of who it is.
fn handle(person: PersonId) -> Uuid {
    Uuid::from_bytes(*person.uid().as_bytes())
}

fn json_of(value: &impl Serialize) -> Result<Json> {
    serde_json::to_value(value).map_err(damaged)
}

/// What a browser sent, if it has the form that browsers send.
fn typed<T: DeserializeOwned>(credential: Json) -> Result<T> {
    serde_json::from_value(credential)
        .map_err(|error| refused("this is nothing that a passkey has signed").caused_by(error))
}

#[track_caller]
fn cannot(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    refused("the passkey is not the right one").caused_by(error)
}

#[track_caller]
fn stale() -> Error {
    refused("the challenge was used before, is too old, or is of somebody else")
}

#[track_caller]
fn damaged(error: serde_json::Error) -> Error {
    Error::internal(codes::DAMAGED, "a passkey is not as it was written").caused_by(error)
}
