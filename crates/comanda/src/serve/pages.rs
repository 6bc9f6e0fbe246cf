//! The pages that the binary itself brings: the front page, and the set-up of the first operator.
//!
//! They are files of ours, sent as they are. They load nothing from elsewhere and hold no inline script or style.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use edge::{Criticality, Policy, Rate, Route, Routes};
use http::{Method, header};

const WITHIN: Duration = Duration::from_secs(2);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The routes of the pages.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(
            page("/", "home.page", HTML)
                .handler(|| async { send(HTML, include_str!("../../assets/home.html")) }),
        )
        .add(
            page("/setup", "setup.page", HTML)
                .handler(|| async { send(HTML, include_str!("../../assets/setup.html")) }),
        )
        .add(
            page("/setup/page.css", "setup.style", CSS)
                .handler(|| async { send(CSS, include_str!("../../assets/page.css")) }),
        )
        .add(
            page("/setup/setup.js", "setup.script", SCRIPT)
                .handler(|| async { send(SCRIPT, include_str!("../../assets/setup.js")) }),
        )
}

fn page(path: &'static str, operation: &'static str, media_type: &'static str) -> Route {
    Route::new(Method::GET, path, operation)
        .about("A page for people, or a file of one")
        .tag("pages")
        .policy(Policy::Public)
        .rate(Rate::Api)
        .criticality(Criticality::Background)
        .deadline(WITHIN)
        .takes_nothing()
        .answers_text(media_type)
}

fn send(media_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, media_type)], text).into_response()
}
