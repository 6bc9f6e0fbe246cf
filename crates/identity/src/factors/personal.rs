//! What is kept of a person here: shown to the person, and removed when the person goes.

use base::{Result, Time, Trail as _, Uid};
use domain::people::PersonId;
use serde_json::{Value as Json, json};
use store::{Opened, Row};

use super::app::App;
use super::store as rows;

impl App {
    /// All that is kept of a person: factors without their secrets, accounts at other providers, and
    /// which guests the person was.
    ///
    /// # Errors
    /// A database is away.
    pub async fn export(&self, person: PersonId) -> Result<Json> {
        let (factors, codes_left) = self.list(person).await?;
        let factors: Vec<Json> = factors
            .iter()
            .map(|(factor, name)| {
                json!({
                    "id": factor.id,
                    "kind": factor.kind.name(),
                    "name": name,
                    "createdAt": factor.created_at,
                    "usedAt": factor.used_at,
                })
            })
            .collect();
        let mut subjects = Vec::new();
        for row in self.rows(person, &rows::READ_SUBJECTS, []).await? {
            subjects.push(self.subject(person, &row).await?);
        }
        let guests = self.guests(person, None).await?;
        Ok(json!({
            "factors": factors,
            "recoveryCodesLeft": codes_left,
            "subjects": subjects,
            "guests": guests,
        }))
    }

    /// Removes all that is kept of a person.
    ///
    /// # Errors
    /// A database is away; doing it again is right.
    pub async fn erase(&self, person: PersonId) -> Result<()> {
        let (first, empty) = (Uid::from_bytes([0; 16]), Vec::<u8>::new());
        let mut commit = self.commit(person);
        commit.change(&rows::REMOVE_ALL, [first.into()]);
        commit.change(&rows::REMOVE_ATTEMPTS, [super::tries::WHAT.into()]);
        commit.change(&rows::REMOVE_CODES, [empty.clone().into()]);
        commit.change(&rows::REMOVE_SUBJECTS, [empty.clone().into()]);
        commit.change(&rows::REMOVE_STATES, [empty.into()]);
        super::guests::forget(&mut commit);
        self.store(commit).await.at()
    }

    async fn subject(&self, person: PersonId, row: &Row) -> Result<Json> {
        let (provider, sealed): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let (created_at, used_at): (Time, Time) = (row.get(2)?, row.get(3)?);
        let deadline = self.0.db.deadline();
        let opened = self
            .0
            .sealer
            .open(person.uid(), "subject", &sealed, &deadline)
            .await
            .at()?;
        let subject = match opened {
            Opened::Text(text) => Json::String(text),
            Opened::Erased => Json::Null,
        };
        Ok(json!({
            "provider": provider,
            "subject": subject,
            "createdAt": created_at,
            "usedAt": used_at,
        }))
    }
}
