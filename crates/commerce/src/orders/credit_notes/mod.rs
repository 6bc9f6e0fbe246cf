//! Credit notes: the papers about refunds whose money has gone back, numbered without gaps.
//!
//! A note is issued in the commit that has the last of a refund's money gone back, under a number that a guard of that
//! commit takes. So a refund has one note, and a number that is taken is there. Notes say nothing of the diner.

mod http;
mod store;
mod view;

use ::store::Commit;
use base::{Error, Page, Result, Time, Trail as _, codes};
use domain::organisations::{OrganisationId, RestaurantId, TimeZone};
use domain::people::PersonId;
use domain::venues;
use edge::Granted;
use slice::{Ask, Turn};
use trade::ledger::{About, Account, Kind};
use trade::orders::{Order, OrderId};
use trade::refunds::{Back, By, CreditNote, Issued, Refund, State, through};

use self::store as rows;
use self::view::{CreditNoteView, CreditNotesView};
use super::app::{App, missing};

pub(super) use http::routes;
pub(crate) use store::{FOLD, FOLD_NUMBERS, SHARD};

impl App {
    /// Has a commit issue the note of a refund, where all of it has gone back: some of it with this very commit by these
    /// means, the rest before or through payments. The commit must be the next that decides about refunds of the order,
    /// because taxes are counted after those of its earlier notes.
    pub(super) async fn issue_note(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        (order, refund): (&Order, &Refund),
        now: Option<Back>,
    ) -> Result<()> {
        if refund.state != State::Executed || base::planted("note_not_issued") {
            return Ok(());
        }
        let payments = self.0.payments.of_order(order.id).await?;
        let mut back = through(refund, &payments).ok_or_else(unfit)?;
        match now {
            Some(now) => back.push(now),
            None => back.extend(self.gone_at_once(refund).await?),
        }
        let before = rows::of_order(&self.0.db, order.id).await.at()?;
        let before: Vec<CreditNote> = before.into_iter().map(|issued| issued.note).collect();
        let year = self.year(order.restaurant, commit).await?;
        let note = CreditNote::of(order, refund, &before, (year, &back));
        rows::issue(commit, ask, &note.ok_or_else(unfit)?)
    }

    /// What has gone back of a refund without a payment, by the books.
    async fn gone_at_once(&self, refund: &Refund) -> Result<Vec<Back>> {
        let posted = self.0.ledger.of_order(refund.order).await?;
        let posted = posted.iter().map(|one| &one.transaction);
        let of_refund = posted.filter(|one| {
            one.kind() == Kind::RefundExecuted && one.about() == About::Refund(refund.id)
        });
        let back = of_refund.flat_map(|one| {
            let on = |account: &Account| one.on(account).saturating_neg();
            [
                (By::Cash, on(&Account::Cash)),
                (By::StoreCredit, on(&Account::StoreCredit)),
            ]
        });
        let back = back.filter(|(_, minor)| *minor != 0);
        Ok(back.map(|(by, minor)| Back { by, minor }).collect())
    }

    /// The year of a commit, by the clock of a restaurant.
    async fn year(&self, restaurant: RestaurantId, commit: &Commit) -> Result<i64> {
        let found = self.0.restaurants.find(restaurant).await.at()?;
        let zone = found.ok_or_else(missing)?.details.time_zone;
        Ok(year(zone, commit.at()))
    }

    /// The notes of an order that a permission reaches.
    async fn credit_notes(&self, (id, granted): (OrderId, &Granted)) -> Result<CreditNotesView> {
        let stored = self.find(id).await?;
        self.within(&granted.places, &stored.order).await?;
        self.notes_of(id).await
    }

    /// The notes of an order of whoever asks.
    async fn own_credit_notes(&self, (person, id): (PersonId, OrderId)) -> Result<CreditNotesView> {
        self.find_own(person, id).await?;
        self.notes_of(id).await
    }

    async fn notes_of(&self, id: OrderId) -> Result<CreditNotesView> {
        let found = rows::of_order(&self.0.db, id).await.at()?;
        Ok(CreditNotesView {
            items: found.iter().map(CreditNoteView::of).collect(),
        })
    }

    /// The notes of an organisation and a year, the last one first.
    async fn credit_notes_of(
        &self,
        organisation: OrganisationId,
        year: i64,
        turn: &Turn,
    ) -> Result<Page<CreditNoteView>> {
        let scope = format!("credit notes of {organisation} in {year}");
        let before = match &turn.cursor {
            Some(cursor) => i64::from_be_bytes(self.0.cursors.open(&scope, cursor)?),
            None => i64::MAX,
        };
        let limit = turn.limit.get();
        let more = i64::from(turn.limit).saturating_add(1);
        let house = organisation.organisation();
        let found = rows::of_year(&self.0.db, house, (year, before, more));
        let mut found = found.await.at()?;
        let is_more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| is_more);
        let place = |last: &Issued| last.number.to_be_bytes();
        let next = last.map(|last| self.0.cursors.seal(&scope, &place(last)));
        Ok(Page {
            items: found.iter().map(CreditNoteView::of).collect(),
            next,
        })
    }
}

/// In which year a moment is, by the clock of a zone.
fn year(zone: TimeZone, at: Time) -> i64 {
    venues::local(zone, at).date.year()
}

#[track_caller]
fn unfit() -> Error {
    Error::internal(codes::DAMAGED, "a refund whose credit note does not add up")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_begins_by_the_clock_of_the_restaurant() {
        let of = |zone: &str, at: &str| year(zone.parse().unwrap(), at.parse().unwrap());
        assert_eq!(of("Europe/Rome", "2026-12-31T22:59:59Z"), 2_026);
        assert_eq!(of("Europe/Rome", "2026-12-31T23:00:00Z"), 2_027);
        assert_eq!(of("America/New_York", "2027-01-01T04:59:59Z"), 2_026);
    }
}
