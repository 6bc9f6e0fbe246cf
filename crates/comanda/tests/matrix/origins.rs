//! Pages of others: whatever changes something, with a cookie that is good, from a page that is not ours.

use http::{Method, StatusCode};

use crate::ask::ask;
use crate::cases::{Case, settled};
use crate::crowd::Found;
use crate::model::{Policy, Want};
use crate::samples;
use crate::targets::{self, filled};
use crate::world::Town;

/// What a browser says of such a page, and what somebody would who is none.
const PAGES: [(&str, &[(&str, &str)]); 7] = [
    (
        "foreign origin",
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ],
    ),
    (
        "foreign origin of an old browser",
        &[("origin", "https://evil.example"), ("sec-fetch-site", "")],
    ),
    (
        "neighbour",
        &[
            ("origin", "http://evil.localhost"),
            ("sec-fetch-site", "same-site"),
        ],
    ),
    ("cross-site", &[("sec-fetch-site", "cross-site")]),
    ("same-site", &[("sec-fetch-site", "same-site")]),
    ("no origin", &[("origin", "null"), ("sec-fetch-site", "")]),
    ("no word of it", &[("sec-fetch-site", "")]),
];

/// Asks everything that changes something, as everybody who has a cookie and would be let in.
pub(crate) async fn all(town: &Town) {
    let before = settled(town).await;
    let mut found = Found::default();
    for operation in samples::operations(town.edge.openapi()) {
        if operation.method == Method::GET {
            continue;
        }
        let targets = targets::of(town, &operation.path);
        let names = ["owner", "operator signed in", "diner"];
        for caller in town
            .callers
            .0
            .iter()
            .filter(|caller| names.contains(&caller.name))
        {
            let (target, shown) = (&targets[0], caller.shown());
            let case = Case {
                operation: &operation,
                caller,
                target,
            };
            let path = filled(&operation.path, &target.params);
            for (page, headers) in PAGES {
                let public = operation.policy == Policy::Public;
                // Without a word of a page, what is for everybody is for programs too, and takes nobody's cookie.
                if public && page == "no word of it" || case.want() != Want::Allowed {
                    continue;
                }
                found.count += 1;
                let body = case.body(town);
                let said = ask(
                    &town.edge,
                    (&operation.method, &path),
                    &shown,
                    headers,
                    body.as_ref(),
                )
                .await;
                if said.status != StatusCode::FORBIDDEN || said.code() != "origin_refused" {
                    found.wrong.push(format!(
                        "{} from {page}: {} {}",
                        case.name(),
                        said.status,
                        said.text
                    ));
                }
            }
        }
    }
    let count = found.report();
    println!("pages of others: {count} cases");
    let after = settled(town).await;
    assert_eq!(before, after, "something was changed");
}
