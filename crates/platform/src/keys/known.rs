//! What a node remembers of keys and devices: who they are, what they may do, and that they were seen.
//!
//! Both are sealed texts of one shape, an id and a secret, which stand behind `Bearer`. A warm request asks no
//! database. What was revoked is forgotten at once by the node that did it, and by the others when the event comes by
//! on the bus; while the log is out of sight nothing is believed.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{Clock, Error, KeyRing, Organisation, Random, Result, Secret, Time, Trail as _, Uid};
use base::{base64, codes};
use domain::access::Access;
use edge::{Caller, Means, Role, Strength, Who};
use engine::Stop;
use fabric::cache::Settings;
use fabric::{Bus, Cache, Loaded, Pattern, Received, Trust};
use http::HeaderMap;
use slice::Cursors;
use store::{Db, Outcome, Row, Sql, Value};
use tokio::sync::watch;

/// What nobody is told of the loss of is believed no longer than this.
const AGE_MAX: Duration = Duration::from_secs(300);
/// What the cache may take.
const BYTES_MAX: u64 = 16 << 20;
/// How often it is written down that something was used.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// How many uses wait to be written down at most; what does not fit is not written down.
const USES_MAX: usize = 10_000;
/// How many of them one commit writes.
const NOTES_AT_ONCE: usize = 200;

/// What keys and devices stand on.
#[derive(Clone)]
pub struct Ground {
    /// The databases.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Chance, for secrets: the real one.
    pub random: Random,
    /// Signs cursors.
    pub cursors: Cursors,
    /// Under what secrets are stored; two are valid while it rotates.
    pub pepper: watch::Receiver<KeyRing>,
    /// Tells what other nodes have revoked.
    pub bus: Bus,
    /// Whether what is remembered may be believed.
    pub trust: Trust,
}

/// One sort of sealed texts: how it is written, and how it is stored.
pub(crate) struct Sort {
    /// What its ids begin with.
    pub(crate) prefix: &'static str,
    /// What its secrets are tagged for.
    pub(crate) purpose: &'static str,
    /// What it is to the platform.
    pub(crate) role: Role,
    /// Reads what [`Sort::read`] takes, by the id; nothing of what was revoked.
    pub(crate) find: &'static Sql,
    /// Reads a row.
    pub(crate) read: fn(&Row) -> Outcome<Record>,
    /// Writes down when it was used: id, time.
    pub(crate) note: &'static Sql,
    /// Stores it under the current pepper: id, tag, number of the pepper, the tag before.
    pub(crate) retag: &'static Sql,
    /// The topics of its events.
    pub(crate) topics: &'static str,
}

/// What is known of one of them.
pub(crate) struct Record {
    /// What it may do.
    pub(crate) access: Arc<Access>,
    /// Its secret, as it is stored.
    pub(crate) tag: Vec<u8>,
    /// The number of the pepper that the tag was made with.
    pub(crate) pepper: i64,
    /// When it ends by itself.
    pub(crate) ends_at: Option<Time>,
}

/// A text as it was presented: its id, the text of its id, and its secret.
pub(crate) struct Presented<'a> {
    id: Uid,
    text: &'a str,
    secret: Vec<u8>,
}

/// All of one sort that a node has seen.
pub(crate) struct Known {
    pub(crate) ground: Ground,
    sort: &'static Sort,
    cache: Cache<Arc<Record>>,
    uses: Mutex<HashMap<Uid, Time>>,
    loads: AtomicU64,
}

impl Known {
    pub(crate) fn new(ground: &Ground, sort: &'static Sort) -> Self {
        let settings = Settings {
            bytes_max: BYTES_MAX,
            age_max: AGE_MAX,
            ..Settings::default()
        };
        Known {
            ground: ground.clone(),
            sort,
            cache: Cache::new(sort.purpose, settings, &ground.clock, &ground.trust),
            uses: Mutex::default(),
            loads: AtomicU64::new(0),
        }
    }

    /// How often a database was asked.
    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    /// Draws a secret: the text that is shown once, its tag, and the number of the pepper.
    pub(crate) fn draw(&self, id: Uid) -> (String, Vec<u8>, i64) {
        let secret = Secret::draw(&self.ground.random);
        let pepper = self.ground.pepper.borrow();
        let (number, pepper) = &pepper.current;
        let tag = self.tag(pepper, id, secret.bytes());
        let text = base::uid::spell(self.sort.prefix, id);
        (
            format!("{text}.{}", *secret.to_text()),
            tag,
            i64::from(*number),
        )
    }

    /// Who presents such a text; nothing where none is presented.
    pub(crate) async fn identify<Id>(&self, headers: &HeaderMap) -> Result<Option<Caller>>
    where
        Id: FromStr + Into<Uid>,
    {
        let is_ours = |text: &&str| {
            let rest = text.strip_prefix(self.sort.prefix);
            rest.is_some_and(|rest| rest.starts_with('_'))
        };
        let Some(text) = edge::bearer(headers).filter(is_ours) else {
            return Ok(None);
        };
        let presented = read::<Id>(text).ok_or_else(refused)?;
        let record = self.find(presented.id, presented.text).await?;
        let now = self.ground.clock.now();
        let is_over = record.ends_at.is_some_and(|end| end <= now);
        if is_over || !self.proves(&presented, &record).await {
            return Err(refused());
        }
        self.used(presented.id, now);
        Ok(Some(Caller::of(Who {
            actor: presented.text.to_owned(),
            role: self.sort.role,
            organisation: Some(presented.id.organisation()),
            person: None,
            session: None,
            strength: Strength::Two,
            means: Means::Bearer,
        })))
    }

    /// What a caller of this sort may do; nothing when it may not come in any more.
    pub(crate) async fn access_of<Id>(&self, caller: &Caller) -> Result<Option<Arc<Access>>>
    where
        Id: FromStr + Into<Uid>,
    {
        let id = caller.actor().parse::<Id>().ok().map(Into::into);
        let Some(id) = id.filter(|_| caller.role() == self.sort.role) else {
            return Ok(None);
        };
        match self.find(id, caller.actor()).await {
            Ok(record) => Ok(Some(Arc::clone(&record.access))),
            Err(error) if error.code() == codes::UNAUTHENTICATED => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets one that was changed here.
    pub(crate) async fn forget(&self, id: Uid) {
        let text = base::uid::spell(self.sort.prefix, id);
        self.cache.invalidate_key(text.as_str()).await;
    }

    /// Forgets what other nodes revoke, and writes down what was used, until the stop.
    pub(crate) async fn follow(&self, stop: &Stop) -> Result<()> {
        let topics: Pattern = self.sort.topics.parse()?;
        let mut news = self.ground.bus.subscribe(&[topics])?;
        // What was put away before is older than what is heard from now on.
        self.cache.invalidate_all();
        let mut tick = tokio::time::interval(NOTE_EVERY);
        loop {
            tokio::select! {
                () = stop.stopped() => break,
                _ = tick.tick() => self.note_uses().await,
                received = news.receive() => match received {
                    Some(Received::Message(message)) => {
                        self.cache.invalidate_tag(&message.organisation.to_string());
                    }
                    Some(Received::Lagged(_)) => self.cache.invalidate_all(),
                    None => break,
                },
            }
        }
        self.note_uses().await;
        Ok(())
    }

    /// Writes down what was used since the last time. What cannot be written is lost: it only serves to be looked at.
    pub(crate) async fn note_uses(&self) {
        let uses = std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner));
        let mut houses: HashMap<Organisation, Vec<(Uid, Time)>> = HashMap::new();
        for (id, at) in uses {
            houses.entry(id.organisation()).or_default().push((id, at));
        }
        let db = &self.ground.db;
        for (number, mut uses) in houses {
            uses.sort_unstable();
            for some in uses.chunks(NOTES_AT_ONCE) {
                let mut commit = db.new_commit(number);
                for (id, at) in some {
                    commit.change(self.sort.note, [Value::from(*id), (*at).into()]);
                }
                if let Err(failure) = db.commit(commit, &db.deadline()).await {
                    tracing::warn!(error = %failure, "uses of {} are not written down", self.sort.purpose);
                }
            }
        }
    }

    async fn find(&self, id: Uid, text: &str) -> Result<Arc<Record>> {
        self.cache
            .get_or_set(text, async || self.load(id).await)
            .await
    }

    async fn load(&self, id: Uid) -> Result<Loaded<Arc<Record>>> {
        let (db, number) = (&self.ground.db, id.organisation());
        if !db.knows(number).await {
            return Err(refused());
        }
        self.loads.fetch_add(1, Ordering::Relaxed);
        let rows = db.rows(number, self.sort.find, [id.into()]).await.at()?;
        let row = rows.first().ok_or_else(refused)?;
        let record = (self.sort.read)(row)?;
        let bytes = size_of::<Record>().saturating_add(record.access.size_bytes());
        Ok(Loaded::new(Arc::new(record), bytes).tag(number.to_string()))
    }

    /// Whether the secret is the one that was stored, under either pepper. What was stored under the one before is
    /// stored again under the current one, so that it outlives the rotation.
    async fn proves(&self, presented: &Presented<'_>, record: &Record) -> bool {
        let stored = {
            let ring = self.ground.pepper.borrow();
            let number = u32::try_from(record.pepper).unwrap_or_default();
            let message = message(presented.id, &presented.secret);
            let is_it = ring
                .find(number)
                .is_some_and(|pepper| pepper.is_tag(self.sort.purpose, &message, &record.tag));
            let (current, pepper) = &ring.current;
            match (is_it, *current == number) {
                (false, _) => return false,
                (true, true) => return true,
                (true, false) => (
                    self.tag(pepper, presented.id, &presented.secret),
                    i64::from(*current),
                ),
            }
        };
        self.retag(presented.id, record, stored).await;
        true
    }

    async fn retag(&self, id: Uid, record: &Record, (tag, pepper): (Vec<u8>, i64)) {
        let db = &self.ground.db;
        let mut commit = db.new_commit(id.organisation());
        let params: [Value; 4] = [
            id.into(),
            tag.into(),
            pepper.into(),
            record.tag.clone().into(),
        ];
        commit.change(self.sort.retag, params);
        if let Err(failure) = db.commit(commit, &db.deadline()).await {
            tracing::warn!(error = %failure, "a secret stays under the pepper before");
        }
        self.forget(id).await;
    }

    fn used(&self, id: Uid, at: Time) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < USES_MAX || uses.contains_key(&id) {
            uses.insert(id, at);
        }
    }

    fn tag(&self, pepper: &Secret, id: Uid, secret: &[u8]) -> Vec<u8> {
        let message = message(id, secret);
        pepper.tag(self.sort.purpose, &message).to_vec()
    }
}

/// What is tagged: a secret works for its own id alone.
fn message(id: Uid, secret: &[u8]) -> Vec<u8> {
    [id.as_bytes(), secret].concat()
}

/// Reads an id, a dot and 32 bytes; nothing else.
fn read<Id: FromStr + Into<Uid>>(text: &str) -> Option<Presented<'_>> {
    let (id, secret) = text.split_once('.')?;
    let secret = base64::decode(secret).filter(|secret| secret.len() == base::secret::BYTES)?;
    Some(Presented {
        id: id.parse::<Id>().ok()?.into(),
        text: id,
        secret,
    })
}

/// Malformed, unknown, foreign, revoked, over: nobody is told which.
#[track_caller]
fn refused() -> Error {
    Error::unauthenticated(
        codes::UNAUTHENTICATED,
        "the sign-in is of no kind that is known",
    )
}
