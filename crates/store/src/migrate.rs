//! Migrations: two folders, the same numbers and names, one history a part.

/// One step of a part's schema, said for both engines.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number; steps run in this order, each once.
    pub number: u32,
    /// Its name, the same in both folders.
    pub name: &'static str,
    /// The text for SQLite.
    pub sqlite: &'static str,
    /// The text for PostgreSQL.
    pub postgres: &'static str,
}
