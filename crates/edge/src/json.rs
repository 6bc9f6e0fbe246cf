//! JSON in and out. What is read has been counted by the gate before; what is wrong is said field by field.

use std::borrow::Cow;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use base::{Error, codes};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::extract::passage;
use crate::rules::Rules;
use crate::{Answer, Problem};

pub(crate) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/json");

/// A body of JSON, of a request or of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Answer<Self> {
        let passage = passage(request.extensions())?;
        Ok(Self(read(&passage.body, passage.rules.as_deref())?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => {
                let mut response = Response::new(Bytes::from(text).into());
                response.headers_mut().insert(CONTENT_TYPE, MEDIA_TYPE);
                response
            }
            Err(error) => {
                let ours = Error::internal(codes::INTERNAL, "an answer cannot be written as JSON");
                Problem(ours.caused_by(error)).into_response()
            }
        }
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// An answer with a status of its own, such as 201 for what was made.
impl<T: Serialize> Json<T> {
    /// Answers with this status instead of 200.
    pub fn with(self, status: StatusCode) -> Response {
        let mut response = self.into_response();
        if response.status() == StatusCode::OK {
            *response.status_mut() = status;
        }
        response
    }
}

/// Reads a body: 400 for what is no JSON, 422 with the field for what is JSON of another shape.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], rules: Option<&Rules>) -> base::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let typed = match serde_path_to_error::deserialize(&mut reader) {
        Ok(typed) => {
            let trailing = |_| {
                Error::invalid(
                    codes::BODY_MALFORMED,
                    "there is more after the end of the JSON",
                )
            };
            reader.end().map_err(trailing)?;
            typed
        }
        Err(error) if is_fraction(&error) => again(body).ok_or_else(|| refused(error))?,
        Err(error) => return Err(refused(error)),
    };
    if let Some(rules) = rules {
        let unreadable = |_| Error::invalid(codes::BODY_MALFORMED, "the body is not JSON");
        rules.check(&serde_json::from_slice(body).map_err(unreadable)?)?;
    }
    Ok(typed)
}

fn is_fraction(error: &serde_path_to_error::Error<serde_json::Error>) -> bool {
    error.inner().is_data()
        && error
            .inner()
            .to_string()
            .starts_with("invalid type: floating point")
}

/// Reads a body once more in which whole numbers are written with a fraction of zero; nothing when that was not it.
fn again<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let mut value = serde_json::from_slice(body).ok()?;
    crate::rules::whole_numbers(&mut value);
    serde_json::from_value(value).ok()
}

fn refused(error: serde_path_to_error::Error<serde_json::Error>) -> Error {
    let path = error.path().to_string();
    let inner = error.into_inner();
    if !inner.is_data() {
        let message = format!("the body is not JSON: {inner}");
        return Error::invalid(codes::BODY_MALFORMED, message);
    }
    let text = inner.to_string();
    // serde_json says where in the text it stopped, which the path says better.
    let message = text.split(" at line ").next().unwrap_or(&text);
    let (field, code) = place(&path, message);
    Error::invalid(code, "a field of the body is not as the operation takes it").field(
        field,
        code,
        message.to_owned(),
    )
}

/// Finds the field that a message of serde is about. It names a missing or unknown field in its text alone.
pub(crate) fn place<'a>(path: &'a str, message: &'a str) -> (Cow<'a, str>, &'static str) {
    let named = |start| message.strip_prefix(start)?.split('`').next();
    let inside = match path {
        "." => "",
        path => path,
    };
    let known = [
        ("missing field `", codes::FIELD_MISSING),
        ("unknown field `", codes::FIELD_UNKNOWN),
        ("duplicate field `", codes::FIELD_INVALID),
    ];
    let found = known
        .into_iter()
        .find_map(|(start, code)| Some((named(start)?, code)));
    let Some((name, code)) = found else {
        return (Cow::Borrowed(inside), codes::FIELD_INVALID);
    };
    let ends_with_name = inside == name || inside.ends_with(&format!(".{name}"));
    match (inside, ends_with_name) {
        ("", _) => (Cow::Borrowed(name), code),
        (_, true) => (Cow::Borrowed(inside), code),
        (_, false) => (Cow::Owned(format!("{inside}.{name}")), code),
    }
}
