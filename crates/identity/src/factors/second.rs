//! TOTP apps and recovery codes: how they come into force, and how they step a session up.

use base::{Error, Result, Trail as _, codes};
use domain::people::PersonId;
use edge::{Caller, Client};
use serde_json::json;
use slice::Ask;
use store::{Cell, Commit, Failure, Value};
use zeroize::Zeroizing;

use super::app::{App, FACTORS_MAX, Factor, FactorId, Kind, TOTP_MAX, person_of};
use super::recovery;
use super::store as rows;
use super::totp;
use super::tries::refused;
use crate::sessions::Started;

/// What a TOTP app is told once.
pub(crate) struct Offered {
    pub(crate) id: FactorId,
    pub(crate) secret: Zeroizing<String>,
    pub(crate) uri: Zeroizing<String>,
}

/// What somebody proves himself with.
pub(crate) enum Given<'a> {
    /// Six digits of an app.
    Code(&'a str),
    /// A recovery code as it was typed.
    Recovery(&'a str),
}

/// A session that was stepped up, with recovery codes where there were none before.
pub(crate) struct Proven {
    pub(crate) started: Started,
    pub(crate) recovery_codes: Vec<Zeroizing<String>>,
}

impl App {
    /// Offers a secret to an app. It is in force when a code that was made with it comes back.
    pub(crate) async fn begin_totp(&self, caller: &Caller) -> Result<Offered> {
        let person = self.owner(caller).await?;
        self.check_room(person, Kind::Totp).await?;
        self.make_room_for_tries(person).await?;
        let secret = totp::draw(&self.0.random);
        let written = totp::to_base32(&secret);
        let id = self.new_id();
        let mut commit = self.commit(person);
        commit.change(&rows::DROP_UNCONFIRMED, [id.uid().into()]);
        let cells: [Cell; 8] = [
            id.uid().into(),
            Kind::Totp.name().into(),
            self.seal(person, "factor.label", "TOTP").await?.into(),
            self.seal(person, Kind::Totp.field(), &written)
                .await?
                .into(),
            commit.at().into(),
            0.into(),
            0.into(),
            0.into(),
        ];
        commit.insert(&rows::FACTORS, cells);
        self.store(commit).await.at()?;
        Ok(Offered {
            id,
            uri: totp::address(&self.0.name, &self.account(person).await?, &secret),
            secret: written,
        })
    }

    /// Puts the offered secret in force by its first code, and steps the session up.
    pub(crate) async fn confirm_totp(
        &self,
        ask: &Ask,
        caller: &Caller,
        code: &str,
        client: &Client,
    ) -> Result<Proven> {
        let person = self.owner(caller).await?;
        self.count_try(person).await?;
        let offered = self
            .factors(person)
            .await?
            .into_iter()
            .find(|factor| !factor.is_confirmed());
        let offered = offered.ok_or_else(|| refused("nothing was offered"))?;
        let step = self.step(person, &offered, code).await?;
        let step = step.ok_or_else(|| refused("the code is not the one of this moment"))?;
        let mut commit = self.commit(person);
        let params: [Value; 3] = [offered.id.uid().into(), commit.at().into(), step.into()];
        commit.guard(&rows::CONFIRM, params);
        let payload = json!({"person": person, "kind": Kind::Totp.name()});
        commit.event(ask.event(&commit, (offered.id.uid(), 1), "factor.added", &payload)?);
        let recovery_codes = self.first_recovery_codes(&mut commit, ask, person).await?;
        let started = self.step_up(commit, caller, client).await?;
        Ok(Proven {
            started,
            recovery_codes,
        })
    }

    /// Steps a session up by a code.
    pub(crate) async fn prove(
        &self,
        ask: &Ask,
        caller: &Caller,
        given: Given<'_>,
        client: &Client,
    ) -> Result<Started> {
        let person = person_of(caller)?;
        self.count_try(person).await?;
        let mut commit = self.commit(person);
        match given {
            Given::Code(code) => self.use_code(&mut commit, person, code).await?,
            Given::Recovery(code) => {
                self.use_recovery_code(&mut commit, ask, (person, code))
                    .await?
            }
        }
        self.step_up(commit, caller, client).await
    }

    /// Makes new recovery codes; those before are worth nothing then.
    pub(crate) async fn renew_recovery_codes(
        &self,
        ask: &Ask,
        caller: &Caller,
    ) -> Result<Vec<Zeroizing<String>>> {
        let person = self.need_recent_proof(caller).await?;
        let mut commit = self.commit(person);
        let made = self.make_recovery_codes(&mut commit, ask, person).await?;
        self.store(commit).await.at()?;
        Ok(made)
    }

    /// Recovery codes for who has none that is left.
    pub(super) async fn first_recovery_codes(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        person: PersonId,
    ) -> Result<Vec<Zeroizing<String>>> {
        match self.list(person).await?.1 {
            0 => self.make_recovery_codes(commit, ask, person).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Stores a commit that proves something together with the session that it steps up.
    pub(super) async fn step_up(
        &self,
        mut commit: Commit,
        caller: &Caller,
        client: &Client,
    ) -> Result<Started> {
        let sessions = &self.0.sessions;
        let started = sessions.step_up_in(&mut commit, caller, client).await?;
        self.note_proof(&mut commit, started.session.uid());
        self.store(commit).await.map_err(used_meanwhile)?;
        sessions.stepped_up(caller);
        Ok(started)
    }

    /// Whether there is room for one more.
    pub(super) async fn check_room(&self, person: PersonId, kind: Kind) -> Result<Vec<Factor>> {
        let mut all = self.factors(person).await?;
        all.retain(Factor::is_confirmed);
        let alike = all.iter().filter(|factor| factor.kind == kind).count();
        let is_full = all.len() >= FACTORS_MAX || (kind == Kind::Totp && alike >= TOTP_MAX);
        match is_full {
            true => Err(Error::conflict(
                codes::TOO_MANY,
                "there are as many factors as one person may have",
            )),
            false => Ok(all),
        }
    }

    /// How the person is called where accounts are listed.
    pub(super) async fn account(&self, person: PersonId) -> Result<String> {
        let found = self.0.people.find(person).await?;
        let name = found.and_then(|person| person.profile.name());
        Ok(name.unwrap_or_else(|| person.to_string()))
    }

    async fn use_code(&self, commit: &mut Commit, person: PersonId, code: &str) -> Result<()> {
        let mut right = None;
        for factor in self.factors(person).await? {
            if factor.is_confirmed() && factor.kind == Kind::Totp {
                let step = self.step(person, &factor, code).await?;
                right = right.or(step.map(|step| (factor.id, step)));
            }
        }
        let (id, step) = right.ok_or_else(|| refused("the code is not the one of this moment"))?;
        let params: [Value; 3] = [id.uid().into(), step.into(), commit.at().into()];
        commit.guard(&rows::USE_STEP, params);
        Ok(())
    }

    async fn step(&self, person: PersonId, factor: &Factor, code: &str) -> Result<Option<i64>> {
        let written = Zeroizing::new(
            self.open(person, Kind::Totp.field(), &factor.secret)
                .await?,
        );
        let secret = totp::from_base32(&written)
            .ok_or_else(|| Error::internal(codes::DAMAGED, "a secret is not as it was written"))?;
        Ok(totp::matching_step(
            &secret,
            code,
            self.0.clock.now(),
            factor.last_step,
        ))
    }

    async fn use_recovery_code(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        (person, code): (PersonId, &str),
    ) -> Result<()> {
        let code = recovery::read(code).ok_or_else(|| refused("this is no recovery code"))?;
        let tag = self.recovery_tag(person, &code).await?;
        let params: [Value; 2] = [tag.to_vec().into(), commit.at().into()];
        commit.guard(&rows::USE_CODE, params);
        let stream = self.new_id().uid();
        commit.event(ask.event(
            commit,
            (stream, 1),
            "recovery_code.used",
            &json!({"person": person}),
        )?);
        Ok(())
    }

    async fn make_recovery_codes(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        person: PersonId,
    ) -> Result<Vec<Zeroizing<String>>> {
        commit.change(&rows::REMOVE_CODES, [Vec::<u8>::new().into()]);
        let mut made = Vec::new();
        for _ in 0..recovery::CODES {
            let code = recovery::draw(&self.0.random);
            let tag = self.recovery_tag(person, &code).await?;
            let cells: [Cell; 3] = [tag.to_vec().into(), commit.at().into(), 0.into()];
            commit.insert(&rows::RECOVERY_CODES, cells);
            made.push(recovery::shown(&code));
        }
        let stream = self.new_id().uid();
        commit.event(ask.event(
            commit,
            (stream, 1),
            "recovery_codes.made",
            &json!({"person": person}),
        )?);
        Ok(made)
    }

    /// What is kept of a code. It has 80 random bits, so nobody finds it by trying, whatever leaks.
    async fn recovery_tag(&self, person: PersonId, code: &str) -> Result<[u8; 32]> {
        let text = Zeroizing::new(format!("{person} {code}"));
        self.digest("recovery code", &text).await
    }
}

/// A step, a code or a session that was used between looking and storing.
#[track_caller]
fn used_meanwhile(failure: Failure) -> Error {
    let ours = [
        rows::CONFIRM.name,
        rows::USE_STEP.name,
        rows::USE_CODE.name,
        rows::USE_PASSKEY.name,
    ];
    match &failure {
        Failure::Refused { name, .. } if ours.contains(name) => {
            refused("it was used before, or is not the right one").caused_by(failure)
        }
        Failure::Refused { .. } => {
            Error::unauthenticated(codes::UNAUTHENTICATED, "the session has ended")
                .caused_by(failure)
        }
        _ => failure.into(),
    }
}
