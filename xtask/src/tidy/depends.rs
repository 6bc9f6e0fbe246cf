//! Who may depend on whom. A new crate gets its row here and in ARCHITECTURE.md.

use crate::workspace::Member;

/// What the slices may use: everything below them, and never each other.
const BELOW_SLICES: &[&str] = &[
    "base", "calls", "carte", "domain", "trade", "rpc", "store", "fabric", "engine", "edge",
    "slice",
];

/// Orders take what is counted, and what the catalogue and the terms count is a part of their commit, as is what they
/// cost: so all of these lie below them.
const BELOW_COMMERCE: &[&str] = &[
    "base",
    "calls",
    "carte",
    "domain",
    "trade",
    "rpc",
    "store",
    "fabric",
    "engine",
    "edge",
    "slice",
    "catalogue",
    "money",
    "terms",
];

const ALL: &[&str] = &[
    "base",
    "calls",
    "carte",
    "domain",
    "trade",
    "rpc",
    "store",
    "fabric",
    "engine",
    "edge",
    "slice",
    "identity",
    "catalogue",
    "money",
    "terms",
    "commerce",
    "fulfilment",
    "backoffice",
    "platform",
    "search",
    "feeds",
    "insight",
    "bridges",
    "demo",
    "comanda",
    "testkit",
    "simulation",
    "load",
    "xtask",
];

const MAY_USE: [(&str, &[&str]); 29] = [
    ("base", &[]),
    ("calls", &["base"]),
    ("carte", &["base"]),
    ("domain", &["base", "carte"]),
    ("trade", &["base", "carte", "domain"]),
    ("rpc", &["base", "carte", "domain"]),
    ("store", &["base"]),
    ("fabric", &["base", "calls"]),
    ("engine", &["base", "store", "fabric"]),
    ("edge", &["base", "rpc", "fabric", "engine"]),
    ("slice", &["base", "domain", "store", "edge"]),
    ("identity", BELOW_SLICES),
    ("catalogue", BELOW_SLICES),
    ("money", BELOW_SLICES),
    ("terms", BELOW_SLICES),
    ("commerce", BELOW_COMMERCE),
    ("fulfilment", BELOW_SLICES),
    ("backoffice", BELOW_SLICES),
    ("platform", BELOW_SLICES),
    ("search", BELOW_SLICES),
    ("feeds", BELOW_SLICES),
    ("insight", BELOW_SLICES),
    ("bridges", &["base", "calls", "rpc"]),
    ("demo", &["base", "carte", "domain"]),
    ("comanda", ALL),
    ("testkit", ALL),
    ("simulation", ALL),
    ("load", &["base"]),
    ("xtask", &[]),
];

const BINARY: &str = "comanda";

/// Worlds for tests never become part of what is shipped.
const TESTS_ONLY: [&str; 3] = ["testkit", "simulation", "xtask"];

/// Crates that speak to a database, cache or broker.
const DRIVERS: [&str; 13] = [
    "rusqlite",
    "libsqlite3-sys",
    "tokio-postgres",
    "postgres",
    "deadpool-postgres",
    "refinery",
    "redis",
    "lapin",
    "rdkafka",
    "async-nats",
    "fe2o3-amqp",
    "aws-sdk-sqs",
    "azservicebus",
];

const MAY_DRIVE: [&str; 3] = ["store", "fabric", "testkit"];

/// Holds each crate's dependencies against the table.
pub(crate) fn check(members: &[Member]) -> Vec<String> {
    members.iter().flat_map(check_one).collect()
}

fn check_one(member: &Member) -> Vec<String> {
    let name = member.name.as_str();
    let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
        return vec![format!(
            "crate {name} is not in the table of who may use whom"
        )];
    };
    let mut complaints = Vec::new();
    for used in &member.dependencies {
        if ALL.contains(&used.as_str()) && !may_use(name, allowed, used) {
            complaints.push(format!("crate {name} must not use {used}"));
        }
        if DRIVERS.contains(&used.as_str()) && !MAY_DRIVE.contains(&name) {
            let drivers = MAY_DRIVE.join(", ");
            complaints.push(format!(
                "crate {name} uses the driver {used}; only {drivers} may"
            ));
        }
    }
    if member.dev_dependencies.iter().any(|used| used == BINARY) {
        complaints.push(format!(
            "the tests of {name} must not use the binary's crate"
        ));
    }
    complaints
}

fn may_use(name: &str, allowed: &[&str], used: &str) -> bool {
    let is_shipped = name != "testkit";
    allowed.contains(&used) && used != BINARY && !(is_shipped && TESTS_ONLY.contains(&used))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(name: &str, dependencies: &[&str], dev_dependencies: &[&str]) -> Vec<String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        check(&[Member {
            name: name.to_owned(),
            dependencies: owned(dependencies),
            dev_dependencies: owned(dev_dependencies),
            ..Member::default()
        }])
    }

    #[test]
    fn the_table_is_kept() {
        assert_eq!(
            complaints("store", &["base", "serde"], &["testkit", "load"]).len(),
            0
        );
        assert_eq!(
            complaints("store", &["fabric"], &[]),
            ["crate store must not use fabric"]
        );
        assert_eq!(complaints("commerce", &["fulfilment"], &[]).len(), 1);
        assert_eq!(complaints("xtask", &["base"], &[]).len(), 1);
        assert_eq!(complaints("helpers", &[], &[]).len(), 1);
    }

    #[test]
    fn the_binary_uses_all_but_the_worlds_for_tests() {
        assert_eq!(
            complaints("comanda", &["store", "load", "edge"], &["testkit"]).len(),
            0
        );
        assert_eq!(complaints("comanda", &["testkit"], &[]).len(), 1);
        assert_eq!(complaints("testkit", &["store", "edge"], &[]).len(), 0);
        assert_eq!(complaints("testkit", &["comanda"], &[]).len(), 1);
        assert_eq!(complaints("edge", &[], &["comanda"]).len(), 1);
    }

    #[test]
    fn drivers_stay_where_they_belong() {
        assert_eq!(
            complaints("store", &["rusqlite", "tokio-postgres"], &[]).len(),
            0
        );
        assert_eq!(complaints("engine", &["redis"], &[]).len(), 1);
        assert_eq!(complaints("load", &["base"], &["tokio-postgres"]).len(), 0);
    }
}
