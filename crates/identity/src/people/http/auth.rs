//! Signing in by a one-time code, or as a guest.

use std::time::Duration;

use axum::extract::State;
use base::{Result, codes};
use domain::people::{PersonId, Profile};
use edge::cookie::{self, Set};
use edge::{
    Answer, Caller, Client, Context, Criticality, Json, Policy, Rate, Route, Routes, Site,
    Strength, WithCookie,
};
use http::{HeaderMap, Method, StatusCode};

use super::super::app::{ENTRIES_MAX, Newcomer, Proof, crowded};
use super::super::codes::{Answered, Asked, Purpose, Sent};
use super::super::typed::contacts;
use super::super::view::{CodeSent, MeView, SendCode, SignedIn, VerifyCode, shown};
use super::{Desk, TAG, person_of, trace_of};
use crate::factors::Guest;
use crate::sessions::{Kind, Start, Started};

const WITHIN: Duration = Duration::from_secs(10);
/// Binds a code to the browser that asked for it, where the challenge is not sent back.
const COOKIE: &str = "__Host-comanda-code";

type Cookies<T> = WithCookie<WithCookie<T>>;

pub(super) fn routes() -> Routes<Desk> {
    Routes::new()
        .add(
            route(Method::POST, "/api/auth/send-otp", "auth.send_code")
                .about("Send a one-time code to a telephone or an e-mail address")
                .takes::<SendCode>()
                .answers::<CodeSent>(StatusCode::OK)
                .handler(send),
        )
        .add(
            route(Method::POST, "/api/auth/verify-otp", "auth.verify_code")
                .about("Sign in with the code that was sent")
                .takes::<VerifyCode>()
                .answers::<SignedIn>(StatusCode::OK)
                .fails(&[codes::CODE_REFUSED, codes::FORBIDDEN])
                .handler(verify),
        )
        .add(
            route(Method::POST, "/api/auth/guest", "auth.guest")
                .about("Order without an account, for a while")
                .takes_nothing()
                .answers::<SignedIn>(StatusCode::CREATED)
                .handler(guest),
        )
        .add(
            route(Method::GET, "/api/auth/me", "auth.me")
                .about("Who is signed in")
                .policy(Policy::SignedIn)
                .rate(Rate::Api)
                .takes_nothing()
                .answers::<MeView>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN, codes::NOT_FOUND])
                .handler(me),
        )
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<Desk> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(Policy::Public)
        .rate(Rate::Auth)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
}

async fn send(
    State(desk): State<Desk>,
    client: Client,
    Site(organisation): Site,
    Json(body): Json<SendCode>,
) -> Answer<WithCookie<Json<CodeSent>>> {
    let contact = one_contact(&body)?;
    let asked = Asked {
        contact: &contact,
        purpose: Purpose::SignIn,
        client: &client,
        organisation,
    };
    told(desk.codes.send(&asked).await?)
}

/// The one contact that was named.
pub(super) fn one_contact(body: &SendCode) -> Result<domain::people::Contact> {
    let mut said = contacts(body.phone.as_ref(), body.email.as_ref())?;
    match (said.pop(), said.is_empty()) {
        (Some(contact), true) => Ok(contact),
        _ => Err(slice::wrong(
            "phone",
            "either a telephone number or an e-mail address is needed",
        )),
    }
}

/// The answer to whoever asked for a code, with the cookie that binds it to this browser.
pub(super) fn told(sent: Sent) -> Answer<WithCookie<Json<CodeSent>>> {
    let cookie = Set::new(COOKIE, &sent.challenge, sent.lasts)?;
    let body = CodeSent {
        challenge: sent.challenge,
        expires_in: sent.lasts.as_secs(),
        resend_after: sent.resend_after.as_secs(),
    };
    Ok(WithCookie(cookie, Json(body)))
}

async fn verify(
    State(desk): State<Desk>,
    client: Client,
    context: Context,
    headers: HeaderMap,
    Json(body): Json<VerifyCode>,
) -> Answer<Cookies<Json<SignedIn>>> {
    let contact = prove(&desk, &headers, (&body, Purpose::SignIn)).await?;
    let (profile, trace) = (Profile::default(), trace_of(&context));
    let newcomer = Newcomer {
        contact: Some((&contact, Proof::Given)),
        profile: &profile,
        trace: &trace,
    };
    let guest = desk.factors.guest_of(&headers).await;
    enter(&desk, (guest, &newcomer), (Kind::Person, &client)).await
}

/// Lets somebody in and begins a session.
async fn enter(
    desk: &Desk,
    (guest, newcomer): (Option<Guest>, &Newcomer<'_>),
    (kind, client): (Kind, &Client),
) -> Answer<Cookies<Json<SignedIn>>> {
    for _ in 0..ENTRIES_MAX {
        let was = guest.map(|guest| guest.person);
        let mut entry = desk.people.enter_from(was, newcomer).await?;
        let start = Start {
            person: entry.person,
            strength: Strength::One,
            kind,
            client,
            trace: newcomer.trace,
        };
        let begun = desk.factors.begin(&mut entry.commit, start).await?;
        if desk.people.admit(entry.commit).await?.is_some() {
            let started = desk.factors.let_in(begun, guest).await;
            return answer(desk, (entry.person, started)).await;
        }
    }
    Err(crowded().into())
}

/// The contact that a code proves, with the challenge from the body or from the cookie.
pub(super) async fn prove(
    desk: &Desk,
    headers: &HeaderMap,
    (body, purpose): (&VerifyCode, Purpose),
) -> Result<domain::people::Contact> {
    let said = contacts(body.phone.as_ref(), body.email.as_ref())?;
    let challenge = body
        .challenge
        .as_deref()
        .or_else(|| cookie::read(headers, COOKIE));
    let answered = Answered {
        challenge: challenge.unwrap_or_default(),
        code: &body.code,
        said: &said,
        purpose,
    };
    desk.codes.prove(&answered).await
}

async fn guest(
    State(desk): State<Desk>,
    client: Client,
    context: Context,
) -> Answer<(StatusCode, Cookies<Json<SignedIn>>)> {
    desk.codes.count_guest(&client).await?;
    let (profile, trace) = (Profile::default(), trace_of(&context));
    let newcomer = Newcomer {
        contact: None,
        profile: &profile,
        trace: &trace,
    };
    let entered = enter(&desk, (None, &newcomer), (Kind::Guest, &client)).await?;
    Ok((StatusCode::CREATED, entered))
}

async fn answer(
    desk: &Desk,
    (person, started): (PersonId, Started),
) -> Answer<Cookies<Json<SignedIn>>> {
    let body = SignedIn {
        person: desk
            .me(person, (edge::Role::Person.name(), Strength::One))
            .await?,
        expires_at: started.expires_at,
    };
    let used = Set::end(COOKIE)?;
    Ok(WithCookie(started.cookie, WithCookie(used, Json(body))))
}

async fn me(State(desk): State<Desk>, caller: Caller) -> Answer<Json<MeView>> {
    Ok(Json(desk.me(person_of(&caller)?, shown(&caller)).await?))
}
