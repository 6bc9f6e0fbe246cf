//! Fills an installation past the store: organisations, restaurants, and a published menu for each.
//!
//! The rows are those that the slices would have written. It runs before anybody asks, on files of its own.

use std::path::Path;

use base::{Organisation, Uid};
use ring::digest::{SHA256, digest};
use rusqlite::{Connection, params};

use crate::{Outcome, dishes};

/// When everything was made: the beginning of 2025, in milliseconds and in microseconds.
const MADE_MS: u128 = 1_735_689_600_000;
const MADE_AT: i64 = 1_735_689_600_000_000;
const RESTAURANT: u128 = 1 << 32;
const LEVEL: i32 = 6;
/// How many different menus there are; the others are copies of these under their own names.
const MENUS: usize = 64;

/// How large an installation is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) organisations: u32,
    pub(crate) restaurants: u32,
}

impl Size {
    /// Ten restaurants of each organisation.
    pub(crate) fn of(restaurants: u32) -> Self {
        Self {
            organisations: (restaurants / 10).max(1),
            restaurants,
        }
    }

    /// A restaurant by its place in the order of all, from 0. They are dealt out in turn.
    pub(crate) fn restaurant(self, at: u32) -> Uid {
        let organisation = Organisation::new(1 + at % self.organisations);
        id(organisation, RESTAURANT + u128::from(at))
    }
}

/// Writes the directory and all rows of the shard.
pub(crate) fn fill(folder: &Path, size: Size) -> Outcome<()> {
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
    menus(&work, size)?;
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
        let id = id(Organisation::new(number), 1);
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

fn menus(work: &Connection, size: Size) -> Outcome<()> {
    let mut packed = Vec::new();
    for seed in 0..MENUS.min(usize::try_from(size.restaurants)?) {
        let json = serde_json::to_vec(&dishes::menu(Organisation::new(1), seed)?)?;
        let hash = digest(&SHA256, &json);
        packed.push((zstd::bulk::compress(&json, LEVEL)?, hash, json.len()));
    }
    let mut revision = work.prepare(
        "INSERT INTO menu_revisions (organisation, place, number, hash, packed, size, items, currency, author, at, note, \
         restored) VALUES (?1, ?2, 1, ?3, ?4, ?5, 60, 'EUR', 'bench', ?6, '', 0)",
    )?;
    let mut head = work.prepare(
        "INSERT INTO menu_heads (organisation, place, version, revision) VALUES (?1, ?2, 1, 1)",
    )?;
    for at in 0..size.restaurants {
        let id = size.restaurant(at);
        let number = id.organisation().get();
        let (bytes, hash, length) = &packed[usize::try_from(at)? % packed.len()];
        let length = i64::try_from(*length)?;
        revision.execute(params![
            number,
            id.as_bytes(),
            hash.as_ref(),
            bytes,
            length,
            MADE_AT
        ])?;
        head.execute(params![number, id.as_bytes()])?;
    }
    Ok(())
}

fn id(organisation: Organisation, rest: u128) -> Uid {
    let value = MADE_MS << 80 | u128::from(organisation.get()) << 48 | rest;
    Uid::from_bytes(value.to_be_bytes())
}
