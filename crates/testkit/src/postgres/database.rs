//! One database of one test.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio_postgres::{Client, Config};

use super::admin::{self, Admin};

/// A database of its own on a test server. Dropped when this value is, best effort, with whoever is
/// still connected.
#[derive(Debug)]
pub struct Database {
    name: String,
    port: u16,
    admin: Arc<Admin>,
}

impl Database {
    pub(super) fn new(name: String, port: u16, admin: Arc<Admin>) -> Self {
        Self { name, port, admin }
    }

    /// The database's name on its server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's host, as an address.
    pub fn host(&self) -> String {
        Ipv4Addr::LOCALHOST.to_string()
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of the database for a role, with which nobody is asked for a password.
    pub fn url(&self, user: &str) -> String {
        self.url_through(self.port, user)
    }

    /// The same address by another port: that of a proxy or of PgBouncer.
    pub fn url_through(&self, port: u16, user: &str) -> String {
        format!("postgres://{user}@{}:{port}/{}", self.host(), self.name)
    }

    /// The same as a value for `tokio_postgres`.
    pub fn config(&self, user: &str) -> Config {
        admin::config(self.port, &self.name, user)
    }

    /// The same by another port: that of a proxy or of PgBouncer.
    pub fn config_through(&self, port: u16, user: &str) -> Config {
        admin::config(port, &self.name, user)
    }

    /// A connection for a test's own questions, driven by the caller's runtime.
    ///
    /// # Panics
    /// When PostgreSQL refuses, with its message.
    pub async fn connect(&self, user: &str) -> Client {
        match admin::connect(&self.config(user)).await {
            Ok(client) => client,
            Err(said) => panic!("cannot connect to {} as {user}: {said}", self.name),
        }
    }

    /// Runs statements in this database as the superuser, without parameters, and gives the rows.
    ///
    /// # Panics
    /// When a statement fails, with PostgreSQL's message.
    pub async fn execute_as_superuser(&self, sql: &str) -> Vec<tokio_postgres::SimpleQueryRow> {
        self.admin.execute(&self.name, sql.to_owned()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        self.admin
            .execute_later(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }
}
