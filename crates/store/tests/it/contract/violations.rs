//! Rules of the database: the culprit learns which one it broke, by the same name on every engine, and the others
//! of its group are stored.

use base::Uid;
use store::{Commit, Failure, Rule, Value};
use testkit::trial::{INTENTS, LINES, NEXT_NUMBER, ORDERS, RESTAURANTS, SET_STATUS};

use super::guards::{order, take};
use super::rows::order_cells;
use crate::world::{FREE, PLACES, REMOVE_RESTAURANT, World, event};

const GROUP: usize = 64;
const CULPRIT: usize = 37;

pub(super) fn violated(rule: Rule, table: &str, constraint: &str) -> Failure {
    Failure::Violated {
        rule,
        table: table.to_owned(),
        constraint: constraint.to_owned(),
    }
}

/// Stores the culprit among 63 orders, which must all pass, and gives its verdict.
async fn among_others(world: &World, culprit: Commit) -> Failure {
    let (before, free, head) = (
        world.orders().await,
        world.free(world.home.dish).await,
        world.head().await,
    );
    let mut commits: Vec<Commit> = (1..GROUP).map(|_| world.trial.order(&world.home)).collect();
    commits.insert(CULPRIT, culprit);
    let mut verdicts = world.store_together(commits).await;
    let verdict = verdicts.remove(CULPRIT);
    for other in verdicts {
        other.unwrap();
    }
    assert_eq!(world.orders().await - before, 63);
    assert_eq!(free - world.free(world.home.dish).await, 63);
    assert_eq!(world.head().await - head, 63);
    verdict.unwrap_err()
}

/// An order in stock and rows, with whatever the test adds that is wrong.
fn culprit(world: &World, wrong: impl FnOnce(&mut Commit, Uid)) -> Commit {
    let order = order(world);
    let mut commit = take(world, world.home.dish, 1);
    order.insert(&mut commit);
    commit.event(event(order.id, 1));
    wrong(&mut commit, order.id);
    commit
}

pub(super) async fn a_key_that_is_there_violates_the_primary_key(world: World) {
    let restaurant = world.home.restaurant;
    let culprit = culprit(&world, |commit, _| {
        commit.insert(&RESTAURANTS, [restaurant.into(), "Again".into()]);
    });
    let found = among_others(&world, culprit).await;
    assert_eq!(
        found,
        violated(Rule::Unique, "trial_restaurants", "trial_restaurants_pkey")
    );
}

pub(super) async fn a_number_that_is_there_violates_its_unique_key(world: World) {
    let numbered = |number: i64| {
        let mut cells = order_cells(world.id(), world.home.restaurant);
        cells[1] = number.into();
        cells
    };
    let mut first = world.commit();
    first.insert(&ORDERS, numbered(7));
    world.store(first).await.unwrap();
    let culprit = culprit(&world, |commit, _| commit.insert(&ORDERS, numbered(7)));
    let found = among_others(&world, culprit).await;
    assert_eq!(
        found,
        violated(
            Rule::Unique,
            "trial_orders",
            "trial_orders_organisation_number_key"
        )
    );
}

pub(super) async fn a_row_without_its_parent_violates_the_foreign_key(world: World) {
    let culprit = culprit(&world, |commit, id| {
        commit.insert(
            &INTENTS,
            [id.into(), world.id().into(), 1_i64.into(), "open".into()],
        );
    });
    let found = among_others(&world, culprit).await;
    assert_eq!(
        found,
        violated(
            Rule::Foreign,
            "trial_intents",
            "trial_intents_organisation_order_id_fkey"
        )
    );
}

pub(super) async fn a_parent_of_another_organisation_is_no_parent(world: World) {
    let foreign = world.trial.home(FREE).await.restaurant;
    let culprit = culprit(&world, |commit, _| {
        commit.insert(&ORDERS, order_cells(world.id(), foreign))
    });
    let found = among_others(&world, culprit).await;
    assert_eq!(
        found,
        violated(
            Rule::Foreign,
            "trial_orders",
            "trial_orders_organisation_restaurant_fkey"
        )
    );
}

pub(super) async fn a_parent_with_children_cannot_be_removed(world: World) {
    world.store(world.trial.order(&world.home)).await.unwrap();
    let mut commit = world.commit();
    commit.change(&REMOVE_RESTAURANT, [world.home.restaurant.into()]);
    let found = among_others(&world, commit).await;
    assert_eq!(
        found,
        violated(
            Rule::Foreign,
            "trial_orders",
            "trial_orders_organisation_restaurant_fkey"
        )
    );
}

pub(super) async fn a_value_out_of_range_violates_the_check(world: World) {
    let culprit = culprit(&world, |commit, id| {
        commit.insert(
            &LINES,
            [
                id.into(),
                9_i64.into(),
                id.into(),
                0_i64.into(),
                3_i64.into(),
            ],
        );
    });
    let found = among_others(&world, culprit).await;
    assert_eq!(
        found,
        violated(Rule::Check, "trial_lines", "trial_lines_quantity_check")
    );
}

pub(super) async fn a_value_that_is_missing_violates_its_column(world: World) {
    let culprit = culprit(&world, |commit, _| {
        commit.insert(
            &RESTAURANTS,
            [Value::from(world.id()).into(), Value::Null.into()],
        );
    });
    let found = among_others(&world, culprit).await;
    assert_eq!(found, violated(Rule::NotNull, "trial_restaurants", "name"));
}

fn place(world: &World, position: Value, seat: i64) -> Commit {
    culprit(world, |commit, _| {
        commit.insert(&PLACES, [world.id().into(), position.into(), seat.into()])
    })
}

pub(super) async fn a_missing_value_is_no_fence_although_the_log_has_a_column_of_its_name(
    world: World,
) {
    world.with_samples().await;
    let found = among_others(&world, place(&world, Value::Null, 1)).await;
    assert_eq!(
        found,
        violated(Rule::NotNull, "contract_places", "position")
    );
}

pub(super) async fn constraints_with_names_of_their_own_are_told_by_them(world: World) {
    world.with_samples().await;
    let found = among_others(&world, place(&world, 1_i64.into(), 10)).await;
    assert_eq!(
        found,
        violated(Rule::Check, "contract_places", "seat_is_known")
    );
    world.store(place(&world, 2_i64.into(), 1)).await.unwrap();
    let found = world.store(place(&world, 2_i64.into(), 1)).await;
    assert_eq!(
        found,
        Err(violated(Rule::Unique, "contract_places", "one_a_position"))
    );
}

pub(super) async fn of_two_commits_of_a_group_with_one_key_the_first_wins(world: World) {
    let restaurant = world.id();
    let named = |name: &str| {
        let mut commit = take(&world, world.home.dish, 1);
        commit.insert(&RESTAURANTS, [restaurant.into(), name.into()]);
        commit
    };
    let verdicts = world
        .store_together(vec![named("first"), named("second"), named("third")])
        .await;
    let other = violated(Rule::Unique, "trial_restaurants", "trial_restaurants_pkey");
    assert!(verdicts[0].is_ok());
    assert_eq!(verdicts[1..], [Err(other.clone()), Err(other)]);
    assert_eq!(world.free(world.home.dish).await, FREE - 1);
}

pub(super) async fn culprits_of_every_sort_do_not_disturb_a_group(world: World) {
    let (restaurant, absent) = (world.home.restaurant, world.id());
    let sort = |at: usize| match at % 8 {
        1 => culprit(&world, |commit, _| {
            commit.insert(&RESTAURANTS, [restaurant.into(), "Again".into()])
        }),
        3 => culprit(&world, |commit, id| {
            commit.insert(
                &LINES,
                [
                    id.into(),
                    9_i64.into(),
                    id.into(),
                    0_i64.into(),
                    3_i64.into(),
                ],
            );
        }),
        5 => culprit(&world, |commit, _| {
            commit.guard(&SET_STATUS, [absent.into(), 1_i64.into(), "x".into()]);
        }),
        _ => culprit(&world, |commit, _| {
            drop_taken(commit.change(&NEXT_NUMBER, ["orders".into()]))
        }),
    };
    let head = world.head().await;
    let verdicts = world.store_together((0..GROUP).map(sort).collect()).await;
    for (at, verdict) in verdicts.iter().enumerate() {
        let right = match at % 8 {
            1 | 3 => matches!(verdict, Err(Failure::Violated { .. })),
            5 => matches!(verdict, Err(Failure::Refused { guard: 1, .. })),
            _ => verdict.is_ok(),
        };
        assert!(right, "commit {at}: {verdict:?}");
    }
    assert_eq!((world.orders().await, world.head().await - head), (40, 40));
    assert_eq!(world.free(world.home.dish).await, FREE - 40);
    let mut commit = world.commit();
    let next = commit.change(&NEXT_NUMBER, ["orders".into()]);
    assert_eq!(world.store(commit).await.unwrap().taken(next), Some(41));
}

fn drop_taken(_: store::Taken) {}
