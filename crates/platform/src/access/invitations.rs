//! Invitations: a letter with a secret, and what whoever brings the secret back gets.
//!
//! The address and the secret are sealed under the key of the invitation itself, which is destroyed when it was accepted,
//! withdrawn, or has run out. The letter goes out by the event, so it is tried again until it is out.

use std::time::Duration;

use base::{Error, Page, Result, Secret, Time, Trail, Uid, codes};
use domain::access::{INVITATIONS_MAX, InvitationId, give_into};
use domain::people::Email;
use engine::Timer;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use slice::Turn;
use store::{Call, Commit, Opened, Sealed, Value};

use super::app::{App, By, Doer, Sight, Tries, missing};
use super::fold::{INVITATION_CREATED, INVITATION_WITHDRAWN};
use super::members::allowed;
use super::store as rows;
use super::store::{
    COUNT_INVITATIONS, COUNT_NEXT, END_INVITATION, INVITATIONS, Invitation, LIST_INVITATIONS,
    READ_INVITATION, READ_TALLY, SENT,
};
use super::view::{InvitationView, NewGrant, NewGrantView};

/// How long an invitation can be accepted.
const GOOD_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);
/// What the tag of a secret is made for.
const PURPOSE: &str = "invitation";
/// The timer that ends an invitation.
pub(crate) const EXPIRE: &str = "invitation.expire";
/// The fields that are sealed.
pub(crate) const EMAIL: &str = "email";
/// The other one, in the event alone.
pub(crate) const TOKEN: &str = "token";

/// The states of an invitation.
pub(crate) const OPEN: i64 = 0;
/// Somebody has accepted it.
pub(crate) const ACCEPTED: i64 = 1;
/// It was taken back.
pub(crate) const WITHDRAWN: i64 = 2;
/// Nobody has accepted it in time.
pub(crate) const EXPIRED: i64 = 3;

/// An invitation on its way: its id, its secret, and what is sealed.
struct New {
    id: InvitationId,
    tag: [u8; 32],
    email: Sealed,
    token: Sealed,
}

impl App {
    /// Invites somebody by e-mail into roles that the doer may give.
    pub(crate) async fn invite(
        &self,
        doer: &Doer,
        email: &Email,
        grants: &[NewGrant],
    ) -> Result<InvitationView> {
        let places = self.places_of(doer, grants).await?;
        let operation = (doer.number, "invitations.create");
        let request = (email.as_str(), grants);
        let mut tries = Tries::default();
        loop {
            let decide = async || {
                self.may_invite(doer, grants, &places).await?;
                let sent = self.room(doer).await?;
                let new = self.seal(doer, email).await?;
                let mut commit = doer.new_commit(self);
                commit.guard(&COUNT_NEXT, [SENT.into(), sent.into()]);
                let view = create(doer, &mut commit, &new, grants)?;
                Ok((commit, view))
            };
            let settled = doer
                .ask
                .settle(self.db(), operation, &request, decide)
                .await;
            if !tries.again(&settled) {
                return settled;
            }
        }
    }

    /// Lists the invitations that are open, oldest first.
    pub(crate) async fn invitations(
        &self,
        sight: &Sight,
        turn: &Turn,
    ) -> Result<Page<InvitationView>> {
        let (number, parts) = (sight.number, &self.inner().parts);
        let scope = format!("invitations of {number}");
        let after = match &turn.cursor {
            Some(cursor) => Uid::from_bytes(parts.cursors.open(&scope, cursor)?),
            None => Uid::from_bytes([0; 16]),
        };
        let limit = i64::from(turn.limit).saturating_add(1);
        let now = parts.clock.now();
        let params: [Value; 3] = [after.into(), now.into(), limit.into()];
        let found = self
            .db()
            .rows(number, &LIST_INVITATIONS, params)
            .await
            .at()?;
        let mut found = rows::all(&found, rows::invitation)?;
        let more = found.len() > turn.limit.get();
        found.truncate(turn.limit.get());
        let last = found.last().filter(|_| more);
        let next = last.map(|last| parts.cursors.seal(&scope, last.id.uid().as_bytes()));
        let people: Vec<Uid> = found.iter().map(|one| one.id.uid()).collect();
        parts
            .sealer
            .prepare(&people, &self.db().deadline())
            .await
            .at()?;
        let mut items = Vec::with_capacity(found.len());
        for invitation in &found {
            let grants = promised(invitation)?;
            if self.is_seen(sight, &grants).await? {
                items.push(self.view(invitation, &grants).await?);
            }
        }
        Ok(Page { items, next })
    }

    /// Takes an invitation back.
    pub(crate) async fn withdraw(&self, doer: &Doer, id: InvitationId) -> Result<()> {
        let operation = (doer.number, "invitations.withdraw");
        let mut tries = Tries::default();
        loop {
            let decide = async || {
                let found = self.find_invitation(id).await?.ok_or_else(missing)?;
                let grants = promised(&found)?;
                let now = self.inner().parts.clock.now();
                let open = found.state == OPEN && found.expires_at > now;
                if !open || !self.is_seen(doer, &grants).await? {
                    return Err(missing());
                }
                let mut commit = doer.new_commit(self);
                end(&mut commit, id, WITHDRAWN, now);
                let event = doer.ask.event(
                    &commit,
                    (id.uid(), 2),
                    INVITATION_WITHDRAWN,
                    &Map::<String, Json>::new(),
                )?;
                commit.event(event);
                Ok((commit, ()))
            };
            let settled = doer.ask.settle(self.db(), operation, &id, decide).await;
            if !tries.again(&settled) {
                return settled;
            }
        }
    }

    pub(crate) async fn find_invitation(&self, id: InvitationId) -> Result<Option<Invitation>> {
        let number = id.organisation();
        if !self.db().knows(number).await {
            return Ok(None);
        }
        let params = [id.uid().into()];
        let rows = self
            .db()
            .rows(number, &READ_INVITATION, params)
            .await
            .at()?;
        Ok(rows.first().map(rows::invitation).transpose()?)
    }

    /// The brands of the places of some grants, in their order.
    pub(crate) async fn places_of(
        &self,
        doer: &Doer,
        grants: &[NewGrant],
    ) -> Result<Vec<Option<domain::organisations::BrandId>>> {
        let mut brands = Vec::with_capacity(grants.len());
        for grant in grants {
            brands.push(self.place_of(doer, &grant.place).await?);
        }
        Ok(brands)
    }

    /// Whether the doer may give all of these to somebody.
    pub(crate) async fn may_invite(
        &self,
        doer: &Doer,
        grants: &[NewGrant],
        brands: &[Option<domain::organisations::BrandId>],
    ) -> Result<()> {
        let person = match doer.by {
            By::Member(person) => person,
            By::Operator => Uid::from_bytes([0; 16]).into(),
        };
        let scene = self.scene(doer.number, doer.by, person).await?;
        for (grant, brand) in grants.iter().zip(brands) {
            let role = (grant.role, allowed(&scene, grant.role)?);
            give_into(scene.giver(), role, (grant.place, *brand))?;
        }
        Ok(())
    }

    /// The running number of invitations, when there is room for one more.
    async fn room(&self, doer: &Doer) -> Result<i64> {
        let now = self.inner().parts.clock.now();
        let calls = vec![
            Call::new(&READ_TALLY, [SENT.into()]),
            Call::new(&COUNT_INVITATIONS, [now.into()]),
        ];
        let (db, number) = (self.db(), doer.number);
        let read = db.read(number, calls, &db.deadline()).await.at()?;
        let first = |at: usize| read.get(at).and_then(|rows| rows.first());
        let number_of = |at: usize| first(at).map_or(Ok(0), |row| row.get::<i64>(0));
        let (sent, open) = (number_of(0)?, number_of(1)?);
        if open >= INVITATIONS_MAX {
            let said = format!("at most {INVITATIONS_MAX} invitations are open at once");
            return Err(Error::conflict(codes::TOO_MANY, said));
        }
        Ok(sent)
    }

    /// Draws the secret of an invitation, and seals what the letter needs.
    async fn seal(&self, doer: &Doer, email: &Email) -> Result<New> {
        let parts = &self.inner().parts;
        let id = InvitationId::make(&parts.clock, &parts.random, doer.number);
        let secret = Secret::draw(&parts.random);
        let token = format!("{id}.{}", *secret.to_text());
        let deadline = self.db().deadline();
        let seal = async |field, text| parts.sealer.seal(id.uid(), field, text, &deadline).await;
        Ok(New {
            id,
            tag: tag(&secret, id),
            email: seal(EMAIL, email.as_str()).await.at()?,
            token: seal(TOKEN, &token).await.at()?,
        })
    }

    /// Whether the doer may see an invitation: somebody of a part sees those into that part alone.
    async fn is_seen(&self, sight: &Sight, grants: &[NewGrant]) -> Result<bool> {
        if sight.places == edge::Places::All {
            return Ok(true);
        }
        for grant in grants {
            let brand = match self.brand_of(&grant.place).await {
                Err(error) if error.kind() == base::Kind::Missing => return Ok(false),
                brand => brand?,
            };
            if !sight.reaches(&grant.place, brand) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn view(&self, found: &Invitation, grants: &[NewGrant]) -> Result<InvitationView> {
        let (sealer, deadline) = (&self.inner().parts.sealer, self.db().deadline());
        let opened = sealer.open(found.id.uid(), EMAIL, &found.email, &deadline);
        let email = match opened.await.at()? {
            Opened::Text(email) => Some(email),
            Opened::Erased => None,
        };
        Ok(InvitationView {
            id: found.id,
            email,
            grants: grants.iter().map(NewGrantView::from).collect(),
            created_at: found.created_at,
            expires_at: found.expires_at,
        })
    }
}

/// What is stored of an invitation by its secret.
pub(crate) fn tag(secret: &Secret, id: InvitationId) -> [u8; 32] {
    secret.tag(PURPOSE, id.uid().as_bytes())
}

/// The id and the secret of a token; nothing when it is none.
pub(crate) fn read_token(token: &str) -> Option<(InvitationId, Secret)> {
    let (id, secret) = token.split_once('.')?;
    Some((id.parse().ok()?, Secret::from_text(secret).ok()?))
}

/// Whether the secret is the one of the invitation, in constant time.
pub(crate) fn is_secret(secret: &Secret, invitation: &Invitation) -> bool {
    secret.is_tag(PURPOSE, invitation.id.uid().as_bytes(), &invitation.tag)
}

/// What whoever accepts it gets.
pub(crate) fn promised(invitation: &Invitation) -> Result<Vec<NewGrant>> {
    serde_json::from_str(&invitation.grants)
        .map_err(|error| Error::internal(codes::DAMAGED, "a stored invitation").caused_by(error))
}

/// Ends an open invitation, or the commit is refused.
pub(crate) fn end(commit: &mut Commit, id: InvitationId, state: i64, now: Time) {
    let params = [id.uid().into(), state.into(), now.into()];
    commit.guard(&END_INVITATION, params);
}

/// Ends an invitation that has run out, unless somebody was faster.
pub(crate) fn expire(commit: &mut Commit, id: InvitationId, state: i64) {
    let params = [id.uid().into(), state.into(), 0.into()];
    commit.change(&END_INVITATION, params);
}

/// The row, the timer and the event of a new invitation.
fn create(
    doer: &Doer,
    commit: &mut Commit,
    new: &New,
    grants: &[NewGrant],
) -> Result<InvitationView> {
    #[derive(Serialize)]
    struct Said<'a> {
        grants: &'a [NewGrant],
        email: Json,
        token: Json,
    }
    let id = new.id.uid();
    let created_at = commit.at();
    let expires_at = created_at.plus(GOOD_FOR).unwrap_or(created_at);
    let written = serde_json::to_string(grants).map_err(|error| {
        Error::internal(codes::INTERNAL, "grants cannot be written").caused_by(error)
    })?;
    let said = Said {
        grants,
        email: new.email.to_json(id),
        token: new.token.to_json(id),
    };
    commit.insert(
        &INVITATIONS,
        [
            id.into(),
            new.email.clone().into(),
            new.tag.to_vec().into(),
            doer.ask.actor.as_str().into(),
            i64::from(doer.by == By::Operator).into(),
            written.into(),
            OPEN.into(),
            created_at.into(),
            expires_at.into(),
        ],
    );
    let timer = Timer {
        id,
        kind: EXPIRE,
        payload: "{}".to_owned(),
        due_at: expires_at,
    };
    timer.set(commit);
    let event = doer.ask.event(commit, (id, 1), INVITATION_CREATED, &said)?;
    commit.event(event);
    Ok(InvitationView {
        id: new.id,
        email: None,
        grants: grants.iter().map(NewGrantView::from).collect(),
        created_at,
        expires_at,
    })
}
