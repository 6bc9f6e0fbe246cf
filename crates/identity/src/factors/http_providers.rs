//! The routes of sign-in with other providers. Browsers follow them as links, so they answer with other addresses.

use axum::extract::State;
use base::{Error, codes};
use edge::{
    Answer, Client, Context, Json, Page, Path, Policy, Query, Rate, Redirect, Routes, WithCookie,
    cookie,
};
use http::{HeaderMap, Method, StatusCode};

use super::app::App;
use super::http::route;
use super::sign_in::{BROWSER, Returned};
use super::view::{Added, CallbackQuery, Going, OfProvider, ProviderView};

/// The provider that has addresses of its own.
const GOOGLE: &str = "google";

pub(super) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            route(Method::GET, "/api/auth/providers", "auth.providers")
                .about("The providers at which people can sign in")
                .policy(Policy::Public)
                .takes_nothing()
                .answers::<Page<ProviderView>>(StatusCode::OK)
                .handler(list),
        )
        .add(
            route(Method::GET, "/api/auth/google", "auth.google")
                .about("Sign in with Google")
                .policy(Policy::Public)
                .rate(Rate::Auth)
                .query::<Going>()
                .takes_nothing()
                .answers_redirect()
                .fails(&[codes::NOT_FOUND])
                .handler(begin_google),
        )
        .add(
            route(
                Method::GET,
                "/api/auth/google/callback",
                "auth.google_callback",
            )
            .about("Come back from Google")
            .policy(Policy::Public)
            .rate(Rate::Auth)
            .query::<CallbackQuery>()
            .takes_nothing()
            .answers_redirect()
            .fails(&[codes::NOT_FOUND, codes::FORBIDDEN, codes::SIGN_IN_REFUSED])
            .handler(finish_google),
        )
        .add(
            route(Method::GET, "/api/auth/oidc/{provider}", "auth.provider")
                .about("Sign in with a provider from the list")
                .policy(Policy::Public)
                .rate(Rate::Auth)
                .path::<OfProvider>()
                .query::<Going>()
                .takes_nothing()
                .answers_redirect()
                .fails(&[codes::NOT_FOUND])
                .handler(begin),
        )
        .add(
            route(
                Method::GET,
                "/api/auth/oidc/{provider}/callback",
                "auth.provider_callback",
            )
            .about("Come back from a provider")
            .policy(Policy::Public)
            .rate(Rate::Auth)
            .path::<OfProvider>()
            .query::<CallbackQuery>()
            .takes_nothing()
            .answers_redirect()
            .fails(&[codes::NOT_FOUND, codes::FORBIDDEN, codes::SIGN_IN_REFUSED])
            .handler(finish),
        )
}

async fn list(State(app): State<App>) -> Answer<Json<Page<ProviderView>>> {
    let items = app.providers().map(|(name, label)| ProviderView {
        name: name.to_owned(),
        label: label.to_owned(),
        address: match name {
            GOOGLE => "/api/auth/google".to_owned(),
            other => format!("/api/auth/oidc/{other}"),
        },
    });
    Ok(Json(Page {
        items: items.collect(),
        next: None,
    }))
}

async fn begin_google(
    State(app): State<App>,
    headers: HeaderMap,
    Query(going): Query<Going>,
) -> Answer<WithCookie<Redirect>> {
    begin_at(&app, GOOGLE, &headers, &going).await
}

async fn begin(
    State(app): State<App>,
    headers: HeaderMap,
    Path(of): Path<OfProvider>,
    Query(going): Query<Going>,
) -> Answer<WithCookie<Redirect>> {
    begin_at(&app, listed(&of)?, &headers, &going).await
}

async fn begin_at(
    app: &App,
    provider: &str,
    headers: &HeaderMap,
    going: &Going,
) -> Answer<WithCookie<Redirect>> {
    let browser = cookie::read(headers, BROWSER);
    let sent = app
        .begin_sign_in(provider, &going.return_to()?, browser)
        .await?;
    Ok(WithCookie(sent.cookie, Redirect(sent.address)))
}

async fn finish_google(
    State(app): State<App>,
    headers: HeaderMap,
    from: (Client, Context),
    Query(query): Query<CallbackQuery>,
) -> Answer<WithCookie<Redirect>> {
    finish_at(&app, GOOGLE, &headers, (&from, &query)).await
}

async fn finish(
    State(app): State<App>,
    headers: HeaderMap,
    from: (Client, Context),
    Path(of): Path<OfProvider>,
    Query(query): Query<CallbackQuery>,
) -> Answer<WithCookie<Redirect>> {
    finish_at(&app, listed(&of)?, &headers, (&from, &query)).await
}

async fn finish_at(
    app: &App,
    provider: &str,
    headers: &HeaderMap,
    (from, query): (&(Client, Context), &CallbackQuery),
) -> Answer<WithCookie<Redirect>> {
    let returned = Returned {
        provider,
        state: query.state.as_str(),
        code: query
            .code
            .as_ref()
            .filter(|_| query.error.is_none())
            .map(Added::as_str),
        issuer: query.iss.as_ref().map(Added::as_str),
        browser: cookie::read(headers, BROWSER),
        guest: app.guest_of(headers).await,
    };
    let arrived = app.finish_sign_in(&returned, (&from.0, &from.1)).await?;
    let there = Redirect(arrived.return_to.as_str().to_owned());
    Ok(WithCookie(arrived.started.cookie, there))
}

/// Google has addresses of its own, so that a provider has one address to come back to.
fn listed(of: &OfProvider) -> base::Result<&str> {
    match of.provider.as_str() {
        GOOGLE => Err(Error::missing(
            codes::NOT_FOUND,
            "there is no such provider here",
        )),
        other => Ok(other),
    }
}
