//! What people do with their own profile and contacts.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::people::ContactId;
use edge::{
    Answer, Caller, Client, Context, Criticality, Json, Path, Policy, Rate, Route, Routes, Site,
    WithCookie,
};
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, VERSION_MAX, wrong};
use utoipa::IntoParams;

use super::super::codes::{Asked, Purpose};
use super::super::view::{ChangeMe, CodeSent, ContactView, MeView, SendCode, VerifyCode, shown};
use super::auth::{one_contact, prove, told};
use super::{Desk, TAG, person_of, trace_of};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const SEND_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfContact {
    /// Which contact.
    #[param(value_type = String, pattern = "^con_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    contact: ContactId,
}

pub(super) fn routes() -> Routes<Desk> {
    Routes::new()
        .add(
            route(Method::GET, "/api/me", "me.read")
                .about("Read one's own profile")
                .deadline(READ_WITHIN)
                .takes_nothing()
                .answers::<MeView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read),
        )
        .add(
            route(Method::PATCH, "/api/me", "me.change")
                .about("Change one's own profile")
                .takes::<ChangeMe>()
                .answers::<MeView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
                .handler(change),
        )
        .add(
            route(Method::POST, "/api/me/contacts", "me.contacts.send_code")
                .about("Send a code to a telephone or e-mail address that is to be added")
                .rate(Rate::Auth)
                .deadline(SEND_WITHIN)
                .takes::<SendCode>()
                .answers::<CodeSent>(StatusCode::OK)
                .handler(send),
        )
        .add(
            route(Method::POST, "/api/me/contacts/verify", "me.contacts.add")
                .about("Add the telephone or e-mail address that the code was sent to")
                .rate(Rate::Auth)
                .takes::<VerifyCode>()
                .answers::<ContactView>(StatusCode::CREATED)
                .fails(&[
                    codes::CODE_REFUSED,
                    codes::CONTACT_TAKEN,
                    codes::TOO_MANY,
                    codes::NOT_FOUND,
                ])
                .handler(add),
        )
        .add(
            route(
                Method::DELETE,
                "/api/me/contacts/{contact}",
                "me.contacts.remove",
            )
            .about("Remove a telephone or e-mail address, but not the last")
            .path::<OfContact>()
            .takes_nothing()
            .answers_nothing(StatusCode::NO_CONTENT)
            .fails(&[codes::NOT_FOUND, codes::LAST_ONE])
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

async fn read(State(desk): State<Desk>, caller: Caller) -> Answer<Json<MeView>> {
    Ok(Json(desk.me(person_of(&caller)?, shown(&caller)).await?))
}

async fn change(
    State(desk): State<Desk>,
    caller: Caller,
    ask: Ask,
    Json(body): Json<ChangeMe>,
) -> Answer<Json<MeView>> {
    let person = person_of(&caller)?;
    let seen = seen(body.version)?;
    let change = (seen, |before| body.apply(before));
    desk.people.change_profile(&ask, person, change).await?;
    Ok(Json(desk.me(person, shown(&caller)).await?))
}

/// A version that somebody can have read.
pub(super) fn seen(version: i64) -> base::Result<i64> {
    match (1..=VERSION_MAX).contains(&version) {
        true => Ok(version),
        false => Err(wrong("version", "a version is a whole number from 1")),
    }
}

async fn send(
    State(desk): State<Desk>,
    caller: Caller,
    client: Client,
    Site(organisation): Site,
    Json(body): Json<SendCode>,
) -> Answer<WithCookie<Json<CodeSent>>> {
    let contact = one_contact(&body)?;
    let asked = Asked {
        contact: &contact,
        purpose: Purpose::Contact(person_of(&caller)?),
        client: &client,
        organisation,
    };
    told(desk.codes.send(&asked).await?)
}

async fn add(
    State(desk): State<Desk>,
    caller: Caller,
    context: Context,
    headers: HeaderMap,
    Json(body): Json<VerifyCode>,
) -> Answer<(StatusCode, Json<ContactView>)> {
    let person = person_of(&caller)?;
    let contact = prove(&desk, &headers, (&body, Purpose::Contact(person))).await?;
    let added = desk
        .people
        .add_contact(person, &contact, &trace_of(&context))
        .await?;
    Ok((StatusCode::CREATED, Json(ContactView::from(&added))))
}

async fn remove(
    State(desk): State<Desk>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfContact>,
) -> Answer<StatusCode> {
    let person = person_of(&caller)?;
    desk.people.remove_contact(&ask, person, of.contact).await?;
    Ok(StatusCode::NO_CONTENT)
}
