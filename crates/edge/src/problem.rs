//! Every error as an answer: RFC 9457, one table from kinds and codes to statuses.
//!
//! The gate writes the body, because it alone knows the correlation id. An error of ours shows nothing but its
//! code and that id; message, cause and trail go to the log.

use axum::response::{IntoResponse, Response};
use base::{Error, Kind, codes};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// An error on its way to the caller. Anything that turns into a [`base::Error`] turns into it with `?`.
#[derive(Debug)]
pub struct Problem(pub(crate) Error);

impl<E: Into<Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Problem {
    /// Gives the error itself.
    pub fn error(&self) -> &Error {
        &self.0
    }

    /// Gives the status that it is answered with.
    pub fn status(&self) -> StatusCode {
        status(self.0.kind(), self.0.code())
    }
}

impl IntoResponse for Problem {
    /// Hands the error to the gate, which writes the body.
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = self.status();
        response
            .extensions_mut()
            .insert(Carried(std::sync::Arc::new(self.0)));
        response
    }
}

/// The error of an answer between the handler and the end of the gate.
#[derive(Clone)]
pub(crate) struct Carried(pub(crate) std::sync::Arc<Error>);

/// What is refused because it cannot be read at all, before anybody looks at single fields.
const UNREADABLE: [&str; 3] = [
    codes::BODY_MALFORMED,
    codes::HEADER_MALFORMED,
    codes::QUERY_MALFORMED,
];

/// Gives the status of an error.
pub(crate) fn status(kind: Kind, code: &str) -> StatusCode {
    match kind {
        Kind::Invalid => match code {
            codes::ADDRESS_TOO_LONG => StatusCode::URI_TOO_LONG,
            codes::BODY_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
            codes::MEDIA_TYPE_UNKNOWN => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            codes::METHOD_UNKNOWN => StatusCode::METHOD_NOT_ALLOWED,
            code if UNREADABLE.contains(&code) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        },
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Missing => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Limited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What went wrong, as RFC 9457 has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shape<'a> {
    /// Where the kind of problem is described; stable.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "/docs/errors#not_found")]
    pub(crate) kind: String,
    /// What the code means, always the same sentence for the same code.
    pub(crate) title: &'a str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// The code that programs decide by.
    #[schema(example = "not_found", pattern = "^[a-z_]+$")]
    pub(crate) code: &'a str,
    /// What is wrong with this request; absent when the fault is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) detail: Option<&'a str>,
    /// The correlation id, under which our log has the details.
    pub(crate) instance: &'a str,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<FieldShape<'a>>,
    /// After how many seconds it is worth trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub(crate) retry_after: Option<u64>,
}

/// What is wrong with one field of the request.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemField)]
pub(crate) struct FieldShape<'a> {
    /// The path of the field, such as `lines.3.quantity`.
    pub(crate) field: &'a str,
    /// The code that programs decide by.
    pub(crate) code: &'a str,
    /// What is wrong with it.
    pub(crate) message: &'a str,
}

/// Gives the whole seconds, at least one, after which it is worth trying again.
pub(crate) fn retry_seconds(error: &Error) -> Option<u64> {
    match (error.retry_delay(), error.kind()) {
        (Some(delay), _) => Some(
            delay
                .as_millis()
                .div_ceil(1000)
                .max(1)
                .try_into()
                .unwrap_or(1),
        ),
        (None, Kind::Limited | Kind::Unavailable) => Some(1),
        (None, _) => None,
    }
}

/// Writes the body of an error.
pub(crate) fn body(error: &Error, correlation: &str) -> Vec<u8> {
    let ours = error.kind() == Kind::Internal;
    let fields = error.fields().iter().map(|field| FieldShape {
        field: &field.field,
        code: field.code,
        message: &field.message,
    });
    let shape = Shape {
        kind: format!("/docs/errors#{}", error.code()),
        title: codes::find(error.code()).map_or("A mistake of the platform itself.", |row| row.2),
        status: status(error.kind(), error.code()).as_u16(),
        code: error.code(),
        detail: (!ours).then(|| error.message()),
        instance: correlation,
        fields: if ours { Vec::new() } else { fields.collect() },
        retry_after: retry_seconds(error),
    };
    // Texts and numbers alone can always be written.
    serde_json::to_vec(&shape).unwrap_or_default()
}
