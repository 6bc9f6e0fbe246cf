//! All numbers of one-time codes in one place.

use std::time::Duration;

use domain::people::{Contact, Countries};
use fabric::Policy;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// So often within any stretch of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// How often.
    pub max: u32,
    /// In what stretch of time.
    pub within: Duration,
}

impl Times {
    pub(super) const fn policy(self, name: &'static str) -> Policy {
        Policy {
            name,
            max: self.max,
            window: self.within,
        }
    }
}

/// How codes are made, how often they are sent, and what that may cost. Money is in millionths of the currency that
/// the operator pays his sender in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How long a code may be answered; at most five minutes.
    pub lasts: Duration,
    /// How many tries a code has, the right one included; at most five.
    pub tries_max: i64,
    /// After how long people are offered another letter.
    pub resend_after: Duration,
    /// Letters to one contact.
    pub per_contact: Times,
    /// Letters asked for from one address.
    pub per_address: Times,
    /// Letters to one block of telephone numbers, which are all but their last four digits.
    pub per_block: Times,
    /// Letters to telephones of one country.
    pub per_country: Times,
    /// Letters asked for under the host name of one organisation.
    pub per_organisation: Times,
    /// Guests made from one address.
    pub guests_per_address: Times,
    /// Where text messages are sent to.
    pub countries: Countries,
    /// What an e-mail costs.
    pub email_micros: i64,
    /// What a text message costs.
    pub text_micros: i64,
    /// What it costs where it is dearer or cheaper, by calling code.
    pub text_micros_in: Vec<(String, i64)>,
    /// What all letters of a day may cost.
    pub region_cap_micros: i64,
    /// What the letters of a day may cost that were asked for under the host name of one organisation.
    pub organisation_cap_micros: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            lasts: MINUTE.saturating_mul(5),
            tries_max: 5,
            resend_after: Duration::from_secs(30),
            per_contact: times(3, MINUTE.saturating_mul(15)),
            per_address: times(10, MINUTE.saturating_mul(15)),
            per_block: times(20, HOUR),
            per_country: times(600, HOUR),
            per_organisation: times(300, HOUR),
            guests_per_address: times(30, HOUR),
            countries: Countries::All,
            email_micros: 100,
            text_micros: 50_000,
            text_micros_in: Vec::new(),
            region_cap_micros: 100_000_000,
            organisation_cap_micros: 20_000_000,
        }
    }
}

impl Settings {
    /// What a letter to this contact costs.
    pub(super) fn price_micros(&self, contact: &Contact) -> i64 {
        match contact {
            Contact::Email(_) => self.email_micros,
            Contact::Phone(phone) => {
                let country = phone.country();
                let own = self
                    .text_micros_in
                    .iter()
                    .find(|(code, _)| Some(code.as_str()) == country);
                own.map_or(self.text_micros, |(_, micros)| *micros)
            }
        }
    }
}

const fn times(max: u32, within: Duration) -> Times {
    Times { max, within }
}
