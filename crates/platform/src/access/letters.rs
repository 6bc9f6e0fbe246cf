//! What goes on with an invitation by itself: its letter goes out, it runs out, its address is destroyed.

use base::{Organisation, Result, codes};
use domain::access::InvitationId;
use domain::people::Email;
use engine::{Consumer, Due, Handled, TimerHandler};
use rpc::{About, Letter, Recipient};
use store::Logged;

use super::app::App;
use super::fold::{INVITATION_ACCEPTED, INVITATION_CREATED, INVITATION_WITHDRAWN};
use super::invitations::{EMAIL, EXPIRE, EXPIRED, OPEN, TOKEN, expire};

impl App {
    /// Sends the letters of invitations, and destroys what nobody needs any more.
    ///
    /// # Errors
    /// A pattern is none.
    pub(crate) fn sending(&self) -> Result<Consumer> {
        let app = self.clone();
        let kinds = [
            INVITATION_CREATED,
            INVITATION_ACCEPTED,
            INVITATION_WITHDRAWN,
        ];
        Consumer::new("access.invitations", &kinds, move |event| {
            let app = app.clone();
            async move { app.follow_invitation(&event).await }
        })
    }

    /// Ends invitations that nobody has accepted in time.
    pub(crate) fn expiring(&self) -> TimerHandler {
        let app = self.clone();
        TimerHandler::new(EXPIRE, move |due| {
            let app = app.clone();
            async move { app.expire(due).await }
        })
    }

    async fn follow_invitation(&self, event: &Logged) -> Result<Handled> {
        let id = InvitationId::from(event.stream);
        if event.kind != INVITATION_CREATED {
            self.destroy(id).await?;
            return Ok(Handled::Done);
        }
        let now = self.inner().parts.clock.now();
        let found = self.find_invitation(id).await?;
        if !found.is_some_and(|found| found.state == OPEN && found.expires_at > now) {
            return Ok(Handled::Done);
        }
        let (parts, deadline) = (&self.inner().parts, self.db().deadline());
        let said = parts.sealer.open_payload(&event.payload, &deadline).await?;
        let (Some(email), Some(token)) = (said[EMAIL].as_str(), said[TOKEN].as_str()) else {
            return Ok(Handled::Done);
        };
        let email = Email::parse(email)
            .map_err(|error| base::Error::internal(codes::DAMAGED, error.to_string()))?;
        let letter = self.letter(event.organisation, email, token).await?;
        if let Some(letter) = letter {
            parts.letters.send(letter).await?;
        }
        Ok(Handled::Done)
    }

    async fn letter(
        &self,
        number: Organisation,
        email: Email,
        token: &str,
    ) -> Result<Option<Letter>> {
        let Some(house) = self.house(number).await? else {
            return Ok(None);
        };
        let name = house.name.as_str();
        let link = format!("{}#{token}", self.inner().parts.join);
        Ok(Some(Letter {
            to: Recipient::Email(email),
            about: About::Invitation,
            subject: format!("{name} invites you"),
            text: format!(
                "You are invited to work with {name}.\n\nOpen this link to accept:\n{link}\n\nIt works once, for seven \
                 days. If you did not expect this letter, do nothing.\n"
            ),
            organisation: Some(number),
        }))
    }

    async fn expire(&self, due: Due) -> Result<Handled> {
        let id = InvitationId::from(due.id);
        self.destroy(id).await?;
        let found = self.find_invitation(id).await?;
        if found.is_none_or(|found| found.state != OPEN) {
            return Ok(Handled::Done);
        }
        let mut commit = self.db().new_commit(due.organisation);
        expire(&mut commit, id, EXPIRED);
        Ok(commit.into())
    }

    /// Destroys the key of an invitation, and with it address and secret wherever they stand.
    async fn destroy(&self, id: InvitationId) -> Result<()> {
        let (sealer, deadline) = (&self.inner().parts.sealer, self.db().deadline());
        Ok(sealer.erase(id.uid(), &deadline).await?)
    }
}
