//! What PostgreSQL itself can say of its files: whether pages carry checksums, and whether indexes agree with tables.
//!
//! A page whose checksum is wrong is refused by the server whenever it is read, so reading all rows tests their pages.
//! Indexes are compared where the extension `amcheck` is installed and the role that migrates may use it.

use std::time::Duration;

use tokio_postgres::Client;

use crate::failure::{Failure, Outcome};
use crate::postgres::connection::unavailable;
use crate::postgres::target::{self, Target};
use crate::verify::{Inspected, Spot};

/// The indexes of our tables that amcheck understands.
const INDEXES: &str = "SELECT c.oid, c.relname FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid \
    JOIN pg_am AS a ON a.oid = c.relam WHERE a.amname = 'btree' AND x.indisvalid \
    AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname";

/// Whether amcheck is there and may be used.
const MAY_CHECK: &str = "SELECT count(*) > 0 FROM pg_proc WHERE proname = 'bt_index_check' \
    AND has_function_privilege(oid, 'EXECUTE')";

pub(super) async fn inspect(owner: &Target, limit: Duration) -> Outcome<Inspected> {
    let connecting = tokio::time::timeout(limit, owner.connect()).await;
    let (client, driver) = connecting
        .map_err(|_| unavailable("no answer to the handshake"))?
        .map_err(unavailable)?;
    tokio::select! {
        inspected = ask(&client) => inspected.map_err(unavailable),
        ended = target::drive(driver) => Err(Failure::Unavailable(
            ended.err().map_or_else(|| "closed".to_owned(), |error| error.to_string()),
        )),
    }
}

async fn ask(client: &Client) -> Result<Inspected, tokio_postgres::Error> {
    let mut inspected = Inspected::default();
    let row = client
        .query_one("SELECT current_setting('data_checksums') = 'on'", &[])
        .await?;
    if !row.get::<_, bool>(0) {
        let note =
            "the server keeps no checksums of its pages (initdb --data-checksums, or pg_checksums)";
        inspected.notes.push(note.to_owned());
    }
    if !client.query_one(MAY_CHECK, &[]).await?.get::<_, bool>(0) {
        let note = "indexes are not compared with their tables: amcheck is not installed, or not for this role";
        inspected.notes.push(note.to_owned());
        return Ok(inspected);
    }
    for row in client.query(INDEXES, &[]).await? {
        let (oid, name): (u32, String) = (row.get(0), row.get(1));
        let checked = client
            .query("SELECT bt_index_check($1::oid::regclass, true)", &[&oid])
            .await;
        let Err(error) = checked else { continue };
        let Some(said) = error.as_db_error() else {
            return Err(error);
        };
        inspected.spots.push(Spot {
            table: name,
            offset: None,
            what: said.message().to_owned(),
        });
    }
    Ok(inspected)
}
