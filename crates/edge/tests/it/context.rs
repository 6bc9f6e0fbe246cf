//! Which ids a request gets, and that nothing else of the headers comes back.

use base::Random;
use edge::Context;
use http::HeaderMap;
use proptest::prelude::*;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn context(headers: &[(&'static str, &str)]) -> Context {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.append(
            *name,
            http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    Context::of(&all, &Random::seeded(5))
}

fn given_back(context: &Context) -> (String, String) {
    let mut headers = HeaderMap::new();
    context.give_back(&mut headers);
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    (text("x-correlation-id"), text("traceparent"))
}

#[test]
fn a_sound_correlation_id_is_kept_and_given_back() {
    let longest = "a".repeat(64);
    for id in ["7", "order-17_b.c", &longest] {
        for name in ["x-correlation-id", "x-request-id"] {
            let context = context(&[(name, id)]);
            assert_eq!(&*context.correlation, id);
            assert_eq!(given_back(&context).0, id);
        }
    }
    let both = [("x-request-id", "second"), ("x-correlation-id", "first")];
    assert_eq!(&*context(&both).correlation, "first");
}

#[test]
fn any_other_correlation_id_is_replaced_and_never_given_back() {
    let long = "a".repeat(65);
    for id in ["", " ", "a b", "a\tb", "<script>", "a;b", "ä", "a/b", &long] {
        let context = context(&[("x-correlation-id", id)]);
        assert_eq!(context.correlation.len(), 32, "{id:?}");
        assert_ne!(&*context.correlation, id);
    }
    let twice = context(&[("x-correlation-id", "a"), ("x-correlation-id", "b")]);
    assert_eq!(twice.correlation.len(), 32);
}

#[test]
fn a_made_correlation_id_is_the_trace_so_one_search_finds_both() {
    let context = context(&[]);
    let (correlation, traceparent) = given_back(&context);
    assert_eq!(traceparent.split('-').nth(1), Some(&*correlation));
    assert_ne!(context.trace_id, [0; 16]);
    assert_ne!(context.span_id, [0; 8]);
    assert_eq!(context.parent_span, None);
}

#[test]
fn a_sound_trace_goes_on_with_a_span_of_ours() {
    let context = context(&[("traceparent", PARENT), ("tracestate", "a=1,b@c=2")]);
    assert_eq!(
        u128::from_be_bytes(context.trace_id),
        0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c
    );
    assert_eq!(
        context.parent_span,
        Some(0xb7ad_6b71_6920_3331_u64.to_be_bytes())
    );
    assert!(context.sampled);
    assert_eq!(context.state.as_ref().unwrap(), "a=1,b@c=2");
    let (_, traceparent) = given_back(&context);
    assert!(
        traceparent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"),
        "{traceparent}"
    );
    assert!(traceparent.ends_with("-01") && !traceparent.contains("b7ad6b7169203331"));
}

#[test]
fn a_later_version_may_be_longer_and_this_one_may_not() {
    let later = PARENT.replacen("00", "01", 1);
    let sound = [later.clone(), format!("{later}-more")];
    for text in sound {
        assert!(
            context(&[("traceparent", &text)]).parent_span.is_some(),
            "{text}"
        );
    }
    let malformed = [
        format!("{PARENT}-more"),
        format!("{later}more"),
        PARENT.replacen("00", "ff", 1),
        PARENT.to_uppercase(),
        PARENT.replace('-', "_"),
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
        PARENT.replace("b7ad6b7169203331", &"0".repeat(16)),
        PARENT[..54].to_owned(),
        format!(" {PARENT}x"),
        String::new(),
    ];
    for text in malformed {
        let context = context(&[("traceparent", &text), ("tracestate", "a=1")]);
        assert_eq!(context.parent_span, None, "{text:?}");
        assert!(context.state.is_none() && !context.sampled);
    }
    let twice = context(&[("traceparent", PARENT), ("traceparent", PARENT)]);
    assert_eq!(twice.parent_span, None);
}

#[test]
fn a_state_that_is_not_in_its_form_is_left_out_and_the_trace_is_kept() {
    let many = vec!["a=1"; 33].join(",");
    let long = format!("a={}", "x".repeat(511));
    for state in ["", "a", "=1", "A=1", "a=1,,b=2", "a=1=2", &many, &long] {
        let context = context(&[("traceparent", PARENT), ("tracestate", state)]);
        assert!(context.parent_span.is_some());
        assert!(context.state.is_none(), "{state:?}");
    }
}

proptest! {
    #[test]
    fn whatever_comes_what_goes_back_is_in_form(id in "[ -~]{0,80}", parent in "[0-9a-f-]{0,70}") {
        let (correlation, traceparent) =
            given_back(&context(&[("x-correlation-id", &id), ("traceparent", &parent)]));
        let sound = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        prop_assert!((1..=64).contains(&correlation.len()) && correlation.chars().all(sound));
        prop_assert_eq!(traceparent.len(), 55);
        prop_assert!(context(&[("traceparent", &traceparent)]).parent_span.is_some());
    }
}
