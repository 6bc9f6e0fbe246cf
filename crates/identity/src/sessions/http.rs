//! The routes of sessions and tokens.

use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use base::{Error, Kind, base64, codes};
use domain::people::SessionId;
use edge::cookie::{SESSION, Set};
use edge::{
    Answer, Caller, Criticality, Json, Page, Path, Policy, Rate, Route, Routes, WithCookie,
};
use http::{HeaderMap, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::{App, person_of, session_of};
use super::edit::Why;
use super::jwt::Public;
use super::tokens::Drawn;
use super::view::SessionView;

const WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "sessions";

/// Which session.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfSession {
    /// The id of the session, from the list.
    #[param(value_type = String, pattern = "^ses_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    session: SessionId,
}

/// What an app sends when its access token is about to end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Refresh {
    /// The refresh token that came last. It can be used once.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$", min_length = 43, max_length = 43)]
    refresh_token: String,
}

/// Tokens of an app.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    /// Goes into the header `Authorization`, behind `Bearer`.
    access_token: String,
    /// Gives the next tokens, once. It must be kept as safe as a password.
    refresh_token: String,
    /// How the access token is used: always `Bearer`.
    token_type: &'static str,
    /// For how many seconds the access token is good.
    expires_in: u64,
}

impl From<Drawn> for Tokens {
    fn from(drawn: Drawn) -> Self {
        Tokens {
            access_token: drawn.access,
            refresh_token: drawn.refresh.to_string(),
            token_type: "Bearer",
            expires_in: drawn.expires_in.as_secs(),
        }
    }
}

/// The public keys that access tokens are signed with (RFC 7517).
#[derive(Serialize, ToSchema)]
struct Jwks {
    /// The keys; the first one signs.
    keys: Vec<Jwk>,
}

/// A public key (RFC 8037).
#[derive(Serialize, ToSchema)]
struct Jwk {
    /// The family of the key.
    kty: &'static str,
    /// The curve.
    crv: &'static str,
    /// How it signs.
    alg: &'static str,
    /// What it is for.
    r#use: &'static str,
    /// Its number, as tokens name it.
    kid: String,
    /// The key itself, in base 64.
    x: String,
}

impl From<Public> for Jwk {
    fn from(public: Public) -> Self {
        Jwk {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            r#use: "sig",
            kid: public.number.to_string(),
            x: base64::encode(&public.key),
        }
    }
}

/// The routes of sessions and tokens.
pub fn routes(app: &App) -> Routes {
    of_sessions().with(of_tokens()).with_state(app.clone())
}

fn of_sessions() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::POST, "/api/auth/logout", "auth.logout")
                .about("Sign out: end the session of this request, on every device that copied it")
                .policy(Policy::Public)
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .handler(logout),
        )
        .add(
            route(Method::GET, "/api/me/sessions", "sessions.list")
                .about("Where the caller is signed in")
                .policy(Policy::SignedIn)
                .takes_nothing()
                .answers::<Page<SessionView>>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN])
                .handler(list),
        )
        .add(
            route(Method::DELETE, "/api/me/sessions/{session}", "sessions.end")
                .about("End one session of the caller")
                .policy(Policy::SignedIn)
                .path::<OfSession>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::FORBIDDEN, codes::NOT_FOUND])
                .handler(end),
        )
        .add(
            route(Method::DELETE, "/api/me/sessions", "sessions.end_others")
                .about("End all sessions of the caller but the one that asks")
                .policy(Policy::SignedIn)
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::FORBIDDEN])
                .handler(end_others),
        )
}

fn of_tokens() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::POST, "/api/auth/tokens", "tokens.draw")
                .about("Draw tokens for an app from the session of this request")
                .policy(Policy::SignedIn)
                .rate(Rate::Auth)
                .takes_nothing()
                .answers::<Tokens>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN])
                .handler(draw),
        )
        .add(
            route(Method::POST, "/api/auth/tokens/refresh", "tokens.refresh")
                .about("Get the next tokens; a refresh token that is used twice ends its session")
                .policy(Policy::Public)
                .rate(Rate::Auth)
                .takes::<Refresh>()
                .answers::<Tokens>(StatusCode::OK)
                .fails(&[codes::REFRESH_REFUSED])
                .handler(refresh),
        )
        .add(
            route(Method::GET, "/.well-known/jwks.json", "tokens.keys")
                .about("The public keys that access tokens are signed with")
                .policy(Policy::Public)
                .takes_nothing()
                .answers::<Jwks>(StatusCode::OK)
                .handler(keys),
        )
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
}

async fn logout(State(app): State<App>, headers: HeaderMap) -> Answer<WithCookie<StatusCode>> {
    match app.who(&headers).await {
        Ok(Some(caller)) => {
            let whose = (person_of(&caller)?, session_of(&caller)?);
            app.finish(whose.0, whose.1, Why::Logout).await?;
        }
        Ok(None) => {}
        // Whoever is signed out already gets what he asked for.
        Err(error) if error.kind() == Kind::Unauthenticated => {}
        Err(error) => return Err(error.into()),
    }
    Ok(WithCookie(Set::end(SESSION)?, StatusCode::NO_CONTENT))
}

async fn list(State(app): State<App>, caller: Caller) -> Answer<Json<Page<SessionView>>> {
    let items = app.list(person_of(&caller)?, session_of(&caller)?).await?;
    Ok(Json(Page { items, next: None }))
}

async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfSession>,
) -> Answer<StatusCode> {
    match app.end(person_of(&caller)?, of.session).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Error::missing(codes::NOT_FOUND, "there is no such session").into()),
    }
}

async fn end_others(State(app): State<App>, caller: Caller) -> Answer<StatusCode> {
    app.end_but(person_of(&caller)?, Some(session_of(&caller)?))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn draw(State(app): State<App>, caller: Caller) -> Answer<Json<Tokens>> {
    Ok(Json(app.draw(&caller).await?.into()))
}

async fn refresh(State(app): State<App>, Json(body): Json<Refresh>) -> Answer<Json<Tokens>> {
    Ok(Json(app.refresh(&body.refresh_token).await?.into()))
}

async fn keys(State(app): State<App>) -> Answer<impl IntoResponse> {
    let keys = app.public_keys()?.into_iter().map(Jwk::from).collect();
    // A rotation keeps the key before, so a copy that is some minutes old is good.
    Ok((
        [(header::CACHE_CONTROL, "public, max-age=300")],
        Json(Jwks { keys }),
    ))
}
