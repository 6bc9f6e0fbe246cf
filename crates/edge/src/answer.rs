//! What handlers answer with, besides JSON: versions, pages of lists, another address, a cookie.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use base::{Error, codes};
use http::header::{CACHE_CONTROL, ETAG, LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::cookie::Set;
use crate::{Json, Problem};

/// What a handler returns.
pub type Answer<T> = Result<T, Problem>;

/// An answer that carries the version of what it shows as its `ETag`, to be sent back in `If-Match`.
#[derive(Clone, Debug)]
pub struct Versioned<T>(pub i64, pub T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.1).into_response();
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.0)) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

/// A part of a list: the public form of [`base::Page`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Page<T> {
    /// The entries, in the order of the list.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> From<base::Page<T>> for Page<T> {
    fn from(page: base::Page<T>) -> Self {
        Self {
            items: page.items,
            next: page.next,
        }
    }
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new()
            .description(Some("The entries, in the order of the list."))
            .items(Ref::from_schema_name(T::name()));
        let next = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some("The cursor of the next page; absent on the last one."));
        ObjectBuilder::new()
            .description(Some("A part of a list."))
            .property("items", items)
            .property("next", next)
            .required("items")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("PageOf{}", T::name()))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// Sends the caller to another address, which it asks for with `GET`. Only addresses that we made may stand here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirect(pub String);

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        let Ok(address) = HeaderValue::try_from(self.0) else {
            let message = "an address to go to cannot be written";
            return Problem(Error::internal(codes::INTERNAL, message)).into_response();
        };
        let mut response = StatusCode::SEE_OTHER.into_response();
        response.headers_mut().insert(LOCATION, address);
        response
    }
}

/// An answer that sets a cookie, or ends it. It is kept by nobody.
#[derive(Clone, Debug)]
pub struct WithCookie<T>(pub Set, pub T);

impl<T: IntoResponse> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        let headers = response.headers_mut();
        headers.append(SET_COOKIE, self.0.header());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
