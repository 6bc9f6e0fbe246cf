//! Passkeys in a real Chromium with a virtual authenticator, against a real server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use domain::people::PersonId;
use edge::Edge;
use edge::server::{self, Readiness};
use engine::Stop;
use serde_json::{Value, json};
use testkit::trial::Engine;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::provider::{node, skip};
use crate::world::Shop;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passkeys_in_a_browser_on_sqlite() {
    all_of_it(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passkeys_in_a_browser_on_postgres() {
    all_of_it(Engine::Postgres).await;
}

/// One browser for all of it, because it takes seconds to start.
async fn all_of_it(on: Engine) {
    let Some(tools) = Tools::find() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let shop = Shop::with(on, &origin, Vec::new()).await;
    let _served = serve(listener, &shop);
    let (person, signed_in) = shop.somebody().await;
    let mut browser = Steered::start(&tools, &origin, &signed_in.cookies["__Host-comanda"]);
    browser.step(json!({"act": "authenticator"})).is(200, "");

    makes_and_proves(&shop, &mut browser).await;
    is_used_as_it_should(&shop, &mut browser).await;
    signs_in_with_nothing_else((&shop, person), &mut browser).await;
    belongs_to_one(&shop, &mut browser).await;
    assert!(shop.app.has_second(person).await.unwrap());
}

async fn makes_and_proves(shop: &Shop, browser: &mut Steered) {
    let before = browser.cookie();
    let made = browser.step(json!({"act": "create", "name": "Laptop"}));
    made.is(200, "");
    assert_eq!(
        made.0["body"]["recoveryCodes"].as_array().unwrap().len(),
        10
    );
    assert_ne!(browser.cookie(), before, "the session has another id");
    browser
        .step(json!({"act": "replay"}))
        .is(403, "factor_refused");
    // The browser itself does not make a second one for the same person.
    browser
        .step(json!({"act": "create"}))
        .is(0, "InvalidStateError");
    let mut own = shop.browser();
    own.take("__Host-comanda", &browser.cookie());
    let listed = own.get("/api/me/factors").await.ok();
    assert_eq!(listed.body["factors"][0]["name"], "Laptop");
    assert_eq!(listed.body["factors"][0]["kind"], "passkey");
}

async fn is_used_as_it_should(shop: &Shop, browser: &mut Steered) {
    let before = browser.cookie();
    browser.step(json!({"act": "prove"})).is(200, "");
    assert_ne!(browser.cookie(), before);
    let mut old = shop.browser();
    old.take("__Host-comanda", &before);
    assert_eq!(old.get("/api/me/factors").await.status.as_u16(), 401);
    browser
        .step(json!({"act": "replay"}))
        .is(403, "factor_refused");
    for spoil in ["signature", "authenticatorData", "clientDataJSON"] {
        browser
            .step(json!({"act": "prove", "spoil": spoil}))
            .is(403, "factor_refused");
    }
    // Without a finger or a PIN nothing is signed.
    browser.step(json!({"act": "verified", "value": false}));
    browser
        .step(json!({"act": "prove"}))
        .is(0, "NotAllowedError");
    browser.step(json!({"act": "verified", "value": true}));
    // A challenge that lay about for too long.
    let mut own = shop.browser();
    own.take("__Host-comanda", &browser.cookie());
    let begun = own.poke("/api/auth/second-factor/passkey/begin").await.ok();
    let stale = json!({"state": begun.body["state"], "credential": {"id": "x"}});
    own.post("/api/auth/second-factor/passkey/finish", stale)
        .await
        .refused(403, "factor_refused");
}

async fn signs_in_with_nothing_else((shop, person): (&Shop, PersonId), browser: &mut Steered) {
    browser.step(json!({"act": "forget"}));
    browser
        .step(json!({"act": "create"}))
        .is(401, "unauthenticated");
    browser
        .step(json!({"act": "sign_in", "spoil": "signature"}))
        .is(403, "factor_refused");
    // Who was a guest in this browser until now is the person from now on.
    let (guest, came) = shop.guest().await;
    browser.step(json!({"act": "cookie", "value": came.cookies["__Host-comanda"]}));
    browser.step(json!({"act": "sign_in"})).is(200, "");
    assert_eq!(shop.guests_of(person).await, json!([guest]));
    let mut own = shop.browser();
    own.take("__Host-comanda", &browser.cookie());
    let sessions = own.get("/api/me/sessions").await.ok();
    let all = sessions.body["items"].as_array().unwrap().clone();
    let current = all
        .iter()
        .find(|session| session["current"] == true)
        .unwrap();
    assert_eq!(current["factors"], 2, "a passkey proves two things at once");
    browser
        .step(json!({"act": "replay"}))
        .is(403, "factor_refused");
    // A copy of it has counted less than we have seen.
    browser.step(json!({"act": "forget"}));
    browser.step(json!({"act": "rewind"}));
    browser
        .step(json!({"act": "sign_in"}))
        .is(403, "factor_refused");
}

async fn belongs_to_one(shop: &Shop, browser: &mut Steered) {
    let (other, mut signed_in) = shop.somebody().await;
    signed_in
        .poke("/api/auth/second-factor/passkey/begin")
        .await
        .refused(404, "not_found");
    // Another person makes one on the same machine; it does not sign the first one in.
    browser.step(json!({"act": "cookie", "value": signed_in.cookies["__Host-comanda"]}));
    browser.step(json!({"act": "authenticator"}));
    browser
        .step(json!({"act": "create", "name": "Mine"}))
        .is(200, "");
    let mut own = shop.browser();
    own.take("__Host-comanda", &browser.cookie());
    let listed = own.get("/api/me/factors").await.ok();
    let id = listed.body["factors"][0]["id"].as_str().unwrap().to_owned();
    own.delete(&format!("/api/me/factors/{id}")).await.ok();
    assert!(!shop.app.has_second(other).await.unwrap());
    // What was removed signs nobody in any more.
    browser.step(json!({"act": "forget"}));
    browser
        .step(json!({"act": "sign_in"}))
        .is(403, "factor_refused");
}

fn serve(listener: TcpListener, shop: &Shop) -> JoinSet<()> {
    let edge: Edge = shop.edge.clone();
    let parts = server::Parts {
        clock: base::Clock::real(),
        readiness: Readiness::new(),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        server::serve(
            listener,
            edge,
            None,
            server::Settings::default(),
            parts,
            Stop::new(),
        )
        .await;
    });
    tasks
}

/// What steers the browser.
struct Tools {
    node: PathBuf,
    chromium: PathBuf,
}

impl Tools {
    fn find() -> Option<Self> {
        let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
        let chromium = chromium.into_iter().find(|program| program.is_file());
        let node = node().map_or_else(|| "node".into(), |(node, _)| node);
        let runs = Command::new(&node).arg("--version").output().is_ok();
        match chromium.filter(|_| runs) {
            Some(chromium) => Some(Tools { node, chromium }),
            None => {
                skip("Chromium or Node.js");
                None
            }
        }
    }
}

/// A browser that does what it is told, and ends when this value goes.
struct Steered {
    child: Child,
    /// Closing it ends all.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    profile: PathBuf,
}

/// What a step gave.
#[derive(Debug)]
struct Gave(Value);

impl Gave {
    #[track_caller]
    fn is(&self, status: u64, code: &str) {
        let said = (
            self.0["status"].as_u64(),
            self.0["body"]["code"].as_str().unwrap_or_default(),
        );
        assert_eq!(said, (Some(status), code), "{self:?}");
    }
}

impl Steered {
    fn start(tools: &Tools, origin: &str, cookie: &str) -> Self {
        let name = format!("comanda-browser-{}", base::Random::real().u64());
        let profile = std::env::temp_dir().join(name);
        let mut child = Command::new(&tools.node)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/factors/passkeys.mjs"
            ))
            .args([&tools.chromium, &profile])
            .args([origin, cookie])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js does not start");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut steered = Steered {
            child,
            input,
            output,
            profile,
        };
        steered.hear().is(200, "");
        steered
    }

    fn step(&mut self, step: Value) -> Gave {
        writeln!(self.input.as_mut().unwrap(), "{step}").unwrap();
        self.hear()
    }

    fn hear(&mut self) -> Gave {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        Gave(serde_json::from_str(&line).expect("the browser has ended"))
    }

    /// The cookie that opens the session.
    fn cookie(&mut self) -> String {
        let cookies = self.step(json!({"act": "cookies"}));
        cookies.0["body"]["__Host-comanda"]
            .as_str()
            .expect("no session")
            .to_owned()
    }
}

impl Drop for Steered {
    fn drop(&mut self) {
        drop(self.input.take());
        for _ in 0..500 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // One that hangs is killed; the browser ends with the pipe that steers it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
