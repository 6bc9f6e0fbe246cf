//! Sessions as their person sees them.

use std::net::IpAddr;

use base::{Result, Time, Trail as _, Uid};
use domain::people::{PersonId, SessionId};
use serde::Serialize;
use store::{Opened, Row};
use utoipa::ToSchema;

use super::app::App;
use super::live::{Digest, digest};
use super::store as rows;

/// The field that a device is sealed as.
pub(super) const AGENT: &str = "session.agent";
/// The field that a place is sealed as.
pub(super) const PLACE: &str = "session.address";

/// A session that is good.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionView {
    /// Which one.
    #[schema(value_type = String, pattern = "^ses_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(super) id: SessionId,
    /// What the program said of itself when it signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub(super) device: Option<String>,
    /// Where it signed in: the first half of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 60)]
    pub(super) place: Option<String>,
    /// How many things proved who signed in: 1 or 2.
    #[schema(minimum = 1, maximum = 2)]
    pub(super) factors: i64,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub(super) since: Time,
    /// When it was used last, to the minute.
    #[schema(value_type = String, format = DateTime)]
    pub(super) last_seen: Time,
    /// When it is over at the latest.
    #[schema(value_type = String, format = DateTime)]
    pub(super) ends_at: Time,
    /// Whether it is the one that asks.
    pub(super) current: bool,
}

/// The half of an address that tells a place and not a household.
pub(super) fn masked(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            format!("{a}.{b}.x.x")
        }
        IpAddr::V6(address) => {
            let [a, b, ..] = address.segments();
            format!("{a:x}:{b:x}:x")
        }
    }
}

/// The columns that `READ_LIVE` and `READ_ALL` begin with.
pub(super) struct Listed {
    pub(super) id: SessionId,
    pub(super) digest: Digest,
    pub(super) strength: i64,
    pub(super) started_at: Time,
    pub(super) seen_at: Time,
    pub(super) ends_at: Time,
    pub(super) idle_us: i64,
    agent: Option<Vec<u8>>,
    address: Option<Vec<u8>>,
}

impl Listed {
    pub(super) fn of(row: &Row) -> Result<Self> {
        Ok(Listed {
            id: row.get::<Uid>(0)?.into(),
            digest: digest(row.get(1)?),
            strength: row.get(2)?,
            started_at: row.get(3)?,
            seen_at: row.get(4)?,
            ends_at: row.get(5)?,
            idle_us: row.get(6)?,
            agent: row.get(7)?,
            address: row.get(8)?,
        })
    }
}

impl App {
    /// The sessions of a person that are good, the newest first.
    pub(super) async fn list(
        &self,
        person: PersonId,
        current: SessionId,
    ) -> Result<Vec<SessionView>> {
        let now = self.0.clock.now();
        let params = [now.into(), super::app::SESSIONS_MAX.into()];
        let rows = self.read(person, &rows::READ_LIVE, params).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in &rows {
            let listed = Listed::of(row)?;
            let idle = now.since(listed.seen_at).as_micros();
            let is_idle = idle >= u128::try_from(listed.idle_us).unwrap_or_default();
            // The one that asks is good, or it could not ask; its last use may not be noted yet.
            if is_idle && listed.id != current {
                continue;
            }
            let (device, place) = self.opened(person, &listed).await?;
            views.push(SessionView {
                id: listed.id,
                device,
                place,
                factors: listed.strength,
                since: listed.started_at,
                last_seen: listed.seen_at,
                ends_at: listed.ends_at,
                current: listed.id == current,
            });
        }
        Ok(views)
    }

    /// Device and place of a session; nothing where nothing was known or the person was erased.
    pub(super) async fn opened(
        &self,
        person: PersonId,
        listed: &Listed,
    ) -> Result<(Option<String>, Option<String>)> {
        Ok((
            self.open(person, AGENT, listed.agent.as_deref()).await?,
            self.open(person, PLACE, listed.address.as_deref()).await?,
        ))
    }

    async fn open(
        &self,
        person: PersonId,
        field: &str,
        sealed: Option<&[u8]>,
    ) -> Result<Option<String>> {
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let (sealer, deadline) = (&self.0.sealer, self.deadline());
        let opened = sealer.open(person.uid(), field, sealed, &deadline);
        Ok(match opened.await.at()? {
            Opened::Text(text) => Some(text),
            Opened::Erased => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_place_is_no_household() {
        for (address, place) in [
            ("203.0.113.9", "203.0.x.x"),
            ("::ffff:203.0.113.9", "203.0.x.x"),
            ("2001:db8:1:2::9", "2001:db8:x"),
        ] {
            assert_eq!(masked(address.parse().unwrap()), place);
        }
    }
}
