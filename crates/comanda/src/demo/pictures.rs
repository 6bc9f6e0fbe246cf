//! The pictures of the city: each dish is drawn once, kept by the first organisation, and named by all menus.

use std::sync::Arc;

use ::demo::Pictures;
use ::demo::draw::{self, Dish};
use base::{Error, Result, codes};
use bytes::Bytes;
use carte::PictureId;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::door::{Door, text};

/// How many are drawn and uploaded at once: the platform takes no more.
const UPLOADS_MAX: usize = 2;

/// Draws everything that can be drawn and uploads it.
pub(super) async fn upload(door: &Arc<Door>, organisation: &str, seed: u64) -> Result<Pictures> {
    let path: Arc<str> = format!("/api/organisations/{organisation}/pictures").into();
    let room = Arc::new(Semaphore::new(UPLOADS_MAX));
    let mut tasks = JoinSet::new();
    for (number, dish) in Dish::ALL.into_iter().enumerate() {
        let (door, path, room) = (Arc::clone(door), Arc::clone(&path), Arc::clone(&room));
        tasks.spawn(async move {
            let _held = room.acquire().await.map_err(unmade)?;
            let drawn = tokio::task::spawn_blocking(move || draw::jpeg(dish, seed));
            let jpeg = Bytes::from(drawn.await.map_err(unmade)??);
            let key = format!("demo-{seed}-picture-{number}");
            let answer = door.upload(&path, jpeg, &key).await?;
            let id: PictureId = text(&answer, "id")?.parse().map_err(Error::from)?;
            Ok::<_, Error>((dish, id))
        });
    }
    let mut drawn = Vec::with_capacity(Dish::ALL.len());
    while let Some(ended) = tasks.join_next().await {
        drawn.push(ended.map_err(unmade)??);
    }
    Ok(drawn.into_iter().collect())
}

fn unmade(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal(codes::INTERNAL, "a picture was not made").caused_by(error)
}
