//! The jobs of hooks: one event is told to one hook; what was not told is told again.

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Error, Result, Time, Trail as _, Uid, codes};
use bytes::Bytes;
use engine::{Doing, Job, JobHandler, Worked};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use store::{Call, Commit, Event, Logged, Opened, Row};

use super::app::{App, SECRET};
use super::reach::Target;
use super::sign;
use super::store::{self as rows, Delivery, Hook, State};
use super::tell::{DELIVER, REDRIVE, about};
use super::{DeliveryId, HookId};
use crate::shown::shown;

/// How many are told again in one commit.
const REDRIVEN_AT_ONCE: i64 = 100;
/// How long what was told is kept to be looked at.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Each so many positions what is older is forgotten.
const FORGET_EACH: i64 = 64;
/// So many failures without a success, and an event given up: nobody is there any more.
const FAILURES_OF_THE_DEAD: i64 = 10;
const DELIVER_WITHIN: Duration = Duration::from_secs(30);
/// So many tries in a row may end in an error of ours, a panic, or in no time: then the event is given up like one that
/// nobody took. Put aside for us, it would hold up all that happens to the same thing later.
const TRIES: u32 = 5;

#[derive(Deserialize)]
struct OfDelivery {
    delivery: DeliveryId,
}

#[derive(Deserialize)]
struct OfHook {
    hook: HookId,
    state: i64,
}

/// How a call ended.
struct Ended {
    status: i64,
    error: String,
}

impl App {
    /// Who does the jobs of hooks.
    pub(crate) fn jobs(&self) -> Vec<JobHandler> {
        let (deliver, redrive) = (self.clone(), self.clone());
        vec![
            JobHandler::new(DELIVER, move |doing| {
                let app = deliver.clone();
                async move { app.deliver(doing).await }
            })
            .within(DELIVER_WITHIN)
            // The last one does not call: it notes that it is given up.
            .tries(TRIES.saturating_add(1)),
            JobHandler::new(REDRIVE, move |doing| {
                let app = redrive.clone();
                async move { app.redrive_some(doing).await }
            }),
        ]
    }

    async fn deliver(&self, doing: Doing) -> Result<Worked> {
        let said: OfDelivery = read(&doing)?;
        let (number, ground) = (doing.organisation, self.ground());
        let params = [said.delivery.uid().into()];
        let found = ground
            .db
            .rows(number, &rows::READ_DELIVERY, params)
            .await
            .at()?;
        let Some(delivery) = found.first().map(Delivery::read).transpose()? else {
            return Ok(Worked::Done);
        };
        let hook = self.find(number, delivery.hook.into()).await?;
        let (Some(hook), State::Waiting) = (hook, delivery.state) else {
            return Ok(Worked::Done);
        };
        let mut commit = ground.db.new_commit(number);
        if !hook.is_active {
            moved(&mut commit, &delivery, State::Held);
            return Ok(commit.into());
        }
        if doing.tries > i64::from(TRIES) {
            let ended = Ended {
                status: 0,
                error: "we failed to tell it again and again; the fault is ours".to_owned(),
            };
            noted(&mut commit, &delivery, State::Dead, ended);
            return Ok(commit.into());
        }
        let page = (delivery.position.saturating_sub(1), 1);
        let page = ground
            .db
            .log_of(number, page, &ground.db.deadline())
            .await
            .at()?;
        let is_it =
            |event: &&Logged| (event.stream, event.version) == (delivery.stream, delivery.version);
        let Some(event) = page.iter().find(is_it) else {
            let ended = Ended {
                status: 0,
                error: "the event is not kept any more".to_owned(),
            };
            noted(&mut commit, &delivery, State::Dead, ended);
            return Ok(commit.into());
        };
        match self.call(&hook, &delivery, event).await? {
            Ended { status, error } if error.is_empty() => {
                let ended = Ended { status, error };
                noted(&mut commit, &delivery, State::Delivered, ended);
                commit.change(&rows::WELL, [hook.id.into()]);
                self.forget_some(&mut commit, &delivery);
                Ok(commit.into())
            }
            ended => self.failed(commit, (&hook, &delivery), ended),
        }
    }

    /// Calls the hook. What is wrong with it is no error of ours.
    async fn call(&self, hook: &Hook, delivery: &Delivery, event: &Logged) -> Result<Ended> {
        let ground = self.ground();
        let failed = |status, error: &str| Ended {
            status,
            error: error.to_owned(),
        };
        let (Some((view, _)), Some(target)) = (shown(event), Target::parse(&hook.url)) else {
            return Ok(failed(0, "its address is none"));
        };
        let body = serde_json::to_vec(&view).map_err(|error| {
            Error::internal(codes::INTERNAL, "an event is no JSON").caused_by(error)
        })?;
        let now = ground.clock.now();
        let secrets = self.secrets(hook, now).await?;
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static("comanda-hooks/1"),
        );
        let texts = [
            ("comanda-event", view.id.clone()),
            (
                "comanda-delivery",
                DeliveryId::from(delivery.id).to_string(),
            ),
            (sign::HEADER, sign::sign(&secrets, now, &body)),
        ];
        for (name, text) in texts {
            let value = HeaderValue::from_str(&text).map_err(|error| {
                Error::internal(codes::INTERNAL, "a header cannot be written").caused_by(error)
            })?;
            headers.insert(name, value);
        }
        let called = ground.wire.post(&target, headers, Bytes::from(body)).await;
        Ok(match called {
            Ok(status) if status.is_success() => failed(i64::from(status.as_u16()), ""),
            Ok(status) if status.is_redirection() => failed(
                i64::from(status.as_u16()),
                "it answers with a redirect, which is not followed",
            ),
            Ok(status) => failed(
                i64::from(status.as_u16()),
                "it answers that it did not take it",
            ),
            Err(why) => failed(0, why),
        })
    }

    /// The secrets in force, the newest first.
    async fn secrets(&self, hook: &Hook, now: Time) -> Result<Vec<String>> {
        let ground = self.ground();
        let mut sealed = vec![&hook.secret];
        if hook.previous_until > now && !hook.previous.is_empty() {
            sealed.push(&hook.previous);
        }
        let mut secrets = Vec::new();
        for bytes in sealed {
            let deadline = ground.db.deadline();
            let opened = ground.sealer.open(hook.id, SECRET, bytes, &deadline);
            if let Opened::Text(text) = opened.await.at()? {
                secrets.push(text);
            }
        }
        Ok(secrets)
    }

    /// Notes that a hook could not be told: it is tried again later, or given up, or the hook is disabled.
    fn failed(
        &self,
        mut commit: Commit,
        (hook, delivery): (&Hook, &Delivery),
        ended: Ended,
    ) -> Result<Worked> {
        let patience = self.ground().patience;
        let failures = hook.failures.saturating_add(1);
        let is_dead = commit.at().since(delivery.since) >= patience.retry_for;
        let is_gone = ended.status == i64::from(StatusCode::GONE.as_u16());
        let why = if is_gone {
            Some("it answered 410: nobody is there any more".to_owned())
        } else if is_dead && failures >= FAILURES_OF_THE_DEAD {
            Some(format!(
                "an event could not be told for too long: {}",
                ended.error
            ))
        } else if failures >= patience.failures_max {
            Some(format!("{failures} calls in a row failed: {}", ended.error))
        } else {
            None
        };
        let state = match (&why, is_dead) {
            (_, true) => State::Dead,
            (Some(_), false) => State::Held,
            (None, false) => State::Waiting,
        };
        noted(&mut commit, delivery, state, ended);
        commit.change(&rows::ILL, [hook.id.into()]);
        if let Some(why) = why {
            disabled(&mut commit, hook, &why)?;
        }
        if state != State::Waiting {
            return Ok(commit.into());
        }
        let wait = self.wait(delivery.tries);
        let at = commit
            .at()
            .plus(wait)
            .ok_or_else(|| Error::internal(codes::INTERNAL, "a time beyond the end of time"))?;
        Ok(Worked::Again {
            commit: Box::new(commit),
            at,
        })
    }

    /// The wait after so many failed tries before this one: doubled each time, and spread over its second half.
    fn wait(&self, tries: i64) -> Duration {
        let patience = self.ground().patience;
        let doublings = u32::try_from(tries).unwrap_or(u32::MAX).min(20);
        let full = patience
            .first
            .saturating_mul(1 << doublings)
            .min(patience.longest);
        let half = full.checked_div(2).unwrap_or_default();
        let spread = u64::try_from(half.as_micros())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        half.saturating_add(Duration::from_micros(self.ground().random.below(spread)))
    }

    fn forget_some(&self, commit: &mut Commit, delivery: &Delivery) {
        let before = commit.at().minus(KEPT);
        if let (0, Some(before)) = (delivery.position % FORGET_EACH, before) {
            let told = State::Delivered.number().into();
            commit.change(
                &rows::FORGET_OLD,
                [delivery.hook.into(), told, before.into()],
            );
        }
    }

    /// Has some of what a hook was not told told again, in its order, and goes on until nothing is left.
    async fn redrive_some(&self, doing: Doing) -> Result<Worked> {
        let said: OfHook = read(&doing)?;
        let (number, db) = (doing.organisation, &self.ground().db);
        let hook: Uid = said.hook.uid();
        let params = [hook.into(), said.state.into(), REDRIVEN_AT_ONCE.into()];
        let found = db.rows(number, &rows::OLDEST_IN_STATE, params).await.at()?;
        let found: Vec<Delivery> = found.iter().map(Delivery::read).collect::<Result<_, _>>()?;
        let mut streams: BTreeMap<Uid, Option<Uid>> = BTreeMap::new();
        for delivery in &found {
            streams.insert(delivery.stream, None);
        }
        let calls = streams.keys().map(|stream| {
            let waiting = State::Waiting.number().into();
            Call::new(
                &rows::LAST_WAITING,
                [hook.into(), (*stream).into(), waiting],
            )
        });
        let before = db
            .read(number, calls.collect(), &db.deadline())
            .await
            .at()?;
        for (last, rows) in streams.values_mut().zip(&before) {
            *last = rows.first().map(|row: &Row| row.get(0)).transpose()?;
        }
        let mut commit = db.new_commit(number);
        for delivery in &found {
            moved(&mut commit, delivery, State::Waiting);
            let job = Job::new(DELIVER, about(delivery.id));
            let last = streams.insert(delivery.stream, Some(delivery.id)).flatten();
            let job = match last {
                Some(last) => job.after(last),
                None => job,
            };
            job.enqueue(delivery.id, &mut commit);
        }
        let is_full = i64::try_from(found.len()).is_ok_and(|count| count >= REDRIVEN_AT_ONCE);
        let at = commit.at();
        Ok(if is_full {
            Worked::Again {
                commit: Box::new(commit),
                at,
            }
        } else {
            commit.into()
        })
    }
}

fn moved(commit: &mut Commit, delivery: &Delivery, state: State) {
    let since = commit.at();
    let params = [
        delivery.id.into(),
        delivery.state.number().into(),
        state.number().into(),
        since.into(),
    ];
    commit.guard(&rows::MOVE, params);
}

fn noted(commit: &mut Commit, delivery: &Delivery, state: State, ended: Ended) {
    let now = commit.at();
    let params = [
        delivery.id.into(),
        State::Waiting.number().into(),
        state.number().into(),
        ended.status.into(),
        ended.error.into(),
        now.into(),
    ];
    commit.guard(&rows::NOTE, params);
}

fn disabled(commit: &mut Commit, hook: &Hook, why: &str) -> Result<()> {
    commit.guard(
        &rows::DISABLE,
        [hook.id.into(), hook.version.into(), why.into()],
    );
    let payload = serde_json::json!({ "why": why }).to_string();
    let at = commit.at();
    commit.event(Event {
        stream: hook.id,
        version: hook.version.saturating_add(1),
        kind: "hook.disabled",
        payload,
        actor: "platform".to_owned(),
        at,
        trace: String::new(),
    });
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(doing: &Doing) -> Result<T> {
    serde_json::from_str(&doing.payload).map_err(|error| {
        Error::internal(codes::INTERNAL, "a job of hooks says something else").caused_by(error)
    })
}
