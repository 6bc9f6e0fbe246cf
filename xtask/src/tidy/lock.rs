//! Crates that must not come in, not even through others.

const FORBIDDEN: [(&str, &str, &str); 5] = [
    ("aws-lc-sys", "", "`ring` is the only crypto backend"),
    ("openssl-sys", "", "`ring` is the only crypto backend"),
    ("native-tls", "", "`rustls` is the only TLS"),
    (
        "sqlx",
        "",
        "`store` speaks to rusqlite and tokio-postgres itself",
    ),
    ("hyper", "0.14.", "two HTTP stacks are one too many"),
];

/// Looks at every package in the text of a `Cargo.lock`.
pub(crate) fn check(lock: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(value) = line.strip_prefix("name = ") {
            name = value.trim_matches('"');
        }
        let Some(version) = line.strip_prefix("version = ") else {
            continue;
        };
        let version = version.trim_matches('"');
        let banned = FORBIDDEN
            .iter()
            .find(|(banned, start, _)| name == *banned && version.starts_with(start));
        if let Some((_, _, reason)) = banned {
            complaints.push(format!(
                "Cargo.lock: {name} {version} is not allowed: {reason}"
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_crates_are_refused_and_newer_hyper_is_not() {
        let lock = "version = 4\n\n[[package]]\nname = \"hyper\"\nversion = \"1.8.0\"\n\n\
            [[package]]\nname = \"hyper\"\nversion = \"0.14.32\"\n\n\
            [[package]]\nname = \"sqlx\"\nversion = \"0.9.0\"\ndependencies = [\n \"native-tls\",\n]\n";
        let found = check(lock);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("hyper 0.14.32"));
        assert!(found[1].contains("sqlx"));
    }
}
