//! Ids of others in bodies and questions: they are as if they were not there.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::ask::ask;
use crate::cases::settled;
use crate::goods::{basket, terms};
use crate::targets::absent;
use crate::world::{Town, restaurant};

/// A way to ask, an id of B that is named in it, and how the body names one.
type Row = (Method, String, String, Box<dyn Fn(&str) -> Value>);

fn row(path: &str, foreign: &str, make: impl Fn(&str) -> Value + 'static) -> Row {
    let (path, foreign) = (path.to_owned(), foreign.to_owned());
    (Method::POST, path, foreign, Box::new(make))
}

/// Bodies that give rights or make places.
fn of_access(town: &Town) -> Vec<Row> {
    let (a, b) = (&town.a, &town.b);
    let of = |end: &str| format!("/api/organisations/{}{end}", a.id);
    let (id, own) = (a.id.clone(), a.restaurants[0].clone());
    let grants = of(&format!("/members/{}/grants", a.members[0].0));
    let grant = |place: &str| json!({"role": "staff", "place": place});
    let role = move |role: &str| json!({"role": role, "place": id});
    let invite = |grant: Value| json!({"email": "x@example.com", "grants": [grant]});
    let into_place = move |place: &str| invite(grant(place));
    let given = role.clone();
    let into_role = move |name: &str| invite(given(name));
    let make = |brand: &str| restaurant("Nuovo", Some(brand));
    let change = move |brand: &str| {
        let mut body = make(brand);
        body["version"] = 1.into();
        body
    };
    let key = |at: &[&str]| json!({"label": "POS", "scopes": ["orders.read"], "restaurants": at});
    let changed = row(&format!("/api/restaurants/{own}"), &b.brands[0], change);
    vec![
        row(&of("/restaurants"), &b.brands[0], make),
        (Method::PUT, changed.1, changed.2, changed.3),
        row(&grants, &b.restaurants[0], grant),
        row(&grants, &b.brands[0], grant),
        row(&grants, &b.id, grant),
        row(&grants, &b.role, role),
        row(&of("/invitations"), &b.restaurants[0], into_place),
        row(&of("/invitations"), &b.brands[0], into_place),
        row(&of("/invitations"), &b.id, into_place),
        row(&of("/invitations"), &b.role, into_role),
        row(&of("/keys"), &b.restaurants[0], move |at| key(&[at])),
        row(&of("/keys"), &b.restaurants[0], move |at| key(&[&own, at])),
    ]
}

/// Bodies that order something or take something off.
fn of_money(town: &Town) -> Vec<Row> {
    let (a, b) = (&town.a, &town.b);
    let of = |end: &str| format!("/api/organisations/{}{end}", a.id);
    let right = basket(a);
    let order = move |item: &str| {
        let mut body = right.clone();
        body["items"][0]["menuItemId"] = item.into();
        body
    };
    let offer = |place: &str| {
        let mut terms = terms("Of others");
        terms["restaurants"] = json!([place]);
        terms
    };
    let coupon = move |place: &str| json!({"code": "OFOTHERS", "terms": offer(place)});
    vec![
        row("/api/orders", &b.sold.item, order),
        row(&of("/coupons"), &b.restaurants[0], coupon),
        row(&of("/promotions"), &b.restaurants[0], offer),
    ]
}

/// Asks with a real id of B and with one that never was, as the owner of A: refused, alike, and nothing changed.
pub(crate) async fn bodies(town: &Town) {
    let before = settled(town).await;
    let a = &town.a;
    let mut count = 0;
    // An order says in the codes of a quote why it is not taken.
    let refused = [
        StatusCode::NOT_FOUND,
        StatusCode::UNPROCESSABLE_ENTITY,
        StatusCode::CONFLICT,
    ];
    for (method, path, foreign, make) in of_access(town).into_iter().chain(of_money(town)) {
        let mut looks = Vec::new();
        for id in [foreign.clone(), absent(&foreign)] {
            let (asked, body) = ((&method, path.as_str()), make(&id));
            let said = ask(&town.edge, asked, &a.owner_shown, &[], Some(&body)).await;
            // What cannot be had is no wrong request: it may be had tomorrow.
            let is_refused = refused.contains(&said.status) || said.code() == "order_refused";
            assert!(is_refused, "{method} {path} {body}: {said:?}");
            looks.push(said.look());
            count += 1;
        }
        assert_eq!(
            looks[0], looks[1],
            "{method} {path}: foreign and absent differ"
        );
    }
    lists_of_others(town).await;
    println!("ids of others: {count} cases");
    let after = settled(town).await;
    assert_eq!(before, after, "something was changed");
}

/// Lists of one brand or restaurant, where that is another's or none. The number in an id says whose it would be, which
/// is no secret: events are asked for by it alone, and of one's own that never was there are none.
async fn lists_of_others(town: &Town) {
    let (a, b) = (&town.a, &town.b);
    let (brand, place) = (&b.brands[0], &b.restaurants[0]);
    let brands = vec![brand.clone(), absent(brand), absent(&a.brands[0])];
    let places = vec![place.clone(), absent(place)];
    let rows = [
        ("restaurants?brand=", brands, "rst_"),
        ("events?restaurant=", places, "ord_"),
    ];
    for (list, ids, shown) in rows {
        let mut looks = Vec::new();
        for id in ids {
            let path = format!("/api/organisations/{}/{list}{id}", a.id);
            let said = ask(&town.edge, (&Method::GET, &path), &a.owner_shown, &[], None).await;
            assert!(!said.text.contains(shown), "{said:?}");
            looks.push(said.look());
        }
        looks.dedup();
        assert_eq!(looks.len(), 1, "{looks:#?}");
    }
}
