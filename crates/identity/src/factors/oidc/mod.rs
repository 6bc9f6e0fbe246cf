//! Sign-in with other providers by OpenID Connect: authorization code, PKCE, state and nonce.

mod provider;
mod return_to;
mod wire;

pub use calls::Loopback;
pub use provider::Provider;
pub(crate) use provider::{CameBack, Known, Live, Proofs};
pub(crate) use return_to::ReturnTo;
pub(crate) use wire::Wire;
