//! Whose network a telephone number belongs to, as far as its digits tell.
//!
//! Text messages are sold by country, and fraud comes in blocks of numbers of one operator. So sends are counted and
//! limited by both, and numbers that belong to no country are refused: calling them is never cheap.

use super::Phone;

/// Calling codes of two digits. Those of one digit are 1 and 7; all others have three.
const TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65",
    "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// Codes of three digits that belong to no country: satellites, shared cost, premium.
const NOWHERE: &[&str] = &[
    "800", "808", "870", "878", "881", "882", "883", "888", "979", "991",
];

/// Countries in the numbering plan of North America that calls are not cheap to.
const ISLANDS: &[&str] = &[
    "1242", "1246", "1264", "1268", "1284", "1345", "1441", "1473", "1649", "1658", "1664", "1721",
    "1758", "1767", "1784", "1809", "1829", "1849", "1868", "1869", "1876",
];

/// How many digits at the end of a number tell the subscribers of one block apart.
const SUBSCRIBER_DIGITS: usize = 4;

/// Countries by their calling codes; codes of islands in North America have four digits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Countries {
    /// All that there are.
    #[default]
    All,
    /// These.
    Only(Vec<String>),
}

impl Phone {
    /// The calling code of its country; nothing when it belongs to none.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        let digits = self.digits();
        let first = |count: usize| digits.get(..count);
        if let Some(island) = first(4).filter(|code| ISLANDS.contains(code)) {
            return Some(island);
        }
        if digits.starts_with(['1', '7']) {
            return first(1);
        }
        if let Some(code) = first(2).filter(|code| TWO_DIGITS.contains(code)) {
            return Some(code);
        }
        first(3).filter(|code| !NOWHERE.contains(code))
    }

    /// The block of numbers that it belongs to: all but its last four digits.
    #[must_use]
    pub fn block(&self) -> &str {
        let digits = self.digits();
        let end = digits.len().saturating_sub(SUBSCRIBER_DIGITS);
        digits.get(..end).unwrap_or(digits)
    }

    fn digits(&self) -> &str {
        self.as_str().trim_start_matches('+')
    }
}

impl Countries {
    /// Whether a number belongs to one of them.
    #[must_use]
    pub fn have(&self, phone: &Phone) -> bool {
        let Some(country) = phone.country() else {
            return false;
        };
        match self {
            Countries::All => true,
            Countries::Only(codes) => codes.iter().any(|code| code == country),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> Phone {
        Phone::parse(text).unwrap()
    }

    #[test]
    fn countries_are_told_by_their_first_digits() {
        for (number, country) in [
            ("+4930901820", Some("49")),
            ("+12025550123", Some("1")),
            ("+18765550123", Some("1876")),
            ("+79161234567", Some("7")),
            ("+35312345678", Some("353")),
            ("+919876543210", Some("91")),
            ("+88216123456", None),
            ("+97912345678", None),
        ] {
            assert_eq!(phone(number).country(), country, "{number}");
        }
    }

    #[test]
    fn only_listed_countries_are_had() {
        let only = Countries::Only(vec!["49".to_owned(), "1".to_owned()]);
        assert!(only.have(&phone("+4930901820")));
        assert!(!only.have(&phone("+18765550123")));
        assert!(!only.have(&phone("+35312345678")));
        assert!(Countries::All.have(&phone("+35312345678")));
        assert!(!Countries::All.have(&phone("+88216123456")));
    }

    #[test]
    fn blocks_leave_the_subscriber_out() {
        assert_eq!(phone("+4915112345678").block(), "491511234");
    }
}
