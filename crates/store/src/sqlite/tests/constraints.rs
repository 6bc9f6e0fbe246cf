//! A violated constraint has the name that PostgreSQL gives it.

use base::Uid;
use futures_util::FutureExt as _;

use super::{LINES, ORDERS, STOCK, World};
use crate::commit::{Cell, Commit};
use crate::failure::{Failure, Rule};
use crate::sql::Sql;
use crate::value::Value;

static DROP_STOCK: Sql = Sql::new(
    "stock.drop",
    &STOCK,
    "DELETE FROM stock WHERE organisation = $1 AND item = $2",
);

fn order(commit: &mut Commit, id: Uid, number: i64, note: impl Into<Value>) {
    commit.insert(
        &ORDERS,
        [Cell::from(id), Cell::from(number), Cell::Value(note.into())],
    );
}

fn violated(world: &World, fill: impl FnOnce(&mut Commit)) -> (Rule, String, String) {
    let mut commit = world.commit();
    fill(&mut commit);
    match world.now(commit) {
        Err(Failure::Violated {
            rule,
            table,
            constraint,
        }) => (rule, table, constraint),
        outcome => panic!("{outcome:?}"),
    }
}

fn named(rule: Rule, table: &str, constraint: &str) -> (Rule, String, String) {
    (rule, table.to_owned(), constraint.to_owned())
}

#[test]
fn inline_unique_keys() {
    let world = World::inline();
    let id = world.id();
    let mut first = world.commit();
    order(&mut first, id, 1, "once");
    world.now(first).unwrap();
    let with =
        |id, number, note: &'static str| violated(&world, |commit| order(commit, id, number, note));
    assert_eq!(
        with(id, 2, ""),
        named(Rule::Unique, "orders", "orders_pkey")
    );
    assert_eq!(
        with(world.id(), 1, ""),
        named(Rule::Unique, "orders", "orders_organisation_number_key")
    );
    assert_eq!(
        with(world.id(), 2, "once"),
        named(Rule::Unique, "orders", "orders_note_once")
    );
}

#[test]
fn inline_checks_and_absent_values() {
    let world = World::inline();
    let with =
        |number, note: Value| violated(&world, |commit| order(commit, world.id(), number, note));
    assert_eq!(
        with(13, "unlucky".into()),
        named(Rule::Check, "orders", "orders_check")
    );
    assert_eq!(
        with(1, "x".repeat(1000).into()),
        named(Rule::Check, "orders", "orders_note_short")
    );
    assert_eq!(
        with(1, "number".into()),
        named(Rule::Check, "orders", "orders_note_check")
    );
    assert_eq!(with(1, Value::Null), named(Rule::NotNull, "orders", "note"));
    let negative = violated(&world, |commit| {
        commit.insert(&STOCK, [Cell::from("bread"), Cell::from(-1)]);
    });
    assert_eq!(negative, named(Rule::Check, "stock", "stock_free_check"));
}

#[test]
fn inline_foreign_keys() {
    let world = World::inline();
    let line = |known: bool, item: Value| {
        violated(&world, |commit| {
            let id = world.id();
            if known {
                order(commit, id, 1, "");
            }
            commit.insert(&LINES, [Cell::from(id), Cell::from(1), Cell::Value(item)]);
        })
    };
    let no_order = named(Rule::Foreign, "lines", "lines_organisation_order_id_fkey");
    let no_item = named(Rule::Foreign, "lines", "lines_organisation_item_fkey");
    assert_eq!(line(false, "soup".into()), no_order);
    assert_eq!(line(false, Value::Null), no_order);
    assert_eq!(line(false, "stone".into()), no_order);
    assert_eq!(line(true, "stone".into()), no_item);
    let (mut commit, id) = (world.commit(), world.id());
    order(&mut commit, id, 1, "");
    commit.insert(&LINES, [Cell::from(id), Cell::from(1), Cell::from("soup")]);
    world.now(commit).unwrap();
    let in_use = violated(&world, |commit| {
        commit.change(&DROP_STOCK, ["soup".into()]);
    });
    assert_eq!(in_use, no_item);
    assert_eq!(world.free("soup").now_or_never(), Some(100));
}
