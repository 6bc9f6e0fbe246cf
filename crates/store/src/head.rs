//! How far the log has come, told to whoever waits for news.

use tokio::sync::watch;

/// Positions only grow, whoever learns of them first.
pub(crate) fn raise(head: &watch::Sender<i64>, position: i64) {
    head.send_if_modified(|known| {
        let grown = position > *known;
        *known = position.max(*known);
        grown
    });
}
