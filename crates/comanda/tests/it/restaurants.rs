//! When a restaurant serves, where to and for what: the lines of `docs/restaurants.md` as they stand there.

use crate::World;
use crate::menus::go_on;
use crate::postgres::Places;

const PAGE: (&str, usize) = (include_str!("../../../../docs/restaurants.md"), 11);

#[test]
fn a_restaurant_serves_as_its_page_says_on_sqlite() {
    let world = World::new();
    go_on(&world, &world.serve(), PAGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_serves_as_its_page_says_on_postgres() {
    let places = Places::new().await;
    let world = places.world().with(&["--migrate"]);
    go_on(&world, &world.serve(), PAGE);
}
