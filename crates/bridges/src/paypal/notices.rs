//! What PayPal tells by itself, verified by PayPal.
//!
//! A notice is signed with the key of a certificate that has to be fetched. We post what came in to the call that
//! PayPal has for it instead: its request and its answer are in PayPal's own schema, so a test can hold ours against
//! that, while of the signed text there is no known answer that is not our own. The address of the certificate must
//! be PayPal's even so, and the heads must have the right shape, so that a forger costs us no call.

use base::{Error, Time, codes};
use http::{Method, Uri};
use rpc::providers::{Act, Answer, Headers, NOTICE_BYTES_MAX, Notice};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answers::{Order, Thing};
use super::{Ask, ORDER, PayPal, whole};
use crate::left::{Left, Told, told};
use crate::said::{Said, by_status, name, parse, unknown};

/// Where certificates of PayPal lie, and nowhere else.
const CERTIFICATE_HOSTS: [&str; 4] = [
    "api.paypal.com",
    "api.sandbox.paypal.com",
    "api-m.paypal.com",
    "api-m.sandbox.paypal.com",
];

#[derive(Deserialize)]
struct Event {
    id: Option<String>,
    event_type: Option<String>,
    #[serde(default)]
    resource: Value,
}

#[derive(Deserialize)]
struct Verdict {
    verification_status: String,
}

/// Verifies a notice and reads it.
pub(super) async fn read(
    paypal: &PayPal,
    headers: Headers<'_>,
    body: &[u8],
) -> base::Result<Vec<Notice>> {
    if body.len() > NOTICE_BYTES_MAX {
        return Err(malformed("a notice of PayPal is too large"));
    }
    let text = std::str::from_utf8(body);
    let text = text.map_err(|_| malformed("a notice of PayPal is no text"))?;
    let event: Event = serde_json::from_str(text)
        .map_err(|_| malformed("a notice of PayPal is not what PayPal writes"))?;
    let heads = Heads::read(headers)?;
    let ask = Ask {
        method: Method::POST,
        path: "/v1/notifications/verify-webhook-signature".to_owned(),
        key: None,
        body: Some(heads.with(&paypal.webhook_id, text).into()),
    };
    let away = || Error::unavailable(codes::UNAVAILABLE, "PayPal does not verify its notice now");
    let heard = paypal.ask(&ask).await.map_err(|_| away())?;
    if by_status(&heard).is_err() {
        return Err(away());
    }
    if heard.status.is_client_error() {
        return Err(forged());
    }
    let verdict: Verdict = parse(&heard).map_err(|_| away())?;
    match verdict.verification_status.as_str() {
        "SUCCESS" => {
            let told = told("paypal", event.event_type.as_deref(), event.notice());
            Ok(told.into_iter().collect())
        }
        _ => Err(forged()),
    }
}

/// What stands in the head of a notice.
struct Heads<'a> {
    id: &'a str,
    time: &'a str,
    signature: &'a str,
    certificate: &'a str,
    algorithm: &'a str,
}

impl<'a> Heads<'a> {
    fn read(headers: Headers<'a>) -> base::Result<Self> {
        let find = |name: &str, chars_max: usize| {
            let mut found = headers.iter().filter(|(known, _)| known == name);
            let value = found.next().map(|(_, value)| value.as_str());
            let is_plain = |value: &&str| {
                let fits = (1..=chars_max).contains(&value.len());
                fits && value.bytes().all(|byte| byte.is_ascii_graphic())
            };
            let is_alone = found.next().is_none();
            value
                .filter(is_plain)
                .filter(|_| is_alone)
                .ok_or_else(forged)
        };
        let heads = Heads {
            id: find("paypal-transmission-id", 50)?,
            time: find("paypal-transmission-time", 100)?,
            signature: find("paypal-transmission-sig", 500)?,
            certificate: find("paypal-cert-url", 500)?,
            algorithm: find("paypal-auth-algo", 100)?,
        };
        let is_time = heads.time.parse::<Time>().is_ok();
        let is_algorithm = heads.algorithm.bytes().all(|c| c.is_ascii_alphanumeric());
        match is_time && is_algorithm && is_certificate(heads.certificate) {
            true => Ok(heads),
            false => Err(forged()),
        }
    }

    /// The request that asks PayPal. The event goes in as it came, byte by byte, for it is signed so; it has been
    /// read before, so it is one value and nothing after it.
    fn with(&self, webhook_id: &str, event: &str) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        format!(
            r#"{{"auth_algo":{},"cert_url":{},"transmission_id":{},"transmission_sig":{},"transmission_time":{},"webhook_id":{},"webhook_event":{event}}}"#,
            quoted(self.algorithm),
            quoted(self.certificate),
            quoted(self.id),
            quoted(self.signature),
            quoted(self.time),
            quoted(webhook_id),
        )
    }
}

fn is_certificate(address: &str) -> bool {
    let Ok(address) = Uri::try_from(address) else {
        return false;
    };
    let authority = address
        .authority()
        .map_or("", |authority| authority.as_str());
    address.scheme_str() == Some("https")
        && CERTIFICATE_HOSTS.contains(&authority)
        && address.path().starts_with("/v1/notifications/certs/")
}

impl Event {
    /// What it says, if it concerns us.
    fn notice(&self) -> Told {
        let kind = self.event_type.as_deref().ok_or(Left::Malformed)?;
        match kind {
            "CHECKOUT.ORDER.APPROVED" => {
                let order: Order = self.resource()?;
                let reference = format!("{ORDER}{}", named(order.id.as_deref())?);
                let unit = order.purchase_units.first();
                let ours = unit.and_then(|unit| unit.custom_id.clone());
                Ok(Some(Notice {
                    id: self.name()?,
                    act: Act::Authorise,
                    reference: Some(reference),
                    merchant_reference: ours,
                    answer: unknown("the payer has allowed it"),
                }))
            }
            "PAYMENT.AUTHORIZATION.CREATED" => self.of_thing(Act::Authorise, Thing::authorisation),
            "PAYMENT.AUTHORIZATION.VOIDED" => self.of_thing(Act::Cancel, Thing::voided),
            "PAYMENT.CAPTURE.COMPLETED"
            | "PAYMENT.CAPTURE.PENDING"
            | "PAYMENT.CAPTURE.DENIED"
            | "PAYMENT.CAPTURE.DECLINED" => self.of_thing(Act::Capture, Thing::capture),
            "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.REFUND.PENDING" | "PAYMENT.REFUND.FAILED" => {
                self.of_thing(Act::Refund, Thing::refund)
            }
            _ => Err(Left::Unknown),
        }
    }

    fn of_thing(&self, act: Act, read: fn(&Thing) -> Said<Answer>) -> Told {
        let thing: Thing = self.resource()?;
        Ok(Some(Notice {
            id: self.name()?,
            act,
            reference: Some(named(thing.id.as_deref())?),
            // A capture has the attempt's own name there, and its authorisation's as the custom one.
            merchant_reference: thing.invoice_id.clone().or(thing.custom_id.clone()),
            answer: whole(read(&thing)),
        }))
    }

    fn name(&self) -> Result<String, Left> {
        named(self.id.as_deref())
    }

    fn resource<T: DeserializeOwned>(&self) -> Result<T, Left> {
        T::deserialize(&self.resource).map_err(|_| Left::Malformed)
    }
}

fn named(id: Option<&str>) -> Result<String, Left> {
    name(id).map_err(|_| Left::Malformed)
}

fn forged() -> Error {
    Error::forbidden(codes::NOTICE_REFUSED, "the notice is not from PayPal")
}

fn malformed(said: &'static str) -> Error {
    Error::invalid(codes::BODY_MALFORMED, said)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told_of(event: &Value) -> Told {
        Event::deserialize(event).unwrap().notice()
    }

    #[test]
    fn what_cannot_be_read_is_told_apart_from_what_does_not_concern_us() {
        let capture = "PAYMENT.CAPTURE.COMPLETED";
        let good = json!({"id": "WH-1", "event_type": capture, "resource": {"id": "3C"}});
        assert!(matches!(told_of(&good), Ok(Some(_))));
        for (pointer, wrong) in [
            ("/id", json!(null)),
            ("/id", json!("a b")),
            ("/resource/id", json!("")),
            ("/resource", json!("text")),
            ("/event_type", json!(null)),
        ] {
            let mut event = good.clone();
            *event.pointer_mut(pointer).unwrap() = wrong;
            assert_eq!(told_of(&event), Err(Left::Malformed), "{event}");
        }
        let other = json!({"id": "WH-1", "event_type": "CUSTOMER.DISPUTE.CREATED"});
        assert_eq!(told_of(&other), Err(Left::Unknown));
    }
}
