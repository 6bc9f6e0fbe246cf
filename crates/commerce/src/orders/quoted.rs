//! Orders by a quote: what was promised is held, and what costs more by now is refused and not taken silently.

use base::{Money, Result, Time, Uid};
use catalogue::pricing::Promise;
use domain::pricing::Quote;

use super::app::App;
use super::priced::refusal;
use super::view::Asked;

/// The field of a request that names a quote.
const FIELD: &str = "quoteId";

impl App {
    /// Refuses an order that names a quote which is over, was given elsewhere, or promised less than it costs now without
    /// tip and before anything is taken off. Answers which place is held with it.
    pub(super) fn holds_promise(
        &self,
        asked: &Asked,
        now: Time,
        bare: &Quote,
    ) -> Result<Option<Uid>> {
        let Some(text) = &asked.quote_id else {
            return Ok(None);
        };
        let refused = |code: &'static str, said: String| Err(refusal().field(FIELD, code, said));
        let Ok(promise) = Promise::open(&self.0.cursors, asked.restaurant_id, text) else {
            return refused("unknown", "This restaurant gave no such quote.".to_owned());
        };
        if promise.until < now {
            let said = "The quote is too old; ask for another one.";
            return refused("expired", said.to_owned());
        }
        let totals = &bare.totals;
        let costs = totals.total.minor().saturating_sub(totals.tip.minor());
        if costs > promise.total_minor {
            let [was, is] =
                [promise.total_minor, costs].map(|minor| Money::new(minor, bare.currency));
            let said = format!("The quote was for {was}, and this costs {is} now.");
            return refused("dearer", said);
        }
        Ok(promise.hold)
    }
}
