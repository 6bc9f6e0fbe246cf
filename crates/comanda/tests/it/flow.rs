//! From an empty folder to a restaurant with staff: the lines of `docs/first-steps.md` as they stand there, and the same
//! world on two nodes, where ends and revocations must arrive in time.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base::Clock;
use serde_json::{Value, json};
use testkit::serve::{Serve, Start};

use crate::World;
use crate::browser::{Browser, Said, inbox, invitation, wait_for};
use crate::postgres::Places;

/// The figures of the documents.
const LOGOUT_WITHIN: Duration = Duration::from_secs(1);
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

/// What the page calls an authenticator app.
pub(crate) const APP: &str = r#"#!/bin/sh
exec python3 -c '
import base64, hashlib, hmac, struct, sys, time
tag = hmac.new(base64.b32decode(sys.argv[3]), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
at = tag[19] & 15
print("%06d" % ((struct.unpack(">I", tag[at:at + 4])[0] & 0x7fffffff) % 1000000))
' "$@"
"#;

/// What must be so after the last line of the page.
const THEN: &str = r#"
[ "$(curl -s -o /dev/null -w '%{http_code}' -b lucia.jar $api/api/auth/me)" = 401 ]
[ "$(curl -s -o /dev/null -w '%{http_code}' -b carlo.jar $api/api/organisations/$org/members)" = 403 ]
[ "$(curl -s -o /dev/null -w '%{http_code}' -b carlo.jar $api/api/restaurants/$restaurant/record)" = 200 ]
"#;

#[test]
fn the_first_steps_are_as_their_page_says_on_sqlite() {
    let world = World::new();
    first_steps(&world, &world.serve());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_steps_are_as_their_page_says_on_postgres() {
    let places = Places::new().await;
    let world = places.world().with(&["--migrate"]);
    first_steps(&world, &world.serve());
}

fn first_steps(world: &World, serve: &Serve) {
    let page = include_str!("../../../../docs/first-steps.md");
    let blocks: Vec<&str> = page
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(blocks.len() >= 7, "{}", blocks.len());
    let script = blocks
        .concat()
        .replace("http://127.0.0.1:8080", &format!("http://{}", serve.http()));
    let folder = world.0.folder();
    write(&folder.join("oathtool"), APP);
    write(
        &folder.join("steps"),
        &format!("set -eu -o pipefail\nPATH=\"$PWD:$PATH\"\n{script}\n{THEN}"),
    );
    let output = Command::new("bash")
        .args(["-x", "steps"])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}\n{}", serve.said());
    for told in ["and not who else works there", "not any more", "signed out"] {
        assert!(
            said.lines().any(|line| line.ends_with(told)),
            "{told}: {said}"
        );
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).unwrap();
}

/// Two processes on the same databases, with the same secrets.
pub(crate) struct Pair {
    nodes: [Serve; 2],
    starts: [Start; 2],
}

impl Pair {
    pub(crate) fn start(places: &Places) -> Self {
        let start = || {
            // Tokens name the platform by its public address, which is the same on all nodes.
            let sets = [
                "edge.rate_api=0",
                "edge.rate_auth=0",
                "edge.rate_read=0",
                "listen.public_url=http://127.0.0.1:8080",
            ];
            Start::new(env!("CARGO_BIN_EXE_comanda"))
                .with(places.words.clone())
                .with(sets.into_iter().flat_map(|set| ["--set", set]))
        };
        let starts = [start(), start()];
        let first = starts[0].clone().with(["--migrate"]).serve().unwrap();
        let (from, to) = (starts[0].data(), starts[1].data());
        std::fs::create_dir_all(&to).unwrap();
        // With its modes, or the secrets are refused.
        let copied = Command::new("cp")
            .arg("-a")
            .args([from.join("secrets"), to.join("secrets")])
            .status();
        assert!(copied.unwrap().success());
        let second = starts[1].serve().unwrap();
        Pair {
            nodes: [first, second],
            starts,
        }
    }

    pub(crate) fn addresses(&self) -> [SocketAddr; 2] {
        [self.nodes[0].http(), self.nodes[1].http()]
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for start in &self.starts {
            start.remove();
        }
    }
}

/// An owner and a cook of an organisation, on any number of nodes.
struct House {
    owner: Browser,
    cook: Browser,
    cook_id: String,
    organisation: String,
    brand: String,
    restaurant: String,
}

impl House {
    fn make(nodes: &[SocketAddr]) -> Self {
        let letters = |to: &str| inbox(nodes, to);
        let sign_up = |email: &str| {
            let mut browser = Browser::new(nodes[0]);
            browser.sign_in(email, &letters);
            assert_eq!(browser.set_up_app().len(), 10);
            browser
        };
        let (mut owner, mut cook) = (sign_up("lucia@example.com"), sign_up("carlo@example.com"));
        let cook_id = cook.get("/api/auth/me").is(200).text("id");
        let made = |said: Said| said.is(201).text("id");
        let organisation = made(owner.post("/api/organisations", &json!({"name": "Gruppo Lucia"})));
        let inside = format!("/api/organisations/{organisation}");
        let brand = made(owner.post(&format!("{inside}/brands"), &json!({"name": "Lucia"})));
        let restaurant = json!({
            "name": "Lucia am Dom", "brand": brand, "timeZone": "Europe/Berlin", "currency": "EUR",
            "address": {"street": "Domplatz 1", "postalCode": "50667", "city": "Köln", "country": "DE"},
        });
        let restaurant = made(owner.post(&format!("{inside}/restaurants"), &restaurant));
        let grants = json!([{"role": "kitchen", "place": restaurant}]);
        let invited = json!({"email": "carlo@example.com", "grants": grants});
        made(owner.post(&format!("{inside}/invitations"), &invited));
        let letter = wait_for(|| {
            let mut found = letters("carlo@example.com").into_iter();
            found.find(|letter| letter.contains("#inv_"))
        });
        let token = json!({"token": invitation(&letter)});
        cook.post("/api/invitations/accept", &token).is(200);
        // What was accepted once is worth nothing any more.
        let again = cook.post("/api/invitations/accept", &token);
        assert!(again.status >= 400, "{}", again.body);
        House {
            owner,
            cook,
            cook_id,
            organisation,
            brand,
            restaurant,
        }
    }

    /// Asks until it is answered so; how long that took.
    fn until(browser: &mut Browser, path: &str, status: u16) -> Duration {
        let clock = Clock::real();
        wait_for(|| (browser.get(path).status == status).then(|| clock.elapsed()))
    }

    /// Gives the cook more and takes it again, and sees both at another node.
    fn give_and_take(&mut self, other: SocketAddr) -> [Duration; 2] {
        let inside = format!("/api/organisations/{}", self.organisation);
        let members = format!("{inside}/members");
        let mut cook = self.cook.at(other);
        let restaurant = format!("/api/restaurants/{}/record", self.restaurant);
        let known = Self::until(&mut cook, &restaurant, 200);
        assert!(known < REVOKED_WITHIN, "{known:?}");
        // The other node remembers what he may before it changes.
        cook.get(&members).is(403);
        let grants = format!("{members}/{}/grants", self.cook_id);
        let more = json!({"role": "manager", "place": self.brand});
        let grant = self.owner.post(&grants, &more).is(201).text("id");
        let given = Self::until(&mut cook, &members, 200);
        self.owner
            .ask("DELETE", &format!("/api/grants/{grant}"), &Value::Null)
            .is(204);
        [given, Self::until(&mut cook, &members, 403)]
    }

    /// Comes in at one node, is known at the other, and signs out at the first. As a guest, since codes are counted.
    fn leave([one, other]: [SocketAddr; 2]) -> Duration {
        let mut here = Browser::new(one);
        here.post("/api/auth/guest", &Value::Null).is(201);
        let mut there = here.at(other);
        there.get("/api/auth/me").is(200);
        let (access, _) = here.tokens();
        let bearer = format!("Bearer {access}");
        let bearer = [("authorization", bearer.as_str())];
        let mut app = Browser::new(other);
        let mut ask = || app.ask_with("GET", "/api/me/sessions", &bearer, &Value::Null);
        ask().is(200);
        here.post("/api/auth/logout", &Value::Null).is(204);
        let took = Self::until(&mut there, "/api/auth/me", 401);
        ask().is(401);
        took
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_on_one_node_ends_on_the_other_in_time() {
    let places = Places::new().await;
    let pair = Pair::start(&places);
    let nodes = pair.addresses();
    let mut house = House::make(&nodes);
    let (mut given, mut taken, mut left) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..5 {
        let [more, less] = house.give_and_take(nodes[1]);
        (given, taken) = (given.max(more), taken.max(less));
        left = left.max(House::leave(nodes));
    }
    let revoked = house.machines(nodes);
    println!("on the other node at most: a grant {given:?}, its end {taken:?}");
    println!("a logout {left:?}, the end of a key or device {revoked:?}");
    assert!(given < REVOKED_WITHIN && taken < REVOKED_WITHIN);
    assert!(left < LOGOUT_WITHIN, "{left:?}");
    assert!(revoked < LOGOUT_WITHIN, "{revoked:?}");
}

impl House {
    /// A key and a device of the organisation, made at one node and revoked there: how long the other lets them in.
    fn machines(&mut self, [_, other]: [SocketAddr; 2]) -> Duration {
        let mut longest = Duration::ZERO;
        let inside = format!("/api/organisations/{}", self.organisation);
        let wanted = json!({"label": "Till", "scopes": ["restaurants.read"]});
        let key = self.owner.post(&format!("{inside}/keys"), &wanted).is(201);
        let devices = format!("/api/restaurants/{}/devices", self.restaurant);
        let offered = json!({"kind": "kitchen", "label": "Hot kitchen"});
        let code = self.owner.post(&devices, &offered).is(201).text("code");
        let paired = Browser::new(other)
            .post("/api/devices/pair", &json!({"code": code}))
            .is(201);
        let restaurant = format!("/api/restaurants/{}/record", self.restaurant);
        for (made, kind) in [(key, "key"), (paired, "device")] {
            let bearer = format!("Bearer {}", made.text("secret"));
            let ask = || {
                let headers = [("authorization", bearer.as_str())];
                Browser::new(other).ask_with("GET", &restaurant, &headers, &Value::Null)
            };
            ask().is(200);
            let id = made.text(&format!("{kind}.id"));
            self.owner
                .ask("DELETE", &format!("{inside}/{kind}s/{id}"), &Value::Null)
                .is(204);
            let clock = Clock::real();
            wait_for(|| (ask().status == 401).then_some(()));
            longest = longest.max(clock.elapsed());
        }
        longest
    }
}
