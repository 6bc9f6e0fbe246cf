//! The matrix: every operation of the served document, for every sort of caller, at every sort of target.
//!
//! What should be answered is said by a small model written from `docs/permissions.md`, never by the code under test.
//! An operation without a row in the table of samples fails, and so does a row without an operation. Real ids of
//! others are used everywhere, and what one may not know of must look as if it were not there.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test asks from outside and may fail wherever it likes"
)]

mod ask;
mod callers;
mod cases;
mod crowd;
mod fields;
mod foreign;
mod goods;
mod model;
mod origins;
mod samples;
mod targets;
mod totp;
mod world;

use std::sync::Arc;

use testkit::trial::Engine;

/// Stamps a test on both engines.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Engine::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Engine::Postgres).await;
            })+
        }
    };
}

on_both!(
    everybody_gets_what_he_may_and_nobody_more,
    fields_bodies_and_pages_of_others_change_nothing,
);

async fn everybody_gets_what_he_may_and_nobody_more(engine: Engine) {
    let town = Arc::new(world::Town::new(engine, |_| {}).await);
    let cases = cases::all(&town).await;
    println!("{engine}: {cases} cases");
    assert!(cases >= 10_000, "only {cases} cases");
}

/// Three parts in one town, because none of them leaves anything behind: fields come and go as they were looked at, ids
/// of others in bodies are as if they were not there, and no page of others changes anything.
async fn fields_bodies_and_pages_of_others_change_nothing(engine: Engine) {
    let town = world::Town::new(engine, |_| {}).await;
    fields::of_answers(&town, engine).await;
    fields::sent_along(&town).await;
    foreign::bodies(&town).await;
    origins::all(&town).await;
}

/// The second wall: every statement of the shard without its organisation, and still nothing of others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_filters_the_database_itself_keeps_organisations_apart() {
    let town = world::Town::new(Engine::Postgres, testkit::trial::without_filters).await;
    let town = Arc::new(town);
    let cases = cases::second_wall(&town).await;
    println!("without filters: {cases} cases");
}

#[tokio::test]
async fn every_operation_has_a_sample_and_every_sample_an_operation() {
    let town = world::Town::new(Engine::Sqlite, |_| {}).await;
    samples::complete(&town);
}
