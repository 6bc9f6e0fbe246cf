//! The routes of passkeys: making them, proving the second factor, signing in with nothing else.

use axum::extract::State;
use base::codes;
use edge::{Answer, Caller, Client, Context, Json, Policy, Rate, Routes, WithCookie};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::app::App;
use super::http::{NEEDS_SECOND, ask_of, route};
use super::view::{ChallengeView, NewPasskey, SignedChallenge, SteppedUp};

pub(super) fn routes() -> Routes<App> {
    making().with(proving())
}

fn making() -> Routes<App> {
    Routes::new()
        .add(
            route(
                Method::POST,
                "/api/me/factors/passkeys/begin",
                "factors.passkey_begin",
            )
            .about("Ask the browser to make a passkey")
            .policy(Policy::SignedIn)
            .rate(Rate::Auth)
            .takes_nothing()
            .answers::<ChallengeView>(StatusCode::OK)
            .fails(NEEDS_SECOND)
            .fails(&[codes::NOT_FOUND, codes::TOO_MANY])
            .handler(begin_passkey),
        )
        .add(
            route(
                Method::POST,
                "/api/me/factors/passkeys/finish",
                "factors.passkey_finish",
            )
            .about("Put the passkey in force that the browser made")
            .policy(Policy::SignedIn)
            .rate(Rate::Auth)
            .takes::<NewPasskey>()
            .answers::<SteppedUp>(StatusCode::OK)
            .fails(NEEDS_SECOND)
            .fails(&[codes::NOT_FOUND, codes::FACTOR_REFUSED, codes::TOO_MANY])
            .handler(finish_passkey),
        )
}

fn proving() -> Routes<App> {
    Routes::new()
        .add(
            route(
                Method::POST,
                "/api/auth/second-factor/passkey/begin",
                "auth.second_passkey_begin",
            )
            .about("Ask the browser for a passkey of the caller")
            .policy(Policy::SignedIn)
            .rate(Rate::Auth)
            .takes_nothing()
            .answers::<ChallengeView>(StatusCode::OK)
            .fails(&[codes::FORBIDDEN, codes::NOT_FOUND])
            .handler(ask_owner),
        )
        .add(
            route(
                Method::POST,
                "/api/auth/second-factor/passkey/finish",
                "auth.second_passkey_finish",
            )
            .about("Prove the second factor by what the passkey has signed")
            .policy(Policy::SignedIn)
            .rate(Rate::Auth)
            .takes::<SignedChallenge>()
            .answers::<SteppedUp>(StatusCode::OK)
            .fails(&[codes::FORBIDDEN, codes::FACTOR_REFUSED, codes::NOT_FOUND])
            .handler(prove_by_passkey),
        )
        .add(
            route(
                Method::POST,
                "/api/auth/passkey/begin",
                "auth.passkey_begin",
            )
            .about("Ask the browser for a passkey of whoever sits before it")
            .policy(Policy::Public)
            .rate(Rate::Auth)
            .takes_nothing()
            .answers::<ChallengeView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND])
            .handler(ask_anybody),
        )
        .add(
            route(
                Method::POST,
                "/api/auth/passkey/finish",
                "auth.passkey_finish",
            )
            .about("Sign in by what the passkey has signed; nothing else is needed")
            .policy(Policy::Public)
            .rate(Rate::Auth)
            .takes::<SignedChallenge>()
            .answers::<SteppedUp>(StatusCode::OK)
            .fails(&[codes::FACTOR_REFUSED, codes::NOT_FOUND])
            .handler(sign_in_by_passkey),
        )
}

async fn begin_passkey(State(app): State<App>, caller: Caller) -> Answer<Json<ChallengeView>> {
    let challenge = app.begin_passkey(&caller).await?;
    Ok(Json(ChallengeView {
        state: challenge.state,
        options: challenge.options,
    }))
}

async fn finish_passkey(
    State(app): State<App>,
    caller: Caller,
    (client, context): (Client, Context),
    Json(body): Json<NewPasskey>,
) -> Answer<WithCookie<Json<SteppedUp>>> {
    let ask = ask_of(&caller, &context);
    let name = body.name.name()?;
    let made = (body.state.as_str(), Value::Object(body.credential), &name);
    let proven = app.finish_passkey(&ask, &caller, made, &client).await?;
    let view = SteppedUp::new(&proven.started, &proven.recovery_codes);
    Ok(WithCookie(proven.started.cookie, Json(view)))
}

async fn ask_owner(State(app): State<App>, caller: Caller) -> Answer<Json<ChallengeView>> {
    let challenge = app.ask_owner(&caller).await?;
    Ok(Json(ChallengeView {
        state: challenge.state,
        options: challenge.options,
    }))
}

async fn prove_by_passkey(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    Json(body): Json<SignedChallenge>,
) -> Answer<WithCookie<Json<SteppedUp>>> {
    let signed = (body.state.as_str(), Value::Object(body.credential));
    let started = app.prove_by_passkey(&caller, signed, &client).await?;
    let view = SteppedUp::new(&started, &[]);
    Ok(WithCookie(started.cookie, Json(view)))
}

async fn ask_anybody(State(app): State<App>) -> Answer<Json<ChallengeView>> {
    let challenge = app.ask_anybody().await?;
    Ok(Json(ChallengeView {
        state: challenge.state,
        options: challenge.options,
    }))
}

async fn sign_in_by_passkey(
    State(app): State<App>,
    (client, context): (Client, Context),
    headers: HeaderMap,
    Json(body): Json<SignedChallenge>,
) -> Answer<WithCookie<Json<SteppedUp>>> {
    let signed = (body.state.as_str(), Value::Object(body.credential));
    let guest = app.guest_of(&headers).await;
    let started = app
        .sign_in_by_passkey(signed, guest, (&client, &context))
        .await?;
    let view = SteppedUp::new(&started, &[]);
    Ok(WithCookie(started.cookie, Json(view)))
}
