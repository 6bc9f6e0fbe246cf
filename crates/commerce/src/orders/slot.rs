//! What an order asks of the slot in which it is made, and how that goes along when its lines change.

use base::{Error, Result, Trail as _};
use carte::ItemId;
use rpc::Current;
use store::Commit;
use trade::capacity::{Goods, Kitchen, Why};
use trade::orders::{Line, Order, Status};

use super::app::App;
use super::priced::refusal;
use crate::capacity::{Shifted, Wants};

impl App {
    /// Has a commit take of the slot of an order what it needs more since it stood as it was, and give back what it needs
    /// less. What a change that waits needs is taken when it is proposed, so that who says yes gets it.
    pub(super) async fn shift_slot(
        &self,
        commit: &mut Commit,
        (was, order): (&Order, &Order),
    ) -> Result<()> {
        let is_same = was.lines == order.lines && was.proposal == order.proposal;
        // What has ended gives back all of it, or nothing.
        if is_same || order.status.is_final() {
            return Ok(());
        }
        let menu = self.0.menus.current(order.restaurant).await.at()?;
        let menu = menu.as_deref();
        let shifted = Shifted {
            order: order.id.uid(),
            restaurant: order.restaurant,
            channel: &order.channel,
            before: wants(menu, was),
            after: wants(menu, order),
            kitchen: match is_untouched(order) {
                true => Kitchen::Waits,
                false => Kitchen::Works,
            },
        };
        match self.0.capacity.shift(commit, &shifted).await? {
            Ok(()) => Ok(()),
            Err(why) => Err(full(why)),
        }
    }
}

/// Whether no kitchen has begun with it.
pub(super) const fn is_untouched(order: &Order) -> bool {
    matches!(
        order.status,
        Status::Scheduled | Status::Pending | Status::Confirmed
    )
}

/// How long a kitchen takes for an item, where the menu says so.
pub(super) fn prep_minutes(menu: Option<&Current>, item: ItemId) -> Option<u16> {
    let item = menu.and_then(|current| current.menu.item(item));
    item.and_then(|item| item.prep_minutes)
}

/// What an order asks of a kitchen, and what it would ask after the change that waits.
fn wants(menu: Option<&Current>, order: &Order) -> (Wants, Option<Wants>) {
    let proposal = order.proposal.as_deref();
    let waiting = proposal.map(|proposal| of_lines(menu, &mut proposal.change.lines.iter()));
    (of_lines(menu, &mut order.sold()), waiting)
}

fn of_lines(menu: Option<&Current>, lines: &mut dyn Iterator<Item = &Line>) -> Wants {
    lines.fold(Wants::default(), |mut wants, line| {
        wants.goods.push(Goods {
            minutes: prep_minutes(menu, line.item),
            quantity: line.quantity,
        });
        wants.money_minor = wants.money_minor.saturating_add(line.minor);
        wants
    })
}

#[track_caller]
fn full(why: Why) -> Error {
    let said = "the kitchen has no time left for so much in the slot of the order";
    refusal().field("wantedAt", why.code(), said)
}
