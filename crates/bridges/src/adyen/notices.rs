//! What Adyen tells by itself: a list of facts, each signed by a key that both sides know.
//!
//! One forged fact makes the whole list forged. Facts of other merchant accounts do not concern us.

use base::{Error, Result, Secret, codes};
use ring::hmac;
use rpc::providers::{Act, Answer, NOTICE_BYTES_MAX, NOTICES_MAX, Notice};
use serde::Deserialize;

use super::amounts::{self, Amount};
use super::codes::refusal_in_words;
use crate::credentials::refused;
use crate::left::{Left, Told, told};
use crate::said::{Reason, name, unknown};

/// The keys of notices: both are accepted while one takes the other's place.
#[derive(Clone, Debug)]
pub(super) struct Keys(Secret, Option<Secret>);

impl Keys {
    /// Reads the keys, each of 64 hexadecimal digits.
    pub(super) fn parse(key: &str, other: Option<&str>) -> Result<Self> {
        Ok(Keys(secret(key)?, other.map(secret).transpose()?))
    }

    fn verify(&self, said: &str, signature: &[u8]) -> bool {
        let keys = [Some(&self.0), self.1.as_ref()].into_iter().flatten();
        keys.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.bytes()))
            .any(|key| hmac::verify(&key, said.as_bytes(), signature).is_ok())
    }
}

fn secret(hex: &str) -> Result<Secret> {
    let mut bytes = [0_u8; 32];
    let has_length = hex.len() == 64 && hex.is_ascii();
    let digits = hex.as_bytes().chunks_exact(2);
    for (byte, pair) in bytes.iter_mut().zip(digits) {
        let pair = std::str::from_utf8(pair).ok().filter(|_| has_length);
        let read = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        *byte = read.ok_or_else(|| refused("a key of notices has 64 hexadecimal digits"))?;
    }
    if !has_length {
        return Err(refused("a key of notices has 64 hexadecimal digits"));
    }
    Secret::from_bytes(bytes)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    notification_items: Vec<Wrapped>,
}

#[derive(Deserialize)]
struct Wrapped {
    #[serde(rename = "NotificationRequestItem")]
    item: Item,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default)]
    additional_data: Additional,
    amount: Amount,
    event_code: String,
    merchant_account_code: String,
    #[serde(default)]
    merchant_reference: String,
    #[serde(default)]
    original_reference: String,
    psp_reference: String,
    #[serde(default)]
    reason: Option<String>,
    success: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Additional {
    hmac_signature: Option<String>,
    payment_link_id: Option<String>,
}

/// Verifies a list and reads it.
pub(super) fn read(keys: &Keys, account: &str, body: &[u8]) -> Result<Vec<Notice>> {
    let malformed = |said| Error::invalid(codes::BODY_MALFORMED, said);
    if body.len() > NOTICE_BYTES_MAX {
        return Err(malformed("a list of notices of Adyen is too large"));
    }
    let list: List = serde_json::from_slice(body)
        .map_err(|_| malformed("a list of notices is not what Adyen writes"))?;
    if list.notification_items.len() > NOTICES_MAX {
        return Err(malformed("a list of notices of Adyen is too long"));
    }
    let items = || list.notification_items.iter().map(|wrapped| &wrapped.item);
    if !items().all(|item| item.is_from(keys)) {
        let said = "a notice is not from Adyen";
        return Err(Error::forbidden(codes::NOTICE_REFUSED, said));
    }
    Ok(items()
        .filter(|item| item.merchant_account_code == account)
        .filter_map(|item| told("adyen", Some(&item.event_code), item.notice()))
        .collect())
}

impl Item {
    fn is_from(&self, keys: &Keys) -> bool {
        let signature = self.additional_data.hmac_signature.as_deref();
        let signature = signature.and_then(decode);
        signature.is_some_and(|signature| keys.verify(&self.signed(), &signature))
    }

    fn signed(&self) -> String {
        let value = self.amount.value.to_string();
        [
            self.psp_reference.as_str(),
            &self.original_reference,
            &self.merchant_account_code,
            &self.merchant_reference,
            &value,
            &self.amount.currency,
            &self.event_code,
            &self.success,
        ]
        .join(":")
    }

    /// What it says, if it concerns us.
    fn notice(&self) -> Told {
        let has_succeeded = self.success == "true";
        let (act, answer) = match self.event_code.as_str() {
            "AUTHORISATION" if has_succeeded => (Act::Authorise, self.done()),
            // Whoever failed on the page of a pay-link may try there again.
            "AUTHORISATION" if self.additional_data.payment_link_id.is_some() => return Ok(None),
            "AUTHORISATION" => (Act::Authorise, self.refused()),
            "EXPIRE" => (Act::Authorise, Reason::Lapsed.refuse("EXPIRE")),
            "CAPTURE" if has_succeeded => (Act::Capture, self.done()),
            "CAPTURE" | "CAPTURE_FAILED" => (Act::Capture, self.refused()),
            "CANCELLATION" | "TECHNICAL_CANCEL" if has_succeeded => (Act::Cancel, self.done()),
            "CANCELLATION" | "TECHNICAL_CANCEL" => (Act::Cancel, self.refused()),
            "REFUND" | "REFUND_WITH_DATA" if has_succeeded => (Act::Refund, self.done()),
            "REFUND" | "REFUND_WITH_DATA" | "REFUND_FAILED" | "REFUNDED_REVERSED" => {
                (Act::Refund, self.refused())
            }
            _ => return Err(Left::Unknown),
        };
        let own = name(Some(&self.psp_reference)).map_err(|_| Left::Malformed)?;
        let code = &self.event_code;
        let ours = Some(self.merchant_reference.clone());
        Ok(Some(Notice {
            id: format!("{own}:{code}:{has_succeeded}"),
            act,
            reference: Some(self.reference(own)),
            merchant_reference: ours.filter(|ours| !ours.is_empty()),
            answer,
        }))
    }

    /// As the answers to our asks have it.
    fn reference(&self, own: String) -> String {
        match name(Some(&self.original_reference)) {
            Ok(payment) => format!("{payment}/{own}"),
            Err(_) => own,
        }
    }

    fn done(&self) -> Answer {
        let own = name(Some(&self.psp_reference));
        match (amounts::read(&self.amount), own) {
            (Some(amount), Ok(own)) => Answer::Done {
                reference: self.reference(own),
                amount,
            },
            _ => unknown("a notice has an amount that is none"),
        }
    }

    fn refused(&self) -> Answer {
        let reason = self.reason.as_deref().unwrap_or_default();
        refusal_in_words(reason).refuse(&self.event_code)
    }
}

/// Reads the usual alphabet of base 64, which is not that of addresses.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    if text.len() > 64 || text.contains(['-', '_']) {
        return None;
    }
    base::base64::decode(&text.replace('+', "-").replace('/', "_"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told_of(item: &Value) -> Told {
        Item::deserialize(item).unwrap().notice()
    }

    #[test]
    fn what_cannot_be_read_is_told_apart_from_what_does_not_concern_us() {
        let good = json!({
            "additionalData": {"paymentLinkId": "PL1"},
            "amount": {"currency": "EUR", "value": 7},
            "eventCode": "AUTHORISATION",
            "merchantAccountCode": "TestMerchant",
            "pspReference": "7914073381342284",
            "success": "true",
        });
        let with = |field: &str, is: &str| {
            let mut item = good.clone();
            item[field] = json!(is);
            told_of(&item)
        };
        assert!(matches!(told_of(&good), Ok(Some(_))));
        assert_eq!(with("pspReference", "a b"), Err(Left::Malformed));
        assert_eq!(with("eventCode", "REPORT_AVAILABLE"), Err(Left::Unknown));
        // Whoever failed on the page of a pay-link may try there again: that is no news, and no fault.
        assert_eq!(with("success", "false"), Ok(None));
    }
}
