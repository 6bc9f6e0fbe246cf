//! Where a browser goes after a sign-in at another provider: a page of ours, and nothing that a browser could
//! understand as another host.

/// The longest path.
const CHARS_MAX: usize = 512;

/// A path on our own host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// The front page.
    pub(crate) fn home() -> Self {
        ReturnTo("/".to_owned())
    }

    /// Takes a path that came in a query, or that was stored.
    ///
    /// It begins with one slash and holds only what a path may hold as it stands. Browsers take a backslash for a slash
    /// and leave out tabs and line ends, so a text with any of them is none; nor is one with two slashes in a row, with
    /// a step back or anything that is hidden behind a percent sign, or one into the API, where a second sign-in could
    /// be begun.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:@?#".contains(&byte));
        let folded = path.to_ascii_lowercase();
        let hides = ["//", "/.", "%"];
        let is_ours = path.starts_with('/')
            && !hides.iter().any(|hidden| folded.contains(hidden))
            && folded != "/api"
            && !folded.starts_with("/api/");
        let fits = text.len() <= CHARS_MAX && is_plain && is_ours;
        fits.then(|| ReturnTo(text.to_owned()))
    }

    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_paths_are_taken_as_they_are() {
        for own in [
            "/",
            "/menu",
            "/orders/ord_1?tab=2#top",
            "/a:b@c",
            "/x?next=//evil.example",
        ] {
            assert_eq!(ReturnTo::parse(own).unwrap().as_str(), own);
        }
    }

    /// What has been used against others to lead a browser away.
    #[test]
    fn whatever_could_lead_to_another_host_is_refused() {
        let long = format!("/{}", "a".repeat(CHARS_MAX));
        for foreign in [
            "",
            "menu",
            "evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/ /evil.example",
            "https://evil.example",
            "https:evil.example",
            "https:/evil.example",
            "HTTPS://evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/caf%C3%A9",
            "/%2Fevil.example",
            "/%2f%2fevil.example",
            "/%5Cevil.example",
            "/%09/evil.example",
            "/%0d%0aLocation:%20https://evil.example",
            "/..//evil.example",
            "/.//evil.example",
            "/a/../..//evil.example",
            "/%2e%2e/evil.example",
            "/.evil.example",
            "@evil.example",
            "/\u{2215}evil.example",
            "/\u{ff0f}evil.example",
            "/\u{0}evil",
            "?x=1",
            "#x",
            "/api",
            "/api/auth/google",
            "/API/auth/google",
            "/\"><script>",
            &long,
        ] {
            assert_eq!(ReturnTo::parse(foreign), None, "{foreign:?}");
        }
    }
}
