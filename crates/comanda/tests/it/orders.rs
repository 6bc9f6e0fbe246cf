//! An order from the first request to a refund: the lines of `docs/orders.md` as they stand there.

use crate::World;
use crate::menus::go_on;
use crate::postgres::Places;

const ORDERS: &str = include_str!("../../../../docs/orders.md");
/// So many lines of the page say what they answer.
const JUDGED: usize = 18;

#[test]
fn an_order_goes_as_its_page_says_on_sqlite() {
    let world = World::new();
    go_on(&world, &world.serve(), (ORDERS, JUDGED));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_as_its_page_says_on_postgres() {
    let places = Places::new().await;
    let world = places.world().with(&["--migrate"]);
    go_on(&world, &world.serve(), (ORDERS, JUDGED));
}
