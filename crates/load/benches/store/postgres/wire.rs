//! What hand-written SQL needs of the driver: ids as parameters, and statements that are sent before the first
//! answer is awaited.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use base::Uid;
use bytes::{BufMut as _, BytesMut};
use load::Answer;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};
use tokio_postgres::{Client as Connection, Statement};

/// What went wrong while an order was stored by hand.
pub(super) type Fault = tokio_postgres::Error;

/// A statement of a pipeline.
pub(super) type Sent<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// An id on its way to the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id(pub(super) Uid);

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    accepts!(UUID);

    to_sql_checked!();
}

/// A statement without parameters.
pub(super) fn simple<'a>(connection: &'a Connection, sql: &'static str) -> Sent<'a> {
    Box::pin(connection.batch_execute(sql))
}

/// A prepared statement.
pub(super) fn send<'a>(
    connection: &'a Connection,
    statement: &'a Statement,
    params: Vec<&'a (dyn ToSql + Sync)>,
) -> Sent<'a> {
    Box::pin(async move {
        let done = connection.execute(statement, &params).await;
        done.map(|_| ())
    })
}

/// A guard, which has enough of everything in this bench.
pub(super) fn hold<'a>(
    connection: &'a Connection,
    statement: &'a Statement,
    params: Vec<&'a (dyn ToSql + Sync)>,
) -> Sent<'a> {
    Box::pin(async move {
        let held = connection.execute(statement, &params).await?;
        assert_eq!(held, 1, "a guard of the hand-written SQL does not hold");
        Ok(())
    })
}

/// Sends everything in order, then waits for the answers. Fails with the first failure.
pub(super) async fn pipeline(mut sent: Vec<Sent<'_>>) -> Result<(), Fault> {
    // The driver sends a statement when it is first polled.
    let mut early: Vec<Option<Result<(), Fault>>> = Vec::with_capacity(sent.len());
    poll_fn(|context| {
        for future in &mut sent {
            early.push(match future.as_mut().poll(context) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            });
        }
        Poll::Ready(())
    })
    .await;
    for (future, early) in sent.into_iter().zip(early) {
        match early {
            Some(answer) => answer?,
            None => future.await?,
        }
    }
    Ok(())
}

/// What storing so many orders by hand came to.
pub(super) fn answer(orders: u64, stored: Result<(), Fault>) -> Answer {
    match stored {
        Ok(()) => Answer::Done(orders),
        Err(fault) => match fault.as_db_error() {
            Some(said) => Answer::Failed(said.to_string()),
            None => Answer::Failed(format!("{fault:?}")),
        },
    }
}
