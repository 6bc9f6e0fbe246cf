//! The document of the API, OpenAPI 3.1, written from the routes themselves so that it cannot say anything else.

mod answers;
mod headers;
mod shared;

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Error, Result, codes};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder, Ref, Required,
};

use crate::problem;
use crate::registry::{Registry, schemas_of};
use crate::route::{Shape, Takes};
use crate::{Policy, Settings, cookie};

/// The names of the ways to sign in.
const BEARER: &str = "bearer";
const COOKIE: &str = "cookie";

const ABOUT_BEARER: &str = "An access token, or the key of an operator, an integrator or a device. It counts alone \
    where a request has cookies too.";
const ABOUT_COOKIE: &str = "The session of a browser. What changes something needs `Origin` or `Sec-Fetch-Site` as \
    well, by which the browser says that a page of ours asks.";

const ABOUT: &str = "Every error is `application/problem+json` (RFC 9457); its `code` is stable and explained at \
    `/docs/errors`. Every answer carries `x-correlation-id`; send one of your own to find the request again. Send \
    `x-deadline-ms` to have the work given up sooner than `x-deadline-ms` of the operation says. Unknown fields and \
    names are refused. A request with an `Idempotency-Key` may be sent again and has one effect.";

/// Writes the document.
pub(crate) fn write(registry: &Registry, settings: &Settings) -> Result<String> {
    let shapes: Vec<&Shape> = registry.routes.iter().map(|served| &served.shape).collect();
    let mut paths = PathsBuilder::new();
    for shape in &shapes {
        let method = method(shape)?;
        paths = paths.path(shape.path, PathItem::new(method, operation(shape)));
    }
    let mut tags: Vec<&str> = shapes.iter().map(|shape| shape.tag).collect();
    tags.sort_unstable();
    tags.dedup();
    let license = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"))
        .build();
    let info = InfoBuilder::new()
        .title("Comanda")
        .version(settings.version.clone())
        .description(Some(ABOUT))
        .license(Some(license))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components(&shapes)))
        .tags(Some(
            tags.into_iter()
                .map(|tag| TagBuilder::new().name(tag).build()),
        ))
        .build();
    let failed =
        |error| Error::internal(codes::INTERNAL, "the document cannot be written").caused_by(error);
    let mut value = serde_json::to_value(document).map_err(failed)?;
    shared::share(&mut value);
    in_order(&mut value);
    let missing = dangling(&value);
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let message = format!(
            "parameters or schemas refer to schemas that no route declares (`#[param(inline)]`): {missing}"
        );
        return Err(Error::internal(codes::INTERNAL, message));
    }
    serde_json::to_string(&value).map_err(failed)
}

/// References that lead nowhere. Schemas of parameters are not collected by utoipa, so they must be written inline.
fn dangling(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = vec![document];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(parts) => {
                let reference = parts.get("$ref").and_then(Value::as_str);
                let target = reference.and_then(|reference| reference.strip_prefix('#'));
                found.extend(
                    target
                        .filter(|target| document.pointer(target).is_none())
                        .map(str::to_owned),
                );
                rest.extend(parts.values());
            }
            Value::Array(parts) => rest.extend(parts),
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Sorts what utoipa keeps in no order, so that the same routes always give the same text.
fn in_order(value: &mut Value) {
    match value {
        Value::Object(parts) => {
            let sorted: BTreeMap<String, Value> = std::mem::take(parts).into_iter().collect();
            parts.extend(sorted);
            parts.values_mut().for_each(in_order);
        }
        Value::Array(parts) => parts.iter_mut().for_each(in_order),
        _ => {}
    }
}

fn method(shape: &Shape) -> Result<HttpMethod> {
    Ok(match shape.method.as_str() {
        "GET" => HttpMethod::Get,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        other => {
            let message = format!("{}: no route answers to {other}", shape.path);
            return Err(Error::internal(codes::INTERNAL, message));
        }
    })
}

fn operation(shape: &Shape) -> Operation {
    let deadline = shape.deadline.unwrap_or_default();
    let extensions = ExtensionsBuilder::new()
        .add("x-deadline-ms", json!(millis(deadline)))
        .add("x-rate-class", json!(shape.rate.map(|rate| rate.name())))
        .add(
            "x-criticality",
            json!(shape.criticality.map(|class| class.name())),
        )
        .add("x-policy", json!(shape.policy.map(Policy::name)));
    let permission = shape.policy.and_then(Policy::permission);
    let strength = shape.policy.and_then(Policy::strength);
    let bound = shape
        .bound
        .map(|bound| json!({"max": bound.max, "windowMs": millis(bound.window)}));
    let personal = shape.personal.then_some(Value::Bool(true));
    let told = [
        ("x-permission", permission.map(|name| json!(name))),
        ("x-strength", strength.map(|one| json!(one.name()))),
        ("x-about", shape.about_in_query.map(|name| json!(name))),
        ("x-rate-bound", bound),
        ("x-reads-personal", personal),
    ];
    let told = told
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let extensions = told.fold(extensions, |extensions, (name, value)| {
        extensions.add(name, value)
    });
    let parameters = shape.params.iter().chain(&shape.query).cloned();
    let parameters: Vec<_> = parameters.chain(headers::of_request(shape)).collect();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(shape.operation))
        .summary(Some(shape.summary))
        .tag(shape.tag)
        .request_body(body(shape))
        .responses(answers::of(shape))
        .extensions(Some(extensions.build()));
    if !parameters.is_empty() {
        operation = operation.parameters(Some(parameters));
    }
    if shape.policy != Some(Policy::Public) {
        let nothing: [&str; 0] = [];
        operation = operation
            .security(SecurityRequirement::new(BEARER, nothing))
            .security(SecurityRequirement::new(COOKIE, nothing));
    }
    operation.build()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn body(shape: &Shape) -> Option<RequestBody> {
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    match &shape.takes {
        Some(Takes::Json(named)) => {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(&named.name)));
            Some(body.content("application/json", content.build()).build())
        }
        Some(Takes::Stream {
            media_type,
            bytes_max,
        }) => {
            let about = format!("At most {bytes_max} bytes, read piece by piece.");
            let content = ContentBuilder::new().build();
            Some(
                body.description(Some(about))
                    .content(*media_type, content)
                    .build(),
            )
        }
        Some(Takes::Nothing) | None => None,
    }
}

fn components(shapes: &[&Shape]) -> utoipa::openapi::Components {
    let mut components = ComponentsBuilder::new()
        .schema_from::<problem::Shape<'static>>()
        .schema_from::<problem::FieldShape<'static>>()
        .security_scheme(
            BEARER,
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some(ABOUT_BEARER))
                    .build(),
            ),
        )
        .security_scheme(
            COOKIE,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                cookie::SESSION,
                ABOUT_COOKIE,
            ))),
        );
    for (name, schema) in shapes.iter().flat_map(|shape| schemas_of(shape)) {
        components = components.schema(name, schema.clone());
    }
    components.build()
}

/// The name of the schema of errors.
pub(crate) fn problem_schema() -> Ref {
    Ref::from_schema_name(problem::Shape::<'static>::name())
}
