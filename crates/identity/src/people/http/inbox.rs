//! The development inbox: letters that went nowhere, for whoever develops. It is never part of a production node.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base::Time;
use edge::{Answer, Criticality, Json, Policy, Rate, Route, Routes};
use http::{Method, StatusCode, header};
use rpc::{About, Inbox, Kept, Recipient};
use serde::Serialize;
use utoipa::ToSchema;

const WITHIN: Duration = Duration::from_secs(2);
const TAG: &str = "development";
const HTML: &str = "text/html; charset=utf-8";

/// A letter that went nowhere.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LetterView {
    /// The telephone number or e-mail address.
    to: String,
    /// `code`, `invitation` or `notice`.
    #[schema(value_type = String)]
    about: &'static str,
    /// The subject.
    subject: String,
    /// The text.
    text: String,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
}

/// The letters that went nowhere.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InboxView {
    /// The letters, the newest first.
    items: Vec<LetterView>,
}

/// The routes of the development inbox. Whoever wires a node adds them only where it is not in production.
pub fn routes(inbox: &Inbox) -> Routes {
    let route = |path, name| {
        Route::new(Method::GET, path, name)
            .tag(TAG)
            .policy(Policy::Public)
            .rate(Rate::Health)
            .criticality(Criticality::Background)
            .deadline(WITHIN)
            .takes_nothing()
    };
    Routes::new()
        .add(
            route("/api/dev/inbox", "dev.inbox")
                .about("Letters that were not sent, because no sender is set")
                .answers::<InboxView>(StatusCode::OK)
                .handler(list),
        )
        .add(
            route("/dev/inbox", "dev.inbox_page")
                .about("The same as a page")
                .answers_text(HTML)
                .handler(page),
        )
        .with_state(inbox.clone())
}

async fn list(State(inbox): State<Inbox>) -> Answer<Json<InboxView>> {
    let items = inbox.recent().into_iter().map(LetterView::from).collect();
    Ok(Json(InboxView { items }))
}

async fn page(State(inbox): State<Inbox>) -> Response {
    let entries: String = inbox
        .recent()
        .into_iter()
        .map(LetterView::from)
        .map(|letter| {
            let said = |text: &str| escaped(text);
            format!(
                "<article><h2>{}</h2><p>{} · {} · {}</p><pre>{}</pre></article>\n",
                said(&letter.subject),
                said(&letter.to),
                said(letter.about),
                letter.at,
                said(&letter.text),
            )
        })
        .collect();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"refresh\" content=\"5\"><title>Inbox</title></head>\
         <body><h1>Letters that were not sent</h1>\n\
         <p>No sender is set, so letters end here. This page looks for new ones every five seconds.</p>\n\
         {entries}</body></html>\n"
    );
    ([(header::CONTENT_TYPE, HTML)], page).into_response()
}

impl From<Kept> for LetterView {
    fn from(kept: Kept) -> Self {
        let Kept { letter, at } = kept;
        LetterView {
            to: match &letter.to {
                Recipient::Phone(phone) => phone.as_str().to_owned(),
                Recipient::Email(email) => email.as_str().to_owned(),
            },
            about: match letter.about {
                About::Code => "code",
                About::Invitation => "invitation",
                About::Notice => "notice",
            },
            subject: letter.subject,
            text: letter.text,
            at,
        }
    }
}

/// A text that means nothing to a browser.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_no_page() {
        assert_eq!(
            escaped("<script src='x'>&\"</script>"),
            "&lt;script src=&#39;x&#39;&gt;&amp;&quot;&lt;/script&gt;"
        );
    }
}
