//! What is published on one node is served by the other in time: two real processes over one database.

use std::net::SocketAddr;
use std::time::Duration;

use base::Clock;
use serde_json::{Value, json};

use crate::browser::{Browser, Said, inbox};
use crate::flow::Pair;
use crate::postgres::Places;

/// After the answer to a publish no node serves the old revision for longer than this.
const VISIBLE_WITHIN: Duration = Duration::from_secs(1);
const GIVEN_UP: Duration = Duration::from_secs(10);
const ROUNDS: i64 = 40;

/// A restaurant whose menu is changed again and again.
struct Kitchen {
    owner: Browser,
    restaurant: String,
    item: String,
}

impl Kitchen {
    fn open(nodes: &[SocketAddr]) -> Self {
        let mut owner = Browser::new(nodes[0]);
        owner.sign_in("lucia@example.com", &|to: &str| inbox(nodes, to));
        owner.set_up_app();
        let made = |said: Said| said.is(201).text("id");
        let organisation = made(owner.post("/api/organisations", &json!({"name": "Gruppo"})));
        let body = json!({
            "name": "Lucia am Dom", "timeZone": "Europe/Berlin", "currency": "EUR",
            "address": {"street": "Domplatz 1", "postalCode": "50667", "city": "Köln", "country": "DE"},
        });
        let inside = format!("/api/organisations/{organisation}/restaurants");
        let restaurant = made(owner.post(&inside, &body));
        let menu = format!("/api/restaurants/{restaurant}/menu");
        let head = json!({"version": 0, "head": {
            "currency": "EUR", "language": "de", "taxesIncluded": "included",
            "taxes": [{"key": "food", "rates": {"delivery": 70000, "pickup": 70000, "dine_in": 190000}}],
        }});
        owner.ask("PATCH", &format!("{menu}/draft"), &head).is(200);
        let soup = json!({"name": {"main": "Suppe"}, "price": {"amount": "4.50"}, "tax": "food"});
        let item = made(owner.post(&format!("{menu}/items"), &soup));
        let all = json!({"name": {"main": "Alles"}, "items": [item]});
        made(owner.post(&format!("{menu}/categories"), &all));
        Self {
            owner,
            restaurant,
            item,
        }
    }

    fn path(&self, what: &str) -> String {
        format!("/api/restaurants/{}/{what}", self.restaurant)
    }

    /// Gives the soup a price, and publishes at this node.
    fn publish(&mut self, node: SocketAddr, price: &str) {
        let mut owner = self.owner.at(node);
        let seen = owner.get(&self.path("menu/draft?limit=1")).is(200).body;
        let body = json!({"version": seen["version"], "price": {"amount": price}});
        let item = self.path(&format!("menu/items/{}", self.item));
        let said = owner.ask("PATCH", &item, &body).is(200).body;
        let body = json!({"version": said["version"]});
        owner.post(&self.path("menu/publish"), &body).is(200);
    }

    /// How long a node goes on to show something else.
    fn until(&self, node: SocketAddr, what: &str, shows: &dyn Fn(&Value) -> bool) -> Duration {
        let (clock, mut guest) = (Clock::real(), Browser::new(node));
        loop {
            let said = guest.get(&self.path(what));
            let took = clock.elapsed();
            if said.status == 200 && shows(&said.body) {
                return took;
            }
            assert!(took < GIVEN_UP, "{what}: {}", said.body);
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_on_one_node_is_served_by_the_other_within_a_second() {
    let places = Places::new().await;
    let pair = Pair::start(&places);
    let nodes = pair.addresses();
    let mut kitchen = Kitchen::open(&nodes);
    let (mut here, mut there, mut stopped) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for round in 1..=ROUNDS {
        let price = format!("{round}.50");
        let at = usize::from(round % 2 == 0);
        kitchen.publish(nodes[at], &price);
        let shows = |menu: &Value| {
            menu["revision"] == json!(round) && menu["items"][0]["price"] == json!(price)
        };
        there = there.max(kitchen.until(nodes[1 - at], "menu", &shows));
        here = here.max(kitchen.until(nodes[at], "menu", &shows));
    }
    let stock = kitchen.path(&format!("menu/stock/{}", kitchen.item));
    for left in 1..=5 {
        kitchen
            .owner
            .ask("PUT", &stock, &json!({"left": left}))
            .is(200);
        let shows = |off: &Value| off["items"][0]["left"] == json!(left);
        stopped = stopped.max(kitchen.until(nodes[1], "availability", &shows));
    }
    println!("{ROUNDS} publishes; on the other node at most {there:?}, on the same {here:?}");
    println!("what has run out, on the other node at most {stopped:?}");
    assert!(there < VISIBLE_WITHIN, "{there:?}");
    assert!(here < VISIBLE_WITHIN, "{here:?}");
    assert!(stopped < VISIBLE_WITHIN, "{stopped:?}");
}
