//! What each hook is to be told: written down by a consumer of the log, with a job for each telling.

use std::sync::Arc;

use base::{Organisation, Result, Time, Trail as _, Uid};
use engine::{Consumer, Handled, Job};
use store::{Call, Commit, Logged, Row};

use super::app::App;
use super::store::{self as rows, Hook, State};
use super::{DeliveryId, HookId};
use crate::kinds;
use crate::shown::{About, shown};

/// The kind of the job that tells a hook of one event.
pub(super) const DELIVER: &str = "hook.deliver";
/// The kind of the job that has a hook told again.
pub(super) const REDRIVE: &str = "hook.redrive";

/// Says what a job delivers.
pub(super) fn about(delivery: Uid) -> String {
    format!("{{\"delivery\":\"{}\"}}", DeliveryId::from(delivery))
}

impl App {
    /// Writes down what hooks are to be told.
    ///
    /// # Errors
    /// A pattern is none, which a test would have found.
    pub(crate) fn consumer(&self) -> Result<Consumer> {
        let (app, families) = (self.clone(), kinds::families());
        let families: Vec<&str> = families.iter().map(String::as_str).collect();
        Consumer::new("feeds.hooks", &families, move |event| {
            let app = app.clone();
            async move { app.note(&event).await }
        })
    }

    async fn note(&self, event: &Logged) -> Result<Handled> {
        let Some((_, about)) = shown(event) else {
            return Ok(Handled::Done);
        };
        let mut told = Vec::new();
        for hook in self.remembered(event.organisation).await?.iter() {
            if hook.is_active
                && hook.created_at <= event.at
                && self.wants(hook, &event.kind, about).await?
            {
                told.push(hook.id);
            }
        }
        if told.is_empty() {
            return Ok(Handled::Done);
        }
        let calls = told.iter().map(|hook| {
            let waiting = State::Waiting.number().into();
            Call::new(
                &rows::LAST_WAITING,
                [(*hook).into(), event.stream.into(), waiting],
            )
        });
        let db = &self.ground().db;
        let deadline = db.deadline();
        let before = db.read(event.organisation, calls.collect(), &deadline);
        let before = before.await.at()?;
        let mut commit = db.new_commit(event.organisation);
        for (hook, before) in told.into_iter().zip(before) {
            let before = before.first().map(|row: &Row| row.get(0)).transpose()?;
            self.add(&mut commit, (hook, before), event);
        }
        Ok(commit.into())
    }

    /// One more event for a hook, after the one that it has not been told yet.
    fn add(&self, commit: &mut Commit, (hook, before): (Uid, Option<Uid>), event: &Logged) {
        let ground = self.ground();
        let id = Uid::make(&ground.clock, &ground.random, event.organisation);
        commit.insert(
            &rows::DELIVERIES,
            [
                id.into(),
                hook.into(),
                event.position.into(),
                event.stream.into(),
                event.version.into(),
                event.kind.as_str().into(),
                State::Waiting.number().into(),
                0_i64.into(),
                0_i64.into(),
                "".into(),
                event.at.into(),
                commit.at().into(),
                Time::EPOCH.into(),
            ],
        );
        let job = Job::new(DELIVER, about(id));
        match before {
            Some(before) => job.after(before),
            None => job,
        }
        .enqueue(id, commit);
    }

    async fn wants(&self, hook: &Hook, kind: &str, about: About) -> Result<bool> {
        if !hook.kinds.is_empty() && !hook.kinds.iter().any(|asked| kinds::is_of(asked, kind)) {
            return Ok(false);
        }
        if hook.restaurants.is_empty() {
            return Ok(true);
        }
        Ok(match about {
            About::Restaurant(id) => hook.restaurants.contains(&id),
            About::Brand(brand) => {
                let of_brand = self.ground().restaurants.of_brand(brand).await?;
                of_brand.iter().any(|id| hook.restaurants.contains(id))
            }
            About::House => false,
        })
    }

    /// The hooks of an organisation as they were a second ago at most. Every event of every organisation asks for
    /// them, and most have none.
    async fn remembered(&self, organisation: Organisation) -> Result<Arc<[Hook]>> {
        if let Some(hooks) = self.recall(organisation) {
            return Ok(hooks);
        }
        let hooks: Arc<[Hook]> = self.hooks_of(organisation).await?.into();
        self.remember(organisation, &hooks);
        Ok(hooks)
    }
}

/// The id of a hook in the payload of a job.
pub(super) fn redrive(hook: Uid, state: State) -> String {
    format!(
        "{{\"hook\":\"{}\",\"state\":{}}}",
        HookId::from(hook),
        state.number()
    )
}
