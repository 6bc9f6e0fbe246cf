//! What PayPal tells by itself: events as its own description has them, signed, and verified for whoever asks.
//!
//! The signature is no real one. It tells bodies, names and times apart, and nobody but the stand-in can make it.

use std::fmt::Write as _;

use base::Time;
use rpc::providers::{Act, Answer, Asked, Notice};
use serde_json::{Value, json};

use super::answers;
use super::asks::{self, Complaint, complaint};
use super::wire::Seen;
use crate::provider::{Entry, Fake, Held, Ledger};

/// Whom the program says that its notices are for.
pub(super) const WEBHOOK: &str = "WH1";
const CERTIFICATE: &str = "https://api-m.sandbox.paypal.com/v1/notifications/certs/CERT-stand-in";
/// What comes before the event in a request to verify one; the event itself is signed as it stands.
const EVENT: &str = "\"webhook_event\":";
const FIELDS: [&str; 7] = [
    "auth_algo",
    "cert_url",
    "transmission_id",
    "transmission_sig",
    "transmission_time",
    "webhook_id",
    "webhook_event",
];

/// One event, as it is told however often.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) body: String,
}

impl Event {
    /// The same as a forger would write it, who wants more.
    pub(super) fn forged(&self) -> Self {
        Event {
            id: format!("{}-forged", self.id),
            body: self.body.replace("\"value\":\"", "\"value\":\"9"),
        }
    }
}

/// What the provider has to tell of everything that it did since it was asked last.
pub(super) fn events(fake: &Fake, at: Time) -> Vec<Event> {
    let notices = fake.take_notices();
    fake.book(|ledger| {
        let all = notices.iter();
        all.filter_map(|notice| event(ledger, notice, at)).collect()
    })
}

/// What is told of something that was done. Of what it refused, PayPal tells nothing that we listen to.
fn event(ledger: &Ledger, notice: &Notice, at: Time) -> Option<Event> {
    let Answer::Done { reference, .. } = &notice.answer else {
        return None;
    };
    let (asked, entry) = ledger.asked(reference)?;
    let (kind, what, resource) = match notice.act {
        Act::Authorise => (
            "authorization",
            "AUTHORIZATION.CREATED",
            answers::authorisation(entry, Held::default_of(entry)),
        ),
        Act::Capture => (
            "capture",
            "CAPTURE.COMPLETED",
            answers::capture(entry, entry.amount.minor()),
        ),
        Act::Refund => ("refund", "CAPTURE.REFUNDED", answers::refund(entry)),
        Act::Cancel => {
            let held = let_go(ledger, asked)?;
            ("authorization", "AUTHORIZATION.VOIDED", held)
        }
    };
    let id = format!("WH-{}", notice.id);
    let body = json!({
        "id": id,
        "event_version": "1.0",
        "create_time": at.to_string(),
        "resource_type": kind,
        "event_type": format!("PAYMENT.{what}"),
        "summary": "Something happened to a payment",
        "resource": resource,
        "links": [],
    });
    let body = body.to_string();
    Some(Event { id, body })
}

/// The authorisation that was let go of.
fn let_go(ledger: &Ledger, asked: &Asked) -> Option<Value> {
    let Asked::Cancel(change) = asked else {
        return None;
    };
    let (_, entry) = ledger.named(Act::Authorise, &change.reference)?;
    let held = Held {
        cancelled_minor: entry.amount.minor(),
        ..Held::default_of(entry)
    };
    Some(answers::authorisation(entry, held))
}

/// The head of an event that is sent at this time under this name.
pub(super) fn heads(seal: u64, (id, at): (&str, Time), body: &str) -> [(&'static str, String); 5] {
    let at = at.to_string();
    [
        ("paypal-transmission-id", id.to_owned()),
        (
            "paypal-transmission-sig",
            signature(seal, &[id, &at, WEBHOOK, body]),
        ),
        ("paypal-transmission-time", at),
        ("paypal-cert-url", CERTIFICATE.to_owned()),
        ("paypal-auth-algo", "SHA256withRSA".to_owned()),
    ]
}

/// Says whether it has sent an event so.
pub(super) fn verify(seal: u64, seen: &Seen) -> Result<Value, Complaint> {
    let body = asks::body(seen)?;
    let missing = complaint(400, "MISSING_REQUIRED_PARAMETER");
    let fields = body.as_object().ok_or(missing)?;
    if fields.len() != FIELDS.len() || !fields.contains_key(FIELDS[6]) {
        return Err(missing);
    }
    let text = |name: &str| body[name].as_str().ok_or(missing);
    let whole = std::str::from_utf8(&seen.body).map_err(|_| missing)?;
    let (_, event) = whole.split_once(EVENT).ok_or(missing)?;
    let event = event.strip_suffix('}').ok_or(missing)?;
    let signed = [
        text("transmission_id")?,
        text("transmission_time")?,
        text("webhook_id")?,
        event,
    ];
    let is_ours = text("webhook_id")? == WEBHOOK
        && text("cert_url")? == CERTIFICATE
        && text("auth_algo")? == "SHA256withRSA"
        && text("transmission_sig")? == signature(seal, &signed);
    let said = if is_ours { "SUCCESS" } else { "FAILURE" };
    Ok(json!({ "verification_status": said }))
}

fn signature(seal: u64, parts: &[&str]) -> String {
    let mut text = String::new();
    // Four sums that begin differently, for one is too short to be taken for a signature.
    for round in 0..4_u64 {
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
        let sum = bytes.fold(
            seal ^ round.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3),
        );
        // A text takes whatever is written to it.
        let _written = write!(text, "{sum:016x}");
    }
    text
}

impl Held {
    /// As it was when the money had just been held.
    fn default_of(entry: &Entry) -> Self {
        Held {
            authorised_minor: entry.amount.minor(),
            ..Held::default()
        }
    }
}
