//! Credit notes as they are shown.

use base::{Money, Time};
use domain::organisations::RestaurantId;
use serde::Serialize;
use trade::orders::OrderId;
use trade::payments::RefundId;
use trade::refunds::{By, Issued, NoteLine, NoteTax};
use utoipa::ToSchema;

use crate::orders::view::Method;

/// A credit note: what went back of an order by one refund. It never changes.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreditNote)]
pub(crate) struct CreditNoteView {
    /// Its year, and which of that year and of the organisation it is; none is missing.
    #[schema(example = "2026-000001")]
    number: String,
    /// When it was issued: when the last of the money had gone back.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Time,
    /// Of which order.
    #[schema(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    order: OrderId,
    /// Of which refund.
    #[schema(value_type = String, pattern = "^rfd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    refund: RefundId,
    /// Who sold it.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant_id: RestaurantId,
    /// What all amounts are in.
    #[schema(example = "EUR")]
    currency: String,
    /// How much, with its taxes.
    #[schema(example = "2.50")]
    total: String,
    /// Line by line.
    lines: Vec<NoteLineView>,
    /// All taxes in the total, by rate.
    taxes: Vec<NoteTaxView>,
    /// Why: `missing`, `wrong`, `quality`, `late`, `not_delivered`, `goodwill` or `other`.
    #[schema(example = "missing")]
    reason: String,
    /// Who bears it.
    #[schema(example = "restaurant")]
    bearer: String,
    /// By which means it went back.
    paid_back: Vec<PaidBackView>,
}

/// What went back of a line.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreditNoteLine)]
struct NoteLineView {
    /// Which line; fees and the tip where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    /// What was sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Margherita")]
    name: Option<String>,
    /// How many of it were sold; the amount may be that of a part of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    /// How much, with its taxes.
    #[schema(example = "2.50")]
    amount: String,
    /// The taxes in it, by rate.
    taxes: Vec<NoteTaxView>,
}

/// The tax of one rate.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreditNoteTax)]
struct NoteTaxView {
    /// The rate in percent; left out for fees, of which orders keep none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "7")]
    percent: Option<String>,
    /// Whether prices held it; else it came on top.
    included: bool,
    /// How much.
    #[schema(example = "0.16")]
    amount: String,
}

/// What went back by one means.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreditNotePaidBack)]
struct PaidBackView {
    /// By which.
    method: Method,
    /// How much.
    #[schema(example = "2.50")]
    amount: String,
}

/// The credit notes of an order.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = CreditNotes)]
pub(crate) struct CreditNotesView {
    /// The oldest first.
    pub(super) items: Vec<CreditNoteView>,
}

impl CreditNoteView {
    pub(super) fn of(issued: &Issued) -> Self {
        let note = &issued.note;
        let shown = |minor: i64| Money::new(minor, note.currency).amount();
        let tax = |tax: &NoteTax| NoteTaxView {
            percent: tax.rate.map(catalogue::pricing::percent),
            included: tax.included,
            amount: shown(tax.minor),
        };
        let line = |line: &NoteLine| NoteLineView {
            line: line.line.as_ref().map(|key| key.as_str().to_owned()),
            name: line.name.clone(),
            quantity: line.quantity,
            amount: shown(line.minor),
            taxes: line.taxes.iter().map(tax).collect(),
        };
        let back = note.back.iter().map(|back| PaidBackView {
            method: method(back.by),
            amount: shown(back.minor),
        });
        CreditNoteView {
            number: issued.label(),
            issued_at: issued.at,
            order: note.order,
            refund: note.refund,
            restaurant_id: note.restaurant,
            currency: note.currency.code().to_owned(),
            total: shown(note.minor),
            lines: note.lines.iter().map(line).collect(),
            taxes: note.taxes.iter().map(tax).collect(),
            reason: note.reason.name().to_owned(),
            bearer: note.bearer.name().to_owned(),
            paid_back: back.collect(),
        }
    }
}

const fn method(by: By) -> Method {
    match by {
        By::Card => Method::Card,
        By::MealVoucher => Method::MealVoucher,
        By::StoreCredit => Method::StoreCredit,
        By::Cash => Method::Cash,
    }
}
