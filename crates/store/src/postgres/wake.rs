//! Wake-ups for those who tail the log: one direct LISTEN connection, NOTIFY after commits and coalesced, and a
//! slow read of the head in case a call was lost.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{mpsc, watch};
use tokio_postgres::{AsyncMessage, Client};

use crate::head::raise;
use crate::postgres::connection::{Connection, Send, Statements};
use crate::postgres::kept::keep;
use crate::postgres::target::Target;
use crate::postgres::text::{LISTEN, NOTIFY};
use crate::postgres::wire::Param;
use crate::postgres::{Heads, Settings};
use crate::system::READ_HEAD;
use crate::value::Value;

/// Commits within this time share one call.
const COALESCE: Duration = Duration::from_millis(5);

/// Starts listener and caller. Both end when nobody holds the database any more.
pub(super) fn start(direct: &Target, settings: &Settings, heads: &Arc<Heads>) {
    let (limit, fallback) = (settings.connect_limit, settings.fallback);
    let (target, stored) = (direct.clone(), heads.stored.subscribe());
    keep("call", move || call(target.clone(), stored.clone(), limit));
    let (target, heads) = (direct.clone(), Arc::downgrade(heads));
    keep("listen", move || {
        listen(target.clone(), heads.clone(), limit, fallback)
    });
}

/// Tells the other nodes how far the log has come, after this node has stored something.
async fn call(direct: Target, mut stored: watch::Receiver<i64>, limit: Duration) {
    let mut connection: Option<Connection> = None;
    while stored.changed().await.is_ok() {
        let position = *stored.borrow_and_update();
        if connection.as_ref().is_none_or(Connection::closed) {
            connection = Connection::open(&direct, Statements::Prepared, limit)
                .await
                .ok();
        }
        if let Some(open) = connection.as_mut() {
            let text = Param::One(Value::Text(position.to_string()));
            // A lost call is made good by the slow read of every listener.
            let sends = [Send::Bound(NOTIFY, vec![text])];
            let called = tokio::time::timeout(limit, open.run(&sends)).await;
            if called.is_err() {
                connection = None;
            }
        }
        tokio::time::sleep(COALESCE).await;
    }
}

/// Hears the calls of all nodes, and looks by itself when none has come for a while.
async fn listen(direct: Target, heads: Weak<Heads>, limit: Duration, fallback: Duration) {
    while heads.strong_count() > 0 {
        if let Ok(Ok((client, mut driver))) = tokio::time::timeout(limit, direct.connect()).await {
            let (heard, calls) = mpsc::channel(64);
            let pump = async {
                while let Some(Ok(message)) = driver.next().await {
                    if let AsyncMessage::Notification(call) = message
                        && heard
                            .send(call.payload().parse().unwrap_or(0))
                            .await
                            .is_err()
                    {
                        return;
                    }
                }
            };
            tokio::select! {
                () = pump => {}
                () = hear(&client, calls, &heads, fallback, limit) => {}
            }
        }
        tokio::time::sleep(fallback).await;
    }
}

async fn hear(
    client: &Client,
    mut calls: mpsc::Receiver<i64>,
    heads: &Weak<Heads>,
    fallback: Duration,
    limit: Duration,
) {
    let asked = tokio::time::timeout(limit, client.batch_execute(LISTEN)).await;
    if !matches!(asked, Ok(Ok(()))) {
        return;
    }
    loop {
        let position = match tokio::time::timeout(fallback, calls.recv()).await {
            Ok(Some(position)) => position,
            Ok(None) => return,
            // The slow read also finds a connection that is dead and does not know it.
            Err(_) => {
                let read = client.query_one(READ_HEAD.postgres(), &[]);
                match tokio::time::timeout(limit, read).await {
                    Ok(Ok(row)) => row.try_get(0).unwrap_or(0),
                    Ok(Err(_)) | Err(_) => return,
                }
            }
        };
        let Some(heads) = heads.upgrade() else { return };
        raise(&heads.known, position);
    }
}
