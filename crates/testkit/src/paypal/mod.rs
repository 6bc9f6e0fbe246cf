//! A stand-in of PayPal over HTTP, for drills with the program itself: Orders v2 and Payments v2 as far as our adapter
//! uses them, and notices ([`Post`]), before the book of the fake provider, which outlives whatever is killed.
//!
//! It refuses what PayPal would refuse: a stranger's token, a body that is none, more than was held or taken, a second
//! body under a known key. It loses, delays, repeats and breaks as its faults say. Clones are the same provider.

mod answers;
mod asks;
mod notices;
mod post;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::io::BufReader;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{Random, Time, Uid};
use rpc::providers::{Act, Answer, Asked, Change};
use serde_json::Value;

use self::asks::{Complaint, complaint};
pub use self::post::{Habits, Post, Told};
use self::wire::Seen;
use crate::provider::{Counts, Entry, Fake, Faults, Held, Ledger, Way};

/// The text of the file of credentials that it lets in.
pub const CREDENTIALS: &str = "client_id = stand\nclient_secret = in-for-paypal\n";
/// The same as it comes.
const BASIC: &str = "Basic c3RhbmQ6aW4tZm9yLXBheXBhbA==";
/// What its tokens begin with; the number of the one that was given follows.
const TOKEN: &str = "A21AAstandin";
/// How long it is silent where it answers too late.
const LATE: Duration = Duration::from_secs(3);
/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(60);
/// How many exchanges it remembers for whoever wants to judge them.
const EXCHANGES_MAX: usize = 1_000;

/// The stand-in. It is there until the process ends or the last clone goes.
#[derive(Clone)]
pub struct PayPal(Arc<Desk>);

struct Desk {
    address: SocketAddr,
    book: Arc<Book>,
}

struct Book {
    fake: Fake,
    random: Random,
    /// What goes into its signatures; nobody else knows it.
    seal: u64,
    is_closed: AtomicBool,
    tokens: AtomicU64,
    exchanges: Mutex<Vec<Exchange>>,
}

/// What was sent and what was answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The status that was answered.
    pub status: u16,
    /// The body that was answered.
    pub said: String,
}

/// A status and a body; none for 204.
type Reply = (u16, Option<Value>);

impl PayPal {
    /// Opens it on a free port of this machine.
    ///
    /// # Panics
    /// There is no free port.
    #[must_use]
    pub fn open(random: &Random) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no free port");
        let address = listener.local_addr().expect("no address");
        let book = Arc::new(Book {
            fake: Fake::new("paypal", random),
            random: random.clone(),
            seal: random.u64(),
            is_closed: AtomicBool::new(false),
            tokens: AtomicU64::new(0),
            exchanges: Mutex::default(),
        });
        let kept = Arc::clone(&book);
        let open = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if kept.is_closed.load(Ordering::Relaxed) {
                    return;
                }
                let book = Arc::clone(&kept);
                let serve = std::thread::Builder::new().name("paypal call".to_owned());
                serve.spawn(move || book.serve(stream)).expect("no thread");
            }
        };
        let door = std::thread::Builder::new().name("paypal".to_owned());
        door.spawn(open).expect("no thread");
        PayPal(Arc::new(Desk { address, book }))
    }

    /// Where it is, as `[payments]` wants it written.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// The words that make `comanda serve` use it, with its credentials in a file in this folder.
    ///
    /// # Panics
    /// The file cannot be written.
    #[must_use]
    pub fn words(&self, folder: &std::path::Path) -> Vec<String> {
        use std::os::unix::fs::PermissionsExt as _;
        let file = folder.join("paypal");
        std::fs::write(&file, CREDENTIALS).expect("no file for the credentials");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&file, private).expect("no private file");
        let (file, url) = (file.display(), self.url());
        let account = format!(
            "{{ credentials_file = \"{file}\", webhook_id = \"{}\", url = \"{url}\" }}",
            notices::WEBHOOK
        );
        let all = [
            "payments.providers=[\"paypal\"]".to_owned(),
            format!("payments.paypal={account}"),
        ];
        all.into_iter()
            .flat_map(|set| ["--set".to_owned(), set])
            .collect()
    }

    /// From now on so many calls go wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.0.book.fake.set_faults(faults);
    }

    /// From now on nothing is answered.
    pub fn go_down(&self) {
        self.0.book.fake.go_down();
    }

    /// It answers again.
    pub fn come_up(&self) {
        self.0.book.fake.come_up();
    }

    /// Does now what was on its way all the time.
    pub fn deliver_delayed(&self) {
        self.0.book.fake.deliver_delayed();
    }

    /// What was asked and what became of it, by attempt.
    #[must_use]
    pub fn entries(&self) -> BTreeMap<Uid, Entry> {
        self.0.book.fake.entries()
    }

    /// How much is held, taken and given back, by the name of the authorisation.
    #[must_use]
    pub fn held(&self) -> HashMap<String, Held> {
        self.0.book.fake.held()
    }

    /// How often what happened; tokens are not counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.book.fake.counts()
    }

    /// What there is to tell since it was told last, signed: the head and the body of each notice. A [`Post`] tells it by
    /// itself.
    #[must_use]
    pub fn write_notices(&self) -> Vec<(Vec<(String, String)>, String)> {
        let (book, at) = (&self.0.book, Time::EPOCH);
        let events = notices::events(&book.fake, at);
        let letters = events.into_iter().map(|event| {
            let heads = notices::heads(book.seal, (&event.id, at), &event.body);
            let heads = heads.map(|(name, value)| (name.to_owned(), value));
            (heads.to_vec(), event.body)
        });
        letters.collect()
    }

    /// The first of what was sent and answered, in its order.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        let kept = self.0.book.exchanges.lock();
        kept.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.book.is_closed.store(true, Ordering::Relaxed);
        // Whoever waits for a guest is woken by one; nobody else needs to hear that it cannot be reached.
        let _woken = TcpStream::connect(self.address);
    }
}

impl Book {
    /// One connection, as long as there are requests on it.
    fn serve(&self, mut stream: TcpStream) {
        let Ok(own) = stream.try_clone() else { return };
        if stream.set_read_timeout(Some(IDLE)).is_err() || stream.set_nodelay(true).is_err() {
            return;
        }
        let mut reading = BufReader::new(own);
        while let Some(seen) = wire::read(&mut reading) {
            let ((status, body), way) = self.answer(&seen);
            let (status, body) = match way {
                Way::Whole => (status, body),
                Way::Down | Way::Lost => return,
                Way::Broken => {
                    let broken = complaint(500, "INTERNAL_SERVER_ERROR");
                    (500, Some(answers::complaint(broken)))
                }
                Way::Late => {
                    std::thread::sleep(LATE);
                    return;
                }
            };
            let said = body.map_or_else(String::new, |body| body.to_string());
            self.note(&seen, status, &said);
            let is_last = seen.header("connection") == Some("close");
            let is_closed = self.is_closed.load(Ordering::Relaxed);
            if is_closed || !wire::write(&mut stream, status, &said) || is_last {
                return;
            }
        }
    }

    fn note(&self, seen: &Seen, status: u16, said: &str) {
        let mut kept = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.len() < EXCHANGES_MAX && !seen.path.ends_with("/oauth2/token") {
            let Seen {
                method,
                path,
                headers,
                body,
            } = seen.clone();
            let said = said.to_owned();
            kept.push(Exchange {
                method,
                path,
                headers,
                body,
                status,
                said,
            });
        }
    }

    fn answer(&self, seen: &Seen) -> (Reply, Way) {
        if seen.path == "/v1/oauth2/token" {
            let way = match self.fake.is_down() {
                true => Way::Down,
                false => Way::Whole,
            };
            return (self.token(seen), way);
        }
        let no = |complaint: Complaint| {
            let body = answers::complaint(complaint);
            ((complaint.status, Some(body)), Way::Whole)
        };
        if !self.is_let_in(seen) {
            return no(complaint(401, "INVALID_ACCESS_TOKEN"));
        }
        let parts: Vec<&str> = seen.path.split('/').skip(1).collect();
        let answered = match (seen.method.as_str(), parts.as_slice()) {
            ("POST", ["v2", "checkout", "orders"]) => self.order(seen),
            ("POST", ["v2", "payments", "authorizations", held, "capture"]) => {
                self.capture(seen, held)
            }
            ("POST", ["v2", "payments", "authorizations", held, "void"]) => self.void(seen, held),
            ("POST", ["v2", "payments", "captures", taken, "refund"]) => self.refund(seen, taken),
            ("GET", ["v2", "payments", kind, name]) => self.see(kind, name),
            ("POST", ["v1", "notifications", "verify-webhook-signature"]) => {
                let (_, way) = self.fake.read(|_| ());
                notices::verify(self.seal, seen).map(|said| ((200, Some(said)), way))
            }
            _ => Err(complaint(404, "INVALID_RESOURCE_ID")),
        };
        answered.unwrap_or_else(no)
    }

    /// A token for whoever knows the secret.
    fn token(&self, seen: &Seen) -> Reply {
        let is_form = seen.header("content-type") == Some("application/x-www-form-urlencoded");
        let is_ours = seen.header("authorization") == Some(BASIC);
        let is_asked = seen.body == b"grant_type=client_credentials";
        if seen.method != "POST" || !(is_form && is_ours && is_asked) {
            let said = answers::complaint(complaint(401, "invalid_client"));
            return (401, Some(said));
        }
        let number = self.tokens.fetch_add(1, Ordering::Relaxed) + 1;
        (200, Some(answers::token(&format!("{TOKEN}{number}"))))
    }

    fn is_let_in(&self, seen: &Seen) -> bool {
        let given = seen.header("authorization").unwrap_or_default();
        let number = given.strip_prefix("Bearer ").and_then(|token| {
            let number = token.strip_prefix(TOKEN)?;
            number.parse::<u64>().ok()
        });
        let last = self.tokens.load(Ordering::Relaxed);
        number.is_some_and(|number| (1..=last).contains(&number))
    }

    fn order(&self, seen: &Seen) -> Result<(Reply, Way), Complaint> {
        self.settle(&Asked::Authorise(asks::charge(seen)?))
    }

    fn capture(&self, seen: &Seen, held: &str) -> Result<(Reply, Way), Complaint> {
        self.settle(&Asked::Capture(asks::capture(seen, held)?))
    }

    fn refund(&self, seen: &Seen, taken: &str) -> Result<(Reply, Way), Complaint> {
        self.settle(&Asked::Refund(asks::refund(seen, taken)?))
    }

    /// Letting go has no key: there is one for each authorisation, and the second is told that it is the second.
    fn void(&self, seen: &Seen, held: &str) -> Result<(Reply, Way), Complaint> {
        if !seen.body.is_empty() {
            asks::body(seen)?;
        }
        let known = self.fake.book(|ledger| {
            let (attempt, entry) = ledger.named(Act::Authorise, held)?;
            let change = Change {
                attempt: turned(attempt),
                merchant_reference: entry.merchant_reference.clone(),
                reference: held.to_owned(),
                amount: entry.amount,
            };
            Some((change, ledger.of_authorisation(held)?))
        });
        let (change, before) = known.ok_or(complaint(404, "INVALID_RESOURCE_ID"))?;
        if before.cancelled_minor > 0 {
            let (_, way) = self.fake.read(|_| ());
            let again = complaint(422, "PREVIOUSLY_VOIDED");
            return Ok(((422, Some(answers::complaint(again))), way));
        }
        if before.captured_minor > 0 {
            return Err(complaint(422, "PREVIOUSLY_CAPTURED"));
        }
        self.settle(&Asked::Cancel(change))
    }

    /// Has the effect, and says what there is now.
    fn settle(&self, asked: &Asked) -> Result<(Reply, Way), Complaint> {
        let (answer, way) = self.fake.arrive(asked);
        if way != Way::Whole {
            return Ok(((500, None), way));
        }
        let reply = match answer {
            Answer::Done { reference, .. } => self.fake.book(|ledger| match asked {
                Asked::Cancel(_) => Some((204, None)),
                _ => see(ledger, asked.act(), &reference)
                    .map(|(order, thing)| (201, Some(order.unwrap_or(thing)))),
            }),
            Answer::Refused { code, .. } => return Err(why(&code)),
            _ => None,
        };
        Ok((reply.ok_or(complaint(404, "INVALID_RESOURCE_ID"))?, way))
    }

    fn see(&self, kind: &str, name: &str) -> Result<(Reply, Way), Complaint> {
        let act = match kind {
            "authorizations" => Act::Authorise,
            "captures" => Act::Capture,
            "refunds" => Act::Refund,
            _ => return Err(complaint(404, "INVALID_RESOURCE_ID")),
        };
        let (found, way) = self.fake.read(|ledger| see(ledger, act, name));
        let (_, thing) = found.ok_or(complaint(404, "INVALID_RESOURCE_ID"))?;
        Ok(((200, Some(thing)), way))
    }
}

/// A thing of this name as it stands now, and for an authorisation the order around it.
fn see(ledger: &Ledger, act: Act, name: &str) -> Option<(Option<Value>, Value)> {
    let (_, entry) = ledger.named(act, name)?;
    Some(match act {
        Act::Authorise => {
            let held = ledger.of_authorisation(name)?;
            let order = answers::order(entry, held);
            (Some(order), answers::authorisation(entry, held))
        }
        Act::Capture => (None, answers::capture(entry, ledger.left_of_capture(name)?)),
        Act::Refund => (None, answers::refund(entry)),
        Act::Cancel => return None,
    })
}

/// What the book calls its refusals, in PayPal's words.
fn why(code: &str) -> Complaint {
    match code {
        "card_refused" => complaint(422, "INSTRUMENT_DECLINED"),
        "token_unknown" => complaint(422, "TOKEN_ID_NOT_FOUND"),
        "no_such_payment" | "no_such_capture" => complaint(404, "INVALID_RESOURCE_ID"),
        "above_authorised" => complaint(422, "MAX_CAPTURE_AMOUNT_EXCEEDED"),
        "above_captured" => complaint(422, "REFUND_AMOUNT_EXCEEDED"),
        "nothing_left" => complaint(422, "PREVIOUSLY_VOIDED"),
        "other_body" => complaint(422, "INVALID_PAYPAL_REQUEST_ID"),
        _ => complaint(422, "CANNOT_BE_ZERO_OR_NEGATIVE"),
    }
}

/// The attempt that stands for letting go of what this one holds.
fn turned(attempt: Uid) -> Uid {
    let mut bytes = *attempt.as_bytes();
    if let Some(first) = bytes.first_mut() {
        *first ^= 0x80;
    }
    Uid::from_bytes(bytes)
}
