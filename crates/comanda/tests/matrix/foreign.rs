//! Ids of others in bodies and questions: they are as if they were not there.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::ask::ask;
use crate::cases::settled;
use crate::targets::absent;
use crate::world::{Town, restaurant};

/// Asks with a real id of B and with one that never was, as the owner of A: refused, alike, and nothing changed.
pub(crate) async fn bodies(town: &Town) {
    let before = settled(town).await;
    let (a, b) = (&town.a, &town.b);
    let of = |end: &str| format!("/api/organisations/{}{end}", a.id);
    let grants = of(&format!("/members/{}/grants", a.members[0].0));
    let grant = |place: &str| json!({"role": "staff", "place": place});
    let role = |role: &str| json!({"role": role, "place": a.id});
    let invite = |grant: Value| json!({"email": "x@example.com", "grants": [grant]});
    let into_place = |place: &str| invite(grant(place));
    let into_role = |name: &str| invite(role(name));
    let make = |brand: &str| restaurant("Nuovo", Some(brand));
    let key = |at: &str| json!({"label": "POS", "scopes": ["orders.read"], "restaurants": [at]});
    let mixed = |at: &str| json!({"label": "POS", "scopes": ["orders.read"], "restaurants": [a.restaurants[0], at]});
    let change = |brand: &str| {
        let mut body = restaurant("Nuovo", Some(brand));
        body["version"] = 1.into();
        body
    };
    type Make<'a> = &'a dyn Fn(&str) -> Value;
    let one = format!("/api/restaurants/{}", a.restaurants[0]);
    let rows: Vec<(Method, String, &String, Make<'_>)> = vec![
        (Method::POST, of("/restaurants"), &b.brands[0], &make),
        (Method::PUT, one, &b.brands[0], &change),
        (Method::POST, grants.clone(), &b.restaurants[0], &grant),
        (Method::POST, grants.clone(), &b.brands[0], &grant),
        (Method::POST, grants.clone(), &b.id, &grant),
        (Method::POST, grants, &b.role, &role),
        (
            Method::POST,
            of("/invitations"),
            &b.restaurants[0],
            &into_place,
        ),
        (Method::POST, of("/invitations"), &b.brands[0], &into_place),
        (Method::POST, of("/invitations"), &b.id, &into_place),
        (Method::POST, of("/invitations"), &b.role, &into_role),
        (Method::POST, of("/keys"), &b.restaurants[0], &key),
        (Method::POST, of("/keys"), &b.restaurants[0], &mixed),
    ];
    for (method, path, foreign, make) in rows {
        let mut looks = Vec::new();
        for id in [foreign.clone(), absent(foreign)] {
            let body = make(&id);
            let said = ask(
                &town.edge,
                (&method, &path),
                &a.owner_shown,
                &[],
                Some(&body),
            )
            .await;
            let refused = [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY];
            assert!(
                refused.contains(&said.status),
                "{method} {path} {body}: {said:?}"
            );
            looks.push(said.look());
        }
        assert_eq!(
            looks[0], looks[1],
            "{method} {path}: foreign and absent differ"
        );
    }
    brands_of_others(town).await;
    let after = settled(town).await;
    assert_eq!(before, after, "something was changed");
}

/// A list of one brand, where the brand is another's or none.
async fn brands_of_others(town: &Town) {
    let (a, b) = (&town.a, &town.b);
    let mut looks = Vec::new();
    for brand in [
        b.brands[0].clone(),
        absent(&b.brands[0]),
        absent(&a.brands[0]),
    ] {
        let path = format!("/api/organisations/{}/restaurants?brand={brand}", a.id);
        let said = ask(&town.edge, (&Method::GET, &path), &a.owner_shown, &[], None).await;
        assert!(!said.text.contains("rst_"), "{said:?}");
        looks.push(said.look());
    }
    looks.dedup();
    assert_eq!(looks.len(), 1, "{looks:#?}");
}
