//! The door of organisations: who comes in, what he may do there, and how quickly a change is in force.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::access_world::{OPERATOR, Town, eventually, text};
use super::world::on_both;

on_both!(
    from_signing_up_to_revoking,
    a_grant_reaches_what_it_was_given_for,
    foreign_absent_and_forged_look_the_same,
    a_warm_request_asks_no_database,
    without_trust_the_database_is_asked,
    a_change_is_in_force_on_all_nodes,
    the_suspended_may_read,
    one_factor_is_not_enough,
);

async fn from_signing_up_to_revoking(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let restaurant = town.restaurant(&owner, &organisation, None).await;
    let at = format!("/api/restaurants/{restaurant}/record");

    let stranger = town.get(&town.person(), &at).await;
    assert_eq!(stranger.code(), (404, "not_found"));
    let cook = town
        .member(&owner, &organisation, &[("kitchen", &restaurant)])
        .await;
    assert_eq!(town.get(&cook, &at).await.status, StatusCode::OK);
    let brand = json!({"name": "Osteria"});
    let brands = format!("/api/organisations/{organisation}/brands");
    assert_eq!(
        town.post(&cook, &brands, brand.clone()).await.code(),
        (403, "forbidden")
    );

    let given = town
        .give(&owner, (&organisation, &cook), ("owner", &organisation))
        .await;
    assert_eq!(given.status, StatusCode::CREATED, "{given:?}");
    assert_eq!(
        town.post(&cook, &brands, brand.clone()).await.status,
        StatusCode::CREATED
    );
    let again = town
        .give(&owner, (&organisation, &cook), ("owner", &organisation))
        .await;
    assert_eq!(
        again.body["id"], given.body["id"],
        "what he has is not given twice"
    );

    let grant = format!("/api/grants/{}", text(&given.body["id"]));
    assert_eq!(
        town.delete(&owner, &grant).await.status,
        StatusCode::NO_CONTENT
    );
    let other = json!({"name": "Locanda"});
    assert_eq!(
        town.post(&cook, &brands, other).await.code(),
        (403, "forbidden")
    );
    assert_eq!(town.delete(&owner, &grant).await.code(), (404, "not_found"));

    let member = format!("/api/organisations/{organisation}/members/{cook}");
    assert_eq!(
        town.delete(&owner, &member).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(town.get(&cook, &at).await.code(), (404, "not_found"));
    town.verify().await;
}

async fn a_grant_reaches_what_it_was_given_for(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let brand = town.brand(&owner, &organisation, "Osteria").await;
    let inside = town.restaurant(&owner, &organisation, Some(&brand)).await;
    let beside = town.restaurant(&owner, &organisation, None).await;
    let of_brand = town
        .member(&owner, &organisation, &[("manager", &brand)])
        .await;
    let of_one = town
        .member(&owner, &organisation, &[("manager", &inside)])
        .await;
    let of_all = town
        .member(&owner, &organisation, &[("manager", &organisation)])
        .await;

    let (inside, beside) = (
        format!("/api/restaurants/{inside}/record"),
        format!("/api/restaurants/{beside}/record"),
    );
    for (who, path, status) in [
        (&of_brand, &inside, 200),
        (&of_brand, &beside, 403),
        (&of_one, &inside, 200),
        (&of_one, &beside, 403),
        (&of_all, &inside, 200),
        (&of_all, &beside, 200),
    ] {
        let said = town.get(who, path).await;
        assert_eq!(said.status.as_u16(), status, "{who} {path}: {said:?}");
    }
    let listed = town
        .get(
            &of_brand,
            &format!("/api/organisations/{organisation}/restaurants"),
        )
        .await;
    assert_eq!(
        listed.body["items"].as_array().unwrap().len(),
        1,
        "{listed:?}"
    );
    // Something that concerns the whole organisation is nothing that a part can do.
    let roles = format!("/api/organisations/{organisation}/roles");
    let role = json!({"name": "Waiter", "permissions": ["orders.read"]});
    for who in [&of_brand, &of_one, &of_all] {
        assert_eq!(
            town.post(who, &roles, role.clone()).await.code(),
            (403, "forbidden")
        );
    }
}

/// What exists in an organisation, by its ids.
struct Found {
    organisation: String,
    owner: String,
    brand: String,
    restaurant: String,
    role: String,
    grant: String,
    invitation: String,
}

impl Found {
    async fn new(town: &Town) -> Self {
        let owner = town.person();
        let organisation = town.organisation(&owner).await;
        let brand = town.brand(&owner, &organisation, "Osteria").await;
        let restaurant = town.restaurant(&owner, &organisation, Some(&brand)).await;
        let role = json!({"name": "Waiter", "permissions": []});
        let roles = format!("/api/organisations/{organisation}/roles");
        let role = text(&town.post(&owner, &roles, role).await.body["role"]);
        let (grant, ..) = town.grants(&owner, &organisation, &owner).await.remove(0);
        let invited = json!([{"role": "staff", "place": organisation}]);
        let (invitation, _) = town.invitation(&owner, &organisation, invited).await;
        Found {
            organisation,
            owner,
            brand,
            restaurant,
            role,
            grant,
            invitation,
        }
    }

    /// Requests for what is not the caller's, who has an organisation and a restaurant of his own.
    fn asked(&self, mine: &str, own: &str) -> Vec<(Method, String)> {
        let owner = &self.owner;
        let absent = |id: &str| [id.to_owned(), testkit::ids::absent(id)];
        let mut asked = Vec::new();
        for id in absent(&self.organisation)
            .into_iter()
            .chain([testkit::ids::absent(mine)])
        {
            let at = format!("/api/organisations/{id}");
            for path in [
                "",
                "/members",
                "/invitations",
                "/roles",
                "/restaurants",
                "/brands",
            ] {
                asked.push((Method::GET, format!("{at}{path}")));
            }
            asked.push((Method::GET, format!("{at}/members/{owner}/grants")));
            asked.push((Method::DELETE, format!("{at}/members/{owner}")));
        }
        let at = format!("/api/organisations/{mine}/members/{owner}");
        asked.push((Method::DELETE, at.clone()));
        asked.push((Method::GET, format!("{at}/grants")));
        // Another's restaurant under the number of one's own organisation.
        let moved = format!("{}{}", &own[..20], &self.restaurant[20..]);
        let restaurants = absent(&self.restaurant).into_iter();
        for id in restaurants.chain([testkit::ids::absent(own), moved]) {
            asked.push((Method::GET, format!("/api/restaurants/{id}/record")));
        }
        for id in absent(&self.brand) {
            asked.push((Method::GET, format!("/api/brands/{id}")));
        }
        for (noun, id) in [
            ("roles", &self.role),
            ("grants", &self.grant),
            ("invitations", &self.invitation),
        ] {
            let paths = absent(id).map(|id| (Method::DELETE, format!("/api/{noun}/{id}")));
            asked.extend(paths);
        }
        asked
    }
}

async fn foreign_absent_and_forged_look_the_same(engine: Engine) {
    let town = Town::new(engine).await;
    let theirs = Found::new(&town).await;
    let me = town.person();
    let mine = town.organisation(&me).await;
    let own = town.restaurant(&me, &mine, None).await;
    let mut seen = BTreeSet::new();
    for (method, path) in theirs.asked(&mine, &own) {
        let said = town.node.ask(&me, method.clone(), &path, None).await;
        let mut body = said.body.clone();
        body["instance"] = Value::Null;
        let new = seen.insert((said.status.as_u16(), body.to_string()));
        assert!(!new || seen.len() == 1, "{method} {path}: {said:?}");
    }
    assert_eq!(seen.first().unwrap().0, 404);
    // All that is theirs is still there.
    let members = format!("/api/organisations/{}/members", theirs.organisation);
    let members = town.get(&theirs.owner, &members).await;
    assert_eq!(members.body["items"].as_array().unwrap().len(), 1);
}

async fn a_warm_request_asks_no_database(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let brand = town.brand(&owner, &organisation, "Osteria").await;
    let restaurant = town.restaurant(&owner, &organisation, Some(&brand)).await;
    let cook = town
        .member(&owner, &organisation, &[("kitchen", &brand)])
        .await;
    let at = format!("/api/restaurants/{restaurant}/record");
    // Whatever was still on its way has come by, and everything is remembered.
    eventually(async || {
        let before = town.node.app.loads();
        assert_eq!(town.get(&cook, &at).await.status, StatusCode::OK);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(town.get(&cook, &at).await.status, StatusCode::OK);
        town.node.app.loads() == before
    })
    .await;
    let before = town.node.app.loads();
    let suspend = format!("/api/restaurants/{restaurant}/suspend");
    for _ in 0..100 {
        assert_eq!(town.get(&cook, &at).await.status, StatusCode::OK);
        let refused = town.node.ask(&cook, Method::POST, &suspend, None).await;
        assert!(refused.status.is_client_error());
    }
    assert_eq!(town.node.app.loads(), before);
}

async fn without_trust_the_database_is_asked(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let at = format!("/api/organisations/{organisation}");
    assert_eq!(town.get(&owner, &at).await.status, StatusCode::OK);
    for _ in 0..5 {
        // The watch grants it again within moments, so it is withdrawn before each request.
        town.node.trust.withdraw();
        let before = town.node.app.loads();
        assert_eq!(town.get(&owner, &at).await.status, StatusCode::OK);
        assert!(town.node.app.loads() > before);
    }
}

#[allow(clippy::print_stdout, reason = "measured times are shown")]
async fn a_change_is_in_force_on_all_nodes(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let restaurant = town.restaurant(&owner, &organisation, None).await;
    let cook = town
        .member(&owner, &organisation, &[("kitchen", &restaurant)])
        .await;
    let other = town.another().await;
    let at = format!("/api/restaurants/{restaurant}/record");
    let there = async |status: u16| {
        let began = town.world.clock.elapsed();
        eventually(async || {
            let said = other.ask(&cook, Method::GET, &at, None).await;
            said.status.as_u16() == status
        })
        .await;
        town.world.clock.elapsed().saturating_sub(began)
    };
    there(200).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        let (grant, ..) = town.grants(&owner, &organisation, &cook).await.remove(0);
        let revoked = town.delete(&owner, &format!("/api/grants/{grant}")).await;
        assert_eq!(revoked.status, StatusCode::NO_CONTENT);
        slowest = slowest.max(there(403).await);
        let role = ("kitchen", restaurant.as_str());
        let given = town.give(&owner, (&organisation, &cook), role).await;
        assert_eq!(given.status, StatusCode::CREATED);
        slowest = slowest.max(there(200).await);
    }
    let member = format!("/api/organisations/{organisation}/members/{cook}");
    assert_eq!(
        town.delete(&owner, &member).await.status,
        StatusCode::NO_CONTENT
    );
    slowest = slowest.max(there(404).await);
    println!("{engine}: a change was in force on the other node within {slowest:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

async fn the_suspended_may_read(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let other = town.another().await;
    let at = format!("/api/organisations/{organisation}");
    let invited = json!([{"role": "staff", "place": organisation}]);
    let token = town.invited(&owner, &organisation, invited).await;
    let suspend = json!({"reason": "bills were not paid"});
    let said = town.post(OPERATOR, &format!("{at}/suspend"), suspend).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    let brand = json!({"name": "Osteria"});
    for node in [&town.node, &other] {
        eventually(async || {
            let body = Some(brand.clone());
            let said = node
                .ask(&owner, Method::POST, &format!("{at}/brands"), body)
                .await;
            said.code() == (403, "organisation_suspended")
        })
        .await;
        let read = node.ask(&owner, Method::GET, &at, None).await;
        assert_eq!(read.status, StatusCode::OK, "{read:?}");
    }
    let guest = town.person();
    assert_eq!(
        town.accept(&guest, &token).await.code(),
        (403, "organisation_suspended")
    );
    eventually(async || {
        let mine = town.get(&owner, "/api/me/organisations").await;
        mine.body["items"][0]["suspended"] == true
    })
    .await;
    let resume = json!({"reason": "bills were paid"});
    let said = town.post(OPERATOR, &format!("{at}/resume"), resume).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    eventually(async || {
        let said = town
            .post(&owner, &format!("{at}/brands"), brand.clone())
            .await;
        said.status != StatusCode::FORBIDDEN
    })
    .await;
    assert_eq!(town.accept(&guest, &token).await.status, StatusCode::OK);
}

async fn one_factor_is_not_enough(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let organisation = town.organisation(&owner).await;
    let weak = format!("{owner} weak");
    let at = format!("/api/organisations/{organisation}");
    assert_eq!(
        town.get(&weak, &at).await.code(),
        (403, "second_factor_needed")
    );
    let invited = json!([{"role": "staff", "place": organisation}]);
    let token = town.invited(&owner, &organisation, invited).await;
    let guest = town.person();
    let weak = town.accept(&format!("{guest} weak"), &token).await;
    assert_eq!(weak.code(), (403, "second_factor_needed"));
    assert_eq!(town.accept(&guest, &token).await.status, StatusCode::OK);
}
