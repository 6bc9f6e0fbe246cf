//! Second factors and sign-in with other providers: TOTP apps, passkeys, recovery codes, OpenID Connect.
//!
//! A factor steps a session up, which gives it another id. A code is used once, and tries are counted before they are
//! looked at. An account at another provider is known by its issuer and subject alone, never by an e-mail address.
//! Tables, all operational: `factors`, `factor_attempts`, `recovery_codes`, `subjects`, `states`, `guests`. Events out, for the
//! audit log: `factor.added`, `factor.removed`, `recovery_codes.made`, `recovery_code.used`, `subject.added`.

mod app;
mod guests;
mod http;
mod http_passkeys;
mod http_providers;
mod oidc;
mod passkeys;
mod personal;
mod recovery;
mod second;
mod sign_in;
mod states;
pub(crate) mod store;
mod totp;
mod tries;
mod view;

pub use app::{App, EverybodyIsStaff, Parts, Settings, Staff};
pub(crate) use guests::{Guest, PART as GUESTS};
pub use http::routes;
pub use oidc::{Loopback, Provider};

use ::store::{Migration, Part};

/// What second factors bring to the people database.
pub(crate) static PART: Part = Part {
    name: "factors",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "factors",
        sqlite: include_str!("../../migrations/factors/sqlite/0001_factors.sql"),
        postgres: include_str!("../../migrations/factors/postgres/0001_factors.sql"),
    }],
};

/// The trace of a request, as events carry it.
fn trace_of(context: &edge::Context) -> String {
    context
        .trace_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether two secrets are the same, in a time that tells nothing of them: both are signed, and the signatures compared.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[]);
    ring::hmac::verify(&key, one, ring::hmac::sign(&key, other).as_ref()).is_ok()
}
