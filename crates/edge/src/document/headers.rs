//! The headers that the document speaks of, in requests and in answers.

use http::{Method, StatusCode};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Object, Required};

use crate::route::{Content, Shape};
use crate::{Policy, Rate};

/// Headers that the handler reads. Those that every request may carry are in the document's own words.
pub(crate) fn of_request(shape: &Shape) -> Vec<Parameter> {
    let mut headers = Vec::new();
    if shape.once || shape.handler_takes("extract::IdempotencyKey") {
        let key = text()
            .min_length(Some(1))
            .max_length(Some(255))
            .pattern(Some("^[!-~]{1,255}$"));
        headers.push(parameter(
            "Idempotency-Key",
            "Under the same key the request has one effect.",
            key,
        ));
    }
    if shape.handler_takes("extract::IfMatch") {
        let version = text().pattern(Some(r#"^((W/)?"[0-9]{1,18}")?$"#));
        headers.push(parameter(
            "If-Match",
            "The version that the change is based on.",
            version,
        ));
    }
    if matches!(shape.policy, Some(Policy::May(_) | Policy::Inside)) {
        let reason = text()
            .min_length(Some(3))
            .max_length(Some(200))
            .pattern(Some("^[!-~][ -~]{1,198}[!-~]$"));
        headers.push(parameter(
            "x-acting-reason",
            "Why an operator acts for the organisation, which can read it. Operators must say it; others need not.",
            reason,
        ));
    }
    headers
}

fn parameter(name: &str, about: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema.build()))
        .build()
}

/// Headers of an answer with this status.
pub(crate) fn of_answer(shape: &Shape, status: StatusCode) -> Vec<(&'static str, Header)> {
    let mut headers = vec![(
        "x-correlation-id",
        header("Names the request in our log.", text()),
    )];
    let counted = |status: StatusCode| !matches!(status.as_u16(), 405 | 503);
    if shape.rate != Some(Rate::Health) && counted(status) {
        headers.push((
            "X-RateLimit-Limit",
            header("How many requests the tightest limit lets pass.", number(0)),
        ));
        headers.push((
            "X-RateLimit-Remaining",
            header("How many are left.", number(0)),
        ));
        headers.push((
            "X-RateLimit-Reset",
            header("After how many seconds all are there again.", number(0)),
        ));
    }
    if status == StatusCode::SEE_OTHER {
        headers.push(("Location", header("Where to go on.", text())));
    }
    let reads = shape.method == Method::GET;
    let shown = matches!(status, StatusCode::OK | StatusCode::NOT_MODIFIED);
    let whole = shape
        .answers
        .iter()
        .any(|answers| !matches!(answers.content, Content::Nothing));
    if reads && shown && whole {
        headers.push((
            "ETag",
            header(
                "Names these bytes, or the version; for `If-None-Match`.",
                text(),
            ),
        ));
    }
    if matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        headers.push((
            "Retry-After",
            header("After how many seconds to ask again.", number(1)),
        ));
    }
    headers
}

fn header(about: &str, schema: ObjectBuilder) -> Header {
    HeaderBuilder::new()
        .description(Some(about))
        .schema(Some(schema.build()))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn number(least: u64) -> ObjectBuilder {
    Object::builder()
        .schema_type(Type::Integer)
        .minimum(Some(least))
}
