//! What should be answered, as `docs/permissions.md` and `docs/organisations.md` say it: names and places, and nothing of
//! the code under test.

use edge::Strength;
use http::Method;

use crate::targets::{Nested, Target};

/// One of the two organisations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum House {
    A,
    B,
}

/// A place in an organisation, by number. The first two restaurants belong to the first brand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum At {
    Whole,
    Brand(usize),
    Restaurant(usize),
}

/// What the model knows of a caller.
#[derive(Clone, Debug)]
pub(crate) enum Facts {
    /// Nobody, or whose credentials are worth nothing.
    Stranger,
    /// A person with roles in one organisation, or in none.
    Human {
        strength: Strength,
        member: Option<(House, Vec<(&'static str, At)>)>,
    },
    /// A key or a device.
    Machine {
        house: House,
        role: &'static str,
        at: At,
    },
    /// Whoever runs the platform.
    Operator { reason: bool },
}

/// What should be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Want {
    Unauthenticated,
    Forbidden,
    Missing,
    /// Something of the own organisation that the caller does not reach: forbidden or missing.
    Hidden,
    /// No id at all: it may be said to be wrong, missing, or nobody's business.
    Malformed,
    /// Let in; what the act comes to is another matter.
    Allowed,
}

/// Who an operation is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Policy {
    Public,
    SignedIn,
    Operator,
    /// For operators who say why, as they do wherever they act for an organisation.
    Inside,
    May(String),
}

const ALL: &[&str] = &[
    "organisation.read",
    "organisation.change",
    "brands.change",
    "restaurants.read",
    "restaurants.change",
    "members.read",
    "members.change",
    "roles.change",
    "keys.read",
    "keys.change",
    "devices.read",
    "devices.change",
    "audit.read",
    "menus.read",
    "menus.change",
    "orders.read",
    "orders.change",
    "refunds.change",
    "reports.read",
];
/// What concerns the organisation as a whole.
const WIDE: [&str; 5] = [
    "organisation.change",
    "roles.change",
    "keys.read",
    "keys.change",
    "audit.read",
];
/// What gives others rights, and no key has.
const GIVING: [&str; 5] = [
    "organisation.change",
    "members.change",
    "roles.change",
    "keys.change",
    "devices.change",
];

/// What a role allows.
fn role_has(role: &str, permission: &str) -> bool {
    let seeing = ["organisation.read", "restaurants.read", "menus.read"];
    let manager = [
        "restaurants.change",
        "members.read",
        "members.change",
        "devices.read",
        "devices.change",
        "menus.change",
        "orders.read",
        "orders.change",
        "refunds.change",
        "reports.read",
    ];
    let own: &[&str] = match role {
        "owner" => return ALL.contains(&permission),
        "key" => return ALL.contains(&permission) && !GIVING.contains(&permission),
        "own" => return permission == "members.read",
        "screen" => {
            return [
                "restaurants.read",
                "menus.read",
                "orders.read",
                "orders.change",
            ]
            .contains(&permission);
        }
        "kiosk" => return ["restaurants.read", "menus.read"].contains(&permission),
        "manager" => &manager,
        "staff" => &["orders.read", "orders.change"],
        "kitchen" => &["orders.read", "orders.change", "menus.change"],
        "finance" => &["orders.read", "refunds.change", "reports.read"],
        other => panic!("no role {other}"),
    };
    seeing.contains(&permission) || own.contains(&permission)
}

/// Whether a role that was given somewhere allows it there at all.
fn grants((role, given): (&str, At), permission: &str) -> bool {
    let idle = match given {
        At::Whole => false,
        At::Brand(_) => WIDE.contains(&permission),
        At::Restaurant(_) => WIDE.contains(&permission) || permission == "brands.change",
    };
    role_has(role, permission) && !idle
}

fn covers(given: At, place: At) -> bool {
    match (given, place) {
        (At::Whole, _) => true,
        (At::Brand(brand), At::Restaurant(number)) => number / 2 == brand,
        (given, place) => given == place,
    }
}

/// What an operation answers a caller at a target.
pub(crate) fn decide(
    (policy, method, narrow): (&Policy, &Method, bool),
    facts: &Facts,
    target: &Target,
) -> Want {
    match (policy, facts) {
        (Policy::Public, _) => Want::Allowed,
        (_, Facts::Stranger) => Want::Unauthenticated,
        (Policy::SignedIn, _) if target.malformed => Want::Malformed,
        (Policy::SignedIn, Facts::Machine { .. }) => Want::Forbidden,
        (Policy::SignedIn, _) if !target.exists => Want::Missing,
        (Policy::SignedIn, _) => Want::Allowed,
        (Policy::Operator, Facts::Operator { .. }) => operated(target),
        (Policy::Inside, Facts::Operator { reason: true }) => operated(target),
        (Policy::Operator | Policy::Inside, _) => Want::Forbidden,
        (Policy::May(permission), facts) => may((permission, method, narrow), facts, target),
    }
}

fn operated(target: &Target) -> Want {
    match target {
        Target {
            malformed: true, ..
        } => Want::Malformed,
        Target { exists: false, .. } => Want::Missing,
        Target {
            nested: Nested::Absent,
            ..
        } => Want::Missing,
        _ => Want::Allowed,
    }
}

fn may(
    (permission, method, narrow): (&str, &Method, bool),
    facts: &Facts,
    target: &Target,
) -> Want {
    let (house, roles): (House, Vec<(&str, At)>) = match facts {
        Facts::Human {
            strength: Strength::One,
            ..
        } => return Want::Forbidden,
        _ if target.malformed => return Want::Malformed,
        Facts::Operator { reason: true } => return operated(target),
        // Only the number of the organisation is looked at before the reason.
        Facts::Operator { reason: false } => {
            return if target.house.is_some() {
                Want::Forbidden
            } else {
                Want::Missing
            };
        }
        Facts::Human {
            member: Some((house, roles)),
            ..
        } => (*house, roles.clone()),
        Facts::Machine { house, role, at } => (*house, vec![(*role, *at)]),
        Facts::Human { .. } | Facts::Stranger => return Want::Missing,
    };
    if target.house != Some(house) || !target.exists {
        return Want::Missing;
    }
    let held: Vec<At> = roles
        .iter()
        .filter(|given| grants(**given, permission))
        .map(|(_, at)| *at)
        .collect();
    let reads = method == Method::GET;
    let parts = ["members.change", "devices.change"].contains(&permission);
    let held_there = |place: At| held.iter().any(|given| covers(*given, place));
    let enough = match target.at {
        Some(At::Whole) if reads || parts => !held.is_empty(),
        Some(place) => held_there(place),
        None => !held.is_empty(),
    };
    match target.nested {
        _ if !enough => Want::Forbidden,
        Nested::Absent => Want::Missing,
        Nested::At(place) if narrow && !held_there(place) => Want::Hidden,
        Nested::None | Nested::At(_) => Want::Allowed,
    }
}
