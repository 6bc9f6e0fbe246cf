//! What an order would cost with all that keeps it from being taken: for carts, which are shown before they are whole.

use std::sync::Arc;

use base::{Money, Result};
use carte::{ItemId, Service};
use domain::people::PersonId;
use domain::pricing::{Quote, Reason, Refused, Totals};
use rpc::Current;
use trade::offers;

use super::app::App;
use super::view::Asked;

/// What an order would cost.
pub(crate) struct Estimate {
    /// The quote, with why it cannot be ordered so.
    pub(crate) quote: Quote,
    /// Why the coupon takes nothing off.
    pub(crate) coupon: Option<offers::Refused>,
    /// Whether it is to be brought and nobody said where to.
    pub(crate) address_missing: bool,
    current: Arc<Current>,
}

impl Estimate {
    /// What an item is called; nothing where it is not sold.
    pub(crate) fn name(&self, item: ItemId) -> String {
        let item = self.current.menu.item(item);
        item.map(|item| item.name.main().to_owned())
            .unwrap_or_default()
    }
}

impl App {
    /// What an order would cost, by the same quote by which it would be placed, without what it costs to pay in cash: how
    /// it is paid is said when it is placed. Nothing of it is refused.
    pub(crate) async fn estimate(&self, person: PersonId, asked: &Asked) -> Result<Estimate> {
        let scene = self.scene(asked, 1).await?;
        let address_missing =
            asked.service() == Service::Delivery && asked.delivery_address.is_none();
        let mut quote = scene.quote((asked, false), &[])?;
        if asked.items.is_empty() {
            // Nothing costs nothing: neither fees nor limits are worth telling of.
            quote.refusals = vec![Refused {
                line: None,
                reason: Reason::Empty,
            }];
            let zero = Money::zero(quote.currency);
            quote.fees.clear();
            quote.totals = Totals {
                items: zero,
                fees: zero,
                discounts: zero,
                tax: zero,
                tip: zero,
                total: zero,
            };
            return Ok(Estimate {
                quote,
                coupon: None,
                address_missing: false,
                current: scene.current,
            });
        }
        let (offered, _) = self
            .offers_for((&scene, asked), Some(person), &quote)
            .await?;
        if !offered.discounts.is_empty() {
            quote = scene.quote((asked, false), &offered.discounts)?;
        }
        Ok(Estimate {
            quote,
            coupon: offered.refused,
            address_missing,
            current: scene.current,
        })
    }
}
