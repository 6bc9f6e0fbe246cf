//! Every status that an operation can answer, from what the gate refuses and what the route itself does.

use std::collections::BTreeMap;

use base::codes;
use http::StatusCode;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, ContentBuilder, Ref, Response, ResponseBuilder, Responses, ResponsesBuilder};

use super::{headers, problem_schema};
use crate::gate::head::changes;
use crate::problem::status;
use crate::route::{self, Shape, Takes};
use crate::{Policy, Rate};

/// Gives all answers of a route.
pub(crate) fn of(shape: &Shape) -> Responses {
    let mut responses = ResponsesBuilder::new();
    for answers in &shape.answers {
        let status = answers.status;
        let about = status.canonical_reason().unwrap_or("Done");
        let response = with_headers(shape, status, ResponseBuilder::new().description(about));
        responses = responses.response(status.as_str(), fill(response, &answers.content));
    }
    if shape.method == http::Method::GET {
        let response = ResponseBuilder::new().description("What the caller has is still so");
        let response = with_headers(shape, StatusCode::NOT_MODIFIED, response);
        responses = responses.response("304", response.build());
    }
    for (status, codes) in problems(shape) {
        responses = responses.response(status.as_str(), problem(shape, status, &codes));
    }
    responses.build()
}

fn with_headers(shape: &Shape, status: StatusCode, response: ResponseBuilder) -> ResponseBuilder {
    let headers = headers::of_answer(shape, status).into_iter();
    headers.fold(response, |response, (name, header)| response.header(name, header))
}

fn fill(response: ResponseBuilder, content: &route::Content) -> Response {
    let response = match content {
        route::Content::Nothing => response,
        route::Content::Json(named) => {
            response.content("application/json", written(Ref::from_schema_name(&named.name)))
        }
        route::Content::Text(media_type) => {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            response.content(*media_type, ContentBuilder::new().schema(Some(text)).build())
        }
    };
    response.build()
}

fn written(schema: Ref) -> Content {
    ContentBuilder::new().schema(Some(schema)).build()
}

fn problem(shape: &Shape, status: StatusCode, codes: &[&str]) -> Response {
    let about = format!("{}: {}", status.canonical_reason().unwrap_or("Refused"), codes.join(", "));
    let response = ResponseBuilder::new()
        .description(about)
        .content("application/problem+json", written(problem_schema()));
    with_headers(shape, status, response).build()
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
    let mut codes = vec![codes::HEADER_MALFORMED, codes::QUERY_MALFORMED, codes::FIELD_UNKNOWN];
    codes.push(codes::BODY_TOO_LARGE);
    if !shape.params.is_empty() {
        codes.extend([codes::FIELD_INVALID, codes::PATH_UNKNOWN]);
    }
    if !shape.query.is_empty() {
        codes.extend([codes::FIELD_INVALID, codes::FIELD_MISSING]);
    }
    if matches!(shape.takes, Some(Takes::Json(_))) {
        codes.extend([codes::BODY_MALFORMED, codes::FIELD_INVALID, codes::FIELD_MISSING]);
    }
    if !matches!(shape.takes, Some(Takes::Nothing) | None) {
        codes.push(codes::MEDIA_TYPE_UNKNOWN);
    }
    if shape.policy != Some(Policy::Public) {
        codes.push(codes::UNAUTHENTICATED);
    }
    if shape.policy == Some(Policy::Operator) {
        codes.push(codes::FORBIDDEN);
    }
    if changes(&shape.method) {
        codes.push(codes::ORIGIN_REFUSED);
    }
    if shape.rate != Some(Rate::Health) {
        codes.push(codes::RATE_LIMITED);
    }
    codes.extend([codes::OVERLOADED, codes::REQUEST_TOO_SLOW, codes::STOPPING, codes::INTERNAL]);
    codes
}
