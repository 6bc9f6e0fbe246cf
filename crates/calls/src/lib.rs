//! Connections to the outside: whose certificates are believed, who may be spoken to in the open, and how one is opened.
//!
//! Nothing here knows what is said. Only this machine is ever spoken to without TLS, and only where whoever calls was
//! told that it may be; a connector refuses everything else itself, whatever address it is given.

mod connector;
mod loopback;
mod stream;
mod trusted;

pub use connector::Connector;
pub use loopback::{Loopback, bare, is_loopback};
pub use stream::Stream;
pub use trusted::{Unreadable, of_browsers, of_file, tls};
