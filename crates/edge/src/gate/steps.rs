//! The steps of the gate one by one, for the bench that shows what each of them costs.

use std::hint::black_box;

use axum::response::Response;
use futures_util::FutureExt;
use http::request::Parts as Head;

use super::admit::{self, Arrived};
use super::compress::Accepted;
use super::{Found, Gate, Noted, Visit, client, finish, head, rate};
use crate::observe::Observation;
use crate::registry::Served;
use crate::{Context, Json};

/// What one step is called, and one turn of it.
pub type Step<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// All steps that a request like this one takes, without the handler; each turn does one of them once.
pub fn all<'a>(gate: &'a Gate, head: &'a Head) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = vec![
        (
            "context",
            Box::new(|| drop(black_box(Context::with(&head.headers, gate.ids.draw())))),
        ),
        (
            "route",
            Box::new(|| drop(black_box(gate.find(&head.method, head.uri.path())))),
        ),
        ("address", Box::new(|| drop(black_box(head::check(head))))),
        (
            "origin",
            Box::new(|| drop(black_box(gate.origins.check(head)))),
        ),
        (
            "identify",
            Box::new(|| {
                drop(black_box(
                    gate.identify.identify(&head.headers).now_or_never(),
                ))
            }),
        ),
    ];
    if let Found::Route { served, lane, .. } = gate.find(&head.method, head.uri.path()) {
        let shape = &served.shape;
        let criticality = shape.criticality.unwrap_or_default();
        steps.push((
            "admission",
            Box::new(move || {
                gate.admission
                    .enter_lane(lane, criticality)
                    .map_or((), crate::admission::Permit::finish)
            }),
        ));
        steps.push((
            "rate",
            Box::new(move || {
                let address = client::address(&gate.proxies, &head.extensions, &head.headers);
                let asker = rate::Asker::new(None, address);
                let taken = gate.classes.take(&gate.limits, shape, &asker, None);
                black_box(taken.now_or_never());
            }),
        ));
        steps.push((
            "limits",
            Box::new(move || {
                drop(black_box(head::query(&served.query_limits, &head.uri)));
                drop(black_box(head::key(&head.headers)));
                drop(black_box(head::if_match(&head.headers)));
                drop(black_box(head::deadline(shape, &head.headers)));
            }),
        ));
    }
    if let Found::Route { served, params, .. } = gate.find(&head.method, head.uri.path()) {
        steps.push(("admit", Box::new(admitted(gate, head, (served, params)))));
    }
    let context = Context::with(&head.headers, gate.ids.draw());
    steps.push((
        "headers",
        Box::new(move || drop(black_box(finished(gate, head, &context)))),
    ));
    steps
}

/// Everything about who asks: identity, policy, what is granted, and all limits.
fn admitted<'a>(
    gate: &'a Gate,
    head: &'a Head,
    (served, params): (&'a Served, Vec<(&'static str, String)>),
) -> impl FnMut() + 'a {
    let context = Context::with(&head.headers, gate.ids.draw());
    let shape = &served.shape;
    let observation = Observation::begin(&context, &gate.clock, &head.method, Some(shape.path));
    move || {
        let arrived = Arrived {
            served,
            head,
            params: &params,
            address: client::address(&gate.proxies, &head.extensions, &head.headers),
        };
        let mut visit = Visit {
            context: &context,
            accepted: Accepted::default(),
            observation: &observation,
            noted: &mut Noted::default(),
        };
        let admitted = admit::admit(gate, &mut visit, &arrived).now_or_never();
        drop(black_box(admitted));
    }
}

/// Completes a small answer of JSON: validator, headers of safety, ids.
fn finished(gate: &Gate, head: &Head, context: &Context) -> Option<Response> {
    let asked = finish::Asked::of(head, gate.origins.listed(&head.headers));
    let mut response = axum::response::IntoResponse::into_response(Json("a small answer"));
    finish::finish(&gate.finish, &asked, context, &mut response).now_or_never()?;
    gate.origins
        .allow(asked.origin.as_ref(), response.headers_mut());
    Some(response)
}
