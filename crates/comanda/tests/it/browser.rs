//! Somebody with a browser: it keeps cookies, says which page asks, and every answer is looked at on the way.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use base::Clock;
use serde_json::{Value, json};
use testkit::serve::{Reply, ask};

use crate::looks;

const COOKIE: &str = "__Host-comanda";
const LETTER_WITHIN: Duration = Duration::from_secs(30);
/// How long a code of an authenticator app is good, in seconds.
const STEP: i64 = 30;

/// A browser with its cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    /// What an authenticator app was told.
    secret: Option<String>,
}

/// An answer, already read.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) reply: Reply,
}

impl Said {
    /// A text in the answer.
    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        let found = name.split('.').fold(&self.body, |value, key| &value[key]);
        let found = found.as_str();
        found
            .unwrap_or_else(|| panic!("no {name}: {} {}", self.status, self.body))
            .to_owned()
    }

    /// The same answer, which must be of this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Browser {
    /// A new browser at this node.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Browser {
            address,
            cookies: BTreeMap::new(),
            secret: None,
        }
    }

    /// The same browser at another node.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Browser {
            address,
            ..self.clone()
        }
    }

    /// Sends a request as a page of ours does.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &Value) -> Said {
        self.ask_with(method, path, &[("sec-fetch-site", "same-origin")], body)
    }

    /// The same with these headers besides the cookies.
    pub(crate) fn ask_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Said {
        let text = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut all = headers.to_vec();
        if !text.is_empty() {
            all.push(("content-type", "application/json"));
        }
        if !cookies.is_empty() {
            all.push(("cookie", &cookies));
        }
        let reply = ask(self.address, method, path, &all, &text);
        let what = format!("{method} {path}: {}", reply.status);
        looks::like_ours(&reply, &what);
        for (name, value) in looks::cookies(&reply, &what) {
            match value.is_empty() {
                true => self.cookies.remove(&name),
                false => self.cookies.insert(name, value),
            };
        }
        Said {
            status: reply.status,
            body: serde_json::from_str(&reply.body).unwrap_or_default(),
            reply,
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Said {
        self.ask("GET", path, &Value::Null)
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Said {
        self.ask("POST", path, body)
    }

    /// The cookie of the session.
    pub(crate) fn cookie(&self) -> Option<&str> {
        self.cookies.get(COOKIE).map(String::as_str)
    }

    /// Signs in by a code that goes to this address; a session of one proof.
    #[track_caller]
    pub(crate) fn sign_in(&mut self, email: &str, letters: &dyn Fn(&str) -> Vec<String>) {
        let before = letters(email).len();
        let sent = self.post("/api/auth/send-otp", &json!({"email": email}));
        let challenge = sent.is(200).text("challenge");
        let text = wait_for(|| {
            let found = letters(email);
            (found.len() > before).then(|| found[0].clone())
        });
        let code = digits(&text);
        let body = json!({"email": email, "code": code, "challenge": challenge});
        self.post("/api/auth/verify-otp", &body).is(200);
        assert!(self.cookie().is_some(), "no session");
    }

    /// Sets up an authenticator app, which proves a second thing.
    #[track_caller]
    pub(crate) fn set_up_app(&mut self) -> Vec<String> {
        let offered = self.post("/api/me/factors/totp", &Value::Null).is(201);
        let secret = offered.text("secret");
        let before = self.cookie().map(str::to_owned);
        let code = totp(&secret, Clock::real().now().as_micros() / 1_000_000 / STEP);
        let confirmed = self
            .post("/api/me/factors/totp/confirm", &json!({"code": code}))
            .is(200);
        assert_ne!(
            self.cookie(),
            before.as_deref(),
            "a step up is a new session"
        );
        self.secret = Some(secret);
        let codes = confirmed.body["recoveryCodes"].as_array().unwrap();
        codes
            .iter()
            .map(|code| code.as_str().unwrap().to_owned())
            .collect()
    }

    /// What the authenticator app was told.
    pub(crate) fn app_secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Draws tokens for an app of the person who is signed in.
    #[track_caller]
    pub(crate) fn tokens(&mut self) -> (String, String) {
        let drawn = self.post("/api/auth/tokens", &Value::Null).is(200);
        (drawn.text("accessToken"), drawn.text("refreshToken"))
    }
}

/// The letters to somebody in the development inbox of some nodes, the newest first.
pub(crate) fn inbox(nodes: &[SocketAddr], to: &str) -> Vec<String> {
    let mut found = Vec::new();
    for node in nodes {
        let reply = ask(*node, "GET", "/api/dev/inbox", &[], "");
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let items = body["items"].as_array().unwrap();
        let letters = items.iter().filter(|letter| letter["to"] == to);
        let text = |letter: &Value| format!("{}\n{}", letter["subject"], letter["text"]);
        found.extend(letters.map(|letter| (letter["at"].to_string(), text(letter))));
    }
    found.sort();
    found.reverse();
    found.into_iter().map(|(_, letter)| letter).collect()
}

/// The six digits of a letter.
pub(crate) fn digits(letter: &str) -> String {
    letter
        .split(|c: char| !c.is_ascii_digit())
        .find(|word| word.len() == 6)
        .unwrap_or_else(|| panic!("no code: {letter}"))
        .to_owned()
}

/// The token in the letter of an invitation.
pub(crate) fn invitation(letter: &str) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let (_, rest) = letter.split_once("#inv_").unwrap();
    let token: String = rest.chars().take_while(|c| of_token(*c)).collect();
    format!("inv_{token}")
}

/// Asks until there is something.
#[track_caller]
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::real();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock.elapsed() < LETTER_WITHIN, "it does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A code of RFC 6238, written from the RFC, so that the program is not held against itself.
fn totp(secret: &str, step: i64) -> String {
    let (mut key, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in secret.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            digit => digit - b'2' + 26,
        };
        (held, bits) = (held << 5 | u32::from(value), bits + 5);
        if bits >= 8 {
            bits -= 8;
            key.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[test]
fn codes_of_apps_are_those_of_the_rfc() {
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    for (step, code) in [
        (1, "287082"),
        (37_037_036, "081804"),
        (66_666_666, "279037"),
    ] {
        assert_eq!(totp(secret, step), code);
    }
}
