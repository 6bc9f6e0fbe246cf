//! Every status that an operation can answer, from what the gate refuses and what the route itself does.

use std::collections::BTreeMap;

use base::codes;
use http::StatusCode;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, ContentBuilder, Ref, ResponseBuilder, Responses, ResponsesBuilder};

use super::{headers, problem_schema};
use crate::gate::head::changes;
use crate::problem::status;
use crate::route::{self, Shape, Takes};
use crate::{Policy, Rate};

/// Gives all answers of a route. A status may be both an answer of the route and a problem.
pub(crate) fn of(shape: &Shape) -> Responses {
    let mut responses: BTreeMap<StatusCode, (String, ResponseBuilder)> = BTreeMap::new();
    for answers in &shape.answers {
        let about = answers
            .status
            .canonical_reason()
            .unwrap_or("Done")
            .to_owned();
        // A status may come with one form or another, such as the formats of a picture.
        let (_, response) = responses.remove(&answers.status).unwrap_or_default();
        let response = fill(response, &answers.content);
        responses.insert(answers.status, (about, response));
    }
    if shape.method == http::Method::GET {
        let about = "What the caller has is still so".to_owned();
        responses.insert(StatusCode::NOT_MODIFIED, (about, ResponseBuilder::new()));
    }
    for (status, codes) in problems(shape) {
        let reason = status.canonical_reason().unwrap_or("Refused");
        let about = format!("{reason}: {}", codes.join(", "));
        let (_, response) = responses.remove(&status).unwrap_or_default();
        let response = response.content("application/problem+json", written(problem_schema()));
        responses.insert(status, (about, response));
    }
    let mut written = ResponsesBuilder::new();
    for (status, (about, response)) in responses {
        let response = with_headers(shape, status, response.description(about));
        written = written.response(status.as_str(), response.build());
    }
    written.build()
}

fn with_headers(shape: &Shape, status: StatusCode, response: ResponseBuilder) -> ResponseBuilder {
    let headers = headers::of_answer(shape, status).into_iter();
    headers.fold(response, |response, (name, header)| {
        response.header(name, header)
    })
}

fn fill(response: ResponseBuilder, content: &route::Content) -> ResponseBuilder {
    match content {
        route::Content::Nothing => response,
        route::Content::Json(named) => response.content(
            "application/json",
            written(Ref::from_schema_name(&named.name)),
        ),
        // A file of JSON is read as what it is, and no schema of ours says what is in it.
        route::Content::Text(media_type @ "application/json") => {
            response.content(*media_type, ContentBuilder::new().build())
        }
        route::Content::Text(media_type) => {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            response.content(
                *media_type,
                ContentBuilder::new().schema(Some(text)).build(),
            )
        }
    }
}

fn written(schema: Ref) -> Content {
    ContentBuilder::new().schema(Some(schema)).build()
}

/// The codes that can really come, by status.
pub(crate) fn problems(shape: &Shape) -> BTreeMap<StatusCode, Vec<&'static str>> {
    let mut by_status: BTreeMap<StatusCode, Vec<&'static str>> = BTreeMap::new();
    let gate = of_gate(shape);
    for code in gate.into_iter().chain(shape.fails.iter().copied()) {
        let Some((name, kind, _)) = codes::find(code) else {
            continue;
        };
        let codes = by_status.entry(status(*kind, name)).or_default();
        if !codes.contains(name) {
            codes.push(name);
        }
    }
    by_status
}

/// What the gate itself may answer on this route.
fn of_gate(shape: &Shape) -> Vec<&'static str> {
    let mut codes = vec![
        codes::HEADER_MALFORMED,
        codes::QUERY_MALFORMED,
        codes::FIELD_UNKNOWN,
    ];
    codes.extend([codes::ADDRESS_TOO_LONG, codes::BODY_TOO_LARGE]);
    if !shape.params.is_empty() {
        codes.extend([codes::FIELD_INVALID, codes::PATH_UNKNOWN]);
    }
    if !shape.query.is_empty() {
        codes.extend([codes::FIELD_INVALID, codes::FIELD_MISSING]);
    }
    if matches!(shape.takes, Some(Takes::Json(_))) {
        codes.extend([
            codes::BODY_MALFORMED,
            codes::FIELD_INVALID,
            codes::FIELD_MISSING,
        ]);
    }
    if !matches!(shape.takes, Some(Takes::Nothing) | None) {
        codes.push(codes::MEDIA_TYPE_UNKNOWN);
    }
    if shape.policy != Some(Policy::Public) {
        codes.push(codes::UNAUTHENTICATED);
    }
    match shape.policy {
        Some(Policy::Operator) => codes.extend([codes::FORBIDDEN, codes::SECOND_FACTOR_NEEDED]),
        Some(Policy::Inside) => codes.extend([
            codes::FORBIDDEN,
            codes::SECOND_FACTOR_NEEDED,
            codes::REASON_NEEDED,
            codes::UNAVAILABLE,
        ]),
        Some(Policy::May(_)) => codes.extend([
            codes::FORBIDDEN,
            codes::SECOND_FACTOR_NEEDED,
            codes::REASON_NEEDED,
            codes::NOT_FOUND,
            codes::ID_MALFORMED,
            codes::UNAVAILABLE,
        ]),
        Some(Policy::Public | Policy::SignedIn) | None => {}
    }
    if shape.once || shape.handler_takes("extract::IdempotencyKey") {
        codes.extend([codes::IDEMPOTENCY_OTHER_BODY, codes::IDEMPOTENCY_UNDER_WAY]);
    }
    if changes(&shape.method) {
        codes.push(codes::ORIGIN_REFUSED);
    }
    if shape.rate != Some(Rate::Health) {
        codes.push(codes::RATE_LIMITED);
    }
    codes.extend([
        codes::OVERLOADED,
        codes::REQUEST_TOO_SLOW,
        codes::STOPPING,
        codes::INTERNAL,
    ]);
    codes
}
