//! What every answer tells a browser, whoever asks and whatever is asked; and what every cookie is.

use testkit::serve::Reply;

const EXACT: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The headers of a careful server.
pub(crate) fn like_ours(reply: &Reply, what: &str) {
    for (name, value) in EXACT {
        assert_eq!(reply.header(name), Some(value), "{what}: {name}");
    }
    let policy = reply.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for name in ["cache-control", "vary", "traceparent", "permissions-policy"] {
        assert!(reply.header(name).is_some(), "{what}: {name}");
    }
    let correlation = reply.header("x-correlation-id").unwrap_or_default();
    assert!(
        !correlation.is_empty() && !correlation.contains("two"),
        "{what}: {correlation}"
    );
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(reply.header(name), None, "{what}: {name}");
    }
}

/// The cookies of an answer: each may be sent over TLS to this host alone, is out of reach for scripts and not sent along
/// by other sites; and no cache keeps the answer.
pub(crate) fn cookies(reply: &Reply, what: &str) -> Vec<(String, String)> {
    let lines = reply.head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("set-cookie")
            .then_some(value.trim())
    });
    let mut all = Vec::new();
    for line in lines {
        let (first, rest) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = first.split_once('=').unwrap();
        let marks: Vec<String> = rest
            .split(';')
            .map(|mark| mark.trim().to_ascii_lowercase())
            .collect();
        assert!(name.starts_with("__Host-"), "{what}: {line}");
        for mark in ["secure", "httponly", "path=/"] {
            assert!(marks.iter().any(|has| has == mark), "{what}: {line}");
        }
        let site = marks.iter().find(|mark| mark.starts_with("samesite="));
        assert!(
            site.is_some_and(|site| ["samesite=lax", "samesite=strict"].contains(&&**site)),
            "{what}: {line}"
        );
        assert!(
            !marks.iter().any(|mark| mark.starts_with("domain")),
            "{what}: {line}"
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
        all.push((name.to_owned(), value.to_owned()));
    }
    all
}
