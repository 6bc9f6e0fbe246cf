//! Who pays what of an order: the parts of a bill that is shared, and all its payments as they are shown.

use base::{Money, Result};
use slice::wrong;
use trade::orders::{Order, Paying};
use trade::payments::{Covers, Intent, Parts, PaymentId, State, paid_by};

use super::app::{App, missing};
use super::pay::Share;
use super::store::{Held, Stored};
use super::view::{PaymentView, Returned};

impl App {
    /// The payments of an order as they are shown: in the order in which they are used, and what is paid in cash at last.
    pub(super) async fn paid(&self, stored: &Stored) -> Result<Vec<PaymentView>> {
        let (order, held) = (&stored.order, &stored.held);
        let mut listed = match stored.has_payments() || !order.tips.is_empty() {
            true => self.0.payments.listed(order.id).await?,
            false => Vec::new(),
        };
        let place = |payment| held.payments().position(|one| one == payment);
        listed.sort_by_key(|(intent, _)| place(intent.id).unwrap_or(usize::MAX));
        let (intents, urls): (Vec<Intent>, Vec<_>) = listed.into_iter().unzip();
        let cash = cash(held, order, &intents);
        // Who has ended has nothing more to do, but for a tip that he gives after it.
        let urls = urls.into_iter().zip(&intents).map(|(url, intent)| {
            let is_late = intent.covers.is_tip() && !order.gives_back();
            url.filter(|_| is_late || !order.status.is_final())
        });
        let shown = intents.iter().zip(urls).map(PaymentView::of);
        Ok(shown.chain(cash).collect())
    }

    /// The payment that a payer came back for: the one that he says, or else the one that waits for him, if there is one.
    pub(super) async fn returned_to(
        &self,
        stored: &Stored,
        back: &Returned,
    ) -> Result<Option<PaymentId>> {
        let intents = self.0.payments.all_of_order(stored.order.id).await?;
        if let Some(said) = back.payment {
            let mut ids = intents.iter().map(|intent| intent.id);
            return ids.find(|id| *id == said).map(Some).ok_or_else(missing);
        }
        let mut waiting = intents
            .iter()
            .filter(|intent| intent.state == State::ActionNeeded);
        match (waiting.next(), waiting.next()) {
            (Some(_), Some(_)) => {
                let said = "several payments wait for their payers: it says for which he came back";
                Err(wrong("payment", said))
            }
            (waiting, _) => Ok(waiting.map(|intent| intent.id)),
        }
    }
}

/// Those who pay an order, where its bill is shared.
pub(super) fn of<'a>(held: &'a Held, intents: &'a [Intent]) -> Option<Parts<'a>> {
    Parts::of(paying(held, intents), held.cash_part.as_ref())
}

/// The payments that pay an order as it stands. That of a change which waits, or came to nothing, pays nothing of it, even
/// if it still holds money.
pub(super) fn paying<'a>(
    held: &'a Held,
    intents: &'a [Intent],
) -> impl Iterator<Item = &'a Intent> {
    let payments = held.payments();
    payments.filter_map(|id| intents.iter().find(|intent| intent.id == id))
}

/// What each payment gives, as sagas know it.
pub(super) fn shares(given: Vec<(PaymentId, i64)>) -> Vec<Share> {
    let shares = given.into_iter();
    shares
        .map(|(payment, minor)| Share { payment, minor })
        .collect()
}

/// What is paid in cash, or was.
fn cash(held: &Held, order: &Order, intents: &[Intent]) -> Option<PaymentView> {
    let is_cash = order.paying == Paying::OnDelivery || held.cash;
    if !is_cash || order.gives_back() {
        return None;
    }
    let minor = match of(held, intents) {
        Some(parts) => parts.cash(order.currency, &order.money),
        None => {
            let paying = paying(held, intents);
            let kept = paid_by(paying, order.vouchers_minor, Intent::kept_minor);
            order.total_minor.saturating_sub(kept)
        }
    };
    let part = held.cash_part.as_ref();
    let covers = part.map_or(&Covers::Any, |part| &part.covers);
    let state = match order.status.is_fulfilled() {
        true => State::Captured,
        false => State::Open,
    };
    let amount = Money::new(minor, order.currency);
    (minor > 0).then(|| PaymentView::cash((amount, covers), state))
}

#[cfg(test)]
mod tests {
    use base::Uid;
    use trade::orders::OrderId;

    use super::*;

    fn intent(number: u8, state: State) -> Intent {
        let order: OrderId = "ord_01jd6yv2m00000000000000000".parse().unwrap();
        let minor = 1_000;
        Intent {
            id: Uid::from_bytes([number; 16]).into(),
            order,
            currency: "EUR".parse().unwrap(),
            minor,
            covers: Covers::Any,
            voucher: None,
            authorised_minor: minor,
            captured_minor: 0,
            refunded_minor: 0,
            state,
            code: None,
            attempts: Vec::new(),
            version: 2,
        }
    }

    #[test]
    fn what_a_change_holds_that_is_not_in_force_pays_nothing() {
        let [waits, dropped, second, first] =
            [1, 2, 3, 4].map(|number| intent(number, State::Authorised));
        let held = Held {
            payment: Some(first.id),
            more: vec![second.id],
            raise: Some(waits.id),
            ..Held::default()
        };
        let intents = [waits, dropped, second, first];
        let paying: Vec<_> = paying(&held, &intents).collect();
        assert_eq!(paying, [&intents[3], &intents[2]]);
    }
}
