//! The routes of second factors.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use edge::{
    Answer, Caller, Client, Context, Criticality, Json, Path, Policy, Rate, Route, Routes,
    WithCookie,
};
use http::{Method, StatusCode};
use slice::Ask;

use super::app::{App, person_of};
use super::view::{
    FactorView, FactorsView, OfFactor, OfferedTotp, RecoveryCodes, RenameFactor, SecondFactor,
    SteppedUp, TypedCode,
};
use super::{http_passkeys, http_providers, trace_of};

const WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "second factors";

/// What every route that changes factors may answer besides.
pub(super) const NEEDS_SECOND: &[&str] = &[codes::FORBIDDEN, codes::SECOND_FACTOR_NEEDED];

/// The routes of second factors and of providers.
pub fn routes(app: &App) -> Routes {
    of_factors()
        .with(of_totp())
        .with(http_passkeys::routes())
        .with(http_providers::routes())
        .with_state(app.clone())
}

fn of_factors() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::GET, "/api/me/factors", "factors.list")
                .about("The second factors of the caller")
                .policy(Policy::SignedIn)
                .takes_nothing()
                .answers::<FactorsView>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN])
                .handler(list),
        )
        .add(
            route(Method::PATCH, "/api/me/factors/{factor}", "factors.rename")
                .about("Give a second factor another name")
                .policy(Policy::SignedIn)
                .path::<OfFactor>()
                .takes::<RenameFactor>()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(NEEDS_SECOND)
                .fails(&[codes::NOT_FOUND])
                .handler(rename),
        )
        .add(
            route(Method::DELETE, "/api/me/factors/{factor}", "factors.remove")
                .about("Remove a second factor; it wants one to be proven in this session in the last ten minutes")
                .policy(Policy::SignedIn)
                .path::<OfFactor>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(NEEDS_SECOND)
                .fails(&[codes::NOT_FOUND, codes::PROOF_TOO_OLD, codes::LAST_ONE])
                .handler(remove),
        )
        .add(
            route(Method::POST, "/api/me/factors/recovery-codes", "factors.recovery_codes")
                .about("Make new recovery codes; it wants a factor to be proven in this session in the last ten minutes")
                .policy(Policy::SignedIn)
                .rate(Rate::Auth)
                .takes_nothing()
                .answers::<RecoveryCodes>(StatusCode::CREATED)
                .fails(NEEDS_SECOND)
                .fails(&[codes::PROOF_TOO_OLD])
                .handler(recovery_codes),
        )
        .add(
            route(Method::POST, "/api/auth/second-factor", "auth.second_factor")
                .about("Prove the second factor by a code: the session gets another id, and may do what staff may")
                .policy(Policy::SignedIn)
                .rate(Rate::Auth)
                .takes::<SecondFactor>()
                .answers::<SteppedUp>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN, codes::FACTOR_REFUSED])
                .handler(prove),
        )
}

fn of_totp() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::POST, "/api/me/factors/totp", "factors.totp_begin")
                .about("Offer a secret to an authenticator app; its first code puts it in force")
                .policy(Policy::SignedIn)
                .rate(Rate::Auth)
                .takes_nothing()
                .answers::<OfferedTotp>(StatusCode::CREATED)
                .fails(NEEDS_SECOND)
                .fails(&[codes::TOO_MANY])
                .handler(begin_totp),
        )
        .add(
            route(
                Method::POST,
                "/api/me/factors/totp/confirm",
                "factors.totp_confirm",
            )
            .about("Put the offered secret in force by its first code")
            .policy(Policy::SignedIn)
            .rate(Rate::Auth)
            .takes::<TypedCode>()
            .answers::<SteppedUp>(StatusCode::OK)
            .fails(NEEDS_SECOND)
            .fails(&[codes::FACTOR_REFUSED])
            .handler(confirm_totp),
        )
}

pub(super) fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
}

pub(super) fn ask_of(caller: &Caller, context: &Context) -> Ask {
    Ask {
        actor: caller.actor().to_owned(),
        trace: trace_of(context),
        key: None,
    }
}

async fn list(State(app): State<App>, caller: Caller) -> Answer<Json<FactorsView>> {
    let (factors, recovery_codes_left) = app.list(person_of(&caller)?).await?;
    Ok(Json(FactorsView {
        factors: factors.into_iter().map(FactorView::from).collect(),
        recovery_codes_left,
    }))
}

async fn rename(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfFactor>,
    Json(body): Json<RenameFactor>,
) -> Answer<StatusCode> {
    app.rename(&caller, of.factor, &body.name.name()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    context: Context,
    Path(of): Path<OfFactor>,
) -> Answer<StatusCode> {
    app.remove(&ask_of(&caller, &context), &caller, of.factor)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn recovery_codes(
    State(app): State<App>,
    caller: Caller,
    context: Context,
) -> Answer<(StatusCode, Json<RecoveryCodes>)> {
    let made = app
        .renew_recovery_codes(&ask_of(&caller, &context), &caller)
        .await?;
    let recovery_codes = made.iter().map(|code| code.to_string()).collect();
    Ok((StatusCode::CREATED, Json(RecoveryCodes { recovery_codes })))
}

async fn prove(
    State(app): State<App>,
    caller: Caller,
    (client, context): (Client, Context),
    Json(body): Json<SecondFactor>,
) -> Answer<WithCookie<Json<SteppedUp>>> {
    let ask = ask_of(&caller, &context);
    let started = app.prove(&ask, &caller, body.given()?, &client).await?;
    let view = SteppedUp::new(&started, &[]);
    Ok(WithCookie(started.cookie, Json(view)))
}

async fn begin_totp(
    State(app): State<App>,
    caller: Caller,
) -> Answer<(StatusCode, Json<OfferedTotp>)> {
    let offered = app.begin_totp(&caller).await?;
    let view = OfferedTotp {
        id: offered.id,
        secret: offered.secret.to_string(),
        uri: offered.uri.to_string(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

async fn confirm_totp(
    State(app): State<App>,
    caller: Caller,
    (client, context): (Client, Context),
    Json(body): Json<TypedCode>,
) -> Answer<WithCookie<Json<SteppedUp>>> {
    let ask = ask_of(&caller, &context);
    let proven = app
        .confirm_totp(&ask, &caller, body.code()?, &client)
        .await?;
    let view = SteppedUp::new(&proven.started, &proven.recovery_codes);
    Ok(WithCookie(proven.started.cookie, Json(view)))
}
