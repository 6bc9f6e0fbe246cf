//! Credit as staff give it for an order, and as those see it who have it.

use std::time::Duration;

use axum::extract::State as OfApp;
use base::{Error, Money, Result, Time, codes};
use domain::access::Permission;
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use edge::{Answer, Caller, Criticality, Granted, Json, Path, Policy, Rate, Route, Routes};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use slice::{Ask, wrong};
use trade::ledger::{About, CreditId, Transaction};
use trade::orders::{Order, OrderId};
use utoipa::ToSchema;

use super::app::App;
use super::http::{OfOrder, person};
use super::place::unbalanced;
use super::refunds::{BearerName, ReasonName, bearer};
use crate::credit::{self, Entry, Noted, What};
use crate::ledger;

const PATH: &str = "/api/orders/{order}/credit";
const WITHIN: Duration = Duration::from_secs(10);

/// Credit that is given to whoever placed an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewCredit)]
struct CreditAsked {
    /// How much, in the currency of the order; above zero.
    #[schema(
        max_length = 11,
        pattern = "^[0-9]{1,6}(\\.[0-9]{1,4})?$",
        example = "5.00"
    )]
    amount: String,
    /// Why.
    reason: ReasonName,
    /// Who bears it; the restaurant when nothing is said. Only the platform says that somebody else does.
    #[serde(default)]
    bearer: Option<BearerName>,
}

/// What was added to somebody's credit, or taken off it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreditEntry)]
pub(super) struct EntryView {
    /// Which one it is.
    #[schema(value_type = String, pattern = "^crd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: CreditId,
    /// `given` by somebody who works there, `refunded`, `spent`, or `returned` from an order that came to nothing.
    #[schema(example = "given")]
    kind: String,
    /// How much; below zero what was spent.
    #[schema(example = "5.00")]
    amount: String,
    /// What the amount is in.
    #[schema(example = "EUR")]
    currency: String,
    /// For which order.
    #[schema(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    order_id: OrderId,
    /// Who sold that.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant_id: RestaurantId,
    /// Why, where somebody gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
}

/// What somebody has in a currency.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreditBalance)]
struct BalanceView {
    /// The currency.
    #[schema(example = "EUR")]
    currency: String,
    /// What can be spent.
    #[schema(example = "5.00")]
    balance: String,
}

/// What somebody has with an organisation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Credit)]
struct PurseView {
    /// By currency.
    balances: Vec<BalanceView>,
    /// The last of what made it so, the newest first.
    entries: Vec<EntryView>,
}

/// What somebody has, wherever that is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Credits)]
struct PursesView {
    /// One for each organisation.
    items: Vec<PurseView>,
}

impl EntryView {
    fn of(noted: &Noted) -> Self {
        let (what, entry) = (noted.what, &noted.entry);
        let (_, kind) = what.kind().split_once('.').unwrap_or_default();
        EntryView {
            id: noted.id,
            kind: kind.to_owned(),
            amount: Money::new(what.signed(entry.minor), entry.currency).amount(),
            currency: entry.currency.code().to_owned(),
            order_id: entry.order,
            restaurant_id: entry.restaurant,
            reason: entry.why.clone(),
            at: noted.at,
        }
    }
}

impl PurseView {
    fn of(purse: &credit::Purse) -> Self {
        let balances = purse.balances.iter().map(|one| BalanceView {
            currency: one.currency().code().to_owned(),
            balance: one.amount(),
        });
        PurseView {
            balances: balances.collect(),
            entries: purse.entries.iter().map(EntryView::of).collect(),
        }
    }
}

/// So much credit for whoever placed an order.
pub(super) fn entry(order: &Order, minor: i64, why: &str) -> Result<Entry> {
    Ok(Entry {
        person: order.customer.ok_or_else(nobody)?,
        currency: order.currency,
        minor,
        order: order.id,
        restaurant: order.restaurant,
        why: Some(why.to_owned()),
    })
}

impl App {
    /// Gives credit to whoever placed an order.
    async fn give_credit(
        &self,
        ask: &Ask,
        (id, granted): (OrderId, &Granted),
        asked: &CreditAsked,
    ) -> Result<EntryView> {
        let order = self.find(id).await?.order;
        self.within(&granted.places, &order).await?;
        let bearer = bearer(asked.bearer, granted)?;
        let amount = Money::parse(&asked.amount, order.currency);
        let amount = amount.map_err(|error| wrong("amount", error.to_string()))?;
        if amount.minor() <= 0 {
            return Err(wrong("amount", "it is above zero"));
        }
        let entry = entry(&order, amount.minor(), asked.reason.reason().name())?;
        let (house, request) = (id.organisation(), (id, asked));
        let place = (house, "credit.give");
        let settled = ask.settle(&self.0.db, place, &request, async || {
            let mut commit = self.0.db.new_commit(house);
            self.alone(&mut commit, &order, amount.minor()).await?;
            let fresh = CreditId::make(&self.0.clock, &self.0.random, house);
            let of = (fresh.uid(), What::Given);
            let id = credit::give(&mut commit, ask, of, &entry)?;
            let about = About::Credit(id);
            let given = Transaction::credit_given(Some(order.id), about, bearer, amount);
            ledger::post(&mut commit, ask, &given.map_err(unbalanced)?)?;
            let noted = Noted {
                id,
                what: What::Given,
                at: commit.at(),
                entry: entry.clone(),
            };
            Ok((commit, EntryView::of(&noted)))
        });
        settled.await
    }

    /// What whoever placed an order has with the organisation.
    async fn credit_of(&self, (id, granted): (OrderId, &Granted)) -> Result<PurseView> {
        let order = self.find(id).await?.order;
        self.within(&granted.places, &order).await?;
        let person = order.customer.ok_or_else(nobody)?;
        let mut purse = self.0.credit.purse(id.organisation(), person).await?;
        purse.entries.retain(|noted| {
            let restaurant = noted.entry.restaurant;
            restaurant == order.restaurant || granted.places.hold(restaurant.uid())
        });
        Ok(PurseView::of(&purse))
    }

    /// What somebody has, wherever that is.
    async fn own_credit(&self, person: PersonId) -> Result<PursesView> {
        let purses = self.0.credit.purses(person).await?;
        Ok(PursesView {
            items: purses.iter().map(PurseView::of).collect(),
        })
    }
}

/// The routes of credit.
pub(super) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::POST, PATH, "credit.give")
                .about("Give credit to whoever placed an order")
                .policy(Policy::May(Permission::RefundsChange.name()))
                .path::<OfOrder>()
                .takes::<CreditAsked>()
                .answers::<EntryView>(StatusCode::CREATED)
                .fails(&[codes::NOT_FOUND, codes::PAYMENT_REFUSED])
                .handler(give),
        )
        .add(
            route(Method::GET, PATH, "credit.of_order")
                .about("Read the credit of whoever placed an order")
                .policy(Policy::May(Permission::OrdersRead.name()))
                .path::<OfOrder>()
                .takes_nothing()
                .reads_personal()
                .answers::<PurseView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::PAYMENT_REFUSED])
                .handler(show_of),
        )
        .add(
            route(Method::GET, "/api/me/credit", "credit.own")
                .about("List the caller's credit")
                .policy(Policy::SignedIn)
                .takes_nothing()
                .answers::<PursesView>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN])
                .handler(show),
        )
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag("orders")
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
}

async fn give(
    OfApp(app): OfApp<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<CreditAsked>,
) -> Answer<(StatusCode, Json<EntryView>)> {
    let given = app.give_credit(&ask, (of.order, &granted), &asked).await?;
    Ok((StatusCode::CREATED, Json(given)))
}

async fn show_of(
    OfApp(app): OfApp<App>,
    granted: Granted,
    Path(of): Path<OfOrder>,
) -> Answer<Json<PurseView>> {
    Ok(Json(app.credit_of((of.order, &granted)).await?))
}

async fn show(OfApp(app): OfApp<App>, caller: Caller) -> Answer<Json<PursesView>> {
    Ok(Json(app.own_credit(person(&caller)?).await?))
}

#[track_caller]
fn nobody() -> Error {
    Error::conflict(
        codes::PAYMENT_REFUSED,
        "nobody who is known has placed the order",
    )
}
