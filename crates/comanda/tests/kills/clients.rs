//! Clients that write down what they ask and what they are told.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use testkit::serve::{Reply, Serve, ask, try_ask};

const CLIENTS: usize = 64;
const ORGANISATIONS: usize = 8;
/// How often a request is sent again while the server says that it cannot take it now.
const TRIES_MAX: u32 = 400;
/// The clients are an operator, who says why he acts; that is in the audit log before he does.
const REASON: (&str, &str) = ("x-acting-reason", "They have asked for many brands");

/// What the clients work on: an operator's key and some organisations.
#[derive(Clone)]
pub(crate) struct World {
    key: String,
    organisations: Vec<String>,
}

/// One request for a brand, and what was answered to it.
#[derive(Clone, Debug)]
struct Wish {
    organisation: String,
    name: String,
    /// The id that was answered, or nothing when the answer was lost.
    told: Option<String>,
}

/// The clients together.
pub(crate) struct Clients {
    world: World,
    wishes: Arc<Mutex<Vec<Wish>>>,
    number: Arc<AtomicU64>,
}

/// Clients at work.
pub(crate) struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    acknowledged: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    other: Vec<String>,
    never_asked: Vec<String>,
}

impl World {
    /// Claims the set-up link and makes the organisations.
    pub(crate) fn make(serve: &Serve) -> Self {
        let link = serve.ready("setup").expect("no set-up link");
        let token = link.split_once('#').map_or(link, |(_, token)| token);
        let claim = serde_json::json!({"token": token, "name": "Ada", "email": "ada@example.com"});
        let claimed = json(&serve.post("/api/setup", &[], &claim.to_string()));
        let mut world = World {
            key: text(&claimed["key"]),
            organisations: Vec::new(),
        };
        for number in 0..ORGANISATIONS {
            let body = serde_json::json!({"name": format!("Group {number}")}).to_string();
            let made = json(
                &world
                    .post(serve.http(), "/api/organisations", "", &body)
                    .unwrap(),
            );
            let id = text(&made["id"]);
            // The drill makes more brands than a small plan holds.
            let plan = serde_json::json!({"plan": "enterprise", "version": 1}).to_string();
            let path = format!("/api/organisations/{id}/plan");
            json(&world.send(serve.http(), ("PUT", &path), "", &plan).unwrap());
            world.organisations.push(id);
        }
        world
    }

    fn post(
        &self,
        address: SocketAddr,
        path: &str,
        key: &str,
        body: &str,
    ) -> std::io::Result<Reply> {
        self.send(address, ("POST", path), key, body)
    }

    fn send(
        &self,
        address: SocketAddr,
        (method, path): (&str, &str),
        key: &str,
        body: &str,
    ) -> std::io::Result<Reply> {
        let bearer = format!("Bearer {}", self.key);
        let mut headers = vec![
            ("authorization", bearer.as_str()),
            REASON,
            ("content-type", "application/json"),
        ];
        if !key.is_empty() {
            headers.push(("idempotency-key", key));
        }
        try_ask(address, method, path, &headers, body)
    }

    /// All brands that there are: id and name, by organisation.
    pub(crate) fn list(&self, address: SocketAddr) -> BTreeMap<String, Vec<(String, String)>> {
        let all = self.organisations.iter();
        all.map(|id| (id.clone(), self.list_one(address, id)))
            .collect()
    }

    fn list_one(&self, address: SocketAddr, organisation: &str) -> Vec<(String, String)> {
        let bearer = format!("Bearer {}", self.key);
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/organisations/{organisation}/brands?limit=100{cursor}");
            let page = json(&ask(
                address,
                "GET",
                &path,
                &[("authorization", &bearer), REASON],
                "",
            ));
            let items = page["items"].as_array().unwrap();
            all.extend(
                items
                    .iter()
                    .map(|item| (text(&item["id"]), text(&item["name"]))),
            );
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}

impl Clients {
    pub(crate) fn new(world: &World) -> Self {
        Clients {
            world: world.clone(),
            wishes: Arc::default(),
            number: Arc::default(),
        }
    }

    /// Sets all clients to work, until the server is gone.
    pub(crate) fn write(&self, address: SocketAddr) -> Busy {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |client: usize| {
            let (world, wishes) = (self.world.clone(), Arc::clone(&self.wishes));
            let (number, stop) = (Arc::clone(&self.number), Arc::clone(&stop));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let name = format!("Brand {}", number.fetch_add(1, Ordering::Relaxed));
                    let organisation = world.organisations[client % ORGANISATIONS].clone();
                    let mut wish = Wish {
                        organisation,
                        name,
                        told: None,
                    };
                    let reached = wish.send(&world, address);
                    wishes.lock().unwrap().push(wish);
                    if !reached {
                        return;
                    }
                }
            })
        };
        let threads = (0..CLIENTS).map(start).collect();
        Busy { stop, threads }
    }

    /// Sends again, under the same key, what was never answered.
    pub(crate) fn ask_again(&self, address: SocketAddr) {
        let mut wishes = self.wishes.lock().unwrap();
        for wish in wishes.iter_mut().filter(|wish| wish.told.is_none()) {
            for _ in 0..TRIES_MAX {
                if wish.send(&self.world, address) && wish.told.is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(wish.told.is_some(), "{} is never answered", wish.name);
        }
    }

    /// Holds what the clients were told against what is there.
    pub(crate) fn compare(&self, listed: &BTreeMap<String, Vec<(String, String)>>) -> Verdict {
        let mut verdict = Verdict::default();
        let mut there: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for (organisation, brands) in listed {
            for (id, name) in brands {
                let key = (organisation.clone(), name.clone());
                there.entry(key).or_default().push(id.clone());
            }
        }
        for wish in self.wishes.lock().unwrap().iter() {
            let key = (wish.organisation.clone(), wish.name.clone());
            let ids = there.remove(&key).unwrap_or_default();
            let Some(told) = &wish.told else { continue };
            verdict.acknowledged += 1;
            match ids.as_slice() {
                [] => verdict.lost.push(wish.name.clone()),
                [id] if id == told => {}
                [_] => verdict.other.push(wish.name.clone()),
                _ => verdict.doubled.push(wish.name.clone()),
            }
        }
        verdict.never_asked = there.into_keys().map(|(_, name)| name).collect();
        verdict
    }
}

impl Wish {
    /// Sends the request; false when nobody answered. Refusals for want of room are no answers to the wish.
    fn send(&mut self, world: &World, address: SocketAddr) -> bool {
        let path = format!("/api/organisations/{}/brands", self.organisation);
        let body = serde_json::json!({"name": self.name}).to_string();
        for _ in 0..TRIES_MAX {
            let Ok(reply) = world.post(address, &path, &self.name.replace(' ', "-"), &body) else {
                return false;
            };
            match reply.status {
                201 => {
                    self.told = Some(text(&json(&reply)["id"]));
                    return true;
                }
                409 | 503 => std::thread::sleep(Duration::from_millis(5)),
                status => panic!("{status}: {}", reply.body),
            }
        }
        true
    }
}

impl Busy {
    /// Waits for all of them.
    pub(crate) fn join(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

impl Verdict {
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        let all = [&self.lost, &self.doubled, &self.other, &self.never_asked];
        assert!(all.iter().all(|names| names.is_empty()), "{self:?}");
        assert!(
            self.acknowledged > CLIENTS,
            "too little was written: {self:?}"
        );
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged, {} lost, {} twice, {} under another id, {} that nobody asked for",
            self.acknowledged,
            self.lost.len(),
            self.doubled.len(),
            self.other.len(),
            self.never_asked.len()
        )
    }
}

fn json(reply: &Reply) -> Value {
    assert!(
        (200..300).contains(&reply.status),
        "{}: {}",
        reply.status,
        reply.body
    );
    serde_json::from_str(&reply.body).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
