//! Names of hosts under which an organisation serves its own people.
//!
//! There is one way to write each: lower case, ASCII, without a port and without the dot at the end. Names in other
//! scripts come in their ASCII form (`xn--…`), which is what browsers send. Addresses are no names.

use std::fmt;

/// The most characters of a name, by RFC 1035.
const HOST_CHARS_MAX: usize = 253;
/// The most characters between two dots.
const LABEL_CHARS_MAX: usize = 63;

/// The name of a host.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Host(String);

/// A text that is no name of a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a host is two or more words with dots between them, of letters, digits and hyphens in ASCII, without a port, of at most {HOST_CHARS_MAX} characters; an address is none"
)]
pub struct HostError;

impl Host {
    /// Takes a name in lower or upper case.
    ///
    /// # Errors
    /// It is no name: a port, an address, another script, a word that is empty, too long, or begins or ends with a
    /// hyphen.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.len() > HOST_CHARS_MAX {
            return Err(HostError);
        }
        let name = text.to_ascii_lowercase();
        let last = match name.rsplit_once('.') {
            Some((_, last)) => last,
            None => return Err(HostError),
        };
        // What browsers take for an address ends in a number; no name on the public internet does.
        let is_name = !last.starts_with(|first: char| first.is_ascii_digit());
        if is_name && name.split('.').all(is_label) {
            Ok(Self(name))
        } else {
            Err(HostError)
        }
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn is_label(label: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_CHARS_MAX).contains(&label.len())
        && label.bytes().all(is_known)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_taken_in_one_form() {
        for (text, name) in [
            ("order.example.com", "order.example.com"),
            ("Order.EXAMPLE.com", "order.example.com"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("4you.example", "4you.example"),
            ("a-b.c-d.example", "a-b.c-d.example"),
        ] {
            assert_eq!(Host::parse(text).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = format!("{}.example", "x".repeat(LABEL_CHARS_MAX + 1));
        let longer = format!("{}example", "x.".repeat(124));
        for text in [
            "",
            ".",
            "localhost",
            "example.com.",
            ".example.com",
            "a..example.com",
            "example.com:443",
            "127.0.0.1",
            "127.1",
            "0x7f.0x1",
            "[::1]",
            "::1",
            "münchen.example",
            "ex\u{212a}.example",
            "a_b.example",
            "-a.example",
            "a-.example",
            "a b.example",
            " example.com",
            "example.com/",
            "user@example.com",
            "*.example.com",
            "a.example\r\n",
            &long,
            &longer,
        ] {
            assert_eq!(Host::parse(text), Err(HostError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_has_one_form_whatever_was_sent(text in "[A-Za-z0-9.:\\[\\]-]{0,40}|.{0,80}") {
            if let Ok(host) = Host::parse(&text) {
                let name = host.as_str();
                prop_assert_eq!(Host::parse(name), Ok(host.clone()));
                prop_assert_eq!(Host::parse(&name.to_ascii_uppercase()), Ok(host.clone()));
                prop_assert!(name.eq_ignore_ascii_case(&text));
                prop_assert!(name.parse::<std::net::IpAddr>().is_err());
                prop_assert!(name.is_ascii() && name.contains('.') && !name.contains(':'));
            }
        }

        #[test]
        fn words_with_dots_are_a_name(name in "[a-z][a-z0-9]{0,20}(\\.[a-z][a-z0-9]{0,20}){1,5}") {
            let parsed = Host::parse(&name);
            prop_assert_eq!(parsed.as_ref().map(Host::as_str), Ok(name.as_str()));
        }
    }
}
