//! `[sign_in]`: how people sign in, how long that holds, and how codes reach them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::{Span, refused};

pub(crate) const SECTION: Section = Section {
    name: "sign_in",
    about: "How people sign in, how long that holds, and how codes reach them.",
    keys: &[
        Key::new(
            "session",
            "\"24h\"",
            "How long somebody stays signed in whom one thing proved, such as a code.",
        ),
        Key::new(
            "session_idle",
            "\"120m\"",
            "The same, counted from the last request.",
        ),
        Key::new(
            "staff_session",
            "\"12h\"",
            "How long somebody stays signed in whom two things proved: staff and operators.",
        ),
        Key::new(
            "staff_session_idle",
            "\"30m\"",
            "The same, counted from the last request.",
        ),
        Key::new(
            "token",
            "\"5m\"",
            "How long an access token of an app is good; at most five minutes.",
        ),
        Key::new(
            "letters",
            "\"inbox\"",
            "Where codes and invitations go: `inbox` shows them at /dev/inbox (refused in production), `folder` writes each into a file for your own sender, `none` sends nothing.",
        ),
        Key::optional(
            "letters_folder",
            "\"/var/spool/comanda\"",
            "The folder for `letters = \"folder\"`. Your sender takes the files away.",
        ),
        Key::new(
            "countries",
            "[]",
            "Calling codes that text messages go to, such as [\"49\", \"43\"]; empty is everywhere.",
        ),
        Key::new(
            "text_price_micros",
            "50000",
            "What a text message costs, in millionths of the currency that you pay in.",
        ),
        Key::new(
            "email_price_micros",
            "100",
            "What an e-mail costs, in the same unit.",
        ),
        Key::new(
            "day_cap_micros",
            "100000000",
            "What all codes of a day may cost; then no more are sent until the next day.",
        ),
        Key::new(
            "organisation_day_cap_micros",
            "20000000",
            "The same for the codes that are asked for under the host name of one organisation.",
        ),
        Key::new(
            "providers",
            "{}",
            "OpenID providers by name: google = { issuer = \"https://accounts.google.com\", client_id = \"…\", client_secret_file = \"/etc/comanda/google.secret\" }.",
        ),
    ],
};

/// How people sign in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    pub(crate) session: Span,
    pub(crate) session_idle: Span,
    pub(crate) staff_session: Span,
    pub(crate) staff_session_idle: Span,
    pub(crate) token: Span,
    pub(crate) letters: Way,
    pub(crate) letters_folder: Option<PathBuf>,
    pub(crate) countries: Vec<String>,
    pub(crate) text_price_micros: i64,
    pub(crate) email_price_micros: i64,
    pub(crate) day_cap_micros: i64,
    pub(crate) organisation_day_cap_micros: i64,
    pub(crate) providers: BTreeMap<String, Provider>,
}

/// How letters go out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    Inbox,
    Folder,
    None,
}

/// A provider at which people can sign in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    pub(crate) label: Option<String>,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret_file: Option<PathBuf>,
    pub(crate) scopes: Option<Vec<String>>,
}

impl SignIn {
    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<()> {
        if (self.letters == Way::Folder) != self.letters_folder.is_some() {
            return Err(refused(
                "`sign_in.letters = \"folder\"` and `sign_in.letters_folder` belong together; give both or neither",
            ));
        }
        let is_code = |code: &&String| {
            (1..=4).contains(&code.len()) && code.bytes().all(|digit| digit.is_ascii_digit())
        };
        if let Some(other) = self.countries.iter().find(|code| !is_code(code)) {
            return Err(refused(format!(
                "`sign_in.countries`: {other:?} is no calling code; write \"49\" for Germany"
            )));
        }
        let prices = [
            self.text_price_micros,
            self.email_price_micros,
            self.day_cap_micros,
            self.organisation_day_cap_micros,
        ];
        if prices.into_iter().any(i64::is_negative) {
            return Err(refused("no price and no cap in `sign_in` is below zero"));
        }
        for (name, least, most) in [
            ("session", self.session_idle, self.session),
            ("staff_session", self.staff_session_idle, self.staff_session),
        ] {
            if least > most || least.0.is_zero() {
                return Err(refused(format!(
                    "`sign_in.{name}_idle` must be above zero and no longer than `sign_in.{name}`"
                )));
            }
        }
        Ok(())
    }
}
