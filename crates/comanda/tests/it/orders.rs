//! An order from the first request to a refund: the lines of `docs/orders.md` as they stand there.

use crate::World;
use crate::menus::go_on;
use crate::postgres::Places;

const ORDERS: &str = include_str!("../../../../docs/orders.md");
/// So many lines of the page say what they answer.
const JUDGED: usize = 26;
/// Nobody types the lines of the page within a minute, which has room for ten orders of one person.
const ROOM: [&str; 2] = ["--set", "edge.rate_orders=60"];

#[test]
fn an_order_goes_as_its_page_says_on_sqlite() {
    let world = World::new().with(&ROOM);
    go_on(&world, &world.serve(), (ORDERS, JUDGED));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_as_its_page_says_on_postgres() {
    let places = Places::new().await;
    let world = places.world().with(&["--migrate"]).with(&ROOM);
    go_on(&world, &world.serve(), (ORDERS, JUDGED));
}
