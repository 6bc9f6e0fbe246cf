//! Warming: what was just published, and what is new, is compiled before anybody asks.
//!
//! One place after the other, and of each the usual answers only. Nobody waits for it and nothing depends on it.

use base::Result;
use carte::Service;
use domain::organisations::RestaurantId;
use edge::Encoding;
use engine::Stop;
use tokio::sync::mpsc;

use super::choice::Case;
use super::front::Kind;
use crate::menus::app::App;
use crate::menus::place::Place;

/// Of how many restaurants of a brand the fronts are warmed; most of them share what is compiled.
const RESTAURANTS_MAX: usize = 100;

const SERVICES: [Service; 3] = [Service::Delivery, Service::Pickup, Service::DineIn];

/// What nearly all callers take.
const ENCODINGS: [Encoding; 3] = [Encoding::Brotli, Encoding::Gzip, Encoding::Zstd];

/// Gives back what is to be warmed, however the work ends.
struct Held<'a> {
    app: &'a App,
    warming: Option<mpsc::Receiver<Place>>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(warming) = self.warming.take() {
            self.app.0.memory.pages.put_back(warming);
        }
    }
}

impl App {
    /// Warms what is to be warmed, until the stop.
    ///
    /// # Errors
    /// None; it goes on when something cannot be compiled.
    pub(crate) async fn warm(&self, stop: &Stop) -> Result<()> {
        let mut held = Held {
            app: self,
            warming: self.0.memory.pages.take_warming(),
        };
        while let Some(warming) = &mut held.warming {
            let place = tokio::select! {
                () = stop.stopped() => return Ok(()),
                place = warming.recv() => place,
            };
            let Some(place) = place else { break };
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                warmed = self.warm_place(place) => if let Err(error) = warmed {
                    tracing::debug!(code = error.code(), "a menu could not be compiled ahead");
                },
            }
        }
        Ok(())
    }

    async fn warm_place(&self, place: Place) -> Result<()> {
        match place {
            Place::Restaurant(id) => self.warm_restaurant(id).await,
            Place::Brand(brand) => {
                let restaurants = self.0.restaurants.of_brand(brand).await?;
                for id in restaurants.iter().take(RESTAURANTS_MAX) {
                    self.warm_restaurant(*id).await?;
                }
                Ok(())
            }
        }
    }

    async fn warm_restaurant(&self, id: RestaurantId) -> Result<()> {
        let front = self.front(id).await?;
        for service in SERVICES {
            let case = Case::usual(&front.faces, service);
            for encoding in ENCODINGS {
                self.answer(id, &front, &case, Kind::Whole, encoding)
                    .await?;
            }
        }
        Ok(())
    }
}
