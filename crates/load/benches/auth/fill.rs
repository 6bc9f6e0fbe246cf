//! Fills an installation past the store: organisations with their restaurants, members and grants.
//!
//! The rows are those that the platform would have written. It runs before anybody asks, on files of its own.

use std::path::Path;

use base::{Organisation, Uid};
use rusqlite::{Connection, params};

use crate::Outcome;

/// When everything was made: the beginning of 2025, in milliseconds and in microseconds.
const MADE_MS: u128 = 1_735_689_600_000;
const MADE_AT: i64 = 1_735_689_600_000_000;

/// What tells ids of one organisation apart.
const ORGANISATION: u128 = 1;
const RESTAURANT: u128 = 1 << 32;
const MEMBER: u128 = 2 << 32;
const GRANT: u128 = 3 << 32;

/// Restaurants of a member who has a grant for each of them.
pub(crate) const MANY: usize = 20;

/// How large an installation is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) organisations: u32,
    pub(crate) restaurants: u32,
}

/// Somebody who works for an organisation, and a restaurant that he asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worker {
    pub(crate) person: Uid,
    pub(crate) organisation: Uid,
    pub(crate) restaurant: Uid,
    /// Whether he has a grant for each of many restaurants, instead of being the owner.
    pub(crate) is_manager: bool,
}

impl Size {
    /// The organisation with this number, from 1.
    pub(crate) fn organisation(self, number: u32) -> Uid {
        id(number, ORGANISATION)
    }

    /// A restaurant by its place in the order of all, from 0. They are dealt out in turn.
    pub(crate) fn restaurant(self, at: u32) -> Uid {
        id(1 + at % self.organisations, RESTAURANT + u128::from(at))
    }

    /// How many restaurants each organisation has.
    fn each(self) -> u32 {
        self.restaurants / self.organisations
    }
}

/// Writes the directory and all rows of the shard.
pub(crate) fn fill(folder: &Path, size: Size, workers: &[Worker]) -> Outcome<()> {
    let mut control = Connection::open(folder.join("control.db"))?;
    let work = control.transaction()?;
    for number in 1..=size.organisations {
        work.execute(
            "INSERT INTO directory (organisation, request, region, shard, epoch, state, version) \
             VALUES (?1, ?2, ?3, ?4, 1, 'open', ?1)",
            params![
                number,
                format!("bench-{number}"),
                testkit::trial::REGION,
                testkit::trial::SHARD
            ],
        )?;
    }
    work.execute(
        "UPDATE counters SET value = ?1 WHERE name IN ('organisation', 'directory')",
        [size.organisations],
    )?;
    work.commit()?;
    let mut shard = Connection::open(folder.join("shard.db"))?;
    let work = shard.transaction()?;
    organisations(&work, size)?;
    restaurants(&work, size)?;
    for (at, worker) in workers.iter().enumerate() {
        member(&work, size, (at, worker))?;
    }
    work.commit()?;
    Ok(())
}

fn organisations(work: &Connection, size: Size) -> Outcome<()> {
    let mut place =
        work.prepare("INSERT INTO placements (organisation, epoch, state) VALUES (?1, 1, 'open')")?;
    let mut row = work.prepare(
        "INSERT INTO organisations (organisation, id, name, version, created_at, plan, state) \
         VALUES (?1, ?2, ?3, 1, ?4, 'enterprise', 'active')",
    )?;
    for number in 1..=size.organisations {
        place.execute([number])?;
        let id = size.organisation(number);
        row.execute(params![
            number,
            id.as_bytes(),
            format!("Group {number}"),
            MADE_AT
        ])?;
    }
    Ok(())
}

fn restaurants(work: &Connection, size: Size) -> Outcome<()> {
    let mut row = work.prepare(
        "INSERT INTO restaurants (organisation, id, brand, name, external_id, time_zone, currency, street, \
         postal_code, city, country, state, version, created_at) \
         VALUES (?1, ?2, NULL, ?3, NULL, 'Europe/Berlin', 'EUR', 'Street 1', '10115', 'Berlin', 'DE', 'active', 1, ?4)",
    )?;
    for at in 0..size.restaurants {
        let id = size.restaurant(at);
        let number = id.organisation().get();
        row.execute(params![
            number,
            id.as_bytes(),
            format!("House {at}"),
            MADE_AT
        ])?;
    }
    Ok(())
}

fn member(work: &Connection, size: Size, (at, worker): (usize, &Worker)) -> Outcome<()> {
    let number = worker.organisation.organisation().get();
    let at = u128::try_from(at)?;
    work.execute(
        "INSERT INTO members (organisation, person, id, version, joined_at) VALUES (?1, ?2, ?3, 1, ?4)",
        params![
            number,
            worker.person.as_bytes(),
            id(number, MEMBER + at).as_bytes(),
            MADE_AT
        ],
    )?;
    let mut grant = work.prepare(
        "INSERT INTO grants (organisation, id, person, role, level, place, given_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let person = worker.person.as_bytes();
    if !worker.is_manager {
        let grant_id = id(number, GRANT + (at << 8));
        let place = worker.organisation;
        grant.execute(params![
            number,
            grant_id.as_bytes(),
            person,
            "owner",
            0,
            place.as_bytes(),
            MADE_AT
        ])?;
        return Ok(());
    }
    // His own restaurant is one of them; organisations here have ten, so the others are of his organisation too.
    let own = (0..size.each()).map(|turn| size.restaurant(number - 1 + turn * size.organisations));
    for (turn, place) in own.take(MANY).enumerate() {
        let grant_id = id(number, GRANT + (at << 8) + u128::try_from(turn)?);
        grant.execute(params![
            number,
            grant_id.as_bytes(),
            person,
            "manager",
            2,
            place.as_bytes(),
            MADE_AT
        ])?;
    }
    Ok(())
}

fn id(organisation: u32, rest: u128) -> Uid {
    let organisation = Organisation::new(organisation);
    let value = MADE_MS << 80 | u128::from(organisation.get()) << 48 | rest;
    Uid::from_bytes(value.to_be_bytes())
}
