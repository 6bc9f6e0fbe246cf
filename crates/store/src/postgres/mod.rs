//! The PostgreSQL engine: commits in groups over a few lanes, reads and queue work over pools.

mod connection;
mod fault;
pub(crate) mod functions;
mod group;
mod guards;
mod inspect;
mod kept;
mod lane;
mod migrations;
mod mutant;
mod pipeline;
mod policies;
mod pool;
mod rows;
mod target;
mod text;
mod wake;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::call::{Answer, Call, Deadline, Scope};
use crate::commit::{Commit, Committed};
use crate::failure::{Failure, Outcome};
use crate::head::raise;
use crate::postgres::connection::{Connection, Send};
use crate::postgres::group::Item;
use crate::postgres::kept::keep;
use crate::postgres::lane::{Request, Route};
use crate::postgres::pool::Pool;
use crate::postgres::target::Target;
use crate::postgres::wire::Param;
use crate::row::Row;
use crate::sql::Part;
use crate::system::READ_HEAD;
use crate::table::Class;
use crate::ticket::{Ticket, stopped};
use crate::value::Value;
use crate::verify::Inspected;

pub use connection::Statements;
#[doc(hidden)]
pub use mutant::without_organisation;

/// How one PostgreSQL database is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For commits and reads: logs in as `comanda_app`. May go through PgBouncer.
    pub app: String,
    /// For queues and the log: logs in as `comanda_queue`. May go through PgBouncer.
    pub queue: String,
    /// For `LISTEN`: as `comanda_queue`, never through a pooler.
    pub direct: String,
    /// For migrations: as `comanda_owner`, or as a superuser.
    pub owner: String,
    /// Replicas that reads may use when they say so, as `comanda_app`.
    pub replicas: Vec<String>,
    /// Whether statements are prepared by name.
    pub statements: Statements,
    /// Connections that commit; all commits of an organisation go through one of them.
    pub lanes: usize,
    /// Commits that share a transaction at most.
    pub group: usize,
    /// Commits that may wait in one lane.
    pub queue_max: usize,
    /// Connections that read.
    pub readers: usize,
    /// How long a handshake may take.
    pub connect_limit: Duration,
    /// How often the head is read although nobody called.
    pub fallback: Duration,
    /// For tests of the second wall: changes the text of every statement over rows of an organisation, reads and
    /// guards alike, before it is sent, and in the functions that `migrate` makes. Row-level security holds without it.
    #[doc(hidden)]
    pub mutate: Option<fn(&str) -> String>,
}

impl Settings {
    /// Settings for a database at this address (`host=… port=… dbname=…`), with our roles and without passwords.
    #[must_use]
    pub fn at(address: &str) -> Self {
        let as_role = |role: &str| format!("{address} user={role}");
        Settings {
            app: as_role(policies::APP),
            queue: as_role(policies::QUEUE),
            direct: as_role(policies::QUEUE),
            owner: as_role(policies::OWNER),
            replicas: Vec::new(),
            statements: Statements::Prepared,
            lanes: 2,
            group: 64,
            queue_max: 4096,
            readers: 8,
            connect_limit: Duration::from_secs(5),
            fallback: Duration::from_millis(500),
            mutate: None,
        }
    }
}

/// One PostgreSQL database.
pub(crate) struct Postgres {
    owner: Target,
    limit: Duration,
    lanes: Vec<mpsc::Sender<Request>>,
    readers: Pool,
    replicas: Vec<Pool>,
    queue: Pool,
    head: watch::Receiver<i64>,
}

impl Postgres {
    /// Starts the lanes and the tasks that wake; connections are made when they are first needed.
    pub(crate) fn open(settings: &Settings) -> Outcome<Self> {
        let parse = |text: &str| Ok(Target::parse(text)?.mutated(settings.mutate));
        let pool = |text: &str, size| {
            parse(text)
                .map(|target| Pool::new(target, settings.statements, size, settings.connect_limit))
        };
        let (known, head) = watch::channel(0);
        let heads = Arc::new(Heads {
            known,
            stored: watch::channel(0).0,
        });
        let route = Route {
            target: parse(&settings.app)?,
            statements: settings.statements,
            group: settings.group.max(1),
            connect_limit: settings.connect_limit,
        };
        let lanes = (0..settings.lanes.max(1))
            .map(|_| start_lane(&route, settings.queue_max, &heads))
            .collect();
        wake::start(&parse(&settings.direct)?, settings, &heads);
        Ok(Postgres {
            owner: parse(&settings.owner)?,
            limit: settings.connect_limit,
            lanes,
            readers: pool(&settings.app, settings.readers)?,
            replicas: settings
                .replicas
                .iter()
                .map(|text| pool(text, settings.readers))
                .collect::<Outcome<_>>()?,
            queue: pool(&settings.queue, 4)?,
            head,
        })
    }

    pub(crate) async fn migrate(&self, parts: &[&Part]) -> Outcome<()> {
        migrations::migrate(&self.owner, parts, self.limit).await
    }

    /// The same where this version was not the last to do it.
    pub(crate) async fn catch_up(&self, parts: &[&Part]) -> Outcome<()> {
        migrations::catch_up(&self.owner, parts, self.limit).await
    }

    /// The parts whose schema is older than this version's.
    pub(crate) async fn behind(&self, parts: &[&Part]) -> Outcome<Vec<&'static str>> {
        migrations::behind(self.readers.target(), parts, self.limit).await
    }

    /// Asks the server what it can say of its own files and indexes.
    pub(crate) async fn inspect(&self) -> Outcome<Inspected> {
        inspect::inspect(&self.owner, self.limit).await
    }

    pub(crate) fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    /// Stores a commit through the lane of its organisation and waits for the verdict.
    pub(crate) async fn commit(
        &self,
        commit: Arc<Commit>,
        epoch: i64,
        deadline: &Deadline,
    ) -> Outcome<Committed> {
        commit.check()?;
        let id = commit.id;
        let number = usize::try_from(commit.organisation.get()).unwrap_or_default();
        let lane = self
            .lanes
            .get(number.checked_rem(self.lanes.len()).unwrap_or_default());
        let lane = lane.ok_or_else(|| Failure::Unavailable("no lane".to_owned()))?;
        let (reply, verdict) = oneshot::channel();
        let ticket = Ticket::default();
        let item = Item { commit, epoch };
        let request = Request {
            item,
            deadline: deadline.clone(),
            ticket: ticket.clone(),
            reply,
        };
        lane.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => {
                Failure::Unavailable("too many commits are waiting".to_owned())
            }
            TrySendError::Closed(_) => stopped(),
        })?;
        ticket
            .verdict(deadline, verdict, Failure::Unknown(id))
            .await
    }

    /// Reads in one snapshot of the primary.
    pub(crate) async fn read(
        &self,
        scope: Scope,
        calls: &[Call],
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        let machinery = calls.iter().any(|call| {
            matches!(
                call.sql.table.class,
                Class::Queue | Class::Appended | Class::Control
            )
        });
        let pool = if machinery && scope == Scope::Nobody {
            &self.queue
        } else {
            &self.readers
        };
        let answers = snapshot(pool, scope, bound_all(scope, calls)?, deadline).await?;
        Ok(answers.into_iter().map(|answer| answer.rows).collect())
    }

    /// Reads from a replica that has seen `position`, or else from the primary.
    pub(crate) async fn read_replica(
        &self,
        scope: Scope,
        calls: &[Call],
        position: i64,
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        const TRIES: u32 = 5;
        const WAIT: Duration = Duration::from_millis(4);
        for replica in &self.replicas {
            for _ in 0..TRIES {
                // How far it has come is of the same snapshot.
                let mut sends = vec![Send::Bound(READ_HEAD.postgres(), Vec::new())];
                sends.append(&mut bound_all(scope, calls)?);
                let Ok(answers) = snapshot(replica, scope, sends, deadline).await else {
                    break;
                };
                let mut answers = answers.into_iter();
                let seen = answers.next().as_ref().and_then(guards::number);
                if seen.unwrap_or(0) >= position {
                    return Ok(answers.map(|answer| answer.rows).collect());
                }
                tokio::time::sleep(WAIT).await;
            }
        }
        self.read(scope, calls, deadline).await
    }

    /// Runs statements over queue and control tables in one transaction, as the queue role.
    pub(crate) async fn transact(
        &self,
        calls: &[Call],
        deadline: &Deadline,
    ) -> Outcome<Vec<Answer>> {
        let mut sends = vec![Send::Simple("BEGIN")];
        let alike: Vec<&[Call]> = calls.chunk_by(rows::go_together).collect();
        for calls in &alike {
            match rows::together(calls) {
                Some(send) => sends.push(send),
                None => sends.append(&mut bound_all(Scope::Nobody, calls)?),
            }
        }
        sends.push(Send::Simple("COMMIT"));
        let work = async |connection: &mut Connection| {
            let mut answers = connection
                .run_all(&sends)
                .await
                .map_err(fault::Fault::failure)?;
            answers.pop();
            Ok(alike
                .iter()
                .zip(answers.split_off(1))
                .flat_map(|(calls, answer)| rows::apart(calls, answer))
                .collect())
        };
        self.queue.with(deadline, work).await
    }
}

/// What each of these answers, all of one snapshot.
async fn snapshot(
    pool: &Pool,
    scope: Scope,
    asked: Vec<Send>,
    deadline: &Deadline,
) -> Outcome<Vec<Answer>> {
    let none = String::new;
    let (organisation, person, holder) = match scope {
        Scope::Organisation(number) => (number.to_string(), none(), none()),
        Scope::Person(id) => (none(), guards::uuid(id), none()),
        Scope::Holder(digest) => (none(), none(), guards::hex(&digest)),
        Scope::Nobody => (none(), none(), none()),
    };
    let limit = format!("{}ms", deadline.left().as_millis().max(1));
    let set = [organisation, person, holder, limit].map(|text| Param::One(Value::Text(text)));
    let mut sends = vec![
        Send::Simple("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        Send::Bound(text::SET_READ, set.into()),
    ];
    sends.extend(asked);
    sends.push(Send::Simple("COMMIT"));
    let work = async |connection: &mut Connection| {
        let mut answers = connection
            .run_all(&sends)
            .await
            .map_err(fault::Fault::failure)?;
        answers.pop();
        Ok(answers.split_off(2))
    };
    pool.with(deadline, work).await
}

fn bound_all(scope: Scope, calls: &[Call]) -> Outcome<Vec<Send>> {
    calls.iter().map(|call| bound(scope, call)).collect()
}

fn bound(scope: Scope, call: &Call) -> Outcome<Send> {
    let owner = scope.value(call.sql)?.into_iter();
    let params = owner.chain(call.params.iter().cloned());
    let params = params.map(Param::One).collect();
    Ok(Send::over(
        call.sql.table.class,
        call.sql.postgres(),
        params,
    ))
}

/// Starts a lane. It ends when the queue is closed, which the owner of its sender does by going away.
fn start_lane(route: &Route, queue_max: usize, heads: &Arc<Heads>) -> mpsc::Sender<Request> {
    let (sender, queue) = mpsc::channel(queue_max);
    let (route, heads) = (route.clone(), Arc::clone(heads));
    let queue = Arc::new(Mutex::new(queue));
    keep("lane", move || {
        let heads = Arc::clone(&heads);
        let report = move |position| {
            raise(&heads.known, position);
            raise(&heads.stored, position);
        };
        lane::run(route.clone(), Arc::clone(&queue), report)
    });
    sender
}

/// How far the log has come.
struct Heads {
    /// As far as this node knows, from whomever.
    known: watch::Sender<i64>,
    /// By commits of this node, which it has to call out to the others.
    stored: watch::Sender<i64>,
}
