//! The address book.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::people::AddressId;
use edge::{Answer, Caller, Criticality, Json, Path, Policy, Rate, Route, Routes, Versioned};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Ask;
use utoipa::IntoParams;

use super::super::view::{AddressBook, AddressView, ChangeAddress, NewAddress};
use super::me::seen;
use super::{Desk, TAG, person_of};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfAddress {
    /// Which address.
    #[param(value_type = String, pattern = "^adr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    address: AddressId,
}

pub(super) fn routes() -> Routes<Desk> {
    Routes::new()
        .add(
            route(Method::GET, "/api/me/addresses", "me.addresses.list")
                .about("List one's own addresses")
                .deadline(READ_WITHIN)
                .takes_nothing()
                .answers::<AddressBook>(StatusCode::OK)
                .handler(list),
        )
        .add(
            route(Method::POST, "/api/me/addresses", "me.addresses.add")
                .about("Add an address; a person has at most 20")
                .once()
                .takes::<NewAddress>()
                .answers::<AddressView>(StatusCode::CREATED)
                .fails(&[codes::TOO_MANY, codes::NOT_FOUND])
                .handler(add),
        )
        .add(
            route(
                Method::GET,
                "/api/me/addresses/{address}",
                "me.addresses.read",
            )
            .about("Read one of one's own addresses")
            .deadline(READ_WITHIN)
            .path::<OfAddress>()
            .takes_nothing()
            .answers::<AddressView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND])
            .handler(read),
        )
        .add(
            route(
                Method::PATCH,
                "/api/me/addresses/{address}",
                "me.addresses.change",
            )
            .about("Change one of one's own addresses")
            .path::<OfAddress>()
            .takes::<ChangeAddress>()
            .answers::<AddressView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
            .handler(change),
        )
        .add(
            route(
                Method::DELETE,
                "/api/me/addresses/{address}",
                "me.addresses.remove",
            )
            .about("Remove one of one's own addresses")
            .path::<OfAddress>()
            .takes_nothing()
            .answers_nothing(StatusCode::NO_CONTENT)
            .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
            .handler(remove),
        )
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<Desk> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(Policy::SignedIn)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WRITE_WITHIN)
        .fails(&[codes::FORBIDDEN])
}

async fn list(State(desk): State<Desk>, caller: Caller) -> Answer<Json<AddressBook>> {
    let all = desk.people.addresses(person_of(&caller)?).await?;
    let items = all.iter().map(AddressView::from).collect();
    Ok(Json(AddressBook { items }))
}

async fn add(
    State(desk): State<Desk>,
    caller: Caller,
    ask: Ask,
    Json(body): Json<NewAddress>,
) -> Answer<(StatusCode, Json<AddressView>)> {
    let (person, address) = (person_of(&caller)?, body.address()?);
    let added = desk.people.add_address(&ask, person, &address).await?;
    Ok((StatusCode::CREATED, Json(AddressView::from(&added))))
}

async fn read(
    State(desk): State<Desk>,
    caller: Caller,
    Path(of): Path<OfAddress>,
) -> Answer<Versioned<AddressView>> {
    let found = desk.people.address(person_of(&caller)?, of.address).await?;
    Ok(Versioned(found.version, AddressView::from(&found)))
}

async fn change(
    State(desk): State<Desk>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfAddress>,
    Json(body): Json<ChangeAddress>,
) -> Answer<Versioned<AddressView>> {
    let whose = (person_of(&caller)?, of.address);
    let seen = seen(body.version)?;
    let change = (seen, |before| body.apply(before));
    let changed = desk.people.change_address(&ask, whose, change).await?;
    Ok(Versioned(changed.version, AddressView::from(&changed)))
}

async fn remove(
    State(desk): State<Desk>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfAddress>,
) -> Answer<StatusCode> {
    let person = person_of(&caller)?;
    desk.people.remove_address(&ask, person, of.address).await?;
    Ok(StatusCode::NO_CONTENT)
}
