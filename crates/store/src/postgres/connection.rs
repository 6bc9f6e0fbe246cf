//! One connection: statements prepared once, sent in pipelines; or unnamed and typed where PgBouncer is between.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::task::AbortHandle;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use crate::call::Answer;
use crate::failure::{Failure, Outcome};
use crate::postgres::fault::Fault;
use crate::postgres::functions::PREFIX;
use crate::postgres::pipeline::Pipeline;
use crate::postgres::target::{self, Messages, Mutate, Target};
use crate::postgres::text::FUNCTIONS;
use crate::postgres::wire::{self, Param};
use crate::table::Class;
use crate::value::Value;

/// After a refusal, so many groups learn who is refused before they are committed.
const WARY_GROUPS: u32 = 32;

/// How statements are kept on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Statements {
    /// Prepared once a connection, by name. Needs a direct connection or session pooling.
    #[default]
    Prepared,
    /// Sent whole each time, without a name. Right behind PgBouncer in transaction mode before 1.21, where names
    /// collide between clients and a statement may answer for another one.
    Unnamed,
}

/// A statement to send.
#[derive(Debug)]
pub(crate) enum Send {
    /// Text without parameters and rows: `BEGIN`, `COMMIT`, `ROLLBACK`.
    Simple(&'static str),
    /// The same, made of numbers and ids alone.
    Made(String),
    /// A statement with parameters.
    Bound(&'static str, Vec<Param>),
    /// The same over rows of an organisation, which tests may send without its filter.
    Tenant(&'static str, Vec<Param>),
}

impl Send {
    /// A statement with parameters, over a table of this class.
    pub(crate) fn over(class: Class, text: &'static str, params: Vec<Param>) -> Self {
        match class {
            Class::Organisation => Send::Tenant(text, params),
            _ => Send::Bound(text, params),
        }
    }
}

/// What came back for one statement.
pub(crate) type Reply = Result<Answer, Fault>;

/// A connection of its own, used by one transaction at a time.
pub(crate) struct Connection {
    client: Client,
    driver: AbortHandle,
    statements: Statements,
    prepared: HashMap<&'static str, Statement>,
    functions: HashSet<String>,
    mutate: Option<Mutate>,
    /// What is sent in place of a text, where there is something to change.
    mutants: HashMap<&'static str, &'static str>,
    /// For how many more groups a refusal is expected.
    wary: u32,
    /// Whether something could not be sent: a transaction may be open that nobody ends.
    is_spoilt: bool,
}

impl Drop for Connection {
    /// The driver would wait for the answers to what was sent, which may never come.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Opens a connection; the time limit covers the whole handshake.
    pub(crate) async fn open(
        target: &Target,
        statements: Statements,
        limit: Duration,
    ) -> Outcome<Self> {
        let opened = tokio::time::timeout(limit, target.connect()).await;
        let (client, driver) = opened
            .map_err(|_| unavailable("no answer to the handshake"))?
            .map_err(unavailable)?;
        Ok(Connection {
            client,
            driver: drive(driver),
            statements,
            prepared: HashMap::new(),
            functions: HashSet::new(),
            mutate: target.mutate(),
            mutants: HashMap::new(),
            wary: 0,
            is_spoilt: false,
        })
    }

    /// The same for a lane, which learns what functions there are to run its guards.
    pub(crate) async fn open_lane(
        target: &Target,
        statements: Statements,
        limit: Duration,
    ) -> Outcome<Self> {
        let mut connection = Connection::open(target, statements, limit).await?;
        let prefix = Param::One(Value::Text(PREFIX.to_owned()));
        let sends = [Send::Bound(FUNCTIONS, vec![prefix])];
        let asked = tokio::time::timeout(limit, connection.run_all(&sends)).await;
        let answers = asked
            .map_err(|_| unavailable("no answer"))?
            .map_err(Fault::failure)?;
        let rows = answers.iter().flat_map(|answer| &answer.rows);
        connection.functions = rows.map(|row| row.get(0)).collect::<Outcome<_>>()?;
        Ok(connection)
    }

    /// The functions that run guards for many commits.
    pub(crate) fn functions(&self) -> &HashSet<String> {
        &self.functions
    }

    /// Whether a refusal is to be expected in the next group, which is then one group nearer to being trusted.
    pub(crate) fn is_wary(&mut self) -> bool {
        let wary = self.wary > 0;
        self.wary = self.wary.saturating_sub(1);
        wary
    }

    /// Expects refusals for a while.
    pub(crate) fn be_wary(&mut self) {
        self.wary = WARY_GROUPS;
    }

    /// Whether it can be used no more.
    pub(crate) fn closed(&self) -> bool {
        self.is_spoilt || self.client.is_closed()
    }

    /// Sends all statements at once and returns what came back for each, in order. Where one cannot be sent, neither is what
    /// comes after it, and its failure is the last answer.
    pub(crate) async fn run(&mut self, sends: &[Send]) -> Vec<Reply> {
        if let Some(mutate) = self.mutate {
            self.change(sends, mutate);
        }
        if self.statements == Statements::Prepared
            && let Err(error) = self.prepare(sends).await
        {
            return vec![Err(Fault::of(&error))];
        }
        let this = &*self;
        let pipeline = Pipeline::new(sends.iter().map(|send| Box::pin(this.one(send)) as _));
        let replies = pipeline.await;
        self.is_spoilt |= replies.len() < sends.len();
        replies
    }

    /// Runs one pipeline and fails with its first failure.
    pub(crate) async fn run_all(&mut self, sends: &[Send]) -> Result<Vec<Answer>, Fault> {
        self.run(sends).await.into_iter().collect()
    }

    async fn prepare(&mut self, sends: &[Send]) -> Result<(), tokio_postgres::Error> {
        let mut missing: Vec<(&'static str, Vec<Type>)> = Vec::new();
        for send in sends {
            if let Some((text, params)) = self.bound(send)
                && !self.prepared.contains_key(text)
                && !missing.iter().any(|(known, _)| *known == text)
            {
                missing.push((text, params.iter().map(Param::kind).collect()));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let client = &self.client;
        let all = missing
            .iter()
            .map(|(text, kinds)| Box::pin(client.prepare_typed(text, kinds)) as _);
        for ((text, _), statement) in missing.iter().zip(Pipeline::new(all).await) {
            self.prepared.insert(text, statement?);
        }
        Ok(())
    }

    async fn one(&self, send: &Send) -> Reply {
        let Some((text, params)) = self.bound(send) else {
            return self.simple(send).await;
        };
        let rows = match self.prepared.get(text) {
            Some(statement) => self.client.query_raw(statement, params).await,
            None => {
                let typed = params.iter().map(|param| (param, param.kind()));
                self.client.query_typed_raw(text, typed).await
            }
        };
        let mut rows = std::pin::pin!(rows.map_err(|error| Fault::of(&error))?);
        let mut answer = Answer::default();
        while let Some(row) = rows.try_next().await.map_err(|error| Fault::of(&error))? {
            answer.rows.push(wire::row(&row).map_err(Fault::Wrong)?);
        }
        answer.touched = rows.rows_affected().unwrap_or(0);
        Ok(answer)
    }

    /// The text and the parameters of a statement that has some.
    fn bound<'a>(&self, send: &'a Send) -> Option<(&'static str, &'a [Param])> {
        match send {
            Send::Simple(_) | Send::Made(_) => None,
            Send::Bound(text, params) => Some((text, params)),
            Send::Tenant(text, params) => {
                let text = self.mutants.get(text).copied().unwrap_or(text);
                Some((text, params))
            }
        }
    }

    /// Makes the mutants of what is sent. They live as long as the process, as the texts do.
    fn change(&mut self, sends: &[Send], mutate: Mutate) {
        for send in sends {
            if let Send::Tenant(text, _) = send {
                let mutant = || -> &'static str { Box::leak(mutate(text).into_boxed_str()) };
                self.mutants.entry(text).or_insert_with(mutant);
            }
        }
    }

    async fn simple(&self, send: &Send) -> Reply {
        let text = match send {
            Send::Simple(text) | Send::Bound(text, _) | Send::Tenant(text, _) => text,
            Send::Made(text) => text.as_str(),
        };
        let done = self.client.batch_execute(text).await;
        done.map(|()| Answer::default())
            .map_err(|error| Fault::of(&error))
    }
}

/// Drives the socket of a connection until it closes. It ends with the client, so nobody needs to supervise it.
#[allow(
    clippy::disallowed_methods,
    reason = "the task lives and dies with its connection"
)]
fn drive(driver: Messages) -> AbortHandle {
    let task = tokio::spawn(async move {
        // The error reaches every statement that still waits, so it needs no report here.
        let _ended = target::drive(driver).await;
    });
    task.abort_handle()
}

pub(crate) fn unavailable(error: impl std::fmt::Display) -> Failure {
    Failure::Unavailable(error.to_string())
}
